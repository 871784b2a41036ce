//! Pull requests: which one a commit is the head of, and which one brought a landing.

use super::PULL_REQUEST_MISSING;
use super::connection::{Connection, Home};
use super::evidence::answers::RestPull;
use crate::finding::Refusal;
use crate::repository::Oid;

fn is_onto(pull: &RestPull, home: &Home, branch: &str) -> bool {
    pull.base.name == branch && pull.base.repo.as_ref().is_some_and(|repository| repository.id == home.id)
}

fn is_open_at(pull: &RestPull, head: Oid) -> bool {
    pull.state == "open" && pull.head.sha == head
}

/// All pull requests that a commit belongs to.
fn all_of(connection: &Connection, home: &Home, commit: Oid, doing: &str) -> Result<Vec<RestPull>, Refusal> {
    let path = format!("/repos/{}/commits/{commit}/pulls", home.full_name);
    connection.see(doing, async |api| api.list(&path).await).map_err(|error| error.refusal())
}

/// The number of the open pull request onto the protected branch whose head is exactly this commit: the one that is named,
/// or the only one there is.
///
/// # Errors
///
/// `pull-request-missing` where there is none, or several; else what GitHub said.
pub fn of_head(
    connection: &Connection,
    home: &Home,
    branch: &str,
    head: Oid,
    named: Option<u64>,
) -> Result<u64, Refusal> {
    let missing = |what: String, help: &str| Refusal::new(&PULL_REQUEST_MISSING, what, help);
    if let Some(number) = named {
        let doing = format!("look at #{number}");
        let path = format!("/repos/{}/pulls/{number}", home.full_name);
        let pull: RestPull = connection.see(&doing, async |api| api.get_as(&path).await).map_err(|e| e.refusal())?;
        return match is_open_at(&pull, head) && is_onto(&pull, home, branch) {
            true => Ok(number),
            false => Err(missing(
                format!("#{number} is no open pull request onto `{branch}` whose head is {}", head.short()),
                "fetch its newest head and look at that; a plan of another head is never put below it",
            )),
        };
    }
    let doing = format!("find the pull request of {}", head.short());
    let found = all_of(connection, home, head, &doing)?;
    let open: Vec<u64> = found
        .iter()
        .filter(|pull| is_open_at(pull, head) && is_onto(pull, home, branch))
        .map(|pull| pull.number)
        .collect();
    match open.as_slice() {
        [number] => Ok(*number),
        [] => Err(missing(
            format!("{} is the head of no open pull request onto `{branch}`", head.short()),
            "push it and open one, or look at the head that its pull request has now",
        )),
        several => {
            let names: Vec<String> = several.iter().map(|number| format!("#{number}")).collect();
            Err(missing(
                format!("{} is the head of {}", head.short(), names.join(" and ")),
                "name the one that is meant with `--pull N`",
            ))
        }
    }
}

/// The numbers of the pull requests by which a commit came onto the protected branch: mostly one, none for a push.
///
/// # Errors
///
/// What GitHub said.
pub fn that_brought(connection: &Connection, home: &Home, branch: &str, landed: Oid) -> Result<Vec<u64>, Refusal> {
    let doing = format!("find the pull request that brought {}", landed.short());
    let found = all_of(connection, home, landed, &doing)?;
    let brought = found.iter().filter(|pull| {
        pull.merged_at.is_some() && pull.merge_commit_sha == Some(landed) && is_onto(pull, home, branch)
    });
    Ok(brought.map(|pull| pull.number).collect())
}

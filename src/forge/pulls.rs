//! Pull requests: which one a commit is the head of, and which one brought a landing.

use serde::Deserialize;

use super::PULL_REQUEST_MISSING;
use super::connection::{Connection, Home};
use crate::finding::Refusal;
use crate::repository::Oid;

/// A pull request, as far as comments need it.
#[derive(Clone, Debug, Deserialize)]
pub struct Pull {
    pub number: u64,
    pub state: String,
    pub merged_at: Option<String>,
    pub merge_commit_sha: Option<String>,
    head: End,
    base: End,
}

#[derive(Clone, Debug, Deserialize)]
struct End {
    #[serde(rename = "ref")]
    branch: String,
    sha: String,
    /// None where a fork is gone.
    repo: Option<Numbered>,
}

#[derive(Clone, Debug, Deserialize)]
struct Numbered {
    id: u64,
}

impl Pull {
    fn is_onto(&self, home: &Home, branch: &str) -> bool {
        self.base.branch == branch && self.base.repo.as_ref().is_some_and(|repository| repository.id == home.id)
    }

    fn is_open_at(&self, head: &str) -> bool {
        self.state == "open" && self.head.sha == head
    }
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
    let (full, sha) = (&home.full_name, head.to_string());
    let missing = |what: String, help: &str| Refusal::new(&PULL_REQUEST_MISSING, what, help);
    if let Some(number) = named {
        let doing = format!("look at #{number}");
        let path = format!("/repos/{full}/pulls/{number}");
        let pull: Pull = connection.see(&doing, async |api| api.get_as(&path).await).map_err(|e| e.refusal())?;
        return match pull.is_open_at(&sha) && pull.is_onto(home, branch) {
            true => Ok(number),
            false => Err(missing(
                format!("#{number} is no open pull request onto `{branch}` whose head is {}", head.short()),
                "fetch its newest head and look at that; a plan of another head is never put below it",
            )),
        };
    }
    let doing = format!("find the pull request of {}", head.short());
    let path = format!("/repos/{full}/commits/{sha}/pulls");
    let found: Vec<Pull> = connection.see(&doing, async |api| api.list(&path).await).map_err(|e| e.refusal())?;
    let open: Vec<u64> = found
        .iter()
        .filter(|pull| pull.is_open_at(&sha) && pull.is_onto(home, branch))
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
    let (full, sha) = (&home.full_name, landed.to_string());
    let doing = format!("find the pull request that brought {}", landed.short());
    let path = format!("/repos/{full}/commits/{sha}/pulls");
    let found: Vec<Pull> = connection.see(&doing, async |api| api.list(&path).await).map_err(|e| e.refusal())?;
    let brought = found.iter().filter(|pull| {
        pull.merged_at.is_some() && pull.merge_commit_sha.as_ref() == Some(&sha) && pull.is_onto(home, branch)
    });
    Ok(brought.map(|pull| pull.number).collect())
}

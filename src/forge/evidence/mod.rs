//! Gathers what GitHub tells of pull requests, before anything is judged. It decides nothing: what could not be read is said
//! to be missing, and what is missing approves nothing.

pub(super) mod answers;
mod assemble;
mod branch;
mod landings;
mod texts;

use std::collections::BTreeSet;

use answers::RestPull;

use super::connection::{Connection, Home};
use crate::approval::codes::EVIDENCE_INCOMPLETE;
use crate::approval::pull::{Arrival, Told};
use crate::finding::Refusal;
use crate::repository::Oid;
use crate::targets::TargetError;
use crate::targets::github::client::Failure;

/// What is to be known.
#[derive(Clone, Debug, Default)]
pub struct Wanted<'a> {
    /// The protected branch, by its short name.
    pub branch: &'a str,
    /// Its first-parent chain up to its tip, the oldest first. The first of them is known to have been there.
    pub chain: &'a [Oid],
    /// Those of the chain of which somebody has to say who brought them.
    pub landed: BTreeSet<Oid>,
    /// A head of which an open pull request is looked for.
    pub head: Option<Oid>,
}

impl Wanted<'_> {
    /// True where nothing has to be asked.
    pub fn is_nothing(&self) -> bool {
        self.landed.is_empty() && self.head.is_none()
    }
}

/// Asks for all of it. Whatever fails is told as missing.
pub fn gather(connection: &Connection, wanted: &Wanted<'_>) -> Told {
    let mut told = Told::default();
    if wanted.is_nothing() {
        return told;
    }
    if let Err(why) = connection.home().map_err(|error| unread(&error)).and_then(|home| {
        // one that took the name is not asked anything more
        home.and_then(|home| ask(connection, &home, wanted, &mut told))
    }) {
        told.unread = Some(why);
    }
    told
}

fn ask(connection: &Connection, home: &Home, wanted: &Wanted<'_>, told: &mut Told) -> Result<(), Refusal> {
    if !wanted.landed.is_empty() {
        let moves = branch::moves(connection, home, wanted).map_err(|error| unread(&error))?;
        let claims = landings::claims(connection, home, wanted, &moves).map_err(|error| unread(&error))?;
        for (landed, claimed) in claims {
            let claims = match claimed {
                Ok(claims) => claims,
                Err(why) => {
                    told.missing.insert(landed, why);
                    continue;
                }
            };
            let Some(first) = claims.first().copied() else {
                told.unclaimed.insert(landed);
                continue;
            };
            match assemble::pull(connection, home, first) {
                Ok(mut pull) => {
                    let moved = moves.to(landed);
                    (pull.arrival, pull.onto) = (moved.arrival, moved.onto);
                    pull.claims = claims;
                    told.landed.insert(landed, pull);
                }
                Err(error) => drop(told.missing.insert(landed, unread(&error))),
            }
        }
    }
    if let Some(head) = wanted.head
        && let Some(number) = landings::open(connection, home, wanted.branch, head).map_err(|error| unread(&error))?
    {
        let pull = assemble::pull(connection, home, number).map_err(|error| unread(&error))?;
        told.open.insert(pull.head, pull);
    }
    Ok(())
}

/// A pull request as its number names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub head: Oid,
    /// The commit by which it landed, where it was merged.
    pub merged_as: Option<Oid>,
    /// True where it was closed and not merged.
    pub closed: bool,
}

/// Looks a pull request up by its number.
///
/// # Errors
///
/// `evidence-incomplete` where it can't be read; `repo-mismatch` where another repository answers.
pub fn named(connection: &Connection, number: u64) -> Result<Named, Refusal> {
    let home = connection.home().map_err(|error| unread(&error))??;
    let path = format!("/repos/{}/pulls/{number}", home.full_name);
    let doing = format!("look at pull request #{number}");
    // of a repository that could be seen just now, what is missing isn't there
    let found: Option<RestPull> = connection
        .see(&doing, async |api| match api.get_as(&path).await {
            Err(Failure::Refused(said)) if said.status == 404 => Ok(None),
            answer => answer.map(Some),
        })
        .map_err(|error| unread(&error))?;
    let pull = found.ok_or_else(|| {
        Refusal::new(
            &EVIDENCE_INCOMPLETE,
            format!("there is no pull request {number} of `{}`", home.full_name),
            "name one that is there; where there is one, give the token `pull_requests=read`",
        )
    })?;
    let merged = pull.merged || pull.merged_at.is_some();
    Ok(Named {
        head: pull.head.sha,
        merged_as: pull.merge_commit_sha.filter(|_| merged),
        closed: !merged && pull.state != "open",
    })
}

/// Why something isn't known, with the permission to add where GitHub names it.
fn unread(error: &TargetError) -> Refusal {
    let help = miette::Diagnostic::help(error).map(|help| help.to_string());
    let help = help.unwrap_or_else(|| "run it again once the forge answers".to_owned());
    Refusal::new(&EVIDENCE_INCOMPLETE, format!("the forge didn't tell what was asked: {error}"), help)
}

/// How one commit came to the branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Came {
    arrival: Arrival,
    /// Where the branch stood before.
    onto: Option<Oid>,
}

//! Revisions of the repository, each read once.

use std::collections::HashMap;
use std::rc::Rc;

use super::context::{self, Look, Unread};
use super::{Exit, Stop};
use crate::access::{LastRead, Revision};
use crate::repository::{Oid, Repository};

/// What a command has read already, so that nothing is read twice.
#[derive(Debug, Default)]
pub struct Reads {
    pub last: LastRead,
    pub revisions: HashMap<Oid, Rc<Revision>>,
}

/// Why a branch that isn't there can't be asked.
pub(super) fn no_branch(branch: &str) -> Stop {
    Stop::usage(
        format!("there is no branch `{branch}` where approvals and log live"),
        format!("push it there: `git push -u REMOTE {branch}`"),
    )
}

/// The revision at a commit or, where its `dualkey.yaml` can't be read, at the nearest first parent where it can:
/// breaking that file must not keep anything from being verified, or ended.
pub(super) fn newest_readable(repository: &Repository, from: Oid, reads: &mut Reads) -> Result<Rc<Revision>, Stop> {
    let mut first = None;
    for commit in repository.first_parents(from)? {
        match read(repository, commit, reads) {
            Ok(revision) => return Ok(revision),
            Err(stop) => first = first.or(Some(stop)),
        }
    }
    Err(first.unwrap_or_else(|| Stop::usage("the repository has no commit", "make a first commit")))
}

pub(super) fn read(repository: &Repository, commit: Oid, reads: &mut Reads) -> Result<Rc<Revision>, Stop> {
    if let Some(revision) = reads.revisions.get(&commit) {
        return Ok(Rc::clone(revision));
    }
    let revision = context::load(repository, Look::Commit(commit), &mut reads.last).map_err(|unread| match unread {
        Unread::Stop(stop) => stop,
        Unread::Findings(unreadable) => {
            let first = unreadable.findings.first().map(|f| format!("{}: {}", f.place, f.message)).unwrap_or_default();
            Stop::new(
                Exit::Unjudged,
                format!("dualkey.yaml at {} can't be read: {first}", commit.short()),
                format!("`dualkey lint --rev {}` shows all of it", commit.short()),
            )
        }
    })?;
    let revision = Rc::new(revision);
    reads.revisions.insert(commit, Rc::clone(&revision));
    Ok(revision)
}

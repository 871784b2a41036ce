//! A runner's clone that is damaged, made whole from its remote: what is over ends all the same.

use super::opening::USUAL_BRANCH;
use super::{RemoteOption, Stop, output};
use crate::apply::codes;
use crate::finding::Refusal;
use crate::report;
use crate::repository::{Repository, StateRefs};

/// Forgets what dualkey noted of remotes in refs that can't be read: it is fetched anew. Other refs that can't be read are
/// set aside, since git stops at each of them and asks no remote.
pub fn drop_unreadable_refs(repository: &Repository) {
    for name in repository.set_aside_damaged_refs() {
        tell(format!("{} could not be read and was moved to `.git/dualkey-damaged`", name.escape_debug()));
    }
    for name in repository.drop_unreadable_refs() {
        tell(format!("{} could not be read and was deleted", name.escape_debug()));
    }
}

/// Fetches everything anew where an object was found damaged. True where that was done.
pub fn heal(repository: &Repository, remote: &RemoteOption) -> bool {
    if !repository.is_damaged() {
        return false;
    }
    let refetched = StateRefs::open(repository, remote.remote.as_deref(), USUAL_BRANCH).and_then(|refs| refs.refetch());
    match refetched {
        Ok(done) => {
            if done {
                tell("objects of this clone are damaged: what is shared was fetched once more".to_owned());
            }
            done
        }
        Err(error) => {
            output::error(&Stop::from(error).text(output::error_style()));
            false
        }
    }
}

fn tell(what: String) {
    let help = "run `git fsck`; if it happens again, take a fresh clone on another disk";
    let warning = Refusal::new(&codes::CLONE_DAMAGED, what, help);
    output::warn(&report::errors::warning(&warning, output::error_style()));
}

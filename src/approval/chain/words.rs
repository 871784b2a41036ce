//! Refusals of landings and records that more than one file here tells.

use crate::approval::codes::{EVIDENCE_INCOMPLETE, JUDGING_TOO_DEAR, LANDING_LEFT_OUT, RECORD_UNPROVEN};
use crate::approval::testimony::CountedApproval;
use crate::finding::Refusal;
use crate::repository::{Oid, RepositoryError};

/// What had landed and was approved, and isn't in the tree of a later commit. `as_at` is where it is as it should be.
pub(super) fn left_out(commit: Oid, landed: Oid, path: &str, approvals: &[CountedApproval], as_at: Oid) -> Refusal {
    let (commit, landed, path, by) = (commit.short(), landed.short(), path.escape_debug(), people(approvals));
    Refusal::new(
        &LANDING_LEFT_OUT,
        format!("{commit} leaves out what {landed} changed in `{path}`, which {by} approved"),
        format!(
            "bring it back as it was at {0} (`git checkout {0} -- {path}`, or `git rm {path}` where it had been removed); \
             where that landing is verified, a head on top of the protected branch may be approved instead, whose plan \
             then shows that it goes",
            as_at.short()
        ),
    )
}

/// The same where every path is as it had landed, and what it means isn't.
pub(super) fn undone(commit: Oid, landed: Oid, fact: &str, approvals: &[CountedApproval]) -> Refusal {
    let (commit, landed, by) = (commit.short(), landed.short(), people(approvals));
    Refusal::new(
        &LANDING_LEFT_OUT,
        format!("{commit} undoes what {landed} changed, which {by} approved, and its plan doesn't show that: {fact}"),
        "update the branch from the protected one, look at the plan, and approve again",
    )
}

fn people(approvals: &[CountedApproval]) -> String {
    let people: Vec<&str> = approvals.iter().map(|given| given.person.as_str()).collect();
    people.join(" and ")
}

/// A landing in the log that goes on from one that nobody proves.
pub(super) fn on_unproven(commit: Oid, base: Oid) -> Refusal {
    Refusal::new(
        &RECORD_UNPROVEN,
        format!(
            "the log says that {} landed on {}, which nobody is shown to have approved",
            commit.short(),
            base.short()
        ),
        format!("see what is said of {}", base.short()),
    )
}

/// A key of the log that comes from a commit which is no verified landing.
pub(super) fn key_unproven(commit: Oid) -> Refusal {
    Refusal::new(
        &RECORD_UNPROVEN,
        format!("the log goes on under another key because of {}, which is no verified landing", commit.short()),
        "whoever had the log's key then may have written that: restore the log from an export or another clone, or begin it \
         anew with `dualkey audit init --genesis REV --continue`",
    )
}

/// The refusal of a commit that can't be looked at.
pub(super) fn apart(commit: Oid, error: &RepositoryError) -> Refusal {
    let is_dear = matches!(error, RepositoryError::TooMuch { .. });
    let code = if is_dear { &JUDGING_TOO_DEAR } else { &EVIDENCE_INCOMPLETE };
    Refusal::new(
        code,
        format!("{} can't be looked at: {error}", commit.short()),
        format!("undo it on top (`git revert {}`), or set the branch back to before it", commit.short()),
    )
}

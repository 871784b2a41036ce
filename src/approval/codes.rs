//! The refusals of this room, each with the text that `dualkey explain` prints.

use super::verify::Given;
use crate::finding::{Code, Refusal};
use crate::repository::Oid;

macro_rules! codes {
    ($($name:ident: $id:literal, $title:literal, $why:literal, $instead:literal;)*) => {
        $(pub const $name: Code = Code { id: $id, title: $title, why: $why, example: "", instead: $instead };)*
        /// All of them, in the order above.
        pub const CODES: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    NO_APPROVAL: "no-approval", "nobody approved the head that landed",
        "Access changes only by a second party's key. A commit that nobody else approved is one person's wish.",
        "Run `dualkey approve --head REV` as somebody whom `dualkey plan` names, or restore the paths it touched.";
    APPROVAL_STALE: "approval-stale", "the approval is of an older head",
        "An approval binds one exact head. What was pushed after it has been seen by nobody.",
        "Ask the approver to look at the new head and run `dualkey approve` again.";
    APPROVAL_WITHDRAWN: "approval-withdrawn", "the approver took the approval back",
        "The last word of a person counts. A withdrawal of a head beats the approval of it.",
        "Ask the approver why; when it is settled, push a new head and have it approved.";
    APPROVAL_USED: "approval-used", "the approved head has landed before",
        "A head lands once. Otherwise access that was removed could be brought back by repeating an old merge.",
        "Make a new commit on the branch's tip and have it approved.";
    APPROVER_IS_AUTHOR: "approver-is-author", "the approver wrote part of the change",
        "Two keys mean two people. Who is named as author or co-author of a commit of the change is the first key.",
        "Ask somebody else whom `dualkey plan` names.";
    APPROVER_IS_COMMITTER: "approver-is-committer", "the approver signed a commit of the change",
        "Who signs a commit of the change made it, whatever its author line says.",
        "Ask somebody else whom `dualkey plan` names.";
    APPROVER_IS_BENEFICIARY: "approver-is-beneficiary", "the approver gains by the change",
        "Nobody grants access to oneself, not through a group, a role, a waiver or a bridge either.",
        "Ask somebody who gains nothing by it.";
    APPROVER_SAME_VENDOR: "approver-same-vendor", "the approver comes from the vendor of somebody who gains",
        "Colleagues answer to the same employer, so they are not an independent party.",
        "Ask an employee: the domain's owner or the sponsor.";
    APPROVER_KIND_FORBIDDEN: "approver-kind-forbidden", "the approver is a contractor",
        "Contractors are let in; they don't let others in.",
        "Ask an employee whom `dualkey plan` names.";
    APPROVER_NOT_HUMAN: "approver-not-human", "the approver is a service",
        "A key that a machine holds proves nobody's judgement.",
        "Ask a person whom `dualkey plan` names.";
    APPROVER_OUT_OF_SCOPE: "approver-out-of-scope", "no approval rule of the change entitles the approver",
        "An approval counts where a rule asks for that person: an owner of the domain, a sponsor, a group.",
        "Ask somebody whom `dualkey plan` names.";
    APPROVER_NOT_AUTHORIZED: "approver-not-authorized-at-merge", "the approver was nobody at the last verified landing",
        "Who judges a change is read before it. Otherwise a change could name its own judges.",
        "Land the approver's file first, by people who stand in the registry already.";
    APPROVER_GONE: "approver-no-longer-authorized", "the approver has left since",
        "Somebody whose engagement or employment ended no longer speaks for the organisation.",
        "Ask another entitled person to approve the same head.";
    QUORUM_NOT_MET: "quorum-not-met", "fewer people approved than the rules ask for",
        "Each rule that the change meets asks for a number of distinct people, and all of them must be met.",
        "Ask the people listed; `dualkey plan` says who can approve.";
    AUTHOR_UNPROVEN: "author-unproven", "no commit of the change is signed by a registered key",
        "Without one proven commit nobody knows who asked, so nobody can be told apart from the approver.",
        "Sign commits with an SSH key that stands in your file in people/: `git config gpg.format ssh`.";
    MERGE_TREE_UNREVIEWED: "merge-tree-unreviewed", "what landed is not what was reviewed",
        "A merge can carry lines that no reviewed head held, and can drop lines that it did.",
        "Restore the paths to what they were, update the branch, and have the new head approved.";
    MERGE_CONTENT_COMBINED: "merge-content-combined", "a path was changed on both sides",
        "A file that is combined from two sides is a file that nobody has read as it landed.",
        "Update the branch from the protected one, and have the new head approved.";
    MERGE_BASE_AMBIGUOUS: "merge-base-ambiguous", "base and head have no single merge base",
        "What a head changed is counted from where it parted. With several such points, or none, there is no answer.",
        "Make a new branch from the tip with the change as one commit, and have it approved.";
    DIGEST_MISMATCH: "digest-mismatch", "the change means something else than what was approved",
        "Other landings can turn a harmless line into another grant. What counts is what the final tree gives.",
        "Update the branch from the protected one, look at the plan, and approve again.";
    LANDED_TREE_INVALID: "landed-tree-invalid", "the landed tree can't be read",
        "A file that is refused or means nothing can't be judged, and nothing may be applied around it.",
        "Correct what `dualkey lint` names, or restore the path.";
    UNVERIFIED_ANCESTOR: "unverified-ancestor", "a landing before this one was refused",
        "A good landing on top of a bad one doesn't make the bad one good.",
        "Repair the refused landing first: restore what it touched, or have a head on top of it approved.";
    HISTORY_REWRITTEN: "history-rewritten", "the protected branch no longer holds what the log records",
        "Every landing in the log was on the branch. If one isn't any more, somebody replaced history.",
        "Start from the recorded landing, tie the present tip in with `git merge -s ours`, and push that: no force is needed.";
    LANDING_LEFT_OUT: "landing-left-out", "a merge leaves out what an approved landing had brought",
        "A merge can make another line the branch's own and keep the tree of that line. What had landed, such as a removal \
         that waits for its apply, would be gone as if it had never been approved.",
        "Bring back what was left out, exactly as it had landed, or have a head on top of the merge approved. An approval \
         that is no longer meant is taken back with `dualkey approve --withdraw`.";
    LOG_DISCONTINUOUS: "log-discontinuous", "the landings in the log don't follow one another",
        "Each recorded landing begins where the one before it ended. If one is missing or out of order, something was \
         applied that nobody can account for.",
        "Run `dualkey audit verify` with a checkpoint that you kept. If the log was replaced, restore the right one.";
    STATEMENT_INVALID: "statement-invalid", "a statement of approval can't be read or its signature doesn't hold",
        "Only a statement that the registered key of that person signed speaks for the person.",
        "Run `dualkey approve` again with your own key.";
    STATEMENT_ELSEWHERE: "statement-elsewhere", "a statement was made for another place",
        "An approval binds one repository, one branch, one head, one base and one person. Moved elsewhere it means nothing.",
        "Run `dualkey approve` here, for this head.";
    GENESIS_MISSING: "genesis-missing", "the log has no beginning",
        "Every proof leads back to a first commit that two people vouched for. Without it nothing can be verified.",
        "Run `dualkey approve --genesis REV` as two people, then `dualkey audit init --genesis REV`.";
    ANCHOR_MISSING: "anchor-missing", "the anchor was not given",
        "The anchor is the one thing kept outside of the repository. Without it a replaced history with a replaced log looks good.",
        "Set DUALKEY_ANCHOR to what `dualkey audit init` printed.";
    ANCHOR_MISMATCH: "anchor-mismatch", "the log does not begin where the anchor says",
        "The anchor names the genesis and the log's key. Another one means another history or another log.",
        "See that this is the right repository and remote; if the log was replaced, restore the old one.";
    EVIDENCE_INCOMPLETE: "evidence-incomplete", "evidence is missing",
        "What can't be seen can't be judged, and what can't be judged isn't approved.",
        "Fetch what is missing (`git fetch --unshallow`, the refs under refs/dualkey/), then run again.";
}

/// What had landed and was approved, and isn't in the tree of a later commit. `as_at` is where it is as it should be.
pub(super) fn left_out(commit: Oid, landed: Oid, path: &str, approvals: &[Given], as_at: Oid) -> Refusal {
    let people: Vec<&str> = approvals.iter().map(|given| given.person.as_str()).collect();
    let (commit, landed, path) = (commit.short(), landed.short(), path.escape_debug());
    let by = people.join(" and ");
    Refusal::new(
        &LANDING_LEFT_OUT,
        format!("{commit} leaves out what {landed} changed in `{path}`, which {by} approved"),
        format!(
            "bring it back as it was at {} (`git checkout COMMIT -- PATH`, or `git rm`), or have a head on top approved",
            as_at.short()
        ),
    )
}

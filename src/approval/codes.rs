//! The refusals of this room, each with the text that `dualkey explain` prints.

use crate::finding::{Code, Refusal};

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
    APPROVAL_EXPIRED: "approval-expired", "the approval waited too long",
        "What was approved long ago was approved of another world. An approval counts until the first apply of what it \
         approves, for as long as the policies say under `approvals_last` (90 days where they don't). An approval of a \
         removal doesn't age.",
        "Look at the plan again and run `dualkey approve` once more for the same head; that works after the merge, too.";
    APPROVAL_FROM_THE_FUTURE: "approval-from-the-future", "the approval says that it is yet to be given",
        "The instant in a statement is what its age is counted from. One that lies ahead would last longer than the policies \
         allow.",
        "Set the clock of the machine on which it was given, and run `dualkey approve` once more for the same head.";
    APPROVAL_WITHDRAWN: "approval-withdrawn", "the approver took the approval back",
        "The last word of a person counts. A withdrawal of a head beats the approval of it.",
        "Ask the approver why. When it is settled the approver approves again, or somebody else does.";
    CHANGES_REQUESTED: "changes-requested", "somebody who may approve it asked for changes",
        "A person whose approval is asked for has seen something that shouldn't land. It stands for that head and all on \
         top of it. It never holds up a removal, and nobody can ask it who loses by the change.",
        "Settle it with the person, who then approves or withdraws; or have one person more approve than the rules ask for.";
    APPROVAL_DISMISSED: "approval-dismissed", "the approval was dismissed",
        "A dismissed review is none, whatever it said.",
        "Ask the reviewer to approve the present head.";
    BLOCK_DISMISSED_BY_PARTY: "block-dismissed-by-party", "who made the change dismissed a request for changes",
        "Whoever made a change, or gains by it, has nobody to answer to where they may wave objections away. The request \
         stands.",
        "Ask the reviewer who objected, or have one person more approve than the rules ask for.";
    APPROVAL_PREDATES_HEAD: "approval-predates-head", "the head moved after the approval",
        "A forge can show an old approval at a new commit. What counts is that nothing moved since it was given.",
        "Ask the approver to look at the head as it is now, and to approve again.";
    APPROVAL_CONTEXT_CHANGED: "approval-context-changed", "the base changed after the approval",
        "The same commits mean something else on another base.",
        "Ask the approver to look at the change against its present base, and to approve again.";
    APPROVAL_AFTER_MERGE: "approval-after-merge", "the approval was given after the merge",
        "Approving what has landed already is a ceremony. What landed without it is refused.",
        "Have a head on top of it approved, which shows everything since the last verified landing.";
    APPROVAL_USED: "approval-used", "the approved head has landed before",
        "A head lands once. Otherwise access that was removed could be brought back by repeating an old merge.",
        "Make a new commit on the branch's tip and have it approved.";
    APPROVER_IS_AUTHOR: "approver-is-author", "the approver wrote part of the change",
        "Two keys mean two people. Who is named as author or co-author of a commit of the change is the first key.",
        "Ask somebody else whom `dualkey plan` names.";
    APPROVER_IS_COMMITTER: "approver-is-committer", "the approver signed a commit of the change",
        "Who signs a commit of the change made it, whatever its author line says.",
        "Ask somebody else whom `dualkey plan` names.";
    APPROVER_IS_PUSHER: "approver-is-pusher", "the approver pushed to the branch",
        "Who pushes decides what stands there, whatever the commits say about their authors.",
        "Ask somebody else whom `dualkey plan` names.";
    APPROVER_UNKNOWN: "approver-unknown", "the approver is nobody's account in the registry",
        "An account is a person only where the registry said so before the change.",
        "Ask a person whom `dualkey plan` names; an account is added to a person's file by a change of its own.";
    LOGIN_ID_MISMATCH: "login-id-mismatch", "an account has a known name and another number",
        "Names of accounts can be given up and taken by others. The number stays with the account.",
        "Find out whose account it is. If the person has a new one, change its number by a change of its own.";
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
    APPROVER_UNPROVEN: "approver-unproven", "the approver has neither key nor account",
        "An approval is a signature by a key in the person's file or, where a forge is asked, a review by the account in it. \
         Whoever has neither can prove nothing.",
        "Ask somebody else whom `dualkey plan` names, or land the person's key first, as a change of its own.";
    APPROVER_GONE: "approver-no-longer-authorized", "the approver has left since",
        "Somebody whose engagement or employment ended no longer speaks for the organisation.",
        "Ask another entitled person to approve the same head.";
    WORD_LINGERS: "word-lingers", "an approver who was ended may do no more than object and bring back others",
        "One approval ends people, so one stolen key could end everybody else who approves. While a rule has no more people \
         left than it asks for, those who were ended may still object, and approve that others of them are brought back. \
         Their access is over, and so is their word once the rule has more people again or asks them no more.",
        "Have somebody approve who is still here. Where a whole rule was locked out, approve a change that removes `ended` \
         from the files of others, and nothing else.";
    SPONSOR_ALONE: "sponsor-alone", "only the sponsor of a service approved what the service gains",
        "Who answers for a machine can steer it. So what it gains at elevated risk and above, somebody else approves too.",
        "Ask another person whom `dualkey plan` names.";
    RESOURCE_OWNERLESS: "resource-ownerless", "a resource moves from a domain of whose owners nobody is left",
        "A resource changes its domain with the consent of the owners of both, also where the one gave it up in an earlier \
         landing. Where nobody of one side can approve, one person more does, who approves more than what they answer for \
         as a sponsor.",
        "Have one person more approve, or name owners of the domain first, by a change of its own.";
    QUORUM_NOT_MET: "quorum-not-met", "fewer people approved than the rules ask for",
        "Each rule that the change meets asks for a number of distinct people, and all of them must be met.",
        "Ask the people listed; `dualkey plan` says who can approve.";
    AUTHOR_UNKNOWN: "author-unknown", "somebody who made part of the change isn't known",
        "Whoever it is may be one of the approvers. So each rule asks for one approval more: it is met only where it would \
         be without any one of them.",
        "Sign the commits (`git rebase --exec 'git commit --amend --no-edit -S' BASE`) and have the new head approved, or \
         have one more approve for each rule.";
    QUORUM_BOT_AUTHORED: "quorum-bot-authored", "a machine made part of the change",
        "Whoever steers the machine is unknown, and may be one of the approvers. So each rule asks for one approval more.",
        "Have one more approve for each rule, or let a person make the commit.";
    MASS_REMOVAL: "mass-removal", "much is removed at once",
        "Taking much away at once is more often a slip than a wish, so one person more has to look at it, who approves \
         more than what they answer for as a sponsor. What ends by time or by an `ended` doesn't count.",
        "Have one person more approve, or remove it in smaller steps.";
    LANDING_RATIFIED: "landing-ratified", "a refused landing is ratified",
        "Whoever ratifies a landing lets in what nobody approved as it landed, and a pull request shows of it only the file \
         that says so. So one person more has to look at it, who approves more than what they answer for as a sponsor.",
        "Look at the whole of it (`dualkey plan --head REV`) and have one person more approve, or restore what the refused \
         landing touched.";
    OWN_KEYS_CHANGED: "own-keys-changed", "somebody's keys or accounts change without their word",
        "Who replaces another's key could then speak as them. So the person approves it with what stood before or \
         signs the very commit that makes it, or one person more approves, who approves more than what they answer for \
         as a sponsor. A signature on another commit says nothing about it. Who left, or lost all keys, and comes back \
         with others can't say a word, nor can who comes by another name with the same accounts or e-mails.",
        "Ask the person to approve it with the old key or account, or have one person more approve.";
    EVERYONE_BENEFITS: "everyone-benefits", "everybody who could approve gains by the change",
        "Where nobody is left who gains nothing, those who gain may approve each other's, one more of them than the rule \
         asks for. It stays marked.",
        "Better let the rule ask a second group too, in a change of its own.";
    KEY_UNPROVEN: "key-unproven", "nobody has shown to hold a new key",
        "Whoever could put another's key into their own file would be named as the maker of what the other signs.",
        "Whoever holds the key runs `dualkey approve --prove-key --as PERSON --key FILE`; then the change may land.";
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
    NOT_VIA_PULL_REQUEST: "not-via-pull-request", "no pull request brought the landing",
        "A commit message with a number in it, or a pull request that only shows as merged, proves nothing. The forge must \
         name this very commit as the merge.",
        "Restore the paths it touched, then land the change by a pull request.";
    PR_AMBIGUOUS: "pr-ambiguous", "several pull requests claim the landing",
        "What was approved for one of them was not approved for the other.",
        "Restore the paths it touched, then land the change by one pull request.";
    REPO_MISMATCH: "repo-mismatch", "another repository answered",
        "Approvals of a fork or a namesake are not this repository's. The number in dualkey.yaml pins it.",
        "See that remote and environment name the repository that dualkey.yaml pins, in the line `approval: { repository: … }`.";
    FORK_PR_FORBIDDEN: "fork-pr-forbidden", "the head comes from a fork",
        "Who pushed to a fork can't be seen, so nobody can be told apart from the approver.",
        "Push the branch to the access repository itself, and open a new pull request.";
    DIGEST_MISMATCH: "digest-mismatch", "the change means something else than what was approved",
        "Other landings can turn a harmless line into another grant. What counts is what the final tree gives.",
        "Update the branch from the protected one, look at the plan, and approve again.";
    LANDED_TREE_INVALID: "landed-tree-invalid", "the landed tree can't be read",
        "A file that is refused or means nothing can't be judged, and nothing may be applied around it.",
        "Correct what `dualkey lint` names, or restore the path.";
    UNVERIFIED_ANCESTOR: "unverified-ancestor", "a landing before this one was refused",
        "A good landing on top of a bad one doesn't make the bad one good.",
        "Repair the refused landing first: restore what it touched, or have a head on top of it approved; where reviews of \
         pull requests prove that, by one that adds `policies/ratified/ID.yaml`.";
    HISTORY_REWRITTEN: "history-rewritten", "the protected branch no longer holds what the log records",
        "Every landing in the log was on the branch. If one isn't any more, somebody replaced history.",
        "Start from the recorded landing, tie the present tip in with `git merge -s ours`, and push that: no force is needed.";
    LANDING_LEFT_OUT: "landing-left-out", "what an approved landing had changed would be undone unseen",
        "What an approved landing changed stands until a change is approved whose plan shows that it goes. A plan that \
         starts before the landing doesn't show it, though its head may stand on the landing; and a merge can make \
         another line the branch's own and keep the tree of that line. A removal that waits for its apply, or a rule that \
         waits behind a refused push, would be gone as if it had never been approved.",
        "Update the branch from the protected one and have it approved again, or bring back what was left out, exactly as \
         it had landed. An approval that is no longer meant is taken back with `dualkey approve --withdraw`.";
    JUDGING_TOO_DEAR: "judging-too-dear", "judging the branch takes more than any honest history does",
        "Whoever can push could keep a run busy for ever, or fill its memory. So judging reads and compares no more than a \
         fixed number of objects, bytes, entries and steps, apart from what approved landings took. What is over ends all \
         the same.",
        "Find what somebody pushed that no change needs (`git log --stat`, `git ls-tree -r --long`), and restore the branch.";
    LOG_DISCONTINUOUS: "log-discontinuous", "the landings in the log don't follow one another",
        "Each recorded landing begins where the one before it ended. If one is missing or out of order, something was \
         applied that nobody can account for.",
        "Run `dualkey audit verify` with a checkpoint that you kept. If the log was replaced, restore the right one.";
    RECORD_UNPROVEN: "record-unproven", "the log records a landing that nobody is shown to have approved",
        "Whoever holds the log's key can write any record. So a landing in the log counts only with what people signed, \
         checked by the keys that stood then. Without that nothing it gives is given, and what it gave is left until it is \
         over; what it takes away is taken.",
        "Find out who wrote it. Restore the refs under refs/dualkey/ that hold its approvals, or have a head on top of it \
         approved. Where neither can be, begin the log anew with `dualkey audit init --genesis REV --continue`.";
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
        "See that this is the right repository and remote; if the log was replaced, restore the old one. If it was begun \
         anew on purpose, take the new anchor from those who did that, never from the repository.";
    EVIDENCE_INCOMPLETE: "evidence-incomplete", "evidence is missing",
        "What can't be seen can't be judged, and what can't be judged isn't approved.",
        "Fetch what is missing (`git fetch --unshallow`, the refs under refs/dualkey/), then run again.";
}

/// A refusal whose next step is the one of its code.
pub(super) fn refusal(code: &'static Code, fact: String) -> Refusal {
    let mut help = code.instead.trim_end_matches('.').to_owned();
    if let Some(first) = help.get(..1).map(str::to_lowercase) {
        help.replace_range(..1, &first);
    }
    Refusal::new(code, fact, help)
}

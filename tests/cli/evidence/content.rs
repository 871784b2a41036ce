//! Whether an approval is of what landed.

use github_standin::world::Verdict;

use super::*;

#[test]
fn nobody_reviewed_it() {
    Forge::alice_is_refused("no-approval", |_, _| {});
}

#[test]
fn a_push_after_the_approval_makes_it_stale() {
    Forge::alice_is_refused("approval-stale", |forge, number| {
        forge.approve(number, "priyashah");
        forge.world.write("grants/payments/alice-refunds.yaml", &wider_grant());
        forge.world.commit("Wider");
        forge.pushed("alice", "tomreed");
        forge.keep_head(number, "alice");
    });
}

#[test]
fn an_approval_that_the_forge_moves_to_a_rebased_head_is_of_another() {
    Forge::alice_is_refused("approval-predates-head", |forge, number| {
        forge.approve(number, "priyashah");
        // the same difference by another commit: the forge shows the old approval at the new head
        forge.world.git(&["commit", "-q", "--amend", "-m", "The same, said otherwise"]);
        forge.pushed("alice", "tomreed");
        forge.keep_head(number, "alice");
        let head = forge.world.rev("alice");
        let shown =
            forge.server.world(|hub| hub.pull("access", number).reviews.iter().all(|review| review.commit == head));
        assert!(shown, "the stand-in didn't move the approval");
    });
}

#[test]
fn an_approval_that_moves_when_the_base_is_merged_in_is_of_another() {
    Forge::alice_is_refused("approval-predates-head", |forge, number| {
        forge.approve(number, "priyashah");
        forge.world.git(&["switch", "-q", "main"]);
        forge.world.write("notes.txt", "hello\n");
        forge.world.commit("A note");
        forge.pushed("main", "tomreed");
        forge.world.git(&["switch", "-q", "alice"]);
        forge.world.git(&["merge", "-q", "--no-ff", "-m", "Update the branch", "main"]);
        forge.pushed("alice", "tomreed");
        forge.keep_head(number, "alice");
    });
}

#[test]
fn a_dismissed_approval_is_none() {
    Forge::alice_is_refused("approval-dismissed", |forge, number| {
        let review = forge.server.world(|hub| hub.approve("access", number, "priyashah"));
        forge.pass(1);
        forge.server.world(|hub| hub.dismiss_review("access", number, review, "mei-tanaka", "no"));
        forge.pass(1);
    });
}

#[test]
fn the_last_opinion_of_a_reviewer_counts() {
    Forge::alice_is_refused("approval-withdrawn", |forge, number| {
        forge.approve(number, "priyashah");
        forge.server.world(|hub| hub.request_changes("access", number, "priyashah"));
        forge.pass(1);
    });
}

#[test]
fn an_objection_that_the_author_dismisses_stands() {
    Forge::alice_is_refused("block-dismissed-by-party", |forge, number| {
        let review = forge.server.world(|hub| hub.request_changes("access", number, "grace-lin"));
        forge.pass(1);
        forge.server.world(|hub| hub.dismiss_review("access", number, review, "tomreed", "nothing"));
        forge.approve(number, "priyashah");
    });
}

#[test]
fn an_objection_that_a_maker_of_a_commit_dismisses_stands() {
    Forge::alice_is_refused("block-dismissed-by-party", |forge, number| {
        // Mei writes a part of it, and Tom alone pushes
        forge.world.be("mei.tanaka");
        forge.world.write("people/alice.nguyen.yaml", &renamed_alice());
        forge.world.commit("Another name");
        forge.world.be("tom.reed");
        forge.pushed("alice", "tomreed");
        forge.keep_head(number, "alice");
        let review = forge.server.world(|hub| hub.request_changes("access", number, "grace-lin"));
        forge.pass(1);
        forge.server.world(|hub| hub.dismiss_review("access", number, review, "mei-tanaka", "nothing"));
        forge.approve(number, "priyashah");
    });
}

#[test]
fn an_objection_that_somebody_else_dismisses_is_none() {
    let forge = Forge::open();
    let number = forge.let_alice_in();
    let review = forge.server.world(|hub| hub.request_changes("access", number, "grace-lin"));
    forge.pass(1);
    forge.server.world(|hub| hub.dismiss_review("access", number, review, "mei-tanaka", "she is away"));
    forge.approve(number, "priyashah");
    forge.run(&["verify", "--pull", &number.to_string()]).exits(0).says("would land");
}

#[test]
fn a_comment_is_no_approval() {
    Forge::alice_is_refused("no-approval", |forge, number| {
        forge.server.world(|hub| hub.review("access", number, "priyashah", Verdict::Commented, "LGTM /approve"));
        forge.pass(1);
    });
}

#[test]
fn a_withdrawal_on_a_later_page_is_read() {
    Forge::alice_is_refused("approval-withdrawn", |forge, number| {
        forge.approve(number, "priyashah");
        forge.server.world(|hub| {
            for _ in 0..130 {
                hub.review("access", number, "grace-lin", Verdict::Commented, "hm");
            }
        });
        forge.server.world(|hub| hub.request_changes("access", number, "priyashah"));
        forge.pass(1);
    });
}

#[test]
fn the_approval_of_another_pull_request_of_the_same_head_is_not_borrowed() {
    let forge = Forge::open();
    forge.world.git(&["branch", "-q", "other", "main"]);
    forge.pushed("other", "tomreed");
    let number = forge.let_alice_in();
    let twin = forge.open_pull("alice", "other", "tomreed");
    forge.approve(twin, "priyashah");
    forge.merge(number, "alice", Method::Merge);
    forge.is_refused("no-approval");
}

#[test]
fn another_base_after_the_approval_asks_for_it_anew() {
    let forge = Forge::open();
    forge.world.git(&["branch", "-q", "scratch", "main"]);
    forge.pushed("scratch", "tomreed");
    forge.world.let_alice_in("alice");
    forge.pushed("alice", "tomreed");
    let number = forge.open_pull("alice", "scratch", "tomreed");
    forge.approve(number, "priyashah");
    let head = forge.world.rev("alice");
    forge.run(&["verify", "--head", &head]).exits(1).says("one by one");
    forge.server.world(|hub| hub.edit_base("access", number, "main", "tomreed"));
    forge.pass(1);
    forge.merge(number, "alice", Method::Merge);
    forge.is_refused("approval-context-changed");
}

#[test]
fn an_approval_after_the_merge_is_none() {
    let forge = Forge::open();
    let number = forge.let_alice_in();
    forge.merge(number, "alice", Method::Merge);
    forge.approve(number, "priyashah");
    forge.is_refused("approval-after-merge");
}

#[test]
fn a_head_that_changed_while_it_was_closed_is_another() {
    Forge::alice_is_refused("approval-stale", |forge, number| {
        forge.approve(number, "priyashah");
        forge.server.world(|hub| hub.close_pull("access", number, "tomreed"));
        forge.world.write("grants/payments/alice-refunds.yaml", &wider_grant());
        forge.world.commit("While nobody looked");
        forge.pushed("alice", "tomreed");
        forge.keep_head(number, "alice");
        forge.server.world(|hub| hub.reopen_pull("access", number, "tomreed"));
        forge.pass(1);
    });
}

#[test]
fn a_branch_that_was_deleted_and_came_back_is_another() {
    Forge::alice_is_refused("approval-predates-head", |forge, number| {
        forge.approve(number, "priyashah");
        forge.server.world(|hub| hub.delete_branch("access", "alice", "tomreed"));
        forge.pass(1);
        forge.sync("alice", "tomreed");
        forge.server.world(|hub| {
            if !hub.pull("access", number).is_open() {
                hub.reopen_pull("access", number, "tomreed");
            }
        });
        forge.pass(1);
    });
}

#[test]
fn pushers_that_the_forge_forgot_are_missing_unless_every_commit_is_signed() {
    // Tom's commits are signed
    let forge = Forge::open();
    let number = forge.let_alice_in();
    forge.approve(number, "priyashah");
    forge.merge(number, "alice", Method::Squash);
    // of a branch that is gone some movements are only told where nobody names it
    forge.server.world(|hub| {
        hub.activity_hides_deleted = true;
        hub.delete_branch("access", "alice", "tomreed");
    });
    forge.run(&["verify"]).exits(0).says("approved by priya.shah");
    forge.server.world(|hub| hub.forget_movements("access", "alice"));
    forge.run(&["verify"]).exits(0).says("approved by priya.shah");
    let unsigned = Forge::open();
    unsigned.world.git(&["config", "commit.gpgsign", "false"]);
    let number = unsigned.let_alice_in();
    unsigned.approve(number, "priyashah");
    unsigned.merge(number, "alice", Method::Squash);
    unsigned.server.world(|hub| {
        hub.delete_branch("access", "alice", "tomreed");
        hub.forget_movements("access", "alice");
    });
    unsigned.is_refused("evidence-incomplete");
}

#[test]
fn a_review_that_was_begun_before_the_push_is_of_the_older_head() {
    Forge::alice_is_refused("approval-stale", |forge, number| {
        let review = forge.server.world(|hub| hub.begin_review("access", number, "priyashah"));
        forge.world.write("grants/payments/alice-refunds.yaml", &wider_grant());
        forge.world.commit("Wider");
        forge.pushed("alice", "tomreed");
        forge.keep_head(number, "alice");
        forge.server.world(|hub| hub.submit_review("access", number, review, Verdict::Approved));
        forge.pass(1);
    });
}

#[test]
fn a_base_that_was_pushed_with_force_after_the_approval_asks_for_it_anew() {
    Forge::alice_is_refused("approval-context-changed", |forge, number| {
        forge.approve(number, "priyashah");
        let [tip, below] = ["main", "main~1"].map(|rev| forge.world.rev(rev));
        forge.server.world(|hub| hub.push("access", "main", &below, "mei-tanaka"));
        forge.pass(1);
        forge.server.world(|hub| hub.push("access", "main", &tip, "mei-tanaka"));
        forge.pass(1);
    });
}

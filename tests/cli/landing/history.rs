//! What happens to what had landed: merges that turn history round, landings on top, and the log that remembers.

use crate::support::{ALICE, ALICE_GRANT, World};

const BOB: &str = "grants/payments/bob-checkout.yaml";

/// A world in which everything declared is live.
fn applied() -> World {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    world
}

/// A branch from main on which Bob's grant goes, approved by Priya.
fn bob_goes(world: &World) {
    world.git(&["switch", "-q", "-c", "away", "main"]);
    world.git(&["rm", "-q", BOB]);
    world.commit("Bob is done");
    world.git(&["push", "-q", "origin", "away"]);
    world.approve("away", "priya.shah").exits(0);
    world.git(&["switch", "-q", "main"]);
}

fn push(world: &World) {
    world.git(&["push", "-q", "origin", "HEAD:main"]);
}

#[test]
fn a_merge_that_turns_history_round_does_not_leave_out_what_nobody_applied_yet() {
    for hidden in [false, true] {
        let world = applied();
        let base = world.rev("main");
        bob_goes(&world);
        world.git(&["merge", "-q", "--no-ff", "-m", "Merge", "away"]);
        push(&world);
        let landed = world.rev("main");
        world.timed(&["verify"]).exits(0).says("approved by priya.shah");
        world.git(&["switch", "-q", "-c", "fox", &base]);
        world.git(&["commit", "-q", "--allow-empty", "-m", "Fox"]);
        if hidden {
            // one line deeper: the former tip is the second parent of what is merged
            world.git(&["commit", "-q", "--allow-empty", "-m", "Beside"]);
            world.git(&["merge", "-q", "-s", "ours", "-m", "Inner", &landed]);
            world.git(&["switch", "-q", "-c", "outer", "fox~2"]);
            world.git(&["merge", "-q", "--no-ff", "-s", "ours", "-m", "Foxtrot", "fox"]);
        } else {
            world.git(&["merge", "-q", "-s", "ours", "-m", "Foxtrot", &landed]);
        }
        push(&world);
        world.timed(&["verify"]).exits(1).says("refused[landing-left-out]").says(BOB);
        let live = world.live("github");
        world.timed(&["apply"]).exits(3).says("landing-left-out");
        assert_eq!(world.live("github"), live);
        // what was left out is brought back as it had landed
        world.git(&["rm", "-q", BOB]);
        world.commit("Bob is done, again");
        push(&world);
        world.timed(&["verify"]).exits(0).says("approved by priya.shah");
        world.timed(&["apply"]).exits(0).says("revoke");
    }
}

#[test]
fn an_approval_that_was_taken_back_may_be_left_out() {
    let world = applied();
    bob_goes(&world);
    world.git(&["merge", "-q", "--no-ff", "-s", "ours", "-m", "Not now", "away"]);
    push(&world);
    world.timed(&["verify"]).exits(1).says("refused[landing-left-out]");
    world.approve_with(&["--head", "away", "--withdraw"], "priya.shah").exits(0);
    world.timed(&["verify"]).exits(0).says("unmanaged");
}

#[test]
fn a_head_on_top_of_a_landing_does_not_end_the_approval_of_that() {
    let world = applied();
    bob_goes(&world);
    world.git(&["merge", "-q", "--no-ff", "-m", "Merge", "away"]);
    push(&world);
    // nobody has applied yet, and the same person approves what comes next
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    world.timed(&["verify"]).exits(0).says("approved by priya.shah");
    world.git(&["switch", "-q", "main"]);
    world.git(&["merge", "-q", "--no-ff", "-m", "Merge", "alice"]);
    push(&world);
    world.timed(&["verify"]).exits(0);
    world.timed(&["apply"]).exits(0).says("revoke").says("grant");
}

/// Bob's grant goes, approved, and Alice's branch stands on that one.
fn stacked() -> World {
    stacked_on(bob_goes)
}

fn stacked_on(away: fn(&World)) -> World {
    let world = applied();
    away(&world);
    world.git(&["switch", "-q", "-c", "alice", "away"]);
    world.write("people/alice.nguyen.yaml", ALICE);
    world.write("grants/payments/alice-refunds.yaml", ALICE_GRANT);
    world.commit("Let Alice in");
    world.git(&["push", "-q", "origin", "alice"]);
    world
}

/// The branch that Alice's stands on lands as a squash, which no apply has recorded.
fn squash(world: &World) {
    world.git(&["switch", "-q", "main"]);
    world.git(&["merge", "-q", "--squash", "away"]);
    world.commit("Squash");
    push(world);
}

#[test]
fn a_head_that_was_stacked_on_a_squash_and_updated_does_not_end_the_approval_of_that() {
    let world = stacked();
    squash(&world);
    world.timed(&["verify"]).exits(0).says("approved by priya.shah");
    world.approve("alice", "priya.shah").exits(3).says("merge-content-combined").says("update the branch");
    world.git(&["switch", "-q", "alice"]);
    world.git(&["merge", "-q", "-m", "Update", "main"]);
    world.git(&["push", "-q", "origin", "alice"]);
    world.approve("alice", "priya.shah").exits(0);
    world.timed(&["verify"]).exits(0).says("approved by priya.shah");
    world.git(&["switch", "-q", "main"]);
    world.git(&["merge", "-q", "--squash", "alice"]);
    world.commit("Squash");
    push(&world);
    world.timed(&["verify"]).exits(0);
    world.timed(&["apply"]).exits(0).says("revoke").says("grant");
}

/// The same branch as when Bob's grant goes, and on it the grant reaches further instead.
fn bob_stays_longer(world: &World) {
    world.git(&["switch", "-q", "-c", "away", "main"]);
    let grant = world.read(BOB);
    world.write(BOB, &grant.replace("[payments-web", "[payments-api, payments-web"));
    world.commit("Bob does more");
    world.git(&["push", "-q", "origin", "away"]);
    world.approve("away", "priya.shah").exits(0);
    world.git(&["switch", "-q", "main"]);
}

#[test]
fn a_removal_that_landed_stays_approved_whatever_its_approver_approves_next() {
    let world = stacked();
    world.approve("alice", "priya.shah").exits(0);
    squash(&world);
    world.timed(&["verify"]).exits(0).says("approved by priya.shah");
    world.timed(&["apply"]).exits(0).says("revoke");
}

#[test]
fn a_head_that_was_approved_instead_of_another_ends_the_approval_of_that() {
    let world = stacked_on(bob_stays_longer);
    world.approve("alice", "priya.shah").exits(0);
    squash(&world);
    world.timed(&["verify"]).exits(1).says("refused[approval-stale]");
    // an update brings the squash along, and is approved as what starts from before it
    world.git(&["switch", "-q", "-c", "updated", "alice"]);
    world.git(&["merge", "-q", "-m", "Update", "main"]);
    world.git(&["push", "-q", "origin", "updated"]);
    world.approve("updated", "priya.shah").exits(0);
    world.timed(&["verify"]).exits(1).says("refused[approval-stale]");
}

#[test]
fn a_verdict_in_the_log_is_final() {
    let world = applied();
    bob_goes(&world);
    let head = world.rev("away");
    world.git(&["merge", "-q", "--no-ff", "-m", "Merge", "away"]);
    push(&world);
    world.timed(&["apply"]).exits(0).says("revoke");
    world.approve_with(&["--head", "away", "--withdraw"], "priya.shah").exits(0);
    world.git(&["push", "-q", "origin", &format!(":refs/dualkey/approvals/{head}/priya.shah")]);
    world.git(&["push", "-q", "origin", "--delete", "away"]);
    world.timed(&["verify"]).exits(0).says("approved by priya.shah").says("(in the log)");
    world.timed(&["apply"]).exits(0).says("applied already");
}

#[test]
fn an_octopus_lands_only_what_one_head_holds() {
    let world = applied();
    bob_goes(&world);
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    world.git(&["switch", "-q", "main"]);
    // another commit on main, so that none of the three is part of another
    world.write("notes.txt", "hello\n");
    world.commit("A note");
    world.git(&["merge", "-q", "--no-ff", "-m", "Octopus", "away", "alice"]);
    push(&world);
    // each was approved, but nobody approved the two together
    world.timed(&["verify"]).exits(1).says("refused[merge-tree-unreviewed]");
    world.git(&["switch", "-q", "-c", "both", "main"]);
    world.git(&["commit", "-q", "--allow-empty", "-m", "Both, looked at together"]);
    world.approve("both", "grace.lin").exits(0);
    world.git(&["switch", "-q", "main"]);
    world.git(&["merge", "-q", "--ff-only", "both"]);
    push(&world);
    world.timed(&["verify"]).exits(0).says("approved by grace.lin");
}

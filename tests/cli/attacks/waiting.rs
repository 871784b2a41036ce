//! What was approved and landed behind a push that nobody approved: whatever that push did to the same files, removals go
//! through, and nothing of what waits is undone unseen.

use super::{applied, branch, edit};
use crate::support::World;

const BOB: &str = "grants/payments/bob-checkout.yaml";
const YARA: &str = "grants/payments/yara-security-test.yaml";
const LIMITS: &str = "policies/limits.yaml";
const MORE: &str = "policies/more.yaml";
const MORE_DUTIES: &str = "duties:\n  - id: test-and-develop\n    title: Nobody tests what they write\n    sets:\n      \
                           develop: { duties: [develop] }\n      test: { duties: [test] }\n    at_most: 1\n";

/// A push by somebody without a key, straight to main.
fn unsigned(world: &World, message: &str) {
    world.git(&["add", "-A"]);
    let author = "X <x@evil.example>";
    world.git(&["-c", "commit.gpgsign=false", "commit", "-q", "--author", author, "-m", message]);
    world.git(&["push", "-q", "origin", "HEAD:main"]);
}

fn push(world: &World) {
    world.git(&["push", "-q", "origin", "HEAD:main"]);
}

/// Bob's grant goes by an approved branch, and somebody is quicker on main.
fn bob_goes(push: impl FnOnce(&World)) -> World {
    let world = applied();
    branch(&world, "away", |world| drop(world.git(&["rm", "-q", BOB])));
    world.approve("away", "priya.shah").exits(0);
    world.git(&["switch", "-q", "main"]);
    push(&world);
    unsigned(&world, "typo");
    world
}

fn typo_in_both(world: &World) {
    edit(world, BOB, "Rebuild the checkout page", "Rebuild the checkout");
    edit(world, YARA, "Yearly penetration", "Annual penetration");
}

/// Merges as who resolves a conflict does: the tree of main, and then what the branch is about.
fn merge_by_hand(world: &World, head: &str, resolve: impl FnOnce(&World)) {
    world.git(&["merge", "-q", "--no-ff", "--no-commit", "-s", "ours", head]);
    resolve(world);
    world.commit("Merge");
    push(world);
}

fn bob_is_gone(world: &World) {
    world.timed(&["verify"]).exits(1).says("refused[");
    let ran = world.timed(&["apply"]).exits(3).says("revoke bob.keller").says("approved by priya.shah");
    assert!(!ran.stdout.contains("yara.haddad"), "{}", ran.stdout);
    assert!(!world.live("github").contains("payments-web\",\"principal\":\"402668"), "{}", world.live("github"));
    let again = world.timed(&["apply", "--only-ends"]).exits(3);
    assert!(!again.stdout.contains("revoke"), "{}", again.stdout);
    world.timed(&["drift"]).exits(0);
    world.dualkey(&["audit", "verify"]).exits(0);
}

#[test]
fn a_removal_goes_through_though_a_push_below_it_touched_the_same_file() {
    let world = bob_goes(typo_in_both);
    merge_by_hand(&world, "away", |world| drop(world.git(&["rm", "-q", BOB])));
    bob_is_gone(&world);
    // squashed, no commit says whose it is
    let world = bob_goes(typo_in_both);
    world.git(&["rm", "-q", BOB]);
    world.commit("Squash");
    push(&world);
    bob_is_gone(&world);
    // nor does it matter where that push put the file
    let moved = "grants/payments/moved/bob-checkout.yaml";
    let world = bob_goes(|world| {
        std::fs::create_dir_all(world.repo().join("grants/payments/moved")).unwrap();
        world.git(&["mv", BOB, moved]);
        edit(world, YARA, "Yearly penetration", "Annual penetration");
    });
    merge_by_hand(&world, "away", |world| drop(world.git(&["rm", "-q", moved])));
    bob_is_gone(&world);
}

#[test]
fn a_removal_that_a_merge_left_out_goes_through_once_it_is_there() {
    let world = bob_goes(|world| edit(world, YARA, "Yearly penetration", "Annual penetration"));
    world.git(&["merge", "-q", "-s", "ours", "--no-ff", "-m", "Oops", "away"]);
    push(&world);
    let told = world.timed(&["apply"]).exits(3);
    assert!(!told.stdout.contains("revoke"), "{}", told.stdout);
    world.git(&["rm", "-q", BOB]);
    world.commit("Really");
    push(&world);
    bob_is_gone(&world);
}

#[test]
fn an_offboarding_goes_through_in_one_file_with_what_nobody_approved() {
    for how in ["merge", "squash"] {
        let world = applied();
        let bob = "people/bob.keller.yaml";
        branch(&world, "out", |world| world.write(bob, &format!("{}ended: 2026-11-23\n", world.read(bob))));
        world.approve("out", "priya.shah").exits(0);
        world.git(&["switch", "-q", "main"]);
        edit(&world, bob, "name: Bob Keller", "name: Bob Keler");
        unsigned(&world, "typo");
        if how == "merge" {
            world.git(&["merge", "-q", "--no-ff", "-m", "Merge", "out"]);
        } else {
            world.git(&["merge", "-q", "--squash", "out"]);
            world.commit("Squash");
        }
        push(&world);
        world.timed(&["apply"]).exits(3).says("revoke bob.keller").says("approved by priya.shah");
        assert!(!world.live("github").contains("402668"));
        // the name as it was, and nothing else: then the removal itself has landed
        edit(&world, bob, "name: Bob Keler", "name: Bob Keller");
        world.commit("His name");
        push(&world);
        world.timed(&["verify"]).exits(0).says("approved by priya.shah");
        world.timed(&["apply"]).exits(0);
        assert!(!world.live("github").contains("402668"));
        world.dualkey(&["audit", "verify"]).exits(0);
    }
}

#[test]
fn an_approval_of_a_removal_is_used_once() {
    let world = applied();
    let text = world.read(BOB);
    branch(&world, "away", |world| drop(world.git(&["rm", "-q", BOB])));
    world.approve("away", "priya.shah").exits(0);
    world.git(&["switch", "-q", "main"]);
    world.git(&["merge", "-q", "--squash", "away"]);
    world.commit("Squash");
    push(&world);
    world.timed(&["apply"]).exits(0).says("revoke bob.keller");
    branch(&world, "again", |world| world.write(BOB, &text));
    world.approve("again", "priya.shah").exits(0);
    super::merge(&world, "again");
    world.timed(&["apply"]).exits(0).says("grant  bob.keller");
    // whoever can push takes it from him by an approval that has done its work
    edit(&world, YARA, "Yearly penetration", "Annual penetration");
    unsigned(&world, "typo");
    merge_by_hand(&world, "away", |world| drop(world.git(&["rm", "-q", BOB])));
    let told = world.timed(&["apply"]).exits(3);
    assert!(!told.stdout.contains("revoke"), "{}", told.stdout);
}

/// Two admins have approved stricter limits and a rule more, and somebody is quicker on main.
fn tightened(how: &str) -> World {
    let world = applied();
    branch(&world, "tight", |world| {
        edit(world, LIMITS, "count: 10", "count: 5");
        world.write(MORE, MORE_DUTIES);
    });
    for person in ["mei.tanaka", "sven.olsen"] {
        world.approve("tight", person).exits(0);
    }
    world.git(&["switch", "-q", "main"]);
    edit(&world, YARA, "Yearly penetration", "Annual penetration");
    unsigned(&world, "typo");
    if how == "merge" {
        world.git(&["merge", "-q", "--no-ff", "-m", "Merge", "tight"]);
    } else {
        world.git(&["merge", "-q", "--squash", "tight"]);
        world.commit("Squash");
    }
    push(&world);
    world.timed(&["apply"]).exits(3);
    world
}

#[test]
fn rules_that_wait_behind_a_push_are_not_restored_away() {
    for how in ["merge", "squash"] {
        let world = tightened(how);
        world.git(&["checkout", "-q", "main~2", "--", "."]);
        world.git(&["rm", "-q", "-f", MORE]);
        unsigned(&world, "Revert typo");
        world
            .timed(&["verify"])
            .exits(1)
            .says("refused[landing-left-out]")
            .says(LIMITS)
            .says("mei.tanaka and sven.olsen");
        world.timed(&["apply"]).exits(3).says("landing-left-out");
        // with what was approved, nothing stands in the way
        world.git(&["checkout", "-q", "tight", "--", "policies"]);
        world.commit("As approved");
        push(&world);
        world.timed(&["verify"]).exits(0).says("approved by mei.tanaka, sven.olsen");
        world.timed(&["apply"]).exits(0);
    }
}

#[test]
fn rules_that_wait_are_restored_away_by_those_alone_who_approved_them() {
    let world = tightened("squash");
    world.git(&["checkout", "-q", "main~2", "--", "."]);
    world.git(&["rm", "-q", "-f", MORE]);
    unsigned(&world, "Revert typo");
    world.timed(&["verify"]).exits(1).says("refused[landing-left-out]");
    world.approve_with(&["--head", "tight", "--withdraw"], "sven.olsen").exits(0);
    world.timed(&["verify"]).exits(0).says("restored");
}

#[test]
fn a_repair_says_before_it_is_merged_what_it_would_undo() {
    let world = tightened("squash");
    branch(&world, "repair", |world| {
        world.git(&["checkout", "-q", "main~2", "--", "policies", "grants"]);
        world.git(&["rm", "-q", "-f", MORE]);
        edit(world, BOB, "PAY-1288", "PAY-1289");
    });
    for person in ["lena.vogt", "mei.tanaka"] {
        world.approve("repair", person);
    }
    world.timed(&["verify", "--head", "repair"]).exits(1).says("refused[landing-left-out]");
}

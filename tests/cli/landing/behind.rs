//! Removals that were approved and stand behind a refused landing: what they take goes, and nothing else does.

use crate::support::{ALICE, ALICE_GRANT, World};

const BOB: &str = "grants/payments/bob-checkout.yaml";
const BOBS_ACCOUNT: &str = "402668";
const ALICES_ACCOUNT: &str = "583231";

/// A world in which everything declared is live, and a branch `old` from before what somebody then pushed: Alice's grant,
/// which nobody approved.
fn refused() -> World {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    world.git(&["branch", "old"]);
    world.write("people/alice.nguyen.yaml", ALICE);
    world.write("grants/payments/alice-refunds.yaml", ALICE_GRANT);
    world.commit("Let Alice in");
    push(&world);
    world.timed(&["verify"]).exits(1).says("refused[no-approval]");
    world
}

fn push(world: &World) {
    world.git(&["push", "-q", "origin", "HEAD:main"]);
}

/// A branch on which everything that Bob has in payments goes.
fn bob_goes(world: &World, from: &str) {
    world.git(&["switch", "-q", "-c", "away", from]);
    world.git(&["rm", "-q", BOB]);
    world.commit("Bob is done");
    world.git(&["push", "-q", "origin", "away"]);
}

fn merge(world: &World, head: &str) {
    world.git(&["switch", "-q", "main"]);
    world.git(&["merge", "-q", "--no-ff", "-m", "Merge", head]);
    push(world);
}

fn holds(world: &World, account: &str) -> usize {
    world.live("github").matches(account).count()
}

#[test]
fn an_approved_removal_behind_a_refused_landing_goes_through_once_and_for_all() {
    let world = refused();
    let before = holds(&world, BOBS_ACCOUNT);
    bob_goes(&world, "old");
    world.approve("away", "priya.shah").exits(0);
    merge(&world, "away");
    let ran = world.timed(&["apply"]).exits(3).says("revoke").says("behind");
    ran.says("what it removes goes through, approved by priya.shah");
    let left = holds(&world, BOBS_ACCOUNT);
    assert!(left < before, "{left} of {before}");
    assert_eq!(holds(&world, ALICES_ACCOUNT), 0);
    // a rerun has nothing to do, and the log doesn't grow
    let log = || world.git(&["ls-remote", "origin", "refs/dualkey/audit"]);
    let written = log();
    let again = world.timed(&["apply", "--format", "json"]).exits(3).json();
    assert_eq!(again["done"].as_array().unwrap().len(), 0, "{again:#}");
    assert_eq!(again["waiting"][1]["removed"], true, "{again:#}");
    assert_eq!(again["waiting"][1]["behind"], again["waiting"][0]["landing"], "{again:#}");
    assert_eq!(log(), written);
    world.dualkey(&["audit", "verify"]).exits(0);
    // nobody can take it back any more: it stands in the log
    let head = world.rev("away");
    world.approve_with(&["--head", "away", "--withdraw"], "priya.shah").exits(0);
    world.git(&["push", "-q", "origin", &format!(":refs/dualkey/approvals/{head}/priya.shah")]);
    world.timed(&["apply"]).exits(3);
    world.timed(&["drift"]).exits(0);
    assert_eq!(holds(&world, BOBS_ACCOUNT), left);
}

#[test]
fn repairing_what_was_refused_lands_the_removal_and_cannot_undo_it() {
    let world = refused();
    bob_goes(&world, "old");
    world.approve("away", "priya.shah").exits(0);
    merge(&world, "away");
    world.timed(&["apply", "--only-ends"]).exits(3).says("revoke");
    let left = holds(&world, BOBS_ACCOUNT);
    // everything as it was before: also what was taken away
    world.git(&["checkout", "-q", "old", "--", "grants"]);
    world.git(&["rm", "-q", "-f", "people/alice.nguyen.yaml", "grants/payments/alice-refunds.yaml"]);
    world.commit("As it was");
    push(&world);
    world.timed(&["verify"]).exits(1).says("refused[landing-left-out]").says(BOB);
    world.timed(&["apply"]).exits(3);
    assert_eq!(holds(&world, BOBS_ACCOUNT), left);
    // without what was refused, and with the removal
    world.git(&["rm", "-q", BOB]);
    world.commit("And Bob stays away");
    push(&world);
    world.timed(&["verify"]).exits(0).says("approved by priya.shah");
    world.timed(&["apply"]).exits(0);
    assert_eq!(holds(&world, BOBS_ACCOUNT), left);
    world.dualkey(&["audit", "verify"]).exits(0);
}

#[test]
fn a_removal_made_on_top_of_what_was_refused_goes_through_without_it() {
    let world = refused();
    let before = holds(&world, BOBS_ACCOUNT);
    bob_goes(&world, "main");
    // she may approve removals, and not what was refused
    world.approve("away", "lena.vogt").exits(0);
    world.git(&["switch", "-q", "main"]);
    world.git(&["merge", "-q", "--ff-only", "away"]);
    push(&world);
    world.timed(&["verify"]).exits(1).says("refused[quorum-not-met]");
    world.timed(&["apply"]).exits(3).says("revoke").says("approved by lena.vogt");
    assert!(holds(&world, BOBS_ACCOUNT) < before);
    assert_eq!(holds(&world, ALICES_ACCOUNT), 0);
}

#[test]
fn behind_a_refused_landing_nothing_goes_that_nobody_approved_and_nothing_comes() {
    let world = refused();
    let before = world.live("github");
    bob_goes(&world, "old");
    merge(&world, "away");
    world.timed(&["apply"]).exits(3);
    assert_eq!(world.live("github"), before, "nobody approved it");
    // approved, but it gives as well as it takes
    world.git(&["switch", "-q", "-c", "swap", "old"]);
    let grant = world.read("grants/payments/yara-security-test.yaml");
    world.git(&["rm", "-q", "grants/payments/yara-security-test.yaml"]);
    world.write("grants/payments/bob-more.yaml", &grant.replace("yara.haddad", "bob.keller"));
    world.commit("Bob instead of Yara");
    for person in ["priya.shah", "grace.lin", "omar.diallo"] {
        world.approve("swap", person);
    }
    merge(&world, "swap");
    world.timed(&["apply"]).exits(3);
    assert_eq!(world.live("github"), before, "it is no removal");
}

#[test]
fn a_head_that_brings_the_refused_head_is_told_what_comes_of_it() {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    world.let_alice_in("alice");
    world.git(&["switch", "-q", "-c", "on-alice", "alice"]);
    world.git(&["rm", "-q", BOB]);
    world.commit("Bob is done");
    world.git(&["push", "-q", "origin", "on-alice"]);
    merge(&world, "alice");
    world.timed(&["verify"]).exits(1).says("refused[no-approval]");
    world.approve("on-alice", "priya.shah").exits(0);
    let foreseen = world.timed(&["verify", "--head", "on-alice"]);
    merge(&world, "on-alice");
    let landed = world.timed(&["verify"]);
    assert_eq!(foreseen.code, landed.code, "{}\n{}", foreseen.stdout, landed.stdout);
    assert!(!foreseen.stdout.contains("would wait behind"), "{}", foreseen.stdout);
}

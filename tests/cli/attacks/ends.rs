//! What only takes away lands, whatever the rules think of what is left.

use super::{applied, branch, edit, merge};
use crate::support::World;

/// The change is told with its finding, approved by one, and lands.
#[track_caller]
fn lands(world: &World, name: &str, finding: &str, approver: &str) {
    let plan = world.timed(&["plan", "--head", name]).exits(0).says(finding);
    plan.says("which don't hold up what only takes away").says("needs approval from");
    world.approve(name, approver).exits(0);
    world.timed(&["verify", "--head", name]).exits(0);
    merge(world, name);
    world.timed(&["verify"]).exits(0);
    world.timed(&["apply"]).exits(0);
}

#[test]
fn an_engagement_and_a_contract_are_shortened_under_the_grants_that_outlive_them() {
    let world = applied();
    let bob = "people/bob.keller.yaml";
    branch(&world, "engagement", |world| edit(world, bob, "until: 2027-02-26", "until: 2026-11-22"));
    lands(&world, "engagement", "grant-outlives-engagement", "priya.shah");
    assert!(!world.live("github").contains("402668"), "{}", world.live("github"));
    branch(&world, "contract", |world| edit(world, "vendors/umbra.yaml", "until: 2027-04-30", "until: 2026-11-22"));
    lands(&world, "contract", "grant-outlives-contract", "priya.shah");
    assert!(!world.live("github").contains("820147"), "{}", world.live("github"));
    // what stood holds up nobody later, and what isn't a removal is held up as ever
    branch(&world, "later", |world| edit(world, "grants/payments/tom-releases.yaml", "2027-03-26", "2027-03-20"));
    world.approve("later", "priya.shah").exits(0);
    world.timed(&["verify", "--head", "later"]).exits(0);
}

#[test]
fn a_bridge_is_taken_from_under_the_grants_that_cross_it() {
    let world = applied();
    let bridge = world.git(&["ls-files", "bridges"]);
    branch(&world, "bridge", |world| {
        world.git(&["rm", "-q", bridge.trim()]);
    });
    lands(&world, "bridge", "domain-crossing", "lena.vogt");
}

#[test]
fn a_rule_of_ones_own_that_dislikes_a_removal_is_told_and_holds_up_nothing() {
    let rule = "package keep\nimport rego.v1\n\nbob if {\n  some grant in input.grants\n  grant.id == \"bob-checkout\"\n}\n\n\
                deny contains found if {\n  not bob\n  found := {\"message\": \"bob.keller must be able to work\"}\n}\n";
    let world = World::unanchored();
    world.write("policies/keep.rego", rule);
    world.commit("Keep Bob");
    world.git(&["push", "-q", "origin", "main"]);
    let world = world.begun();
    world.timed(&["apply"]).exits(0);
    branch(&world, "away", |world| {
        world.git(&["rm", "-q", "grants/payments/bob-checkout.yaml"]);
    });
    lands(&world, "away", "bob.keller must be able to work", "priya.shah");
    assert!(!world.live("github").contains("northwind/payments-web:402668"), "{}", world.live("github"));
    // what stands from then on holds up nothing that doesn't touch it
    branch(&world, "other", |world| {
        edit(world, "grants/payments/payments-developers.yaml", "[grace.lin]", "[grace.lin, hana.kim]");
    });
    world.timed(&["plan", "--head", "other"]).exits(0);
}

#[test]
fn a_removal_that_nobody_can_read_is_still_refused() {
    let world = applied();
    branch(&world, "broken", |world| edit(world, "people/bob.keller.yaml", "until: 2027-02-26", "until: 2026-11-22 ]"));
    world.timed(&["plan", "--head", "broken"]).exits(1);
    world.approve("broken", "priya.shah").exits(3).says("refused[");
}

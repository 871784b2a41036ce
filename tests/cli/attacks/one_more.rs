//! Who is the person more that is asked for in all: somebody who approves more than what they answer for.

use super::{branch, edit, merge};
use crate::support::{World, key, public_key};

/// Northwind, where Carl answers for Yara and Dora for Bob, and neither is asked for anything else.
fn sponsored() -> World {
    let world = World::unanchored();
    for person in ["carl.x", "dora.y"] {
        let text = format!("name: {person}\ntype: employee\nkeys: [\"{}\"]\n", public_key(person));
        world.write(&format!("people/{person}.yaml"), &text);
    }
    edit(&world, "people/yara.haddad.yaml", "sponsor: mei.tanaka", "sponsor: carl.x");
    edit(&world, "people/bob.keller.yaml", "sponsor: priya.shah", "sponsor: dora.y");
    edit(&world, "policies/limits.yaml", "count: 10, fraction: 5%", "count: 2, fraction: 1%");
    world.commit("Others answer");
    world.git(&["push", "-q", "origin", "main"]);
    world.begun()
}

#[test]
fn sponsors_of_those_who_lose_are_no_other_look_at_a_mass_removal() {
    let world = sponsored();
    branch(&world, "away", |world| {
        world.git(&["rm", "-q", "grants/payments/yara-security-test.yaml", "grants/payments/bob-checkout.yaml"]);
    });
    world.timed(&["plan", "--head", "away"]).exits(0).says("one approval more is asked for");
    for person in ["carl.x", "dora.y"] {
        world.approve("away", person).exits(0);
    }
    let refused = world.timed(&["verify", "--head", "away"]).exits(1).says("refused[quorum-not-met]");
    let refused = refused.says("every rule is met, and 1 person more is asked for: mass-removal");
    assert!(!refused.stderr.contains("as `carl.x`"), "{}", refused.stderr);
    let plan = world.timed(&["plan", "--head", "away"]).exits(0).stdout;
    let first = plan.lines().next().unwrap();
    assert!(first.contains("1 person more than the rules ask for, of grace.lin"), "{plan}");
    assert!(!first.contains("carl.x") && !first.contains("dora.y"), "{plan}");
    // with somebody who owns the domain one of the two would do
    world.approve("away", "grace.lin").exits(0).says("grace.lin approved");
    merge(&world, "away");
    world.timed(&["verify"]).exits(0);
}

#[test]
fn a_sponsor_beside_is_no_other_look_at_replaced_keys() {
    let world = sponsored();
    let mallory = key("mallory");
    let prove = ["approve", "--prove-key", "--as", "priya.shah", "--key", mallory.to_str().unwrap(), "--yes"];
    world.timed(&prove).exits(0);
    branch(&world, "stolen", |world| {
        edit(world, "people/priya.shah.yaml", &public_key("priya.shah"), &public_key("mallory"));
    });
    for person in ["mei.tanaka", "sven.olsen"] {
        world.approve("stolen", person).exits(0);
    }
    world.approve("stolen", "carl.x").exits(3).says("refused[approver-out-of-scope]");
    world.timed(&["verify", "--head", "stolen"]).exits(1).says("1 person more is asked for: own-keys-changed");
    // three admins are too few to give one more beside two and an author, so an owner may
    world.approve("stolen", "grace.lin").exits(0);
    world.timed(&["verify", "--head", "stolen"]).exits(0);
}

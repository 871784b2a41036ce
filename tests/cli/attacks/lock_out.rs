//! One stolen key ends everybody else: their access is over at once, and what is left of their word brings them back.

use super::{branch, edit, merge};
use crate::support::World;

/// Four admins of access, of whom Sven's key was stolen. Yusuf holds nothing, so that he comes back by admins alone.
fn four_admins() -> World {
    let world = World::unanchored();
    edit(&world, "groups/access-admins.yaml", "[lena.vogt", "[yusuf.demir, lena.vogt");
    for grant in ["payments/payments-production-audit", "ledger/ledger-production-audit", "platform/platform-audit"] {
        world.git(&["rm", "-q", &format!("grants/{grant}.yaml")]);
    }
    world.commit("Four admins");
    world.git(&["push", "-q", "origin", "main"]);
    world.begun()
}

fn ends(world: &World, person: &str) {
    edit(world, &format!("people/{person}.yaml"), "type: employee ", "type: employee\nended: 2026-11-23 ");
}

fn comes_back(world: &World, person: &str) {
    edit(world, &format!("people/{person}.yaml"), "ended: 2026-11-23 ", "");
}

/// The admins but for Sven are ended by his approval alone.
fn locked(world: &World, people: &[&str]) {
    world.timed(&["apply"]).exits(0);
    branch(world, "ends", |world| people.iter().for_each(|person| ends(world, person)));
    let plan = world.timed(&["plan", "--head", "ends"]).exits(0);
    // the first line ends with the rule that is left with fewest
    let first = plan.stdout.split_once("\nremoval, ").unwrap().0.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(first.contains("; after this, rule access-"), "{first}");
    assert!(first.contains("who can approve and asks for 1 (and 5 other rules as few as"), "{first}");
    world.approve("ends", "sven.olsen").exits(0);
    merge(world, "ends");
    // access ends at once
    world.timed(&["apply"]).exits(0).says("revoke mei.tanaka");
}

#[test]
fn who_was_ended_by_one_key_brings_others_back_and_does_nothing_else() {
    let world = four_admins();
    locked(&world, &["lena.vogt", "mei.tanaka", "yusuf.demir"]);
    // what the thief wants next is held up by any of them
    branch(&world, "thief", |world| edit(world, "policies/approvals.yaml", "policy, count: 2", "policy, count: 1"));
    world.approve("thief", "sven.olsen").exits(0);
    world.approve_with(&["--head", "thief", "--request-changes"], "lena.vogt").exits(0);
    world.timed(&["verify", "--head", "thief"]).exits(1).says("refused[changes-requested] `lena.vogt`");
    // but approving is over, for a policy as for a grant
    let refused = world.approve("thief", "mei.tanaka").exits(3).says("approver-no-longer-authorized");
    refused.says("refused[word-lingers]");
    world.let_alice_in("alice");
    world.approve("alice", "mei.tanaka").exits(3).says("refused[approver-no-longer-authorized]");
    // nobody brings back themselves, alone or among others, nor anything beside a person
    branch(&world, "both", |world| {
        comes_back(world, "yusuf.demir");
        comes_back(world, "lena.vogt");
    });
    world.approve("both", "lena.vogt").exits(3).says("refused[word-lingers]");
    branch(&world, "beside", |world| {
        comes_back(world, "yusuf.demir");
        edit(world, "people/yusuf.demir.yaml", "Yusuf Demir", "Yusuf");
    });
    world.approve("beside", "lena.vogt").exits(3).says("refused[word-lingers]");
    branch(&world, "yusuf", |world| comes_back(world, "yusuf.demir"));
    world.approve("yusuf", "yusuf.demir").exits(3).says("refused[word-lingers]");
    world.approve("yusuf", "lena.vogt").exits(0);
    world.timed(&["verify", "--head", "yusuf"]).exits(1).says("refused[quorum-not-met]");
    world.approve("yusuf", "mei.tanaka").exits(0);
    merge(&world, "yusuf");
    world.timed(&["verify"]).exits(0);
    world.timed(&["apply"]).exits(0);
    // and the stolen key ends by the one who is back
    branch(&world, "stolen", |world| ends(world, "sven.olsen"));
    world.approve("stolen", "yusuf.demir").exits(0);
    merge(&world, "stolen");
    world.timed(&["verify"]).exits(0);
}

#[test]
fn a_word_is_over_where_enough_are_left() {
    let world = four_admins();
    branch(&world, "ends", |world| ends(world, "lena.vogt"));
    let plan = world.timed(&["plan", "--head", "ends"]).exits(0).says("lena.vogt can approve nothing after 2026-11-22");
    assert!(!plan.stdout.contains("who can approve and asks"), "{}", plan.stdout);
    world.approve("ends", "sven.olsen").exits(0);
    merge(&world, "ends");
    branch(&world, "policy", |world| edit(world, "policies/limits.yaml", "count: 10", "count: 9"));
    let objection = world.approve_with(&["--head", "policy", "--request-changes"], "lena.vogt").exits(2);
    objection.says("doesn't count here");
    branch(&world, "back", |world| comes_back(world, "lena.vogt"));
    let refused = world.approve("back", "lena.vogt").exits(3).says("refused[approver-no-longer-authorized]");
    assert!(!refused.stderr.contains("word-lingers"), "{}", refused.stderr);
}

#[test]
fn a_leaver_does_not_object_to_being_asked_no_more() {
    // three admins, of whom one leaves: a rule that asks for two is as short as it can be
    let world = World::new();
    branch(&world, "ends", |world| ends(world, "lena.vogt"));
    world.timed(&["plan", "--head", "ends"]).exits(0).says("has 2 people who can approve and asks for 2");
    world.approve("ends", "sven.olsen").exits(0);
    merge(&world, "ends");
    branch(&world, "limit", |world| edit(world, "policies/limits.yaml", "count: 10", "count: 9"));
    world.approve_with(&["--head", "limit", "--request-changes"], "lena.vogt").exits(0);
    // no objection holds up a removal
    branch(&world, "bob", |world| {
        world.git(&["rm", "-q", "grants/payments/bob-checkout.yaml"]);
    });
    world.approve_with(&["--head", "bob", "--request-changes"], "lena.vogt").exits(2);
    branch(&world, "names", |world| {
        for path in ["groups/access-admins.yaml", "groups/security.yaml", "domains/platform.yaml"] {
            edit(world, path, "[lena.vogt, ", "[");
        }
    });
    world.approve_with(&["--head", "names", "--request-changes"], "lena.vogt").exits(2).says("doesn't count here");
}

#[test]
fn what_nobody_can_approve_any_more_names_the_way_back() {
    let world = World::new();
    locked(&world, &["lena.vogt", "mei.tanaka"]);
    branch(&world, "mei", |world| comes_back(world, "mei.tanaka"));
    world.approve("mei", "lena.vogt").exits(0);
    let way = "`dualkey audit init --genesis REV --continue`";
    world.timed(&["verify", "--head", "mei"]).exits(1).says("refused[quorum-not-met]").says(way);
    merge(&world, "mei");
    world.timed(&["verify"]).exits(1).says(way);
}

//! Who could approve nothing and would again: every way back is told, and asks for the approvals of a policy.

use super::{branch, edit, merge};
use crate::support::{ALICE, ALICE_GRANT, World, public_key};

/// Carl was an admin of access until he left; he holds nothing.
fn carl_left() -> World {
    let world = World::unanchored();
    let key = public_key("carl.x");
    world.write(
        "people/carl.x.yaml",
        &format!(
            "name: Carl X\ntype: employee\nended: 2026-11-01\nemails: [carl@northwind.example]\nkeys: [\"{key}\"]\n"
        ),
    );
    edit(&world, "groups/access-admins.yaml", "[lena.vogt", "[carl.x, lena.vogt");
    world.commit("Carl was here");
    world.git(&["push", "-q", "origin", "main"]);
    world.begun()
}

#[test]
fn an_offboarded_approver_comes_back_by_a_change_of_policy_alone() {
    for (name, to) in [("deleted", ""), ("moved", "ended: 2027-11-01\n")] {
        let world = carl_left();
        branch(&world, name, |world| edit(world, "people/carl.x.yaml", "ended: 2026-11-01\n", to));
        let plan = world.timed(&["plan", "--head", name]).exits(0);
        let plan = plan.says("lets carl.x approve again, who could approve nothing after 2026-10-31");
        plan.says("changes people/carl.x.yaml").says("policy-1: 2 of");
        let document = world.timed(&["plan", "--head", name, "--format", "json"]).exits(0).json();
        assert_eq!(document["approvers"][0]["person"], "carl.x", "{document:#}");
        // one admin suffices for an identity, and not for this
        world.approve(name, "mei.tanaka").exits(0);
        world.timed(&["verify", "--head", name]).exits(1).says("refused[quorum-not-met]").says("policy-1");
        world.approve(name, "lena.vogt").exits(0);
        merge(&world, name);
        world.timed(&["verify"]).exits(0).says("mei.tanaka");
    }
}

#[test]
fn two_who_come_back_have_two_digests() {
    let world = carl_left();
    branch(&world, "deleted", |world| edit(world, "people/carl.x.yaml", "ended: 2026-11-01\n", ""));
    branch(&world, "moved", |world| edit(world, "people/carl.x.yaml", "2026-11-01", "2027-11-01"));
    branch(&world, "named", |world| edit(world, "people/carl.x.yaml", "Carl X", "Carl the Tenth"));
    let digest = |head: &str| world.timed(&["plan", "--head", head, "--format", "json"]).json()["digest"].clone();
    assert_ne!(digest("deleted"), digest("moved"));
    assert_ne!(digest("deleted"), digest("named"));
}

#[test]
fn nobody_comes_back_beside_a_grant() {
    let world = carl_left();
    branch(&world, "beside", |world| {
        edit(world, "people/carl.x.yaml", "ended: 2026-11-01\n", "");
        world.write("people/alice.nguyen.yaml", ALICE);
        world.write("grants/payments/alice-refunds.yaml", ALICE_GRANT);
    });
    world.timed(&["plan", "--head", "beside"]).exits(1).says("error[mixed-change]").says("people/carl.x.yaml");
}

#[test]
fn a_sponsor_who_takes_over_people_is_let_in_by_policy_and_a_new_sponsor_of_a_new_person_is_not() {
    let world = World::new();
    // Tom could approve nothing
    branch(&world, "vendor", |world| edit(world, "vendors/umbra.yaml", "mei.tanaka", "tom.reed"));
    let plan = world.timed(&["plan", "--head", "vendor"]).exits(0);
    plan.says("lets tom.reed approve, who could approve nothing before").says("policy-1: 2 of");
    world.git(&["switch", "-q", "main"]);
    world.be("grace.lin");
    branch(&world, "person", |world| {
        world.write("people/alice.nguyen.yaml", &ALICE.replace("sponsor: priya.shah", "sponsor: tom.reed"));
        world.write("grants/payments/alice-refunds.yaml", ALICE_GRANT);
    });
    let plan = world.timed(&["plan", "--head", "person"]).exits(0).stdout;
    assert!(!plan.contains("approve, who could"), "{plan}");
    assert!(!plan.contains("policy"), "{plan}");
    // and the sponsor whom the change names is none of those who approve it
    world.approve("person", "tom.reed").exits(3).says("refused[approver-out-of-scope]");
    world.approve("person", "priya.shah").exits(0);
    merge(&world, "person");
    world.timed(&["verify"]).exits(0);
}

#[test]
fn an_author_who_makes_herself_sponsor_becomes_no_approver_by_it() {
    let world = World::new();
    world.be("grace.lin");
    // grace takes over yara, and with her a word in what yara loses and gets
    branch(&world, "herself", |world| edit(world, "people/yara.haddad.yaml", "mei.tanaka", "grace.lin"));
    world.approve("herself", "grace.lin").exits(3).says("refused[approver-is-author]");
    world.approve("herself", "sven.olsen").exits(0);
    merge(&world, "herself");
    // what she writes next about yara she doesn't approve either
    branch(&world, "next", |world| edit(world, "grants/payments/yara-security-test.yaml", "2027-01-29", "2027-01-10"));
    world.approve("next", "grace.lin").exits(3).says("refused[approver-is-author]");
    world.approve("next", "mei.tanaka").exits(0);
}

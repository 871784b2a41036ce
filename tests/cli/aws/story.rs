//! Plan, approve, apply, drift, end, audit: at an Identity Center that does it.

use jiff::SignedDuration;

use super::*;

const ALICE: &str = "alice@globex.example";

#[test]
fn access_is_given_watched_and_ended_at_aws() {
    let center = Center::open();
    center.run(&["plan", "--live"]).exits(0).says("nothing");
    center.run(&["targets"]).exits(0).says("arn:aws:sso:::instance/ssoins-").says("as pinned");
    assert!(center.has("Mei@northwind.example", "AdministratorAccess", TILL), "however the name is written");
    center.let_alice_in();
    center.run(&["plan"]).exits(0).says("alice.nguyen  aws  account 444455556666  DeveloperAccess");
    center.land("alice");
    center.run(&["apply"]).exits(0).says("grant alice.nguyen aws account 444455556666 DeveloperAccess until");
    assert!(center.has(ALICE, "DeveloperAccess", SHOP));
    center.run(&["plan", "--live"]).exits(0).says("nothing");
    center.run(&["drift"]).exits(0);

    // whoever only looks changes nothing
    center.server.take_log();
    for args in [&["plan", "--live"][..], &["drift"], &["access", "alice.nguyen", "--live"]] {
        center.run(args);
    }
    assert_eq!(center.server.log().writes().count(), 0);

    // somebody goes around dualkey
    let (alice, admin, set) = (center.user(ALICE), center.set("AdministratorAccess"), center.set("DeveloperAccess"));
    center.server.world(|cloud| {
        cloud.assign(&alice, &admin, TILL);
        cloud.unassign(&alice, &set, SHOP);
        cloud.entitle(&alice, "arn:aws:iam::444455556666:role/Deploy");
    });
    let drifted = center.run(&["drift"]).exits(1);
    drifted.says("account 555566667777  AdministratorAccess").says("role/Deploy  assume");
    center.run(&["apply"]).exits(0).says("grant alice.nguyen aws account 444455556666 DeveloperAccess");
    assert!(center.has(ALICE, "DeveloperAccess", SHOP) && !center.has(ALICE, "AdministratorAccess", TILL));
    center.run(&["plan", "--live"]).exits(0).says("nothing");

    // the other door is told where no domain names it
    center.server.world(|cloud| cloud.entitle(&alice, "arn:aws:iam::444455556666:role/Other"));
    center.run(&["drift"]).says("access-by-entitlement").says("role/Other");

    // her time is over: what AWS enforces by itself is taken all the same
    center.server.clock().advance(SignedDuration::from_hours(24 * 40));
    center.run(&["apply", "--only-ends"]).exits(0).says("revoke alice.nguyen aws account 444455556666 DeveloperAccess");
    assert!(!center.has(ALICE, "DeveloperAccess", SHOP));
    center.run(&["audit", "verify"]).exits(0);
    center.run(&["audit", "search", "--person", "alice.nguyen"]).exits(0).says("444455556666");
}

/// An offboarding takes everything in one run, and says until when sessions may live where nothing ends them.
#[test]
fn who_leaves_loses_everything_at_once() {
    let center = Center::told();
    let leaves = center.world.read("people/grace.lin.yaml");
    center.world.write("people/grace.lin.yaml", &format!("{leaves}ended: {}\n", day(0)));
    center.land("grace-leaves");
    let ran = center.run(&["apply"]).exits(0).says("revoke grace.lin aws identity-group shop-staff member");
    ran.says("revoke grace.lin aws account-role arn:aws:iam::444455556666:role/Deploy assume").says("sessions");
    assert!(center.server.world(|cloud| cloud.memberships().is_empty() && cloud.entitlements().is_empty()));
    center.run(&["plan", "--live"]).exits(0).says("nothing");
}

/// Duties are judged through groups: whoever is in one holds what it holds.
#[test]
fn a_duty_is_seen_through_a_group() {
    let center = Center::told();
    let staff = Principal::group(&center.server.world(|cloud| cloud.group_id("shop-staff").unwrap().to_owned()));
    let (alice, admin) = (center.user(ALICE), center.set("AdministratorAccess"));
    center.server.world(|cloud| {
        cloud.assign(&staff, &admin, SHOP);
        cloud.add_member(staff.id(), alice.id());
    });
    center.run(&["drift"]).exits(1).says("build-and-own").says("alice.nguyen");
}

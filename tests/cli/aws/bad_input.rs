//! What is wrong on either side, with a clear word and nothing lost.

use super::*;

#[test]
fn names_that_aws_does_not_have_are_told_before_anything_is_written() {
    let center = Center::open();
    let role = center.world.read("roles/developer.yaml").replace("DeveloperAccess", "DevelopersAccess");
    center.world.write("roles/developer.yaml", &role);
    center.land_policy("typo");
    center.let_alice_in();
    center.land("alice");
    center.server.take_log();
    let ran = center.run(&["apply"]).exits(4);
    ran.says("DevelopersAccess").says("it knows `DeveloperAccess`");
    assert_eq!(center.server.log().of("CreateAccountAssignment").count(), 0);
}

#[test]
fn credentials_and_other_instances_are_refused_before_a_write() {
    let center = Center::told();
    center.server.world(|cloud| cloud.expire_key(&center.writes.id));
    let leaves = center.world.read("people/alice.nguyen.yaml");
    center.world.write("people/alice.nguyen.yaml", &format!("{leaves}ended: {}\n", day(0)));
    center.land("alice-leaves");
    center.run(&["apply"]).exits(4).says("the credential may not: log in at `aws`").says("is expired");
    assert!(center.has("alice@globex.example", "DeveloperAccess", SHOP), "and the next run takes it");
    let center = Center::told();
    center.server.world(|cloud| cloud.replace_organization("o-zzzzzzzzzz"));
    center.server.take_log();
    center.run(&["drift"]).exits(5).says("target-identity").says("o-zzzzzzzzzz");
    assert_eq!(center.server.log().of("ListUsers").count(), 0);
}

/// One account that can't be seen blinds no other, and holds up no end.
#[test]
fn an_account_that_can_not_be_read_holds_up_nothing_elsewhere() {
    let center = Center::told();
    let denied = Fault::Error("AccessDeniedException".to_owned(), "not this one".to_owned());
    center.server.fail(On::operation("ListPermissionSetsProvisionedToAccount").containing(TILL), denied);
    let leaves = center.world.read("people/alice.nguyen.yaml");
    center.world.write("people/alice.nguyen.yaml", &format!("{leaves}ended: {}\n", day(0)));
    center.land("alice-leaves");
    center.run(&["apply"]).says("revoke alice.nguyen aws account 444455556666 DeveloperAccess").says(TILL);
    assert!(!center.has("alice@globex.example", "DeveloperAccess", SHOP));
}

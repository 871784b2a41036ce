//! Groups of the identity store, and roles of Account access manager.

use super::*;

fn join(group: &str, who: &str) -> Call {
    call(GRANT, &IDENTITY_GROUP, group, "member", who)
}

fn leave(group: &str, who: &str) -> Call {
    call(Verb::Revoke, &IDENTITY_GROUP, group, "member", who)
}

#[test]
fn people_come_into_groups_and_go() {
    let center = Center::new();
    for _ in 0..2 {
        center.must(&join("staff", "alice"));
    }
    center.must(&join("staff", "bob"));
    assert_eq!(center.held(&IDENTITY_GROUP, "staff"), ["member alice", "member bob"]);
    let done = center.must(&leave("staff", "alice"));
    center.lives_for(&done, 12);
    assert_eq!(center.must(&leave("staff", "alice")), Done::default(), "nothing was there");
    assert_eq!(center.held(&IDENTITY_GROUP, "staff"), ["member bob"]);
    assert_eq!(center.held(&IDENTITY_GROUP, "nosuch"), [""; 0]);
    let error = center.does(&join("stafff", "alice")).unwrap_err();
    assert!(words(&error).contains("no identity-group `stafff`; it knows `staff`"), "{}", words(&error));
    assert_eq!(center.must(&leave("nosuch", "alice")), Done::default());
    assert_eq!(center.must(&leave("staff", "nosuch")), Done::default());
}

#[test]
fn groups_that_an_identity_provider_keeps_are_read_and_never_written() {
    let center = Center::new();
    let (staff, alice) = (center.group("staff"), center.user("alice"));
    center.cloud(|cloud| {
        cloud.add_member(staff.id(), alice.id());
        cloud.synchronise_group(staff.id(), "00u1");
    });
    assert_eq!(center.held(&IDENTITY_GROUP, "staff"), ["member alice"]);
    center.server.take_log();
    for refused in [join("staff", "bob"), leave("staff", "alice")] {
        let error = center.does(&refused).unwrap_err();
        assert!(words(&error).starts_with("target-denied"), "{}", words(&error));
        assert!(words(&error).contains("change it where the group is kept"), "{}", words(&error));
    }
    assert_eq!(center.server.take_log().writes().count(), 0);
}

#[test]
fn whoever_is_in_a_group_is_told_with_what_it_holds() {
    let center = Center::new();
    let (staff, alice, bob) = (center.group("staff"), center.user("alice"), center.user("bob"));
    center.cloud(|cloud| {
        cloud.add_group("empty");
        cloud.add_member(staff.id(), alice.id());
        cloud.add_member(staff.id(), bob.id());
    });
    center.assign(&staff, "ReadOnly", SHOP);
    let reading = center.reading(&[(&ACCOUNT, SHOP)], Depth::Holders);
    assert_eq!(told(&reading), ["ReadOnly group:staff"]);
    let members = Members::from([("staff".to_owned(), ["alice", "bob"].map(Principal::from).into())]);
    assert_eq!(reading.members, members);
    // a call about somebody in it leaves the group alone
    center.must(&take(SHOP, "ReadOnly", "alice"));
    assert_eq!(center.held(&ACCOUNT, SHOP), ["ReadOnly group:staff"]);
    center.must(&call(Verb::Revoke, &ACCOUNT, SHOP, "ReadOnly", "group:staff"));
    assert_eq!(center.held(&ACCOUNT, SHOP), [""; 0]);
    // what a group holds whose members nobody tells is unread
    center.assign(&staff, "ReadOnly", SHOP);
    center.assign(&center.user("carol"), "ReadOnly", TILL);
    let denied = Fault::Error("AccessDeniedException".to_owned(), "no".to_owned());
    center.server.fail(On::operation("ListGroupMemberships"), denied);
    let scope: Scope = [(&ACCOUNT, SHOP), (&ACCOUNT, TILL)].into_iter().collect();
    let reading = center.look().read(&scope, Depth::Holders).unwrap();
    assert_eq!(reading.unread.iter().map(|(resource, _)| resource.name.as_str()).collect::<Vec<_>>(), [SHOP]);
    assert_eq!(reading.held.iter().map(|live| live.principal.name()).collect::<Vec<_>>(), ["carol"]);
}

#[test]
fn roles_are_given_and_taken_at_once() {
    let center = Center::new();
    let role = |verb| call(verb, &ACCOUNT_ROLE, ROLE, "assume", "alice");
    for _ in 0..2 {
        center.must(&role(GRANT));
    }
    assert_eq!(center.held(&ACCOUNT_ROLE, ROLE), ["assume alice"]);
    assert_eq!(center.cloud(|cloud| cloud.entitlements().len()), 1);
    let done = center.must(&role(Verb::Revoke));
    center.lives_for(&done, 12);
    assert_eq!(center.must(&role(Verb::Revoke)), Done::default());
    assert_eq!(center.held(&ACCOUNT_ROLE, ROLE), [""; 0]);
    center.cloud(|cloud| cloud.set_up_account_access(false));
    let error = center.does(&role(GRANT)).unwrap_err();
    assert!(words(&error).contains("Account access manager is not switched on"), "{}", words(&error));
    assert_eq!(center.must(&role(Verb::Revoke)), Done::default(), "nobody holds anything there");
    assert_eq!(center.held(&ACCOUNT_ROLE, ROLE), [""; 0]);
}

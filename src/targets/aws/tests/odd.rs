//! What AWS, or whoever stands in its place, can answer instead.

use super::*;
use crate::targets::error::Remedy;

#[track_caller]
fn refuses(center: &Center, parts: &[&str]) {
    let scope: Scope = [(&ACCOUNT, SHOP)].into_iter().collect();
    let error = center.look().read(&scope, Depth::Holders).unwrap_err();
    let said = words(&error);
    assert!(parts.iter().all(|part| said.contains(part)), "{said}");
}

#[test]
fn credentials_that_do_not_open_it() {
    let center = Center::new();
    center.cloud(|cloud| cloud.expire_key(&center.reads.id));
    refuses(&center, &["target-denied", "log in at `aws`", "the credential has expired"]);
    center.cloud(|cloud| cloud.remove_key(&center.reads.id));
    refuses(&center, &["target-denied", "log in at `aws`", "see which access key"]);
    let mut center = Center::new();
    center.reads.secret = "wrong".to_owned();
    refuses(&center, &["target-denied", "log in at `aws`"]);
    center.server.take_violations();
    let said = words(&center.look().hello().unwrap_err());
    assert!(!said.contains(&center.writes.secret), "{said}");
    assert_eq!(center.server.take_violations().len(), 1, "it was signed with another secret");
}

#[test]
fn another_organisation_or_instance_is_neither_read_nor_written() {
    let center = Center::new();
    let pinned = center.settings.clone();
    type Change = fn(&mut Settings);
    let cases: [(Change, &str); 3] = [
        (|settings| settings.organization = "o-zzzzzzzzzz".to_owned(), "o-zzzzzzzzzz"),
        (
            |settings| settings.instance = "arn:aws:sso:::instance/ssoins-0000000000000000".to_owned(),
            "ssoins-0000000000000000",
        ),
        (|settings| settings.identity_store = "d-0000000000".to_owned(), "d-0000000000"),
    ];
    for (change, other) in cases {
        let mut center = Center { settings: pinned.clone(), ..Center::new() };
        change(&mut center.settings);
        refuses(&center, &["target-identity", "answers as `aws:arn:aws:sso:::instance/", other]);
        let hello = center.look().hello().unwrap();
        assert!(!hello.identity.contains(other), "it says what it is: {hello:?}");
        assert_eq!(center.server.log().writes().count(), 0);
    }
    center.server.fail(On::operation("ListInstances"), Fault::OtherInstance);
    refuses(&center, &["target-identity"]);
}

#[test]
fn a_region_without_identity_center_is_named() {
    let mut center = Center::new();
    center.settings.region = "eu-west-3".to_owned();
    refuses(&center, &["there is no Identity Center in `eu-west-3`", "correct `region`"]);
}

#[test]
fn what_is_missing_or_comes_twice_is_no_answer() {
    let alice = |center: &Center| center.assign(&center.user("alice"), "ReadOnly", SHOP);
    for (operation, fault) in [
        ("ListUsers", Fault::EmptyMember("UserId".to_owned())),
        ("ListUsers", Fault::WithoutMember("UserName".to_owned())),
        ("ListGroups", Fault::EmptyMember("GroupId".to_owned())),
        ("ListAccountAssignments", Fault::EmptyMember("PrincipalId".to_owned())),
        ("ListAccountAssignments", Fault::WithoutMember("PrincipalType".to_owned())),
        ("DescribePermissionSet", Fault::EmptyMember("Name".to_owned())),
        ("DescribePermissionSet", Fault::EmptyObject),
        ("ListInstances", Fault::EmptyMember("IdentityStoreId".to_owned())),
        ("ListAccountAssignments", Fault::Garbage),
        ("ListAccountAssignments", Fault::HalfBody),
    ] {
        let center = Center::new();
        alice(&center);
        center.server.fail(On::operation(operation), fault.clone());
        let scope: Scope = [(&ACCOUNT, SHOP)].into_iter().collect();
        let error = center.look().read(&scope, Depth::Holders).unwrap_err();
        let wanted = [Remedy::Read, Remedy::Wait];
        assert!(wanted.contains(&error.remedy()), "{operation} {fault:?}: {}", words(&error));
        center.server.heal();
        assert_eq!(center.held(&ACCOUNT, SHOP), ["ReadOnly alice"]);
        center.server.take_violations();
    }
    for list in ["ListUsers", "ListAccountAssignments", "ListPermissionSets"] {
        let center = Center::new();
        alice(&center);
        center.server.fail(On::operation(list).times(1), Fault::EmptyPage);
        center.server.fail(On::operation(list).skip(1), Fault::RepeatedToken);
        refuses(&center, &["live-read-incomplete", "names one that was read already"]);
    }
    // a page that has nothing and leads on is one
    let center = Center::new();
    alice(&center);
    for list in ["ListUsers", "ListAccountAssignments", "ListPermissionSets"] {
        center.server.fail(On::operation(list).times(1), Fault::EmptyPage);
    }
    assert_eq!(center.held(&ACCOUNT, SHOP), ["ReadOnly alice"]);
}

#[test]
fn a_read_of_many_requests_does_not_begin_anew_for_one() {
    let center = Center::new();
    center.assign(&center.user("alice"), "ReadOnly", SHOP);
    for fault in [
        Fault::Drop,
        Fault::Status(500),
        Fault::Status(503),
        Fault::Error("ThrottlingException".to_owned(), "Rate exceeded".to_owned()),
    ] {
        center.server.fail(On::operation("ListAccountAssignments").times(2), fault.clone());
        center.server.take_log();
        assert_eq!(center.held(&ACCOUNT, SHOP), ["ReadOnly alice"], "{fault:?}");
        assert_eq!(center.server.take_log().of("ListUsers").count(), 1, "{fault:?}");
        center.server.heal();
    }
}

#[test]
fn names_that_reach_nothing_are_told_with_those_that_are_near() {
    let center = Center::new();
    for (call, parts) in [
        (give(SHOP, "ReadOnIy", "alice"), ["no permission `ReadOnIy`", "it knows `ReadOnly`"]),
        (give(SHOP, "ReadOnly", "alicia"), ["no account `alicia`", "it knows `alice`"]),
        (give("999988887777", "ReadOnly", "alice"), ["999988887777", "not found"]),
        (give("shop", "ReadOnly", "alice"), ["`shop` is no account", "12 digits"]),
    ] {
        let error = center.does(&call).unwrap_err();
        let said = words(&error);
        assert!(parts.iter().all(|part| said.contains(part)), "{said}");
        assert_eq!(error.remedy(), Remedy::Mend);
        let revoke = Call { verb: Verb::Revoke, ..call };
        assert_eq!(center.must(&revoke), Done::default(), "what isn't there can't be held");
    }
    assert_eq!(center.cloud(|cloud| cloud.assignments().len()), 0);
}

#[test]
fn an_assignment_that_fails_afterwards_says_why() {
    let center = Center::new();
    let alice = center.user("alice");
    // she is gone between the look and the write
    center.server.fail(On::operation("ListUsers"), Fault::Delay(Duration::ZERO));
    let mut writer = center.hand();
    struct Removes<'c>(&'c Center, Held);
    impl crate::targets::Gate for Removes<'_> {
        fn pass(&self) -> Result<(), crate::targets::Stopped> {
            self.0.cloud(|cloud| cloud.remove_user(self.1.id()));
            Ok(())
        }

        fn settled(&self, _: usize, _: &Result<Done, TargetError>) {}
    }
    let calls = [give(SHOP, "ReadOnly", "alice"), give(TILL, "ReadOnly", "bob")];
    let results = writer.perform(&calls[..1], &Removes(&center, alice));
    let said = words(results[0].as_ref().unwrap_err());
    assert!(
        said.starts_with("target-refused") && said.contains("grant ReadOnly on account 444455556666 for alice"),
        "{said}"
    );
    center.must(&calls[1]);
}

#[test]
fn a_set_that_is_being_deleted_and_an_account_that_is_suspended_refuse() {
    let center = Center::new();
    let set = center.set("ReadOnly");
    center.assign(&center.user("bob"), "DeveloperAccess", SHOP);
    center.cloud(|cloud| cloud.begin_set_deletion(&set));
    let error = center.does(&give(SHOP, "ReadOnly", "alice")).unwrap_err();
    assert!(words(&error).contains("grant ReadOnly on account 444455556666 for alice"), "{}", words(&error));
    center.cloud(|cloud| cloud.set_account_state(TILL, AccountState::Suspended));
    let error = center.does(&give(TILL, "DeveloperAccess", "alice")).unwrap_err();
    assert!(words(&error).contains("grant DeveloperAccess on account 555566667777"), "{}", words(&error));
    assert_eq!(center.held(&ACCOUNT, SHOP), ["DeveloperAccess bob"]);
}

#[test]
fn nobody_hears_what_came_of_a_write() {
    for fault in [
        Fault::DropAfterEffect,
        Fault::Garbage,
        Fault::StatusAfterEffect(500),
        Fault::WithoutMember("RequestId".to_owned()),
    ] {
        let center = Center::new();
        center.server.fail(On::operation("CreateAccountAssignment"), fault.clone());
        let error = center.does(&give(SHOP, "ReadOnly", "alice")).unwrap_err();
        assert_eq!(error.remedy(), Remedy::Read, "{fault:?}: {}", words(&error));
        center.server.heal();
        assert_eq!(center.held(&ACCOUNT, SHOP), ["ReadOnly alice"], "the next run reads what came of it");
        center.server.take_violations();
    }
}

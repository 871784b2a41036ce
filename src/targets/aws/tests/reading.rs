//! What is read, and what that costs.

use super::*;
use crate::targets::{Names, Power};

#[test]
fn an_instance_says_which_one_it_is() {
    let center = Center::new();
    let Settings { instance, identity_store, organization, .. } = &center.settings;
    let identity = format!("aws:{instance}:{identity_store}:{organization}");
    let hello = center.look().hello().unwrap();
    assert_eq!((hello.identity, hello.own, hello.power), (identity, Default::default(), Power::Unknown));
    assert!(hello.clock.unwrap().duration_since(start()) < SignedDuration::from_mins(1));
    let names = |of| center.look().names(of).unwrap().unwrap().into_iter().collect::<Vec<_>>();
    assert_eq!(names(Names::Resources(&ACCOUNT)), [OWN, SHOP, TILL]);
    assert_eq!(names(Names::Permissions(&ACCOUNT)), ["DeveloperAccess", "ReadOnly"]);
    assert_eq!(names(Names::Resources(&IDENTITY_GROUP)), ["staff"]);
    assert_eq!(names(Names::Accounts), ["alice", "bob", "carol"]);
    assert_eq!(center.look().names(Names::Resources(&ACCOUNT_ROLE)).unwrap(), None);
}

/// Rows of an instance whose sets are in few accounts, and of one where they are in all of them.
#[test]
fn both_ways_of_reading_tell_the_same() {
    for lists_groups in [false, true] {
        let mut cloud = Cloud::large(12, 10, 10, 4, 20, start());
        cloud.lists_groups_of_users = lists_groups;
        let center = Center::of(cloud);
        let accounts: Vec<String> =
            center.look().names(Names::Resources(&ACCOUNT)).unwrap().unwrap().into_iter().collect();
        let scope: Vec<(&'static Kind, &str)> = accounts.iter().map(|account| (&ACCOUNT, account.as_str())).collect();
        center.server.take_log();
        let by_principal = center.reading(&scope, Depth::Holders);
        assert!(center.server.log().of("ListAccountAssignmentsForPrincipal").count() > 0);
        assert_eq!(center.server.log().of("ListAccountAssignments").count(), 0);
        let denied = Fault::Error("AccessDeniedException".to_owned(), "only the management account".to_owned());
        center.server.fail(On::operation("ListAccountAssignmentsForPrincipal"), denied);
        let by_account = center.reading(&scope, Depth::Holders);
        assert!(center.server.log().of("ListAccountAssignments").count() > 0);
        assert!(by_principal.held.len() > 100, "{}", by_principal.held.len());
        assert_eq!(by_principal.held, by_account.held);
        assert_eq!(by_principal.members, by_account.members);
    }
}

/// The bounds are those that the page beside the code names, for 240 sets in 8 of 96 accounts each, 480 groups and 1,500 users.
#[test]
fn a_large_instance_is_read_in_a_bounded_number_of_requests() {
    let center = Center::of(Cloud::large(240, 96, 8, 480, 1_500, start()));
    let dir = tempfile::tempdir().unwrap();
    let accounts: Vec<String> = center.look().names(Names::Resources(&ACCOUNT)).unwrap().unwrap().into_iter().collect();
    let scope: Scope = accounts.iter().map(|account| (&ACCOUNT, account.as_str())).collect();
    let read = || {
        center.server.take_log();
        let cache = Cache::open(dir.path(), &center.settings.instance);
        let mut reader = InstanceReader::new(center.line(&center.reads), cache);
        reader.hello().unwrap();
        let began = center.server.clock().now();
        let reading = reader.read(&scope, Depth::Holders).unwrap();
        assert!(reading.unread.is_empty());
        let (log, took) = (center.server.take_log(), center.server.clock().now().duration_since(began));
        let most = log.most_in_a_second();
        assert!(most <= 30, "a burst, and then 15 a second: {most}");
        let groups = log.of("ListGroupMemberships").count();
        assert_eq!(groups, reading.members.len(), "one for each group that holds something");
        (log.count() - groups, reading.held.len(), took)
    };
    let (cold, held, took) = read();
    let (warm, again, _) = read();
    assert_eq!(held, again);
    assert!(held >= 1_920, "{held}");
    assert!(cold <= 2_300 && warm <= 2_050, "{cold} cold, {warm} warm");
    assert!(took <= SignedDuration::from_secs(200), "{took}");
}

#[test]
fn a_delegated_administrator_reads_all_but_the_organisations_own_account() {
    let mut center = Center::with(|cloud| {
        cloud.delegated_administrator(TILL);
    });
    center.reads = center.cloud(|cloud| cloud.add_key(TILL));
    center.assign(&center.user("alice"), "ReadOnly", SHOP);
    center.assign(&center.user("bob"), "ReadOnly", OWN);
    let scope: Scope = [(&ACCOUNT, OWN), (&ACCOUNT, SHOP)].into_iter().collect();
    let reading = center.look().read(&scope, Depth::Holders).unwrap();
    assert_eq!(reading.held.iter().map(|live| live.principal.name()).collect::<Vec<_>>(), ["alice"]);
    let [(resource, error)] = &reading.unread[..] else { panic!("{reading:?}") };
    assert_eq!(resource.name, OWN);
    assert!(words(error).contains("a delegated administrator doesn't"), "{}", words(error));
}

#[test]
fn a_read_waits_for_what_is_under_way_on_its_scope_and_for_nothing_else() {
    let center = Center::with(|cloud| cloud.settle = Settle::Seconds(30));
    let (alice, bob, set) = (center.user("alice"), center.user("bob"), center.set("ReadOnly"));
    center.cloud(|cloud| {
        cloud.begin_assignment(&alice, &set, SHOP, Settle::Seconds(60));
        cloud.begin_assignment(&bob, &set, TILL, Settle::Seconds(100_000));
    });
    assert_eq!(center.held(&ACCOUNT, SHOP), ["ReadOnly alice"]);
    assert!(center.server.clock().now() >= start() + SignedDuration::from_secs(60));
    let scope: Scope = [(&ACCOUNT, TILL)].into_iter().collect();
    let error = center.look().read(&scope, Depth::Holders).unwrap_err();
    assert!(words(&error).starts_with("target-unsettled | accepted, and not settled yet: an assignment in account"));
}

#[test]
fn what_was_deleted_is_told_by_its_id_and_can_be_taken() {
    let center = Center::new();
    let alice = center.user("alice");
    center.assign(&alice, "ReadOnly", SHOP);
    center.cloud(|cloud| cloud.remove_user(alice.id()));
    assert_eq!(center.held(&ACCOUNT, SHOP), [format!("ReadOnly deleted:user {}", alice.id())]);
    let deleted = format!("deleted:user {}", alice.id());
    center.must(&take(SHOP, "ReadOnly", &deleted));
    assert_eq!(center.held(&ACCOUNT, SHOP), [""; 0]);
}

#[test]
fn what_is_told_beside_assignments() {
    let center = Center::with(|cloud| {
        cloud.set_account_state(TILL, AccountState::Suspended);
    });
    let (alice, staff) = (center.user("alice"), center.group("staff"));
    center.cloud(|cloud| {
        cloud.entitle(&alice, ROLE);
        cloud.entitle(&staff, "arn:aws:iam::555566667777:role/Elsewhere");
    });
    assert_eq!(
        center.facts(&[(&ACCOUNT, SHOP), (&ACCOUNT, TILL)]),
        [
            "account-not-active: account `555566667777` is suspended",
            "access-by-entitlement: `alice` may take on `arn:aws:iam::444455556666:role/ops/Deploy` by an entitlement",
            "access-by-entitlement: `group:staff` may take on `arn:aws:iam::555566667777:role/Elsewhere` by an entitlement",
        ]
    );
    // what a domain names is held, and no other way in
    assert_eq!(center.facts(&[(&ACCOUNT, SHOP), (&ACCOUNT_ROLE, ROLE)]), [""; 0]);
    assert_eq!(center.held(&ACCOUNT_ROLE, ROLE), ["assume alice"]);
    let denied = Fault::Error("AccessDeniedException".to_owned(), "no".to_owned());
    center.server.fail(On::operation("ListApplications"), denied);
    assert_eq!(
        center.facts(&[(&ACCOUNT, SHOP)]),
        ["entitlements-hidden: the reading credential may not list entitlements of Account access manager"]
    );
    let scope: Scope = [(&ACCOUNT, SHOP), (&ACCOUNT_ROLE, ROLE)].into_iter().collect();
    let reading = center.look().read(&scope, Depth::Holders).unwrap();
    assert_eq!(reading.unread.iter().map(|(resource, _)| resource.name.as_str()).collect::<Vec<_>>(), [ROLE]);
}

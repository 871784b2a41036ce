//! Invitations: a state of their own, which is neither sent twice nor left behind.

use super::*;

fn mails(hub: &Hub) -> usize {
    hub.server.world(|world| world.mails().len())
}

fn days(hub: &Hub, days: i64) {
    hub.server.clock().advance(SignedDuration::from_hours(24 * days));
}

#[test]
fn who_is_outside_is_invited_once_and_holds_it_from_when_they_accept() {
    let hub = Hub::new();
    let (give, eve) = (hub.give("northwind/shop", "push", "eve"), hub.number("eve"));
    assert!(hub.must(&give).note.unwrap().starts_with("invited; it is held from when they accept"));
    assert_eq!(hub.held(&REPOSITORY, "northwind/shop"), [format!("push {eve} invited")]);
    assert!(hub.must(&give).note.unwrap().starts_with("invited already; they may accept until 2026-12-07T08:00"));
    assert_eq!(mails(&hub), 1);
    // another role changes the invitation that waits
    hub.must(&change("push", hub.give("northwind/shop", "maintain", "eve")));
    assert_eq!(hub.held(&REPOSITORY, "northwind/shop"), [format!("maintain {eve} invited")]);
    hub.server.world(|world| world.accept("eve"));
    assert_eq!(hub.held(&REPOSITORY, "northwind/shop"), [format!("maintain {eve}")]);
    assert_eq!(mails(&hub), 1);
    hub.must(&change("maintain", hub.give("northwind/shop", "pull", "eve")));
    assert_eq!(hub.held(&REPOSITORY, "northwind/shop"), [format!("pull {eve}")]);
}

#[test]
fn one_that_expired_is_nothing_that_is_held_and_makes_way_for_another() {
    let hub = Hub::new();
    let give = hub.give("northwind/shop", "push", "eve");
    hub.must(&give);
    days(&hub, 8);
    assert_eq!(hub.held(&REPOSITORY, "northwind/shop"), Vec::<String>::new());
    let facts = hub.facts(&[(&REPOSITORY, "northwind/shop")]);
    assert!(
        facts.contains(&"invitation-expired: the invitation of `eve` to `northwind/shop` expired".to_owned()),
        "{facts:?}"
    );
    hub.must(&give);
    hub.must(&give);
    assert_eq!(mails(&hub), 2);
    assert_eq!(hub.held(&REPOSITORY, "northwind/shop"), [format!("push {} invited", hub.number("eve"))]);
}

#[test]
fn one_that_was_declined_is_not_sent_again_on_the_same_day() {
    let hub = Hub::new();
    hub.must(&hub.give("northwind/shop", "push", "eve"));
    hub.must(&hub.call(GRANT, &MEMBERSHIP, "northwind", "member", "finn"));
    let sent = hub.server.clock().now();
    hub.server.world(|world| {
        world.decline("eve");
        world.decline("finn");
    });
    let of = |kind, resource: &str, login: &str, permission: &str| -> Vec<String> {
        let resource = Resource { kind, name: resource.to_owned() };
        let mut scope: Scope = [resource.clone()].into_iter().collect();
        let one = Expectation { given: Some(sent), ..wanted(permission) };
        scope.expect([(resource, [(hub.number(login), one)].into())].into(), Default::default());
        let held = told(&hub.look().read(&scope, Depth::Holders).unwrap());
        held.into_iter().filter(|held| held.contains(&hub.number(login))).collect()
    };
    let (eve, finn) = (hub.number("eve"), hub.number("finn"));
    assert_eq!(of(&REPOSITORY, "northwind/shop", "eve", "push"), [format!("push {eve} declined")]);
    assert_eq!(of(&MEMBERSHIP, "northwind", "finn", "member"), [format!("member {finn} declined")]);
    assert_eq!(of(&TEAM, "northwind/oncall", "finn", "member"), [format!("member {finn} declined")]);
    days(&hub, 1);
    // GitHub tells its time in whole seconds
    hub.server.clock().advance(SignedDuration::from_secs(1));
    assert_eq!(of(&REPOSITORY, "northwind/shop", "eve", "push"), Vec::<String>::new(), "tomorrow it is");
    // whoever is in the organisation is added at once, and was taken out by hand
    assert_eq!(of(&REPOSITORY, "northwind/shop", "bo", "push"), Vec::<String>::new());
}

#[test]
fn a_revoke_takes_what_waits_and_what_expired() {
    let hub = Hub::new();
    for wait in [0, 8] {
        hub.must(&hub.give("northwind/shop", "push", "eve"));
        days(&hub, wait);
        hub.must(&hub.take("northwind/shop", "push", "eve"));
        assert_eq!(hub.server.world(|world| world.repository("shop").unwrap().invitations.len()), 0, "{wait}");
        hub.must(&hub.take("northwind/shop", "push", "eve"));
    }
    // what somebody else sent is withdrawn, too
    hub.server.world(|world| world.invite_to_repository("finn", "shop", "admin", "ada"));
    assert_eq!(hub.held(&REPOSITORY, "northwind/shop"), [format!("admin {} invited", hub.number("finn"))]);
    hub.must(&hub.take("northwind/shop", "admin", "finn"));
    assert_eq!(hub.held(&REPOSITORY, "northwind/shop"), Vec::<String>::new());
}

#[test]
fn membership_is_given_by_number_and_taken_with_what_hangs_on_it() {
    let hub = Hub::new();
    let give = |permission| hub.call(GRANT, &MEMBERSHIP, "northwind", permission, "eve");
    let (eve, team) = (hub.number("eve"), hub.call(GRANT, &TEAM, "northwind/oncall", "maintainer", "eve"));
    let calls = [team.clone(), give("member")];
    let results = hub.hand().perform(&calls, &Turnstile::of(usize::MAX));
    assert!(
        results.iter().all(|one| one.as_ref().unwrap().note.as_ref().unwrap().starts_with("invited")),
        "{results:?}"
    );
    assert_eq!(mails(&hub), 1, "membership comes first, and the team joins its invitation");
    let of_eve = |kind, resource| -> Vec<String> {
        let held = hub.held(kind, resource);
        held.into_iter().filter(|one| one.contains(&format!(" {eve}"))).collect()
    };
    assert_eq!(of_eve(&MEMBERSHIP, "northwind"), [format!("member {eve} invited")]);
    assert_eq!(of_eve(&TEAM, "northwind/oncall"), [format!("maintainer {eve} invited")]);
    hub.must(&team);
    hub.must(&give("member"));
    assert_eq!(mails(&hub), 1);
    // one that came to nothing stands in the way of no other
    days(&hub, 8);
    assert_eq!(of_eve(&MEMBERSHIP, "northwind"), Vec::<String>::new());
    let facts = hub.facts(&[(&MEMBERSHIP, "northwind")]);
    assert!(
        facts.iter().any(|one| one.starts_with("invitation-expired: the invitation of `eve` to the organisation")),
        "{facts:?}"
    );
    hub.must(&give("member"));
    assert_eq!(mails(&hub), 2);
    hub.server.world(|world| world.accept("eve"));
    hub.must(&team);
    assert_eq!(of_eve(&TEAM, "northwind/oncall"), [format!("maintainer {eve}")]);
    hub.must(&change("member", give("admin")));
    assert_eq!(of_eve(&MEMBERSHIP, "northwind"), [format!("admin {eve}")]);
    let done = hub.must(&hub.call(Verb::Revoke, &MEMBERSHIP, "northwind", "admin", "eve"));
    assert_eq!(done.note.as_deref(), Some("what they held on repositories and in teams went with it"));
    assert_eq!((of_eve(&MEMBERSHIP, "northwind"), of_eve(&TEAM, "northwind/oncall")), (vec![], vec![]));
    // an invitation is withdrawn like what is held, one of an address by its number
    hub.must(&give("member"));
    hub.must(&hub.call(Verb::Revoke, &MEMBERSHIP, "northwind", "member", "eve"));
    let number = hub.server.world(|world| world.invite_by_mail("x@globex.example", "ada"));
    let held = hub.held(&MEMBERSHIP, "northwind");
    assert!(held.contains(&format!("member unknown:invitation {number} invited")), "{held:?}");
    let unknown = crate::targets::Principal::Unknown(format!("invitation {number}"));
    hub.must(&Call { principal: unknown, ..hub.call(Verb::Revoke, &MEMBERSHIP, "northwind", "member", "eve") });
    assert_eq!(hub.held(&MEMBERSHIP, "northwind").len(), 4);
}

#[test]
fn more_invitations_than_a_day_takes_wait_and_it_is_known_before() {
    let hub = Hub::with(|world| {
        for number in 0..120 {
            world.add_account(&format!("guest-{number:03}"));
        }
    });
    let logins: Vec<String> = (0..120).map(|number| format!("guest-{number:03}")).collect();
    let calls: Vec<Call> = logins.iter().map(|login| hub.give("northwind/shop", "pull", login)).collect();
    // the plan knows it before anything is written
    let shop = Resource { kind: &REPOSITORY, name: "northwind/shop".to_owned() };
    let expected = logins.iter().map(|login| (hub.number(login), wanted("pull"))).collect();
    let mut scope: Scope = [shop.clone()].into_iter().collect();
    scope.expect([(shop, expected)].into(), Default::default());
    let reading = hub.look().read(&scope, Depth::Facts).unwrap();
    let waits =
        |words: &str| reading.facts.iter().any(|fact| fact.rule.code.id == "invitations-wait" && fact.words == words);
    assert!(
        waits("of 120 invitations to `northwind/shop` GitHub takes 50 now, and 70 wait for another day"),
        "{reading:?}"
    );
    // what takes time here takes it at the server, so that pauses are whole
    hub.server.clock().run(1);
    for sent in [50, 100, 120] {
        hub.server.take_log();
        let results = hub.hand().perform(&calls, &Turnstile::of(usize::MAX));
        let done = results.iter().filter(|one| one.is_ok()).count();
        assert_eq!(done, sent, "{:?}", results.last());
        if sent < 120 {
            let said = words(results[119].as_ref().unwrap_err());
            let start = "target-quota | 50 invitations to `northwind/shop` were sent in 24 hours, and GitHub takes no more; this one waits until";
            assert!(said.starts_with(start) && said.contains("run `dualkey apply` again"), "{said}");
        }
        let refused = hub.server.log().0.iter().filter(|one| one.method == "PUT" && one.status == Some(422)).count();
        assert_eq!(refused, 0, "nothing is tried in vain");
        assert!(hub.server.log().shortest_pause().unwrap() >= SignedDuration::from_secs(1));
        days(&hub, 1);
    }
    assert_eq!(mails(&hub), 120);
}

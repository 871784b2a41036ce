//! What is meant is known by its number, and roles of an organisation's own by their names.

use super::*;

fn shop() -> Resource {
    Resource { kind: &REPOSITORY, name: "northwind/shop".to_owned() }
}

fn oncall() -> Resource {
    Resource { kind: &TEAM, name: "northwind/oncall".to_owned() }
}

fn meant(resource: &Resource, number: u64) -> Scope {
    let mut scope: Scope = [resource.clone()].into_iter().collect();
    scope.identify(resource.clone(), number);
    scope
}

impl Hub {
    fn repository_id(&self, name: &str) -> u64 {
        self.server.world(|world| world.repository(name).unwrap().id)
    }

    fn team_id(&self, slug: &str) -> u64 {
        self.server.world(|world| world.team(slug).unwrap().id)
    }
}

#[test]
fn a_repository_is_read_and_written_by_its_number_whatever_its_name_means() {
    let hub = Hub::with(|world| world.grant("eve", "shop", "write"));
    let (eve, number) = (hub.number("eve"), hub.repository_id("shop"));
    let reading = hub.reading(&[(&REPOSITORY, "northwind/shop")], Depth::Holders);
    assert_eq!(reading.numbers, [(shop(), Numbered { number, now: None })].into());
    // somebody renames it, and makes another one of its name in which others are
    hub.server.world(|world| {
        world.rename_repository("shop", "store");
        world.add_repository("shop");
        world.grant("finn", "shop", "admin");
    });
    let new = hub.repository_id("shop");
    let mut reader = hub.look();
    // the second look asks for it alone
    for look in 0..2 {
        let reading = reader.read(&meant(&shop(), number), Depth::Holders).unwrap();
        assert_eq!(told(&reading), [format!("push {eve}")], "look {look}");
        assert_eq!(reading.numbers, [(shop(), Numbered { number, now: Some(new) })].into(), "look {look}");
    }
    hub.must(&Call { number: Some(number), ..hub.give("northwind/shop", "pull", "bo") });
    hub.must(&Call { number: Some(number), ..hub.take("northwind/shop", "push", "eve") });
    let role = |login: &str, name: &str| hub.server.world(|world| world.role_of(login, name).map(|role| role.name));
    assert_eq!((role("bo", "store").as_deref(), role("bo", "shop")), (Some("read"), None));
    assert_eq!((role("eve", "store"), role("finn", "shop").as_deref()), (None, Some("admin")));
    // what is gone is held by nobody, whoever is in what has its name
    hub.server.world(|world| world.delete_repository("store"));
    let reading = hub.look().read(&meant(&shop(), number), Depth::Facts).unwrap();
    assert_eq!((told(&reading), reading.numbers), (vec![], [(shop(), Numbered { number, now: Some(new) })].into()));
    assert_eq!(
        hub.must(&Call { number: Some(number), ..hub.take("northwind/shop", "admin", "finn") }),
        Done::default()
    );
    assert_eq!(role("finn", "shop").as_deref(), Some("admin"));
    let refused = hub.does(&Call { number: Some(number), ..hub.give("northwind/shop", "pull", "bo") }).unwrap_err();
    assert!(words(&refused).contains("knows no repository `northwind/shop`"), "{refused}");
}

#[test]
fn what_is_held_under_another_number_is_told_beside_and_hides_nothing_where_it_cannot_be_read() {
    let hub = Hub::with(|world| {
        world.grant("eve", "shop", "write");
        world.grant("finn", "till", "read");
    });
    let (shop_id, till) = (hub.repository_id("shop"), hub.repository_id("till"));
    let mut scope: Scope = [shop()].into_iter().collect();
    scope.also(shop(), [shop_id, till, 999].into());
    let reading = hub.look().read(&scope, Depth::Holders).unwrap();
    assert_eq!(told(&reading), [format!("push {}", hub.number("eve"))]);
    let beside: Vec<(u64, Vec<String>)> = reading.elsewhere[&shop()]
        .iter()
        .map(|(number, held)| {
            (*number, held.iter().map(|live| format!("{} {}", live.permission, live.principal)).collect())
        })
        .collect();
    assert_eq!(beside, [(till, vec![format!("pull {}", hub.number("finn"))])]);
    hub.server.fail(On::method("GET").path("/repos/northwind/till/invitations").times(1), Fault::Status(404));
    let reading = hub.look().read(&scope, Depth::Holders).unwrap();
    assert_eq!((reading.held.len(), reading.elsewhere.len()), (1, 0));
    let unread: Vec<&str> = reading.unread.iter().map(|(resource, _)| resource.name.as_str()).collect();
    assert_eq!(unread, [format!("northwind/shop #{till}")]);
}

#[test]
fn a_team_is_followed_to_its_new_name_and_not_taken_for_another_one() {
    let hub = Hub::with(|world| world.join_team("bo", "oncall", false));
    let (bo, number) = (hub.number("bo"), hub.team_id("oncall"));
    hub.server.world(|world| world.rename_team("oncall", "night"));
    let reading = hub.look().read(&meant(&oncall(), number), Depth::Facts).unwrap();
    assert_eq!(told(&reading), [format!("member {bo}")]);
    let facts: Vec<&str> = reading.facts.iter().map(|fact| fact.words.as_str()).collect();
    assert!(facts.contains(&"`northwind/oncall` is called `northwind/night` by now"), "{facts:?}");
    let join =
        |login: &str| Call { number: Some(number), ..hub.call(GRANT, &TEAM, "northwind/oncall", "member", login) };
    hub.must(&join("cleo"));
    // another team takes its old name
    hub.server.world(|world| {
        world.add_team("oncall", None);
        world.join_team("ada", "oncall", false);
    });
    let new = hub.team_id("oncall");
    let reading = hub.look().read(&meant(&oncall(), number), Depth::Holders).unwrap();
    assert_eq!(told(&reading).len(), 2);
    assert_eq!(reading.numbers, [(oncall(), Numbered { number, now: Some(new) })].into());
    hub.must(&Call { verb: Verb::Revoke, ..join("bo") });
    let members = |slug: &str| hub.server.world(|world| world.team(slug).unwrap().members.len());
    assert_eq!((members("night"), members("oncall")), (1, 1));
    hub.server.world(|world| world.delete_team("night"));
    hub.must(&Call { verb: Verb::Revoke, ..join("cleo") });
    assert!(words(&hub.does(&join("cleo")).unwrap_err()).contains("knows no team `northwind/oncall`"));
}

#[test]
fn a_role_of_the_organisations_own_is_given_by_its_name_and_known_by_the_word_below_it() {
    let hub = Hub::with(|world| {
        world.add_custom_role("Release Manager", Level::Write);
        world.add_custom_role("auditor", Level::Read);
    });
    let mut reader = hub.look();
    let known = reader.names(crate::targets::Names::Permissions(&REPOSITORY)).unwrap().unwrap();
    assert!(known.contains("push+Release Manager") && known.contains("pull+auditor") && known.contains("admin"));
    let give = |permission: &str, login: &str| hub.give("northwind/shop", permission, login);
    hub.must(&give("push+Release Manager", "bo"));
    let bo = hub.number("bo");
    assert_eq!(hub.held(&REPOSITORY, "northwind/shop"), [format!("push+Release Manager {bo}")]);
    hub.must(&change("push+Release Manager", give("pull+auditor", "bo")));
    assert_eq!(hub.held(&REPOSITORY, "northwind/shop"), [format!("pull+auditor {bo}")]);
    hub.must(&hub.take("northwind/shop", "pull+auditor", "bo"));
    // from outside one is invited, and the invitation tells the word alone
    hub.must(&give("push+Release Manager", "eve"));
    let eve = hub.number("eve");
    let mut scope: Scope = [shop()].into_iter().collect();
    scope.expect([(shop(), [(eve.clone(), wanted("push+Release Manager"))].into())].into(), Default::default());
    assert_eq!(told(&reader.read(&scope, Depth::Holders).unwrap()), [format!("push+Release Manager {eve} invited")]);
    hub.server.take_log();
    hub.must(&give("push+Release Manager", "eve"));
    assert_eq!(hub.server.take_log().writes().count(), 0, "it waits already");
    hub.must(&change("push+Release Manager", give("pull+auditor", "eve")));
    hub.server.world(|world| world.accept("eve"));
    assert_eq!(hub.held(&REPOSITORY, "northwind/shop"), [format!("pull+auditor {eve}")]);
}

#[test]
fn who_signs_in_with_a_second_factor_is_told_to_owners_alone() {
    let hub = Hub::with(|world| {
        world.grant("eve", "shop", "write");
        world.grant("finn", "shop", "write");
        world.set_second_factor("bo", SecondFactor::Disabled);
        world.set_second_factor("eve", SecondFactor::Disabled);
        world.set_second_factor("finn", SecondFactor::Insecure);
    });
    let mut scope: Scope = [shop()].into_iter().collect();
    scope.ask_factors();
    let factors = hub.look().read(&scope, Depth::Holders).unwrap().factors;
    let of = |login: &str| factors.get(&hub.number(login)).copied();
    assert_eq!(["ada", "bo", "eve", "finn"].map(of), [Some(true), Some(false), Some(false), Some(true)]);
    // who isn't told of people from outside doesn't guess
    let token = hub.server.world(|world| world.fine_grained_token("bo", "members=read"));
    scope.insert(&MEMBERSHIP, "northwind");
    let members: Scope = {
        let mut scope: Scope = [(&MEMBERSHIP, "northwind")].into_iter().collect();
        scope.ask_factors();
        scope
    };
    let factors = hub.reads_with(&token).read(&members, Depth::Holders).map(|reading| reading.factors);
    assert!(factors.is_err() || factors.unwrap().is_empty(), "nobody can tell");
}

#[test]
fn what_was_meant_and_can_not_be_seen_is_no_empty_repository() {
    let hub = Hub::with(|world| world.grant("eve", "shop", "write"));
    let number = hub.repository_id("shop");
    hub.server.world(|world| {
        world.rename_repository("shop", "store");
        world.add_repository("shop");
        let (shop, till) = (world.repository("shop").unwrap().id, world.repository("till").unwrap().id);
        let TokenKind::FineGrained { repositories, .. } = &mut world.token_mut(&hub.reads).kind else { panic!() };
        *repositories = Some([shop, till].into());
    });
    let reading = hub.look().read(&meant(&shop(), number), Depth::Holders).unwrap();
    assert!(words(&reading.unread[0].1).contains("the credential may not see it"), "{:?}", reading.unread);
    // one that went to another organisation is no longer ours to end, where another one has its name
    hub.server.world(|world| {
        let TokenKind::FineGrained { repositories, .. } = &mut world.token_mut(&hub.reads).kind else { panic!() };
        *repositories = None;
        let other = world.add_organization("initech");
        world.set_visibility("store", Visibility::Public);
        world.transfer_repository("store", other);
    });
    let new = hub.repository_id("shop");
    let reading = hub.look().read(&meant(&shop(), number), Depth::Holders).unwrap();
    assert_eq!((told(&reading), reading.numbers), (vec![], [(shop(), Numbered { number, now: Some(new) })].into()));
}

//! What people do behind a client's back, and what GitHub will not let it do.

use super::*;

#[test]
fn a_login_is_resolved_right_before_it_is_used_and_checked_after() {
    let hub = Hub::new();
    let number = hub.number("eve");
    hub.server.world(|world| {
        world.rename_account("eve", "evelyn");
        world.add_account("eve");
    });
    hub.must(&Call { principal: number.as_str().into(), ..hub.give("northwind/shop", "push", "bo") });
    let open: Vec<Id> = hub
        .server
        .world(|world| world.repository("shop").unwrap().invitations.values().map(|one| one.invitee).collect());
    assert_eq!(open, [number.parse::<Id>().unwrap()]);
    // whoever has gone gets nothing, and holds nothing
    hub.server.world(|world| world.delete_account("evelyn"));
    let gone = Call { principal: number.as_str().into(), ..hub.give("northwind/till", "push", "bo") };
    assert_eq!(
        words(&hub.does(&gone).unwrap_err()),
        format!(
            "target-unknown-name | the target knows no account #{number} | correct the name in the access repository"
        )
    );
    hub.must(&Call { verb: Verb::Revoke, ..gone });
}

#[test]
fn what_github_will_not_do_is_told_with_the_next_step() {
    let hub = Hub::with(|world| {
        world.grant("eve", "shop", "write");
        world.archive("shop", true);
        world.synchronize("build", true);
        world.add_enterprise_team("everybody");
        world.join_team("finn", "ent:everybody", false);
        world.set_base(Level::Write);
    });
    let said = |call: &Call| words(&hub.does(call).unwrap_err());
    let archived = said(&hub.take("northwind/shop", "push", "eve"));
    assert!(archived.starts_with("target-refused | ") && archived.contains("unarchive it first"), "{archived}");
    let kept = said(&hub.call(GRANT, &TEAM, "northwind/build", "member", "bo"));
    assert!(kept.contains("managed by an identity provider") && kept.contains("where the team is kept"), "{kept}");
    let by_enterprise = said(&hub.call(Verb::Revoke, &MEMBERSHIP, "northwind", "member", "finn"));
    assert!(by_enterprise.contains("by the enterprise's team `ent:everybody`"), "{by_enterprise}");
    let below_base = said(&hub.give("northwind/till", "pull", "bo"));
    assert!(below_base.contains("Cannot assign member permission of read"), "{below_base}");
    let unknown = said(&hub.give("northwind/nosuch", "pull", "bo"));
    assert!(unknown.contains("knows no repository `northwind/nosuch`"), "{unknown}");
    let own = said(&hub.call(Verb::Revoke, &MEMBERSHIP, "northwind", "admin", "root"));
    assert!(own.contains("is the account that dualkey writes with"), "{own}");
    assert_eq!(hub.server.world(|world| world.organization().members.len()), 5, "nobody went");
    let facts = hub.facts(&[(&REPOSITORY, "northwind/shop"), (&MEMBERSHIP, "northwind")]);
    for expected in [
        "enterprise-team: `finn` is a member by the enterprise's team `ent:everybody`",
        "repository-archived: `northwind/shop` is archived, with 1 collaborator in it",
        "base-permission-crosses-domains: the base permission of `northwind` is `write`, which 5 members have on each repository",
    ] {
        assert!(facts.contains(&expected.to_owned()), "{expected} in {facts:#?}");
    }
}

#[test]
fn what_has_moved_is_followed_by_its_number() {
    let hub = Hub::with(|world| world.grant("eve", "shop", "write"));
    hub.server.world(|world| world.rename_repository("shop", "Store"));
    let shop = [(&REPOSITORY, "northwind/shop")];
    assert_eq!(told(&hub.reading(&shop, Depth::Holders)), [format!("push {}", hub.number("eve"))]);
    hub.must(&hub.take("northwind/shop", "push", "eve"));
    assert_eq!(hub.server.world(|world| world.role_of("eve", "Store")), None);
    hub.must(&hub.give("northwind/shop", "pull", "bo"));
    let facts = hub.facts(&shop);
    assert!(
        facts.contains(&"resource-renamed: `northwind/shop` is called `northwind/Store` by now".to_owned()),
        "{facts:?}"
    );
    // an organisation, too
    hub.server.world(|world| world.rename_organization("southwind"));
    assert_eq!(told(&hub.reading(&shop, Depth::Holders)), [format!("pull {}", hub.number("bo"))]);
    hub.must(&hub.take("northwind/shop", "pull", "bo"));
    assert_eq!(hub.held(&TEAM, "northwind/oncall"), Vec::<String>::new());
    // and what went to another organisation is not ours any more
    hub.server.world(|world| {
        let other = world.add_organization("initech");
        world.set_visibility("southwind/Store", Visibility::Public);
        world.transfer_repository("southwind/Store", other);
        world.grant("eve", "initech/Store", "write");
    });
    let scope: Scope = shop.into_iter().collect();
    let unread = hub.look().read(&scope, Depth::Holders).unwrap().unread;
    assert!(words(&unread[0].1).contains("is `initech/Store` by now, which is another's"), "{unread:?}");
    let refused = hub.does(&hub.give("northwind/shop", "pull", "bo")).unwrap_err();
    assert!(words(&refused).contains("which is another's"), "{refused}");
    // what was deleted is held by nobody, where all can be seen
    hub.server.world(|world| world.delete_repository("till"));
    assert_eq!(hub.held(&REPOSITORY, "northwind/till"), Vec::<String>::new());
}

#[test]
fn what_comes_through_teams_the_base_and_roles_is_told_of_groups() {
    let hub = Hub::with(|world| {
        world.set_base(Level::Read);
        world.add_team("night", Some("oncall"));
        world.join_team("cleo", "night", false);
        world.join_team("bo", "oncall", true);
        world.join_team("ada", "oncall", false);
        world.grant_team("oncall", "shop", "write");
        world.grant_team("night", "till", "admin");
        world.grant("bo", "shop", "admin");
        let role = world.add_organization_role("all_repo_read", Some(Level::Read), &[]);
        world.assign_role(role, "cleo");
        world.assign_role_to_team(role, "build");
    });
    let reading = hub.reading(&[(&REPOSITORY, "northwind/shop"), (&REPOSITORY, "northwind/till")], Depth::Facts);
    let held: Vec<String> =
        reading.held.iter().map(|live| format!("{live:?}").replace("repository:northwind/", "")).collect();
    let bo = hub.number("bo");
    assert_eq!(
        held,
        [
            format!("shop:admin {bo}"),
            "shop:pull group:northwind".to_owned(),
            "shop:pull group:northwind/role:all_repo_read".to_owned(),
            "shop:push group:northwind/oncall".to_owned(),
            "till:admin group:northwind/night".to_owned(),
            "till:pull group:northwind".to_owned(),
            "till:pull group:northwind/role:all_repo_read".to_owned(),
        ]
    );
    let members = |group: &str| reading.members[group].iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut both = vec![hub.number("ada"), bo];
    both.sort();
    both.push("group:northwind/night".to_owned());
    assert_eq!(members("northwind/oncall"), both);
    assert_eq!(members("northwind/night"), [hub.number("cleo")]);
    assert_eq!(members("northwind/role:all_repo_read"), [hub.number("cleo"), "group:northwind/build".to_owned()]);
    assert_eq!(members("northwind").len(), 4);
    // members of a team below are not members of the one above
    assert_eq!(hub.held(&TEAM, "northwind/oncall").len(), 2);
    // an owner maintains each team: where that isn't asked for, it is no difference
    let oncall = Resource { kind: &TEAM, name: "northwind/oncall".to_owned() };
    let ada = hub.number("ada");
    let mut scope: Scope = [oncall.clone()].into_iter().collect();
    scope.expect([(oncall, [(ada.clone(), wanted("member"))].into())].into(), Default::default());
    assert!(told(&hub.look().read(&scope, Depth::Holders).unwrap()).contains(&format!("member {ada}")));
    // what a team opens is taken from the team
    let team = crate::targets::Principal::Group("northwind/oncall".to_owned());
    hub.must(&Call { principal: team, ..hub.take("northwind/shop", "push", "bo") });
    assert_eq!(hub.server.world(|world| world.role_of("ada", "shop").unwrap().name), "admin", "she owns it");
    assert_eq!(hub.server.world(|world| world.repository("shop").unwrap().teams.len()), 0);
}

#[test]
fn a_custom_role_is_told_by_its_name_and_replaced() {
    let hub = Hub::with(|world| {
        world.add_custom_role("deployer", Level::Write);
        world.grant("eve", "shop", "deployer");
    });
    let eve = hub.number("eve");
    assert_eq!(hub.held(&REPOSITORY, "northwind/shop"), [format!("push+deployer {eve}")]);
    hub.must(&change("push+deployer", hub.give("northwind/shop", "pull", "eve")));
    assert_eq!(hub.held(&REPOSITORY, "northwind/shop"), [format!("pull {eve}")]);
}

#[test]
fn enterprise_server_has_its_own_paths_and_adds_people_at_once() {
    let mut forge = Forge::new("northwind", start());
    forge.set_base(Level::None);
    let accounts = vec![("root", forge.add_owner("root")), ("eve", forge.add_account("eve"))];
    forge.add_repository("shop");
    forge.add_team("oncall", None);
    let reads = forge.fine_grained_token("root", READS);
    let writes = forge.fine_grained_token("root", WRITES);
    let id = forge.organization().id;
    let hub = Hub { server: Server::start_enterprise(forge), reads, writes, accounts, id };
    let identity = hub.look().hello().unwrap().identity;
    assert_eq!(identity, format!("github:{}:{id}", hub.server.url()["http://".len()..].split('/').next().unwrap()));
    hub.must(&hub.give("northwind/shop", "push", "eve"));
    hub.must(&hub.call(GRANT, &MEMBERSHIP, "northwind", "member", "eve"));
    hub.must(&hub.call(GRANT, &TEAM, "northwind/oncall", "member", "eve"));
    let eve = hub.number("eve");
    assert_eq!(hub.held(&REPOSITORY, "northwind/shop"), [format!("push {eve}")]);
    assert_eq!(hub.held(&TEAM, "northwind/oncall"), [format!("member {eve}")]);
    assert!(hub.held(&MEMBERSHIP, "northwind").contains(&format!("member {eve}")));
    assert!(!hub.facts(&[(&MEMBERSHIP, "northwind")]).iter().any(|one| one.contains("invitations")), "there are none");
}

//! What is told beside who holds what.

use github_standin::world::SecondFactor;

use super::*;

#[test]
fn what_people_leave_behind_and_how_they_sign_in_is_told_with_the_page() {
    let hub = Hub::with(|world| {
        world.grant("eve", "shop", "write");
        world.grant("finn", "shop", "read");
        world.set_second_factor("finn", SecondFactor::Disabled);
        world.set_second_factor("eve", SecondFactor::Insecure);
        world.set_second_factor("cleo", SecondFactor::Disabled);
        world.add_owner("gone");
        world.add_deploy_key("shop", "build", true, "bo");
        world.add_deploy_key("shop", "old", false, "gone");
        world.add_account("guest");
        world.invite_to_repository("guest", "shop", "read", "gone");
        world.end_membership("gone");
    });
    let shop = Resource { kind: &REPOSITORY, name: "northwind/shop".to_owned() };
    let mut scope: Scope = [shop.clone()].into_iter().collect();
    let accounts = [
        (hub.number("eve"), "Eve".to_owned()),
        (hub.number("bo"), "robert".to_owned()),
        ("1".to_owned(), "who".to_owned()),
    ];
    let expected = [(hub.number("guest"), Expectation::default())].into();
    scope.expect([(shop, expected)].into(), accounts.into());
    let facts = hub.look().read(&scope, Depth::Facts).unwrap().facts;
    let told: Vec<String> = facts.iter().map(|fact| format!("{}: {}", fact.rule.code.id, fact.words)).collect();
    let finn = hub.number("finn");
    let bo = hub.number("bo");
    assert_eq!(
        told,
        [
            "account-gone: nobody has the account #1 (`who`)".to_owned(),
            "left-behind: `gone`, who has gone, added the deploy key `old`, which writes `northwind/shop` (/northwind/shop/settings/keys)".to_owned(),
            "left-behind: `gone`, who has gone, invited `guest` to `northwind/shop` (/northwind/shop/settings/access)".to_owned(),
            format!("login-id-mismatch: the account #{bo} is called `bo`, and its file says `robert`"),
            "other-way-in: the deploy key `build` of `bo` reads `northwind/shop` (/northwind/shop/settings/keys)".to_owned(),
            format!("outside-collaborator-unknown: `finn` #{finn} is an outside collaborator whom no file knows (/orgs/northwind/outside-collaborators)"),
            "second-factor-missing: `cleo` signs in without a second factor".to_owned(),
            "second-factor-missing: `eve` signs in with a second factor by text message".to_owned(),
            "second-factor-missing: `finn` signs in without a second factor".to_owned(),
        ]
    );
}

#[test]
fn what_the_reader_is_not_told_is_told_with_the_permission_that_it_takes() {
    let hub = Hub::new();
    let token = hub.server.world(|world| world.fine_grained_token("root", "members=read administration=read"));
    let scope: Scope = [(&REPOSITORY, "northwind/shop")].into_iter().collect();
    let reading = hub.reads_with(&token).read(&scope, Depth::Facts).unwrap();
    let told: Vec<&str> = reading.facts.iter().map(|fact| fact.words.as_str()).collect();
    assert!(told.contains(&"the reading credential isn't told of roles over the organisation; it takes `organization_custom_org_roles=read`"), "{told:?}");
    // less than that is less than who holds what
    for (token, missing) in [("members=read", "administration=read"), ("administration=read", "members=read")] {
        let token = hub.server.world(|world| world.fine_grained_token("root", token));
        let error = hub.reads_with(&token).read(&scope, Depth::Holders).unwrap_err();
        assert!(words(&error).contains(&format!("give the credential the permission `{missing}`")), "{error}");
    }
}

#[test]
fn the_writer_needs_what_the_page_says_and_no_more() {
    let calls = |hub: &Hub| {
        [
            hub.call(GRANT, &MEMBERSHIP, "northwind", "member", "finn"),
            hub.call(GRANT, &TEAM, "northwind/oncall", "member", "bo"),
            hub.give("northwind/shop", "push", "eve"),
            hub.call(Verb::Revoke, &TEAM, "northwind/oncall", "member", "bo"),
            hub.take("northwind/shop", "push", "eve"),
        ]
    };
    let hub = Hub::new();
    for call in calls(&hub) {
        hub.must(&call);
    }
    for (of, fails) in [("members=write administration=read", 2), ("members=read administration=write", 3)] {
        let hub = Hub::new();
        let token = hub.server.world(|world| world.fine_grained_token("root", of));
        let results = calls(&hub).map(|call| contract::one(&mut hub.writes_with(&token), &call));
        // revoking what was never given needs no right
        let failed = results.iter().filter(|one| one.is_err()).count();
        assert!(failed > 0 && failed <= fails, "{of}: {results:?}");
        let said = results.iter().find_map(|one| one.as_ref().err()).map(words).unwrap();
        assert!(said.contains("target-denied") && said.contains("give the credential the permission"), "{said}");
    }
}

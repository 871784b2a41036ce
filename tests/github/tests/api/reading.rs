//! Lists, pages, and what can be read about one thing.

use crate::client::Client;
use crate::world::{EVERYTHING, by_owner, server, small};
use github_standin::World;
use github_standin::world::{Level, SecondFactor, Visibility};
use serde_json::{Value, json};

/// Every path without a body that there is, so that each answer is held against its description.
#[test]
fn every_answer_is_as_it_is_described() {
    let mut world = small();
    let role = world.add_organization_role("all_repo_write", Some(Level::Write), &[]);
    world.assign_role(role, "cleo");
    world.assign_role_to_team(role, "build");
    world.add_custom_role("deployer", Level::Write);
    world.add_enterprise_team("Auditors");
    world.join_team("finn", "ent:auditors", false);
    world.add_account("gus");
    let invitation = world.invite_to_organization("gus", "ada");
    world.invite_by_mail("hal@mail.example", "ada");
    world.invite_to_repository("gus", "till", "write", "ada");
    let key = world.add_deploy_key("shop", "build", true, "dan");
    world.add_granted_token("dan", "laptop", None);
    world.organization_mut().single_sign_on = true;
    world.add_credential("dan", "SSH key");
    let token = world.fine_grained_token("ada", EVERYTHING);
    let eve = world.account("eve").unwrap().id;
    let server = server(world);
    let client = Client::new(&server, &token);
    for path in [
        "/orgs/northwind",
        "/orgs/northwind/members",
        "/orgs/northwind/memberships/ada",
        "/orgs/northwind/memberships/gus",
        "/orgs/northwind/memberships/finn",
        "/orgs/northwind/invitations",
        "/orgs/northwind/failed_invitations",
        "/orgs/northwind/outside_collaborators",
        "/orgs/northwind/organization-roles",
        "/orgs/northwind/custom-repository-roles",
        "/orgs/northwind/credential-authorizations?login=dan",
        "/orgs/northwind/repos",
        "/orgs/northwind/teams",
        "/orgs/northwind/teams/platform",
        "/orgs/northwind/teams/platform/members",
        "/orgs/northwind/teams/platform/teams",
        "/orgs/northwind/teams/platform/invitations",
        "/orgs/northwind/teams/platform/memberships/cleo",
        "/orgs/northwind/teams/build/repos",
        "/repos/northwind/shop",
        "/repos/northwind/shop/collaborators",
        "/repos/northwind/shop/collaborators/eve/permission",
        "/repos/northwind/till/invitations",
        "/repos/northwind/shop/keys",
        "/repos/northwind/shop/teams",
        "/enterprises/northwind-enterprise/teams",
        "/enterprises/northwind-enterprise/teams/ent:auditors/memberships",
        "/user",
        "/users/eve",
        "/rate_limit",
        &format!("/user/{eve}"),
        &format!("/orgs/northwind/invitations/{invitation}/teams"),
        &format!("/orgs/northwind/organization-roles/{role}"),
        &format!("/orgs/northwind/organization-roles/{role}/users"),
        &format!("/orgs/northwind/organization-roles/{role}/teams"),
    ] {
        let reply = client.get(path);
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
    }
    for (path, status) in [
        ("/repos/northwind/shop/collaborators/eve", 204),
        ("/repos/northwind/shop/collaborators/gus", 404),
        ("/orgs/northwind/teams/build/repos/northwind/shop", 204),
        ("/orgs/northwind/teams/build/repos/northwind/till", 404),
        // only Apps read these
        ("/orgs/northwind/personal-access-tokens", 403),
        ("/installation/repositories", 403),
    ] {
        assert_eq!(client.get(path).status, status, "{path}");
    }
    assert_eq!(client.delete(&format!("/repos/northwind/shop/keys/{key}")).status, 204);
    assert_eq!(server.take_violations(), Vec::<String>::new());
}

#[test]
fn pages_are_linked_by_numbers_and_absolute_urls() {
    let mut world = World::new("northwind", crate::world::start());
    world.add_owner("ada");
    for number in 0..250 {
        world.add_member(&format!("member-{number}"));
    }
    let (id, token) = (world.organization().id, world.fine_grained_token("ada", EVERYTHING));
    let server = server(world);
    let client = Client::new(&server, &token);
    let first = client.get("/orgs/northwind/members?per_page=100");
    let next = format!("{}/organizations/{id}/members?per_page=100&page=2", server.url());
    assert_eq!(first.link("next"), Some(next.clone()));
    assert_eq!(first.link("last"), Some(next.replace("page=2", "page=3")));
    assert_eq!(first.link("prev"), None);
    let second = client.get(&next);
    assert_eq!(second.list().len(), 100);
    let third = client.get(&second.link("next").unwrap());
    assert_eq!(third.list().len(), 51);
    assert_eq!(third.link("next"), None);
    assert_eq!(third.link("first"), Some(next.replace("page=2", "page=1")));
    let all = client.all("/orgs/northwind/members?per_page=100");
    assert_eq!(all.len(), 251);
    // without a number of items there are thirty
    assert_eq!(client.get("/orgs/northwind/members").list().len(), 30);
}

#[test]
fn pages_that_nobody_linked_are_a_violation() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    client.get("/orgs/northwind/members?per_page=2&page=2");
    let violations = server.take_violations();
    assert!(violations[0].ends_with("the page 2 was not asked for by a link that was given"), "{violations:?}");
}

#[test]
fn members_of_a_team_include_those_of_teams_below() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    let members = client.get("/orgs/northwind/teams/platform/members");
    let shown: Vec<(Value, Value, Value)> = members
        .list()
        .iter()
        .map(|member| (member["login"].clone(), member["role"].clone(), member["inherited"].clone()))
        .collect();
    assert_eq!(json!(shown), json!([["ada", "member", true], ["cleo", "member", false], ["dan", "member", true]]));
    // an owner is a maintainer of the team they are in
    let ada = client.get("/orgs/northwind/teams/build/memberships/ada");
    assert_eq!(ada.body["role"], "maintainer");
}

#[test]
fn a_team_shows_the_larger_role_of_teams_above() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    let repositories = client.get("/orgs/northwind/teams/build/repos");
    assert_eq!(repositories.each("role_name"), [json!("write")]);
    let teams = client.get("/repos/northwind/shop/teams");
    assert_eq!(teams.each("permission"), [json!("push"), json!("pull")]);
    assert_eq!(teams.each("access_source"), [json!("direct"), json!("direct")]);
}

#[test]
fn collaborators_are_told_apart_by_affiliation() {
    let (server, token) = by_owner();
    server.world(|world| world.grant("dan", "shop", "maintain"));
    let client = Client::new(&server, &token);
    let logins = |affiliation: &str| {
        let reply = client.get(&format!("/repos/northwind/shop/collaborators?affiliation={affiliation}"));
        json!(reply.each("login"))
    };
    assert_eq!(logins("all"), json!(["ada", "bo", "cleo", "dan", "eve"]));
    assert_eq!(logins("direct"), json!(["dan", "eve"]));
    assert_eq!(logins("outside"), json!(["eve"]));
    let least = client.get("/repos/northwind/shop/collaborators?permission=maintain");
    assert_eq!(json!(least.each("login")), json!(["ada", "bo", "dan"]));
    let eve = client.get("/repos/northwind/shop/collaborators/eve/permission").body;
    assert_eq!((&eve["permission"], &eve["role_name"]), (&json!("read"), &json!("triage")));
}

#[test]
fn filters_by_second_factor_are_for_owners() {
    let mut world = small();
    world.set_second_factor("dan", SecondFactor::Disabled);
    world.set_second_factor("eve", SecondFactor::Insecure);
    let (owner, member) =
        (world.fine_grained_token("ada", "members=read"), world.fine_grained_token("cleo", "members=read"));
    let server = server(world);
    let owner = Client::new(&server, &owner);
    assert_eq!(owner.get("/orgs/northwind/members?filter=2fa_disabled").each("login"), [json!("dan")]);
    assert_eq!(owner.get("/orgs/northwind/outside_collaborators?filter=2fa_insecure").each("login"), [json!("eve")]);
    assert!(owner.get("/orgs/northwind/outside_collaborators?filter=2fa_disabled").list().is_empty());
    let member = Client::new(&server, &member);
    assert_eq!(member.get("/orgs/northwind/members?filter=2fa_disabled").status, 422);
}

#[test]
fn the_base_permission_is_told_to_owners_only() {
    let mut world = small();
    let (owner, member) = (world.fine_grained_token("ada", ""), world.fine_grained_token("cleo", ""));
    let server = server(world);
    let shown = |token: &str| Client::new(&server, token).get("/orgs/northwind").body;
    assert_eq!(shown(&owner)["default_repository_permission"], "read");
    assert_eq!(shown(&member).get("default_repository_permission"), None);
}

#[test]
fn a_name_that_moved_leads_to_the_number() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    let id = server.world(|world| {
        let id = world.repository("shop").unwrap().id;
        world.rename_repository("shop", "store");
        id
    });
    let read = client.get("/repos/northwind/shop/collaborators?affiliation=direct");
    assert_eq!(read.status, 301);
    let to = format!("{}/repositories/{id}/collaborators?affiliation=direct", server.url());
    assert_eq!(read.header("Location"), Some(to.as_str()));
    assert_eq!(client.get(&to).each("login"), [json!("eve")]);
    let write = client.put("/repos/northwind/shop/collaborators/eve", json!({ "permission": "push" }));
    assert_eq!(write.status, 307);
    let to = write.header("Location").unwrap().to_owned();
    assert_eq!(client.put(&to, json!({ "permission": "push" })).status, 204);
    // whoever takes the old name is what it means from then on
    server.world(|world| world.add_repository("shop"));
    assert_ne!(client.get("/repos/northwind/shop").body["id"], json!(id));
}

#[test]
fn what_moved_to_another_organization_or_was_deleted_is_told_as_such() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    server.world(|world| {
        let other = world.add_organization("southwind");
        world.transfer_repository("till", other);
        world.delete_repository("shop");
    });
    assert_eq!(client.get("/repos/northwind/till").status, 301);
    // the token isn't for the other organisation
    let to = client.get("/repos/northwind/till").header("Location").unwrap().to_owned();
    assert_eq!(client.get(&to).status, 404);
    assert_eq!(client.get("/repos/northwind/shop").status, 404);
}

#[test]
fn paths_by_numbers_lead_to_what_has_them_now() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    let (organization, team, repository) = server.world(|world| {
        world.rename_team("build", "Builders");
        world.rename_repository("shop", "store");
        world.rename_organization("northwind-traders");
        let number = |slug: &str| world.team(slug).unwrap().id;
        (world.organization().id, number("builders"), world.repository("store").unwrap().id)
    });
    assert_eq!(client.get(&format!("/organizations/{organization}")).body["login"], "northwind-traders");
    let of_team = format!("/organizations/{organization}/team/{team}");
    assert_eq!(client.get(&of_team).body["slug"], "builders");
    assert_eq!(client.get(&format!("{of_team}/memberships/dan")).body["state"], "active");
    assert_eq!(client.get("/orgs/northwind-traders/teams/build").status, 404);
    let role = json!({ "permission": "maintain" });
    assert_eq!(client.put(&format!("/repositories/{repository}/collaborators/eve"), role.clone()).status, 204);
    assert_eq!(client.put(&format!("{of_team}/repos/northwind-traders/store"), role).status, 204);
    assert_eq!(server.world(|world| world.role_of("eve", "store").unwrap().name), "maintain");
    // nothing is found by the old name of an organisation but its repositories
    assert_eq!(client.get("/orgs/northwind/members").status, 404);
    assert_eq!(client.get("/repos/northwind/shop").status, 301);
    assert_eq!(client.get("/repositories/1").status, 404);
}

#[test]
fn a_login_may_be_taken_by_somebody_else() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    let eve = server.world(|world| world.account("eve").unwrap().id);
    server.world(|world| {
        world.rename_account("eve", "evelyn");
        world.add_account("eve");
    });
    assert_eq!(client.get(&format!("/user/{eve}")).body["login"], "evelyn");
    assert_ne!(client.get("/users/eve").body["id"], json!(eve));
    server.world(|world| world.delete_account("evelyn"));
    assert_eq!(client.get(&format!("/user/{eve}")).status, 404);
}

#[test]
fn an_answer_that_did_not_change_costs_nothing() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    let first = client.get("/orgs/northwind/teams");
    let (tag, left) =
        (first.header("ETag").unwrap().to_owned(), first.header("X-RateLimit-Remaining").unwrap().to_owned());
    let again = Client::new(&server, &token).with("If-None-Match", &tag);
    let same = again.get("/orgs/northwind/teams");
    assert_eq!((same.status, same.header("X-RateLimit-Remaining")), (304, Some(left.as_str())));
    server.world(|world| world.add_team("Night shift", None));
    assert_eq!(again.get("/orgs/northwind/teams").status, 200);
    // another token has another tag
    let other = server.world(|world| world.fine_grained_token("bo", EVERYTHING));
    assert_ne!(Client::new(&server, &other).get("/orgs/northwind/teams").header("ETag"), Some(tag.as_str()));
}

#[test]
fn who_may_not_see_a_repository_is_told_that_there_is_none() {
    let mut world = small();
    world.set_base(Level::None);
    let token = world.fine_grained_token("dan", "administration=read");
    let server = server(world);
    let client = Client::new(&server, &token);
    assert_eq!(client.get("/repos/northwind/till").status, 404);
    assert_eq!(client.get("/repos/northwind/shop").status, 200);
    server.world(|world| world.set_visibility("till", Visibility::Public));
    assert_eq!(client.get("/repos/northwind/till").status, 200);
    assert_eq!(client.get("/repos/northwind/till/keys").status, 403);
    assert_eq!(json!(client.get("/orgs/northwind/repos").each("name")), json!(["shop", "till"]));
}

#[test]
fn the_clock_of_every_answer_is_the_servers() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    assert_eq!(client.get("/user").header("Date"), Some("Tue, 01 Sep 2026 08:00:00 GMT"));
    server.clock().advance(jiff::SignedDuration::from_secs(90));
    assert_eq!(client.get("/user").header("Date"), Some("Tue, 01 Sep 2026 08:01:30 GMT"));
}

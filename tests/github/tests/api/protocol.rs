//! What no client may do, and what the server says about clients.

use crate::client::Client;
use crate::world::by_owner;
use github_standin::{Clock, Server, World};
use jiff::SignedDuration;
use serde_json::{Value, json};

#[test]
fn what_is_not_described_is_a_violation() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    let put = "/repos/northwind/shop/collaborators/eve";
    for (method, path, body, wrong) in [
        ("GET", "/orgs/northwind/membres", None, "GitHub describes no such operation"),
        ("PATCH", "/orgs/northwind/members", None, "GitHub describes no such operation"),
        ("GET", "/orgs/northwind/members?pages=2", None, "the query parameter `pages` is unknown"),
        ("GET", "/orgs/northwind/members?role=owner", None, "the query parameter `role` can't be `owner`"),
        ("GET", "/orgs/northwind/members?per_page=all", None, "the query parameter `per_page` can't be `all`"),
        ("GET", "/orgs/northwind/members?per_page=200", None, "per_page=200: GitHub gives 100 at most"),
        ("GET", "/user/eve", None, "the path parameter `account_id` can't be `eve`"),
        ("PUT", put, Some(json!({ "permissions": "push" })), "`body.permissions` is unknown"),
        ("PUT", put, Some(json!({ "permission": 5 })), "5 is not of type \"string\""),
        ("DELETE", put, Some(json!({})), "the operation takes no body"),
        ("POST", "/orgs/northwind/invitations", Some(json!({ "role": "owner" })), "\"owner\" is not one of"),
        ("GET", "/orgs//members", None, "the path has an empty part"),
    ] {
        client.send(method, path, body.as_ref());
        let violations = server.take_violations();
        let place = format!("{method} {path}: ");
        let told = violations.iter().any(|told| told.starts_with(&place) && told.contains(wrong));
        assert!(told, "{place}{violations:?}");
    }
}

#[test]
fn headers_that_github_asks_for_are_sent_and_sent_once() {
    let (server, token) = by_owner();
    let plain = || Client::new(&server, &token);
    for (client, wrong) in [
        (plain().without("User-Agent"), "there is no User-Agent"),
        (plain().without("Accept"), "Accept isn't application/vnd.github+json"),
        (plain().without("X-GitHub-Api-Version"), "there is no X-GitHub-Api-Version"),
        (plain().with("X-GitHub-Api-Version", "2022-11-28"), "the header `x-github-api-version` comes 2 times"),
        (plain().with("User-Agent", "again"), "the header `user-agent` comes 2 times"),
        (
            plain().without("X-GitHub-Api-Version").with("X-GitHub-Api-Version", "2026-03-10"),
            "the version 2026-03-10 isn't what the descriptions are of",
        ),
    ] {
        client.get("/user");
        assert_eq!(server.take_violations(), [format!("GET /user: {wrong}")]);
    }
}

#[test]
#[should_panic(expected = "the protocol was broken")]
fn violations_that_nobody_took_are_loud() {
    let (server, token) = by_owner();
    Client::new(&server, &token).get("/nowhere");
}

#[test]
fn the_log_tells_what_a_client_did() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    client.get("/orgs/northwind/members");
    client.delete("/repos/northwind/shop/collaborators/eve");
    server.clock().advance(SignedDuration::from_millis(700));
    client.put("/repos/northwind/till/collaborators/cleo", json!({ "permission": "pull" }));
    client.query("query Mine{viewer{login}}", Value::Null);
    client.get("/orgs/northwind/members");
    let log = server.take_log();
    assert_eq!((log.count(), log.writes().count()), (5, 2));
    assert_eq!(log.shortest_pause(), Some(SignedDuration::from_millis(700)));
    let operations: Vec<&str> = log.0.iter().filter_map(|record| record.operation.as_deref()).collect();
    assert_eq!(operations[..2], ["GET /orgs/{org}/members", "DELETE /repos/{owner}/{repo}/collaborators/{username}"]);
    assert_eq!(log.0[3].operation.as_deref(), Some("Mine"));
    assert_eq!(log.0[0].caller.as_deref(), Some("fine-grained:ada"));
    assert_eq!(log.repeated().len(), 1);
    assert!(!format!("{log:?}").contains(&token));
    assert_eq!(server.log().count(), 0);
}

#[test]
fn enterprise_server_has_other_paths() {
    let mut world = World::new("northwind", crate::world::start());
    world.add_owner("ada");
    let token = world.fine_grained_token("ada", "members=read");
    let server = Server::start_enterprise(world);
    assert!(server.url().ends_with("/api/v3") && server.graphql_url().ends_with("/api/graphql"));
    let client = Client::new(&server, &token);
    assert_eq!(client.get(&format!("{}/user", server.url())).body["login"], "ada");
    let mine = client.query("{viewer{login}}", Value::Null);
    assert_eq!(mine.body["data"]["viewer"]["login"], "ada");
    assert_eq!(client.get("/user").status, 404);
    assert_eq!(client.post("/graphql", json!({})).status, 404);
    assert_eq!(server.take_violations().len(), 2);
}

#[test]
fn on_enterprise_server_everybody_is_added_at_once() {
    let mut world = crate::world::small();
    world.add_account("gus");
    let token = world.fine_grained_token("ada", crate::world::EVERYTHING);
    let server = Server::start_enterprise(world);
    let client = Client::new(&server, &token);
    let at = |path: &str| format!("{}{path}", server.url());
    let role = json!({ "permission": "push" });
    assert_eq!(client.put(&at("/repos/northwind/till/collaborators/finn"), role).status, 204);
    let member = client.put(&at("/orgs/northwind/memberships/finn"), json!({ "role": "member" }));
    assert_eq!(member.body["state"], "active");
    let place = client.put(&at("/orgs/northwind/teams/build/memberships/gus"), json!({ "role": "member" }));
    assert_eq!(place.body["state"], "active");
    assert_eq!(client.get(&at("/orgs/northwind/memberships/gus")).body["state"], "active");
    // there is no such list, which isn't an empty one
    assert_eq!(client.get(&at("/orgs/northwind/invitations")).status, 404);
    assert_eq!(client.get(&at("/orgs/northwind/failed_invitations")).status, 404);
    assert!(client.get(&at("/repos/northwind/till/invitations")).list().is_empty());
}

#[test]
fn a_clock_stands_until_it_is_let_run() {
    let start = crate::world::start();
    let clock = Clock::at(start);
    assert_eq!(clock.now(), start);
    clock.advance(SignedDuration::from_secs(5));
    assert_eq!(clock.now(), start + SignedDuration::from_secs(5));
    clock.set(start);
    clock.run(3_600);
    while clock.now() < start + SignedDuration::from_secs(30) {
        std::thread::yield_now();
    }
}

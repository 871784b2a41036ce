//! What goes wrong on purpose.

use crate::client::Client;
use crate::world::by_owner;
use github_standin::{Fault, On, Server};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn role(word: &str) -> Value {
    json!({ "permission": word })
}

/// Whether finn's invitation to the till was sent.
fn invited(server: &Server) -> bool {
    server.world(|world| world.mails().len()) == 1
}

#[test]
fn a_write_may_happen_or_not_before_it_fails() {
    for (fault, happens) in [
        (Fault::Status(502), false),
        (Fault::StatusAfterEffect(502), true),
        (Fault::Drop, false),
        (Fault::DropAfterEffect, true),
        (Fault::HalfBody, true),
        (Fault::Page(504), false),
        (Fault::RedirectTo("http://elsewhere.example/".to_owned()), false),
    ] {
        let (server, token) = by_owner();
        server.fail(On::method("PUT").path("/collaborators/"), fault.clone());
        let client = Client::new(&server, &token);
        let reply = client.try_send("PUT", "/repos/northwind/till/collaborators/finn", Some(&role("push")));
        assert_eq!(invited(&server), happens, "{fault:?}");
        match (&fault, reply) {
            (Fault::Drop | Fault::DropAfterEffect, reply) => assert!(reply.is_none()),
            (Fault::HalfBody, Some(reply)) => assert_eq!((reply.status, reply.whole), (201, false)),
            (Fault::RedirectTo(to), Some(reply)) => {
                assert_eq!((reply.status, reply.header("Location")), (307, Some(to.as_str())));
            }
            (Fault::Page(_), Some(reply)) => {
                assert_eq!((reply.status, reply.header("Content-Type")), (504, Some("text/html")));
            }
            (_, Some(reply)) => assert_eq!(reply.status, 502),
            (_, None) => panic!("{fault:?} closes no connection"),
        }
        let record = server.log().0.pop().unwrap();
        assert_eq!(record.fault, Some(fault));
    }
}

#[test]
fn an_answer_may_never_come() {
    let (server, token) = by_owner();
    server.fail(On::method("PUT"), Fault::HangAfterEffect);
    let client = Client::new(&server, &token);
    std::thread::scope(|scope| {
        let asked =
            scope.spawn(|| client.try_send("PUT", "/repos/northwind/till/collaborators/finn", Some(&role("push"))));
        assert!(asked.join().unwrap().is_none());
    });
    assert!(invited(&server));
    // others are answered meanwhile
    assert_eq!(client.get("/user").status, 200);
}

#[test]
fn faults_meet_the_requests_they_are_meant_for() {
    let (server, token) = by_owner();
    server.fail(On::method("GET").path("/orgs/northwind/teams").skip(1).times(2), Fault::Status(503));
    let client = Client::new(&server, &token);
    let statuses = || client.get("/orgs/northwind/teams").status;
    assert_eq!([statuses(), statuses(), statuses(), statuses()], [200, 503, 503, 200]);
    server.fail(On::query("Mine"), Fault::GraphqlLimit("RATE_LIMIT"));
    let limited = client.query("query Mine{viewer{login}}", json!(null));
    assert_eq!((limited.status, &limited.body["errors"][0]["type"]), (200, &json!("RATE_LIMIT")));
    assert_eq!(client.query("query Yours{viewer{login}}", json!(null)).body.get("errors"), None);
    server.heal();
    assert_eq!(client.query("query Mine{viewer{login}}", json!(null)).body.get("errors"), None);
}

#[test]
fn half_of_a_list_looks_like_all_of_it() {
    let (server, token) = by_owner();
    server.fail(On::any().path("/members").times(1), Fault::HalfPage);
    server.fail(On::any().path("/outside_collaborators"), Fault::PartialResults);
    let client = Client::new(&server, &token);
    let half = client.get("/orgs/northwind/members?per_page=2");
    assert_eq!((half.status, half.list().len(), half.link("next")), (200, 1, None));
    assert_eq!(client.get("/orgs/northwind/members?per_page=2").list().len(), 2);
    server.fail(On::query("Teams").times(1), Fault::HalfPage);
    let query = "query Teams{organization(login:\"northwind\"){
        teams(first:2){totalCount nodes{name} pageInfo{hasNextPage}}}}";
    let teams = client.query(query, json!(null)).body["data"]["organization"]["teams"].clone();
    assert_eq!((&teams["totalCount"], teams["nodes"].as_array().unwrap().len()), (&json!(2), 1));
    let partial = client.get("/orgs/northwind/outside_collaborators");
    assert_eq!((partial.status, partial.list().len()), (200, 0));
    assert!(partial.header("X-GitHub-SSO").unwrap().starts_with("partial-results; organizations="));
}

#[test]
fn limits_are_said_in_every_way_that_github_has() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    for (status, after) in [(403, Some(3)), (429, Some(3)), (403, None), (429, None)] {
        server.fail(On::any().times(1), Fault::SecondaryLimit(status, after));
        let limited = client.get("/user");
        let told = limited.header("Retry-After").map(|seconds| seconds.parse::<u32>().unwrap());
        assert_eq!((limited.status, told), (status, after));
        server.heal();
    }
    server.fail(On::any().times(1), Fault::PrimaryLimit);
    let limited = client.get("/user");
    assert_eq!((limited.status, limited.header("X-RateLimit-Remaining")), (403, Some("0")));
    // it is used up, not only said to be
    assert_eq!(client.get("/user").status, 403);
}

#[test]
fn a_query_that_github_gives_up_on_keeps_its_shape() {
    let (server, token) = by_owner();
    server.fail(On::query("Teams").times(1), Fault::ResourceLimits);
    let client = Client::new(&server, &token);
    let query = "query Teams{organization(login:\"northwind\"){databaseId teams(first:5){totalCount nodes{name}}}}";
    let given_up = client.query(query, json!(null));
    assert_eq!(given_up.body["errors"][0]["type"], "RESOURCE_LIMITS_EXCEEDED");
    assert_eq!(given_up.body["data"]["organization"]["teams"], json!({ "totalCount": 2, "nodes": null }));
    assert_eq!(client.query(query, json!(null)).body.get("errors"), None);
}

#[test]
fn requests_take_as_long_as_a_test_says_and_side_by_side() {
    let (server, token) = by_owner();
    server.set_latency(Duration::from_millis(150));
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(Client::new(&server, &token).get("/user").status, 200));
        }
    });
    assert!(started.elapsed() >= Duration::from_millis(150));
    assert_eq!(server.most_at_once(), 4);
}

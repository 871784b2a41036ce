//! Comments and issues.

use crate::client::Client;
use crate::story::{access, minutes, proposed};
use crate::world::server;
use serde_json::{Value, json};

const AT: &str = "/repos/northwind/access/issues";

#[test]
fn comments_are_listed_the_oldest_first_changed_and_bounded() {
    let mut world = proposed();
    world.comment("access", 1, "dan", "Looks right.");
    minutes(&mut world, 1);
    let token = world.actions_token("access", "pull_requests=write");
    let reads = world.fine_grained_token("finn", "pull_requests=write");
    let server = server(world);
    let client = Client::new(&server, &token);
    let made = client.post(&format!("{AT}/1/comments"), json!({ "body": "The plan" }));
    assert_eq!((made.status, &made.body["user"]["login"]), (201, &json!("github-actions[bot]")));
    let url = format!("{AT}/comments/{}", made.body["id"]);
    let longest = "ß".repeat(65_536);
    assert_eq!(client.patch(&url, json!({ "body": longest })).body["body"], longest.as_str());
    let refused = client.patch(&url, json!({ "body": format!("{longest}.") }));
    let message = "Body is too long (maximum is 65536 characters)";
    assert_eq!((refused.status, &refused.body["errors"][0]["message"]), (422, &json!(message)));
    assert_eq!(client.post(&format!("{AT}/1/comments"), json!({ "body": " " })).status, 422);
    assert_eq!(client.post(&format!("{AT}/9/comments"), json!({ "body": "Nowhere" })).status, 404);
    let users: Vec<Value> =
        client.all(&format!("{AT}/1/comments?per_page=1")).iter().map(|it| it["user"]["login"].clone()).collect();
    assert_eq!(users, ["dan", "github-actions[bot]"]);
    let since = client.get(&format!("{AT}/1/comments?since=2026-09-01T08:03:00Z"));
    assert_eq!(since.list().len(), 1);
    // whoever may comment can't change what others wrote
    let foreign = Client::new(&server, &reads);
    assert_eq!(foreign.patch(&url, json!({ "body": "Approved!" })).status, 403);
    let own = foreign.post(&format!("{AT}/1/comments"), json!({ "body": "Why?" })).body;
    assert_eq!(foreign.patch(&format!("{AT}/comments/{}", own["id"]), json!({ "body": "Why not?" })).status, 200);
    server.world(|world| assert_eq!(world.comments("access", 1).count(), 3));
}

#[test]
fn issues_are_opened_found_by_label_and_author_and_closed() {
    let mut world = proposed();
    let token = world.actions_token("access", "issues=write");
    let server = server(world);
    let client = Client::new(&server, &token);
    let opened = client.post(AT, json!({ "title": "Drift", "body": "Two grants", "labels": ["drift", "audit"] }));
    assert_eq!((opened.status, &opened.body["number"], &opened.body["state"]), (201, &json!(2), &json!("open")));
    assert_eq!(client.post(AT, json!({ "title": "Long", "body": "x".repeat(65_537) })).status, 422);
    let number = server.world(|world| world.open_issue("access", "Other", &["audit"], "dan"));
    let found = |query: &str| Value::from(client.get(&format!("{AT}?{query}")).each("number"));
    assert_eq!(found("labels=drift,audit"), json!([2]));
    assert_eq!(found("labels=audit&creator=dan"), json!([number]));
    assert_eq!(found("creator=github-actions%5Bbot%5D"), json!([2]));
    // pull requests are listed among issues
    assert_eq!(found("direction=asc"), json!([1, 2, 3]));
    assert!(client.get(AT).list()[2]["pull_request"]["url"].is_string());
    let url = format!("{AT}/2");
    let closed = client.patch(&url, json!({ "state": "closed", "state_reason": "completed", "labels": ["done"] })).body;
    assert_eq!((&closed["state"], &closed["closed_by"]["login"]), (&json!("closed"), &json!("github-actions[bot]")));
    assert_eq!((found("state=closed"), found("labels=done&state=all")), (json!([2]), json!([2])));
    let again = client.patch(&url, json!({ "state": "open", "title": "Drift again" })).body;
    assert_eq!(
        (&again["title"], &again["closed_at"], &again["body"]),
        (&json!("Drift again"), &Value::Null, &json!("Two grants"))
    );
    server.world(|world| assert_eq!(world.issues("access").count(), 2));
}

#[test]
fn labels_of_somebody_who_may_not_push_are_dropped_without_a_word() {
    let mut world = access();
    let token = world.fine_grained_token("finn", "issues=write");
    let server = server(world);
    let client = Client::new(&server, &token);
    let opened = client.post(AT, json!({ "title": "Please", "labels": ["urgent"] }));
    assert_eq!((opened.status, &opened.body["labels"]), (201, &json!([])));
    server.world(|world| world.archive("access", true));
    assert_eq!(client.post(AT, json!({ "title": "Again" })).status, 403);
}

#[test]
fn eighty_texts_in_a_minute_are_the_most() {
    let mut world = proposed();
    let token = world.actions_token("access", "pull_requests=write");
    let server = server(world);
    let client = Client::new(&server, &token);
    let comment = || client.post(&format!("{AT}/1/comments"), json!({ "body": "Again" }));
    for _ in 0..80 {
        assert_eq!(comment().status, 201);
    }
    let limited = comment();
    assert!(limited.status == 403 && limited.body["message"].as_str().unwrap().contains("secondary rate limit"));
    server.clock().advance(jiff::SignedDuration::from_secs(60));
    assert_eq!(comment().status, 201);
}

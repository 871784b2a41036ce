//! Limits by the hour, by the minute, and on what is mailed to people.

use crate::client::Client;
use crate::world::{EVERYTHING, by_owner, server, small};
use jiff::SignedDuration;
use serde_json::json;

#[test]
fn the_hour_of_a_token_ends_and_starts_anew() {
    let (server, token) = by_owner();
    server.world(|world| world.token_mut(&token).hourly = 3);
    let client = Client::new(&server, &token);
    let first = client.get("/user");
    assert_eq!(first.header("X-RateLimit-Remaining"), Some("2"));
    assert_eq!(first.header("X-RateLimit-Reset"), Some("1788253200"));
    assert_eq!((client.get("/user").status, client.get("/user").status), (200, 200));
    let over = client.get("/user");
    assert_eq!((over.status, over.header("X-RateLimit-Remaining")), (403, Some("0")));
    // asking what is left costs nothing, and the other interface has its own count
    assert_eq!(client.get("/rate_limit").body["resources"]["core"]["remaining"], 0);
    assert_eq!(
        client.query("{viewer{login} rateLimit{cost remaining}}", json!(null)).body["data"]["rateLimit"],
        json!({ "cost": 1, "remaining": 2 })
    );
    client.query("{viewer{login}}", json!(null));
    client.query("{viewer{login}}", json!(null));
    let over = client.query("{viewer{login}}", json!(null));
    assert_eq!((over.status, &over.body["errors"][0]["type"]), (200, &json!("RATE_LIMITED")));
    // so has every token
    let other = server.world(|world| world.fine_grained_token("bo", EVERYTHING));
    assert_eq!(Client::new(&server, &other).get("/user").status, 200);
    server.clock().advance(SignedDuration::from_secs(3_600));
    assert_eq!(client.get("/user").status, 200);
}

#[test]
fn writes_that_come_too_fast_meet_the_secondary_limit() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    let write = || client.delete("/repos/northwind/shop/collaborators/finn").status;
    // 900 points a minute, five a write
    assert!((0..180).all(|_| write() == 404));
    let over = client.delete("/repos/northwind/shop/collaborators/finn");
    assert_eq!((over.status, over.header("Retry-After")), (403, Some("60")));
    assert!(over.body["message"].as_str().unwrap().contains("secondary rate limit"));
    server.clock().advance(SignedDuration::from_secs(60));
    assert_eq!(write(), 404);
}

#[test]
fn eighty_mails_a_minute_are_the_most() {
    let mut world = small();
    for number in 0..81 {
        world.add_account(&format!("new-{number}"));
    }
    let token = world.fine_grained_token("ada", EVERYTHING);
    let server = server(world);
    server.limits(|limits| limits.points_per_minute = 10_000);
    let client = Client::new(&server, &token);
    let invite = |number: usize| {
        let repository = if number.is_multiple_of(2) { "shop" } else { "till" };
        client.put(&format!("/repos/northwind/{repository}/collaborators/new-{number}"), json!({})).status
    };
    assert!((0..80).all(|number| invite(number) == 201));
    assert_eq!(invite(80), 403);
    server.clock().advance(SignedDuration::from_secs(60));
    assert_eq!(invite(80), 201);
}

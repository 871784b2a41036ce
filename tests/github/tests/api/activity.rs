//! Movements of branches, and the cursors by which they are read.

use crate::client::Client;
use crate::story::{access, minutes, movements, served};
use github_standin::world::{Draft, NO_COMMIT};
use serde_json::{Value, json};

const ACTIVITY: &str = "/repos/northwind/access/activity";

#[test]
fn every_kind_of_movement_is_told_the_newest_first() {
    let mut world = access();
    let first = world.commit_to("access", "try", "cleo", "a", "1\n");
    minutes(&mut world, 1);
    let second = world.commit_to("access", "try", "dan", "a", "2\n");
    minutes(&mut world, 1);
    let other = world.make_commit("access", &Draft::on(&first, "cleo").write("a", "3\n"));
    world.push("access", "try", &other, "cleo");
    minutes(&mut world, 1);
    world.delete_branch("access", "try", "bo");
    let (server, token) = served(world);
    let none = NO_COMMIT.to_owned();
    let told = [
        ("branch_deletion".to_owned(), other.clone(), none.clone()),
        ("force_push".to_owned(), second.clone(), other),
        ("push".to_owned(), first.clone(), second),
        ("branch_creation".to_owned(), none, first),
    ];
    assert_eq!(movements(&server, &token, "try"), told);
    let client = Client::new(&server, &token);
    let newest = client.get(&format!("{ACTIVITY}?per_page=1")).list()[0].clone();
    assert_eq!((&newest["ref"], &newest["actor"]["login"]), (&json!("refs/heads/try"), &json!("bo")));
    assert_eq!(newest["timestamp"], "2026-09-01T08:04:00Z");
    let asked = |query: &str| client.get(&format!("{ACTIVITY}?{query}")).list().len();
    assert_eq!(asked("ref=try&activity_type=force_push"), 1);
    assert_eq!(asked("actor=cleo"), 2);
    assert_eq!(asked("ref=refs/heads/main"), 1);
    assert_eq!(asked("direction=asc&ref=nowhere"), 0);
    let oldest = client.get(&format!("{ACTIVITY}?direction=asc&per_page=1")).list()[0].clone();
    assert_eq!((&oldest["activity_type"], &oldest["ref"]), (&json!("branch_creation"), &json!("refs/heads/main")));
}

#[test]
fn pages_are_reached_by_cursors_that_were_given() {
    let mut world = access();
    for round in 0..7 {
        world.commit_to("access", "try", "cleo", "a", &format!("{round}\n"));
    }
    let (server, token) = served(world);
    let client = Client::new(&server, &token);
    let url = format!("{ACTIVITY}?ref=refs/heads/try&per_page=3");
    let ids: Vec<Value> = client.all(&url).iter().map(|it| it["id"].clone()).collect();
    assert_eq!(ids.len(), 7);
    assert!(ids.windows(2).all(|pair| pair[0].as_u64() > pair[1].as_u64()));
    let first = client.get(&url);
    // what is pushed meanwhile doesn't move what a cursor points to
    server.world(|world| world.commit_to("access", "try", "cleo", "a", "more\n"));
    let second = client.get(&first.link("next").unwrap());
    assert_eq!(second.each("id"), ids[3..6]);
    let back = client.get(&second.link("prev").unwrap());
    assert_eq!(back.each("id"), ids[0..3]);
    assert_eq!((first.link("last"), first.link("prev")), (None, None));
    client.get(&format!("{ACTIVITY}?after=YWN0aXZpdHk6MQ"));
    assert!(server.take_violations()[0].contains("the cursor `after` was not asked for by a link"));
}

#[test]
fn old_movements_are_left_out_by_a_period_and_may_be_forgotten() {
    let mut world = access();
    world.commit_to("access", "try", "cleo", "a", "1\n");
    world.pass(jiff::SignedDuration::from_hours(48));
    world.commit_to("access", "try", "cleo", "a", "2\n");
    world.delete_account("cleo");
    let (server, token) = served(world);
    let client = Client::new(&server, &token);
    let day = client.get(&format!("{ACTIVITY}?time_period=day"));
    assert_eq!((day.list().len(), &day.list()[0]["actor"]), (1, &Value::Null));
    assert_eq!(client.get(&format!("{ACTIVITY}?time_period=week")).list().len(), 3);
    server.world(|world| world.forget_activities("access", |activity| activity.branch == "try"));
    assert!(movements(&server, &token, "try").is_empty());
}

#[test]
fn movements_of_a_deleted_branch_may_not_be_found_by_its_name() {
    let mut world = access();
    world.commit_to("access", "try", "cleo", "a", "1\n");
    world.delete_branch("access", "try", "cleo");
    world.activity_hides_deleted = true;
    let (server, token) = served(world);
    assert!(movements(&server, &token, "try").is_empty());
    let all = Client::new(&server, &token).get(ACTIVITY);
    assert_eq!(all.each("ref"), ["refs/heads/try", "refs/heads/try", "refs/heads/main"]);
}

#[test]
fn time_that_passes_in_the_world_passes_for_the_server() {
    let (server, token) = served(access());
    let before = server.clock().now();
    server.world(|world| {
        world.pass(jiff::SignedDuration::from_secs(90));
        world.commit_to("access", "try", "cleo", "a", "1\n");
    });
    assert_eq!(server.clock().now().duration_since(before).as_secs(), 90);
    let told = Client::new(&server, &token).get(&format!("{ACTIVITY}?per_page=1"));
    assert_eq!(told.list()[0]["timestamp"], "2026-09-01T08:02:30Z");
    assert_eq!(told.header("Date"), Some("Tue, 01 Sep 2026 08:02:30 GMT"));
}

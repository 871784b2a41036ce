//! Histories that must not fool a client: all of them can happen, and this is how they look.

use crate::client::Client;
use crate::story::{access, data, events, evidence, guard, landings, minutes, movements, proposed, reviews, served};
use github_standin::world::{Bypass, Draft, Method, ReviewRule, Rule};
use github_standin::{Fault, On, World};
use serde_json::{Value, json};

/// The rules of `main` without those that take approvals back by themselves.
fn forgiving(mut world: World) -> World {
    let id = guard(&world);
    let review = ReviewRule { approvals: 1, ..ReviewRule::default() };
    world.change_ruleset("access", id, |set| set.rules = vec![Rule::PullRequest(review)]);
    world
}

#[test]
fn an_approval_for_a_harmless_branch_stands_where_it_is_let_go_to_main() {
    let mut world = forgiving(access());
    let main = world.branch("access", "main").unwrap();
    world.push("access", "scratch", &main, "cleo");
    let head = world.commit_to("access", "try", "cleo", "people/cleo.yaml", "role: admin\n");
    let number = world.open_pull("access", "try", "scratch", "cleo");
    world.approve("access", number, "dan");
    minutes(&mut world, 1);
    world.edit_base("access", number, "main", "cleo");
    world.merge_pull("access", number, Method::Merge, "cleo");
    let (server, token) = served(world);
    let seen = evidence(&server, &token, number);
    assert_eq!(reviews(&seen), [("APPROVED", head.as_str())]);
    assert_eq!(events(&seen), ["BaseRefChangedEvent", "MergedEvent", "ClosedEvent"]);
    assert_eq!(seen["baseRefName"], "main");
}

#[test]
fn a_branch_that_was_deleted_restored_and_pushed_shows_its_old_approval() {
    let mut world = forgiving(proposed());
    let before = world.branch("access", "add-eve").unwrap();
    world.approve("access", 1, "dan");
    world.delete_branch("access", "add-eve", "cleo");
    world.restore_branch("access", 1, "cleo");
    world.reopen_pull("access", 1, "cleo");
    let head = world.commit_to("access", "add-eve", "cleo", "people/eve.yaml", "role: admin\n");
    world.merge_pull("access", 1, Method::Squash, "cleo");
    let (server, token) = served(world);
    let seen = evidence(&server, &token, 1);
    assert_eq!((reviews(&seen), &seen["headRefOid"]), (vec![("APPROVED", before.as_str())], &json!(head)));
    let kinds: Vec<String> = movements(&server, &token, "add-eve").into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, ["push", "branch_creation", "branch_deletion", "branch_creation"]);
}

#[test]
fn two_pull_requests_of_one_head_are_merged_by_one_commit() {
    let mut world = proposed();
    let head = world.branch("access", "add-eve").unwrap();
    world.push("access", "same", &head, "bo");
    let second = world.open_pull("access", "same", "main", "bo");
    world.approve("access", 1, "dan");
    let merged = world.merge_pull("access", 1, Method::Merge, "dan");
    let (server, token) = served(world);
    assert_eq!(landings(&server, &token, &merged), [1, second]);
    let seen = evidence(&server, &token, second);
    assert_eq!((&seen["mergeCommit"]["oid"], &seen["reviews"]["totalCount"]), (&json!(merged), &json!(0)));
    // one movement for both
    let kinds: Vec<String> = movements(&server, &token, "main").into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, ["pr_merge", "branch_creation"]);
}

#[test]
fn an_approval_after_the_merge_is_an_approval_like_others() {
    let mut world = proposed();
    let id = guard(&world);
    world.change_ruleset("access", id, |set| set.bypass.push((Bypass::Owners, true)));
    world.merge_pull("access", 1, Method::Merge, "ada");
    minutes(&mut world, 10);
    let head = world.pull("access", 1).head_oid.clone();
    world.approve("access", 1, "dan");
    let (server, token) = served(world);
    let seen = evidence(&server, &token, 1);
    assert_eq!(reviews(&seen), [("APPROVED", head.as_str())]);
    assert!(seen["reviews"]["nodes"][0]["submittedAt"].as_str() > seen["mergedAt"].as_str());
}

#[test]
fn whoever_pushes_to_a_machines_pull_request_is_told_by_the_activity_only() {
    let mut world = access();
    world.add_bot("dependabot");
    let main = world.branch("access", "main").unwrap();
    let own = world.make_commit("access", &Draft::on(&main, "dependabot[bot]").write("pin", "1.1\n").on_the_web());
    world.push("access", "bump", &own, "dependabot[bot]");
    let number = world.open_pull("access", "bump", "main", "dependabot[bot]");
    // a name and an address in a commit are what somebody wrote there
    let forged =
        world.make_commit("access", &Draft::on(&own, "dependabot[bot]").write("people/dan.yaml", "role: admin\n"));
    world.push("access", "bump", &forged, "dan");
    world.approve("access", number, "dan");
    let (server, token) = served(world);
    let seen = evidence(&server, &token, number);
    assert_eq!(seen["author"]["__typename"], "Bot");
    let forged = &seen["commits"]["nodes"][1]["commit"];
    assert_eq!((&forged["signature"], &forged["committer"]["user"]), (&Value::Null, &Value::Null));
    let pushes = Client::new(&server, &token).get("/repos/northwind/access/activity?ref=bump").body;
    assert_eq!(pushes[0]["actor"]["login"], "dan");
}

#[test]
fn a_commit_elsewhere_than_on_the_default_branch_tells_open_pull_requests_too() {
    let mut world = access();
    let main = world.branch("access", "main").unwrap();
    world.push("access", "develop", &main, "ada");
    world.set_default_branch("access", "develop");
    world.commit_to("access", "try", "cleo", "a", "1\n");
    let first = world.open_pull("access", "try", "main", "cleo");
    let merged = world.merge_pull("access", first, Method::Merge, "cleo");
    let second = world.open_pull("access", "main", "develop", "cleo");
    let (server, token) = served(world);
    assert_eq!(landings(&server, &token, &merged), [first, second]);
    let repository = Client::new(&server, &token).get("/repos/northwind/access").body;
    assert_eq!(repository["default_branch"], "develop");
}

#[test]
fn a_repository_of_another_name_leads_on_for_all_of_it() {
    let mut world = proposed();
    let token = world.actions_token("access", "pull_requests=write contents=read");
    world.rename_repository("access", "rights");
    let server = crate::world::server(world);
    let client = Client::new(&server, &token);
    let moved = client.get("/repos/northwind/access/activity?ref=main&per_page=5");
    assert_eq!(moved.status, 301);
    let to = moved.header("Location").unwrap();
    assert!(to.ends_with("/activity?ref=main&per_page=5"), "{to}");
    assert_eq!(client.get(to).list().len(), 1);
    let moved = client.post("/repos/northwind/access/issues/1/comments", json!({ "body": "Hello" }));
    assert_eq!(moved.status, 307);
    let there = client.post(moved.header("Location").unwrap(), json!({ "body": "Hello" }));
    assert_eq!(there.status, 201);
}

#[test]
fn what_comes_short_says_nothing_of_it_or_that_it_is_too_much() {
    let mut world = proposed();
    for _ in 0..4 {
        world.request_changes("access", 1, "dan");
    }
    let (server, token) = served(world);
    server.fail(On::query("Evidence").times(1), Fault::HalfPage);
    let short = evidence(&server, &token, 1)["reviews"].clone();
    // only the count tells
    assert_eq!((&short["totalCount"], short["nodes"].as_array().unwrap().len()), (&json!(4), 2));
    assert_eq!(short["pageInfo"]["hasNextPage"], false);
    server.fail(On::query("Evidence").times(1), Fault::ResourceLimits);
    let variables = json!({ "owner": "northwind", "name": "access", "number": 1 });
    let client = Client::new(&server, &token);
    let much = client.query(crate::story::EVIDENCE, variables.clone()).body;
    assert_eq!(much["errors"][0]["type"], "RESOURCE_LIMITS_EXCEEDED");
    assert_eq!(much["data"]["repository"]["pullRequest"]["reviews"]["nodes"], Value::Null);
    server.fail(On::method("GET").path("/activity").times(1), Fault::HalfPage);
    let pages = |client: &Client| client.get("/repos/northwind/access/activity?per_page=2").list().len();
    assert_eq!((pages(&client), pages(&client)), (1, 2));
    assert_eq!(data(&client.query(crate::story::EVIDENCE, variables))["repository"]["pullRequest"]["number"], 1);
}

//! Pull requests: opened, changed, closed, opened again, and what becomes of those that stand on others.

use crate::client::Client;
use crate::story::{access, events, evidence, landings, minutes, proposed, reviews, served};
use crate::world::server;
use github_standin::world::{Draft, Event, Method};
use serde_json::{Value, json};

const PULLS: &str = "/repos/northwind/access/pulls";

#[test]
fn a_pull_request_is_opened_over_the_interface_and_seen_by_both() {
    let mut world = access();
    let head = world.commit_to("access", "add-eve", "cleo", "people/eve.yaml", "name: Eve\n");
    let token = world.fine_grained_token("cleo", "pull_requests=write contents=read");
    let server = server(world);
    let client = Client::new(&server, &token);
    let body =
        json!({ "title": "Add Eve", "head": "add-eve", "base": "main", "body": "She begins soon.", "draft": true });
    let opened = client.post(PULLS, body.clone());
    assert_eq!((opened.status, &opened.body["number"]), (201, &json!(1)), "{opened:?}");
    let again = client.post(PULLS, body);
    let error = &again.body["errors"][0]["message"];
    assert_eq!((again.status, error), (422, &json!("A pull request already exists for northwind:add-eve.")));
    let shown = client.get(&format!("{PULLS}/1")).body;
    assert_eq!((&shown["head"]["sha"], &shown["head"]["ref"]), (&json!(head), &json!("add-eve")));
    assert_eq!((&shown["user"]["login"], &shown["author_association"]), (&json!("cleo"), &json!("MEMBER")));
    assert_eq!((&shown["draft"], &shown["mergeable_state"]), (&json!(true), &json!("draft")));
    assert_eq!((&shown["additions"], &shown["changed_files"], &shown["commits"]), (&json!(1), &json!(1), &json!(1)));
    let seen = evidence(&server, &token, 1);
    assert_eq!((&seen["isDraft"], &seen["state"], &seen["merged"]), (&json!(true), &json!("OPEN"), &json!(false)));
    assert_eq!(seen["fullDatabaseId"], shown["id"].to_string());
    assert_eq!(seen["author"]["databaseId"], shown["user"]["id"]);
    assert_eq!(seen["commits"]["nodes"][0]["commit"]["authors"]["nodes"][0]["user"]["login"], "cleo");
    server.world(|world| world.set_draft("access", 1, false, "cleo"));
    assert_eq!(events(&evidence(&server, &token, 1)), ["ReadyForReviewEvent"]);
}

#[test]
fn a_branch_that_is_not_there_or_brings_nothing_is_refused() {
    let mut world = access();
    let token = world.fine_grained_token("ada", "pull_requests=write");
    let server = server(world);
    let client = Client::new(&server, &token);
    for (head, base, message) in [
        ("nowhere", "main", "head is invalid"),
        ("main", "nowhere", "base is invalid"),
        ("eve:main", "main", "head is invalid"),
        ("main", "main", "No commits between main and main"),
    ] {
        let refused = client.post(PULLS, json!({ "title": "Nothing", "head": head, "base": base }));
        assert_eq!((refused.status, &refused.body["errors"][0]["message"]), (422, &json!(message)));
    }
}

#[test]
fn lists_are_asked_by_state_base_and_labelled_head() {
    let mut world = proposed();
    world.propose_change("access", "add-bo", "bo", "people/bo.yaml", "name: Bo\n");
    world.close_pull("access", 2, "bo");
    let (server, token) = served(world);
    let client = Client::new(&server, &token);
    let numbers = |query: &str| Value::from(client.get(&format!("{PULLS}{query}")).each("number"));
    assert_eq!(numbers(""), json!([1]));
    assert_eq!(numbers("?state=closed"), json!([2]));
    assert_eq!(numbers("?state=all"), json!([2, 1]));
    assert_eq!(numbers("?state=all&head=northwind:add-eve&base=main"), json!([1]));
    assert_eq!(numbers("?state=all&base=release"), json!([]));
    // a head without an owner isn't looked at, which nobody notices
    assert_eq!(numbers("?state=all&head=add-eve"), json!([2, 1]));
    assert!(server.take_violations()[0].contains("names no owner"));
    assert_eq!(client.get(&format!("{PULLS}/9")).status, 404);
}

#[test]
fn the_commit_of_a_merge_is_a_trial_until_there_is_one() {
    let (server, token) = served(proposed());
    let client = Client::new(&server, &token);
    let trial = client.get(&format!("{PULLS}/1")).body["merge_commit_sha"].clone();
    assert_eq!(evidence(&server, &token, 1)["mergeCommit"], Value::Null);
    let merged = server.world(|world| {
        assert!(world.commit("access", trial.as_str().unwrap()).is_none());
        world.approve("access", 1, "dan");
        world.merge_pull("access", 1, Method::Merge, "bo")
    });
    let shown = client.get(&format!("{PULLS}/1")).body;
    assert_eq!(
        (&shown["merge_commit_sha"], &shown["state"], &shown["merged"]),
        (&json!(merged), &json!("closed"), &json!(true))
    );
    assert_ne!(trial, shown["merge_commit_sha"]);
}

#[test]
fn closing_opening_and_a_base_of_another_name_are_told_by_events() {
    let mut world = proposed();
    let main = world.branch("access", "main").unwrap();
    world.push("access", "scratch", &main, "cleo");
    let token = world.fine_grained_token("cleo", "pull_requests=write contents=read");
    let server = server(world);
    let client = Client::new(&server, &token);
    let change = |body: Value| client.patch(&format!("{PULLS}/1"), body);
    assert_eq!(change(json!({ "base": "scratch", "title": "Try" })).body["base"]["ref"], "scratch");
    assert_eq!(change(json!({ "base": "main" })).body["title"], "Try");
    assert_eq!(change(json!({ "state": "closed" })).body["state"], "closed");
    assert_eq!(change(json!({ "base": "scratch" })).status, 422);
    assert_eq!(change(json!({ "state": "open" })).body["closed_at"], Value::Null);
    let seen = evidence(&server, &token, 1);
    let told = ["BaseRefChangedEvent", "BaseRefChangedEvent", "ClosedEvent", "ReopenedEvent"];
    assert_eq!(events(&seen), told);
    let first = &seen["timelineItems"]["nodes"][0];
    assert_eq!((&first["previousRefName"], &first["currentRefName"]), (&json!("main"), &json!("scratch")));
    assert_eq!(first["actor"]["login"], "cleo");
}

#[test]
fn somebody_who_neither_wrote_it_nor_pushes_changes_nothing() {
    let mut world = proposed();
    let token = world.fine_grained_token("finn", "pull_requests=write contents=write");
    let server = server(world);
    let client = Client::new(&server, &token);
    assert_eq!(client.patch(&format!("{PULLS}/1"), json!({ "state": "closed" })).status, 403);
    assert_eq!(client.put(&format!("{PULLS}/1/merge"), json!({})).status, 403);
}

#[test]
fn a_deleted_head_closes_and_a_restored_one_lets_it_be_opened_again() {
    let mut world = proposed();
    world.delete_branch("access", "add-eve", "cleo");
    assert!(!world.pull("access", 1).is_open());
    minutes(&mut world, 1);
    world.restore_branch("access", 1, "dan");
    world.reopen_pull("access", 1, "cleo");
    let (server, token) = served(world);
    let seen = evidence(&server, &token, 1);
    assert_eq!(events(&seen), ["ClosedEvent", "HeadRefDeletedEvent", "HeadRefRestoredEvent", "ReopenedEvent"]);
    assert_eq!(seen["timelineItems"]["nodes"][1]["headRefName"], "add-eve");
    assert_eq!(seen["state"], "OPEN");
}

#[test]
fn what_was_pushed_while_it_was_closed_is_shown_when_it_is_opened_unless_it_was_pushed_anew() {
    let mut world = proposed();
    world.close_pull("access", 1, "cleo");
    let head = world.commit_to("access", "add-eve", "dan", "people/eve.yaml", "name: Eve\nrole: owner\n");
    assert_ne!(world.pull("access", 1).head_oid, head);
    world.reopen_pull("access", 1, "cleo");
    assert_eq!(world.pull("access", 1).head_oid, head);
    world.close_pull("access", 1, "cleo");
    let main = world.branch("access", "main").unwrap();
    let other = world.make_commit("access", &Draft::on(&main, "dan").write("people/eve.yaml", "role: admin\n"));
    world.push("access", "add-eve", &other, "dan");
    let token = world.fine_grained_token("cleo", "pull_requests=write");
    let server = server(world);
    let refused = Client::new(&server, &token).patch(&format!("{PULLS}/1"), json!({ "state": "open" }));
    assert_eq!(refused.status, 422);
    let message = refused.body["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.ends_with("branch was force-pushed or recreated."), "{message}");
}

#[test]
fn a_fork_is_another_repository_and_may_be_gone() {
    let mut world = access();
    world.add_account("eve");
    world.grant("eve", "access", "read");
    let fork = world.fork("eve", "access");
    let main = world.branch("access", "main").unwrap();
    let head = world.make_commit("access", &Draft::on(&main, "eve").write("people/eve.yaml", "name: Eve\n"));
    world.push("eve/access", "mine", &head, "eve");
    let number = world.open_pull_from("access", "eve/access", "mine", "main", "eve");
    world.set_visibility("eve/access", github_standin::world::Visibility::Public);
    let (server, token) = served(world);
    let client = Client::new(&server, &token);
    let seen = evidence(&server, &token, number);
    assert_eq!((&seen["isCrossRepository"], &seen["headRepository"]["databaseId"]), (&json!(true), &json!(fork)));
    let shown = client.get(&format!("{PULLS}/{number}")).body;
    assert_eq!((&shown["head"]["repo"]["id"], &shown["head"]["label"]), (&json!(fork), &json!("eve:mine")));
    assert_eq!(shown["author_association"], "COLLABORATOR");
    // the fork's branch is nowhere in the activity of the repository
    assert!(crate::story::movements(&server, &token, "mine").is_empty());
    server.world(|world| world.delete_repository("eve/access"));
    assert_eq!(client.get(&format!("{PULLS}/{number}")).body["head"]["repo"], Value::Null);
    let seen = evidence(&server, &token, number);
    assert_eq!((&seen["isCrossRepository"], &seen["headRepository"]), (&json!(true), &Value::Null));
}

#[test]
fn what_stands_on_a_merged_branch_follows_it_when_that_is_deleted_and_loses_its_approvals() {
    let mut world = proposed();
    world.commit_to("access", "add-eve", "cleo", "people/eve.yaml", "name: Eve\nteam: build\n");
    let head = world.branch("access", "add-eve").unwrap();
    let upper = world.make_commit("access", &Draft::on(&head, "dan").write("people/finn.yaml", "name: Finn\n"));
    world.push("access", "add-finn", &upper, "dan");
    let second = world.open_pull("access", "add-finn", "add-eve", "dan");
    let approval = world.approve("access", second, "bo");
    world.approve("access", 1, "bo");
    minutes(&mut world, 1);
    world.merge_pull("access", 1, Method::Merge, "ada");
    assert_eq!(world.pull("access", second).base, "add-eve");
    world.delete_branch("access", "add-eve", "cleo");
    let (server, token) = served(world);
    let seen = evidence(&server, &token, second);
    assert_eq!((&seen["baseRefName"], &seen["state"]), (&json!("main"), &json!("OPEN")));
    assert_eq!(events(&seen), ["AutomaticBaseChangeSucceededEvent", "ReviewDismissedEvent"]);
    let nodes = &seen["timelineItems"]["nodes"];
    assert_eq!((&nodes[0]["oldBase"], &nodes[0]["newBase"]), (&json!("add-eve"), &json!("main")));
    assert_eq!(nodes[1]["dismissalMessage"], "The base branch was changed.");
    assert_eq!(nodes[1]["review"]["fullDatabaseId"], approval.to_string());
    // the head stands where it stood
    assert_eq!(reviews(&seen), [("DISMISSED", upper.as_str())]);
}

#[test]
fn what_stands_on_a_deleted_branch_that_was_not_merged_is_closed() {
    let mut world = proposed();
    let head = world.branch("access", "add-eve").unwrap();
    let upper = world.make_commit("access", &Draft::on(&head, "dan").write("people/finn.yaml", "name: Finn\n"));
    world.push("access", "add-finn", &upper, "dan");
    let second = world.open_pull("access", "add-finn", "add-eve", "dan");
    world.delete_branch("access", "add-eve", "cleo");
    let (server, token) = served(world);
    let seen = evidence(&server, &token, second);
    assert_eq!(seen["state"], "CLOSED");
    assert_eq!(events(&seen), ["BaseRefDeletedEvent", "ClosedEvent"]);
    assert_eq!(seen["timelineItems"]["nodes"][0]["baseRefName"], "add-eve");
}

#[test]
fn a_base_that_cannot_be_followed_is_told_and_closes() {
    let mut world = proposed();
    let head = world.branch("access", "add-eve").unwrap();
    let upper = world.make_commit("access", &Draft::on(&head, "dan").write("people/finn.yaml", "name: Finn\n"));
    world.push("access", "add-finn", &upper, "dan");
    let second = world.open_pull("access", "add-finn", "add-eve", "dan");
    // there is one with the same head for the branch that it would go to
    world.open_pull("access", "add-finn", "main", "dan");
    world.approve("access", 1, "bo");
    world.merge_pull("access", 1, Method::Squash, "ada");
    world.delete_branch("access", "add-eve", "cleo");
    let events: Vec<&Event> = world.pull("access", second).timeline.iter().map(|it| &it.event).collect();
    let (from, to) = ("add-eve".to_owned(), "main".to_owned());
    let told = [Event::BaseNotFollowed(from.clone(), to), Event::BaseDeleted(from), Event::Closed];
    assert_eq!(events, told.iter().collect::<Vec<&Event>>());
}

#[test]
fn a_base_that_is_pushed_anew_is_told() {
    let mut world = proposed();
    let main = world.branch("access", "main").unwrap();
    world.push("access", "release", &main, "ada");
    world.edit_base("access", 1, "release", "cleo");
    let other = world.make_commit("access", &Draft::root("ada").write("README.md", "Anew\n"));
    world.push("access", "release", &other, "ada");
    let (server, token) = served(world);
    let seen = evidence(&server, &token, 1);
    assert_eq!(events(&seen), ["BaseRefChangedEvent", "BaseRefForcePushedEvent"]);
    let node = &seen["timelineItems"]["nodes"][1];
    assert_eq!((&node["beforeCommit"]["oid"], &node["afterCommit"]["oid"]), (&json!(main), &json!(other)));
}

#[test]
fn a_commit_tells_by_which_pull_request_it_came() {
    let world = proposed();
    let head = world.branch("access", "add-eve").unwrap();
    let (server, token) = served(world);
    // before it is on the default branch, open ones count
    assert_eq!(landings(&server, &token, &head), [1]);
    server.world(|world| {
        world.association_delay = jiff::SignedDuration::from_secs(20);
        world.approve("access", 1, "dan");
        world.merge_pull("access", 1, Method::Squash, "bo");
    });
    let squashed = server.world(|world| world.branch("access", "main").unwrap());
    assert!(landings(&server, &token, &squashed).is_empty());
    server.clock().advance(jiff::SignedDuration::from_secs(20));
    assert_eq!(landings(&server, &token, &squashed), [1]);
    let client = Client::new(&server, &token);
    let listed = client.get(&format!("/repos/northwind/access/commits/{squashed}/pulls"));
    assert_eq!(listed.list()[0]["merge_commit_sha"], squashed.as_str());
    assert_eq!(client.get(&format!("/repos/northwind/access/commits/{}/pulls", "0".repeat(40))).status, 422);
    let unknown = json!({ "owner": "northwind", "name": "access", "a": "0".repeat(40) });
    assert_eq!(client.query(crate::story::LANDINGS, unknown).body["data"]["repository"]["c0"], Value::Null);
}

#[test]
fn a_list_of_commits_stops_at_250_whatever_there_is() {
    let mut world = access();
    let mut tip = world.branch("access", "main").unwrap();
    for round in 0..260 {
        tip = world.make_commit("access", &Draft::on(&tip, "cleo").write("a", &format!("{round}\n")));
    }
    world.push("access", "long", &tip, "cleo");
    let number = world.open_pull("access", "long", "main", "cleo");
    let (server, token) = served(world);
    let client = Client::new(&server, &token);
    let query = "query($after:String){repository(owner:\"northwind\",name:\"access\"){pullRequest(number:1){
        commits(first:100,after:$after){totalCount pageInfo{hasNextPage endCursor} nodes{commit{oid}}}}}}";
    let (mut after, mut found) = (Value::Null, 0);
    loop {
        let page =
            client.query(query, json!({ "after": after })).body["data"]["repository"]["pullRequest"]["commits"].clone();
        assert_eq!(page["totalCount"], 260);
        found += page["nodes"].as_array().unwrap().len();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!((number, found), (1, 250));
    assert_eq!(client.get(&format!("{PULLS}/1")).body["commits"], 260);
}

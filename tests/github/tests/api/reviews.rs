//! Reviews, and the commits that GitHub moves them to.

use crate::client::Client;
use crate::story::{access, events, evidence, guard, minutes, movements, proposed, reviews, served};
use crate::world::server;
use github_standin::World;
use github_standin::world::{Draft, Method, ReviewRule, Rule, Verdict};
use serde_json::{Value, json};

const REVIEWS: &str = "/repos/northwind/access/pulls/1/reviews";

/// The first review as both interfaces show it: what it says, and at which commit.
fn first(world: World) -> (String, String) {
    let (server, token) = served(world);
    let seen = evidence(&server, &token, 1);
    let (state, commit) = reviews(&seen)[0];
    let listed = Client::new(&server, &token).get(REVIEWS).list()[0].clone();
    assert_eq!((&listed["state"], &listed["commit_id"]), (&json!(state), &json!(commit)));
    (state.to_owned(), commit.to_owned())
}

/// Something else lands on `main`, so that a branch can be made anew on top of it.
fn advance_main(world: &mut World) {
    let number = world.propose_change("access", "other", "bo", "people/bo.yaml", "name: Bo\n");
    world.approve("access", number, "dan");
    world.merge_pull("access", number, Method::Merge, "ada");
    minutes(world, 1);
}

#[test]
fn an_approval_moves_to_a_head_that_was_pushed_anew_with_the_same_difference() {
    let mut world = proposed();
    world.approve("access", 1, "dan");
    minutes(&mut world, 1);
    advance_main(&mut world);
    let before = world.branch("access", "add-eve").unwrap();
    let head = world.rebase("access", "add-eve", "main", "cleo");
    assert_ne!(before, head);
    let (server, token) = served(world);
    let seen = evidence(&server, &token, 1);
    assert_eq!(reviews(&seen), [("APPROVED", head.as_str())]);
    assert_eq!(events(&seen), ["HeadRefForcePushedEvent"]);
    let forced = &seen["timelineItems"]["nodes"][0];
    assert_eq!((&forced["beforeCommit"]["oid"], &forced["afterCommit"]["oid"]), (&json!(before), &json!(head)));
    // only times tell that the approval is older than the head
    assert!(seen["reviews"]["nodes"][0]["submittedAt"].as_str() < forced["createdAt"].as_str());
    let (kind, from, to) = &movements(&server, &token, "add-eve")[0];
    assert_eq!((kind.as_str(), from, to), ("force_push", &before, &head));
}

#[test]
fn an_approval_moves_when_the_base_is_merged_into_the_head() {
    let mut world = proposed();
    world.approve("access", 1, "dan");
    minutes(&mut world, 1);
    advance_main(&mut world);
    let head = world.update_branch("access", 1, "dan");
    // the button is pressed by an author, and GitHub commits
    let commit = world.commit("access", &head).unwrap();
    assert_eq!((commit.author.name.as_str(), commit.committer.email.as_str()), ("dan", "noreply@github.com"));
    assert!(commit.via_web && commit.signature.as_ref().is_some_and(|signature| signature.by_github));
    assert_eq!(world.activities("access").last().unwrap().actor, world.account("dan").unwrap().id);
    assert_eq!(first(world), ("APPROVED".to_owned(), head));
}

#[test]
fn an_approval_moves_when_lines_come_before_what_changes() {
    let mut world = access();
    let main = world.branch("access", "main").unwrap();
    let long = "one: 1\ntwo: 2\nthree: 3\nfour: 4\n";
    let long_at = world.make_commit("access", &Draft::on(&main, "ada").write("list.yaml", long));
    world.push("access", "list", &long_at, "ada");
    let head =
        world.make_commit("access", &Draft::on(&long_at, "cleo").write("list.yaml", &format!("{long}five: 5\n")));
    world.push("access", "add-five", &head, "cleo");
    world.open_pull("access", "add-five", "list", "cleo");
    world.approve("access", 1, "dan");
    let base = world.make_commit("access", &Draft::on(&long_at, "bo").write("list.yaml", &format!("zero: 0\n{long}")));
    world.push("access", "list", &base, "bo");
    let text = format!("zero: 0\n{long}five: 5\n");
    let anew = world.make_commit("access", &Draft::on(&base, "cleo").write("list.yaml", &text));
    world.push("access", "add-five", &anew, "cleo");
    assert_eq!(first(world), ("APPROVED".to_owned(), anew));
}

#[test]
fn an_approval_does_not_move_to_another_content() {
    let mut world = proposed();
    let id = guard(&world);
    world.change_ruleset("access", id, |set| {
        set.rules = vec![Rule::PullRequest(ReviewRule { approvals: 1, ..ReviewRule::default() })];
    });
    world.approve("access", 1, "dan");
    let before = world.branch("access", "add-eve").unwrap();
    world.commit_to("access", "add-eve", "cleo", "people/eve.yaml", "name: Eve\nrole: owner\n");
    assert_eq!(first(world), ("APPROVED".to_owned(), before));
}

#[test]
fn where_rules_say_so_another_content_takes_approvals_back() {
    let mut world = proposed();
    let approval = world.approve("access", 1, "dan");
    world.commit_to("access", "add-eve", "cleo", "people/eve.yaml", "name: Eve\nrole: owner\n");
    let (server, token) = served(world);
    let seen = evidence(&server, &token, 1);
    assert_eq!(reviews(&seen)[0].0, "DISMISSED");
    let told = &seen["timelineItems"]["nodes"][0];
    assert_eq!(
        (&told["__typename"], &told["previousReviewState"]),
        (&json!("ReviewDismissedEvent"), &json!("APPROVED"))
    );
    assert_eq!(told["review"]["fullDatabaseId"], approval.to_string());
    assert_eq!((&told["dismissalMessage"], &told["actor"]["login"]), (&Value::Null, &json!("cleo")));
}

#[test]
fn a_review_that_was_begun_stays_at_the_head_at_which_it_was_begun() {
    let mut world = proposed();
    let before = world.branch("access", "add-eve").unwrap();
    let review = world.begin_review("access", 1, "dan");
    let own = world.fine_grained_token("dan", "pull_requests=read contents=read");
    world.commit_to("access", "add-eve", "cleo", "people/eve.yaml", "name: Eve\nrole: owner\n");
    let (server, token) = served(world);
    assert!(Client::new(&server, &token).get(REVIEWS).list().is_empty());
    assert_eq!(evidence(&server, &token, 1)["reviews"]["totalCount"], 0);
    let pending = Client::new(&server, &own).get(REVIEWS).list()[0].clone();
    assert_eq!((&pending["state"], pending.get("submitted_at")), (&json!("PENDING"), None));
    server.world(|world| world.submit_review("access", 1, review, Verdict::Approved));
    let seen = evidence(&server, &token, 1);
    assert_eq!(reviews(&seen), [("APPROVED", before.as_str())]);
}

#[test]
fn nobody_approves_their_own_and_a_workflow_only_where_it_may() {
    let mut world = proposed();
    let own = world.fine_grained_token("cleo", "pull_requests=write");
    let workflow = world.actions_token("access", "pull_requests=write");
    let server = server(world);
    let approve = |token: &str| Client::new(&server, token).post(REVIEWS, json!({ "event": "APPROVE" }));
    let refused = approve(&own);
    assert_eq!((refused.status, &refused.body["errors"]), (422, &json!(["Can not approve your own pull request"])));
    let comment = Client::new(&server, &own).post(REVIEWS, json!({ "event": "COMMENT", "body": "Look" }));
    assert_eq!((comment.status, &comment.body["state"]), (200, &json!("COMMENTED")));
    let blank = Client::new(&server, &own).post(REVIEWS, json!({ "event": "COMMENT" }));
    assert_eq!(blank.status, 422);
    let refused = approve(&workflow);
    let message = "GitHub Actions is not permitted to approve pull requests.";
    assert_eq!((refused.status, &refused.body["errors"][0]), (422, &json!(message)));
    server.world(|world| world.settings_mut("access").workflows_approve = true);
    let approved = approve(&workflow).body;
    assert_eq!((&approved["user"]["login"], &approved["user"]["type"]), (&json!("github-actions[bot]"), &json!("Bot")));
    assert_eq!(approved["user"]["id"], 41_898_282);
}

#[test]
fn somebody_who_does_not_see_the_repository_reviews_nothing() {
    let mut world = proposed();
    world.add_account("eve");
    let refused = world.try_review("access", 1, "eve", Verdict::Approved, "").unwrap_err();
    assert_eq!(refused.status, 404);
    world.set_visibility("access", github_standin::world::Visibility::Public);
    world.approve("access", 1, "eve");
    let (server, token) = served(world);
    let review = evidence(&server, &token, 1)["reviews"]["nodes"][0].clone();
    assert_eq!((&review["authorAssociation"], &review["authorCanPushToRepository"]), (&json!("NONE"), &json!(false)));
}

#[test]
fn machines_imported_people_and_people_who_left_are_told_apart() {
    let mut world = proposed();
    world.add_mannequin("old-hand");
    world.settings_mut("access").workflows_approve = true;
    for by in ["old-hand", "github-actions[bot]", "bo"] {
        world.approve("access", 1, by);
    }
    world.delete_account("bo");
    let (server, token) = served(world);
    let seen = evidence(&server, &token, 1);
    let authors: Vec<Value> =
        seen["reviews"]["nodes"].as_array().unwrap().iter().map(|it| it["author"].clone()).collect();
    assert_eq!((&authors[0]["__typename"], &authors[0]["login"]), (&json!("Mannequin"), &json!("old-hand")));
    assert_eq!(authors[1], json!({ "__typename": "Bot", "login": "github-actions", "databaseId": 41_898_282 }));
    assert_eq!(authors[2], Value::Null);
    assert_eq!(seen["reviews"]["nodes"][0]["authorAssociation"], "MANNEQUIN");
    let listed = Client::new(&server, &token).get(REVIEWS).each("user");
    assert_eq!(
        json!([listed[0]["type"], listed[1]["login"], listed[2]]),
        json!(["Mannequin", "github-actions[bot]", null])
    );
}

#[test]
fn a_review_is_changed_taken_back_and_never_given_again() {
    let mut world = proposed();
    let review = world.request_changes("access", 1, "dan");
    minutes(&mut world, 1);
    world.edit_review("access", 1, review, "It is fine.");
    let reads = world.fine_grained_token("finn", "pull_requests=write");
    let writes = world.fine_grained_token("cleo", "pull_requests=write contents=read");
    let server = server(world);
    let seen = evidence(&server, &writes, 1)["reviews"]["nodes"][0].clone();
    assert_eq!((&seen["lastEditedAt"], &seen["includesCreatedEdit"]), (&json!("2026-09-01T08:03:00Z"), &json!(true)));
    assert_eq!(seen["submittedAt"], "2026-09-01T08:02:00Z");
    let dismiss = |token: &str| {
        let url = format!("{REVIEWS}/{review}/dismissals");
        Client::new(&server, token).put(&url, json!({ "message": "It is about something else." }))
    };
    assert_eq!(dismiss(&reads).status, 403);
    // whoever opened it may, where they may push
    assert_eq!(dismiss(&writes).body["state"], "DISMISSED");
    let again = dismiss(&writes);
    assert_eq!(
        (again.status, &again.body["errors"][0]),
        (422, &json!("Can not dismiss a dismissed pull request review"))
    );
    let told = evidence(&server, &writes, 1)["timelineItems"]["nodes"][0].clone();
    assert_eq!((&told["previousReviewState"], &told["actor"]["login"]), (&json!("CHANGES_REQUESTED"), &json!("cleo")));
    assert_eq!(told["dismissalMessage"], "It is about something else.");
}

#[test]
fn a_commit_that_nothing_leads_to_is_forgotten_and_reviews_of_it_have_none() {
    let mut world = proposed();
    let id = guard(&world);
    world.change_ruleset("access", id, |set| set.rules.clear());
    world.approve("access", 1, "dan");
    let main = world.branch("access", "main").unwrap();
    let other = world.make_commit("access", &Draft::on(&main, "cleo").write("people/eve.yaml", "role: admin\n"));
    world.push("access", "add-eve", &other, "cleo");
    world.collect_garbage("access");
    let (server, token) = served(world);
    assert_eq!(reviews(&evidence(&server, &token, 1)), [("APPROVED", "gone")]);
    assert_eq!(Client::new(&server, &token).get(REVIEWS).list()[0]["commit_id"], Value::Null);
}

#[test]
fn more_reviews_than_a_page_come_page_by_page_in_both() {
    let mut world = proposed();
    for round in 0..130 {
        let verdict = if round == 129 { Verdict::ChangesRequested } else { Verdict::Commented };
        world.review("access", 1, "dan", verdict, &format!("Round {round}"));
    }
    let (server, token) = served(world);
    let client = Client::new(&server, &token);
    let seen = evidence(&server, &token, 1)["reviews"].clone();
    assert_eq!((&seen["totalCount"], &seen["pageInfo"]["hasNextPage"]), (&json!(130), &json!(true)));
    let rest =
        "query More($n:Int!,$after:String){repository(owner:\"northwind\",name:\"access\"){pullRequest(number:$n){
        reviews(first:100,after:$after){nodes{state} pageInfo{hasNextPage endCursor}}}}}";
    let page = client.query(rest, json!({ "n": 1, "after": seen["pageInfo"]["endCursor"] }));
    let page = &page.body["data"]["repository"]["pullRequest"]["reviews"];
    assert_eq!(page["nodes"].as_array().unwrap().len(), 30);
    assert_eq!(page["nodes"][29]["state"], "CHANGES_REQUESTED");
    let all = client.all(&format!("{REVIEWS}?per_page=100"));
    assert_eq!((all.len(), &all[129]["state"]), (130, &json!("CHANGES_REQUESTED")));
}

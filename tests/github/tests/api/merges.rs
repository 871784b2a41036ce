//! All ways in which a pull request comes to be merged, and what keeps it from that.

use crate::client::Client;
use crate::story::{access, events, evidence, guard, landings, minutes, movements, proposed, served};
use crate::world::server;
use github_standin::world::{Bypass, CheckRule, Draft, Method, Protection, ReviewRule, Rule};
use github_standin::{Server, World};
use serde_json::{Value, json};

const MERGE: &str = "/repos/northwind/access/pulls/1/merge";

fn approved() -> World {
    let mut world = proposed();
    world.approve("access", 1, "dan");
    minutes(&mut world, 1);
    world
}

/// Merges number 1 over the interface as bo, and gives the commit.
fn merge_by_bo(world: World, method: &str) -> (Server, String, String) {
    let mut world = world;
    let token = world.fine_grained_token("bo", "contents=write pull_requests=read");
    let server = server(world);
    let merged = Client::new(&server, &token).put(MERGE, json!({ "merge_method": method }));
    assert_eq!((merged.status, &merged.body["merged"]), (200, &json!(true)), "{merged:?}");
    let sha = merged.body["sha"].as_str().unwrap().to_owned();
    (server, token, sha)
}

#[test]
fn a_merge_has_two_parents_and_is_signed_by_github() {
    let world = approved();
    let (before, head) = (world.branch("access", "main").unwrap(), world.branch("access", "add-eve").unwrap());
    let (server, token, merged) = merge_by_bo(world, "merge");
    let seen = evidence(&server, &token, 1);
    assert_eq!((&seen["state"], &seen["mergedBy"]["login"]), (&json!("MERGED"), &json!("bo")));
    assert_eq!(seen["mergeCommit"]["oid"], merged.as_str());
    assert_eq!(seen["mergeCommit"]["parents"]["nodes"], json!([{ "oid": before }, { "oid": head }]));
    assert_eq!(events(&seen), ["MergedEvent", "ClosedEvent"]);
    let told = &seen["timelineItems"]["nodes"][0];
    assert_eq!((&told["commit"]["oid"], &told["mergeRefName"]), (&json!(merged), &json!("main")));
    assert_eq!(movements(&server, &token, "main")[0], ("pr_merge".to_owned(), before, merged.clone()));
    assert_eq!(landings(&server, &token, &merged), [1]);
    assert_eq!(landings(&server, &token, &head), [1]);
    let commit = "query($oid:GitObjectID!){repository(owner:\"northwind\",name:\"access\"){object(oid:$oid){...on Commit{
        committedViaWeb committer{email user{login databaseId}} author{user{login}} signature{__typename isValid wasSignedByGitHub}}}}}";
    let shown =
        Client::new(&server, &token).query(commit, json!({ "oid": merged })).body["data"]["repository"]["object"]
            .clone();
    assert_eq!((&shown["committedViaWeb"], &shown["author"]["user"]["login"]), (&json!(true), &json!("bo")));
    assert_eq!(shown["committer"]["user"], json!({ "login": "web-flow", "databaseId": 19_864_447 }));
    let signature = json!({ "__typename": "GpgSignature", "isValid": true, "wasSignedByGitHub": true });
    assert_eq!(shown["signature"], signature);
}

#[test]
fn a_squash_is_one_commit_of_whoever_opened_it_with_all_authors() {
    let mut world = approved();
    world.commit_to("access", "add-eve", "dan", "people/eve.yaml", "name: Eve\nteam: build\n");
    world.approve("access", 1, "bo");
    let before = world.branch("access", "main").unwrap();
    let (server, _, merged) = merge_by_bo(world, "squash");
    server.world(|world| {
        let commit = world.commit("access", &merged).unwrap();
        assert_eq!((&commit.parents[..], commit.author.name.as_str()), (&[before][..], "cleo"));
        let authors: Vec<String> = commit.authors().into_iter().map(|author| author.name).collect();
        assert_eq!(authors, ["cleo", "dan"]);
        assert_eq!(commit.files["people/eve.yaml"], "name: Eve\nteam: build\n");
    });
}

#[test]
fn a_rebase_makes_every_commit_anew_and_names_the_last() {
    let mut world = approved();
    world.commit_to("access", "add-eve", "dan", "people/finn.yaml", "name: Finn\n");
    world.approve("access", 1, "bo");
    let number = world.propose_change("access", "other", "bo", "people/bo.yaml", "name: Bo\n");
    world.approve("access", number, "dan");
    world.merge_pull("access", number, Method::Squash, "ada");
    let before = world.branch("access", "main").unwrap();
    let (server, token, merged) = merge_by_bo(world, "rebase");
    let middle = server.world(|world| {
        let last = world.commit("access", &merged).unwrap();
        assert_eq!((last.author.name.as_str(), last.committer.name.as_str()), ("dan", "bo"));
        assert!(last.signature.is_none() && last.files.contains_key("people/bo.yaml"));
        let middle = world.commit("access", &last.parents[0]).unwrap();
        assert_eq!((middle.author.name.as_str(), &middle.parents[0]), ("cleo", &before));
        middle.oid.clone()
    });
    assert_eq!(movements(&server, &token, "main")[0], ("pr_merge".to_owned(), before, merged.clone()));
    assert_eq!((landings(&server, &token, &merged), landings(&server, &token, &middle)), (vec![1], vec![1]));
}

#[test]
fn commits_that_a_test_made_as_github_would_have_are_taken() {
    let mut world = approved();
    let (main, head) = (world.branch("access", "main").unwrap(), world.branch("access", "add-eve").unwrap());
    let draft = Draft::on(&main, "bo").and(&head).write("people/mallory.yaml", "role: admin\n");
    let evil = world.make_commit("access", &draft.message("Merge"));
    world.merge_pull_as("access", 1, Method::Merge, "bo", &evil);
    let (server, token) = served(world);
    assert_eq!(evidence(&server, &token, 1)["mergeCommit"]["oid"], evil.as_str());
    assert_eq!(movements(&server, &token, "main")[0], ("pr_merge".to_owned(), main, evil));
}

/// Why bo can't merge number 1.
fn refusal(world: &World) -> String {
    let why = world.clone().try_merge("access", 1, Method::Merge, "bo").unwrap_err();
    assert_eq!(why.status, 405);
    why.message
}

#[test]
fn what_rules_ask_for_must_be_there() {
    let mut world = proposed();
    assert_eq!(refusal(&world), "At least 1 approving review is required by reviewers with write access.");
    world.approve("access", 1, "finn");
    assert_eq!(refusal(&world), "At least 1 approving review is required by reviewers with write access.");
    world.approve("access", 1, "dan");
    world.request_changes("access", 1, "ada");
    assert_eq!(refusal(&world), "Changes were requested by a reviewer with write access.");
    world.approve("access", 1, "ada");
    let checks = CheckRule { checks: vec![("plan".to_owned(), None)], strict: true };
    let id = guard(&world);
    world.change_ruleset("access", id, |set| set.rules.push(Rule::StatusChecks(checks)));
    assert_eq!(refusal(&world), "Required status check \"plan\" is expected.");
    let head = world.branch("access", "add-eve").unwrap();
    world.check("access", &head, "plan", "success");
    world.check("access", &head, "plan", "failure");
    assert_eq!(refusal(&world), "Required status check \"plan\" is expected.");
    world.check("access", &head, "plan", "success");
    world.set_draft("access", 1, true, "cleo");
    assert_eq!(refusal(&world), "Pull Request is still a draft");
    world.set_draft("access", 1, false, "cleo");
    world.settings_mut("access").methods = vec![Method::Squash];
    assert_eq!(refusal(&world), "The merge method `merge` is not allowed on this repository.");
    world.settings_mut("access").methods.push(Method::Merge);
    world.protect("access", "main", Protection { locked: true, enforce_admins: true, ..Protection::default() });
    assert_eq!(refusal(&world), "Cannot update this protected ref.");
    world.protect("access", "main", Protection::default());
    world.merge_pull("access", 1, Method::Merge, "bo");
    assert_eq!(refusal(&world), "Pull Request is not mergeable");
}

#[test]
fn rules_of_history_and_signatures_leave_some_ways_only() {
    let mut world = approved();
    let ways = |world: &World| {
        let ways = [Method::Merge, Method::Squash, Method::Rebase];
        ways.into_iter().filter(|way| world.clone().try_merge("access", 1, *way, "bo").is_ok()).collect::<Vec<Method>>()
    };
    let id = guard(&world);
    world.change_ruleset("access", id, |set| set.rules = vec![Rule::LinearHistory]);
    assert_eq!(ways(&world), [Method::Squash, Method::Rebase]);
    let (main, head) = (world.branch("access", "main").unwrap(), world.branch("access", "add-eve").unwrap());
    let merge = world.make_commit("access", &Draft::on(&main, "bo").and(&head));
    let refused = world.try_push("access", "main", &merge, "bo").unwrap_err();
    assert!(refused.message.ends_with("This branch must not contain merge commits."), "{refused:?}");
    world.change_ruleset("access", id, |set| set.rules = vec![Rule::Signatures]);
    assert_eq!(ways(&world), [Method::Squash]);
    let signed =
        world.make_commit("access", &Draft::on(&main, "cleo").write("people/eve.yaml", "name: Eve\n").signed());
    world.push("access", "add-eve", &signed, "cleo");
    assert_eq!(ways(&world), [Method::Merge, Method::Squash]);
}

#[test]
fn a_head_behind_its_base_waits_where_checks_are_strict() {
    let mut world = approved();
    let number = world.propose_change("access", "other", "bo", "people/bo.yaml", "name: Bo\n");
    world.approve("access", number, "dan");
    world.merge_pull("access", number, Method::Merge, "ada");
    let (id, checks) = (guard(&world), CheckRule { checks: Vec::new(), strict: true });
    world.change_ruleset("access", id, |set| set.rules.push(Rule::StatusChecks(checks)));
    assert_eq!(refusal(&world), "Head branch is out of date with the base branch.");
    world.update_branch("access", 1, "cleo");
    world.merge_pull("access", 1, Method::Merge, "bo");
}

#[test]
fn whoever_pushed_last_is_not_who_approves_it() {
    let mut world = proposed();
    let id = guard(&world);
    let review = ReviewRule { approvals: 1, last_push: true, ..ReviewRule::default() };
    world.change_ruleset("access", id, |set| set.rules = vec![Rule::PullRequest(review)]);
    world.commit_to("access", "add-eve", "dan", "people/eve.yaml", "name: Eve\nteam: build\n");
    world.approve("access", 1, "dan");
    assert_eq!(refusal(&world), "New changes require approval from someone other than the last pusher.");
    world.approve("access", 1, "bo");
    world.merge_pull("access", 1, Method::Merge, "bo");
}

#[test]
fn two_changes_of_one_file_are_in_conflict() {
    let mut world = approved();
    let number = world.propose_change("access", "other", "bo", "people/eve.yaml", "name: Evelyn\n");
    world.approve("access", number, "dan");
    world.merge_pull("access", number, Method::Merge, "ada");
    assert_eq!(refusal(&world), "Pull Request has merge conflicts");
    let (server, token) = served(world);
    let shown = Client::new(&server, &token).get("/repos/northwind/access/pulls/1").body;
    assert_eq!((&shown["mergeable"], &shown["merge_commit_sha"]), (&json!(false), &Value::Null));
}

#[test]
fn a_head_that_moved_since_somebody_looked_is_not_merged() {
    let mut world = approved();
    let token = world.fine_grained_token("bo", "contents=write");
    let server = server(world);
    let moved = Client::new(&server, &token).put(MERGE, json!({ "sha": "0".repeat(40) }));
    assert_eq!(moved.status, 409);
}

#[test]
fn who_is_above_rules_pushes_and_merges_without_them() {
    let mut world = proposed();
    let main = world.branch("access", "main").unwrap();
    let direct =
        world.make_commit("access", &Draft::on(&main, "ada").write("people/ada.yaml", "name: Ada\nrole: admin\n"));
    let refused = world.try_push("access", "main", &direct, "ada").unwrap_err();
    assert_eq!(refused.message, "Repository rule violations found: Changes must be made through a pull request.");
    let id = guard(&world);
    world.change_ruleset("access", id, |set| set.bypass.push((Bypass::Owners, true)));
    assert!(world.try_push("access", "main", &direct, "ada").is_err());
    world.change_ruleset("access", id, |set| set.bypass[0].1 = false);
    world.push("access", "main", &direct, "ada");
    world.merge_pull("access", 1, Method::Squash, "ada");
    let (server, token) = served(world);
    let kinds: Vec<String> = movements(&server, &token, "main").into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, ["pr_merge", "push", "branch_creation"]);
}

#[test]
fn everybody_whom_rules_name_is_above_them_and_nobody_else() {
    let mut world = proposed();
    let (team, id) = (world.add_team("Keepers", None), guard(&world));
    world.join_team("dan", "keepers", false);
    world.grant("bo", "access", "admin");
    let main = world.branch("access", "main").unwrap();
    // the App is there from its first check on
    world.check("access", &main, "any", "success");
    let bo = world.account("bo").unwrap().id;
    for (above, who) in [
        (Bypass::Owners, "ada"),
        (Bypass::Admins, "ada bo"),
        (Bypass::Team(team), "dan"),
        (Bypass::Account(bo), "bo"),
        (Bypass::App(15_368), "github-actions[bot]"),
    ] {
        world.change_ruleset("access", id, |set| set.bypass = vec![(above, false)]);
        let main = world.branch("access", "main").unwrap();
        let oid = world.make_commit("access", &Draft::on(&main, "cleo").write("a", "1\n"));
        let all = ["ada", "bo", "cleo", "dan", "github-actions[bot]"];
        let may: Vec<&str> =
            all.into_iter().filter(|by| world.clone().try_push("access", "main", &oid, by).is_ok()).collect();
        assert_eq!(may.join(" "), who, "{above:?}");
    }
    assert_eq!(world.clone().try_merge("access", 1, Method::Merge, "finn").unwrap_err().status, 403);
}

/// Somebody above the rules pushes a merge of number 1 that they made themselves.
fn pushed_merge(names_head: bool) -> (Server, String, [String; 3]) {
    let mut world = proposed();
    world.pushed_merges_name_head = names_head;
    let id = guard(&world);
    world.change_ruleset("access", id, |set| set.bypass.push((Bypass::Account(0), false)));
    let ada = world.account("ada").unwrap().id;
    world.change_ruleset("access", id, |set| set.bypass[0].0 = Bypass::Account(ada));
    let (main, head) = (world.branch("access", "main").unwrap(), world.branch("access", "add-eve").unwrap());
    let merge = world.make_commit("access", &Draft::on(&main, "ada").and(&head));
    let tip = world.make_commit("access", &Draft::on(&merge, "ada").write("README.md", "More\n"));
    world.push("access", "main", &tip, "ada");
    let (server, token) = served(world);
    (server, token, [head, merge, tip])
}

#[test]
fn a_head_that_somebody_pushed_to_the_base_is_merged_by_them() {
    for names_head in [false, true] {
        let (server, token, [head, merge, tip]) = pushed_merge(names_head);
        let seen = evidence(&server, &token, 1);
        assert_eq!((&seen["merged"], &seen["mergedBy"]["login"]), (&json!(true), &json!("ada")));
        let named = if names_head { head } else { merge };
        assert_eq!(seen["mergeCommit"]["oid"], named.as_str());
        let (kind, _, after) = &movements(&server, &token, "main")[0];
        assert_eq!((kind.as_str(), after), ("push", &tip));
    }
}

#[test]
fn a_pull_request_that_merges_itself_is_merged_by_whoever_wanted_it() {
    let mut world = proposed();
    world.enable_auto_merge("access", 1, Method::Squash, "dan");
    assert!(world.run_auto_merges("access").is_empty());
    let (server, token) = served(world);
    let wanted = evidence(&server, &token, 1)["autoMergeRequest"].clone();
    assert_eq!((&wanted["mergeMethod"], &wanted["enabledBy"]["login"]), (&json!("SQUASH"), &json!("dan")));
    let shown = Client::new(&server, &token).get("/repos/northwind/access/pulls/1").body;
    assert_eq!(shown["auto_merge"]["merge_method"], "squash");
    server.world(|world| {
        world.approve("access", 1, "bo");
        assert_eq!(world.run_auto_merges("access"), [1]);
    });
    let seen = evidence(&server, &token, 1);
    assert_eq!(seen["mergedBy"]["login"], "dan");
    assert_eq!(events(&seen), ["AutoMergeEnabledEvent", "MergedEvent", "ClosedEvent"]);
}

#[test]
fn wanting_to_merge_itself_can_be_taken_back() {
    let mut world = proposed();
    world.enable_auto_merge("access", 1, Method::Merge, "dan");
    world.disable_auto_merge("access", 1, "bo");
    world.enable_auto_merge("access", 1, Method::Merge, "dan");
    world.close_pull("access", 1, "cleo");
    let (server, token) = served(world);
    let seen = evidence(&server, &token, 1);
    let enabled = "AutoMergeEnabledEvent";
    let disabled = "AutoMergeDisabledEvent";
    assert_eq!(events(&seen), [enabled, disabled, enabled, "ClosedEvent", disabled]);
    assert_eq!(seen["timelineItems"]["nodes"][4]["reason"], "The pull request was closed");
}

fn queued() -> (World, String, String) {
    let mut world = approved();
    let id = guard(&world);
    world.change_ruleset("access", id, |set| set.rules.push(Rule::MergeQueue(Method::Squash)));
    let number = world.propose_change("access", "other", "bo", "people/bo.yaml", "name: Bo\n");
    assert_eq!(number, 2);
    world.approve("access", 2, "dan");
    let first = world.enqueue("access", 1, "cleo");
    let second = world.enqueue("access", 2, "bo");
    (world, first, second)
}

#[test]
fn the_queue_merges_a_group_by_one_movement() {
    let (mut world, first, second) = queued();
    let main = world.branch("access", "main").unwrap();
    assert_eq!(refusal(&world), "Changes must be made through the merge queue");
    let waiting = {
        let (server, token) = served(world.clone());
        evidence(&server, &token, 2)
    };
    assert_eq!(
        (&waiting["isInMergeQueue"], &waiting["mergeQueueEntry"]["state"]),
        (&json!(true), &json!("AWAITING_CHECKS"))
    );
    assert_eq!(waiting["mergeQueueEntry"]["baseCommit"]["oid"], first.as_str());
    assert_eq!(waiting["mergeQueueEntry"]["headCommit"]["oid"], second.as_str());
    world.merge_group("access", "main", 2).unwrap();
    let (server, token) = served(world);
    for (number, commit) in [(1, &first), (2, &second)] {
        let seen = evidence(&server, &token, number);
        assert_eq!((&seen["mergeCommit"]["oid"], &seen["isInMergeQueue"]), (&json!(commit), &json!(false)));
        assert_eq!(events(&seen), ["AddedToMergeQueueEvent", "MergedEvent", "ClosedEvent"]);
        let by = json!({ "__typename": "Bot", "login": "github-merge-queue", "databaseId": 118_344_674 });
        assert_eq!(seen["mergedBy"], by);
        assert_eq!(landings(&server, &token, commit), [number]);
    }
    let all = movements(&server, &token, "main");
    assert_eq!(all[0], ("merge_queue_merge".to_owned(), main, second));
    assert_eq!(all.len(), 2);
}

#[test]
fn a_push_takes_a_pull_request_out_of_the_queue_and_a_check_stops_a_group() {
    let (mut world, first, second) = queued();
    let (id, checks) = (guard(&world), CheckRule { checks: vec![("plan".to_owned(), None)], strict: true });
    world.change_ruleset("access", id, |set| set.rules.push(Rule::StatusChecks(checks)));
    let why = world.merge_group("access", "main", 2).unwrap_err();
    assert_eq!(why.message, "Required status check \"plan\" is expected.");
    world.check("access", &second, "plan", "success");
    world.commit_to("access", "add-eve", "cleo", "people/eve.yaml", "name: Eve\nrole: owner\n");
    world.dequeue("access", 2, "bo");
    let (server, token) = served(world);
    let seen = evidence(&server, &token, 1);
    assert_eq!(events(&seen), ["AddedToMergeQueueEvent", "ReviewDismissedEvent", "RemovedFromMergeQueueEvent"]);
    let removed = &seen["timelineItems"]["nodes"][2];
    assert_eq!(removed["beforeCommit"]["oid"], first.as_str());
    assert_eq!(removed["reason"], "The pull request head was updated");
    assert_eq!(events(&evidence(&server, &token, 2)), ["AddedToMergeQueueEvent", "RemovedFromMergeQueueEvent"]);
}

#[test]
fn a_branch_that_was_merged_may_be_deleted_with_it() {
    let mut world = access();
    world.settings_mut("access").delete_branch_on_merge = true;
    world.propose_change("access", "add-eve", "cleo", "people/eve.yaml", "name: Eve\n");
    world.approve("access", 1, "dan");
    world.merge_pull("access", 1, Method::Merge, "bo");
    assert_eq!(world.branch("access", "add-eve"), None);
    let (server, token) = served(world);
    assert_eq!(events(&evidence(&server, &token, 1)), ["MergedEvent", "ClosedEvent", "HeadRefDeletedEvent"]);
    assert_eq!(movements(&server, &token, "add-eve")[0].0, "branch_deletion");
}

/// Three pull requests that stand on one another, each approved by bo.
fn stacked() -> World {
    let mut world = proposed();
    for (number, (branch, below)) in (2..).zip([("add-finn", "add-eve"), ("add-gus", "add-finn")]) {
        let tip = world.branch("access", below).unwrap();
        let path = format!("people/{branch}.yaml");
        let oid = world.make_commit("access", &Draft::on(&tip, "dan").write(&path, "name: Somebody\n"));
        world.push("access", branch, &oid, "dan");
        assert_eq!(world.open_pull("access", branch, below, "dan"), number);
    }
    assert_eq!(world.stack("access", &[1, 2, 3]), 1);
    world.approve("access", 1, "bo");
    world.approve("access", 3, "bo");
    world
}

#[test]
fn a_stack_is_merged_by_one_movement_and_what_stands_above_is_made_anew() {
    let mut world = stacked();
    let why = world.merge_stack("access", 2, Method::Squash, "ada").unwrap_err();
    assert_eq!(why.message, "At least 1 approving review is required by reviewers with write access.");
    world.approve("access", 2, "bo");
    let before = world.branch("access", "main").unwrap();
    let old = world.branch("access", "add-gus").unwrap();
    world.merge_stack("access", 2, Method::Squash, "ada").unwrap();
    let (server, token) = served(world);
    let (first, second, third) =
        (evidence(&server, &token, 1), evidence(&server, &token, 2), evidence(&server, &token, 3));
    let (lower, upper) =
        (first["mergeCommit"]["oid"].as_str().unwrap(), second["mergeCommit"]["oid"].as_str().unwrap());
    assert_eq!(second["mergeCommit"]["parents"]["nodes"], json!([{ "oid": lower }]));
    assert_eq!((&first["baseRefName"], &second["baseRefName"]), (&json!("main"), &json!("add-eve")));
    assert_eq!((&first["commits"]["totalCount"], &second["commits"]["totalCount"]), (&json!(1), &json!(1)));
    let all = movements(&server, &token, "main");
    assert_eq!((all.len(), &all[0]), (2, &("pr_merge".to_owned(), before, upper.to_owned())));
    assert_eq!((landings(&server, &token, lower), landings(&server, &token, upper)), (vec![1], vec![2]));
    let told = ["AutomaticBaseChangeSucceededEvent", "ReviewDismissedEvent", "HeadRefForcePushedEvent"];
    assert_eq!((events(&third), &third["baseRefName"]), (told.to_vec(), &json!("main")));
    assert_eq!(third["commits"]["totalCount"], 1);
    let head = third["headRefOid"].as_str().unwrap().to_owned();
    assert_eq!(movements(&server, &token, "add-gus")[0], ("force_push".to_owned(), old, head));
    let stack = Client::new(&server, &token).get("/repos/northwind/access/pulls/3").body["stack"].clone();
    assert_eq!((&stack["number"], &stack["size"], &stack["position"]), (&json!(1), &json!(3), &json!(3)));
    assert_eq!(stack["base"]["ref"], "main");
}

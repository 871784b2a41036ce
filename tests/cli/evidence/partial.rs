//! What came to the branch by other ways than a pull request, and what the forge doesn't tell.

use github_standin::world::Rule;
use github_standin::{Fault, On};

use super::*;

#[test]
fn a_direct_push_is_no_landing() {
    let forge = Forge::open();
    forge.world.let_alice_in("alice");
    forge.world.git(&["switch", "-q", "main"]);
    forge.world.git(&["merge", "-q", "--squash", "alice"]);
    // a number in the message proves nothing
    forge.world.commit("Let Alice in (#42)");
    forge.pushed("main", "tomreed");
    forge.is_refused("not-via-pull-request");
}

#[test]
fn a_pull_request_that_only_shows_as_merged_brought_nothing() {
    for names_head in [false, true] {
        let forge = Forge::open();
        let number = forge.let_alice_in();
        forge.approve(number, "priyashah");
        forge.server.world(|hub| hub.pushed_merges_name_head = names_head);
        forge.world.git(&["switch", "-q", "main"]);
        match names_head {
            true => forge.world.git(&["merge", "-q", "--ff-only", "alice"]),
            false => forge.world.git(&["merge", "-q", "--no-ff", "-m", "By hand", "alice"]),
        };
        forge.pushed("main", "tomreed");
        assert!(forge.server.world(|hub| !hub.pull("access", number).is_open()), "it shows as merged");
        forge.is_refused("not-via-pull-request");
    }
}

#[test]
fn an_evil_merge_is_refused() {
    let forge = Forge::open();
    let number = forge.let_alice_in();
    forge.approve(number, "priyashah");
    forge.world.git(&["switch", "-q", "main"]);
    forge.world.git(&["merge", "-q", "--no-ff", "--no-commit", "alice"]);
    forge.world.write("grants/payments/alice-refunds.yaml", &wider_grant());
    forge.world.commit("Merge");
    forge.merged(number, Method::Merge);
    forge.is_refused("merge-tree-unreviewed");
}

#[test]
fn of_a_group_of_the_queue_each_pull_request_is_judged_alone() {
    let forge = Forge::open();
    let first = forge.let_alice_in();
    forge.approve(first, "priyashah");
    forge.world.git(&["switch", "-q", "-c", "renamed", "main"]);
    let bob = forge.world.read("people/bob.keller.yaml").replace("Bob Keller", "Robert Keller");
    forge.world.write("people/bob.keller.yaml", &bob);
    forge.world.commit("Bob's name");
    forge.pushed("renamed", "tomreed");
    let second = forge.open_pull("renamed", "main", "tomreed");
    forge.world.git(&["switch", "-q", "main"]);
    let mut tips = Vec::new();
    for branch in ["alice", "renamed"] {
        forge.world.git(&["merge", "-q", "--no-ff", "-m", &format!("Merge {branch}"), branch]);
        tips.push(forge.world.rev("main"));
    }
    let repo = forge.world.repo();
    forge.server.world(|hub| {
        hub.fetch("access", &repo);
        hub.add_ruleset("access", "queue", "main", vec![Rule::MergeQueue(Method::Merge)]);
        hub.enqueue_as("access", first, "tomreed", &tips[0]);
        hub.enqueue_as("access", second, "tomreed", &tips[1]);
        hub.merge_group("access", "main", 2).unwrap();
    });
    forge.world.git(&["push", "-q", "origin", "main"]);
    forge.pass(5);
    let told = forge.run(&["verify", "--format", "json"]).exits(1).json();
    let landings = told["landings"].as_array().unwrap();
    let verdicts: Vec<&str> = landings.iter().map(|landing| landing["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["approved", "refused"], "{told:#}");
    assert_eq!(landings[1]["refusals"][0]["code"], "no-approval", "{told:#}");
}

#[test]
fn another_repository_under_the_same_name_proves_nothing() {
    let forge = Forge::open();
    let number = forge.let_alice_in();
    forge.approve(number, "priyashah");
    forge.merge(number, "alice", Method::Merge);
    forge.server.world(|hub| {
        hub.rename_repository("access", "access-was-here");
        hub.add_repository("access");
    });
    forge.run(&["verify"]).says("refused[evidence-incomplete]").exits(5);
    assert!(!forge.has_alice());
}

#[test]
fn a_repository_that_was_renamed_is_found_by_its_number() {
    let forge = Forge::open();
    let number = forge.let_alice_in();
    forge.approve(number, "priyashah");
    forge.merge(number, "alice", Method::Merge);
    forge.server.world(|hub| hub.rename_repository("access", "doors"));
    forge.run(&["verify"]).exits(0).says("approved by priya.shah");
}

#[test]
fn whatever_the_forge_does_not_tell_is_missing_and_ends_go_on() {
    let forge = Forge::open();
    let number = forge.let_alice_in();
    forge.approve(number, "priyashah");
    forge.merge(number, "alice", Method::Merge);
    let paths = ["/activity", "/pulls/", "/reviews", "/graphql", "/repos/northwind/access"];
    for path in paths {
        for fault in [Fault::Status(502), Fault::Status(403), Fault::HalfBody] {
            forge.server.fail(On::any().path(path), fault);
            forge.run(&["verify"]).exits(5).says("refused[evidence-incomplete]");
            forge.server.heal();
        }
    }
    // half a page that nothing tells of
    forge.server.fail(On::any().path("/reviews"), Fault::HalfPage);
    forge.run(&["verify"]).exits(5).says("0 of 1 reviews");
    forge.server.heal();
    // what is over ends all the same
    forge.server.fail(On::any().path("/activity"), Fault::Status(502));
    forge.server.world(|hub| hub.pass(SignedDuration::from_hours(24 * 100)));
    let ran = forge.run(&["apply"]);
    assert!([4, 5].contains(&ran.code), "{ran:?}");
    assert!(!forge.has_alice() && !forge.world.live("github").contains("402668"), "Bob's engagement is over");
    forge.server.heal();
}

#[test]
fn a_missing_permission_is_named() {
    let forge = Forge::open();
    let number = forge.let_alice_in();
    forge.approve(number, "priyashah");
    forge.merge(number, "alice", Method::Merge);
    let token = forge.server.world(|hub| hub.actions_token("access", "contents=read"));
    let mut command = forge.command(&["verify"]);
    command.env("GITHUB_TOKEN", token);
    finish(command).exits(5).says("evidence-incomplete").says("pull_requests=read");
}

#[test]
fn no_other_forge_is_asked() {
    let forge = Forge::open();
    let number = forge.let_alice_in();
    forge.merge(number, "alice", Method::Merge);
    forge.server.take_log();
    let mut command = forge.command(&["verify"]);
    command.env("GITHUB_API_URL", "https://evil.example");
    finish(command).exits(5).says("api-host-not-allowed");
    assert_eq!(forge.server.take_log().count(), 0);
    // nor one that the repository alone names
    let mut command = forge.command(&["verify"]);
    command.env_remove("GITHUB_API_URL");
    finish(command).exits(5).says("api-host-not-allowed");
    assert_eq!(forge.server.take_log().count(), 0);
    forge.run(&["verify"]).exits(1).says("no-approval");
}

#[test]
fn what_landed_has_no_say_in_where_the_token_goes() {
    let forge = Forge::open();
    forge.world.git(&["switch", "-q", "main"]);
    let config = forge.world.read("dualkey.yaml").replace(&forge.server.url(), "http://127.0.0.1:9");
    forge.world.write("dualkey.yaml", &config);
    forge.world.commit("Another forge");
    forge.pushed("main", "tomreed");
    // the forge of the last verified landing is the one that is asked
    forge.run(&["verify"]).exits(1).says("not-via-pull-request");
}

//! From a proposal to its end by the workflows alone, with the program itself, at the stand-in for GitHub.

use jiff::SignedDuration;

use super::folder;
use super::home::{Home, event, proposed, says};
use super::runner::Event;
use crate::place::Place;

#[test]
fn access_is_proposed_approved_applied_and_ended_by_workflows() {
    let home = Home::open();
    let hub = &home.hub;
    let happens = |caller: &str, event: &Event| home.happens(&folder(), caller, event);
    home.keep_first_checkpoint();

    hub.let_in("alice.nguyen", "alice-nw");
    home.propose("alice");
    let head = hub.world.rev("alice");
    let jobs = happens("dualkey-review.yml", &proposed(&home, &head));
    says(jobs[0].succeeds(), "Plan", "alice.nguyen github repository northwind/shop push");
    says(jobs[1].succeeds(), "Verify", "no-approval");

    // she signs at her own machine, which tells the workflows
    let token = hub.server.world(|forge| forge.fine_grained_token("priyashah", "contents=write"));
    let signed = home.approve(&head, "priya.shah", Some(&token)).exits(0);
    assert!(!signed.stderr.contains("forge-not-told"), "{}", signed.stderr);
    let told = home.told();
    assert_eq!(told.len(), 1);
    let jobs = happens("dualkey-review.yml", &told[0]);
    assert!(jobs[0].skipped);
    says(jobs[1].succeeds(), "Verify", "approved by priya.shah");
    assert_eq!(hub.server.world(|forge| forge.repository("shop").unwrap().invitations.len()), 0);

    hub.world.land("alice");
    home.sync();
    let before = std::fs::read_to_string(hub.world.path("checkpoint")).unwrap();
    let jobs = happens("dualkey-apply.yml", &event("push"));
    says(jobs[0].succeeds(), "Apply", "grant alice.nguyen github repository northwind/shop push");
    assert_ne!(std::fs::read_to_string(hub.world.path("checkpoint")).unwrap(), before, "the log went on");
    hub.server.world(|forge| forge.accept("alice-nw"));
    assert_eq!(hub.may("alice-nw", "shop").as_deref(), Some("write"));
    // the same run once more does nothing
    let jobs = happens("dualkey-apply.yml", &event("push"));
    jobs[0].succeeds();

    // somebody goes around dualkey, and what was approved is back within the hour
    hub.server.world(|forge| forge.grant("alice-nw", "till", "read"));
    let jobs = happens("dualkey-apply.yml", &event("schedule"));
    jobs[1].succeeds();
    assert_eq!(hub.may("alice-nw", "till"), None);

    hub.server.clock().advance(SignedDuration::from_hours(24 * 40));
    let jobs = happens("dualkey-apply.yml", &event("schedule"));
    says(jobs[1].succeeds(), "End what is over", "revoke alice.nguyen github repository northwind/shop push");
    assert_eq!(hub.may("alice-nw", "shop"), None);

    // whoever lost the checkpoint gives nothing
    std::fs::write(hub.world.path("checkpoint"), "").unwrap();
    let jobs = happens("dualkey-apply.yml", &event("push"));
    assert!(!jobs[0].succeeded());
    says(&jobs[0], "Apply", "checkpoint-missing");
}

#[test]
fn a_signature_that_the_forge_is_not_told_of_stands() {
    let home = Home::open();
    home.hub.let_in("alice.nguyen", "alice-nw");
    home.propose("alice");
    let head = home.hub.world.rev("alice");
    let reads = home.hub.server.world(|forge| forge.fine_grained_token("priyashah", "contents=read"));
    let ran = home.approve(&head, "priya.shah", Some(&reads)).exits(0).says("priya.shah approved");
    let told = ran.says("warning[forge-not-told]").says("contents=write").says("the signature stands");
    assert!(!told.stderr.contains(&reads));
    assert!(home.told().is_empty());
    // without a token nobody is told, and nobody is warned
    let withdrawn = home.hub.approve(&["--withdraw", "--head", &head], "priya.shah").exits(0);
    assert!(!withdrawn.stderr.contains("forge-not-told"), "{}", withdrawn.stderr);
    assert!(home.told().is_empty());
}

#[test]
fn access_is_reviewed_and_merged_on_github() {
    let home = Home::proven_by("github");
    let hub = &home.hub;
    let happens = |caller: &str, event: &Event| home.happens(&folder(), caller, event);
    let minute = || hub.server.clock().advance(SignedDuration::from_mins(1));
    home.keep_first_checkpoint();

    hub.let_in("alice.nguyen", "alice-nw");
    let number = home.propose("alice");
    let head = hub.world.rev("alice");
    let jobs = happens("dualkey-review.yml", &proposed(&home, &head));
    says(jobs[0].succeeds(), "Plan", "alice.nguyen github repository northwind/shop push");
    says(jobs[1].succeeds(), "Verify", "no-approval");
    let check = |name: &str| {
        hub.server.world(|forge| {
            let runs = forge.repository("access").unwrap().code.checks.values();
            runs.filter(|run| run.name == name && run.head == head)
                .map(|run| run.conclusion.clone())
                .next_back()
                .flatten()
        })
    };
    assert_eq!(check("dualkey verify").as_deref(), Some("failure"));

    minute();
    hub.server.world(|forge| forge.approve("access", number, "priyashah"));
    let jobs = happens("dualkey-review.yml", &proposed(&home, &head));
    says(jobs[1].succeeds(), "Verify", "approved by priya.shah");
    assert_eq!(check("dualkey verify").as_deref(), Some("success"));

    minute();
    home.merge("alice", number);
    let jobs = happens("dualkey-apply.yml", &event("push"));
    says(jobs[0].succeeds(), "Apply", "grant alice.nguyen github repository northwind/shop push");
    hub.server.world(|forge| forge.accept("alice-nw"));
    assert_eq!(hub.may("alice-nw", "shop").as_deref(), Some("write"));
    let said = hub.server.world(|forge| {
        let comments = forge.repository("access").unwrap().code.comments.values();
        comments.filter(|comment| comment.number == number).map(|comment| comment.body.clone()).collect::<Vec<_>>()
    });
    let [said] = &said[..] else { panic!("one comment is kept: {said:#?}") };
    assert!(said.contains("alice.nguyen"), "{said}");

    // her time is over, and the hour comes
    hub.server.clock().advance(SignedDuration::from_hours(24 * 40));
    let jobs = happens("dualkey-apply.yml", &event("schedule"));
    says(jobs[1].succeeds(), "End what is over", "revoke alice.nguyen github repository northwind/shop push");
    assert_eq!(hub.may("alice-nw", "shop"), None);
}

#[test]
fn whoever_pushes_leads_no_token_of_an_approver_elsewhere() {
    let home = Home::open();
    let hub = &home.hub;
    let evil = github_standin::Server::start(github_standin::World::new("northwind", hub.server.clock().now()));
    hub.let_in("alice.nguyen", "alice-nw");
    home.propose("alice");
    let head = hub.world.rev("alice");
    hub.world.git(&["switch", "-q", "main"]);
    hub.world.write("dualkey.yaml", &hub.world.read("dualkey.yaml").replace(&hub.server.url(), &evil.url()));
    hub.world.commit("Ask somebody else");
    hub.world.git(&["push", "-q", "origin", "main"]);
    // with what a workflow's environment says, and at a machine where nothing says anything
    let token = hub.server.world(|forge| forge.fine_grained_token("priyashah", "contents=write"));
    home.approve(&head, "priya.shah", Some(&token)).exits(0).says("forge-not-told").says("dualkey.yaml pins");
    let key = crate::support::key("priya.shah");
    let now = hub.server.clock().now().to_string();
    let mut bare = hub.command(&["approve", "--yes", "--key", key.to_str().unwrap(), "--head", &head, "--now", &now]);
    bare.env("DUALKEY_FORGE_TOKEN", &token).env_remove("GITHUB_API_URL");
    crate::support::finish(bare).exits(0).says("forge-not-told").says("nothing outside of it says the same");
    assert_eq!(evil.log().count(), 0);
}

//! Pull requests that land by every way of merging, and what they cost.

use super::*;

/// Alice's pull request, approved by the domain's owner, merged in some way.
fn lands(method: Method) {
    let forge = Forge::open();
    let number = forge.let_alice_in();
    let pull = number.to_string();
    forge.run(&["verify", "--pull", &pull]).exits(1).says("would not land").says("no-approval");
    forge.approve(number, "priyashah");
    forge.run(&["verify", "--pull", &pull]).exits(0).says("would land").says("approved by priya.shah");
    let head = forge.world.rev("alice");
    forge.run(&["verify", "--head", &head]).exits(0).says("would land");
    let commit = forge.merge(number, "alice", method);
    forge.world.git(&["push", "-q", "origin", "--delete", "alice"]);
    forge.world.git(&["branch", "-q", "-D", "alice"]);
    forge.server.take_log();
    forge.run(&["verify", "--pull", &pull]).exits(0).says("approved").says(&commit[..10]);
    let asked = forge.server.take_log().count();
    assert!(asked <= 11, "one landing took {asked} requests: 8 are its own, 3 are asked once a run");
    forge.run(&["apply"]).exits(0);
    assert!(forge.has_alice());
    // what the log has is asked of nobody, in a clone that never saw the branch
    forge.server.take_log();
    let fresh = forge.fresh();
    let mut command = forge.world.command(&fresh);
    command.args(["verify", "--now", &forge.server.clock().now().to_string()]);
    finish(command).exits(0).says("approved by priya.shah").says("(in the log)").says("as the forge told");
    assert_eq!(forge.server.take_log().count(), 0);
    forge.run(&["apply"]).exits(0).says("applied already");
    assert!(forge.server.take_violations().is_empty());
}

#[test]
fn a_merge_commit_lands() {
    lands(Method::Merge);
}

#[test]
fn a_squash_lands() {
    lands(Method::Squash);
}

#[test]
fn a_rebase_lands() {
    lands(Method::Rebase);
}

#[test]
fn several_commits_that_are_rebased_land_as_one() {
    let forge = Forge::open();
    forge.world.let_alice_in("alice");
    forge.world.git(&["reset", "-q", "--soft", "main"]);
    forge.world.git(&["reset", "-q"]);
    for (path, message) in [("people", "Alice"), ("grants", "Her grant")] {
        forge.world.git(&["add", path]);
        forge.world.git(&["commit", "-q", "-m", message]);
    }
    forge.pushed("alice", "tomreed");
    let number = forge.open_pull("alice", "main", "tomreed");
    forge.approve(number, "priyashah");
    // something that is nobody's business lands in between, so that the rebase makes new commits
    forge.world.git(&["switch", "-q", "main"]);
    forge.world.write("notes.txt", "hello\n");
    forge.world.commit("A note");
    forge.pushed("main", "tomreed");
    forge.merge(number, "alice", Method::Rebase);
    let landings = forge.run(&["verify", "--format", "json"]).exits(0).json();
    let verdicts: Vec<&str> =
        landings["landings"].as_array().unwrap().iter().map(|landing| landing["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["unmanaged", "approved"]);
    forge.run(&["apply"]).exits(0);
    assert!(forge.has_alice());
}

#[test]
fn a_signed_statement_counts_as_a_review_does() {
    let forge = Forge::open();
    let number = forge.let_alice_in();
    let head = forge.world.rev("alice");
    let now = forge.server.clock().now().to_string();
    let key = crate::support::key("priya.shah");
    let args = ["approve", "--yes", "--key", key.to_str().unwrap(), "--head", &head, "--now", &now];
    forge.world.dualkey(&args).exits(0);
    forge.run(&["verify", "--pull", &number.to_string()]).exits(0).says("would land");
    forge.merge(number, "alice", Method::Squash);
    forge.run(&["apply"]).exits(0);
    assert!(forge.has_alice());
}

/// Whoever can push can merge the protected branch into branches of their own.
#[test]
fn pull_requests_elsewhere_that_name_the_landing_hold_nothing_up() {
    let forge = Forge::open();
    let number = forge.let_alice_in();
    forge.approve(number, "priyashah");
    let below = forge.world.rev("main");
    let landed = forge.merge(number, "alice", Method::Merge);
    forge.server.world(|hub| {
        for branch in 0..12 {
            let (to, from) = (format!("to-{branch}"), format!("from-{branch}"));
            hub.push("access", &to, &below, "tomreed");
            hub.push("access", &from, &landed, "tomreed");
            let other = hub.open_pull("access", &from, &to, "tomreed");
            hub.merge_pull("access", other, Method::Merge, "tomreed");
        }
    });
    forge.run(&["verify"]).exits(0).says("approved by priya.shah");
    forge.run(&["apply"]).exits(0);
    assert!(forge.has_alice());
}

#[test]
fn the_plan_says_what_is_still_to_be_done() {
    let forge = Forge::open();
    forge.world.let_alice_in("alice");
    let head = forge.world.rev("alice");
    // nobody opened a pull request yet
    forge.run(&["plan", "--head", &head]).says("no pull request of").says("priya.shah");
    forge.run(&["verify", "--head", &head]).exits(1).says("not-via-pull-request");
    // nobody can ask
    forge.offline(&["plan", "--head", &head]).says("priya.shah").says("forge-token-missing");
    forge.offline(&["verify", "--head", &head]).exits(5).says("evidence-incomplete");
}

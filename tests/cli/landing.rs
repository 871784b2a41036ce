//! What landed, told with every way of landing, and refused with its code where it isn't what was approved.

mod behind;
mod clone;
mod foreseen;
mod history;
mod shown;
mod verdict;

use crate::support::{ALICE_GRANT, World};

/// A world in which everything declared is live, and Alice's branch is approved by the domain's owner.
fn approved() -> World {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0).says("priya.shah approved");
    world.timed(&["verify", "--head", "alice"]).exits(0).says("would land");
    world.git(&["switch", "-q", "main"]);
    world
}

/// Lands, verifies in a fresh clone, applies there, and finds Alice where she belongs.
fn lands(world: &World) {
    world.git(&["push", "-q", "origin", "main"]);
    world.git(&["push", "-q", "origin", "--delete", "alice"]);
    let url = format!("file://{}", world.root.path().join("origin.git").display());
    world.git_in(world.root.path(), &["clone", "-q", &url, "fresh"]);
    let fresh = world.root.path().join("fresh");
    world.timed_in(&fresh, &["verify"]).exits(0).says("approved by priya.shah").says("verified");
    let ran = world.timed(&["apply", "--format", "json"]).exits(0).json();
    assert_eq!(ran["done"].as_array().unwrap().len(), 1, "{ran}");
    assert_eq!(ran["done"][0]["person"], "alice.nguyen");
    assert!(world.live("github").contains("583231"));
    world.timed(&["apply"]).exits(0).says("applied already");
    world.timed_in(&fresh, &["verify"]).exits(0).says("(in the log)");
}

#[test]
fn a_merge_commit_lands() {
    let world = approved();
    world.git(&["merge", "-q", "--no-ff", "-m", "Merge", "alice"]);
    lands(&world);
}

#[test]
fn a_squash_lands_also_when_its_branch_is_gone() {
    let world = approved();
    world.git(&["merge", "-q", "--squash", "alice"]);
    world.commit("Squash");
    lands(&world);
}

#[test]
fn a_fast_forward_lands() {
    let world = approved();
    world.git(&["merge", "-q", "--ff-only", "alice"]);
    lands(&world);
}

#[test]
fn a_rebase_of_several_commits_lands_as_one() {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    world.let_alice_in("alice");
    world.git(&["reset", "-q", "--soft", "main"]);
    world.git(&["reset", "-q"]);
    world.git(&["add", "people"]);
    world.git(&["commit", "-q", "-m", "Alice"]);
    world.git(&["add", "grants"]);
    world.git(&["commit", "-q", "-m", "Her grant"]);
    world.git(&["push", "-q", "-f", "origin", "alice"]);
    world.approve("alice", "priya.shah").exits(0);
    world.git(&["switch", "-q", "main"]);
    // something that is nobody's business lands in between, so that the rebase makes new commits
    world.write("notes.txt", "hello\n");
    world.commit("A note");
    world.git(&["push", "-q", "origin", "main"]);
    world.git(&["cherry-pick", "main..alice"]);
    lands(&world);
    let landings = world.timed(&["verify", "--format", "json"]).exits(0).json();
    let verdicts: Vec<&str> =
        landings["landings"].as_array().unwrap().iter().map(|landing| landing["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["unmanaged", "approved"]);
}

/// Pushes what main is now: verify names the code, and apply changes nothing.
fn is_refused(world: &World, code: &str) {
    world.git(&["push", "-q", "origin", "main"]);
    let before = world.live("github");
    world.timed(&["verify"]).exits(1).says(&format!("refused[{code}]"));
    world.timed(&["apply"]).exits(3).says(code);
    assert_eq!(world.live("github"), before);
}

#[test]
fn an_evil_merge_is_refused() {
    let world = approved();
    world.git(&["merge", "-q", "--no-ff", "--no-commit", "alice"]);
    world.write(
        "grants/payments/alice-refunds.yaml",
        &ALICE_GRANT.replace("[payments-api]", "[payments-api, payments-web]"),
    );
    world.commit("Merge");
    is_refused(&world, "merge-tree-unreviewed");
}

#[test]
fn a_dropped_line_is_refused() {
    let world = approved();
    world.git(&["merge", "-q", "--no-ff", "--no-commit", "alice"]);
    world.git(&["rm", "-q", "-f", "grants/payments/alice-refunds.yaml"]);
    world.commit("Merge");
    is_refused(&world, "merge-tree-unreviewed");
}

#[test]
fn a_direct_push_is_refused_and_nothing_good_on_top_launders_it() {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    world.let_alice_in("alice");
    world.git(&["switch", "-q", "main"]);
    world.git(&["merge", "-q", "--ff-only", "alice"]);
    is_refused(&world, "no-approval");
    world.write("notes.txt", "hello\n");
    world.commit("A note");
    is_refused(&world, "unverified-ancestor");
    // who restores what it touched needs nobody
    world.git(&["rm", "-q", "people/alice.nguyen.yaml", "grants/payments/alice-refunds.yaml"]);
    world.commit("Take it back");
    world.git(&["push", "-q", "origin", "main"]);
    world.timed(&["verify"]).exits(0).says("restored");
}

#[test]
fn a_head_that_changed_after_its_approval_is_refused() {
    let world = approved();
    world.git(&["switch", "-q", "alice"]);
    world.write(
        "grants/payments/alice-refunds.yaml",
        &ALICE_GRANT.replace("[payments-api]", "[payments-api, payments-web]"),
    );
    world.commit("And the web too");
    world.timed(&["verify", "--head", "alice"]).exits(1).says("refused[approval-stale]");
    world.git(&["switch", "-q", "main"]);
    world.git(&["merge", "-q", "--no-ff", "-m", "Merge", "alice"]);
    is_refused(&world, "approval-stale");
}

#[test]
fn a_head_lands_once() {
    let world = approved();
    world.git(&["merge", "-q", "--squash", "alice"]);
    world.commit("Squash");
    world.git(&["push", "-q", "origin", "main"]);
    world.timed(&["apply"]).exits(0);
    // her access is taken away, approved
    world.git(&["switch", "-q", "-c", "away", "main"]);
    world.git(&["rm", "-q", "grants/payments/alice-refunds.yaml"]);
    world.commit("Alice is done");
    world.approve("away", "priya.shah").exits(0);
    world.git(&["switch", "-q", "main"]);
    world.git(&["merge", "-q", "--no-ff", "-m", "Merge", "away"]);
    world.git(&["push", "-q", "origin", "main"]);
    world.timed(&["apply"]).exits(0).says("revoke");
    // and the old squash is repeated
    world.git(&["checkout", "-q", "alice", "--", "grants/payments/alice-refunds.yaml"]);
    world.commit("Squash");
    is_refused(&world, "approval-used");
}

#[test]
fn an_approval_of_another_place_counts_for_nothing() {
    let world = World::new();
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    let head = world.rev("alice");
    let statement = world.rev(&format!("refs/dualkey-mirror/{}", approval_in_mirror(&world, &head)));
    // the same statement under another person's name
    let of_grace = format!("{statement}:refs/dualkey/approvals/{head}/grace.lin");
    world.git(&["push", "-q", "origin", &of_grace]);
    world.git(&["push", "-q", "origin", &format!(":refs/dualkey/approvals/{head}/priya.shah")]);
    world.timed(&["verify", "--head", "alice"]).exits(1).says("refused[statement-invalid]").says("grace.lin");
    // and for another head
    world.git(&["switch", "-q", "-c", "other", "main"]);
    world.write("people/alice.nguyen.yaml", crate::support::ALICE);
    world.write("grants/payments/alice-refunds.yaml", &ALICE_GRANT.replace("payments-api", "payments-web"));
    world.commit("Something else");
    let other = world.rev("other");
    world.git(&["push", "-q", "origin", &format!("{statement}:refs/dualkey/approvals/{other}/priya.shah")]);
    world.timed(&["verify", "--head", "other"]).exits(1).says("refused[statement-invalid]").says("priya.shah");
}

/// The name below the mirror at which this clone keeps the approval of a head.
fn approval_in_mirror(world: &World, head: &str) -> String {
    let refs = world.git(&["for-each-ref", "--format=%(refname)", "refs/dualkey-mirror/"]);
    let found = refs.lines().find(|name| name.contains(&format!("approvals/{head}/"))).expect("an approval");
    found.trim_start_matches("refs/dualkey-mirror/").to_owned()
}

#[test]
fn two_clones_that_apply_at_once_write_once() {
    let world = World::new();
    let url = world.root.path().join("origin.git");
    world.git_in(world.root.path(), &["clone", "-q", url.to_str().unwrap(), "second"]);
    let second = world.root.path().join("second");
    let spawn = |dir: &std::path::Path| {
        let mut command = world.command(dir);
        command.args(["apply", "--format", "json", "--now", &world.now]);
        crate::support::start(command)
    };
    let (one, two) = (spawn(&world.repo()), spawn(&second));
    let codes: Vec<i32> =
        [one, two].into_iter().map(|child| child.wait_with_output().unwrap().status.code().unwrap()).collect();
    // one does the work; the other is refused by lease or log, or comes late enough to find its own sandbox to fill
    assert!(codes.contains(&0), "{codes:?}");
    assert!(codes.iter().all(|code| [0, 3].contains(code)), "{codes:?}");
    world.dualkey(&["audit", "verify"]).exits(0);
}

#[test]
fn access_of_a_name_that_nobody_has_is_a_mistake_and_not_nothing() {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    // whatever she has now: before the first run she had nothing
    world.dualkey(&["access", "grace.lin", "--at", "2026-11-22"]).exits(0).says("grace.lin had nothing");
    world.timed(&["access", "grace.lim"]).exits(2).says("did you mean `grace.lin`?");
    world.timed(&["access", "repository:payments-api"]).exits(2).says("`repository:northwind/payments-api`");
    world.timed(&["access", "repo:northwind/payments-api"]).exits(2).says("there is no resource");
}

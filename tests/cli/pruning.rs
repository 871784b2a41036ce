//! Refs of statements that the log keeps are deleted, and nothing is decided otherwise for that.

use std::collections::BTreeMap;

use crate::attacks::{applied, branch, direct, merge};
use crate::ends::origin;
use crate::support::World;

const BOB: &str = "grants/payments/bob-checkout.yaml";

/// A hook of a remote that lets no ref be deleted but the lease.
pub const NO_DELETIONS: &str =
    "test \"$1\" = refs/dualkey/lease || test \"$3\" != 0000000000000000000000000000000000000000\n";

/// What stands under `refs/dualkey/` on the remote and speaks of heads.
fn statements(world: &World) -> BTreeMap<String, String> {
    let format = "--format=%(refname) %(objectname)";
    let kinds = ["approvals", "withdrawals", "requests"].map(|kind| format!("refs/dualkey/{kind}/"));
    let listed =
        world.git_in(&origin(world), &[&["for-each-ref", format], &kinds.each_ref().map(String::as_str)[..]].concat());
    listed.lines().filter_map(|line| line.split_once(' ')).map(|(name, id)| (name.to_owned(), id.to_owned())).collect()
}

/// Everything that commands say of the branch and of some heads.
fn told(world: &World, heads: &[&str]) -> Vec<(i32, String, String)> {
    let mut commands = vec![vec!["verify"], vec!["verify", "--format", "json"], vec!["audit", "verify"]];
    for head in heads {
        commands.push(vec!["verify", "--head", head]);
        commands.push(vec!["plan", "--head", head]);
    }
    let tell = |args: &Vec<&str>| {
        let ran = world.timed(args);
        (ran.code, ran.stdout, ran.stderr)
    };
    commands.iter().map(tell).collect()
}

/// The refs are brought back as they were, and taken away again: all commands say the same.
fn with_and_without(world: &World, before: &BTreeMap<String, String>, heads: &[&str]) {
    let without = told(world, heads);
    let left = statements(world);
    assert!(left.len() < before.len(), "nothing was pruned: {left:?}");
    for (name, id) in before {
        world.git_in(&origin(world), &["update-ref", name, id]);
    }
    assert_eq!(told(world, heads), without);
    for name in before.keys().filter(|name| !left.contains_key(*name)) {
        world.git_in(&origin(world), &["update-ref", "-d", name]);
    }
}

fn land(world: &World, way: &str, name: &str) {
    world.git(&["switch", "-q", "main"]);
    match way {
        "squash" => {
            world.git(&["merge", "-q", "--squash", name]);
            world.commit("Squash");
        }
        "forward" => drop(world.git(&["merge", "-q", "--ff-only", name])),
        _ => drop(world.git(&["merge", "-q", "--no-ff", "-m", "Merge", name])),
    }
    world.git(&["push", "-q", "origin", "main"]);
}

#[test]
fn what_has_landed_is_pruned_and_every_command_says_the_same() {
    for way in ["merge", "squash", "forward"] {
        let world = applied();
        // Grace objects, and one more overcomes it
        world.let_alice_in("alice");
        world.approve("alice", "priya.shah").exits(0);
        world.approve_with(&["--head", "alice", "--request-changes"], "grace.lin").exits(0);
        world.timed(&["apply"]).exits(0);
        world.approve("alice", "omar.diallo").exits(0);
        let landed = world.rev("alice");
        // what waits stays, whatever lands beside it
        branch(&world, "away", |world| drop(world.git(&["rm", "-q", BOB])));
        world.approve("away", "priya.shah").exits(0);
        let waits = world.rev("away");
        let before = statements(&world);
        assert_eq!(before.len(), 4, "{before:?}");
        land(&world, way, "alice");
        let ran = world.timed(&["apply"]).exits(0);
        assert!(ran.stderr.is_empty() && ran.stdout.contains("grant"), "{way}: {}{}", ran.stdout, ran.stderr);
        assert_eq!(
            statements(&world).into_keys().collect::<Vec<_>>(),
            [format!("refs/dualkey/approvals/{waits}/priya.shah")],
            "{way}"
        );
        // a clone that has seen nothing
        let fresh = world.path("fresh");
        world.git(&["clone", "-q", "../origin.git", fresh.to_str().unwrap()]);
        world.timed_in(&fresh, &["verify"]).exits(0).says("approved by omar.diallo, priya.shah");
        // what no run wrote down stays
        world.approve_with(&["--head", &landed, "--withdraw"], "omar.diallo").exits(0);
        let withdrawn = format!("refs/dualkey/withdrawals/{landed}/omar.diallo");
        world.git(&["rm", "-q", "grants/payments/alice-refunds.yaml", "people/alice.nguyen.yaml"]);
        direct(&world, "Away with her");
        with_and_without(&world, &before, &["away", &landed]);
        world.timed(&["apply"]).exits(3);
        // of a squash it can't be told from an objection, so the log has it
        assert_eq!(statements(&world).contains_key(&withdrawn), way != "squash", "{way}");
    }
}

#[test]
fn a_pruned_approval_still_ends_the_same_persons_approvals_of_older_heads() {
    let world = applied();
    world.let_alice_in("older");
    world.approve("older", "priya.shah").exits(0);
    let older = world.rev("older");
    world.git(&["switch", "-q", "-c", "newer"]);
    world.git(&["rm", "-q", "grants/payments/alice-refunds.yaml", "people/alice.nguyen.yaml", BOB]);
    world.commit("Not Alice, and Bob goes");
    world.approve("newer", "priya.shah").exits(0);
    let newer = world.rev("newer");
    let before = statements(&world);
    land(&world, "squash", "newer");
    world.timed(&["apply"]).exits(0).says("revoke");
    assert_eq!(
        statements(&world).into_keys().collect::<Vec<_>>(),
        [format!("refs/dualkey/approvals/{older}/priya.shah")],
        "a head that didn't land keeps its approvals"
    );
    world.timed(&["verify", "--head", "older"]).exits(1).says("(approval-stale)").says(&newer[..10]);
    with_and_without(&world, &before, &["older"]);
    // nor is it a landing
    merge(&world, "older");
    world.timed(&["verify"]).exits(1).says("approval-stale");
    with_and_without(&world, &before, &["older"]);
    world.timed(&["apply"]).exits(3);
    assert!(!world.live("github").contains("583231"), "Alice isn't let in");
}

#[test]
fn a_remote_that_lets_nothing_be_deleted_is_told_of_once_and_holds_up_nothing() {
    let world = applied();
    world.remote_hook("update", NO_DELETIONS);
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    merge(&world, "alice");
    let ran = world.timed(&["apply"]).exits(0).says("warning[statements-not-pruned] 1 ref stays");
    assert!(ran.stdout.contains("grant"), "{}", ran.stdout);
    assert!(world.live("github").contains("583231"));
    let silent = |world: &World| {
        let ran = world.timed(&["apply"]).exits(0);
        assert!(ran.stderr.is_empty(), "{}", ran.stderr);
    };
    silent(&world);
    branch(&world, "away", |world| drop(world.git(&["rm", "-q", BOB])));
    world.approve("away", "priya.shah").exits(0);
    merge(&world, "away");
    silent(&world);
    assert_eq!(statements(&world).len(), 2);
    // once it lets them go, the next run that writes the log sees to all of them
    std::fs::remove_file(origin(&world).join("hooks/update")).unwrap();
    silent(&world);
    assert_eq!(statements(&world).len(), 2, "a run that writes nothing does nothing");
    world.write("notes.txt", "nothing that is managed\n");
    direct(&world, "A note");
    silent(&world);
    assert!(statements(&world).is_empty(), "{:?}", statements(&world));
}

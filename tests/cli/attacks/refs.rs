//! Refs of the names of folders that dualkey keeps refs in: to git one ref can't be a file where another has a folder.

use crate::pruning::NO_DELETIONS;
use crate::support::World;

fn block(world: &World, name: &str) {
    let origin = world.path("origin.git");
    // what stands in that place is in its own way first
    let folder: Vec<&str> = name.split('/').take(3).collect();
    for known in world.git_in(&origin, &["for-each-ref", "--format=%(refname)", &folder.join("/")]).lines() {
        world.git_in(&origin, &["update-ref", "-d", known]);
    }
    world.git_in(&origin, &["update-ref", name, "refs/heads/main"]);
}

#[test]
fn what_has_the_name_of_a_folder_of_refs_gives_way_to_a_statement() {
    let world = World::new();
    world.let_alice_in("alice");
    block(&world, "refs/dualkey/approvals");
    world.approve("alice", "priya.shah").exits(0);
    block(&world, &format!("refs/dualkey/approvals/{}", world.rev("alice")));
    world.approve("alice", "priya.shah").exits(0);
    block(&world, "refs/dualkey/withdrawals");
    world.approve_with(&["--head", "alice", "--withdraw"], "priya.shah").exits(0);
    world.timed(&["verify", "--head", "alice"]).exits(1).says("approval-withdrawn");
}

#[test]
fn no_ref_below_one_that_a_run_writes_stops_the_run() {
    let world = World::new();
    for name in ["refs/dualkey/lease/x", "refs/dualkey/lease/x/y"] {
        block(&world, name);
        world.timed(&["apply"]).exits(0);
    }
}

#[test]
fn where_nothing_may_be_deleted_the_ref_is_named_with_the_command() {
    let world = World::new();
    world.let_alice_in("alice");
    block(&world, "refs/dualkey/approvals");
    world.remote_hook("update", NO_DELETIONS);
    let ran = world.approve("alice", "priya.shah").exits(3).says("stands in the way");
    ran.says("--delete refs/dualkey/approvals");
}

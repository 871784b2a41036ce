//! Runs that don't start, stop, or leave something undone.

use super::{Scene, Story};
use crate::attacks::{applied, branch, merge};
use crate::bad_input::trust::lease_of_another;
use crate::ends::delete_refs;
use crate::support::World;

/// Lands a change that everybody approved who can.
pub fn lands(world: &World, name: &str, change: impl FnOnce(&World)) {
    branch(world, name, change);
    for person in ["grace.lin", "lena.vogt", "mei.tanaka", "omar.diallo", "priya.shah", "sven.olsen", "yusuf.demir"] {
        world.approve(name, person);
    }
    world.timed(&["verify", "--head", name]).exits(0);
    merge(world, name);
}

/// Alice's access has landed and waits to be applied.
fn waiting() -> World {
    let world = applied();
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    merge(&world, "alice");
    world
}

/// Who administers the organisation, from here on.
fn admins(scene: &mut Scene, left: &str) {
    let world = applied();
    lands(&world, "admins", |world| {
        let grant = world.read("grants/platform/org-admins.yaml");
        world.write("grants/platform/org-admins.yaml", &grant.replace("lena.vogt, mei.tanaka, sven.olsen", left));
    });
    scene.run(&world, &["apply"], 3);
}

pub const STORIES: &[Story] = &[
    ("nothing is declared any more", &["empty-desired-state"], |scene| {
        let world = applied();
        lands(&world, "nothing", |world| drop(world.git(&["rm", "-q", "-r", "grants"])));
        scene.run(&world, &["apply"], 3);
    }),
    ("too few would administer", &["too-few-admins"], |scene| admins(scene, "mei.tanaka")),
    ("a required admin would no longer be one", &["required-admin"], |scene| admins(scene, "lena.vogt, sven.olsen")),
    ("what a policy protects", &["protected-entitlement"], |scene| {
        let role = ("roles/org-admin.yaml", "account: AdministratorAccess", "account: BreakGlassAdmin");
        let world = World::edited(&[role]);
        scene.run(&world, &["apply"], 4);
    }),
    ("another run is at work", &["lock-held"], |scene| {
        let world = World::new();
        lease_of_another(&world);
        scene.run(&world, &["apply", "--wait", "0"], 3);
    }),
    ("the branch is gone", &["not-judged", "ends-alone"], |scene| {
        let world = applied();
        delete_refs(&world, &["refs/heads/main"]);
        scene.run(&world, &["apply"], 5);
        scene.run_at(&world.now_is("2027-02-01T09:00:00Z"), &["apply", "--only-ends"], 4);
    }),
    ("branch, log and copy are gone", &["nothing-proven"], |scene| {
        let mut world = World::new();
        let refs = world.git_in(&world.path("origin.git"), &["for-each-ref", "--format=%(refname)"]);
        delete_refs(&world, &refs.lines().collect::<Vec<_>>());
        std::fs::remove_dir_all(world.repo()).unwrap();
        world.git_in(world.root.path(), &["init", "-q", "-b", "main", "repo"]);
        world.git(&["remote", "add", "origin", "../origin.git"]);
        world.now = "2027-02-01T09:00:00Z".to_owned();
        scene.run(&world, &["apply", "--only-ends"], 5);
    }),
    ("the remote lets nobody take the lease", &["lease-unavailable"], |scene| {
        let world = World::new();
        world.remote_hook("pre-receive", "exit 1\n");
        scene.run(&world, &["apply"], 4);
    }),
    ("another run took over", &["lease-lost"], |scene| {
        let world = waiting();
        // as the run writes down what it means to do, somebody else's log stands there
        world.remote_hook(
            "update",
            "test \"$1\" != refs/dualkey/audit || git update-ref refs/dualkey/audit refs/heads/main\n",
        );
        scene.run(&world, &["apply"], 4);
    }),
    ("the remote lets nobody write the log", &["log-unavailable"], |scene| {
        let world = waiting();
        world.remote_hook("update", "test \"$1\" != refs/dualkey/audit\n");
        scene.run(&world, &["apply"], 4);
    }),
    ("a clock that went back", &["clock-behind"], |scene| {
        let world = waiting();
        crate::time::proves(&world, "2026-11-24T09:00:00Z");
        scene.run(&world, &["apply"], 4);
    }),
    ("a target that is another one", &["target-identity"], |scene| {
        let world = waiting();
        let path = world.repo().join(".git/dualkey/github.json");
        let other = world.live("github").replace("\"version\": 1,", "\"version\": 1, \"identity\": \"sandbox:other\",");
        std::fs::write(path, other).unwrap();
        scene.run(&world, &["apply"], 5);
    }),
    ("real targets, and no anchor", &["anchor-missing"], |scene| {
        let mut world = World::new();
        let config = world.read("dualkey.yaml");
        let real = "github: { organization: northwind, id: 9919 }";
        world.write("dualkey.yaml", &config.replace("github: { type: sandbox, as: github }", real));
        world.commit("The real one");
        world.git(&["push", "-q", "origin", "main"]);
        world.anchor = None;
        scene.run(&world, &["verify"], 1);
        // what would be done to real targets can't be told the time
        scene.run(&world, &["apply", "--sandbox"], 3);
    }),
];

//! What landed isn't what was approved, or stands on something that isn't.

use super::Story;
use crate::attacks::{applied, branch, direct, edit, merge};
use crate::support::{ALICE_GRANT, World};

const BOB: &str = "grants/payments/bob-checkout.yaml";

/// Everything is live, and Alice's branch is approved.
fn approved() -> World {
    let world = applied();
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    world.git(&["switch", "-q", "main"]);
    world
}

pub const STORIES: &[Story] = &[
    ("a push to the protected branch, and more on top of it", &["no-approval", "unverified-ancestor"], |scene| {
        let world = applied();
        world.let_alice_in("alice");
        world.git(&["switch", "-q", "main"]);
        world.git(&["merge", "-q", "--ff-only", "alice"]);
        world.write("notes.txt", "hello\n");
        direct(&world, "A note");
        scene.run(&world, &["verify"], 1);
        scene.run(&world, &["apply"], 3);
    }),
    ("a merge with a line of its own", &["merge-tree-unreviewed"], |scene| {
        let world = approved();
        world.git(&["merge", "-q", "--no-ff", "--no-commit", "alice"]);
        let wider = ALICE_GRANT.replace("[payments-api]", "[payments-api, payments-web]");
        world.write("grants/payments/alice-refunds.yaml", &wider);
        direct(&world, "Merge");
        scene.run(&world, &["verify"], 1);
        scene.run(&world, &["apply"], 3);
    }),
    ("a file that both sides changed", &["merge-content-combined"], |scene| {
        let world = applied();
        branch(&world, "one", |world| edit(world, BOB, "2027-02-26", "2027-02-20"));
        branch(&world, "two", |world| edit(world, BOB, "PAY-1288", "PAY-1289"));
        world.approve("one", "priya.shah").exits(0);
        merge(&world, "one");
        scene.approve(&world, "two", &[], "priya.shah", 3);
    }),
    ("a branch that was merged crosswise", &["merge-base-ambiguous"], |scene| {
        let world = approved();
        world.write("notes.txt", "hello\n");
        direct(&world, "A note");
        let note = world.rev("main");
        merge(&world, "alice");
        world.git(&["switch", "-q", "alice"]);
        world.git(&["merge", "-q", "--no-ff", "-m", "Update", &note]);
        edit(&world, "grants/payments/alice-refunds.yaml", "PAY-1423", "PAY-1424");
        world.commit("Another ticket");
        scene.approve(&world, "alice", &[], "priya.shah", 3);
    }),
    ("an old squash, repeated", &["approval-used"], |scene| {
        let world = approved();
        world.git(&["merge", "-q", "--squash", "alice"]);
        direct(&world, "Squash");
        world.timed(&["apply"]).exits(0);
        branch(&world, "away", |world| drop(world.git(&["rm", "-q", "grants/payments/alice-refunds.yaml"])));
        world.approve("away", "priya.shah").exits(0);
        merge(&world, "away");
        world.timed(&["apply"]).exits(0);
        world.git(&["checkout", "-q", "alice", "--", "grants/payments/alice-refunds.yaml"]);
        direct(&world, "Squash");
        scene.run(&world, &["verify"], 1);
    }),
    ("a file that means nothing", &["landed-tree-invalid"], |scene| {
        let world = applied();
        world.write("people/bob.keller.yaml", "name: [\n");
        direct(&world, "Oops");
        scene.run(&world, &["verify"], 5);
        scene.run(&world, &["apply"], 5);
    }),
    ("a branch that was replaced", &["history-rewritten"], |scene| {
        let world = applied();
        let base = world.rev("main");
        branch(&world, "away", |world| drop(world.git(&["rm", "-q", BOB])));
        world.approve("away", "priya.shah").exits(0);
        merge(&world, "away");
        world.timed(&["apply"]).exits(0);
        world.git(&["push", "-q", "-f", "origin", &format!("{base}:main")]);
        scene.run(&world, &["verify"], 1);
        scene.run(&world, &["apply"], 3);
    }),
    ("a merge that keeps another line's tree", &["landing-left-out"], |scene| {
        let world = applied();
        branch(&world, "away", |world| drop(world.git(&["rm", "-q", BOB])));
        world.approve("away", "priya.shah").exits(0);
        world.git(&["switch", "-q", "main"]);
        world.git(&["merge", "-q", "--no-ff", "-s", "ours", "-m", "Not now", "away"]);
        world.git(&["push", "-q", "origin", "main"]);
        scene.run(&world, &["verify"], 1);
    }),
    ("somebody left between the merge and the first apply", &["approver-no-longer-authorized"], |scene| {
        let mut world = approved();
        merge(&world, "alice");
        branch(&world, "leaves", |world| {
            let priya = world.read("people/priya.shah.yaml");
            world.write("people/priya.shah.yaml", &format!("{priya}ended: 2026-11-24\n"));
        });
        for person in ["grace.lin", "mei.tanaka", "sven.olsen"] {
            world.approve("leaves", person).exits(0);
        }
        merge(&world, "leaves");
        world.now = "2026-11-24T09:00:00Z".to_owned();
        scene.run(&world, &["verify"], 1);
        scene.run(&world, &["apply"], 3);
    }),
];

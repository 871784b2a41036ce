//! Logs that aren't what they were, and logs of somebody else.

use super::Story;
use crate::attacks::applied;
use crate::bad_input::trust::{another_signer, another_size, edit_checkpoint, flip_a_bit, only_file, rewrite_log};
use crate::rotation::{approved_key, rotate};
use crate::support::World;

pub const STORIES: &[Story] = &[
    ("there is no log yet", &["genesis-missing"], |scene| {
        let mut world = World::unanchored();
        world.anchor = None;
        scene.run(&world, &["verify"], 1);
        scene.run(&world, &["apply"], 3);
        scene.run(&world, &["audit", "init", "--genesis", "main", "--log-key", "../log.key"], 3);
    }),
    ("there is one already", &["log-exists"], |scene| {
        let world = World::new();
        scene.run(&world, &["audit", "init", "--genesis", "main", "--log-key", "../log.key"], 3);
    }),
    ("another anchor", &["anchor-mismatch"], |scene| {
        let mut world = World::new();
        let id = world.anchor.take().unwrap().split(':').nth(1).unwrap().to_owned();
        world.anchor = Some(format!("{}:{id}", "0".repeat(40)));
        scene.run(&world, &["verify"], 1);
        scene.run(&world, &["apply"], 3);
    }),
    ("another log key", &["log-key-wrong"], |scene| {
        let world = World::new();
        world.dualkey(&["audit", "keygen", "--name", "northwind", "--out", "../other.key"]).exits(0);
        scene.run(&world, &["apply", "--log-key", "../other.key"], 2);
    }),
    ("the approved log key does not sign yet", &["log-key-outdated"], |scene| {
        let world = World::new();
        approved_key(&world, "new.key");
        scene.run(&world, &["verify"], 1);
        scene.run(&world, &["apply"], 3);
    }),
    ("a log key that was replaced", &["log-key-wrong"], |scene| {
        let world = World::new();
        approved_key(&world, "new.key");
        rotate(&world, "log.key", "new.key").exits(0);
        scene.run(&world, &["apply"], 2);
    }),
    ("one byte of an entry was changed", &["log-leaf-mismatch"], |scene| {
        let world = applied();
        rewrite_log(&world, flip_a_bit);
        scene.show("audit verify", world.dualkey(&["audit", "verify"]), 1);
        scene.run(&world, &["apply"], 3);
    }),
    ("the size in the checkpoint was changed", &["log-checkpoint-invalid"], |scene| {
        let world = applied();
        rewrite_log(&world, |log| edit_checkpoint(log, another_size));
        scene.show("audit verify", world.dualkey(&["audit", "verify"]), 1);
    }),
    ("somebody else signed the checkpoint", &["log-key-unknown"], |scene| {
        let world = applied();
        rewrite_log(&world, |log| edit_checkpoint(log, another_signer));
        scene.show("audit verify", world.dualkey(&["audit", "verify"]), 1);
    }),
    ("a file of the log is missing", &["log-incomplete"], |scene| {
        let world = applied();
        rewrite_log(&world, |log| std::fs::remove_file(only_file(&log.join("tile/entries"))).unwrap());
        scene.show("audit verify", world.dualkey(&["audit", "verify"]), 1);
    }),
    ("entries and hashes of another log", &["log-root-mismatch"], |scene| {
        let (world, other) = (World::new(), World::anchored());
        other.git_in(&other.path(""), &["clone", "-q", "origin.git", "log"]);
        other.git_in(&other.path("log"), &["fetch", "-q", "origin", "refs/dualkey/audit"]);
        other.git_in(&other.path("log"), &["checkout", "-q", "FETCH_HEAD"]);
        rewrite_log(&world, |log| {
            for kind in ["tile/entries", "tile/0"] {
                let theirs = only_file(&other.path("log").join(kind));
                std::fs::copy(theirs, only_file(&log.join(kind))).unwrap();
            }
        });
        scene.show("audit verify", world.dualkey(&["audit", "verify"]), 1);
    }),
    ("the newest entries were cut off", &["log-rollback"], |scene| {
        let world = World::new();
        let early = world.git_in(&world.path("origin.git"), &["rev-parse", "refs/dualkey/audit"]);
        world.timed(&["apply"]).exits(0);
        world.git_in(&world.path("origin.git"), &["update-ref", "refs/dualkey/audit", early.trim()]);
        scene.show("audit verify", world.dualkey(&["audit", "verify"]), 1);
        scene.run(&world, &["apply"], 3);
    }),
    ("the log was written anew", &["log-fork"], |scene| {
        let world = World::new();
        let early = world.git_in(&world.path("origin.git"), &["rev-parse", "refs/dualkey/audit"]);
        world.timed(&["apply"]).exits(0);
        world.git_in(&world.path("origin.git"), &["update-ref", "refs/dualkey/audit", early.trim()]);
        world.git_in(world.root.path(), &["clone", "-q", "origin.git", "second"]);
        world.timed_in(&world.path("second"), &["apply"]).exits(0);
        scene.show("audit verify", world.dualkey(&["audit", "verify"]), 1);
    }),
    ("the checkpoint that was kept is gone", &["checkpoint-missing"], |scene| {
        let world = applied();
        scene.run(&world, &["apply", "--checkpoint", "../kept.txt"], 3);
    }),
    ("a proof that was edited", &["log-proof-invalid"], |scene| {
        let world = applied();
        world.dualkey(&["audit", "prove", "1", "--out", "../one.tlog-proof"]).exits(0);
        let proof = std::fs::read_to_string(world.path("one.tlog-proof")).unwrap();
        std::fs::write(world.path("one.tlog-proof"), proof.replace("index 1", "index 0")).unwrap();
        let verify = ["audit", "verify", "--proof", "../one.tlog-proof"];
        scene.show(&verify.join(" "), world.dualkey(&verify), 1);
    }),
];

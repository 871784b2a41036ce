//! Targets that can't be opened, can't be read whole, or aren't what they are taken for.

use super::{Scene, Story};
use crate::live::edit;
use crate::support::{World, finish};

/// Northwind with Google Cloud as it really is.
fn real() -> World {
    World::with_stand_ins(&[(
        "dualkey.yaml",
        "  gcp: { type: sandbox, as: gcp }\n",
        "  gcp: { organization: \"420000000001\" }\n",
    )])
}

/// What the embedded target does wrong from here on.
fn faults(world: &World, target: &str, faults: &str) {
    let path = world.repo().join(".git/dualkey").join(format!("{target}.faults.json"));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, faults).unwrap();
}

/// The program with more in the environment.
fn run_with(scene: &mut Scene, world: &World, variables: &[(&str, &str)], args: &[&str], exit: i32) {
    let mut command = world.command(&world.repo());
    command.args(args).args(["--now", &world.now]).envs(variables.iter().copied());
    scene.show(&args.join(" "), finish(command), exit);
}

pub const STORIES: &[Story] = &[
    ("nothing opens a target", &["credential-missing"], |scene| {
        let world = real();
        scene.run(&world, &["targets"], 5);
    }),
    ("a proposal says where credentials are sent", &["target-unproven"], |scene| {
        let world = real();
        let config = world.read("dualkey.yaml");
        world.write("dualkey.yaml", &config.replace("420000000001", "660000000001"));
        run_with(scene, &world, &[("DUALKEY_READER_GCP_CREDENTIALS", "reader.json")], &["targets"], 5);
    }),
    ("one credential reads and writes", &["credential-shared"], |scene| {
        let world = real();
        let one = "both.json";
        let same = [("DUALKEY_READER_GCP_CREDENTIALS", one), ("DUALKEY_WRITER_GCP_CREDENTIALS", one)];
        run_with(scene, &world, &same, &["targets"], 5);
    }),
    ("nothing speaks to a target of that type", &["target-without-client"], |scene| {
        let world = real();
        run_with(scene, &world, &[("DUALKEY_READER_GCP_CREDENTIALS", "reader.json")], &["targets"], 5);
    }),
    ("another target answers", &["target-identity"], |scene| {
        let world = World::new();
        edit(&world, "github", |file| file["identity"] = "sandbox:other".into());
        scene.run(&world, &["targets"], 5);
    }),
    ("a resource can't be seen", &["target-denied"], |scene| {
        let world = World::new();
        faults(&world, "github", r#"{ "unread": ["northwind/ledger"] }"#);
        scene.run(&world, &["targets"], 5);
    }),
    ("the reader's credential is given to the writer", &["credential-reads-only"], |scene| {
        let world = World::new();
        faults(&world, "github", r#"{ "writer_reads": true }"#);
        scene.run(&world, &["targets"], 5);
    }),
    ("a name has a slip", &["target-unknown-name"], |scene| {
        let world = World::new();
        edit(&world, "github", |file| {
            file["names"] = serde_json::json!({ "resources": { "repository": ["northwind/payments-apj"] } });
        });
        scene.run(&world, &["drift"], 1);
    }),
];

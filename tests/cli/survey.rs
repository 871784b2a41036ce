//! `dualkey targets`: what each target is and tells, and what the credentials for it can do.

use crate::live::edit;
use crate::support::{Ran, World, finish, key};

/// What the embedded target does wrong from here on.
fn faults(world: &World, target: &str, faults: &str) {
    let path = world.repo().join(".git/dualkey").join(format!("{target}.faults.json"));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, faults).unwrap();
}

/// What the document says of a target.
fn of(ran: &Ran, target: &str) -> serde_json::Value {
    let document = ran.json();
    let found = document["targets"].as_array().unwrap().iter().find(|one| one["target"] == target);
    found.unwrap_or_else(|| panic!("{document}")).clone()
}

/// Runs it at the world's time with more in the environment, and without the anchor where it is to be without.
fn with(world: &World, variables: &[(&str, &str)], anchor: bool, args: &[&str]) -> Ran {
    let mut command = world.command(&world.repo());
    command.arg("targets").args(args).args(["--now", &world.now]).envs(variables.iter().copied());
    if !anchor {
        command.env_remove("DUALKEY_ANCHOR");
    }
    finish(command)
}

#[test]
fn a_new_repository_tells_what_its_targets_are_before_anything_is_committed() {
    let world = World::empty();
    let admin = format!("priya.shah={}.pub", key("priya.shah").display());
    let ran = world.timed_in(world.root.path(), &["init", "repo", "--admin", &admin]);
    ran.exits(0).says("dualkey targets");
    let ran = world.timed(&["targets"]).exits(0).says("github sandbox that stands in for github");
    ran.says("identity sandbox:github, as pinned").says("on 1 of 1 declared resource");
}

#[test]
fn all_well_is_told_the_same_twice_with_anchor_and_without() {
    let world = World::told();
    let ran = world.timed(&["targets"]).exits(0).says("aws sandbox that stands in for aws");
    let ran = ran.says("answers it tells no time").says("the target doesn't tell what the credential can change");
    ran.says("it lists none, so a slip shows when it is written");
    let json = |world: &World| world.timed(&["targets", "--format", "json"]).exits(0);
    let (first, again) = (json(&world), json(&world));
    assert_eq!(first.stdout, again.stdout);
    let github = of(&first, "github");
    assert_eq!((&github["seen"], &github["latency_ms"]), (&true.into(), &serde_json::Value::Null));
    assert_eq!((&github["type"], &github["as"]), (&"sandbox".into(), &"github".into()));
    assert_eq!(github["identity"], github["pinned"]);
    assert!(github["sees"]["held"].as_u64().unwrap() > 5, "{github}");
    assert_eq!(github["sees"]["latent"], 0);
    for anchor in [true, false] {
        with(&world, &[], anchor, &[]).exits(0).says("identity sandbox:github, as pinned");
    }
    // before the first apply, and with embedded ones in place of all
    let world = World::new();
    world.timed(&["targets"]).exits(0).says("no entitlement, 0 latent, on");
    world.timed(&["targets", "--sandbox"]).exits(0).says("no entitlement");
    assert!(!world.repo().join(".git/dualkey/github.json").exists(), "looking changes nothing");
}

#[test]
fn one_that_does_not_answer_hides_no_other() {
    let world = World::told();
    edit(&world, "aws", |file| file["version"] = 7.into());
    let ran = world.timed(&["targets"]).exits(5).says("nobody knows which it is").says("target-corrupt");
    ran.says("identity sandbox:github, as pinned");
    let ran = world.timed(&["targets", "--format", "json"]).exits(5);
    let (aws, github) = (of(&ran, "aws"), of(&ran, "github"));
    assert_eq!((&aws["seen"], &github["seen"]), (&false.into(), &true.into()));
    assert_eq!(aws["reader"]["refusal"]["code"], "target-corrupt");
    assert_eq!((&aws["identity"], &aws["sees"]), (&serde_json::Value::Null, &serde_json::Value::Null));
}

#[test]
fn another_target_than_the_pinned_one_is_told_and_left_alone() {
    let world = World::told();
    edit(&world, "github", |file| file["identity"] = "sandbox:other".into());
    let ran = world.timed(&["targets"]).exits(5).says("target-identity");
    ran.says("identity sandbox:other, and sandbox:github is pinned: nothing is done there");
    let github = of(&world.timed(&["targets", "--format", "json"]).exits(5), "github");
    assert_eq!((&github["identity"], &github["seen"]), (&"sandbox:other".into(), &false.into()));
    assert_eq!(github["writer"]["refusal"]["code"], "target-identity");
    assert_eq!(github["sees"], serde_json::Value::Null);
}

#[test]
fn what_the_reader_cannot_see_is_named() {
    let world = World::told();
    faults(&world, "github", r#"{ "unread": ["northwind/ledger"] }"#);
    let ran = world.timed(&["targets"]).exits(5).says("not read  repository northwind/ledger");
    ran.says("target-denied").says("let it read repository northwind/ledger");
    let github = of(&world.timed(&["targets", "--format", "json"]).exits(5), "github");
    assert_eq!(github["sees"]["unread_resources"][0]["resource"], "northwind/ledger");
    assert_eq!(github["sees"]["unread_resources"][0]["refusal"]["code"], "target-denied");
    // what is latent is counted apart
    edit(&world, "github", |file| {
        file["entitlements"].as_array_mut().unwrap().push(serde_json::json!({
            "kind": "repository", "resource": "northwind/payments-api", "permission": "push", "principal": "77",
            "latent": "invited"
        }));
    });
    world.timed(&["targets"]).exits(5).says("1 latent");
}

#[test]
fn a_reader_that_can_write_is_told_wherever_somebody_looks() {
    let world = World::told();
    faults(&world, "github", r#"{ "reader_writes": true }"#);
    let ran = world.timed(&["targets"]).exits(0).says("as `robot`, which can change things: it is an owner");
    ran.says("warning reader-can-write `robot`, which reads, is an owner at `github`");
    let github = of(&world.timed(&["targets", "--format", "json"]).exits(0), "github");
    assert_eq!((&github["reader"]["can_write"], &github["reader"]["own"][0]), (&true.into(), &"robot".into()));
    assert_eq!(github["findings"][0]["rule"], "reader-can-write");
    world.timed(&["drift"]).exits(0).says("warning reader-can-write");
}

#[test]
fn a_writer_that_can_only_read_is_told_before_anything_is_tried() {
    let world = World::told();
    let live = world.live("github");
    faults(&world, "github", r#"{ "writer_reads": true }"#);
    let ran = world.timed(&["targets"]).exits(5).says("credential-reads-only");
    ran.says("what is given to write `github` with can change nothing there");
    let github = of(&world.timed(&["targets", "--format", "json"]).exits(5), "github");
    assert_eq!((&github["seen"], &github["writer"]["can_write"]), (&true.into(), &serde_json::Value::Null));
    edit(&world, "github", |file| drop(file["entitlements"].as_array_mut().unwrap().remove(0)));
    let ran = world.timed(&["apply", "--format", "json"]).exits(4).json();
    let failed = ran["failed"].as_array().unwrap();
    assert!(failed.iter().all(|one| one["message"].as_str().unwrap().contains("can change nothing there")), "{ran}");
    assert_eq!(failed.len(), 1);
    faults(&world, "github", "{}");
    world.timed(&["apply"]).exits(0);
    assert_eq!(world.live("github"), live);
}

#[test]
fn clocks_and_names_are_told() {
    let world = World::told();
    edit(&world, "github", |file| {
        file["clock"] = "2026-11-23T09:05:00Z".into();
        file["names"] = serde_json::json!({ "accounts": ["583231", "583232"] });
    });
    let ran = world.timed(&["targets"]).exits(0).says("its clock is 300 seconds ahead of ours");
    let ran = ran.says("warning[clock-skew] our clock is 300 seconds behind that of `github`");
    let ran = ran.says("it lists accounts, and not each").says("target-unknown-name");
    ran.says("the target knows no account");
    let github = of(&world.timed(&["targets", "--format", "json"]).exits(0), "github");
    assert_eq!(github["ahead_seconds"], -300);
    assert_eq!(github["sees"]["names"].as_array().unwrap().iter().filter(|one| one["listed"] == true).count(), 1);
}

const EMBEDDED: &str = "  gcp: { type: sandbox, as: gcp }\n";
const REAL: &str = "  gcp: { organization: \"420000000001\" }\n";

#[test]
fn a_missing_credential_is_named_and_nothing_goes_where_nobody_approved() {
    let world = World::with_stand_ins(&[("dualkey.yaml", EMBEDDED, REAL)]);
    let ran = with(&world, &[], true, &[]).exits(5);
    let code = of(&with(&world, &[], true, &["--format", "json"]), "gcp")["reader"]["refusal"]["code"].clone();
    assert!(ran.stdout.contains("gcp  gcp"), "{}", ran.stdout);
    // what a proposal says is where nobody approved that credentials are sent
    let config = world.read("dualkey.yaml");
    world.write("dualkey.yaml", &config.replace("420000000001", "420000000002"));
    let ran = with(&world, &[], true, &[]).exits(5).says("target-unproven").says("dualkey targets --unapproved");
    ran.says("identity sandbox:github, as pinned");
    let other = |anchor, args: &[&str]| {
        let args = [&["--format", "json"], args].concat();
        of(&with(&world, &[], anchor, &args), "gcp")["reader"]["refusal"]["code"].clone()
    };
    assert_eq!(other(true, &[]), "target-unproven");
    assert_eq!(other(false, &[]), "target-unproven");
    assert_eq!(other(false, &["--unapproved"]), code);
    assert_ne!(code, "target-unproven");
    // an anchor that proves nothing is an error of its own, and opens nothing
    let wrong = format!("{}:00000000", world.rev("main"));
    let ran = with(&world, &[("DUALKEY_ANCHOR", &wrong)], true, &[]);
    assert!([3, 5].contains(&ran.code), "{ran:?}");
    ran.says("target-unproven").says("identity sandbox:github, as pinned");
}

/// A program for embedded targets alone is the first that many build.
#[cfg(not(feature = "postgres"))]
#[test]
fn a_target_that_the_program_was_built_without_is_refused_everywhere() {
    let both = format!("{EMBEDDED}  shop: {{ type: postgres, host: db.northwind.example, system: \"7713\" }}\n");
    let login = "resources:\n  shop-logins: { database-login: shop }\n";
    let world = World::with_stand_ins(&[
        ("dualkey.yaml", EMBEDDED, &both),
        ("domains/payments-staging.yaml", "resources:\n", login),
    ]);
    let words = "`shop` is of type postgres, which this program was built without";
    for args in [
        &["targets"][..],
        &["drift"],
        &["plan", "--live", "--base", "main"],
        &["access", "priya.shah", "--live"],
        &["apply"],
    ] {
        let ran = world.timed(args);
        assert!([4, 5].contains(&ran.code), "{args:?}: {ran:?}");
        ran.says("target-not-built").says(words).says("cargo install --locked --path . --features postgres");
    }
    assert!(!world.live("github").is_empty(), "the others go on");
    world.timed(&["lint"]).exits(0);
}

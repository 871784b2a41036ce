//! Targets as `dualkey.yaml` declares them: their settings, and the credentials that only the environment holds.

use crate::bad_input::fails;
use crate::support::{Ran, World, finish};

const EMBEDDED: &str = "  github: { type: sandbox, as: github }\n";
/// Nobody answers at that port.
const REAL: &str = "  github: { organization: northwind, id: 9919, api: \"http://127.0.0.1:1\" }\n";

/// What is said where its client looks for it.
const ASKED: &str = if cfg!(feature = "github") { "target-unreachable" } else { "target-without-client" };

/// Northwind with its organisation on GitHub instead of the embedded one.
fn real() -> World {
    World::with_stand_ins(&[("dualkey.yaml", EMBEDDED, REAL)])
}

/// Runs the program at the world's time with more in the environment.
fn with(world: &World, variables: &[(&str, &str)], args: &[&str]) -> Ran {
    let mut command = world.command(&world.repo());
    command.args(args).args(["--now", &world.now]).envs(variables.iter().copied());
    finish(command)
}

#[test]
fn settings_are_those_of_the_type() {
    let world = World::new();
    let config = world.read("dualkey.yaml");
    let refused = |settings: &str, words: &[&str]| {
        world.write("dualkey.yaml", &config.replace(EMBEDDED, &format!("  github: {{ {settings} }}\n")));
        let all = [&["dualkey.yaml"], words].concat();
        fails(&world, &["lint"], 1, &all);
    };
    let good = "organization: northwind, id: 9919";
    refused("organization: northwind", &["`github` lacks `id`, which pins it", "no other github"]);
    refused("organisation: northwind, id: 9919", &["unknown-field", "did you mean `organization`?"]);
    refused(&format!("{good}, region: eu-west-1"), &["`region` is not a setting of a target of type github", "api"]);
    refused(&format!("{good}, token: ghp_hushhushhushhushhush"), &["unknown-field", "`token`"]);
    refused("organization: northwind, id: \"9919\"", &["schema", "a whole number"]);
    refused("organization: North_wind, id: 9919", &["`North_wind` is not the organisation's login"]);
    refused(&format!("{good}, api: \"http://ghe.northwind.example\""), &["begins with https://"]);
    refused("type: postgres, host: \"a,b\", system: \"7\"", &["`a,b` is not the server's name"]);
    refused("type: postgres, host: db.northwind.example", &["lacks `system`, which pins it"]);
    refused("type: aws, region: eu, instance: i, identity_store: d, organization: o", &["like eu-west-1", "d-9067"]);
    refused("type: gcp, organization: \"042\"", &["`042` is not the organisation's number"]);
    refused("type: sandbox", &["lacks `as`", "stands in for"]);
    refused("type: sandbox, as: sandbox", &["must be one of"]);
    refused("type: sandbox, as: github, file: ../x.json", &["must lie inside the repository"]);
    refused("type: githb, organization: northwind, id: 1", &["did you mean `github`?"]);
}

#[test]
fn a_credential_in_the_settings_is_told_of_and_not_shown() {
    let world = World::new();
    let config = world.read("dualkey.yaml");
    let api = "organization: northwind, id: 9919, api: \"https://x:hush@ghe.northwind.example\"";
    world.write("dualkey.yaml", &config.replace(EMBEDDED, &format!("  github: {{ {api} }}\n")));
    for format in ["text", "json", "markdown", "github", "sarif"] {
        let ran = world.timed(&["lint", "--format", format]).exits(1).says("credential-in-settings");
        assert!(!ran.stdout.contains("hush") && !ran.stderr.contains("hush"), "{}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn variables_tell_targets_apart() {
    let world = World::new();
    let config = world.read("dualkey.yaml");
    let two =
        "  git-hub: { type: github, organization: a, id: 1 }\n  git.hub: { type: github, organization: b, id: 2 }\n";
    world.write("dualkey.yaml", &config.replace(EMBEDDED, two));
    fails(&world, &["lint"], 1, &["variables of the environment name the targets `git-hub` and `git.hub` alike"]);
}

const READER: (&str, &str) = ("DUALKEY_READER_GITHUB_TOKEN", "hush-reader");
const WRITER: (&str, &str) = ("DUALKEY_WRITER_GITHUB_TOKEN", "hush-writer");

#[test]
fn a_target_that_cannot_be_opened_is_one_that_nobody_looked_at() {
    let world = real();
    let missing = "there is nothing to read `github` with: DUALKEY_READER_GITHUB_TOKEN isn't set";
    with(&world, &[], &["drift"])
        .exits(5)
        .says("credential-missing")
        .says(missing)
        .says("DUALKEY_READER_GITHUB_APP_ID");
    let app = ("DUALKEY_READER_GITHUB_APP_ID", "7");
    with(&world, &[app], &["drift"]).exits(5).says("DUALKEY_READER_GITHUB_TOKEN isn't set");
    let ran = with(&world, &[READER], &["drift"]).exits(5).says(ASKED);
    assert!(!format!("{ran:?}").contains("hush"), "{ran:?}");
    // embedded ones stand in for all of them
    with(&world, &[], &["drift", "--sandbox"]).exits(1);
}

#[test]
fn a_type_that_this_version_only_knows_the_kinds_of_is_told() {
    let embedded = "  gcp: { type: sandbox, as: gcp }\n";
    let world = World::with_stand_ins(&[("dualkey.yaml", embedded, "  gcp: { organization: \"420000000001\" }\n")]);
    let opens = ("DUALKEY_READER_GCP_CREDENTIALS", "hush");
    with(&world, &[opens], &["drift"]).exits(5).says("target-without-client").says("add `--sandbox`");
}

#[test]
fn the_others_go_on_without_it() {
    let world = real();
    let ran = with(&world, &[], &["apply", "--format", "json"]).exits(4).json();
    let codes = ran["refusals"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap());
    assert_eq!(codes.collect::<Vec<_>>(), ["credential-missing"]);
    assert_eq!(ran["unread"], serde_json::json!(["github"]));
    assert!(!ran["done"].as_array().unwrap().is_empty(), "{ran}");
    assert!(ran["done"].as_array().unwrap().iter().all(|one| one["target"] != "github"));
}

#[test]
fn what_reads_may_not_write() {
    let world = real();
    let same = ("DUALKEY_WRITER_GITHUB_TOKEN", READER.1);
    let text = |writer| {
        let ran = with(&world, &[READER, writer], &["apply"]);
        format!("{}{}", ran.stdout, ran.stderr)
    };
    for said in [text(same), text(WRITER)] {
        assert!(said.contains(ASKED) && !said.contains("hush"), "{said}");
    }
}

#[test]
fn no_credential_goes_to_a_server_that_nobody_approved() {
    let world = real();
    // what the log proves is looked at
    with(&world, &[READER], &["plan", "--live", "--base", "main"]).exits(5).says(ASKED);
    // what a proposal names is not
    let config = world.read("dualkey.yaml");
    let evil = "  github: { organization: northwind, id: 9919, api: \"https://ghe.evil.example/api/v3\" }\n";
    world.write("dualkey.yaml", &config.replace(REAL, evil));
    let ran =
        with(&world, &[READER], &["plan", "--live"]).exits(5).says("target-unproven").says("no credential is sent");
    assert!(!ran.stderr.contains(ASKED), "{}", ran.stderr);
    // nor is anything sent where no anchor is kept by which the log proves it
    world.git(&["checkout", "-q", "."]);
    let mut command = world.command(&world.repo());
    command.args(["plan", "--live", "--base", "main", "--now", &world.now]).env_remove("DUALKEY_ANCHOR");
    let ran = finish(command);
    assert_ne!(ran.code, 0);
    assert!(!ran.stderr.contains(ASKED), "{}", ran.stderr);
}

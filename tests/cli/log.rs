//! The log: what it says can be found, proven to somebody else, and not be edited quietly.

use sha2::Digest;

use crate::bad_input::trust::{flip_a_bit, rewrite_log};
use crate::support::World;

#[test]
fn the_log_is_searched_by_what_it_says() {
    let world = World::told();
    let all = world.dualkey(&["audit", "search", "--person", "alice.nguyen"]).exits(0);
    let all = all.says("alice.nguyen gains push on repository northwind/payments-api");
    assert!(all.stdout.contains("grant alice.nguyen push on repository northwind/payments-api"), "{}", all.stdout);
    let json = world.dualkey(&["audit", "search", "--verb", "grant", "--format", "json"]).exits(0).json();
    let types: Vec<&str> =
        json["entries"].as_array().unwrap().iter().map(|one| one["entry"]["type"].as_str().unwrap()).collect();
    assert!(types.contains(&"intent") && types.contains(&"result"), "{types:?}");
    assert!(json["size"].as_u64().unwrap() > types.len() as u64);
    let tip = world.rev("main");
    let by_landing = ["audit", "search", "--landing", &tip[..12], "--person", "priya.shah"];
    world.dualkey(&by_landing).exits(0).says("approved by priya.shah, 1 change");
    world.dualkey(&["audit", "search", "--grant", "alice-refunds", "--until", "2026-11-22"]).exits(0).says("0 of ");
    world.dualkey(&["audit", "search", "--resource", "repository:northwind/payments-api"]).exits(0).says("entries fit");
}

#[test]
fn a_search_that_means_nothing_is_refused() {
    let world = World::new();
    let cases: [(&[&str], &str); 4] = [
        (&[], "nothing was asked"),
        (&["--resource", "payments-api"], "is not a resource"),
        (&["--landing", "abc"], "is not the id of a commit"),
        (&["--since", "2026-02-30"], "2026-02-30"),
    ];
    for (args, says) in cases {
        let all = [&["audit", "search"], args].concat();
        world.dualkey(&all).exits(2).says(says);
    }
}

#[test]
fn one_entry_is_proven_to_somebody_who_has_only_the_key() {
    let world = World::told();
    world.dualkey(&["audit", "prove", "1", "--out", "../one.tlog-proof"]).exits(0).says("proves entry 1");
    let key = world.named_key();
    let nowhere = world.path("nowhere");
    std::fs::create_dir(&nowhere).unwrap();
    let verify =
        |file: &str, key: &str| world.dualkey_in(&nowhere, &["audit", "verify", "--proof", file, "--key", key]);
    verify("../one.tlog-proof", &key).exits(0).says("entry 1 of").says("\"type\": \"landing\"");
    // edited on its way
    let proof = std::fs::read_to_string(world.path("one.tlog-proof")).unwrap();
    std::fs::write(world.path("edited.tlog-proof"), proof.replace("index 1", "index 0")).unwrap();
    verify("../edited.tlog-proof", &key).exits(1).says("log-proof-invalid");
    let other = world.dualkey(&["audit", "keygen", "--name", "northwind", "--out", "../other.key"]).exits(0).stdout;
    verify("../one.tlog-proof", other.trim()).exits(1).says("log-key-unknown");
    verify("../absent", &key).exits(2).says("absent");
    verify("../one.tlog-proof", "northwind").exits(2);
    // without a key and without a repository nobody can tell
    world.dualkey_in(&nowhere, &["audit", "verify", "--proof", "../one.tlog-proof"]).exits(2).says("--key");
    world.dualkey(&["audit", "verify", "--proof", "../one.tlog-proof"]).exits(0).says("entry 1 of");
    world.dualkey(&["audit", "verify", "--key", &key]).exits(2).says("for exported files and proofs");
    world.dualkey(&["audit", "prove", "99"]).exits(2).says("there is no entry `99`");
    world.dualkey(&["audit", "prove", "1", "--out", "../one.tlog-proof"]).exits(2).says("exists already");
}

#[test]
fn a_period_is_reported_control_by_control_with_every_landing() {
    let world = World::told();
    let of = |args: &[&str]| {
        world.dualkey(&[&["report", "controls", "--from", "2026-11-01", "--to", "2026-11-30"], args].concat()).exits(0)
    };
    let text = of(&[]).stdout;
    assert!(text.starts_with("# Access controls of northwind\n"), "{text}");
    assert!(text.contains("| `priya.shah` | `"), "who approved, and the run: {text}");
    assert!(text.contains("## Landings (2)"), "the genesis and Alice: {text}");
    assert!(!text.contains("**look**"), "{text}");
    let json = of(&["--format", "json"]).json();
    let log = world.dualkey(&["audit", "log", "--format", "json"]).exits(0).json();
    assert_eq!(json["log"]["root"], log["root"]);
    assert_eq!(json["landings"][1]["approved_by"], serde_json::json!(["priya.shah"]));
    assert_eq!(json["landings"][1]["requested_by"], serde_json::json!(["tom.reed"]));
    assert_eq!(json["landings"][1]["gains"], 1);
    assert_eq!(json["runs"], serde_json::json!({ "whole": 1, "partial": 0, "interrupted": 0 }));
    // what ends, ends in the report, with how long it took
    world.now_is("2027-01-04T06:00:00Z").timed(&["apply", "--only-ends"]).exits(0);
    let later = ["report", "controls", "--from", "2027-01-01", "--to", "2027-01-31", "--format", "json"];
    let json = world.dualkey(&later).exits(0).json();
    assert_eq!(json["seconds_to_removal"], serde_json::json!([6 * 3600]));
    assert_eq!(json["landings"], serde_json::json!([]));
    let backwards = ["report", "controls", "--from", "2027-01-31", "--to", "2027-01-01"];
    world.dualkey(&backwards).exits(2).says("ends before it starts");
}

#[test]
fn a_scheduler_learns_when_the_next_run_is_due() {
    let world = World::told();
    let next = |args: &[&str]| world.timed(&[&["next"], args].concat()).exits(0);
    next(&[]).says("end    alice.nguyen  github  repository northwind/payments-api  push");
    let json = next(&["--format", "json"]).json();
    assert_eq!(json["at"], "2027-01-04T00:00:00+00:00");
    assert_eq!(json["edges"][0]["grant"], serde_json::json!(["alice-refunds"]));
    // at an edge the one after it is next; half-open as everywhere
    let after = world.now_is("2027-01-04T00:00:00Z").timed(&["next", "--format", "json"]).exits(0).json();
    assert_ne!(after["at"], json["at"]);
    let never = world.now_is("2099-01-01T00:00:00Z").timed(&["next"]).exits(0);
    never.says("nothing starts or ends after 2099-01-01");
}

#[test]
fn the_log_is_written_as_events_for_whatever_gathers_them() {
    let world = World::told();
    let lines = world.dualkey(&["audit", "export", "--format", "ocsf"]).exits(0).stdout;
    let events: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let alice = events.iter().find(|event| event["user"]["name"] == "alice.nguyen").unwrap();
    assert_eq!((&alice["class_uid"], &alice["type_uid"]), (&3005.into(), &300_501.into()));
    assert_eq!(alice["privileges"], serde_json::json!(["push"]));
    assert!(events.iter().any(|event| event["class_uid"] == 3004 && event["entity"]["type"] == "landing"));
    assert!(!lines.contains('@'), "no e-mail address: {lines}");
    world.dualkey(&["audit", "export"]).exits(2).says("name one that doesn't exist yet");
    world.dualkey(&["audit", "export", "--format", "ocsf", "../log"]).exits(2).says("leave the folder out");
}

/// The files that a clone keeps of the log.
fn copies(world: &World, kind: &str) -> Vec<std::path::PathBuf> {
    let folder = std::fs::read_dir(world.repo().join(".git/dualkey")).unwrap().map(|entry| entry.unwrap().path());
    let copies: Vec<_> = folder.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(kind)).collect();
    assert!(!copies.is_empty(), "{kind}");
    copies
}

#[test]
fn what_a_clone_keeps_of_the_log_is_thrown_away_where_it_is_damaged_and_stops_nobody() {
    let world = World::told();
    for (kind, told) in [("log-", true), ("verified-", false)] {
        for damage in [&b""[..], b"dualkey sha256 00\n", b"northwind\n1\n", b"\xff\0"] {
            world.timed(&["verify"]).exits(0);
            for copy in copies(&world, kind) {
                std::fs::write(copy, damage).unwrap();
            }
            let ran = world.timed(&["verify"]).exits(0);
            assert_eq!(ran.stderr.contains("warning[log-copy-damaged]"), told, "{kind} {damage:?}: {}", ran.stderr);
            let again = world.timed(&["verify"]).exits(0);
            assert!(!again.stderr.contains("log-copy-damaged"), "{}", again.stderr);
        }
        // one bit of what it says
        for copy in copies(&world, kind) {
            let mut bytes = std::fs::read(&copy).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            std::fs::write(&copy, bytes).unwrap();
        }
        world.timed(&["verify"]).exits(0);
    }
}

#[test]
fn what_was_verified_once_hides_no_change_since() {
    let world = World::told();
    world.timed(&["verify"]).exits(0);
    copies(&world, "verified-");
    rewrite_log(&world, flip_a_bit);
    world.timed(&["verify"]).exits(1).says("log-leaf-mismatch");
    world.timed(&["apply"]).exits(3).says("log-leaf-mismatch");
}

/// Edits what a clone notes of entries that it verified, with a hash that fits.
fn edit_what_was_verified(world: &World, edit: impl Fn(&str) -> String) {
    for path in copies(world, "verified-") {
        let bytes = std::fs::read(&path).unwrap();
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
        let text = edit(std::str::from_utf8(&bytes[end + 1..]).unwrap());
        let mark = format!("dualkey sha256 {:x}\n", sha2::Sha256::digest(&text));
        std::fs::write(path, mark + &text).unwrap();
    }
}

#[test]
fn whoever_can_write_into_the_clone_does_not_say_what_was_verified() {
    let world = World::told();
    world.timed(&["verify"]).exits(0);
    // by a time that nobody proved everything is over
    edit_what_was_verified(&world, |text| {
        assert!(text.contains("\"proven\":null"), "{text}");
        text.replace("\"proven\":null", "\"proven\":\"2099-01-01T00:00:00Z\"")
    });
    world.timed(&["apply", "--only-ends"]).exits(0);
    assert!(world.live("github").contains("583231"), "what nobody verified ended access");
    world.timed(&["verify"]).exits(0);
    // what is verified is known by what stands outside of the clone
    assert!(world.path(".local/state/dualkey/secret").is_file());
}

#[test]
fn a_log_is_put_back_from_an_export() {
    let world = World::told();
    let origin = world.path("origin.git");
    let log = "refs/dualkey/audit";
    world.dualkey(&["audit", "export", "../early"]).exits(0);
    world.dualkey(&["audit", "restore", "../early"]).exits(2).says("there is nothing to restore");
    world.dualkey(&["audit", "restore", "../nowhere"]).exits(2).says("is not a folder");
    world.now_is("2027-01-04T06:00:00Z").timed(&["apply", "--only-ends"]).exits(0);
    world.dualkey(&["audit", "export", "../newest"]).exits(0);
    let whole = world.dualkey(&["audit", "log", "--format", "json"]).exits(0).stdout;
    let newest = world.git_in(&origin, &["rev-parse", log]);
    let gone = || {
        world.git_in(&origin, &["update-ref", "-d", log]);
    };
    let rolled_back = || {
        world.git_in(&origin, &["update-ref", log, &format!("{}~1", newest.trim())]);
    };
    let damaged = || rewrite_log(&world, flip_a_bit);
    for lost in [&gone as &dyn Fn(), &rolled_back, &damaged] {
        lost();
        world.dualkey(&["audit", "verify"]).exits(1);
        // what this clone saw is newer than that
        world.dualkey(&["audit", "restore", "../early"]).exits(3).says("log-rollback");
        let restored = world.dualkey(&["audit", "restore", "../newest"]).exits(0);
        restored.says("the log stands in refs/dualkey/audit again");
        world.dualkey(&["audit", "verify"]).exits(0).says("the log holds");
        assert_eq!(world.dualkey(&["audit", "log", "--format", "json"]).exits(0).stdout, whole);
    }
    world.now_is("2027-01-05T06:00:00Z").timed(&["apply", "--only-ends"]).exits(0);
    gone();
    let entry = world.path("newest").join("checkpoint");
    let text = std::fs::read_to_string(&entry).unwrap();
    std::fs::write(&entry, text.replace("northwind\n", "northwind\n1")).unwrap();
    world.dualkey(&["audit", "restore", "../newest"]).exits(3).says("log-checkpoint-invalid");
}

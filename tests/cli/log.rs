//! The log: what it says can be found, proven to somebody else, and not be edited quietly.

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

//! The log: what it says can be found, proven to somebody else, and not be edited quietly.

use crate::support::World;

/// Alice is let in, applied, and ended.
fn told() -> World {
    let world = World::new();
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    world.git(&["switch", "-q", "main"]);
    world.git(&["merge", "-q", "--no-ff", "-m", "Let Alice in", "alice"]);
    world.git(&["push", "-q", "origin", "main"]);
    world.timed(&["apply"]).exits(0);
    world
}

#[test]
fn the_log_is_searched_by_what_it_says() {
    let world = told();
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
    world.dualkey(&["audit", "search", "--resource", "repository:northwind/payments-api"]).exits(0).says("fit; root");
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
    let world = told();
    world.dualkey(&["audit", "prove", "1", "--out", "../one.tlog-proof"]).exits(0).says("proves entry 1");
    let key = world.read("dualkey.yaml");
    let key = key.split("key: \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
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

//! Clocks that are wrong, and what the log proves of time.

use std::collections::BTreeMap;

use dualkey::audit::record::{At, Clock, Intent, Mode};
use dualkey::audit::{Log, LogKey, Record};
use dualkey::targets::KINDS;

use crate::bad_input::trust::rewrite_log;
use crate::support::{NOW, World, files};

fn instant(text: &str) -> At {
    At(text.parse().unwrap())
}

/// Writes into the log, with its key, that a machine ran here whose clock a target confirmed.
pub fn proves(world: &World, at: &str) {
    let key = LogKey::parse(std::fs::read_to_string(world.path("log.key")).unwrap().trim()).ok().unwrap();
    let intent = Record::Intent(Intent {
        run: "0123456789abcdef".to_owned(),
        commit: world.rev("main"),
        at: instant(at),
        at_given: false,
        clocks: vec![Clock { target: "github".to_owned(), theirs: instant(at), ours: instant(at) }],
        mode: Mode::Full,
        numbers: Vec::new(),
        operations: Vec::new(),
        operations_of: Vec::new(),
    });
    rewrite_log(world, |folder| {
        let found: BTreeMap<String, Vec<u8>> = files(folder)
            .into_iter()
            .map(|(path, bytes)| (path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned(), bytes))
            .filter(|(path, _)| !path.starts_with(".git/"))
            .collect();
        let mut log = Log::read(&found, key.verifier(), KINDS).unwrap();
        let update = log.append(&found, vec![intent.clone()], &key).unwrap();
        let mut longer = found.clone();
        update.apply(&mut longer);
        for path in found.keys() {
            std::fs::remove_file(folder.join(path)).unwrap();
        }
        for (path, bytes) in longer {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    });
}

/// Lets the embedded GitHub tell this time.
fn tells(world: &World, clock: &str) {
    let path = world.repo().join(".git/dualkey/github.json");
    let told = world.live("github").replace("\"version\": 1,", &format!("\"version\": 1, \"clock\": \"{clock}\","));
    std::fs::write(path, told).unwrap();
}

/// Everybody who is live at GitHub.
fn live(world: &World) -> Vec<String> {
    let json: serde_json::Value = serde_json::from_str(&world.live("github")).unwrap();
    let all = json["entitlements"].as_array().unwrap();
    all.iter().map(|one| one["principal"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_clock_behind_the_proven_time_ends_by_that_and_gives_nothing() {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    assert!(world.live("github").contains("820147"));
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    world.land("alice");
    // Yara's grant ends on 2027-01-30, and this machine went back to November
    proves(&world, "2027-02-01T09:00:00Z");
    let before = live(&world).len();
    world.timed(&["apply"]).exits(4).says("clock-behind").says("yara.haddad").says("2027-02-01T09:00:00Z");
    assert!(live(&world).len() < before && !world.live("github").contains("820147"));
    assert!(!world.live("github").contains("583231"), "access was given by a clock that is behind");
    // nor does she get it back by the clock of any other run before that
    world.timed(&["apply", "--only-ends"]).exits(4).says("clock-behind").says("nothing to take away");
    world.now_is("2027-02-01T08:59:00Z").timed(&["apply"]).exits(0);
    assert!(!world.live("github").contains("820147"));
}

#[test]
fn a_run_of_the_far_future_ends_nobody_where_a_target_tells_the_time() {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    tells(&world, NOW);
    let before = live(&world);
    for args in [&["apply"][..], &["apply", "--only-ends"]] {
        world.now_is("2099-01-01T00:00:00Z").timed(args).exits(4).says("clock-skew").says("ahead of that of `github`");
        assert_eq!(live(&world), before, "{args:?}");
    }
    world.timed(&["apply"]).exits(0);
    assert_eq!(live(&world), before);
}

#[test]
fn a_run_of_the_far_future_locks_nothing() {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    let before = live(&world);
    // no target says otherwise, so what is over by then goes
    world.now_is("2099-01-01T00:00:00Z").timed(&["apply"]).exits(0);
    assert!(live(&world).len() < before.len());
    // but a time that somebody gave proves nothing, and the next run gives it back
    world.timed(&["apply"]).exits(0);
    assert_eq!(live(&world), before);
    world.now_is("2026-11-23T09:10:00Z").timed(&["verify"]).exits(0);
    // and ends that no run carries out are still told of
    world.now_is("2027-02-03T09:00:00Z").timed(&["verify"]).exits(1).says("revocation-overdue");
}

#[test]
fn what_a_target_said_stands_in_the_log() {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    tells(&world, "2026-11-23T09:01:00Z");
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    world.land("alice");
    world.timed(&["apply"]).exits(0);
    world.dualkey(&["audit", "export", "../export"]).exits(0);
    let all = files(&world.path("export"));
    let said = r#""clocks":[{"ours":"2026-11-23T09:00:00Z","target":"github","theirs":"2026-11-23T09:01:00Z"}]"#;
    assert!(all.values().any(|bytes| String::from_utf8_lossy(bytes).contains(said)), "{said}");
    // it was told what time it is, so it proves none
    world.now_is("2026-11-23T08:00:00Z").timed(&["drift"]).exits(0);
}

//! The log's key is changed on purpose: the new one is approved, the old one signs that it takes over, and then it is worth
//! nothing.

use crate::support::{Ran, World};

/// Lands another log key, whose private half lies beside the clone; approved by two, as a policy is.
pub fn approved_key(world: &World, file: &str) -> String {
    world.git(&["switch", "-q", "-c", file, "main"]);
    let key = world.names_key(file);
    world.commit("Another log key");
    world.git(&["push", "-q", "origin", file]);
    for person in ["lena.vogt", "mei.tanaka"] {
        world.approve(file, person).exits(0);
    }
    world.land(file);
    key
}

const LOG: &str = "refs/dualkey/audit";

/// The commit that holds the log on the remote.
fn log(world: &World) -> String {
    world.git_in(&world.path("origin.git"), &["rev-parse", LOG]).trim().to_owned()
}

/// Whoever may push puts another log there.
fn show_log(world: &World, commit: &str) {
    world.git_in(&world.path("origin.git"), &["update-ref", LOG, commit]);
}

pub fn rotate(world: &World, old: &str, new: &str) -> Ran {
    world.timed(&["audit", "rotate", "--log-key", &format!("../{old}"), "--new-log-key", &format!("../{new}")])
}

/// What the pipeline does once the log goes on under another key.
fn hand_over(world: &World, file: &str) {
    std::fs::rename(world.path("log.key"), world.path("old.key")).unwrap();
    std::fs::copy(world.path(file), world.path("log.key")).unwrap();
}

/// The longer anchor that the command printed.
fn printed_anchor(ran: &Ran) -> String {
    ran.stdout.split("DUALKEY_ANCHOR=").nth(1).unwrap().trim().to_owned()
}

#[test]
fn a_new_key_lands_approved_and_then_takes_over_from_the_old_one() {
    let mut world = World::told();
    let (first, old) = (world.anchor.clone().unwrap(), world.named_key());
    let kept = |world: &World, name: &str| {
        let checkpoint = world.git_in(&world.path("origin.git"), &["show", &format!("{LOG}:checkpoint")]);
        std::fs::write(world.path(name), checkpoint).unwrap();
    };
    world.dualkey(&["audit", "prove", "1", "--out", "../early.tlog-proof"]).exits(0);
    kept(&world, "before.txt");
    let new = approved_key(&world, "new.key");
    // in between nothing is written under either key
    let live = world.live("github");
    world.timed(&["apply"]).exits(3).says("log-key-outdated").says("dualkey audit rotate").says("nothing was applied");
    let new_key = ["apply", "--log-key", "../new.key"];
    world.timed(&new_key).exits(3).says("log-key-outdated");
    assert_eq!(world.live("github"), live);
    world.dualkey(&["audit", "verify"]).exits(1).says("the log holds").says("log-key-outdated");
    world.timed(&["verify"]).exits(1).says("log-key-outdated");
    world.dualkey(&["audit", "log"]).exits(0);

    let rotated =
        rotate(&world, "log.key", "new.key").exits(0).says(&format!("the log goes on under {new} from entry"));
    // killed after its push, it is run again
    let again = rotate(&world, "log.key", "new.key").exits(0).says("already");
    let longer = printed_anchor(&rotated);
    assert_eq!(printed_anchor(&again), longer);
    assert_eq!(longer, format!("{first},{}:{}", world.rev("main"), new.split('+').nth(1).unwrap()));

    world.timed(&["apply"]).exits(2).says("log-key-wrong");
    hand_over(&world, "new.key");
    for anchor in [&first, &longer] {
        world.anchor = Some(anchor.clone());
        world.timed(&["apply"]).exits(0);
        world.timed(&["verify"]).exits(0);
        world.dualkey(&["audit", "verify"]).exits(0).says("the log holds");
        world.dualkey(&["audit", "verify", "--checkpoint", "../before.txt"]).exits(0).says("you kept");
        world.dualkey(&["access", "alice.nguyen", "--at", "2026-11-24"]).exits(0).says("payments-api");
        world.dualkey(&["audit", "search", "--person", "alice.nguyen"]).exits(0).says("grant alice.nguyen push");
    }
    world.dualkey(&["audit", "search", "--landing", &world.rev("main")]).exits(0).says("signs from here on");
    kept(&world, "after.txt");
    world.dualkey(&["audit", "verify", "--checkpoint", "../after.txt"]).exits(0);

    // an auditor who has either key, and neither repository nor anchor
    world.dualkey(&["audit", "export", "../export"]).exits(0);
    world.dualkey(&["audit", "prove", "1", "--out", "../late.tlog-proof"]).exits(0);
    let nowhere = world.path("nowhere");
    std::fs::create_dir(&nowhere).unwrap();
    for key in [&old, &new] {
        let verify = |args: &[&str]| world.dualkey_in(&nowhere, &[&["audit", "verify", "--key", key], args].concat());
        verify(&["--export", "../export"]).exits(0).says("the log holds");
        verify(&["--export", "../export", "--checkpoint", "../before.txt"]).exits(0);
        verify(&["--proof", "../late.tlog-proof"]).exits(0).says("entry 1 of");
        // what was proven before speaks of the old key alone
        verify(&["--proof", "../early.tlog-proof"]).exits(if *key == old { 0 } else { 1 });
    }
    let report = ["report", "controls", "--from", "2026-11-01", "--to", "2026-11-30"];
    world.dualkey(&report).exits(0).says("1 change of the log's key");
}

#[test]
fn the_plan_of_another_key_says_what_must_follow() {
    let world = World::new();
    world.git(&["switch", "-q", "-c", "new-key", "main"]);
    let new = world.names_key("new.key");
    world.commit("Another log key");
    let place =
        format!("dualkey.yaml:{}", 1 + world.read("dualkey.yaml").lines().position(|l| l.contains(&new)).unwrap());
    for format in ["text", "markdown", "github", "json"] {
        let told = world.timed(&["plan", "--head", "new-key", "--format", format]).exits(0).says("log-key-changed");
        let told = told.says("dualkey audit rotate").says("before the next").stdout;
        assert!(told.contains(&new), "{told}");
        match format {
            "github" => assert!(told.contains(&place.replace(':', ",line=")), "{told}"),
            "json" => assert!(told.contains(&place.replace("dualkey.yaml:", "\"line\": ")), "{told}"),
            _ => assert!(told.contains(&place), "{told}"),
        }
    }
    world.timed(&["lint", "--base", "main"]).exits(0).says("warning[log-key-changed]");
    // what already stands says nothing
    let quiet = world.timed(&["plan", "--base", "new-key", "--head", "new-key"]).exits(0).stdout;
    assert!(!quiet.contains("log-key-changed"), "{quiet}");
}

#[test]
fn what_is_no_change_of_key_is_refused_and_changes_nothing() {
    let mut world = World::told();
    world.dualkey(&["audit", "keygen", "--name", "northwind", "--out", "../stranger.key"]).exits(0);
    let before = log(&world);
    rotate(&world, "log.key", "log.key").exits(2).says("both keys are the same");
    rotate(&world, "log.key", "stranger.key").exits(2).says("there is nothing to change");
    rotate(&world, "log.key", "absent.key").exits(2).says("absent.key");
    // named by somebody who can push, approved by nobody
    world.names_key("pushed.key");
    world.commit("Another log key");
    world.git(&["push", "-q", "origin", "main"]);
    rotate(&world, "log.key", "pushed.key").exits(2).says("there is nothing to change");
    assert_eq!(log(&world), before);
    // it holds up neither access nor the next change
    world.timed(&["apply"]).exits(3).says("waiting:").says("no-approval");
    world.git(&["revert", "--no-edit", "HEAD"]);
    world.git(&["push", "-q", "origin", "main"]);
    world.timed(&["apply"]).exits(0);
    let before = log(&world);
    approved_key(&world, "new.key");
    rotate(&world, "log.key", "stranger.key").exits(2).says("the new key is").says("names");
    rotate(&world, "stranger.key", "new.key").exits(2).says("log-key-wrong");
    let anchor = world.anchor.take();
    rotate(&world, "log.key", "new.key").exits(2).says("DUALKEY_ANCHOR is not set");
    world.anchor = anchor.as_ref().and_then(|anchor| Some(format!("{}:ffffffff", anchor.split_once(':')?.0)));
    rotate(&world, "log.key", "new.key").exits(3).says("anchor-mismatch").says("the log's key was not changed");
    world.anchor = anchor;
    assert_eq!(log(&world), before);
    // ends wait for nobody
    world.now_is("2027-01-05T06:00:00Z").timed(&["apply", "--only-ends"]).exits(4).says("log-key-outdated");
    assert!(!world.live("github").contains("583231"), "{}", world.live("github"));
    rotate(&world, "log.key", "new.key").exits(0);
    hand_over(&world, "new.key");
    // a key that was replaced doesn't come back
    world.git(&["switch", "-q", "-c", "back", "main"]);
    let config = world.read("dualkey.yaml");
    let old = std::fs::read_to_string(world.path("old.key")).unwrap();
    let old_id = old.split('+').nth(3).unwrap().to_owned();
    let line =
        world.git(&["show", "alice:dualkey.yaml"]).lines().find(|line| line.contains(&old_id)).unwrap().to_owned();
    let new_line = config.lines().find(|line| line.contains("key: \"")).unwrap().to_owned();
    world.write("dualkey.yaml", &config.replace(&new_line, &line));
    world.commit("The old log key");
    world.git(&["push", "-q", "origin", "back"]);
    for person in ["lena.vogt", "mei.tanaka"] {
        world.approve("back", person).exits(0);
    }
    world.land("back");
    rotate(&world, "log.key", "old.key").exits(2).says("signed this log before");
}

#[test]
fn whoever_stole_the_old_key_is_believed_by_nobody() {
    let mut world = World::told();
    let stolen = log(&world);
    approved_key(&world, "new.key");
    let longer = printed_anchor(&rotate(&world, "log.key", "new.key").exits(0));
    hand_over(&world, "new.key");
    world.timed(&["apply"]).exits(0);
    let sound = log(&world);
    world.git(&["clone", "-q", "../origin.git", "../fresh"]);
    // they show the log as it was when their key signed it
    show_log(&world, &stolen);
    world.dualkey(&["audit", "verify"]).exits(1).says("log-fork");
    world.timed(&["apply"]).exits(3).says("log-fork");
    let fresh = world.path("fresh");
    // who never saw more has the branch, which names the other key
    let seen = |world: &World, args: &[&str]| {
        let _ = std::fs::remove_dir_all(fresh.join(".git/dualkey"));
        world.timed_in(&fresh, args)
    };
    let verify = |world: &World| {
        let _ = std::fs::remove_dir_all(fresh.join(".git/dualkey"));
        world.dualkey_in(&fresh, &["audit", "verify"])
    };
    verify(&world).exits(1).says("log-key-outdated");
    seen(&world, &["verify"]).exits(1).says("log-key-outdated");
    seen(&world, &["apply"]).exits(3).says("log-key-outdated");
    std::fs::copy(world.path("old.key"), world.path("log.key")).unwrap();
    seen(&world, &["apply"]).exits(3).says("log-key-outdated");
    // and who keeps the longer anchor needs nothing else
    world.anchor = Some(longer);
    verify(&world).exits(1).says("anchor-mismatch");
    seen(&world, &["apply"]).exits(3).says("anchor-mismatch");
    show_log(&world, &sound);
    world.dualkey(&["audit", "verify"]).exits(0);
    verify(&world).exits(0);
}

#[test]
fn a_log_whose_second_key_is_lost_is_begun_anew_under_a_third() {
    let mut world = World::told();
    approved_key(&world, "new.key");
    rotate(&world, "log.key", "new.key").exits(0);
    std::fs::remove_file(world.path("new.key")).unwrap();
    std::fs::remove_file(world.path("log.key")).unwrap();
    let go_on = |world: &World, key: &str| {
        world.git(&["push", "-q", "origin", "main"]);
        for person in ["mei.tanaka", "priya.shah"] {
            world.approve_with(&["--genesis", "main"], person).exits(0);
        }
        world.timed(&["audit", "init", "--genesis", "main", "--continue", "--yes", "--log-key", key])
    };
    let third = world.names_key("third.key");
    world.commit("A third log key");
    go_on(&world, "../third.key").exits(0).says("the log begins anew");
    world.dualkey(&["audit", "verify"]).exits(1).says("begun anew after that one");
    let id = third.split('+').nth(1).unwrap();
    world.anchor = Some(format!("{}:{id}", world.rev("main")));
    world.dualkey(&["audit", "verify"]).exits(0).says("begun anew after a log of");
}

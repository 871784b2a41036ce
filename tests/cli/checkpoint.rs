//! A checkpoint that is kept where push rights don't reach: a remote that goes back as a whole is noticed.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use crate::support::{Ran, World, finish, scrubbed};

const KEPT: &str = "../kept.txt";

fn kept(world: &World) -> String {
    std::fs::read_to_string(world.path("kept.txt")).unwrap()
}

fn size(checkpoint: &str) -> u64 {
    checkpoint.lines().nth(1).unwrap().parse().unwrap()
}

/// The log's checkpoint as it is now, from an export.
fn keep(world: &World) {
    let _ = std::fs::remove_dir_all(world.path("export"));
    world.dualkey(&["audit", "export", "../export"]).exits(0);
    std::fs::copy(world.path("export/checkpoint"), world.path("kept.txt")).unwrap();
}

fn copy(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    let mut copy = scrubbed("cp", from.parent().unwrap());
    copy.arg("-a").arg(from).arg(to);
    finish(copy).exits(0);
}

/// Everybody is live, then Alice was let in and that was applied; the remote is brought back to what it was before that.
/// The checkpoint that was kept last is beside it, and the clone is one that has seen nothing yet.
fn rolled_back() -> World {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    keep(&world);
    copy(&world.path("origin.git"), &world.path("earlier.git"));
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    world.land("alice");
    world.timed(&["apply", "--checkpoint", KEPT]).exits(0);
    copy(&world.path("earlier.git"), &world.path("origin.git"));
    let targets = world.path("targets");
    copy(&world.repo().join(".git/dualkey"), &targets);
    std::fs::remove_dir_all(world.repo()).unwrap();
    world.git_in(world.root.path(), &["clone", "-q", "origin.git", "repo"]);
    std::fs::create_dir(world.repo().join(".git/dualkey")).unwrap();
    for target in ["github", "aws", "gcp"] {
        let name = format!("{target}.json");
        std::fs::copy(targets.join(&name), world.repo().join(".git/dualkey").join(&name)).unwrap();
    }
    world
}

#[test]
fn a_remote_that_went_back_as_a_whole_gives_nothing() {
    let world = rolled_back();
    let (before, text) = (world.live("github"), kept(&world));
    assert!(before.contains("583231"));
    let said = world.timed(&["apply", "--checkpoint", KEPT]).says("log-rollback");
    assert_ne!(said.code, 0);
    assert_eq!(world.live("github"), before, "something was given or taken by a tree that isn't the newest");
    assert_eq!(kept(&world), text, "the kept one is not replaced by a smaller one");
    // the same by the variable, for everything that believes the log
    for args in [&["apply"][..], &["verify"], &["drift"]] {
        let mut command = world.command(&world.repo());
        command.args(args).args(["--now", &world.now]).env("DUALKEY_CHECKPOINT", text.trim_end());
        let ran = finish(command).says("log-rollback");
        assert_ne!(ran.code, 0, "{args:?}");
    }
    assert_eq!(world.live("github"), before);
}

#[test]
fn the_file_is_read_first_and_replaced_last() {
    let world = World::new();
    keep(&world);
    let first = kept(&world);
    world.timed(&["apply", "--checkpoint", KEPT]).exits(0);
    let second = kept(&world);
    assert!(size(&second) > size(&first));
    world.dualkey(&["audit", "verify", "--checkpoint", KEPT]).exits(0);
    // a run that has nothing to do leaves it as good as it was
    world.timed(&["apply", "--checkpoint", KEPT]).exits(0);
    assert_eq!(kept(&world), second);
    // nothing is left beside it
    let beside = std::fs::read_dir(world.root.path()).unwrap().count();
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    world.land("alice");
    world.timed(&["apply", "--checkpoint", KEPT]).exits(0);
    assert!(size(&kept(&world)) > size(&second));
    assert_eq!(std::fs::read_dir(world.root.path()).unwrap().count(), beside);
}

/// An apply that gets its checkpoint by standard input.
fn piped(world: &World, input: &str) -> Ran {
    let mut command = world.command(&world.repo());
    command.args(["apply", "--checkpoint", "-", "--now", &world.now]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn a_dash_reads_standard_input_and_prints_the_new_one() {
    let world = World::new();
    keep(&world);
    let ran = piped(&world, kept(&world).trim_end()).exits(0);
    assert!(size(&ran.stdout) > size(&kept(&world)), "{}", ran.stdout);
    assert!(ran.stderr.contains("done"), "{}", ran.stderr);
    std::fs::write(world.path("kept.txt"), &ran.stdout).unwrap();
    world.dualkey(&["audit", "verify", "--checkpoint", KEPT]).exits(0);
    let nothing = piped(&world, "").says("checkpoint-missing").exits(3);
    assert_eq!(nothing.stdout, "");
}

#[test]
fn one_that_is_gone_gives_nothing() {
    let world = World::new();
    let live = world.live("github");
    std::fs::write(world.path("empty.txt"), " \n").unwrap();
    for (file, word) in [(KEPT, "No such file"), ("../empty.txt", "it is empty"), ("..", "directory")] {
        world.timed(&["apply", "--checkpoint", file]).exits(3).says("checkpoint-missing").says(word);
        assert_eq!(world.live("github"), live);
    }
    // a variable that was deleted where it is kept reaches a pipeline as an empty one
    let mut command = world.command(&world.repo());
    command.args(["apply", "--now", &world.now]).env("DUALKEY_CHECKPOINT", "");
    finish(command).exits(3).says("checkpoint-missing").says("DUALKEY_CHECKPOINT");
    assert_eq!(world.live("github"), live);
    std::fs::write(world.path("odd.txt"), "hello\n").unwrap();
    world.timed(&["apply", "--checkpoint", "../odd.txt"]).exits(3).says("log-checkpoint-invalid");
    assert_eq!(world.live("github"), live);
    keep(&world);
    world.timed(&["apply", "--checkpoint", KEPT]).exits(0);
}

#[test]
fn ends_go_on_though_it_is_gone_or_says_more_than_the_log() {
    let mut world = rolled_back();
    world.now = "2027-02-01T09:00:00Z".to_owned();
    assert!(world.live("github").contains("820147"));
    world.timed(&["apply", "--only-ends", "--checkpoint", KEPT]).exits(4).says("log-rollback").says("yara.haddad");
    assert!(!world.live("github").contains("820147"), "Yara still has access");
}

#[test]
fn the_first_is_written_where_the_log_begins() {
    let world = World::unanchored();
    for person in ["mei.tanaka", "priya.shah"] {
        world.approve_with(&["--genesis", "main"], person).exits(0);
    }
    let init = ["audit", "init", "--genesis", "main", "--log-key", "../log.key", "--checkpoint", KEPT];
    world.timed(&init).exits(0).says("wrote the log's first checkpoint into");
    assert_eq!(size(&kept(&world)), 1);
}

#[test]
fn one_of_the_log_before_is_good_after_a_new_beginning() {
    let mut world = World::told();
    keep(&world);
    let old = kept(&world);
    crate::continued::renewed(&mut world, "new.key");
    world.timed(&["apply", "--checkpoint", KEPT]).exits(0);
    assert_ne!(kept(&world).lines().last(), old.lines().last());
    // but not one that says something else of it than the new log, or more; stories share the first log key
    let other = World::told();
    for (now, code) in [("2026-11-23T09:00:00Z", "log-fork"), ("2027-02-01T09:00:00Z", "log-rollback")] {
        other.now_is(now).timed(&["apply"]).exits(0);
        keep(&other);
        std::fs::copy(other.path("kept.txt"), world.path("kept.txt")).unwrap();
        world.timed(&["apply", "--checkpoint", KEPT]).exits(3).says(code);
    }
}

/// A mirror that shows at first what it had before.
#[test]
fn a_remote_that_lags_is_asked_once_more() {
    let world = World::told();
    keep(&world);
    let origin = world.path("origin.git");
    let entries = world.git_in(&origin, &["rev-list", "--first-parent", "refs/dualkey/audit"]);
    let earlier = entries.lines().nth(1).unwrap();
    copy(&origin, &world.path("behind.git"));
    world.git_in(&world.path("behind.git"), &["update-ref", "refs/dualkey/audit", earlier]);
    let script = world.path("mirror.sh");
    std::fs::write(
        &script,
        "#!/bin/sh\ncd \"$(dirname \"$0\")\" && echo x >> asked\nfrom=origin.git\n\
         if [ $(wc -l < asked) -le $(cat behind) ]; then from=behind.git; fi\nexec git \"${1#git-}\" \"$from\"\n",
    )
    .unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    world.git_in(world.root.path(), &["clone", "-q", "origin.git", "fresh"]);
    let fresh = world.path("fresh");
    world.git_in(&fresh, &["remote", "set-url", "origin", &format!("ext::{} %S", script.display())]);
    let run = |args: &[&str], behind: usize| {
        std::fs::write(world.path("behind"), behind.to_string()).unwrap();
        std::fs::write(world.path("asked"), "").unwrap();
        let mut command = world.command(&fresh);
        command.args(args).args(["--now", &world.now]).env("GIT_ALLOW_PROTOCOL", "ext:file");
        command.env("DUALKEY_CHECKPOINT", kept(&world));
        finish(command)
    };
    // how often a command asks that has nothing to wait for
    run(&["verify"], 0).exits(0);
    let asked = std::fs::read_to_string(world.path("asked")).unwrap().lines().count();
    // this clone has seen the newest, too; another one hasn't
    std::fs::remove_dir_all(&fresh).unwrap();
    world.git_in(world.root.path(), &["clone", "-q", "origin.git", "fresh"]);
    world.git_in(&fresh, &["remote", "set-url", "origin", &format!("ext::{} %S", script.display())]);
    run(&["apply"], asked).exits(0);
    // and if it stays behind, that is told
    run(&["apply"], usize::MAX / 4).exits(3).says("log-rollback");
}

/// A clone that has no remote, where everything was applied; and the log's commit before that.
fn alone() -> (World, String) {
    let world = World::new();
    world.git(&["fetch", "-q", "origin", "refs/dualkey/*:refs/dualkey/*"]);
    world.git(&["remote", "remove", "origin"]);
    let before = world.rev("refs/dualkey/audit");
    world.timed(&["apply"]).exits(0);
    (world, before)
}

#[test]
fn without_a_remote_a_log_that_was_set_back_gives_nothing_and_ends_go_on() {
    for forgets in [false, true] {
        let (mut world, before) = alone();
        let given = world.live("github");
        assert!(given.contains("820147"));
        world.git(&["update-ref", "refs/dualkey/audit", &before]);
        if forgets {
            // everything but the embedded targets
            for entry in std::fs::read_dir(world.repo().join(".git/dualkey")).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() && path.extension().is_none_or(|ending| ending != "json") {
                    std::fs::remove_file(path).unwrap();
                }
            }
        }
        world.timed(&["apply"]).exits(3).says("log-rollback");
        world.timed(&["verify"]).exits(1).says("log-rollback");
        world.now = "2027-02-01T09:00:00Z".to_owned();
        world
            .timed(&["apply", "--only-ends"])
            .exits(4)
            .says("yara.haddad")
            .says("the copy of the log that this clone keeps");
        assert!(!world.live("github").contains("820147"));
    }
}

//! Runners that are odd in themselves: limits, surroundings that are missing, a remote that somebody took out of the clone.

use std::process::Command;

use super::signals::slow;
use super::{ends_by, taken};
use crate::only_ends::over;
use crate::support::{DUALKEY, Ran, World, finish, scrubbed};

/// The program run by a shell that does something first, with `$@` for the command.
fn by_shell(world: &World, script: &str, args: &[&str]) -> Command {
    let mut command = scrubbed("sh", world.root.path());
    command.current_dir(world.repo()).args(["-c", script, "sh", DUALKEY]).args(args).args(["--now", &world.now]);
    let own = world.command(&world.repo());
    command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

#[track_caller]
fn ends(world: &World, command: Command, codes: &[i32]) -> Ran {
    let ran = finish(command);
    assert!(codes.contains(&ran.code), "{}: {}{}", ran.code, ran.stdout, ran.stderr);
    assert!(!world.live("github").contains("820147"), "Yara still has access: {}{}", ran.stdout, ran.stderr);
    ran
}

/// Blocks of 512 bytes that the biggest file of the sandbox takes.
fn blocks_of_targets(world: &World) -> u64 {
    let biggest = ["github", "aws", "gcp"].map(|target| world.live(target).len() as u64);
    biggest.into_iter().max().unwrap_or_default().div_ceil(512) + 1
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_and_no_end_of_the_run() {
    let world = over();
    let blocks = blocks_of_targets(&world);
    let script = format!("ulimit -f {blocks}; exec \"$@\"");
    // the remote's part of a push is bound by it, too
    ends(&world, by_shell(&world, &script, &["apply", "--only-ends"]), &[0, 4]);
    let nothing = over();
    let ran = finish(by_shell(&nothing, "ulimit -f 0; exec \"$@\"", &["apply", "--only-ends"]));
    assert!([4, 5].contains(&ran.code), "{}: {}{}", ran.code, ran.stdout, ran.stderr);
    ran.says("yara.haddad").says("File too large");
}

#[test]
fn a_limit_on_the_time_of_the_processor_stops_the_judging_and_no_end() {
    let world = slow();
    let ran = ends(&world, by_shell(&world, "ulimit -S -t 2; exec \"$@\"", &["apply", "--only-ends"]), &[4]);
    ran.says("run-interrupted").says("ends-alone");
}

#[test]
fn nothing_that_a_process_is_usually_given_is_needed() {
    for script in [
        "unset HOME; exec \"$@\"",
        "HOME=/nowhere/at/all TMPDIR=/nowhere/at/all XDG_CONFIG_HOME=/nowhere/at/all exec \"$@\"",
        "unset HOME LC_ALL TZ GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM; umask 777; umask 077; exec \"$@\"",
        "exec \"$@\" <&- >&-",
        "exec \"$@\" <&- >&- 2>&-",
    ] {
        let world = taken();
        ends(&world, by_shell(&world, script, &["apply", "--only-ends"]), &[0]);
    }
}

#[test]
fn who_listens_no_longer_holds_up_no_end() {
    let world = taken();
    let script = "\"$@\" 2>&1 | true; exit 0";
    ends(&world, by_shell(&world, script, &["apply", "--only-ends"]), &[0]);
}

/// What the clone keeps is found whatever the remote is called.
#[test]
fn when_the_remote_is_taken_out_of_the_clone() {
    let world = over();
    world.git(&["remote", "remove", "origin"]);
    ends_by(&world, "the copy of the log that this clone keeps");
    world.timed(&["apply"]).exits(3).says("nothing was applied");
}

#[test]
fn when_the_remote_is_another_one_that_holds_nothing() {
    let world = over();
    world.git_in(world.root.path(), &["init", "-q", "--bare", "-b", "main", "other.git"]);
    world.git(&["remote", "set-url", "origin", "../other.git"]);
    world.git(&["remote", "rename", "origin", "company"]);
    ends_by(&world, "the copy of the log that this clone keeps");
}

/// Refs of the clone under a folder, each locked as by somebody who writes it right now.
fn lock(world: &World, folder: &str) {
    for name in world.git(&["for-each-ref", "--format=%(refname)", folder]).lines() {
        std::fs::write(world.repo().join(format!(".git/{name}.lock")), "").unwrap();
    }
}

/// A copy is kept beside the run: one that can't be kept is told, and what was to be done is done.
#[test]
fn a_copy_that_can_not_be_kept_is_told_and_fails_nothing() {
    let world = taken();
    lock(&world, "refs/dualkey-kept");
    world.timed(&["apply", "--only-ends"]).exits(0).says("copy-not-kept").says("revoke yara.haddad");
    world.timed(&["apply"]).exits(0).says("copy-not-kept");
}

/// As where the disk is full or the clone may only be read: what was seen of the remote can't be noted, and ends go on.
#[test]
fn when_nothing_that_was_seen_can_be_noted() {
    let world = over();
    // something to note
    world.write("README.md", "x");
    world.commit("More to read");
    let origin = super::origin(&world);
    world.git(&["push", "-q", origin.to_str().unwrap(), "main"]);
    lock(&world, "refs/dualkey-mirror");
    lock(&world, "refs/dualkey-kept");
    world.timed(&["apply", "--only-ends"]).exits(4).says("yara.haddad").says("the log as it was seen last");
    assert!(!world.live("github").contains("820147"), "Yara still has access");
    world.timed(&["apply"]).exits(5).says("nothing was applied");
}

#[test]
fn when_a_file_stands_where_the_clone_keeps_what_it_saw() {
    let world = over();
    for name in ["refs/dualkey-mirror", "refs/dualkey-kept"] {
        let path = world.repo().join(".git").join(name);
        std::fs::remove_dir_all(&path).unwrap();
        std::fs::write(path, "in the way").unwrap();
    }
    world.timed(&["apply", "--only-ends"]).exits(0).says("yara.haddad").says("could not be read and was moved");
    assert!(!world.live("github").contains("820147"), "Yara still has access");
}

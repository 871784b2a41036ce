//! Histories that are small to push and large to look at.

use std::io::Write;
use std::process::Stdio;

use super::{ends_by, origin};
use crate::only_ends::over;
use crate::support::{World, scrubbed};

/// Runs git in the remote with something on its standard input.
pub fn git_with(world: &World, args: &[&str], input: &[u8]) -> String {
    let mut command = scrubbed("git", world.root.path());
    command.current_dir(origin(world)).args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
    for name in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{name}_NAME"), "x").env(format!("GIT_{name}_EMAIL"), "x@example.com");
    }
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A commit on the branch whose tree has a folder `people` in the place of the one that was there.
pub fn lands(world: &World, people: &str) {
    let tree = world.git_in(&origin(world), &["ls-tree", "refs/heads/main"]);
    let lines: String =
        tree.lines().filter(|line| !line.ends_with("\tpeople")).map(|line| format!("{line}\n")).collect();
    let tree = git_with(world, &["mktree"], format!("{lines}040000 tree {people}\tpeople\n").as_bytes());
    let commit = git_with(world, &["commit-tree", "-p", "refs/heads/main", "-m", "x", &tree], b"");
    world.git_in(&origin(world), &["update-ref", "refs/heads/main", &commit]);
}

/// A folder that unfolds to a thousand million files.
pub fn unfolding(world: &World) -> String {
    let blob = git_with(world, &["hash-object", "-w", "--stdin"], b"x");
    let mut inner = git_with(world, &["mktree"], format!("100644 blob {blob}\tx\n").as_bytes());
    for _ in 0..9 {
        let names: String = (b'a'..=b'j').map(|name| format!("040000 tree {inner}\t{}\n", name as char)).collect();
        inner = git_with(world, &["mktree"], names.as_bytes());
    }
    inner
}

/// A folder in which one file of a megabyte has many names.
pub fn repeating(world: &World) -> String {
    let blob = git_with(world, &["hash-object", "-w", "--stdin"], &vec![b'#'; 1 << 20]);
    let names: String = (0..32_768).map(|name| format!("100644 blob {blob}\tp{name}.yaml\n")).collect();
    git_with(world, &["mktree"], names.as_bytes())
}

#[test]
fn a_tree_that_unfolds_to_a_thousand_million_entries() {
    let world = over();
    lands(&world, &unfolding(&world));
    ends_by(&world, "by the log").says("judging-too-dear");
    world.timed(&["verify"]).exits(5).says("judging-too-dear");
}

#[test]
fn one_large_file_under_many_names() {
    let world = over();
    lands(&world, &repeating(&world));
    ends_by(&world, "by the log").says("judging-too-dear");
    for command in [&["verify"][..], &["drift"], &["next"], &["plan", "--live"], &["access", "yara.haddad", "--live"]] {
        world.timed(command).exits(5).says("judging-too-dear");
    }
}

#[test]
fn every_command_says_so_of_a_commit_that_no_memory_has_room_for() {
    let world = over();
    lands(&world, &repeating(&world));
    world.git(&["fetch", "-q", "origin"]);
    let bomb = world.rev("origin/main");
    for command in [&["lint", "--rev", &bomb][..], &["plan", "--head", &bomb], &["verify", "--head", &bomb]] {
        let ran = world.timed(command).says("holds more than");
        assert!([1, 5].contains(&ran.code), "{command:?}: {}: {}", ran.code, ran.stderr);
    }
    // what asks for names alone goes by what can be read
    world.timed(&["access", "yara.haddad"]).says("yara.haddad");
}

#[test]
fn one_huge_file_behind_many_statements() {
    let world = over();
    let blob = git_with(&world, &["hash-object", "-w", "--stdin"], &vec![0; 90 << 20]);
    let tree = format!("100644 blob {blob}\tstatement.json\n100644 blob {blob}\tstatement.sig\n");
    let tree = git_with(&world, &["mktree"], tree.as_bytes());
    let head = world.rev("main");
    let commit = git_with(&world, &["commit-tree", "-p", &head, "-m", "x", &tree], b"");
    for number in 0..60 {
        let name = format!("refs/dualkey/approvals/{number:040x}/priya.shah");
        world.git_in(&origin(&world), &["update-ref", &name, &commit]);
    }
    world.timed(&["verify"]).exits(1).says("revocation-overdue");
    world.timed(&["apply", "--only-ends"]).exits(0).says("yara.haddad");
    assert!(!world.live("github").contains("820147"), "Yara still has access");
}

/// As many as `DUALKEY_OVERLAPPING` says.
#[test]
fn thousands_of_grants_of_one_thing_that_overlap() {
    let world = over();
    let many = std::env::var("DUALKEY_OVERLAPPING").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000);
    let mut stream = format!(
        "commit refs/heads/main\ncommitter x <x@example.com> 1700000000 +0000\ndata 1\nx\nfrom {}\n",
        world.rev("main")
    );
    for number in 0..many {
        let (hours, minutes) = (number / 60 % 24, number % 60);
        let text = format!(
            "to: [bob.keller]\nrole: developer\ndomain: payments-staging\nresources: [payments-web]\n\
             from: 2026-11-23T{hours:02}:{minutes:02}:{:02}Z\nuntil: 2027-02-25T{hours:02}:{minutes:02}:00Z\nreason: work\n",
            number / 1440
        );
        stream.push_str(&format!("M 100644 inline grants/many/g{number}.yaml\ndata {}\n{text}\n", text.len()));
    }
    git_with(&world, &["fast-import", "--quiet"], stream.as_bytes());
    let ran = world.timed(&["apply", "--only-ends"]).says("yara.haddad");
    assert!([3, 4, 5].contains(&ran.code), "{}: {}", ran.code, ran.stderr);
    assert!(!world.live("github").contains("820147"), "Yara still has access");
    let verified = world.timed(&["verify"]);
    assert!([1, 5].contains(&verified.code), "{}: {}", verified.code, verified.stderr);
}

//! Objects that no honest program writes, where a run looks for the lease or walks the branch.

use super::bombs::git_with;
use super::{origin, point_branch, taken};
use crate::only_ends::over;
use crate::support::World;

/// Points the ref of the lease to a commit with one file, or with a folder.
fn lease(world: &World, entry: &str) {
    let tree = git_with(world, &["mktree"], entry.as_bytes());
    let commit = git_with(world, &["commit-tree", "-m", "x", &tree], b"");
    world.git_in(&origin(world), &["update-ref", "refs/dualkey/lease", &commit]);
}

#[track_caller]
fn ends(world: &World) {
    let ran = world.timed(&["apply", "--only-ends"]).says("yara.haddad");
    assert!([0, 4].contains(&ran.code), "{}{}", ran.stdout, ran.stderr);
    assert!(!world.live("github").contains("820147"), "Yara still has access");
}

#[test]
fn a_lease_whose_number_can_not_be_counted_on() {
    for number in [u64::MAX, 1 << 53] {
        let world = over();
        let json = format!(
            "{{\"holder\":{{\"host\":\"x\",\"machine\":\"\",\"pid\":1,\"run\":\"x\",\"started\":1}},\"length_seconds\":0,\"nonce\":\"x\",\
             \"number\":{number},\"released\":true}}"
        );
        let blob = git_with(&world, &["hash-object", "-w", "--stdin"], json.as_bytes());
        lease(&world, &format!("100644 blob {blob}\tlease.json\n"));
        ends(&world);
    }
}

#[test]
fn a_lease_that_unfolds_without_end() {
    let world = over();
    let blob = git_with(&world, &["hash-object", "-w", "--stdin"], b"x");
    let mut inner = git_with(&world, &["mktree"], format!("100644 blob {blob}\tx\n").as_bytes());
    for _ in 0..9 {
        let names: String = (b'a'..=b'j').map(|name| format!("040000 tree {inner}\t{}\n", name as char)).collect();
        inner = git_with(&world, &["mktree"], names.as_bytes());
    }
    lease(&world, &format!("040000 tree {inner}\tlease.json\n"));
    ends(&world);
}

/// A commit with these headers on the branch, which changes nothing, and a good one on top of it.
fn below_a_good_one(world: &World, people: &str) {
    let (tree, parent) = (world.rev("main^{tree}"), world.rev("main"));
    let text = format!("tree {tree}\nparent {parent}\n{people}\n\nx\n");
    let odd = git_with(world, &["hash-object", "-t", "commit", "--literally", "-w", "--stdin"], text.as_bytes());
    let good = git_with(world, &["commit-tree", "-p", &odd, "-m", "y", &tree], b"");
    point_branch(world, &good);
}

#[test]
fn a_commit_with_odd_headers_below_a_good_one() {
    let who = "x <x@example.com> 1700000000 +0000";
    for people in [
        format!("author {who}\nauthor {who}\ncommitter {who}"),
        format!("committer {who}"),
        format!("author {who}\ncommitter {who}\ncommitter {who}"),
        format!("author x\0y <x@example.com> 1700000000 +0000\ncommitter {who}"),
    ] {
        let world = over();
        below_a_good_one(&world, &people);
        ends(&world);
        world.timed(&["verify"]).exits(0).says("verified");
        world.timed(&["apply"]).exits(0);
    }
}

/// A clone that has seen nothing, with what the targets of the other one hold.
pub fn fresh(world: &World) -> std::path::PathBuf {
    let remote = origin(world);
    world.git_in(world.root.path(), &["clone", "-q", remote.to_str().unwrap(), "fresh"]);
    with_targets(world, world.path("fresh"))
}

/// Puts into a clone what the targets of the other one hold.
pub fn with_targets(world: &World, to: std::path::PathBuf) -> std::path::PathBuf {
    let (from, memory) = (world.repo().join(".git/dualkey"), to.join(".git/dualkey"));
    std::fs::create_dir_all(&memory).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.path().extension().is_some_and(|extension| extension == "json") {
            std::fs::copy(entry.path(), memory.join(entry.file_name())).unwrap();
        }
    }
    to
}

#[cfg(unix)]
#[test]
fn refs_of_names_that_nobody_writes_hide_no_approval() {
    use std::os::unix::ffi::OsStringExt as _;
    let world = taken();
    let (folder, tip) = (origin(&world).join("refs/dualkey"), world.rev("main"));
    let mut names: Vec<Vec<u8>> = (0..70).map(|number| format!("0\u{e9}{number}").into_bytes()).collect();
    names.extend((0..70_u8).map(|number| [b"0\xff", number.to_string().as_bytes()].concat()));
    names.push(vec![b'0'; 240]);
    for name in names {
        std::fs::write(folder.join(std::ffi::OsString::from_vec(name)), format!("{tip}\n")).unwrap();
    }
    let clone = fresh(&world);
    world.timed_in(&clone, &["verify"]).exits(0).says("approved by priya.shah");
    world.timed_in(&clone, &["apply", "--only-ends"]).exits(0).says("revoke yara.haddad");
}

#[test]
fn statements_that_a_setting_of_git_would_refuse_hide_no_approval() {
    let world = taken();
    let who = "x <x@example.com> 1700000000 +0000";
    let tree = world.rev("main^{tree}");
    for number in 0..70 {
        let text = format!("tree {tree}\nauthor x{number}\ncommitter {who}\n\nx\n");
        let odd = git_with(&world, &["hash-object", "-t", "commit", "--literally", "-w", "--stdin"], text.as_bytes());
        let name = origin(&world).join(format!("refs/dualkey/approvals/{number:040x}"));
        std::fs::create_dir_all(&name).unwrap();
        std::fs::write(name.join("priya.shah"), format!("{odd}\n")).unwrap();
    }
    let clone = fresh(&world);
    world.git_in(&clone, &["config", "transfer.fsckObjects", "true"]);
    world.timed_in(&clone, &["verify"]).exits(0).says("approved by priya.shah");
    world.timed_in(&clone, &["apply", "--only-ends"]).exits(0).says("revoke yara.haddad");
}

#[test]
fn more_refs_than_can_be_left_out_are_no_sign_that_nobody_approved() {
    let world = taken();
    for number in 0..200 {
        let name = origin(&world).join(format!("refs/dualkey/approvals/{number:040x}"));
        std::fs::create_dir_all(&name).unwrap();
        // an object that the remote lacks
        std::fs::write(name.join("priya.shah"), format!("{:040x}\n", number + 1)).unwrap();
    }
    let clone = fresh(&world);
    world.timed_in(&clone, &["verify"]).exits(5).says("more refs under refs/dualkey/ can't be had");
    world.timed_in(&clone, &["apply"]).exits(5).says("nothing was applied");
    // what was said of the removal came before them
    world
        .timed_in(&clone, &["apply", "--only-ends"])
        .exits(4)
        .says("revoke yara.haddad")
        .says("the remote didn't answer");
}

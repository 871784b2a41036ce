//! Objects that no honest program writes, where a run looks for the lease or walks the branch.

use super::bombs::git_with;
use super::{origin, point_branch};
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

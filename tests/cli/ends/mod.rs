//! Somebody with push rights wants access to last: whatever they push, delete or rewind, what is over ends.

use std::path::PathBuf;

use crate::only_ends::over;
use crate::support::{Ran, World, be};

mod adversary;
mod bombs;
mod clones;
mod damaged;
mod junk;
mod logs;
mod network;
mod odd;
mod prefix;
mod runner;
mod signals;

pub fn origin(world: &World) -> PathBuf {
    world.path("origin.git")
}

/// The end happens by what was proven before, and the run says so.
#[track_caller]
pub fn ends_by(world: &World, basis: &str) -> Ran {
    let ran = world.timed(&["apply", "--only-ends"]).exits(4).says("yara.haddad").says("ends-alone").says(basis);
    assert!(!world.live("github").contains("820147"), "Yara still has access");
    ran
}

/// Writes a commit into the remote, whatever is in it, and points the branch there.
fn push_object(world: &World, text: &str) -> String {
    let path = world.path("object");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    let made = world.git_in(&origin(world), &["hash-object", "-t", "commit", "-w", "--literally", path]);
    point_branch(world, made.trim());
    made.trim().to_owned()
}

/// Without the checks of git.
fn point_branch(world: &World, object: &str) {
    std::fs::write(origin(world).join("refs/heads/main"), format!("{object}\n")).unwrap();
}

pub fn delete_refs(world: &World, names: &[&str]) {
    for name in names {
        world.git_in(&origin(world), &["update-ref", "-d", name]);
    }
}

#[test]
fn when_the_branch_is_deleted() {
    let world = over();
    delete_refs(&world, &["refs/heads/main"]);
    ends_by(&world, "by the log").says("there is no branch `main`");
    // that is in the log
    world.dualkey(&["audit", "log"]).exits(0).says("only ends");
    world.timed(&["verify"]).exits(2).says("there is no branch");
    world.timed(&["apply"]).exits(5).says("nothing to take away");
}

#[test]
fn when_the_branch_is_another_history() {
    let world = over();
    let tree = world.rev("main^{tree}");
    let other = world.git(&["commit-tree", "-m", "Another beginning", &tree]);
    world.git(&["push", "-q", "-f", "origin", &format!("{}:refs/heads/main", other.trim())]);
    ends_by(&world, "by the log").says("history-rewritten");
}

#[test]
fn when_the_branch_is_amended() {
    let world = over();
    world.git(&["commit", "-q", "--amend", "-m", "Never mind"]);
    world.git(&["push", "-q", "-f", "origin", "main"]);
    ends_by(&world, "by the log").says("history-rewritten");
}

#[test]
fn when_the_branch_points_to_a_file() {
    let world = over();
    let blob = world.rev("main:dualkey.yaml");
    point_branch(&world, &blob);
    ends_by(&world, "by");
}

#[test]
fn when_a_commit_has_two_authors() {
    let world = over();
    let (tree, parent) = (world.rev("main^{tree}"), world.rev("main"));
    let person = "A <a@x> 1700000000 +0000";
    push_object(
        &world,
        &format!("tree {tree}\nparent {parent}\nauthor {person}\nauthor {person}\ncommitter {person}\n\nhello\n"),
    );
    // it changes nothing, so nobody needs to know who made it
    world.timed(&["apply", "--only-ends"]).exits(0).says("yara.haddad");
    assert!(!world.live("github").contains("820147"));
}

#[test]
fn when_the_log_is_deleted() {
    let world = over();
    delete_refs(&world, &["refs/dualkey/audit"]);
    ends_by(&world, "the copy of the log that this clone keeps").says("log-rollback");
    world.timed(&["apply"]).exits(3).says("log-rollback");
}

#[test]
fn when_branch_and_log_are_deleted() {
    let world = over();
    delete_refs(&world, &["refs/dualkey/audit", "refs/heads/main"]);
    ends_by(&world, "the copy of the log that this clone keeps");
}

#[test]
fn when_the_remote_is_another_repository() {
    let world = over();
    std::fs::remove_dir_all(origin(&world)).unwrap();
    world.git_in(world.root.path(), &["init", "-q", "--bare", "-b", "main", "origin.git"]);
    ends_by(&world, "the copy of the log that this clone keeps");
}

/// An approved removal of all that Yara has, on the branch and not applied yet.
fn taken() -> World {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    world.git(&["switch", "-q", "-c", "away"]);
    let grants = world.git(&["grep", "-l", "yara.haddad", "main", "--", "grants"]);
    for grant in grants.lines().filter_map(|line| line.split_once(':')) {
        std::fs::remove_file(world.repo().join(grant.1)).unwrap();
    }
    world.be("tom.reed");
    world.commit("Yara is done");
    world.git(&["push", "-q", "origin", "away"]);
    world.approve("away", "priya.shah").exits(0);
    world.land("away");
    world
}

#[test]
fn what_an_approved_landing_took_ends_though_it_was_never_carried_out() {
    let world = taken();
    // it is recorded, and the target didn't let go
    let github = world.repo().join(".git/dualkey/github.json");
    let before = std::fs::read_to_string(&github).unwrap();
    world.timed(&["apply"]).exits(0);
    std::fs::write(&github, before).unwrap();
    delete_refs(&world, &["refs/heads/main"]);
    ends_by(&world, "by the log");
}

#[test]
fn what_nobody_declared_is_left_alone() {
    let world = over();
    // what Yara holds there was never declared
    let github = world.repo().join(".git/dualkey/github.json");
    let mut file: serde_json::Value = serde_json::from_str(&world.live("github")).unwrap();
    let held = file["entitlements"].as_array_mut().unwrap();
    let mut more = held.iter().find(|one| one["principal"] == "820147").unwrap().clone();
    more["resource"] = "northwind/ledger".into();
    held.push(more);
    std::fs::write(&github, file.to_string()).unwrap();
    delete_refs(&world, &["refs/heads/main"]);
    world.timed(&["apply", "--only-ends"]).exits(4).says("yara.haddad");
    let left: serde_json::Value = serde_json::from_str(&world.live("github")).unwrap();
    let hers = left["entitlements"].as_array().unwrap().iter().filter(|one| one["principal"] == "820147");
    let hers: Vec<&str> = hers.map(|one| one["resource"].as_str().unwrap()).collect();
    assert_eq!(hers, ["northwind/ledger"]);
}

/// An approved landing that no run has seen lets Alice stay.
fn prolonged() -> World {
    let mut world = World::told();
    world.git(&["switch", "-q", "-c", "longer", "main"]);
    for path in ["people/alice.nguyen.yaml", "grants/payments/alice-refunds.yaml"] {
        world.write(path, &world.read(path).replace("2027-01-03", "2027-01-20"));
    }
    world.be("tom.reed");
    world.commit("Alice stays");
    world.git(&["push", "-q", "origin", "longer"]);
    world.approve("longer", "priya.shah").exits(0);
    world.land("longer");
    world.now = "2027-01-10T09:00:00Z".to_owned();
    world
}

#[test]
fn what_an_approved_landing_prolonged_is_not_over() {
    let mut world = prolonged();
    world.timed(&["apply", "--only-ends"]).exits(0);
    assert!(world.live("github").contains("583231"), "what was prolonged is over");
    world.now = "2027-01-21T09:00:00Z".to_owned();
    delete_refs(&world, &["refs/heads/main"]);
    world.timed(&["apply", "--only-ends"]).exits(4).says("alice.nguyen");
    assert!(!world.live("github").contains("583231"));
}

#[test]
fn when_nothing_is_checked_out() {
    let world = over();
    world.git(&["symbolic-ref", "HEAD", "refs/heads/nothing"]);
    world.timed(&["apply", "--only-ends"]).exits(0).says("yara.haddad");
    assert!(!world.live("github").contains("820147"));
}

#[test]
fn when_the_branch_names_a_target_of_another_type() {
    let world = over();
    for kind in ["github", "moon"] {
        let config = world.read("dualkey.yaml");
        let mut lines: Vec<String> = config.lines().map(str::to_owned).collect();
        let at = lines.iter().position(|line| line.starts_with("targets:")).unwrap();
        lines.insert(at + 1, format!("  {kind}-two: {{ type: {kind}, organization: n, id: 7 }}"));
        world.write("dualkey.yaml", &(lines.join("\n") + "\n"));
        world.commit("Another target");
        world.git(&["push", "-q", "origin", "main"]);
    }
    let ran = world.timed(&["apply", "--only-ends"]).says("yara.haddad");
    assert!([3, 4, 5].contains(&ran.code), "{}: {}", ran.code, ran.stderr);
    assert!(!world.live("github").contains("820147"));
}

#[test]
fn with_branch_log_and_copy_gone_only_what_targets_enforce_holds() {
    let world = over();
    let refs = world.git_in(&origin(&world), &["for-each-ref", "--format=%(refname)"]);
    delete_refs(&world, &refs.lines().collect::<Vec<_>>());
    let empty = world.path("empty");
    world.git_in(world.root.path(), &["init", "-q", "-b", "main", "empty"]);
    world.git_in(&empty, &["remote", "add", "origin", "../origin.git"]);
    be(&world, &empty, "tom.reed");
    world.timed_in(&empty, &["apply", "--only-ends"]).exits(5).says("nothing-proven").says("still hold");
    assert!(world.live("github").contains("820147"));
}

/// The same without a ref that keeps the runner's copy.
pub fn forget_copy(world: &World) {
    let refs = world.git(&["for-each-ref", "--format=%(refname)", "refs/dualkey-kept"]);
    for name in refs.lines() {
        world.git(&["update-ref", "-d", name]);
    }
}

#[test]
fn with_the_genesis_alone_what_it_declares_ends() {
    let world = over();
    delete_refs(&world, &["refs/dualkey/audit"]);
    forget_copy(&world);
    ends_by(&world, "the genesis that the anchor names");
}

#[test]
fn the_copy_outlives_a_clean_up_of_the_clone() {
    let world = World::told();
    let last = world.rev("main");
    delete_refs(&world, &["refs/dualkey/audit", "refs/heads/main"]);
    let mut world = world;
    world.now = "2027-02-01T09:00:00Z".to_owned();
    world.timed(&["apply", "--only-ends"]).exits(4);
    world.git(&["switch", "-q", "--orphan", "nothing"]);
    for branch in ["main", "alice"] {
        world.git(&["branch", "-q", "-D", branch]);
    }
    world.git(&["fetch", "-q", "--prune", "origin"]);
    world.git(&["reflog", "expire", "--expire=now", "--all"]);
    world.git(&["gc", "-q", "--prune=now"]);
    world.git(&["cat-file", "-e", &format!("{last}^{{tree}}")]);
    world.timed(&["apply", "--only-ends"]).says("the copy of the log that this clone keeps");
}

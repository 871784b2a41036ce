//! Clones of runners that hold a part of history, or a part of the files: what is needed comes whole, and ends happen.

use std::path::{Path, PathBuf};

use super::odd::with_targets;
use super::{origin, taken};
use crate::only_ends::over;
use crate::support::{Ran, World};

/// A clone of the remote that is made so.
fn cloned(world: &World, options: &[&str]) -> PathBuf {
    let remote = origin(world);
    world.git_in(&remote, &["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", remote.display());
    let args = ["clone", "-q"].iter().chain(options).copied().chain([url.as_str(), "part"]);
    world.git_in(world.root.path(), &args.collect::<Vec<_>>());
    with_targets(world, world.path("part"))
}

/// What is over ends by what was approved since, too, and the run is a whole one.
#[track_caller]
fn ends_in(world: &World, clone: &Path) -> Ran {
    let ran = world.timed_in(clone, &["apply", "--only-ends"]).exits(0).says("revoke yara.haddad");
    let live = std::fs::read_to_string(clone.join(".git/dualkey/github.json")).unwrap();
    assert!(!live.contains("820147"), "Yara still has access");
    ran
}

const PARTS: [&[&str]; 8] = [
    &["--depth", "1"],
    &["--filter=blob:none"],
    &["--filter=tree:0"],
    &["--filter=blob:none", "--no-checkout"],
    &["--filter=tree:0", "--no-checkout", "--depth", "1"],
    &["--filter=blob:none", "--sparse"],
    &["--single-branch"],
    &["--depth", "1", "--no-checkout", "--single-branch"],
];

#[test]
fn a_removal_that_landed_is_carried_out_by_a_runner_with_a_part_of_history() {
    let world = taken();
    for options in PARTS {
        let clone = cloned(&world, options);
        ends_in(&world, &clone);
        std::fs::remove_dir_all(clone).unwrap();
    }
}

#[test]
fn what_is_over_ends_by_a_runner_with_a_part_of_history() {
    let world = over();
    for options in [PARTS[0], PARTS[2]] {
        let clone = cloned(&world, options);
        ends_in(&world, &clone);
        std::fs::remove_dir_all(clone).unwrap();
    }
}

#[test]
fn such_a_runner_may_be_used_again() {
    let world = taken();
    for options in [PARTS[0], PARTS[1]] {
        let clone = cloned(&world, options);
        let before = std::fs::read_to_string(clone.join(".git/dualkey/github.json")).unwrap();
        ends_in(&world, &clone);
        // what it held of the remote moves on without its files
        world.git_in(&clone, &["fetch", "-q", "origin"]);
        std::fs::write(clone.join(".git/dualkey/github.json"), before).unwrap();
        ends_in(&world, &clone);
        std::fs::remove_dir_all(clone).unwrap();
    }
}

#[test]
fn nothing_is_given_by_such_a_runner() {
    let world = taken();
    for (options, told) in [(PARTS[0], "git fetch --unshallow"), (PARTS[1], "partial")] {
        let clone = cloned(&world, options);
        world.timed_in(&clone, &["apply"]).exits(5).says(told).says("nothing was applied");
        std::fs::remove_dir_all(clone).unwrap();
    }
}

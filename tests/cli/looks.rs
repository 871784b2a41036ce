//! How often a run asks its remote. A pipeline pays for each question, and a forge counts them.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::support::{Ran, World, finish};

/// Puts a `git` before the real one that writes down what it is asked.
fn counting(world: &World) -> PathBuf {
    let real =
        std::env::split_paths(&std::env::var_os("PATH").unwrap()).map(|dir| dir.join("git")).find(|git| git.exists());
    let (folder, asked) = (world.path("counting"), world.path("asked"));
    std::fs::create_dir_all(&folder).unwrap();
    let git = folder.join("git");
    let text = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$*\" >> '{}'\nexec '{}' \"$@\"\n",
        asked.display(),
        real.unwrap().display()
    );
    std::fs::write(&git, text).unwrap();
    std::fs::set_permissions(&git, std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// Runs a command, and gives what git was asked meanwhile.
fn asked(world: &World, args: &[&str]) -> (Ran, Vec<String>) {
    let mut command = world.command(&world.repo());
    let path = std::env::var_os("PATH").unwrap();
    let all = std::env::join_paths([counting(world)].into_iter().chain(std::env::split_paths(&path))).unwrap();
    command.env("PATH", all).args(args).args(["--now", &world.now]);
    let ran = finish(command);
    let asked = std::fs::read_to_string(world.path("asked")).unwrap();
    (ran, asked.lines().map(str::to_owned).collect())
}

fn count(asked: &[String], words: &[&str]) -> usize {
    asked.iter().filter(|line| words.iter().any(|word| line.split(' ').any(|one| one == *word))).count()
}

#[test]
fn a_dozen_ends_take_no_look_at_the_remote_each() {
    let mut world = World::new();
    world.timed(&["apply"]).exits(0);
    world.now = "2027-04-15T09:00:00Z".to_owned();
    let (ran, asked) = asked(&world, &["apply", "--only-ends", "--format", "json"]);
    let done = ran.exits(0).json()["done"].as_array().unwrap().len();
    assert!(done >= 12, "{done}");
    let looks = count(&asked, &["fetch", "ls-remote"]);
    assert!((1..=4).contains(&looks), "{asked:#?}");
    // the lease, the intent, the outcome, and the lease again
    assert_eq!(count(&asked, &["push"]), 4, "{asked:#?}");
}

//! A runner's clone that a power cut left damaged, while the remote holds everything.

use std::fs;
use std::path::{Path, PathBuf};

use super::odd::fresh;
use crate::only_ends::over;
use crate::support::World;

/// All files under a folder of the clone's git directory.
fn files(world: &World, folder: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    walk(&world.repo().join(".git").join(folder), &mut found);
    found
}

/// Git writes its objects read-only, so each is written anew.
fn replace(path: &Path, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

#[track_caller]
fn ends(world: &World) {
    world.timed(&["apply", "--only-ends"]).exits(0).says("yara.haddad").says("clone-damaged");
    assert!(!world.live("github").contains("820147"), "Yara still has access");
}

#[test]
fn when_loose_objects_are_cut_short() {
    for length in [0, 15] {
        let world = over();
        for path in files(&world, "objects").into_iter().filter(|path| path.extension().is_none()) {
            let whole = fs::read(&path).unwrap();
            replace(&path, &whole[..length]);
        }
        ends(&world);
        // the clone is whole again
        world.timed(&["verify"]).exits(0);
    }
}

#[test]
fn when_a_pack_is_overwritten() {
    let world = over();
    world.git(&["repack", "-adq"]);
    world.git(&["prune-packed", "-q"]);
    for path in files(&world, "objects/pack").into_iter().filter(|path| path.extension().is_some_and(|e| e == "pack")) {
        let mut bytes = fs::read(&path).unwrap();
        let end = bytes.len() - 20;
        bytes[12..end].fill(0);
        replace(&path, &bytes);
        // it lies there for longer than what is fetched
        fs::File::open(&path).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    }
    ends(&world);
    world.timed(&["verify"]).exits(0);
}

#[test]
fn when_what_was_noted_of_the_remote_is_garbled() {
    for text in ["junk\n", "", "1234"] {
        let world = over();
        for folder in ["refs/dualkey-mirror", "refs/dualkey-kept"] {
            let garbled = files(&world, folder);
            assert!(!garbled.is_empty(), "{folder}");
            garbled.iter().for_each(|path| replace(path, text.as_bytes()));
        }
        ends(&world);
    }
}

/// A clone that never heard of the log, with one of its own refs damaged.
fn cold(damage: impl Fn(&World, &Path)) -> (World, PathBuf) {
    let world = over();
    let clone = fresh(&world);
    damage(&world, &clone);
    (world, clone)
}

#[test]
fn when_refs_of_a_fresh_clone_can_not_be_read() {
    let zeroed = |_: &World, clone: &Path| fs::write(clone.join(".git/refs/heads/main"), [0; 41]).unwrap();
    let empty = |_: &World, clone: &Path| fs::write(clone.join(".git/refs/heads/main"), "").unwrap();
    let cut = |world: &World, clone: &Path| {
        world.git_in(clone, &["pack-refs", "--all"]);
        let packed = fs::read(clone.join(".git/packed-refs")).unwrap();
        fs::write(clone.join(".git/packed-refs"), &packed[..packed.len() - 9]).unwrap();
    };
    let damages: [fn(&World, &Path); 3] = [zeroed, empty, cut];
    for damage in damages {
        let (world, clone) = cold(damage);
        let before = world.timed_in(&clone, &["verify"]).exits(5);
        let ran = world.timed_in(&clone, &["apply", "--only-ends"]).exits(0).says("yara.haddad");
        let ran = ran.says("clone-damaged").says("dualkey-damaged");
        assert!(
            [before, ran].iter().all(|ran| !ran.stderr.contains("cannot be reached")),
            "told as the remote's fault"
        );
        let live = fs::read_to_string(clone.join(".git/dualkey/github.json")).unwrap();
        assert!(!live.contains("820147"), "Yara still has access");
        world.timed_in(&clone, &["verify"]).exits(0);
    }
}

#[test]
fn when_the_remote_is_gone_too_nothing_is_said_that_is_not_so() {
    let world = over();
    for path in files(&world, "objects").into_iter().filter(|path| path.extension().is_none()) {
        replace(&path, b"");
    }
    fs::rename(super::origin(&world), world.path("away")).unwrap();
    let ran = world.timed(&["apply", "--only-ends"]).exits(5).says("nothing-proven").says("can be read");
    assert!(!ran.stderr.contains("are gone"), "{}", ran.stderr);
}

#[test]
fn when_a_run_that_was_killed_left_locks() {
    let world = over();
    let memory = world.repo().join(".git");
    let mut locks: Vec<std::path::PathBuf> = Vec::new();
    for folder in ["refs/dualkey-mirror", "refs/dualkey-kept"] {
        for known in fs::read_dir(memory.join(folder)).unwrap().map(Result::unwrap) {
            for name in ["heads/main.lock", "dualkey/audit.lock", "log.lock"] {
                let lock = known.path().join(name);
                fs::create_dir_all(lock.parent().unwrap()).unwrap();
                fs::File::create(&lock).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
                locks.push(lock);
            }
        }
    }
    world.timed(&["apply", "--only-ends"]).exits(0).says("yara.haddad");
    assert!(!world.live("github").contains("820147"), "Yara still has access");
    assert!(locks.iter().all(|lock| !lock.exists()), "{locks:?}");
    // what is locked now is somebody's who works
    fs::File::create(&locks[0]).unwrap();
    world.timed(&["apply", "--only-ends"]).exits(0);
    assert!(locks[0].exists());
}

//! Nothing holds up an end: `apply --only-ends` takes away what is over whatever else is broken.

use std::path::Path;

use crate::support::World;

/// Everything is live, and the time of Yara's grant is over.
fn over() -> World {
    let mut world = World::new();
    world.timed(&["apply"]).exits(0);
    assert!(world.live("github").contains("820147"));
    world.now = "2027-02-01T09:00:00Z".to_owned();
    world
}

/// The end happens although the run can't be recorded, and the run says so by its exit code.
#[track_caller]
fn ends_all_the_same(world: &World) {
    world.timed(&["apply", "--only-ends"]).exits(4).says("yara.haddad");
    assert!(!world.live("github").contains("820147"), "Yara still has access");
}

#[test]
fn when_all_is_well() {
    let world = over();
    world.timed(&["apply", "--only-ends"]).exits(0).says("yara.haddad");
    assert!(!world.live("github").contains("820147"));
}

#[test]
fn without_the_log_key() {
    let world = over();
    std::fs::remove_file(world.root.path().join("log.key")).unwrap();
    ends_all_the_same(&world);
}

#[test]
fn when_the_remote_refuses_every_push() {
    use std::os::unix::fs::PermissionsExt;
    let world = over();
    let hook = world.root.path().join("origin.git/hooks/pre-receive");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\nexit 1\n").unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    ends_all_the_same(&world);
}

#[test]
fn when_the_log_was_rolled_back() {
    let world = over();
    let origin = world.root.path().join("origin.git");
    let first = world.git_in(&origin, &["rev-list", "--max-parents=0", "refs/dualkey/audit"]);
    world.git_in(&origin, &["update-ref", "refs/dualkey/audit", first.trim()]);
    ends_all_the_same(&world);
}

#[test]
fn when_the_log_is_corrupt() {
    let world = over();
    let clone = world.root.path().join("attacker");
    world.git_in(world.root.path(), &["clone", "-q", "origin.git", "attacker"]);
    world.git_in(&clone, &["fetch", "-q", "origin", "refs/dualkey/audit"]);
    world.git_in(&clone, &["checkout", "-q", "FETCH_HEAD"]);
    std::fs::write(clone.join("checkpoint"), "nothing\n").unwrap();
    commit_all(&world, &clone);
    world.git_in(&clone, &["push", "-q", "-f", "origin", "HEAD:refs/dualkey/audit"]);
    ends_all_the_same(&world);
}

fn commit_all(world: &World, dir: &Path) {
    let who = ["-c", "user.name=x", "-c", "user.email=x@example.com"];
    world.git_in(dir, &[&who[..], &["commit", "-q", "-a", "-m", "x"]].concat());
}

#[test]
fn when_dualkey_yaml_is_broken_on_the_protected_branch() {
    let world = over();
    world.write("dualkey.yaml", "version: 1\nversion: 1\n");
    world.commit("Break it");
    world.git(&["push", "-q", "origin", "main"]);
    // the run is recorded; what it could not judge waits
    world.timed(&["apply", "--only-ends"]).exits(5).says("yara.haddad").says("landed-tree-invalid");
    assert!(!world.live("github").contains("820147"), "Yara still has access");
}

#[test]
fn when_a_landing_was_refused() {
    let world = over();
    world.let_alice_in("alice");
    world.git(&["push", "-q", "origin", "alice:main"]);
    world.timed(&["apply", "--only-ends"]).says("yara.haddad");
    assert!(!world.live("github").contains("820147"));
    assert!(!world.live("github").contains("583231"), "an end gave access");
}

#[test]
fn when_the_remote_is_gone() {
    let world = over();
    std::fs::rename(world.path("origin.git"), world.path("gone.git")).unwrap();
    ends_all_the_same(&world);
}

//! Remotes that hang, and refs that lead nowhere.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::{ends_by, origin};
use crate::only_ends::over;
use crate::support::{World, finish};

/// A program that answers nothing for an hour, with something behind it that holds on to its pipes.
fn hanging(world: &World) -> PathBuf {
    let path = world.path("hang");
    std::fs::write(&path, "#!/bin/sh\nsleep 3600 &\nsleep 3600\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Waits for one second, not for a minute.
fn impatient(world: &World) {
    world.git(&["config", "dualkey.timeout", "1"]);
}

#[test]
fn when_the_remote_hangs() {
    let world = over();
    impatient(&world);
    let hang = hanging(&world);
    world.git(&["remote", "set-url", "origin", "ssh://git@nowhere.example/access.git"]);
    // who asks by another address looks for another copy: this one is of the same remote as before
    let mut command = world.command(&world.repo());
    command.env("GIT_SSH_COMMAND", hang.to_str().unwrap());
    command.args(["apply", "--only-ends", "--now", &world.now]);
    let ran = finish(command);
    assert!([4, 5].contains(&ran.code), "{}\n{}", ran.stdout, ran.stderr);
    ran.says("no answer within 1 seconds").says("dualkey.timeout");
}

#[test]
fn when_a_part_of_the_remote_hangs() {
    let world = over();
    impatient(&world);
    let hang = hanging(&world);
    world.git(&["config", "remote.origin.uploadpack", hang.to_str().unwrap()]);
    ends_by(&world, "the log as it was seen last").says("no answer within 1 seconds");
    world.timed(&["apply"]).exits(5).says("no answer within 1 seconds").says("nothing was applied");
    world.timed(&["verify"]).exits(5).says("no answer within 1 seconds");
}

#[test]
fn when_a_hook_of_the_remote_hangs() {
    let world = over();
    impatient(&world);
    world.remote_hook("pre-receive", "sleep 3600 & sleep 3600\n");
    world.timed(&["apply", "--only-ends"]).exits(4).says("yara.haddad").says("no answer within 1 seconds");
    assert!(!world.live("github").contains("820147"), "Yara still has access");
}

/// Takes an object out of the remote, whichever way it is kept there.
fn lose(world: &World, object: &str) {
    let dir = origin(world);
    let loose = dir.join("objects").join(&object[..2]).join(&object[2..]);
    std::fs::remove_file(loose).unwrap();
}

#[test]
fn when_a_ref_of_somebody_leads_to_what_the_remote_lacks() {
    let world = over();
    world.git(&["switch", "-q", "-c", "junk"]);
    world.write("junk", "x");
    world.commit("Junk");
    let (commit, tree) = (world.rev("junk"), world.rev("junk^{tree}"));
    for name in ["refs/dualkey/approvals/junk", "refs/dualkey/zzz"] {
        world.git(&["push", "-q", "origin", &format!("junk:{name}")]);
    }
    // a good one comes along all the same
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    world.git(&["switch", "-q", "main"]);
    world.git(&["branch", "-q", "-D", "junk"]);
    let refs = world.git(&["for-each-ref", "--format=%(refname)", "refs/dualkey-mirror"]);
    for name in refs.lines() {
        world.git(&["update-ref", "-d", name]);
    }
    world.git(&["reflog", "expire", "--expire=now", "--all"]);
    world.git(&["gc", "-q", "--prune=now"]);
    assert!(!world.git(&["cat-file", "--batch-all-objects", "--batch-check"]).contains(&commit));
    lose(&world, &tree);
    world.timed(&["verify", "--head", "alice"]).exits(0);
    world.timed(&["apply", "--only-ends"]).exits(0).says("yara.haddad");
    assert!(!world.live("github").contains("820147"), "Yara still has access");
}

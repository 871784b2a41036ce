//! Secrets that dualkey is given stay with it: git, ssh, hooks and helpers find none in their environment.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{World, finish, key, write};

const SECRETS: [&str; 9] = [
    "DUALKEY_READER_GITHUB_TOKEN",
    "DUALKEY_WRITER_GITHUB_TOKEN",
    "DUALKEY_TOKEN_OF_TOMORROW",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_CLIENT_SECRET",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "PGPASSWORD",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
];

/// A command with every secret in its environment, the log's key among them.
fn command(world: &World, args: &[&str]) -> Command {
    let mut command = world.command(&world.repo());
    command.args(args).args(["--now", &world.now]).env("NO_SECRET", "plain");
    for secret in SECRETS {
        command.env(secret, format!("hush-{secret}"));
    }
    command
}

/// A program that writes its environment into a file, and then does this.
fn teller(world: &World, name: &str, then: &str) -> (PathBuf, PathBuf) {
    let (program, told) = (world.path(&format!("bin/{name}")), world.path(&format!("{name}.env")));
    write(world.root.path(), &format!("bin/{name}"), &format!("#!/bin/sh\nenv >> {}\n{then}\n", told.display()));
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, executable).unwrap();
    (program, told)
}

/// The file was written by a program that had an environment, and no secret in it.
#[track_caller]
fn holds_no_secret(world: &World, told: &Path) {
    let told = std::fs::read_to_string(told).expect("the program ran");
    assert!(told.contains("NO_SECRET=plain") && told.contains("HOME="), "{told}");
    let key = std::fs::read_to_string(world.path("log.key")).unwrap();
    assert!(!told.contains(key.trim()) && !told.contains("hush") && !told.contains("DUALKEY_"), "{told}");
}

#[test]
fn a_hook_of_a_remote_that_is_a_folder_finds_none() {
    let world = World::new();
    let (program, told) = teller(&world, "hook", "true");
    for hook in ["pre-receive", "update", "post-receive", "post-update", "reference-transaction"] {
        world.remote_hook(hook, &format!("{} {hook}\n", program.display()));
    }
    finish(command(&world, &["apply"])).exits(0);
    holds_no_secret(&world, &told);
}

#[test]
fn ssh_finds_none() {
    let world = World::new();
    let (ssh, told) = teller(&world, "ssh", "exit 1");
    world.git(&["remote", "add", "far", "ssh://far.example/access.git"]);
    let mut verify = command(&world, &["verify", "--remote", "far"]);
    verify.env("GIT_SSH_COMMAND", ssh);
    finish(verify).exits(5);
    holds_no_secret(&world, &told);
}

#[test]
fn a_credential_helper_finds_none() {
    let world = World::new();
    let (helper, told) = teller(&world, "helper", "true");
    // a server that lets nobody in without a password
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/access.git", server.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in server.incoming() {
            let Ok(mut connection) = connection else { return };
            let _ = connection.read(&mut [0; 4096]);
            let _ = connection.write_all(
                b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\
                  Connection: close\r\n\r\n",
            );
        }
    });
    world.git(&["remote", "add", "far", &url]);
    world.git(&["config", "credential.helper", helper.to_str().unwrap()]);
    finish(command(&world, &["verify", "--remote", "far"])).exits(5);
    holds_no_secret(&world, &told);
}

#[test]
fn the_program_that_signs_finds_none() {
    let world = World::new();
    world.let_alice_in("alice");
    let (program, told) = teller(&world, "ssh-keygen", "exec /usr/bin/env -u NO_SECRET \"$REAL\" \"$@\"");
    let path = std::env::var_os("PATH").unwrap();
    let real = std::env::split_paths(&path).map(|dir| dir.join("ssh-keygen")).find(|path| path.exists()).unwrap();
    let paths = std::iter::once(program.parent().unwrap().to_owned()).chain(std::env::split_paths(&path));
    let key = key("priya.shah");
    let mut approve = command(&world, &["approve", "--yes", "--key", key.to_str().unwrap(), "--head", "alice"]);
    approve.env("PATH", std::env::join_paths(paths).unwrap()).env("REAL", real);
    finish(approve).exits(0);
    holds_no_secret(&world, &told);
}

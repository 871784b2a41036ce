//! Genesis, anchor, keys, log, lease and remote that aren't what they should be.

use std::path::Path;

use super::{JUDGE, all_fail, approve_fails, fails};
use crate::support::{ALICE_GRANT, World, finish, key, public_key, scrubbed};

#[test]
fn no_genesis() {
    let mut world = World::unanchored();
    world.anchor = None;
    fails(&world, &["verify"], 1, &["refused[genesis-missing]"]);
    fails(&world, &["apply"], 3, &["refused[genesis-missing]"]);
    fails(&world, &["audit", "verify"], 1, &["genesis-missing"]);
    world.let_alice_in("alice");
    approve_fails(&world, "alice", "priya.shah", 3, &["genesis-missing"]);
    fails(&world, &["audit", "init", "--genesis", "main", "--log-key", "../log.key"], 3, &["quorum-not-met", "0 of 2"]);
}

#[test]
fn an_anchor_of_something_else() {
    let mut world = World::new();
    world.let_alice_in("alice");
    let real = world.anchor.clone().unwrap();
    for anchor in ["nonsense", &real[1..], &real[..40], &real[..48], "0:0", ","] {
        world.anchor = Some(anchor.to_owned());
        for command in ["verify", "apply", "audit verify"] {
            let args: Vec<&str> = command.split(' ').collect();
            fails(&world, &args, 2, &["which is no anchor"]);
        }
        fails(&world, &["apply", "--only-ends"], 2, &["DUALKEY_ANCHOR"]);
    }
    world.anchor = Some("0123456789012345678901234567890123456789:12345678".to_owned());
    fails(&world, &["verify"], 1, &["refused[anchor-mismatch]"]);
    fails(&world, &["apply"], 3, &["refused[anchor-mismatch]"]);
    fails(&world, &["audit", "verify"], 1, &["anchor-mismatch"]);
    approve_fails(&world, "alice", "priya.shah", 3, &["anchor-mismatch"]);
}

#[test]
fn no_anchor_is_a_warning_of_all_that_believe_the_log_where_all_targets_are_sandboxes() {
    let mut world = World::told();
    world.anchor = None;
    world.git(&["switch", "-q", "-c", "earlier", "main"]);
    world.write("grants/payments/alice-refunds.yaml", &ALICE_GRANT.replace("2027-01-03", "2026-12-31"));
    world.commit("Alice is done earlier");
    world.git(&["push", "-q", "origin", "earlier"]);
    let priya = key("priya.shah");
    let approve = ["approve", "--yes", "--key", priya.to_str().unwrap(), "--head", "earlier"];
    let timed: [&[&str]; 6] = [&approve, &["verify"], &["apply"], &["drift"], &["next"], &["access", "alice.nguyen"]];
    let by_themselves: [&[&str]; 7] = [
        &["audit", "verify"],
        &["audit", "log"],
        &["audit", "search", "--person", "alice.nguyen"],
        &["audit", "prove", "0"],
        &["audit", "export", "../export"],
        &["audit", "export", "--format", "ocsf"],
        &["report", "controls", "--from", "2026-11-01", "--to", "2026-11-30"],
    ];
    let ran = timed.map(|args| (args, world.timed(args))).into_iter();
    for (args, ran) in ran.chain(by_themselves.map(|args| (args, world.dualkey(args)))) {
        let stderr = ran.exits(0).stderr;
        assert_eq!(stderr.matches("warning[anchor-missing]").count(), 1, "{args:?}: {stderr}");
    }
}

#[test]
fn keys_of_the_log() {
    let world = World::new();
    world.dualkey(&["audit", "keygen", "--name", "northwind", "--out", "../other.key"]).exits(0);
    // a foreign key is a wrong argument, and nothing was begun
    fails(&world, &["apply", "--log-key", "../other.key"], 2, &["log-key-wrong"]);
    fails(&world, &["apply", "--log-key", "../nowhere.key"], 2, &["nowhere.key"]);
    world.write("../nonsense.key", "hello\n");
    fails(&world, &["apply", "--log-key", "../nonsense.key"], 2, &[]);
    // a key is never replaced
    let before = std::fs::read(world.root.path().join("log.key")).unwrap();
    fails(&world, &["audit", "keygen", "--name", "x", "--out", "../log.key"], 2, &["log.key"]);
    assert_eq!(std::fs::read(world.root.path().join("log.key")).unwrap(), before);
}

#[test]
fn keys_of_people() {
    let world = World::new();
    world.let_alice_in("alice");
    let file = |name: &str| key(name).to_str().unwrap().to_owned();
    let approve = |key: &str, more: &[&str], words: &[&str]| {
        let mut args = vec!["approve", "--yes", "--head", "alice", "--key", key];
        args.extend(more);
        fails(&world, &args, 2, words);
    };
    approve(&file("grace.lin"), &["--as", "priya.shah"], &["grace.lin", "priya.shah"]);
    approve(&file("stranger"), &[], &["belongs to nobody"]);
    approve(&file("stranger"), &["--as", "priya.shah"], &["belongs to nobody"]);
    let rsa = world.root.path().join("rsa");
    let mut command = scrubbed("ssh-keygen", world.root.path());
    command.args(["-q", "-t", "rsa", "-b", "2048", "-N", "", "-f"]).arg(&rsa);
    finish(command).exits(0);
    approve(rsa.to_str().unwrap(), &[], &["RSA", "ssh-keygen -t ed25519"]);
    approve("/nowhere/key", &[], &["/nowhere/key"]);
    world.write("../nonsense", "-----BEGIN OPENSSH PRIVATE KEY-----\nhello\n");
    approve(world.root.path().join("nonsense").to_str().unwrap(), &[], &["can't be used"]);
    // the public half of somebody else beside one's own private key proves nothing
    for (name, of) in [("forged", "stranger"), ("forged.pub", "priya.shah.pub")] {
        std::fs::copy(key("stranger").with_file_name(of), world.root.path().join(name)).unwrap();
    }
    key("priya.shah");
    let mut chmod = scrubbed("chmod", world.root.path());
    chmod.arg("600").arg(world.root.path().join("forged"));
    finish(chmod).exits(0);
    let forged = world.root.path().join("forged");
    let ran = world.timed(&["approve", "--yes", "--head", "alice", "--key", forged.to_str().unwrap()]);
    assert_ne!(ran.code, 0, "{}", ran.stdout);
    world.timed(&["verify", "--head", "alice"]).exits(1);
    // nobody answers
    fails(&world, &["approve", "--head", "alice", "--key", &file("priya.shah")], 2, &["nobody is there to answer"]);
    // and an RSA key in the registry is named by lint
    let public = std::fs::read_to_string(rsa.with_extension("pub")).unwrap();
    let grace = world.read("people/grace.lin.yaml").replace(&public_key("grace.lin"), public.trim());
    world.write("people/grace.lin.yaml", &grace);
    fails(&world, &["lint"], 1, &["error[unsupported-key]", "people/grace.lin.yaml:8:8", "RSA"]);
}

#[test]
fn a_corrupt_sandbox() {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    let sandbox = world.repo().join(".git/dualkey/github.json");
    let good = std::fs::read_to_string(&sandbox).unwrap();
    let half = good.len() / 2;
    for bad in ["", "hello", "[]", "{}", &good[..half], &format!("{good}x"), &good.replace("\"push\"", "\"fly\"")] {
        std::fs::write(&sandbox, bad).unwrap();
        fails(&world, &["drift"], 5, &["github"]);
        fails(&world, &["plan", "--live"], 5, &["github"]);
        let before = std::fs::read(&sandbox).unwrap();
        world.timed(&["apply"]).exits(5).says("github").says("help:");
        assert_eq!(std::fs::read(&sandbox).unwrap(), before, "the file was touched");
    }
    // an end is due, and can't be judged either
    std::fs::remove_file(&sandbox).unwrap();
    std::fs::create_dir(&sandbox).unwrap();
    fails(&world, &["drift"], 5, &["github"]);
}

/// Writes the log anew on the remote, with one file of it changed.
pub fn rewrite_log(world: &World, change: impl Fn(&Path)) {
    let url = world.root.path().join("origin.git");
    world.git_in(world.root.path(), &["clone", "-q", url.to_str().unwrap(), "attacker"]);
    let attacker = world.root.path().join("attacker");
    world.git_in(&attacker, &["fetch", "-q", "origin", "refs/dualkey/audit"]);
    world.git_in(&attacker, &["checkout", "-q", "FETCH_HEAD"]);
    change(&attacker);
    world.git_in(&attacker, &["add", "-A"]);
    let who = ["-c", "user.name=x", "-c", "user.email=x@example.com"];
    world.git_in(&attacker, &[&who[..], &["commit", "-q", "-m", "x"]].concat());
    world.git_in(&attacker, &["push", "-q", "-f", "origin", "HEAD:refs/dualkey/audit"]);
    std::fs::remove_dir_all(attacker).unwrap();
}

/// The one file below a folder of the log.
pub fn only_file(dir: &Path) -> std::path::PathBuf {
    let mut dir = dir.to_owned();
    while dir.is_dir() {
        dir = std::fs::read_dir(&dir).unwrap().next().unwrap().unwrap().path();
    }
    dir
}

/// Changes the smallest bit in the middle of the entries.
pub fn flip_a_bit(log: &Path) {
    let file = only_file(&log.join("tile/entries"));
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

pub fn edit_checkpoint(log: &Path, edit: fn(&str) -> String) {
    let checkpoint = log.join("checkpoint");
    let text = std::fs::read_to_string(&checkpoint).unwrap();
    std::fs::write(checkpoint, edit(&text)).unwrap();
}

pub fn another_size(checkpoint: &str) -> String {
    let mut lines: Vec<&str> = checkpoint.split('\n').collect();
    lines[1] = "1";
    lines.join("\n")
}

pub fn another_signer(checkpoint: &str) -> String {
    checkpoint.replace("— northwind", "— southwind")
}

#[track_caller]
fn log_is_wrong(world: &World, code: &str) {
    let words = [format!("refused[{code}]")];
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    fails(world, &["verify"], 1, &words);
    fails(world, &["apply"], 3, &words);
    fails(world, &["drift"], 3, &words);
    fails(world, &["audit", "verify"], 1, &words);
}

#[test]
fn a_log_with_one_byte_changed() {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    rewrite_log(&world, flip_a_bit);
    log_is_wrong(&world, "log-leaf-mismatch");
}

#[test]
fn a_log_whose_checkpoint_is_changed() {
    for (change, code) in [
        ("size", "log-checkpoint-invalid"),
        ("key", "log-key-unknown"),
        ("gone", "log-incomplete"),
        ("more", "log-incomplete"),
        ("entries", "log-incomplete"),
    ] {
        let world = World::new();
        world.timed(&["apply"]).exits(0);
        rewrite_log(&world, |log| match change {
            "size" => edit_checkpoint(log, another_size),
            "key" => edit_checkpoint(log, another_signer),
            "gone" => std::fs::remove_file(log.join("checkpoint")).unwrap(),
            "more" => std::fs::write(log.join("more.txt"), "x").unwrap(),
            _ => std::fs::remove_file(only_file(&log.join("tile/entries"))).unwrap(),
        });
        log_is_wrong(&world, code);
    }
}

#[test]
fn a_log_that_was_rolled_back() {
    let world = World::new();
    let origin = world.root.path().join("origin.git");
    let early = world.git_in(&origin, &["rev-parse", "refs/dualkey/audit"]);
    world.timed(&["apply"]).exits(0);
    world.git_in(&origin, &["update-ref", "refs/dualkey/audit", early.trim()]);
    log_is_wrong(&world, "log-rollback");
    world.git_in(&origin, &["update-ref", "-d", "refs/dualkey/audit"]);
    log_is_wrong(&world, "log-rollback");
}

#[test]
fn a_remote_that_refuses_the_push() {
    let world = World::new();
    world.let_alice_in("alice");
    world.remote_hook("pre-receive", "echo 'not on my watch' >&2\nexit 1\n");
    approve_fails(&world, "alice", "priya.shah", 3, &["refused"]);
    let live = world.live("github");
    world.timed(&["apply"]).exits(4).says("refused[lease-unavailable]").says("this run only took away");
    assert_eq!(world.live("github"), live);
    world.timed(&["verify"]).exits(0);
}

#[test]
fn a_remote_that_isn_t_there() {
    let world = World::new();
    world.let_alice_in("alice");
    world.git(&["remote", "set-url", "origin", "../gone.git"]);
    approve_fails(&world, "alice", "priya.shah", 5, &["cannot be reached"]);
    all_fail(&world, &JUDGE, 5, &["cannot be reached"]);
    fails(&world, &["verify", "--remote", "nobody"], 2, &["`nobody`"]);
    // what needs nobody else goes on
    world.timed(&["lint"]).exits(0);
    // the change is shown; whether it is ready is for who can ask
    world.timed(&["plan", "--head", "alice"]).exits(5).says("cannot be reached").says("gains developer");
}

/// Somebody on another machine is at work.
pub fn lease_of_another(world: &World) {
    lease_of_another_for(world, 600);
}

/// The same with another length, which whoever can push may write.
pub fn lease_of_another_for(world: &World, seconds: u64) {
    let lease = r#"{"holder":{"host":"elsewhere","pid":7,"run":"r1","machine":"m","started":1},"number":1,"length_seconds":600,"released":false,"nonce":"n"}"#;
    let lease = &lease.replace("600", &seconds.to_string());
    world.git(&["switch", "-q", "--orphan", "lease"]);
    world.write("lease.json", lease);
    world.git(&["add", "-f", "lease.json"]);
    world.git(&["commit", "-q", "-m", "lease"]);
    world.git(&["push", "-q", "origin", "+HEAD:refs/dualkey/lease"]);
    world.git(&["switch", "-q", "main"]);
    world.git(&["branch", "-q", "-D", "lease"]);
}

#[test]
fn a_lease_that_somebody_else_holds() {
    let world = World::new();
    lease_of_another(&world);
    fails(&world, &["apply", "--wait", "0"], 3, &["refused[lock-held]", "process 7 on `elsewhere`"]);
}

#[test]
fn a_lease_that_means_nothing() {
    let world = World::new();
    world.git(&["push", "-q", "origin", "main:refs/dualkey/lease"]);
    let ran = world.timed(&["apply", "--wait", "0"]);
    assert!([0, 3].contains(&ran.code), "{ran:?}");
    assert!(!ran.stderr.contains("panicked"), "{ran:?}");
}

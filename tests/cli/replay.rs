//! Approvals that were really signed, moved to where they were not given.

use std::process::Command;

use crate::support::{World, key, scrubbed};

/// The statement of Priya on a head, as this clone has seen it.
pub fn statement(world: &World, head: &str) -> serde_json::Value {
    let refs = world.git(&["for-each-ref", "--format=%(refname)", "refs/dualkey-mirror/"]);
    let name = refs.lines().find(|name| name.ends_with(&format!("approvals/{head}/priya.shah"))).expect("an approval");
    serde_json::from_str(&world.git(&["show", &format!("{name}:statement.json")])).unwrap()
}

/// Signs a text as a person does, and puts it where an approval of the head by that person stands.
pub fn put(world: &World, head: &str, person: &str, statement: &serde_json::Value) {
    let file = world.path("statement.json");
    // the keys of a JSON object come out sorted, which for these plain texts is the canonical form
    let sorted: std::collections::BTreeMap<String, serde_json::Value> =
        serde_json::from_value(statement.clone()).unwrap();
    std::fs::write(&file, serde_json::to_string(&sorted).unwrap()).unwrap();
    let _ = std::fs::remove_file(world.path("statement.json.sig"));
    let mut sign: Command = scrubbed("ssh-keygen", world.root.path());
    sign.args(["-q", "-Y", "sign", "-n", "dualkey-approval", "-f"]).arg(key(person)).arg(&file);
    assert!(sign.output().unwrap().status.success());
    let blob = |name: &str| world.git(&["hash-object", "-w", world.path(name).to_str().unwrap()]).trim().to_owned();
    let index = world.path("index");
    let _ = std::fs::remove_file(&index);
    let plumbing = |args: &[&str]| {
        let mut git = scrubbed("git", world.root.path());
        git.current_dir(world.repo()).env("GIT_INDEX_FILE", &index).args(args);
        let output = git.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    for (name, file) in [("statement.json", "statement.json"), ("statement.sig", "statement.json.sig")] {
        plumbing(&["update-index", "--add", "--cacheinfo", &format!("100644,{},{name}", blob(file))]);
    }
    let tree = plumbing(&["write-tree"]);
    let commit = world.git(&["commit-tree", &tree, "-p", head, "-m", "statement"]).trim().to_owned();
    world.git(&["push", "-q", "-f", "origin", &format!("{commit}:refs/dualkey/approvals/{head}/{person}")]);
}

#[test]
fn what_was_signed_for_another_place_counts_for_nothing() {
    let world = World::new();
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    let head = world.rev("alice");
    let real = statement(&world, &head);
    // put back as it was it counts, so what follows is refused for what it says
    put(&world, &head, "priya.shah", &real);
    world.timed(&["verify", "--head", "alice"]).exits(0).says("approved by priya.shah");
    let main = world.rev("main");
    let forty = "0".repeat(40);
    for (field, value, word) in [
        ("branch", "release".to_owned(), "branch"),
        ("anchor", format!("{main}:00000000"), "anchor"),
        ("anchor", format!("{forty}:{}", real["anchor"].as_str().unwrap().split(':').nth(1).unwrap()), "anchor"),
        ("head", main.clone(), "head"),
        ("head_tree", forty.clone(), "tree"),
        ("base", head.clone(), "base"),
        ("person", "grace.lin".to_owned(), "person"),
        ("digest", format!("sha256:{}", "0".repeat(64)), "digest"),
    ] {
        let mut moved = real.clone();
        moved[field] = value.into();
        put(&world, &head, "priya.shah", &moved);
        let ran = world.timed(&["verify", "--head", "alice"]).exits(1).says("refused[statement-elsewhere]");
        assert!(ran.stdout.contains(word), "{field}: {}", ran.stdout);
    }
    // the right words, signed by somebody else
    let mut of_grace = real.clone();
    of_grace["person"] = "grace.lin".into();
    put(&world, &head, "priya.shah", &of_grace);
    world.timed(&["verify", "--head", "alice"]).exits(1);
}

#[test]
fn an_approval_from_a_copy_of_the_repository_counts_for_nothing() {
    // two repositories made of one: same files, same keys, same history, but another genesis
    let mut one = World::unanchored();
    one.write("notes.txt", "hello\n");
    one.commit("A note");
    one.git(&["push", "-q", "origin", "main"]);
    let root = tempfile::tempdir().unwrap();
    let mut copy = scrubbed("cp", root.path());
    copy.arg("-a").arg(format!("{}/.", one.root.path().display())).arg(root.path());
    assert!(copy.output().unwrap().status.success());
    let mut two = World { root, anchor: None, now: one.now.clone() };
    let id = one.read("dualkey.yaml").split('+').nth(1).unwrap().to_owned();
    for (world, genesis) in [(&mut one, "main~1"), (&mut two, "main")] {
        for person in ["mei.tanaka", "priya.shah"] {
            world.approve_with(&["--genesis", genesis], person).exits(0);
        }
        world.timed(&["audit", "init", "--genesis", genesis, "--log-key", "../log.key"]).exits(0);
        world.anchor = Some(format!("{}:{id}", world.rev(genesis)));
        world.let_alice_in("alice");
    }
    let head = one.rev("alice");
    assert_eq!(head, two.rev("alice"), "the copies differ already");
    two.approve("alice", "priya.shah").exits(0);
    two.timed(&["verify", "--head", "alice"]).exits(0);
    let theirs = two.path("origin.git");
    let approval = format!("refs/dualkey/approvals/{head}/priya.shah");
    one.git(&["fetch", "-q", theirs.to_str().unwrap(), &format!("{approval}:refs/heads/stolen")]);
    one.git(&["push", "-q", "origin", &format!("stolen:{approval}")]);
    one.timed(&["verify", "--head", "alice"]).exits(1).says("refused[statement-elsewhere]").says("anchor");
}

//! What a clone says beside its objects: none of it turns a verdict, and what leads elsewhere is refused by name.

use crate::support::World;

/// A world where Alice's grant was pushed, and nobody approved it.
fn pushed() -> World {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    world.let_alice_in("alice");
    world.git(&["switch", "-q", "main"]);
    world.git(&["merge", "-q", "--ff-only", "alice"]);
    push(&world);
    world
}

fn push(world: &World) {
    world.git(&["push", "-q", "origin", "HEAD:refs/heads/main"]);
}

#[test]
fn replaced_objects_and_grafts_do_not_change_history() {
    let world = pushed();
    let (bad, good) = (world.rev("main"), world.rev("main~1"));
    world.git(&["replace", &bad, &good]);
    world.timed(&["verify"]).exits(1).says("refused[no-approval]");
    world.timed(&["apply"]).exits(3).says("no-approval");
    world.git(&["replace", "-d", &bad]);
    crate::support::write(&world.repo(), ".git/info/grafts", &format!("{bad}\n"));
    for command in ["verify", "apply"] {
        world.timed(&[command]).exits(5).says("grafts");
    }
    assert!(!world.live("github").contains("583231"));
}

#[test]
fn objects_of_another_place_are_not_taken_for_those_of_the_clone() {
    let world = World::new();
    let elsewhere = world.path("origin.git/objects");
    crate::support::write(&world.repo(), ".git/objects/info/alternates", &format!("{}\n", elsewhere.display()));
    for command in ["verify", "apply"] {
        world.timed(&[command]).exits(5).says("takes objects from").says("--shared");
    }
}

#[test]
fn programs_that_the_clone_names_are_not_run() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    world.let_alice_in("alice");
    let hooks = world.path("hooks");
    let script = format!("#!/bin/sh\necho \"$0\" >> {}\n", world.path("ran").display());
    for name in ["pre-push", "reference-transaction", "post-checkout", "pre-commit", "fsmonitor", "connect"] {
        crate::support::write(&hooks, name, &script);
        std::fs::set_permissions(hooks.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let program = |name: &str| hooks.join(name).display().to_string();
    for (key, value) in [
        ("core.hooksPath", hooks.display().to_string()),
        ("core.fsmonitor", program("fsmonitor")),
        ("core.sshCommand", program("connect")),
        ("core.editor", program("connect")),
        ("core.pager", program("connect")),
        ("core.commentChar", "{".to_owned()),
        ("core.ignoreCase", "true".to_owned()),
        ("core.quotePath", "false".to_owned()),
        ("core.autocrlf", "true".to_owned()),
        ("core.worktree", world.repo().display().to_string()),
    ] {
        world.git(&["config", key, &value]);
    }
    world.approve("alice", "priya.shah").exits(0);
    world.timed(&["verify", "--head", "alice"]).exits(0);
    world.timed(&["plan", "--head", "alice"]).exits(0);
    world.timed(&["verify"]).exits(0);
    world.timed(&["apply"]).exits(0);
    let ran = std::fs::read_to_string(world.path("ran")).unwrap_or_default();
    assert_eq!(ran, "", "programs of the clone ran");
}

#[test]
fn other_refs_that_are_called_like_the_branch_are_not_the_branch() {
    let world = World::new();
    world.let_alice_in("alice");
    world.git(&["switch", "-q", "main"]);
    let before = world.timed(&["verify", "--format", "json"]).exits(0).stdout;
    for name in ["refs/tags/main", "refs/heads/heads/main", "refs/heads/refs/heads/main", "refs/heads/origin/main"] {
        world.git(&["update-ref", name, "refs/heads/alice"]);
        world.git(&["push", "-q", "origin", &format!("{name}:{name}")]);
    }
    assert_eq!(world.timed(&["verify", "--format", "json"]).exits(0).stdout, before);
    world.timed(&["apply"]).exits(0);
    assert!(!world.live("github").contains("583231"));
    // and who says `main` has to say which
    world.timed(&["verify", "--rev", "main"]).exits(2).says("refs/tags/main");
    world.timed(&["verify", "--rev", "refs/heads/main"]).exits(0);
}

#[test]
fn a_rewritten_branch_is_repaired_without_force() {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    world.git(&["switch", "-q", "main"]);
    let old = world.rev("main");
    world.git(&["merge", "-q", "--no-ff", "-m", "Merge", "alice"]);
    push(&world);
    world.timed(&["apply"]).exits(0);
    let landed = world.rev("main");
    // somebody replaces it
    world.git(&["reset", "-q", "--hard", &old]);
    world.write("notes.txt", "nothing to see\n");
    world.commit("A note");
    world.git(&["push", "-q", "-f", "origin", "main"]);
    let help = format!("git switch -c repair {}", &landed[..10]);
    world.timed(&["verify"]).exits(1).says("refused[history-rewritten]").says(&help);
    world.timed(&["apply"]).exits(3).says("history-rewritten");
    // what the help says
    world.git(&["switch", "-q", "-c", "repair", &landed]);
    world.git(&["merge", "-q", "-s", "ours", "-m", "Tie it in", "main"]);
    push(&world);
    world.timed(&["verify"]).exits(0).says("unmanaged");
    world.timed(&["apply"]).exits(0);
    assert!(world.live("github").contains("583231"));
}

#[test]
fn a_head_with_two_merge_bases_is_refused_and_a_new_branch_helps() {
    let world = World::new();
    let start = world.rev("main");
    for side in ["left", "right"] {
        world.git(&["switch", "-q", "-c", side, &start]);
        world.write(&format!("{side}.txt"), "a note\n");
        world.commit(side);
    }
    world.git(&["switch", "-q", "main"]);
    world.git(&["merge", "-q", "--no-ff", "-m", "Left", "left"]);
    world.git(&["merge", "-q", "--no-ff", "-m", "Right", "right"]);
    push(&world);
    // the same two, merged the other way round
    world.git(&["switch", "-q", "right"]);
    world.git(&["merge", "-q", "--no-ff", "-m", "Left", "left"]);
    world.git(&["switch", "-q", "-c", "alice", "right"]);
    world.write("people/alice.nguyen.yaml", crate::support::ALICE);
    world.write("grants/payments/alice-refunds.yaml", crate::support::ALICE_GRANT);
    world.commit("Let Alice in");
    world.git(&["push", "-q", "origin", "alice"]);
    let refused = world.timed(&["verify", "--head", "alice"]).exits(1);
    refused.says("refused[merge-base-ambiguous]").says("make a new branch from the tip");
    world.let_alice_in("again");
    world.approve("again", "priya.shah").exits(0);
    world.timed(&["verify", "--head", "again"]).exits(0);
}

#[test]
fn after_an_edit_on_the_branch_that_nobody_signed_life_goes_on() {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    world.write("people/alice.nguyen.yaml", crate::support::ALICE);
    world.write("grants/payments/alice-refunds.yaml", crate::support::ALICE_GRANT);
    world.git(&["add", "-A"]);
    world.git(&["-c", "user.email=noreply@forge.example", "commit", "-q", "--no-gpg-sign", "-m", "Web edit"]);
    push(&world);
    world.timed(&["verify"]).exits(1).says("refused[no-approval]");
    let nothing = world.timed(&["plan"]).exits(0).says("nothing to approve").says("was refused");
    nothing.says("run `dualkey verify`");
    // a signed commit on top is what the owners look at: one more of them, since nobody knows who made the edit
    world.git(&["switch", "-q", "-c", "seen"]);
    world.git(&["commit", "-q", "--allow-empty", "-m", "Alice may stay"]);
    world.approve("seen", "priya.shah").exits(0);
    let one = world.timed(&["verify", "--head", "seen"]).exits(1).says("quorum-not-met").says("access-1: 2 of");
    one.says("priya.shah did, more are asked for").says("can't: ");
    world.approve("seen", "grace.lin").exits(0);
    world.git(&["switch", "-q", "main"]);
    world.git(&["merge", "-q", "--ff-only", "seen"]);
    push(&world);
    world.timed(&["verify"]).exits(0).says("approved by grace.lin, priya.shah");
    world.timed(&["apply"]).exits(0).says("grant");
}

#[test]
fn what_is_asked_of_a_head_is_in_the_document_too() {
    let world = World::new();
    world.let_alice_in("alice");
    world.approve_with(&["--head", "alice", "--request-changes"], "grace.lin").exits(0);
    let ran = world.timed(&["plan", "--head", "alice"]).exits(0);
    ran.says("stands against it: `grace.lin` asked for changes").says("changes-requested");
    let asked = world.timed(&["verify", "--head", "alice", "--format", "json"]).exits(1).json();
    assert_eq!(asked["approvals"][0]["rule"], "access-1", "{asked:#}");
    assert_eq!(asked["approvals"][0]["people"], serde_json::json!(["grace.lin", "omar.diallo", "priya.shah"]));
    assert_eq!(asked["approvals"][0]["given"], serde_json::json!([]));
    world.git(&["commit", "-q", "--allow-empty", "--author", "Omar <omar@northwind.example>", "-m", "From Omar"]);
    world.approve("alice", "priya.shah").exits(0);
    let asked = world.timed(&["verify", "--head", "alice", "--format", "json"]).exits(1).json();
    assert_eq!(asked["approvals"][0]["given"], serde_json::json!(["priya.shah"]), "{asked:#}");
    let barred = &asked["approvals"][0]["barred"][0];
    let who_and_why = (&barred["person"], &barred["reasons"][0]["code"]);
    assert_eq!(who_and_why, (&"omar.diallo".into(), &"approver-is-author".into()), "{asked:#}");
    // an approval that was taken back is named with its reason
    world.approve_with(&["--head", "alice", "--withdraw"], "priya.shah").exits(0);
    let back = world.timed(&["plan", "--head", "alice"]).exits(0);
    back.says("doesn't count: `priya.shah` took the approval back (approval-withdrawn)");
}

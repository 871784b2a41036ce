//! Two changes, or two parts of one, each of which looks harmless beside the other.

use super::{applied, branch, edit, merge};
use crate::support::World;

const TWICE: &str = "approvals_last: 30 days\nlimits:\n  grants: { contractor_max_duration: 180 days }\nprotected: [\"account:*:BreakGlassAdmin\"]\n";

#[test]
fn two_changes_that_each_drop_one_copy_of_a_rule_do_not_land_beside_each_other() {
    let world = World::edited(&[
        ("policies/duties.yaml", "duties:\n", &format!("{TWICE}duties:\n")),
        ("policies/limits.yaml", "limits:\n", "approvals_last: 30 days\nlimits:\n"),
    ]);
    branch(&world, "one", |world| edit(world, "policies/duties.yaml", TWICE, ""));
    branch(&world, "two", |world| {
        for line in [
            "approvals_last: 30 days\n",
            "  grants: { contractor_max_duration: 180 days }\n",
            "protected: [\"account:*:BreakGlassAdmin\"]\n",
        ] {
            edit(world, "policies/limits.yaml", line, "");
        }
    });
    for name in ["one", "two"] {
        assert!(!world.timed(&["plan", "--head", name]).stdout.contains("(weaker)"));
        for person in ["mei.tanaka", "lena.vogt"] {
            world.approve(name, person).exits(0);
        }
        world.timed(&["verify", "--head", name]).exits(0);
    }
    merge(&world, "one");
    world.timed(&["verify"]).exits(0);
    world.timed(&["verify", "--head", "two"]).exits(1).says("refused[digest-mismatch]");
    merge(&world, "two");
    // what nobody was told when they approved it
    let plan = world.timed(&["plan", "--base", "main~1", "--head", "main"]).stdout;
    assert!(plan.contains("contractor_max_duration 180 days → nothing (weaker)"), "{plan}");
    world.timed(&["verify"]).exits(1).says("refused[digest-mismatch]");
    world.timed(&["apply"]).exits(3);
}

#[test]
fn changes_of_rules_that_have_nothing_to_do_with_each_other_land_beside_each_other() {
    let world = World::new();
    branch(&world, "one", |world| edit(world, "policies/limits.yaml", "90 days", "80 days"));
    branch(&world, "two", |world| {
        edit(world, "policies/duties.yaml", "[administer]", "[administer, deploy]");
        edit(world, "dualkey.yaml", "manage: contractors", "manage: everyone");
    });
    for name in ["one", "two"] {
        for person in ["mei.tanaka", "lena.vogt"] {
            world.approve(name, person).exits(0);
        }
        merge(&world, name);
        world.timed(&["verify"]).exits(0);
    }
}

#[test]
fn ends_that_end_nothing_do_not_hide_how_much_a_change_takes() {
    let world = applied();
    let until_tomorrow = |world: &World| {
        let grants = world.git(&["ls-files", "grants/payments", "grants/ledger"]);
        for path in grants.lines() {
            let text = world.read(path);
            let lines = text.lines().filter(|line| !line.starts_with("until:"));
            let text: String = lines.map(|line| format!("{line}\n")).collect();
            world.write(path, &text.replace("\nreason:", "\nuntil: 2026-11-24\nreason:"));
        }
    };
    let removes = |name: &str| {
        let text = world.timed(&["plan", "--head", name]).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        text.contains("entitlements: one approval more is asked for")
    };
    branch(&world, "plain", until_tomorrow);
    assert!(removes("plain"));
    branch(&world, "behind-ends", |world| {
        until_tomorrow(world);
        for path in world.git(&["ls-files", "people"]).lines() {
            if !world.read(path).contains("ended:") {
                world.write(path, &format!("{}ended: 2099-01-01\n", world.read(path)));
            }
        }
    });
    assert!(removes("behind-ends"));
}

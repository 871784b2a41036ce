//! Resources change their domain with the consent of both sides, in one step or in two.

use super::{branch, edit, merge};
use crate::support::World;

const QUIET: &str = "  quiet: { repository: northwind/quiet }\n";

/// Payments hold a repository more.
fn quiet() -> World {
    let web = "  payments-web: { repository: northwind/payments-web }\n";
    World::edited(&[("domains/payments-staging.yaml", web, &format!("{web}{QUIET}"))])
}

/// The platform takes it in, under a name of its own.
fn take(world: &World) {
    let infrastructure = "  infrastructure: { repository: northwind/infrastructure }\n";
    let taken = format!("{infrastructure}  silent: {{ repository: northwind/quiet }}\n");
    edit(world, "domains/platform.yaml", infrastructure, &taken);
}

fn drop_it(world: &World) {
    edit(world, "domains/payments-staging.yaml", QUIET, "");
}

/// Two admins don't move it, though they own where it goes; an owner of where it was has to agree.
fn asks_both(world: &World, head: &str, told: &str) {
    let plan = world.timed(&["plan", "--head", head]).exits(0).says(told).says("owners of both are asked");
    plan.says("owners:payments-staging: 1 of").says("owners:platform: 1 of");
    for person in ["mei.tanaka", "lena.vogt"] {
        world.approve(head, person).exits(0);
    }
    let refused = world.timed(&["verify", "--head", head]).exits(1).says("refused[quorum-not-met]");
    refused.says("rule `owners:payments-staging` asks for 1 approval by owners of payments-staging");
    world.approve(head, "priya.shah").exits(0);
    merge(world, head);
    world.timed(&["verify"]).exits(0);
    world.timed(&["apply"]).exits(0);
}

#[test]
fn a_resource_that_moves_needs_owners_of_both_domains() {
    let world = quiet();
    branch(&world, "move", |world| {
        drop_it(world);
        take(world);
    });
    asks_both(&world, "move", "moves repository northwind/quiet, of payments-staging, to platform");
}

#[test]
fn to_drop_it_first_and_take_it_in_later_is_no_way_around() {
    let world = quiet();
    world.timed(&["apply"]).exits(0);
    branch(&world, "drop", drop_it);
    for person in ["mei.tanaka", "lena.vogt"] {
        world.approve("drop", person).exits(0);
    }
    merge(&world, "drop");
    world.timed(&["apply"]).exits(0);
    branch(&world, "bob", |world| {
        world.git(&["rm", "-q", "grants/payments/bob-checkout.yaml"]);
    });
    world.approve("bob", "priya.shah").exits(0);
    merge(&world, "bob");
    branch(&world, "take", take);
    asks_both(&world, "take", "moves repository northwind/quiet, last held by payments-staging, to platform");
}

#[test]
fn what_no_domain_ever_held_is_taken_in_by_a_policy_change_alone() {
    let world = World::new();
    branch(&world, "new", take);
    let plan = world.timed(&["plan", "--head", "new"]).exits(0).stdout;
    assert!(!plan.contains("owners:p"), "{plan}");
    for person in ["mei.tanaka", "lena.vogt"] {
        world.approve("new", person).exits(0);
    }
    world.timed(&["verify", "--head", "new"]).exits(0);
}

/// Names that are free, such as those of AWS's groups, are one where the target takes them for one.
#[test]
fn a_group_under_a_name_that_the_target_takes_for_the_same_moves_with_both_owners() {
    let domain = "domains/payments-staging.yaml";
    let web = "  payments-web: { repository: northwind/payments-web }\n";
    let group = "  crew: { identity-group: \"\u{c9}quipe Payments\" }\n";
    let world = World::edited(&[(domain, web, &format!("{web}{group}"))]);
    let infrastructure = "  infrastructure: { repository: northwind/infrastructure }\n";
    let also = |name: &str| format!("{infrastructure}  others: {{ identity-group: \"{name}\" }}\n");
    for name in ["\u{e9}quipe payments", "E\u{301}quipe payments"] {
        branch(&world, "both", |world| edit(world, "domains/platform.yaml", infrastructure, &also(name)));
        world.timed(&["lint"]).exits(1).says("resource-in-two-domains");
        world.git(&["switch", "-q", "main"]);
        world.git(&["branch", "-q", "-D", "both"]);
        world.git(&["push", "-q", "origin", ":both"]);
    }
    branch(&world, "moves", |world| {
        edit(world, domain, group, "");
        edit(world, "domains/platform.yaml", infrastructure, &also("\u{e9}quipe payments"));
    });
    let plan = world.timed(&["plan", "--head", "moves"]).exits(0).says("owners of both are asked");
    plan.says("owners:payments-staging: 1 of").says("owners:platform: 1 of");
}

#[test]
fn one_system_has_one_name() {
    let world = World::new();
    let one = "  github: { type: sandbox, as: github }\n";
    assert!(world.read("dualkey.yaml").contains(one), "{}", world.read("dualkey.yaml"));
    for (first, second) in [
        // the file that a sandbox has anyway, and one that both name
        ("type: sandbox, as: github", "type: sandbox, as: github, file: .git/dualkey/github.json"),
        ("type: sandbox, as: github", "type: sandbox, as: aws, file: ./.git/dualkey/GitHub.json"),
        ("type: sandbox, as: github, file: live.json", "type: sandbox, as: github, file: live.json"),
        ("organization: northwind, id: 9919", "type: github, organization: southwind, id: 9919"),
    ] {
        let two = format!("  github: {{ {first} }}\n  second: {{ {second} }}\n");
        world.write("dualkey.yaml", &world.read("dualkey.yaml").replace(one, &two));
        world.timed(&["lint"]).exits(1).says("the targets `github` and `second` are one system");
        world.git(&["checkout", "-q", "--", "dualkey.yaml"]);
    }
}

/// The embedded GitHub is another file from here on.
fn point_elsewhere(world: &World) {
    let text = world.read("dualkey.yaml");
    let line = text.lines().find(|line| line.trim_start().starts_with("github:")).unwrap().to_owned();
    let elsewhere = line.replace(" }", ", file: .git/dualkey/elsewhere.json }");
    assert_ne!(line, elsewhere);
    edit(world, "dualkey.yaml", &line, &elsewhere);
}

#[test]
fn a_targets_name_does_not_come_to_mean_another_place() {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    branch(&world, "elsewhere", point_elsewhere);
    for command in [&["plan", "--head", "elsewhere"][..], &["lint", "--base", "main"]] {
        world.timed(command).exits(1).says("error[target-moved]").says("would stay there for ever");
    }
    world.approve("elsewhere", "lena.vogt").exits(3).says("target-moved");
    merge(&world, "elsewhere");
    world.timed(&["verify"]).exits(1).says("target-moved");
    // it stands in the way of no end at the old place
    world.now_is("2027-02-01T09:00:00Z").timed(&["apply", "--only-ends"]).says("yara.haddad");
    assert!(!world.live("github").contains("820147"), "Yara still has access");
}

#[test]
fn nor_does_it_once_nothing_is_reached_by_it_any_more() {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    branch(&world, "drop", |world| {
        for entry in std::fs::read_dir(world.path("repo/domains")).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let kept: Vec<&str> = text
                .lines()
                .filter(|line| {
                    !line.contains("repository:") && !line.contains("team:") && !line.contains("membership:")
                })
                .collect();
            std::fs::write(&path, format!("{}\n", kept.join("\n"))).unwrap();
        }
    });
    world.git(&["switch", "-q", "drop"]);
    point_elsewhere(&world);
    world.commit("And elsewhere");
    let ran = world.timed(&["plan", "--head", "drop"]);
    ran.says("target-moved");
    // in two steps, too
    world.git(&["reset", "-q", "--hard", "HEAD~1"]);
    world.git(&["switch", "-q", "main"]);
    world.git(&["merge", "-q", "--no-ff", "--no-edit", "drop"]);
    world.git(&["switch", "-q", "-c", "elsewhere"]);
    point_elsewhere(&world);
    world.commit("Elsewhere");
    world.git(&["push", "-q", "origin", "elsewhere"]);
    world.timed(&["plan", "--head", "elsewhere"]).says("target-moved");
}

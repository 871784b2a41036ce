//! Changes that weaken what judges them, and changes that are harmless one by one.

use super::{branch, edit, merge};
use crate::support::World;

const HANA: &str =
    "to: [hana.kim]\nrole: developer\ndomain: payments-staging\nresources: [payments-api]\nreason: Helps\n";

/// The change is refused since it holds both what judges and what is judged.
fn is_mixed(change: impl Fn(&World), path: &str) {
    let world = World::new();
    branch(&world, "mixed", |world| {
        change(world);
        world.write("grants/payments/hana-helps.yaml", HANA);
    });
    world.timed(&["plan", "--head", "mixed"]).exits(1).says("error[mixed-change]").says(path);
    world.approve("mixed", "mei.tanaka").exits(3).says("mixed-change");
    world.timed(&["verify", "--head", "mixed"]).exits(1).says("mixed-change");
}

#[test]
fn whoever_they_are_changes_apart_from_what_they_get() {
    let bob = "people/bob.keller.yaml";
    // an account goes to somebody new, and with it what the rules know of its owner
    is_mixed(
        |world| {
            edit(world, bob, "  github: { login: bobkeller, id: 402668 }\n", "");
            world.write(
                "people/bo.yaml",
                "name: Bo\ntype: employee\naccounts: { github: { login: bobkeller, id: 402668 } }\n",
            );
        },
        "people/bo.yaml",
    );
    // a contractor becomes an employee
    is_mixed(
        |world| {
            edit(world, bob, "type: contractor\nvendor: globex\nsponsor: priya.shah\n", "type: employee\n");
            edit(world, bob, "engagement: { from: 2026-10-05, until: 2027-02-26 }\n", "");
        },
        bob,
    );
}

#[test]
fn what_steers_the_review_is_policy() {
    for path in [".github/workflows/plan.yml", ".github/CODEOWNERS", "CODEOWNERS", ".gitattributes"] {
        is_mixed(|world| world.write(path, "# changed\n"), path);
        let world = World::new();
        branch(&world, "alone", |world| world.write(path, "# changed\n"));
        let plan = world.timed(&["plan", "--head", "alone", "--format", "json"]).exits(0).json();
        let rules: Vec<&str> =
            plan["approvals"].as_array().unwrap().iter().map(|a| a["rule"].as_str().unwrap()).collect();
        assert_eq!(rules, ["policy-1"], "{path}");
    }
}

#[test]
fn a_waiver_says_who_until_when_and_what_instead() {
    let world = World::new();
    let digest = format!("sha256:{}", "0".repeat(64));
    let fields = [
        ("rule", "develop-and-deploy"),
        ("rule_digest", digest.as_str()),
        ("person", "tom.reed"),
        ("from", "2026-11-01"),
        ("until", "2026-12-15"),
        ("owner", "priya.shah"),
        ("control", "daily review"),
    ];
    for (left_out, _) in fields {
        let kept = fields.iter().filter(|(name, _)| *name != left_out);
        let text: Vec<String> = kept.map(|(name, value)| format!("{name}: \"{value}\"")).collect();
        world.write("policies/waivers.yaml", &format!("waivers:\n  - {{ {} }}\n", text.join(", ")));
        let told = world.timed(&["lint"]).exits(1).says("error[schema]").says(&format!("`{left_out}`"));
        assert!(told.stdout.contains("policies/waivers.yaml:2"), "{}", told.stdout);
    }
}

#[test]
fn a_limit_that_is_raised_still_counts_for_the_change_that_raises_it() {
    let world = World::new();
    branch(&world, "many", |world| {
        edit(world, "policies/limits.yaml", "count: 10, fraction: 5%", "count: 10000, fraction: 100%");
        world.git(&["rm", "-q", "-r", "grants/payments"]);
    });
    for person in ["mei.tanaka", "sven.olsen"] {
        world.approve("many", person).exits(0);
    }
    world.timed(&["verify", "--head", "many"]).exits(1).says("mass-removal");
    world.approve("many", "lena.vogt").exits(0);
    world.timed(&["verify", "--head", "many"]).exits(0);
}

#[test]
fn two_changes_that_are_harmless_alone_are_judged_together() {
    let world = World::new();
    let grant = |role: &str, domain: &str, resource: &str| {
        format!(
            "to: [priya.shah]\nrole: {role}\ndomain: {domain}\nresources: [{resource}]\nfrom: 2026-11-23\n\
             until: 2027-01-29\nreason: Helps with the ledger\n"
        )
    };
    branch(&world, "develop", |world| {
        world.write("grants/ledger/priya-develops.yaml", &grant("developer", "ledger-staging", "ledger"));
    });
    branch(&world, "deploy", |world| {
        world.write("grants/ledger/priya-deploys.yaml", &grant("deployer", "ledger-production", "ledger-project"));
    });
    for name in ["develop", "deploy"] {
        world.approve(name, "omar.diallo").exits(0);
        world.timed(&["verify", "--head", name]).exits(0);
    }
    merge(&world, "develop");
    merge(&world, "deploy");
    world.timed(&["verify"]).exits(1).says("refused[separation-of-duties]");
    // the first stays, and of the second nothing is applied
    world.timed(&["apply"]).exits(3).says("separation-of-duties");
    let ledger = |target: &str, words: [&str; 2]| {
        let live: serde_json::Value = serde_json::from_str(&world.live(target)).unwrap();
        live.to_string().split('{').any(|one| words.iter().all(|word| one.contains(word)))
    };
    assert!(ledger("github", ["204117", "northwind/ledger"]), "{}", world.live("github"));
    assert!(!ledger("gcp", ["priya@northwind.example", "run.developer"]), "{}", world.live("gcp"));
}

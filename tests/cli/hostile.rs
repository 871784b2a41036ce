//! Input that is made to take all time and memory: it is refused by name, within a limit of memory, and no stack ends.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;

use crate::support::{DUALKEY, NOW, Ran, World, finish, scrubbed};

/// Runs `dualkey lint` with at most so much address space, in KiB, and the stack of a small machine.
fn lint(world: &World, args: &[&str]) -> Ran {
    let mut command = scrubbed("sh", world.root.path());
    let script = format!("ulimit -v {} && ulimit -s 1024 && exec \"$0\" lint --now {NOW} \"$@\"", 3 << 20);
    command.current_dir(world.repo()).arg("-c").arg(script).arg(DUALKEY).args(args);
    finish(command)
}

/// The only findings are of this rule, and the first says this.
#[track_caller]
fn refused(world: &World, rule: &str, words: &str) {
    let ran = lint(world, &["--format", "json"]).exits(1);
    let json = ran.json();
    let findings = json["findings"].as_array().unwrap();
    assert!(findings.iter().all(|finding| finding["rule"] == rule), "{}", ran.stdout);
    let message = findings[0]["message"].as_str().unwrap();
    assert!(message.contains(words), "{message}");
}

fn people(world: &World, count: usize) -> String {
    for n in 0..count {
        let text =
            format!("name: P{n}\ntype: employee\naccounts: {{ github: {{ login: p{n}, id: {} }} }}\n", 1_000_000 + n);
        world.write(&format!("people/p{n}.yaml"), &text);
    }
    let names: Vec<String> = (0..count).map(|n| format!("p{n}")).collect();
    names.join(", ")
}

#[test]
fn groups_in_groups_without_end() {
    let world = World::new();
    let chain = |length: usize| {
        for n in 0..length {
            world.write(&format!("groups/g{n}.yaml"), &format!("members: [\"group:g{}\"]\n", n + 1));
        }
        world.write(&format!("groups/g{length}.yaml"), "members: [hana.kim]\n");
    };
    chain(31);
    lint(&world, &[]).exits(0);
    chain(32);
    refused(&world, "too-large", "groups stand in one another more than 32 deep");
    chain(5000);
    refused(&world, "too-large", "groups stand in one another more than 32 deep");
    world.write("groups/g5000.yaml", "members: [\"group:g0\"]\n");
    refused(&world, "too-large", "groups stand in one another more than 32 deep");
}

/// Twenty layers of ten groups, each of which contains all of the next: 10^20 ways lead to one person.
#[test]
fn more_ways_to_a_person_than_can_be_walked() {
    let world = World::new();
    for layer in 0..20 {
        for n in 0..10 {
            let below: Vec<String> = (0..10).map(|n| format!("\"group:l{}-{n}\"", layer + 1)).collect();
            let below = if layer == 19 { "hana.kim".to_owned() } else { below.join(", ") };
            world.write(&format!("groups/l{layer}-{n}.yaml"), &format!("members: [{below}]\n"));
        }
    }
    world.write(
        "grants/many-ways.yaml",
        "to: [\"group:l0-0\"]\nrole: reader\ndomain: platform\nresources: [infrastructure]\nreason: Look\n",
    );
    lint(&world, &[]).exits(0);
}

#[test]
fn more_entitlements_and_matches_than_can_be_judged() {
    let world = World::new();
    let names = people(&world, 1001);
    world.write("groups/all.yaml", &format!("members: [{names}]\n"));
    world.write(
        "grants/all.yaml",
        "to: [\"group:all\"]\nrole: reader\ndomain: platform\nresources: [infrastructure]\nreason: Look\n",
    );
    lint(&world, &[]).exits(0);

    let mut duties = "duties:\n  - id: flood\n    title: Flood\n    at_most: 999\n    sets:\n".to_owned();
    (0..1000).for_each(|n| writeln!(duties, "      s{n}: {{ roles: [reader] }}").unwrap());
    world.write("policies/flood.yaml", &duties);
    refused(&world, "too-large", "match what people hold more than 1000000 times");
    std::fs::remove_file(world.repo().join("policies/flood.yaml")).unwrap();

    let mut domain = world.read("domains/platform.yaml");
    (0..500).for_each(|n| writeln!(domain, "  r{n}: {{ repository: northwind/r{n} }}").unwrap());
    world.write("domains/platform.yaml", &domain);
    world.write("grants/all.yaml", "to: [\"group:all\"]\nrole: reader\ndomain: platform\nreason: Look\n");
    refused(&world, "too-large", "give more than 500000 entitlements");
    // and whoever judges the change can't judge it
    world.commit("Everything to everybody");
    world.timed(&["plan", "--head", "HEAD"]).exits(1).says("give more than 500000 entitlements");
}

#[test]
fn more_approval_rules_than_anybody_reads() {
    let world = World::new();
    let rules = "  - { change: access, count: 1, from: domain-owners }\n".repeat(200);
    world.write("policies/many.yaml", &format!("approvals:\n{rules}"));
    refused(&world, "too-large", "more than 200 approval rules");
}

#[test]
fn files_that_grow_without_bound() {
    let world = World::new();
    let put = |name: &str, text: &str| world.write(&format!("groups/{name}.yaml"), text);
    put("list", &format!("members: [{}a]\n", "a,".repeat(200_000)));
    put("million", &format!("members: [{}a]\n", "a,".repeat(1_000_000)));
    put("flow", &format!("members: {}{}\n", "[".repeat(100_000), "]".repeat(100_000)));
    put("open", &format!("members: {}", "{a: ".repeat(100_000)));
    put("dashes", &format!("{}\n", "- ".repeat(100_000)));
    let mut block = String::new();
    (0..1000).for_each(|n| writeln!(block, "{}a:", " ".repeat(n)).unwrap());
    put("block", &block);
    std::fs::File::create(world.repo().join("groups/sparse.yaml")).unwrap().set_len(50 << 20).unwrap();
    refused(&world, "too-large", "");
    let ran = lint(&world, &["--format", "json"]);
    assert_eq!(ran.json()["findings"].as_array().unwrap().len(), 7, "{}", ran.stdout);
}

#[test]
fn values_that_grow_without_bound() {
    for (file, text, rule) in [
        (
            "people/digits.yaml",
            format!("name: Q\ntype: employee\naccounts: {{ github: {{ login: q, id: {} }} }}\n", "9".repeat(1_000_000)),
            "schema",
        ),
        ("groups/name.yaml", format!("members: [\"{}\"]\n", "a".repeat(1_000_000)), "invalid-id"),
        (
            "people/dates.yaml",
            format!("name: Q\ntype: employee\nended: [{}]\n", "2026-02-30,".repeat(50_000)),
            "schema",
        ),
        ("groups/bomb.yaml", format!("members: &a [x]\nb: {}\n", "[*a, ".repeat(60)), "yaml-feature"),
        ("groups/keys.yaml", "members: []\n".repeat(50_000), "duplicate-key"),
        ("groups/hidden.yaml", format!("members: [hana.kim] #{}\n", "\u{202e}".repeat(200_000)), "hidden-character"),
    ] {
        let world = World::new();
        world.write(file, &text);
        let ran = lint(&world, &[]).exits(1).says(rule);
        assert!(ran.stdout.len() < 40_000, "{rule} shows {} bytes", ran.stdout.len());
    }
}

/// Many stars in a pattern cost no more than its length.
#[test]
fn a_pattern_of_stars() {
    let world = World::new();
    let pattern = format!("repository:northwind/{}b:push", "a*".repeat(100_000));
    let sets = format!("{{ s: {{ entitlements: [\"{pattern}\"] }}, t: {{ duties: [develop] }} }}");
    world.write("policies/stars.yaml", &format!("duties:\n  - {{ id: stars, title: Stars, sets: {sets} }}\n"));
    let name = format!("  long: {{ repository: northwind/{} }}\n", "a".repeat(90));
    world.write("domains/platform.yaml", &(world.read("domains/platform.yaml") + &name));
    lint(&world, &[]).exits(0);
}

#[test]
fn a_flood_of_findings_is_counted_and_cut() {
    let world = World::new();
    for n in 0..5000 {
        world.write(&format!("grants/x{n}"), "");
    }
    let ran = lint(&world, &[]).exits(1).says("5000 errors");
    assert!(ran.stdout.len() < 60_000, "{} bytes", ran.stdout.len());
    for n in 0..5000 {
        std::fs::remove_file(world.repo().join(format!("grants/x{n}"))).unwrap();
    }
    let strangers: Vec<String> = (0..50_000).map(|n| format!("stranger-{n}")).collect();
    let text = format!(
        "to: [{}]\nrole: reader\ndomain: platform\nresources: [infrastructure]\nreason: All\n",
        strangers.join(", ")
    );
    world.write("grants/strangers.yaml", &text);
    let ran = lint(&world, &[]).exits(1).says("50000 errors");
    assert!(ran.stdout.len() < 60_000, "{} bytes", ran.stdout.len());
}

/// Names as long as file systems allow, and folders deeper than any of them does, which git can hold all the same.
#[test]
fn paths_without_end() {
    let world = World::new();
    world.write(&format!("grants/{}.yaml", "a".repeat(250)), "to: [hana.kim]\n");
    lint(&world, &[]).exits(1).says("invalid-id").says("longer than 100 characters");
    world.git(&["switch", "-q", "-c", "deep"]);
    let mut import = scrubbed("git", world.root.path());
    import.current_dir(world.repo()).args(["fast-import", "--quiet", "--force"]).stdin(Stdio::piped());
    let mut import = import.spawn().unwrap();
    let path = format!("grants/{}x.yaml", "a/".repeat(5000));
    let commit = format!(
        "commit refs/heads/deep\ncommitter A <a@northwind.example> 1795424400 +0000\ndata 1\nx\n\
         from refs/heads/main^0\nM 100644 inline {path}\ndata 1\nx\n\n"
    );
    import.stdin.take().unwrap().write_all(commit.as_bytes()).unwrap();
    assert!(import.wait().unwrap().success());
    let ran = lint(&world, &["--rev", "deep"]).exits(1).says("unsafe-path").says("longer than 4096 bytes");
    assert!(ran.stdout.len() < 40_000, "{} bytes", ran.stdout.len());
}

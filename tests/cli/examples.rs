//! The example of every rule does what it says: put into Northwind's access repository, it makes that rule's finding.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{ALICE, ALICE_GRANT, World, archive, public_key};

/// Rules whose example is no text of a file, and the test that shows them.
const WITHOUT: &[(&str, &str)] = &[
    ("change-too-large", "the example is a command; bad_input/hidden.rs makes so many files"),
    ("custom-deny", "it takes a rule of the organisation's own; tests/cli/rego.rs writes one"),
    ("custom-warning", "it takes a rule of the organisation's own; tests/cli/rego.rs writes one"),
    ("invalid-rego", "it takes a rule of the organisation's own; tests/cli/rego.rs breaks one"),
    ("id-reused", "it takes a base and a head; tests/cli/everyday.rs has both"),
    ("key-reused", "it takes a base and a head; tests/cli/attacks/keys.rs has both"),
    ("log-key-changed", "it takes a base and a head; tests/cli/rotation.rs has both"),
    ("mixed-change", "it takes a base and a head; tests/cli/lint.rs has both"),
    ("not-supported", "it takes a base and a head; tests/cli/lint.rs has both"),
    ("target-moved", "it takes a base and a head; tests/cli/attacks/resources.rs has both"),
    ("policy-missing", "nothing is written; bad_input/hidden.rs takes the policies away"),
    ("unexpected-file", "the example is a path; tests/cli/lint.rs writes there"),
    ("invalid-id", "the example is a path; tests/cli/lint.rs writes there"),
    ("unsafe-path", "the example is a link; tests/cli/bad_input makes one"),
    ("too-large", "the example is cut; tests/cli/lint.rs writes it out"),
    ("unused-role", "the example is a comment about a file; tests/cli/lint.rs writes it"),
];

/// What surrounds each example; its head says how to read it.
const CASES: &str = include_str!("examples.txtar");

fn explained(world: &World) -> BTreeMap<String, String> {
    let list = world.dualkey(&["explain"]).exits(0).stdout;
    let codes = list.lines().map(|line| line.split_whitespace().next().unwrap().to_owned());
    codes.map(|code| (code.clone(), world.dualkey(&["explain", &code]).exits(0).stdout)).collect()
}

/// The lines of an example that must stand in a file, without comments.
fn lines_of(explained: &str) -> Vec<String> {
    let Some((_, example)) = explained.split_once("\nExample:\n\n") else { return Vec::new() };
    let example = example.split("\n\nInstead:").next().unwrap();
    let code = example.lines().map(|line| line.split(" #").next().unwrap().trim().to_owned());
    code.filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

/// Rules with what they bring besides and their files.
fn cases() -> BTreeMap<String, (Option<String>, String)> {
    let mut cases = BTreeMap::new();
    for part in CASES.split("\n== ").skip(1) {
        let (head, files) = part.split_once('\n').unwrap();
        let (rule, also) = head.split_once(" also ").map_or((head, None), |(rule, also)| (rule, Some(also.to_owned())));
        assert!(cases.insert(rule.to_owned(), (also, files.to_owned())).is_none(), "{rule} is twice");
    }
    cases
}

#[test]
fn every_rule_has_an_example_that_is_tried() {
    let all: BTreeSet<String> = dualkey::plan::rules::all().iter().map(|rule| rule.code.id.to_owned()).collect();
    let without: BTreeSet<String> = WITHOUT.iter().map(|(rule, _)| (*rule).to_owned()).collect();
    let cases: BTreeSet<String> = cases().into_keys().collect();
    let tried: BTreeSet<String> = without.union(&cases).cloned().collect();
    assert_eq!(tried, all, "each rule has a case in examples.txtar, or a reason why not");
    assert!(without.is_disjoint(&cases));
}

/// A file of a case with its marks filled in.
fn filled(world: &World, text: &str) -> String {
    let digest =
        || world.dualkey(&["explain", "develop-and-deploy"]).stdout.split("rule_digest: ").nth(1).unwrap().to_owned();
    let mut lines = String::new();
    for line in text.lines() {
        let Some((before, (mark, after))) =
            line.split_once("{{").map(|(before, rest)| (before, rest.split_once("}}").unwrap()))
        else {
            lines.push_str(&format!("{line}\n"));
            continue;
        };
        let mut parts = mark.split(" - ");
        let value = match parts.next().unwrap() {
            "alice" => ALICE.to_owned(),
            "alice-grant" => ALICE_GRANT.to_owned(),
            "digest" => digest(),
            name => name.strip_prefix("key:").map_or_else(|| world.read(name), public_key),
        };
        let without: Vec<&str> = parts.collect();
        let kept: Vec<&str> =
            value.lines().filter(|line| !without.iter().any(|key| line.trim().starts_with(key))).collect();
        lines.push_str(&format!("{before}{}{after}\n", kept.join("\n")));
    }
    lines
}

/// True where a line holds the pieces of an example's line one after the other; `…` stands for anything.
fn holds(line: &str, example: &str) -> bool {
    let mut rest = line;
    example.split('…').all(|piece| match rest.split_once(piece.trim()) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

#[test]
fn an_example_does_what_it_says() {
    let world = World::new();
    let explained = explained(&world);
    let mut wrong = Vec::new();
    for (rule, (also, files)) in cases() {
        let files: BTreeMap<String, String> =
            archive(&files).into_iter().map(|(path, text)| (path, filled(&world, &text))).collect();
        files.iter().for_each(|(path, text)| world.write(path, text));
        for line in lines_of(&explained[&rule]) {
            if !files.values().flat_map(|text| text.lines()).any(|one| holds(one, &line)) {
                wrong.push(format!("{rule}: the example's line `{line}` is in none of the files"));
            }
        }
        let found = world.timed(&["lint", "--format", "json"]).json();
        let found: BTreeSet<String> =
            found["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap().to_owned()).collect();
        if found != also.into_iter().chain([rule.clone()]).collect() {
            wrong.push(format!("{rule}: found {found:?}"));
        }
        world.git(&["reset", "-q", "--hard"]);
        world.git(&["clean", "-q", "-f", "-d"]);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

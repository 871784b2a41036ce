//! Defects planted in clean organisations: the linter names each, where it stands, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use dualkey::access::{LastRead, Revision};
use dualkey::plan::rules;
use dualkey::repository::{Repository, Snapshot};
use dualkey::targets::KINDS;
use serde::Deserialize;

use crate::support::{NOW, World};

const NORTHWIND: &str = include_str!("northwind.yaml");

/// Rules that no defect in Northwind's files alone can bring, and the tests that bring them.
const NOT_PLANTED: &[(&str, &str)] = &[
    ("change-too-large", "it takes a base and a head: bad_input/hidden.rs"),
    ("id-reused", "it takes a base and a head: attacks/keys.rs"),
    ("key-reused", "it takes a base and a head: attacks/keys.rs"),
    ("log-key-changed", "it takes a base and a head: rotation.rs"),
    ("mixed-change", "it takes a base and a head: lint.rs"),
    ("two-permissions", "it takes a role of an organisation's own: examples.txtar"),
    ("not-supported", "it takes a base and a head: lint.rs"),
    ("target-moved", "it takes a base and a head: attacks/resources.rs"),
    ("custom-deny", "it takes a rule of the organisation's own: rego.rs"),
    ("custom-warning", "it takes a rule of the organisation's own: rego.rs"),
    ("invalid-rego", "it takes a rule of the organisation's own: rego.rs"),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Defect {
    defect: String,
    #[serde(default)]
    edit: Vec<Edit>,
    #[serde(default)]
    add: BTreeMap<String, String>,
    #[serde(default)]
    delete: Vec<String>,
    expect: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    file: String,
    find: String,
    replace: String,
}

fn defects() -> Vec<Defect> {
    serde_yaml::from_str(NORTHWIND).unwrap()
}

/// What a text stands for: keys are made anew for each run, and digests follow the rules' texts.
fn filled(text: &str, world: &World, digests: &BTreeMap<String, String>) -> String {
    let mut filled = text.to_owned();
    while let Some(start) = filled.find("{{") {
        let end = start + filled[start..].find("}}").unwrap();
        let value = match filled[start + 2..end].split_once(':').unwrap() {
            ("key", person) => {
                let file = world.read(&format!("people/{person}.yaml"));
                file.split("keys: [\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
            }
            ("digest", rule) => digests[rule].clone(),
            (what, _) => panic!("`{what}` stands for nothing"),
        };
        filled.replace_range(start..end + 2, &value);
    }
    filled
}

fn digests(world: &World) -> BTreeMap<String, String> {
    let snapshot = Snapshot::of_work_tree(&Repository::open(&world.repo()).unwrap()).unwrap();
    let revision = Revision::load(&snapshot, KINDS, &mut LastRead::default()).unwrap();
    revision.access.policy.duties.values().map(|rule| (rule.id.to_string(), rule.digest.clone())).collect()
}

/// What the program says about the work tree: `RULE FILE:LINE`, in the order of the output.
fn lint(world: &World) -> Vec<String> {
    let ran = world.dualkey(&["lint", "--now", NOW, "--format", "json"]);
    let found = ran.json()["findings"].as_array().unwrap().clone();
    let errors = found.iter().any(|finding| finding["severity"] == "error");
    ran.exits(i32::from(errors));
    let shown = |f: &serde_json::Value| {
        format!("{} {}:{}", f["rule"].as_str().unwrap(), f["file"].as_str().unwrap(), f["line"])
    };
    found.iter().map(shown).collect()
}

#[test]
fn each_planted_defect_is_found_and_nothing_else() {
    let world = World::new();
    assert!(lint(&world).is_empty(), "the organisation is clean");
    let digests = digests(&world);
    let fill = |text: &str| filled(text, &world, &digests);
    let mut failures = Vec::new();
    for defect in defects() {
        let mut before: BTreeMap<String, Option<String>> = BTreeMap::new();
        for edit in &defect.edit {
            let text = world.read(&edit.file);
            let (find, replace) = (fill(&edit.find), fill(&edit.replace));
            assert_eq!(text.matches(&find).count(), 1, "`{}` in {} of: {}", edit.find, edit.file, defect.defect);
            before.entry(edit.file.clone()).or_insert_with(|| Some(text.clone()));
            world.write(&edit.file, &text.replace(&find, &replace));
        }
        for (file, text) in &defect.add {
            assert!(!world.repo().join(file).exists(), "{file} is there already: {}", defect.defect);
            before.insert(file.clone(), None);
            world.write(file, text);
        }
        for file in &defect.delete {
            before.insert(file.clone(), Some(world.read(file)));
            std::fs::remove_file(world.repo().join(file)).unwrap();
        }
        let mut expected = defect.expect.clone();
        let mut found = lint(&world);
        expected.sort();
        found.sort();
        if found != expected {
            failures.push(format!("{}\n  expected {expected:#?}\n  found {found:#?}", defect.defect));
        }
        for (file, text) in before {
            match text {
                Some(text) => world.write(&file, &text),
                None => std::fs::remove_file(world.repo().join(&file)).unwrap(),
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(lint(&world).is_empty(), "every defect was taken away again");
}

#[test]
fn every_rule_has_a_planted_defect() {
    let rules: BTreeSet<&str> = rules::all().iter().map(|rule| rule.code.id).collect();
    let defects = defects();
    let found = defects.iter().flat_map(|defect| &defect.expect).map(|line| line.split(' ').next().unwrap());
    let planted: BTreeSet<&str> = found.chain(NOT_PLANTED.iter().map(|(rule, _)| *rule)).collect();
    let missing: Vec<_> = rules.difference(&planted).collect();
    let unknown: Vec<_> = planted.difference(&rules).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "without a defect: {missing:?}; no such rule: {unknown:?}");
}

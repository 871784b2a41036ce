//! The cases of the policy pack, run by `dualkey test`. `policies/README.md` says their shape.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use crate::support::World;

const NOW: &str = "2026-11-23T09:00:00Z";
const PACK: [&str; 3] = ["approvals", "duties", "least-privilege"];
const BASE: &str = include_str!("../../policies/cases.txtar");

type Files = BTreeMap<String, String>;

#[test]
fn duties() {
    run("duties");
}

#[test]
fn domains() {
    run("domains");
}

#[test]
fn least_privilege() {
    run("least-privilege");
}

#[test]
fn approvals() {
    run("approvals");
}

/// The pack is for everybody: it names no people, and only the two groups that `init` makes.
#[test]
fn the_pack_names_nobody() {
    for name in PACK {
        let text = std::fs::read_to_string(pack(name, "yaml")).unwrap();
        let groups: BTreeSet<&str> =
            text.split("group:").skip(1).map(|rest| rest.split(['"', ' ', ',']).next().unwrap()).collect();
        assert!(groups.iter().all(|group| ["access-admins", "security"].contains(group)), "{name}: {groups:?}");
        assert!(!text.contains("required:") && !text.contains("waivers:\n  -"), "{name} names people");
    }
}

const README: &str = include_str!("../../policies/README.md");

/// The cells of the README's table of controls, a row each, and the rules that it says serve none.
fn controls() -> (BTreeMap<String, Vec<String>>, BTreeSet<String>) {
    let section = README.split("\n## Controls\n").nth(1).unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let mut table = BTreeMap::new();
    for row in rows {
        let (rule, cells) = row.split_once("` |").unwrap();
        let cells: Vec<String> = cells.trim_end_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
        assert_eq!(cells.len(), 4, "{row}");
        assert!(table.insert(rule.to_owned(), cells).is_none(), "{rule} is twice");
    }
    let rest = section.rsplit("\n\n").next().unwrap();
    let none = rest.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    (table, none)
}

#[test]
fn the_table_of_controls_is_complete() {
    let (dir, _keys, _) = organisation("duties");
    let world = World::empty();
    let tested = world.dualkey_in(dir.path(), &["test", "--now", NOW, "--format", "json"]).json();
    let pack = tested["coverage"]["rules"].as_array().unwrap().iter().map(|rule| rule["rule"].as_str().unwrap());
    let built_in = dualkey::lint::rules::ALL.iter().map(|check| check.rule.code.id);
    let all: BTreeSet<String> = pack.chain(built_in).map(str::to_owned).collect();
    let (table, none) = controls();
    let told: BTreeSet<String> = table.keys().chain(&none).cloned().collect();
    assert_eq!(told, all);
    assert!(table.keys().all(|rule| !none.contains(rule)));
    let served: BTreeSet<&str> = table.values().flatten().flat_map(|cell| cell.split(", ")).collect();
    for (rule, cells) in &table {
        assert!(cells.iter().any(|cell| !cell.is_empty()), "{rule} serves no control");
        for (cell, framework) in cells.iter().zip([&["AC-2", "AC-5", "AC-6"][..], &["A.5."], &["CC6."], &["7.", "8."]])
        {
            let known = |control: &str| framework.iter().any(|prefix| control.starts_with(prefix));
            assert!(cell.is_empty() || cell.split(", ").all(known), "{rule}: {cell}");
        }
    }
    for control in ["AC-2", "AC-5", "AC-6", "A.5.3", "A.5.18", "CC6.1", "CC6.2", "CC6.3", "7.2.2", "8.2.1"] {
        assert!(served.contains(control), "nothing serves {control}");
    }
}

/// Every rule about domains that the README names has a case where it speaks, and the pack's README names every policy.
#[test]
fn what_is_said_of_domains_has_cases() {
    let cases = std::fs::read_to_string(pack("domains", "cases.yaml")).unwrap();
    let section = README.split("\n## Domains\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| ") && line.contains('`'));
    let rules: BTreeSet<&str> = rows
        .flat_map(|row| row.trim_end_matches(" |").rsplit('|').next().unwrap().split('`').skip(1).step_by(2))
        .collect();
    assert_eq!(rules.len(), 10, "{rules:?}");
    // a warning that time brings, which is no error of a case; `lint` has tests of it
    for rule in rules.into_iter().filter(|rule| *rule != "bridge-expired") {
        assert!(cases.lines().any(|line| line.contains("expect:") && line.contains(rule)), "{rule}");
    }
    assert!(PACK.iter().all(|name| README.contains(&format!("| `{name}.yaml` |"))));
}

/// The small organisation with the pack and one file of cases: its folder, its keys, the cases.
fn organisation(name: &str) -> (tempfile::TempDir, tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let keys = tempfile::tempdir().unwrap();
    let mut files = archive(BASE, keys.path());
    for name in PACK {
        files.insert(format!("policies/{name}.yaml"), std::fs::read_to_string(pack(name, "yaml")).unwrap());
    }
    let cases = std::fs::read_to_string(pack(name, "cases.yaml")).unwrap();
    files.insert(format!("policies/{name}.cases.yaml"), cases.clone());
    for (path, text) in &files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let git = Command::new("git").args(["init", "--quiet"]).current_dir(dir.path()).status().unwrap();
    assert!(git.success());
    (dir, keys, cases)
}

fn run(name: &str) {
    let (dir, _keys, cases) = organisation(name);
    let world = World::empty();
    world.dualkey_in(dir.path(), &["lint", "--now", NOW]).exits(0);
    let ran = world.dualkey_in(dir.path(), &["test", "--now", NOW, "--format", "json"]);
    let ran = ran.json();
    let failed: Vec<_> = ran["tests"].as_array().unwrap().iter().filter(|test| test["passed"] != true).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(ran["summary"]["passed"], cases.matches("  - name:").count());
    let rules = ran["coverage"]["rules"].as_array().unwrap();
    let mine = |rule: &&serde_json::Value| {
        let kind = rule["rule"].as_str().unwrap().split([' ', '.']).next().unwrap();
        kind == if name == "least-privilege" { "limits" } else { name }
    };
    if !PACK.contains(&name) {
        return;
    }
    let missing: Vec<_> = rules.iter().filter(mine).filter(|rule| rule["exercised"] != true).collect();
    assert!(missing.is_empty(), "no case of {name} exercises {missing:#?}");
}

fn pack(name: &str, ending: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("policies").join(format!("{name}.{ending}"))
}

/// The files of a text archive, with keys for its people made on the way.
fn archive(text: &str, keys: &Path) -> Files {
    let mut files = Files::new();
    let mut path = None;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("-- ").and_then(|line| line.strip_suffix(" --")) {
            path = Some(name.to_owned());
        } else if let Some(path) = &path {
            let file = files.entry(path.clone()).or_default();
            file.push_str(&filled(line, keys));
            file.push('\n');
        }
    }
    files
}

fn filled(line: &str, keys: &Path) -> String {
    if let Some((before, rest)) = line.split_once("{{key:") {
        let (person, after) = rest.split_once("}}").unwrap();
        let file = keys.join(person);
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", person, "-f"])
            .arg(&file)
            .status()
            .unwrap();
        assert!(made.success());
        let public = std::fs::read_to_string(file.with_file_name(format!("{person}.pub"))).unwrap();
        return format!("{before}{}{after}", public.trim());
    }
    // the public test key of the signed-note format
    line.replace("{{log-key}}", "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
}

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

/// The small organisation with the pack and one file of cases.
fn run(name: &str) {
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

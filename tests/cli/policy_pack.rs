//! The cases of the policy pack, run through the real lint and the real plan. `policies/README.md` says their shape.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use dualkey::access::{ParseCache, Revision};
use dualkey::finding::Severity;
use dualkey::plan;
use dualkey::repository::{Repository, Snapshot};
use dualkey::targets::KINDS;
use jiff::Timestamp;
use serde::Deserialize;

const NOW: &str = "2026-11-23T09:00:00Z";
const PACK: [&str; 3] = ["approvals", "duties", "least-privilege"];
const BASE: &str = include_str!("../../policies/cases.txtar");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    files: BTreeMap<String, Option<String>>,
    #[serde(default)]
    change: BTreeMap<String, Option<String>>,
    expect: Vec<String>,
    #[serde(default)]
    needs: Vec<Need>,
}

#[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
struct Need {
    rule: String,
    people: Vec<String>,
    count: u32,
}

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

fn run(name: &str) {
    let cases: Cases = serde_yaml::from_str(&std::fs::read_to_string(pack(name, "cases.yaml")).unwrap()).unwrap();
    let keys = tempfile::tempdir().unwrap();
    let mut base = archive(BASE, keys.path());
    for name in PACK {
        base.insert(format!("policies/{name}.yaml"), std::fs::read_to_string(pack(name, "yaml")).unwrap());
    }
    let mut failures = Vec::new();
    for case in &cases.cases {
        let before = with(&base, &case.files);
        let after = with(&before, &case.change);
        let (before, after) = (revision(&before), revision(&after));
        let plan = plan::plan(&before, &after, NOW.parse::<Timestamp>().unwrap());
        let found: BTreeSet<&str> = plan::findings_of(&after, plan.now)
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| finding.rule.code.id)
            .collect();
        if !found.iter().eq(case.expect.iter()) {
            failures.push(format!("{}: found {found:?}, expected {:?}", case.name, case.expect));
        }
        let mut needs: Vec<Need> = plan
            .requirements
            .iter()
            .map(|requirement| Need {
                rule: requirement.rule.clone(),
                people: requirement.eligible.iter().map(ToString::to_string).collect(),
                count: requirement.count,
            })
            .collect();
        needs.sort();
        if needs != case.needs {
            failures.push(format!("{}: needs {needs:#?}, expected {:#?}", case.name, case.needs));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn pack(name: &str, ending: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("policies").join(format!("{name}.{ending}"))
}

fn with(files: &Files, more: &BTreeMap<String, Option<String>>) -> Files {
    let mut files = files.clone();
    for (path, text) in more {
        match text {
            Some(text) => files.insert(path.clone(), text.clone()),
            None => files.remove(path),
        };
    }
    files
}

/// Reads the files through a real work tree, as `lint` does.
fn revision(files: &Files) -> Revision {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let git = Command::new("git").args(["init", "--quiet"]).current_dir(dir.path()).status().unwrap();
    assert!(git.success());
    let repository = Repository::open(dir.path()).unwrap();
    let snapshot = Snapshot::of_work_tree(&repository).unwrap();
    Revision::load(&snapshot, KINDS, &mut ParseCache::default()).unwrap()
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

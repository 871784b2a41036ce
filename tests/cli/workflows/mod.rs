//! The workflows of GitHub Actions: that nothing is found in them, and that they do what they say, step by step.

use std::path::{Path, PathBuf};

use serde_json::Value;

mod asked;
mod expression;
#[cfg(feature = "github")]
mod home;
mod install;
mod lint;
#[cfg(feature = "github")]
mod pages;
mod runner;
#[cfg(feature = "github")]
mod story;
#[cfg(feature = "github")]
mod whole;

/// `.github` of this repository.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(".github")
}

/// Every workflow and action, by its path below `.github`: those that run here, those that an access repository holds, and
/// those that call them there.
fn files() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for place in ["workflows", "callers", "actions/dualkey"] {
        for entry in std::fs::read_dir(folder().join(place)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "yml") {
                let name = format!("{place}/{}", path.file_name().unwrap().to_str().unwrap());
                found.push((name, std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(found.len() >= 10, "{found:?}");
    found
}

fn parsed(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

/// The jobs of a workflow; of an action, its only one.
fn jobs(file: &Value) -> Vec<(String, Value)> {
    match file["jobs"].as_object() {
        Some(jobs) => jobs.iter().map(|(name, job)| (name.clone(), job.clone())).collect(),
        None => vec![("action".to_owned(), file["runs"].clone())],
    }
}

/// Every script with the name of its step.
fn scripts(file: &Value) -> Vec<(String, String)> {
    let steps = jobs(file).into_iter().flat_map(|(_, job)| job["steps"].as_array().cloned().unwrap_or_default());
    let script = |step: Value| Some((step["name"].as_str()?.to_owned(), step["run"].as_str()?.to_owned()));
    steps.filter_map(script).collect()
}

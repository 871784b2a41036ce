//! The descriptions in `data/` are cut from what GitHub publishes, and this test keeps them so.
//!
//! It fetches the packages below by `npm pack`, cuts them by the lists in `data/`, and compares. With
//! `GITHUB_STANDIN_BLESS=1` it writes the cuts instead.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

#[path = "cuts/graphql.rs"]
mod graphql;
#[path = "cuts/rest.rs"]
mod rest;

/// A published package that a description is cut from.
#[derive(Debug)]
pub struct Package {
    pub name: &'static str,
    pub version: &'static str,
    pub licence: &'static str,
}

const REST: Package = Package { name: "@octokit/openapi", version: "23.0.2", licence: "MIT" };
/// The description of Enterprise Server in the same package.
const SERVER: &str = "generated/ghes-3.19.json";
const GRAPHQL: Package = Package { name: "@octokit/graphql-schema", version: "15.26.1", licence: "MIT" };

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

/// Fetches and unpacks a package once for each version; returns its folder.
fn fetch(package: &Package) -> PathBuf {
    // two tests want the same package
    static ONE_BY_ONE: Mutex<()> = Mutex::new(());
    let _held = ONE_BY_ONE.lock();
    let name = format!("{}-{}", package.name.replace(['@', '/'], "-"), package.version);
    let at = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let unpacked = at.join("package");
    if !unpacked.join("package.json").exists() {
        std::fs::create_dir_all(&at).unwrap();
        let packed = Command::new("npm")
            .args(["pack", "--silent", &format!("{}@{}", package.name, package.version)])
            .current_dir(&at)
            .output()
            .expect("npm is needed to fetch what GitHub publishes");
        assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
        let archive = String::from_utf8(packed.stdout).unwrap();
        let status = Command::new("tar").arg("xzf").arg(archive.trim()).current_dir(&at).status().unwrap();
        assert!(status.success(), "{} can't be unpacked", archive.trim());
    }
    let about: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(unpacked.join("package.json")).unwrap()).unwrap();
    assert_eq!(about["version"], package.version);
    assert_eq!(about["license"], package.licence, "the licence of {} changed", package.name);
    unpacked
}

fn fresh(name: &str, cut: &str) {
    if std::env::var_os("GITHUB_STANDIN_BLESS").is_some() {
        std::fs::write(data(name), cut).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(data(name)).unwrap_or_default();
    let differs = kept.lines().zip(cut.lines()).position(|(kept, cut)| kept != cut);
    assert!(
        kept == cut,
        "data/{name} is stale from line {}: bless it",
        differs.unwrap_or(kept.lines().count().min(cut.lines().count())) + 1
    );
}

#[test]
fn the_rest_description_is_cut_from_the_package() {
    let package = fetch(&REST);
    let list = std::fs::read_to_string(data("operations.txt")).unwrap();
    for part in list.split("\n[").skip(1) {
        let (head, operations) = part.split_once("]\n").unwrap();
        let (to, from) = head.split_once(' ').unwrap();
        let whole = serde_json::from_str(&std::fs::read_to_string(package.join(from)).unwrap()).unwrap();
        fresh(to, &rest::cut(&REST, from, &whole, operations.lines().filter(|line| !line.is_empty())));
    }
}

#[test]
fn what_enterprise_server_lacks_is_known() {
    let package = fetch(&REST);
    let whole: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(package.join(SERVER)).unwrap()).unwrap();
    let list = std::fs::read_to_string(data("operations.txt")).unwrap();
    let operations = list.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '[']));
    let absent = operations.filter(|operation| {
        let (method, path) = operation.split_once(' ').unwrap();
        whole["paths"][path][method.to_lowercase()].is_null()
    });
    let absent: String = absent.map(|operation| format!("{operation}\n")).collect();
    fresh(
        "absent-on-server.txt",
        &format!("# Operations that {SERVER} of {} {} lacks.\n\n{absent}", REST.name, REST.version),
    );
}

#[test]
fn the_graphql_schema_is_cut_from_the_package() {
    let package = fetch(&GRAPHQL);
    let list = std::fs::read_to_string(data("fields.txt")).unwrap();
    let whole = std::fs::read_to_string(package.join("schema.graphql")).unwrap();
    fresh("schema.graphql", &graphql::cut(&GRAPHQL, &whole, &list));
}

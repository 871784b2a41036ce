//! The stories once more, with targets that are slow and ask for patience: `DUALKEY_FLAKY=1`. A run survives that by waiting,
//! so that what a story expects stays the same.

use std::path::Path;

/// One request in so many is asked for patience. A phase of up to 49 calls comes through within three tries.
const FAULTS: &str = r#"{ "slow_ms": 1, "flaky": 7 }"#;

/// What is printed of a wait.
const WAITS: &str = "; trying again in ";

pub fn is_on() -> bool {
    std::env::var_os("DUALKEY_FLAKY").is_some()
}

/// Gives the embedded targets of a clone their faults, but for those that a story gives it.
pub fn plant(dir: &Path) {
    let git = dir.join(".git");
    // what is no access repository has no targets
    if !is_on() || !git.is_dir() || !dir.join("dualkey.yaml").exists() {
        return;
    }
    for folder in ["dualkey", "dualkey/sandboxes"] {
        let folder = git.join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        for target in ["github", "aws", "gcp"] {
            let path = folder.join(format!("{target}.faults.json"));
            if !path.exists() {
                std::fs::write(path, FAULTS).unwrap();
            }
        }
    }
}

/// Standard error without the waits, of which a story knows nothing.
pub fn without_waits(stderr: String) -> String {
    if !is_on() {
        return stderr;
    }
    stderr.split_inclusive('\n').filter(|line| !line.contains(WAITS)).collect()
}

#[test]
fn a_story_under_faults_is_the_same() {
    use crate::support::World;
    let world = World::told();
    let live = world.live("github");
    for target in ["github", "aws", "gcp"] {
        let path = world.repo().join(".git/dualkey").join(format!("{target}.faults.json"));
        std::fs::write(path, r#"{ "slow_ms": 1, "flaky": 2 }"#).unwrap();
    }
    world.timed(&["drift"]).exits(0).says("live access is what was approved");
    world.timed(&["apply"]).exits(0);
    assert_eq!(world.live("github"), live);
}

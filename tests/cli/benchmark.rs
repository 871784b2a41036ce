//! The organisation that the benchmark measures, in small.

#[path = "../benchmark/organisation.rs"]
mod organisation;

use serde_json::Value;

use super::support::World;

#[test]
fn the_organisation_that_is_measured_is_clean() {
    let world = World::empty();
    world.git_in(world.root.path(), &["init", "-q", "-b", "main", "repo"]);
    let count = organisation::write(&world.repo(), 1000).unwrap();
    assert_eq!(count, organisation::files(1000).count());
    let lint = world.dualkey(&["lint", "--now", organisation::NOW, "--format", "json"]).exits(0).json();
    // people hold some things by two grants, as they do where years of grants add up
    let expected = |finding: &&Value| finding["state"] == "waived" || finding["rule"] == "redundant-grant";
    let others: Vec<_> = lint["findings"].as_array().unwrap().iter().filter(|one| !expected(one)).collect();
    assert!(others.is_empty(), "{others:#?}");
    assert_eq!(lint["summary"]["files"], count);
}

#[test]
fn the_change_that_is_measured_is_one() {
    let (path, text) = organisation::changed(1000);
    let before = organisation::files(1000).find(|(known, _)| *known == path).unwrap().1;
    assert_ne!(before, text);
    assert_eq!(before.lines().count(), text.lines().count());
}

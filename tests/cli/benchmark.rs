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

/// Rule, file and line of each finding, those of the clean organisation left out.
fn planted(world: &World, clean: &[String]) -> Vec<String> {
    let lint = world.dualkey(&["lint", "--now", organisation::NOW, "--format", "json"]).json();
    let line =
        |one: &Value| format!("{} {}:{}", one["rule"].as_str().unwrap(), one["file"].as_str().unwrap(), one["line"]);
    let found = lint["findings"].as_array().unwrap().iter().map(line);
    found.filter(|one| !clean.contains(one)).collect()
}

#[test]
fn what_is_planted_in_it_is_found_and_nothing_else() {
    let world = World::empty();
    world.git_in(world.root.path(), &["init", "-q", "-b", "main", "repo"]);
    organisation::write(&world.repo(), 200).unwrap();
    let clean = planted(&world, &[]);
    let (path, _) = organisation::changed(200);
    let text = world.read(&path);
    let line = |start: &str| 1 + text.lines().position(|line| line.starts_with(start)).unwrap();
    let role = text.lines().find(|line| line.starts_with("role: ")).unwrap();
    let until = text.lines().find(|line| line.starts_with("until: ")).unwrap();
    let reason = text.lines().find(|line| line.starts_with("reason: ")).unwrap();
    let edits = [
        (text.replace(role, "role: nobody-has-it"), "unknown-reference", line("role: ")),
        (text.replace(until, "until: 2027-02-30"), "invalid-date", line("until: ")),
        (text.replace(reason, &format!("{reason}\u{200b}")), "hidden-character", line("reason: ")),
        (format!("{text}{role}\n"), "duplicate-key", 1 + text.lines().count()),
        (text.replace(reason, "resaon: Slip"), "unknown-field", line("reason: ")),
    ];
    for (edited, rule, line) in edits {
        world.write(&path, &edited);
        assert_eq!(planted(&world, &clean), [format!("{rule} {path}:{line}")]);
    }
    world.write(&path, &text);
    let beside = format!("{}.yml", path.strip_suffix(".yaml").unwrap());
    world.write(&beside, &text);
    assert_eq!(planted(&world, &clean), [format!("unexpected-file {beside}:1")]);
}

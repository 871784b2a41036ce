//! What is said of each difference: a landing, a start, an end or drift.

use super::world::*;
use super::*;

const LATER: &str = "2026-12-06T09:00:00Z";

fn writer(term: &str) -> (String, String) {
    let (path, text) = grant("alice", "writer", "api");
    (path, text.replace("until: 2027-01-15\n", term))
}

/// Each operation at an instant with its reason.
fn reasons(tree: &Approved, applied: Option<(&Approved, &str)>, live: &[&str], at: &str) -> Vec<String> {
    let applied = applied.map(|(tree, at)| (tree.tree(), at.parse().unwrap()));
    let past = Past { applied, ..settled() };
    let world = world(held(live), Fault::None);
    let found = differs(tree.tree(), &past, &world, at.parse().unwrap());
    found.operations.iter().map(|one| format!("{} {}: {}", one.verb.as_str(), one.permission, one.because)).collect()
}

#[test]
fn a_grant_that_a_landing_lengthens_after_its_end_is_no_drift() {
    let applied = tree(&[writer("until: 2026-12-01\n")]);
    let longer = tree(&[writer("until: 2027-01-15\n")]);
    let found = reasons(&longer, Some((&applied, NOW)), &[], LATER);
    assert_eq!(found, ["grant push: landing: grant alice-writer-api"]);
    let gone = reasons(&longer, Some((&longer, NOW)), &[], LATER);
    assert_eq!(gone, ["grant push: drift: grant alice-writer-api declares it, but it was gone"]);
    let starts = tree(&[writer("from: 2026-12-05\nuntil: 2027-01-15\n")]);
    assert_eq!(reasons(&starts, Some((&starts, NOW)), &[], LATER), ["grant push: start: grant alice-writer-api"]);
}

#[test]
fn a_second_term_of_the_same_access_starts_and_does_not_drift() {
    let (_, again) = writer("from: 2026-12-05\nuntil: 2027-01-15\n");
    let both = tree(&[writer("until: 2026-12-01\n"), ("grants/again.yaml".to_owned(), again)]);
    assert_eq!(reasons(&both, Some((&both, NOW)), &[], LATER), ["grant push: start: grant again"]);
}

#[test]
fn what_somebody_brings_back_after_its_end_is_drift() {
    let tree = tree(&[writer("until: 2026-12-01\n")]);
    let live = ["github repository northwind/api push 11"];
    let end = ["revoke push: end: grant alice-writer-api ended 2026-12-01"];
    assert_eq!(reasons(&tree, Some((&tree, NOW)), &live, LATER), end, "nobody took it away yet");
    assert_eq!(reasons(&tree, None, &live, LATER), end);
    let found = reasons(&tree, Some((&tree, "2026-12-02T09:00:00Z")), &live, LATER);
    assert_eq!(found, ["revoke push: drift: no grant declares it"]);
}

#[test]
fn a_landing_that_ends_a_grant_in_the_past_is_an_end_and_one_that_moves_its_start_no_drift() {
    let applied = tree(&[writer("until: 2027-01-15\n")]);
    let live = ["github repository northwind/api push 11"];
    let shorter = tree(&[writer("until: 2026-11-10\n")]);
    let found = reasons(&shorter, Some((&applied, NOW)), &live, LATER);
    assert_eq!(found, ["revoke push: end: grant alice-writer-api ended 2026-11-10"]);
    let moved = tree(&[writer("from: 2026-12-20\nuntil: 2027-01-15\n")]);
    let found = reasons(&moved, Some((&applied, NOW)), &live, LATER);
    assert_eq!(found, ["revoke push: landing: no grant declares it any more"]);
}

#[test]
fn an_end_stays_one_though_the_file_of_the_grant_went() {
    let applied = tree(&[writer("until: 2026-12-01\n")]);
    let live = ["github repository northwind/api push 11"];
    let found = reasons(&tree(&[]), Some((&applied, NOW)), &live, LATER);
    assert_eq!(found, ["revoke push: end: grant alice-writer-api ended 2026-12-01"]);
    let found = reasons(&tree(&[]), Some((&applied, NOW)), &live, NOW);
    assert_eq!(found, ["revoke push: landing: no grant declares it any more"]);
}

#[test]
fn another_value_than_the_highest_that_was_applied_is_drift() {
    let both = tree(&[writer("until: 2027-01-15\n"), grant("alice", "reader", "api")]);
    let lowered = ["github repository northwind/api pull 11"];
    let found = reasons(&both, Some((&both, NOW)), &lowered, LATER);
    assert_eq!(found, ["change push: drift: somebody changed what grant alice-writer-api gives"]);
    let one = tree(&[grant("alice", "reader", "api")]);
    let found = reasons(&both, Some((&one, NOW)), &lowered, LATER);
    assert_eq!(found, ["change push: landing: grant alice-writer-api"]);
}

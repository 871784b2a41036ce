//! Which instants a log proves.

use super::*;
use crate::audit::record::Clock;
use crate::audit::{last_run, predecessors, proven_time};

/// A run at an instant, with what the clocks of targets said; a name, theirs, ours.
fn run(at: &str, at_given: bool, clocks: &[(&str, &str, &str)]) -> Record {
    let clock = |(target, theirs, ours): &(&str, &str, &str)| Clock {
        target: (*target).to_owned(),
        theirs: super::at(theirs),
        ours: super::at(ours),
    };
    Record::Intent(Intent {
        run: format!("run at {at}"),
        commit: "c1".repeat(20),
        at: super::at(at),
        at_given,
        clocks: clocks.iter().map(clock).collect(),
        mode: Mode::Full,
        numbers: Vec::new(),
        operations: Vec::new(),
        operations_of: Vec::new(),
    })
}

fn ended(at: &str) -> Record {
    Record::Result(Outcome {
        run: format!("run at {at}"),
        commit: "c1".repeat(20),
        at: super::at(at),
        done: Vec::new(),
        done_of: Vec::new(),
        failed: Vec::new(),
        failed_of: Vec::new(),
        not_started: Vec::new(),
        not_started_of: Vec::new(),
        waiting: Vec::new(),
        refusals: Vec::new(),
        left: Vec::new(),
        unread: Vec::new(),
        settled: Vec::new(),
        interrupted: false,
    })
}

const LATER: &str = "2026-11-24T12:01:00Z";
const FAR: &str = "2099-01-01T00:00:00Z";

#[test]
fn only_a_clock_that_a_target_confirms_is_proven() {
    let key = key();
    let proven = |records: Vec<Record>| proven_time(&log_with(records, &key)).map(|at| at.to_string());
    assert_eq!(proven(vec![run(NOON, false, &[])]), None, "there was none to compare with");
    assert_eq!(proven(vec![run(NOON, true, &[("aws", NOON, NOON)])]), None, "somebody said what time it was");
    assert_eq!(proven(vec![run(FAR, false, &[("aws", NOON, FAR)])]), None, "the target said something else");
    let one_differs = [("aws", NOON, NOON), ("gcp", FAR, NOON)];
    assert_eq!(proven(vec![run(NOON, false, &one_differs)]), None, "one of the targets said something else");
    let good = run(NOON, false, &[("aws", NOON, LATER), ("gcp", LATER, LATER)]);
    assert_eq!(proven(vec![good.clone()]).as_deref(), Some(LATER));
    // whatever comes after it, and in whatever order
    let bad = [run(FAR, false, &[]), run(FAR, true, &[("aws", FAR, FAR)]), run(NOON, false, &[("aws", NOON, NOON)])];
    assert_eq!(proven([vec![good], bad.to_vec()].concat()).as_deref(), Some(LATER));
}

#[test]
fn a_log_that_is_begun_anew_goes_on_from_the_proven_time() {
    let key = key();
    let old = log_with(vec![run(NOON, false, &[("aws", NOON, NOON)])], &key);
    let new = Log::new(Genesis { continues: predecessors(&old), ..genesis(&key) }, &key).unwrap();
    assert_eq!(proven_time(&new), Some(at(NOON).0));
    let third = Log::new(Genesis { continues: predecessors(&new), ..genesis(&key) }, &key).unwrap();
    assert_eq!(proven_time(&third), Some(at(NOON).0));
}

#[test]
fn a_run_of_the_far_future_hides_no_end_that_is_overdue() {
    let log = log_with(vec![ended(NOON), ended(FAR)], &key());
    assert_eq!(last_run(&log, at(LATER).0), Some(at(NOON).0));
    assert_eq!(last_run(&log, at(FAR).0), Some(at(FAR).0));
}

#[test]
fn clocks_are_written_as_canonical_json() {
    let record = run(NOON, false, &[("aws", NOON, LATER)]);
    let log = log_with(vec![record.clone()], &key());
    let json = String::from_utf8(log.entries()[1].json().to_vec()).unwrap();
    assert!(
        json.contains(&format!(r#""clocks":[{{"ours":"{LATER}","target":"aws","theirs":"{NOON}"}}],"commit""#)),
        "{json}"
    );
    assert_eq!(log.entries()[1].record(), &record);
}

//! What a clone keeps of a log comes to the same as reading it whole, wherever it was kept.

use super::*;
use crate::audit::copy::Prefix;
use crate::audit::record::{FailedOf, Slice};
use crate::audit::{given, granted, last_run};
use crate::repository::Oid;
use crate::targets::KINDS;

fn grant(resource: &str) -> Operation {
    Operation { verb: Verb::Grant, kind: "repository".into(), resource: resource.into(), ..operation("push") }
}

fn intent(run: &str, operations: Vec<Operation>, operations_of: Vec<Slice>) -> Record {
    Record::Intent(Intent {
        run: run.into(),
        commit: "c1".repeat(20),
        at: at(NOON),
        at_given: false,
        clocks: Vec::new(),
        mode: Mode::Full,
        numbers: Vec::new(),
        operations,
        operations_of,
    })
}

fn result(run: &str, interrupted: bool) -> Outcome {
    Outcome {
        run: run.into(),
        commit: "c1".repeat(20),
        at: at(NOON),
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
        interrupted,
    }
}

/// A run that is cut off, and one that does the same again: some of it is done, some fails, some is not started.
fn repeated() -> Vec<Record> {
    let names = ["acme/a", "acme/b", "acme/c", "acme/d"];
    let failed = FailedOf { message: "no answer".into(), operations_of: vec![Slice(1, 2, 1)] };
    vec![
        intent("first", names.map(grant).to_vec(), Vec::new()),
        Record::Result(result("first", true)),
        intent("second", vec![grant("acme/e")], vec![Slice(1, 0, 4)]),
        Record::Drift(Drift { at: at(NOON), operations: Vec::new(), operations_of: vec![Slice(3, 0, 1)] }),
        Record::Result(Outcome {
            done_of: vec![Slice(1, 0, 2), Slice(3, 0, 1)],
            failed_of: vec![failed],
            not_started_of: vec![Slice(1, 3, 1)],
            ..result("second", false)
        }),
    ]
}

#[test]
fn what_is_told_by_where_it_stands_is_found_there() {
    let key = key();
    let log = log_with(repeated(), &key);
    let resolved = log.resolved();
    let resources = |operations: &[Operation]| -> Vec<String> {
        operations.iter().map(|one| one.resource.trim_start_matches("acme/").to_owned()).collect()
    };
    let Record::Intent(second) = &resolved[3] else { panic!("an intent") };
    assert_eq!(resources(&second.operations), ["a", "b", "c", "d", "e"]);
    let Record::Drift(drift) = &resolved[4] else { panic!("drift") };
    assert_eq!(resources(&drift.operations), ["e"]);
    let Record::Result(outcome) = &resolved[5] else { panic!("a result") };
    assert_eq!(resources(&outcome.done), ["a", "b", "e"]);
    assert_eq!(resources(&outcome.not_started), ["d"]);
    assert_eq!(
        (outcome.failed[0].message.as_str(), outcome.failed[0].operation.resource.as_str()),
        ("no answer", "acme/c")
    );
    // whoever failed may hold it all the same
    let held: Vec<String> = given(&log).iter().map(|one| one.resource.clone()).collect();
    assert_eq!(held, ["acme/a", "acme/b", "acme/c", "acme/e"]);
    assert_eq!((granted(&log).len(), last_run(&log, at(NOON).0)), (1, Some(at(NOON).0)));
}

#[test]
fn operations_that_stand_nowhere_are_no_record() {
    let key = key();
    for slice in [
        Slice(0, 0, 1),
        Slice(1, 0, 5),
        Slice(1, 4, 1),
        Slice(2, 0, 1),
        Slice(3, 0, 1),
        Slice(9, 0, 1),
        Slice(1, u32::MAX, 2),
    ] {
        let mut log = log_with(repeated()[..2].to_vec(), &key);
        let before = log.clone();
        let error = log.append(vec![intent("second", Vec::new(), vec![slice])], &key).unwrap_err();
        assert!(matches!(error, LogError::EntryInvalid { index: 3, .. }), "{slice:?}: {error}");
        assert_eq!(log, before);
    }
}

/// A log of many bundles, with every kind of record and long ones among them.
fn various() -> Vec<Record> {
    let drifts = |from: usize| (from..from + 150).map(|number| drift(&format!("permission-{number}")));
    let all =
        repeated().into_iter().chain(records_with_a_blob()).chain(drifts(0)).chain(each_kind()).chain(drifts(150));
    all.chain(records_with_a_blob()).chain(drifts(300)).collect()
}

#[test]
fn from_wherever_a_log_was_known_reading_on_comes_to_the_same_as_reading_it_whole() {
    let key = key();
    let records = various();
    let whole = log_with(records.clone(), &key);
    let files = whole.files();
    assert_eq!(super::super::Log::read(&files, key.verifier(), KINDS).unwrap(), *whole);
    for cut in (0..records.len()).step_by(37).chain([0, 1, 2, 3, 4, 5, 6, 254, 255, 256, 257, records.len()]) {
        let known = log_with(records[..cut].to_vec(), &key);
        let kept = Prefix { log: (*known).clone(), tree: Oid::of_blob(b"") };
        let read = Prefix::parse(&kept.to_bytes().unwrap(), KINDS).unwrap();
        assert_eq!((&read.log, read.tree), (&*known, kept.tree), "{cut}");
        let (log, _) = read.log.read_on(&files, key.verifier()).unwrap();
        assert_eq!(log, *whole, "{cut}");
    }
}

#[test]
fn what_was_known_of_another_log_leads_nowhere() {
    let key = key();
    let mut other = various();
    other[0] = drift("something else");
    other[2] = drift("push");
    other.retain(|record| !matches!(record, Record::Result(_)));
    let files = log_with(various(), &key).files();
    for size in [1, 3, 200, 256, 300] {
        let known = log_with(other[..size].to_vec(), &key);
        assert!((*known).clone().read_on(&files, key.verifier()).is_err(), "{size}");
    }
    let longer = log_with([various(), vec![drift("more")]].concat(), &key);
    let cut_off = (*longer).clone().read_on(&files, key.verifier()).unwrap_err();
    assert!(matches!(cut_off, LogError::Rollback { .. }), "{cut_off}");
}

#[test]
fn what_changes_of_the_files_is_written_and_nothing_else() {
    let key = key();
    let mut log = log_with(various(), &key);
    let before = log.files();
    log.append(vec![drift("one more")], &key).unwrap();
    let after = log.files();
    let touched = before.iter().filter(|(path, bytes)| after.get(*path) != Some(bytes)).count();
    let new = after.keys().filter(|path| !before.contains_key(*path)).count();
    assert!(before.len() > 6 && touched <= 4 && new <= 3, "{} files, {touched} touched, {new} new", before.len());
}

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::Mutex;

use super::*;
use crate::access::Conditions;
use crate::targets::{Stopped, Verb, github};

/// Waits for nothing, until it is asked to stop.
#[derive(Default)]
struct Noted(Mutex<Vec<(Duration, Duration)>>, Option<usize>);

impl Waits for Noted {
    fn wait(&self, at_least: Duration, at_most: Duration, _: &str) -> bool {
        let mut waits = self.0.lock().unwrap();
        waits.push((at_least, at_most));
        self.1.is_none_or(|most| waits.len() < most)
    }

    fn pause(&self, _: Duration) -> bool {
        true
    }
}

/// Fails as it is told, each call by its permission.
struct Flaky(Vec<(&'static str, VecDeque<TargetError>)>);

impl Writer for Flaky {
    fn greet(&mut self) -> Result<Hello, TargetError> {
        Err(refused())
    }

    fn ends(&self, _: &Call) -> bool {
        false
    }

    fn perform(&mut self, calls: &[Call], gate: &dyn Gate) -> Vec<Result<Done, TargetError>> {
        let one = |(place, call): (usize, &Call)| {
            if gate.pass().is_err() {
                return Err(TargetError::Stopped);
            }
            let told = self.0.iter_mut().find(|(name, _)| *name == call.permission).unwrap();
            let result = told.1.pop_front().map_or(Ok(Done::default()), Err);
            gate.settled(place, &result);
            result
        };
        calls.iter().enumerate().map(one).collect()
    }
}

/// Counts how often it is passed, and is closed after so many; notes what is settled.
struct Open(Cell<usize>, usize, RefCell<Vec<(usize, bool)>>);

impl Gate for Open {
    fn pass(&self) -> Result<(), Stopped> {
        self.0.set(self.0.get() + 1);
        if self.0.get() <= self.1 { Ok(()) } else { Err(Stopped) }
    }

    fn settled(&self, call: usize, result: &Result<Done, TargetError>) {
        self.2.borrow_mut().push((call, result.is_ok()));
    }
}

fn gate() -> Open {
    Open(Cell::new(0), usize::MAX, RefCell::default())
}

fn call(permission: &str) -> Call {
    Call {
        verb: Verb::Revoke,
        kind: &github::kinds::REPOSITORY,
        resource: "northwind/api".to_owned(),
        permission: permission.to_owned(),
        principal: "11".into(),
        conditions: Conditions::NONE,
        number: None,
    }
}

fn throttled(seconds: u64) -> TargetError {
    TargetError::Throttled { target: "github".to_owned(), after: Some(Duration::from_secs(seconds)) }
}

fn locked() -> TargetError {
    TargetError::Locked { path: "x".into() }
}

fn refused() -> TargetError {
    TargetError::Refused { why: "no".to_owned(), help: "ask".to_owned() }
}

#[test]
fn only_what_goes_away_by_itself_is_tried_again_in_one_batch() {
    let waits = Arc::new(Noted::default());
    let told = [
        ("a", VecDeque::from([locked(), locked()])),
        ("b", VecDeque::from([refused()])),
        ("c", VecDeque::from([locked(), locked(), locked(), locked()])),
        ("d", VecDeque::new()),
    ];
    let gate = gate();
    let mut writer = Retrying::new(Flaky(told.into()), Arc::clone(&waits) as Arc<dyn Waits>);
    let results = writer.perform(&["a", "b", "c", "d"].map(call), &gate);
    let said: Vec<String> =
        results.iter().map(|one| one.as_ref().map_or_else(ToString::to_string, |_| "ok".into())).collect();
    assert_eq!(said, ["ok", "refused by the target: no", "`x` is locked by another process", "ok"]);
    assert_eq!(gate.0.get(), 4 + 2 + 2, "the gate is passed before each try");
    assert_eq!(*gate.2.borrow(), [(1, false), (3, true), (0, true), (2, false)], "and hears of what is tried no more");
    let most: Vec<u128> = waits.0.lock().unwrap().iter().map(|(_, most)| most.as_millis()).collect();
    assert_eq!(most, [500, 1000]);
}

#[test]
fn a_throttled_call_waits_as_long_as_it_is_told_and_no_longer_than_a_minute() {
    for (seconds, tries, most) in [(3, 2, vec![3500]), (60, 2, vec![60_000]), (61, 1, vec![])] {
        let waits = Arc::new(Noted::default());
        let gate = gate();
        let mut writer = Retrying::new(
            Flaky(vec![("a", VecDeque::from([throttled(seconds)]))]),
            Arc::clone(&waits) as Arc<dyn Waits>,
        );
        let result = writer.perform(&[call("a")], &gate);
        assert_eq!((result[0].is_ok(), gate.0.get()), (tries == 2, tries), "{seconds}");
        let waited = waits.0.lock().unwrap();
        assert!(waited.iter().all(|(least, most)| *least == Duration::from_secs(seconds) && least <= most));
        assert_eq!(waited.iter().map(|(_, most)| most.as_millis()).collect::<Vec<_>>(), most);
    }
}

#[test]
fn who_is_asked_to_stop_tries_nothing_again() {
    let waits = Arc::new(Noted(Mutex::default(), Some(1)));
    let gate = gate();
    let mut writer = Retrying::new(Flaky(vec![("a", VecDeque::from([locked()]))]), waits);
    assert!(writer.perform(&[call("a")], &gate)[0].is_err());
    assert_eq!((gate.0.get(), gate.2.borrow().as_slice()), (1, &[(0, false)][..]));
}

#[test]
fn what_failed_has_failed_though_its_next_try_is_stopped() {
    let gate = Open(Cell::new(0), 1, RefCell::default());
    let mut writer = Retrying::new(Flaky(vec![("a", VecDeque::from([locked()]))]), Arc::new(Noted::default()));
    assert!(matches!(writer.perform(&[call("a")], &gate)[..], [Err(TargetError::Locked { .. })]));
    assert_eq!(*gate.2.borrow(), [(0, false)]);
    assert!(matches!(writer.perform(&[call("a")], &gate)[..], [Err(TargetError::Stopped)]));
}

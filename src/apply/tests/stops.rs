//! Runs that are asked to stop, and targets that are busy for a while.

use std::time::Duration;

use super::super::*;
use super::world::*;

const GRANTS: [(&str, &str, &str); 3] = [("alice", "writer", "api"), ("bob", "dev", "acct"), ("alice", "dev", "acct")];

fn approved() -> Approved {
    tree(&GRANTS.map(|(person, role, resource)| grant(person, role, resource)))
}

fn with(world: &Shared, process: &Patient) -> Outcome {
    apply_in(&approved(), &Past::default(), world, Mode::Full, usize::MAX, process)
}

#[test]
fn a_run_that_is_asked_to_stop_says_what_it_did_and_a_rerun_does_the_rest() {
    for (stop_at, exit) in [(0, Exit::Refused), (1, Exit::Partial), (2, Exit::Partial)] {
        let world = world(Held::new(), Fault::None);
        let outcome = with(&world, &Patient { stop_at: Some(stop_at), ..Patient::default() });
        assert_eq!((codes_of(&outcome), outcome.exit()), (vec!["run-interrupted"], exit));
        let left = if stop_at == 0 { 0 } else { 3 - stop_at };
        assert_eq!((outcome.done.len(), outcome.not_started.len()), (stop_at, left));
        assert_eq!((world.borrow().calls.len(), outcome.failed.len()), (stop_at, 0));
        // who stops before anything was read doesn't know what there is to change
        assert_eq!(outcome.extent == Extent::Unseen, stop_at == 0);
        let rerun = with(&world, &Patient::default());
        assert_eq!((rerun.done.len(), rerun.exit()), (3 - stop_at, Exit::Done));
    }
    // asked when nothing was left to do
    let world = world(Held::new(), Fault::None);
    let outcome = with(&world, &Patient { stop_at: Some(3), ..Patient::default() });
    assert_eq!((outcome.done.len(), outcome.exit()), (3, Exit::Done));
}

#[test]
fn a_busy_target_is_tried_three_times_a_round_with_growing_waits() {
    let (half, whole) = (Duration::from_millis(500), Duration::from_secs(1));
    for (busy, pauses, done, tries) in
        [(1, vec![half], 3, 4), (2, vec![half, whole], 3, 5), (3, vec![half, whole], 3, 6)]
    {
        let (world, process) = (world(Held::new(), Fault::Busy(busy)), Patient::default());
        let outcome = with(&world, &process);
        assert_eq!((outcome.done.len(), outcome.exit(), world.borrow().count), (done, Exit::Done, tries));
        assert_eq!(*process.pauses.borrow(), pauses);
    }
    let (world, process) = (world(Held::new(), Fault::Busy(usize::MAX)), Patient::default());
    let outcome = with(&world, &process);
    assert_eq!((outcome.failed.len(), outcome.exit(), world.borrow().count), (3, Exit::Partial, 27));
    assert!(outcome.failed.iter().all(|(_, said)| said.contains("locked by another process")), "{outcome:#?}");
}

#[test]
fn a_call_that_may_have_had_its_effect_is_not_made_again_unread() {
    let (world, process) = (world(Held::new(), Fault::FailAfter(0)), Patient::default());
    let outcome = with(&world, &process);
    assert_eq!((outcome.done.len(), outcome.exit(), world.borrow().count), (3, Exit::Done, 3));
    assert!(process.pauses.borrow().is_empty());
}

#[test]
fn a_busy_read_is_tried_again_too_and_is_never_an_empty_one() {
    let (once, process) = (world(Held::new(), Fault::BusyReads(2)), Patient::default());
    assert_eq!(with(&once, &process).exit(), Exit::Done);
    assert_eq!(once.pauses.lock().unwrap().len(), 4, "two of each target");
    let (always, process) = (world(Held::new(), Fault::BusyReads(usize::MAX)), Patient::default());
    let outcome = with(&always, &process);
    assert_eq!((outcome.exit(), outcome.unread().count(), always.borrow().count), (Exit::Unjudged, 2, 0));
    assert_eq!(always.pauses.lock().unwrap().len(), 4, "two of each target");
}

#[test]
fn what_failed_before_the_stop_is_named() {
    let (world, process) =
        (world(Held::new(), Fault::Busy(usize::MAX)), Patient { stop_at: Some(1), ..Patient::default() });
    let outcome = with(&world, &process);
    assert_eq!((outcome.failed.len(), outcome.not_started.len(), outcome.exit()), (1, 2, Exit::Partial));
    assert_eq!(process.pauses.borrow().len(), 2);
}

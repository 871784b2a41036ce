//! Runs that are asked to stop, and targets that are busy for a while.

use std::time::Duration;

use super::super::*;
use super::world::*;
use crate::targets;

const GRANTS: [(&str, &str, &str); 3] = [("alice", "writer", "api"), ("bob", "dev", "acct"), ("alice", "dev", "acct")];

fn approved() -> Approved {
    tree(&GRANTS.map(|(person, role, resource)| grant(person, role, resource)))
}

fn with(world: &Shared, process: &Patient) -> Outcome {
    apply_in(&approved(), &settled(), world, Mode::Full, usize::MAX, process)
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
fn a_busy_target_is_tried_three_times_by_its_client_and_never_by_the_run() {
    let (half, whole) = (Duration::from_millis(500), Duration::from_secs(1));
    // of each of the two targets
    for (fault, pauses, done, tries) in [
        (Fault::Busy(1), vec![half; 2], 3, 5),
        (Fault::Busy(2), vec![half, half], 3, 5),
        (Fault::Throttled(1), vec![Duration::from_millis(3500); 2], 3, 5),
    ] {
        let (world, process) = (world(Held::new(), fault), Patient::default());
        let outcome = with(&world, &process);
        assert_eq!((outcome.done.len(), outcome.exit()), (done, Exit::Done), "{fault:?}");
        let waited = world.pauses.lock().unwrap();
        assert!(world.borrow().count >= tries && waited.starts_with(&pauses[..1]) && waited.len() >= 2, "{fault:?}");
    }
    for (fault, said) in [
        (Fault::Busy(usize::MAX), "locked by another process"),
        (Fault::Throttled(usize::MAX), "asks for patience for 3 s"),
    ] {
        let (world, process) = (world(Held::new(), fault), Patient::default());
        let outcome = with(&world, &process);
        assert_eq!((outcome.failed.len(), outcome.exit(), world.borrow().count), (3, Exit::Partial, 9));
        assert!(outcome.failed.iter().all(|(_, why)| why.contains(said)), "{outcome:#?}");
        assert!(world.pauses.lock().unwrap().contains(&if said.starts_with("asks") {
            Duration::from_secs(4)
        } else {
            whole
        }));
    }
}

#[test]
fn what_somebody_has_to_mend_is_tried_once() {
    let world = world(Held::new(), Fault::Denied("github"));
    let outcome = with(&world, &Patient::default());
    assert_eq!((outcome.done.len(), outcome.failed.len(), world.borrow().tries["github"]), (2, 1, 1));
    assert_eq!(outcome.failed[0].1, "the credential may not: write");
}

#[test]
fn a_call_that_may_have_had_its_effect_is_not_made_again_unread() {
    let world = world(Held::new(), Fault::FailAfter("github", 0));
    let outcome = with(&world, &Patient::default());
    assert_eq!((outcome.done.len(), outcome.exit(), world.borrow().count), (3, Exit::Done, 3));
    assert!(world.pauses.lock().unwrap().is_empty());
}

#[test]
fn no_target_holds_up_another_one_and_nothing_is_given_before_all_is_taken() {
    let start = held(&[
        "github repository northwind/api push 12",
        "aws account 111122223333 ReadOnlyAccess nobody@globex.example",
    ]);
    for (fault, failed) in [(Fault::Vanishes("github", 0), 2), (Fault::Vanishes("aws", 0), 2)] {
        let world = world(start.clone(), fault);
        let outcome = with(&world, &Patient::default());
        assert_eq!(outcome.exit(), Exit::Partial);
        assert!(outcome.failed.len() + outcome.not_started.len() >= failed, "{outcome:#?}");
        assert!(!outcome.done.is_empty(), "{outcome:#?}");
        let calls = &world.borrow().calls;
        let given = calls.iter().position(|(_, call)| call.verb != targets::Verb::Revoke);
        let taken = calls.iter().rposition(|(_, call)| call.verb == targets::Verb::Revoke);
        assert!(given.zip(taken).is_none_or(|(given, taken)| taken < given), "{calls:?}");
    }
}

#[test]
fn what_a_revoke_leaves_behind_is_told() {
    let world = world(held(&["github repository northwind/api push 12"]), Fault::None);
    let until: Timestamp = "2026-11-24T21:00:00Z".parse().unwrap();
    world.borrow_mut().lives_until = Some(until);
    let outcome = with(&world, &Patient::default());
    let [(operation, done)] = &outcome.left[..] else { panic!("{outcome:#?}") };
    assert_eq!(
        (lines(std::slice::from_ref(operation)), done.lives_until),
        (vec!["revoke northwind/api push 12".to_owned()], Some(until))
    );
}

#[test]
fn each_resource_is_read_twice_at_most_and_what_nobody_touched_once() {
    let start = ["github repository northwind/api push 12", "github membership northwind member 11"];
    let approved = tree(&[grant("alice", "writer", "api"), grant("priya", "dev", "acct")]);
    let looks = |start: &[&str]| -> Vec<(String, usize)> {
        let world = world(held(start), Fault::None);
        assert_eq!(apply(&approved, &settled(), &world).exit(), Exit::Done);
        let looks = world.borrow().looks.clone();
        looks.into_iter().map(|(resource, count)| (resource.to_string(), count)).collect()
    };
    let each = |counts: [usize; 3]| -> Vec<(String, usize)> {
        let names = ["account 111122223333", "membership northwind", "repository northwind/api"];
        names.map(str::to_owned).into_iter().zip(counts).collect()
    };
    // alice loses her membership before she gains anything
    assert_eq!(looks(&start), each([2, 2, 2]));
    assert_eq!(looks(&start[..1]), each([2, 1, 2]));
    let all =
        ["github repository northwind/api push 11", "aws account 111122223333 DeveloperAccess priya@northwind.example"];
    assert_eq!(looks(&all), each([1, 1, 1]));
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
}

#[test]
fn names_that_a_target_does_not_have_are_named_before_anything_is_written() {
    let approved = approved();
    let start = held(&["github repository northwind/api admin 12"]);
    let world = world(start, Fault::None);
    let sets = ["DeveloperAccess2", "ReadOnlyAccess", "Devel"].map(str::to_owned);
    let account = targets::KINDS.get("account").unwrap();
    world.borrow_mut().names = BTreeMap::from([(("aws", targets::Names::Permissions(account)), sets.into())]);
    let drift = drifts(approved.tree(), &settled(), &world, now());
    let found: Vec<&str> = drift.findings.iter().map(|one| one.rule.code.id).collect();
    assert_eq!((found, drift.is_whole()), (vec!["target-unknown-name"; 2], true));
    let outcome = with(&world, &Patient::default());
    assert_eq!(lines(&outcome.done), ["grant northwind/api push 11", "revoke northwind/api admin 12"]);
    assert_eq!((outcome.failed.len(), outcome.exit(), world.borrow().tries.get("aws")), (2, Exit::Partial, None));
    assert_eq!(
        outcome.failed[0].1,
        "the target knows no permission `DeveloperAccess` of the kind account; it knows `DeveloperAccess2`, `Devel`"
    );
}

#[test]
fn where_names_cannot_be_listed_nothing_is_given_there_and_everything_is_taken() {
    let start = held(&[
        "github repository northwind/api admin 12",
        "aws account 111122223333 ReadOnlyAccess alice@globex.example",
    ]);
    let world = world(start, Fault::Nameless("aws"));
    assert!(!drifts(approved().tree(), &settled(), &world, now()).is_whole());
    let outcome = with(&world, &Patient::default());
    assert_eq!((outcome.done.len(), outcome.not_started.len(), outcome.exit()), (3, 2, Exit::Partial));
    assert!(outcome.not_started.iter().all(|one| one.target.as_str() == "aws"), "{outcome:#?}");
    assert_eq!(codes_of(&outcome), ["live-read-incomplete"]);
}

#[test]
fn what_was_told_as_done_is_done_though_the_end_is_missing() {
    let world = world(Held::new(), Fault::Forgetful);
    let outcome = with(&world, &Patient::default());
    assert_eq!((outcome.done.len(), outcome.exit(), world.borrow().calls.len()), (3, Exit::Done, 3));
}

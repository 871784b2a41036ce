//! Every call may fail, have no effect, or be the last one before a crash; every read may be stale, be cut off, or come
//! after somebody else's change.

use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;

use super::super::*;
use super::world::*;
use crate::targets::{self, Live};

const WANTED: [(&str, &str, &str); 7] = [
    ("alice", "reader", "api"),
    ("alice", "writer", "api"),
    ("alice", "dev", "acct"),
    ("bob", "writer", "api"),
    ("bob", "dev", "acct"),
    ("bob", "audit", "acct"),
    ("tom", "owner", "org"),
];

const LIVE: [&str; 7] = [
    "github repository northwind/api pull 11",
    "github repository northwind/api admin 12",
    "aws account 111122223333 DeveloperAccess alice@globex.example",
    "aws account 111122223333 ReadOnlyAccess bob@globex.example",
    "aws account 111122223333 ReadOnlyAccess nobody@example.org",
    "github membership northwind admin 1",
    "github membership northwind admin 11",
];

/// The end of an undisturbed run, with the calls and the reads of each target.
struct Undisturbed {
    end: Held,
    calls: Vec<(&'static str, usize)>,
    reads: Vec<(&'static str, usize)>,
}

impl Undisturbed {
    fn of(approved: &Approved, start: &Held) -> Self {
        let world = world(start.clone(), Fault::None);
        apply(approved, &settled(), &world);
        let world = world.borrow();
        looks_follow_writes(&world);
        let each = |counts: &BTreeMap<String, usize>| {
            let of = |name: &'static str| (0..counts.get(name).copied().unwrap_or(0)).map(move |k| (name, k));
            ["aws", "github"].into_iter().flat_map(of).collect()
        };
        Undisturbed { end: world.held.clone(), calls: each(&world.tries), reads: each(&world.reads) }
    }

    fn faults(&self, anything_declared: bool) -> Vec<Fault> {
        let mut faults = vec![Fault::Throttled(1), Fault::Throttled(usize::MAX), Fault::Busy(2)];
        for (name, k) in &self.calls {
            faults.extend([
                Fault::FailBefore(name, *k),
                Fault::FailAfter(name, *k),
                Fault::CrashBefore(name, *k),
                Fault::CrashAfter(name, *k),
                Fault::Ignored(name, *k),
                Fault::Vanishes(name, *k),
            ]);
        }
        faults.extend((0..self.calls.len()).map(Fault::Stale));
        faults.extend(["aws", "github", "everything"].map(Fault::Denied));
        faults.extend(["aws", "github"].map(Fault::Nameless));
        faults.push(Fault::Forgetful);
        faults.extend(self.reads.iter().map(|(name, k)| Fault::LostPage(name, *k)));
        let blind = ["aws", "github", "everything"];
        faults.extend(blind.iter().flat_map(|name| [Fault::Unreadable(name), Fault::Mute(name), Fault::Another(name)]));
        let hidden = [("github", "northwind/api"), ("github", "northwind"), ("aws", "111122223333")];
        faults.extend(hidden.map(|(target, resource)| Fault::Hidden(target, resource)));
        // to a tree without any grant a second person who loses makes a slip of what was none
        if anything_declared {
            let meddled = self.reads.iter().enumerate();
            faults.extend(meddled.map(|(n, (name, k))| Fault::Meddled(name, *k, n * 7 + self.calls.len())));
        }
        faults
    }
}

/// A resource is read once, and once more after each phase that wrote it: never twice without a write in between.
fn looks_follow_writes(world: &super::fake::World) {
    let admin = |call: &targets::Call| {
        let previous = match &call.verb {
            targets::Verb::Change { previous, .. } => Some(&previous.permission),
            targets::Verb::Grant { .. } | targets::Verb::Revoke => None,
        };
        let mut touched = [Some(&call.permission), previous].into_iter().flatten();
        touched.any(|permission| (call.kind.administers)(&call.resource, permission))
    };
    for (resource, looks) in &world.looks {
        let here = world.calls.iter().map(|(_, call)| call).filter(|call| call.resource == resource.name);
        let phases: BTreeSet<(bool, bool)> = here.map(|call| (takes(call), admin(call))).collect();
        assert!(*looks <= 1 + phases.len(), "{resource} was read {looks} times, and written in {phases:?}");
    }
}

/// Employees who administer, and contractors don't count.
fn admins(held: &Held) -> usize {
    let admin = |live: &Live| {
        (live.kind.administers)(&live.resource, &live.permission) && ["1", "2"].contains(&live.principal.name())
    };
    held.iter().filter(|(_, live)| admin(live)).map(|(_, live)| &live.principal).collect::<BTreeSet<_>>().len()
}

fn check_faults(approved: &Approved, start: &Held) {
    let undisturbed = Undisturbed::of(approved, start);
    let (end, calls) = (&undisturbed.end, undisturbed.calls.len());
    let faults = undisturbed.faults(!approved.tree().entitlements.is_empty());
    // and the lease may be lost before any call
    let all = faults.into_iter().map(|fault| (fault, usize::MAX)).chain((0..calls).map(|writes| (Fault::None, writes)));
    for (fault, writes) in all {
        let world = world(start.clone(), fault);
        let first = catch_unwind(AssertUnwindSafe(|| apply_as(approved, &settled(), &world, Mode::Full, writes)));
        if let Ok(outcome) = &first {
            let told = outcome.done.len() + outcome.failed.len() + outcome.not_started.len();
            let unread = outcome.unread().next().is_some() || outcome.unread_resources().next().is_some();
            let world = world.borrow();
            assert_eq!(unread, world.lost_at.is_some(), "{fault:?}: {outcome:#?}");
            assert!(!unread || ![Exit::Done, Exit::Refused].contains(&outcome.exit()), "{fault:?}: {outcome:#?}");
            // from the moment that something is unread on, nothing is given
            let later = world.lost_at.map_or(&[][..], |calls| &world.calls[calls..]);
            assert!(later.iter().all(|(_, call)| takes(call)), "{fault:?}: {later:#?}");
            assert!(told >= calls || unread || matches!(fault, Fault::Meddled(..)), "{fault:?}: {outcome:#?}");
        }
        {
            let mut world = world.borrow_mut();
            (world.fault, world.stale, world.allowed) = (Fault::None, 0, false);
        }
        apply(approved, &settled(), &world);
        let count = world.borrow().count;
        let twice = apply(approved, &settled(), &world);
        assert!(twice.done.is_empty() && world.borrow().count == count, "{fault:?}: {twice:#?}");
        let left = differs(approved.tree(), &settled(), &world, now());
        // what a guard blocked stays to be done, as without the fault
        assert_eq!(lines(&left.operations), lines(&twice.not_started), "{fault:?}");
        let world = world.borrow();
        assert_eq!(world.held, *end, "{fault:?}");
        let given = held(if matches!(fault, Fault::Meddled(..)) { &MEDDLED } else { &[] });
        for visited in &world.visited {
            let known = |one| start.contains(one) || end.contains(one) || given.contains(one);
            assert!(visited.iter().all(known), "{fault:?}: {visited:?}");
            // one is the minimum of the policy
            assert!(admins(visited) >= admins(start).min(1), "{fault:?}: {visited:?}");
        }
        if !matches!(fault, Fault::Stale(_) | Fault::Meddled(..)) {
            no_mix(&world, start, end);
        }
    }
}

fn takes(call: &targets::Call) -> bool {
    match &call.verb {
        targets::Verb::Revoke => true,
        targets::Verb::Change { previous, .. } => {
            call.kind.rank(&previous.permission) > call.kind.rank(&call.permission)
        }
        targets::Verb::Grant { .. } => false,
    }
}

/// Trees by what they grant, since making one takes longer than applying it.
fn granting(wanted: u8) -> std::rc::Rc<Approved> {
    use std::cell::RefCell;
    use std::rc::Rc;
    thread_local!(static TREES: RefCell<BTreeMap<u8, Rc<Approved>>> = RefCell::default());
    let make = || {
        let chosen = (0..7).filter(|i| wanted & (1 << i) != 0);
        let grants: Vec<_> = chosen.map(|i| grant(WANTED[i].0, WANTED[i].1, WANTED[i].2)).collect();
        Rc::new(tree(&grants))
    };
    TREES.with_borrow_mut(|trees| Rc::clone(trees.entry(wanted).or_insert_with(make)))
}

/// Nobody holds something new together with something that had to go first.
fn no_mix(world: &World, start: &Held, end: &Held) {
    for visited in &world.visited {
        let admin = |live: &Live| (live.kind.administers)(&live.resource, &live.permission);
        let new: Vec<&Live> =
            visited.iter().filter(|one| !start.contains(*one)).map(|(_, live)| live).filter(|l| !admin(l)).collect();
        let old: Vec<&Live> =
            visited.iter().filter(|one| !end.contains(*one)).map(|(_, live)| live).filter(|l| !admin(l)).collect();
        let person = |live: &Live| {
            match live.principal.name() {
                "11" | "alice@globex.example" => "alice",
                "12" | "bob@globex.example" => "bob",
                _ => "other",
            }
            .to_owned()
        };
        let raise = |a: &Live, b: &Live| a.kind == b.kind && a.kind.holds_one();
        for (new, old) in new.iter().flat_map(|new| old.iter().map(move |old| (new, old))) {
            let lowered = new.kind.holds_one()
                && start.iter().any(|(_, was)| {
                    was.principal == new.principal
                        && was.kind == new.kind
                        && was.kind.rank(&was.permission) > new.kind.rank(&new.permission)
                });
            let raised = old.kind.holds_one()
                && end.iter().any(|(_, is)| {
                    is.principal == old.principal
                        && is.kind == old.kind
                        && is.kind.rank(&is.permission) > old.kind.rank(&old.permission)
                });
            assert!(person(new) != person(old) || raise(new, old) || lowered || raised, "{new:?} beside {old:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_crash_point_is_safe_and_a_rerun_converges(wanted in 0_u8..128, live in 0_u8..128) {
        let lines: Vec<&str> = (0..7).filter(|i| live & (1 << i) != 0).map(|i| LIVE[i]).collect();
        check_faults(&granting(wanted), &held(&lines));
    }
}

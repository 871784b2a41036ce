//! Every call may fail, have no effect, or be the last one before a crash.

use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;

use super::super::*;
use super::world::*;
use crate::targets::Live;

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

fn converged(approved: &Approved, start: &Held) -> (Held, usize) {
    let world = world(start.clone(), Fault::None);
    apply(approved, &Past::default(), &world);
    let calls = world.borrow().count;
    let held = world.borrow().held.clone();
    (held, calls)
}

fn check_faults(approved: &Approved, start: &Held) {
    let (end, calls) = converged(approved, start);
    let kinds =
        [Fault::FailBefore, Fault::FailAfter, Fault::CrashBefore, Fault::CrashAfter, Fault::Ignored, Fault::Stale];
    for fault in kinds.iter().flat_map(|fault| (0..calls).map(fault)) {
        let world = world(start.clone(), fault);
        let first = catch_unwind(AssertUnwindSafe(|| apply(approved, &Past::default(), &world)));
        if let Ok(outcome) = &first {
            let told = outcome.done.len() + outcome.failed.len() + outcome.not_started.len();
            assert!(told >= calls, "{fault:?}: {outcome:#?}");
        }
        {
            let mut world = world.borrow_mut();
            (world.fault, world.stale, world.allowed) = (Fault::None, 0, false);
        }
        apply(approved, &Past::default(), &world);
        let world = world.borrow();
        assert_eq!(world.held, end, "{fault:?}");
        for visited in &world.visited {
            assert!(visited.iter().all(|one| start.contains(one) || end.contains(one)), "{fault:?}: {visited:?}");
        }
        if !matches!(fault, Fault::Stale(_)) {
            no_mix(&world, start, &end);
        }
    }
}

/// Nobody holds something new together with something that had to go first.
fn no_mix(world: &World, start: &Held, end: &Held) {
    for visited in &world.visited {
        let admin = |live: &Live| (live.kind.administers)(&live.permission);
        let new: Vec<&Live> =
            visited.iter().filter(|one| !start.contains(*one)).map(|(_, live)| live).filter(|l| !admin(l)).collect();
        let old: Vec<&Live> =
            visited.iter().filter(|one| !end.contains(*one)).map(|(_, live)| live).filter(|l| !admin(l)).collect();
        let person = |live: &Live| {
            match live.principal.as_str() {
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
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_crash_point_is_safe_and_a_rerun_converges(wanted in 0_u8..128, live in 0_u8..128) {
        let chosen = |mask: u8| move |i: &usize| mask & (1 << i) != 0;
        let grants: Vec<_> =
            (0..7).filter(chosen(wanted)).map(|i| grant(WANTED[i].0, WANTED[i].1, WANTED[i].2)).collect();
        let lines: Vec<&str> = (0..7).filter(chosen(live)).map(|i| LIVE[i]).collect();
        check_faults(&tree(&grants), &held(&lines));
    }
}

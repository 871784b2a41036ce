//! Ends that somebody undoes, that nobody carries out, and clocks that are wrong.

use std::cell::Cell;

use super::super::*;
use super::world::*;

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn until(day: &str) -> (String, String) {
    let (path, text) = grant("alice", "writer", "api");
    (path, text.replace("2027-01-15", day))
}

#[test]
fn what_somebody_gives_back_after_its_end_goes_whatever_a_guard_says() {
    let policy = "admins: { minimum: 1 }\nprotected: [\"repository:*:*\", \"account:*:*\"]\n".to_owned();
    let policy = ("policies/p.yaml".to_owned(), policy);
    let over = tree(&[until("2026-11-20"), policy]);
    // the end was carried out, and somebody undid that
    let past = Past { applied: Some((over.tree(), instant("2026-11-22T09:00:00Z"))), ..settled() };
    for given_back in ["push", "admin"] {
        let line = format!("github repository northwind/api {given_back} 11");
        let world = world(held(&[&line, "aws account 111122223333 ReadOnlyAccess alice@globex.example"]), Fault::None);
        let outcome = apply_as(&over, &past, &world, Mode::OnlyEnds, usize::MAX);
        assert_eq!(lines(&outcome.done), [format!("revoke northwind/api {given_back} 11")]);
        assert!(outcome.done[0].because.is_drift(), "{outcome:#?}");
        // what was never declared has no end
        assert_eq!(codes_of(&outcome), ["protected-entitlement"]);
    }
}

#[test]
fn ends_are_overdue_a_day_after_them_where_no_run_came_since() {
    let tree = tree(&[until("2026-11-20")]);
    let report = |last_run: Option<&str>, now: &str| {
        overdue(tree.tree(), last_run.map(instant), instant(now)).map(|refusal| refusal.to_string())
    };
    // the end is 2026-11-21T00:00:00Z
    let (before, after) = (Some("2026-11-20T12:00:00Z"), Some("2026-11-21T00:00:00Z"));
    assert_eq!(report(None, "2026-12-20T00:00:00Z"), None, "nothing was ever applied");
    assert_eq!(report(before, "2026-11-20T23:00:00Z"), None);
    assert_eq!(report(before, "2026-11-22T01:59:59Z"), None);
    assert_eq!(report(after, "2026-12-20T00:00:00Z"), None);
    assert_eq!(
        report(before, "2026-11-22T02:00:00Z").unwrap(),
        "revocation-overdue: one entitlement has ended, and no run has come since to take it away: the last run was at \
         2026-11-20 12:00 +00:00"
    );
}

#[test]
fn with_a_wrong_clock_only_ends_go_on() {
    let tree = tree(&[until("2026-11-20"), grant("bob", "dev", "acct")]);
    let start = held(&["github repository northwind/api push 11"]);
    for (theirs, wrong) in [
        ("2026-11-24T08:58:00Z", false),
        ("2026-11-24T08:57:59Z", true),
        ("2026-11-24T09:02:00Z", false),
        ("2026-11-24T09:02:01Z", true),
    ] {
        for (mode, done) in [(Mode::Full, if wrong { 1 } else { 2 }), (Mode::OnlyEnds, 1)] {
            let world = world(start.clone(), Fault::None);
            world.borrow_mut().clock = Some(instant(theirs));
            let outcome = apply_as(&tree, &settled(), &world, mode, usize::MAX);
            assert_eq!(outcome.done.len(), done, "{theirs} {outcome:#?}");
            assert_eq!(codes_of(&outcome).contains(&"clock-skew"), wrong, "{theirs}");
            assert_eq!(outcome.exit(), if wrong { Exit::Partial } else { Exit::Done });
        }
    }
}

#[test]
fn a_clock_behind_the_proven_time_ends_by_that_and_gives_nothing() {
    let tree = tree(&[until("2026-11-25"), grant("bob", "dev", "acct")]);
    let start = held(&["github repository northwind/api push 11"]);
    // the end is 2026-11-26T00:00:00Z, and our clock says 2026-11-24T09:00:00Z
    for (proven, done, gives) in [
        ("2026-11-24T08:00:00Z", vec!["grant 111122223333 DeveloperAccess bob@globex.example"], true),
        ("2026-11-24T09:04:00Z", vec!["grant 111122223333 DeveloperAccess bob@globex.example"], true),
        ("2026-11-24T09:05:00Z", vec![], false),
        ("2026-11-26T00:00:00Z", vec!["revoke northwind/api push 11"], false),
    ] {
        let world = world(start.clone(), Fault::None);
        let past = Past { proven: Some(instant(proven)), ..settled() };
        let outcome = apply_as(&tree, &past, &world, Mode::Full, usize::MAX);
        assert_eq!(lines(&outcome.done), done, "{proven} {outcome:#?}");
        assert_eq!(codes_of(&outcome), if gives { vec![] } else { vec!["clock-behind"] }, "{proven}");
    }
}

#[test]
fn a_clock_ahead_of_the_targets_ends_nobody_early() {
    let tree = tree(&[until("2026-11-23"), grant("bob", "dev", "acct")]);
    let start = held(&["github repository northwind/api push 11"]);
    // the end is 2026-11-24T00:00:00Z: over by our clock, and by the targets' only an hour later
    for (theirs, done) in [("2026-11-23T23:00:00Z", 0), ("2026-11-24T00:00:00Z", 1)] {
        for mode in [Mode::Full, Mode::OnlyEnds] {
            let world = world(start.clone(), Fault::None);
            world.borrow_mut().clock = Some(instant(theirs));
            let outcome = apply_as(&tree, &settled(), &world, mode, usize::MAX);
            assert_eq!(outcome.done.len(), done, "{theirs} {outcome:#?}");
            assert_eq!(codes_of(&outcome), ["clock-skew", "clock-skew"], "both targets say so");
        }
    }
}

#[test]
fn the_journal_takes_note_of_every_clock_before_anything_is_written() {
    let tree = tree(&[until("2026-11-20")]);
    let world = world(held(&["github repository northwind/api push 11"]), Fault::None);
    world.borrow_mut().clock = Some(instant("2026-11-24T08:59:00Z"));
    let (chain, past) = (chain(&tree), settled());
    let request = Request { approved: &tree, chain: &chain, past: &past, now: now(), mode: Mode::Full, given: false };
    let mut notes = notes(&world);
    let footing = Footing::Whole { lease: &Writes(Cell::new(9)), journal: &mut notes };
    run(&request, &mut targets(&world), footing, &Patient::default());
    let told: Vec<String> =
        notes.told.iter().map(|one| format!("{} {} {}", one.target, one.theirs, one.ours)).collect();
    let both = ["aws", "github"].map(|target| format!("{target} 2026-11-24T08:59:00Z 2026-11-24T09:00:00Z"));
    assert_eq!(told, both);
}

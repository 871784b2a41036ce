use std::cell::Cell;

use super::*;
use crate::approval::{Landing, Verdict};
use crate::plan::operations::Verb;
use crate::repository::Oid;
use crate::targets::{self, KINDS};

mod ends;
mod fake;
mod faults;
mod first_run;
mod guarded;
mod live;
mod memory;
mod numbers;
mod partial;
mod reasons;
mod stops;
mod world;

use world::*;

#[test]
fn takes_from_all_targets_before_it_gives_and_is_done_once() {
    let approved = tree(&[grant("alice", "writer", "api"), grant("bob", "dev", "acct"), grant("alice", "dev", "acct")]);
    let world = world(
        held(&[
            "github repository northwind/api admin 12",
            "aws account 111122223333 ReadOnlyAccess alice@globex.example",
            "github repository northwind/api admin 99",
        ]),
        Fault::None,
    );
    let outcome = apply(&approved, &settled(), &world);
    assert_eq!(outcome.exit(), Exit::Done, "{outcome:#?}");
    assert_eq!(outcome.done.len(), 5);
    let verbs: Vec<bool> = world.borrow().calls.iter().map(|(_, call)| call.verb == targets::Verb::Revoke).collect();
    assert_eq!(verbs, [true, true, false, false, false]);
    assert!(world.borrow().held.iter().any(|(_, live)| live.principal.name() == "99"), "unknown principals stay");
    let again = apply(&approved, &settled(), &world);
    assert!(again.is_superseded() && again.done.is_empty() && again.exit() == Exit::Done, "{again:#?}");
    let found = differs(approved.tree(), &settled(), &world, now());
    assert_eq!((found.operations.len(), found.unmanaged.len()), (0, 1));
}

#[test]
fn a_failed_revoke_blocks_what_that_person_would_gain_only() {
    let approved = tree(&[grant("alice", "dev", "acct"), grant("bob", "dev", "acct")]);
    let world = world(held(&["github repository northwind/api push 11"]), Fault::Account("11"));
    let outcome = apply(&approved, &settled(), &world);
    assert_eq!(outcome.exit(), Exit::Partial);
    assert_eq!(lines(&outcome.done), ["grant 111122223333 DeveloperAccess bob@globex.example"]);
    assert_eq!(lines(&outcome.not_started), ["grant 111122223333 DeveloperAccess alice@globex.example"]);
    assert!(outcome.failed[0].1.contains("the line broke"), "{outcome:#?}");
}

#[test]
fn a_failed_grant_blocks_no_revoke_and_success_without_effect_is_drift() {
    let files = [grant("alice", "writer", "api"), grant("bob", "dev", "acct")];
    let start = || held(&["aws account 111122223333 ReadOnlyAccess alice@globex.example"]);
    let approved = tree(&files);
    let failing = world(start(), Fault::Account("11"));
    let outcome = apply(&approved, &settled(), &failing);
    assert_eq!((outcome.done.len(), outcome.failed.len(), outcome.exit()), (2, 1, Exit::Partial));
    for (_, live) in failing.borrow().held.iter() {
        assert_eq!(live.principal.name(), "bob@globex.example");
    }
    // the first try of a call has no effect, the next round repairs it
    assert_eq!(apply(&approved, &settled(), &world(start(), Fault::Ignored("aws", 0))).exit(), Exit::Done);
    let deaf = apply(&approved, &settled(), &world(start(), Fault::Deaf));
    assert_eq!(deaf.exit(), Exit::Partial);
    assert_eq!(lines(&deaf.not_started), ["grant northwind/api push 11"], "alice still holds what had to go");
    let failed: Vec<(String, &str)> =
        deaf.failed.iter().map(|(one, said)| (lines(std::slice::from_ref(one)).concat(), &said[..16])).collect();
    let drift = |line: &str| (line.to_owned(), "post-apply-drift");
    assert_eq!(
        failed,
        [
            drift("revoke 111122223333 ReadOnlyAccess alice@globex.example"),
            drift("grant 111122223333 DeveloperAccess bob@globex.example")
        ]
    );
    assert_eq!(lines(&deaf.done), Vec::<String>::new());
}

#[test]
fn what_cannot_be_read_is_not_written() {
    let approved = tree(&[grant("bob", "dev", "acct")]);
    let start = held(&["github repository northwind/api push 11"]);
    let blind = world(start.clone(), Fault::Unreadable("aws"));
    assert!(!drifts(approved.tree(), &settled(), &blind, now()).is_whole());
    for mode in [Mode::Full, Mode::OnlyEnds] {
        let blind = world(start.clone(), Fault::Unreadable("aws"));
        let outcome = apply_as(&approved, &settled(), &blind, mode, usize::MAX);
        assert_eq!((codes_of(&outcome), outcome.exit()), (vec!["live-read-incomplete"], Exit::Partial));
        assert_eq!(lines(&outcome.done), ["revoke northwind/api push 11"]);
        assert_eq!((lines(&outcome.not_started), blind.borrow().calls.len()), (Vec::new(), 1));
        let [github, aws] = ["github", "aws"].map(|id| BTreeSet::from([TargetId::parse(id).unwrap()]));
        let only_took = mode == Mode::OnlyEnds;
        let unread_resources = BTreeSet::new();
        let extent = Extent::Reduced { only_took, read: github, unread: aws, unread_resources, logged: true };
        assert_eq!(outcome.extent, extent);
        let again = apply_as(&approved, &settled(), &blind, mode, usize::MAX);
        assert_eq!((again.done.len(), again.exit()), (0, Exit::Unjudged));
    }
}

#[test]
fn a_lost_lease_stops_writes() {
    let approved = tree(&[grant("alice", "writer", "api"), grant("bob", "dev", "acct"), grant("alice", "dev", "acct")]);
    for writes in 0..3 {
        let world = world(Held::new(), Fault::None);
        let outcome = apply_as(&approved, &settled(), &world, Mode::Full, writes);
        assert_eq!((outcome.done.len(), outcome.not_started.len()), (writes, 3 - writes));
        assert_eq!(world.borrow().calls.len(), writes);
        assert_eq!((outcome.exit(), outcome.is_logged()), (Exit::Partial, false));
        assert!(lost(&outcome));
    }
}

#[test]
fn without_lease_or_log_only_ends_go_on() {
    let approved = tree(&[grant("bob", "dev", "acct")]);
    let chain = chain(&approved);
    let past = settled();
    let refusal = || Refusal::new(&codes::LOCK_HELD, "lease 3 is held", "wait");
    for (mode, calls, exit) in [(Mode::Full, 1, Exit::Partial), (Mode::OnlyEnds, 1, Exit::Partial)] {
        let world = world(held(&["github repository northwind/api push 11"]), Fault::None);
        world.borrow_mut().allowed = true;
        let request = Request { approved: &approved, chain: &chain, past: &past, now: now(), mode, given: false };
        let footing = Footing::EndsOnly { lease: None, why: vec![refusal()] };
        let outcome = run(&request, &mut targets(&world), footing, &Patient::default());
        assert_eq!((world.borrow().calls.len(), outcome.exit()), (calls, exit));
        assert_eq!(codes_of(&outcome), ["lock-held"]);
    }
    let waiting = world(Held::new(), Fault::None);
    let outcome = apply_as(&approved, &past, &waiting, Mode::OnlyEnds, usize::MAX);
    assert_eq!((outcome.is_superseded(), outcome.exit()), (false, Exit::Done), "the grant is left for a full run");
    let broken = world(held(&["github repository northwind/api push 11"]), Fault::None);
    let request =
        Request { approved: &approved, chain: &chain, past: &past, now: now(), mode: Mode::Full, given: false };
    let mut notes = Notes { broken: true, ..notes(&broken) };
    let outcome = run(
        &request,
        &mut targets(&broken),
        Footing::Whole { lease: &Writes(Cell::new(9)), journal: &mut notes },
        &Patient::default(),
    );
    assert_eq!((broken.borrow().calls.len(), outcome.not_started.len(), outcome.exit()), (0, 2, Exit::Partial));
}

#[test]
fn refused_landings_wait_and_are_named() {
    let approved = tree(&[]);
    let refusal = Refusal::new(&codes::LOCK_HELD, "x", "y");
    let landing = Landing {
        base: approved.commit(),
        commit: Oid::of_blob(b"bad"),
        verdict: Verdict::Refused,
        head: None,
        approvals: Vec::new(),
        authors: Vec::new(),
        digest: None,
        statements: Vec::new(),
        pull: None,
        refusals: vec![refusal.clone(), refusal],
        notes: Vec::new(),
        recorded: false,
        kept: true,
    };
    let chain = Chain { landings: vec![landing], ..chain(&approved) };
    let past = settled();
    let request =
        Request { approved: &approved, chain: &chain, past: &past, now: now(), mode: Mode::Full, given: false };
    let world = world(held(&["github repository northwind/api push 11"]), Fault::None);
    for done in [1, 0] {
        let mut notes = notes(&world);
        let outcome = run(
            &request,
            &mut targets(&world),
            Footing::Whole { lease: &Writes(Cell::new(9)), journal: &mut notes },
            &Patient::default(),
        );
        assert_eq!(
            outcome.waiting,
            [Waiting { landing: Oid::of_blob(b"bad"), codes: vec!["lock-held"], behind: None }]
        );
        assert_eq!((outcome.done.len(), outcome.is_superseded(), outcome.exit()), (done, false, Exit::Refused));
    }
}

#[test]
fn guards_keep_admins_and_what_is_protected() {
    let owner = |person| format!("github membership northwind admin {person}");
    let (priya, tom) = (owner("1"), owner("2"));
    let applied = tree(&[grant("tom", "owner", "org"), grant("priya", "owner", "org")]);
    let past = Past { applied: Some((applied.tree(), now())), ..settled() };
    // one of two may go, both may not; what else was to be done waits, too
    let one = tree(&[grant("tom", "owner", "org")]);
    let both = world(held(&[&priya, &tom]), Fault::None);
    assert_eq!(lines(&apply(&one, &past, &both).done), ["revoke northwind admin 1"]);
    let none = tree(&[grant("bob", "dev", "acct")]);
    let outcome = apply(&none, &past, &both);
    assert_eq!((codes_of(&outcome), outcome.exit()), (vec!["too-few-admins"], Exit::Refused));
    assert_eq!(
        lines(&outcome.not_started),
        ["grant 111122223333 DeveloperAccess bob@globex.example", "revoke northwind admin 2"]
    );
    // a new admin comes before the old one goes
    let swapped = world(held(&[&priya]), Fault::None);
    assert_eq!(apply(&one, &past, &swapped).exit(), Exit::Done);
    let verbs: Vec<Verb> = swapped
        .borrow()
        .calls
        .iter()
        .map(|(_, call)| match call.verb {
            targets::Verb::Revoke => Verb::Revoke,
            targets::Verb::Grant { .. } | targets::Verb::Change { .. } => Verb::Grant,
        })
        .collect();
    assert_eq!(verbs, [Verb::Grant, Verb::Revoke]);
    let failing = world(held(&[&priya]), Fault::Account("2"));
    let outcome = apply(&one, &past, &failing);
    assert_eq!((outcome.failed.len(), lines(&outcome.not_started)), (1, vec!["revoke northwind admin 1".to_owned()]));
    // an end is never blocked
    let ended = ("people/priya.yaml".to_owned(), employee("priya", 1).1 + "ended: 2026-11-20\n");
    let gone = tree(&[ended]);
    assert_eq!(apply(&gone, &past, &world(held(&[&priya]), Fault::None)).exit(), Exit::Done);
    let glass = world(held(&["aws account 111122223333 BreakGlass alice@globex.example"]), Fault::None);
    let outcome = apply(&none, &settled(), &glass);
    assert_eq!((codes_of(&outcome), outcome.exit()), (vec!["protected-entitlement"], Exit::Partial));
    assert_eq!(lines(&outcome.done), ["grant 111122223333 DeveloperAccess bob@globex.example"]);
}

#[test]
fn required_admins_and_the_own_identity_stay() {
    let policy = |text: &str| ("policies/p.yaml".to_owned(), text.to_owned());
    let required = tree(&[grant("tom", "owner", "org"), policy("admins: { minimum: 1, required: [priya] }\n")]);
    let applied = tree(&[grant("tom", "owner", "org"), grant("priya", "owner", "org")]);
    let past = Past { applied: Some((applied.tree(), now())), ..settled() };
    let both = held(&["github membership northwind admin 1", "github membership northwind admin 2"]);
    let outcome = apply(&required, &past, &world(both, Fault::None));
    assert_eq!((codes_of(&outcome), outcome.exit()), (vec!["required-admin"], Exit::Refused));
    let approved = tree(&[grant("bob", "dev", "acct")]);
    let world = world(held(&["github repository northwind/api push 11"]), Fault::None);
    let chain = chain(&approved);
    let past = settled();
    let request =
        Request { approved: &approved, chain: &chain, past: &past, now: now(), mode: Mode::Full, given: false };
    world.borrow_mut().own = Some(("github", "11"));
    let outcome = run(
        &request,
        &mut targets(&world),
        Footing::Whole { lease: &Writes(Cell::new(9)), journal: &mut notes(&world) },
        &Patient::default(),
    );
    assert_eq!((codes_of(&outcome), outcome.done.len()), (vec!["own-identity"], 1));
}

#[test]
fn an_empty_tree_takes_nothing_from_several_people_but_ends() {
    let start = || {
        held(&["github repository northwind/api push 11", "aws account 111122223333 ReadOnlyAccess bob@globex.example"])
    };
    let outcome = apply(&tree(&[]), &settled(), &world(start(), Fault::None));
    assert_eq!((codes_of(&outcome), outcome.exit()), (vec!["empty-desired-state"], Exit::Refused));
    let over = tree(&[contractor("alice", 11, "2026-11-10"), contractor("bob", 12, "2026-11-10")]);
    assert_eq!(apply(&over, &settled(), &world(start(), Fault::None)).exit(), Exit::Done);
    let last = world(held(&["github repository northwind/api push 11"]), Fault::None);
    assert_eq!(apply(&tree(&[]), &settled(), &last).exit(), Exit::Done);
}

#[test]
fn what_was_given_is_taken_back_though_no_tree_names_it_any_more() {
    let applied = tree(&[]);
    let given = |principal: &str, permission: &str| Given {
        target: TargetId::parse("github").unwrap(),
        kind: KINDS.get("repository").unwrap(),
        resource: "northwind/old".to_owned(),
        account: crate::access::AccountMark::of(principal),
        permission: permission.to_owned(),
        conditions: crate::access::Conditions::NONE,
    };
    let past = Past {
        applied: Some((applied.tree(), now())),
        accounts: BTreeMap::from([(
            (TargetId::parse("github").unwrap(), crate::access::AccountMark::of("2")),
            PersonId::parse("tom").unwrap(),
        )]),
        given: [given("2", "push"), given("77", "push")].into(),
        ..settled()
    };
    let start = held(&[
        "github repository northwind/old push 2",
        "github repository northwind/old push 77",
        "github repository northwind/old push 78",
        "github repository northwind/api push 2",
    ]);
    let approved = tree(&[grant("bob", "dev", "acct")]);
    let world = world(start, Fault::None);
    let outcome = apply(&approved, &past, &world);
    assert_eq!(
        lines(&outcome.done),
        [
            "grant 111122223333 DeveloperAccess bob@globex.example",
            "revoke northwind/old push 2",
            "revoke northwind/old push 77"
        ]
    );
    assert!(world.borrow().held.iter().any(|(_, live)| live.resource == "northwind/api"), "what tom holds beside it");
}

#[test]
fn the_end_of_the_higher_of_two_grants_is_an_end() {
    let (path, text) = grant("alice", "writer", "api");
    let over = (path, text.replace("2027-01-15", "2026-11-20"));
    let approved = tree(&[over, grant("alice", "reader", "api")]);
    let applied = Past { applied: Some((approved.tree(), "2026-11-19T09:00:00Z".parse().unwrap())), ..settled() };
    let world = world(held(&["github repository northwind/api push 11"]), Fault::None);
    let outcome = apply_as(&approved, &applied, &world, Mode::OnlyEnds, usize::MAX);
    assert_eq!(lines(&outcome.done), ["change northwind/api pull 11"]);
    assert_eq!(outcome.done[0].because.to_string(), "end: grant alice-writer-api ended 2026-11-20");
}

#[test]
fn codes_are_sorted_and_explained() {
    assert!(codes::CODES.is_sorted_by_key(|code| code.id));
    assert!(codes::CODES.iter().all(|code| code.why.ends_with('.') && code.instead.ends_with('.')));
    assert_eq!([Exit::Done, Exit::Refused, Exit::Partial, Exit::Unjudged].map(Exit::code), [0, 3, 4, 5]);
}

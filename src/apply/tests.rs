use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use proptest::prelude::*;

use super::*;
use crate::access::ParseCache;
use crate::approval::{Landing, Verdict};
use crate::plan::operations::Verb;
use crate::repository::testing::Sandbox as Folder;
use crate::repository::{Repository, Snapshot};
use crate::targets::{self, Call, KINDS, Live, Scope, TargetError};

const CONFIG: &str = "version: 1
organization: northwind
timezone: Europe/London
targets:
  aws: { type: sandbox, as: aws }
  github: { type: sandbox, as: github }
approval: { evidence: signatures, branch: main }
audit: { ref: refs/dualkey/audit, key: \"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\" }
";

const NOW: &str = "2026-11-24T09:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn employee(id: &str, number: u32) -> (String, String) {
    let text = format!(
        "name: {id}\ntype: employee\naccounts:\n  github: {{ login: {id}, id: {number} }}\n  aws: {id}@northwind.example\n"
    );
    (format!("people/{id}.yaml"), text)
}

fn contractor(id: &str, number: u32, until: &str) -> (String, String) {
    let text = format!(
        "name: {id}\ntype: contractor\nvendor: globex\nsponsor: priya\nengagement: {{ from: 2026-11-01, until: {until} }}\n\
         accounts:\n  github: {{ login: {id}, id: {number} }}\n  aws: {id}@globex.example\n"
    );
    (format!("people/{id}.yaml"), text)
}

/// A grant of a role to a person on one resource.
fn grant(person: &str, role: &str, resource: &str) -> (String, String) {
    let until = if ["priya", "tom"].contains(&person) { "" } else { "until: 2027-01-15\n" };
    let text =
        format!("to: [{person}]\nrole: {role}\ndomain: payments\nresources: [{resource}]\n{until}reason: work\n");
    (format!("grants/{person}-{role}-{resource}.yaml"), text)
}

fn base() -> Vec<(String, String)> {
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let role = |id: &str, entitlement: &str| {
        let text = format!("title: {id}\nrisk: standard\ncontractors: allowed\nentitlements:\n  {entitlement}\n");
        (format!("roles/{id}.yaml"), text)
    };
    vec![
        file("dualkey.yaml", CONFIG),
        file("vendors/globex.yaml", "name: G\nsponsor: priya\ncontract: { from: 2026-10-01, until: 2027-03-31 }\n"),
        employee("priya", 1),
        employee("tom", 2),
        contractor("alice", 11, "2027-01-31"),
        contractor("bob", 12, "2027-01-31"),
        file(
            "domains/payments.yaml",
            "title: P\nenvironment: staging\nowners: [priya]\ncontractors: allowed\nresources:\n\
             \u{20} api: { repository: northwind/api }\n\
             \u{20} org: { membership: northwind }\n\
             \u{20} acct: { account: \"111122223333\" }\n",
        ),
        role("reader", "repository: pull"),
        role("writer", "repository: push"),
        role("dev", "account: DeveloperAccess"),
        role("audit", "account: ReadOnlyAccess"),
        role("owner", "membership: admin"),
        file("policies/p.yaml", "admins: { minimum: 1 }\nprotected: [\"account:*:BreakGlass\"]\n"),
    ]
}

/// The base with more files; an empty text takes one away.
fn tree(more: &[(String, String)]) -> Approved {
    thread_local!(static FOLDER: (Folder, Repository) = {
        let folder = Folder::new();
        let repository = folder.open();
        (folder, repository)
    });
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (path, text) in base().into_iter().chain(more.iter().cloned()) {
        files.insert(path, text.into_bytes());
    }
    files.retain(|_, text| !text.is_empty());
    FOLDER.with(|(_, repository)| {
        let commit = repository.write_commit(&files, &[], "tree", 0).unwrap();
        let snapshot = Snapshot::of_commit(repository, commit).unwrap();
        let revision = Revision::load(&snapshot, KINDS, &mut ParseCache::default()).unwrap();
        assert!(!revision.is_misread(), "{:#?}", revision.reading);
        Approved::for_test(revision, commit)
    })
}

/// What goes wrong with the k-th call, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    FailBefore(usize),
    FailAfter(usize),
    CrashBefore(usize),
    CrashAfter(usize),
    /// This many reads answer what was live one call before.
    Stale(usize),
    /// The call says that it went well.
    Ignored(usize),
    /// Every call about this account fails.
    Account(&'static str),
    Unreadable(&'static str),
    /// No call has an effect, and all say that they went well.
    Deaf,
}

type Held = BTreeSet<(TargetId, Live)>;

#[derive(Debug)]
struct World {
    held: Held,
    before_last: Held,
    calls: Vec<(TargetId, Call)>,
    visited: Vec<Held>,
    fault: Fault,
    stale: usize,
    count: usize,
    /// Asked at each call whether it may be made.
    allowed: bool,
}

type Shared = Rc<RefCell<World>>;

struct Fake(TargetId, Shared);

struct Crash;

impl Reader for Fake {
    fn read(&self, scope: &Scope) -> Result<Vec<Live>, TargetError> {
        let mut world = self.1.borrow_mut();
        if world.fault == Fault::Unreadable("aws") && self.0.as_str() == "aws" {
            return Err(TargetError::LiveReadIncomplete { target: "aws".into(), why: "page 2 did not arrive".into() });
        }
        let stale = !world.calls.is_empty() && world.stale > 0;
        world.stale = world.stale.saturating_sub(usize::from(stale));
        let held = if stale { &world.before_last } else { &world.held };
        let here = held.iter().filter(|(target, live)| *target == self.0 && scope.contains(live.kind, &live.resource));
        Ok(here.map(|(_, live)| live.clone()).collect())
    }
}

impl Writer for Fake {
    fn perform(&mut self, call: &Call) -> Result<(), TargetError> {
        let mut world = self.1.borrow_mut();
        let failed = || TargetError::LiveReadIncomplete { target: self.0.to_string(), why: "the line broke".into() };
        assert!(world.allowed, "a write without lease or intent: {call:?}");
        let k = world.count;
        world.count += 1;
        match world.fault {
            Fault::FailBefore(at) if at == k => return Err(failed()),
            Fault::Account(account) if account == call.principal => return Err(failed()),
            Fault::CrashBefore(at) if at == k => {
                drop(world);
                resume_unwind(Box::new(Crash))
            }
            _ => {}
        }
        world.calls.push((self.0.clone(), call.clone()));
        if world.fault == Fault::Ignored(k) || world.fault == Fault::Deaf {
            return Ok(());
        }
        world.before_last = world.held.clone();
        let same =
            |live: &Live| live.kind == call.kind && live.resource == call.resource && live.principal == call.principal;
        let replaced = |live: &Live| match &call.verb {
            targets::Verb::Change { previous, .. } => {
                live.permission == *previous || live.permission == call.permission
            }
            targets::Verb::Grant { .. } | targets::Verb::Revoke => live.permission == call.permission,
        };
        let target = self.0.clone();
        world.held.retain(|(at, live)| !(*at == target && same(live) && (call.kind.holds_one() || replaced(live))));
        if call.verb != targets::Verb::Revoke {
            world.held.insert((target, live(call.kind, &call.resource, &call.permission, &call.principal)));
        }
        let now = world.held.clone();
        world.visited.push(now);
        match world.fault {
            Fault::FailAfter(at) if at == k => Err(failed()),
            Fault::CrashAfter(at) if at == k => {
                drop(world);
                resume_unwind(Box::new(Crash))
            }
            _ => Ok(()),
        }
    }
}

fn live(kind: &'static Kind, resource: &str, permission: &str, principal: &str) -> Live {
    Live {
        kind,
        resource: resource.to_owned(),
        permission: permission.to_owned(),
        principal: principal.to_owned(),
        until: None,
    }
}

/// `TARGET KIND RESOURCE PERMISSION PRINCIPAL` a line.
fn held(lines: &[&str]) -> Held {
    let one = |line: &&str| {
        let words: Vec<&str> = line.split(' ').collect();
        (TargetId::parse(words[0]).unwrap(), live(KINDS.get(words[1]).unwrap(), words[2], words[3], words[4]))
    };
    lines.iter().map(one).collect()
}

fn world(held: Held, fault: Fault) -> Shared {
    let stale = if let Fault::Stale(reads) = fault { reads } else { 0 };
    Rc::new(RefCell::new(World {
        before_last: held.clone(),
        held,
        calls: Vec::new(),
        visited: Vec::new(),
        fault,
        stale,
        count: 0,
        allowed: false,
    }))
}

fn targets(world: &Shared) -> Targets {
    let ids = ["aws", "github"].map(|id| TargetId::parse(id).unwrap());
    let fake = |id: &TargetId| Fake(id.clone(), Rc::clone(world));
    Targets {
        readers: ids.iter().map(|id| (id.clone(), Box::new(fake(id)) as Box<dyn Reader>)).collect(),
        writers: ids.iter().map(|id| (id.clone(), Box::new(fake(id)) as Box<dyn Writer>)).collect(),
        own: BTreeMap::new(),
    }
}

/// A journal in memory, which opens the world to writes by what it was told.
struct Notes {
    world: Shared,
    intents: Vec<Vec<Operation>>,
    results: usize,
    broken: bool,
}

impl Journal for Notes {
    fn pending(&self) -> bool {
        false
    }

    fn intend(&mut self, operations: &[Operation]) -> Result<(), Refusal> {
        if self.broken {
            return Err(Refusal::new(&codes::LEASE_LOST, "somebody else wrote the log", "run again"));
        }
        self.intents.push(operations.to_vec());
        self.world.borrow_mut().allowed = true;
        Ok(())
    }

    fn conclude(&mut self, _: &Outcome) -> Result<(), Refusal> {
        self.results += 1;
        Ok(())
    }
}

/// A lease that holds for so many writes.
struct Held4(Cell<usize>);

impl Hold for Held4 {
    fn check(&self) -> Result<(), Refusal> {
        match self.0.get().checked_sub(1) {
            Some(left) => {
                self.0.set(left);
                Ok(())
            }
            None => Err(Refusal::new(&codes::LEASE_LOST, "lease 1 was taken over", "run again")),
        }
    }
}

fn chain(approved: &Approved) -> Chain {
    Chain { tip: approved.commit(), landings: Vec::new(), last: approved.commit() }
}

fn notes(world: &Shared) -> Notes {
    Notes { world: Rc::clone(world), intents: Vec::new(), results: 0, broken: false }
}

fn apply(approved: &Approved, past: &Past<'_>, world: &Shared) -> Outcome {
    apply_as(approved, past, world, Mode::Full, usize::MAX)
}

fn apply_as(approved: &Approved, past: &Past<'_>, world: &Shared, mode: Mode, writes: usize) -> Outcome {
    let chain = chain(approved);
    let request = Request { approved, chain: &chain, past, now: now(), mode };
    let mut notes = notes(world);
    let outcome = run(&request, &mut targets(world), Ok(&mut notes), Ok(&Held4(Cell::new(writes))));
    world.borrow_mut().allowed = false;
    assert_eq!(notes.results, usize::from(!notes.intents.is_empty() && !lost(&outcome)));
    outcome
}

fn lost(outcome: &Outcome) -> bool {
    outcome.refusals.iter().any(|refusal| refusal.code.id == "lease-lost")
}

fn codes_of(outcome: &Outcome) -> Vec<&'static str> {
    outcome.refusals.iter().map(|refusal| refusal.code.id).collect()
}

fn lines(operations: &[Operation]) -> Vec<String> {
    let line = |o: &Operation| format!("{} {} {} {}", o.verb.as_str(), o.resource, o.permission, o.principal);
    operations.iter().map(line).collect()
}

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
    let outcome = apply(&approved, &Past::default(), &world);
    assert_eq!(outcome.exit(), Exit::Done, "{outcome:#?}");
    assert_eq!(outcome.done.len(), 5);
    let verbs: Vec<bool> = world.borrow().calls.iter().map(|(_, call)| call.verb == targets::Verb::Revoke).collect();
    assert_eq!(verbs, [true, true, false, false, false]);
    assert!(world.borrow().held.iter().any(|(_, live)| live.principal == "99"), "unknown principals stay");
    let again = apply(&approved, &Past::default(), &world);
    assert!(again.superseded && again.done.is_empty() && again.exit() == Exit::Done, "{again:#?}");
    let found = drift(approved.tree(), &Past::default(), &targets(&world).readers, now()).unwrap();
    assert_eq!((found.operations.len(), found.unmanaged.len()), (0, 1));
}

#[test]
fn a_failed_revoke_blocks_what_that_person_would_gain_only() {
    let approved = tree(&[grant("alice", "dev", "acct"), grant("bob", "dev", "acct")]);
    let world = world(held(&["github repository northwind/api push 11"]), Fault::Account("11"));
    let outcome = apply(&approved, &Past::default(), &world);
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
    let outcome = apply(&approved, &Past::default(), &failing);
    assert_eq!((outcome.done.len(), outcome.failed.len(), outcome.exit()), (2, 1, Exit::Partial));
    for (_, live) in failing.borrow().held.iter() {
        assert_eq!(live.principal, "bob@globex.example");
    }
    // the first try of a call has no effect, the next round repairs it
    assert_eq!(apply(&approved, &Past::default(), &world(start(), Fault::Ignored(0))).exit(), Exit::Done);
    let deaf = apply(&approved, &Past::default(), &world(start(), Fault::Deaf));
    assert_eq!(deaf.exit(), Exit::Partial);
    assert_eq!(lines(&deaf.not_started), ["grant northwind/api push 11"], "alice still holds what had to go");
    assert!(deaf.failed.iter().all(|(_, said)| said.starts_with("post-apply-drift")), "{deaf:#?}");
}

#[test]
fn what_cannot_be_read_is_not_written() {
    let approved = tree(&[grant("bob", "dev", "acct")]);
    let start = held(&["github repository northwind/api push 11"]);
    let blind = world(start.clone(), Fault::Unreadable("aws"));
    let outcome = apply(&approved, &Past::default(), &blind);
    assert_eq!((codes_of(&outcome), outcome.exit()), (vec!["live-read-incomplete"], Exit::Unjudged));
    assert!(
        blind.borrow().calls.is_empty()
            && drift(approved.tree(), &Past::default(), &targets(&blind).readers, now()).is_err()
    );
    let ends = apply_as(&approved, &Past::default(), &blind, Mode::OnlyEnds, usize::MAX);
    assert_eq!((lines(&ends.done), ends.exit()), (vec!["revoke northwind/api push 11".to_owned()], Exit::Partial));
}

#[test]
fn a_lost_lease_stops_writes() {
    let approved = tree(&[grant("alice", "writer", "api"), grant("bob", "dev", "acct"), grant("alice", "dev", "acct")]);
    for writes in 0..3 {
        let world = world(Held::new(), Fault::None);
        let outcome = apply_as(&approved, &Past::default(), &world, Mode::Full, writes);
        assert_eq!((outcome.done.len(), outcome.not_started.len()), (writes, 3 - writes));
        assert_eq!(world.borrow().calls.len(), writes);
        assert_eq!(outcome.exit(), if writes == 0 { Exit::Refused } else { Exit::Partial });
        assert!(lost(&outcome));
    }
}

#[test]
fn without_lease_or_log_only_ends_go_on() {
    let approved = tree(&[grant("bob", "dev", "acct")]);
    let chain = chain(&approved);
    let past = Past::default();
    let refusal = || Refusal::new(&codes::LOCK_HELD, "lease 3 is held", "wait");
    for (mode, calls, exit) in [(Mode::Full, 0, Exit::Refused), (Mode::OnlyEnds, 1, Exit::Partial)] {
        let world = world(held(&["github repository northwind/api push 11"]), Fault::None);
        world.borrow_mut().allowed = true;
        let request = Request { approved: &approved, chain: &chain, past: &past, now: now(), mode };
        let outcome = run(&request, &mut targets(&world), Err(refusal()), Err(refusal()));
        assert_eq!((world.borrow().calls.len(), outcome.exit()), (calls, exit));
        assert_eq!(codes_of(&outcome), ["lock-held"]);
    }
    let broken = world(held(&["github repository northwind/api push 11"]), Fault::None);
    let request = Request { approved: &approved, chain: &chain, past: &past, now: now(), mode: Mode::Full };
    let mut notes = Notes { broken: true, ..notes(&broken) };
    let outcome = run(&request, &mut targets(&broken), Ok(&mut notes), Ok(&Held4(Cell::new(9))));
    assert_eq!((broken.borrow().calls.len(), outcome.not_started.len(), outcome.exit()), (0, 2, Exit::Refused));
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
        refusals: vec![refusal.clone(), refusal],
        notes: Vec::new(),
        recorded: false,
    };
    let chain = Chain { landings: vec![landing], ..chain(&approved) };
    let past = Past::default();
    let request = Request { approved: &approved, chain: &chain, past: &past, now: now(), mode: Mode::Full };
    let world = world(held(&["github repository northwind/api push 11"]), Fault::None);
    for done in [1, 0] {
        let mut notes = notes(&world);
        let outcome = run(&request, &mut targets(&world), Ok(&mut notes), Ok(&Held4(Cell::new(9))));
        assert_eq!(outcome.waiting, [Waiting { landing: Oid::of_blob(b"bad"), codes: vec!["lock-held"] }]);
        assert_eq!((outcome.done.len(), outcome.superseded, outcome.exit()), (done, false, Exit::Refused));
    }
}

#[test]
fn guards_keep_admins_and_what_is_protected() {
    let owner = |person| format!("github membership northwind admin {person}");
    let (priya, tom) = (owner("1"), owner("2"));
    let applied = tree(&[grant("tom", "owner", "org"), grant("priya", "owner", "org")]);
    let past = Past { applied: Some((applied.tree(), now())), ..Past::default() };
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
    let outcome = apply(&none, &Past::default(), &glass);
    assert_eq!((codes_of(&outcome), outcome.exit()), (vec!["protected-entitlement"], Exit::Partial));
    assert_eq!(lines(&outcome.done), ["grant 111122223333 DeveloperAccess bob@globex.example"]);
}

#[test]
fn required_admins_and_the_own_identity_stay() {
    let policy = |text: &str| ("policies/p.yaml".to_owned(), text.to_owned());
    let required = tree(&[grant("tom", "owner", "org"), policy("admins: { minimum: 1, required: [priya] }\n")]);
    let applied = tree(&[grant("tom", "owner", "org"), grant("priya", "owner", "org")]);
    let past = Past { applied: Some((applied.tree(), now())), ..Past::default() };
    let both = held(&["github membership northwind admin 1", "github membership northwind admin 2"]);
    let outcome = apply(&required, &past, &world(both, Fault::None));
    assert_eq!((codes_of(&outcome), outcome.exit()), (vec!["required-admin"], Exit::Refused));
    let approved = tree(&[grant("bob", "dev", "acct")]);
    let world = world(held(&["github repository northwind/api push 11"]), Fault::None);
    let chain = chain(&approved);
    let past = Past::default();
    let request = Request { approved: &approved, chain: &chain, past: &past, now: now(), mode: Mode::Full };
    let mut systems = targets(&world);
    systems.own.insert(TargetId::parse("github").unwrap(), "11".to_owned());
    let outcome = run(&request, &mut systems, Ok(&mut notes(&world)), Ok(&Held4(Cell::new(9))));
    assert_eq!((codes_of(&outcome), outcome.done.len()), (vec!["own-identity"], 1));
}

#[test]
fn an_empty_tree_takes_nothing_from_several_people_but_ends() {
    let start = || {
        held(&["github repository northwind/api push 11", "aws account 111122223333 ReadOnlyAccess bob@globex.example"])
    };
    let outcome = apply(&tree(&[]), &Past::default(), &world(start(), Fault::None));
    assert_eq!((codes_of(&outcome), outcome.exit()), (vec!["empty-desired-state"], Exit::Refused));
    let over = tree(&[contractor("alice", 11, "2026-11-10"), contractor("bob", 12, "2026-11-10")]);
    assert_eq!(apply(&over, &Past::default(), &world(start(), Fault::None)).exit(), Exit::Done);
    let last = world(held(&["github repository northwind/api push 11"]), Fault::None);
    assert_eq!(apply(&tree(&[]), &Past::default(), &last).exit(), Exit::Done);
}

#[test]
fn what_was_given_is_taken_back_though_no_tree_names_it_any_more() {
    let applied = tree(&[]);
    let given = |principal: &str, permission: &str| Given {
        target: TargetId::parse("github").unwrap(),
        kind: KINDS.get("repository").unwrap(),
        resource: "northwind/old".to_owned(),
        principal: principal.to_owned(),
        permission: permission.to_owned(),
    };
    let past = Past {
        applied: Some((applied.tree(), now())),
        accounts: BTreeMap::from([(
            (TargetId::parse("github").unwrap(), "2".to_owned()),
            PersonId::parse("tom").unwrap(),
        )]),
        given: [given("2", "push"), given("77", "push")].into(),
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
    let applied = Past { applied: Some((approved.tree(), "2026-11-19T09:00:00Z".parse().unwrap())), ..Past::default() };
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

//! Targets in memory that fail when they are told to, and small access repositories for them.

use std::cell::Cell;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use super::super::*;
use crate::access::LastRead;
use crate::repository::testing::Sandbox as Folder;
use crate::repository::{Repository, Snapshot};
use crate::targets::retry::{Retrying, Waits};
use crate::targets::{self, Call, Hello, KINDS, Live, Reading, Resource, Scope, TargetError};

pub(super) const CONFIG: &str = "version: 1
organization: northwind
timezone: Europe/London
targets:
  aws: { type: sandbox, as: aws }
  github: { type: sandbox, as: github }
approval: { evidence: signatures, branch: main }
audit: { ref: refs/dualkey/audit, key: \"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\" }
";

pub(super) const NOW: &str = "2026-11-24T09:00:00Z";

pub(super) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

pub(super) fn employee(id: &str, number: u32) -> (String, String) {
    let text = format!(
        "name: {id}\ntype: employee\naccounts:\n  github: {{ login: {id}, id: {number} }}\n  aws: {id}@northwind.example\n"
    );
    (format!("people/{id}.yaml"), text)
}

pub(super) fn contractor(id: &str, number: u32, until: &str) -> (String, String) {
    let text = format!(
        "name: {id}\ntype: contractor\nvendor: globex\nsponsor: priya\nengagement: {{ from: 2026-11-01, until: {until} }}\n\
         accounts:\n  github: {{ login: {id}, id: {number} }}\n  aws: {id}@globex.example\n"
    );
    (format!("people/{id}.yaml"), text)
}

/// A grant of a role to a person on one resource.
pub(super) fn grant(person: &str, role: &str, resource: &str) -> (String, String) {
    let until = if ["priya", "tom"].contains(&person) { "" } else { "until: 2027-01-15\n" };
    let text =
        format!("to: [{person}]\nrole: {role}\ndomain: payments\nresources: [{resource}]\n{until}reason: work\n");
    (format!("grants/{person}-{role}-{resource}.yaml"), text)
}

pub(super) fn base() -> Vec<(String, String)> {
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
pub(super) fn tree(more: &[(String, String)]) -> Approved {
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
        let revision = Revision::load(&snapshot, KINDS, &mut LastRead::default()).unwrap();
        assert!(!revision.is_misread(), "{:#?}", revision.reading);
        Approved::for_test(revision, commit)
    })
}

/// What goes wrong with the k-th call, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
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
    /// This target can't be read, or "everything".
    Unreadable(&'static str),
    /// This target doesn't say which it is, or "everything".
    Mute(&'static str),
    /// This target is another one than is pinned.
    Another(&'static str),
    /// This resource can't be read at this target.
    Hidden(&'static str, &'static str),
    /// A page of this read of this target, counted from 0, doesn't arrive.
    LostPage(&'static str, usize),
    /// Before this read of this target somebody else changes what is held; odd: takes, even: gives.
    Meddled(&'static str, usize, usize),
    /// Of the calls the first so many find the target locked.
    Busy(usize),
    /// Of the reads of each target, too.
    BusyReads(usize),
    /// No call has an effect, and all say that they went well.
    Deaf,
}

pub(super) type Held = BTreeSet<(TargetId, Live)>;

#[derive(Debug)]
pub(super) struct World {
    pub held: Held,
    before_last: Held,
    pub calls: Vec<(TargetId, Call)>,
    pub visited: Vec<Held>,
    pub fault: Fault,
    pub stale: usize,
    pub count: usize,
    /// How often each target was read.
    pub reads: BTreeMap<String, usize>,
    /// How many calls had been made when a read failed.
    pub lost_at: Option<usize>,
    /// The time at every target that isn't named below, where it tells.
    pub clock: Option<Timestamp>,
    pub clocks: BTreeMap<&'static str, Timestamp>,
    /// The account that dualkey runs as at a target.
    pub own: Option<(&'static str, &'static str)>,
    /// Asked at each call whether it may be made.
    pub allowed: bool,
}

#[derive(Clone)]
pub(super) struct Shared {
    world: Arc<RwLock<World>>,
    /// The longest that each wait of a client could have been.
    pub pauses: Arc<Mutex<Vec<Duration>>>,
}

impl Shared {
    pub(super) fn borrow(&self) -> RwLockReadGuard<'_, World> {
        self.world.read().unwrap()
    }

    pub(super) fn borrow_mut(&self) -> RwLockWriteGuard<'_, World> {
        self.world.write().unwrap()
    }
}

impl Waits for Shared {
    fn wait(&self, at_most: Duration, _: &str) -> bool {
        self.pauses.lock().unwrap().push(at_most);
        true
    }
}

pub(super) struct Fake(TargetId, Shared);

pub(super) struct Crash;

impl Fake {
    fn broke(&self, why: &str) -> TargetError {
        TargetError::LiveReadIncomplete { target: self.0.to_string(), why: why.to_owned() }
    }

    fn is(&self, name: &str) -> bool {
        name == "everything" || name == self.0.as_str()
    }
}

impl Reader for Fake {
    fn hello(&mut self) -> Result<Hello, TargetError> {
        let mut world = self.1.borrow_mut();
        if matches!(world.fault, Fault::Mute(name) if self.is(name)) {
            world.lost_at.get_or_insert(0);
            return Err(self.broke("it is mute"));
        }
        let another = matches!(world.fault, Fault::Another(name) if self.is(name));
        if another {
            world.lost_at.get_or_insert(0);
        }
        let identity = if another { "sandbox:another".to_owned() } else { format!("sandbox:{}", self.0) };
        let clock = world.clocks.get(self.0.as_str()).copied().or(world.clock);
        let own = world.own.iter().filter(|(name, _)| self.is(name)).map(|(_, account)| (*account).to_owned());
        Ok(Hello { identity, clock, own: own.collect() })
    }

    fn read(&mut self, scope: &Scope) -> Result<Reading, TargetError> {
        let mut world = self.1.borrow_mut();
        if matches!(world.fault, Fault::Unreadable(name) if self.is(name)) {
            world.lost_at.get_or_insert(0);
            return Err(self.broke("page 2 did not arrive"));
        }
        let count = world.reads.entry(self.0.to_string()).or_default();
        let k = *count;
        *count += 1;
        if matches!(world.fault, Fault::BusyReads(n) if k < n) {
            return Err(locked());
        }
        if matches!(world.fault, Fault::LostPage(name, n) if self.is(name) && n == k) {
            world.lost_at = Some(world.calls.len());
            return Err(self.broke("page 2 did not arrive"));
        }
        if let Fault::Meddled(name, n, which) = world.fault
            && self.is(name)
            && n == k
        {
            meddle(&mut world.held, which);
        }
        let hides = |one: &&Resource| matches!(world.fault, Fault::Hidden(at, name) if self.is(at) && one.name == name);
        let hidden: Vec<Resource> = scope.iter().filter(hides).cloned().collect();
        if !hidden.is_empty() {
            world.lost_at.get_or_insert(0);
        }
        let stale = !world.calls.is_empty() && world.stale > 0;
        world.stale = world.stale.saturating_sub(usize::from(stale));
        let held = if stale { &world.before_last } else { &world.held };
        let shown = |live: &Live| {
            let resource = Resource { kind: live.kind, name: live.resource.clone() };
            scope.contains(live.kind, &live.resource) && !hidden.contains(&resource)
        };
        let here = held.iter().filter(|(target, live)| *target == self.0 && shown(live));
        let held = here.map(|(_, live)| live.clone()).collect();
        Ok(Reading { held, unread: hidden.into_iter().map(|one| (one, self.broke("it may not be seen"))).collect() })
    }
}

fn locked() -> TargetError {
    TargetError::Locked { path: "play.json".into() }
}

/// What somebody may do behind a run's back.
pub(super) const MEDDLED: [&str; 2] =
    ["github repository northwind/api maintain 11", "aws account 111122223333 PowerUser bob@globex.example"];

fn meddle(held: &mut Held, which: usize) {
    let (target, given) = one(MEDDLED[which / 2 % MEDDLED.len()]);
    held.retain(|(at, live)| *at != target || (live.resource != given.resource || live.principal != given.principal));
    if which.is_multiple_of(2) {
        held.insert((target, given));
    }
}

impl Writer for Fake {
    fn perform(&mut self, call: &Call) -> Result<(), TargetError> {
        let mut world = self.1.borrow_mut();
        let failed = || self.broke("the line broke");
        assert!(world.allowed, "a write without lease or intent: {call:?}");
        let k = world.count;
        world.count += 1;
        let fault = world.fault;
        if fault == Fault::CrashBefore(k) {
            drop(world);
            resume_unwind(Box::new(Crash));
        }
        if matches!(fault, Fault::Busy(n) if k < n) {
            return Err(locked());
        }
        if fault == Fault::FailBefore(k) || matches!(fault, Fault::Account(account) if account == call.principal) {
            return Err(failed());
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
                live.permission == previous.permission || live.permission == call.permission
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
        drop(world);
        if fault == Fault::CrashAfter(k) {
            resume_unwind(Box::new(Crash));
        }
        if fault == Fault::FailAfter(k) { Err(failed()) } else { Ok(()) }
    }
}

pub(super) fn live(kind: &'static Kind, resource: &str, permission: &str, principal: &str) -> Live {
    Live {
        kind,
        resource: resource.to_owned(),
        permission: permission.to_owned(),
        principal: principal.to_owned(),
        conditions: Conditions::NONE,
        until: None,
    }
}

/// `TARGET KIND RESOURCE PERMISSION PRINCIPAL` a line.
pub(super) fn held(lines: &[&str]) -> Held {
    lines.iter().map(|line| one(line)).collect()
}

fn one(line: &str) -> (TargetId, Live) {
    let words: Vec<&str> = line.split(' ').collect();
    (TargetId::parse(words[0]).unwrap(), live(KINDS.get(words[1]).unwrap(), words[2], words[3], words[4]))
}

pub(super) fn world(held: Held, fault: Fault) -> Shared {
    let stale = if let Fault::Stale(reads) = fault { reads } else { 0 };
    let world = World {
        before_last: held.clone(),
        held,
        calls: Vec::new(),
        visited: Vec::new(),
        fault,
        stale,
        count: 0,
        reads: BTreeMap::new(),
        lost_at: None,
        clock: None,
        clocks: BTreeMap::new(),
        own: None,
        allowed: false,
    };
    Shared { world: Arc::new(RwLock::new(world)), pauses: Arc::default() }
}

pub(super) fn targets(world: &Shared) -> Targets {
    let ids = ["aws", "github"].map(|id| TargetId::parse(id).unwrap());
    let fake = |id: &TargetId| Fake(id.clone(), world.clone());
    let reader = |id: &TargetId| Box::new(Retrying::new(fake(id), Arc::new(world.clone()))) as Box<dyn Reader>;
    Targets {
        readers: ids.iter().map(|id| (id.clone(), reader(id))).collect(),
        writers: ids.iter().map(|id| (id.clone(), Box::new(fake(id)) as Box<dyn Writer>)).collect(),
        pinned: ids.iter().map(|id| (id.clone(), format!("sandbox:{id}"))).collect(),
    }
}

/// What differs in a world.
pub(super) fn drifts(
    tree: &Revision,
    past: &Past<'_>,
    world: &Shared,
    now: Timestamp,
) -> Result<Difference, Vec<Refusal>> {
    drift(tree, past, &mut targets(world), now, &Patient::default())
}

/// A journal in memory, which opens the world to writes by what it was told.
pub(super) struct Notes {
    pub world: Shared,
    pub intents: Vec<Vec<Operation>>,
    pub results: usize,
    pub told: Vec<time::Told>,
    pub broken: bool,
}

impl Journal for Notes {
    fn pending(&self) -> bool {
        false
    }

    fn compared(&mut self, told: Vec<time::Told>) {
        self.told = told;
    }

    fn intend(&mut self, mode: Mode, operations: &[Operation]) -> Result<(), Refusal> {
        if self.broken {
            return Err(Refusal::new(&codes::LEASE_LOST, "somebody else wrote the log", "run again"));
        }
        let takes = operations.iter().all(Operation::only_takes);
        assert!(mode == Mode::Full || takes, "a run that may not give intends to: {operations:?}");
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
pub(super) struct Writes(pub Cell<usize>);

impl Hold for Writes {
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

pub(super) fn chain(approved: &Approved) -> Chain {
    Chain { tip: approved.commit(), landings: Vec::new(), last: approved.commit(), removals: Vec::new() }
}

pub(super) fn notes(world: &Shared) -> Notes {
    Notes { world: world.clone(), intents: Vec::new(), results: 0, told: Vec::new(), broken: false }
}

pub(super) fn apply(approved: &Approved, past: &Past<'_>, world: &Shared) -> Outcome {
    apply_as(approved, past, world, Mode::Full, usize::MAX)
}

pub(super) fn apply_as(approved: &Approved, past: &Past<'_>, world: &Shared, mode: Mode, writes: usize) -> Outcome {
    apply_in(approved, past, world, mode, writes, &Patient::default())
}

pub(super) fn apply_in(
    approved: &Approved,
    past: &Past<'_>,
    world: &Shared,
    mode: Mode,
    writes: usize,
    process: &Patient,
) -> Outcome {
    let chain = chain(approved);
    let request = Request { approved, chain: &chain, past, now: now(), mode, given: false };
    let mut notes = notes(world);
    let footing = Footing::Whole { lease: &Writes(Cell::new(writes)), journal: &mut notes };
    let outcome = run(&request, &mut targets(world), footing, process);
    world.borrow_mut().allowed = false;
    assert_eq!(notes.results, usize::from(!notes.intents.is_empty() && !lost(&outcome)));
    outcome
}

pub(super) fn lost(outcome: &Outcome) -> bool {
    outcome.refusals.iter().any(|refusal| refusal.code.id == "lease-lost")
}

pub(super) fn codes_of(outcome: &Outcome) -> Vec<&'static str> {
    outcome.refusals.iter().map(|refusal| refusal.code.id).collect()
}

pub(super) fn lines(operations: &[Operation]) -> Vec<String> {
    let line = |o: &Operation| format!("{} {} {} {}", o.verb.as_str(), o.resource, o.permission, o.principal);
    operations.iter().map(line).collect()
}

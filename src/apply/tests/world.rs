//! Small access repositories, and what a run is started with.

use std::cell::Cell;
use std::sync::{Arc, RwLock};

use super::super::*;
pub(super) use super::fake::*;
use crate::access::LastRead;
use crate::repository::testing::Sandbox as Folder;
use crate::repository::{Repository, Snapshot};
use crate::targets::retry::Retrying;
use crate::targets::{KINDS, Live};

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

/// What is known where both targets were brought about before, and nothing else.
pub(super) fn settled<'a>() -> Past<'a> {
    let all = ["aws", "github"].map(|name| (TargetId::parse(name).unwrap(), format!("sandbox:{name}")));
    Past { settled: all.into(), ..Past::default() }
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

pub(super) fn live(kind: &'static Kind, resource: &str, permission: &str, principal: &str) -> Live {
    Live {
        kind,
        resource: resource.to_owned(),
        permission: permission.to_owned(),
        principal: principal.into(),
        conditions: Conditions::NONE,
        until: None,
        latent: None,
    }
}

/// `TARGET KIND RESOURCE PERMISSION PRINCIPAL` a line.
pub(super) fn held(lines: &[&str]) -> Held {
    lines.iter().map(|line| one(line)).collect()
}

pub(super) fn one(line: &str) -> (TargetId, Live) {
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
        tries: BTreeMap::new(),
        looks: BTreeMap::new(),
        lives_until: None,
        reads: BTreeMap::new(),
        lost_at: None,
        clock: None,
        clocks: BTreeMap::new(),
        own: None,
        members: BTreeMap::new(),
        names: BTreeMap::new(),
        numbers: BTreeMap::new(),
        factors: BTreeMap::new(),
        invites: false,
        allowed: false,
    };
    Shared { world: Arc::new(RwLock::new(world)), pauses: Arc::default() }
}

pub(super) fn targets(world: &Shared) -> Targets {
    let ids = ["aws", "github"].map(|id| TargetId::parse(id).unwrap());
    let fake = |id: &TargetId| Fake(id.clone(), world.clone());
    let retrying = |id: &TargetId| Retrying::new(fake(id), Arc::new(world.clone()));
    let reader = |id: &TargetId| Connected { reader: Box::new(retrying(id)), pinned: format!("sandbox:{id}") };
    let writer = |id: &TargetId| Box::new(retrying(id)) as Box<dyn Writer>;
    Targets {
        readers: ids.iter().map(|id| (id.clone(), Ok(reader(id)))).collect(),
        writers: ids.iter().map(|id| (id.clone(), Ok(writer(id)))).collect(),
    }
}

/// What live state shows in a world.
pub(super) fn drifts(tree: &Revision, past: &Past<'_>, world: &Shared, now: Timestamp) -> Drift {
    drift(tree, past, &mut targets(world).readers, now, &Patient::default())
}

/// What differs in a world that can be read.
pub(super) fn differs(tree: &Revision, past: &Past<'_>, world: &Shared, now: Timestamp) -> Difference {
    let drift = drifts(tree, past, world, now);
    assert!(drift.is_whole(), "{drift:?}");
    drift.difference
}

/// A journal in memory, which opens the world to writes by what it was told.
pub(super) struct Notes {
    pub world: Shared,
    pub intents: Vec<Vec<Operation>>,
    pub results: usize,
    pub told: Vec<time::Comparison>,
    pub broken: bool,
}

impl Journal for Notes {
    fn pending(&self) -> bool {
        false
    }

    fn compared(&mut self, told: Vec<time::Comparison>) {
        self.told = told;
    }

    fn intend(&mut self, mode: Mode, operations: &[Operation], _: &Numbers) -> Result<(), Refusal> {
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
    Chain {
        tip: approved.commit(),
        landings: Vec::new(),
        last: approved.commit(),
        removals: Vec::new(),
        unjudged: Vec::new(),
    }
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

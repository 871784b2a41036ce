//! What the log says of the past, for those who go on from there.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Log;
use super::record::{self, At, Intent, Mode, Operation, Outcome, Record, Verb};
use super::sealed::{ANCHOR_NEXT, beginning};
use crate::access::{Access, AccountMark, Conditions, Kinds, PersonId, TargetId};
use crate::apply::{self, time};
use crate::approval::statement;
use crate::approval::{Given, Recorded, RecordedLanding, Removal, Signed, Verdict};
use crate::repository::Oid;

impl Log {
    /// Every record, from the oldest on.
    pub(super) fn records(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.entries().iter().map(super::Entry::record)
    }
}

/// The genesis and every landing that the log records, with what proves them. None where an id in it is none.
pub fn recorded(log: &Log) -> Option<Recorded> {
    let genesis = log.genesis();
    let mut recorded = Recorded {
        anchor: log.seal().anchor(),
        vouched_by: genesis.statements.iter().map(|statement| statement.person.clone()).collect(),
        genesis: genesis.genesis.parse().ok()?,
        landings: Vec::new(),
        removals: Vec::new(),
        said: Vec::new(),
        keys: log.keys().later().map(|later| later.commit).collect(),
    };
    let mut later: BTreeMap<&str, &record::Proof> = BTreeMap::new();
    for record in log.records() {
        match record {
            Record::Landing(landing) if landing.base == landing.commit => {}
            Record::Landing(landing) => match verdict(landing.verdict) {
                Some(verdict) => recorded.landings.push(one(landing, verdict, recorded.said.len())?),
                None => recorded.removals.push(removal(landing)?),
            },
            Record::Said(said) => recorded.said.extend(signed(&said.statements)),
            Record::Statements(proven) => {
                later.extend(proven.landings.iter().map(|proof| (proof.commit.as_str(), proof)));
            }
            Record::Genesis(_)
            | Record::Intent(_)
            | Record::Result(_)
            | Record::Refusal(_)
            | Record::Drift(_)
            | Record::KeyChange(_) => {}
        }
    }
    let bare = recorded.landings.iter_mut().filter(|landing| landing.statements.is_empty());
    let landings = bare.map(|one| (one.commit, &mut one.head, &mut one.statements));
    let bare = recorded.removals.iter_mut().filter(|removal| removal.statements.is_empty());
    for (commit, head, statements) in landings.chain(bare.map(|one| (one.commit, &mut one.head, &mut one.statements))) {
        if let Some(proof) = later.get(commit.to_string().as_str()) {
            *head = proof.head.parse().ok();
            *statements = signed(&proof.statements).collect();
        }
    }
    Some(recorded)
}

/// Whether the people whom entry 0 names vouch for the genesis: by statements that keys of its own tree signed, and as many as
/// it takes.
pub fn is_vouched_for(genesis: &record::Genesis, commit: Oid, tree: Oid, access: &Access) -> bool {
    let people: BTreeSet<&str> = genesis.statements.iter().map(|statement| statement.person.as_str()).collect();
    let signed: Vec<Signed> = signed(&genesis.statements).collect();
    genesis.tree == tree.to_string()
        && people.len() >= if genesis.single { 1 } else { 2 }
        && signed.len() == genesis.statements.len()
        && signed.iter().all(|one| statement::vouches(one, commit, tree, access))
}

fn signed(statements: &[record::Statement]) -> impl Iterator<Item = Signed> {
    statements.iter().filter_map(|one| {
        let person = PersonId::parse(&one.person).ok()?;
        Signed::new(person, one.statement.clone().into_bytes(), one.signature.clone().into_bytes())
    })
}

/// What a log that is begun anew after this one says of it, after those that it was itself begun anew after.
pub fn predecessors(log: &Log, kinds: Kinds) -> Vec<record::Predecessor> {
    let earlier = log.genesis().continues.iter().map(|old| record::Predecessor {
        applied: None,
        accounts: Vec::new(),
        given: Vec::new(),
        proven: None,
        ..old.clone()
    });
    let account = |((target, account), people): ((TargetId, AccountMark), BTreeSet<PersonId>)| {
        people.into_iter().map(move |person| record::Account {
            target: target.to_string(),
            principal: account.to_string(),
            person: person.to_string(),
        })
    };
    let thing = |one: apply::Given| record::Given {
        target: one.target.to_string(),
        kind: one.kind.name.to_owned(),
        resource: one.resource,
        permission: one.permission,
        principal: one.account.to_string(),
        conditions: one.conditions,
    };
    let newest = record::Predecessor {
        anchor: log.seal().anchor(),
        log_key: log.key().to_string(),
        size: log.size(),
        root: log.root().to_string(),
        applied: last_applied(log, |_| true)
            .map(|(commit, at)| record::Applied { commit: commit.to_string(), at: At(at) }),
        accounts: granted(log).into_iter().flat_map(account).collect(),
        given: given(log, kinds).into_iter().map(thing).collect(),
        proven: proven_time(log).map(At),
    };
    earlier.chain([newest]).collect()
}

/// The log that this one goes on from, where there is one.
fn predecessor(log: &Log) -> Option<&record::Predecessor> {
    log.genesis().continues.last()
}

/// What is left of the past without the log: the genesis that the anchor names. None where the text is no anchor.
pub fn from_anchor(anchor: &str) -> Option<Recorded> {
    let names_key = |part: &str| {
        let id = part.split_once(':').filter(|(commit, _)| commit.parse::<Oid>().is_ok()).map(|(_, id)| id);
        id.is_some_and(|id| id.len() == 8 && id.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    if !anchor.split(ANCHOR_NEXT).all(names_key) {
        return None;
    }
    let anchor = beginning(anchor);
    let (genesis, _) = anchor.split_once(':')?;
    let genesis = genesis.parse().ok()?;
    Some(Recorded {
        genesis,
        anchor: anchor.to_owned(),
        vouched_by: Vec::new(),
        landings: Vec::new(),
        removals: Vec::new(),
        said: Vec::new(),
        keys: Vec::new(),
    })
}

/// Landings from the oldest on. The one whose base is itself is the genesis.
pub(super) fn landings(log: &Log) -> impl Iterator<Item = &record::Landing> {
    log.records().filter_map(|record| match record {
        Record::Landing(landing) => Some(landing),
        Record::Genesis(_)
        | Record::Intent(_)
        | Record::Result(_)
        | Record::Refusal(_)
        | Record::Drift(_)
        | Record::KeyChange(_)
        | Record::Statements(_)
        | Record::Said(_) => None,
    })
}

fn given_by(landing: &record::Landing) -> Vec<Given> {
    let given = |approval: &record::Approval| Given { person: approval.person.clone(), at: approval.at.0.to_string() };
    landing.approvals.iter().map(given).collect()
}

/// None of a removal, which is no part of the verified history.
fn verdict(verdict: record::Verdict) -> Option<Verdict> {
    match verdict {
        record::Verdict::Approved => Some(Verdict::Approved),
        record::Verdict::Unmanaged => Some(Verdict::Unmanaged),
        record::Verdict::Restored => Some(Verdict::Restored),
        record::Verdict::Removal => None,
    }
}

fn head(landing: &record::Landing) -> Option<Oid> {
    landing.head.as_deref().and_then(|head| head.parse().ok())
}

fn one(landing: &record::Landing, verdict: Verdict, said: usize) -> Option<RecordedLanding> {
    Some(RecordedLanding {
        base: landing.base.parse().ok()?,
        commit: landing.commit.parse().ok()?,
        head: head(landing),
        verdict,
        approvals: given_by(landing),
        authors: landing.authors.clone(),
        statements: signed(&landing.statements).collect(),
        said,
        at: landing.at.0,
    })
}

fn removal(landing: &record::Landing) -> Option<Removal> {
    Some(Removal {
        base: landing.base.parse().ok()?,
        commit: landing.commit.parse().ok()?,
        head: head(landing),
        approvals: given_by(landing),
        authors: landing.authors.clone(),
        digest: landing.digest.clone(),
        statements: signed(&landing.statements).collect(),
        recorded: true,
        proven: false,
        kept: true,
    })
}

fn intents(log: &Log) -> impl Iterator<Item = &Intent> {
    log.records().filter_map(|record| match record {
        Record::Intent(intent) => Some(intent),
        Record::Genesis(_)
        | Record::Landing(_)
        | Record::Result(_)
        | Record::Refusal(_)
        | Record::Drift(_)
        | Record::KeyChange(_)
        | Record::Statements(_)
        | Record::Said(_) => None,
    })
}

fn results(log: &Log) -> impl DoubleEndedIterator<Item = &Outcome> {
    log.records().filter_map(|record| match record {
        Record::Result(outcome) => Some(outcome),
        Record::Genesis(_)
        | Record::Landing(_)
        | Record::Intent(_)
        | Record::Refusal(_)
        | Record::Drift(_)
        | Record::KeyChange(_)
        | Record::Statements(_)
        | Record::Said(_) => None,
    })
}

/// The first intent of every run that has no result: it runs still, or was interrupted.
pub fn open_runs(log: &Log) -> Vec<&Intent> {
    let closed: BTreeSet<&str> = results(log).map(|outcome| outcome.run.as_str()).collect();
    let mut seen = BTreeSet::new();
    intents(log).filter(|intent| !closed.contains(intent.run.as_str()) && seen.insert(&intent.run)).collect()
}

/// The landing that was last brought about as a whole, and when, among those that are `verified`. What a log says of its
/// predecessor stands in its entry 0, which nobody changes later.
pub fn last_applied(log: &Log, verified: impl Fn(Oid) -> bool) -> Option<(Oid, Timestamp)> {
    let full: BTreeSet<&str> =
        intents(log).filter(|intent| intent.mode == Mode::Full).map(|intent| intent.run.as_str()).collect();
    let whole = |outcome: &&Outcome| {
        !outcome.interrupted
            && outcome.failed.is_empty()
            && outcome.not_started.is_empty()
            && full.contains(outcome.run.as_str())
    };
    let done = results(log).rev().filter(whole);
    let mut done = done.filter_map(|last| Some((last.commit.parse().ok()?, last.at.0)));
    let before = || {
        let applied = predecessor(log)?.applied.as_ref()?;
        Some((applied.commit.parse().ok()?, applied.at.0))
    };
    done.find(|(commit, _)| verified(*commit)).or_else(before)
}

/// When the last run ended that came to an end by itself. A run whose clock was ahead of this instant doesn't count.
pub fn last_run(log: &Log, now: Timestamp) -> Option<Timestamp> {
    results(log).rev().find(|outcome| !outcome.interrupted && outcome.at.0 <= now).map(|outcome| outcome.at.0)
}

/// The newest instant that is known by more than the clock of one machine: it was read from a clock, and every target that
/// tells the time said the same. None where no run had a target to compare with.
pub fn proven_time(log: &Log) -> Option<Timestamp> {
    let proven = intents(log).filter(|intent| {
        !intent.at_given && time::is_proven(intent.clocks.iter().map(|one| (one.theirs.0, one.ours.0)))
    });
    let before = predecessor(log).and_then(|old| old.proven).map(|at| at.0);
    proven.flat_map(|intent| intent.clocks.iter().map(|one| one.ours.0)).chain(before).max()
}

/// Accounts that access was granted to at any time, with everybody whose they were then: no later entry takes an earlier
/// owner away.
pub fn granted(log: &Log) -> BTreeMap<(TargetId, AccountMark), BTreeSet<PersonId>> {
    let before = predecessor(log).into_iter().flat_map(|old| &old.accounts).filter_map(|one| {
        let account = AccountMark::written(&one.principal);
        Some(((TargetId::parse(&one.target).ok()?, account), PersonId::parse(&one.person).ok()?))
    });
    let mut granted: BTreeMap<(TargetId, AccountMark), BTreeSet<PersonId>> = BTreeMap::new();
    for (account, person) in before {
        granted.entry(account).or_default().insert(person);
    }
    for operation in intents(log).flat_map(|intent| &intent.operations) {
        let person = operation.person.as_deref().and_then(|person| PersonId::parse(person).ok());
        if let (Verb::Grant | Verb::Change, Ok(target), Some(person)) =
            (operation.verb, TargetId::parse(&operation.target), person)
        {
            granted.entry((target, AccountMark::written(&operation.principal))).or_default().insert(person);
        }
    }
    granted
}

/// What was granted and not taken back since. What an interrupted or failed call may have granted counts, for nobody
/// knows; kinds that this program doesn't have are left out.
pub fn given(log: &Log, kinds: Kinds) -> BTreeSet<apply::Given> {
    let before = predecessor(log).into_iter().flat_map(|old| &old.given).filter_map(|one| {
        held([&one.target, &one.kind, &one.resource, &one.permission, &one.principal], &one.conditions, kinds)
    });
    let mut given: BTreeSet<apply::Given> = before.collect();
    for record in log.records() {
        match record {
            Record::Intent(intent) => {
                intent.operations.iter().filter(|one| one.verb != Verb::Revoke).for_each(|one| {
                    given.extend(thing(one, kinds));
                });
            }
            Record::Result(outcome) if !outcome.interrupted => {
                for one in &outcome.done {
                    take_back(&mut given, one, kinds);
                }
                // a grant was to be made because nothing was held
                for one in outcome.not_started.iter().filter(|one| one.verb == Verb::Grant) {
                    thing(one, kinds).map(|one| given.remove(&one));
                }
            }
            Record::Result(_)
            | Record::Genesis(_)
            | Record::Landing(_)
            | Record::Refusal(_)
            | Record::Drift(_)
            | Record::KeyChange(_)
            | Record::Statements(_)
            | Record::Said(_) => {}
        }
    }
    given
}

fn thing(one: &Operation, kinds: Kinds) -> Option<apply::Given> {
    held([&one.target, &one.kind, &one.resource, &one.permission, &one.principal], &one.conditions, kinds)
}

/// None where this program doesn't have the kind.
fn held(
    [target, kind, resource, permission, principal]: [&str; 5],
    conditions: &Conditions,
    kinds: Kinds,
) -> Option<apply::Given> {
    Some(apply::Given {
        target: TargetId::parse(target).ok()?,
        kind: kinds.get(kind)?,
        resource: resource.to_owned(),
        account: AccountMark::written(principal),
        permission: permission.to_owned(),
        conditions: conditions.clone(),
    })
}

/// After an operation was done, nothing else than it says is held in its place.
fn take_back(given: &mut BTreeSet<apply::Given>, operation: &Operation, kinds: Kinds) {
    let Some(done) = thing(operation, kinds) else { return };
    if done.kind.holds_one() {
        let first = apply::Given { permission: String::new(), conditions: Conditions::NONE, ..done.clone() };
        let same = |one: &&apply::Given| {
            (&one.target, one.kind, &one.resource, &one.account)
                == (&done.target, done.kind, &done.resource, &done.account)
        };
        let held: Vec<apply::Given> = given.range(first..).take_while(same).cloned().collect();
        for one in &held {
            given.remove(one);
        }
    } else {
        given.remove(&done);
        if let Some(previous) = &operation.previous {
            let (permission, conditions) = (previous.permission.clone(), previous.conditions.clone());
            given.remove(&apply::Given { permission, conditions, ..done.clone() });
        }
    }
    if operation.verb != Verb::Revoke {
        given.insert(done);
    }
}

//! What the log says of the past, for those who go on from there.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::record::{self, Intent, Mode, Operation, Outcome, Record, Verb};
use super::{Log, VerifierKey};
use crate::access::{AccountMark, Conditions, Kinds, PersonId, TargetId};
use crate::apply;
use crate::approval::{Given, Recorded, RecordedLanding, Removal, Verdict};
use crate::repository::Oid;

/// What stands in an anchor before a later key.
const ANCHOR_NEXT: char = ',';

impl Log {
    /// Every record, from the oldest on.
    pub(super) fn records(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.entries().iter().map(super::Entry::record)
    }
}

impl Log {
    /// Where the log begins.
    pub fn genesis(&self) -> Option<&record::Genesis> {
        self.records().find_map(|record| match record {
            Record::Genesis(genesis) => Some(genesis),
            Record::Landing(_)
            | Record::Intent(_)
            | Record::Result(_)
            | Record::Refusal(_)
            | Record::Drift(_)
            | Record::KeyChange(_) => None,
        })
    }

    /// What the next log says of this one.
    pub fn as_predecessor(&self, anchor: String) -> record::Predecessor {
        record::Predecessor {
            anchor,
            log_key: self.key().to_string(),
            size: self.size(),
            root: self.root().to_string(),
        }
    }
}

/// The genesis and every landing that the log records. None where an id in it is none.
pub fn recorded(log: &Log) -> Option<Recorded> {
    let genesis = log.genesis()?;
    let verified = landings(log).filter(|one| one.base != one.commit && one.verdict != record::Verdict::Removal);
    let removals = landings(log).filter(|one| one.verdict == record::Verdict::Removal);
    let landings: Option<Vec<RecordedLanding>> = verified.map(one).collect();
    let removals: Option<Vec<Removal>> = removals.map(removal).collect();
    Some(Recorded {
        anchor: anchor(genesis, log.keys().first()),
        vouched_by: genesis.statements.iter().map(|statement| statement.person.clone()).collect(),
        genesis: genesis.genesis.parse().ok()?,
        landings: landings?,
        removals: removals?,
    })
}

fn anchor(genesis: &record::Genesis, key: &VerifierKey) -> String {
    format!("{}:{}", genesis.genesis, key.id())
}

/// Every anchor that this log fits: its beginning, and that with each key that came later, which whoever holds only an
/// earlier one can't sign for.
pub fn anchors(log: &Log) -> Vec<String> {
    let Some(genesis) = log.genesis() else { return Vec::new() };
    let first = anchor(genesis, log.keys().first());
    let later = log.key_changes().zip(log.keys().later());
    let later = later.map(|(change, key)| format!("{first}{ANCHOR_NEXT}{}:{}", change.commit, key.id()));
    std::iter::once(first.clone()).chain(later).collect()
}

/// The landings that name the keys after the first, with these keys, the oldest first.
pub fn key_landings(log: &Log) -> impl Iterator<Item = (Oid, String)> {
    log.key_changes().filter_map(|change| Some((change.commit.parse().ok()?, change.new_key.clone())))
}

/// The part of an anchor that names the beginning of the log.
pub fn beginning(anchor: &str) -> &str {
    anchor.split(ANCHOR_NEXT).next().unwrap_or_default()
}

/// What is left of the past without the log: the genesis that the anchor names.
pub fn from_anchor(anchor: &str) -> Option<Recorded> {
    let anchor = beginning(anchor);
    let (genesis, _) = anchor.split_once(':')?;
    let genesis = genesis.parse().ok()?;
    Some(Recorded {
        genesis,
        anchor: anchor.to_owned(),
        vouched_by: Vec::new(),
        landings: Vec::new(),
        removals: Vec::new(),
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
        | Record::KeyChange(_) => None,
    })
}

fn given_by(landing: &record::Landing) -> Vec<Given> {
    let given = |approval: &record::Approval| Given { person: approval.person.clone(), at: approval.at.0.to_string() };
    landing.approvals.iter().map(given).collect()
}

fn one(landing: &record::Landing) -> Option<RecordedLanding> {
    Some(RecordedLanding {
        base: landing.base.parse().ok()?,
        commit: landing.commit.parse().ok()?,
        verdict: match landing.verdict {
            record::Verdict::Approved => Verdict::Approved,
            record::Verdict::Unmanaged => Verdict::Unmanaged,
            record::Verdict::Restored => Verdict::Restored,
            record::Verdict::Removal => return None,
        },
        approvals: given_by(landing),
        authors: landing.authors.clone(),
    })
}

fn removal(landing: &record::Landing) -> Option<Removal> {
    Some(Removal {
        base: landing.base.parse().ok()?,
        commit: landing.commit.parse().ok()?,
        head: landing.head.as_deref().and_then(|head| head.parse().ok()),
        approvals: given_by(landing),
        authors: landing.authors.clone(),
        digest: landing.digest.clone(),
        recorded: true,
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
        | Record::KeyChange(_) => None,
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
        | Record::KeyChange(_) => None,
    })
}

/// The first intent of every run that has no result: it runs still, or was interrupted.
pub fn open_runs(log: &Log) -> Vec<&Intent> {
    let closed: BTreeSet<&str> = results(log).map(|outcome| outcome.run.as_str()).collect();
    let mut seen = BTreeSet::new();
    intents(log).filter(|intent| !closed.contains(intent.run.as_str()) && seen.insert(&intent.run)).collect()
}

/// The landing that was last brought about as a whole, and when.
pub fn last_applied(log: &Log) -> Option<(Oid, Timestamp)> {
    let full: BTreeSet<&str> =
        intents(log).filter(|intent| intent.mode == Mode::Full).map(|intent| intent.run.as_str()).collect();
    let whole = |outcome: &&Outcome| {
        !outcome.interrupted
            && outcome.failed.is_empty()
            && outcome.not_started.is_empty()
            && full.contains(outcome.run.as_str())
    };
    let last = results(log).rev().find(whole)?;
    Some((last.commit.parse().ok()?, last.at.0))
}

/// When the last run ended that came to an end by itself.
pub fn last_run(log: &Log) -> Option<Timestamp> {
    results(log).rev().find(|outcome| !outcome.interrupted).map(|outcome| outcome.at.0)
}

/// Accounts that access was granted to at any time, and whose they were then.
pub fn granted(log: &Log) -> BTreeMap<(TargetId, AccountMark), PersonId> {
    let mut granted = BTreeMap::new();
    for operation in intents(log).flat_map(|intent| &intent.operations) {
        let person = operation.person.as_deref().and_then(|person| PersonId::parse(person).ok());
        if let (Verb::Grant | Verb::Change, Ok(target), Some(person)) =
            (operation.verb, TargetId::parse(&operation.target), person)
        {
            granted.insert((target, AccountMark::written(&operation.principal)), person);
        }
    }
    granted
}

/// What was granted and not taken back since. What an interrupted or failed call may have granted counts, for nobody
/// knows; kinds that this program doesn't have are left out.
pub fn given(log: &Log, kinds: Kinds) -> BTreeSet<apply::Given> {
    let mut given: BTreeSet<apply::Given> = BTreeSet::new();
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
            | Record::KeyChange(_) => {}
        }
    }
    given
}

fn thing(operation: &Operation, kinds: Kinds) -> Option<apply::Given> {
    Some(apply::Given {
        target: TargetId::parse(&operation.target).ok()?,
        kind: kinds.get(&operation.kind)?,
        resource: operation.resource.clone(),
        account: AccountMark::written(&operation.principal),
        permission: operation.permission.clone(),
        conditions: operation.conditions.clone(),
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

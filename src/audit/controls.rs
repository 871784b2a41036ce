//! What the log says of a period, for somebody who judges whether the controls worked: the whole population, never a
//! sample.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use sha2::{Digest, Sha256};

use super::error::LogError;
use super::reader::Reader;
use super::record::{self, Change, Operation, Outcome, Record, Verb};

/// A period of the log. Everything is in the order of the log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Controls {
    pub landings: Vec<Landed>,
    pub refusals: Vec<record::Refusal>,
    /// When access differed from what was approved, and by how many operations.
    pub drift: Vec<(Timestamp, usize)>,
    /// How often another key began to sign the log.
    pub key_changes: usize,
    /// From the last approval of a landing to the end of the run that first gave what it brought.
    pub to_access: Vec<SignedDuration>,
    /// From the declared end of access to the end of the run that took it away.
    pub to_removal: Vec<SignedDuration>,
    pub runs: Runs,
}

/// One landing of the period, with who did what for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Landed {
    /// The place of its entry in the log, counted from 0.
    pub entry: u64,
    pub commit: String,
    pub verdict: record::Verdict,
    pub at: Timestamp,
    pub requested_by: Vec<String>,
    pub approved_by: Vec<String>,
    /// The id of the run that applied it first, where one did.
    pub applied_by: Option<String>,
    pub gains: usize,
    pub losses: usize,
}

/// How many runs of the period ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    pub whole: usize,
    /// Something failed, was not started or waited.
    pub partial: usize,
    pub interrupted: usize,
}

/// One entitlement at a target, by half the SHA-256 of its names: there may be very many.
type Thing = [u8; 16];

/// Target, kind, resource, permission, principal.
fn thing(names: [&str; 5]) -> Thing {
    let mut hash = Sha256::new();
    for name in names {
        hash.update((name.len() as u64).to_be_bytes());
        hash.update(name);
    }
    let whole = hash.finalize();
    std::array::from_fn(|at| whole.get(at).copied().unwrap_or_default())
}

fn of_operation(one: &Operation) -> Thing {
    thing([&one.target, &one.kind, &one.resource, &one.permission, &one.principal])
}

fn of_change(one: &Change) -> Thing {
    thing([&one.target, &one.kind, &one.resource, &one.permission, &one.principal])
}

/// A landing that no run has given yet.
struct Open {
    /// Its place in `landings`.
    index: usize,
    /// When it was last approved.
    approved: Option<Timestamp>,
    brings: BTreeSet<Thing>,
}

/// What is known on the way through a log.
#[derive(Default)]
struct Read {
    controls: Controls,
    /// The runs without a result that may give.
    full: BTreeSet<String>,
    /// What landings of any time declared last, for the ends that runs of the period carried out.
    ends: BTreeMap<Thing, Timestamp>,
    open: Vec<Open>,
}

impl Controls {
    /// What was written at or after `from` and before `until`.
    ///
    /// # Errors
    ///
    /// Where the log can't be read.
    pub fn of(reader: &Reader<'_>, from: Timestamp, until: Timestamp) -> Result<Self, LogError> {
        let mut read = Read::default();
        let mut landing_counts = false;
        reader.each_resolved(None, |entry, record| {
            let counts = record.at() >= from && record.at() < until;
            match record {
                Record::Landing(landing) => {
                    landing_counts = counts;
                    if counts {
                        read.open.push(Open {
                            index: read.controls.landings.len(),
                            approved: landing.approvals.iter().map(|approval| approval.at.0).max(),
                            brings: BTreeSet::new(),
                        });
                        read.controls.landings.push(landed(entry, landing));
                    }
                    read.changes(&landing.changes, counts);
                }
                Record::Changes(more) => read.changes(&more.changes, landing_counts),
                Record::Intent(intent) if intent.mode == record::Mode::Full => {
                    read.full.insert(intent.run.clone());
                }
                Record::Result(outcome) => read.result(outcome, counts),
                Record::Refusal(refusal) if counts => read.controls.refusals.push(refusal.clone()),
                Record::Drift(drift) if counts => {
                    let (at, count) = (drift.at.0, drift.operations.len());
                    read.controls.drift.push((at, count));
                }
                Record::KeyChange(_) if counts => read.controls.key_changes += 1,
                Record::Genesis(_)
                | Record::Intent(_)
                | Record::Refusal(_)
                | Record::Drift(_)
                | Record::KeyChange(_)
                | Record::Statements(_)
                | Record::Said(_) => {}
            }
            Ok::<(), LogError>(())
        })?;
        Ok(read.controls)
    }
}

impl Read {
    fn changes(&mut self, changes: &[Change], counts: bool) {
        for change in changes {
            match change.after.last().and_then(|(_, until)| *until) {
                Some(until) => self.ends.insert(of_change(change), until.0),
                None => self.ends.remove(&of_change(change)),
            };
        }
        if let Some(landing) = self.open.last_mut().filter(|_| counts) {
            landing.brings.extend(changes.iter().filter(|one| !one.after.is_empty()).map(of_change));
            if let Some(landed) = self.controls.landings.get_mut(landing.index) {
                landed.gains += changes.iter().filter(|change| change.before.is_empty()).count();
                landed.losses += changes.iter().filter(|change| change.after.is_empty()).count();
            }
        }
    }

    fn result(&mut self, outcome: &Outcome, counts: bool) {
        if counts {
            self.controls.runs.count(outcome);
            let over = |one: &&Operation| one.verb == Verb::Revoke && one.because.is_end();
            for one in outcome.done.iter().filter(over) {
                let end = self.ends.get(&of_operation(one)).filter(|end| **end <= outcome.at.0);
                self.controls.to_removal.extend(end.map(|end| outcome.at.0.duration_since(*end)));
            }
        }
        // the first whole run after a landing gave what it brought, unless that starts only later
        if self.full.remove(&outcome.run) && outcome.is_whole() {
            let given = outcome.done.iter().filter(|one| one.verb != Verb::Revoke);
            let done: BTreeSet<Thing> = given.map(of_operation).collect();
            for Open { index, approved, brings } in self.open.drain(..) {
                if let Some(landed) = self.controls.landings.get_mut(index) {
                    landed.applied_by = Some(outcome.run.clone());
                }
                if let Some(approved) = approved.filter(|_| counts && brings.iter().any(|one| done.contains(one))) {
                    self.controls.to_access.push(outcome.at.0.duration_since(approved));
                }
            }
        }
    }
}

impl Runs {
    fn count(&mut self, outcome: &Outcome) {
        let left = outcome.failed.len() + outcome.not_started.len() + outcome.waiting.len();
        match (outcome.interrupted, left) {
            (true, _) => self.interrupted += 1,
            (false, 0) => self.whole += 1,
            (false, _) => self.partial += 1,
        }
    }
}

fn landed(entry: u64, landing: &record::Landing) -> Landed {
    Landed {
        entry,
        commit: landing.commit.clone(),
        verdict: landing.verdict,
        at: landing.at.0,
        requested_by: landing.authors.clone(),
        approved_by: landing.approvals.iter().map(|approval| approval.person.clone()).collect(),
        applied_by: None,
        gains: 0,
        losses: 0,
    }
}

/// The middle of some durations, and the longest. None where there are none.
pub fn middle_and_longest(durations: &[SignedDuration]) -> Option<(SignedDuration, SignedDuration)> {
    let mut sorted = durations.to_vec();
    sorted.sort();
    Some((*sorted.get(sorted.len() / 2)?, *sorted.last()?))
}

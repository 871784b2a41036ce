//! What the log says of a period, for somebody who judges whether the controls worked: the whole population, never a
//! sample.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::Log;
use super::record::{self, Operation, Outcome, Record, Verb};

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
    pub entry: usize,
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

/// One entitlement at a target: target, kind, resource, permission, principal.
type Thing<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);

fn thing(one: &Operation) -> Thing<'_> {
    (&one.target, &one.kind, &one.resource, &one.permission, &one.principal)
}

impl Controls {
    /// What was written at or after `from` and before `until`.
    pub fn of(log: &Log, from: Timestamp, until: Timestamp) -> Self {
        let mut controls = Controls::default();
        let full: BTreeSet<&str> = log
            .records()
            .filter_map(|record| match record {
                Record::Intent(intent) if intent.mode == record::Mode::Full => Some(intent.run.as_str()),
                Record::Intent(_)
                | Record::Genesis(_)
                | Record::Landing(_)
                | Record::Result(_)
                | Record::Refusal(_)
                | Record::Drift(_)
                | Record::KeyChange(_)
                | Record::Statements(_)
                | Record::Said(_) => None,
            })
            .collect();
        // what landings of any time declared last, for the ends that runs of the period carried out
        let mut ends: BTreeMap<Thing<'_>, Timestamp> = BTreeMap::new();
        // landings that no run has given yet: place in `landings`, last approval, what they bring
        let mut open: Vec<(usize, Option<Timestamp>, BTreeSet<Thing<'_>>)> = Vec::new();
        for (entry, record) in log.records().enumerate() {
            let counts = record.at() >= from && record.at() < until;
            match record {
                Record::Landing(landing) => {
                    for change in &landing.changes {
                        let key = (
                            change.target.as_str(),
                            change.kind.as_str(),
                            change.resource.as_str(),
                            change.permission.as_str(),
                            change.principal.as_str(),
                        );
                        match change.after.last().and_then(|(_, until)| *until) {
                            Some(until) => ends.insert(key, until.0),
                            None => ends.remove(&key),
                        };
                    }
                    if counts {
                        open.push((
                            controls.landings.len(),
                            landing.approvals.iter().map(|approval| approval.at.0).max(),
                            brought(landing),
                        ));
                        controls.landings.push(landed(entry, landing));
                    }
                }
                Record::Result(outcome) => {
                    if counts {
                        controls.runs.count(outcome);
                        controls.removed(outcome, &ends);
                    }
                    if full.contains(outcome.run.as_str()) {
                        controls.given(outcome, &mut open, counts);
                    }
                }
                Record::Refusal(refusal) if counts => controls.refusals.push(refusal.clone()),
                Record::Drift(drift) if counts => controls.drift.push((drift.at.0, drift.operations.len())),
                Record::KeyChange(_) if counts => controls.key_changes += 1,
                Record::Genesis(_)
                | Record::Intent(_)
                | Record::Refusal(_)
                | Record::Drift(_)
                | Record::KeyChange(_)
                | Record::Statements(_)
                | Record::Said(_) => {}
            }
        }
        controls
    }

    fn removed(&mut self, outcome: &Outcome, ends: &BTreeMap<Thing<'_>, Timestamp>) {
        let over = |one: &&Operation| one.verb == Verb::Revoke && one.because.starts_with("end:");
        for one in outcome.done.iter().filter(over) {
            let end = ends.get(&thing(one)).filter(|end| **end <= outcome.at.0);
            self.to_removal.extend(end.map(|end| outcome.at.0.duration_since(*end)));
        }
    }

    /// The first whole run after a landing gave what it brought, unless that starts only later.
    fn given(
        &mut self,
        outcome: &Outcome,
        open: &mut Vec<(usize, Option<Timestamp>, BTreeSet<Thing<'_>>)>,
        counts: bool,
    ) {
        let whole = !outcome.interrupted && outcome.failed.is_empty() && outcome.not_started.is_empty();
        if !whole {
            return;
        }
        let done: BTreeSet<Thing<'_>> = outcome.done.iter().filter(|one| one.verb != Verb::Revoke).map(thing).collect();
        for (index, approved, brought) in open.drain(..) {
            if let Some(landed) = self.landings.get_mut(index) {
                landed.applied_by = Some(outcome.run.clone());
            }
            if let Some(approved) = approved.filter(|_| counts && brought.iter().any(|one| done.contains(one))) {
                self.to_access.push(outcome.at.0.duration_since(approved));
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

fn landed(entry: usize, landing: &record::Landing) -> Landed {
    let gains = landing.changes.iter().filter(|change| change.before.is_empty()).count();
    let losses = landing.changes.iter().filter(|change| change.after.is_empty()).count();
    Landed {
        entry,
        commit: landing.commit.clone(),
        verdict: landing.verdict,
        at: landing.at.0,
        requested_by: landing.authors.clone(),
        approved_by: landing.approvals.iter().map(|approval| approval.person.clone()).collect(),
        applied_by: None,
        gains,
        losses,
    }
}

fn brought(landing: &record::Landing) -> BTreeSet<Thing<'_>> {
    let gains = landing.changes.iter().filter(|change| !change.after.is_empty());
    gains
        .map(|one| {
            let account = one.principal.as_str();
            (one.target.as_str(), one.kind.as_str(), one.resource.as_str(), one.permission.as_str(), account)
        })
        .collect()
}

/// The middle of some durations, and the longest. None where there are none.
pub fn middle_and_longest(durations: &[SignedDuration]) -> Option<(SignedDuration, SignedDuration)> {
    let mut sorted = durations.to_vec();
    sorted.sort();
    Some((*sorted.get(sorted.len() / 2)?, *sorted.last()?))
}

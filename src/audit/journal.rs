//! How a run is written into the log: landings first seen, intents before the first write, the outcome after the last.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::numbers::{Unwritten, settled};
use super::places::{PART_SLICES, Places, Split, parts, push};
use super::record::{self, At, Record, Slice, Span};
use super::recorded::{landings, last_run, open_runs};
use super::store::{Store, StoreError, Stored};
use super::{Log, LogKey};
use crate::access::{AccountMark, Entitlements, EvidenceSource, Intervals, Revision, TargetId};
use crate::apply::time::Comparison;
use crate::apply::{self, Journal};
use crate::approval::pull::{PULL_VERSION, Pull};
use crate::approval::{Chain, CountedApproval, Landing, Removal, Signed, Verdict, Verifier, VerifyError};
use crate::finding::Refusal;
use crate::plan::changes::{self, EntitlementChange};
use crate::plan::operations::{Operation, Verb};
use crate::repository::Oid;

/// A run, as the log names it.
#[derive(Clone, Debug)]
pub struct Run {
    /// An id that no other run has.
    pub id: String,
    /// The verified landing whose tree it brings about.
    pub commit: Oid,
    pub at: Timestamp,
    /// True where `at` was given by hand instead of read from a clock.
    pub at_given: bool,
}

/// The log as one run writes it, which holds the lease.
#[expect(missing_debug_implementations, reason = "it holds the log key")]
pub struct RunJournal<'a> {
    store: Store<'a>,
    stored: Stored,
    key: &'a LogKey,
    run: Run,
    /// What the next write takes along.
    news: Vec<Record>,
    /// True where something ended since the last run: that this one came is worth a record, whatever it finds.
    due: bool,
    /// What the targets' clocks said.
    clocks: Vec<record::Clock>,
    /// What this run is about to do, by where that stands.
    intended: Places,
}

impl<'a> RunJournal<'a> {
    /// Gathers what the log doesn't know yet: runs that were interrupted, landings and refusals. Nothing is written.
    ///
    /// # Errors
    ///
    /// Where a landed tree can't be read.
    pub fn open(
        store: Store<'a>,
        stored: Stored,
        key: &'a LogKey,
        verifier: &Verifier<'_>,
        chain: &Chain,
        run: Run,
    ) -> Result<Self, VerifyError> {
        let mut news = interrupted(&stored.log, run.at);
        news.extend(genesis(&stored.log, verifier, &run)?);
        news.extend(said(verifier, chain, &run)?);
        for landing in chain.landings.iter().filter(|landing| !landing.recorded) {
            match verdict(landing.verdict) {
                Some(verdict) => news.extend(landed(landing, verdict, verifier, &run)?),
                None => news.extend(refused(&stored.log, landing, run.at)),
            }
        }
        news.extend(verified_again(chain, &run));
        let mut before = verifier.revision(chain.last)?;
        let due =
            last_run(&stored.log, run.at).is_some_and(|at| apply::ends_after(&before, at, run.at).next().is_some());
        for (removal, after) in verifier.removed(chain)? {
            if !removal.recorded {
                let changes = changed(&before.entitlements, &after.entitlements);
                news.extend(removed(&removal, evidence(&[], &before, removal.pull.as_ref()), changes, &run));
            }
            before = after;
        }
        Ok(RunJournal { store, stored, key, run, news, due, clocks: Vec::new(), intended: Places::default() })
    }

    /// The log as this run last wrote it.
    pub fn stored(&self) -> &Stored {
        &self.stored
    }

    /// Writes what was gathered, and nothing else. Gives the log as it is then.
    ///
    /// # Errors
    ///
    /// As [`Store::append`].
    pub fn record(mut self) -> Result<Stored, Refusal> {
        if !self.news.is_empty() {
            self.write(Vec::new(), "what has landed")?;
        }
        Ok(self.stored)
    }

    fn write(&mut self, records: Vec<Record>, message: &str) -> Result<(), Refusal> {
        let all = self.news.iter().cloned().chain(records).collect();
        let message = format!("Run {}: {message}", self.run.id);
        let written = self.store.append(&self.stored, all, self.key, &message, self.run.at);
        self.stored = written.map_err(|error: StoreError| error.refusal())?;
        self.news.clear();
        Ok(())
    }

    /// The intents of some operations. What an interrupted run was about to do is not written again.
    fn intents(
        &mut self,
        mode: apply::Mode,
        operations: Vec<record::Operation>,
        numbers: &apply::Numbers,
    ) -> Result<Vec<Record>, StoreError> {
        let log = &self.stored.log;
        let files = self.stored.files(self.store.repository())?;
        let known = Places::of(&log.state().unfinished, &log.reader(&files), log.size())?;
        let Split { slices, known, new } = known.split(operations);
        self.intended.take(&slices, &known);
        let unwritten = Unwritten::of(log.state(), numbers);
        let intent = |operations: Vec<record::Operation>, operations_of, first| record::Intent {
            run: self.run.id.clone(),
            commit: self.run.commit.to_string(),
            at: At(self.run.at),
            at_given: self.run.at_given,
            clocks: self.clocks.clone(),
            mode: match mode {
                apply::Mode::Full => record::Mode::Full,
                apply::Mode::OnlyEnds => record::Mode::OnlyEnds,
            },
            numbers: unwritten.with(&operations, first),
            operations,
            operations_of,
        };
        let (mut new, mut slices) = (parts(new).into_iter(), slices.chunks(PART_SLICES).map(<[Slice]>::to_vec));
        let mut intents = Vec::new();
        loop {
            let (operations, operations_of) = (new.next(), slices.next());
            if operations.is_none() && operations_of.is_none() {
                return Ok(intents);
            }
            let operations = operations.unwrap_or_default();
            let index = log.size() + (self.news.len() + intents.len()) as u64;
            self.intended.add(index, &operations);
            let first = intents.is_empty();
            intents.push(Record::Intent(intent(operations, operations_of.unwrap_or_default(), first)));
        }
    }
}

impl Journal for RunJournal<'_> {
    fn pending(&self) -> bool {
        self.due || !self.news.is_empty()
    }

    fn compared(&mut self, told: Vec<Comparison>) {
        let clock = |one: Comparison| record::Clock {
            target: one.target.to_string(),
            theirs: At(one.theirs),
            ours: At(one.ours),
        };
        self.clocks = told.into_iter().map(clock).collect();
    }

    fn intend(&mut self, mode: apply::Mode, operations: &[Operation], numbers: &apply::Numbers) -> Result<(), Refusal> {
        let all = operations.iter().map(operation).collect();
        let mut records = self.intents(mode, all, numbers).map_err(|error| error.refusal())?;
        let drifted: Vec<record::Operation> =
            operations.iter().filter(|one| one.because.is_drift()).map(operation).collect();
        if !drifted.is_empty() {
            let Split { slices: operations_of, new: operations, .. } = self.intended.split(drifted);
            records.push(Record::Drift(record::Drift { at: At(self.run.at), operations, operations_of }));
        }
        self.write(records, "what is about to be done")
    }

    fn conclude(&mut self, outcome: &apply::Outcome) -> Result<(), Refusal> {
        let waiting = outcome.waiting.iter().flat_map(|waiting| {
            let landing = waiting.landing.to_string();
            waiting.codes.iter().map(move |code| record::Waiting { landing: landing.clone(), code: (*code).to_owned() })
        });
        let reason = |refusal: &Refusal| record::Reason {
            code: refusal.code.id.to_owned(),
            message: AccountMark::in_text(&refusal.message),
        };
        let of = |operations: &[Operation]| self.intended.split(operations.iter().map(operation).collect());
        let (done, not_started) = (of(&outcome.done), of(&outcome.not_started));
        let (failed, failed_of) = self.failed(&outcome.failed);
        let result = record::Outcome {
            run: self.run.id.clone(),
            commit: outcome.commit.to_string(),
            at: At(self.run.at),
            done: done.new,
            done_of: done.slices,
            failed,
            failed_of,
            not_started: not_started.new,
            not_started_of: not_started.slices,
            waiting: waiting.collect(),
            refusals: outcome.refusals.iter().map(reason).collect(),
            left: left(outcome),
            unread: unread(outcome),
            settled: news(&self.stored.log, &outcome.settled),
            interrupted: false,
        };
        self.write(vec![Record::Result(result)], "what came of it")
    }
}

impl RunJournal<'_> {
    /// What failed one after the other for the same reason is told together.
    fn failed(&self, failed: &[(Operation, String)]) -> (Vec<record::Failed>, Vec<record::FailedOf>) {
        let (mut new, mut known) = (Vec::new(), Vec::<record::FailedOf>::new());
        for (one, message) in failed {
            let (one, message) = (operation(one), AccountMark::in_text(message));
            let Some(place) = self.intended.find(&one) else {
                new.push(record::Failed { operation: one, message });
                continue;
            };
            match known.last_mut() {
                Some(last) if last.message == message => push(&mut last.operations_of, place),
                Some(_) | None => {
                    known.push(record::FailedOf { message, operations_of: vec![Slice(place.0, place.1, 1)] });
                }
            }
        }
        (new, known)
    }
}

/// Targets of which the log doesn't know yet that they are settled.
fn news(log: &Log, all: &BTreeMap<TargetId, String>) -> Vec<record::Settled> {
    all.iter().filter(|(target, pinned)| log.state().settled.get(*target) != Some(*pinned)).map(settled).collect()
}

fn left(outcome: &apply::Outcome) -> Vec<record::Left> {
    let left = outcome.left.iter().map(|(one, done)| record::Left {
        operation: operation(one),
        lives_until: done.lives_until.map(At),
        note: done.note.as_deref().map(AccountMark::in_text),
    });
    left.collect()
}

/// How many unread resources of a target are named; of more it is said that it wasn't read.
const NAMED: usize = 200;

fn unread(outcome: &apply::Outcome) -> Vec<record::Unread> {
    let whole = |target: &TargetId| record::Unread { target: target.to_string(), resource: None };
    let mut unread: Vec<record::Unread> = outcome.unread().map(whole).collect();
    let resources = outcome.unread_resources().collect::<Vec<_>>();
    for here in resources.chunk_by(|one, next| one.0 == next.0) {
        match here {
            [(target, _), ..] if here.len() > NAMED => unread.push(whole(target)),
            _ => unread.extend(here.iter().map(|(target, resource)| record::Unread {
                target: target.to_string(),
                resource: Some([resource.kind.name.to_owned(), resource.name.clone()]),
            })),
        }
    }
    unread
}

/// Who holds the lease knows that nobody else runs, so what has no result never gets one of its own.
fn interrupted(log: &Log, at: Timestamp) -> Vec<Record> {
    let close = |intent: &record::Intent| {
        Record::Result(record::Outcome {
            run: intent.run.clone(),
            commit: intent.commit.clone(),
            at: At(at),
            done: Vec::new(),
            done_of: Vec::new(),
            failed: Vec::new(),
            failed_of: Vec::new(),
            not_started: Vec::new(),
            not_started_of: Vec::new(),
            waiting: Vec::new(),
            refusals: Vec::new(),
            left: Vec::new(),
            unread: Vec::new(),
            settled: Vec::new(),
            interrupted: true,
        })
    };
    open_runs(log).iter().map(close).collect()
}

fn verdict(verdict: Verdict) -> Option<record::Verdict> {
    match verdict {
        Verdict::Approved => Some(record::Verdict::Approved),
        Verdict::Unmanaged => Some(record::Verdict::Unmanaged),
        Verdict::Restored => Some(record::Verdict::Restored),
        Verdict::Refused => None,
    }
}

/// What the genesis declares, as a landing on itself: what was there from the beginning was given by it.
fn genesis(log: &Log, verifier: &Verifier<'_>, run: &Run) -> Result<Vec<Record>, VerifyError> {
    let genesis = log.genesis();
    let Ok(commit) = genesis.genesis.parse::<Oid>() else { return Ok(Vec::new()) };
    if landings(log).any(|landing| landing.commit == genesis.genesis) {
        return Ok(Vec::new());
    }
    let revision = verifier.revision(commit)?;
    let nothing = Entitlements::default();
    let vouched = genesis
        .statements
        .iter()
        .map(|statement| record::Approval { person: statement.person.clone(), at: genesis.at });
    Ok(in_parts(record::Landing {
        base: genesis.genesis.clone(),
        commit: genesis.genesis.clone(),
        head: None,
        verdict: record::Verdict::Approved,
        approvals: vouched.collect(),
        authors: Vec::new(),
        evidence: json!({ "source": "genesis" }),
        digest: None,
        statements: Vec::new(),
        changes: changed(&nothing, &revision.entitlements),
        run: run.id.clone(),
        at: At(run.at),
    }))
}

/// A landing, and after it as many entries as its changes take.
fn in_parts(landing: record::Landing) -> Vec<Record> {
    let (commit, at) = (landing.commit.clone(), landing.at);
    let mut parts = parts(landing.changes).into_iter();
    let first = Record::Landing(record::Landing { changes: parts.next().unwrap_or_default(), ..landing });
    let more = |changes| Record::Changes(record::Changes { landing: commit.clone(), changes, at });
    std::iter::once(first).chain(parts.map(more)).collect()
}

/// What proves landings and removals that the log has without it.
fn verified_again(chain: &Chain, run: &Run) -> Option<Record> {
    let proof = |commit: Oid, head: Option<Oid>, signed: &[Signed]| {
        let (commit, head) = (commit.to_string(), head?.to_string());
        Some(record::Proof { commit, head, statements: statements(signed) })
    };
    let landings = chain.landings.iter().filter(|one| one.recorded && !one.kept);
    let landings = landings.filter_map(|one| proof(one.commit, one.head, &one.statements));
    let removals = chain.removals.iter().filter(|one| one.recorded && one.proven && !one.kept);
    let removals = removals.filter_map(|one| proof(one.commit, one.head, &one.statements));
    let landings: Vec<record::Proof> = landings.chain(removals).collect();
    let anything = !landings.is_empty();
    let record = Record::Statements(record::Statements { run: run.id.clone(), landings, at: At(run.at) });
    anything.then_some(record)
}

/// What stands against heads, before the landings that it was weighed for.
fn said(verifier: &Verifier<'_>, chain: &Chain, run: &Run) -> Result<Option<Record>, VerifyError> {
    let found = verifier.unrecorded_objections(chain)?;
    let said = || record::Said { run: run.id.clone(), statements: statements(&found), at: At(run.at) };
    Ok((!found.is_empty()).then(|| Record::Said(said())))
}

fn landed(
    landing: &Landing,
    verdict: record::Verdict,
    verifier: &Verifier<'_>,
    run: &Run,
) -> Result<Vec<Record>, VerifyError> {
    let (base, commit) = (verifier.revision(landing.base)?, verifier.revision(landing.commit)?);
    Ok(in_parts(record::Landing {
        base: landing.base.to_string(),
        commit: landing.commit.to_string(),
        head: landing.head.map(|head| head.to_string()),
        verdict,
        approvals: approvals(&landing.approvals, run),
        authors: landing.authors.iter().map(ToString::to_string).collect(),
        evidence: evidence(&landing.notes, &base, landing.pull.as_ref()),
        digest: landing.digest.clone(),
        statements: statements(&landing.statements),
        changes: changed(&base.entitlements, &commit.entitlements),
        run: run.id.clone(),
        at: At(run.at),
    }))
}

fn removed(removal: &Removal, evidence: serde_json::Value, changes: Vec<record::Change>, run: &Run) -> Vec<Record> {
    in_parts(record::Landing {
        base: removal.base.to_string(),
        commit: removal.commit.to_string(),
        head: removal.head.map(|head| head.to_string()),
        verdict: record::Verdict::Removal,
        approvals: approvals(&removal.approvals, run),
        authors: removal.authors.iter().map(ToString::to_string).collect(),
        evidence,
        digest: removal.digest.clone(),
        statements: statements(&removal.statements),
        changes,
        run: run.id.clone(),
        at: At(run.at),
    })
}

fn statements(signed: &[Signed]) -> Vec<record::Statement> {
    signed.iter().map(record::Statement::from).collect()
}

fn approvals(given: &[CountedApproval], run: &Run) -> Vec<record::Approval> {
    // an instant that can't be read is replaced by the one at which the approval was first seen here
    let at = |text: &str| text.parse().unwrap_or(run.at);
    given.iter().map(|one| record::Approval { person: one.person.clone(), at: At(at(&one.at)) }).collect()
}

/// Only codes of what was noted: words may repeat what somebody wrote into a commit.
fn evidence(notes: &[Refusal], base: &Revision, pull: Option<&Pull>) -> serde_json::Value {
    let source = match base.access.config.evidence {
        EvidenceSource::Github => "github",
        EvidenceSource::Signatures => "signatures",
    };
    let notes: Vec<&str> = notes.iter().map(|note| note.code.id).collect();
    match pull {
        Some(pull) => json!({ "source": source, "notes": notes, "version": PULL_VERSION, "pull": pull }),
        None => json!({ "source": source, "notes": notes }),
    }
}

fn changed(base: &Entitlements, head: &Entitlements) -> Vec<record::Change> {
    // what is held is held by these; what is gone was held by those
    let grants = |change: &EntitlementChange| {
        let held = head.get(&change.key).or_else(|| base.get(&change.key));
        let causes = held.into_iter().flat_map(|one| &one.causes);
        let mut grants: Vec<String> = causes.map(|cause| cause.grant.as_str().to_owned()).collect();
        grants.sort();
        grants.dedup();
        grants
    };
    let change = |change: EntitlementChange| record::Change {
        person: change.key.person.to_string(),
        target: change.key.target.to_string(),
        kind: change.key.kind.name.to_owned(),
        resource: change.key.resource.to_string(),
        permission: change.key.permission.to_string(),
        principal: AccountMark::of(&change.key.principal).to_string(),
        conditions: change.key.conditions.clone(),
        before: spans(&change.before),
        after: spans(&change.after),
        grants: grants(&change),
    };
    changes::between(base, head).into_iter().map(change).collect()
}

fn spans(intervals: &Intervals) -> Vec<Span> {
    let side = |at: Timestamp, open: Timestamp| (at != open).then_some(At(at));
    intervals.iter().map(|one| (side(one.from(), Timestamp::MIN), side(one.until(), Timestamp::MAX))).collect()
}

/// Refusals of a landing that the log doesn't hold yet.
fn refused(log: &Log, landing: &Landing, at: Timestamp) -> Vec<Record> {
    let commit = landing.commit.to_string();
    let known = |refusal: &Refusal| log.state().refusals.contains(&(commit.clone(), refusal.code.id.to_owned()));
    let new = landing.refusals.iter().filter(|refusal| !known(refusal));
    new.map(|refusal| {
        Record::Refusal(record::Refusal {
            landing: commit.clone(),
            code: refusal.code.id.to_owned(),
            message: AccountMark::in_text(&refusal.message),
            at: At(at),
        })
    })
    .collect()
}

fn operation(operation: &Operation) -> record::Operation {
    record::Operation {
        target: operation.target.to_string(),
        verb: match operation.verb {
            Verb::Grant => record::Verb::Grant,
            Verb::Revoke => record::Verb::Revoke,
            Verb::Change => record::Verb::Change,
        },
        kind: operation.kind.name.to_owned(),
        resource: operation.resource.clone(),
        permission: operation.permission.clone(),
        previous: operation.previous.as_ref().map(|previous| record::Previous {
            permission: previous.permission.clone(),
            conditions: previous.conditions.clone(),
        }),
        principal: AccountMark::of(&operation.principal.to_string()).to_string(),
        conditions: operation.conditions.clone(),
        person: operation.person.as_ref().map(ToString::to_string),
        until: operation.until.map(At),
        because: record::Because::Reason(operation.because.clone()),
    }
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;

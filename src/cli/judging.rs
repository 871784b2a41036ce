//! One judge: every command that asks what was approved, asks here.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use super::past::Past;
use super::shared::{Ledger, Shared};
use super::{Exit, Stop, output};
use crate::access::Revision;
use crate::apply;
use crate::approval::codes::JUDGING_TOO_DEAR;
use crate::approval::{Approved, Chain, Landing, Prospect, Recorded, RecordedLanding, Verifier};
use crate::audit::Log;
use crate::finding::Refusal;
use crate::repository::{Allowance, Oid, Repository};

/// What stands on the protected branch, judged as far as that can be.
#[derive(Debug)]
pub struct Judged<'v> {
    pub chain: Chain,
    pub approved: Approved,
    /// What the log says of earlier runs.
    pub past: Past,
    pub verifier: Verifier<'v>,
}

impl Judged<'_> {
    /// Why a part of the branch could not be judged: then what is approved up to there is known, and not whether that is all.
    pub fn short(&self) -> Option<Stop> {
        let why = &self.chain.unjudged;
        (!why.is_empty()).then(|| Stop::refused(Exit::Unjudged, why.clone()))
    }

    /// Says what of the branch could not be judged; gives how a command ends at best that only shows what was.
    pub fn tell(&self) -> Exit {
        let Some(stop) = self.short() else { return Exit::Done };
        output::error(&stop.text(output::error_style()));
        stop.exit
    }
}

/// What judging may take.
#[cfg(not(test))]
const ALLOWED: Allowance = Allowance::JUDGING;

/// The worlds of tests are small, and so what is meant to be dear there is small, too.
#[cfg(test)]
pub const ALLOWED: Allowance =
    Allowance { objects: 20_000, bytes: 8 << 20, entries: 100_000, steps: 50_000, commits: 500_000 };

/// What is asked of the judge.
#[derive(Clone, Copy, Debug)]
pub struct Question<'v> {
    pub shared: &'v Shared<'v>,
    pub recorded: &'v Recorded,
    /// The log that says so, where there is one.
    pub log: Option<&'v Log>,
    pub now: Timestamp,
    /// Set where somebody asks the judging to stop.
    pub stop: Option<&'v Arc<AtomicBool>>,
}

impl<'v> Question<'v> {
    /// What a log says, which nobody asks to stop.
    pub fn of(shared: &'v Shared<'v>, ledger: &'v Ledger, now: Timestamp) -> Self {
        Question { shared, recorded: &ledger.recorded, log: Some(&ledger.stored.log), now, stop: None }
    }

    /// Judges the protected branch, with everything that bringing it about needs to read.
    ///
    /// # Errors
    ///
    /// As [`Question::judge_to`].
    pub fn judge(&self) -> Result<Judged<'v>, Stop> {
        self.judge_to(self.shared.tip()?)
    }

    /// Judges the branch up to a commit. Where that takes too much work, or something can't be read, it is judged up to the
    /// newest commit from which on that is so.
    ///
    /// # Errors
    ///
    /// Where not even what the log records can be judged, or it contradicts the branch.
    pub fn judge_to(&self, tip: Oid) -> Result<Judged<'v>, Stop> {
        self.shared.ask_forge(self.recorded, tip, self.stop)?;
        match self.attempt(tip) {
            Err(stop) if stop.exit == Exit::Unjudged && !self.is_asked_to_stop() => self.shorter(tip, &stop),
            judged => judged,
        }
    }

    fn is_asked_to_stop(&self) -> bool {
        self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    /// Judges with all that judging may take. INVARIANT: what was found on the way to an error is forgotten with its verifier.
    fn attempt(&self, tip: Oid) -> Result<Judged<'v>, Stop> {
        self.attempt_by(tip, || self.shared.verifier(self.recorded, self.now))
    }

    fn attempt_by(&self, tip: Oid, verifier: impl FnOnce() -> Result<Verifier<'v>, Stop>) -> Result<Judged<'v>, Stop> {
        within(self.shared.repository, self.stop, || {
            let verifier = verifier()?;
            let chain = verifier.chain(tip)?;
            let approved = verifier.approved(&chain)?;
            let past = self.log.map(|log| Past::of(log, &verifier, &chain)).transpose()?.unwrap_or_default();
            Ok(Judged { chain, approved, past, verifier })
        })
    }

    /// The branch up to the newest commit that can be judged, found by halves. What lies below what the log records last is
    /// not gone back to.
    fn shorter(&self, tip: Oid, why: &Stop) -> Result<Judged<'v>, Stop> {
        let repository = self.shared.repository;
        let commits = within(repository, self.stop, || Ok(repository.first_parents(tip)?))?;
        let commits: Vec<Oid> = commits.into_iter().rev().collect();
        let known = self.recorded.landings.iter().map(|landing| landing.commit);
        let known = known.chain(self.recorded.removals.iter().map(|removal| removal.commit));
        let known: Vec<Oid> = known.chain([self.recorded.genesis]).collect();
        let mut bad = commits.len().saturating_sub(1);
        let newest = commits.iter().rposition(|commit| known.contains(commit));
        let Some(mut good) = newest.filter(|newest| *newest < bad) else { return Err(why.clone()) };
        let at = |place: usize| commits.get(place).copied().unwrap_or(tip);
        let mut judged = self.attempt(at(good)).map_err(|_| why.clone())?;
        let mut step = 1_usize;
        while good + 1 < bad {
            let next = good.saturating_add(step).min(good + (bad - good) / 2).max(good + 1);
            match self.attempt(at(next)) {
                Ok(more) => (good, judged, step) = (next, more, step.saturating_mul(2)),
                Err(stop) if self.is_asked_to_stop() => return Err(stop),
                // from here on by halves
                Err(_) => (bad, step) = (next, usize::MAX),
            }
        }
        let refusal = not_judged(at(good + 1), &why.refusal(&JUDGING_TOO_DEAR));
        let chain = judged.chain.short_of(tip, refusal);
        Ok(Judged { chain, ..judged })
    }
}

/// What the log records, judged wherever the branch is now.
#[derive(Debug)]
pub struct Records {
    /// So many of its landings, from the oldest on, are proven.
    pub proven: usize,
    /// What the newest of them declares.
    pub tree: Rc<Revision>,
    pub commit: Oid,
    /// Later ones that count though they can't be proven here.
    pub vouched: BTreeSet<usize>,
}

impl Question<'_> {
    /// As much of what the log records as what people signed proves here. None where not even the genesis can be read.
    pub fn records(&self) -> Option<Records> {
        let landings = &self.recorded.landings;
        let mut without = 0;
        while !self.is_asked_to_stop() {
            let proven = landings.len() - without;
            let recorded = part(self.recorded, proven);
            let tip = recorded.landings.last().map_or(recorded.genesis, |landing| landing.commit);
            let question = Question { recorded: &recorded, log: None, ..*self };
            let by_records = || Ok(self.shared.verifier_of_records(&recorded, self.now));
            if let Ok(judged) = question.attempt_by(tip, by_records)
                && judged.chain.removals.is_empty()
            {
                let tree = judged.approved.revision();
                return self.with_vouched(Records { proven, tree, commit: tip, vouched: BTreeSet::new() }, true);
            }
            if without == landings.len() {
                break;
            }
            // the newest are those that something may be wrong with
            without = (without * 2).clamp(1, landings.len());
        }
        // of a clone that holds a part of history nothing can be judged
        let (tree, commit) = (self.shared.read(self.recorded.genesis).ok()?, self.recorded.genesis);
        self.with_vouched(Records { proven: 0, tree, commit, vouched: BTreeSet::new() }, false)
    }

    fn with_vouched(&self, records: Records, lacking: bool) -> Option<Records> {
        let verifier = self.shared.verifier_of_records(self.recorded, self.now);
        let vouched = verifier.vouched(records.proven, Rc::clone(&records.tree), lacking);
        Some(Records { vouched, ..records })
    }
}

/// What the log says up to so many landings, without what stands behind refused ones.
fn part(recorded: &Recorded, landings: usize) -> Recorded {
    let landings: Vec<RecordedLanding> = recorded.landings.iter().take(landings).cloned().collect();
    let is_known = |commit: &Oid| *commit == recorded.genesis || landings.iter().any(|one| one.commit == *commit);
    let keys = recorded.keys.iter().copied().filter(is_known).collect();
    Recorded { keys, removals: Vec::new(), landings, ..recorded.clone() }
}

/// What is told of a branch that was judged up to a commit.
fn not_judged(from: Oid, why: &Refusal) -> Refusal {
    let message = format!("from {} on the branch can't be judged: {}", from.short(), why.message);
    Refusal::new(why.code, message, why.help.clone())
}

/// Reads no more than judging may take.
fn within<T>(
    repository: &Repository,
    stop: Option<&Arc<AtomicBool>>,
    judge: impl FnOnce() -> Result<T, Stop>,
) -> Result<T, Stop> {
    repository.allow(ALLOWED, stop);
    let judged = judge();
    // whoever was refused something may have gone on without it
    let whole = repository.ensure_judged();
    repository.allow_reading();
    whole?;
    judged
}

/// The branch as whoever approves a head looks at it. A head that holds nothing of what was refused is looked at without
/// that: a removal has to go through all the same. So is one on top of what nobody can look at.
///
/// # Errors
///
/// Where the history can't be read.
pub fn looked_at(repository: &Repository, chain: Chain, head: Oid) -> Result<Chain, Stop> {
    let without =
        !chain.unjudged.is_empty() || chain.refused().next().is_some() && is_beside(repository, &chain, head)?;
    Ok(if without { chain.verified() } else { chain })
}

/// True where a head parted from the branch at the last verified landing, or before it; and where it has landed itself, since
/// whoever approves it then speaks of what it changed.
fn is_beside(repository: &Repository, chain: &Chain, head: Oid) -> Result<bool, Stop> {
    for shared in repository.merge_bases(chain.tip, head)? {
        if shared != head && !repository.is_ancestor(shared, chain.last)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What would happen to a head that is merged now, and what it would wait behind.
#[derive(Debug)]
pub struct Foreseen {
    pub prospect: Prospect,
    /// Landings on the protected branch that were refused, oldest first.
    pub refused: Vec<Landing>,
    /// The first of them where the head holds nothing of it, and so heals nothing: it waits behind it.
    pub behind: Option<Oid>,
}

/// Judges a head that has not landed. `plan` and `verify` tell the same of it.
///
/// # Errors
///
/// Where something can't be read, or takes too much work.
pub fn foresee(shared: &Shared<'_>, ledger: &Ledger, head: Oid, now: Timestamp) -> Result<Foreseen, Stop> {
    shared.ask_about(head);
    let Judged { chain, verifier, .. } = Question::of(shared, ledger, now).judge()?;
    within(shared.repository, None, || {
        let refused: Vec<Landing> = chain.refused().cloned().collect();
        let chain = looked_at(shared.repository, chain, head)?;
        let is_left_out = chain.refused().next().is_none();
        let behind = refused.first().filter(|_| is_left_out).map(|landing| landing.commit);
        Ok(Foreseen { prospect: verifier.prospect(&chain, head)?, refused, behind })
    })
}

/// A signal came while the branch was judged.
pub fn asked_to_stop() -> Stop {
    Stop::refused(Exit::Refused, vec![apply::interrupted()])
}

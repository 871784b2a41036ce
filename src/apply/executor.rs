//! The run: rounds of read, judge, record and write, until nothing differs.

use std::collections::{BTreeMap, BTreeSet};

use super::guards::{self, Judged};
use super::phases::Phase;
use super::state::{LiveState, View};
use super::{Hold, Journal, Mode, Outcome, Process, Request, Targets, codes, overdue, process};
use crate::access::{Conditions, TargetId};
use crate::finding::Refusal;
use crate::plan::operations::Operation;

/// How often what still differs is tried. More would fight with whatever else changes the target.
const ROUNDS: usize = 3;

/// Brings live state to the approved tree.
///
/// Without lease or journal a full run does nothing but say why; a run of ends goes on and says so. A run that is asked
/// to stop finishes the call that is under way and records what it did.
pub fn run<'r>(
    request: &'r Request<'_>,
    targets: &'r mut Targets,
    journal: Result<&'r mut (dyn Journal + 'r), Refusal>,
    lease: Result<&'r dyn Hold, Refusal>,
    process: &'r dyn Process,
) -> Outcome {
    let mut outcome = Outcome::of(request);
    let unavailable = [lease.as_ref().err(), journal.as_ref().err()].into_iter().flatten();
    for refusal in unavailable {
        if !outcome.refusals.contains(refusal) {
            outcome.refusals.push(refusal.clone());
        }
    }
    let ready = outcome.refusals.is_empty();
    if !ready && request.mode == Mode::Full {
        return outcome;
    }
    outcome.unrecorded = !ready;
    let run = Run {
        view: View::new(request.approved.tree(), request.past, request.now),
        mode: request.mode,
        targets,
        // without the lease another run may be writing the log, so this one doesn't
        journal: journal.ok().filter(|_| ready),
        lease: lease.ok(),
        process,
        outcome,
        planned: BTreeSet::new(),
        intended: BTreeSet::new(),
        tried: BTreeMap::new(),
        recorded: false,
        more: false,
    };
    run.finish()
}

/// Why a run ends before everything was tried; the refusal stands in the outcome.
struct Stopped;

struct Run<'r> {
    view: View<'r>,
    mode: Mode,
    targets: &'r mut Targets,
    journal: Option<&'r mut (dyn Journal + 'r)>,
    lease: Option<&'r dyn Hold>,
    process: &'r dyn Process,
    outcome: Outcome,
    /// Everything that was ever to be done.
    planned: BTreeSet<Operation>,
    /// What the journal knows of.
    intended: BTreeSet<Operation>,
    /// What was called, with what the target last said where it failed.
    tried: BTreeMap<Operation, Option<String>>,
    /// True where the journal holds something of this run.
    recorded: bool,
    /// True where a run of ends left something for a full one.
    more: bool,
}

impl Run<'_> {
    fn finish(mut self) -> Outcome {
        let left = self.rounds().ok();
        self.settle(left);
        let waits = !self.outcome.waiting.is_empty();
        let nothing = self.planned.is_empty() && self.outcome.refusals.is_empty();
        self.outcome.superseded = nothing && !self.recorded && !waits && !self.more;
        if self.recorded
            && let Some(journal) = self.journal.take()
            && let Err(refusal) = journal.conclude(&self.outcome)
        {
            self.refuse(refusal);
            // what was done stands in no log
            self.outcome.unrecorded = !self.outcome.done.is_empty();
        }
        self.outcome
    }

    /// Gives what still differs at the end.
    fn rounds(&mut self) -> Result<Vec<Operation>, Stopped> {
        let mut round = 0;
        self.stop_if_asked()?;
        self.compare_clocks()?;
        loop {
            let live = self.read()?;
            let judged = self.judge(&live);
            self.planned.extend(judged.permitted.iter().chain(&judged.blocked).cloned());
            for refusal in judged.refusals {
                self.refuse(refusal);
            }
            if round < ROUNDS {
                self.intend(&judged.permitted)?;
            }
            if round == ROUNDS || judged.permitted.is_empty() {
                return Ok(judged.permitted.into_iter().chain(judged.blocked).collect());
            }
            self.write(judged.permitted)?;
            round += 1;
        }
    }

    /// With a wrong clock only ends go on: who has to wait for one has waited too long already.
    fn compare_clocks(&mut self) -> Result<(), Stopped> {
        let ours = self.view.now.checked_add(self.process.elapsed()).unwrap_or(self.view.now);
        let mut refusals = Vec::new();
        for (target, reader) in &self.targets.readers {
            // what can't tell its time can't be read either, and that says more
            if let Ok(Some(theirs)) = reader.clock() {
                refusals.extend(overdue::skewed(target, theirs, ours));
            }
        }
        let wrong = !refusals.is_empty();
        for refusal in refusals {
            self.refuse(refusal);
        }
        if wrong && self.mode == Mode::Full { Err(Stopped) } else { Ok(()) }
    }

    /// What is live. Where a part of it is unknown, only ends go on, with the rest.
    fn read(&mut self) -> Result<LiveState, Stopped> {
        let (live, refusals) =
            self.view.read(&self.targets.readers, |reader, scope| process::read(self.process, reader, scope));
        let whole = refusals.is_empty();
        self.outcome.unjudged |= !whole;
        self.outcome.looked |= whole || !live.is_empty();
        for refusal in refusals {
            self.refuse(refusal);
        }
        match self.mode {
            Mode::Full if !whole => Err(Stopped),
            Mode::Full | Mode::OnlyEnds => Ok(live),
        }
    }

    fn judge(&mut self, live: &LiveState) -> Judged {
        let mut operations = self.view.difference(live).operations;
        if self.mode == Mode::OnlyEnds {
            self.more |= !operations.iter().all(Operation::only_takes);
            operations.retain(Operation::only_takes);
        }
        guards::judge(&self.view, &self.targets.own, live, operations)
    }

    /// Records what is new among the operations. On the first round also what else is to be recorded.
    fn intend(&mut self, operations: &[Operation]) -> Result<(), Stopped> {
        let new: Vec<Operation> = operations.iter().filter(|one| !self.intended.contains(*one)).cloned().collect();
        let Some(journal) = &mut self.journal else { return Ok(()) };
        let anything = !new.is_empty() || (!self.recorded && (journal.pending() || !self.planned.is_empty()));
        if !anything {
            return Ok(());
        }
        match journal.intend(&new) {
            Ok(()) => {
                self.recorded = true;
                self.intended.extend(new);
                Ok(())
            }
            Err(refusal) => {
                self.journal = None;
                self.unless_only_ends(refusal)
            }
        }
    }

    /// A full run stops, a run of ends goes on without what it lost.
    fn unless_only_ends(&mut self, refusal: Refusal) -> Result<(), Stopped> {
        self.refuse(refusal);
        match self.mode {
            Mode::Full => Err(Stopped),
            Mode::OnlyEnds => {
                self.outcome.unrecorded = true;
                Ok(())
            }
        }
    }

    /// One round of writes, phase by phase over all targets.
    fn write(&mut self, operations: Vec<Operation>) -> Result<(), Stopped> {
        let mut phases: BTreeMap<Phase, Vec<Operation>> = BTreeMap::new();
        for operation in operations {
            phases.entry(self.phase(&operation)).or_default().push(operation);
        }
        let mut take = |phase| phases.remove(&phase).unwrap_or_default();
        let taken = [take(Phase::Urgent), take(Phase::Revokes)].concat();
        let (grants, additions, removals) =
            (take(Phase::Grants), take(Phase::AdminAdditions), take(Phase::AdminRemovals));
        self.perform(&taken)?;
        let kept = match grants.is_empty() && additions.is_empty() {
            true => BTreeSet::new(),
            false => self.still_holding()?,
        };
        let free = |operation: &&Operation| !kept.contains(&holder(operation));
        self.perform(grants.iter().filter(free))?;
        self.perform(additions.iter().filter(free))?;
        let short = match additions.is_empty() || removals.is_empty() {
            true => BTreeSet::new(),
            false => self.missing_admins()?,
        };
        let enough: Vec<Operation> =
            removals.into_iter().filter(|one| !short.contains(&one.target) || self.view.is_end(one)).collect();
        self.perform(&enough)
    }

    fn phase(&self, operation: &Operation) -> Phase {
        Phase::of(operation, self.targets.own.get(&operation.target) == Some(&operation.principal))
    }

    /// Who still holds what was to be taken first: nothing is given to them, for it could make a conflict.
    fn still_holding(&mut self) -> Result<BTreeSet<String>, Stopped> {
        let live = self.read()?;
        let left = self.view.difference(&live).operations;
        let before_grants = |one: &&Operation| self.phase(one) < Phase::Grants;
        Ok(left.iter().filter(before_grants).map(holder).collect())
    }

    /// Targets where an admin that was to be added is not there.
    fn missing_admins(&mut self) -> Result<BTreeSet<TargetId>, Stopped> {
        let live = self.read()?;
        let left = self.view.difference(&live).operations;
        Ok(left.into_iter().filter(|one| self.phase(one) == Phase::AdminAdditions).map(|one| one.target).collect())
    }

    fn perform<'o>(&mut self, operations: impl IntoIterator<Item = &'o Operation>) -> Result<(), Stopped> {
        for operation in operations {
            self.process.progress(self.tried.len(), self.planned.len());
            self.call(operation)?;
        }
        Ok(())
    }

    /// One call to a target, made again where what stands in its way goes away by itself.
    fn call(&mut self, operation: &Operation) -> Result<(), Stopped> {
        for tried in 0.. {
            self.stop_if_asked()?;
            self.hold()?;
            let said = match self.targets.writers.get_mut(&operation.target) {
                Some(writer) => writer.perform(&operation.call()),
                None => {
                    let said = format!("`{}` can't be written: it isn't connected", operation.target);
                    self.tried.insert(operation.clone(), Some(said));
                    break;
                }
            };
            let pause = said.as_ref().err().and_then(|error| process::pause_after(error, tried));
            self.tried.insert(operation.clone(), said.err().map(|error| error.to_string()));
            let Some(pause) = pause else { break };
            self.process.pause(pause);
        }
        Ok(())
    }

    fn stop_if_asked(&mut self) -> Result<(), Stopped> {
        if !self.process.is_asked_to_stop() {
            return Ok(());
        }
        self.refuse(process::interrupted());
        Err(Stopped)
    }

    /// Makes sure that the lease is still held.
    fn hold(&mut self) -> Result<(), Stopped> {
        let Some(Err(refusal)) = self.lease.map(Hold::check) else { return Ok(()) };
        self.lease = None;
        // the log belongs to whoever holds the lease now
        self.journal = None;
        self.unless_only_ends(refusal)
    }

    /// Sorts what was planned by what became of it. `left` is what a last read still differs in; without one the words
    /// of the targets count.
    fn settle(&mut self, left: Option<Vec<Operation>>) {
        let slots: Option<BTreeSet<Slot<'_>>> = left.as_ref().map(|left| left.iter().map(slot).collect());
        for operation in std::mem::take(&mut self.planned) {
            let differs = slots.as_ref().map(|slots| slots.contains(&slot(&operation)));
            match (self.tried.get(&operation), differs) {
                (Some(None), None) | (Some(_), Some(false)) => self.outcome.done.push(operation),
                (Some(Some(said)), _) => self.outcome.failed.push((operation, said.clone())),
                (Some(None), Some(true)) => {
                    let said = format!("{}: the call succeeded, but the target shows no change", POST_APPLY_DRIFT);
                    self.outcome.failed.push((operation, said));
                }
                (None, None | Some(true)) => self.outcome.not_started.push(operation.clone()),
                // somebody else did it meanwhile
                (None, Some(false)) => {}
            }
        }
        self.outcome.refusals.sort_by(|a, b| (a.code.id, &a.message).cmp(&(b.code.id, &b.message)));
    }

    fn refuse(&mut self, refusal: Refusal) {
        if !self.outcome.refusals.contains(&refusal) {
            self.outcome.refusals.push(refusal);
        }
    }
}

const POST_APPLY_DRIFT: &str = codes::POST_APPLY_DRIFT.id;

/// What two operations on the same thing share.
type Slot<'a> = (&'a TargetId, &'a str, &'a str, &'a str, Option<(&'a str, &'a Conditions)>);

fn slot(operation: &Operation) -> Slot<'_> {
    let thing = (!operation.kind.holds_one()).then_some((operation.permission.as_str(), &operation.conditions));
    (&operation.target, operation.kind.name, &operation.resource, &operation.principal, thing)
}

/// Who gains or loses: the person, or the account where nobody knows whose it is.
fn holder(operation: &Operation) -> String {
    match &operation.person {
        Some(person) => person.to_string(),
        None => format!("{} at {}", operation.principal, operation.target),
    }
}

//! The run: rounds of read, judge, record and write, until nothing differs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::guards::{self, Judged};
use super::phases::Phase;
use super::state::{LiveState, View};
use super::time::{self, Told};
use super::{Extent, Footing, Hold, Journal, Mode, Outcome, Process, Request, Targets, codes, process};
use crate::access::{Conditions, TargetId};
use crate::finding::Refusal;
use crate::plan::operations::Operation;

/// How often what still differs is tried. More would fight with whatever else changes the target.
const ROUNDS: usize = 3;

/// Brings live state to the approved tree, as far as the run may go.
///
/// Nothing that is missing stops what only takes away; whatever is missing stops what gives. A run that is asked to stop
/// finishes the call that is under way and records what it did.
pub fn run<'r>(
    request: &'r Request<'_>,
    targets: &'r mut Targets,
    footing: Footing<'r>,
    process: &'r dyn Process,
) -> Outcome {
    let view = View::new(request.approved.tree(), request.past, request.now);
    let Request { mode, given, .. } = *request;
    let (outcome, why) = (Outcome::of(request), Vec::new());
    start(Start { view, mode, given, outcome, targets, footing, why, process })
}

/// What every run starts from.
pub(super) struct Start<'r> {
    pub view: View<'r>,
    pub mode: Mode,
    /// True where the clock stands still.
    pub given: bool,
    /// What is known before anything is done.
    pub outcome: Outcome,
    pub targets: &'r mut Targets,
    pub footing: Footing<'r>,
    /// What else is missing that giving needs.
    pub why: Vec<Refusal>,
    pub process: &'r dyn Process,
}

pub(super) fn start(start: Start<'_>) -> Outcome {
    let (lease, journal, missing) = match start.footing {
        Footing::Whole { lease, journal } => (Some(lease), Some(journal), Vec::new()),
        Footing::EndsOnly { lease, why } => (lease, None, why),
    };
    let mut run = Run {
        view: start.view,
        mode: start.mode,
        reach: match start.mode {
            Mode::Full => Reach::Everything,
            Mode::OnlyEnds => Reach::Takes,
        },
        stands: start.given,
        reduced: false,
        logged: journal.is_some(),
        targets: start.targets,
        journal,
        lease,
        process: start.process,
        outcome: start.outcome,
        read: BTreeSet::new(),
        unread: BTreeSet::new(),
        planned: BTreeSet::new(),
        intended: BTreeSet::new(),
        tried: BTreeMap::new(),
        recorded: false,
        more: false,
    };
    for refusal in start.why.into_iter().chain(missing) {
        run.reduce(refusal, Reach::Takes);
    }
    run.finish()
}

/// What a run may do, from the least on. It only ever shrinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// What has ended by its declaration: for a full run whose lease another one has, since that one may know a newer tree.
    Ends,
    /// What nobody gains anything by.
    Takes,
    Everything,
}

/// Why a round of a run ends before everything was tried; the refusal stands in the outcome.
enum Halt {
    /// The run may do less than before, so what differs has to be judged again.
    Reduced,
    /// Somebody asked it to stop.
    Stopped,
}

/// What the last read of a run showed.
struct Left {
    /// What still differs there.
    operations: Vec<Operation>,
    /// The targets that were read.
    read: BTreeSet<TargetId>,
}

struct Run<'r> {
    view: View<'r>,
    mode: Mode,
    reach: Reach,
    /// True where the clock stands still.
    stands: bool,
    /// True where something was missing that a run needs.
    reduced: bool,
    /// False where what it does stands in no log.
    logged: bool,
    targets: &'r mut Targets,
    journal: Option<&'r mut (dyn Journal + 'r)>,
    lease: Option<&'r dyn Hold>,
    process: &'r dyn Process,
    outcome: Outcome,
    /// Targets that were read at any time, and those that once couldn't be.
    read: BTreeSet<TargetId>,
    unread: BTreeSet<TargetId>,
    /// Everything that was ever to be done.
    planned: BTreeSet<Operation>,
    /// What the journal knows of.
    intended: BTreeSet<Operation>,
    /// What was called, with what the target last said where it failed.
    tried: BTreeMap<Operation, Option<String>>,
    /// True where the journal holds something of this run.
    recorded: bool,
    /// True where a run that was asked for ends left something for a full one.
    more: bool,
}

impl Run<'_> {
    fn finish(mut self) -> Outcome {
        let left = self.rounds();
        self.settle(left);
        self.outcome.extent = self.extent();
        if self.recorded
            && let Some(journal) = self.journal.take()
            && let Err(refusal) = journal.conclude(&self.outcome)
        {
            self.refuse(refusal);
            // what was done stands in no log
            self.logged = self.outcome.done.is_empty();
            self.outcome.extent = self.extent();
        }
        self.outcome
    }

    fn extent(&self) -> Extent {
        let nothing = self.planned.is_empty() && self.outcome.refusals.is_empty() && !self.recorded && !self.more;
        let logged = self.logged;
        match (self.read.is_empty() && self.unread.is_empty(), self.reduced) {
            (true, _) => Extent::Unseen,
            (false, true) => {
                let read = self.read.difference(&self.unread).cloned().collect();
                Extent::Reduced { read, unread: self.unread.clone(), logged }
            }
            (false, false) if nothing && self.outcome.waiting.is_empty() => Extent::Superseded,
            (false, false) => Extent::Whole { logged },
        }
    }

    /// Gives what still differs at the end; nothing where the run was asked to stop before.
    fn rounds(&mut self) -> Option<Left> {
        let mut round = 0;
        self.stop_if_asked().ok()?;
        self.compare_clocks();
        // a round is repeated only where the reach has shrunk, which happens twice at most
        loop {
            let live = self.look();
            let (judged, beyond) = self.judge(&live);
            self.planned.extend(judged.permitted.iter().chain(&judged.blocked).chain(&beyond).cloned());
            for refusal in judged.refusals {
                self.refuse(refusal);
            }
            if round < ROUNDS && self.intend(&judged.permitted).is_err() {
                continue;
            }
            if round == ROUNDS || judged.permitted.is_empty() {
                let operations = judged.permitted.into_iter().chain(judged.blocked).chain(beyond).collect();
                return Some(Left { operations, read: live.into_keys().collect() });
            }
            match self.write(judged.permitted) {
                Ok(()) => round += 1,
                Err(Halt::Reduced) => {}
                Err(Halt::Stopped) => return None,
            }
        }
    }

    /// Settles by when things end. Whoever has to wait for an end has waited too long already, so a wrong clock stops only
    /// what gives.
    fn compare_clocks(&mut self) {
        let passed = |process: &dyn Process| if self.stands { Duration::ZERO } else { process.elapsed() };
        let mut told = Vec::new();
        for (target, reader) in &self.targets.readers {
            // what can't tell its time can't be read either, and that says more
            if let Ok(Some(theirs)) = reader.clock() {
                let ours = self.view.now.checked_add(passed(self.process)).unwrap_or(self.view.now);
                told.push(Told { target: target.clone(), theirs, ours });
            }
        }
        let clocks = time::judge(self.view.now, self.view.past.proven, &told);
        if let Some(journal) = &mut self.journal {
            journal.compared(told);
        }
        for refusal in clocks.wrong {
            self.reduce(refusal, Reach::Takes);
        }
        if clocks.ends_by != self.view.now {
            self.view.move_to(clocks.ends_by);
        }
    }

    /// What is live at the targets that can be read. Where one can't, the run is reduced.
    fn look(&mut self) -> LiveState {
        let (live, unread) =
            self.view.read(&self.targets.readers, |reader, scope| process::read(self.process, reader, scope));
        self.read.extend(live.keys().cloned());
        for (target, refusal) in unread {
            self.unread.insert(target);
            self.reduce(refusal, Reach::Takes);
        }
        live
    }

    /// The same within a round, which ends where the run may do less now.
    fn look_again(&mut self) -> Result<LiveState, Halt> {
        let before = self.reach;
        let live = self.look();
        if self.reach < before { Err(Halt::Reduced) } else { Ok(live) }
    }

    /// What may be done, and what a full run would do beyond it.
    fn judge(&mut self, live: &LiveState) -> (Judged, Vec<Operation>) {
        let (within, mut beyond): (Vec<Operation>, Vec<Operation>) =
            self.view.difference(live).operations.into_iter().partition(|operation| match self.reach {
                Reach::Everything => true,
                Reach::Takes => operation.only_takes(),
                Reach::Ends => self.view.is_end(operation),
            });
        if self.mode == Mode::OnlyEnds {
            self.more |= !beyond.is_empty();
            // nobody asked for it
            beyond.clear();
        }
        (guards::judge(&self.view, &self.targets.own, live, within), beyond)
    }

    /// Records what is new among the operations. On the first round also what else is to be recorded.
    fn intend(&mut self, operations: &[Operation]) -> Result<(), Halt> {
        let new: Vec<Operation> = operations.iter().filter(|one| !self.intended.contains(*one)).cloned().collect();
        let Some(journal) = &mut self.journal else { return Ok(()) };
        let anything = !new.is_empty() || (!self.recorded && (journal.pending() || !self.planned.is_empty()));
        if !anything {
            return Ok(());
        }
        let mode = if self.reach == Reach::Everything { Mode::Full } else { Mode::OnlyEnds };
        match journal.intend(mode, &new) {
            Ok(()) => {
                self.recorded = true;
                self.intended.extend(new);
                Ok(())
            }
            Err(refusal) => {
                let reach = if refusal.code == &codes::LEASE_LOST { Reach::Ends } else { Reach::Takes };
                self.lose_the_log(refusal, reach)
            }
        }
    }

    /// The run goes on without a log, with what it may still do.
    fn lose_the_log(&mut self, refusal: Refusal, reach: Reach) -> Result<(), Halt> {
        self.journal = None;
        self.logged = false;
        let before = self.reach;
        self.reduce(refusal, reach);
        if self.reach < before { Err(Halt::Reduced) } else { Ok(()) }
    }

    /// INVARIANT: whatever is missing, the run gives nothing from here on. A run that was asked for ends only takes already.
    fn reduce(&mut self, refusal: Refusal, reach: Reach) {
        self.refuse(refusal);
        self.reduced = true;
        if self.mode == Mode::Full {
            self.reach = self.reach.min(reach);
        }
    }

    /// One round of writes, phase by phase over all targets.
    fn write(&mut self, operations: Vec<Operation>) -> Result<(), Halt> {
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
    fn still_holding(&mut self) -> Result<BTreeSet<String>, Halt> {
        let live = self.look_again()?;
        let left = self.view.difference(&live).operations;
        let before_grants = |one: &&Operation| self.phase(one) < Phase::Grants;
        Ok(left.iter().filter(before_grants).map(holder).collect())
    }

    /// Targets where an admin that was to be added is not there.
    fn missing_admins(&mut self) -> Result<BTreeSet<TargetId>, Halt> {
        let live = self.look_again()?;
        let left = self.view.difference(&live).operations;
        Ok(left.into_iter().filter(|one| self.phase(one) == Phase::AdminAdditions).map(|one| one.target).collect())
    }

    fn perform<'o>(&mut self, operations: impl IntoIterator<Item = &'o Operation>) -> Result<(), Halt> {
        for operation in operations {
            self.process.progress(self.tried.len(), self.planned.len());
            self.call(operation)?;
        }
        Ok(())
    }

    /// One call to a target, made again where what stands in its way goes away by itself.
    fn call(&mut self, operation: &Operation) -> Result<(), Halt> {
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

    fn stop_if_asked(&mut self) -> Result<(), Halt> {
        if !self.process.is_asked_to_stop() {
            return Ok(());
        }
        self.refuse(process::interrupted());
        Err(Halt::Stopped)
    }

    /// Makes sure that the lease is still held.
    fn hold(&mut self) -> Result<(), Halt> {
        let Some(Err(refusal)) = self.lease.map(Hold::check) else { return Ok(()) };
        self.lease = None;
        // the log belongs to whoever holds the lease now
        self.lose_the_log(refusal, Reach::Ends)
    }

    /// Sorts what was planned by what became of it. Where the last read tells nothing of a target, the words of the target
    /// count.
    fn settle(&mut self, left: Option<Left>) {
        let slots = left.as_ref().map(|left| left.operations.iter().map(slot).collect::<BTreeSet<Slot<'_>>>());
        let told = left.as_ref().zip(slots);
        for operation in std::mem::take(&mut self.planned) {
            let told = told.as_ref().filter(|(left, _)| left.read.contains(&operation.target));
            let differs = told.map(|(_, slots)| slots.contains(&slot(&operation)));
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

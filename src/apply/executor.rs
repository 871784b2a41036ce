//! The run: rounds of read, judge, record and write, until nothing differs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::guards::{self, Judged};
use super::look::{Answer, Seen};
use super::phases::Phase;
use super::sight::Sight;
use super::state::{Clock, View};
use super::time::{self, Told};
use super::{Extent, Footing, Hold, Journal, Mode, Outcome, Process, Request, Targets, codes, process};
use crate::access::{Conditions, TargetId};
use crate::finding::Refusal;
use crate::plan::operations::Operation;
use crate::targets::retry;

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
        sight: Sight::default(),
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
    seen: Seen,
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
    sight: Sight,
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
        let Sight { read, unread, unread_resources, .. } = &self.sight;
        match (read.is_empty() && unread.is_empty(), self.reduced) {
            (true, _) => Extent::Unseen,
            (false, true) => Extent::Reduced {
                only_took: self.mode == Mode::OnlyEnds || self.reach < Reach::Everything,
                read: read.difference(unread).cloned().collect(),
                unread: unread.clone(),
                unread_resources: unread_resources.clone(),
                logged,
            },
            (false, false) if nothing && self.outcome.waiting.is_empty() => Extent::Superseded,
            (false, false) => Extent::Whole { logged },
        }
    }

    /// Gives what still differs at the end; nothing where the run was asked to stop before.
    fn rounds(&mut self) -> Option<Left> {
        let mut round = 0;
        self.stop_if_asked().ok()?;
        self.greet();
        // a round is repeated only where less may be done, and a run comes to its least soon
        loop {
            let (seen, _) = self.look();
            let (judged, beyond) = self.judge(&seen);
            self.planned.extend(judged.permitted.iter().chain(&judged.blocked).chain(&beyond).cloned());
            for refusal in judged.refusals {
                self.refuse(refusal);
            }
            if round < ROUNDS && self.intend(&judged.permitted).is_err() {
                continue;
            }
            if round == ROUNDS || judged.permitted.is_empty() {
                let operations = judged.permitted.into_iter().chain(judged.blocked).chain(beyond).collect();
                return Some(Left { operations, seen });
            }
            match self.write(judged.permitted) {
                Ok(()) => round += 1,
                Err(Halt::Reduced) => {}
                Err(Halt::Stopped) => return None,
            }
        }
    }

    /// Asks the targets which they are, and settles by when things end. Whoever has to wait for an end has waited too long
    /// already, so a wrong clock stops only what gives.
    fn greet(&mut self) {
        let greetings = self.sight.greet(self.targets, self.process);
        let stands = self.stands;
        let ours = |passed: Duration| match stands {
            true => self.view.now(),
            false => self.view.now().checked_add(passed).unwrap_or(self.view.now()),
        };
        let told = |(target, Answer { said, at, took }): (_, Answer<crate::targets::Hello>)| {
            let theirs = said.clock?;
            // it was told somewhere between the question and the answer
            let ours = theirs.clamp(ours(at.saturating_sub(took)), ours(at));
            Some(Told { target, theirs, ours })
        };
        let told: Vec<Told> = greetings.hellos.into_iter().filter_map(told).collect();
        let clocks = time::judge(self.view.now(), self.view.past.proven, &told);
        if let Some(journal) = &mut self.journal {
            journal.compared(told);
        }
        for refusal in clocks.wrong {
            self.reduce(refusal, Reach::Takes);
        }
        for (target, refusal) in clocks.wrong_at {
            self.lack(refusal);
            self.sight.distrust(target);
        }
        let clock = Clock { now: clocks.ends_by, others: clocks.ends_at };
        if clock != Clock::of(self.view.now()) {
            self.view.move_to(clock);
        }
    }

    /// What is live at the targets, and whether less could be read than before.
    fn look(&mut self) -> (Seen, bool) {
        let (seen, less) = self.sight.look(&self.view, &mut self.targets.readers, self.process);
        for refusal in seen.refusals() {
            self.lack(refusal.clone());
        }
        (seen, less)
    }

    /// The same within a round, which ends where the run may do less now.
    fn look_again(&mut self) -> Result<Seen, Halt> {
        match self.look() {
            (_, true) => Err(Halt::Reduced),
            (seen, false) => Ok(seen),
        }
    }

    /// What may be done, and what a full run would do beyond it.
    fn judge(&mut self, seen: &Seen) -> (Judged, Vec<Operation>) {
        let (within, mut beyond): (Vec<Operation>, Vec<Operation>) =
            self.view.difference(seen).operations.into_iter().partition(|operation| match self.reach {
                Reach::Everything => !self.sight.holds_up(operation),
                Reach::Takes => operation.only_takes(),
                Reach::Ends => self.view.is_end(operation),
            });
        if self.mode == Mode::OnlyEnds {
            self.more |= !beyond.is_empty();
            // nobody asked for it
            beyond.clear();
        }
        (guards::judge(&self.view, &self.sight.own, seen, within), beyond)
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
        self.lack(refusal);
        if self.mode == Mode::Full {
            self.reach = self.reach.min(reach);
        }
    }

    /// Something is missing that a run needs.
    fn lack(&mut self, refusal: Refusal) {
        self.refuse(refusal);
        self.reduced = true;
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
        Phase::of(operation, guards::is_own(&self.sight.own, operation))
    }

    /// Who still holds what was to be taken first: nothing is given to them, for it could make a conflict.
    fn still_holding(&mut self) -> Result<BTreeSet<String>, Halt> {
        let seen = self.look_again()?;
        let left = self.view.difference(&seen).operations;
        let before_grants = |one: &&Operation| self.phase(one) < Phase::Grants;
        Ok(left.iter().filter(before_grants).map(holder).collect())
    }

    /// Targets where an admin that was to be added is not there.
    fn missing_admins(&mut self) -> Result<BTreeSet<TargetId>, Halt> {
        let seen = self.look_again()?;
        let left = self.view.difference(&seen).operations;
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
            let pause = said.as_ref().err().and_then(|error| retry::pause_after(error, tried));
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
            let shows = |left: &Left| left.seen.shows(&operation.target, operation.kind, &operation.resource);
            let told = told.as_ref().filter(|(left, _)| shows(left));
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

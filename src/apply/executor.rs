//! The run: rounds of read, judge, record and write, until nothing differs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::batch;
use super::guards::{self, Judged};
use super::naming::Naming;
use super::phases::Phase;
use super::sight::Sight;
use super::state::{Clock, View};
use super::time::{self, Comparison};
use super::{Extent, Footing, Hold, Journal, Mode, Outcome, Process, Request, Targets, codes, process};
use crate::access::TargetId;
use crate::finding::Refusal;
use crate::plan::live_duties::LiveBreach;
use crate::plan::operations::{Difference, Found, Operation};
use crate::targets::error::Remedy;
use crate::targets::{Done, Scope, Stopped, TargetError};

mod settle;

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
        due: BTreeMap::new(),
        begun: 0,
        naming: Naming::default(),
        pending: Vec::new(),
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
    /// What was called, with what came of it last.
    tried: BTreeMap<Operation, Result<Done, TargetError>>,
    /// What is to be looked at: everything at first, then what was written.
    due: BTreeMap<TargetId, Scope>,
    naming: Naming,
    /// What was given and is held by nobody yet, as it was seen last.
    pending: Vec<Found>,
    /// How many writes were begun.
    begun: usize,
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
    fn rounds(&mut self) -> Option<Vec<Operation>> {
        let mut round = 0;
        self.stop_if_asked().ok()?;
        self.greet();
        self.due = self.view.scopes();
        // a round is repeated only where less may be done, and a run comes to its least soon
        loop {
            self.look(None);
            let (Judged { permitted, blocked, refusals }, beyond) = self.judge();
            self.planned.extend(permitted.iter().chain(&blocked).chain(&beyond).cloned());
            for refusal in refusals {
                self.refuse(refusal);
            }
            let (permitted, unknown) = self.named(permitted);
            if round < ROUNDS && self.intend(&permitted).is_err() {
                continue;
            }
            if round == ROUNDS || permitted.iter().all(|one| self.is_given_up(one)) {
                return Some(permitted.into_iter().chain(unknown).chain(blocked).chain(beyond).collect());
            }
            match self.write(permitted) {
                Ok(()) => round += 1,
                Err(Halt::Reduced) => {}
                Err(Halt::Stopped) => return None,
            }
        }
    }

    /// Asks the targets which they are, and settles by when things end. Whoever has to wait for an end has waited too long
    /// already, so a wrong clock stops only what gives.
    fn greet(&mut self) {
        let greetings = self.sight.greet(&mut self.targets.readers, self.process);
        let stands = self.stands;
        let ours = |passed: Duration| match stands {
            true => self.view.now(),
            false => self.view.now().checked_add(passed).unwrap_or(self.view.now()),
        };
        let told: Vec<Comparison> = greetings
            .hellos
            .iter()
            .filter_map(|(target, answer)| Comparison::of(target.clone(), answer, ours))
            .collect();
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

    /// Looks at what is due, or at as much of it. True where less could be read than before.
    fn look(&mut self, only: Option<BTreeMap<TargetId, Scope>>) -> bool {
        let scopes = only.unwrap_or_else(|| self.due.clone());
        if scopes.is_empty() {
            return false;
        }
        let less = self.sight.look(&self.view, &scopes, &mut self.targets.readers, self.process);
        self.view.recognise(&self.sight.seen);
        for (target, scope) in &scopes {
            if let Some(due) = self.due.get_mut(target) {
                due.remove(scope);
            }
        }
        self.due.retain(|_, due| !due.is_empty());
        // what wasn't seen at all is looked at again with what comes next
        let unread = self.view.scopes().into_iter().filter(|(target, _)| self.sight.seen.unread.contains_key(target));
        self.due.extend(unread);
        let refusals: Vec<Refusal> = self.sight.seen.refusals().cloned().collect();
        for refusal in refusals {
            self.lack(refusal);
        }
        less
    }

    /// Looks, within a round, at what was written for those who have to lose something before they gain. The round ends
    /// where less may be done now.
    fn look_again<'o>(&mut self, written: impl Iterator<Item = &'o Operation>) -> Result<(), Halt> {
        let mut scopes: BTreeMap<TargetId, Scope> = BTreeMap::new();
        for one in written {
            if self.due.get(&one.target).is_some_and(|due| due.contains(one.kind, &one.resource)) {
                scopes.entry(one.target.clone()).or_default().insert(one.kind, one.resource.clone());
            }
        }
        if self.look(Some(scopes)) { Err(Halt::Reduced) } else { Ok(()) }
    }

    /// What may be done, and what a full run would do beyond it.
    fn judge(&mut self) -> (Judged, Vec<Operation>) {
        let seen = &self.sight.seen;
        let difference = self.view.difference(seen);
        let breaches = self.breaches(&difference);
        let held_up: Vec<&LiveBreach> =
            breaches.iter().filter(|one| difference.operations.iter().any(|o| self.view.is_held_up(one, o))).collect();
        let apart = |operation: &Operation| held_up.iter().any(|breach| self.view.is_held_up(breach, operation));
        let (within, mut beyond): (Vec<Operation>, Vec<Operation>) =
            difference.operations.iter().cloned().partition(|operation| match self.reach {
                Reach::Everything => !self.sight.holds_up(operation) && !apart(operation),
                Reach::Takes => operation.only_takes(),
                Reach::Ends => self.view.is_end(operation),
            });
        if self.mode == Mode::OnlyEnds {
            self.more |= !beyond.is_empty();
            // nobody asked for it
            beyond.clear();
        }
        let mut judged = guards::judge(&self.view, &self.sight.own, seen, within);
        judged.refusals.extend(held_up.into_iter().map(|breach| breach.finding.refusal()));
        self.pending = difference.pending;
        (judged, beyond)
    }

    /// Duties that come together by what is live, where something could be given that adds to them.
    fn breaches(&self, difference: &Difference) -> Vec<LiveBreach> {
        let gives = |operation: &Operation| !operation.only_takes();
        match self.reach == Reach::Everything && difference.operations.iter().any(gives) {
            true => self.view.breaches(difference, &self.view.by_groups(&self.sight.seen)),
            false => Vec::new(),
        }
    }

    /// What may be done of what names only what is there, and what may not.
    fn named(&mut self, permitted: Vec<Operation>) -> (Vec<Operation>, Vec<Operation>) {
        for (target, refusal) in self.naming.ask(&permitted, &mut self.targets.readers, self.process) {
            self.lack(refusal);
            self.sight.distrust(target);
        }
        let (mut named, mut unknown) = (Vec::new(), Vec::new());
        for operation in permitted {
            match self.naming.check(&operation) {
                Ok(()) if self.sight.holds_up(&operation) => unknown.push(operation),
                Ok(()) => named.push(operation),
                Err(error) => {
                    self.tried.insert(operation.clone(), Err(error));
                    unknown.push(operation);
                }
            }
        }
        (named, unknown)
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
        let numbers = self.sight.seen.numbered();
        match journal.intend(mode, &new, &numbers) {
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
    ///
    /// INVARIANT: a phase is over when each of its calls is, so nothing is given before all that is taken is taken, or
    /// has failed.
    fn write(&mut self, operations: Vec<Operation>) -> Result<(), Halt> {
        let mut phases: BTreeMap<Phase, Vec<Operation>> = BTreeMap::new();
        for operation in operations.into_iter().filter(|operation| !self.is_given_up(operation)) {
            phases.entry(self.phase(&operation)).or_default().push(operation);
        }
        let mut take = |phase| phases.remove(&phase).unwrap_or_default();
        let (urgent, revokes) = (take(Phase::Urgent), take(Phase::Revokes));
        let (grants, additions, removals) =
            (take(Phase::Grants), take(Phase::AdminAdditions), take(Phase::AdminRemovals));
        self.perform(&urgent)?;
        self.perform(&revokes)?;
        let gaining: BTreeSet<String> = grants.iter().chain(&additions).map(holder).collect();
        self.look_again(urgent.iter().chain(&revokes).filter(|one| gaining.contains(&holder(one))))?;
        let kept = if gaining.is_empty() { BTreeSet::new() } else { self.still_holding() };
        let free = |operation: &&Operation| !kept.contains(&holder(operation));
        self.perform(grants.iter().filter(free))?;
        self.perform(additions.iter().filter(free))?;
        if !removals.is_empty() {
            self.look_again(additions.iter())?;
        }
        let short = if removals.is_empty() { BTreeSet::new() } else { self.missing_admins() };
        let enough: Vec<Operation> =
            removals.into_iter().filter(|one| !short.contains(&one.target) || self.view.is_end(one)).collect();
        self.perform(&enough)
    }

    fn phase(&self, operation: &Operation) -> Phase {
        Phase::of(operation, guards::is_own(&self.sight.own, operation))
    }

    /// True where the client has tried as often as it makes sense, or somebody has to mend something first. What may have
    /// had its effect is made again where it shows that it hadn't.
    fn is_given_up(&self, operation: &Operation) -> bool {
        let said = self.tried.get(operation).and_then(|said| said.as_ref().err());
        said.is_some_and(|error| error.remedy() != Remedy::Read)
    }

    /// Who still holds what was to be taken first: nothing is given to them, for it could make a conflict.
    fn still_holding(&self) -> BTreeSet<String> {
        let left = self.view.difference(&self.sight.seen).operations;
        left.iter().filter(|one| self.phase(one) < Phase::Grants).map(holder).collect()
    }

    /// Targets where an admin that was to be added is not there yet.
    fn missing_admins(&self) -> BTreeSet<TargetId> {
        let left = self.view.difference(&self.sight.seen);
        // who was only invited administers nothing
        let pending = left
            .pending
            .into_iter()
            .filter(|one| (one.live.kind.administers)(&one.live.resource, &one.live.permission));
        let missing = left.operations.into_iter().filter(|one| self.phase(one) == Phase::AdminAdditions);
        missing.map(|one| one.target).chain(pending.map(|one| one.target)).collect()
    }

    /// One phase, at all targets side by side. Right before each write it is asked whether the run may still write.
    fn perform<'o>(&mut self, operations: impl IntoIterator<Item = &'o Operation>) -> Result<(), Halt> {
        let operations: Vec<&Operation> = operations.into_iter().collect();
        if operations.is_empty() {
            return Ok(());
        }
        self.stop_if_asked()?;
        let (process, lease, planned) = (self.process, self.lease, self.planned.len());
        // a run that only ends goes on without its lease; any other one has to be judged anew
        let goes_on = self.mode == Mode::OnlyEnds || self.reach == Reach::Ends;
        let (mut lost, mut stopped, mut begun) = (None, false, self.begun);
        let numbers = self.sight.seen.numbered();
        let results = batch::perform(operations, (&mut self.targets.writers, &numbers), process, || {
            process.progress(begun.min(planned), planned);
            stopped |= process.is_asked_to_stop();
            if !stopped && lost.is_none() {
                lost = lease.and_then(|lease| lease.check().err());
            }
            if stopped || (lost.is_some() && !goes_on) {
                return Err(Stopped);
            }
            begun += 1;
            Ok(())
        });
        self.begun = begun;
        for (operation, result) in results {
            let due = self.due.entry(operation.target.clone()).or_default();
            due.insert(operation.kind, operation.resource.clone());
            self.tried.insert(operation.clone(), result);
        }
        if let Some(refusal) = lost {
            self.lease = None;
            // the log belongs to whoever holds the lease now
            self.lose_the_log(refusal, Reach::Ends)?;
        }
        if stopped { self.stop_if_asked() } else { Ok(()) }
    }

    fn stop_if_asked(&mut self) -> Result<(), Halt> {
        if !self.process.is_asked_to_stop() {
            return Ok(());
        }
        self.refuse(process::interrupted());
        Err(Halt::Stopped)
    }

    fn refuse(&mut self, refusal: Refusal) {
        if !self.outcome.refusals.contains(&refusal) {
            self.outcome.refusals.push(refusal);
        }
    }
}

/// Who gains or loses: the person, or the account where nobody knows whose it is.
fn holder(operation: &Operation) -> String {
    match &operation.person {
        Some(person) => person.to_string(),
        None => format!("{} at {}", operation.principal, operation.target),
    }
}

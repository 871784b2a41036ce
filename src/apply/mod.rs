//! Brings live state to the verified tree at an instant, and says what came of it.
//!
//! [`run`] reads what is live, lets the guards judge the difference, has the [`Journal`] record what it is about to do,
//! and only then writes: all that is taken before anything is given, with the lease checked before each write. It reads
//! everything back until nothing differs. [`drift`] only reads.
//!
//! One rule holds for everything that may be missing. Where our clock is wrong, or the lease or the log is gone, the run is
//! *reduced*: it gives nothing, takes away what it can, says so, and ends with 4 or 5. Where a target or a resource can't be
//! read, the same holds for everybody who may hold something there: nobody knows what they would hold together. A target
//! whose clock is wrong while others confirm ours gives nothing.

mod batch;
pub mod codes;
mod ends;
mod executor;
mod factors;
mod first_run;
mod guards;
mod inventory;
pub mod lease;
mod look;
mod naming;
mod numbers;
mod outcome;
mod overdue;
mod phases;
mod process;
mod sight;
mod state;
mod survey;
pub mod time;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::access::{AccountMark, Conditions, Kind, PersonId, Revision, TargetId};
use crate::approval::{Approved, Chain};
use crate::finding::{Refusal, Severity};
use crate::plan::Disputed;
use crate::plan::live::{self, LiveFinding};
use crate::plan::operations::{Difference, Operation};
use crate::plan::through::Through;
use crate::targets::{Depth, Reader, Resource, Writer};

pub use ends::{Ending, end};
pub use executor::run;
pub use inventory::{Inventory, inventory};
pub use lease::{Lease, LeaseError};
pub use outcome::{Exit, Extent, Outcome, VERSION, Waiting};
pub use overdue::{ends_after, overdue};
#[cfg(test)]
pub(crate) use process::Patient;
pub use process::{Process, interrupted};
pub use survey::{Greeting, Listed, Sight, Survey, survey};

/// What a run is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Full,
    /// It may only take away.
    OnlyEnds,
}

/// What dualkey gave earlier and has not taken back, as the log says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Given {
    pub target: TargetId,
    pub kind: &'static Kind,
    pub resource: String,
    pub account: AccountMark,
    pub permission: String,
    pub conditions: Conditions,
}

/// The numbers of resources, by target and name.
pub type Numbers = BTreeMap<(TargetId, Resource), u64>;

/// What the log says of earlier runs.
#[derive(Debug, Default)]
pub struct Past<'a> {
    /// The tree that was applied last as a whole, and when.
    pub applied: Option<(&'a Revision, Timestamp)>,
    /// Accounts that access was granted to, and whose they were.
    pub accounts: BTreeMap<(TargetId, AccountMark), PersonId>,
    pub given: BTreeSet<Given>,
    /// When each of these was given, where the log says that it was done.
    pub given_at: BTreeMap<Given, Timestamp>,
    /// The numbers of resources on which something was given, as they were when it was given last.
    pub numbers: Numbers,
    /// Targets that were brought about as a whole, each with what pinned it then.
    pub settled: BTreeMap<TargetId, String>,
    /// The last instant of which a run knew by more than its own clock.
    pub proven: Option<Timestamp>,
    /// What the log says was given and nobody proves.
    pub disputed: Option<&'a Disputed>,
}

/// What a run is asked for.
#[derive(Debug)]
pub struct Request<'a> {
    /// What live state is brought to.
    pub approved: &'a Approved,
    /// For what waits.
    pub chain: &'a Chain,
    pub past: &'a Past<'a>,
    pub now: Timestamp,
    /// True where `now` was given by hand: such a clock stands still.
    pub given: bool,
    pub mode: Mode,
}

/// What looks at a target.
#[expect(missing_debug_implementations, reason = "clients hold credentials, which are not printed by accident")]
pub struct Connected {
    pub reader: Box<dyn Reader>,
    /// What the target must say that it is.
    pub pinned: String,
}

/// The systems that are looked at. One that can't be connected is one that can't be read, and says why.
pub type Readers = BTreeMap<TargetId, Result<Connected, Refusal>>;

/// The same to be written. What can't be written fails, and says why.
pub type Writers = BTreeMap<TargetId, Result<Box<dyn Writer>, Refusal>>;

/// The systems that a run reads and writes.
#[derive(Default)]
#[expect(missing_debug_implementations, reason = "clients hold credentials, which are not printed by accident")]
pub struct Targets {
    pub readers: Readers,
    pub writers: Writers,
}

/// Where a run is written down. Each call returns when what it wrote can no longer be lost.
pub trait Journal {
    /// True where something is to be written even though nothing is to be done: a landing, an interrupted run.
    fn pending(&self) -> bool;

    /// Takes note of what the targets' clocks said. It is written with what is written next.
    fn compared(&mut self, told: Vec<time::Comparison>);

    /// Writes what is about to be done, and whether the run may give. A reduced run may not, whatever it was asked for.
    /// With it go the numbers of the resources on which something is about to be given.
    ///
    /// # Errors
    ///
    /// Where it can't be written: then nothing may be given.
    fn intend(&mut self, mode: Mode, operations: &[Operation], numbers: &Numbers) -> Result<(), Refusal>;

    /// Writes what came of it.
    ///
    /// # Errors
    ///
    /// Where it can't be written: the outcome is then known only to who asked for the run.
    fn conclude(&mut self, outcome: &Outcome) -> Result<(), Refusal>;
}

/// The right to write, which another run may take over.
pub trait Hold {
    /// Asked before each write; it answers at once where nobody else can have taken over yet.
    ///
    /// # Errors
    ///
    /// `lease-lost` where it is gone, or where nobody can tell.
    fn check(&self) -> Result<(), Refusal>;
}

/// What a run stands on: the right to write, and where it writes down what it does.
#[expect(missing_debug_implementations, reason = "it only borrows what others make")]
pub enum Footing<'r> {
    /// Both are there.
    Whole { lease: &'r dyn Hold, journal: &'r mut (dyn Journal + 'r) },
    /// One of them is missing, so the run is reduced: whatever it was asked for, it only takes away. It writes no log, for
    /// without the lease another run may be writing it.
    EndsOnly {
        /// Where only the log is missing.
        lease: Option<&'r dyn Hold>,
        /// What is missing; at least one.
        why: Vec<Refusal>,
    },
}

/// What live state shows, as far as it could be read.
#[derive(Clone, Debug, Default)]
pub struct Drift {
    /// What differs from the tree where everything is known.
    pub difference: Difference,
    /// What else is wrong, sorted.
    pub findings: Vec<LiveFinding>,
    /// What else differs, and no run takes before its list was approved, sorted.
    pub held_back: Vec<Operation>,
    /// What people have by groups, sorted.
    pub by_groups: Vec<Through>,
    /// Targets that answered.
    pub read: BTreeSet<TargetId>,
    /// Targets that didn't, and why: what is held there is unknown.
    pub unread: BTreeMap<TargetId, Refusal>,
    /// Resources that couldn't be read at targets that answered, and why.
    pub unread_resources: BTreeMap<(TargetId, Resource), Refusal>,
    /// Targets that couldn't tell which names exist, and why.
    pub unlisted: BTreeMap<TargetId, Refusal>,
}

impl Drift {
    /// What of it is about somebody or something, and what nobody knows.
    #[must_use]
    pub fn only(mut self, fits: impl Fn(Option<&PersonId>, &str, &str) -> bool) -> Self {
        for list in [&mut self.difference.operations, &mut self.held_back] {
            list.retain(|one| fits(one.person.as_ref(), one.kind.name, &one.resource));
        }
        for list in [&mut self.difference.unmanaged, &mut self.difference.pending] {
            list.retain(|one| fits(one.person.as_ref(), one.live.kind.name, &one.live.resource));
        }
        self.by_groups.retain(|one| fits(Some(&one.person), one.live.kind.name, &one.live.resource));
        self.findings.retain(|one| {
            let (kind, resource) = one.resource.as_ref().map_or(("", ""), |one| (one.kind.name, one.name.as_str()));
            fits(one.person.as_ref(), kind, resource)
        });
        self
    }

    /// True where everything was read.
    pub fn is_whole(&self) -> bool {
        self.unread.is_empty() && self.unread_resources.is_empty() && self.unlisted.is_empty()
    }

    /// Why something wasn't read, each reason once.
    pub fn refusals(&self) -> Vec<Refusal> {
        let mut refusals: Vec<Refusal> = Vec::new();
        for refusal in self.unread.values().chain(self.unread_resources.values()).chain(self.unlisted.values()) {
            if !refusals.contains(refusal) {
                refusals.push(refusal.clone());
            }
        }
        refusals
    }

    /// True where something is wrong, so far as it could be seen.
    pub fn is_found(&self) -> bool {
        let errors = self.findings.iter().any(|finding| finding.severity == Severity::Error);
        errors || !self.difference.operations.is_empty()
    }
}

/// What differs live from the tree and what else live state shows, without writing anything.
pub fn drift(tree: &Revision, past: &Past<'_>, readers: &mut Readers, now: Timestamp, process: &dyn Process) -> Drift {
    let mut view = state::View::new(tree, past, now);
    let greetings = look::greet(readers, process);
    let mut seen = look::read(readers, &view.scopes(), Depth::Facts, &greetings.refused, process);
    seen.told(&greetings.hellos);
    view.recognise(&seen);
    let (mut difference, groups) = (view.difference(&seen), view.by_groups(&seen));
    let (held_back, operations) = difference.operations.into_iter().partition(|one| view.is_held_back(one));
    difference.operations = operations;
    let held_back: Vec<Operation> = held_back;
    let mut naming = naming::Naming::default();
    let unlisted = naming.ask(&difference.operations, readers, process);
    let mut findings = view.findings(&seen, &difference, &groups);
    findings.extend(numbers::Mistaken::of(&seen, &view.numbers).findings());
    findings.extend(view.factor_findings(&seen));
    findings.extend(first_run::findings(held_back.iter()));
    findings.extend(difference.operations.iter().filter_map(|operation| {
        let error = naming.check(operation).err()?;
        Some(live::of_unknown(operation, &error))
    }));
    findings.sort();
    let unread_resources = seen.unread_resources.into_iter().flat_map(|(target, resources)| {
        resources.into_iter().map(move |(resource, refusal)| ((target.clone(), resource), refusal))
    });
    Drift {
        difference,
        held_back,
        findings,
        by_groups: groups.through,
        read: seen.held.into_keys().collect(),
        unread: seen.unread,
        unread_resources: unread_resources.collect(),
        unlisted,
    }
}

#[cfg(test)]
mod tests;

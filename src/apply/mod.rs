//! Brings live state to the verified tree at an instant, and says what came of it.
//!
//! [`run`] reads what is live, lets the guards judge the difference, has the [`Journal`] record what it is about to do,
//! and only then writes: all that is taken before anything is given, with the lease checked before each write. It reads
//! everything back until nothing differs. [`drift`] only reads.

pub mod codes;
mod executor;
mod guards;
pub mod lease;
mod overdue;
mod phases;
mod process;
mod state;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::access::{AccountMark, Conditions, Kind, PersonId, Revision, TargetId};
use crate::approval::{Approved, Chain};
use crate::finding::Refusal;
use crate::plan::operations::{Difference, Operation};
use crate::repository::Oid;
use crate::targets::{Reader, Writer};

pub use executor::run;
pub use lease::{Lease, LeaseError};
pub use overdue::{ends_after, overdue};
#[cfg(test)]
pub(crate) use process::Patient;
pub use process::Process;

/// The version of the outcome's form.
pub const VERSION: u32 = 1;

/// How much a run may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Full,
    /// It may only take away, and neither lease nor log stops it.
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

/// What the log says of earlier runs.
#[derive(Debug, Default)]
pub struct Past<'a> {
    /// The tree that was applied last as a whole, and when.
    pub applied: Option<(&'a Revision, Timestamp)>,
    /// Accounts that access was granted to, and whose they were.
    pub accounts: BTreeMap<(TargetId, AccountMark), PersonId>,
    pub given: BTreeSet<Given>,
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
    pub mode: Mode,
}

pub type Readers = BTreeMap<TargetId, Box<dyn Reader>>;
pub type Writers = BTreeMap<TargetId, Box<dyn Writer>>;

/// The systems that a run reads and writes.
#[derive(Default)]
#[expect(missing_debug_implementations, reason = "clients hold credentials, which are not printed by accident")]
pub struct Targets {
    pub readers: Readers,
    pub writers: Writers,
    /// The account that dualkey itself runs as, where the target can tell.
    pub own: BTreeMap<TargetId, String>,
}

/// Where a run is written down. Each call returns when what it wrote can no longer be lost.
pub trait Journal {
    /// True where something is to be written even though nothing is to be done: a landing, an interrupted run.
    fn pending(&self) -> bool;

    /// Writes what is about to be done.
    ///
    /// # Errors
    ///
    /// Where it can't be written: then nothing may be done.
    fn intend(&mut self, operations: &[Operation]) -> Result<(), Refusal>;

    /// Writes what came of it.
    ///
    /// # Errors
    ///
    /// Where it can't be written: the outcome is then known only to who asked for the run.
    fn conclude(&mut self, outcome: &Outcome) -> Result<(), Refusal>;
}

/// The right to write, which another run may take over.
pub trait Hold {
    /// Asked before each write.
    ///
    /// # Errors
    ///
    /// `lease-lost` where it is gone, or where nobody can tell.
    fn check(&self) -> Result<(), Refusal>;
}

/// A landing that isn't applied, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub landing: Oid,
    pub codes: Vec<&'static str>,
    /// The refused landing that it stands on, where that is what holds it.
    pub behind: Option<Oid>,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub version: u32,
    /// The verified landing whose tree was brought about.
    pub commit: Oid,
    /// True where it was applied already and nothing was to be done.
    pub superseded: bool,
    pub done: Vec<Operation>,
    /// With what the target said.
    pub failed: Vec<(Operation, String)>,
    pub not_started: Vec<Operation>,
    pub waiting: Vec<Waiting>,
    /// Landings that wait, but whose losses went through.
    pub removals: Vec<crate::approval::Removal>,
    pub refusals: Vec<Refusal>,
    /// True where live state was read, as a whole or in part. Where it wasn't, nobody knows what there is to change.
    pub looked: bool,
    /// True where a target could not be read.
    pub unjudged: bool,
    /// True where it ran without lease or log.
    pub unrecorded: bool,
}

/// How a run ends, as its exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done,
    Refused,
    Partial,
    Unjudged,
}

impl Exit {
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Refused => 3,
            Exit::Partial => 4,
            Exit::Unjudged => 5,
        }
    }
}

impl Outcome {
    fn of(request: &Request<'_>) -> Self {
        let first = request.chain.refused().next().map(|landing| landing.commit);
        let waiting = request.chain.refused().map(|landing| {
            let codes: BTreeSet<&'static str> = landing.refusals.iter().map(|refusal| refusal.code.id).collect();
            let behind = first.filter(|first| *first != landing.commit);
            Waiting { landing: landing.commit, codes: codes.into_iter().collect(), behind }
        });
        Outcome {
            version: VERSION,
            commit: request.approved.commit(),
            superseded: false,
            done: Vec::new(),
            failed: Vec::new(),
            not_started: Vec::new(),
            waiting: waiting.collect(),
            removals: request.approved.removals().to_vec(),
            refusals: Vec::new(),
            looked: false,
            unjudged: false,
            unrecorded: false,
        }
    }

    /// Partly done counts more than not judged, and that more than refused.
    pub fn exit(&self) -> Exit {
        let incomplete = !(self.refusals.is_empty() && self.not_started.is_empty());
        if self.unrecorded || !self.failed.is_empty() || (incomplete && !self.done.is_empty()) {
            Exit::Partial
        } else if self.unjudged {
            Exit::Unjudged
        } else if incomplete || !self.waiting.is_empty() {
            Exit::Refused
        } else {
            Exit::Done
        }
    }
}

/// What differs live from the tree, without writing anything.
///
/// # Errors
///
/// Where a target can't be read: why, for each.
pub fn drift(tree: &Revision, past: &Past<'_>, readers: &Readers, now: Timestamp) -> Result<Difference, Vec<Refusal>> {
    let view = state::View::new(tree, past, now);
    let (live, refusals) = view.read(readers, |reader, scope| reader.read(scope));
    if refusals.is_empty() { Ok(view.difference(&live)) } else { Err(refusals) }
}

#[cfg(test)]
mod tests;

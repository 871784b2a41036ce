//! What came of a run.

use std::collections::{BTreeMap, BTreeSet};

use super::Request;
use crate::access::TargetId;
use crate::approval::Removal;
use crate::finding::Refusal;
use crate::plan::operations::{Found, Operation};
use crate::repository::Oid;
use crate::targets::{Done, Resource};

/// The version of the outcome's form.
pub const VERSION: u32 = 1;

/// A landing that isn't applied, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub landing: Oid,
    pub codes: Vec<&'static str>,
    /// The refused landing that it stands on, where that is what holds it.
    pub behind: Option<Oid>,
}

/// How far a run could go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// It ended before any target was asked, so nobody knows what there is to change.
    Unseen,
    /// Everything was read, and there was nothing to do and nothing to write down.
    Superseded,
    /// Everything was read, and what the run was asked to do it was free to do.
    Whole {
        /// False where what it did stands in no log.
        logged: bool,
    },
    /// Something was missing that giving needs, so what depends on it was not given. The refusals say what was missing.
    Reduced {
        /// True where that was everything: the run only took away.
        only_took: bool,
        /// Targets that answered each time they had to.
        read: BTreeSet<TargetId>,
        /// Targets that didn't: what is held there is unknown.
        unread: BTreeSet<TargetId>,
        /// Resources that couldn't be read at targets that answered.
        unread_resources: BTreeSet<(TargetId, Resource)>,
        /// False where what it did stands in no log.
        logged: bool,
    },
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub version: u32,
    /// The verified landing whose tree was brought about.
    pub commit: Oid,
    pub extent: Extent,
    pub done: Vec<Operation>,
    /// What is to be known of some that were done.
    pub left: Vec<(Operation, Done)>,
    /// With what the target said.
    pub failed: Vec<(Operation, String)>,
    pub not_started: Vec<Operation>,
    /// What was given and is held by nobody yet: its principal has to accept or take it.
    pub pending: Vec<Found>,
    pub waiting: Vec<Waiting>,
    /// Landings that wait, but whose losses went through.
    pub removals: Vec<Removal>,
    pub refusals: Vec<Refusal>,
    /// Targets at which everything is as it should be, each with what pins it.
    pub settled: BTreeMap<TargetId, String>,
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
    pub(super) fn of(request: &Request<'_>) -> Self {
        let first = request.chain.refused().next().map(|landing| landing.commit);
        let waiting = request.chain.refused().map(|landing| {
            let codes: BTreeSet<&'static str> = landing.refusals.iter().map(|refusal| refusal.code.id).collect();
            let behind = first.filter(|first| *first != landing.commit);
            Waiting { landing: landing.commit, codes: codes.into_iter().collect(), behind }
        });
        Outcome {
            waiting: waiting.collect(),
            removals: request.approved.removals().to_vec(),
            ..Outcome::at(request.approved.commit())
        }
    }

    /// Of a run that has only begun.
    pub(super) fn at(commit: Oid) -> Self {
        Outcome {
            version: VERSION,
            commit,
            extent: Extent::Unseen,
            done: Vec::new(),
            left: Vec::new(),
            failed: Vec::new(),
            not_started: Vec::new(),
            pending: Vec::new(),
            waiting: Vec::new(),
            removals: Vec::new(),
            refusals: Vec::new(),
            settled: BTreeMap::new(),
        }
    }

    /// Takes note of what was done.
    pub(super) fn did(&mut self, operation: Operation, done: Done) {
        if done != Done::default() {
            self.left.push((operation.clone(), done));
        }
        self.done.push(operation);
    }

    /// True where the tree was applied already and nothing was to be done.
    pub fn is_superseded(&self) -> bool {
        self.extent == Extent::Superseded
    }

    /// True where something was missing that giving needs.
    pub fn is_reduced(&self) -> bool {
        matches!(self.extent, Extent::Reduced { .. })
    }

    /// False where what the run did stands in no log.
    pub fn is_logged(&self) -> bool {
        match self.extent {
            Extent::Unseen | Extent::Superseded => true,
            Extent::Whole { logged } | Extent::Reduced { logged, .. } => logged,
        }
    }

    /// Targets that the run had to read and couldn't, sorted.
    pub fn unread(&self) -> impl Iterator<Item = &TargetId> {
        match &self.extent {
            Extent::Reduced { unread, .. } => Some(unread),
            Extent::Unseen | Extent::Superseded | Extent::Whole { .. } => None,
        }
        .into_iter()
        .flatten()
    }

    /// Resources that the run had to read and couldn't though their targets answered, sorted.
    pub fn unread_resources(&self) -> impl Iterator<Item = &(TargetId, Resource)> {
        match &self.extent {
            Extent::Reduced { unread_resources, .. } => Some(unread_resources),
            Extent::Unseen | Extent::Superseded | Extent::Whole { .. } => None,
        }
        .into_iter()
        .flatten()
    }

    /// Partly done counts more than not judged, and that more than refused. A reduced run never ends as if all were well.
    pub fn exit(&self) -> Exit {
        let incomplete = !(self.refusals.is_empty() && self.not_started.is_empty());
        if !self.failed.is_empty() || (incomplete && !self.done.is_empty()) {
            return Exit::Partial;
        }
        match &self.extent {
            Extent::Reduced { unread, unread_resources, .. } if !(unread.is_empty() && unread_resources.is_empty()) => {
                Exit::Unjudged
            }
            Extent::Reduced { .. } | Extent::Whole { logged: false } => Exit::Partial,
            Extent::Unseen | Extent::Superseded | Extent::Whole { logged: true } => {
                if incomplete || !self.waiting.is_empty() { Exit::Refused } else { Exit::Done }
            }
        }
    }
}

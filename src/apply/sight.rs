//! What a run knows of the targets, and whom it can't judge by that. It only ever comes to know less.

use std::collections::{BTreeMap, BTreeSet};

use super::guards::Own;
use super::look::{self, Greetings, Seen};
use super::state::View;
use super::{Process, Readers};
use crate::access::{PersonId, TargetId};
use crate::finding::Refusal;
use crate::plan::operations::Operation;
use crate::targets::{Depth, Resource, Scope};

#[derive(Default)]
pub(super) struct Sight {
    /// The accounts that dualkey runs as.
    pub own: Own,
    /// What was seen last of each resource.
    pub seen: Seen,
    /// Targets that nothing is asked of.
    refused: BTreeMap<TargetId, Refusal>,
    /// Targets that were read at any time, and those that once couldn't be.
    pub read: BTreeSet<TargetId>,
    pub unread: BTreeSet<TargetId>,
    /// Resources that once couldn't be read at targets that could.
    pub unread_resources: BTreeSet<(TargetId, Resource)>,
    /// Targets whose clock alone is wrong.
    late: BTreeSet<TargetId>,
    /// People who may hold something that wasn't seen.
    unjudged: BTreeSet<PersonId>,
}

impl Sight {
    /// Asks the targets which they are.
    pub(super) fn greet(&mut self, readers: &mut Readers, process: &dyn Process) -> Greetings {
        let greetings = look::greet(readers, process);
        self.refused = greetings.refused.clone();
        self.own = greetings.hellos.iter().map(|(target, hello)| (target.clone(), hello.said.own.clone())).collect();
        greetings
    }

    /// Nothing is given any more at a target whose clock is wrong.
    pub(super) fn distrust(&mut self, target: TargetId) {
        self.late.insert(target);
    }

    /// Looks at everything, later only at what is to be looked at again. True where less could be read than before.
    pub(super) fn look(
        &mut self,
        view: &View<'_>,
        scopes: &BTreeMap<TargetId, Scope>,
        readers: &mut Readers,
        process: &dyn Process,
    ) -> bool {
        let newer = look::read(readers, &view.identified(scopes), Depth::Holders, &self.refused, process);
        self.seen.update(scopes, newer);
        self.read.extend(self.seen.held.keys().cloned());
        let resources =
            self.seen.unread_resources.iter().flat_map(|(target, resources)| {
                resources.keys().map(move |resource| (target.clone(), resource.clone()))
            });
        let before = self.unread.len() + self.unread_resources.len();
        self.unread_resources.extend(resources);
        self.unread.extend(self.seen.unread.keys().cloned());
        let less = before < self.unread.len() + self.unread_resources.len();
        if less {
            let targets = self.unread.iter().chain(self.unread_resources.iter().map(|(target, _)| target));
            self.unjudged = view.people_at(&targets.cloned().collect());
        }
        less
    }

    /// True where nobody may be given something at the target, and where nobody knows what the person would hold together
    /// with it.
    ///
    /// INVARIANT: it never holds up what only takes.
    pub(super) fn holds_up(&self, operation: &Operation) -> bool {
        let unjudged = || operation.person.as_ref().is_none_or(|person| self.unjudged.contains(person));
        !operation.only_takes() && (self.late.contains(&operation.target) || unjudged())
    }
}

//! What became of everything that a run planned.

use std::collections::{BTreeMap, BTreeSet};

use super::Run;
use crate::access::{Conditions, Target, TargetId};
use crate::apply::{Mode, Outcome, codes};
use crate::plan::operations::{Operation, Verb};
use crate::targets::{Done, Place};

impl Run<'_> {
    /// Sorts what was planned by what became of it. Where the last read tells nothing of a resource, the words of the target
    /// count.
    pub(super) fn settle(&mut self, left: Option<Vec<Operation>>) {
        // what is still to be given where something was taken says nothing against that
        let told = left.as_ref().map(|left| {
            let all: BTreeSet<Slot<'_>> = left.iter().map(slot).collect();
            let takes: BTreeSet<Slot<'_>> = left.iter().filter(|one| one.verb != Verb::Grant).map(slot).collect();
            (all, takes)
        });
        let is_through = told.is_some();
        for operation in std::mem::take(&mut self.planned) {
            let shows = self.sight.seen.shows(&operation.target, operation.kind, &operation.resource);
            let differs = told.as_ref().filter(|_| shows).map(|(all, takes)| {
                let slots = if operation.verb == Verb::Revoke { takes } else { all };
                slots.contains(&slot(&operation))
            });
            match (self.tried.remove(&operation), differs) {
                (Some(Ok(done)), None | Some(false)) => self.outcome.did(operation, done),
                (Some(Err(_)), Some(false)) => self.outcome.did(operation, Done::default()),
                (Some(Err(error)), None | Some(true)) => self.outcome.failed.push((operation, error.to_string())),
                (Some(Ok(_)), Some(true)) => {
                    let said = format!("{}: the call succeeded, but the target shows no change", POST_APPLY_DRIFT);
                    self.outcome.failed.push((operation, said));
                }
                (None, None | Some(true)) => match self.targets.writers.get(&operation.target) {
                    Some(Ok(_)) => self.outcome.not_started.push(operation),
                    Some(Err(refusal)) => {
                        let refusal = refusal.clone();
                        self.outcome.failed.push((operation, refusal.message.clone()));
                        self.refuse(refusal);
                    }
                    None => {
                        let said = format!("`{}` can't be written: it isn't connected", operation.target);
                        self.outcome.failed.push((operation, said));
                    }
                },
                // somebody else did it meanwhile
                (None, Some(false)) => {}
            }
        }
        self.outcome.pending = std::mem::take(&mut self.pending);
        if is_through && self.mode == Mode::Full {
            self.outcome.settled = self.settled();
        }
        self.outcome.refusals.sort_by(|a, b| (a.code.id, &a.message).cmp(&(b.code.id, &b.message)));
    }
}

impl Run<'_> {
    /// Targets that were seen whole, and at which nothing is left to do.
    fn settled(&self) -> BTreeMap<TargetId, String> {
        let Outcome { failed, not_started, .. } = &self.outcome;
        let left: BTreeSet<&TargetId> =
            failed.iter().map(|(one, _)| &one.target).chain(not_started.iter().map(|one| &one.target)).collect();
        let hidden: BTreeSet<&TargetId> = self.sight.unread_resources.iter().map(|(target, _)| target).collect();
        let is_settled = |target: &&Target| {
            self.sight.read.contains(&target.id)
                && !self.sight.unread.contains(&target.id)
                && !hidden.contains(&target.id)
                && !left.contains(&target.id)
        };
        // where nothing is declared yet, nobody has seen what is held
        let domains = self.view.tree.access.domains.values();
        let reached: BTreeSet<&TargetId> =
            domains.flat_map(|domain| domain.resources.values()).map(|resource| &resource.target).collect();
        let targets = self.view.tree.access.config.targets.values().filter(is_settled);
        let targets = targets.filter(|target| reached.contains(&target.id));
        targets.map(|target| (target.id.clone(), target.pinned.clone())).collect()
    }
}

const POST_APPLY_DRIFT: &str = codes::POST_APPLY_DRIFT.id;

/// What two operations on the same thing share.
type Slot<'a> = (Place<'a>, Option<(&'a str, &'a Conditions)>);

fn slot(operation: &Operation) -> Slot<'_> {
    let thing = (!operation.kind.holds_one()).then_some((operation.permission.as_str(), &operation.conditions));
    (operation.place(), thing)
}

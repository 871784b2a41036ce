//! What a target held before it was first brought about as a whole.

use std::collections::BTreeMap;

use super::codes;
use super::state::{View, place_of};
use crate::access::{Leftover, TargetId};
use crate::finding::{Refusal, Rule, Severity};
use crate::plan::live::LiveFinding;
use crate::plan::operations::{Because, Operation, Verb};

/// The same as the refusal, for those who only look.
static FIRST_RUN: Rule = Rule { code: codes::FIRST_RUN, severity: Severity::Error, dated: false };

impl View<'_> {
    /// True where an operation takes what was held before dualkey came, nothing declares, and nobody approved to take.
    ///
    /// INVARIANT: no end is held back, and nothing that dualkey gave.
    pub(super) fn is_held_back(&self, operation: &Operation) -> bool {
        operation.verb == Verb::Revoke
            && operation.because == Because::DriftAdded {}
            && self.is_first(&operation.target)
            && !self.is_listed(operation)
            && !self.was_given(place_of(operation))
            && !self.is_end(operation)
    }

    /// True for a target that no run has brought about as a whole yet. One that was dropped has been.
    fn is_first(&self, target: &TargetId) -> bool {
        let Some(settings) = self.tree.access.config.targets.get(target) else { return false };
        self.past.settled.get(target) != Some(&settings.pinned)
    }

    fn is_listed(&self, operation: &Operation) -> bool {
        let listed = self.tree.access.policy.first_run.get(&operation.target);
        let one = Leftover {
            kind: operation.kind,
            resource: operation.resource.clone(),
            permission: operation.permission.clone(),
            account: operation.principal.to_string(),
        };
        listed.is_some_and(|listed| listed.contains(&one))
    }
}

/// One refusal for each target.
pub(super) fn refusals<'o>(held_back: impl Iterator<Item = &'o Operation>) -> Vec<Refusal> {
    let told = counted(held_back).into_iter().map(|(target, count)| {
        let (message, help) = words(target, count);
        Refusal::new(&codes::FIRST_RUN, message, help)
    });
    told.collect()
}

/// The same for those who only look.
pub(super) fn findings<'o>(held_back: impl Iterator<Item = &'o Operation>) -> Vec<LiveFinding> {
    let told = counted(held_back).into_iter().map(|(target, count)| {
        let (message, help) = words(target, count);
        LiveFinding::at(&FIRST_RUN, target, message, help)
    });
    told.collect()
}

fn counted<'o>(held_back: impl Iterator<Item = &'o Operation>) -> BTreeMap<&'o TargetId, usize> {
    let mut counts: BTreeMap<&TargetId, usize> = BTreeMap::new();
    for operation in held_back {
        *counts.entry(&operation.target).or_default() += 1;
    }
    counts
}

fn words(target: &TargetId, count: usize) -> (String, String) {
    let held = if count == 1 { "1 entitlement is".to_owned() } else { format!("{count} entitlements are") };
    let message =
        format!("no run has brought about `{target}` as a whole yet, and {held} held there that nothing declares");
    let help = format!(
        "declare what shall stay; of the rest `dualkey import {target} --adopt` writes a list, and once that is approved it goes"
    );
    (message, help)
}

//! Where to look for landings: what each head does to managed paths, as numbers that can be looked up.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::signatures::Source;
use crate::repository::{Changes, Entry, Oid, Repository};

/// What a change does to managed paths, as a number. Steps that follow one another add up, and equal changes have equal
/// numbers; so may others, by chance or made so, which is why a number only says where to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Effect(u64);

impl Effect {
    pub(super) fn of(changes: &Changes) -> Self {
        changes.iter().fold(Effect::default(), |sum, (path, [before, after])| {
            let of = |entry: &Option<Entry>| {
                let mut hasher = DefaultHasher::new();
                entry.map(|entry| (path, entry)).hash(&mut hasher);
                hasher.finish()
            };
            sum.then(Effect(of(after).wrapping_sub(of(before))))
        })
    }

    /// Of one change after the other.
    pub(super) fn then(self, next: Effect) -> Self {
        Effect(self.0.wrapping_add(next.0))
    }

    /// Of what lies between two points whose effects are counted from a common one.
    pub(super) fn between(from: Effect, to: Effect) -> Self {
        Effect(to.0.wrapping_sub(from.0))
    }
}

/// What the heads do that somebody approved, each from where its approvers say that it started.
#[derive(Debug, Default)]
pub(super) struct Heads {
    by_effect: HashMap<Effect, BTreeSet<Oid>>,
    by_entry: HashMap<(String, Option<Entry>), BTreeSet<Oid>>,
}

impl Heads {
    /// Every head that is here. One that isn't can't be looked at, and so can't have been approved here.
    pub(super) fn of(repository: &Repository, source: &Source<'_>) -> Self {
        let mut heads = Heads::default();
        for (head, base) in source.claims() {
            let Ok(changes) = repository.managed_changes(base, head) else { continue };
            heads.by_effect.entry(Effect::of(&changes)).or_default().insert(head);
            for (path, [_, after]) in changes.iter() {
                heads.by_entry.entry((path.clone(), *after)).or_default().insert(head);
            }
        }
        heads
    }

    /// Heads that may do exactly this.
    pub(super) fn doing(&self, effect: Effect) -> impl Iterator<Item = Oid> {
        self.by_effect.get(&effect).into_iter().flatten().copied()
    }

    /// Heads that brought at least one of the paths to what it became.
    pub(super) fn sharing(&self, changes: &Changes) -> BTreeSet<Oid> {
        let entries = changes.iter().filter_map(|(path, [_, after])| self.by_entry.get(&(path.clone(), *after)));
        entries.flatten().copied().collect()
    }
}

/// The effects of one head, without looking at any other.
pub(super) fn of_head(repository: &Repository, source: &Source<'_>, head: Oid) -> Vec<Effect> {
    // whoever approves can name a base that isn't here, or can't be looked at; it is never the one that counts
    let changes = source.claimed_bases(head).into_iter().filter_map(|base| repository.managed_changes(base, head).ok());
    changes.map(|changes| Effect::of(&changes)).collect()
}

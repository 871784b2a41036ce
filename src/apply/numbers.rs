//! Which resource a name means: by the number under which something was given on it, or that its file says.

use std::collections::{BTreeMap, BTreeSet};

use super::Past;
use super::look::Seen;
use super::state::View;
use crate::access::{Kind, Revision, TargetId};
use crate::finding::Refusal;
use crate::plan::live::{self, LiveFinding};
use crate::plan::operations::{Difference, Found, Operation};
use crate::targets::{Numbered, Place, Resource, Scope};

/// A resource by its name.
pub(super) type Name = (TargetId, Resource);

/// By which numbers names are meant.
#[derive(Debug, Default)]
pub(super) struct Meant {
    /// What files say.
    declared: BTreeMap<Name, u64>,
    /// Under which number something was given last.
    recorded: BTreeMap<Name, u64>,
    /// Names of which the file says another number than the log, as long as something that was given on the old one may be
    /// held there.
    left: BTreeSet<Name>,
}

impl Meant {
    pub(super) fn of(tree: &Revision, past: &Past<'_>) -> Self {
        let mut meant = Meant::of_past(past);
        for resource in tree.access.domains.values().flat_map(|domain| domain.resources.values()) {
            if let Some(number) = resource.number {
                let named = Resource { kind: resource.kind, name: resource.name.to_string() };
                meant.declared.insert((resource.target.clone(), named), number);
            }
        }
        let given = past.given.iter().map(|given| name(&given.target, given.kind, &given.resource));
        meant.left = given.filter(|name| meant.is_renumbered(name)).collect();
        meant
    }

    /// By what the log alone knows.
    pub(super) fn of_past(past: &Past<'_>) -> Self {
        Meant { recorded: past.numbers.clone(), ..Meant::default() }
    }

    fn is_renumbered(&self, name: &Name) -> bool {
        let numbers = self.recorded.get(name).zip(self.declared.get(name));
        numbers.is_some_and(|(recorded, declared)| recorded != declared)
    }

    /// The number that a name is meant by. Where the file says another one than the log, what was given on the old one goes
    /// first.
    fn number(&self, name: &Name) -> Option<u64> {
        let (recorded, declared) = (self.recorded.get(name), self.declared.get(name));
        let first = if self.left.contains(name) { recorded } else { declared };
        first.or(recorded).or(declared).copied()
    }

    /// Tells a scope by which numbers its resources are meant.
    pub(super) fn identify(&self, target: &TargetId, scope: &mut Scope) {
        let resources: Vec<Resource> = scope.iter().filter(|one| one.kind.numbered).cloned().collect();
        for resource in resources {
            let name = (target.clone(), resource);
            if let Some(number) = self.number(&name) {
                scope.identify(name.1, number);
            }
        }
    }
}

fn name(target: &TargetId, kind: &'static Kind, resource: &str) -> Name {
    (target.clone(), Resource { kind, name: resource.to_owned() })
}

pub(super) fn name_of(operation: &Operation) -> Name {
    name(&operation.target, operation.kind, &operation.resource)
}

impl View<'_> {
    /// Notes where nothing is left of what was given on a resource that its name meant before. Gives those names, which mean
    /// what their files say from now on.
    pub(super) fn settle_numbers(&mut self, seen: &Seen) -> BTreeMap<TargetId, Scope> {
        let is_over = |(target, resource): &&Name| {
            seen.shows(target, resource.kind, &resource.name) && self.given_on(target, resource, seen).next().is_none()
        };
        let over: Vec<Name> = self.numbers.left.iter().filter(is_over).cloned().collect();
        let mut scopes: BTreeMap<TargetId, Scope> = BTreeMap::new();
        for name in over {
            self.numbers.left.remove(&name);
            scopes.entry(name.0).or_default().insert(name.1.kind, name.1.name);
        }
        scopes
    }

    /// What is held on a resource and was given by dualkey.
    fn given_on<'s>(
        &'s self,
        target: &'s TargetId,
        resource: &'s Resource,
        seen: &'s Seen,
    ) -> impl Iterator<Item = Found> + 's {
        let held = seen.held.get(target).into_iter().flatten();
        let here = held.filter(|live| live.kind == resource.kind && live.resource == resource.name);
        let given = here.filter(|live| self.was_given((Place::of_live(target, live), Some(&live.permission))));
        given.map(|live| Found { target: target.clone(), live: live.clone(), person: None })
    }

    /// Where a name comes to mean another resource, what was given on the old one goes, and nothing else is done.
    pub(super) fn take_what_is_left(&self, seen: &Seen, difference: &mut Difference) {
        let left = &self.numbers.left;
        if left.is_empty() {
            return;
        }
        difference.operations.retain(|one| !left.contains(&name_of(one)));
        for list in [&mut difference.unmanaged, &mut difference.pending] {
            list.retain(|one| !left.contains(&name(&one.target, one.live.kind, &one.live.resource)));
        }
        for (target, resource) in left.iter().filter(|(target, one)| seen.shows(target, one.kind, &one.name)) {
            difference.operations.extend(self.given_on(target, resource, seen).map(|found| self.revoke(found)));
        }
    }
}

/// What is wrong with what names mean, as far as it was seen.
#[derive(Debug)]
pub(super) struct Mistaken<'s> {
    seen: &'s Seen,
    /// All names of what has one number, by target, kind and number.
    names: BTreeMap<(&'s TargetId, &'s Kind, u64), Vec<&'s Resource>>,
}

impl<'s> Mistaken<'s> {
    pub(super) fn of(seen: &'s Seen) -> Self {
        let mut names: BTreeMap<(&TargetId, &Kind, u64), Vec<&Resource>> = BTreeMap::new();
        for ((target, resource), numbered) in &seen.numbers {
            names.entry((target, resource.kind, numbered.number)).or_default().push(resource);
        }
        Mistaken { seen, names }
    }

    /// Why an operation isn't done.
    ///
    /// INVARIANT: what only takes goes to the number that was meant; only where two names are one resource nobody knows what
    /// is to stay, so that nothing but ends is done.
    pub(super) fn refusal(&self, operation: &Operation) -> Option<Refusal> {
        let name = name_of(operation);
        let numbered = self.seen.numbers.get(&name)?;
        let replaced = || self.replaced(&name, numbered).filter(|_| !operation.only_takes());
        self.twice(&name, numbered).or_else(replaced).map(|finding| finding.refusal())
    }

    /// The same as findings.
    pub(super) fn findings(&self) -> Vec<LiveFinding> {
        let of = |(name, numbered)| self.twice(name, numbered).or_else(|| self.replaced(name, numbered));
        self.seen.numbers.iter().filter_map(of).collect()
    }

    fn replaced(&self, (target, resource): &Name, numbered: &Numbered) -> Option<LiveFinding> {
        Some(live::of_replaced(target, resource, numbered.number, numbered.now?))
    }

    fn twice(&self, (target, resource): &Name, numbered: &Numbered) -> Option<LiveFinding> {
        let names = self.names.get(&(target, resource.kind, numbered.number)).filter(|names| names.len() > 1)?;
        Some(live::of_twice(target, resource, names, numbered.number))
    }
}

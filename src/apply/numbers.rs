//! Which resource a name means: by the number under which something was given on it, or that its file says.

use std::collections::{BTreeMap, BTreeSet};

use super::Past;
use super::look::Seen;
use crate::access::{Kind, Revision, TargetId};
use crate::finding::Refusal;
use crate::plan::live::{self, LiveFinding};
use crate::plan::operations::Operation;
use crate::targets::{Numbered, Resource, Scope};

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
    pub left: BTreeSet<Name>,
    /// Names under which something is wanted.
    wanted: BTreeSet<Name>,
    /// Other names that the past has for what is wanted under a name: somebody renamed it, and the files followed.
    pub former: BTreeMap<Name, BTreeSet<Name>>,
}

impl Meant {
    pub(super) fn of(tree: &Revision, past: &Past<'_>) -> Self {
        let mut meant = Meant::of_past(past, BTreeSet::new());
        for resource in tree.access.domains.values().flat_map(|domain| domain.resources.values()) {
            let name = name(&resource.target, resource.kind, &resource.name);
            if let Some(number) = resource.number {
                meant.declared.insert(name.clone(), number);
            }
            meant.wanted.insert(name);
        }
        let given = past.given.iter().map(|given| name(&given.target, given.kind, &given.resource));
        meant.left = given.filter(|name| meant.is_renumbered(name)).collect();
        meant
    }

    /// By what the log alone knows, where something is wanted under these names.
    pub(super) fn of_past(past: &Past<'_>, wanted: BTreeSet<Name>) -> Self {
        Meant { recorded: past.numbers.clone(), wanted, ..Meant::default() }
    }

    /// Notes by which other names the past knows what is wanted.
    pub(super) fn recognise(&mut self, seen: &Seen) {
        let mut wanted: BTreeMap<(&TargetId, &Kind, u64), &Name> = BTreeMap::new();
        for (name, numbered) in seen.numbers.iter().filter(|(name, _)| self.wanted.contains(*name)) {
            wanted.entry((&name.0, name.1.kind, numbered.number)).or_insert(name);
        }
        for (name, numbered) in seen.numbers.iter().filter(|(name, _)| !self.wanted.contains(*name)) {
            if let Some(now) = wanted.get(&(&name.0, name.1.kind, numbered.number)) {
                self.former.entry((*now).clone()).or_default().insert(name.clone());
            }
        }
    }

    /// True for a name that only the past has, of something that is wanted under another one.
    pub(super) fn is_former(&self, name: &Name) -> bool {
        self.former.values().any(|names| names.contains(name))
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

pub(super) fn name(target: &TargetId, kind: &'static Kind, resource: &str) -> Name {
    (target.clone(), Resource { kind, name: resource.to_owned() })
}

pub(super) fn name_of(operation: &Operation) -> Name {
    name(&operation.target, operation.kind, &operation.resource)
}

/// What is wrong with what names mean, as far as it was seen.
#[derive(Debug)]
pub(super) struct Mistaken<'s> {
    seen: &'s Seen,
    meant: &'s Meant,
    /// All names of what has one number, by target, kind and number.
    names: BTreeMap<(&'s TargetId, &'s Kind, u64), Vec<&'s Resource>>,
}

impl<'s> Mistaken<'s> {
    pub(super) fn of(seen: &'s Seen, meant: &'s Meant) -> Self {
        let mut names: BTreeMap<(&TargetId, &Kind, u64), Vec<&Resource>> = BTreeMap::new();
        for (name, numbered) in seen.numbers.iter().filter(|(name, _)| !meant.is_former(name)) {
            let (target, resource) = name;
            names.entry((target, resource.kind, numbered.number)).or_default().push(resource);
        }
        Mistaken { seen, meant, names }
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

    fn replaced(&self, name: &Name, numbered: &Numbered) -> Option<LiveFinding> {
        let (target, resource) = name;
        // where the file says which one it is from now on, nobody is mistaken
        if self.meant.left.contains(name) {
            return None;
        }
        Some(live::of_replaced(target, resource, numbered.number, numbered.now?))
    }

    fn twice(&self, (target, resource): &Name, numbered: &Numbered) -> Option<LiveFinding> {
        let names = self.names.get(&(target, resource.kind, numbered.number)).filter(|names| names.len() > 1)?;
        Some(live::of_twice(target, resource, names, numbered.number))
    }
}

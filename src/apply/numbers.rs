//! Which resource a name means: by the number that its file says, and where else something may have been given under it.

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
///
/// INVARIANT: what is given goes where files and names lead alike. What the log says of numbers is good for refusing, and for
/// looking where something may have to be taken: it keeps no end away, and leads nobody in.
#[derive(Debug, Default)]
pub(super) struct Meant {
    /// What the tree says or, of a resource that it doesn't have, the tree applied last.
    declared: BTreeMap<Name, u64>,
    /// Under which number something was given last, as the log says.
    recorded: BTreeMap<Name, u64>,
    /// Every number under which something may have been given.
    known: BTreeMap<Name, BTreeSet<u64>>,
    /// Names under which something is wanted.
    wanted: BTreeSet<Name>,
    /// Other names that the past has for what is wanted under a name: somebody renamed it, and the files followed.
    pub former: BTreeMap<Name, BTreeSet<Name>>,
}

impl Meant {
    /// By what a proven tree and the past say, where these names are wanted; those of the tree where nothing else is said.
    pub(super) fn of(tree: &Revision, past: &Past<'_>, wanted: Option<BTreeSet<Name>>) -> Self {
        let mut meant = Meant { recorded: past.numbers.clone(), ..Meant::default() };
        let here: BTreeSet<Name> = resources(tree).map(|(name, _)| name).collect();
        let applied: Vec<(Name, Option<u64>)> = past.applied.iter().flat_map(|(one, _)| resources(one)).collect();
        let left = applied.iter().filter(|(name, _)| !here.contains(name)).cloned();
        for (name, number) in resources(tree).chain(left) {
            meant.declared.extend(number.map(|number| (name, number)));
        }
        let said = resources(tree).chain(applied).filter_map(|(name, number)| Some((name, number?)));
        for (name, number) in said.chain(past.numbers.iter().map(|(name, number)| (name.clone(), *number))) {
            meant.known.entry(name).or_default().insert(number);
        }
        meant.wanted = wanted.unwrap_or(here);
        meant
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

    /// True where files say which number a name means.
    pub(super) fn is_declared(&self, name: &Name) -> bool {
        self.declared.contains_key(name)
    }

    /// True where a number is that of something that is wanted under some name, and so is looked at under that one.
    pub(super) fn is_wanted(&self, (target, resource): &Name, number: u64, seen: &Seen) -> bool {
        seen.numbers.iter().any(|(name, one)| {
            (&name.0, name.1.kind, one.number) == (target, resource.kind, number) && self.wanted.contains(name)
        })
    }

    /// Tells a scope by which numbers its resources are meant, and where else something may have been given.
    pub(super) fn identify(&self, target: &TargetId, scope: &mut Scope) {
        let resources: Vec<Resource> = scope.iter().filter(|one| one.kind.numbered).cloned().collect();
        for resource in resources {
            let name = (target.clone(), resource);
            if let Some(known) = self.known.get(&name) {
                scope.also(name.1.clone(), known.clone());
            }
            if let Some(number) = self.declared.get(&name) {
                scope.identify(name.1, *number);
            }
        }
    }
}

/// The resources of a tree, with the numbers that it says.
fn resources(tree: &Revision) -> impl Iterator<Item = (Name, Option<u64>)> {
    let all = tree.access.domains.values().flat_map(|domain| domain.resources.values());
    all.map(|one| (name(&one.target, one.kind, &one.name), one.number))
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
        if let Some(now) = numbered.now {
            return Some(live::of_replaced(target, resource, numbered.number, now));
        }
        // where the file says which one it is, nobody is mistaken
        let recorded = self.meant.recorded.get(name).filter(|_| !self.meant.is_declared(name))?;
        (*recorded != numbered.number).then(|| live::of_replaced(target, resource, *recorded, numbered.number))
    }

    fn twice(&self, (target, resource): &Name, numbered: &Numbered) -> Option<LiveFinding> {
        let names = self.names.get(&(target, resource.kind, numbered.number)).filter(|names| names.len() > 1)?;
        Some(live::of_twice(target, resource, names, numbered.number))
    }
}

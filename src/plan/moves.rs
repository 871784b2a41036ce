//! Resources that change their domain: the owners of both ends are asked, also of one that held it last.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use ssh_key::public::KeyData;

use super::key_reused;
use super::replaced::Returning;
use super::requirements::{Requirement, Side};
use super::target_moved::Places;
use crate::access::{Access, ApprovedBy, ChangeClass, Config, DomainId, Person, PersonId, Resource};
use crate::finding::Finding;

/// What a resource is, whatever files call it: two targets can be one system, and systems compare names in ways of
/// their own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ResourceKey {
    system: String,
    kind: &'static str,
    name: String,
}

impl ResourceKey {
    fn of(access: &Access, resource: &Resource) -> Self {
        let target = access.config.targets.get(&resource.target);
        ResourceKey {
            system: target.map_or_else(|| resource.target.to_string(), |target| target.pinned.clone()),
            kind: resource.kind.name,
            name: resource.compared_name(),
        }
    }
}

impl std::fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

fn holders(access: &Access) -> BTreeMap<ResourceKey, BTreeSet<&DomainId>> {
    let mut found: BTreeMap<ResourceKey, BTreeSet<&DomainId>> = BTreeMap::new();
    for domain in access.domains.values() {
        for resource in domain.resources.values() {
            found.entry(ResourceKey::of(access, resource)).or_default().insert(&domain.id);
        }
    }
    found
}

/// A resource that other domains hold than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResourceChange {
    pub resource: ResourceKey,
    pub before: BTreeSet<DomainId>,
    pub after: BTreeSet<DomainId>,
}

impl ResourceChange {
    /// True where a domain holds it before and after the change.
    pub fn is_move(&self) -> bool {
        !self.before.is_empty() && !self.after.is_empty()
    }
}

/// Every one of them, sorted.
pub fn changes(base: &Access, head: &Access) -> Vec<ResourceChange> {
    // most changes touch no domain
    let domains = base.domains.values_shared().zip(head.domains.values_shared());
    let same = base.domains.len() == head.domains.len() && domains.into_iter().all(|(a, b)| Arc::ptr_eq(a, b));
    if same && base.config.targets == head.config.targets {
        return Vec::new();
    }
    let (before, mut after) = (holders(base), holders(head));
    let owned = |ids: BTreeSet<&DomainId>| ids.into_iter().cloned().collect::<BTreeSet<DomainId>>();
    let mut found = Vec::new();
    for (resource, before) in before {
        let after = after.remove(&resource).unwrap_or_default();
        if before != after {
            found.push(ResourceChange { resource, before: owned(before), after: owned(after) });
        }
    }
    let new = after.into_iter();
    found.extend(new.map(|(resource, after)| ResourceChange {
        resource,
        before: BTreeSet::new(),
        after: owned(after),
    }));
    found.sort_by(|a, b| a.resource.cmp(&b.resource));
    found
}

/// What stood before the tree that a change starts from: where resources that it takes in were held last, and by what
/// people who come back proved to be who they are.
#[derive(Clone, Debug, Default)]
pub struct Held {
    pub(super) returning: Returning,
    found: BTreeMap<ResourceKey, BTreeMap<DomainId, BTreeSet<PersonId>>>,
    /// What a change takes in, and no tree that was looked at held.
    open: BTreeSet<ResourceKey>,
    /// Who had a key before that the change gives to somebody, as they were then.
    holders: Vec<Arc<Person>>,
    /// What names of targets meant.
    places: Places,
}

impl Held {
    /// What has to be looked for: resources and people that the change brings, and of which nothing stood where it starts.
    pub fn wanted(base: &Access, head: &Access) -> Self {
        let new = changes(base, head).into_iter().filter(|change| change.before.is_empty());
        Held {
            returning: Returning::wanted(base, head),
            found: BTreeMap::new(),
            open: new.map(|change| change.resource).collect(),
            holders: Vec::new(),
            places: Places::wanted(base, head),
        }
    }

    /// Keys of which it matters who had them before.
    pub fn wanted_keys(base: &Access, head: &Access) -> BTreeSet<KeyData> {
        key_reused::brought(base, head)
    }

    /// Takes those who had one of them, as they were then.
    pub fn had_keys(&mut self, holders: Vec<Arc<Person>>) {
        self.holders = holders;
    }

    /// Findings about keys and names of targets that meant something else before.
    pub(super) fn reused(&self, base: &Access, head: &Access) -> Vec<Finding> {
        let mut found = key_reused::find(base, head, &self.holders);
        found.extend(self.returning.ids_reused(head));
        found.extend(self.places.moved(head));
        found
    }

    /// True where something of it was found.
    pub fn is_some(&self) -> bool {
        !self.found.is_empty() || !self.holders.is_empty() || self.returning.is_some() || self.places.is_some()
    }

    /// True where everything was found, or nothing is looked for.
    pub fn is_done(&self) -> bool {
        self.open.is_empty() && self.returning.is_done() && self.places.is_done()
    }

    /// True where an older tree with another such file may say more.
    pub fn wants(&self, path: &str) -> bool {
        let resources = path.starts_with("domains/") || path == "dualkey.yaml";
        resources && !self.open.is_empty() || self.returning.wants(path) || self.places.wants(path)
    }

    /// True where who left before the change may be who comes with it, by another name.
    pub fn looks_for_leavers(&self) -> bool {
        self.returning.looks_for_leavers()
    }

    /// Takes people who left, as the tree before knew them. The newest are asked first.
    pub fn left(&mut self, people: &[Arc<Person>], settings: &Config) {
        for person in people {
            self.returning.left(person, settings);
        }
    }

    /// Looks in an older tree. The newest is asked first.
    pub fn look(&mut self, tree: &Access) {
        self.returning.look(tree);
        self.places.look(tree);
        if self.open.is_empty() {
            return;
        }
        for (resource, domains) in holders(tree) {
            if self.open.remove(&resource) {
                let owners = |id: &DomainId| tree.domains.get(id).map(|domain| tree.expand(&domain.owners).into_keys());
                let held = domains.into_iter().map(|id| (id.clone(), owners(id).into_iter().flatten().collect()));
                self.found.insert(resource, held.collect());
            }
        }
    }
}

/// A resource that leaves one domain for another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    pub resource: ResourceKey,
    pub from: DomainId,
    pub to: DomainId,
    /// True where the domain gave it up in an earlier landing.
    pub earlier: bool,
}

/// What moves, what that asks for, and domains of whose owners nobody can approve.
#[derive(Debug, Default)]
pub struct Moves {
    pub moves: Vec<Move>,
    pub requirements: Vec<Requirement>,
    pub ownerless: BTreeSet<DomainId>,
}

impl Moves {
    pub fn of(base: &Access, head: &Access, changes: &[ResourceChange], held: &Held, now: Timestamp) -> Self {
        let mut found = Moves::default();
        let mut owners: BTreeMap<DomainId, BTreeSet<PersonId>> = BTreeMap::new();
        let standing = |side: &Access, id: &DomainId| {
            side.domains.get(id).map(|domain| side.expand(&domain.owners).into_keys().collect::<BTreeSet<PersonId>>())
        };
        for change in changes {
            let earlier = change.before.is_empty();
            let former = held.found.get(&change.resource).filter(|_| earlier);
            let before: BTreeSet<&DomainId> = match former {
                Some(former) => former.keys().collect(),
                None => change.before.iter().collect(),
            };
            for to in change.after.iter().filter(|to| !before.contains(to)) {
                for from in &before {
                    // whoever owns a domain now answers for it; of one that is gone its last owners
                    let last = || former.and_then(|former| former.get(*from)).cloned();
                    let giving = standing(base, from).or_else(last).unwrap_or_default();
                    owners.insert((*from).clone(), giving);
                    let taking = standing(base, to).or_else(|| standing(head, to)).unwrap_or_default();
                    owners.insert(to.clone(), taking);
                    let (resource, from, to) = (change.resource.clone(), (*from).clone(), to.clone());
                    found.moves.push(Move { resource, from, to, earlier });
                }
            }
        }
        for (domain, mut eligible) in owners {
            eligible.retain(|person| base.people.contains_key(person));
            if !eligible.iter().any(|person| base.speaks(person).contains(now)) {
                found.ownerless.insert(domain);
                continue;
            }
            found.requirements.push(Requirement {
                // an approval rule's id has no colon
                rule: format!("owners:{domain}"),
                class: ChangeClass::Policy,
                count: 1,
                side: Side::Old,
                by: ApprovedBy::Any,
                from: vec![format!("owners of {domain}")],
                eligible,
                gaining: BTreeSet::new(),
                everyone_gains: false,
                sponsors: BTreeSet::new(),
                sponsor_alone: false,
            });
        }
        found
    }
}

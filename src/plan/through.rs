//! What people have by groups that live at targets, whoever is in the groups' groups.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::operations::{Basis, owners};
use crate::access::{Access, Desired, Kind, PersonId, TargetId};
use crate::targets::{Live, Members, Principal};

/// What a group holds, as one of the people in it has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Through {
    pub target: TargetId,
    pub person: PersonId,
    /// What the group holds.
    pub live: Live,
    /// From the group that holds it down to the one that the person's account is in.
    pub via: Vec<String>,
    /// True where each of the groups is a declared resource, and the person is declared to be in the last.
    pub declared: bool,
}

/// What groups give.
#[derive(Clone, Debug, Default)]
pub struct ByGroups {
    /// Sorted; only people whom the registry knows.
    pub through: Vec<Through>,
    /// Groups that hold something, by themselves or by one another, and whose members nobody can tell.
    pub unresolved: BTreeSet<(TargetId, String)>,
}

/// Everything that people have by groups at an instant.
pub fn by_groups(
    basis: &Basis<'_>,
    held: &BTreeMap<TargetId, Vec<Live>>,
    members: &BTreeMap<TargetId, Members>,
) -> ByGroups {
    let mut found = ByGroups::default();
    let group = |live: &Live| matches!(live.principal, Principal::Group(_));
    if !held.values().flatten().any(group) {
        return found;
    }
    let owners = owners(basis);
    let declared = Declared::of(&basis.tree.access, &basis.tree.entitlements.desired_at(basis.now));
    let nobody = Members::new();
    for (target, live) in held {
        let members = members.get(target).unwrap_or(&nobody);
        let mut expanded: BTreeMap<&str, BTreeMap<String, Vec<String>>> = BTreeMap::new();
        for live in live {
            let Principal::Group(name) = &live.principal else { continue };
            let paths = expanded.entry(name).or_insert_with(|| {
                let (paths, unresolved) = expand(name, members);
                found.unresolved.extend(unresolved.into_iter().map(|name| (target.clone(), name)));
                paths
            });
            for (account, via) in paths {
                let Some(person) = owners.get(&(target.clone(), account.clone())) else { continue };
                found.through.push(Through {
                    target: target.clone(),
                    person: person.clone(),
                    live: live.clone(),
                    via: via.clone(),
                    declared: declared.covers(target, via, account),
                });
            }
        }
    }
    found.through.sort();
    found
}

/// The accounts in a group, each with the shortest way down to it, and the groups whose members nobody can tell.
fn expand(group: &str, members: &Members) -> (BTreeMap<String, Vec<String>>, BTreeSet<String>) {
    let (mut accounts, mut unresolved) = (BTreeMap::new(), BTreeSet::new());
    let mut seen = BTreeSet::from([group]);
    let mut open: VecDeque<(&str, Vec<String>)> = VecDeque::from([(group, vec![group.to_owned()])]);
    while let Some((name, via)) = open.pop_front() {
        let Some(direct) = members.get(name) else {
            unresolved.insert(name.to_owned());
            continue;
        };
        for member in direct {
            match member {
                Principal::Account(account) => {
                    accounts.entry(account.clone()).or_insert_with(|| via.clone());
                }
                Principal::Group(inner) => {
                    if seen.insert(inner) {
                        let deeper = via.iter().cloned().chain([inner.clone()]).collect();
                        open.push_back((inner, deeper));
                    }
                }
                // who is meant can't be told
                Principal::Unknown(_) | Principal::Everyone(_) => {
                    unresolved.insert(name.to_owned());
                }
                Principal::Service(_) | Principal::Deleted(_) => {}
            }
        }
    }
    (accounts, unresolved)
}

/// Groups that are declared resources, and who is declared to be in them.
struct Declared<'a> {
    groups: BTreeSet<(&'a TargetId, &'a str)>,
    members: BTreeSet<(&'a TargetId, &'a str, &'a str)>,
}

impl<'a> Declared<'a> {
    fn of(access: &'a Access, desired: &[Desired<'a>]) -> Self {
        let is_group = |kind: &'static Kind| kind.groups;
        let resources = access.domains.values().flat_map(|domain| domain.resources.values());
        let groups = resources.filter(|one| is_group(one.kind)).map(|one| (&one.target, &*one.name)).collect();
        let keys = desired.iter().map(|one| one.key).filter(|key| is_group(key.kind));
        let members = keys.map(|key| (&key.target, &*key.resource, &*key.principal)).collect();
        Declared { groups, members }
    }

    fn covers(&self, target: &TargetId, via: &[String], account: &str) -> bool {
        via.iter().all(|group| self.groups.contains(&(target, group.as_str())))
            && via.last().is_some_and(|last| self.members.contains(&(target, last.as_str(), account)))
    }
}

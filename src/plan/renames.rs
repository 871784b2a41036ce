//! People and domains that get another name, and resources that go to another domain, while everybody holds what they held.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;

use super::judges::Panel;
use super::{Classes, EntitlementChange, JudgeChange, ResourceChange};
use crate::access::reading::{Claim, FileKind};
use crate::access::{
    Access, ById, Cause, ChangeClass, Domain, DomainId, EntitlementKey, Intervals, Person, PersonId, Revision,
};

/// What a change gives another name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renames {
    /// New name to the old one, of people with the same accounts, keys and terms.
    pub people: BTreeMap<PersonId, PersonId>,
    /// New name to the old one, of domains with the same resources.
    pub domains: BTreeMap<DomainId, DomainId>,
    /// True where names and domains are all that a change touches of access: everybody holds what they held, and the same people
    /// may approve each of it. Such a change loosens no rule for what it gives, since it gives nothing.
    pub only: bool,
}

impl Renames {
    pub(super) fn of(
        base: &Revision,
        head: &Revision,
        classes: &Classes,
        changes: &[EntitlementChange],
        resources: &[ResourceChange],
        judges: &[JudgeChange],
    ) -> Self {
        let people = renamed(&base.access.people, &head.access.people, same_person);
        let domains = renamed(&base.access.domains, &head.access.domains, same_domain);
        let mut renames = Renames { people, domains, only: false };
        let moved = resources.iter().any(ResourceChange::is_move);
        // whether anything depends on it is seen quickly
        renames.only = (moved || !renames.people.is_empty())
            && classes.has(ChangeClass::Access)
            && renames.only_in_files(classes)
            && renames.same_judges(judges)
            && renames.same_access(changes)
            && renames.same_owners(base, head);
        renames
    }

    /// The name that somebody had before.
    fn before<'p>(&'p self, person: &'p PersonId) -> &'p PersonId {
        self.people.get(person).unwrap_or(person)
    }

    /// True where files of access are of those who hold it by another name, or say who holds what.
    fn only_in_files(&self, classes: &Classes) -> bool {
        classes.paths().filter(|(_, class)| *class == ChangeClass::Access).all(|(path, _)| {
            match FileKind::of_path(path) {
                Claim::File(FileKind::Grant | FileKind::Group, _) => true,
                Claim::File(FileKind::Person, id) => self.people.contains_key(id),
                Claim::File(..) | Claim::Placeholder | Claim::NotOurs | Claim::Refused { .. } => false,
            }
        })
    }

    /// True where what somebody loses is what they gain by their new name, at the same times.
    fn same_access(&self, changes: &[EntitlementChange]) -> bool {
        let mut held: BTreeMap<EntitlementKey, [Intervals; 2]> = BTreeMap::new();
        for change in changes {
            let key = EntitlementKey { person: self.before(&change.key.person).clone(), ..change.key.clone() };
            let [before, after] = held.entry(key).or_default();
            let (of_before, of_after) = (change.before.clone(), change.after.clone());
            if !of_before.is_empty() && !before.is_empty() || !of_after.is_empty() && !after.is_empty() {
                return false;
            }
            if !of_before.is_empty() {
                *before = of_before;
            }
            if !of_after.is_empty() {
                *after = of_after;
            }
        }
        held.values().all(|[before, after]| before == after)
    }

    /// True where rules and sponsorships name the same people. Owners are looked at with what they own.
    fn same_judges(&self, judges: &[JudgeChange]) -> bool {
        let panel = |panel: &Panel| {
            let people = panel.people.iter().map(|(person, proofs)| (self.before(person).clone(), proofs.clone()));
            Panel { asks: panel.asks.clone(), people: people.collect() }
        };
        let of = |side: fn(&JudgeChange) -> Option<&Panel>| -> BTreeMap<String, Panel> {
            let judging = judges.iter().filter(|change| !change.judge.starts_with("owners:"));
            let named = judging.filter_map(|change| Some((self.judge(&change.judge), panel(side(change)?))));
            named.collect()
        };
        of(|change| change.before.as_ref()) == of(|change| change.after.as_ref())
    }

    /// Whom a panel is asked for, by the name before.
    fn judge(&self, judge: &str) -> String {
        let renamed = judge.strip_prefix("sponsor:").and_then(|person| self.people.get(person));
        renamed.map_or_else(|| judge.to_owned(), |before| format!("sponsor:{before}"))
    }

    /// True where each entitlement comes from domains whose owners are those before.
    fn same_owners(&self, base: &Revision, head: &Revision) -> bool {
        let (before, after) = (Owners::of(&base.access), Owners::of(&head.access));
        head.entitlements.iter().all(|entitlement| {
            let key =
                EntitlementKey { person: self.before(&entitlement.key.person).clone(), ..entitlement.key.clone() };
            let Some(stood) = base.entitlements.get(&key) else { return false };
            let owners = |owners: &Owners, of: &[Cause]| -> BTreeSet<PersonId> {
                of.iter().flat_map(|cause| owners.0.get(&cause.domain).into_iter().flatten()).cloned().collect()
            };
            let now: BTreeSet<PersonId> =
                owners(&after, &entitlement.causes).iter().map(|person| self.before(person).clone()).collect();
            owners(&before, &stood.causes) == now
        })
    }
}

struct Owners(BTreeMap<DomainId, BTreeSet<PersonId>>);

impl Owners {
    fn of(access: &Access) -> Self {
        let owners = |domain: &Domain| access.expand(&domain.owners).into_keys().collect();
        Owners(access.domains.values().map(|domain| (domain.id.clone(), owners(domain))).collect())
    }
}

/// Those of whom one went as another came who is the same: new id to the old one. Two of which nobody can tell which is which
/// are none.
fn renamed<I: Ord + Clone + Hash, T>(
    before: &ById<I, T>,
    after: &ById<I, T>,
    same: fn(&T, &T) -> bool,
) -> BTreeMap<I, I> {
    let gone: Vec<(&I, &T)> = before.iter().filter(|(id, _)| !after.contains_key(*id)).collect();
    if gone.is_empty() {
        return BTreeMap::new();
    }
    let mut found = BTreeMap::new();
    for (id, new) in after.iter().filter(|(id, _)| !before.contains_key(*id)) {
        let mut alike = gone.iter().filter(|(_, old)| same(old, new));
        if let (Some((old, _)), None) = (alike.next(), alike.next()) {
            found.insert(id.clone(), (*old).clone());
        }
    }
    let olds: BTreeSet<I> = found.values().cloned().collect();
    if olds.len() == found.len() { found } else { BTreeMap::new() }
}

fn same_person(before: &Person, after: &Person) -> bool {
    let terms = |person: &Person| (person.person_type, person.engagement, person.ended);
    let told = |person: &Person| {
        !(person.accounts.iter().next().is_none() && person.keys.is_empty() && person.emails.is_empty())
    };
    told(before)
        && terms(before) == terms(after)
        && (&before.vendor, &before.sponsor) == (&after.vendor, &after.sponsor)
        && (&before.accounts, &before.emails, &before.keys) == (&after.accounts, &after.emails, &after.keys)
}

fn same_domain(before: &Domain, after: &Domain) -> bool {
    let resources = |domain: &Domain| -> Vec<(String, String, &'static str, String)> {
        let all = domain.resources.iter();
        let told = all.map(|(id, one)| (id.to_string(), one.target.to_string(), one.kind.name, one.name.to_string()));
        told.collect()
    };
    before.environment == after.environment
        && before.contractors_allowed == after.contractors_allowed
        && resources(before) == resources(after)
}

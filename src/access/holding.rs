//! Grants held by people: groups expanded, ends derived.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt as _};
use jiff::Timestamp;

use super::id::{DomainId, GroupId, PersonId, ResourceId};
use super::model::{Access, Domain, Grant, Person, Resource, Role};
use super::time::Interval;

/// A person that a grant reaches.
#[derive(Clone, Debug)]
pub struct Beneficiary<'a> {
    pub person: &'a Arc<Person>,
    /// The person's place in the order of all.
    place: usize,
    /// From the group that the grant names down to the one that holds the person; empty where it names the person.
    pub via: Vec<GroupId>,
}

/// One grant held by one person, before it is spread over resources.
#[derive(Clone, Debug)]
pub struct Holding {
    pub grant: Arc<Grant>,
    pub person: Arc<Person>,
    pub via: Vec<GroupId>,
    /// When the person holds it; already cut by engagement, contract, `ended` and bridge.
    pub interval: Interval,
    /// The grant's role as it is declared. A rule that may judge by a stricter one asks [`Access`].
    pub role: Option<Arc<Role>>,
    /// The grant's domain, likewise.
    pub domain: Option<Arc<Domain>>,
}

impl Holding {
    /// True where both are made of the very same files, and hold for the same time by the same path.
    pub(super) fn is_same(&self, other: &Holding) -> bool {
        fn same<T>(a: Option<&Arc<T>>, b: Option<&Arc<T>>) -> bool {
            match (a, b) {
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                (a, b) => a.is_none() && b.is_none(),
            }
        }
        Arc::ptr_eq(&self.grant, &other.grant)
            && Arc::ptr_eq(&self.person, &other.person)
            && same(self.role.as_ref(), other.role.as_ref())
            && same(self.domain.as_ref(), other.domain.as_ref())
            && (&self.via, self.interval) == (&other.via, other.interval)
    }

    /// The resources of the grant with the permissions its role has there.
    pub(super) fn reach(&self) -> impl Iterator<Item = (&ResourceId, &Resource, &Arc<str>)> {
        reach(&self.grant, self.role.as_deref(), self.domain.as_deref())
    }
}

/// The resources of a grant in a domain, with the permissions that a role has there.
pub fn reach<'a>(
    grant: &'a Grant,
    role: Option<&'a Role>,
    domain: Option<&'a Domain>,
) -> impl Iterator<Item = (&'a ResourceId, &'a Resource, &'a Arc<str>)> {
    domain
        .into_iter()
        .flat_map(|domain| domain.resources.iter())
        .filter(|(id, _)| grant.resources.as_ref().is_none_or(|only| only.contains(*id)))
        .flat_map(move |(id, resource)| {
            let permissions = role.and_then(|role| role.entitlements.get(resource.kind));
            permissions.into_iter().flatten().map(move |permission| (id, resource, permission))
        })
}

impl Access {
    /// When a person's access can hold at all: engagement, vendor's contract and both `ended`. None where never.
    pub fn bounds(&self, person: &Person) -> Option<Interval> {
        let mut bounds = person.engagement.unwrap_or(Interval::ALWAYS);
        let until = |ended: Option<Timestamp>| Interval::new(Timestamp::MIN, ended.unwrap_or(Timestamp::MAX));
        bounds = bounds.intersect(&until(person.ended)?)?;
        if let Some(vendor) = person.vendor.as_ref().and_then(|id| self.vendors.get(id)) {
            bounds = bounds.intersect(&vendor.contract)?.intersect(&until(vendor.ended)?)?;
        }
        Some(bounds)
    }

    /// True where a person's time here is over at an instant.
    pub fn has_ended(&self, person: &Person, now: Timestamp) -> bool {
        self.bounds(person).is_none_or(|bounds| bounds.until() <= now)
    }

    /// When the bridges that let a person into a domain end; None where there is no such bridge.
    pub fn bridge_end(&self, person: &PersonId, into: &DomainId) -> Option<Timestamp> {
        self.bridges.values().filter(|b| &b.into == into && b.people.contains(person)).map(|b| b.until).max()
    }

    /// [`Access::bridge_end`] of everybody.
    fn bridge_ends(&self) -> HashMap<(&PersonId, &DomainId), Timestamp> {
        let mut ends: HashMap<_, Timestamp> = HashMap::new();
        for bridge in self.bridges.values() {
            for person in &bridge.people {
                let end = ends.entry((person, &bridge.into)).or_insert(bridge.until);
                *end = bridge.until.max(*end);
            }
        }
        ends
    }

    /// Every grant with the people that it reaches and the groups that lead to them, also those who never hold it.
    pub fn beneficiaries(&self) -> impl Iterator<Item = (&Arc<Grant>, Vec<Beneficiary<'_>>)> {
        let found = |(id, via)| self.people.place(id).map(|(place, person)| Beneficiary { person, place, via });
        self.grants
            .values_shared()
            .map(move |grant| (grant, self.reached_people(&grant.to).into_iter().filter_map(found).collect()))
    }

    /// Every grant × person: what each person holds, in the order of grants, for all in the order of people. Grants that a
    /// person never holds are left out.
    pub(super) fn holdings(&self) -> Vec<Vec<Holding>> {
        let mut holdings = vec![Vec::new(); self.people.len()];
        let bridge_ends = self.bridge_ends();
        for (grant, people) in self.beneficiaries() {
            let Some(whole) = grant.interval() else { continue };
            let (role, domain) = (self.roles.shared(&grant.role), self.domains.shared(&grant.domain));
            for Beneficiary { person, place, via } in people {
                let Some(mut interval) = self.bounds(person).and_then(|bounds| bounds.intersect(&whole)) else {
                    continue;
                };
                if let Some(end) = bridge_ends.get(&(&person.id, &grant.domain)) {
                    match Interval::new(Timestamp::MIN, *end).and_then(|until| interval.intersect(&until)) {
                        Some(cut) => interval = cut,
                        None => continue,
                    }
                }
                let (grant, person) = (Arc::clone(grant), Arc::clone(person));
                let held = Holding { grant, person, via, interval, role: role.cloned(), domain: domain.cloned() };
                if let Some(own) = holdings.get_mut(place) {
                    own.push(held);
                }
            }
        }
        holdings
    }

    /// The resources of a grant with the permissions its role has there.
    pub fn reach<'a>(&'a self, grant: &'a Grant) -> impl Iterator<Item = (&'a ResourceId, &'a Resource, &'a Arc<str>)> {
        reach(grant, self.roles.get(&grant.role), self.domains.get(&grant.domain))
    }
}

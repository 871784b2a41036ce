//! Entitlements: what role × the domain's resources × people yields, with groups expanded and ends derived.

use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt as _};
use jiff::Timestamp;

use super::conditions::Conditions;
use super::id::{DomainId, GrantId, GroupId, PersonId, ResourceId, RoleId, TargetId};
use super::kind::{Kind, TargetType};
use super::model::{Access, Grant, Person};
use super::time::{Interval, Intervals};

/// Who may do what where, and under which conditions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntitlementKey {
    pub person: PersonId,
    pub target: TargetId,
    pub kind: &'static Kind,
    /// The target's own name of the resource.
    pub resource: Arc<str>,
    pub permission: Arc<str>,
    /// The person's name at the target.
    pub principal: Arc<str>,
    /// A part of what is held: see [`Conditions`].
    pub conditions: Conditions,
}

impl EntitlementKey {
    /// True where at most the conditions differ. In sorted order such keys are neighbours, the one without any first.
    pub fn same_but_conditions(&self, other: &EntitlementKey) -> bool {
        fn rest(key: &EntitlementKey) -> (&PersonId, &TargetId, &'static Kind, &str, &str, &str) {
            (&key.person, &key.target, key.kind, &key.resource, &key.permission, &key.principal)
        }
        rest(self) == rest(other)
    }
}

/// Why an entitlement is there: one grant, through one path of groups, to one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cause {
    pub grant: GrantId,
    pub role: RoleId,
    pub domain: DomainId,
    pub resource: ResourceId,
    /// From the group that the grant names down to the one that holds the person; empty where it names the person.
    pub via: Vec<GroupId>,
    pub interval: Interval,
}

/// The unit of everything.
#[derive(Clone, Debug)]
pub struct Entitlement {
    pub key: EntitlementKey,
    pub intervals: Intervals,
    pub causes: Vec<Cause>,
}

/// All entitlements of an access repository, over all of time. Sorted by key, each key once.
#[derive(Clone, Debug, Default)]
pub struct Entitlements(Vec<Entitlement>);

/// What one person should hold at one instant, after kinds that hold one value have taken the highest.
#[derive(Clone, Debug)]
pub struct Desired {
    pub key: EntitlementKey,
    /// When it ends as things are declared now, `Timestamp::MAX` for never.
    pub until: Timestamp,
    pub causes: Vec<Cause>,
}

/// A person that a grant reaches.
#[derive(Clone, Debug)]
pub struct Beneficiary<'a> {
    pub person: &'a Person,
    /// From the group that the grant names down to the one that holds the person; empty where it names the person.
    pub via: Vec<GroupId>,
}

/// One grant held by one person, before it is spread over resources.
#[derive(Clone, Debug)]
pub struct Holding<'a> {
    pub grant: &'a Grant,
    pub person: &'a Person,
    pub via: Vec<GroupId>,
    /// When the person holds it; already cut by engagement, contract, `ended` and bridge.
    pub interval: Interval,
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
    pub fn beneficiaries<'a>(&'a self) -> Vec<(&'a Grant, Vec<Beneficiary<'a>>)> {
        let found = |(id, via)| self.people.get(id).map(|person| Beneficiary { person, via });
        let of = |grant: &'a Grant| (grant, self.reached_people(&grant.to).into_iter().filter_map(found).collect());
        self.grants.values().map(of).collect()
    }

    /// Every grant × person, in order of grants and people. Grants that a person never holds are left out.
    pub fn holdings(&self) -> Vec<Holding<'_>> {
        self.holdings_of(&self.beneficiaries())
    }

    /// The same where the beneficiaries are known already.
    pub fn holdings_of<'a>(&self, beneficiaries: &[(&'a Grant, Vec<Beneficiary<'a>>)]) -> Vec<Holding<'a>> {
        let mut holdings = Vec::with_capacity(beneficiaries.len());
        let bridge_ends = self.bridge_ends();
        for (grant, people) in beneficiaries {
            let Some(whole) = grant.interval() else { continue };
            for Beneficiary { person, via } in people {
                let Some(mut interval) = self.bounds(person).and_then(|bounds| bounds.intersect(&whole)) else {
                    continue;
                };
                if let Some(end) = bridge_ends.get(&(&person.id, &grant.domain)) {
                    match Interval::new(Timestamp::MIN, *end).and_then(|until| interval.intersect(&until)) {
                        Some(cut) => interval = cut,
                        None => continue,
                    }
                }
                holdings.push(Holding { grant, person, via: via.clone(), interval });
            }
        }
        holdings
    }

    /// The resources of a grant with the permissions its role has there.
    pub fn reach<'a>(
        &'a self,
        grant: &'a Grant,
    ) -> impl Iterator<Item = (&'a ResourceId, &'a super::model::Resource, &'a Arc<str>)> {
        let role = self.roles.get(&grant.role);
        let domain = self.domains.get(&grant.domain);
        domain
            .into_iter()
            .flat_map(|domain| domain.resources.iter())
            .filter(|(id, _)| grant.resources.as_ref().is_none_or(|only| only.contains(*id)))
            .flat_map(move |(id, resource)| {
                let permissions = role.and_then(|role| role.entitlements.get(resource.kind));
                permissions.into_iter().flatten().map(move |permission| (id, resource, permission))
            })
    }
}

impl Entitlements {
    /// Derives everything that the repository declares. People without the account are left out (`missing-account`),
    /// and so is what a target can't keep the conditions of (`hours-not-enforceable`): it would be held without them.
    pub fn derive(access: &Access) -> Self {
        let mut holdings = access.holdings();
        // the keys of one person are neighbours, so that few have to be compared with each other
        holdings.sort_by(|a, b| a.person.id.cmp(&b.person.id));
        let mut all: Vec<Entitlement> = Vec::with_capacity(holdings.len());
        let mut own: Vec<(EntitlementKey, Cause)> = Vec::new();
        for held in holdings.chunk_by(|a, b| a.person.id == b.person.id) {
            let mut principals: BTreeMap<TargetType, Option<Arc<str>>> = BTreeMap::new();
            for holding in held {
                let (grant, person) = (holding.grant, holding.person);
                for (id, resource, permission) in access.reach(grant) {
                    if !grant.conditions.enforceable(resource.kind) {
                        continue;
                    }
                    let target = resource.kind.target;
                    let principal = || person.accounts.principal(target).map(Arc::from);
                    let Some(principal) = principals.entry(target).or_insert_with(principal) else { continue };
                    let key = EntitlementKey {
                        person: person.id.clone(),
                        target: resource.target.clone(),
                        kind: resource.kind,
                        resource: Arc::clone(&resource.name),
                        permission: Arc::clone(permission),
                        principal: Arc::clone(principal),
                        conditions: grant.conditions.clone(),
                    };
                    let cause = Cause {
                        grant: grant.id.clone(),
                        role: grant.role.clone(),
                        domain: grant.domain.clone(),
                        resource: id.clone(),
                        via: holding.via.clone(),
                        interval: holding.interval,
                    };
                    own.push((key, cause));
                }
            }
            own.sort();
            for (key, cause) in own.drain(..) {
                match all.last_mut() {
                    Some(same) if same.key == key => {
                        same.intervals.insert(cause.interval);
                        same.causes.push(cause);
                    }
                    Some(_) | None => {
                        let intervals = std::iter::once(cause.interval).collect();
                        all.push(Entitlement { key, intervals, causes: vec![cause] });
                    }
                }
            }
        }
        Entitlements(all)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Entitlement> {
        self.0.iter()
    }

    /// Person by person, what each holds.
    pub fn by_person(&self) -> impl Iterator<Item = &[Entitlement]> {
        self.0.chunk_by(|a, b| a.key.person == b.key.person)
    }

    pub fn get(&self, key: &EntitlementKey) -> Option<&Entitlement> {
        let index = self.0.binary_search_by(|one| one.key.cmp(key)).ok()?;
        self.0.get(index)
    }

    /// When the person holds this or more: under the key's conditions or wider ones.
    pub fn held(&self, key: &EntitlementKey) -> Intervals {
        let first = EntitlementKey { conditions: Conditions::NONE, ..key.clone() };
        let start = self.0.partition_point(|one| one.key < first);
        let same = self.0.iter().skip(start).take_while(|one| one.key.same_but_conditions(key));
        let enough = same.filter(|one| key.conditions.within(&one.key.conditions));
        enough.fold(Intervals::default(), |held, one| held.union(&one.intervals))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What of these lies within others: never more, never longer.
    #[must_use]
    pub fn within(&self, limit: &Entitlements) -> Self {
        let cut = |one: &Entitlement| {
            let intervals = one.intervals.intersect(&limit.get(&one.key)?.intervals);
            (!intervals.is_empty()).then(|| Entitlement { intervals, ..one.clone() })
        };
        Entitlements(self.iter().filter_map(cut).collect())
    }

    /// What should be live at an instant. Where a kind holds one value a person, the highest of all grants.
    pub fn desired_at(&self, at: Timestamp) -> Vec<Desired> {
        let mut desired: Vec<Desired> = Vec::new();
        // target, kind, resource and principal of what holds one value
        type Slot = (TargetId, &'static Kind, Arc<str>, Arc<str>);
        let mut single: BTreeMap<Slot, Desired> = BTreeMap::new();
        for entitlement in self.iter() {
            let Some(interval) = entitlement.intervals.at(at) else { continue };
            let kind = entitlement.key.kind;
            let next = Desired {
                key: entitlement.key.clone(),
                until: interval.until(),
                causes: entitlement.causes.iter().filter(|cause| cause.interval.contains(at)).cloned().collect(),
            };
            if !kind.holds_one() {
                desired.push(next);
                continue;
            }
            let key = &next.key;
            let slot = (key.target.clone(), key.kind, key.resource.clone(), key.principal.clone());
            match single.get(&slot) {
                Some(held) if kind.rank(&held.key.permission) >= kind.rank(&next.key.permission) => {}
                Some(_) | None => {
                    single.insert(slot, next);
                }
            }
        }
        desired.extend(single.into_values());
        desired.sort_by(|a, b| a.key.cmp(&b.key));
        desired
    }
}

//! Entitlements: what role × the domain's resources × people yields.

use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt as _};
use jiff::Timestamp;

use super::conditions::Conditions;
use super::holding::Holding;
use super::id::{DomainId, GrantId, GroupId, PersonId, ResourceId, RoleId, TargetId};
use super::kind::Kind;
use super::merge::merge;
use super::model::Access;
use super::target_type::TargetType;
use super::time::{Interval, Intervals};
use crate::parallel::each;

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

/// All entitlements of an access repository, over all of time. Sorted by key, each key once. Revisions share what they
/// have in common.
#[derive(Clone, Debug, Default)]
pub struct Entitlements(Vec<Arc<Held>>);

/// What one person holds.
#[derive(Debug)]
struct Held {
    person: PersonId,
    /// By which grants.
    holdings: Vec<Holding>,
    /// What these yield, sorted by key.
    entitlements: Vec<Entitlement>,
}

/// What one person should hold at one instant, after kinds that hold one value have taken the highest.
#[derive(Clone, Copy, Debug)]
pub struct Desired<'a> {
    pub key: &'a EntitlementKey,
    /// When it ends as things are declared now, `Timestamp::MAX` for never.
    pub until: Timestamp,
    /// The first of what gives it at the instant.
    pub cause: Option<&'a Cause>,
}

impl Held {
    /// True where the same would come of it again.
    fn comes_from(&self, holdings: &[Holding]) -> bool {
        self.holdings.len() == holdings.len() && self.holdings.iter().zip(holdings).all(|(a, b)| a.is_same(b))
    }

    /// What one person's holdings yield.
    fn by(person: PersonId, holdings: Vec<Holding>) -> Self {
        let mut own: Vec<(EntitlementKey, Cause)> = Vec::new();
        let mut principals: BTreeMap<TargetType, Option<Arc<str>>> = BTreeMap::new();
        for holding in &holdings {
            let grant = &holding.grant;
            for (id, resource, permission) in holding.reach() {
                if !grant.conditions.enforceable(resource.kind) {
                    continue;
                }
                let target = resource.kind.target;
                let principal = || holding.person.accounts.principal(target).map(Arc::from);
                let Some(principal) = principals.entry(target).or_insert_with(principal) else { continue };
                let key = EntitlementKey {
                    person: person.clone(),
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
        let mut entitlements: Vec<Entitlement> = Vec::with_capacity(own.len());
        for (key, cause) in own {
            match entitlements.last_mut() {
                Some(same) if same.key == key => {
                    same.intervals.insert(cause.interval);
                    same.causes.push(cause);
                }
                Some(_) | None => {
                    let intervals = std::iter::once(cause.interval).collect();
                    entitlements.push(Entitlement { key, intervals, causes: vec![cause] });
                }
            }
        }
        Held { person, holdings, entitlements }
    }
}

impl Entitlements {
    /// Derives everything that the repository declares. People without the account are left out (`missing-account`),
    /// and so is what a target can't keep the conditions of (`hours-not-enforceable`): it would be held without them.
    ///
    /// Whoever held the same by the same before isn't looked at again.
    pub fn derive(access: &Access, earlier: &Entitlements) -> Self {
        let mut known = earlier.0.iter().peekable();
        let held = access.people.keys().zip(access.holdings()).filter(|(_, own)| !own.is_empty());
        let row = held.map(|(person, own)| {
            while known.next_if(|known| known.person < *person).is_some() {}
            let same = known.next_if(|known| known.person == *person).filter(|known| known.comes_from(&own));
            (person, own, same)
        });
        let derive = |(person, own, same): (&PersonId, _, Option<&Arc<Held>>)| match same {
            Some(same) => Arc::clone(same),
            None => Arc::new(Held::by(person.clone(), own)),
        };
        Entitlements(each(row.collect(), derive))
    }

    /// Everybody who holds something: by which grants, and what these yield.
    pub fn people(&self) -> impl Iterator<Item = (&PersonId, &[Holding], &[Entitlement])> {
        self.0.iter().map(|held| (&held.person, held.holdings.as_slice(), held.entitlements.as_slice()))
    }

    /// By which grants people hold something, in the order of people and grants.
    pub fn holdings(&self) -> impl Iterator<Item = &Holding> {
        self.0.iter().flat_map(|held| &held.holdings)
    }

    /// Pairs of what a person holds here and there, for everybody of whom it may differ.
    pub fn differing<'a>(&'a self, other: &'a Entitlements) -> impl Iterator<Item = [&'a [Entitlement]; 2]> {
        let row = |of: &'a Entitlements| of.0.iter().map(|held| (&held.person, held));
        let entitlements = |held: Option<&'a Arc<Held>>| held.map_or(&[] as &[_], |held| &held.entitlements);
        merge(row(self), row(other))
            .filter(|(_, here, there)| !here.zip(*there).is_some_and(|(here, there)| Arc::ptr_eq(here, there)))
            .map(move |(_, here, there)| [entitlements(here), entitlements(there)])
    }

    pub fn iter(&self) -> impl Iterator<Item = &Entitlement> {
        self.by_person().flatten()
    }

    /// Person by person, what each holds.
    pub fn by_person(&self) -> impl Iterator<Item = &[Entitlement]> {
        self.0.iter().map(|held| held.entitlements.as_slice())
    }

    /// What one person holds.
    pub fn of(&self, person: &PersonId) -> &[Entitlement] {
        let held = self.0.binary_search_by(|held| held.person.cmp(person)).ok();
        held.and_then(|place| self.0.get(place)).map_or(&[], |held| &held.entitlements)
    }

    pub fn get(&self, key: &EntitlementKey) -> Option<&Entitlement> {
        let own = self.of(&key.person);
        own.get(own.binary_search_by(|one| one.key.cmp(key)).ok()?)
    }

    /// When the person holds this or more: under the key's conditions or wider ones.
    pub fn held(&self, key: &EntitlementKey) -> Intervals {
        let first = EntitlementKey { conditions: Conditions::NONE, ..key.clone() };
        let own = self.of(&key.person);
        let start = own.partition_point(|one| one.key < first);
        let same = own.iter().skip(start).take_while(|one| one.key.same_but_conditions(key));
        let enough = same.filter(|one| key.conditions.within(&one.key.conditions));
        enough.fold(Intervals::default(), |held, one| held.union(&one.intervals))
    }

    /// When the person holds this or more: as [`Entitlements::held`], or a higher permission of a kind that holds one value.
    pub fn held_at_least(&self, key: &EntitlementKey) -> Intervals {
        let held = self.held(key);
        if !key.kind.holds_one() {
            return held;
        }
        let same_place = |other: &EntitlementKey| {
            (&key.target, key.kind, &key.resource, &key.principal)
                == (&other.target, other.kind, &other.resource, &other.principal)
        };
        let more = self.of(&key.person).iter().filter(|one| {
            same_place(&one.key)
                && key.kind.includes(&one.key.permission, &key.permission)
                && key.conditions.within(&one.key.conditions)
        });
        more.fold(held, |held, one| held.union(&one.intervals))
    }

    pub fn len(&self) -> usize {
        self.by_person().map(<[_]>::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.by_person().all(<[_]>::is_empty)
    }

    /// What of these lies within others: never more, never longer. The holdings stay whole.
    #[must_use]
    pub fn within(&self, limit: &Entitlements) -> Self {
        let cut = |one: &Entitlement| {
            let intervals = one.intervals.intersect(&limit.get(&one.key)?.intervals);
            (!intervals.is_empty()).then(|| Entitlement { intervals, ..one.clone() })
        };
        let of_person = |held: &Arc<Held>| {
            let entitlements = held.entitlements.iter().filter_map(cut).collect();
            Arc::new(Held { person: held.person.clone(), holdings: held.holdings.clone(), entitlements })
        };
        Entitlements(self.0.iter().map(of_person).collect())
    }

    /// What should be live at an instant. Where a kind holds one value a person, the highest of all grants.
    pub fn desired_at(&self, at: Timestamp) -> Vec<Desired<'_>> {
        let mut desired: Vec<Desired<'_>> = Vec::new();
        // target, kind, resource and principal of what holds one value
        type Slot<'a> = (&'a TargetId, &'static Kind, &'a str, &'a str);
        let mut single: HashMap<Slot<'_>, usize> = HashMap::new();
        for Entitlement { key, intervals, causes } in self.iter() {
            let Some(interval) = intervals.at(at) else { continue };
            let cause = causes.iter().find(|cause| cause.interval.contains(at));
            let next = Desired { key, until: interval.until(), cause };
            if key.kind.holds_one() {
                let place =
                    *single.entry((&key.target, key.kind, &key.resource, &key.principal)).or_insert(desired.len());
                if let Some(held) = desired.get_mut(place) {
                    if key.kind.height(&next.key.permission) > key.kind.height(&held.key.permission) {
                        *held = next;
                    }
                    continue;
                }
            }
            desired.push(next);
        }
        // the account of one person may be another's too
        desired.sort_by_key(|one| one.key);
        desired
    }
}

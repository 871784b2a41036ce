mod cover;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashSet, HashSetExt as _};

use self::cover::Cover;
use crate::access::{Access, Cause, Entitlement, EntitlementKey, Grant, GrantId};
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::{Survey, wording};

pub const RULE: Rule = Rule {
    code: Code {
        id: "redundant-grant",
        title: "a grant gives nothing that others don't give",
        why: "When it is removed, the access stays, and whoever removed it believes that it is gone. Of permissions \
              that a person holds one at a time, a higher one gives the lower ones too.",
        example: "# grants/a.yaml\nto: [alice.nguyen]\nrole: developer       # `repository: push`\n\
                  # grants/b.yaml\nto: [alice.nguyen]\nrole: reader          # `repository: pull`",
        instead: "Delete the one that gives less.",
    },
    severity: Severity::Warning,
    dated: false,
};

/// How many different permissions and conditions are compared with each other on one resource; beyond, only those that are
/// alike. Nobody has so many.
const COMPARED: usize = 32;

/// What one person holds on one resource, as far as one part of it can give what another gives.
struct Slot<'a> {
    held: Vec<Holding<'a>>,
    /// For each key, what gives as much or more.
    covers: Vec<Covering>,
}

struct Holding<'a> {
    key: &'a EntitlementKey,
    cause: &'a Cause,
    /// What covers it, by its number.
    cover: usize,
}

struct Covering {
    cover: Cover,
    /// Places of what is held, in order.
    places: Vec<usize>,
}

impl<'a> Slot<'a> {
    fn of(entitlements: &'a [Entitlement]) -> Self {
        let of = |(cover, one): (usize, &'a Entitlement)| {
            one.causes.iter().map(move |cause| Holding { key: &one.key, cause, cover })
        };
        let held: Vec<Holding<'a>> = (0..).zip(entitlements).flat_map(of).collect();
        let covering = |places: Vec<usize>| {
            let intervals = places.iter().filter_map(|place| held.get(*place)).map(|one| one.cause.interval);
            Covering { cover: Cover::of(intervals.collect()), places }
        };
        let covers = if entitlements.len() <= COMPARED {
            let enough = |key: &EntitlementKey| {
                (0..).zip(&held).filter(|(_, one)| gives(one.key, key)).map(|(place, _)| place).collect()
            };
            entitlements.iter().map(|one| covering(enough(&one.key))).collect()
        } else {
            // those that are alike are neighbours
            let mut next = 0;
            let alike = |one: &Entitlement| {
                let first = next;
                next += one.causes.len();
                covering((first..next).collect())
            };
            entitlements.iter().map(alike).collect()
        };
        let mut slot = Slot { held, covers };
        (0..slot.held.len()).for_each(|place| slot.put(place, true));
        slot
    }

    fn put(&mut self, place: usize, there: bool) {
        let Some(own) = self.held.get(place).map(|one| one.cover) else { return };
        let covers = if self.covers.len() <= COMPARED { 0..self.covers.len() } else { own..own + 1 };
        for covering in self.covers.get_mut(covers).into_iter().flatten() {
            match (covering.places.binary_search(&place), there) {
                (Ok(number), true) => covering.cover.insert(number),
                (Ok(number), false) => covering.cover.remove(number),
                (Err(_), _) => {}
            }
        }
    }

    /// True where what is there gives all of it, for the whole time.
    fn gives(&self, place: usize) -> bool {
        self.held.get(place).is_some_and(|own| {
            self.covers.get(own.cover).is_some_and(|covering| covering.cover.covers(&own.cause.interval))
        })
    }

    /// Adds those that do, from its start on, until there are enough to be named and one more.
    fn name(&self, place: usize, others: &mut BTreeSet<&'a GrantId>) {
        let Some(own) = self.held.get(place) else { return };
        let Some(covering) = self.covers.get(own.cover) else { return };
        let mut given = own.cause.interval.from();
        while given < own.cause.interval.until() && others.len() <= wording::NAMED {
            let Some((until, number)) = covering.cover.longest_at(given).filter(|(until, _)| *until > given) else {
                return;
            };
            let held = covering.places.get(number).and_then(|place| self.held.get(*place));
            others.extend(held.map(|held| &held.cause.grant));
            given = until;
        }
    }
}

/// True where one gives as much as another, or more.
fn gives(one: &EntitlementKey, other: &EntitlementKey) -> bool {
    let kind = other.kind;
    let more = kind.holds_one() && kind.includes(&one.permission, &other.permission);
    (one.permission == other.permission || more) && other.conditions.within(&one.conditions)
}

pub fn find<'a>(survey: &Survey<'a>, findings: &mut Vec<Finding>) {
    // whatever stands alone somewhere is needed there
    let mut needed: HashSet<&GrantId> = HashSet::new();
    let mut shared: Vec<Slot<'a>> = Vec::new();
    let one_slot = |a: &Entitlement, b: &Entitlement| {
        let (a, b) = (&a.key, &b.key);
        (a.kind, &a.resource, &a.target) == (b.kind, &b.resource, &b.target)
            && (a.kind.holds_one() || a.permission == b.permission)
    };
    for slot in survey.entitlements.by_person().flat_map(|own| own.chunk_by(one_slot)) {
        let mut grants = slot.iter().flat_map(|entitlement| &entitlement.causes).map(|cause| &cause.grant);
        let Some(first) = grants.next() else { continue };
        if grants.all(|grant| grant == first) {
            needed.insert(first);
        } else {
            shared.push(Slot::of(slot));
        }
    }
    // where each grant holds something: number of the slot, place there
    let mut by_grant: BTreeMap<&GrantId, Vec<(usize, usize)>> = BTreeMap::new();
    for (number, slot) in shared.iter().enumerate() {
        for (place, one) in slot.held.iter().enumerate() {
            by_grant.entry(&one.cause.grant).or_default().push((number, place));
        }
    }
    let mut candidates: Vec<&GrantId> = by_grant.keys().copied().filter(|grant| !needed.contains(grant)).collect();
    candidates.sort_by_cached_key(|grant| weakest_first(survey.access, grant));
    for id in candidates {
        let Some((grant, own)) = survey.access.grants.get(id).zip(by_grant.get(id)) else { continue };
        // without it, and what went before, the others have to give all of it
        put(&mut shared, own, false);
        let place = |(slot, place): &(usize, usize)| shared.get(*slot).map(|slot| (slot, *place));
        if own.iter().filter_map(place).all(|(slot, place)| slot.gives(place)) {
            let mut others: BTreeSet<&GrantId> = BTreeSet::new();
            own.iter().filter_map(place).for_each(|(slot, place)| slot.name(place, &mut others));
            findings.push(finding(survey.access, grant, &others));
        } else {
            put(&mut shared, own, true);
        }
    }
}

fn put(slots: &mut [Slot<'_>], places: &[(usize, usize)], there: bool) {
    for (slot, place) in places {
        slots.get_mut(*slot).into_iter().for_each(|slot| slot.put(*place, there));
    }
}

/// As many others are named as fit into the message: of thousands that overlap each could name all others.
fn finding(access: &Access, grant: &Grant, others: &BTreeSet<&GrantId>) -> Finding {
    let named: Vec<&GrantId> = others.iter().copied().take(wording::NAMED).collect();
    let which = if named.len() < others.len() {
        let named: Vec<String> = named.iter().map(|id| format!("`{id}`")).collect();
        format!("{} and others", named.join(", "))
    } else {
        wording::some_of(&named)
    };
    let give = if others.len() == 1 { "doesn't give" } else { "don't give" };
    let message = format!("grant `{}` gives nothing that {which} {give}", grant.id);
    let finding = Finding::new(&RULE, grant.place(&[]), message, "delete the file");
    let named = named.into_iter().filter_map(|id| access.grants.get(id));
    named.fold(finding, |finding, other| finding.related(other.place(&[]), format!("grant `{}`", other.id)))
}

/// Of two that cover each other the one that starts later, or ends earlier, or comes later by name, is too much.
fn weakest_first<'a>(access: &Access, id: &'a GrantId) -> impl Ord + use<'a> {
    let interval = access.grants.get(id).and_then(Grant::interval);
    (interval.map(|interval| (Reverse(interval.from()), interval.until())), Reverse(id))
}

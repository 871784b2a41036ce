//! What was declared and when it ends, without the tree that declared it.
//!
//! That is enough to take away what is over, and for nothing else: whatever comes out of here only takes. So a run that
//! can't judge what somebody pushed goes on from what was proven before.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::lowering::lowers;
use super::operations::{Because, Operation, Verb};
use crate::access::time::format_end;
use crate::access::{AccountMark, Conditions, Entitlements, GrantId, Intervals, Kind, PersonId, TargetId};
use crate::targets::{Live, Previous, Scope};

/// Where something is held, and by which account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub target: TargetId,
    pub kind: &'static Kind,
    pub resource: String,
    pub account: AccountMark,
}

/// What is held there, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Thing {
    pub permission: String,
    pub conditions: Conditions,
    pub person: PersonId,
}

/// When something is held, as it was declared last.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Times {
    /// Empty where an approved landing took it away.
    intervals: Intervals,
    grant: Option<GrantId>,
}

impl Times {
    /// None while it lasts, and before it begins for the first time.
    fn over(&self, now: Timestamp) -> Option<Over<'_>> {
        if self.intervals.contains(now) {
            return None;
        }
        let last = self.intervals.iter().map(|one| one.until()).filter(|until| *until <= now).max();
        let over = last.map(|until| Over::Ended { until, grant: self.grant.as_ref() });
        over.or(self.intervals.is_empty().then_some(Over::Removed))
    }

    fn is_done_with(&self, now: Timestamp) -> bool {
        self.intervals.iter().all(|one| one.until() <= now)
    }
}

/// How something came to its end.
#[derive(Clone, Copy)]
enum Over<'a> {
    Ended { until: Timestamp, grant: Option<&'a GrantId> },
    Removed,
}

impl Over<'_> {
    fn because(self, zone: &TimeZone) -> Because {
        match self {
            Over::Ended { until, grant: Some(grant) } => {
                Because::End { grant: grant.clone(), on: format_end(until, zone) }
            }
            Over::Ended { grant: None, .. } | Over::Removed => Because::Undeclared {},
        }
    }
}

/// Everything that was declared, as it was declared last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared(BTreeMap<Place, BTreeMap<Thing, Times>>);

impl Declared {
    /// What a tree declares.
    pub fn of(entitlements: &Entitlements) -> Self {
        let mut declared = Declared::default();
        declared.now_by(entitlements);
        declared
    }

    /// Declares something anew. Without an interval it was taken away.
    pub fn set(&mut self, place: Place, thing: Thing, intervals: Intervals, grant: Option<GrantId>) {
        self.0.entry(place).or_default().insert(thing, Times { intervals, grant });
    }

    /// Takes away what somebody says is not declared for so long. What isn't declared is left as it is.
    pub fn shorten(&mut self, place: &Place, thing: &Thing, intervals: &Intervals) {
        if let Some(times) = self.0.get_mut(place).and_then(|things| things.get_mut(thing)) {
            times.intervals = times.intervals.intersect(intervals);
        }
    }

    /// The same after a later tree: what that doesn't declare any more was taken away.
    pub fn now_by(&mut self, entitlements: &Entitlements) {
        for times in self.0.values_mut().flat_map(BTreeMap::values_mut) {
            times.intervals = Intervals::default();
        }
        for one in entitlements.iter() {
            let key = &one.key;
            let place = Place {
                target: key.target.clone(),
                kind: key.kind,
                resource: key.resource.to_string(),
                account: AccountMark::of(&key.principal),
            };
            let thing = Thing {
                permission: key.permission.to_string(),
                conditions: key.conditions.clone(),
                person: key.person.clone(),
            };
            let last = one.causes.iter().max_by_key(|cause| cause.interval.until());
            self.set(place, thing, one.intervals.clone(), last.map(|cause| cause.grant.clone()));
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where something still lasts.
    pub fn lasting(&self, now: Timestamp) -> impl Iterator<Item = &Place> {
        let lasts = move |things: &BTreeMap<Thing, Times>| things.values().any(|times| times.intervals.contains(now));
        self.0.iter().filter(move |(_, things)| lasts(things)).map(|(place, _)| place)
    }

    /// What must be read, by target.
    pub fn scopes(&self) -> BTreeMap<TargetId, Scope> {
        let mut scopes: BTreeMap<TargetId, Scope> = BTreeMap::new();
        for place in self.0.keys() {
            scopes.entry(place.target.clone()).or_default().insert(place.kind, place.resource.clone());
        }
        scopes
    }

    /// What carries out every end that came, sorted.
    ///
    /// INVARIANT: each operation only takes. What was never declared at the place is left alone, and so is what
    /// somebody else's declaration still covers.
    pub fn ends(&self, live: &BTreeMap<TargetId, Vec<Live>>, now: Timestamp, zone: &TimeZone) -> Vec<Operation> {
        let mut lasting: BTreeMap<&PersonId, bool> = BTreeMap::new();
        for (thing, times) in self.0.values().flatten() {
            *lasting.entry(&thing.person).or_default() |= !times.is_done_with(now);
        }
        let mut operations = Vec::new();
        for (target, live) in live.iter().flat_map(|(target, live)| live.iter().map(move |one| (target, one))) {
            let Some(mut operation) = self.end_of(target, live, now, zone) else { continue };
            operation.urgent = operation.person.as_ref().is_some_and(|person| lasting.get(person) == Some(&false));
            operations.push(operation);
        }
        operations.retain(Operation::only_takes);
        operations.sort();
        operations
    }

    fn end_of(&self, target: &TargetId, live: &Live, now: Timestamp, zone: &TimeZone) -> Option<Operation> {
        let place = Place {
            target: target.clone(),
            kind: live.kind,
            resource: live.resource.clone(),
            account: AccountMark::of(&live.principal.to_string()),
        };
        let things = self.0.get(&place)?;
        let same = |thing: &Thing| live.kind.holds_one() || thing.permission == live.permission;
        let here = || things.iter().filter(|(thing, _)| same(thing));
        let lasting = || here().filter(|(_, times)| times.intervals.contains(now));
        let held = (live.permission.as_str(), &live.conditions);
        let covers = |thing: &Thing| {
            let declared = (thing.permission.as_str(), &thing.conditions);
            declared == held || lowers(live.kind, declared, held)
        };
        if lasting().any(|(thing, _)| covers(thing)) {
            return None;
        }
        let some_lasts = lasting().next().is_some();
        let over = here().filter_map(|(thing, times)| Some((thing, times.over(now)?)));
        // more than was ever declared beside what lasts is no end: somebody gave it by hand
        let over = over.filter(|(thing, _)| !some_lasts || covers(thing));
        // of what is over, the same permission says most about why
        let (whose, over) = over.max_by_key(|(thing, over)| {
            (thing.permission == live.permission, matches!(over, Over::Ended { .. }), *thing)
        })?;
        let revoke = Operation {
            target: target.clone(),
            verb: Verb::Revoke,
            kind: live.kind,
            resource: live.resource.clone(),
            permission: live.permission.clone(),
            previous: None,
            latent: live.latent,
            principal: live.principal.clone(),
            conditions: live.conditions.clone(),
            person: Some(whose.person.clone()),
            until: None,
            because: over.because(zone),
            number: None,
            urgent: false,
        };
        let lower = lasting()
            .filter(|(thing, _)| lowers(live.kind, held, (&thing.permission, &thing.conditions)))
            .max_by_key(|(thing, _)| (live.kind.height(&thing.permission), *thing));
        match lower {
            // the higher of two is over, and the lower one is left
            Some((thing, times)) => Some(Operation {
                verb: Verb::Change,
                previous: Some(Previous { permission: live.permission.clone(), conditions: live.conditions.clone() }),
                permission: thing.permission.clone(),
                conditions: thing.conditions.clone(),
                person: Some(thing.person.clone()),
                until: times.intervals.at(now).map(|one| one.until()).filter(|until| *until != Timestamp::MAX),
                ..revoke
            }),
            // where neither of two is within the other, what still lasts goes with it: nothing blocks an end, and a whole run
            // gives it again
            None => Some(revoke),
        }
    }
}

#[cfg(test)]
#[path = "ends_tests.rs"]
mod tests;

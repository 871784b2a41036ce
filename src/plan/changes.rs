//! The entitlements whose intervals differ between two revisions.

use std::collections::BTreeMap;

use crate::access::merge;
use crate::access::{
    Cause, Entitlement, EntitlementKey, Entitlements, GrantId, GroupId, Intervals, PersonId, Revision,
};
use crate::plan::Classes;

/// One entitlement that a change gives, takes, lengthens or shortens. Whoever gets the same under other conditions has one
/// such entitlement before and another after.
#[derive(Clone, Debug)]
pub struct EntitlementChange {
    pub key: EntitlementKey,
    pub before: Intervals,
    pub after: Intervals,
    /// What of `after` was not held before, neither under these conditions nor under wider ones.
    pub gained: Intervals,
    /// What of `before` is not held after, neither under these conditions nor under wider ones, though more may be.
    pub dropped: Intervals,
    /// What of that is not held after by a higher permission either.
    pub lost: Intervals,
}

impl EntitlementChange {
    /// True where there is an instant at which it is held after, and was not before.
    pub fn gains(&self) -> bool {
        !self.gained.is_empty()
    }

    /// True where there is an instant at which it was held before, and neither it nor more is after.
    pub fn loses(&self) -> bool {
        !self.lost.is_empty()
    }

    /// What brings the instants that are gained.
    pub fn gaining_causes<'a>(&'a self, head: &'a Entitlements) -> impl Iterator<Item = &'a Cause> {
        causes(head, &self.key).filter(|cause| self.gained.meets(&cause.interval))
    }

    /// What brought the instants that are dropped.
    pub fn dropping_causes<'a>(&'a self, base: &'a Entitlements) -> impl Iterator<Item = &'a Cause> {
        causes(base, &self.key).filter(|cause| self.dropped.meets(&cause.interval))
    }

    /// What brought the instants that are lost.
    pub fn losing_causes<'a>(&'a self, base: &'a Entitlements) -> impl Iterator<Item = &'a Cause> {
        causes(base, &self.key).filter(|cause| self.lost.meets(&cause.interval))
    }
}

fn causes<'a>(entitlements: &'a Entitlements, key: &EntitlementKey) -> impl Iterator<Item = &'a Cause> {
    entitlements.get(key).into_iter().flat_map(|entitlement| entitlement.causes.iter())
}

/// Every entitlement whose intervals differ, sorted. A changed account is a loss under one name and a gain under another.
/// Other conditions are a loss where they were wider, a gain where they are, and both where neither holds.
pub fn between<'a>(base: &'a Entitlements, head: &'a Entitlements) -> Vec<EntitlementChange> {
    let row = |own: &'a [Entitlement]| own.iter().map(|one| (&one.key, &one.intervals));
    base.differing(head)
        .flat_map(|[before, after]| merge(row(before), row(after)))
        .filter(|(_, before, after)| before != after)
        .map(|(key, before, after)| {
            let (before, after) = (before.cloned().unwrap_or_default(), after.cloned().unwrap_or_default());
            let (gained, dropped) = (after.minus(&base.held(key)), before.minus(&head.held(key)));
            let lost = dropped.minus(&head.held_at_least(key));
            EntitlementChange { key: key.clone(), before, after, gained, dropped, lost }
        })
        .collect()
}

/// `(removed, of)` where a change removes more than the base's limit allows without one approval more.
///
/// Both count and share must be exceeded. What ends by time, by an `ended`, an engagement or a contract doesn't count,
/// as long as the grants themselves still name the person. A grant whose `until` moves earlier is changed by this change and
/// counts: nothing is measured from now, so it may be over at once.
pub fn mass_removal(
    base: &Revision,
    head: &Revision,
    changes: &[EntitlementChange],
    classes: &Classes,
) -> Option<(usize, usize)> {
    let limit = base.access.policy.removals?;
    let mut named: BTreeMap<&GrantId, BTreeMap<PersonId, Vec<GroupId>>> = BTreeMap::new();
    for grant in changes.iter().flat_map(|change| change.losing_causes(&base.entitlements)).map(|cause| &cause.grant) {
        if !classes.ending_people().is_empty()
            && let Some(grant) = head.access.grants.get(grant)
        {
            named.entry(&grant.id).or_insert_with(|| head.access.expand(&grant.to));
        }
    }
    let still_granted = |change: &EntitlementChange| {
        change
            .losing_causes(&base.entitlements)
            .all(|cause| named.get(&cause.grant).is_some_and(|people| people.contains_key(&change.key.person)))
    };
    // an end that comes later than what is lost takes nothing of it
    let after_the_end = |change: &EntitlementChange| {
        let here = head.access.people.get(&change.key.person).and_then(|person| head.access.bounds(person));
        here.is_none_or(|here| !change.lost.meets(&here))
    };
    let by_an_end = |change: &EntitlementChange| {
        classes.ending_people().contains(&change.key.person) && after_the_end(change) && still_granted(change)
    };
    let removed = changes.iter().filter(|change| change.loses() && !change.gains() && !by_an_end(change)).count();
    let of = base.entitlements.len();
    let count = usize::try_from(limit.count).unwrap_or(usize::MAX);
    let percent = usize::try_from(limit.percent).unwrap_or(usize::MAX);
    (removed > count && removed * 100 > of * percent).then_some((removed, of))
}

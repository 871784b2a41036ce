//! The change as a reader wants it: who gains, keeps or loses what, a line a person and grant.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::access::merge;
use crate::access::raw::Risk;
use crate::access::reading::Step;
use crate::access::{
    Cause, Conditions, DomainId, Entitlement, EntitlementKey, Entitlements, GrantId, Interval, Kind, PersonId,
    ResourceId, Revision, RoleId, TargetId,
};
use crate::finding::Place;
use crate::plan::{EntitlementChange, Renames};

/// What happens to a person by a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Gain,
    Change,
    Keep,
    Lose,
}

impl Action {
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Gain => "gain",
            Action::Change => "change",
            Action::Keep => "keep",
            Action::Lose => "lose",
        }
    }
}

/// One person by one grant. What a grant gives more than before and what it doesn't are lines of their own.
#[derive(Clone, Debug)]
pub struct AccessLine {
    pub person: PersonId,
    pub action: Action,
    pub grant: GrantId,
    pub role: RoleId,
    pub domain: DomainId,
    pub risk: Risk,
    /// When it starts and ends after the change, or ended before where it is lost. MIN and MAX stand for open.
    pub from: Timestamp,
    pub until: Timestamp,
    /// What they were before, where the action is a change and they were others.
    pub from_before: Option<Timestamp>,
    pub until_before: Option<Timestamp>,
    /// The grant's conditions after the change, or before it where it is lost.
    pub conditions: Conditions,
    /// What they were before, where they are others now.
    pub conditions_before: Option<Conditions>,
    /// Where the grant stands: in the head, or in the base where it went.
    pub place: Place,
    pub resources: BTreeSet<ResourceId>,
    pub entitlements: Vec<(EntitlementKey, Interval)>,
    /// What the grant gave on the same resources before, where it is something else now.
    pub instead_of: Vec<EntitlementKey>,
    /// True where the person really has more than before, or longer, or at other times.
    pub gains: bool,
    /// True where a permission among them can change who has access or reaches everything.
    pub dangerous: bool,
}

/// What one person has by one grant: entitlement to interval.
type Held<'a> = BTreeMap<Pair<'a>, BTreeMap<&'a EntitlementKey, (Interval, &'a ResourceId)>>;

/// A person and a grant.
type Pair<'a> = (&'a PersonId, &'a GrantId);

fn held<'a>(entitlements: &'a Entitlements, touched: &BTreeSet<Pair<'a>>) -> Held<'a> {
    let mut held: Held<'_> = BTreeMap::new();
    let people: BTreeSet<&PersonId> = touched.iter().map(|(person, _)| *person).collect();
    for Entitlement { key, causes, .. } in people.into_iter().flat_map(|person| entitlements.of(person)) {
        for cause in causes.iter().filter(|cause| touched.contains(&(&key.person, &cause.grant))) {
            let slot = held.entry((&key.person, &cause.grant)).or_default();
            slot.insert(key, (cause.interval, &cause.resource));
        }
    }
    held
}

/// Every person and grant for which anything differs, the most dangerous first.
pub(super) fn of<'a>(base: &'a Revision, head: &'a Revision, changes: &[EntitlementChange]) -> Vec<AccessLine> {
    let row = |own: &'a [Entitlement]| own.iter().map(|one| (&one.key, &one.causes));
    let differing = base.entitlements.differing(&head.entitlements);
    let differ = differing.flat_map(|[before, after]| merge(row(before), row(after)));
    let differ = differ.filter(|(_, before, after)| before != after);
    let of_key = |(key, before, after): (&'a EntitlementKey, Option<&'a Vec<Cause>>, Option<&'a Vec<Cause>>)| {
        before.into_iter().chain(after).flatten().map(|cause| (&key.person, &cause.grant))
    };
    let touched: BTreeSet<Pair<'_>> = differ.flat_map(of_key).collect();
    let (before, after) = (held(&base.entitlements, &touched), held(&head.entitlements, &touched));
    let changes: Changes<'_> = changes.iter().map(|change| (&change.key, change)).collect();
    let lines = Lines { base, head, changes };
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let none = Slot::new();
    let mut found: Vec<AccessLine> = Vec::new();
    for key in keys {
        let (was, is) = (before.get(key).unwrap_or(&none), after.get(key).unwrap_or(&none));
        if was != is {
            found.extend(lines.of(*key, was, is));
        }
    }
    // INVARIANT: what is gained stands before everything else, so that no list that is cut leaves it out first
    let first = |line: &AccessLine| (Reverse(line.gains), Reverse(line.dangerous), Reverse(line.risk), line.action);
    found.sort_by(|a, b| (first(a), &a.person, &a.grant).cmp(&(first(b), &b.person, &b.grant)));
    found
}

/// Tells of people who only get another name that they keep what they have.
pub(super) fn renamed(lines: &mut Vec<AccessLine>, renames: &Renames) {
    lines.retain(|line| !renames.people.values().any(|before| *before == line.person));
    for line in lines.iter_mut().filter(|line| renames.people.contains_key(&line.person)) {
        (line.action, line.gains) = (Action::Keep, false);
    }
}

type Slot<'a> = BTreeMap<&'a EntitlementKey, (Interval, &'a ResourceId)>;

type Changes<'a> = BTreeMap<&'a EntitlementKey, &'a EntitlementChange>;

/// Where a permission is held: on the same thing a person may hold another one before.
fn same_place(one: &EntitlementKey, other: &EntitlementKey) -> bool {
    fn place(key: &EntitlementKey) -> (&TargetId, &'static Kind, &str) {
        (&key.target, key.kind, &key.resource)
    }
    place(one) == place(other)
}

/// True where at most the account and the conditions differ.
fn same_right(one: &EntitlementKey, other: &EntitlementKey) -> bool {
    same_place(one, other) && one.permission == other.permission
}

/// What it takes to tell lines.
struct Lines<'a> {
    base: &'a Revision,
    head: &'a Revision,
    changes: Changes<'a>,
}

impl<'a> Lines<'a> {
    /// The lines of one person and grant: what is gained anew, what is held otherwise, what is lost.
    fn of(&self, (person, grant): Pair<'a>, was: &Slot<'a>, is: &Slot<'a>) -> Vec<AccessLine> {
        let anew = |key: &EntitlementKey| !was.keys().any(|before| same_right(before, key));
        let (new, held): (Slot<'_>, Slot<'_>) = is.iter().partition(|(key, _)| anew(key));
        let (more, less): (Slot<'_>, Slot<'_>) = new.into_iter().partition(|(key, _)| self.gains(key));
        // what another grant holds as well is no gain, and what is less than before no gain either
        let held: Slot<'_> = held.into_iter().chain(less).collect();
        let replaced = |key: &EntitlementKey| is.keys().any(|now| same_place(now, key));
        let gone: Slot<'_> = was.iter().filter(|(key, _)| !replaced(key)).map(|(key, slot)| (*key, *slot)).collect();
        let mut lines = Vec::new();
        lines.extend(self.line((person, grant), Action::Gain, &more, was));
        let differs = held.keys().chain(was.keys().filter(|key| held.keys().any(|now| same_place(now, key))));
        let differs = differs.filter_map(|key| self.changes.get(key)).any(|change| change.gains() || change.loses());
        // what comes by a new grant and is no gain was held already
        let action = if differs && !was.is_empty() { Action::Change } else { Action::Keep };
        lines.extend(self.line((person, grant), action, &held, was));
        let loses = gone.keys().filter_map(|key| self.changes.get(key)).any(|change| change.loses());
        let action = if loses { Action::Lose } else { Action::Keep };
        lines.extend(self.line((person, grant), action, &gone, was));
        lines
    }

    /// Whether the person really gains: another grant may hold the same, or more where a kind holds one value.
    fn gains(&self, key: &EntitlementKey) -> bool {
        let Some(change) = self.changes.get(key).filter(|change| change.gains()) else { return false };
        !change.gained.minus(&self.base.entitlements.held_at_least(key)).is_empty()
    }

    fn line(&self, (person, grant): Pair<'_>, action: Action, held: &Slot<'_>, was: &Slot<'_>) -> Option<AccessLine> {
        let revision =
            if action == Action::Lose || !self.head.access.grants.contains_key(grant) { self.base } else { self.head };
        let file = revision.access.grants.get(grant)?;
        let role = revision.access.roles.get(&file.role)?;
        let ends = |slot: &Slot<'_>| slot.values().map(|(interval, _)| interval.until()).max();
        let starts = |slot: &Slot<'_>| slot.values().map(|(interval, _)| interval.from()).min();
        let (from, until) = (starts(held)?, ends(held)?);
        let instead_of = was.keys().filter(|before| {
            held.keys().any(|now| same_place(now, before)) && !held.keys().any(|now| same_right(now, before))
        });
        let changed = action == Action::Change;
        Some(AccessLine {
            person: person.clone(),
            action,
            grant: grant.clone(),
            role: file.role.clone(),
            domain: file.domain.clone(),
            risk: role.risk,
            from,
            until,
            from_before: starts(was).filter(|before| changed && *before != from),
            until_before: ends(was).filter(|before| changed && *before != until),
            conditions: file.conditions.clone(),
            conditions_before: self
                .base
                .access
                .grants
                .get(grant)
                .map(|file| file.conditions.clone())
                .filter(|before| changed && *before != file.conditions),
            place: file.place(&[Step::Key("to")]),
            resources: held.values().map(|(_, resource)| (*resource).clone()).collect(),
            entitlements: held.iter().map(|(key, (interval, _))| ((*key).clone(), *interval)).collect(),
            instead_of: instead_of.map(|key| (*key).clone()).collect(),
            gains: held.keys().any(|key| self.gains(key)),
            dangerous: held.keys().any(|key| (key.kind.dangerous)(&key.resource, &key.permission)),
        })
    }
}

//! The change as a reader wants it: who gains, keeps or loses what, a line a person and grant.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::access::merge;
use crate::access::raw::Risk;
use crate::access::reading::Step;
use crate::access::{
    Cause, Conditions, DomainId, Entitlement, EntitlementKey, Entitlements, GrantId, Interval, PersonId, ResourceId,
    Revision, RoleId,
};
use crate::finding::Place;
use crate::plan::EntitlementChange;

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

/// One person by one grant.
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
    /// What it said before, where the action is a change.
    pub until_before: Option<Timestamp>,
    /// The grant's conditions after the change, or before it where it is lost.
    pub conditions: Conditions,
    /// What they were before, where they are others now.
    pub conditions_before: Option<Conditions>,
    /// Where the grant stands: in the head, or in the base where it went.
    pub place: Place,
    pub resources: BTreeSet<ResourceId>,
    pub entitlements: Vec<(EntitlementKey, Interval)>,
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
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let mut lines: Vec<AccessLine> = Vec::new();
    for key in keys {
        let (was, is) = (before.get(key), after.get(key));
        if was == is {
            continue;
        }
        let (revision, held) = match (is, was) {
            (Some(is), _) => (head, is),
            (None, Some(was)) => (base, was),
            (None, None) => continue,
        };
        lines.extend(line(key.0, key.1, action(was, is, &changes), revision, held, was, base));
    }
    lines.sort_by(|a, b| {
        (std::cmp::Reverse(a.dangerous), std::cmp::Reverse(a.risk), a.action, &a.person, &a.grant).cmp(&(
            std::cmp::Reverse(b.dangerous),
            std::cmp::Reverse(b.risk),
            b.action,
            &b.person,
            &b.grant,
        ))
    });
    lines
}

type Slot<'a> = BTreeMap<&'a EntitlementKey, (Interval, &'a ResourceId)>;

type Changes<'a> = BTreeMap<&'a EntitlementKey, &'a EntitlementChange>;

/// Whether the person really gains or loses: another grant may hold the same.
fn action(was: Option<&Slot<'_>>, is: Option<&Slot<'_>>, changes: &Changes<'_>) -> Action {
    let any = |slot: &Slot<'_>, what: fn(&EntitlementChange) -> bool| {
        slot.keys().any(|key| changes.get(key).is_some_and(|change| what(change)))
    };
    let differs = |change: &EntitlementChange| change.gains() || change.loses();
    match (was, is) {
        (None, Some(is)) if any(is, EntitlementChange::gains) => Action::Gain,
        (Some(was), None) if any(was, EntitlementChange::loses) => Action::Lose,
        (Some(was), Some(is)) if any(was, differs) || any(is, differs) => Action::Change,
        _ => Action::Keep,
    }
}

fn line(
    person: &PersonId,
    grant: &GrantId,
    action: Action,
    revision: &Revision,
    held: &Slot<'_>,
    was: Option<&Slot<'_>>,
    base: &Revision,
) -> Option<AccessLine> {
    let file = revision.access.grants.get(grant)?;
    let role = revision.access.roles.get(&file.role)?;
    let ends = |slot: &Slot<'_>| slot.values().map(|(interval, _)| interval.until()).max();
    let until = ends(held)?;
    Some(AccessLine {
        person: person.clone(),
        action,
        grant: grant.clone(),
        role: file.role.clone(),
        domain: file.domain.clone(),
        risk: role.risk,
        from: held.values().map(|(interval, _)| interval.from()).min()?,
        until,
        until_before: was.and_then(ends).filter(|before| action == Action::Change && *before != until),
        conditions: file.conditions.clone(),
        conditions_before: was
            .and(base.access.grants.get(grant))
            .map(|file| file.conditions.clone())
            .filter(|before| action == Action::Change && *before != file.conditions),
        place: file.place(&[Step::Key("to")]),
        resources: held.values().map(|(_, resource)| (*resource).clone()).collect(),
        entitlements: held.iter().map(|(key, (interval, _))| ((*key).clone(), *interval)).collect(),
        dangerous: held.keys().any(|key| (key.kind.dangerous)(&key.resource, &key.permission)),
    })
}

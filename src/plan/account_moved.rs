//! Accounts that change hands in the change that gives them access.

use std::collections::{BTreeMap, BTreeSet};

use super::EntitlementChange;
use super::classes::MIXED_CHANGE;
use crate::access::reading::Step;
use crate::access::{Access, EntitlementKey, Intervals, Person, PersonId, Revision, TargetType};
use crate::finding::Finding;

/// The findings for people who get somebody's account and, in the same change, what neither of them held. Whoever works
/// with the account holds both halves then, and the rules see two people. What another name alone brings is no gain.
pub(super) fn find(base: &Revision, head: &Revision, changes: &[EntitlementChange]) -> Vec<Finding> {
    let gaining: BTreeSet<&PersonId> =
        changes.iter().filter(|change| change.gains()).map(|change| &change.key.person).collect();
    let got: Vec<(&Person, TargetType, &PersonId)> = {
        let owners = owners(&base.access);
        let people = gaining.iter().filter_map(|person| head.access.people.get(*person));
        let accounts =
            people.flat_map(|person| person.accounts.iter().map(move |(target, account)| (person, target, account)));
        let moved = accounts.filter_map(|(person, target, account)| {
            let before = owners.get(&(target, account.folded()))?;
            (*before != &person.id).then_some((person, target, *before))
        });
        moved.collect()
    };
    let mut findings = Vec::new();
    for (person, target, before) in got {
        let held = |key: &EntitlementKey| {
            let both = [before, &person.id].into_iter();
            let held = both.flat_map(|one| base.entitlements.of(one)).filter(|one| is_same_access(&one.key, key));
            held.fold(Intervals::default(), |held, one| held.union(&one.intervals))
        };
        let own = changes.iter().filter(|change| change.key.person == person.id);
        if own.into_iter().all(|change| change.gained.minus(&held(&change.key)).is_empty()) {
            continue;
        }
        let place = person.place(&[Step::Key("accounts"), Step::Key(target.as_str())]);
        let message =
            format!("`{}` gets the {target} account that was `{before}`'s, and access in the same change", person.id);
        let help = "let the account change hands in a change of its own, and give the access after that";
        let mut finding = Finding::new(&MIXED_CHANGE, place, message, help);
        if let Some(before) = base.access.people.get(before) {
            finding = finding.related(before.place(&[Step::Key("accounts")]), "whose account it was");
        }
        findings.push(finding);
    }
    findings
}

/// Whose accounts there are.
fn owners(access: &Access) -> BTreeMap<(TargetType, String), &PersonId> {
    let people = access.people.values();
    let each = people.flat_map(|person| {
        person.accounts.iter().map(move |(target, account)| ((target, account.folded()), &person.id))
    });
    each.collect()
}

/// True for the same access, whoever has it and by whatever account.
fn is_same_access(one: &EntitlementKey, other: &EntitlementKey) -> bool {
    let access = |key: &EntitlementKey| (key.target.clone(), key.kind, key.resource.clone(), key.permission.clone());
    access(one) == access(other) && other.conditions.within(&one.conditions)
}

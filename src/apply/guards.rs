//! What a run doesn't do even though it was approved, since it would more likely be a slip than a wish.
//!
//! No guard ever blocks an end.

use std::collections::{BTreeMap, BTreeSet};

use super::look::Seen;
use super::numbers::Mistaken;
use super::state::View;
use super::{codes, first_run};
use crate::access::{Conditions, PersonId, PersonType, Policy, TargetId};
use crate::finding::Refusal;
use crate::plan::operations::{Operation, Verb};
use crate::targets::{Holder, Place, Principal};

/// The accounts that dualkey runs as.
pub(super) type Own = BTreeMap<TargetId, BTreeSet<String>>;

/// Losing more people than this at once to a tree without any grant is taken for a slip.
const FEW: usize = 1;

/// What the guards make of the operations of a run; both lists keep their order.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub permitted: Vec<Operation>,
    pub blocked: Vec<Operation>,
    pub refusals: Vec<Refusal>,
}

pub(super) fn judge(view: &View<'_>, own: &Own, seen: &Seen, operations: Vec<Operation>) -> Judged {
    let mut judged = Judged::default();
    let (held_back, operations): (Vec<Operation>, Vec<Operation>) =
        operations.into_iter().partition(|operation| view.is_held_back(operation));
    judged.refusals.extend(first_run::refusals(held_back.iter()));
    judged.blocked.extend(held_back);
    let mistaken = Mistaken::of(seen, &view.numbers);
    // whoever reads the outcome is told, whether or not something was to be done there
    judged.refusals.extend(mistaken.findings().into_iter().map(|finding| finding.refusal()));
    for operation in operations {
        let refusal = || {
            let wrong = untouchable(view, own, &operation).or_else(|| mistaken.refusal(&operation));
            wrong.or_else(|| view.lacks_factor(seen, &operation))
        };
        let refusal = if view.is_end(&operation) { None } else { refusal() };
        match refusal {
            None => judged.permitted.push(operation),
            Some(refusal) => {
                judged.blocked.push(operation);
                judged.refusals.push(refusal);
            }
        }
    }
    judged.blocked.sort();
    let mut refusals = admins(view, seen, &judged.permitted);
    refusals.extend(empty(view, seen, &judged.permitted));
    if !refusals.is_empty() {
        let (ends, others) = judged.permitted.into_iter().partition(|operation| view.is_end(operation));
        judged.permitted = ends;
        let others: Vec<Operation> = others;
        judged.blocked.extend(others);
        judged.blocked.sort();
        judged.refusals.extend(refusals);
    }
    judged
}

pub(super) fn is_own(own: &Own, operation: &Operation) -> bool {
    own.get(&operation.target).is_some_and(|accounts| accounts.contains(operation.principal.name()))
}

/// Protected entitlements, and the identity that dualkey itself runs as.
fn untouchable(view: &View<'_>, own: &Own, operation: &Operation) -> Option<Refusal> {
    let (kind, resource) = (operation.kind.name, &operation.resource);
    if is_own(own, operation) {
        return Some(Refusal::new(
            &codes::OWN_IDENTITY,
            format!("`{}` is the account that dualkey runs as at `{}`", operation.principal, operation.target),
            "declare the access that this account needs, or change it by hand",
        ));
    }
    let permissions = || operation.previous.iter().map(|previous| &previous.permission).chain([&operation.permission]);
    let mut protected = policies(view).flat_map(|policy| &policy.protected);
    let pattern = protected.find(|p| permissions().any(|permission| p.matches(kind, resource, permission)))?;
    Some(Refusal::new(
        &codes::PROTECTED_ENTITLEMENT,
        format!("{} of `{}` at `{kind}:{resource}` matches `{pattern}`", operation.verb.as_str(), operation.principal),
        "declare it as it is live, or take the pattern out of the policy, let that be applied, and change it after that",
    ))
}

/// A tree that declares nothing at any time, while more than one person would lose access that has not ended. Where not
/// everything was read, one is enough: nobody knows who else would.
fn empty(view: &View<'_>, seen: &Seen, operations: &[Operation]) -> Option<Refusal> {
    if !view.tree.entitlements.is_empty() {
        return None;
    }
    let losing = operations.iter().filter(|operation| !view.is_end(operation));
    let people: BTreeSet<(Option<&PersonId>, Option<&Principal>)> = losing
        .map(|operation| match &operation.person {
            Some(person) => (Some(person), None),
            None => (None, Some(&operation.principal)),
        })
        .collect();
    let few = if seen.is_whole() { FEW } else { 0 };
    (people.len() > few).then(|| {
        Refusal::new(
            &codes::EMPTY_DESIRED_STATE,
            match people.len() {
                1 => "nothing is declared, and somebody would lose what they hold".to_owned(),
                many => format!("nothing is declared, and {many} people would lose what they hold"),
            },
            "declare what shall stay; if all of them shall go, give them an `ended`, which nothing blocks",
        )
    })
}

/// Where, permission, conditions.
type Held<'a> = (Place<'a>, &'a str, &'a Conditions);

fn held<'a>(operation: &'a Operation, permission: &'a str, conditions: &'a Conditions) -> Held<'a> {
    (operation.place(), permission, conditions)
}

/// Where admins are taken away: whether enough of them, and the required ones, are left.
fn admins(view: &View<'_>, seen: &Seen, operations: &[Operation]) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let minimum = policies(view).map(|policy| policy.admins_minimum).max().unwrap_or_default();
    let minimum = usize::try_from(minimum).unwrap_or(usize::MAX);
    let required: BTreeSet<&PersonId> = policies(view).flat_map(|policy| policy.admins_required.keys()).collect();
    for (target, entitlements) in &seen.held {
        let ours = || operations.iter().filter(|operation| &operation.target == target);
        if !ours().any(|o| o.only_takes() && o.touches_admin() && !view.is_end(o)) {
            continue;
        }
        let employees = employees(view, target);
        let mut holding: BTreeSet<Held<'_>> = entitlements
            .iter()
            .filter(|live| live.latent.is_none() && (live.kind.administers)(&live.resource, &live.permission))
            .map(|live| (Place::of_live(target, live), live.permission.as_str(), &live.conditions))
            .collect();
        let count = |holding: &BTreeSet<Held<'_>>| -> BTreeSet<&PersonId> {
            let account = |place: &Place<'_>| match place.holder {
                Holder::Account(account) => employees.get(account).copied(),
                Holder::Other(_) => None,
            };
            holding.iter().filter_map(|(place, _, _)| account(place)).collect()
        };
        let before = count(&holding);
        for operation in ours() {
            match operation.verb {
                Verb::Revoke => {
                    holding.remove(&held(operation, &operation.permission, &operation.conditions));
                }
                Verb::Change | Verb::Grant => {
                    if let Some(previous) = &operation.previous {
                        holding.remove(&held(operation, &previous.permission, &previous.conditions));
                    }
                    if (operation.kind.administers)(&operation.resource, &operation.permission) {
                        holding.insert(held(operation, &operation.permission, &operation.conditions));
                    }
                }
            }
        }
        let after = count(&holding);
        if after.len() < minimum && after.len() < before.len() {
            refusals.push(Refusal::new(
                &codes::TOO_FEW_ADMINS,
                format!(
                    "`{target}` has {} admins now and would have {}; the policy asks for {minimum}",
                    before.len(),
                    after.len()
                ),
                "grant the access to another employee first, and apply that",
            ));
        }
        let lost = required.iter().filter(|person| before.contains(*person) && !after.contains(*person));
        refusals.extend(lost.map(|person| {
            Refusal::new(
                &codes::REQUIRED_ADMIN,
                format!("`{person}` would no longer administer `{target}`"),
                "declare that access again; to take it all the same, take the person out of `admins.required`, let that be \
                 applied, and take the access away in a change after that",
            )
        }));
    }
    refusals
}

/// The policies that guard: of the tree that is applied, and of the one that was applied last. One landing can't drop a guard
/// and use that.
fn policies<'a>(view: &View<'a>) -> impl Iterator<Item = &'a Policy> {
    let applied = view.past.applied.map(|(revision, _)| revision);
    [Some(view.tree), applied].into_iter().flatten().map(|revision| &revision.access.policy)
}

/// The accounts of employees at a target who have not ended.
fn employees<'a>(view: &View<'a>, target: &TargetId) -> BTreeMap<String, &'a PersonId> {
    let access = &view.tree.access;
    // a target that the tree dropped is still named by the tree applied last
    let applied = view.past.applied.map(|(revision, _)| revision);
    let settings = access.config.targets.get(target);
    let settings = settings.or_else(|| applied.and_then(|revision| revision.access.config.targets.get(target)));
    let Some(settings) = settings else { return BTreeMap::new() };
    let working = access.people.values().filter(|person| {
        let bounds = access.bounds(person);
        person.person_type == PersonType::Employee && bounds.is_some_and(|bounds| bounds.contains(view.at(target)))
    });
    working
        .filter_map(|person| Some((person.accounts.principal(settings.target_type)?.to_owned(), &person.id)))
        .collect()
}

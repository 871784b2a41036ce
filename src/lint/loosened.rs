//! What a change makes less strict, as it was: limits, what is closed to contractors, what rules ask of roles, domains,
//! vendors and people, and waivers.

use std::collections::BTreeSet;
use std::hash::Hash;

use crate::access::time::Days;
use crate::access::{Access, ById, Domain, DomainId, Person, PersonType, PolicyId, Role, Vendor, Waiver};

/// The access repository after a change, with the stricter of both where the change loosens something that rules judge by.
/// None where it doesn't.
///
/// INVARIANT: whatever says of a thing what rules make of it is kept here as it was, beside what it is given by. So no
/// landing can take the name of a thing away from a rule, and use that.
pub fn stricter(before: &Access, after: &Access) -> Option<Access> {
    let mut policy = after.policy.clone();
    policy.contractor_max_duration =
        shorter(before.policy.contractor_max_duration, after.policy.contractor_max_duration);
    policy.waiver_max_duration = shorter(before.policy.waiver_max_duration, after.policy.waiver_max_duration);
    let domains = changed(&before.domains, &after.domains, |before: &Domain, after: &Domain| {
        let opened = after.contractors_allowed && !before.contractors_allowed;
        let elsewhere = after.environment != before.environment;
        (opened || elsewhere).then(|| Domain {
            contractors_allowed: after.contractors_allowed && !opened,
            environment: before.environment,
            ..after.clone()
        })
    });
    let roles = changed(&before.roles, &after.roles, |before: &Role, after: &Role| {
        let opened = after.contractors_allowed && !before.contractors_allowed;
        let max_duration = shorter(before.max_duration, after.max_duration);
        let (risk, mfa_required) = (before.risk.max(after.risk), before.mfa_required || after.mfa_required);
        let loosened = opened
            || max_duration != after.max_duration
            || !before.duties.is_subset(&after.duties)
            || (risk, mfa_required) != (after.risk, after.mfa_required);
        loosened.then(|| Role {
            contractors_allowed: after.contractors_allowed && !opened,
            max_duration,
            duties: before.duties.union(&after.duties).cloned().collect(),
            risk,
            mfa_required,
            ..after.clone()
        })
    });
    let people = changed(&before.people, &after.people, |before: &Person, after: &Person| {
        let freed = before.person_type != PersonType::Employee && before.person_type != after.person_type;
        freed.then(|| Person {
            person_type: before.person_type,
            sponsor: after.sponsor.clone().or_else(|| before.sponsor.clone()),
            ..after.clone()
        })
    });
    // a domain that is new is one by another name, or one that a grant has to be changed for
    let new: BTreeSet<&DomainId> = after.domains.keys().filter(|id| !before.domains.contains_key(*id)).collect();
    let vendors = changed(&before.vendors, &after.vendors, |before: &Vendor, after: &Vendor| {
        let domains: BTreeSet<DomainId> = before.domains.iter().flatten().chain(new.iter().copied()).cloned().collect();
        let widened = before.domains.is_some() && after.domains.as_ref().is_none_or(|after| !after.is_subset(&domains));
        widened.then(|| Vendor { domains: Some(domains), ..after.clone() })
    });
    let same_limits = policy.contractor_max_duration == after.policy.contractor_max_duration
        && policy.waiver_max_duration == after.policy.waiver_max_duration;
    if same_limits && domains.is_empty() && roles.is_empty() && people.is_empty() && vendors.is_empty() {
        return None;
    }
    let mut access = Access { policy, ..after.clone() };
    access.domains.replace(domains);
    access.roles.replace(roles);
    access.people.replace(people);
    access.vendors.replace(vendors);
    Some(access)
}

/// The separation-of-duties rules and waivers that stood before, over what is declared now: `judged`, which is what comes
/// of [`stricter`]. None where nothing of it is new. A waiver that comes with a change excuses nothing that an older rule
/// finds; what is already there it may excuse, since that stood before.
pub fn older_duties(before: &Access, after: &Access, judged: Option<&Access>) -> Option<Access> {
    let rules = |access: &Access| -> Vec<(PolicyId, String)> {
        access.policy.duties.values().map(|rule| (rule.id.clone(), rule.digest.clone())).collect()
    };
    let kept = rules(after);
    let dropped = rules(before).iter().any(|rule| !kept.contains(rule));
    let waives = |waiver: &Waiver, waivers: &[Waiver]| {
        waivers.iter().any(|other| {
            (&other.rule, &other.rule_digest, &other.person, other.interval)
                == (&waiver.rule, &waiver.rule_digest, &waiver.person, waiver.interval)
        })
    };
    let excused = after.policy.waivers.iter().any(|waiver| !waives(waiver, &before.policy.waivers));
    if !dropped && !excused && judged.is_none() {
        return None;
    }
    let mut access = judged.unwrap_or(after).clone();
    access.policy.duties = before.policy.duties.clone();
    access.policy.waivers = before.policy.waivers.clone();
    Some(access)
}

fn shorter(before: Option<Days>, after: Option<Days>) -> Option<Days> {
    match (before, after) {
        (Some(before), Some(after)) => Some(before.min(after)),
        (before, after) => before.or(after),
    }
}

fn changed<K: Ord + Hash + Clone, V>(
    before: &ById<K, V>,
    after: &ById<K, V>,
    as_it_was: impl Fn(&V, &V) -> Option<V>,
) -> Vec<(K, V)> {
    let both = after.iter().filter_map(|(id, after)| Some((id, before.get(id)?, after)));
    both.filter_map(|(id, before, after)| Some((id.clone(), as_it_was(before, after)?))).collect()
}

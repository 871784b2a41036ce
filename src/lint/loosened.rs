//! What a change makes less strict, as it was: limits, and what is closed to contractors.

use std::hash::Hash;

use crate::access::time::Days;
use crate::access::{Access, ById, Domain, Role};

/// The access repository after a change, with the stricter of both where the change loosens something. None where it
/// doesn't.
pub fn stricter(before: &Access, after: &Access) -> Option<Access> {
    let mut policy = after.policy.clone();
    policy.contractor_max_duration =
        shorter(before.policy.contractor_max_duration, after.policy.contractor_max_duration);
    policy.waiver_max_duration = shorter(before.policy.waiver_max_duration, after.policy.waiver_max_duration);
    let domains = changed(&before.domains, &after.domains, |before: &Domain, after: &Domain| {
        let opened = after.contractors_allowed && !before.contractors_allowed;
        opened.then(|| Domain { contractors_allowed: false, ..after.clone() })
    });
    let roles = changed(&before.roles, &after.roles, |before: &Role, after: &Role| {
        let opened = after.contractors_allowed && !before.contractors_allowed;
        let max_duration = shorter(before.max_duration, after.max_duration);
        let loosened = opened || max_duration != after.max_duration;
        loosened.then(|| Role {
            contractors_allowed: after.contractors_allowed && !opened,
            max_duration,
            ..after.clone()
        })
    });
    let same_limits = policy.contractor_max_duration == after.policy.contractor_max_duration
        && policy.waiver_max_duration == after.policy.waiver_max_duration;
    if same_limits && domains.is_empty() && roles.is_empty() {
        return None;
    }
    let mut access = Access { policy, ..after.clone() };
    access.domains.replace(domains);
    access.roles.replace(roles);
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

//! How much one access repository may declare. More than this nobody could review, and judging it could take the time
//! and memory of the machine that says whether a change may land.

use std::collections::{BTreeMap, BTreeSet};

use super::id::{GroupId, PersonId};
use super::model::{Access, Member};
use super::reading::{Step, TOO_LARGE};
use crate::finding::{Finding, Place};

/// How many groups may stand in one another, from the one that is named to the innermost.
pub const MAX_NESTING: usize = 32;

/// How many entitlements all grants together may give: people × resources × permissions of each.
pub const MAX_ENTITLEMENTS: usize = 500_000;

/// How many members may have to be read to know whom all grants and owner lists mean, nested groups each time anew.
pub const MAX_MEMBERS: usize = 10_000_000;

/// How many approval rules there may be.
pub const MAX_APPROVAL_RULES: usize = 200;

/// The first thing there is too much of; then nothing is derived from the repository.
pub fn exceeded(access: &Access) -> Option<Finding> {
    nesting(access).or_else(|| approval_rules(access)).or_else(|| entitlements(access))
}

fn too_large(place: Place, message: String, help: &str) -> Option<Finding> {
    Some(Finding::new(&TOO_LARGE, place, message, help))
}

/// Follows groups downwards without recursion. A circle is followed once; its finding is another rule's.
fn nesting(access: &Access) -> Option<Finding> {
    let mut depths: BTreeMap<&GroupId, usize> = BTreeMap::new();
    for start in access.groups.values() {
        let mut on_path: BTreeSet<&GroupId> = BTreeSet::new();
        let mut path = Vec::new();
        if !depths.contains_key(&start.id) {
            on_path.insert(&start.id);
            path.push((start, start.members.iter(), 1));
        }
        while let Some((group, members, depth)) = path.last_mut() {
            let (group, below) = match members.next() {
                Some(Member::Person(_)) => continue,
                Some(Member::Group(id)) if on_path.contains(id) => continue,
                Some(Member::Group(id)) => match (access.groups.get(id), depths.get(id)) {
                    (None, _) => continue,
                    (Some(_), Some(known)) => {
                        *depth = (*depth).max(known + 1);
                        (*group, *known)
                    }
                    (Some(next), None) => {
                        on_path.insert(&next.id);
                        path.push((next, next.members.iter(), 1));
                        (next, 1)
                    }
                },
                None => {
                    let (group, depth) = (*group, *depth);
                    depths.insert(&group.id, depth);
                    on_path.remove(&group.id);
                    path.pop();
                    if let Some((_, _, above)) = path.last_mut() {
                        *above = (*above).max(depth + 1);
                    }
                    continue;
                }
            };
            if path.len() + below > MAX_NESTING + 1 {
                let message = format!("groups stand in one another more than {MAX_NESTING} deep");
                let place = group.place(&[Step::Key("members")]);
                return too_large(place, message, "name people, or fewer groups within groups");
            }
        }
    }
    None
}

fn approval_rules(access: &Access) -> Option<Finding> {
    let rule = access.policy.approvals.get(MAX_APPROVAL_RULES)?;
    let message = format!("there are more than {MAX_APPROVAL_RULES} approval rules");
    too_large(rule.place.clone(), message, "write fewer rules, each with all who may approve in its `from`")
}

fn entitlements(access: &Access) -> Option<Finding> {
    let (mut given, mut read) = (0_usize, 0_usize);
    let unreadable = |place| {
        let message = format!("to know whom grants and owners mean, more than {MAX_MEMBERS} members must be read");
        too_large(place, message, "name smaller groups")
    };
    for domain in access.domains.values() {
        read = read.saturating_add(whom(access, &domain.owners).1);
        if read > MAX_MEMBERS {
            return unreadable(domain.place(&[Step::Key("owners")]));
        }
    }
    for grant in access.grants.values() {
        let (people, met) = whom(access, &grant.to);
        read = read.saturating_add(met);
        if read > MAX_MEMBERS {
            return unreadable(grant.place(&[Step::Key("to")]));
        }
        // a grant that reaches nothing is held all the same
        given = given.saturating_add(people.saturating_mul(access.reach(grant).count().max(1)));
        if given > MAX_ENTITLEMENTS {
            let message = format!("the grants up to this one give more than {MAX_ENTITLEMENTS} entitlements");
            return too_large(grant.place(&[]), message, "grant to fewer people or on fewer resources at once");
        }
    }
    None
}

/// How many people members mean, and how many members have to be read for it.
fn whom(access: &Access, members: &[Member]) -> (usize, usize) {
    if let [Member::Person(_)] = members {
        return (1, 1);
    }
    let mut people: BTreeSet<&PersonId> = BTreeSet::new();
    let mut groups: BTreeSet<&GroupId> = BTreeSet::new();
    let mut open = vec![members];
    let mut met = 0;
    while let Some(members) = open.pop() {
        met += members.len();
        for member in members {
            match member {
                Member::Person(id) => {
                    people.insert(id);
                }
                Member::Group(id) => {
                    if let Some(group) = access.groups.get(id)
                        && groups.insert(&group.id)
                    {
                        open.push(&group.members);
                    }
                }
            }
        }
    }
    (people.len(), met)
}

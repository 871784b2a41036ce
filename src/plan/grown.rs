//! Findings of grants that stood before, and whose grant gives more than it gave.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::reading::{Claim, FileKind};
use crate::access::{Entitlement, GrantId, PersonId, Revision, merge};
use crate::finding::Finding;

/// What grants give more than before, whatever else gives the same.
#[derive(Debug)]
pub(super) struct Grown<'a> {
    base: &'a Revision,
    head: &'a Revision,
    /// By grant, everybody who has more by it.
    more: BTreeMap<&'a GrantId, BTreeSet<&'a PersonId>>,
}

impl<'a> Grown<'a> {
    pub fn between(base: &'a Revision, head: &'a Revision) -> Self {
        let mut more = BTreeMap::<&GrantId, BTreeSet<&PersonId>>::new();
        for [before, after] in base.entitlements.differing(&head.entitlements) {
            for (right, was, is) in merge(given(before).iter(), given(after).iter()) {
                for grant in is.into_iter().flatten().filter(|grant| was.is_none_or(|was| !was.contains(*grant))) {
                    more.entry(grant).or_default().insert(right.0);
                }
            }
        }
        Grown { base, head, more }
    }

    /// True where a finding of a grant means more than it did though it says the same: more people, or more that they get. Of
    /// one that names somebody only what that person gets counts.
    pub fn has(&self, finding: &Finding) -> bool {
        let Claim::File(FileKind::Grant, id) = FileKind::of_path(&finding.place.file) else { return false };
        let Some(people) = self.more.iter().find(|(grant, _)| grant.as_str() == id).map(|(_, people)| people) else {
            return false;
        };
        let is_known =
            |name: &&str| [self.base, self.head].into_iter().any(|side| side.access.people.contains_key(*name));
        let named: Vec<&str> = finding.message.split('`').skip(1).step_by(2).filter(is_known).collect();
        named.is_empty() || named.into_iter().any(|name| people.iter().any(|person| person.as_str() == name))
    }
}

/// A person and what they may do: target, kind, resource and permission.
type Right<'a> = (&'a PersonId, &'a str, &'a str, &'a str, &'a str);

/// By which grants rights are held, by whatever account.
fn given(entitlements: &[Entitlement]) -> BTreeMap<Right<'_>, BTreeSet<&GrantId>> {
    let mut given = BTreeMap::<Right<'_>, BTreeSet<&GrantId>>::new();
    for Entitlement { key, causes, .. } in entitlements {
        let right: Right<'_> = (&key.person, key.target.as_str(), key.kind.name, &key.resource, &key.permission);
        given.entry(right).or_default().extend(causes.iter().map(|cause| &cause.grant));
    }
    given
}

//! Who gains by a change, and so can't approve it.

use std::collections::BTreeMap;

use super::EntitlementChange;
use crate::access::{GroupId, PersonId, Revision, VendorId, Waiver};

/// The beneficiaries of a change and their vendors.
#[derive(Clone, Debug, Default)]
pub struct Stakes {
    /// Person to the way the gain reaches them, as a sentence's end: `gains push on northwind/payments-api`.
    pub beneficiaries: BTreeMap<PersonId, String>,
    /// Vendor to one of the beneficiaries who come from it.
    pub vendors: BTreeMap<VendorId, PersonId>,
}

impl Stakes {
    pub(super) fn of(base: &Revision, head: &Revision, changes: &[EntitlementChange]) -> Self {
        let mut stakes = Stakes::default();
        for change in changes.iter().filter(|change| change.gains()) {
            let key = &change.key;
            let path = change
                .gaining_causes(&head.entitlements)
                .map(|cause| path(&cause.via))
                .min_by_key(String::len)
                .unwrap_or_default();
            stakes
                .benefits(&key.person, format!("gains {} on {} {}{path}", key.permission, key.kind.name, key.resource));
        }
        let waiver_id = |waiver: &Waiver| {
            (
                waiver.rule.clone(),
                waiver.rule_digest.clone(),
                waiver.person.clone(),
                waiver.owner.clone(),
                waiver.interval,
            )
        };
        let stood: Vec<_> = base.access.policy.waivers.iter().map(waiver_id).collect();
        for waiver in head.access.policy.waivers.iter().filter(|waiver| !stood.contains(&waiver_id(waiver))) {
            stakes.benefits(&waiver.person, format!("is favoured by a waiver of {}", waiver.rule));
            stakes.benefits(&waiver.owner, format!("owns a waiver of {}", waiver.rule));
        }
        for (id, bridge) in head.access.bridges.iter() {
            let stood =
                base.access.bridges.get(id).filter(|stood| {
                    stood.home == bridge.home && stood.into == bridge.into && stood.until >= bridge.until
                });
            for person in
                bridge.people.iter().filter(|person| stood.is_none_or(|stood| !stood.people.contains(*person)))
            {
                stakes.benefits(person, format!("is let into {} by bridge {id}", bridge.into));
            }
        }
        for person in stakes.beneficiaries.keys() {
            for revision in [base, head] {
                let vendor = revision.access.people.get(person).and_then(|person| person.vendor.clone());
                if let Some(vendor) = vendor {
                    stakes.vendors.entry(vendor).or_insert_with(|| person.clone());
                }
            }
        }
        stakes
    }

    fn benefits(&mut self, person: &PersonId, how: String) {
        self.beneficiaries.entry(person.clone()).or_insert(how);
    }
}

fn path(via: &[GroupId]) -> String {
    if via.is_empty() {
        return String::new();
    }
    let groups: Vec<String> = via.iter().map(|group| format!("group:{group}")).collect();
    format!(" through {}", groups.join(" → "))
}

//! Entitlements of Account access manager: who may take which IAM role.

use super::{NOW, Principal, World, ids};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Who may take which role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entitlement {
    /// The ARN of the role.
    pub role: String,
    /// Who may take it.
    pub principal: Principal,
}

/// An entitlement, and since when.
#[derive(Debug, Clone)]
pub(crate) struct Entitled {
    pub(crate) what: Entitlement,
    pub(crate) made: Timestamp,
}

/// The account that a role is in.
pub(crate) fn account_of(role: &str) -> &str {
    role.split(':').nth(4).unwrap_or_default()
}

impl World {
    /// Says whether Account access manager is set up at all.
    pub fn set_up_account_access(&mut self, is: bool) {
        self.has_application = is;
    }

    /// The ARN of the application of Account access manager.
    pub fn application(&self) -> String {
        let id = ids::uuid(&format!("application of {}", self.organization));
        format!("arn:aws:account-access:{}:{}:application/{id}", self.region, self.management)
    }

    /// Lets somebody take a role, and gives the id of the entitlement. There is only one for each pair.
    pub fn entitle(&mut self, principal: &Principal, role: &str) -> String {
        let what = Entitlement { role: role.to_owned(), principal: principal.clone() };
        let known = self.entitlements.iter().find(|(id, known)| known.what == what && self.entitled.holds(id, NOW));
        if let Some((id, _)) = known {
            return id.clone();
        }
        let id = ids::uuid(&self.count.next("entitlement"));
        let since = self.since();
        self.entitled.begin(id.clone(), since);
        self.entitlements.insert(id.clone(), Entitled { what, made: self.now });
        id
    }

    /// Ends an entitlement. Whether there was one.
    pub fn end_entitlement(&mut self, id: &str) -> bool {
        self.entitled.end(&id.to_owned(), self.now)
    }

    /// An entitlement that holds now.
    pub(crate) fn entitlement(&self, id: &str) -> Option<&Entitled> {
        self.entitlements.get(id).filter(|_| self.entitled.holds(&id.to_owned(), NOW))
    }

    /// Entitlements as lists show them.
    pub(crate) fn shown_entitlements(&self) -> impl Iterator<Item = (&String, &Entitled)> {
        self.entitled.at(self.seen()).map(|id| (id, &self.entitlements[id]))
    }

    /// All entitlements that hold now.
    pub fn entitlements(&self) -> BTreeSet<Entitlement> {
        self.entitled.at(NOW).map(|id| self.entitlements[id].what.clone()).collect()
    }
}

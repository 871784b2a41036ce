//! Vendors, people and groups.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// `vendors/ID.yaml`: a company that contractors come from.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Vendor {
    /// The vendor's name.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub name: String,
    /// The employee who answers for the vendor.
    pub sponsor: String,
    /// When the contract runs; no access of its people outlives it.
    pub contract: Term,
    /// The only domains this vendor may ever work in.
    pub domains: Option<Vec<String>>,
    /// Ends everything of the vendor's people from that moment.
    pub ended: Option<String>,
}

/// A stretch of time. A date means the organisation's zone and counts whole.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// First day (2026-11-01) or instant (2026-11-01T09:00:00Z).
    #[cfg_attr(test, schemars(example = "2026-11-01"))]
    pub from: String,
    /// Last day (2027-01-31) or instant at which it ends.
    #[cfg_attr(test, schemars(example = "2027-01-31"))]
    pub until: String,
}

/// `people/ID.yaml`: a human, or a service that acts like one.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The person's name, for people.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub name: String,
    /// employee, contractor or service.
    #[serde(rename = "type")]
    pub person_type: PersonType,
    /// Contractors: the vendor they come from.
    pub vendor: Option<String>,
    /// Contractors and services: the employee who answers for them.
    pub sponsor: Option<String>,
    /// Contractors: when they work here.
    pub engagement: Option<Term>,
    /// Ends everything of the person from that moment.
    pub ended: Option<String>,
    /// The person's accounts at the targets.
    pub accounts: Option<Accounts>,
    /// Addresses that git authors and co-authors are recognised by.
    pub emails: Option<Vec<String>>,
    /// SSH public keys that sign commits and approvals: ed25519, ecdsa or sk-, never RSA, never shared.
    pub keys: Option<Vec<String>>,
}

/// What a person is.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum PersonType {
    Employee,
    Contractor,
    Service,
}

/// A person's accounts, each under the type of target. How one is written is the type's own; see
/// [`crate::access::AccountSpec`].
pub type Accounts = BTreeMap<String, Value>;

/// `groups/ID.yaml`: people who are granted access or who approve together.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// What the group is for.
    pub title: Option<String>,
    /// People by id, other groups as `group:ID`.
    pub members: Vec<String>,
}

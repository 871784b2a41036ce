//! Policies.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Environment, Risk, Words};

/// `policies/ID.yaml`: rules about duties, limits, admins and approvals. Lists of several files add up.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Separation-of-duties rules.
    pub duties: Option<Vec<DutyRule>>,
    /// Limits; of two the stricter holds.
    pub limits: Option<Limits>,
    /// Administrators that each target must keep.
    pub admins: Option<Admins>,
    /// Entitlements (KIND:RESOURCE:PERMISSION) that are never touched.
    pub protected: Option<Vec<String>>,
    /// Who must approve what. Every rule that matches must be met.
    pub approvals: Option<Vec<ApprovalRule>>,
    /// How long an approval may wait for the first apply of what it approves (default `90 days`); of two the shorter holds.
    pub approvals_last: Option<String>,
    /// Accepted violations of duties rules.
    pub waivers: Option<Vec<Waiver>>,
    /// What was held at targets before their first run, and goes by it; `dualkey import TARGET --adopt` writes it.
    pub first_run: Option<Vec<FirstRun>>,
    /// Severities of findings, by rule.
    pub severities: Option<BTreeMap<String, SeverityName>>,
}

/// What nothing declares at a target, and what its first run takes away.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FirstRun {
    /// The target, as dualkey.yaml names it.
    pub target: String,
    /// What goes.
    pub removes: Vec<Removed>,
}

/// What somebody holds that nothing declares.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Removed {
    /// The kind of resource.
    pub kind: String,
    /// The target's name of the resource.
    pub resource: String,
    /// What is held on it.
    pub permission: String,
    /// What identifies the account at the target, such as its number at GitHub.
    pub account: String,
}

/// A separation-of-duties rule: sets that one person must not hold together.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DutyRule {
    /// The rule's id.
    pub id: String,
    /// One sentence that says what it forbids.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub title: String,
    /// Names to what belongs to each set.
    pub sets: BTreeMap<String, DutySet>,
    /// How many of the sets one person may hold at one instant (default 1).
    pub at_most: Option<u32>,
    /// What a violation weighs (default error).
    pub severity: Option<SeverityName>,
}

/// What belongs to a set. What it lists adds up; environments and domains restrict.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DutySet {
    /// Duties of roles.
    pub duties: Option<Vec<String>>,
    /// Roles by id.
    pub roles: Option<Vec<String>>,
    /// Patterns KIND:RESOURCE:PERMISSION, with `*`.
    pub entitlements: Option<Vec<String>>,
    /// Only in these environments.
    pub environments: Option<Vec<Environment>>,
    /// Only in these domains.
    pub domains: Option<Vec<String>>,
    /// How many distinct matches of the set one person may hold at one instant.
    pub at_most: Option<u32>,
}

/// Limits; of two the stricter holds.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// A change that removes more needs one approval more.
    pub removals: Option<RemovalLimit>,
    /// Limits on grants.
    pub grants: Option<GrantLimit>,
    /// Limits on waivers.
    pub waivers: Option<WaiverLimit>,
}

/// Removals are many when both are exceeded.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RemovalLimit {
    /// More removals than this.
    pub count: u32,
    /// More of all entitlements than this, such as `5%`.
    pub fraction: String,
}

/// Limits on grants.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GrantLimit {
    /// The longest a contractor's or service's access may last, such as `180 days`.
    pub contractor_max_duration: Option<String>,
}

/// Limits on waivers.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WaiverLimit {
    /// The longest a waiver may last, such as `90 days`.
    #[cfg_attr(test, schemars(example = "90 days"))]
    pub max_duration: Option<String>,
}

/// Administrators that each target must keep, counted live as distinct employees.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Admins {
    /// How many at the least.
    pub minimum: Option<u32>,
    /// People by id who must stay.
    pub required: Option<Vec<String>>,
}

/// Who must approve what.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ApprovalRule {
    /// The rule's id; by default made of class, risk and number.
    pub id: Option<String>,
    /// The class of change it speaks of.
    pub change: ChangeClassName,
    /// Only changes of this risk and above.
    pub risk: Option<Risk>,
    /// How many distinct people.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub count: u32,
    /// Out of whom: domain-owners, sponsors, group:ID, or a list of these.
    pub from: Words,
    /// How they have to approve: `signature` asks for statements that their own keys signed; with `any`, which it is where
    /// nothing stands, a review of a pull request will do where the forge's evidence counts.
    pub by: Option<ApprovedBy>,
}

/// How an approval has to be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ApprovedBy {
    Any,
    Signature,
}

/// Classes of change.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ChangeClassName {
    Policy,
    Bridge,
    Identity,
    Access,
    Removal,
}

/// An accepted violation of a duties rule.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// The id of the duties rule that is waived.
    pub rule: String,
    /// The digest of its content, as `dualkey explain RULE` prints it.
    pub rule_digest: String,
    /// The person whose violation is accepted, by id.
    pub person: String,
    /// First day or instant.
    #[cfg_attr(test, schemars(example = "2026-11-01"))]
    pub from: String,
    /// Last day or the instant at which it ends.
    #[cfg_attr(test, schemars(example = "2027-01-31"))]
    pub until: String,
    /// The employee who answers for it; not the person.
    pub owner: String,
    /// What keeps the risk down meanwhile.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub control: String,
    /// The ticket in which the risk was accepted.
    pub ticket: Option<String>,
}

/// `policies/ratified/ID.yaml`: a refused landing that may stand all the same. ID is the full id of its commit.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Ratification {
    /// Why it may stand, though nobody approved it as it landed.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub reason: String,
    /// The person who answers for that, by id.
    pub owner: String,
}

/// The weight of a finding.
#[derive(Clone, Debug, Deserialize, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SeverityName {
    Error,
    Warning,
}

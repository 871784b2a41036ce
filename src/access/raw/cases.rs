//! Cases: what policies are expected to say, and what access is expected to be.

use std::collections::BTreeMap;

use serde::Deserialize;

/// `policies/ID.cases.yaml`: expectations that `dualkey test` holds against the repository.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Cases {
    /// Changes that are tried on the repository, and what lint and plan must say of them.
    pub cases: Option<Vec<Case>>,
    /// What must hold of the access that the repository declares, over all time.
    pub access: Option<Vec<AccessTest>>,
}

/// Files that are written over the repository, in memory alone, and what must come of it.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// One sentence that says what must be.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub name: String,
    /// Path to text: files that stand before the change.
    pub files: Option<BTreeMap<String, String>>,
    /// Files of the repository that don't stand before the change.
    pub without: Option<Vec<String>>,
    /// Path to text: files that the change writes.
    pub change: Option<BTreeMap<String, String>>,
    /// Files that the change deletes.
    pub deletes: Option<Vec<String>>,
    /// The rules of all errors of the result, sorted, each once.
    pub expect: Vec<String>,
    /// Whom the approval rules ask, where it matters: sorted by rule, people and count.
    pub needs: Option<Vec<Need>>,
}

/// One approval that a change needs.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// The approval rule's id.
    pub rule: String,
    /// Everybody whom it entitles.
    pub people: Vec<String>,
    /// How many of them.
    pub count: u32,
}

/// What must hold of declared access. It says exactly one of `never`, `only`, `reaches` and `approvers`.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccessTest {
    /// One sentence that says what must be.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub name: String,
    /// These people and groups (`group:ID`) never reach `what`.
    pub never: Option<Vec<String>>,
    /// Nobody but these people and groups ever reaches `what`.
    pub only: Option<Vec<String>>,
    /// Each of these people and groups reaches something of `what` at some time.
    pub reaches: Option<Vec<String>>,
    /// Patterns KIND:RESOURCE:PERMISSION, with `*`.
    pub what: Option<Vec<String>>,
    /// In this domain every access can be approved, whoever writes the change and whoever gains by it.
    pub approvers: Option<ApproversTest>,
}

/// Who must be able to approve.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ApproversTest {
    /// The domain.
    pub domain: String,
    /// How many approvals each rule can still get: without the author and those who gain.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub at_least: u32,
}

//! `dualkey.yaml`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// `dualkey.yaml`: the organisation, its targets, and how changes are approved.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Version of the format.
    pub version: u64,
    /// The organisation's id.
    pub organization: String,
    /// IANA name of the zone in which dates are meant, such as Europe/London.
    pub timezone: String,
    /// The systems whose access is managed: name to settings.
    pub targets: BTreeMap<String, Target>,
    /// Whose undeclared live access is removed; others' is reported.
    pub manage: Option<Manage>,
    /// How a change is proven to be approved.
    pub approval: Approval,
    /// The tamper-evident log.
    pub audit: Audit,
    /// Further paths whose change needs the approvals of class policy, from the root: `*` and `?` within a name, `**` for
    /// any number of names. Pipelines of the usual forges are among them already.
    #[cfg_attr(test, schemars(length(max = 64)))]
    pub managed: Option<Vec<String>>,
}

/// A target's type and its settings. Which settings a type has is the type's own; see [`crate::access::TargetSpec`].
pub type Target = BTreeMap<String, Value>;

/// Whose undeclared live access is removed.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Manage {
    Contractors,
    Everyone,
}

/// How a change is proven to be approved.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Where the proof comes from: a forge's pull requests, or SSH signatures.
    pub evidence: EvidenceName,
    /// The repository on the forge (github only).
    pub repository: Option<ForgeRepository>,
    /// The protected branch.
    pub branch: String,
}

/// Where the proof of an approval comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum EvidenceName {
    Github,
    Signatures,
}

/// A repository on the forge, pinned by its number.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ForgeRepository {
    /// OWNER/NAME, for people.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub name: String,
    /// The number, which is its identity.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub id: u64,
    /// The address of the REST interface where it isn't `https://api.github.com`.
    pub api: Option<String>,
}

/// The tamper-evident log.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// The git ref that holds the log.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The log's verifier key, as `dualkey audit keygen` prints it.
    pub key: String,
}

//! Domains, roles, grants and bridges.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Words;

/// `domains/ID.yaml`: a wall around resources. A grant reaches only resources of its domain.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Domain {
    /// The domain's title.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub title: String,
    /// What runs there.
    pub environment: Environment,
    /// Who approves access to it: people by id, groups as `group:ID`.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub owners: Vec<String>,
    /// Whether contractors may hold grants here; denied is the default for production.
    pub contractors: Option<Permit>,
    /// The domain's resources: a name to KIND: WHAT.
    pub resources: BTreeMap<String, Resource>,
}

/// Something that grants reach: KIND: WHAT, such as `repository: northwind/payments-api`.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Resource {
    /// The target's number of it, where the kind has numbers: then its name can't come to mean another one.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub id: Option<u64>,
    /// KIND: WHAT, and `target` where two targets have the kind.
    #[serde(flatten)]
    pub what: BTreeMap<String, String>,
}

/// What runs in a domain.
#[derive(Clone, Debug, Deserialize, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    Production,
    Staging,
    Development,
    Sandbox,
}

/// Whether something is open to contractors.
#[derive(Clone, Debug, Deserialize, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Permit {
    Allowed,
    Denied,
}

/// `roles/ID.yaml`: permissions that go together, and the duties they carry.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// The role's title.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub title: String,
    /// Words that separation-of-duties rules speak of.
    pub duties: Option<Vec<String>>,
    /// How dangerous the role is.
    pub risk: Risk,
    /// Whether contractors may hold it; denied is the default for privileged roles.
    pub contractors: Option<Permit>,
    /// The longest a grant of it may last, such as `90 days`.
    #[cfg_attr(test, schemars(example = "90 days"))]
    pub max_duration: Option<String>,
    /// Whether its holders must use a second factor.
    pub mfa: Option<Mfa>,
    /// KIND to permission or permissions; reaches the grant's resources of that kind.
    pub entitlements: BTreeMap<String, Words>,
}

/// How dangerous a role is.
#[derive(Clone, Debug, Deserialize, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    Standard,
    Elevated,
    Privileged,
}

/// Whether a second factor is needed.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Mfa {
    Required,
}

/// `grants/**/ID.yaml`: who gets which role where, until when, and why.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// People by id, groups as `group:ID`.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub to: Vec<String>,
    /// The role that is granted: the id of a file below `roles`.
    pub role: String,
    /// The domain whose resources it reaches: the id of a file below `domains`.
    pub domain: String,
    /// Only these resources of the domain.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub resources: Option<Vec<String>>,
    /// First day or instant.
    #[cfg_attr(test, schemars(example = "2026-11-01"))]
    pub from: Option<String>,
    /// Last day, or the instant at which it ends. Contractors and services need one.
    #[cfg_attr(test, schemars(example = "2027-01-31"))]
    pub until: Option<String>,
    /// Hours of the week in which it holds, in the organisation's time zone. Only on kinds that can keep them.
    pub hours: Option<Hours>,
    /// Why this access is needed.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub reason: String,
    /// The ticket that asked for it.
    pub ticket: Option<String>,
}

/// Hours of the week.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// Days of the week, each once.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub days: Vec<Weekday>,
    /// On each of the days, up to 24:00 and not over midnight, such as 08:00-19:00.
    #[cfg_attr(test, schemars(example = "08:00-19:00"))]
    pub between: String,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// `bridges/ID.yaml`: lets named people of one domain work in another for a while.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Bridge {
    /// The domain in which the people are at home.
    pub home: String,
    /// The domain in which they may also hold grants.
    pub into: String,
    /// People by id.
    #[serde(rename = "for")]
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub people: Vec<String>,
    /// Last day, or the instant at which it ends.
    #[cfg_attr(test, schemars(example = "2027-01-31"))]
    pub until: String,
    /// Why it is needed.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub reason: String,
}

impl Weekday {
    pub const ALL: [Weekday; 7] =
        [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

    pub fn as_str(self) -> &'static str {
        match self {
            Weekday::Mon => "mon",
            Weekday::Tue => "tue",
            Weekday::Wed => "wed",
            Weekday::Thu => "thu",
            Weekday::Fri => "fri",
            Weekday::Sat => "sat",
            Weekday::Sun => "sun",
        }
    }

    /// Monday's is the lowest.
    pub fn bit(self) -> u8 {
        1 << (self as u8)
    }
}

impl Risk {
    pub fn as_str(self) -> &'static str {
        match self {
            Risk::Standard => "standard",
            Risk::Elevated => "elevated",
            Risk::Privileged => "privileged",
        }
    }
}

impl Environment {
    pub fn as_str(self) -> &'static str {
        match self {
            Environment::Production => "production",
            Environment::Staging => "staging",
            Environment::Development => "development",
            Environment::Sandbox => "sandbox",
        }
    }
}

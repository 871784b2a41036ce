//! The YAML of an access repository as it is written, before anything is checked but its shape.
//!
//! The JSON Schemas in `schema/` are generated from these types; descriptions there are the comments here.

use std::collections::BTreeMap;

use serde::Deserialize;

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
}

/// A target's settings. Which of them it needs depends on its type.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The target's type, by default its name; `sandbox` is the embedded one.
    #[serde(rename = "type")]
    pub target_type: Option<TargetTypeName>,
    /// Sandbox: the type it stands in for.
    #[serde(rename = "as")]
    pub stands_for: Option<StandsFor>,
    /// Sandbox: its file, by default one in the repository's git directory.
    pub file: Option<String>,
    /// github: the organisation's login. aws: the organisation's id. gcp: the organisation's number.
    pub organization: Option<String>,
    /// github: the organisation's number, which is its identity.
    pub id: Option<u64>,
    /// aws: the region of Identity Center.
    pub region: Option<String>,
    /// aws: the ARN of the Identity Center instance.
    pub instance: Option<String>,
    /// aws: the id of the identity store.
    pub identity_store: Option<String>,
}

/// Whose undeclared live access is removed.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Manage {
    Contractors,
    Everyone,
}

/// The types a target can have.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum TargetTypeName {
    Github,
    Aws,
    Gcp,
    Sandbox,
}

/// The types a sandbox can stand in for.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum StandsFor {
    Github,
    Aws,
    Gcp,
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
#[derive(Clone, Debug, Deserialize)]
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
    pub id: u64,
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

/// A person's accounts at the targets.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    /// The GitHub account.
    pub github: Option<GithubAccount>,
    /// The Identity Center user name.
    pub aws: Option<String>,
    /// The Google account's address.
    pub gcp: Option<String>,
}

/// A GitHub account. The number is the identity, the login is display.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GithubAccount {
    /// The login, for people.
    pub login: String,
    /// The number, as `gh api users/LOGIN --jq .id` prints it.
    pub id: u64,
}

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
    pub resources: BTreeMap<String, BTreeMap<String, String>>,
}

/// What runs in a domain.
#[derive(Clone, Debug, Deserialize, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// The role.
    pub role: String,
    /// The domain.
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
    /// Hours of the week in which it holds.
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
    /// Days of the week.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub days: Vec<Weekday>,
    /// Such as 08:00-19:00.
    pub between: String,
}

/// A day of the week.
#[derive(Clone, Debug, Deserialize)]
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
    /// Accepted violations of duties rules.
    pub waivers: Option<Vec<Waiver>>,
    /// Severities of findings, by rule.
    pub severities: Option<BTreeMap<String, SeverityName>>,
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
    /// Default: error.
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
    /// How many.
    pub count: u32,
    /// Of how many, such as `5%`.
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
    /// The duties rule.
    pub rule: String,
    /// The digest of its content, as `dualkey explain RULE` prints it.
    pub rule_digest: String,
    /// The person it is for.
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
    /// The ticket.
    pub ticket: Option<String>,
}

/// The weight of a finding.
#[derive(Clone, Debug, Deserialize, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SeverityName {
    Error,
    Warning,
}

/// One word or a list of words.
#[derive(Clone, Debug)]
pub struct Words(pub Vec<String>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> serde::de::Visitor<'de> for OneOrMany {
            type Value = Words;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a word or a list of words")
            }

            fn visit_str<E>(self, word: &str) -> Result<Words, E> {
                Ok(Words(vec![word.to_owned()]))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Words, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = seq.next_element()? {
                    words.push(word);
                }
                Ok(Words(words))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Words {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Words".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A word or a list of words.",
            "anyOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "string" }, "minItems": 1 }
            ]
        })
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

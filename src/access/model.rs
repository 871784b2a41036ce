//! What an access repository says, once its shape and its names are right.
//!
//! Values here are built by [`super::resolve`] alone. References between files are ids; a reference that leads nowhere is
//! a finding, and everything that is judged or applied requires that there is none.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use unicode_normalization::UnicodeNormalization as _;

use super::account::Accounts;
use super::by_id::ById;
use super::conditions::Conditions;
use super::id::{
    BridgeId, DomainId, Duty, GrantId, GroupId, OrganizationId, PersonId, PolicyId, ResourceId, RoleId, TargetId,
    VendorId,
};
use super::kind::Kind;
use super::pattern::EntitlementPattern;
use super::raw::{ApprovedBy, Environment, Risk};
use super::reading::{Source, Step};
use super::target_spec::{Settings, TargetSpec};
use super::target_type::TargetType;
use super::time::{Days, Interval};
use crate::finding::{Place, Severity};
use crate::repository::{Managed, Oid};

/// An access repository at one revision.
#[derive(Clone, Debug)]
pub struct Access {
    pub config: Config,
    pub people: ById<PersonId, Person>,
    pub vendors: ById<VendorId, Vendor>,
    pub groups: ById<GroupId, Group>,
    pub domains: ById<DomainId, Domain>,
    pub bridges: ById<BridgeId, Bridge>,
    pub roles: ById<RoleId, Role>,
    pub grants: ById<GrantId, Grant>,
    pub policy: Policy,
}

/// `dualkey.yaml`.
#[derive(Clone, Debug)]
pub struct Config {
    pub organization: OrganizationId,
    pub zone: TimeZone,
    pub targets: BTreeMap<TargetId, Target>,
    pub manage: Manage,
    pub evidence: EvidenceSource,
    /// The access repository on its forge.
    pub repository: Option<ForgeRepository>,
    /// The protected branch, without `refs/heads/`.
    pub branch: String,
    /// The full name of the ref that holds the log.
    pub audit_ref: String,
    /// The log's verifier key, as text.
    pub audit_key: String,
    /// Which paths are managed.
    pub managed: Managed,
    pub source: Arc<Source>,
}

/// Whose undeclared live access is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manage {
    Contractors,
    Everyone,
}

/// A repository on a forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForgeRepository {
    /// OWNER/NAME in small letters, for people.
    pub name: String,
    /// Its number, by which it is known.
    pub id: u64,
    /// The address of the forge's REST interface, where it isn't the usual one.
    pub api: Option<String>,
}

/// Where the proof of an approval comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvidenceSource {
    Signatures,
    Github,
}

/// A system whose access is managed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub id: TargetId,
    /// What it is: whose settings it has, and whose client reaches it.
    pub spec: &'static TargetSpec,
    /// Whose kinds and accounts it has: its own type's or, where it only stands in for one, that one's.
    pub target_type: TargetType,
    /// What pins the target, so that an approval for one can't be used for another: `github:9919`, `sandbox:play`.
    pub pinned: String,
    pub settings: Settings,
}

impl Target {
    /// True where nothing real hangs on it.
    pub fn is_embedded(&self) -> bool {
        self.spec.stands_for.is_some()
    }
}

#[derive(Clone, Debug)]
pub struct Vendor {
    pub id: VendorId,
    pub name: String,
    pub sponsor: PersonId,
    pub contract: Interval,
    /// The only domains its people may work in.
    pub domains: Option<BTreeSet<DomainId>>,
    pub ended: Option<Timestamp>,
    pub source: Arc<Source>,
}

/// What a person is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PersonType {
    Employee,
    Contractor,
    Service,
}

impl PersonType {
    pub fn as_str(self) -> &'static str {
        match self {
            PersonType::Employee => "employee",
            PersonType::Contractor => "contractor",
            PersonType::Service => "service",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Person {
    pub id: PersonId,
    pub name: String,
    pub person_type: PersonType,
    pub vendor: Option<VendorId>,
    pub sponsor: Option<PersonId>,
    pub engagement: Option<Interval>,
    pub ended: Option<Timestamp>,
    pub accounts: Accounts,
    pub emails: Vec<String>,
    pub keys: Vec<PersonKey>,
    pub source: Arc<Source>,
}

impl Person {
    /// True where a key can be verified.
    pub fn has_key(&self) -> bool {
        self.keys.iter().any(|key| key.public.is_some())
    }

    /// True where nothing but `ended` tells the two apart.
    pub fn is_same_but_ended(&self, other: &Person) -> bool {
        let identity = |person: &Person| (person.person_type, person.engagement);
        (&self.id, &self.name, identity(self)) == (&other.id, &other.name, identity(other))
            && (&self.vendor, &self.sponsor) == (&other.vendor, &other.sponsor)
            && (&self.accounts, &self.emails, &self.keys) == (&other.accounts, &other.emails, &other.keys)
    }
}

/// An SSH public key of a person: an algorithm that can be verified, or the text of one that can't.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonKey {
    /// As written.
    pub text: String,
    /// None where the key can't be parsed or its algorithm isn't supported (`unsupported-key`).
    pub public: Option<ssh_key::public::KeyData>,
}

/// A person, or a group of people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Member {
    Person(PersonId),
    Group(GroupId),
}

impl std::fmt::Display for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Member::Person(person) => write!(f, "{person}"),
            Member::Group(group) => write!(f, "group:{group}"),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Group {
    pub id: GroupId,
    pub members: Vec<Member>,
    pub source: Arc<Source>,
}

#[derive(Clone, Debug)]
pub struct Domain {
    pub id: DomainId,
    pub title: String,
    pub environment: Environment,
    pub owners: Vec<Member>,
    pub contractors_allowed: bool,
    pub resources: BTreeMap<ResourceId, Resource>,
    /// Names of resources that the file holds and that mean nothing: what is wrong with them is told there.
    pub refused: BTreeSet<String>,
    pub source: Arc<Source>,
}

/// Something that entitlements reach.
#[derive(Clone, Debug)]
pub struct Resource {
    pub target: TargetId,
    pub kind: &'static Kind,
    /// The target's own name of it.
    pub name: Arc<str>,
    /// The target's number of it, where the file says that.
    pub number: Option<u64>,
}

impl Resource {
    /// The name as targets compare it. Most kinds have one spelling for each resource, which reading makes sure of; where names
    /// are free, such as those of AWS's groups, no target tells capitals from small letters, or a letter with its mark from the
    /// two of them.
    pub fn compared_name(&self) -> String {
        if self.name.is_ascii() {
            return self.name.to_ascii_lowercase();
        }
        self.name.nfkc().collect::<String>().to_lowercase().nfkc().collect()
    }
}

#[derive(Clone, Debug)]
pub struct Role {
    pub id: RoleId,
    pub title: String,
    pub duties: BTreeSet<Duty>,
    pub risk: Risk,
    pub contractors_allowed: bool,
    pub max_duration: Option<Days>,
    /// True where its holders must use a second factor.
    pub mfa_required: bool,
    /// Kind to permissions.
    pub entitlements: BTreeMap<&'static Kind, BTreeSet<Arc<str>>>,
    pub source: Arc<Source>,
}

#[derive(Clone, Debug)]
pub struct Grant {
    pub id: GrantId,
    pub to: Vec<Member>,
    pub role: RoleId,
    pub domain: DomainId,
    /// Only these of the domain's resources.
    pub resources: Option<BTreeSet<ResourceId>>,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// Under which conditions it holds within that time.
    pub conditions: Conditions,
    pub reason: String,
    pub ticket: Option<String>,
    pub source: Arc<Source>,
}

impl Grant {
    /// When the grant itself holds, before anything about its people cuts it. None where it would never hold.
    pub fn interval(&self) -> Option<Interval> {
        Interval::new(self.from.unwrap_or(Timestamp::MIN), self.until.unwrap_or(Timestamp::MAX))
    }
}

#[derive(Clone, Debug)]
pub struct Bridge {
    pub id: BridgeId,
    pub home: DomainId,
    pub into: DomainId,
    pub people: BTreeSet<PersonId>,
    pub until: Timestamp,
    pub source: Arc<Source>,
}

/// Something that was held at a target before its first run and that nothing declares.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leftover {
    pub kind: &'static Kind,
    pub resource: String,
    pub permission: String,
    /// What identifies the account at the target.
    pub account: String,
}

/// All files of `policies/` together.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    pub duties: BTreeMap<PolicyId, DutyRule>,
    pub removals: Option<RemovalLimit>,
    /// The longest access of a contractor or service.
    pub contractor_max_duration: Option<Days>,
    pub waiver_max_duration: Option<Days>,
    /// Admins that each target must keep.
    pub admins_minimum: u32,
    /// What was held at targets before their first run and is to go, as it was approved.
    pub first_run: BTreeMap<TargetId, BTreeSet<Leftover>>,
    /// Who must stay admin, with the place that says so.
    pub admins_required: BTreeMap<PersonId, Place>,
    pub protected: Vec<EntitlementPattern>,
    /// In the order of files and lines.
    pub approvals: Vec<ApprovalRule>,
    /// How long an approval may wait for the first apply; None where no file says so.
    pub approvals_last: Option<Days>,
    pub waivers: Vec<Waiver>,
    /// Rule to severity, with the place that says so.
    pub severities: BTreeMap<String, (Severity, Place)>,
    /// Files of custom rules, by path.
    pub custom: BTreeMap<Arc<str>, Arc<Source>>,
    /// Refused landings that may stand, by the commit that landed.
    pub ratified: BTreeMap<Oid, Ratification>,
    /// Files of cases, by path.
    pub cases: BTreeMap<Arc<str>, (Arc<Source>, Arc<super::raw::Cases>)>,
}

/// The word of reviewers that a refused landing may stand.
#[derive(Clone, Debug)]
pub struct Ratification {
    /// Who answers for it.
    pub owner: PersonId,
    pub source: Arc<Source>,
}

/// A separation-of-duties rule.
#[derive(Clone, Debug)]
pub struct DutyRule {
    pub id: PolicyId,
    pub title: String,
    pub sets: BTreeMap<String, DutySet>,
    /// How many of the sets a person may hold at one instant.
    pub at_most: u32,
    pub severity: Severity,
    /// `sha256:…` of the rule's content, which waivers pin.
    pub digest: String,
    pub place: Place,
}

/// What belongs to a set of a duties rule: any of duties, roles and entitlements, within environments and domains.
#[derive(Clone, Debug)]
pub struct DutySet {
    pub duties: BTreeSet<Duty>,
    pub roles: BTreeSet<RoleId>,
    pub entitlements: Vec<EntitlementPattern>,
    /// Empty: in all.
    pub environments: BTreeSet<Environment>,
    /// Empty: in all.
    pub domains: BTreeSet<DomainId>,
    /// How many distinct matches a person may hold at one instant.
    pub at_most: Option<u32>,
}

/// Removals are many when both the number and the share are exceeded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RemovalLimit {
    pub count: u32,
    /// Hundredths.
    pub percent: u32,
}

/// Classes of change, by what changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeClass {
    Policy,
    Bridge,
    Identity,
    Access,
    Removal,
}

impl ChangeClass {
    pub fn as_str(self) -> &'static str {
        match self {
            ChangeClass::Policy => "policy",
            ChangeClass::Bridge => "bridge",
            ChangeClass::Identity => "identity",
            ChangeClass::Access => "access",
            ChangeClass::Removal => "removal",
        }
    }
}

/// Who must approve what.
#[derive(Clone, Debug)]
pub struct ApprovalRule {
    /// As written, or `<class>[-<risk>]-<n>`.
    pub id: String,
    pub change: ChangeClass,
    /// Only changes of this risk and above.
    pub risk: Option<Risk>,
    pub count: u32,
    pub from: Vec<Approvers>,
    pub by: ApprovedBy,
    pub place: Place,
}

/// A source of approvers, resolved for each pair of a domain and a person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Approvers {
    DomainOwners,
    Sponsors,
    Group(GroupId),
}

impl std::fmt::Display for Approvers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Approvers::DomainOwners => f.write_str("domain-owners"),
            Approvers::Sponsors => f.write_str("sponsors"),
            Approvers::Group(group) => write!(f, "group:{group}"),
        }
    }
}

/// An accepted violation of a duties rule.
#[derive(Clone, Debug)]
pub struct Waiver {
    pub rule: PolicyId,
    pub rule_digest: String,
    pub person: PersonId,
    pub interval: Interval,
    pub owner: PersonId,
    pub place: Place,
}

macro_rules! places {
    ($($name:ident),*) => {$(
        impl $name {
            /// The place of a value of the file, or of its nearest parent that is there.
            pub fn place(&self, path: &[Step<'_>]) -> Place {
                self.source.place(path)
            }
        }
    )*};
}

places!(Config, Vendor, Person, Group, Domain, Role, Grant, Bridge);

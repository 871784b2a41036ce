//! From parsed files to [`Access`]: names are parsed, times resolved, references checked. Collects every problem.
//!
//! A file is built by itself, so that revisions can share it; what it speaks of is looked for when all are together.

mod config;
mod context;
mod people;
mod policy;
mod references;
mod resources;
mod settings;
mod wildcard;

use std::sync::Arc;

use jiff::tz::TimeZone;

pub use self::config::{managed_by, only_embedded};
use self::context::Context;
pub use self::people::is_email;
pub use self::references::UNKNOWN_REFERENCE;
pub use self::wildcard::WILDCARD_PERMISSION;
use super::credential::CREDENTIAL_IN_SETTINGS;
use super::id::{BridgeId, DomainId, GrantId, GroupId, PersonId, RoleId, VendorId};
use super::kinds::Kinds;
use super::model::{Access, Bridge, Config, Domain, Grant, Group, Person, Policy, Ratification, Role, Vendor};
use super::raw;
use super::reading::{NamedFile, Parsed, RawFile, Source};
use crate::finding::{Finding, Rule};
use crate::repository::Oid;

/// The rules whose findings are made here.
pub const RULES: &[&Rule] = &[&UNKNOWN_REFERENCE, &WILDCARD_PERMISSION, &CREDENTIAL_IN_SETTINGS];

/// What one file declares.
#[derive(Debug)]
pub enum Declared {
    Vendor(Arc<Vendor>),
    Person(Arc<Person>),
    Group(Arc<Group>),
    Domain(Arc<Domain>),
    Role(Arc<Role>),
    Grant(Arc<Grant>),
    Bridge(Arc<Bridge>),
    /// As it was read: policies mean something only all together.
    Policy(Box<raw::Policy>),
    Cases(Arc<raw::Cases>),
    Ratification(Oid, Ratification),
    Rego,
}

/// The settings; None where something is wrong with them.
pub fn config(parsed: &Parsed, kinds: Kinds) -> (Option<Config>, Vec<Finding>) {
    let mut findings = Vec::new();
    // no date stands in dualkey.yaml, so the zone that it names isn't needed to read it
    let no_zone = TimeZone::UTC;
    let mut context = Context::new(&parsed.source, &no_zone, kinds, &mut findings);
    let config = match &parsed.raw {
        Some(RawFile::Config(raw)) => config::build(raw, &mut context),
        _ => None,
    };
    (config, findings)
}

/// What a file of another kind declares by itself; None where something is wrong with it.
pub fn declared(
    id: &str,
    source: &Arc<Source>,
    raw: RawFile,
    config: &Config,
    kinds: Kinds,
    findings: &mut Vec<Finding>,
) -> Option<Declared> {
    let mut context = Context::new(source, &config.zone, kinds, findings);
    let context = &mut context;
    match raw {
        RawFile::Vendor(raw) => people::vendor(id, &raw, context).map(|vendor| Declared::Vendor(Arc::new(vendor))),
        RawFile::Person(raw) => people::person(id, &raw, context).map(|person| Declared::Person(Arc::new(person))),
        RawFile::Group(raw) => people::group(id, &raw, context).map(|group| Declared::Group(Arc::new(group))),
        RawFile::Domain(raw) => {
            resources::domain(id, &raw, config, context).map(|domain| Declared::Domain(Arc::new(domain)))
        }
        RawFile::Role(raw) => resources::role(id, &raw, context).map(|role| Declared::Role(Arc::new(role))),
        RawFile::Grant(raw) => resources::grant(id, &raw, context).map(|grant| Declared::Grant(Arc::new(grant))),
        RawFile::Bridge(raw) => resources::bridge(id, &raw, context).map(|bridge| Declared::Bridge(Arc::new(bridge))),
        RawFile::Policy(raw) => Some(Declared::Policy(Box::new(raw))),
        RawFile::Cases(raw) => Some(Declared::Cases(raw)),
        RawFile::Ratification(raw) => policy::ratification(id, &raw, context)
            .map(|(landing, ratification)| Declared::Ratification(landing, ratification)),
        RawFile::Rego => Some(Declared::Rego),
        RawFile::Config(_) => None,
    }
}

/// Puts together what files declare. `present` are all files of a kind, also those that could not be read: a name that
/// leads to one of them leads somewhere.
pub fn access<'a>(
    config: Config,
    files: impl IntoIterator<Item = (&'a Arc<Source>, &'a Declared)>,
    present: &[NamedFile<'_>],
    kinds: Kinds,
) -> (Access, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut policy = Policy::default();
    let mut all = All::default();
    for (source, declared) in files {
        match declared {
            Declared::Vendor(vendor) => all.vendors.push((vendor.id.clone(), Arc::clone(vendor))),
            Declared::Person(person) => all.people.push((person.id.clone(), Arc::clone(person))),
            Declared::Group(group) => all.groups.push((group.id.clone(), Arc::clone(group))),
            Declared::Domain(domain) => all.domains.push((domain.id.clone(), Arc::clone(domain))),
            Declared::Role(role) => all.roles.push((role.id.clone(), Arc::clone(role))),
            Declared::Grant(grant) => all.grants.push((grant.id.clone(), Arc::clone(grant))),
            Declared::Bridge(bridge) => all.bridges.push((bridge.id.clone(), Arc::clone(bridge))),
            Declared::Policy(raw) => {
                policy::add(raw, &mut policy, &config, &mut Context::new(source, &config.zone, kinds, &mut findings));
            }
            Declared::Cases(cases) => {
                policy.cases.insert(Arc::clone(&source.path), (Arc::clone(source), Arc::clone(cases)));
            }
            Declared::Ratification(landing, ratification) => {
                policy.ratified.insert(*landing, ratification.clone());
            }
            Declared::Rego => {
                policy.custom.insert(Arc::clone(&source.path), Arc::clone(source));
            }
        }
    }
    policy::name_approval_rules(&mut policy, &mut findings);
    let access = all.access(config, policy);
    references::check(&access, present, &mut findings);
    (access, findings)
}

/// Everything that is declared, kind by kind.
#[derive(Default)]
struct All {
    people: Vec<(PersonId, Arc<Person>)>,
    vendors: Vec<(VendorId, Arc<Vendor>)>,
    groups: Vec<(GroupId, Arc<Group>)>,
    domains: Vec<(DomainId, Arc<Domain>)>,
    bridges: Vec<(BridgeId, Arc<Bridge>)>,
    roles: Vec<(RoleId, Arc<Role>)>,
    grants: Vec<(GrantId, Arc<Grant>)>,
}

impl All {
    fn access(self, config: Config, policy: Policy) -> Access {
        Access {
            config,
            people: self.people.into_iter().collect(),
            vendors: self.vendors.into_iter().collect(),
            groups: self.groups.into_iter().collect(),
            domains: self.domains.into_iter().collect(),
            bridges: self.bridges.into_iter().collect(),
            roles: self.roles.into_iter().collect(),
            grants: self.grants.into_iter().collect(),
            policy,
        }
    }
}

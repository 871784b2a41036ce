//! From parsed files to [`Access`]: names are parsed, times resolved, references checked. Collects every problem.

mod config;
mod context;
mod people;
mod policy;
mod references;
mod resources;
mod wildcard;

use std::sync::Arc;

use jiff::tz::TimeZone;

use self::context::Context;
pub use self::references::UNKNOWN_REFERENCE;
pub use self::wildcard::WILDCARD_PERMISSION;
use super::id::{BridgeId, DomainId, GrantId, GroupId, PersonId, RoleId, VendorId};
use super::kind::Kinds;
use super::model::{Access, Bridge, Config, Domain, Grant, Group, Person, Policy, Role, Vendor};
use super::parallel::in_parts;
use super::reading::{FileKind, RawFile, Source};
use crate::finding::{Finding, Rule};

/// The rules whose findings are made here.
pub const RULES: &[&Rule] = &[&UNKNOWN_REFERENCE, &WILDCARD_PERMISSION];

/// A parsed file, ready to be built: its stem, where it came from and what it says.
#[derive(Debug)]
pub struct RawEntry<'a> {
    pub stem: &'a str,
    pub source: Arc<Source>,
    pub raw: Arc<RawFile>,
}

/// What one file declares.
enum Built {
    Vendor(Vendor),
    Person(Person),
    Group(Group),
    Domain(Domain),
    Role(Role),
    Grant(Grant),
    Bridge(Bridge),
}

/// Resolves the model. `present` are all files, also those that could not be read: a name that leads to one of them leads
/// somewhere. None where there is no usable `dualkey.yaml`, since nothing means anything without its zone.
pub fn access(
    entries: Vec<RawEntry<'_>>,
    present: &[(FileKind, &str)],
    kinds: Kinds,
) -> (Option<Access>, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut config = None;
    // no date stands in dualkey.yaml, so the zone that it names isn't needed to read it
    let no_zone = TimeZone::UTC;
    for entry in &entries {
        if let RawFile::Config(raw) = &*entry.raw {
            let mut context = Context::new(&entry.source, &no_zone, kinds, &mut findings);
            config = config::build(raw, &mut context);
        }
    }
    let Some(config) = config else { return (None, findings) };
    let mut policy = Policy::default();
    for entry in &entries {
        let mut context = Context::new(&entry.source, &config.zone, kinds, &mut findings);
        let path = || Arc::clone(&entry.source.path);
        match &*entry.raw {
            RawFile::Policy(raw) => policy::add(raw, &mut policy, &mut context),
            RawFile::Cases(raw) => {
                policy.cases.insert(path(), (Arc::clone(&entry.source), Arc::clone(raw)));
            }
            RawFile::Rego => {
                policy.custom.insert(path(), Arc::clone(&entry.source));
            }
            RawFile::Config(_)
            | RawFile::Vendor(_)
            | RawFile::Person(_)
            | RawFile::Group(_)
            | RawFile::Domain(_)
            | RawFile::Role(_)
            | RawFile::Grant(_)
            | RawFile::Bridge(_) => {}
        }
    }
    let parts = in_parts(entries, |part| {
        let mut findings = Vec::new();
        // what is built isn't needed raw any longer, unless somebody else keeps it
        let built: Vec<Built> =
            part.into_iter().filter_map(|entry| build(&entry, &config, kinds, &mut findings)).collect();
        (built, findings)
    });
    let mut built = Declared::default();
    for (files, found) in parts {
        findings.extend(found);
        files.into_iter().for_each(|file| built.add(file));
    }
    policy::name_approval_rules(&mut policy, &mut findings);
    let access = built.access(config, policy);
    references::check(&access, present, &mut findings);
    (Some(access), findings)
}

/// Everything that was built, kind by kind.
#[derive(Default)]
struct Declared {
    people: Vec<(PersonId, Person)>,
    vendors: Vec<(VendorId, Vendor)>,
    groups: Vec<(GroupId, Group)>,
    domains: Vec<(DomainId, Domain)>,
    bridges: Vec<(BridgeId, Bridge)>,
    roles: Vec<(RoleId, Role)>,
    grants: Vec<(GrantId, Grant)>,
}

impl Declared {
    fn add(&mut self, file: Built) {
        match file {
            Built::Vendor(vendor) => self.vendors.push((vendor.id.clone(), vendor)),
            Built::Person(person) => self.people.push((person.id.clone(), person)),
            Built::Group(group) => self.groups.push((group.id.clone(), group)),
            Built::Domain(domain) => self.domains.push((domain.id.clone(), domain)),
            Built::Role(role) => self.roles.push((role.id.clone(), role)),
            Built::Grant(grant) => self.grants.push((grant.id.clone(), grant)),
            Built::Bridge(bridge) => self.bridges.push((bridge.id.clone(), bridge)),
        }
    }

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

fn build(entry: &RawEntry<'_>, config: &Config, kinds: Kinds, findings: &mut Vec<Finding>) -> Option<Built> {
    let mut context = Context::new(&entry.source, &config.zone, kinds, findings);
    let context = &mut context;
    match &*entry.raw {
        RawFile::Vendor(raw) => people::vendor(entry.stem, raw, context).map(Built::Vendor),
        RawFile::Person(raw) => people::person(entry.stem, raw, context).map(Built::Person),
        RawFile::Group(raw) => people::group(entry.stem, raw, context).map(Built::Group),
        RawFile::Domain(raw) => resources::domain(entry.stem, raw, config, context).map(Built::Domain),
        RawFile::Role(raw) => resources::role(entry.stem, raw, context).map(Built::Role),
        RawFile::Grant(raw) => resources::grant(entry.stem, raw, context).map(Built::Grant),
        RawFile::Bridge(raw) => resources::bridge(entry.stem, raw, context).map(Built::Bridge),
        RawFile::Config(_) | RawFile::Policy(_) | RawFile::Cases(_) | RawFile::Rego => None,
    }
}

//! From parsed files to [`Access`]: names are parsed, times resolved, references checked. Collects every problem.

mod config;
mod context;
mod people;
mod policy;
mod references;
mod resources;
mod wildcard;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;

use self::context::Context;
pub use self::references::UNKNOWN_REFERENCE;
pub use self::wildcard::WILDCARD_PERMISSION;
use super::kind::Kinds;
use super::model::{Access, Policy};
use super::reading::{FileKind, RawFile, Source};
use crate::finding::{Finding, Rule};

/// The rules whose findings are made here.
pub const RULES: &[&Rule] = &[&UNKNOWN_REFERENCE, &WILDCARD_PERMISSION];

/// A parsed file, ready to be built: its stem, where it came from and what it says.
#[derive(Debug)]
pub struct RawEntry<'a> {
    pub stem: &'a str,
    pub source: &'a Arc<Source>,
    pub raw: &'a RawFile,
}

/// Resolves the model. `present` are all files, also those that could not be read: a name that leads to one of them leads
/// somewhere. None where there is no usable `dualkey.yaml`, since nothing means anything without its zone.
pub fn access(entries: &[RawEntry<'_>], present: &[(FileKind, &str)], kinds: Kinds) -> (Option<Access>, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut config = None;
    // no date stands in dualkey.yaml, so the zone that it names isn't needed to read it
    let no_zone = TimeZone::UTC;
    for entry in entries {
        if let RawFile::Config(raw) = entry.raw {
            let mut context = Context::new(entry.source, &no_zone, kinds, &mut findings);
            config = config::build(raw, &mut context);
        }
    }
    let Some(config) = config else { return (None, findings) };
    let zone = config.zone.clone();
    let mut access = Access {
        config,
        people: BTreeMap::new(),
        vendors: BTreeMap::new(),
        groups: BTreeMap::new(),
        domains: BTreeMap::new(),
        bridges: BTreeMap::new(),
        roles: BTreeMap::new(),
        grants: BTreeMap::new(),
        policy: Policy::default(),
    };
    for entry in entries {
        let mut context = Context::new(entry.source, &zone, kinds, &mut findings);
        match entry.raw {
            RawFile::Config(_) => {}
            RawFile::Vendor(raw) => {
                insert(&mut access.vendors, people::vendor(entry.stem, raw, &mut context), |v| v.id.clone())
            }
            RawFile::Person(raw) => {
                insert(&mut access.people, people::person(entry.stem, raw, &mut context), |p| p.id.clone())
            }
            RawFile::Group(raw) => {
                insert(&mut access.groups, people::group(entry.stem, raw, &mut context), |g| g.id.clone())
            }
            RawFile::Domain(raw) => {
                let domain = resources::domain(entry.stem, raw, &access.config, &mut context);
                insert(&mut access.domains, domain, |d| d.id.clone());
            }
            RawFile::Role(raw) => {
                insert(&mut access.roles, resources::role(entry.stem, raw, &mut context), |r| r.id.clone())
            }
            RawFile::Grant(raw) => {
                insert(&mut access.grants, resources::grant(entry.stem, raw, &mut context), |g| g.id.clone())
            }
            RawFile::Bridge(raw) => {
                insert(&mut access.bridges, resources::bridge(entry.stem, raw, &mut context), |b| b.id.clone());
            }
            RawFile::Policy(raw) => policy::add(raw, &mut access.policy, &mut context),
            RawFile::Cases(raw) => {
                let path = Arc::clone(&entry.source.path);
                access.policy.cases.insert(path, (Arc::clone(entry.source), Arc::clone(raw)));
            }
            RawFile::Rego => {
                access.policy.custom.insert(Arc::clone(&entry.source.path), Arc::clone(entry.source));
            }
        }
    }
    policy::name_approval_rules(&mut access.policy, &mut findings);
    references::check(&access, present, &mut findings);
    (Some(access), findings)
}

fn insert<K: Ord, V>(map: &mut BTreeMap<K, V>, built: Option<V>, key: impl Fn(&V) -> K) {
    if let Some(value) = built {
        map.insert(key(&value), value);
    }
}

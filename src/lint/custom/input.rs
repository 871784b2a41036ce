//! The document that custom rules judge: the access repository as plain data, without accounts, e-mails and keys.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::access::reading::Source;
use crate::access::{Access, Conditions, Entitlements, Interval, Member};

/// What a custom rule sees as `input`. What isn't set is left out, so that `not input.grants[id].ticket` holds there.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Document<'a> {
    /// The version of this document: 1.
    pub version: u32,
    /// The instant that counts as now, RFC 3339 in UTC. A rule that asks it belongs into `warn`, since time alone
    /// should not make an error.
    pub now: String,
    /// The same in seconds since 1970.
    pub now_seconds: i64,
    pub organization: &'a str,
    /// By id, as all that follows.
    pub people: BTreeMap<&'a str, Person<'a>>,
    pub vendors: BTreeMap<&'a str, Vendor<'a>>,
    pub groups: BTreeMap<&'a str, Group<'a>>,
    pub domains: BTreeMap<&'a str, Domain<'a>>,
    pub bridges: BTreeMap<&'a str, Bridge<'a>>,
    pub roles: BTreeMap<&'a str, Role<'a>>,
    pub grants: BTreeMap<&'a str, Grant<'a>>,
    /// Who may do what where, sorted: what the grants yield, with groups expanded and ends derived.
    pub entitlements: Vec<Entitlement<'a>>,
}

/// Where something is written.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Written<'a> {
    pub file: &'a str,
    pub line: u32,
}

/// A stretch of time, RFC 3339 in UTC and in seconds since 1970; without a start or an end where it has none.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Span {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_seconds: Option<i64>,
    /// The first instant after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_seconds: Option<i64>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Person<'a> {
    pub id: &'a str,
    pub name: &'a str,
    /// employee, contractor or service.
    #[serde(rename = "type")]
    pub person_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sponsor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engagement: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Types of targets where the person has an account.
    pub accounts: Vec<&'a str>,
    /// Whether the person has a key to sign with.
    pub signs: bool,
    #[serde(flatten)]
    pub written: Written<'a>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Vendor<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub sponsor: &'a str,
    pub contract: Span,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// The only domains its people may work in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domains: Option<Vec<&'a str>>,
    #[serde(flatten)]
    pub written: Written<'a>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Group<'a> {
    pub id: &'a str,
    /// As written: people, and groups as `group:ID`.
    pub members: Vec<String>,
    /// Everybody in it, also through other groups.
    pub people: BTreeSet<String>,
    #[serde(flatten)]
    pub written: Written<'a>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Domain<'a> {
    pub id: &'a str,
    pub title: &'a str,
    /// production, staging, development or sandbox.
    pub environment: crate::access::raw::Environment,
    /// The people who own it, groups expanded.
    pub owners: BTreeSet<String>,
    /// Whether contractors may work in it.
    pub contractors: bool,
    /// By the name that the domain gives it.
    pub resources: BTreeMap<&'a str, Resource<'a>>,
    #[serde(flatten)]
    pub written: Written<'a>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Resource<'a> {
    pub target: &'a str,
    pub kind: &'a str,
    /// The target's own name of it.
    pub name: &'a str,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Bridge<'a> {
    pub id: &'a str,
    pub home: &'a str,
    pub into: &'a str,
    pub people: Vec<&'a str>,
    /// The first instant after it.
    pub until: String,
    #[serde(flatten)]
    pub written: Written<'a>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Role<'a> {
    pub id: &'a str,
    pub title: &'a str,
    pub duties: Vec<&'a str>,
    /// standard, elevated or privileged.
    pub risk: crate::access::raw::Risk,
    /// Whether contractors may hold it.
    pub contractors: bool,
    /// Kind to permissions.
    pub entitlements: BTreeMap<&'a str, Vec<&'a str>>,
    #[serde(flatten)]
    pub written: Written<'a>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Grant<'a> {
    pub id: &'a str,
    /// As written: people, and groups as `group:ID`.
    pub to: Vec<String>,
    /// Everybody whom it reaches, groups expanded.
    pub people: BTreeSet<String>,
    pub role: &'a str,
    pub domain: &'a str,
    /// Only these of the domain's resources.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Vec<&'a str>>,
    /// As the grant itself says; what cuts it is in `entitlements`.
    #[serde(flatten)]
    pub span: Span,
    /// The hours of the week, where it has some.
    pub conditions: &'a Conditions,
    pub reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<&'a str>,
    #[serde(flatten)]
    pub written: Written<'a>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Entitlement<'a> {
    pub person: &'a str,
    pub target: &'a str,
    pub kind: &'a str,
    /// The target's own name of the resource.
    pub resource: &'a str,
    pub permission: &'a str,
    pub conditions: &'a Conditions,
    /// When it holds: sorted, apart from each other.
    pub intervals: Vec<Span>,
    /// The grants, roles and domains that cause it.
    pub grants: BTreeSet<&'a str>,
    pub roles: BTreeSet<&'a str>,
    pub domains: BTreeSet<&'a str>,
}

impl Span {
    fn new(from: Timestamp, until: Timestamp) -> Self {
        let (from, until) = ((from != Timestamp::MIN).then_some(from), (until != Timestamp::MAX).then_some(until));
        Span {
            from: from.map(|at| at.to_string()),
            from_seconds: from.map(Timestamp::as_second),
            until: until.map(|at| at.to_string()),
            until_seconds: until.map(Timestamp::as_second),
        }
    }

    fn of(interval: &Interval) -> Self {
        Span::new(interval.from(), interval.until())
    }
}

fn written(source: &Arc<Source>) -> Written<'_> {
    Written { file: &source.path, line: source.place(&[]).line }
}

fn words(members: &[Member]) -> Vec<String> {
    members.iter().map(ToString::to_string).collect()
}

impl<'a> Document<'a> {
    pub fn new(access: &'a Access, entitlements: &'a Entitlements, now: Timestamp) -> Self {
        let people = |members: &[Member]| access.expand(members).into_keys().map(|id| id.to_string()).collect();
        Document {
            version: 1,
            now: now.to_string(),
            now_seconds: now.as_second(),
            organization: access.config.organization.as_str(),
            people: access.people.values().map(|person| (person.id.as_str(), Person::of(person))).collect(),
            vendors: access.vendors.values().map(|vendor| (vendor.id.as_str(), Vendor::of(vendor))).collect(),
            groups: access
                .groups
                .values()
                .map(|group| {
                    let (id, members) = (group.id.as_str(), words(&group.members));
                    (id, Group { id, members, people: people(&group.members), written: written(&group.source) })
                })
                .collect(),
            domains: access
                .domains
                .values()
                .map(|domain| (domain.id.as_str(), Domain::of(domain, people(&domain.owners))))
                .collect(),
            bridges: access.bridges.values().map(|bridge| (bridge.id.as_str(), Bridge::of(bridge))).collect(),
            roles: access.roles.values().map(|role| (role.id.as_str(), Role::of(role))).collect(),
            grants: access
                .grants
                .values()
                .map(|grant| (grant.id.as_str(), Grant::of(grant, people(&grant.to))))
                .collect(),
            entitlements: entitlements.iter().map(Entitlement::of).collect(),
        }
    }

    /// Every file that a finding can point to.
    pub fn files(&self) -> BTreeSet<&'a str> {
        let people = self.people.values().map(|person| person.written.file);
        let vendors = self.vendors.values().map(|vendor| vendor.written.file);
        let groups = self.groups.values().map(|group| group.written.file);
        let domains = self.domains.values().map(|domain| domain.written.file);
        let bridges = self.bridges.values().map(|bridge| bridge.written.file);
        let roles = self.roles.values().map(|role| role.written.file);
        let grants = self.grants.values().map(|grant| grant.written.file);
        people.chain(vendors).chain(groups).chain(domains).chain(bridges).chain(roles).chain(grants).collect()
    }
}

impl<'a> Person<'a> {
    fn of(person: &'a crate::access::Person) -> Self {
        Person {
            id: person.id.as_str(),
            name: &person.name,
            person_type: person.person_type.as_str(),
            vendor: person.vendor.as_ref().map(|id| id.as_str()),
            sponsor: person.sponsor.as_ref().map(|id| id.as_str()),
            engagement: person.engagement.as_ref().map(Span::of),
            ended: person.ended.map(|at| at.to_string()),
            accounts: person.accounts.iter().map(|(target, _)| target.as_str()).collect(),
            signs: person.has_key(),
            written: written(&person.source),
        }
    }
}

impl<'a> Vendor<'a> {
    fn of(vendor: &'a crate::access::Vendor) -> Self {
        Vendor {
            id: vendor.id.as_str(),
            name: &vendor.name,
            sponsor: vendor.sponsor.as_str(),
            contract: Span::of(&vendor.contract),
            ended: vendor.ended.map(|at| at.to_string()),
            domains: vendor.domains.as_ref().map(|ids| ids.iter().map(|id| id.as_str()).collect()),
            written: written(&vendor.source),
        }
    }
}

impl<'a> Domain<'a> {
    fn of(domain: &'a crate::access::Domain, owners: BTreeSet<String>) -> Self {
        let resource = |resource: &'a crate::access::Resource| Resource {
            target: resource.target.as_str(),
            kind: resource.kind.name,
            name: &resource.name,
        };
        Domain {
            id: domain.id.as_str(),
            title: &domain.title,
            environment: domain.environment,
            owners,
            contractors: domain.contractors_allowed,
            resources: domain.resources.iter().map(|(id, found)| (id.as_str(), resource(found))).collect(),
            written: written(&domain.source),
        }
    }
}

impl<'a> Bridge<'a> {
    fn of(bridge: &'a crate::access::Bridge) -> Self {
        Bridge {
            id: bridge.id.as_str(),
            home: bridge.home.as_str(),
            into: bridge.into.as_str(),
            people: bridge.people.iter().map(|id| id.as_str()).collect(),
            until: bridge.until.to_string(),
            written: written(&bridge.source),
        }
    }
}

impl<'a> Role<'a> {
    fn of(role: &'a crate::access::Role) -> Self {
        let permissions = |words: &'a BTreeSet<Arc<str>>| words.iter().map(AsRef::as_ref).collect();
        Role {
            id: role.id.as_str(),
            title: &role.title,
            duties: role.duties.iter().map(|duty| duty.as_str()).collect(),
            risk: role.risk,
            contractors: role.contractors_allowed,
            entitlements: role.entitlements.iter().map(|(kind, words)| (kind.name, permissions(words))).collect(),
            written: written(&role.source),
        }
    }
}

impl<'a> Grant<'a> {
    fn of(grant: &'a crate::access::Grant, people: BTreeSet<String>) -> Self {
        Grant {
            id: grant.id.as_str(),
            to: words(&grant.to),
            people,
            role: grant.role.as_str(),
            domain: grant.domain.as_str(),
            resources: grant.resources.as_ref().map(|ids| ids.iter().map(|id| id.as_str()).collect()),
            span: Span::new(grant.from.unwrap_or(Timestamp::MIN), grant.until.unwrap_or(Timestamp::MAX)),
            conditions: &grant.conditions,
            reason: &grant.reason,
            ticket: grant.ticket.as_deref(),
            written: written(&grant.source),
        }
    }
}

impl<'a> Entitlement<'a> {
    fn of(entitlement: &'a crate::access::Entitlement) -> Self {
        let key = &entitlement.key;
        let causes = &entitlement.causes;
        Entitlement {
            person: key.person.as_str(),
            target: key.target.as_str(),
            kind: key.kind.name,
            resource: &key.resource,
            permission: &key.permission,
            conditions: &key.conditions,
            intervals: entitlement.intervals.iter().map(Span::of).collect(),
            grants: causes.iter().map(|cause| cause.grant.as_str()).collect(),
            roles: causes.iter().map(|cause| cause.role.as_str()).collect(),
            domains: causes.iter().map(|cause| cause.domain.as_str()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use schemars::generate::SchemaSettings;

    use crate::access::reading::{FileKind, schema_text};

    #[test]
    fn the_schema_of_the_document_is_fresh() {
        let settings = SchemaSettings::draft2020_12().for_serialize();
        let mut schema = settings.into_generator().into_root_schema_for::<super::Document<'static>>();
        schema.insert("title".to_owned(), "What custom rules see as `input`".into());
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("DUALKEY_BLESS").is_some() {
            std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/schema/rego-input.json"), text).unwrap();
        } else {
            let hint = "is stale: run the tests with DUALKEY_BLESS=1";
            assert!(text == schema_text(FileKind::Rego), "schema/rego-input.json {hint}");
        }
    }
}

//! Every id that a file names must belong to a file.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::resources::nearest;
use crate::access::id::{DomainId, GroupId, PersonId, RoleId, VendorId};
use crate::access::model::{Access, Approvers, Member};
use crate::access::reading::{FileKind, Source, Step};
use crate::finding::{Code, Finding, Place, Rule, Severity};

/// A name that leads nowhere.
pub const UNKNOWN_REFERENCE: Rule = Rule {
    code: Code {
        id: "unknown-reference",
        title: "a file names a person, group, role, domain, resource or vendor that does not exist",
        why: "A name that leads nowhere grants nothing today, and may come to mean something tomorrow, when a file of \
              that name is added by a change that nobody reads together with this one.",
        example: "to: [alice.nguyn]     # people/alice.nguyen.yaml is the file",
        instead: "Correct the name, or add the file that it speaks of in the same change.",
    },
    severity: Severity::Error,
    dated: false,
};

struct References<'a> {
    people: BTreeSet<&'a str>,
    vendors: BTreeSet<&'a str>,
    groups: BTreeSet<&'a str>,
    domains: BTreeSet<&'a str>,
    roles: BTreeSet<&'a str>,
    findings: &'a mut Vec<Finding>,
}

/// Reports each name in the model that leads nowhere. A file that exists but is wrong counts as existing: its own
/// findings say what is wrong with it.
pub(super) fn check(access: &Access, present: &[(FileKind, &str)], findings: &mut Vec<Finding>) {
    let mut references = References {
        people: BTreeSet::new(),
        vendors: BTreeSet::new(),
        groups: BTreeSet::new(),
        domains: BTreeSet::new(),
        roles: BTreeSet::new(),
        findings,
    };
    for (kind, stem) in present {
        let names = match kind {
            FileKind::Person => &mut references.people,
            FileKind::Vendor => &mut references.vendors,
            FileKind::Group => &mut references.groups,
            FileKind::Domain => &mut references.domains,
            FileKind::Role => &mut references.roles,
            FileKind::Config
            | FileKind::Grant
            | FileKind::Bridge
            | FileKind::Policy
            | FileKind::Cases
            | FileKind::Rego => continue,
        };
        names.insert(*stem);
    }
    references.all(access);
}

impl References<'_> {
    fn missing(&mut self, what: &str, id: &str, place: Place, known: Vec<&str>) {
        let help = match nearest(id, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("correct the name, or add {}/{id}.yaml", folder(what)),
        };
        self.findings.push(Finding::new(&UNKNOWN_REFERENCE, place, format!("there is no {what} `{id}`"), help));
    }

    fn person(&mut self, id: &PersonId, place: impl FnOnce() -> Place) {
        if !self.people.contains(id.as_str()) {
            let known = self.people.iter().copied().collect();
            self.missing("person", id.as_str(), place(), known);
        }
    }

    fn vendor(&mut self, id: &VendorId, place: impl FnOnce() -> Place) {
        if !self.vendors.contains(id.as_str()) {
            let known = self.vendors.iter().copied().collect();
            self.missing("vendor", id.as_str(), place(), known);
        }
    }

    fn group(&mut self, id: &GroupId, place: impl FnOnce() -> Place) {
        if !self.groups.contains(id.as_str()) {
            let known = self.groups.iter().copied().collect();
            self.missing("group", id.as_str(), place(), known);
        }
    }

    fn domain(&mut self, id: &DomainId, place: impl FnOnce() -> Place) {
        if !self.domains.contains(id.as_str()) {
            let known = self.domains.iter().copied().collect();
            self.missing("domain", id.as_str(), place(), known);
        }
    }

    fn role(&mut self, id: &RoleId, place: impl FnOnce() -> Place) {
        if !self.roles.contains(id.as_str()) {
            let known = self.roles.iter().copied().collect();
            self.missing("role", id.as_str(), place(), known);
        }
    }

    fn members(&mut self, members: &[Member], source: &Arc<Source>, key: &str) {
        for member in members {
            let place = || source.item_place(key, &member.to_string());
            match member {
                Member::Person(id) => self.person(id, place),
                Member::Group(id) => self.group(id, place),
            }
        }
    }

    fn all(&mut self, access: &Access) {
        for person in access.people.values() {
            if let Some(vendor) = &person.vendor {
                self.vendor(vendor, || person.place(&[Step::Key("vendor")]));
            }
            if let Some(sponsor) = &person.sponsor {
                self.person(sponsor, || person.place(&[Step::Key("sponsor")]));
            }
        }
        for vendor in access.vendors.values() {
            self.person(&vendor.sponsor, || vendor.place(&[Step::Key("sponsor")]));
            for domain in vendor.domains.iter().flatten() {
                self.domain(domain, || vendor.source.item_place("domains", domain.as_str()));
            }
        }
        for group in access.groups.values() {
            self.members(&group.members, &group.source, "members");
        }
        for domain in access.domains.values() {
            self.members(&domain.owners, &domain.source, "owners");
        }
        for grant in access.grants.values() {
            self.members(&grant.to, &grant.source, "to");
            self.role(&grant.role, || grant.place(&[Step::Key("role")]));
            self.domain(&grant.domain, || grant.place(&[Step::Key("domain")]));
            let Some(domain) = access.domains.get(&grant.domain) else { continue };
            for resource in grant.resources.iter().flatten().filter(|r| !domain.resources.contains_key(*r)) {
                let known: Vec<&str> = domain.resources.keys().map(|id| id.as_str()).collect();
                let help = match nearest(resource.as_str(), &known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the resources of `{}` are {}", domain.id, known.join(", ")),
                };
                self.findings.push(Finding::new(
                    &UNKNOWN_REFERENCE,
                    grant.source.item_place("resources", resource.as_str()),
                    format!("the domain `{}` has no resource `{resource}`", domain.id),
                    help,
                ));
            }
        }
        for bridge in access.bridges.values() {
            self.domain(&bridge.home, || bridge.place(&[Step::Key("home")]));
            self.domain(&bridge.into, || bridge.place(&[Step::Key("into")]));
            for person in &bridge.people {
                self.person(person, || bridge.source.item_place("for", person.as_str()));
            }
        }
        self.policy(access);
    }

    fn policy(&mut self, access: &Access) {
        let policy = &access.policy;
        for rule in policy.duties.values() {
            for set in rule.sets.values() {
                set.roles.iter().for_each(|role| self.role(role, || rule.place.clone()));
                set.domains.iter().for_each(|domain| self.domain(domain, || rule.place.clone()));
            }
        }
        for rule in &policy.approvals {
            for from in &rule.from {
                match from {
                    Approvers::Group(group) => self.group(group, || rule.place.clone()),
                    Approvers::DomainOwners | Approvers::Sponsors => {}
                }
            }
        }
        let rules: BTreeMap<_, _> = policy.duties.keys().map(|id| (id.as_str(), ())).collect();
        for waiver in &policy.waivers {
            self.person(&waiver.person, || waiver.place.clone());
            self.person(&waiver.owner, || waiver.place.clone());
            if !rules.contains_key(waiver.rule.as_str()) {
                let known = rules.keys().copied().collect();
                self.missing("duties rule", waiver.rule.as_str(), waiver.place.clone(), known);
            }
        }
        for (person, place) in &policy.admins_required {
            self.person(person, || place.clone());
        }
    }
}

fn folder(what: &str) -> &'static str {
    match what {
        "person" => "people",
        "vendor" => "vendors",
        "group" => "groups",
        "domain" => "domains",
        "role" => "roles",
        _ => "policies",
    }
}

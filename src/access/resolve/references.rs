//! Every id that a file names must belong to a file.

use std::sync::Arc;

use foldhash::{HashSet, HashSetExt as _};

use super::resources::nearest;
use crate::access::id::{DomainId, GroupId, PersonId, ResourceId, RoleId, VendorId};
use crate::access::model::{Access, Approvers, Member};
use crate::access::reading::{FileKind, NamedFile, Source, Step};
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

/// So many names are compared to help with those that lead nowhere: a flood of them must not cost its square.
const COMPARED: usize = 100_000;

/// So many resources are named as help.
const NAMED: usize = 20;

struct References<'a> {
    people: HashSet<&'a str>,
    vendors: HashSet<&'a str>,
    groups: HashSet<&'a str>,
    domains: HashSet<&'a str>,
    roles: HashSet<&'a str>,
    rules: HashSet<&'a str>,
    findings: &'a mut Vec<Finding>,
    /// How many names may still be compared.
    left: usize,
}

/// Reports each name in the model that leads nowhere. A file or resource that exists but is wrong counts as existing: its own
/// findings say what is wrong with it.
pub(super) fn check(access: &Access, present: &[NamedFile<'_>], findings: &mut Vec<Finding>) {
    let mut references = References {
        people: HashSet::new(),
        vendors: HashSet::new(),
        groups: HashSet::new(),
        domains: HashSet::new(),
        roles: HashSet::new(),
        rules: access.policy.duties.keys().map(|id| id.as_str()).collect(),
        findings,
        left: COMPARED,
    };
    for NamedFile { kind, id, .. } in present.iter().copied() {
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
            | FileKind::Ratification
            | FileKind::Rego => continue,
        };
        names.insert(id);
    }
    references.all(access);
}

impl<'a> References<'a> {
    /// True where so many names may be compared once more.
    fn spend(&mut self, names: usize) -> bool {
        let enough = names <= self.left;
        self.left = self.left.saturating_sub(names);
        enough
    }

    /// The place of one item of a list, and of the list where too many were looked for already.
    fn item(&mut self, source: &Source, list: &str, length: usize, item: &str) -> Place {
        if self.spend(length) { source.item_place(list, item) } else { source.place(&[Step::Key(list)]) }
    }

    fn missing(&mut self, what: &str, id: &str, place: Place, names: fn(&Self) -> &HashSet<&'a str>) {
        let mut known: Vec<&str> =
            if self.spend(names(self).len()) { names(self).iter().copied().collect() } else { Vec::new() };
        known.sort_unstable();
        let help = match nearest(id, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("correct the name, or add {}/{id}.yaml", folder(what)),
        };
        self.findings.push(Finding::new(&UNKNOWN_REFERENCE, place, format!("there is no {what} `{id}`"), help));
    }

    fn person(&mut self, id: &PersonId, place: impl FnOnce(&mut Self) -> Place) {
        if !self.people.contains(id.as_str()) {
            let place = place(self);
            self.missing("person", id.as_str(), place, |names| &names.people);
        }
    }

    fn vendor(&mut self, id: &VendorId, place: impl FnOnce(&mut Self) -> Place) {
        if !self.vendors.contains(id.as_str()) {
            let place = place(self);
            self.missing("vendor", id.as_str(), place, |names| &names.vendors);
        }
    }

    fn group(&mut self, id: &GroupId, place: impl FnOnce(&mut Self) -> Place) {
        if !self.groups.contains(id.as_str()) {
            let place = place(self);
            self.missing("group", id.as_str(), place, |names| &names.groups);
        }
    }

    fn domain(&mut self, id: &DomainId, place: impl FnOnce(&mut Self) -> Place) {
        if !self.domains.contains(id.as_str()) {
            let place = place(self);
            self.missing("domain", id.as_str(), place, |names| &names.domains);
        }
    }

    fn role(&mut self, id: &RoleId, place: impl FnOnce(&mut Self) -> Place) {
        if !self.roles.contains(id.as_str()) {
            let place = place(self);
            self.missing("role", id.as_str(), place, |names| &names.roles);
        }
    }

    fn members(&mut self, members: &[Member], source: &Arc<Source>, key: &str) {
        for member in members {
            let place = |all: &mut Self| all.item(source, key, members.len(), &member.to_string());
            match member {
                Member::Person(id) => self.person(id, place),
                Member::Group(id) => self.group(id, place),
            }
        }
    }

    fn all(&mut self, access: &Access) {
        for person in access.people.values() {
            if let Some(vendor) = &person.vendor {
                self.vendor(vendor, |_| person.place(&[Step::Key("vendor")]));
            }
            if let Some(sponsor) = &person.sponsor {
                self.person(sponsor, |_| person.place(&[Step::Key("sponsor")]));
            }
        }
        for vendor in access.vendors.values() {
            self.person(&vendor.sponsor, |_| vendor.place(&[Step::Key("sponsor")]));
            for domain in vendor.domains.iter().flatten() {
                self.domain(domain, |all| {
                    all.item(&vendor.source, "domains", vendor.domains.iter().flatten().count(), domain.as_str())
                });
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
            self.role(&grant.role, |_| grant.place(&[Step::Key("role")]));
            self.domain(&grant.domain, |_| grant.place(&[Step::Key("domain")]));
            let Some(domain) = access.domains.get(&grant.domain) else { continue };
            let known = |resource: &ResourceId| {
                domain.resources.contains_key(resource) || domain.refused.contains(resource.as_str())
            };
            for resource in grant.resources.iter().flatten().filter(|resource| !known(resource)) {
                let known: Vec<&str> = domain.resources.keys().map(|id| id.as_str()).collect();
                let near = if self.spend(known.len()) { nearest(resource.as_str(), &known) } else { None };
                let help = match (near, known.get(..NAMED)) {
                    (Some(near), _) => format!("did you mean `{near}`?"),
                    (None, None) => format!("the resources of `{}` are {}", domain.id, known.join(", ")),
                    (None, Some(some)) => format!("the resources of `{}` are {} and more", domain.id, some.join(", ")),
                };
                let place =
                    self.item(&grant.source, "resources", grant.resources.iter().flatten().count(), resource.as_str());
                self.findings.push(Finding::new(
                    &UNKNOWN_REFERENCE,
                    place,
                    format!("the domain `{}` has no resource `{resource}`", domain.id),
                    help,
                ));
            }
        }
        for bridge in access.bridges.values() {
            self.domain(&bridge.home, |_| bridge.place(&[Step::Key("home")]));
            self.domain(&bridge.into, |_| bridge.place(&[Step::Key("into")]));
            for person in &bridge.people {
                self.person(person, |all| all.item(&bridge.source, "for", bridge.people.len(), person.as_str()));
            }
        }
        self.policy(access);
    }

    fn policy(&mut self, access: &Access) {
        let policy = &access.policy;
        for rule in policy.duties.values() {
            for set in rule.sets.values() {
                set.roles.iter().for_each(|role| self.role(role, |_| rule.place.clone()));
                set.domains.iter().for_each(|domain| self.domain(domain, |_| rule.place.clone()));
            }
        }
        for rule in &policy.approvals {
            for from in &rule.from {
                match from {
                    Approvers::Group(group) => self.group(group, |_| rule.place.clone()),
                    Approvers::DomainOwners | Approvers::Sponsors => {}
                }
            }
        }
        for waiver in &policy.waivers {
            self.person(&waiver.person, |_| waiver.place.clone());
            self.person(&waiver.owner, |_| waiver.place.clone());
            if !self.rules.contains(waiver.rule.as_str()) {
                self.missing("duties rule", waiver.rule.as_str(), waiver.place.clone(), |names| &names.rules);
            }
        }
        for ratified in policy.ratified.values() {
            self.person(&ratified.owner, |_| ratified.source.place(&[Step::Key("owner")]));
        }
        for (person, place) in &policy.admins_required {
            self.person(person, |_| place.clone());
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

//! Access tests: who may, must and must never reach what, over all time; who is able to approve.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::access::raw::{AccessTest, ApproversTest};
use crate::access::reading::quote;
use crate::access::{
    Access, ChangeClass, DomainId, Entitlement, EntitlementPattern, GroupId, Member, PersonId, Revision,
};
use crate::lint::approvers;

/// How what is declared differs from what the test says. A name that leads nowhere fails, or a slip of the hand would pass.
pub(super) fn failures(revision: &Revision, test: &AccessTest, now: Timestamp) -> Vec<String> {
    judge(revision, test, now).unwrap_or_else(|why| vec![why])
}

fn judge(revision: &Revision, test: &AccessTest, now: Timestamp) -> Result<Vec<String>, String> {
    let access = &revision.access;
    match (&test.never, &test.only, &test.reaches, &test.approvers) {
        (Some(who), None, None, None) => {
            let (people, held) = (people(access, who)?, held(revision, test)?);
            let reached = held.into_iter().filter(|entitlement| people.contains(&entitlement.key.person));
            Ok(reached.map(|entitlement| format!("expected never, got {}", shown(entitlement))).collect())
        }
        (None, Some(who), None, None) => {
            let (people, held) = (people(access, who)?, held(revision, test)?);
            let others = held.into_iter().filter(|entitlement| !people.contains(&entitlement.key.person));
            Ok(others.map(|entitlement| format!("expected nobody else, got {}", shown(entitlement))).collect())
        }
        (None, None, Some(who), None) => {
            let (people, held) = (people(access, who)?, held(revision, test)?);
            let holders: BTreeSet<&PersonId> = held.iter().map(|entitlement| &entitlement.key.person).collect();
            let lacking = people.iter().filter(|person| !holders.contains(person));
            Ok(lacking.map(|person| format!("expected {} to reach it, got never", quote(person.as_str()))).collect())
        }
        (None, None, None, Some(approvers)) if test.what.is_none() => able(revision, approvers, now),
        _ => Err("a test says exactly one of `never`, `only`, `reaches` (each with `what`) and `approvers`".to_owned()),
    }
}

fn people(access: &Access, who: &[String]) -> Result<BTreeSet<PersonId>, String> {
    let mut members = Vec::new();
    for word in who {
        let unknown = || format!("there is no {}", quote(word));
        let member = match word.strip_prefix("group:") {
            Some(group) => Member::Group(GroupId::parse(group).map_err(|_| unknown())?),
            None => Member::Person(PersonId::parse(word).map_err(|_| unknown())?),
        };
        let known = match &member {
            Member::Group(id) => access.groups.contains_key(id),
            Member::Person(id) => access.people.contains_key(id),
        };
        if !known {
            return Err(unknown());
        }
        members.push(member);
    }
    Ok(access.expand(&members).into_keys().collect())
}

/// The entitlements that the patterns of a test speak of: those and what includes them, as in a duties rule. Each pattern must
/// speak of a resource that is declared.
fn held<'a>(revision: &'a Revision, test: &AccessTest) -> Result<Vec<&'a Entitlement>, String> {
    let what = test.what.as_deref().unwrap_or_default();
    if what.is_empty() {
        return Err("`what` names nothing".to_owned());
    }
    let mut held = Vec::new();
    for text in what {
        let pattern = EntitlementPattern::parse(text).map_err(|why| format!("{}: {why}", quote(text)))?;
        let pattern = pattern.spelled(crate::targets::KINDS);
        let resources = revision.access.domains.values().flat_map(|domain| domain.resources.values());
        let mut named = resources.filter(|resource| pattern.matches_resource(resource.kind.name, &resource.name));
        if named.next().is_none() {
            return Err(format!("{} names no resource of any domain", quote(text)));
        }
        let key = |entitlement: &&Entitlement| {
            let key = &entitlement.key;
            pattern.covers(key.kind, &key.resource, &key.permission)
        };
        held.extend(revision.entitlements.iter().filter(key));
    }
    Ok(held)
}

fn shown(entitlement: &Entitlement) -> String {
    let key = &entitlement.key;
    let grants: BTreeSet<&str> = entitlement.causes.iter().map(|cause| cause.grant.as_str()).collect();
    let grants: Vec<&str> = grants.into_iter().collect();
    let what = format!("{}:{}:{}", key.kind.name, key.resource, key.permission);
    format!("{} reaches {} by grant {}", quote(key.person.as_str()), quote(&what), quote(&grants.join("`, `")))
}

/// For each list that a rule about access asks for the domain: how many approvals can come, whoever writes the change and
/// whichever of the domain's grants it gives.
fn able(revision: &Revision, test: &ApproversTest, now: Timestamp) -> Result<Vec<String>, String> {
    let access = &revision.access;
    let unknown = || format!("there is no domain {}", quote(&test.domain));
    let id = DomainId::parse(&test.domain).map_err(|_| unknown())?;
    let domain = &access.domains.get(&id).ok_or_else(unknown)?.id;
    let asked = approvers::asked(access, &revision.entitlements, now).into_iter();
    let asked = asked.filter(|asked| asked.rule.change == ChangeClass::Access);
    let mut failures = Vec::new();
    for asked in asked.filter(|asked| asked.domain.is_none_or(|of| of == domain)) {
        let left = asked.left(access, domain);
        if left.count() < usize::try_from(test.at_least).unwrap_or(usize::MAX) {
            let names: Vec<&str> = left.able.iter().map(|person| person.as_str()).collect();
            let gain = match left.grant {
                Some(grant) if left.everyone_gains => {
                    format!(", who all gain by grant {}, so that one more is asked for", quote(grant.id.as_str()))
                }
                Some(grant) => format!(", who don't gain by grant {}", quote(grant.id.as_str())),
                None => String::new(),
            };
            failures.push(format!(
                "expected at least {} for rule {}, got {}: [{}]{gain}, when one of them is the author",
                test.at_least,
                quote(&asked.rule.id),
                left.count(),
                names.join(", ")
            ));
        }
    }
    if access.policy.approvals.iter().all(|rule| rule.change != ChangeClass::Access) {
        failures.push("expected approvers, got no approval rule for access".to_owned());
    }
    Ok(failures)
}

use std::collections::{BTreeMap, BTreeSet};

use crate::access::reading::Step;
use crate::access::{GrantId, Intervals, PersonId, PersonType, TargetId};
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::{Survey, wording};

pub const RULE: Rule = Rule {
    code: Code {
        id: "needs-membership",
        title: "a grant gives something that takes effect only for members, or for those who may log in",
        why: "Contractors and services are outside collaborators unless a grant makes them members, and an outside \
              collaborator can't be in a team. Whoever is in a role of a database gets nothing from it while their login \
              is locked. So the grant would give nothing, or making it work would quietly let somebody into the \
              whole. Employees are taken for members who may log in.",
        example: "# roles/developer.yaml\nentitlements:\n  team: member        # and nothing with `membership: member`",
        instead: "Grant the repositories themselves, or grant `membership: member` for the same time. The latter gives \
                  the organisation's base permission on every repository. With `database-role` grant \
                  `database-login: login` on the target for the same time.",
    },
    severity: Severity::Error,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    type Slot<'a> = (&'a PersonId, &'a TargetId, &'a str, &'a str);
    let outside = |person: &PersonId| {
        let person = survey.access.people.get(person);
        person.is_some_and(|person| person.person_type != PersonType::Employee)
    };
    let mut held: BTreeMap<Slot<'_>, Intervals> = BTreeMap::new();
    let mut needs = Vec::new();
    for own in survey.entitlements.by_person() {
        if !own.first().is_some_and(|entitlement| outside(&entitlement.key.person)) {
            continue;
        }
        let before = needs.len();
        for entitlement in own {
            let key = &entitlement.key;
            let required = (key.kind.requires)(&key.resource);
            needs.extend(required.map(|required| (entitlement, required.kind, required.resource(&key.target))));
        }
        if needs.len() == before {
            continue;
        }
        for entitlement in own {
            let key = &entitlement.key;
            let all = held.entry((&key.person, &key.target, key.kind.name, &*key.resource)).or_default();
            *all = std::mem::take(all).union(&entitlement.intervals);
        }
    }
    let mut told: BTreeSet<(&GrantId, &PersonId, String)> = BTreeSet::new();
    for (entitlement, kind, resource) in needs {
        let key = &entitlement.key;
        let slot = (&key.person, &key.target, kind, resource.as_str());
        let member = held.get(&slot).cloned().unwrap_or_default();
        for cause in &entitlement.causes {
            let without = Intervals::from_iter([cause.interval]).minus(&member);
            let Some(grant) = survey.access.grants.get(&cause.grant).filter(|_| !without.is_empty()) else { continue };
            if !told.insert((&cause.grant, &key.person, resource.clone())) {
                continue;
            }
            let when = wording::during_all(without.iter(), &survey.access.config.zone);
            let mut finding = Finding::new(
                &RULE,
                grant.place(&[Step::Key("role")]),
                format!(
                    "grant `{}` gives `{}` the {} `{}`, but no {kind} of `{resource}` {when}",
                    grant.id, key.person, key.kind.name, key.resource
                ),
                format!("grant `{kind}` of `{resource}` too, or grant what the {} is for", key.kind.name),
            );
            if let Some(role) = survey.access.roles.get(&cause.role) {
                let place = role.place(&[Step::Key("entitlements"), Step::Key(key.kind.name)]);
                finding = finding.related(place, format!("what `{}` reaches", role.id));
            }
            findings.push(finding);
        }
    }
}

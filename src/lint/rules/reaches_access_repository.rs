use std::collections::BTreeSet;

use crate::access::reading::Step;
use crate::access::{EntitlementKey, GrantId, PersonId, PersonType};
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;

pub const RULE: Rule = Rule {
    code: Code {
        id: "reaches-access-repository",
        title: "a grant reaches the repository that decides about access",
        why: "Whoever may administer the access repository can switch off what protects its branch, its log and its \
              approvals, and whoever may write there can push to `refs/dualkey`. So contractors and services never \
              write to it nor own its organisation, and of employees only those whom `admins.required` names hold \
              more than `push`. It is known by `approval.repository` in dualkey.yaml; what teams reach on the forge \
              is not seen.",
        example: "# dualkey.yaml\napproval: { evidence: signatures, branch: main, repository: { name: northwind/access, \
                  id: 734512 } }\n# domains/payments.yaml\nresources: { access: { repository: northwind/access } }\n\
                  # grants/alice.yaml\nto: [alice.nguyen]     # a contractor\nrole: developer         # with \
                  `repository: push`",
        instead: "Let contractors propose changes from a fork, or let their sponsor do it. Name the employees who \
                  administer the repository under `admins.required`.",
    },
    severity: Severity::Error,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    let access = survey.access;
    let Some(repository) = &access.config.repository else { return };
    let repository = repository.name.as_str();
    let owner = repository.split('/').next().unwrap_or_default();
    let mut told: BTreeSet<(&GrantId, &PersonId)> = BTreeSet::new();
    for entitlement in survey.entitlements.iter() {
        let EntitlementKey { person, kind, resource, permission, .. } = &entitlement.key;
        let itself = (kind.pushes)(permission) && resource.eq_ignore_ascii_case(repository);
        let above = (kind.administers)(resource, permission) && resource.eq_ignore_ascii_case(owner);
        let Some(person) = access.people.get(person).filter(|_| itself || above) else { continue };
        let who = match person.person_type {
            PersonType::Contractor => "the contractor",
            PersonType::Service => "the service",
            // admins of the organisation are counted and guarded by themselves
            PersonType::Employee if above || !(kind.dangerous)(resource, permission) => continue,
            PersonType::Employee if access.policy.admins_required.contains_key(&person.id) => continue,
            PersonType::Employee => "the employee",
        };
        for cause in &entitlement.causes {
            let Some(grant) = access.grants.get(&cause.grant) else { continue };
            if !told.insert((&grant.id, &person.id)) {
                continue;
            }
            let help = match person.person_type {
                PersonType::Contractor | PersonType::Service => "let an employee do what needs it".to_owned(),
                PersonType::Employee => {
                    format!("give less than `{permission}`, or name `{}` under `admins.required`", person.id)
                }
            };
            findings.push(
                Finding::new(
                    &RULE,
                    grant.place(&[Step::Key("role")]),
                    format!(
                        "grant `{}` gives {who} `{}` `{permission}` on {} `{resource}`, which decides about access",
                        grant.id, person.id, kind.name
                    ),
                    help,
                )
                .related(
                    access.config.place(&[Step::Key("approval"), Step::Key("repository")]),
                    "the access repository",
                ),
            );
        }
    }
}

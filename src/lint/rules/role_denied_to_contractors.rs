use crate::access::PersonType;
use crate::access::reading::Step;
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::{Reached, Survey};

pub const RULE: Rule = Rule {
    code: Code {
        id: "role-denied-to-contractors",
        title: "a contractor is granted a role that contractors may not hold",
        why: "The role says that only the organisation's own people carry this risk; privileged roles say so \
              unless they state otherwise.",
        example: "# roles/administrator.yaml\nrisk: privileged        # so `contractors: denied`\n\
                  # grants/alice-admin.yaml\nto: [alice.nguyen]      # a contractor\nrole: administrator",
        instead: "Grant a role with less risk, or let an employee do the work. If contractors are meant to hold the \
              role, write `contractors: allowed` in it; that is a change of policy.",
    },
    severity: Severity::Error,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    for Reached { grant, people, role, .. } in survey.reached() {
        let Some(role) = role.filter(|role| !role.contractors_allowed) else { continue };
        for person in people.iter().filter(|person| person.person_type == PersonType::Contractor) {
            findings.push(
                Finding::new(
                    &RULE,
                    grant.place(&[Step::Key("role")]),
                    format!("grant `{}` gives the contractor `{}` the role `{}`", grant.id, person.id, role.id),
                    format!("name a role with less risk, or remove `{}` from the grant", person.id),
                )
                .related(role.place(&[Step::Key("contractors")]), "contractors may not hold this role"),
            );
        }
    }
}

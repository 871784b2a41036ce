use crate::access::PersonType;
use crate::access::reading::Step;
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::{Reached, Survey};

pub const RULE: Rule = Rule {
    code: Code {
        id: "domain-denied-to-contractors",
        title: "a contractor is granted access in a domain that is closed to contractors",
        why: "A domain says whether people from outside may work in it; production says no unless it states \
              otherwise.",
        example: "# domains/payments.yaml\nenvironment: production     # so `contractors: denied`\n\
                  # grants/alice-prod.yaml\nto: [alice.nguyen]          # a contractor\ndomain: payments",
        instead: "Let an employee do the work, or grant access to another environment. If contractors are meant to \
              work there, write `contractors: allowed` in the domain; that is a change of policy.",
    },
    severity: Severity::Error,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    for Reached { grant, people, domain, .. } in survey.reached() {
        let Some(domain) = domain.filter(|domain| !domain.contractors_allowed) else { continue };
        for person in people.iter().filter(|person| person.person_type == PersonType::Contractor) {
            findings.push(
                Finding::new(
                    &RULE,
                    grant.place(&[Step::Key("domain")]),
                    format!("grant `{}` lets the contractor `{}` into `{}`", grant.id, person.id, domain.id),
                    format!("name a domain that is open to contractors, or remove `{}` from the grant", person.id),
                )
                .related(domain.place(&[Step::Key("contractors")]), "closed to contractors"),
            );
        }
    }
}

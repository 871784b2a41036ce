use crate::access::PersonType;
use crate::access::reading::Step;
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::{Reached, Survey};

pub const RULE: Rule = Rule {
    code: Code {
        id: "unbounded-grant",
        title: "a contractor's or service's grant has no end",
        why: "Access that nobody must renew is access that nobody remembers. An end that is written down needs no \
              one to think of it.",
        example: "to: [alice.nguyen]     # a contractor\nrole: developer\nfrom: 2026-11-24        # and no `until:`",
        instead: "Write `until:` with the last day on which the access is needed.",
    },
    severity: Severity::Error,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    for Reached { grant, people, .. } in survey.reached().iter().filter(|reached| reached.grant.until.is_none()) {
        for person in people {
            match person.person_type {
                PersonType::Employee => continue,
                PersonType::Contractor | PersonType::Service => {}
            }
            let what = person.person_type.as_str();
            findings.push(
                Finding::new(
                    &RULE,
                    grant.place(&[]),
                    format!("grant `{}` has no end, but `{}` is a {what}", grant.id, person.id),
                    "add `until:` with the last day on which the access is needed",
                )
                .related(person.place(&[Step::Key("type")]), format!("a {what}")),
            );
        }
    }
}

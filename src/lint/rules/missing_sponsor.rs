use crate::access::PersonType;
use crate::access::reading::Step;
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;

pub const RULE: Rule = Rule {
    code: Code {
        id: "missing-sponsor",
        title: "a contractor or service has no sponsor",
        why: "Somebody here must answer for the access, approve its end, and be asked when nobody else knows \
              whether it is still needed.",
        example: "# people/alice.nguyen.yaml\ntype: contractor\nvendor: globex      # and no `sponsor:`",
        instead: "Add `sponsor:` with the id of an employee.",
    },
    severity: Severity::Error,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    for person in survey.access.people.values() {
        let needs = match person.person_type {
            PersonType::Contractor | PersonType::Service => true,
            PersonType::Employee => false,
        };
        if needs && person.sponsor.is_none() {
            findings.push(Finding::new(
                &RULE,
                person.place(&[Step::Key("type")]),
                format!("the {} `{}` has no sponsor", person.person_type.as_str(), person.id),
                "add `sponsor:` with the id of an employee who answers for them",
            ));
        }
    }
}

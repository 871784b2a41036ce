use crate::access::PersonType;
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;
use crate::lint::crossing;

pub const RULE: Rule = Rule {
    code: Code {
        id: "service-crosses-domains",
        title: "a service is in two domains at one time",
        why: "A service with access to two domains is a door in the wall between them: who gets into the one gets \
              into the other. A bridge is the decision to have that door, with an end and with approval of both \
              sides.",
        example: "# grants/a.yaml\nto: [settlement-bot]\ndomain: payments-staging\nuntil: 2027-01-31\n\
                  # grants/b.yaml\nto: [settlement-bot]\ndomain: ledger-staging\nuntil: 2027-01-31",
        instead: "Let one grant end before the other starts, or add a bridge for the time in which both are needed.",
    },
    severity: Severity::Error,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    crossing::find(survey, &RULE, PersonType::Service, findings);
}

use crate::access::PersonType;
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;
use crate::lint::crossing;

pub const RULE: Rule = Rule {
    code: Code {
        id: "domain-crossing",
        title: "a contractor is in two domains at one time",
        why: "A domain is a wall: somebody from outside who is in two at once can carry data and code between \
              them, and nobody decided that. A bridge is that decision, with an end and with approval of both \
              sides.",
        example: "# grants/a.yaml\nto: [alice.nguyen]\ndomain: payments-staging\nuntil: 2027-01-31\n\
                  # grants/b.yaml\nto: [alice.nguyen]\ndomain: ledger-staging\nuntil: 2027-01-31",
        instead: "Let one grant end before the other starts, or add a bridge for the time in which both are needed.",
    },
    severity: Severity::Error,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    crossing::find(survey, &RULE, PersonType::Contractor, findings);
}

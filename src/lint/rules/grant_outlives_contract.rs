use std::collections::BTreeSet;

use crate::access::reading::Step;
use crate::access::time::format_end;
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::{Reached, Survey};

pub const RULE: Rule = Rule {
    code: Code {
        id: "grant-outlives-contract",
        title: "a grant lasts longer than the contract of a vendor whose people get it",
        why: "The access would end with the contract all the same, but the file promises more than it gives: a \
              reader plans with the wrong date, and a contract that is extended later lengthens access nobody \
              looked at.",
        example: "# vendors/globex.yaml\ncontract: { from: 2026-10-01, until: 2027-03-31 }\n\
                  # grants/alice-refunds.yaml\nto: [alice.nguyen]      # of globex\nuntil: 2027-06-30",
        instead: "End the grant with the contract, or extend the contract in the same change.",
    },
    severity: Severity::Error,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    let zone = &survey.access.config.zone;
    for Reached { grant, people, .. } in survey.reached() {
        let Some(until) = grant.until else { continue };
        let vendors: BTreeSet<_> = people.iter().filter_map(|person| person.vendor.as_ref()).collect();
        for vendor in vendors.into_iter().filter_map(|id| survey.access.vendors.get(id)) {
            if until <= vendor.contract.until() {
                continue;
            }
            let end = format_end(vendor.contract.until(), zone);
            findings.push(
                Finding::new(
                    &RULE,
                    grant.place(&[Step::Key("until")]),
                    format!(
                        "grant `{}` lasts until {}, but the contract of `{}` ends on {end}",
                        grant.id,
                        format_end(until, zone),
                        vendor.id
                    ),
                    format!("write `until: {end}`, or extend the contract"),
                )
                .related(vendor.place(&[Step::Key("contract"), Step::Key("until")]), "the contract ends here"),
            );
        }
    }
}

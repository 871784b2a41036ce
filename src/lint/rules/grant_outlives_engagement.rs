use crate::access::reading::Step;
use crate::access::time::format_end;
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::{Reached, Survey};

pub const RULE: Rule = Rule {
    code: Code {
        id: "grant-outlives-engagement",
        title: "a grant lasts longer than the engagement of somebody who gets it",
        why: "The access would end with the engagement all the same, but the file promises more than it gives: a reader \
              plans with the wrong date, and an engagement that is extended later lengthens access nobody looked at.",
        example: "# people/alice.nguyen.yaml\nengagement: { from: 2026-11-01, until: 2027-01-31 }\n\
                  # grants/alice-refunds.yaml\nto: [alice.nguyen]\nuntil: 2027-06-30",
        instead: "End the grant with the engagement, or extend the engagement in the same change.",
    },
    severity: Severity::Error,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    let zone = &survey.access.config.zone;
    for Reached { grant, people, .. } in survey.reached() {
        let Some(until) = grant.until else { continue };
        for person in people {
            let Some(engagement) = person.engagement.filter(|engagement| until > engagement.until()) else { continue };
            let end = format_end(engagement.until(), zone);
            findings.push(
                Finding::new(
                    &RULE,
                    grant.place(&[Step::Key("until")]),
                    format!(
                        "grant `{}` lasts until {}, but the engagement of `{}` ends on {end}",
                        grant.id,
                        format_end(until, zone),
                        person.id
                    ),
                    format!("write `until: {end}`, or extend the engagement"),
                )
                .related(person.place(&[Step::Key("engagement"), Step::Key("until")]), "the engagement ends here"),
            );
        }
    }
}

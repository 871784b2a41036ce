use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;
use crate::lint::duties::waivers;

pub const RULE: Rule = Rule {
    code: Code {
        id: "waiver-invalid",
        title: "a waiver does not meet the conditions for one",
        why: "A waiver is a risk that somebody else than the person takes, for a limited time. One that doesn't \
              say so silences nothing.",
        example: "waivers:\n  - { rule: develop-and-deploy, person: tom.reed, owner: tom.reed, … }",
        instead: "Name an employee other than the person as owner, and end the waiver within the limit of \
              `limits.waivers.max_duration`. Waivers of one rule and person that follow one another end to end are one.",
    },
    severity: Severity::Error,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    for waiver in &survey.access.policy.waivers {
        for (message, help) in waivers::problems(survey.access, survey.since, waiver) {
            findings.push(Finding::new(&RULE, waiver.place.clone(), message, help));
        }
    }
}

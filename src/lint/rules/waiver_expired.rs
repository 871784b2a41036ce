use crate::access::time::format_end;
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;
use crate::lint::duties::waivers;

pub const RULE: Rule = Rule {
    code: Code {
        id: "waiver-expired",
        title: "a waiver is over",
        why: "It accepts nothing any more; what it accepted is reported again.",
        example: "waivers:\n  \
                  - { rule: develop-and-deploy, person: tom.reed, until: 2026-11-20, … }     # a day in the past",
        instead: "Remove the waiver, and what it was for.",
    },
    severity: Severity::Warning,
    dated: true,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    for waiver in survey.access.policy.waivers.iter().filter(|waiver| waivers::is_over(waiver, survey.now)) {
        let end = format_end(waiver.interval.until(), &survey.access.config.zone);
        findings.push(Finding::new(
            &RULE,
            waiver.place.clone(),
            format!("the waiver of `{}` for `{}` ended on {end}", waiver.rule, waiver.person),
            "remove the waiver",
        ));
    }
}

use crate::access::reading::Step;
use crate::access::time::format_end;
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;

pub const RULE: Rule = Rule {
    code: Code {
        id: "expired-grant",
        title: "a grant is over",
        why: "It gives nothing any more, and every file that gives nothing makes it harder to see what does.",
        example: "until: 2025-12-31     # a day in the past",
        instead: "Delete the grant; the history keeps it.",
    },
    severity: Severity::Warning,
    dated: true,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    for grant in survey.access.grants.values() {
        let Some(until) = grant.until.filter(|until| *until <= survey.now) else { continue };
        findings.push(Finding::new(
            &RULE,
            grant.place(&[Step::Key("until")]),
            format!("grant `{}` ended on {}", grant.id, format_end(until, &survey.access.config.zone)),
            "delete the file",
        ));
    }
}

use crate::access::reading::Step;
use crate::access::time::format_end;
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;
use jiff::SignedDuration;

pub const RULE: Rule = Rule {
    code: Code {
        id: "expires-soon",
        title: "a grant ends within 14 days",
        why: "Access ends by itself. Whoever still needs it should ask before it does, not after.",
        example: "until: 2026-12-01     # next week",
        instead: "Extend the grant by a change that somebody approves, or let it end.",
    },
    severity: Severity::Warning,
    dated: true,
};

/// How long before the end.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    for grant in survey.access.grants.values() {
        let Some(until) = grant.until else { continue };
        if until <= survey.now || until.duration_since(survey.now) > SOON {
            continue;
        }
        findings.push(Finding::new(
            &RULE,
            grant.place(&[Step::Key("until")]),
            format!("grant `{}` ends on {}", grant.id, format_end(until, &survey.access.config.zone)),
            "write a later `until` if it is still needed then, or let it end",
        ));
    }
}

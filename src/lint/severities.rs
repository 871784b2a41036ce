//! What policies say about the weight of findings: it may grow, and shrink never.

use std::collections::BTreeMap;

use crate::access::Access;
use crate::access::reading::SCHEMA;
use crate::finding::{Finding, Rule, Severity};

/// Lets the policies' severities weigh on the findings, and judges the severities themselves by all rules that there are.
pub fn weigh(access: &Access, rules: &[&Rule], findings: &mut Vec<Finding>) {
    check(access, rules, findings);
    raise(access, findings);
}

/// Raises what policies raise.
pub fn raise(access: &Access, findings: &mut [Finding]) {
    for finding in findings {
        if let Some((severity, _)) = access.policy.severities.get(finding.rule.code.id) {
            finding.severity = finding.severity.max(*severity);
        }
    }
}

/// Reports severities of rules that do not exist, and those that would make an error weigh less.
fn check(access: &Access, rules: &[&Rule], findings: &mut Vec<Finding>) {
    let severities = &access.policy.severities;
    if severities.is_empty() {
        return;
    }
    let known: BTreeMap<&str, Severity> = rules.iter().map(|rule| (rule.code.id, rule.severity)).collect();
    for (id, (severity, place)) in severities {
        let shown = id.escape_debug();
        let (message, help) = match known.get(id.as_str()) {
            Some(Severity::Error) if *severity == Severity::Warning => (
                format!("`severities` would make the error `{shown}` a warning"),
                "remove the line: severities of errors can't be lowered".to_owned(),
            ),
            Some(_) => continue,
            None => {
                let near = known
                    .keys()
                    .map(|word| (strsim::jaro_winkler(id, word), *word))
                    .filter(|(likeness, _)| *likeness > 0.8)
                    .max_by(|a, b| a.0.total_cmp(&b.0));
                let help = match near {
                    Some((_, word)) => format!("did you mean `{word}`?"),
                    None => "remove the line, or write the id of a rule as `dualkey lint` prints it".to_owned(),
                };
                (format!("`severities` names `{shown}`, which is not a rule"), help)
            }
        };
        findings.push(Finding::new(&SCHEMA, place.clone(), message, help));
    }
}

//! What is wrong with an access repository: rules as code in `rules/`, separation of duties in `duties/`.
//!
//! A rule is one file: its texts, its severity and its check. It is listed once, in [`rules::ALL`].

pub mod duties;
pub mod rules;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::access::{Access, Entitlements};
use crate::finding::{Finding, Rule, Severity, State};

/// What rules may look at: one revision, what it yields, and the instant that dated rules mean by "now".
#[derive(Debug)]
pub struct Subject<'a> {
    pub access: &'a Access,
    pub entitlements: &'a Entitlements,
    pub now: Timestamp,
}

/// A rule of this room: what it is, and the function that finds it.
#[derive(Debug)]
pub struct Check {
    pub rule: &'static Rule,
    pub find: fn(&Subject<'_>, &mut Vec<Finding>),
}

/// Runs every rule, in the order of files and places.
pub fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for check in rules::ALL {
        (check.find)(subject, &mut findings);
    }
    apply_severities(subject.access, &mut findings);
    sort(&mut findings);
    findings
}

/// Sorts findings as they are printed, and drops what was found twice.
pub fn sort(findings: &mut Vec<Finding>) {
    findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    findings.dedup_by(|a, b| a.sort_key() == b.sort_key());
}

/// Policies may raise a severity; `rules::severities` reports those that would lower an error.
fn apply_severities(access: &Access, findings: &mut [Finding]) {
    for finding in findings {
        if let Some(severity) = access.policy.severities.get(finding.rule.code.id) {
            finding.severity = finding.severity.max(*severity);
        }
    }
}

/// Marks which findings stood at the base already. A rule in [`rules::ERROR_IF_NEW`] weighs less where it stood.
pub fn compare(base: &[Finding], head: &mut [Finding]) {
    let mut stood: BTreeMap<(&str, String, String), usize> = BTreeMap::new();
    for finding in base {
        *stood.entry(finding.identity()).or_default() += 1;
    }
    for finding in head {
        let Some(left) = stood.get_mut(&finding.identity()).filter(|left| **left > 0) else { continue };
        *left -= 1;
        if finding.state == State::New {
            finding.state = State::Standing;
        }
        if rules::ERROR_IF_NEW.contains(&finding.rule.code.id) {
            finding.severity = Severity::Warning;
        }
    }
}

/// True where a finding of severity error is new and not waived.
pub fn blocked(findings: &[Finding]) -> bool {
    findings.iter().any(Finding::blocks)
}

/// Ids of all rules that the functions here can find.
pub fn rule_ids() -> BTreeSet<&'static str> {
    rules::ALL.iter().map(|check| check.rule.code.id).collect()
}

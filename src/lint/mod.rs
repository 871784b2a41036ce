//! What is wrong with an access repository: rules as code in `rules/`, separation of duties in `duties/`.
//!
//! A rule is one file: its texts, its severity and its check. It is listed once, in [`rules::ALL`].

mod approvers;
mod crossing;
pub mod duties;
mod loosened;
pub mod rules;
mod severities;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod wording;

use std::collections::BTreeMap;

use jiff::Timestamp;

use self::duties::{Path, Violation};
use crate::access::{Access, Entitlements, Grant, Holding, Person};
use crate::finding::{Finding, Rule, Severity, State};

/// What is judged: one revision, what it yields, and the instant that dated rules mean by "now".
#[derive(Debug)]
pub struct Subject<'a> {
    pub access: &'a Access,
    pub entitlements: &'a Entitlements,
    pub now: Timestamp,
}

/// What rules look at: the subject, and what several of them need of it, computed once.
#[derive(Debug)]
pub struct Survey<'a> {
    pub access: &'a Access,
    pub entitlements: &'a Entitlements,
    pub now: Timestamp,
    /// Every grant with the people that it reaches, also those who never hold it.
    pub beneficiaries: Vec<(&'a Grant, Vec<&'a Person>)>,
    pub holdings: &'a [Holding<'a>],
    /// Separation-of-duties rules that somebody breaks at some instant, before waivers.
    pub violations: &'a [Violation<'a, Path<'a>>],
}

/// A rule of this room: what it is, and the function that finds it.
#[derive(Debug)]
pub struct Check {
    pub rule: &'static Rule,
    pub find: fn(&Survey<'_>, &mut Vec<Finding>),
}

/// Runs every rule, in the order of files and places.
pub fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let access = subject.access;
    let holdings = access.holdings();
    let facts = duties::declared(access, subject.entitlements, &holdings);
    let violations = duties::violations(access.policy.duties.values(), facts);
    let people_of = |grant: &Grant| access.expand(&grant.to).keys().filter_map(|id| access.people.get(id)).collect();
    let survey = Survey {
        access,
        entitlements: subject.entitlements,
        now: subject.now,
        beneficiaries: access.grants.values().map(|grant| (grant, people_of(grant))).collect(),
        holdings: &holdings,
        violations: &violations,
    };
    let mut findings = Vec::new();
    for check in rules::ALL {
        (check.find)(&survey, &mut findings);
    }
    severities::check(access, &mut findings);
    severities::apply(access, &mut findings);
    sort(&mut findings);
    findings
}

/// What the policies that stood before find in what is declared now, where the change drops or loosens them:
/// separation-of-duties rules, limits, severities, and what was closed to contractors. They judge the change they go
/// with: otherwise one step could take a rule away and use that.
pub fn broken_before(subject: &Subject<'_>, before: &Access) -> Vec<Finding> {
    let access = subject.access;
    let mut findings = Vec::new();
    if let Some(stricter) = loosened::stricter(before, access) {
        findings.extend(run(&Subject { access: &stricter, ..*subject }));
    }
    let rules = before
        .policy
        .duties
        .values()
        .filter(|rule| access.policy.duties.get(&rule.id).is_none_or(|now| now.digest != rule.digest))
        .collect::<Vec<_>>();
    if rules.is_empty() {
        return findings;
    }
    let holdings = access.holdings();
    let facts = duties::declared_for(&rules, access, subject.entitlements, &holdings);
    let violations = duties::violations(rules, facts);
    let survey = Survey {
        access,
        entitlements: subject.entitlements,
        now: subject.now,
        beneficiaries: Vec::new(),
        holdings: &holdings,
        violations: &violations,
    };
    rules::separation_of_duties(&survey, &mut findings);
    findings
}

/// Sorts findings as they are printed, and drops what was found twice, the lighter one.
pub fn sort(findings: &mut Vec<Finding>) {
    findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()).then(b.severity.cmp(&a.severity)));
    findings.dedup_by(|a, b| a.sort_key() == b.sort_key());
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

/// True where a finding of severity error is new and not waived. What time alone can bring never blocks, also where
/// the policies raise it to an error.
pub fn blocked(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.blocks() && !finding.rule.dated)
}

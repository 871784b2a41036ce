//! What is wrong with an access repository: rules as code in `rules/`, separation of duties in `duties/`.
//!
//! A rule is one file: its texts, its severity and its check. It is listed once, in [`rules::ALL`].

pub mod approvers;
mod crossing;
pub mod custom;
pub mod duties;
mod halt;
mod loosened;
pub mod rules;
mod severities;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod wording;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use self::approvers::Asked;
use self::duties::{Path, TooMuch, Violation};
pub use self::halt::Halt;
pub use self::severities::{raise, weigh};
use crate::access::reading::{self, TOO_LARGE};
use crate::access::{
    Access, Beneficiary, Domain, DutyRule, Entitlements, Grant, Person, Resource, ResourceId, Role, reach,
};
use crate::finding::{Finding, Rule, Severity, State};
use crate::parallel::in_turns;

/// What is judged: one revision, what it yields, and the instant that dated rules mean by "now".
#[derive(Debug)]
pub struct Subject<'a> {
    pub access: &'a Access,
    pub entitlements: &'a Entitlements,
    /// What stood before the change, where there is one: of two grants that conflict, the new one is told of.
    pub since: Option<&'a Access>,
    pub now: Timestamp,
    pub halt: &'a Halt,
}

/// What rules look at: the subject, and what several of them need of it, made when the first one asks.
#[derive(Debug)]
pub struct Survey<'a> {
    pub access: &'a Access,
    pub entitlements: &'a Entitlements,
    since: Option<&'a Access>,
    pub now: Timestamp,
    /// The separation-of-duties rules that judge.
    duties: Vec<&'a DutyRule>,
    reached: OnceLock<Vec<Reached<'a>>>,
    asked: OnceLock<Vec<Asked<'a>>>,
    violations: OnceLock<Result<Vec<Violation<'a, Path<'a>>>, TooMuch>>,
}

/// A grant, and what it leads to.
#[derive(Debug)]
pub struct Reached<'a> {
    pub grant: &'a Grant,
    /// Also those who never hold it.
    pub people: Vec<&'a Person>,
    pub role: Option<&'a Role>,
    pub domain: Option<&'a Domain>,
}

impl<'a> Reached<'a> {
    /// The grant's resources with the permissions its role has there.
    pub fn entitlements(&self) -> impl Iterator<Item = (&'a ResourceId, &'a Resource, &'a Arc<str>)> {
        reach(self.grant, self.role, self.domain)
    }
}

impl<'a> Survey<'a> {
    fn of(subject: &Subject<'a>, duties: Vec<&'a DutyRule>) -> Self {
        Survey {
            access: subject.access,
            entitlements: subject.entitlements,
            since: subject.since,
            now: subject.now,
            duties,
            reached: OnceLock::new(),
            asked: OnceLock::new(),
            violations: OnceLock::new(),
        }
    }

    /// Every grant with the people that it reaches, also those who never hold it.
    pub fn reached(&self) -> &[Reached<'a>] {
        let access = self.access;
        let of_grant = |(grant, people): (&'a Arc<Grant>, Vec<Beneficiary<'a>>)| Reached {
            grant,
            people: people.into_iter().map(|one| one.person.as_ref()).collect(),
            role: access.roles.get(&grant.role),
            domain: access.domains.get(&grant.domain),
        };
        self.reached.get_or_init(|| access.beneficiaries().map(of_grant).collect())
    }

    /// Every list of people that the approval rules ask, but for removals.
    pub fn asked(&self) -> &[Asked<'a>] {
        self.asked.get_or_init(|| approvers::asked(self.access, self.entitlements, self.now))
    }

    fn judged(&self) -> &Result<Vec<Violation<'a, Path<'a>>>, TooMuch> {
        self.violations.get_or_init(|| {
            let facts = duties::declared(&self.duties, self.access, self.entitlements);
            duties::violations(self.duties.iter().copied(), facts)
        })
    }

    /// Separation-of-duties rules that somebody breaks at some instant, before waivers. None where there is too much to
    /// judge, which is a finding by itself.
    pub fn violations(&self) -> &[Violation<'a, Path<'a>>] {
        self.judged().as_deref().unwrap_or_default()
    }

    /// What is said instead of judging duties rules that match too much, at the largest of them.
    fn unjudged(&self) -> Option<Finding> {
        self.judged().as_ref().err()?;
        let rule = self.duties.iter().max_by_key(|rule| rule.sets.len())?;
        let message = format!(
            "the sets of duties rules match what people hold more than {} times, or are compared with it more than {} \
             times",
            duties::MAX_MATCHES,
            duties::MAX_COMPARED
        );
        let help = "write fewer rules, or sets that match less";
        Some(Finding::new(&TOO_LARGE, rule.place.clone(), message, help))
    }

    /// True for a grant that means what it meant before the change.
    fn stood(&self, grant: &Grant) -> bool {
        let before = self.since.and_then(|before| before.grants.get(&grant.id));
        before.is_some_and(|before| {
            let means = |grant: &Grant| (grant.from, grant.until);
            means(before) == means(grant)
                && (&before.to, &before.role, &before.domain) == (&grant.to, &grant.role, &grant.domain)
                && (&before.resources, &before.conditions) == (&grant.resources, &grant.conditions)
        })
    }
}

/// A rule of this room: what it is, and the function that finds it.
#[derive(Debug)]
pub struct Check {
    pub rule: &'static Rule,
    pub find: fn(&Survey<'_>, &mut Vec<Finding>),
}

/// Runs the rules that are wanted, on all processors; gives what they find in the order of files and places.
pub fn run(subject: &Subject<'_>, wanted: impl Fn(&Rule) -> bool) -> Vec<Finding> {
    let survey = Survey::of(subject, subject.access.policy.duties.values().collect());
    let checks: Vec<&Check> = rules::ALL.iter().filter(|check| wanted(check.rule)).collect();
    let mut findings = in_turns(&checks, subject.access.grants.len(), |check| {
        let mut findings = Vec::new();
        if !subject.halt.is_asked() {
            (check.find)(&survey, &mut findings);
        }
        findings
    })
    .concat();
    if wanted(&TOO_LARGE) {
        findings.extend(survey.unjudged());
    }
    if custom::RULES.iter().any(|rule| wanted(rule)) {
        findings.extend(custom::find(subject));
    }
    sort(&mut findings);
    findings
}

/// What the policies that stood before find in what is declared now, where the change drops or loosens them:
/// separation-of-duties rules and waivers of them, custom rules, limits, what was closed to contractors, and what things were
/// that rules judge by. They judge the change they go with: otherwise one step could take a rule away and use that.
pub fn broken_before(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(before) = subject.since else { return Vec::new() };
    let access = subject.access;
    let mut findings = custom::broken_before(subject, before);
    let stricter = loosened::stricter(before, access);
    // what is held says by which role and where, as that is in the files
    let held = stricter.as_ref().map(|stricter| Entitlements::derive(stricter, subject.entitlements));
    let entitlements = held.as_ref().unwrap_or(subject.entitlements);
    if let Some(stricter) = &stricter {
        let subject = Subject { access: stricter, entitlements, ..*subject };
        findings.extend(run(&subject, |_| true));
        findings.extend(custom::broken_before(&subject, before));
    }
    if let Some(older) = loosened::older_duties(before, access, stricter.as_ref()) {
        let subject = Subject { access: &older, entitlements, ..*subject };
        let survey = Survey::of(&subject, older.policy.duties.values().collect());
        rules::separation_of_duties(&survey, &mut findings);
        findings.extend(survey.unjudged());
    }
    findings
}

/// Sorts findings as they are printed, and drops what was found twice, the lighter one. What a waiver accepts stays beside
/// what no waiver accepted that stood before, until it is known what is new.
pub fn sort(findings: &mut Vec<Finding>) {
    findings
        .sort_by(|a, b| a.sort_key().cmp(&b.sort_key()).then(b.severity.cmp(&a.severity)).then(a.state.cmp(&b.state)));
    findings.dedup_by(|a, b| a.sort_key() == b.sort_key() && a.state == b.state);
}

/// Keeps of what was found twice what is new, or else what a waiver accepts.
pub fn settle(findings: &mut Vec<Finding>) {
    sort(findings);
    findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()).then(a.state.cmp(&b.state)));
    findings.dedup_by(|a, b| a.sort_key() == b.sort_key());
}

/// Marks which findings stood at the base already. A rule in [`rules::ERROR_IF_NEW`] weighs less where it stood. What
/// `grew` means more than it did, and stands in the base in none of that.
pub fn compare(base: &[Finding], head: &mut [Finding], grew: impl Fn(&Finding) -> bool) {
    let mut stood: BTreeMap<(&str, String, String), usize> = BTreeMap::new();
    for finding in base {
        *stood.entry(finding.identity()).or_default() += 1;
    }
    for finding in head {
        // what can't be judged says nothing of what stood before either
        if finding.rule == &reading::INVALID_REGO {
            continue;
        }
        let Some(left) = stood.get_mut(&finding.identity()).filter(|left| **left > 0) else { continue };
        *left -= 1;
        if finding.severity == Severity::Error && finding.state == State::New && grew(finding) {
            continue;
        }
        // what is too large was judged neither then nor now
        if finding.state == State::New && finding.rule != &TOO_LARGE {
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

//! Expectations beside the policies: cases are changes tried in memory, access tests ask what is declared. Both go through
//! the lint and the plan that judge real changes.

mod access;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::access::Kinds;
use crate::access::raw::{Case, Cases, Need};
use crate::access::reading::{Source, Step, quote};
use crate::access::{Access, DutyRule, LastRead, LoadError, Revision};
use crate::finding::{Finding, Place, Severity};
use crate::lint::duties;
use crate::plan::{self, Plan};
use crate::repository::Snapshot;

/// What was expected, where, and how it differs; passed where nothing does.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub name: String,
    pub place: Place,
    pub failures: Vec<String>,
}

/// Rules by what they are called in policies, such as `duties develop-and-deploy` or `limits.removals`.
#[derive(Debug, Default)]
pub struct Coverage {
    pub rules: BTreeSet<String>,
    pub exercised: BTreeSet<String>,
}

impl Coverage {
    /// The rules that no case exercises, sorted.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        self.rules.difference(&self.exercised).map(String::as_str)
    }
}

/// Tries every case and every access test of a revision.
pub fn run(
    snapshot: &Snapshot,
    revision: &Revision,
    kinds: Kinds,
    now: Timestamp,
    last: &mut LastRead,
) -> (Vec<Outcome>, Coverage) {
    let mut outcomes = Vec::new();
    let mut coverage = Coverage { rules: rules(&revision.access), exercised: BTreeSet::new() };
    for (source, file) in revision.access.policy.cases.values() {
        let mut trial = Trial { snapshot, kinds, now, last, coverage: &mut coverage };
        outcomes.extend(trial.cases(source, file));
        let tests = file.access.iter().flatten().enumerate();
        outcomes.extend(tests.map(|(index, test)| {
            let place = source.place(&[Step::Key("access"), Step::Index(index), Step::Key("name")]);
            Outcome { name: test.name.clone(), place, failures: access::failures(revision, test, now) }
        }));
    }
    (outcomes, coverage)
}

/// Every rule that a case can exercise.
fn rules(access: &Access) -> BTreeSet<String> {
    let policy = &access.policy;
    let mut rules: BTreeSet<String> = policy.duties.keys().map(|id| format!("duties {id}")).collect();
    rules.extend(policy.approvals.iter().map(|rule| format!("approvals {}", rule.id)));
    for (there, name) in [
        (policy.contractor_max_duration.is_some(), DURATION),
        (policy.waiver_max_duration.is_some(), WAIVERS),
        (policy.removals.is_some(), REMOVALS),
    ] {
        rules.extend(there.then(|| name.to_owned()));
    }
    rules
}

const DURATION: &str = "limits.grants.contractor_max_duration";
const WAIVERS: &str = "limits.waivers.max_duration";
const REMOVALS: &str = "limits.removals";

struct Trial<'a> {
    snapshot: &'a Snapshot,
    kinds: Kinds,
    now: Timestamp,
    last: &'a mut LastRead,
    coverage: &'a mut Coverage,
}

impl Trial<'_> {
    fn cases(&mut self, source: &Arc<Source>, file: &Cases) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for (index, case) in file.cases.iter().flatten().enumerate() {
            let place = source.place(&[Step::Key("cases"), Step::Index(index), Step::Key("name")]);
            let failures = self.case(case).unwrap_or_else(|why| vec![why]);
            outcomes.push(Outcome { name: case.name.clone(), place, failures });
        }
        outcomes
    }

    fn case(&mut self, case: &Case) -> Result<Vec<String>, String> {
        let none = BTreeMap::new();
        let without = case.without.as_deref().unwrap_or_default();
        let before = rewritten(self.snapshot, case.files.as_ref().unwrap_or(&none), without)?;
        let deletes = case.deletes.as_deref().unwrap_or_default();
        let after = rewritten(&before, case.change.as_ref().unwrap_or(&none), deletes)?;
        let (before, after) = (self.load(&before)?, self.load(&after)?);
        let plan = plan::plan(&before, &after, self.now);
        let findings = plan::findings_of(&after, self.now);
        self.exercised(&plan, &findings);
        let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
        let found: BTreeSet<&str> = errors.map(|finding| finding.rule.code.id).collect();
        let mut failures = Vec::new();
        if !found.iter().eq(case.expect.iter()) {
            failures.push(format!("expected errors {}, got {}", list(&case.expect), list(found)));
        }
        if let Some(expected) = &case.needs {
            let mut needs: Vec<Need> = plan.requirements.iter().map(need).collect();
            needs.sort();
            if needs != *expected {
                failures.push(format!("expected approvals {}, got {}", shown(expected), shown(&needs)));
            }
        }
        Ok(failures)
    }

    fn load(&mut self, snapshot: &Snapshot) -> Result<Revision, String> {
        Revision::load(snapshot, self.kinds, self.last).map_err(|error| match error {
            LoadError::NoConfig => "there is no dualkey.yaml".to_owned(),
            LoadError::UnknownVersion(version) => format!("dualkey.yaml is of version {version}"),
            LoadError::Invalid(unreadable) => match unreadable.findings.first() {
                Some(finding) => format!("{}: {}", finding.place, finding.message),
                None => "dualkey.yaml can't be used".to_owned(),
            },
        })
    }

    fn exercised(&mut self, plan: &Plan<'_>, findings: &[Finding]) {
        let exercised = &mut self.coverage.exercised;
        exercised.extend(plan.requirements.iter().map(|need| format!("approvals {}", need.rule)));
        let (access, entitlements) = (&plan.head.access, &plan.head.entitlements);
        let rules: Vec<&DutyRule> = access.policy.duties.values().collect();
        let facts = duties::declared(&rules, access, entitlements);
        // what is too much to judge is a finding of its own
        let broken = duties::violations(rules.iter().copied(), facts).unwrap_or_default();
        exercised.extend(broken.iter().map(|violation| format!("duties {}", violation.rule.id)));
        for (rule, limit) in [("grant-too-long", DURATION), ("waiver-invalid", WAIVERS)] {
            exercised.extend(findings.iter().any(|f| f.rule.code.id == rule).then(|| limit.to_owned()));
        }
        exercised.extend(plan.mass_removal.map(|_| REMOVALS.to_owned()));
    }
}

fn rewritten(snapshot: &Snapshot, files: &BTreeMap<String, String>, without: &[String]) -> Result<Snapshot, String> {
    if let Some(missing) = without.iter().find(|path| snapshot.file(path).is_none()) {
        return Err(format!("there is no file {} to leave out", quote(missing)));
    }
    snapshot.rewritten(files, without).map_err(|error| error.to_string())
}

fn need(requirement: &plan::Requirement) -> Need {
    let people = requirement.eligible.iter().map(ToString::to_string).collect();
    Need { rule: requirement.rule.clone(), people, count: requirement.count }
}

fn list<T: AsRef<str>>(words: impl IntoIterator<Item = T>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| word.as_ref().to_owned()).collect();
    format!("[{}]", words.join(", "))
}

fn shown(needs: &[Need]) -> String {
    let each = |need: &Need| format!("{} {} of {}", need.rule, need.count, list(&need.people));
    list(needs.iter().map(each))
}

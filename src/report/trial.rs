//! What tests of policies say, as text and as JSON.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::escape::terminal;
use super::style::{Style, count};
use crate::plan::cases::{Coverage, Outcome};

/// Lines of a file of custom rules: those that ran in its tests, and those that didn't.
pub type Lines = BTreeMap<String, (BTreeSet<u32>, BTreeSet<u32>)>;

/// All that `dualkey test` found.
#[derive(Debug)]
pub struct TrialView<'a> {
    /// Sorted by place.
    pub outcomes: &'a [Outcome],
    pub coverage: &'a Coverage,
    pub lines: &'a Lines,
}

/// The failures, what nothing exercises, and a last line that sums up.
pub fn text(view: &TrialView<'_>, style: Style) -> String {
    let mut text = String::new();
    let (passed, failed): (Vec<&Outcome>, Vec<&Outcome>) =
        view.outcomes.iter().partition(|outcome| outcome.failures.is_empty());
    for outcome in &failed {
        let place = terminal(&outcome.place.to_string());
        text.push_str(&format!("{} {}\n  at {place}\n", style.red("failed"), terminal(&outcome.name)));
        text.extend(outcome.failures.iter().map(|why| format!("  {}\n", terminal(why))));
        text.push('\n');
    }
    text.extend(view.coverage.missing().map(|rule| format!("no case exercises {}\n", terminal(rule))));
    for (file, (ran, missed)) in view.lines {
        let all = ran.len() + missed.len();
        let rest: Vec<String> = missed.iter().map(ToString::to_string).collect();
        let rest = if rest.is_empty() { String::new() } else { format!(", not {}", rest.join(", ")) };
        text.push_str(&format!("tests run {} of {} of {}{rest}\n", ran.len(), count(all, "line"), terminal(file)));
    }
    let sum = format!("{} passed, {} failed", passed.len(), failed.len());
    text.push_str(&if failed.is_empty() { style.green(&sum) } else { style.red(&sum) });
    text.push('\n');
    text
}

/// The document of `dualkey test`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Test<'a> {
    version: u32,
    /// Sorted by file and line.
    tests: Vec<Row<'a>>,
    coverage: Rules<'a>,
    summary: Summary,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Row<'a> {
    name: &'a str,
    file: &'a str,
    line: u32,
    passed: bool,
    /// What was expected and what came; empty where it passed.
    failures: &'a [String],
}

impl<'a> Row<'a> {
    fn of(outcome: &'a Outcome) -> Self {
        let Outcome { name, place, failures } = outcome;
        Row { name, file: &place.file, line: place.line, passed: failures.is_empty(), failures }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Rules<'a> {
    /// Rules written as data.
    rules: Vec<Exercise<'a>>,
    /// Files of custom rules.
    files: Vec<FileLines<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Exercise<'a> {
    rule: &'a str,
    exercised: bool,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct FileLines<'a> {
    file: &'a str,
    covered: &'a BTreeSet<u32>,
    not_covered: &'a BTreeSet<u32>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Summary {
    passed: usize,
    failed: usize,
}

/// The same as one JSON document.
pub fn json(view: &TrialView<'_>) -> String {
    let exercised = |rule| view.coverage.exercised.contains(rule);
    let rules = view.coverage.rules.iter().map(|rule| Exercise { rule, exercised: exercised(rule) }).collect();
    let files = view.lines.iter().map(|(file, (covered, not_covered))| FileLines { file, covered, not_covered });
    let passed = view.outcomes.iter().filter(|outcome| outcome.failures.is_empty()).count();
    super::json::print(&Test {
        version: super::json::VERSION,
        tests: view.outcomes.iter().map(Row::of).collect(),
        coverage: Rules { rules, files: files.collect() },
        summary: Summary { passed, failed: view.outcomes.len() - passed },
    })
}

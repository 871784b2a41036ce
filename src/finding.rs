//! What everything that judges produces: findings about files, refusals about changes, and the texts that explain both.

use std::fmt;

use serde::Serialize;

/// How much a finding weighs. An error blocks a change, a warning informs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Warning,
    Error,
}

/// How a finding stands against the base of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Not there at the base, or there is no base.
    New,
    /// A waiver in the policies accepts it for now.
    Waived,
    /// Stood at the base already.
    Standing,
}

/// A stable kebab-case code with the text that `dualkey explain` prints for it.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    pub id: &'static str,
    /// One sentence: what is wrong.
    pub title: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// A small example that shows it (YAML or a command line); may be empty.
    pub example: &'static str,
    /// What to do instead.
    pub instead: &'static str,
}

/// A code that makes findings, with its default weight.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    pub code: Code,
    pub severity: Severity,
    /// True where the passing of time alone can bring the finding: such a rule never refuses a landing.
    pub dated: bool,
}

/// A stretch of a file. Lines and columns count from 1, columns in characters; the end is exclusive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub file: String,
    pub line: u32,
    pub column: u32,
    pub end_line: u32,
    pub end_column: u32,
}

impl Place {
    /// The start of a file, for what is wrong with the file as a whole.
    pub fn whole_file(file: impl Into<String>) -> Self {
        Place { file: file.into(), line: 1, column: 1, end_line: 1, end_column: 1 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Another place that belongs to a finding, with what it contributes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Related {
    pub place: Place,
    pub message: String,
}

/// One thing that is wrong at one place. Built only with a rule, a place, a message and a next step.
#[derive(Clone, Debug)]
pub struct Finding {
    pub rule: &'static Rule,
    pub severity: Severity,
    pub state: State,
    pub place: Place,
    pub message: String,
    pub help: String,
    pub related: Vec<Related>,
    /// Whom or what it is about, where people are told of all that a rule finds about it together.
    pub about: Option<String>,
}

impl Finding {
    /// `message` says what is wrong in lower case with user input in backticks, `help` says the next step.
    pub fn new(rule: &'static Rule, place: Place, message: impl Into<String>, help: impl Into<String>) -> Self {
        Finding {
            rule,
            severity: rule.severity,
            state: State::New,
            place,
            message: message.into(),
            help: help.into(),
            related: Vec::new(),
            about: None,
        }
    }

    /// Adds a place that belongs to the finding.
    #[must_use]
    pub fn related(mut self, place: Place, message: impl Into<String>) -> Self {
        self.related.push(Related { place, message: message.into() });
        self
    }

    /// True where the two are told together.
    pub fn goes_with(&self, other: &Finding) -> bool {
        let of = |one: &Finding| (one.rule.code.id, one.severity, one.state);
        self.about.is_some() && self.about == other.about && of(self) == of(other)
    }

    /// True where the finding stops a change: an error that is new and not waived.
    pub fn blocks(&self) -> bool {
        self.severity == Severity::Error && self.state == State::New
    }

    /// What stays the same when lines move: rule, file and message. Findings of base and head meet by it.
    pub fn identity(&self) -> (&'static str, String, String) {
        (self.rule.code.id, self.place.file.clone(), self.message.clone())
    }

    /// The order findings are printed in: file, place, rule, message.
    pub fn sort_key(&self) -> (&Place, &'static str, &str) {
        (&self.place, self.rule.code.id, &self.message)
    }
}

/// Why a change, a run or a log is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: &'static Code,
    /// The facts that contradict each other.
    pub message: String,
    /// The next step.
    pub help: String,
}

impl Refusal {
    pub fn new(code: &'static Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Refusal { code, message: message.into(), help: help.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.id, self.message)
    }
}

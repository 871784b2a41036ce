//! Custom rules: `policies/**/*.rego`, judged over one document that tells the access repository as data.
//!
//! Every package's `deny` and `violation` make errors and its `warn` makes warnings. Files that end in `_test.rego` hold tests of them
//! and judge nothing. What can't be judged is an error, never a pass.

#[cfg(feature = "rego")]
mod bounds;
#[cfg(feature = "rego")]
mod engine;
#[cfg(feature = "rego")]
mod fields;
#[cfg(feature = "rego")]
mod files;
#[cfg(feature = "rego")]
mod functions;
#[cfg(all(test, feature = "rego"))]
mod idiom_tests;
#[cfg(feature = "rego")]
mod idioms;
mod input;
#[cfg(feature = "rego")]
mod meter;
#[cfg(feature = "rego")]
mod recursion;
#[cfg(all(test, feature = "rego"))]
mod tests;
#[cfg(feature = "rego")]
mod tolls;
#[cfg(feature = "rego")]
mod tree;
#[cfg(feature = "rego")]
mod unjudged;
#[cfg(feature = "rego")]
mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Halt, Subject};
use crate::access::Access;
use crate::access::reading::INVALID_REGO;
use crate::finding::{Code, Finding, Place, Rule, Severity};

#[cfg(feature = "rego")]
pub use engine::{judge, test};
pub use input::Document;

/// An access repository that a custom rule refuses.
pub const CUSTOM_DENY: Rule = Rule {
    code: Code {
        id: "custom-deny",
        title: "a custom rule denies what is written",
        why: "The organisation says in `policies/**/*.rego` what it never accepts. The message names the package whose \
              `deny` holds it; both what stands there and what stood at the base of a change judge.",
        example: "# policies/tickets.rego\npackage tickets\nimport rego.v1\n\ndeny contains finding if {\n  \
                  some grant in input.grants\n  not grant.ticket\n  \
                  finding := {\"message\": \"a grant needs a ticket\", \"file\": grant.file, \"line\": grant.line}\n}",
        instead: "Change the file that the finding points to. Where the rule itself is wrong, change the rule, in a \
                  change of its own.",
    },
    severity: Severity::Error,
    dated: false,
};

/// What a custom rule wants somebody to look at.
pub const CUSTOM_WARNING: Rule = Rule {
    code: Code {
        id: "custom-warning",
        title: "a custom rule warns of what is written",
        why: "The organisation wants somebody to look at this, and says so in the `warn` of a package in \
              `policies/**/*.rego`. A warning refuses nothing.",
        example: "# policies/tickets.rego\npackage tickets\nimport rego.v1\n\nwarn contains message if {\n  \
                  some id, grant in input.grants\n  grant.until < input.now\n  \
                  message := sprintf(\"the grant %v is over\", [id])\n}",
        instead: "Look at the file that the finding points to, and change it or the rule.",
    },
    severity: Severity::Warning,
    dated: false,
};

/// The rules of this room.
pub const RULES: &[&Rule] = &[&CUSTOM_DENY, &CUSTOM_WARNING];

#[cfg(feature = "rego")]
/// Functions that answer by chance, print, or work without end in one instruction, and one that no machine counts.
pub(super) const FORBIDDEN: &[&str] = &[
    "bits.lsh",
    "json.unmarshal",
    "numbers.range",
    "numbers.range_step",
    "print",
    "rand.intn",
    "to_number",
    "trace",
    "units.parse",
    "units.parse_bytes",
    "walk",
];

/// Files whose names end so hold tests.
const TESTS: &str = "_test.rego";

/// The files of a revision that judge.
fn judging(access: &Access) -> BTreeMap<&Arc<str>, &str> {
    let files = access.policy.custom.iter().filter(|(path, _)| !path.ends_with(TESTS));
    files.map(|(path, source)| (path, source.as_str())).collect()
}

/// True where both sides are judged by the same custom rules.
pub fn same_rules(one: &Access, other: &Access) -> bool {
    judging(one) == judging(other)
}

/// What the custom rules of `policies` find in a subject.
fn findings(policies: &Access, subject: &Subject<'_>) -> Vec<Finding> {
    let files = judging(policies);
    if files.is_empty() {
        return Vec::new();
    }
    let document = Document::new(subject.access, subject.entitlements, subject.now);
    run(&files, &document, subject.halt)
}

#[cfg(feature = "rego")]
fn run(files: &BTreeMap<&Arc<str>, &str>, document: &Document<'_>, halt: &Halt) -> Vec<Finding> {
    let texts: Vec<(&str, &str)> = files.iter().map(|(path, text)| (&***path, *text)).collect();
    match serde_json::to_string(document) {
        Ok(input) => judge(&texts, &input, &document.files(), halt),
        Err(error) => vec![unjudged(&texts, &error.to_string())],
    }
}

/// Such files aren't read without the feature: each is a finding of the reading.
#[cfg(not(feature = "rego"))]
fn run(_: &BTreeMap<&Arc<str>, &str>, _: &Document<'_>, _: &Halt) -> Vec<Finding> {
    Vec::new()
}

#[cfg(feature = "rego")]
fn unjudged(files: &[(&str, &str)], why: &str) -> Finding {
    use crate::access::reading::quote;
    let file = files.first().map_or("policies", |(path, _)| path);
    let message = format!("the document for custom rules could not be made: {}", quote(why));
    Finding::new(&INVALID_REGO, Place::whole_file(file), message, "report this: the program is broken")
}

/// What the custom rules find.
pub fn find(subject: &Subject<'_>) -> Vec<Finding> {
    findings(subject.access, subject)
}

/// What custom rules that stood before find, where a change drops or rewords one, beyond what those of the change find.
/// Rules that could not be judged there say nothing here: those of the change have to be judged.
pub fn broken_before(subject: &Subject<'_>, before: &Access) -> Vec<Finding> {
    let old = judging(before);
    if old.is_empty() || same_rules(before, subject.access) {
        return Vec::new();
    }
    let known: BTreeSet<_> = find(subject).iter().map(Finding::identity).collect();
    let mut found = findings(before, subject);
    found.retain(|finding| finding.rule != &INVALID_REGO && !known.contains(&finding.identity()));
    for finding in &mut found {
        finding.help = "a rule judges that this change drops or rewords: let that land first, by itself".to_owned();
    }
    found
}

/// What tests of rules say.
#[derive(Debug, Default)]
pub struct Tested {
    /// Name, where it stands, and why it fails if it does; sorted.
    pub tests: Vec<(String, Place, Option<String>)>,
    /// By file that judges: the lines that ran and those that didn't.
    pub coverage: BTreeMap<String, (BTreeSet<u32>, BTreeSet<u32>)>,
}

/// Runs the tests of custom rules.
///
/// # Errors
///
/// Findings where the files can't be read.
#[cfg(feature = "rego")]
pub fn tested(access: &Access) -> Result<Tested, Vec<Finding>> {
    let files = access.policy.custom.values();
    let files: Vec<(&str, &str)> = files.map(|source| (&*source.path, source.as_str())).collect();
    if files.is_empty() { Ok(Tested::default()) } else { test(&files) }
}

/// Such files aren't read without the feature: each is a finding of the reading.
#[cfg(not(feature = "rego"))]
pub fn tested(_: &Access) -> Result<Tested, Vec<Finding>> {
    Ok(Tested::default())
}

//! The access repository's own safety: what its forge is set to, and what its workflows do.
//!
//! No setting makes anything pass: approval is proven otherwise. But a setting can let somebody rewrite the log, run a
//! pipeline that holds its key, or stand in the way of an end.

pub mod codeowners;
pub mod facts;

mod branches;
mod embedded;
mod environments;
mod repository;
mod trust;
mod workflows;

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::access::Revision;
use crate::access::reading::Step;
use crate::finding::{Code, Finding, Place, Rule, Severity};
use facts::{Read, Settings, Unread};

pub use workflows::files::is_workflow;

/// The check of a head that must have passed, as `dualkey verify --check` names it.
pub const CHECK: &str = "dualkey verify";

/// The environment that holds what changes access, as the workflows of dualkey name it.
pub const ENVIRONMENT: &str = "dualkey-apply";

/// The environment that holds what only looks.
pub const READ_ENVIRONMENT: &str = "dualkey-read";

/// The rules of this room.
pub const RULES: &[&Rule] = &[
    &SETTINGS_NOT_READ,
    &branches::BRANCH_NOT_GUARDED,
    &branches::REVIEWS_NOT_REQUIRED,
    &branches::STALE_REVIEWS_STAND,
    &branches::CHECK_NOT_REQUIRED,
    &branches::RULESET_NOT_ENFORCED,
    &branches::RULES_BYPASSED,
    &branches::LOG_NOT_GUARDED,
    &branches::LOG_WRITERS,
    &branches::LOG_ON_NO_BRANCH,
    &codeowners::CODEOWNERS_STALE,
    &embedded::TARGETS_EMBEDDED,
    &environments::ENVIRONMENT_OPEN,
    &environments::ENVIRONMENT_WAITS,
    &repository::ACTIONS_MAY_APPROVE,
    &repository::ACTIONS_MAY_WRITE,
    &repository::PLAN_CANNOT_OFFER,
    &repository::TOKEN_OVERPRIVILEGED,
    &trust::OIDC_TRUST_BROAD,
    &trust::OIDC_SUBJECT_WEAK,
    &workflows::WF_UNREADABLE,
    &workflows::triggers::WF_DANGEROUS_TRIGGER,
    &workflows::caches::WF_CACHE_IN_APPLY,
    &workflows::actors::WF_ACTOR_CONDITION,
    &workflows::uses::WF_SECRETS_INHERIT,
    &workflows::uses::WF_ACTION_UNPINNED,
    &workflows::uses::WF_PROGRAM_UNPINNED,
];

pub const SETTINGS_NOT_READ: Rule = Rule {
    code: Code {
        id: "settings-not-read",
        title: "the forge didn't tell how something is set",
        why: "What nobody could see may be set in any way, so it isn't taken for fine. Who may bypass a ruleset is told \
              only to somebody who may change it.",
        example: "dualkey doctor --format json",
        instead: "Give the token the permission that is named, or run `dualkey doctor --as-administrator` with an \
                  administrator's own token.",
    },
    severity: Severity::Error,
    dated: false,
};

/// Whose token looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looks {
    /// The token that verifies, which should be able to do nothing else.
    Verifier,
    /// An administrator's own, for this look alone.
    Administrator,
}

/// Everything that is wrong, sorted. `settings` are None where the forge wasn't asked, with why.
pub fn findings(revision: &Revision, settings: Read<&Settings>, looks: Looks, now: Timestamp) -> Vec<Finding> {
    let mut found = Found { revision, findings: Vec::new() };
    let jobs = workflows::judge(&mut found);
    environments::judge_jobs(&mut found, &jobs);
    trust::judge_files(&mut found);
    codeowners::judge(&mut found, now);
    embedded::judge(&mut found);
    match settings {
        Ok(settings) => {
            branches::judge(&mut found, settings);
            repository::judge(&mut found, settings, looks);
            environments::judge(&mut found, settings, &jobs);
            trust::judge_subject(&mut found, settings);
        }
        Err(unread) => found.unread(&unread),
    }
    let mut findings = found.findings;
    findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    findings.dedup_by(|a, b| a.identity() == b.identity() && a.place == b.place);
    findings
}

/// True where the forge didn't tell all that was asked.
pub fn is_incomplete(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.rule == &SETTINGS_NOT_READ)
}

/// What was found so far.
struct Found<'a> {
    revision: &'a Revision,
    findings: Vec<Finding>,
}

impl Found<'_> {
    /// Something that is set wrongly on the forge. It stands where the settings name the repository.
    fn set(&mut self, rule: &'static Rule, message: impl Into<String>, help: impl Into<String>) {
        let place = self.settings_place();
        self.findings.push(Finding::new(rule, place, message, help));
    }

    /// Something that stands in a file.
    fn at(&mut self, rule: &'static Rule, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.findings.push(Finding::new(rule, place, message, help));
    }

    fn unread(&mut self, unread: &Unread) {
        let help = match &unread.needs {
            Some(needs) => format!(
                "give the token `{needs}`, or run `dualkey doctor --as-administrator` with an administrator's own token"
            ),
            None => {
                "set DUALKEY_FORGE_TOKEN to a token that is valid and may look at this repository, or see why it wasn't \
                 told; then run it again"
                    .to_owned()
            }
        };
        let doubled = format!(": {}", unread.what);
        let why = unread.why.replacen(&doubled, "", 1);
        self.set(&SETTINGS_NOT_READ, format!("not read: {}: {why}", unread.what), help);
    }

    fn settings_place(&self) -> Place {
        let source = &self.revision.access.config.source;
        source.key_place(&[Step::Key("approval"), Step::Key("repository")])
    }

    /// Where a text first stands in a file, as a whole line's part; the file where it doesn't.
    fn place_of(&self, path: &str, text: &str) -> Place {
        let lines = self.revision.source(path).map(|source| source.as_str()).unwrap_or_default().lines();
        // what is written over several lines is found by its first
        let wanted = text.lines().next().unwrap_or_default().trim();
        let found = lines.enumerate().find_map(|(line, whole)| {
            let at = whole.find(wanted).filter(|_| !wanted.is_empty())?;
            let column = whole.get(..at)?.chars().count();
            Some((u32::try_from(line).ok()? + 1, u32::try_from(column).ok()? + 1))
        });
        let Some((line, column)) = found else { return Place::whole_file(path) };
        let length = u32::try_from(wanted.chars().count()).unwrap_or_default();
        Place { file: path.to_owned(), line, column, end_line: line, end_column: column + length }
    }
}

/// Texts in backticks, parted by commas.
fn quoted<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let sorted: BTreeSet<&str> = texts.into_iter().collect();
    sorted.into_iter().map(|text| format!("`{}`", text.escape_debug())).collect::<Vec<_>>().join(", ")
}

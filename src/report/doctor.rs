//! What is wrong with the settings and workflows of the access repository, as a document.

use serde::Serialize;

use super::json::{self, FindingRow};
use crate::access::ForgeRepository;
use crate::doctor;
use crate::finding::{Finding, Severity};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Document<'a> {
    version: u32,
    /// As dualkey.yaml names it.
    repository: Repository<'a>,
    /// False where the forge didn't tell all that was asked: each such thing is a finding `settings-not-read`.
    complete: bool,
    findings: Vec<FindingRow<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Repository<'a> {
    name: &'a str,
    id: u64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Summary {
    errors: usize,
    warnings: usize,
}

/// The document of `dualkey doctor`.
pub fn json(repository: &ForgeRepository, findings: &[Finding]) -> String {
    let of = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    json::print(&Document {
        version: json::VERSION,
        repository: Repository { name: &repository.name, id: repository.id },
        complete: !doctor::is_incomplete(findings),
        findings: json::rows(findings),
        summary: Summary { errors: of(Severity::Error), warnings: of(Severity::Warning) },
    })
}

//! Whether there is anything real whose access is managed.

use super::Found;
use crate::access::EvidenceSource;
use crate::access::reading::Step;
use crate::finding::{Code, Rule, Severity};

pub const TARGETS_EMBEDDED: Rule = Rule {
    code: Code {
        id: "targets-embedded",
        title: "pull requests are judged, and nothing real is changed",
        why: "Where every target is embedded, a landing changes a file beside the log and no system that anybody uses. \
              Reviewers and pipelines then do their work for nothing, and contractors wait for access that never comes.",
        example: "targets:\n  github: { type: sandbox, as: github }",
        instead: "Name the real target in `dualkey.yaml`, such as `github: { organization: northwind, id: 9919 }`, by a \
                  change of its own.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub(super) fn judge(found: &mut Found<'_>) {
    let config = &found.revision.access.config;
    let is_played = config.targets.values().all(|target| target.is_embedded());
    if config.evidence != EvidenceSource::Github || !is_played {
        return;
    }
    let owner = config.repository.as_ref().and_then(|home| home.name.split('/').next()).unwrap_or("ORGANIZATION");
    let help = format!(
        "write `github: {{ organization: {0}, id: NUMBER }}` into `targets` of dualkey.yaml; `gh api orgs/{0} --jq .id` prints \
         the number",
        owner.escape_debug()
    );
    let place = config.source.key_place(&[Step::Key("targets")]);
    found.at(&TARGETS_EMBEDDED, place, "every target is embedded: nothing real is changed", help);
}

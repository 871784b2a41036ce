//! Caches in a job that changes access: what a pull request's run left there runs with the log's key.

use super::super::Found;
use super::files::{Job, Step, Workflow, local, text};
use crate::finding::{Code, Rule, Severity};

pub const WF_CACHE_IN_APPLY: Rule = Rule {
    code: Code {
        id: "wf-cache-in-apply",
        title: "a job that changes access restores a cache",
        why: "A cache is written by other runs, those of pull requests among them. Whatever comes out of it runs beside \
              the log's key and the credentials that change access.",
        example: "# .github/workflows/apply.yml\n- uses: actions/cache@…\n- run: dualkey apply",
        instead: "Take the program from a release that is pinned by its digest, and restore nothing.",
    },
    severity: Severity::Error,
    dated: false,
};

pub(super) fn judge(found: &mut Found<'_>, workflow: &Workflow, job: &Job, all: &[Workflow]) {
    let within = |step: &Step| -> Vec<Step> {
        // an action beside the workflows runs in the job that uses it
        let folder = step.uses.as_deref().and_then(local);
        let steps = folder.and_then(|folder| {
            let is_it = |one: &&Workflow| one.path.rsplit_once('/').is_some_and(|(of, _)| of == folder);
            Some(all.iter().find(is_it)?.jobs.iter().flat_map(|job| job.steps.clone()).collect())
        });
        steps.unwrap_or_default()
    };
    for step in &job.steps {
        let inner = within(step);
        if let Some(what) = [step].into_iter().chain(&inner).find_map(caches) {
            let place = step.uses.as_deref().unwrap_or(&what).to_owned();
            found.at(
                &WF_CACHE_IN_APPLY,
                found.place_of(&workflow.path, &place),
                format!("the job `{}` changes access and restores a cache by `{what}`", job.name.escape_debug()),
                "leave the cache out of this job",
            );
        }
    }
}

/// What restores a cache in a step.
fn caches(step: &Step) -> Option<String> {
    let uses = step.uses.as_deref()?;
    let name = uses.split('@').next().unwrap_or(uses);
    if name.to_ascii_lowercase().contains("cache") {
        return Some(name.escape_debug().to_string());
    }
    let on = step.with.iter().find(|(key, value)| {
        let off = |value: &str| value.is_empty() || value.eq_ignore_ascii_case("false") || value == "none";
        let asks = matches!(key.as_str(), "cache" | "enable-cache" | "cache-binary" | "cache-dependency-path");
        asks && text(value).is_some_and(|value| !off(&value))
    });
    on.map(|(key, _)| format!("{} with {key}", name.escape_debug()))
}

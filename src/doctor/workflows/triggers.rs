//! Workflows that run with rights because of what somebody without any did.

use super::super::Found;
use super::files::{Job, Step, Workflow, text};
use crate::finding::{Code, Rule, Severity};

pub const WF_DANGEROUS_TRIGGER: Rule = Rule {
    code: Code {
        id: "wf-dangerous-trigger",
        title: "a workflow with rights runs what a pull request brings",
        why: "`pull_request_target` and `workflow_run` run with the secrets and the token of the repository, also for a \
              pull request from a fork. Whatever they check out or run of that pull request has those rights. \
              `workflow_run` is safe in one shape: it says its permissions, checks out nothing of the run that started \
              it, puts nothing that the run tells into a command line, and takes what it needs as data, as the calls of \
              dualkey's workflows do.",
        example: "# .github/workflows/comment.yml\non: pull_request_target\njobs:\n  plan:\n    steps:\n      - uses: \
                  actions/checkout@…\n        with: { ref: \"${{ github.event.pull_request.head.sha }}\" }",
        instead: "Judge pull requests in a workflow that runs on `pull_request` and holds no secret.",
    },
    severity: Severity::Error,
    dated: false,
};

/// What names something that a pull request brings, in texts that say what is checked out.
const HEADS: [&str; 8] = [
    "pull_request.head",
    "pull_request.merge_commit_sha",
    "github.head_ref",
    "refs/pull/",
    "workflow_run.head",
    "workflow_run.pull_requests",
    "GITHUB_HEAD_REF",
    "pull/",
];

/// What of the run that started a workflow somebody else may have written.
const TOLD: &str = "github.event.workflow_run.";

pub(super) fn judge(found: &mut Found<'_>, workflow: &Workflow) {
    for event in ["pull_request_target", "workflow_run"] {
        if !workflow.events.contains_key(event) {
            continue;
        }
        for job in &workflow.jobs {
            let unsafe_shape = match event {
                "workflow_run" => by_run(workflow, job),
                _ => fetches(job).map(|what| (what.clone(), format!("fetches `{}`", what.escape_debug()))),
            };
            if let Some((text, why)) = unsafe_shape {
                found.at(
                    &WF_DANGEROUS_TRIGGER,
                    found.place_of(&workflow.path, &text),
                    format!("the job `{}` runs on `{event}` and {why}", job.name.escape_debug()),
                    "run it on `pull_request`, without secrets; `dualkey explain wf-dangerous-trigger` tells the safe shape",
                );
            }
        }
    }
}

/// What a job fetches of a pull request, as it is written.
fn fetches(job: &Job) -> Option<String> {
    let names_head = |text: &str| HEADS.iter().any(|head| text.contains(head));
    let of_step = |step: &Step| {
        let checked_out = step.uses.as_deref().is_some_and(|uses| uses.contains("checkout"));
        let refs = ["ref", "repository"].iter().filter_map(|key| step.with.get(*key).and_then(text));
        let mut refs = refs.filter(|text| checked_out && names_head(text));
        refs.next().or_else(|| {
            let run = step.run.as_deref()?;
            let env = step.env.values().filter_map(text).any(|value| names_head(&value));
            let line = run.lines().find(|line| {
                let fetches = ["git fetch", "git checkout", "git pull", "git clone", "git switch"];
                let gets = fetches.iter().any(|command| line.contains(command)) && (env || names_head(line));
                gets || line.contains("gh pr checkout")
            })?;
            Some(line.trim().to_owned())
        })
    };
    job.steps.iter().find_map(of_step)
}

/// Where a job on `workflow_run` isn't in the safe shape: what stands there, and why.
fn by_run(workflow: &Workflow, job: &Job) -> Option<(String, String)> {
    if let Some(what) = fetches(job) {
        let why = format!("fetches `{}`", what.escape_debug());
        return Some((what, why));
    }
    let told = |step: &Step| step.run.as_deref()?.lines().find(|line| line.contains(TOLD)).map(str::to_owned);
    if let Some(line) = job.steps.iter().find_map(told) {
        let why = "puts what the run tells into a command line".to_owned();
        return Some((line.trim().to_owned(), why));
    }
    if !workflow.says_permissions && !job.says_permissions {
        return Some((format!("{}:", job.name), "doesn't say its permissions".to_owned()));
    }
    None
}

//! Workflows that run with rights because of what somebody without any did.

use super::super::Found;
use super::files::{Job, Step, Workflow, local, text};
use crate::finding::{Code, Rule, Severity};

pub const WF_DANGEROUS_TRIGGER: Rule = Rule {
    code: Code {
        id: "wf-dangerous-trigger",
        title: "a workflow with rights runs what a pull request brings",
        why: "`pull_request_target`, `issue_comment` and `workflow_run` run with the secrets and the token of the repository, also for a \
              pull request from a fork. Whatever they check out or run of that pull request has those rights. \
              `workflow_run` is safe in one shape, which is that of `dualkey-review`: it says its permissions, fetches \
              the commit as data of git without ever checking it out, and puts nothing that the run tells into a command \
              line.",
        example: "# .github/workflows/comment.yml\non: pull_request_target\njobs:\n  plan:\n    steps:\n      - uses: \
                  actions/checkout@…\n        with: { ref: \"${{ github.event.pull_request.head.sha }}\" }",
        instead: "Judge pull requests in a workflow that runs on `pull_request` and holds no secret.",
    },
    severity: Severity::Error,
    dated: false,
};

/// What names something that a pull request brings, in texts that say what is checked out.
const HEADS: [&str; 7] = [
    "pull_request.head",
    "pull_request.merge_commit_sha",
    "github.head_ref",
    "refs/pull/",
    "workflow_run.head",
    "workflow_run.pull_requests",
    "GITHUB_HEAD_REF",
];

/// What of git puts commits into the work tree.
const PUTS: [&str; 7] = ["archive", "checkout", "merge", "pull", "reset", "switch", "worktree"];

/// What puts a pull request, or what its own workflow left, into the work tree.
const LOADS: [&str; 2] = ["gh pr checkout", "gh run download"];

/// What of the run that started a workflow somebody else may have written.
const TOLD: &str = "github.event.workflow_run.";

pub(super) fn judge(found: &mut Found<'_>, workflow: &Workflow, all: &[Workflow]) {
    for event in ["issue_comment", "pull_request_target", "workflow_run"] {
        if !workflow.events.contains_key(event) {
            continue;
        }
        for job in &workflow.jobs {
            // what is called runs for the same event, and is this repository's as well
            let called = job.calls.as_deref().and_then(local);
            let called = all.iter().filter(|one| called == Some(one.path.as_str())).flat_map(|one| &one.jobs);
            let steps: Vec<&Step> = job.steps.iter().chain(called.flat_map(|job| &job.steps)).collect();
            let told = (event == "workflow_run").then(|| by_run(workflow, job, &steps)).flatten();
            if let Some((text, why)) = fetched(&steps).or(told) {
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

/// What stands there, and why it is dangerous.
type Danger = (String, String);

/// What steps put into the work tree of a pull request. Objects of git that are only fetched run nothing.
fn fetched(steps: &[&Step]) -> Option<Danger> {
    let names_head = |text: &str| HEADS.iter().any(|head| text.contains(head));
    let of_step = |step: &&Step| {
        let checked_out = step.uses.as_deref().is_some_and(|uses| uses.contains("checkout"));
        let refs = ["ref", "repository"].iter().filter_map(|key| step.with.get(*key).and_then(text));
        let mut refs = refs.filter(|text| checked_out && names_head(text));
        refs.next().or_else(|| {
            let heads = step.env.iter().filter(|(_, value)| text(value).is_some_and(|value| names_head(&value)));
            let variables: Vec<&String> = heads.map(|(name, _)| name).collect();
            let line = step.run.as_deref()?.lines().find(|line| {
                let by_variable = variables
                    .iter()
                    .any(|name| [format!("${name}"), format!("${{{name}}}")].iter().any(|used| line.contains(used)));
                let taken = by_variable || names_head(line) || line.contains("FETCH_HEAD");
                let put = subcommands(line).any(|word| PUTS.contains(&word));
                taken && put || LOADS.iter().any(|load| line.contains(load))
            })?;
            Some(line.trim().to_owned())
        })
    };
    let what = steps.iter().find_map(of_step)?;
    let why = format!("puts what the pull request brings into the work tree: `{}`", what.escape_debug());
    Some((what, why))
}

/// What git does in a line: the first word after it and its own options.
fn subcommands(line: &str) -> impl Iterator<Item = &str> {
    let words: Vec<&str> =
        line.split(|c: char| c.is_whitespace() || matches!(c, ';' | '&' | '|' | '(' | ')')).collect();
    let starts: Vec<usize> = words.iter().enumerate().filter(|(_, word)| **word == "git").map(|(at, _)| at).collect();
    starts.into_iter().filter_map(move |at| {
        let mut rest = words.iter().copied().skip(at + 1);
        loop {
            match rest.next()? {
                "-C" | "-c" => drop(rest.next()),
                option if option.starts_with('-') => {}
                word => return Some(word),
            }
        }
    })
}

/// Where a job on `workflow_run` isn't in the safe shape.
fn by_run(workflow: &Workflow, job: &Job, steps: &[&Step]) -> Option<Danger> {
    let told = |step: &&Step| step.run.as_deref()?.lines().find(|line| line.contains(TOLD)).map(str::to_owned);
    if let Some(line) = steps.iter().find_map(told) {
        return Some((line.trim().to_owned(), "puts what the run tells into a command line".to_owned()));
    }
    let silent = !workflow.says_permissions && !job.says_permissions;
    silent.then(|| (format!("{}:", job.name), "doesn't say its permissions".to_owned()))
}

//! The environment that holds what changes access: which branches can use it, and whether ends wait there.

use std::collections::BTreeSet;

use super::facts::{Branches, Environment, Settings};
use super::workflows::Jobs;
use super::{ENVIRONMENT, Found, quoted};
use crate::finding::{Code, Rule, Severity};

pub const ENVIRONMENT_OPEN: Rule = Rule {
    code: Code {
        id: "environment-open",
        title: "the secrets of an environment aren't kept to the protected branch",
        why: "A workflow on a branch that somebody just pushed could use the environment and take its secrets: the log's \
              key, and what writes to targets. \"Protected branches only\" doesn't know rulesets, and lets every branch \
              in where none is protected in the older way.",
        example: "\"deployment_branch_policy\": null",
        instead: "Let the environment be used from the protected branch alone, by its name.",
    },
    severity: Severity::Error,
    dated: false,
};

pub const ENVIRONMENT_WAITS: Rule = Rule {
    code: Code {
        id: "environment-waits",
        title: "each run that changes access waits for somebody, or for a time",
        why: "Access ends by itself, at night and on holidays too. A run that waits for a reviewer ends nothing until \
              somebody comes. What may be given is proven by the approvals of the change.",
        example: "\"protection_rules\": [{ \"type\": \"required_reviewers\" }]",
        instead: "Take reviewers and wait timers off the environment.",
    },
    severity: Severity::Warning,
    dated: false,
};

/// Jobs that change access with secrets that every branch has.
pub(super) fn judge_jobs(found: &mut Found<'_>, jobs: &Jobs) {
    for (path, job) in &jobs.outside {
        found.at(
            &ENVIRONMENT_OPEN,
            found.place_of(path, &format!("{job}:")),
            format!("the job `{}` applies in no environment, so every branch has its secrets", job.escape_debug()),
            format!("add `environment: {ENVIRONMENT}` to it"),
        );
    }
}

pub(super) fn judge(found: &mut Found<'_>, settings: &Settings, jobs: &Jobs) {
    let environments = match &settings.environments {
        Ok(environments) => environments,
        Err(unread) => return found.unread(unread),
    };
    let protected = settings.branch.branch.as_str();
    for (name, applies) in &jobs.environments {
        match environments.iter().find(|one| one.name.eq_ignore_ascii_case(name)) {
            Some(environment) => one(found, settings, environment, protected, *applies),
            None => {
                let help = format!(
                    "make it, for `{}` alone, at {}; a run would make one that every branch can use",
                    protected.escape_debug(),
                    settings.page("environments")
                );
                found.set(&ENVIRONMENT_OPEN, format!("there is no environment `{}` yet", name.escape_debug()), help);
            }
        }
    }
}

fn one(found: &mut Found<'_>, settings: &Settings, environment: &Environment, protected: &str, applies: bool) {
    let name = format!("`{}`", environment.name.escape_debug());
    let page = settings.page("environments");
    let help = format!("let `{}` alone use it, by its name, at {page}", protected.escape_debug());
    match &environment.branches {
        Branches::All => found.set(&ENVIRONMENT_OPEN, format!("every branch can use the environment {name}"), help),
        Branches::Protected => found.set(
            &ENVIRONMENT_OPEN,
            format!(
                "the environment {name} is for protected branches, which rulesets don't make: every branch can use it"
            ),
            help,
        ),
        Branches::Named(Ok(patterns)) => {
            let others: BTreeSet<&str> = patterns.iter().map(String::as_str).filter(|one| *one != protected).collect();
            if !others.is_empty() {
                let message = format!("the environment {name} can be used from {}", quoted(others));
                found.set(&ENVIRONMENT_OPEN, message, help);
            }
        }
        Branches::Named(Err(unread)) => found.unread(unread),
    }
    if environment.waits && applies {
        let message =
            format!("runs in the environment {name} wait for a reviewer or a time, also those that only end access");
        found.set(&ENVIRONMENT_WAITS, message, format!("take them off, at {page}"));
    }
}

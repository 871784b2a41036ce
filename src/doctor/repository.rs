//! What workflows may do without asking, what the plan of the organisation lacks, and the token that looks.

use super::facts::{Settings, Subject};
use super::{Found, Looks, quoted};
use crate::finding::{Code, Rule, Severity};

pub const ACTIONS_MAY_APPROVE: Rule = Rule {
    code: Code {
        id: "actions-may-approve",
        title: "workflows may approve pull requests",
        why: "A workflow that somebody changed in their own pull request could approve it. dualkey counts no machine, so \
              the merge that this lets through is refused afterwards.",
        example: "gh api repos/OWNER/NAME/actions/permissions/workflow",
        instead: "Turn off that GitHub Actions may create and approve pull requests.",
    },
    severity: Severity::Error,
    dated: false,
};

pub const ACTIONS_MAY_WRITE: Rule = Rule {
    code: Code {
        id: "actions-may-write",
        title: "workflows may write by default",
        why: "A job that says nothing of its permissions could push branches and edit comments. Each job should have \
              what it says and no more.",
        example: "gh api repos/OWNER/NAME/actions/permissions/workflow",
        instead: "Set the default permissions of workflows to reading.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub const PLAN_CANNOT_OFFER: Rule = Rule {
    code: Code {
        id: "plan-cannot-offer",
        title: "the plan of the organisation doesn't offer what would guard the repository",
        why: "Private repositories have rulesets, and environments that only some branches can use, from Team on, and \
              environments that ask somebody before each run on Enterprise alone. Elsewhere the settings can be written \
              and hold nobody.",
        example: "gh api orgs/OWNER --jq .plan.name",
        instead: "Take a plan that offers it. Where only reviewers of an environment are missing, bind the credentials \
                  that change access to the workflow by its identity: see `oidc-subject-weak`.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub const TOKEN_OVERPRIVILEGED: Rule = Rule {
    code: Code {
        id: "token-overprivileged",
        title: "the token that verifies can do more than look",
        why: "Whoever gets hold of the token that pull requests are judged with could approve or merge them, or change \
              the rules. Looking takes a token that can change nothing.",
        example: "X-OAuth-Scopes: repo, workflow",
        instead: "Make a fine-grained token or an App that may read contents, pull requests and metadata of this \
                  repository alone. An administrator who looks by their own token says `--as-administrator`.",
    },
    severity: Severity::Error,
    dated: false,
};

pub(super) fn judge(found: &mut Found<'_>, settings: &Settings, looks: Looks) {
    match &settings.actions {
        Ok(actions) => {
            let command = format!("gh api --method PUT repos/{}/actions/permissions/workflow", settings.name);
            let page = settings.page("actions");
            if actions.may_approve {
                let help = format!("{command} -F can_approve_pull_request_reviews=false, or turn it off at {page}");
                found.set(&ACTIONS_MAY_APPROVE, "workflows may create and approve pull requests", help);
            }
            if actions.may_write {
                let help = format!("{command} -f default_workflow_permissions=read, or choose it at {page}");
                found.set(&ACTIONS_MAY_WRITE, "jobs that don't say their permissions may write", help);
            }
        }
        Err(unread) => found.unread(unread),
    }
    plan(found, settings);
    match looks {
        Looks::Verifier => token(found, settings),
        Looks::Administrator => {}
    }
}

fn plan(found: &mut Found<'_>, settings: &Settings) {
    let (true, Some(plan)) = (settings.private, settings.plan.as_deref()) else { return };
    let named = format!("the plan `{}` of the organisation", plan.escape_debug());
    let bound = |subject: &Subject| subject.claims.as_ref().is_some_and(|claims| super::trust::names_workflow(claims));
    match plan {
        "enterprise" => {}
        "free" => found.set(
            &PLAN_CANNOT_OFFER,
            format!("{named} offers neither rulesets nor guarded environments for a private repository"),
            "take the plan Team or a higher one: nothing guards the branches until then",
        ),
        _ if settings.subject.as_ref().is_ok_and(|subject| subject.as_ref().is_some_and(bound)) => {}
        _ => found.set(
            &PLAN_CANNOT_OFFER,
            format!("{named} offers no required reviewers for environments of a private repository"),
            "bind the credentials that change access to the workflow's identity instead, by `job_workflow_ref` in its subject",
        ),
    }
}

/// True for a scope that lets a classic token change something here.
fn changes(scope: &str) -> bool {
    matches!(scope, "repo" | "public_repo" | "workflow" | "project" | "user" | "gist")
        || ["admin:", "write:", "delete", "manage_"].iter().any(|start| scope.starts_with(start))
}

fn token(found: &mut Found<'_>, settings: &Settings) {
    let help = "make a fine-grained token that may only read this repository; with an administrator's own token, look by \
                `dualkey doctor --as-administrator`";
    let scopes: Vec<&str> =
        settings.token.scopes.iter().flatten().map(String::as_str).filter(|one| changes(one)).collect();
    if !scopes.is_empty() {
        let message = format!("the token is a classic one that can write, by its scopes {}", quoted(scopes));
        found.set(&TOKEN_OVERPRIVILEGED, message, help);
    }
    if settings.token.administers {
        found.set(&TOKEN_OVERPRIVILEGED, "the token may change the rules of the repository", help);
    }
}

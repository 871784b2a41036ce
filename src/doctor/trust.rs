//! Whom other systems take for the workflow that applies: the subject of its identity, and what trusts it.

use super::facts::{Settings, Subject};
use super::{ENVIRONMENT, Found, READ_ENVIRONMENT};
use crate::finding::{Code, Rule, Severity};

pub const OIDC_TRUST_BROAD: Rule = Rule {
    code: Code {
        id: "oidc-trust-broad",
        title: "something trusts more workflows than the one that applies",
        why: "A trust in `repo:OWNER/NAME:*` is one in every branch and every pull request of the repository: whoever can \
              push a branch gets the credentials that change access.",
        example: "\"token.actions.githubusercontent.com:sub\": \"repo:northwind/access:*\"",
        instead: "Name one subject whole, with its environment and `job_workflow_ref`, and compare it as text.",
    },
    severity: Severity::Error,
    dated: false,
};

pub const OIDC_SUBJECT_WEAK: Rule = Rule {
    code: Code {
        id: "oidc-subject-weak",
        title: "the identity of workflows says less than it could",
        why: "A subject by names means whoever has that name: a repository that is deleted and made anew by somebody else \
              is taken for this one. Without `job_workflow_ref` any workflow that may use the environment is taken for the \
              one that applies.",
        example: "gh api repos/OWNER/NAME/actions/oidc/customization/sub",
        instead: "Let the subject name owner and repository by number, and the workflow by `job_workflow_ref`.",
    },
    severity: Severity::Warning,
    dated: false,
};

/// The claim that names the workflow file whose job runs.
const WORKFLOW: &str = "job_workflow_ref";

pub(super) fn names_workflow(claims: &[String]) -> bool {
    claims.iter().any(|claim| claim == WORKFLOW)
}

pub(super) fn judge_subject(found: &mut Found<'_>, settings: &Settings) {
    let subject = match &settings.subject {
        Ok(Some(subject)) => subject,
        Ok(None) => return,
        Err(unread) => return found.unread(unread),
    };
    let Subject { is_immutable, claims } = subject;
    let mut lacks = Vec::new();
    if !is_immutable {
        lacks.push("it names owner and repository, and not their numbers");
    }
    if !claims.as_ref().is_some_and(|claims| names_workflow(claims)) {
        lacks.push("it lacks `job_workflow_ref`");
    }
    if !lacks.is_empty() {
        let help = format!(
            "gh api --method PUT repos/{}/actions/oidc/customization/sub -F use_default=false -F use_immutable_subject=true \
             -f 'include_claim_keys[]=repo' -f 'include_claim_keys[]=context' -f 'include_claim_keys[]={WORKFLOW}'; then \
             correct what trusts it",
            settings.name
        );
        found.set(&OIDC_SUBJECT_WEAK, format!("the subject of workflows is weak: {}", lacks.join(", and ")), help);
    }
}

/// Who issues the identity of workflows, as trusts name it.
const ISSUERS: [&str; 3] = ["token.actions.githubusercontent.com", "/_services/token", "assertion.sub"];

/// Managed files that say whom another system trusts.
pub(super) fn judge_files(found: &mut Found<'_>) {
    let revision = found.revision;
    for file in revision.files.iter() {
        let Some(source) = revision.source(file.path()).filter(|_| is_looked_at(file.path())) else { continue };
        let text = source.as_str();
        if !ISSUERS.iter().any(|issuer| text.contains(issuer)) {
            continue;
        }
        let config = &revision.access.config;
        let here = config.repository.as_ref().map(|home| home.name.as_str()).unwrap_or_default();
        for subject in subjects(text) {
            let what = if is_broad(subject) {
                "which more than one workflow can be"
            } else if is_elsewhere(subject, here, &config.branch) {
                "which a workflow can be that the protected branch doesn't hold"
            } else {
                continue;
            };
            let place = found.place_of(file.path(), subject);
            let message = format!("`{}` is trusted, {what}", subject.escape_debug());
            let help = format!("name one subject whole, with the environment `{ENVIRONMENT}`, and compare it as text");
            found.at(&OIDC_TRUST_BROAD, place, message, help);
        }
    }
}

fn is_looked_at(path: &str) -> bool {
    [".json", ".yaml", ".yml", ".tf", ".tfvars", ".hcl", ".bicep"].iter().any(|ending| path.ends_with(ending))
}

/// Every text that begins as a subject does, up to where it ends.
fn subjects(text: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ']' | ')' | '`');
    text.match_indices("repo:").filter_map(move |(at, _)| {
        let rest = text.get(at..)?;
        // a part of a longer word is none
        let before = text.get(..at)?.chars().next_back();
        let is_whole = before.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '_' | '-'));
        let subject = rest.get(..rest.find(ends).unwrap_or(rest.len()))?;
        (is_whole && subject.contains('/') || subject == "repo:*").then_some(subject)
    })
}

/// True where more than one job of one repository has it: a pattern, a pull request, or no end.
fn is_broad(subject: &str) -> bool {
    let parts = subject.splitn(3, ':').collect::<Vec<_>>();
    subject.contains(['*', '?']) || parts.len() < 3 || parts.last().is_some_and(|what| what.starts_with("pull_request"))
}

/// True of a subject of this repository that is neither of the protected branch nor of an environment that it alone can use.
fn is_elsewhere(subject: &str, here: &str, branch: &str) -> bool {
    let Some((name, what)) = subject.strip_prefix("repo:").and_then(|rest| rest.split_once(':')) else { return false };
    // owner and repository may be followed by their numbers
    let plain: Vec<&str> = name.split('/').map(|part| part.split('@').next().unwrap_or_default()).collect();
    if !plain.join("/").eq_ignore_ascii_case(here) {
        return false;
    }
    let allowed = [
        format!("ref:refs/heads/{branch}"),
        format!("environment:{ENVIRONMENT}"),
        format!("environment:{READ_ENVIRONMENT}"),
    ];
    !allowed
        .iter()
        .any(|one| what.strip_prefix(one.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_subject_that_is_whole_is_narrow() {
        let text = "\"sub\": [\"repo:northwind/access:*\", \"repo:northwind/access:environment:dualkey-apply\"], \
                    repo:*, 'repo:northwind@9/access@7:ref:refs/heads/main' repo:northwind/access:pull_request \
                    repo:northwind/a?:ref:refs/heads/main monorepo:x/y repo:northwind/access";
        let broad: Vec<&str> = subjects(text).filter(|subject| is_broad(subject)).collect();
        assert_eq!(
            broad,
            [
                "repo:northwind/access:*",
                "repo:*",
                "repo:northwind/access:pull_request",
                "repo:northwind/a?:ref:refs/heads/main",
                "repo:northwind/access"
            ]
        );
    }

    #[test]
    fn another_branch_or_environment_is_elsewhere() {
        let is = |subject: &str| is_elsewhere(subject, "northwind/access", "main");
        for subject in [
            "repo:northwind/access:ref:refs/heads/feature",
            "repo:northwind/access:ref:refs/heads/main2",
            "repo:Northwind@9/access@7:environment:staging",
            "repo:northwind/access:ref:refs/tags/v1",
        ] {
            assert!(is(subject), "{subject}");
        }
        for subject in [
            "repo:northwind/access:ref:refs/heads/main",
            "repo:northwind@9/access@7:environment:dualkey-apply",
            "repo:northwind/access:environment:dualkey-read:job_workflow_ref:northwind/access/x@refs/heads/main",
            "repo:northwind/shop:ref:refs/heads/feature",
        ] {
            assert!(!is(subject), "{subject}");
        }
    }
}

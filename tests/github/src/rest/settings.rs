//! What a repository is set to let its workflows do.

use super::render::{node_id, time};
use super::{Answered, Call};
use crate::exchange::Answer;
use crate::world::{Environment, Repository};
use serde_json::{Value, json};

pub(super) fn workflows(call: &mut Call) -> Answered {
    let settings = &call.repository()?.code.settings;
    Ok(Answer::ok(json!({
        "default_workflow_permissions": settings.workflow_permissions,
        "can_approve_pull_request_reviews": settings.workflows_approve,
    })))
}

fn environment(call: &Call, repository: &Repository, of: &Environment) -> Value {
    let full = call.world.full_name(repository);
    let mut rules = Vec::new();
    if !of.reviewers.is_empty() {
        let id = of.id + 1_000;
        let each = of.reviewers.iter().map(|id| json!({ "type": "User", "reviewer": call.user_by_number(*id) }));
        rules.push(json!({
            "id": id,
            "node_id": node_id("GA", id),
            "type": "required_reviewers",
            "prevent_self_review": of.prevent_self_review,
            "reviewers": each.collect::<Vec<Value>>(),
        }));
    }
    if of.protected_branches {
        let id = of.id + 2_000;
        rules.push(json!({ "id": id, "node_id": node_id("GA", id), "type": "branch_policy" }));
    }
    let policy = of.protected_branches.then(|| json!({ "protected_branches": true, "custom_branch_policies": false }));
    json!({
        "id": of.id,
        "node_id": node_id("EN", of.id),
        "name": of.name,
        "url": format!("{}/repos/{full}/environments/{}", call.base, of.name),
        "html_url": format!("https://github.com/{full}/deployments/activity_log?environments_filter={}", of.name),
        "created_at": time(of.created),
        "updated_at": time(of.created),
        "protection_rules": rules,
        "deployment_branch_policy": policy,
    })
}

pub(super) fn environments(call: &mut Call) -> Answered {
    let repository = call.repository()?;
    let (id, all) = (repository.id, repository.code.environments.clone());
    call.counted_page(&all, "environments", |call, it| environment(call, &call.world.repositories[&id], it))
}

/// How the subject of a workflow's identity is made.
pub(super) fn subject(call: &mut Call) -> Answered {
    let repository = call.repository()?;
    let settings = &repository.code.settings;
    let (owner, name) = (call.owner(repository), &repository.name);
    let login = owner["login"].as_str().unwrap_or_default();
    let prefix = match settings.immutable_subject {
        true => format!("repo:{login}@{}/{name}@{}", owner["id"], repository.id),
        false => format!("repo:{login}/{name}"),
    };
    let mut shown = json!({
        "use_default": settings.subject_claims.is_none(),
        "use_immutable_subject": settings.immutable_subject,
        "sub_claim_prefix": prefix,
    });
    if let Some(claims) = &settings.subject_claims {
        shown["include_claim_keys"] = json!(claims);
    }
    Ok(Answer::ok(shown))
}

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
    if of.protected_branches || of.branches.is_some() {
        let id = of.id + 2_000;
        rules.push(json!({ "id": id, "node_id": node_id("GA", id), "type": "branch_policy" }));
    }
    let policy = |protected: bool| json!({ "protected_branches": protected, "custom_branch_policies": !protected });
    let policy = (of.protected_branches || of.branches.is_some()).then(|| policy(of.protected_branches));
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

/// The repository, to be changed.
fn changed<'a>(call: &'a mut Call) -> Result<&'a mut Repository, Answer> {
    let id = call.repository()?.id;
    Ok(call.world.repositories.get_mut(&id).expect("it was found"))
}

pub(super) fn set_workflows(call: &mut Call) -> Answered {
    let body = call.body.clone();
    let settings = &mut changed(call)?.code.settings;
    if let Some(word) = body["default_workflow_permissions"].as_str() {
        settings.workflow_permissions = word.to_owned();
    }
    if let Some(may) = body["can_approve_pull_request_reviews"].as_bool() {
        settings.workflows_approve = may;
    }
    Ok(Answer::empty(204))
}

pub(super) fn set_subject(call: &mut Call) -> Answered {
    let body = call.body.clone();
    let keys = body["include_claim_keys"]
        .as_array()
        .map(|keys| keys.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<String>>());
    let settings = &mut changed(call)?.code.settings;
    settings.subject_claims = keys.filter(|_| body["use_default"] == false);
    if let Some(immutable) = body["use_immutable_subject"].as_bool() {
        settings.immutable_subject = immutable;
    }
    Ok(Answer { status: 201, ..Answer::ok(json!({})) })
}

pub(super) fn set_environment(call: &mut Call) -> Answered {
    let (name, body) = (call.parameter("environment_name").to_owned(), call.body.clone());
    let full = call.world.full_name(call.repository()?);
    if !call.repository()?.code.environments.iter().any(|it| it.name == name) {
        call.world.add_environment(&full, &name, &[]);
        let made = changed(call)?.code.environments.last_mut().expect("it was just made");
        made.protected_branches = false;
    }
    let environment = changed(call)?.code.environments.iter_mut().find(|it| it.name == name).expect("it is there");
    // what isn't named is taken away
    let policy = &body["deployment_branch_policy"];
    environment.protected_branches = policy["protected_branches"] == true;
    let custom = policy["custom_branch_policies"] == true;
    environment.branches = custom.then(|| environment.branches.take().unwrap_or_default());
    let reviewers = body["reviewers"].as_array().cloned().unwrap_or_default();
    environment.reviewers = reviewers.iter().filter_map(|it| it["id"].as_u64()).collect();
    let environment_now = environment.clone();
    let repository = call.repository()?;
    Ok(Answer::ok(self::environment(call, repository, &environment_now)))
}

fn branch_policy((id, name): &(crate::world::Id, String)) -> Value {
    json!({ "id": id, "node_id": node_id("GA", *id), "name": name, "type": "branch" })
}

/// The branches of an environment that names them.
fn of_environment(call: &Call) -> Result<Vec<(crate::world::Id, String)>, Answer> {
    let name = call.parameter("environment_name");
    let environment = call.repository()?.code.environments.iter().find(|it| it.name == name);
    Ok(environment.ok_or_else(Answer::not_found)?.branches.clone().unwrap_or_default())
}

pub(super) fn branches(call: &mut Call) -> Answered {
    let all = of_environment(call)?;
    call.counted_page(&all, "branch_policies", |_, it| branch_policy(it))
}

pub(super) fn add_branch(call: &mut Call) -> Answered {
    of_environment(call)?;
    let name = call.text("name").unwrap_or_default().to_owned();
    let environment = call.parameter("environment_name").to_owned();
    let id = call.world.number(9_000_000);
    let environments = &mut changed(call)?.code.environments;
    let environment = environments.iter_mut().find(|it| it.name == environment).expect("it was found");
    let Some(branches) = &mut environment.branches else {
        return Err(Answer::not_found());
    };
    branches.push((id, name.clone()));
    Ok(Answer::ok(branch_policy(&(id, name))))
}

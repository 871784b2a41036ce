//! Rules that guard branches.

use super::render::{and, node_id, time};
use super::{Answered, Call, Caller};
use crate::exchange::Answer;
use crate::world::{Bypass, Enforcement, Id, Level, Repository, ReviewRule, Rule, Ruleset};
use serde_json::{Value, json};

/// A rule as the interface of rulesets says it.
fn rule(repository: &Repository, rule: &Rule) -> Value {
    let (kind, parameters) = match rule {
        Rule::Creation => ("creation", None),
        Rule::Update => ("update", Some(json!({ "update_allows_fetch_and_merge": false }))),
        Rule::Deletion => ("deletion", None),
        Rule::NonFastForward => ("non_fast_forward", None),
        Rule::LinearHistory => ("required_linear_history", None),
        Rule::Signatures => ("required_signatures", None),
        Rule::PullRequest(review) => {
            let methods: Vec<&str> = repository.code.settings.methods.iter().map(|method| method.word()).collect();
            let parameters = json!({
                "allowed_merge_methods": methods,
                "dismiss_stale_reviews_on_push": review.dismiss_stale,
                "require_code_owner_review": review.code_owners,
                "require_last_push_approval": review.last_push,
                "required_approving_review_count": review.approvals,
                "required_review_thread_resolution": false,
            });
            ("pull_request", Some(parameters))
        }
        Rule::StatusChecks(checks) => {
            let each = checks.checks.iter().map(|(name, app)| match app {
                Some(app) => json!({ "context": name, "integration_id": app }),
                None => json!({ "context": name }),
            });
            let parameters = json!({
                "do_not_enforce_on_create": false,
                "required_status_checks": each.collect::<Vec<Value>>(),
                "strict_required_status_checks_policy": checks.strict,
            });
            ("required_status_checks", Some(parameters))
        }
        Rule::MergeQueue(method) => {
            let parameters = json!({
                "check_response_timeout_minutes": 60,
                "grouping_strategy": "ALLGREEN",
                "max_entries_to_build": 5,
                "max_entries_to_merge": 5,
                "merge_method": method.word().to_uppercase(),
                "min_entries_to_merge": 1,
                "min_entries_to_merge_wait_minutes": 5,
            });
            ("merge_queue", Some(parameters))
        }
    };
    match parameters {
        Some(parameters) => json!({ "type": kind, "parameters": parameters }),
        None => json!({ "type": kind }),
    }
}

fn simple(call: &Call, repository: &Repository, set: &Ruleset) -> Value {
    let full = call.world.full_name(repository);
    json!({
        "id": set.id,
        "name": set.name,
        "target": "branch",
        "source_type": "Repository",
        "source": full,
        "enforcement": set.enforcement.word(),
        "node_id": node_id("RRS", set.id),
        "_links": {
            "self": { "href": format!("{}/repos/{full}/rulesets/{}", call.base, set.id) },
            "html": { "href": format!("https://github.com/{full}/rules/{}", set.id) },
        },
        "created_at": time(set.created),
        "updated_at": time(set.updated),
    })
}

pub(super) fn list(call: &mut Call) -> Answered {
    let repository = call.repository()?;
    let targets: Vec<&str> = call.asked("targets").map(|targets| targets.split(',').collect()).unwrap_or_default();
    let shown = targets.is_empty() || targets.contains(&"branch");
    let sets = repository.code.rulesets.values().filter(|_| shown);
    let (id, all) = (repository.id, sets.cloned().collect::<Vec<Ruleset>>());
    call.page(&all, |call, set| simple(call, &call.world.repositories[&id], set))
}

fn bypass(of: Bypass, pulls_only: bool) -> Value {
    let (kind, id) = match of {
        Bypass::Owners => ("OrganizationAdmin", 1),
        // the number of that role
        Bypass::Admins => ("RepositoryRole", 5),
        Bypass::Team(id) => ("Team", id),
        Bypass::App(id) => ("Integration", id),
        Bypass::Account(id) => ("User", id),
    };
    json!({ "actor_id": id, "actor_type": kind, "bypass_mode": if pulls_only { "pull_request" } else { "always" } })
}

/// Whether the caller may change rules: only then they are told who needn't keep them.
fn changes_rules(call: &Call, repository: &Repository) -> bool {
    let Caller::Token(token) = call.caller else { return false };
    let permitted = token.permission("administration") == Some(crate::world::Permission::Write);
    let admin = |user: Id| call.world.effective(repository, user).is_some_and(|role| role.level == Level::Admin);
    permitted && token.user().is_none_or(admin)
}

pub(super) fn get(call: &mut Call) -> Answered {
    let repository = call.repository()?;
    let set = repository.code.rulesets.get(&call.number("ruleset_id")).ok_or_else(Answer::not_found)?;
    let rules: Vec<Value> = set.rules.iter().map(|it| rule(repository, it)).collect();
    let actor = call.actor();
    let above: Vec<bool> = set
        .bypass
        .iter()
        .filter(|(of, _)| call.world.bypasses(repository, actor, *of))
        .map(|(_, only)| *only)
        .collect();
    let can = match above[..] {
        [] => "never",
        _ if above.contains(&false) => "always",
        _ => "pull_requests_only",
    };
    let mut shown = and(
        simple(call, repository, set),
        json!({
            "conditions": { "ref_name": { "include": set.include, "exclude": set.exclude } },
            "rules": rules,
            "current_user_can_bypass": can,
        }),
    );
    if changes_rules(call, repository) {
        let actors = set.bypass.iter().map(|(of, pulls_only)| bypass(*of, *pulls_only));
        shown["bypass_actors"] = actors.collect();
    }
    Ok(Answer::ok(shown))
}

/// Rules that hold for a branch, whether or not there is such a branch. What is guarded in the older way isn't here.
pub(super) fn of_branch(call: &mut Call) -> Answered {
    let (repository, branch) = (call.repository()?, call.parameter("branch"));
    let sets = repository.code.rulesets.values().filter(|set| set.enforcement == Enforcement::Active);
    let sets = sets.filter(|set| set.is_for(branch, &repository.default_branch));
    let full = call.world.full_name(repository);
    let all: Vec<Value> = sets
        .flat_map(|set| {
            let from = json!({
                "ruleset_source_type": "Repository",
                "ruleset_source": full,
                "ruleset_id": set.id,
            });
            set.rules.iter().map(|it| and(rule(repository, it), from.clone())).collect::<Vec<Value>>()
        })
        .collect();
    call.page(&all, |_, rule| rule.clone())
}

/// How the older way guards a branch.
pub(super) fn protection(call: &mut Call) -> Answered {
    let (repository, branch) = (call.repository()?, call.parameter("branch"));
    if !repository.code.branches.contains_key(branch) {
        return Err(Answer::error(404, "Branch not found"));
    }
    let protection = repository.code.protections.get(branch);
    let protection = protection.ok_or_else(|| Answer::error(404, "Branch not protected"))?;
    let url = format!("{}/repos/{}/branches/{branch}/protection", call.base, call.world.full_name(repository));
    let on = |enabled: bool| json!({ "enabled": enabled });
    let has = |rule: &Rule| protection.rules.contains(rule);
    let mut shown = json!({
        "url": url,
        "enforce_admins": { "url": format!("{url}/enforce_admins"), "enabled": protection.enforce_admins },
        "required_linear_history": on(has(&Rule::LinearHistory)),
        "required_signatures": { "url": format!("{url}/required_signatures"), "enabled": has(&Rule::Signatures) },
        "allow_force_pushes": on(protection.force_pushes),
        "allow_deletions": on(protection.deletions),
        "block_creations": on(has(&Rule::Creation)),
        "required_conversation_resolution": on(false),
        "lock_branch": on(protection.locked),
        "allow_fork_syncing": on(false),
    });
    for rule in &protection.rules {
        match rule {
            Rule::PullRequest(ReviewRule { approvals, dismiss_stale, code_owners, last_push }) => {
                shown["required_pull_request_reviews"] = json!({
                    "url": format!("{url}/required_pull_request_reviews"),
                    "dismiss_stale_reviews": dismiss_stale,
                    "require_code_owner_reviews": code_owners,
                    "require_last_push_approval": last_push,
                    "required_approving_review_count": approvals,
                });
            }
            Rule::StatusChecks(checks) => {
                let names: Vec<&String> = checks.checks.iter().map(|(name, _)| name).collect();
                let each = checks.checks.iter().map(|(name, app)| json!({ "context": name, "app_id": app }));
                shown["required_status_checks"] = json!({
                    "url": format!("{url}/required_status_checks"),
                    "strict": checks.strict,
                    "contexts": names,
                    "contexts_url": format!("{url}/required_status_checks/contexts"),
                    "checks": each.collect::<Vec<Value>>(),
                });
            }
            _ => {}
        }
    }
    Ok(Answer::ok(shown))
}

//! Rules that guard branches.

use super::render::{and, node_id, time};
use super::{Answered, Call, Caller};
use crate::exchange::Answer;
use crate::world::{Bypass, CheckRule, Enforcement, Id, Level, Repository, ReviewRule, Rule, Ruleset};
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
        Bypass::Owners => ("OrganizationAdmin", Some(1)),
        // the number of that role
        Bypass::Admins => ("RepositoryRole", Some(5)),
        Bypass::Team(id) => ("Team", Some(id)),
        Bypass::App(id) => ("Integration", Some(id)),
        Bypass::Account(id) => ("User", Some(id)),
        Bypass::DeployKeys => ("DeployKey", None),
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

/// Why a ruleset isn't taken.
fn invalid(what: &str) -> Answer {
    Answer::error(422, &format!("Validation Failed: {what}"))
}

/// A rule as a body says it. Kinds that the stand-in doesn't know aren't taken.
fn asked_rule(rule: &Value) -> Result<Rule, Answer> {
    let parameters = &rule["parameters"];
    let on = |name: &str| parameters[name].as_bool().unwrap_or_default();
    Ok(match rule["type"].as_str() {
        Some("creation") => Rule::Creation,
        Some("update") => Rule::Update,
        Some("deletion") => Rule::Deletion,
        Some("non_fast_forward") => Rule::NonFastForward,
        Some("required_linear_history") => Rule::LinearHistory,
        Some("required_signatures") => Rule::Signatures,
        Some("pull_request") => Rule::PullRequest(ReviewRule {
            approvals: parameters["required_approving_review_count"].as_u64().unwrap_or_default(),
            dismiss_stale: on("dismiss_stale_reviews_on_push"),
            code_owners: on("require_code_owner_review"),
            last_push: on("require_last_push_approval"),
        }),
        Some("required_status_checks") => {
            let checks = parameters["required_status_checks"].as_array().into_iter().flatten();
            let one = |check: &Value| {
                (check["context"].as_str().unwrap_or_default().to_owned(), check["integration_id"].as_u64())
            };
            Rule::StatusChecks(CheckRule {
                checks: checks.map(one).collect(),
                strict: on("strict_required_status_checks_policy"),
            })
        }
        _ => return Err(invalid(&format!("Invalid rule '{}'", rule["type"]))),
    })
}

/// Who is excepted, as a body says it. Whoever isn't there can't be.
fn asked_bypass(call: &Call, actor: &Value) -> Result<(Bypass, bool), Answer> {
    let id = actor["actor_id"].as_u64();
    let world = &call.world;
    let of = match (actor["actor_type"].as_str(), id) {
        (Some("OrganizationAdmin"), _) => Bypass::Owners,
        (Some("RepositoryRole"), Some(5)) => Bypass::Admins,
        (Some("Team"), Some(id)) if world.teams.contains_key(&id) => Bypass::Team(id),
        // the App of workflows isn't installed by anybody, and can't be named
        (Some("Integration"), Some(id)) if world.installations.values().any(|it| it.app == id && id != 15_368) => {
            Bypass::App(id)
        }
        (Some("User"), Some(id)) if world.accounts.contains_key(&id) => Bypass::Account(id),
        (Some("DeployKey"), None) => Bypass::DeployKeys,
        _ => return Err(invalid(&format!("Actor {actor} must be part of the ruleset source or owner organization"))),
    };
    Ok((of, actor["bypass_mode"] == "pull_request"))
}

pub(super) fn create(call: &mut Call) -> Answered {
    let body = call.body.clone();
    let repository = call.repository()?;
    let name = body["name"].as_str().unwrap_or_default().to_owned();
    if repository.code.rulesets.values().any(|set| set.name == name) {
        return Err(invalid("Name must be unique"));
    }
    if body["target"] != "branch" && !body["target"].is_null() {
        return Err(invalid("only rulesets for branches are served"));
    }
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let rules = list(&body["rules"]).iter().map(asked_rule).collect::<Result<Vec<Rule>, Answer>>()?;
    let actors = list(&body["bypass_actors"]);
    let bypass = actors.iter().map(|actor| asked_bypass(call, actor)).collect::<Result<Vec<_>, Answer>>()?;
    let named = |which: &str| -> Vec<String> {
        let patterns = list(&body["conditions"]["ref_name"][which]);
        patterns.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (include, exclude) = (named("include"), named("exclude"));
    let plain = |pattern: &&String| !pattern.starts_with("refs/heads/") && !pattern.starts_with('~');
    if let Some(pattern) = include.iter().chain(&exclude).find(plain) {
        return Err(invalid(&format!("Invalid target pattern: '{pattern}'")));
    }
    let full = call.world.full_name(repository);
    let enforcement = body["enforcement"].as_str().and_then(Enforcement::from_word);
    let id = call.world.add_ruleset(&full, &name, "~ALL", rules);
    call.world.change_ruleset(&full, id, |set| {
        (set.include, set.exclude, set.bypass) = (include, exclude, bypass);
        set.enforcement = enforcement.unwrap_or(Enforcement::Active);
    });
    call.parameters.insert("ruleset_id".to_owned(), id.to_string());
    Ok(Answer { status: 201, ..get(call)? })
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

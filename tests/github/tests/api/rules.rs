//! Rules that guard branches, and what else a repository is set to.

use crate::client::Client;
use crate::story::{access, guard};
use crate::world::server;
use github_standin::world::{Bypass, CheckRule, Draft, Enforcement, Protection, ReviewRule, Rule};
use serde_json::{Value, json};

const AT: &str = "/repos/northwind/access";

#[test]
fn rules_are_listed_told_in_full_and_by_branch() {
    let mut world = access();
    let id = guard(&world);
    world.change_ruleset("access", id, |set| {
        set.bypass.push((Bypass::Owners, false));
        set.rules.push(Rule::StatusChecks(CheckRule { checks: vec![("plan".to_owned(), None)], strict: true }));
        set.rules.push(Rule::MergeQueue(github_standin::world::Method::Squash));
    });
    world.add_ruleset("access", "signed", "refs/heads/release/*", vec![Rule::Signatures, Rule::Creation]);
    let off = world.add_ruleset("access", "tried", "~ALL", vec![Rule::LinearHistory, Rule::Update]);
    world.change_ruleset("access", off, |set| set.enforcement = Enforcement::Evaluate);
    let (reads, admin) =
        (world.fine_grained_token("cleo", "contents=read"), world.fine_grained_token("ada", "administration=write"));
    let server = server(world);
    let client = Client::new(&server, &reads);
    assert_eq!(client.get(&format!("{AT}/rulesets")).each("enforcement"), ["active", "active", "evaluate"]);
    let full = client.get(&format!("{AT}/rulesets/{id}")).body;
    assert_eq!((&full["current_user_can_bypass"], full.get("bypass_actors")), (&json!("never"), None));
    assert_eq!(full["conditions"]["ref_name"]["include"], json!(["~DEFAULT_BRANCH"]));
    let full = Client::new(&server, &admin).get(&format!("{AT}/rulesets/{id}")).body;
    assert_eq!(full["current_user_can_bypass"], "always");
    let actors = json!([{ "actor_id": 1, "actor_type": "OrganizationAdmin", "bypass_mode": "always" }]);
    assert_eq!(full["bypass_actors"], actors);
    let kinds = |branch: &str| json!(client.get(&format!("{AT}/rules/branches/{branch}")).each("type"));
    let guarded = ["pull_request", "non_fast_forward", "deletion", "required_status_checks", "merge_queue"];
    assert_eq!(kinds("main"), json!(guarded));
    assert_eq!(kinds("release%2F1"), json!(["required_signatures", "creation"]));
    assert_eq!(kinds("else"), json!([]));
    let rule = client.get(&format!("{AT}/rules/branches/main")).list()[0].clone();
    assert_eq!((&rule["ruleset_id"], &rule["ruleset_source_type"]), (&json!(id), &json!("Repository")));
    assert_eq!(rule["parameters"]["required_approving_review_count"], 1);
    assert_eq!(client.get(&format!("{AT}/rulesets/1")).status, 404);
}

#[test]
fn rules_hold_for_pushes() {
    let mut world = access();
    world.add_ruleset(
        "access",
        "release",
        "refs/heads/release/*",
        vec![Rule::NonFastForward, Rule::Deletion, Rule::Signatures],
    );
    let main = world.branch("access", "main").unwrap();
    world.push("access", "release/1", &main, "cleo");
    let unsigned = world.make_commit("access", &Draft::on(&main, "cleo").write("a", "1\n"));
    let refused = world.try_push("access", "release/1", &unsigned, "cleo").unwrap_err();
    assert!(refused.message.ends_with("Commits must have verified signatures."), "{refused:?}");
    let signed = world.make_commit("access", &Draft::on(&main, "cleo").write("a", "1\n").signed());
    world.push("access", "release/1", &signed, "cleo");
    let refused = world.try_push("access", "release/1", &main, "cleo").unwrap_err();
    assert!(refused.message.ends_with("Cannot force-push to this protected branch."), "{refused:?}");
    let refused = world.try_push("access", "other", &main, "finn").unwrap_err();
    assert_eq!(refused.message, "Permission to northwind/access.git denied to finn.");
    world.archive("access", true);
    let refused = world.try_push("access", "other", &main, "cleo").unwrap_err();
    assert_eq!((refused.status, refused.message.as_str()), (403, "Repository was archived so is read-only."));
}

#[test]
#[should_panic(expected = "Cannot delete this protected branch.")]
fn a_guarded_branch_is_not_deleted() {
    access().delete_branch("access", "main", "ada");
}

#[test]
fn the_older_way_is_told_to_administrators_only() {
    let mut world = access();
    let review = ReviewRule { approvals: 2, dismiss_stale: true, code_owners: true, last_push: true };
    let checks = CheckRule { checks: vec![("plan".to_owned(), None)], strict: false };
    let rules = vec![Rule::PullRequest(review), Rule::StatusChecks(checks)];
    world.protect("access", "main", Protection { rules, enforce_admins: true, ..Protection::default() });
    world.commit_to("access", "free", "cleo", "a", "1\n");
    let admin = world.fine_grained_token("ada", "administration=read");
    let pushes = world.fine_grained_token("cleo", "administration=read");
    let less = world.fine_grained_token("ada", "contents=read");
    let server = server(world);
    let client = Client::new(&server, &admin);
    let told = client.get(&format!("{AT}/branches/main/protection")).body;
    let of = |part: &str, field: &str| told[part][field].clone();
    assert_eq!(of("required_pull_request_reviews", "required_approving_review_count"), 2);
    assert_eq!(of("required_status_checks", "contexts"), json!(["plan"]));
    assert_eq!((of("enforce_admins", "enabled"), of("lock_branch", "enabled")), (json!(true), json!(false)));
    for (branch, message) in [("free", "Branch not protected"), ("nowhere", "Branch not found")] {
        let none = client.get(&format!("{AT}/branches/{branch}/protection"));
        assert_eq!((none.status, &none.body["message"]), (404, &json!(message)));
    }
    assert_eq!(Client::new(&server, &pushes).get(&format!("{AT}/branches/main/protection")).status, 403);
    let refused = Client::new(&server, &less).get(&format!("{AT}/branches/main/protection"));
    assert_eq!(refused.header("X-Accepted-GitHub-Permissions"), Some("administration=read"));
}

#[test]
fn what_workflows_may_and_how_they_are_called_is_told() {
    let mut world = access();
    world.add_environment("access", "apply", &["ada", "bo"]);
    let token = world.fine_grained_token("ada", "administration=read actions=read");
    let server = server(world);
    let client = Client::new(&server, &token);
    let workflows = || client.get(&format!("{AT}/actions/permissions/workflow")).body;
    let told = json!({ "default_workflow_permissions": "read", "can_approve_pull_request_reviews": false });
    assert_eq!(workflows(), told);
    let environments = client.get(&format!("{AT}/environments")).body;
    let apply = &environments["environments"][0];
    assert_eq!((&environments["total_count"], &apply["name"]), (&json!(1), &json!("apply")));
    let reviewers = apply["protection_rules"][0]["reviewers"].as_array().unwrap();
    let logins: Vec<&Value> = reviewers.iter().map(|it| &it["reviewer"]["login"]).collect();
    assert_eq!(json!(logins), json!(["ada", "bo"]));
    let (owner, repository) = server.world(|world| (world.organization().id, world.repository("access").unwrap().id));
    let subject = || client.get(&format!("{AT}/actions/oidc/customization/sub")).body;
    let prefix = format!("repo:northwind@{owner}/access@{repository}");
    let usual = json!({ "use_default": true, "use_immutable_subject": true, "sub_claim_prefix": prefix });
    assert_eq!(subject(), usual);
    server.world(|world| {
        let settings = world.settings_mut("access");
        settings.workflows_approve = true;
        settings.immutable_subject = false;
        settings.subject_claims = Some(vec!["repo".to_owned(), "job_workflow_ref".to_owned()]);
    });
    assert_eq!(workflows()["can_approve_pull_request_reviews"], true);
    let other = subject();
    assert_eq!((&other["sub_claim_prefix"], &other["use_default"]), (&json!("repo:northwind/access"), &json!(false)));
    assert_eq!(other["include_claim_keys"], json!(["repo", "job_workflow_ref"]));
}

#[test]
fn an_administrator_makes_rulesets_and_changes_settings() {
    let mut world = access();
    let (admin, reads) = (
        world.fine_grained_token("ada", "administration=write actions=write"),
        world.fine_grained_token("ada", "administration=read actions=read"),
    );
    let server = server(world);
    let (admin, reads) = (Client::new(&server, &admin), Client::new(&server, &reads));
    let ruleset = json!({
        "name": "log",
        "target": "branch",
        "enforcement": "active",
        "bypass_actors": [{ "actor_id": null, "actor_type": "DeployKey", "bypass_mode": "always" }],
        "conditions": { "ref_name": { "include": ["refs/heads/log"], "exclude": [] } },
        "rules": [{ "type": "update", "parameters": { "update_allows_fetch_and_merge": false } }, { "type": "deletion" }],
    });
    let at = format!("{AT}/rulesets");
    assert_eq!(reads.send("POST", &at, Some(&ruleset)).status, 403);
    let made = admin.send("POST", &at, Some(&ruleset));
    assert_eq!((made.status, &made.body["bypass_actors"]), (201, &ruleset["bypass_actors"]));
    assert_eq!(reads.get(&format!("{AT}/rules/branches/log")).each("type"), ["update", "deletion"]);
    assert_eq!(reads.get(&format!("{AT}/rules/branches/main")).each("type").len(), 3);
    // a name is used once, a pattern names refs, and the App of workflows is nobody's to except
    assert_eq!(admin.send("POST", &at, Some(&ruleset)).status, 422);
    let mut other = ruleset.clone();
    other["name"] = json!("other");
    other["bypass_actors"] = json!([{ "actor_id": 15_368, "actor_type": "Integration" }]);
    assert_eq!(admin.send("POST", &at, Some(&other)).status, 422);
    other["bypass_actors"] = json!([]);
    other["conditions"]["ref_name"]["include"] = json!(["log"]);
    assert_eq!(admin.send("POST", &at, Some(&other)).status, 422);

    let workflows = json!({ "default_workflow_permissions": "write", "can_approve_pull_request_reviews": true });
    let at = format!("{AT}/actions/permissions/workflow");
    assert_eq!(admin.send("PUT", &at, Some(&workflows)).status, 204);
    assert_eq!(reads.get(&at).body, workflows);
    let at = format!("{AT}/actions/oidc/customization/sub");
    let subject = json!({ "use_default": false, "include_claim_keys": ["repo"], "use_immutable_subject": false });
    assert_eq!(admin.send("PUT", &at, Some(&subject)).status, 201);
    assert_eq!(reads.get(&at).body["include_claim_keys"], json!(["repo"]));

    let at = format!("{AT}/environments/apply");
    let named = json!({ "deployment_branch_policy": { "protected_branches": false, "custom_branch_policies": true } });
    assert_eq!(
        admin.send("POST", &format!("{at}/deployment-branch-policies"), Some(&json!({ "name": "main" }))).status,
        404
    );
    assert_eq!(
        admin.send("PUT", &at, Some(&named)).body["deployment_branch_policy"],
        named["deployment_branch_policy"]
    );
    let added = admin.send("POST", &format!("{at}/deployment-branch-policies"), Some(&json!({ "name": "main" })));
    assert_eq!((added.status, &added.body["name"]), (200, &json!("main")));
    let policies = reads.get(&format!("{at}/deployment-branch-policies")).body;
    assert_eq!((&policies["total_count"], &policies["branch_policies"][0]["name"]), (&json!(1), &json!("main")));
    assert_eq!(reads.get(&format!("{AT}/environments")).body["total_count"], 1);
}

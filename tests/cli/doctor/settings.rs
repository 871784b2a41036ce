//! Each setting that is undone is found, and nothing else.

use super::*;

/// What is undone, by what, and what is found then.
type Undone = (&'static str, fn(&Clinic), &'static str);

fn environment(clinic: &Clinic, change: impl FnOnce(&mut github_standin::world::Environment)) {
    clinic.forge(|forge| {
        change(forge.environments_mut("access").iter_mut().find(|it| it.name == "dualkey-apply").unwrap())
    });
}

fn review(set: &mut Ruleset, change: impl FnOnce(&mut ReviewRule)) {
    let rule = set.rules.iter_mut().find_map(|rule| if let Rule::PullRequest(rule) = rule { Some(rule) } else { None });
    change(rule.unwrap());
}

const PROTECTED: &str = "protected branch";
const HISTORY: &str = "the log is only added to";
const WRITERS: &str = "only apply writes the log";

const UNDONE: &[Undone] = &[
    (
        "no pull request",
        |clinic| clinic.ruleset(PROTECTED, |set| set.rules.retain(|rule| !matches!(rule, Rule::PullRequest(_)))),
        "branch-not-guarded",
    ),
    (
        "pushed anew",
        |clinic| clinic.ruleset(PROTECTED, |set| set.rules.retain(|rule| *rule != Rule::NonFastForward)),
        "branch-not-guarded",
    ),
    (
        "deleted",
        |clinic| clinic.ruleset(PROTECTED, |set| set.rules.retain(|rule| *rule != Rule::Deletion)),
        "branch-not-guarded",
    ),
    (
        "no approval",
        |clinic| clinic.ruleset(PROTECTED, |set| review(set, |rule| rule.approvals = 0)),
        "reviews-not-required",
    ),
    (
        "stale approvals",
        |clinic| clinic.ruleset(PROTECTED, |set| review(set, |rule| rule.dismiss_stale = false)),
        "stale-reviews-stand",
    ),
    (
        "no check",
        |clinic| clinic.ruleset(PROTECTED, |set| set.rules.retain(|rule| !matches!(rule, Rule::StatusChecks(_)))),
        "check-not-required",
    ),
    (
        "anybody's check",
        |clinic| {
            clinic.ruleset(PROTECTED, |set| {
                for rule in &mut set.rules {
                    if let Rule::StatusChecks(checks) = rule {
                        checks.checks = vec![("dualkey verify".to_owned(), None)];
                    }
                }
            });
        },
        "check-not-required",
    ),
    (
        "only evaluated",
        |clinic| clinic.ruleset(PROTECTED, |set| set.enforcement = Enforcement::Evaluate),
        "ruleset-not-enforced",
    ),
    (
        "disabled",
        |clinic| clinic.ruleset(HISTORY, |set| set.enforcement = Enforcement::Disabled),
        "ruleset-not-enforced",
    ),
    (
        "owners bypass",
        |clinic| clinic.ruleset(PROTECTED, |set| set.bypass = vec![(Bypass::Owners, false)]),
        "rules-bypassed",
    ),
    (
        "by pull requests",
        |clinic| clinic.ruleset(PROTECTED, |set| set.bypass = vec![(Bypass::Admins, true)]),
        "rules-bypassed",
    ),
    (
        "the key rewrites the log",
        |clinic| clinic.ruleset(HISTORY, |set| set.bypass = vec![(Bypass::DeployKeys, false)]),
        "rules-bypassed",
    ),
    (
        "another branch",
        |clinic| clinic.ruleset(HISTORY, |set| set.include = vec!["refs/heads/x".to_owned()]),
        "log-not-guarded",
    ),
    (
        "everybody writes the log",
        |clinic| clinic.ruleset(WRITERS, |set| set.rules.retain(|rule| *rule != Rule::Update)),
        "log-not-guarded",
    ),
    (
        "administrators write the log",
        |clinic| clinic.ruleset(WRITERS, |set| set.bypass.push((Bypass::Admins, false))),
        "log-writers",
    ),
    (
        "workflows write the log",
        |clinic| clinic.ruleset(WRITERS, |set| set.bypass = vec![(Bypass::App(15_368), false)]),
        "log-writers",
    ),
    ("nobody writes the log", |clinic| clinic.ruleset(WRITERS, |set| set.bypass.clear()), "log-writers"),
    (
        "two keys",
        |clinic| {
            clinic.forge(|forge| forge.add_deploy_key("access", "old", false, "priyashah"));
        },
        "log-writers",
    ),
    (
        "workflows approve",
        |clinic| clinic.forge(|forge| forge.settings_mut("access").workflows_approve = true),
        "actions-may-approve",
    ),
    (
        "workflows write",
        |clinic| clinic.forge(|forge| forge.settings_mut("access").workflow_permissions = "write".to_owned()),
        "actions-may-write",
    ),
    (
        "names in the subject",
        |clinic| clinic.forge(|forge| forge.settings_mut("access").immutable_subject = false),
        "oidc-subject-weak",
    ),
    (
        "no workflow in the subject",
        |clinic| clinic.forge(|forge| forge.settings_mut("access").subject_claims = None),
        "oidc-subject-weak",
    ),
    ("every branch", |clinic| environment(clinic, |it| it.branches = None), "environment-open"),
    (
        "protected in the older way",
        |clinic| environment(clinic, |it| (it.branches, it.protected_branches) = (None, true)),
        "environment-open",
    ),
    (
        "further branches",
        |clinic| environment(clinic, |it| it.branches.as_mut().unwrap().push((1, "release/*".to_owned()))),
        "environment-open",
    ),
    (
        "no environment",
        |clinic| clinic.forge(|forge| forge.environments_mut("access").retain(|it| it.name != "dualkey-read")),
        "environment-open",
    ),
    (
        "reviewers",
        |clinic| {
            let id = clinic.forge(|forge| forge.account("priyashah").unwrap().id);
            environment(clinic, |it| it.reviewers = vec![id]);
        },
        "environment-waits",
    ),
    (
        "a plan without rules",
        |clinic| clinic.forge(|forge| forge.organization_mut().plan = Plan::Free),
        "plan-cannot-offer",
    ),
];

#[test]
fn each_setting_that_is_undone_is_found_and_nothing_else() {
    let clinic = Clinic::done();
    let before = clinic.forge(|forge| forge.clone());
    let mut wrong = Vec::new();
    for (what, undo, rule) in UNDONE {
        undo(&clinic);
        let found = clinic.found();
        if found != [*rule] {
            wrong.push(format!("{what}: {found:?}, and not {rule}"));
        }
        clinic.forge(|forge| *forge = before.clone());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(clinic.found(), [""; 0]);
}

#[test]
fn what_a_plan_lacks_is_made_up_for_by_the_identity_of_the_workflow() {
    let clinic = Clinic::done();
    clinic.forge(|forge| forge.organization_mut().plan = Plan::Team);
    assert_eq!(clinic.found(), [""; 0]);
    clinic.forge(|forge| {
        forge.settings_mut("access").subject_claims = Some(vec!["repo".to_owned(), "context".to_owned()])
    });
    assert_eq!(clinic.found(), ["oidc-subject-weak", "plan-cannot-offer"]);
    // a public repository has everything on every plan
    clinic.forge(|forge| forge.set_visibility("access", Visibility::Public));
    assert_eq!(clinic.found(), ["oidc-subject-weak"]);
}

#[test]
fn the_older_protection_counts_as_rulesets_do() {
    let clinic = Clinic::done();
    // a branch that isn't there can't be protected so
    clinic.forge(|forge| {
        let root = forge.make_commit("access", &github_standin::world::Draft::root("priyashah").write("a", "1\n"));
        forge.push("access", "elsewhere", &root, "priyashah");
    });
    clinic.ruleset(PROTECTED, |set| set.enforcement = Enforcement::Disabled);
    clinic.ruleset(PROTECTED, |set| set.include = vec!["refs/heads/other".to_owned()]);
    assert_eq!(clinic.found(), ["branch-not-guarded", "check-not-required"]);
    let checks =
        github_standin::world::CheckRule { checks: vec![("dualkey verify".to_owned(), Some(15_368))], strict: false };
    let review = ReviewRule { approvals: 1, dismiss_stale: true, ..ReviewRule::default() };
    let rules = vec![Rule::PullRequest(review), Rule::StatusChecks(checks)];
    let protection = Protection { rules, enforce_admins: true, ..Protection::default() };
    clinic.edit("dualkey.yaml", "branch: main", "branch: elsewhere");
    clinic.forge(|forge| {
        forge.protect("access", "elsewhere", protection.clone());
        for environment in forge.environments_mut("access") {
            environment.branches = Some(vec![(1, "elsewhere".to_owned())]);
        }
    });
    assert_eq!(clinic.found(), [""; 0]);
    clinic.forge(|forge| {
        forge.protect("access", "elsewhere", Protection { enforce_admins: false, ..protection.clone() })
    });
    assert_eq!(clinic.found(), ["rules-bypassed"]);
    clinic.forge(|forge| forge.protect("access", "elsewhere", Protection { force_pushes: true, ..protection }));
    assert_eq!(clinic.found(), ["branch-not-guarded"]);
}

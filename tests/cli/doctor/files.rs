//! Workflows and other files that are wrong, told at their line, and what `--fix` writes.

use super::*;
use crate::support::files as contents;

const CHECKOUT: &str = "actions/checkout@0123456789abcdef0123456789abcdef01234567";

/// What is written, where, and what is found then and nothing else.
const WRONG: &[(&str, &str, &str)] = &[
    (
        // a pwn request
        "on: pull_request_target\njobs:\n  plan:\n    steps:\n      - uses: CHECKOUT\n        with:\n          \
         ref: ${{ github.event.pull_request.head.sha }}\n      - run: make\n",
        "wf-dangerous-trigger",
        "7",
    ),
    (
        "on: [pull_request_target]\npermissions: {}\njobs:\n  plan:\n    steps:\n      - run: |\n          gh pr checkout 7\n",
        "wf-dangerous-trigger",
        "7",
    ),
    (
        "on: [issue_comment]\npermissions: {}\njobs:\n  plan:\n    steps:\n      - run: |\n          git fetch origin \
         refs/pull/7/head\n          git checkout FETCH_HEAD\n",
        "wf-dangerous-trigger",
        "8",
    ),
    (
        "on: { workflow_run: { workflows: [ci] } }\npermissions: {}\njobs:\n  plan:\n    steps:\n      - run: |\n          \
         gh run download 7\n",
        "wf-dangerous-trigger",
        "7",
    ),
    (
        "on: { workflow_run: { workflows: [ci] } }\npermissions: {}\njobs:\n  plan:\n    steps:\n      - env:\n          \
         HEAD: ${{ github.event.workflow_run.head_sha }}\n        run: |\n          git fetch origin \"$HEAD\"\n          \
         git checkout --quiet \"$HEAD\"\n",
        "wf-dangerous-trigger",
        "10",
    ),
    (
        "on: { workflow_run: { workflows: [ci] } }\npermissions: {}\njobs:\n  plan:\n    steps:\n      - run: echo \
         ${{ github.event.workflow_run.head_branch }}\n",
        "wf-dangerous-trigger",
        "6",
    ),
    (
        "on: { workflow_run: { workflows: [ci] } }\njobs:\n  plan:\n    steps:\n      - run: \"true\"\n",
        "wf-dangerous-trigger",
        "3",
    ),
    (
        // a cache that a pull request wrote
        "on: push\njobs:\n  apply:\n    environment: dualkey-apply\n    steps:\n      - uses: \
         actions/cache@0123456789abcdef0123456789abcdef01234567\n      - run: |\n          cd access\n          \
         dualkey apply\n",
        "wf-cache-in-apply",
        "6",
    ),
    (
        "on: push\njobs:\n  apply:\n    environment: dualkey-apply\n    steps:\n      - uses: \
         actions/setup-node@0123456789abcdef0123456789abcdef01234567\n        with: { cache: npm }\n      - run: \
         ./bin/dualkey --quiet apply --only-ends\n",
        "wf-cache-in-apply",
        "6",
    ),
    (
        // who started the run
        "on: push\njobs:\n  plan:\n    if: github.actor == 'dependabot[bot]'\n    steps:\n      - run: \"true\"\n",
        "wf-actor-condition",
        "4",
    ),
    (
        "on: push\njobs:\n  plan:\n    steps:\n      - run: |\n          if [ \"$GITHUB_ACTOR\" = ada ]; then exit 0; fi\n",
        "wf-actor-condition",
        "6",
    ),
    ("on: push\njobs:\n  plan:\n    steps:\n      - uses: actions/checkout@v5\n", "wf-action-unpinned", "5"),
    (
        "on: push\njobs:\n  plan:\n    uses: northwind/flows/.github/workflows/plan.yml@COMMIT\n",
        "wf-action-unpinned",
        "4",
    ),
    (
        "on: push\njobs:\n  plan:\n    uses: ./.github/workflows/plan.yml\n    secrets: inherit\n",
        "wf-secrets-inherit",
        "5",
    ),
    ("on: push\njobs:\n  apply:\n    steps:\n      - run: dualkey apply\n", "environment-open", "3"),
    ("on: push\njobs:\n  a: &a\n    steps: []\n  b: *a\n", "wf-unreadable", "1"),
    ("on: push\n", "wf-unreadable", "1"),
];

/// What is as dangerous at first sight, and isn't.
const FINE: &[&str] = &[
    // the base's own files
    "on: pull_request_target\npermissions: {}\njobs:\n  greet:\n    steps:\n      - uses: CHECKOUT\n      - run: ./greet\n",
    // fetched as data of git
    "on: { workflow_run: { workflows: [ci] } }\npermissions: {}\njobs:\n  plan:\n    steps:\n      - env: { HEAD: \"${{ \
     github.event.workflow_run.head_sha }}\" }\n        run: git -C access fetch --quiet origin \"$HEAD\"\n",
    // a cache where nothing is applied
    "on: push\njobs:\n  lint:\n    steps:\n      - uses: actions/cache@0123456789abcdef0123456789abcdef01234567\n      - run: \
     dualkey lint\n",
    // said, and not asked
    "on: push\njobs:\n  lint:\n    steps:\n      - run: echo \"for $GITHUB_ACTOR\"\n",
];

#[test]
fn a_workflow_that_is_wrong_is_told_at_its_line() {
    let clinic = Clinic::done();
    let path = ".github/workflows/other.yml";
    for (text, rule, lines) in WRONG {
        let text = text.replace("CHECKOUT", CHECKOUT);
        clinic.world.write(path, &text);
        assert_eq!(clinic.found(), [*rule], "{text}");
        let document = clinic.doctor(&["--format", "json"]).json();
        let told = &document["findings"][0];
        assert_eq!(told["file"], path, "{text}");
        let line = told["line"].to_string();
        assert!(lines.split(' ').any(|one| one == line), "line {line} of\n{text}");
    }
    for text in FINE {
        clinic.world.write(path, &text.replace("CHECKOUT", CHECKOUT));
        assert_eq!(clinic.found(), [""; 0], "{text}");
    }
}

#[test]
fn a_cache_in_an_action_of_the_repository_is_seen_where_it_is_used() {
    let clinic = Clinic::done();
    let cache = "    - uses: actions/cache@0123456789abcdef0123456789abcdef01234567\n";
    clinic.edit(".github/actions/dualkey/action.yml", "  steps:\n", &format!("  steps:\n{cache}"));
    assert_eq!(clinic.found(), ["wf-cache-in-apply"]);
    let document = clinic.doctor(&["--format", "json"]).json();
    let files: Vec<&str> =
        document["findings"].as_array().unwrap().iter().map(|it| it["file"].as_str().unwrap()).collect();
    assert_eq!(files, [".github/workflows/apply.yml", ".github/workflows/reconcile.yml"]);
}

#[test]
fn a_trust_in_more_than_one_workflow_is_found() {
    let clinic = Clinic::done();
    let trust = |subject: &str| {
        format!(
            "{{ \"Condition\": {{ \"StringLike\": {{ \"token.actions.githubusercontent.com:sub\": \"{subject}\" }} }} }}\n"
        )
    };
    for (subject, broad) in [
        ("repo:northwind/access:*", true),
        ("repo:northwind/access:pull_request", true),
        ("repo:northwind/access:ref:refs/heads/feature", true),
        ("repo:northwind/access:environment:staging", true),
        ("repo:northwind@1/access@2:environment:dualkey-apply", false),
    ] {
        clinic.world.write(".github/aws/trust.json", &trust(subject));
        let expected: &[&str] = if broad { &["oidc-trust-broad"] } else { &[] };
        assert_eq!(clinic.found(), expected, "{subject}");
    }
}

#[test]
fn a_log_that_is_on_no_branch_is_told() {
    let clinic = Clinic::done();
    clinic.edit("dualkey.yaml", "refs/heads/dualkey-audit", "refs/dualkey/audit");
    assert_eq!(clinic.found(), ["log-on-no-branch"]);
    clinic.doctor(&[]).exits(0).says("refs/dualkey/audit").says("dualkey.yaml");
}

#[test]
fn fix_writes_whom_the_rules_ask_and_nothing_else() {
    let clinic = Clinic::done();
    let owners = clinic.world.read(".github/CODEOWNERS");
    assert!(owners.contains("/policies/ @mei-tanaka @priyashah @sven-olsen\n"), "{owners}");
    assert!(owners.contains("/grants/app-staging/ @mei-tanaka @priyashah @sven-olsen\n"), "{owners}");
    // somebody leaves
    let person = clinic.world.read("people/sven.olsen.yaml");
    clinic.world.write("people/sven.olsen.yaml", &format!("{person}ended: 2026-11-01\n"));
    assert_eq!(clinic.found(), ["codeowners-stale"]);
    let before = contents(&clinic.world.repo());
    clinic.doctor(&["--fix"]).exits(0).says("wrote .github/CODEOWNERS").says("no findings");
    let after = contents(&clinic.world.repo());
    let changed: Vec<_> = after.iter().filter(|(path, text)| before.get(*path) != Some(text)).collect();
    assert!(changed.len() == 1 && changed[0].0.ends_with(".github/CODEOWNERS"), "{changed:?}");
    assert!(!clinic.world.read(".github/CODEOWNERS").contains("sven-olsen"));
    clinic.doctor(&["--fix"]).exits(0);
    assert_eq!(contents(&clinic.world.repo()), after);
    std::fs::remove_file(clinic.world.repo().join(".github/CODEOWNERS")).unwrap();
    assert_eq!(clinic.found(), ["codeowners-stale"]);
}

#[test]
fn a_revision_is_looked_at_in_place_of_the_work_tree() {
    let clinic = Clinic::done();
    clinic.world.be("priya.shah");
    clinic.world.commit("start");
    clinic.world.write(".github/workflows/other.yml", "on: push\n");
    assert_eq!(clinic.found(), ["wf-unreadable"]);
    clinic.doctor(&["--rev", "HEAD"]).exits(0).says("no findings");
    clinic.doctor(&["--rev", "HEAD", "--fix"]).exits(2);
    // annotations of a job, and the summary of one
    let told = clinic.doctor(&["--format", "github"]).exits(1).stdout;
    assert!(told.starts_with("::error file=.github/workflows/other.yml,line=1,title=wf-unreadable::"), "{told}");
    clinic.doctor(&["--format", "markdown"]).exits(1).says("wf-unreadable");
}

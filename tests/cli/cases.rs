//! `dualkey test`, told on an access repository with cases beside its policies.

use crate::support::World;

const ACCESS: &str = "access:
  - name: Bob never administers a repository
    never: [bob.keller]
    what: [\"repository:*:admin\"]
  - name: Somebody can approve
    approvers: { domain: payments-staging, at_least: 1 }
";

#[test]
fn access_tests_pass_and_fail_with_their_place() {
    let world = World::new();
    world.timed(&["test"]).exits(2).says("nothing to test");
    world.write("policies/people.cases.yaml", ACCESS);
    world.timed(&["lint"]).exits(0);
    world.timed(&["test"]).exits(0).says("2 passed, 0 failed");
    for (test, says) in [
        ("only: [bob.keller]\n    what: [\"repository:*:*\"]", "expected nobody else, got"),
        ("reaches: [bob.keller]\n    what: [\"repository:*:admin\"]", "expected `bob.keller` to reach it, got never"),
        ("approvers: { domain: payments-staging, at_least: 9 }", "expected at least 9 for rule"),
        // three own it: one of them writes, one gains, and one can approve
        (
            "approvers: { domain: payments-staging, at_least: 2 }",
            "got 1: [omar.diallo, priya.shah], who don't gain by grant",
        ),
        ("approvers: { domain: nowhere, at_least: 1 }", "there is no domain `nowhere`"),
        ("never: [nobody.here]\n    what: [\"repository:*:*\"]", "there is no `nobody.here`"),
        ("never: [\"group:nobody\"]\n    what: [\"repository:*:*\"]", "there is no `group:nobody`"),
        ("never: [bob.keller]\n    what: [\"repository:nowhere/x:push\"]", "names no resource of any domain"),
        ("never: [bob.keller]\n    what: [everything]", "a pattern is written"),
        ("never: [bob.keller]", "`what` names nothing"),
        ("what: [\"repository:*:*\"]", "exactly one of"),
    ] {
        world.write("policies/people.cases.yaml", &format!("access:\n  - name: It is so\n    {test}\n"));
        let ran = world.timed(&["test"]).exits(1).says(says).says("failed It is so").says("0 passed, 1 failed");
        assert!(ran.stdout.contains("at policies/people.cases.yaml:2:11"), "{}", ran.stdout);
    }
}

#[test]
fn who_can_approve_leaves_out_who_gains_and_the_author() {
    let world = World::new();
    let at_least = |count: u32| {
        let test = format!("approvers: {{ domain: platform, at_least: {count} }}");
        world.write("policies/people.cases.yaml", &format!("access:\n  - name: It is so\n    {test}\n"));
        world.timed(&["test"])
    };
    // two of security gain by one grant, and the third may be who writes it
    let ran = at_least(1)
        .exits(1)
        .says("rule `access-privileged-1`, got 0: [yusuf.demir], who don't gain by grant `org-admins`");
    // all three owners gain by it: they count then, and one more is asked for
    assert!(!ran.stdout.contains("`access-1`"), "{}", ran.stdout);
    at_least(2).exits(1).says("got 1: [lena.vogt, mei.tanaka, sven.olsen], who all gain by grant `org-admins`");
    // one more owner, who doesn't gain, is the only one who counts then
    let domain = world.read("domains/platform.yaml");
    world.write("domains/platform.yaml", &domain.replace("sven.olsen]", "sven.olsen, omar.diallo]"));
    at_least(1).exits(1).says("rule `access-1`, got 0: [omar.diallo], who don't gain by grant `org-admins`");
}

#[test]
fn cases_say_what_was_expected_and_what_came() {
    let world = World::new();
    let case = |expect: &str| {
        format!(
            "cases:\n  - name: A grant without its person\n    change:\n      grants/x.yaml: |\n        to: [nobody.here]\n        \
             role: developer\n        domain: payments-staging\n        reason: Work\n    expect: [{expect}]\n"
        )
    };
    world.write("policies/x.cases.yaml", &case("unknown-reference"));
    let ran = world.timed(&["test"]).exits(0).says("1 passed, 0 failed").says("no case exercises ");
    assert!(ran.stdout.contains("no case exercises duties"), "{}", ran.stdout);
    world.write("policies/x.cases.yaml", &case(""));
    world.timed(&["test"]).exits(1).says("expected errors [], got [unknown-reference]");
    world.write("policies/x.cases.yaml", &case("").replace("change:", "without: [grants/no.yaml]\n    change:"));
    world.timed(&["test"]).exits(1).says("there is no file `grants/no.yaml` to leave out");
    world.write("policies/x.cases.yaml", &case("").replace("expect", "expects"));
    world.timed(&["test"]).exits(1).says("unknown-field");
    world.timed(&["lint"]).exits(1).says("unknown-field");
}

#[cfg(feature = "rego")]
#[test]
fn tests_of_custom_rules_run_with_coverage() {
    let world = World::new();
    let rule = "package tickets\nimport rego.v1\n\ndeny contains \"none\" if {\n  count(input.grants) == 0\n}\n";
    let test = |count: u32| {
        format!(
            "package tickets_test\nimport rego.v1\nimport data.tickets\n\ntest_none if {{\n  \
             count(tickets.deny) == {count} with input as {{\"grants\": {{}}}}\n}}\n"
        )
    };
    world.write("policies/tickets.rego", rule);
    world.write("policies/tickets_test.rego", &test(1));
    world.timed(&["test"]).exits(0).says("1 passed, 0 failed").says("tests run");
    world.write("policies/tickets_test.rego", &test(2));
    world.timed(&["test"]).exits(1).says("failed tickets_test.test_none").says("policies/tickets_test.rego:5:1");
}

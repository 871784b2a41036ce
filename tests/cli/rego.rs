//! Custom rules in Rego, told through lint, plan and verify.

use crate::support::World;

const TICKETS: &str = "package tickets
import rego.v1

deny contains found if {
  some grant in input.grants
  not grant.ticket
  found := {
    \"message\": sprintf(\"grant %v has no ticket\", [grant.id]),
    \"file\": grant.file,
    \"line\": grant.line,
    \"help\": \"add `ticket:`\",
  }
}
";

/// A rule about every grant, which those that stand already break.
fn ruled() -> World {
    let world = World::new();
    world.write("policies/tickets.rego", TICKETS);
    world
}

#[test]
fn lint_points_to_the_file_that_a_rule_names() {
    let world = ruled();
    let grants = world.git(&["ls-files", "grants"]);
    let ran = world.timed(&["lint", "--format", "json"]).exits(1).json();
    let found = ran["findings"].as_array().unwrap();
    let mine: Vec<_> = found.iter().filter(|f| f["rule"] == "custom-deny").collect();
    assert!(!mine.is_empty(), "{ran}");
    assert!(mine.iter().all(|f| grants.contains(f["file"].as_str().unwrap()) && f["help"] == "add `ticket:`"));
    world.timed(&["lint", "--select", "custom-deny"]).exits(1).says("has no ticket (`tickets.deny`)");
    world.timed(&["lint", "--ignore", "custom-deny"]).exits(0);
    world.dualkey(&["explain", "custom-deny"]).exits(0).says("package tickets");
    world.dualkey(&["explain", "invalid-rego"]).exits(0).says("can't be judged");
    world.dualkey(&["schema", "rego-input"]).exits(0).says("What custom rules see as `input`");
}

#[test]
fn a_rule_that_cannot_be_judged_is_an_error() {
    let world = World::new();
    for (text, says) in [
        ("package x\nimport rego.v1\n\ndeny contains m if { m := rand.intn(\"x\", 3) }\n", "`rand.intn` is not there"),
        ("package x\nimport rego.v1\n\ndeny contains m if {\n", "policies/x.rego:"),
        ("package x\n# \u{202e}\n", "U+202E is a character that cannot be seen"),
        ("package x\r\n", "carriage return"),
    ] {
        world.write("policies/x.rego", text);
        world.timed(&["lint"]).exits(1).says(says);
    }
    std::fs::write(world.repo().join("policies/x.rego"), b"package x\n\xff").unwrap();
    world.timed(&["lint"]).exits(1).says("not UTF-8");
    std::fs::write(world.repo().join("policies/x.rego"), vec![b' '; (1 << 20) + 1]).unwrap();
    world.timed(&["lint"]).exits(1).says("too-large");
}

#[test]
fn a_rule_judges_the_change_that_drops_or_rewords_it() {
    let world = World::new();
    // every grant that stands passes the rule
    let rule = "package names\nimport rego.v1\n\ndeny contains m if {\n  some id, grant in input.grants\n  \
                grant.reason == \"secret\"\n  m := sprintf(\"grant %v says secret\", [id])\n}\n";
    world.write("policies/names.rego", rule);
    world.commit("A rule");
    world.timed(&["lint"]).exits(0);
    let grant = world.git(&["ls-files", "grants"]).lines().next().unwrap().to_owned();
    let text: String = world
        .read(&grant)
        .lines()
        .map(|line| if line.starts_with("reason:") { "reason: secret\n".to_owned() } else { format!("{line}\n") })
        .collect();
    world.git(&["switch", "-q", "-c", "drop"]);
    world.write(&grant, &text);
    std::fs::remove_file(world.repo().join("policies/names.rego")).unwrap();
    world.commit("Drop the rule and use that");
    world.timed(&["plan", "--base", "main"]).exits(1).says("blocked by 2 new errors");
    let ran = world.timed(&["plan", "--base", "main", "--format", "json"]).exits(1).json();
    let found = ran["findings"].as_array().unwrap().iter().find(|f| f["rule"] == "custom-deny").unwrap();
    assert!(found["message"].as_str().unwrap().contains("says secret"), "{found}");
    assert!(found["help"].as_str().unwrap().contains("drops or rewords"), "{found}");
    world.git(&["checkout", "-q", "main", "--", "policies"]);
    world.write("policies/names.rego", &rule.replace("secret\"\n", "secrets\"\n"));
    world.commit("Reword the rule and use that");
    world.timed(&["plan", "--base", "main"]).exits(1).says("blocked by 2 new errors");
}

#[test]
fn what_stood_when_a_rule_came_does_not_block_others() {
    let world = ruled();
    world.commit("A rule that all grants break");
    world.git(&["switch", "-q", "-c", "more"]);
    world.write("people/zoe.yaml", "name: Zoe\ntype: employee\n");
    world.commit("Zoe");
    let ran = world.timed(&["plan", "--base", "main", "--format", "json"]).exits(0).json();
    let states: Vec<_> = ran["findings"].as_array().unwrap().iter().filter(|f| f["rule"] == "custom-deny").collect();
    assert!(!states.is_empty() && states.iter().all(|f| f["state"] == "standing"), "{ran}");
}

#[test]
fn rules_are_of_class_policy() {
    let world = World::new();
    world.git(&["switch", "-q", "-c", "rule"]);
    world.write("policies/x.rego", "package x\nimport rego.v1\n\nwarn contains \"look\" if input.version == 2\n");
    world.commit("A rule");
    world.timed(&["plan", "--base", "main"]).exits(0).says("policy");
}

#[test]
fn a_function_that_calls_itself_is_refused_by_its_tests_in_words() {
    let world = World::new();
    let rule =
        "package depth\nimport rego.v1\n\ndown(x) := down(x - 1)\ndeny contains \"deep\" if down(input.version) == 0\n";
    world.write("policies/depth.rego", rule);
    world.timed(&["lint"]).exits(1).says("error[invalid-rego]").says("`depth.down` depends on itself");
    for test in ["test_it if deny with input as {\"version\": 2}", "test_it if count(deny) == 0"] {
        world.write("policies/depth_test.rego", &format!("package depth\nimport rego.v1\n\n{test}\n"));
        let told = world.timed(&["test"]).exits(1).says("error[invalid-rego]").says("policies/depth.rego:4");
        told.says("`depth.down` depends on itself");
    }
}

#[test]
fn a_rule_that_is_too_dear_is_a_finding_and_stops_no_end() {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    let doubled: String = (0..60).map(|n| format!("  v{} := concat(\"\", [v{n}, v{n}])\n", n + 1)).collect();
    let shared: String = (0..60).map(|n| format!("  v{} := [v{n}, v{n}]\n", n + 1)).collect();
    let long = format!("deny contains m if {{ m := \"{}\" + ", "x".repeat(70_000));
    for (body, says) in [
        (format!("deny contains \"m\" if {{\n  v0 := \"xxxxxxxx\"\n{doubled}  v60 != \"\"\n}}\n"), "makes more than"),
        (format!("deny contains \"m\" if {{\n  v0 := [\"x\"]\n{shared}  v60 == v59\n}}\n"), "looks at more than"),
        ("deny contains \"m\" if strings.count(\"abc\", \"\") > 1\n".to_owned(), "`strings.count`"),
        ("deny contains sprintf(\"%.70000f\", [1.5]) if true\n".to_owned(), "`sprintf`"),
        (long, "more than 60,000 characters"),
    ] {
        world.write("policies/x.rego", &format!("package x\nimport rego.v1\n\n{body}"));
        world.timed(&["lint"]).exits(1).says("error[invalid-rego]").says(says);
        world.commit("Dear");
        world.git(&["push", "-q", "origin", "main"]);
        world.timed(&["verify"]).exits(1).says("refused[");
    }
    // everybody's engagement is over by then
    world.now_is("2028-01-01T09:00:00Z").timed(&["apply", "--only-ends"]).says("revoke");
}

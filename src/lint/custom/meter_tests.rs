use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::super::judge;
use crate::lint::Halt;

/// What is found where a text of one rule is judged.
fn found(rules: &str) -> Vec<String> {
    let findings = judge(&[("policies/x.rego", rules)], "{\"grants\": {}}", &BTreeSet::new(), &Halt::default());
    findings.into_iter().map(|finding| format!("{} {}", finding.rule.code.id, finding.message)).collect()
}

/// A rule that makes `v0`, and each next of the last by a step.
fn grown(first: &str, step: &str, times: usize) -> String {
    let mut text = format!("package x\nimport rego.v1\n\ndeny contains \"done\" if {{\n  v0 := {first}\n");
    for n in 0..times {
        let _ = writeln!(text, "  v{} := {}", n + 1, step.replace('$', &format!("v{n}")));
    }
    let _ = writeln!(text, "  v{times} != 7\n}}");
    text
}

#[test]
fn what_grows_without_end_is_a_finding() {
    for (first, step) in [
        ("\"xxxxxxxx\"", "concat($, [$, $, $])"),
        ("\"xxxxxxxx\"", "concat(\"\", [$, $])"),
        ("\"xxxxxxxx\"", "replace($, \"x\", $)"),
        ("\"xxxxxxxx\"", "replace($, \"\", $)"),
        ("\"xxxxxxxx\"", "strings.replace_n({\"x\": $}, $)"),
        ("\"xxxxxxxx\"", "regex.replace($, \"x\", $)"),
        ("\"xxxxxxxx\"", "sprintf(\"%v%v\", [$, $])"),
        ("[1, 2]", "array.concat($, $)"),
        ("10", "$ * $"),
        ("1", "product([$ + 9, $ + 9])"),
    ] {
        let findings = found(&grown(first, step, 30));
        let [finding] = findings.as_slice() else { panic!("{step}: {findings:?}") };
        assert!(finding.starts_with("invalid-rego"), "{step}: {finding}");
        assert!(finding.contains("makes more than"), "{step}: {finding}");
        // what stays small is judged
        assert_eq!(found(&grown(first, step, 1)), ["custom-deny done (`x.deny`)"], "{step}");
    }
}

#[test]
fn what_the_library_fails_on_is_a_finding() {
    for call in
        ["strings.count(\"abc\", \"\")", "sprintf(\"%.70000f\", [1.5])", "sprintf(\"%99999999999999999999d\", [1])"]
    {
        let findings = found(&format!("package x\nimport rego.v1\n\ndeny contains \"m\" if {call} != 7\n"));
        assert!(findings.iter().all(|finding| finding.starts_with("invalid-rego")), "{call}: {findings:?}");
        assert_eq!(findings.len(), 1, "{call}: {findings:?}");
        assert_eq!(findings, found(&format!("package x\nimport rego.v1\n\ndeny contains \"m\" if {call} != 7\n")));
    }
}

#[test]
fn a_text_shared_many_times_is_counted_as_often_as_it_stands_there() {
    let mut text = "package x\nimport rego.v1\n\ndeny contains \"done\" if {\n  v0 := [\"x\"]\n".to_owned();
    for n in 0..60 {
        let _ = writeln!(text, "  v{} := [v{n}, v{n}]", n + 1);
    }
    let findings = found(&format!("{text}  json.marshal(v60) != \"\"\n}}\n"));
    assert!(
        findings.len() == 1 && findings.iter().all(|finding| finding.contains("looks at more than")),
        "{findings:?}"
    );
}

#[test]
fn arithmetic_is_what_it_was() {
    for (term, value) in [
        ("2 + 3", "5"),
        ("2 - 3", "-1"),
        ("2 * 3", "6"),
        ("0.5 + 1", "1.5"),
        ("count({1, 2, 3} - {2})", "2"),
        ("12345678901234567890 * 10", "123456789012345678900"),
    ] {
        let rule = format!("package x\nimport rego.v1\n\ndeny contains sprintf(\"%v\", [{term}]) if true\n");
        assert_eq!(found(&rule), [format!("custom-deny {value} (`x.deny`)")], "{term}");
    }
    let wrong = found("package x\nimport rego.v1\n\ndeny contains \"m\" if { x := \"a\"; x * 2 == 2 }\n");
    assert!(wrong.iter().all(|finding| finding.starts_with("invalid-rego")), "{wrong:?}");
}

#[test]
fn lists_that_hold_one_another_many_times_are_a_finding_whatever_is_done_with_them() {
    let mut grown = String::new();
    for (name, first) in [("a", "[\"x\"]"), ("b", "[\"x\"]")] {
        let _ = writeln!(grown, "  {name}0 := {first}");
        for n in 0..60 {
            let _ = writeln!(grown, "  {name}{} := [{name}{n}, {name}{n}]", n + 1);
        }
    }
    for does in [
        "a60 == b60",
        "a60 != b60",
        "a60 < b60",
        "a60 in {b60}",
        "a60 in [b60]",
        "{a60, b60} != set()",
        "[x | x := a60] == [x | x := b60]",
        "twice(a60) == 7",
        "same(a60, b60)",
    ] {
        let rules = format!(
            "package x\nimport rego.v1\n\ntwice(x) := x if x != 1\ntwice(x) := x if x != 2\nsame(x, y) if x == y\n\n\
             deny contains \"done\" if {{\n{grown}  {does}\n}}\n"
        );
        let findings = found(&rules);
        assert!(
            findings.len() == 1 && findings.iter().all(|one| one.contains("looks at more than")),
            "{does}: {findings:?}"
        );
    }
}

#[test]
fn one_long_list_that_is_looked_at_again_and_again_is_a_finding() {
    let ten = "{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}";
    let loops: String = ["a", "b", "c", "d", "e", "f"].iter().map(|name| format!("  some {name} in ten\n")).collect();
    let rules = format!(
        "package x\nimport rego.v1\n\nten := {ten}\n\nlong := [[a, b, c] | some a in ten; some b in ten; some c in ten]\n\n\
         deny contains \"done\" if {{\n{loops}  long == array.concat(long, [a])\n}}\n"
    );
    let findings = found(&rules);
    assert!(findings.len() == 1 && findings.iter().all(|one| one.starts_with("invalid-rego")), "{findings:?}");
}

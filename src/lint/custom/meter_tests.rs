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
    assert!(findings.len() == 1 && findings.iter().all(|finding| finding.contains("json.marshal")), "{findings:?}");
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

//! Idioms that people write for OPA and Conftest: each is judged as they judge it, or refused by its name.

#![allow(clippy::expect_used, reason = "a helper of a test may fail as loudly as the test itself")]

use std::collections::BTreeSet;

use super::judge;
use crate::lint::Halt;

const INPUT: &str = include_str!("tests/input.json");

fn lines(files: &[(&str, &str)]) -> Vec<String> {
    let findings = judge(files, INPUT, &BTreeSet::from(["grants/a.yaml", "grants/b.yaml"]), &Halt::default());
    findings.iter().map(|f| format!("{} {} {}", f.place, f.rule.code.id, f.message)).collect()
}

fn one(body: &str) -> Vec<String> {
    lines(&[("policies/x.rego", &format!("package x\nimport rego.v1\n\n{body}\n"))])
}

fn denied(messages: &[&str]) -> Vec<String> {
    messages.iter().map(|message| format!("policies/x.rego:4:1 custom-deny {message} (`x.deny`)")).collect()
}

#[test]
fn idioms_are_judged_as_opa_judges_them() {
    for (body, messages) in [
        // a value that isn't there makes what follows not hold, also after `not`
        ("deny contains id if { some id, g in input.grants; t := g.ticket; not startswith(t, \"X\") }", vec!["a"]),
        ("deny contains id if { some id, p in input.people; v := p.vendor; not v == \"globex\" }", vec![]),
        ("deny contains id if { some id, p in input.people; v := p.type; not v == \"employee\" }", vec!["con"]),
        ("deny contains \"m\" if { [a, b] := input.people.nothing; not a == b }", vec![]),
        ("deny contains \"m\" if { x := [y | some g in input.grants; y := g.ticket]; count(x) == 1 }", vec!["m"]),
        // sets by a key
        (
            "deny contains id if { some id in of.b }\nof[g] contains p if { some g, grant in input.grants; some p in grant.people }",
            vec!["con", "wes"],
        ),
        (
            "deny contains k if { some k, people in of; count(people) == 1 }\nof[input.people[p].type] contains p if { some g in input.grants; some p in g.people }",
            vec!["contractor", "employee"],
        ),
        (
            "deny contains id if { some id, _ in input.grants; some flaw in flaws[id]; flaw == \"no ticket\" }\nflaws[id] contains \"no ticket\" if { some id, g in input.grants; not g.ticket }",
            vec!["b"],
        ),
        (
            "deny contains m if { some m in flaws.b }\nflaws[id] contains `raw` if { some id, g in input.grants; not g.ticket }",
            vec!["raw"],
        ),
        ("deny contains m if some m in held.x\nheld[\"x\"] contains id if some id, _ in input.grants", vec!["a", "b"]),
        (
            "deny contains deny_text(id) if { some id, g in input.grants; not g.ticket }\ndeny_text(id) := sprintf(\"%v!\", [id])",
            vec!["b!"],
        ),
        // what is looked for within what is looked in
        ("deny contains who if {\n  # only who, if\n  some who in input.grants[_].people\n}", vec!["con", "wes"]),
        ("deny contains who if { some id; some who in input.grants[id].people }", vec!["con", "wes"]),
        ("deny contains who if some who in input.grants[_].people", vec!["con", "wes"]),
        ("deny contains n if { n := concat(\" \", {p | some p in input.grants[_].people}) }", vec!["con wes"]),
    ] {
        assert_eq!(one(body), denied(&messages), "{body}");
    }
}

#[test]
fn names_that_conftest_judges_are_judged() {
    let text = "package x\nimport rego.v1\n\ndeny_ticket contains \"a\" if true\nviolation contains {\"msg\": \"b\"} if true\n\
                violation_of_2 contains \"c\" if true\nwarn_soon contains {\"message\": \"d\"} if true\n";
    assert_eq!(
        lines(&[("policies/x.rego", text)]),
        [
            "policies/x.rego:4:1 custom-deny a (`x.deny_ticket`)",
            "policies/x.rego:5:1 custom-deny b (`x.violation`)",
            "policies/x.rego:6:1 custom-deny c (`x.violation_of_2`)",
            "policies/x.rego:7:1 custom-warning d (`x.warn_soon`)",
        ]
    );
}

#[test]
fn what_would_say_nothing_is_refused() {
    let good = (
        "policies/good.rego",
        "package good\nimport rego.v1\ndeny contains \"m\" if input.people.nothing\nyes(x) if x == 2\n",
    );
    for (rules, place, part, help) in [
        ("dney contains \"x\" if true", "4:1", "`x.dney` judges nothing", "did you mean `deny`?"),
        ("deny_ contains \"x\" if true", "4:1", "`x.deny_` judges nothing", "did you mean `deny`?"),
        ("tickets contains \"x\" if true", "4:1", "`x.tickets` judges nothing", "name it `deny`"),
        ("allow if input.now", "4:1", "`x.allow` judges nothing", "name it `deny`"),
        (
            "deny contains \"x\" if { some g in data.config.roles; input.grants[g] }",
            "4:34",
            "`data.config.roles` isn't there",
            "as a rule",
        ),
        (
            "import data.lib.helpers\ndeny contains \"x\" if helpers.wrong",
            "4:8",
            "`data.lib.helpers` isn't there",
            "as a rule",
        ),
        (
            "deny contains \"x\" if { some g in input.grants; not input.people[g.people[0]][oops] }",
            "4:78",
            "`oops` stands after `not`",
            "say before",
        ),
        (
            "deny contains \"x\" if { n := [1 | not nothing]; count(n) == 1 }",
            "4:38",
            "`nothing` stands after `not`",
            "say before",
        ),
        ("deny contains \"x\" if { input.now with input as {} }", "4:34", "`with` is for tests", "write a function"),
        ("deny contains \"x\" if walk(input.people, [path, \"contractor\"])", "4:22", "`walk` is not there", "by name"),
        ("deny contains \"x\" if { print(\"x\"); input.now }", "4:24", "`print` is not there", "leave it out"),
        (
            "of[a][b] contains c if { some a, b in input.grants; some c in b.people }\ndeny contains \"x\" if of.a",
            "4:1",
            "by more than one key",
            "list",
        ),
    ] {
        let text = format!("package x\nimport rego.v1\n\n{rules}\n");
        let findings = judge(&[good, ("policies/x.rego", &text)], INPUT, &BTreeSet::new(), &Halt::default());
        let told: Vec<String> =
            findings.iter().map(|f| format!("{} {} {} {}", f.place, f.rule.code.id, f.message, f.help)).collect();
        let told = told.concat();
        assert!(
            findings.len() == 1 && told.starts_with(&format!("policies/x.rego:{place} invalid-rego")),
            "{rules}: {told}"
        );
        assert!(told.contains(part) && told.contains(help), "{rules}: {told}");
    }
    // parts of the input that it doesn't have, versions that aren't there, and a slip in the one rule that judges
    for (rules, part, help) in [
        (
            "deny contains \"x\" if { some g in input.grant; g }",
            "`input.grant` isn't there",
            "did you mean `input.grants`?",
        ),
        (
            "deny contains \"x\" if { some grant in input.grants; not grant.tikcet }",
            "`grant.tikcet` isn't there",
            "did you mean `grant.ticket`?",
        ),
        ("deny contains \"x\" if { p := input.people[_]; p.emial == 1 }", "`p.emial` isn't there", "it has id, name, "),
        (
            "deny contains \"x\" if input.people[_].engagement.end == 1",
            "`input.people.engagement.end` isn't there",
            "it has from, ",
        ),
        (
            "deny contains \"x\" if { every d in input.domains { d.owner == 1 } }",
            "`d.owner` isn't there",
            "did you mean `d.owners`?",
        ),
        ("deny contains \"x\" if not input.domian.prod", "`input.domian` isn't there", "did you mean `input.domains`?"),
        (
            "import input.grnats\ndeny contains \"x\" if grnats",
            "`input.grnats` isn't there",
            "did you mean `input.grants`?",
        ),
        (
            "import input.grants\ndeny contains \"x\" if { some g in grants; g.tikcet }",
            "`g.tikcet` isn't there",
            "did you mean `g.ticket`?",
        ),
        ("import rego.v2\ndeny contains \"x\" if true", "`rego.v2` can't be imported", "import rego.v1"),
        ("dney contains \"x\" if true", "`x.dney` judges nothing", "did you mean `deny`?"),
    ] {
        let text = format!("package x\nimport rego.v1\n\n{rules}\n");
        let findings = judge(&[("policies/x.rego", &text)], INPUT, &BTreeSet::new(), &Halt::default());
        let told: Vec<String> = findings.iter().map(|f| format!("{} {}", f.message, f.help)).collect();
        assert!(told.len() == 1 && told[0].contains(part) && told[0].contains(help), "{rules}: {told:?}");
    }
    // helpers that only some use are no such thing, nor are names that something gives a value
    for rules in [
        "unused(x) := x\ndeny contains \"x\" if input.people.nothing",
        "deny contains \"x\" if { some g in input.grants; not input.people[g.people[_]] }",
        "deny contains \"x\" if { some g in input.grants; p := g.people; not p[0] == \"con\"; input.people.nothing }",
        "f(a) if not a\ndeny contains \"x\" if f(true)",
        "deny contains \"x\" if { every p in input.people.nothing { not input.people[p] }; input.people.nothing }",
        "import data.good\ndeny contains \"x\" if good.yes(1)",
        // a name that something else gives a value may be anything
        "f(g) if g.custom\ndeny contains \"x\" if { some g in input.grants; f(g) }",
        "deny contains \"x\" if { some [g, n] in [[{}, 2]]; g.odd == n }",
        "deny contains \"x\" if { [g, _] := [input.roles, 1]; g.odd }",
        "import input.people.nobody as p\ndeny contains \"x\" if p.ended",
    ] {
        let text = format!("package x\nimport rego.v1\n\n{rules}\n");
        assert_eq!(lines(&[good, ("policies/x.rego", &text)]), Vec::<String>::new(), "{rules}");
    }
}

#[test]
fn rego_of_before_version_1_is_told_what_to_write() {
    let text = "package x\n\ndeny[msg] { msg := \"x\" }\n";
    let findings = judge(&[("policies/x.rego", text)], INPUT, &BTreeSet::new(), &Halt::default());
    let help: Vec<&str> = findings.iter().map(|finding| finding.help.as_str()).collect();
    assert_eq!(help, ["write it as Rego v1 does: `deny contains message if { … }`"]);
}

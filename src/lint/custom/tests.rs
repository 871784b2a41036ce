//! What rules may do, what they may answer, and that both of the engine's machines judge alike.

#![allow(clippy::expect_used, reason = "a helper of a test may fail as loudly as the test itself")]

use std::collections::BTreeSet;

use proptest::prelude::*;
use regorus::{Engine, Value};

use super::engine::{judge_within, load};
use super::files::Files;
use super::idioms::with_names;
use super::{judge, test};
use crate::finding::Finding;
use crate::lint::Halt;

/// A document in small; the fuzz target judges it, too.
const INPUT: &str = include_str!("tests/input.json");

const TICKETS: &str = "package tickets
import rego.v1

deny contains found if {
  some grant in input.grants
  not grant.ticket
  found := {\"message\": \"a grant needs a ticket\", \"file\": grant.file, \"line\": grant.line, \"help\": \"add one\"}
}

warn contains sprintf(\"%v never ends\", [id]) if {
  some id, grant in input.grants
  not grant.until
}
";

fn found(rules: &str) -> Vec<Finding> {
    judge(&[("policies/x.rego", rules)], INPUT, &BTreeSet::from(["grants/a.yaml", "grants/b.yaml"]), &Halt::default())
}

fn lines(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|f| format!("{} {} {}", f.place, f.rule.code.id, f.message)).collect()
}

fn one(body: &str) -> String {
    format!("package x\nimport rego.v1\n\n{body}\n")
}

#[test]
fn denials_and_warnings_are_findings() {
    let findings = found(TICKETS);
    assert_eq!(
        lines(&findings),
        [
            "grants/b.yaml:2:1 custom-deny a grant needs a ticket (`tickets.deny`)",
            "policies/x.rego:10:1 custom-warning b never ends (`tickets.warn`)",
        ]
    );
    assert_eq!(findings.first().map(|f| f.help.as_str()), Some("add one"));
}

#[test]
fn packages_in_several_files_judge_together() {
    let helper = "package lib\nimport rego.v1\n\ncontractor(id) if input.people[id].type == \"contractor\"\n";
    let user = "package x\nimport rego.v1\nimport data.lib\n\ndeny contains id if {\n  some id, _ in input.people\n  \
                lib.contractor(id)\n}\n";
    let findings =
        judge(&[("policies/lib.rego", helper), ("policies/x.rego", user)], INPUT, &BTreeSet::new(), &Halt::default());
    assert_eq!(lines(&findings), ["policies/x.rego:5:1 custom-deny con (`x.deny`)"]);
}

#[test]
fn what_cannot_be_judged_is_an_error_with_its_place() {
    for (rules, place, part) in [
        ("package x\nimport rego.v1\n\ndeny contains m if {\n  m := \n}\n", "policies/x.rego:5:5", "can't be judged"),
        (&one("deny contains m if { m := nosuch(1) }"), "policies/x.rego:4:", "nosuch"),
        (&one("deny contains m if { m := unknown_name }"), "policies/x.rego:4:", "unknown_name"),
        (&one("deny contains 7 if true"), "policies/x.rego:4:1", "neither a text nor an object"),
        (&one("deny contains \"\" if true"), "policies/x.rego:4:1", "an empty message"),
        (&one("deny contains {\"text\": \"x\"} if true"), "policies/x.rego:4:1", "unknown field `text`"),
        (&one("deny contains {\"msg\": \"x\", \"message\": \"y\"} if true"), "policies/x.rego:4:1", "both a `message`"),
        (&one("deny contains {\"message\": \"m\", \"line\": 1} if true"), "policies/x.rego:4:1", "without its file"),
        (
            &one("deny contains {\"message\": \"m\", \"file\": \"../x\"} if true"),
            "policies/x.rego:4:1",
            "which the input doesn't name",
        ),
        (
            &one("deny contains {\"message\": \"m\", \"file\": \"grants/a.yaml\", \"line\": 0} if true"),
            "policies/x.rego:4:1",
            "line 0",
        ),
        (&one("deny := true if input.people.nothing"), "policies/x.rego:4:1", "not a set"),
        (&one("deny := \"no\""), "policies/x.rego:4:1", "not a set"),
        (&one("allow := true"), "policies/x.rego:1:1", "nothing is judged"),
        (
            &one("n := 1 if input.now\nn := 2 if input.now\ndeny contains \"m\" if n == 1"),
            "policies/x.rego:5:1",
            "conflicts",
        ),
        (&one("deny contains \"m\" if count(7) == 1"), "policies/x.rego:4:28", "`x.deny` fails"),
        (&one("deny contains \"m\" if not 1 / 0"), "policies/x.rego:4:28", "divide by zero"),
        (&one("deny contains \"m\" if regex.match(\"(\", \"x\")"), "policies/x.rego:4:35", "invalid regex"),
        (
            &one("f(x) := 1 if x\nf(x) := 2 if x\ndeny contains \"m\" if f(true)"),
            "policies/x.rego:6:",
            "multiple outputs",
        ),
    ] {
        let findings = found(rules);
        assert_eq!(findings.len(), 1, "{rules}: {:?}", lines(&findings));
        let line = lines(&findings).concat();
        assert!(line.starts_with(place) && line.contains("invalid-rego") && line.contains(part), "{rules}: {line}");
        assert!(!findings.iter().any(|f| f.help.is_empty()));
    }
}

#[test]
fn nothing_answers_by_chance_or_from_outside() {
    for call in [
        "rand.intn(\"x\", 10)",
        "time.now_ns()",
        "http.send({\"method\": \"get\", \"url\": \"https://example.com\"})",
        "opa.runtime()",
        "uuid.rfc4122(\"x\")",
        "numbers.range(0, 9000000000000000)",
        "bits.lsh(1, 9000000000000000)",
        "trace(\"x\")",
        "to_number(\"0e999999999\")",
        "json.unmarshal(\"0e999999999\")",
        "units.parse(\"1e999999999\")",
        "units.parse_bytes(\"1e999999999\")",
        "0e555555555",
    ] {
        let findings = found(&one(&format!("deny contains m if {{\n  v := {call}\n  m := sprintf(\"%v\", [v])\n}}")));
        let shown = lines(&findings).concat();
        assert!(shown.starts_with("policies/x.rego:5:") && shown.contains("invalid-rego"), "{call}: {shown}");
    }
    let findings = found(&one("deny contains \"m\" if print(\"x\")"));
    assert!(lines(&findings).concat().contains("invalid-rego") && lines(&findings).concat().contains("print"));
}

#[test]
fn a_rule_that_does_not_end_is_stopped() {
    let body = "n := split(\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", \"\")\n\
                deny contains \"m\" if {\n  some a, _ in n; some b, _ in n; some c, _ in n; some d, _ in n; some e, _ in n\n  \
                some f, _ in n\n  a + b + c + d + e + f < 0\n}";
    let findings = judge_within(100_000, &[("policies/x.rego", &one(body))], INPUT, &BTreeSet::new(), &Halt::default());
    assert!(lines(&findings).concat().contains("does not come to an end within"), "{:?}", lines(&findings));
}

#[test]
fn a_rule_cannot_write_to_the_terminal_or_over_many_lines() {
    let findings = found(&one("deny contains \"a\\u001b[2Jb\\u202e\\nc\" if true"));
    assert_eq!(lines(&findings), ["policies/x.rego:4:1 custom-deny a\\u{1b}[2Jb\\u{202e} c (`x.deny`)"]);
}

#[test]
fn tests_of_rules_run_with_coverage() {
    let tests = "package tickets_test
import rego.v1
import data.tickets

test_without_ticket if {
  some found in tickets.deny with input as {\"grants\": {\"g\": {\"file\": \"f\", \"line\": 1}}}
  found.message == \"a grant needs a ticket\"
}

test_wrong if count(tickets.deny) == 5 with input as {\"grants\": {}}
";
    let rules = format!("{TICKETS}\nwarn contains m if {{\n  input.people.nothing\n  m := \"x\"\n}}\n");
    let tested = test(&[("policies/x.rego", &rules), ("policies/x_test.rego", tests)]).expect("readable");
    let outcomes: Vec<(&str, bool)> =
        tested.tests.iter().map(|(name, _, why)| (name.as_str(), why.is_none())).collect();
    assert_eq!(outcomes, [("tickets_test.test_without_ticket", true), ("tickets_test.test_wrong", false)]);
    let (covered, not_covered) = tested.coverage.get("policies/x.rego").expect("covered");
    assert!(covered.contains(&6) && not_covered.contains(&17), "{covered:?} {not_covered:?}");
}

/// What the interpreter, which counts coverage, holds a rule to be.
fn interpreted(rules: &str, entry: &str) -> Value {
    let files = Files::of(&[("policies/x.rego", rules)]);
    let mut written = load(&files).expect("readable");
    let files = with_names(written.get_modules(), &files).expect("readable");
    let mut engine = Engine::new();
    engine.add_policy("x".to_owned(), files.read().collect()).expect("readable");
    engine.set_input(Value::from_json_str(INPUT).expect("JSON"));
    engine.eval_rule(entry.to_owned()).expect("runs")
}

fn agree(rules: &str, entry: &str) {
    let wanted = interpreted(rules, entry);
    let findings = found(rules);
    let count = wanted.as_set().expect("a set").len();
    let named: Vec<&Finding> = findings.iter().filter(|f| f.rule.code.id != "invalid-rego").collect();
    let suffix = format!(" (`{}`)", entry.trim_start_matches("data."));
    let mine: BTreeSet<&str> = named.iter().filter_map(|f| f.message.strip_suffix(suffix.as_str())).collect();
    assert_eq!(mine.len(), count, "{rules}: {:?} against {wanted}", lines(&findings));
    for value in wanted.as_set().expect("a set").iter() {
        let text = value.as_string().map_or_else(|_| value["message"].to_string(), |text| text.to_string());
        assert!(mine.contains(text.trim_matches('"')), "{rules}: {text} is not in {mine:?}");
    }
}

#[test]
fn both_machines_judge_the_samples_alike() {
    agree(TICKETS, "data.tickets.deny");
    agree(TICKETS, "data.tickets.warn");
}

/// Bodies of rules put together of conditions about two names.
fn bodies() -> impl Strategy<Value = String> {
    let conditions = vec![
        "not g.ticket",
        "g.until > input.now",
        "count(object.get(g, \"people\", [])) > 1",
        "some p in g.people; input.people[p].type == \"contractor\"",
        "every p in object.get(g, \"people\", []) { input.people[p] }",
        "startswith(g.file, \"grants/a\")",
        "regex.match(`^PAY-[0-9]+$`, g.ticket)",
        "glob.match(\"grants/*\", [\"/\"], g.file)",
        "g.line + 1 == 3",
        "id in {\"a\", \"c\"}",
        "[x | some x in g.people] == [\"con\", \"wes\"]",
        "semver.compare(\"1.2.0\", \"1.10.0\") < 0",
        "t := g.ticket; not startswith(t, \"PAY-\")",
        "u := input.people[g.people[0]].vendor; not u == \"globex\"",
        "some i; some q in input.grants[i].people; not q in g.people",
        "count({s | some s in input.grants[_].people}) > 1",
        "some r in object.get(of, id, set()); not input.people[r].vendor",
    ];
    (proptest::sample::subsequence(conditions, 1..4), any::<bool>()).prop_map(|(conditions, negated)| {
        let ors: Vec<String> = conditions.iter().map(|c| format!("ok(id, g) if {{ {c} }}")).collect();
        let all = conditions.join("\n  ");
        let of = "of[id] contains p if {\n  some id, g in input.grants\n  some p in g.people\n}";
        let of = if all.contains("(of,") { of } else { "" };
        let call = if negated { "not ok(id, g)".to_owned() } else { all };
        format!(
            "{of}\n{}\n\ndeny contains m if {{\n  some id, g in input.grants\n  {call}\n  m := id\n}}",
            ors.join("\n")
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn both_machines_judge_alike(body in bodies()) {
        agree(&one(&body), "data.x.deny");
    }

    #[test]
    fn nothing_panics(text in "(package x\n)?[a-z{}\\[\\]:=\"`|,. \n]{0,80}") {
        let findings = judge(&[("policies/x.rego", &text)], INPUT, &BTreeSet::new(), &Halt::default());
        for finding in findings {
            prop_assert!(!finding.help.is_empty() && finding.place.line > 0);
        }
    }
}

#[test]
fn brackets_that_would_be_read_for_ever_are_refused() {
    for (open, close) in [("[", "]"), ("{", "}"), ("(", ")"), ("[{", "}]"), ("{\"a\": [", "]}"), ("f([", "])")] {
        let value = |depth: usize| {
            one(&format!("deny contains x if {{\n  x := {}1{}\n}}", open.repeat(depth), close.repeat(depth)))
        };
        let deep = found(&value(40));
        assert!(lines(&deep)[0].contains("go too deep"), "{deep:?}");
        assert_eq!((deep[0].place.line, deep[0].rule.code.id), (5, "invalid-rego"));
        assert!(!lines(&found(&value(4))).concat().contains("go too deep"));
    }
    // in a text and in a comment they are none
    let text = one(&format!("# {0}\ndeny contains \"{0}\" if true", "[".repeat(99)));
    assert_eq!(found(&text).len(), 1);
    assert!(!lines(&found(&text)).concat().contains("go too deep"));
}

#[test]
fn a_rule_that_depends_on_itself_is_refused() {
    for body in [
        "deny contains m if {\n  some m in deny\n}",
        "a if b\nb if a\ndeny contains \"m\" if a",
        "f(x) := f(x + 1)\ndeny contains \"m\" if f(1)",
        "f(x) := g(x)\ng(x) := f(x)\ndeny contains \"m\" if f(1) == 1",
        "deny contains \"m\" if data.x.deny",
    ] {
        let findings = found(&one(body));
        let shown = lines(&findings).concat();
        assert!(findings.len() == 1 && shown.contains("invalid-rego"), "{body}: {shown}");
        assert!(!shown.contains("depends on itself") || shown.starts_with("policies/x.rego:4:"), "{body}: {shown}");
        for with in ["", " with input as {}"] {
            let tested = test(&[("policies/x_test.rego", &one(&format!("{body}\ntest_it if deny{with}")))]);
            let failed = tested.map_or(true, |tested| tested.tests.iter().all(|(_, _, why)| why.is_some()));
            assert!(failed, "{body}");
        }
    }
    // which rule is asked for isn't known before: it may be any
    let unknown = found(&one("deny contains \"m\" if data[input.now].deny"));
    assert!(lines(&unknown).concat().contains("invalid-rego"), "{unknown:?}");
    let mut chain = String::new();
    for rule in 0..3_900 {
        chain.push_str(&format!("r{rule} if r{}\n", rule + 1));
    }
    let chain = one(&format!("{chain}r3900 if true\ndeny contains \"m\" if r0"));
    assert!(lines(&found(&chain)).concat().contains("too many others in a row"));
    let short = chain.replace("if r0", "if r3800");
    assert_eq!(lines(&found(&short)).len(), 1);
    assert!(lines(&found(&short)).concat().contains("custom-deny"), "{:?}", lines(&found(&short)));
}

#[test]
fn functions_that_call_themselves_are_refused_before_tests_run() {
    let library = "package lib\nimport rego.v1\n\nup(x) := data.x.down(x)\nflat(x) := x\n";
    for body in [
        "down(x) := data.lib.up(x)\ntest_it if down(1) with input as {}",
        "down(x) := lib.up(x)\ntest_it if down(1) with input as {}",
        "down(x) := u(x)\ntest_it if down(1) with input as {}",
        "down(x) := data[\"lib\"].up(x)\ntest_it if down(1) with input as {}",
        "down(x) := 1 if { x == 0 } else := down(x - 1)\ntest_it if down(1) == 1 with input as {}",
        "down(x) := [y | some z in [x]; y := {\"a\": {down(z) | z > 0}}]\ntest_it if down(1) with input as {}",
        "down(x) if { every y in [x] { down(y) } }\ntest_it if down(1) with input as {}",
        "down(x) := -down(x)\ntest_it if down(1) with input as {}",
        "down(x) := y if { not down(x); y := x }\ntest_it if down(1) with input as {}",
        "down(x) := y if { y := lib.flat(x) with lib.flat as data.x.down }\ntest_it if down(1)",
        "flat(x) := x\ndown(x) := y if { y := flat(x) with flat as down }\ntest_it if down(1)",
    ] {
        let text = format!("package x\nimport rego.v1\nimport data.lib\nimport data.lib.up as u\n\n{body}\n");
        let tested = test(&[("policies/lib.rego", library), ("policies/x_test.rego", &text)]);
        let shown = lines(&tested.expect_err(body)).concat();
        assert!(shown.contains("invalid-rego") && shown.contains("depends on itself"), "{body}: {shown}");
    }
    for body in [
        // another package has a function of the same name, and the name of a function is no call of it
        "up(x) := data.lib.flat(x)\nflat(x) := up(x)\ntest_it if flat(1) == 1 with input as {}",
        "flat(x) := x.flat\ntest_it if flat({\"flat\": \"flat(1)\"}) == \"flat(1)\" with input as {}",
        "test_it if data.lib.flat(1) == 2 with data.lib.flat as twice\ntwice(x) := 2 * x",
    ] {
        let text = one(body);
        let tested = test(&[("policies/lib.rego", library), ("policies/x_test.rego", &text)]);
        let tested = tested.map_err(|findings| lines(&findings)).expect(body);
        assert!(tested.tests.iter().all(|(_, _, why)| why.is_none()), "{body}: {:?}", tested.tests);
    }
}

#[test]
fn rules_that_depend_on_themselves_fail_their_tests_in_words() {
    for body in [
        "r if r with input as {}\ntest_it if r",
        "r if f(1)\nf(x) if r with input as x\ntest_it if f(2) with input as {}",
        "r := data[input.of].r\ntest_it if r with input as {\"of\": \"x\"}",
    ] {
        let tested = test(&[("policies/x_test.rego", &one(body))]).map_err(|findings| lines(&findings)).expect(body);
        let why: Vec<&str> = tested.tests.iter().filter_map(|(_, _, why)| why.as_deref()).collect();
        assert_eq!(why, ["fails: recursion detected when evaluating rule"], "{body}");
    }
    let mut chain = String::new();
    for rule in 0..3_900 {
        chain.push_str(&format!("r{rule} if r{}\n", rule + 1));
    }
    let tested =
        test(&[("policies/x_test.rego", &one(&format!("{chain}r3900 if true\ntest_it if r0 with input as {{}}")))]);
    let tested = tested.map_err(|findings| lines(&findings)).expect("a long way with an end");
    assert!(tested.tests.iter().all(|(_, _, why)| why.is_none()), "{:?}", tested.tests);
}

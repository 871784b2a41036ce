use super::*;
use crate::finding::State;
use crate::report::findings;

fn lint(findings: &[Finding], of: &Revision) -> String {
    let lines = |path: &str, line| of.source(path).map(|source| source.line_text(line));
    findings::lint(findings, of.files.len(), &lines, Style::PLAIN)
}

#[test]
fn findings_are_read_at_eighty_columns() {
    let later = GRANT.1.replace("2027-01-04", "2027-06-30");
    let head = revision(&[BASE, &[(GRANT.0, &later)]]);
    let mut findings = crate::plan::findings_of(&head, now());
    let mut standing = Finding::new(&TESTED, Place::whole_file("roles/x\u{1b}[2J.yaml"), "odd `\u{202e}`", "look");
    (standing.state, standing.severity) = (State::Standing, Severity::Error);
    findings.push(standing);
    keep(&mut findings);
    insta::assert_snapshot!(lint(&findings, &head), @r"
    error[grant-outlives-engagement] grant `alice-refunds` lasts until 2027-06-30,
      but the engagement of `alice.nguyen` ends on 2027-01-31
      --> grants/alice-refunds.yaml:6:8
       |
     6 | until: 2027-06-30
       |        ^^^^^^^^^^
       = people/alice.nguyen.yaml:5:40  the engagement ends here
       = help: write `until: 2027-01-31`, or extend the engagement

    error[tested] odd `\u{202e}`
      --> roles/x\u{1b}[2J.yaml
       = standing: it was there before this change
       = help: look

    2 errors (1 standing) in 11 files
    ");
    // a warning that stood before is counted alone
    let mut warning = Finding::new(&TESTED, Place::whole_file("roles/x.yaml"), "odd", "look");
    warning.state = State::Standing;
    assert_eq!(lint(&[warning], &head), "1 warning (1 standing) in 11 files\n");
    assert_eq!(lint(&[], &head), "no findings in 11 files\n");
}

#[test]
fn marks_stand_under_tabs_escapes_and_long_lines() {
    let show = |source: &'static str, column: u32, end_column: u32| {
        let place = Place { file: "a.yaml".to_owned(), line: 3, column, end_line: 3, end_column };
        let finding = Finding::new(&TESTED, place, "m", "h");
        let text = findings::lint(&[finding], 1, &|_, _| Some(source), Style { colour: false, width: 50 });
        text.lines().skip(3).take(2).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(show("a:\tb\u{202e}c def", 6, 10), @r"
    3 | a: b\u{202e}c def
      |             ^^^^
    ");
    insta::assert_snapshot!(show("reason: a long line of words that does not fit, with the place at its end", 61, 66), @r"
    3 | … the place at its end
      |          ^^^^^
    ");
    insta::assert_snapshot!(show("short", 40, 50), @r"
    3 | short
      |      ^
    ");
}

#[test]
fn too_many_findings_are_counted_and_errors_are_among_those_shown() {
    let mut findings: Vec<Finding> =
        (1..=150).map(|at| Finding::new(&TESTED, Place::whole_file(format!("{at:03}.yaml")), "m", "h")).collect();
    findings[149].severity = Severity::Error;
    let text = findings::lint(&findings, 150, &|_, _| None, Style::PLAIN);
    assert!(text.contains("150.yaml") && text.contains("099.yaml") && !text.contains("100.yaml"));
    assert!(text.ends_with("… and 50 more\n\n1 error, 149 warnings in 150 files\n"), "{text}");
}

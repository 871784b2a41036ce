//! Every format over the same findings, each word of which wants to be taken for the program's own.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::access::reading::is_hidden;
use crate::finding::State;
use crate::report::{escape, findings, github, json, markdown, sarif};

const ATTACKS: &[&str] = &[
    "</details><img src=//x>@org/admins",
    "`` `@org` ``` <b> [z](https://evil.example) #7 www.evil.example",
    "::error file=a,line=1::x",
    "a\n::stop-commands::x\r\n##[error]y",
    "100%0A::add-mask::a%2C",
    "a, b: c=d::e",
    "\u{1b}[2J\u{1b}]8;;https://evil\u{7}\u{9b}31m",
    "user\u{202e}nimda\u{200b}\u{feff}\u{e0041}",
    "a | b | --- |\n# c\n- d",
    "{0} %s {{ toJSON(secrets) }} ${{ github.token }}",
    "\"}],\"runs\":[{",
    "",
];

fn hostile() -> Vec<Finding> {
    let states = [State::New, State::Standing, State::Waived];
    let mut findings = Vec::new();
    for (at, attack) in ATTACKS.iter().enumerate() {
        for (nth, state) in states.into_iter().enumerate() {
            let line = u32::try_from(3 * at + nth + 2).unwrap();
            let place = Place { file: format!("people/{attack}"), line, column: 2, end_line: line, end_column: 5 };
            let mut finding = Finding::new(&TESTED, place, format!("`{attack}` is odd: {attack}"), *attack)
                .related(Place::whole_file(*attack), *attack);
            finding.state = state;
            if at % 2 == 0 {
                finding.severity = Severity::Error;
            }
            findings.push(finding);
        }
    }
    crate::lint::sort(&mut findings);
    findings
}

#[test]
fn nothing_is_taken_for_the_program_s_own() {
    let found = hostile();
    let source = ATTACKS.concat().replace('\n', " ");
    let lines = |_: &str, _| Some(source.as_str());
    let formats = [
        ("text", findings::lint(&found, 1, &lines, Style::PLAIN)),
        ("narrow", findings::lint(&found, 1, &lines, Style { colour: false, width: 40 })),
        ("json", json::lint(&found, 1)),
        ("sarif", sarif::lint(&found, &[])),
        ("markdown", markdown::lint(&found, 1)),
        ("github", github::lint(&found, 1)),
    ];
    for (name, output) in &formats {
        let hidden = output.chars().find(|c| is_hidden(*c) && *c != '\n');
        assert_eq!(hidden, None, "{name}");
        assert!(!output.contains("##["), "{name}:\n{output}");
        assert!(output.contains("org/admins"), "{name} shows no attack, so nothing is proven");
        if *name != "github" {
            assert!(output.lines().all(|line| !line.trim_start().starts_with("::")), "{name}:\n{output}");
        }
    }
}

#[test]
fn programs_read_what_was_written() {
    let found = hostile();
    let document: Value = serde_json::from_str(&json::lint(&found, 1)).unwrap();
    for (row, finding) in document["findings"].as_array().unwrap().iter().zip(&found) {
        assert_eq!(
            (row["message"].as_str().unwrap(), row["file"].as_str().unwrap()),
            (&*finding.message, &*finding.place.file)
        );
    }
    let document: Value = serde_json::from_str(&sarif::lint(&found, &[])).unwrap();
    let results = document["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), found.len());
    for (result, finding) in results.iter().zip(&found) {
        let text = result["message"]["text"].as_str().unwrap();
        assert!(!text.contains("](") && !text.contains('\u{1b}'), "{text}");
        let location = &result["locations"][0]["physicalLocation"];
        let uri = location["artifactLocation"]["uri"].as_str().unwrap();
        assert!(uri.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/%".contains(&b)), "{uri}");
        assert_eq!(location["region"]["startLine"], finding.place.line);
        assert_eq!(result.get("suppressions").is_some(), finding.state == State::Waived);
        let state = ["new", "unchanged"].get(usize::from(finding.state == State::Standing)).copied();
        assert_eq!(result["baselineState"].as_str(), state.filter(|_| finding.state != State::Waived));
    }
}

#[test]
fn fingerprints_stay_when_lines_move_and_differ_otherwise() {
    let prints = |found: &[Finding]| -> Vec<String> {
        let document: Value = serde_json::from_str(&sarif::lint(found, &[])).unwrap();
        let results = document["runs"][0]["results"].as_array().unwrap().clone();
        results
            .iter()
            .map(|r| r["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap().to_owned())
            .collect()
    };
    let found = hostile();
    let before = prints(&found);
    let mut moved = found.clone();
    for finding in &mut moved {
        finding.place.line += 7;
        finding.place.end_line += 7;
    }
    assert_eq!(prints(&moved), before);
    let distinct: BTreeSet<&String> = before.iter().collect();
    assert_eq!(distinct.len(), before.len(), "one finding would hide another");
}

#[test]
fn what_is_left_out_is_counted() {
    let many = |number: usize| -> Vec<Finding> {
        let mut found: Vec<Finding> = (0..number)
            .map(|at| Finding::new(&TESTED, Place::whole_file(format!("{at:05}.yaml")), "m".repeat(300), "h"))
            .collect();
        found[number - 1].severity = Severity::Error;
        found
    };
    let document: Value = serde_json::from_str(&sarif::lint(&many(6_000), &[])).unwrap();
    let run = &document["runs"][0];
    assert_eq!(run["results"].as_array().unwrap().len(), 5_000);
    assert_eq!(run["results"][4_999]["level"], "error");
    let note = &run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
    assert_eq!(note, "5000 of 6000 findings shown, errors first");

    let markdown = markdown::lint(&many(6_000), 6_000);
    assert!(markdown.chars().count() < 65_536 && markdown.len() < 1 << 20, "{}", markdown.len());
    assert!(markdown.contains(" of 5999 shown") && markdown.contains("`05999.yaml`"), "{markdown}");

    let annotations = github::lint(&many(30), 30);
    let of = |word: &str| annotations.lines().filter(|line| line.starts_with(word)).count();
    assert_eq!((of("::error "), of("::warning "), of("::notice ")), (1, 10, 1));
    assert!(
        annotations.ends_with(
            "19 warnings more than are shown here; `dualkey lint` prints them\n1 error, 29 warnings in 30 files\n"
        ),
        "{annotations}"
    );
}

#[test]
fn annotations_say_no_more_than_their_fields() {
    let output = github::lint(&hostile(), 1);
    let mut seen = 0;
    for line in output.lines().filter(|line| line.starts_with("::")) {
        let (head, data) = line[2..].split_once("::").unwrap();
        let (level, properties) = head.split_once(' ').unwrap();
        assert!(["error", "warning", "notice"].contains(&level), "{line}");
        let names: Vec<&str> = properties.split(',').map(|one| one.split_once('=').unwrap().0).collect();
        assert!(
            [&["file", "line", "endLine", "col", "endColumn", "title"][..], &["title"]].contains(&&names[..]),
            "{line}"
        );
        // only `%25` and the line ends between the parts are escapes
        assert!(data.replace("%25", "").replace("%0A", "").find('%').is_none(), "{line}");
        seen += 1;
    }
    assert_eq!(seen, 6 + 6 + 10);
}

/// Text outside of code spans.
fn active(markdown: &str) -> String {
    let mut kept = String::new();
    for line in markdown.lines() {
        let mut rest = line;
        while let Some(start) = rest.find('`') {
            kept.push_str(&rest[..start]);
            let ticks = rest[start..].len() - rest[start..].trim_start_matches('`').len();
            let after = &rest[start + ticks..];
            // the next run of exactly as many
            let mut at = 0;
            rest = loop {
                let next = at + after[at..].find('`').unwrap_or_else(|| panic!("a code span stays open in {line}"));
                let run = after[next..].len() - after[next..].trim_start_matches('`').len();
                at = next + run;
                if run == ticks {
                    break &after[at..];
                }
            };
        }
        kept.push_str(rest);
        kept.push('\n');
    }
    kept
}

#[test]
fn markdown_shows_attacks_as_words() {
    let output = markdown::lint(&hostile(), 1);
    let active = active(&output);
    for word in ["<", "@", "](", "#7", "://", "www.", " | "] {
        assert!(!active.contains(word), "`{word}` is active in\n{active}");
    }
    // headings and lists are the program's own
    let own = |line: &str| ["### ", "- ", "  - ", "**"].iter().any(|start| line.starts_with(start)) || line.is_empty();
    assert!(output.lines().all(own), "{output}");
    assert_eq!(escape::markdown_text("a\nb"), "a\\\\u{a}b");
}

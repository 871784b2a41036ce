//! Custom rules, anybody's text: whatever a file holds, it is judged or refused in words that can be printed, the same
//! each time. A line `---` ends the rules, the rest is a file of tests.

#![no_main]

use std::collections::BTreeSet;

use dualkey::lint::Halt;
use dualkey::lint::custom::{judge, test};
use libfuzzer_sys::fuzz_target;

const INPUT: &str = include_str!("../../../src/lint/custom/tests/input.json");

fuzz_target!(|text: &str| {
    let (rules, tests) = text.split_once("\n---\n").unwrap_or((text, ""));
    let files = [("policies/a.rego", rules)];
    let known = BTreeSet::from(["grants/a.yaml", "grants/b.yaml"]);
    let found = judge(&files, INPUT, &known, &Halt::default());
    for finding in &found {
        let texts = [&finding.message, &finding.help];
        assert!(!texts.iter().any(|text| text.chars().any(char::is_control)), "unescaped: {texts:?}");
        let place = &finding.place;
        assert!(place.file == "policies/a.rego" || known.contains(place.file.as_str()), "{place:?}");
        assert!(place.line >= 1 && place.column >= 1, "{place:?}");
    }
    let again = judge(&files, INPUT, &known, &Halt::default());
    assert_eq!(format!("{found:?}"), format!("{again:?}"));
    let both = [files[0], ("policies/a_test.rego", tests)];
    if let Ok(tested) = test(&both) {
        for (name, place, why) in &tested.tests {
            assert!(!name.chars().any(char::is_control), "{name:?}");
            assert_eq!(place.file, "policies/a_test.rego");
            assert!(why.iter().all(|why| !why.chars().any(char::is_control)), "{why:?}");
        }
    }
});

//! Patterns over entitlements, against a slow matcher that tries everything. First line the pattern, second the text.

#![no_main]

use dualkey::access::EntitlementPattern;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Some((pattern, text)) = text.split_once('\n') else { return };
    if pattern.len() > 400 || text.len() > 400 {
        return;
    }
    let Ok(parsed) = EntitlementPattern::parse(pattern) else { return };
    assert_eq!(parsed.to_string(), pattern);
    let (kind, rest) = pattern.split_once(':').expect("parsed");
    let (resource, permission) = rest.rsplit_once(':').expect("parsed");
    let expected = slow(resource.as_bytes(), text.as_bytes());
    let kind = if kind == "*" { "repository" } else { kind };
    if slow(permission.as_bytes(), b"push") {
        assert_eq!(parsed.matches(kind, text, "push"), expected);
    } else {
        assert!(!parsed.matches(kind, text, "push"));
    }
});

/// Row by row: whether the pattern so far matches each prefix of the text.
fn slow(pattern: &[u8], text: &[u8]) -> bool {
    let mut row = vec![false; text.len() + 1];
    row[0] = true;
    for wanted in pattern {
        let mut next = vec![false; text.len() + 1];
        next[0] = *wanted == b'*' && row[0];
        for at in 0..text.len() {
            next[at + 1] = if *wanted == b'*' { row[at + 1] || next[at] } else { row[at] && text[at] == *wanted };
        }
        row = next;
    }
    row[text.len()]
}

//! `.gitattributes`: nothing that stands before or after a line that hides changes keeps it from being seen, and comments
//! change nothing. The first byte chooses where the file stands.

#![no_main]

use dualkey::access::reading::read;
use dualkey::finding::Finding;
use libfuzzer_sys::fuzz_target;

const HIDES: &str = "*.yaml -diff\n";

fuzz_target!(|data: &[u8]| {
    let Some((choice, bytes)) = data.split_first() else { return };
    let path = [".gitattributes", ".github/.gitattributes"][usize::from(*choice) % 2];
    let text = String::from_utf8_lossy(bytes).into_owned();
    let found = |text: &str| read(path, text.as_bytes(), text.len() as u64).findings;
    let alone = found(&text);
    for finding in &alone {
        assert!(!finding.message.chars().any(char::is_control), "unescaped: {}", finding.message);
        let place = &finding.place;
        assert!((place.line, place.column) <= (place.end_line, place.end_column), "{place:?}");
    }
    // of a file with more flaws than are listed, the rest is only counted
    if alone.len() >= 100 {
        return;
    }
    let ends = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let after = found(&format!("{text}{ends}{HIDES}"));
    let before = found(&format!("{HIDES}{text}"));
    assert!(after.len() > alone.len(), "hidden by what stands before it");
    assert!(before.len() > alone.len(), "hidden by what stands after it");
    let messages = |found: &[Finding]| found.iter().map(|one| one.message.clone()).collect::<Vec<_>>();
    assert_eq!(messages(&found(&format!("# a comment\n{text}"))), messages(&alone));
});

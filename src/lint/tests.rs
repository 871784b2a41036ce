//! What the small organisation is told when its files change.

use super::testing::{line, lint};

#[test]
fn the_organisation_has_no_findings() {
    let found: Vec<String> = lint(&[]).iter().map(line).collect();
    assert_eq!(found, Vec::<String>::new());
}

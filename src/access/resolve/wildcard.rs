//! Words that stand for everything or everybody.

use crate::finding::{Code, Rule, Severity};

/// A permission, a resource or somebody that is no single one.
pub const WILDCARD_PERMISSION: Rule = Rule {
    code: Code {
        id: "wildcard-permission",
        title: "a word stands for every permission, every resource or everybody",
        why: "What `*` or `allUsers` reaches is decided elsewhere and later, so nobody can approve it, and no duties \
              rule can be judged by it: it gives half of every pair to everybody.",
        example: "# roles/developer.yaml\nentitlements:\n  account: \"*\"",
        instead: "Name the permissions, the resources and the people one by one; a group keeps a list in one place.",
    },
    severity: Severity::Error,
    dated: false,
};

/// Principals that targets take for everybody, in small letters.
const EVERYBODY: [&str; 4] = ["allusers", "allauthenticatedusers", "everyone", "everybody"];

/// True for a text that names more than one thing.
pub(super) fn is_wildcard(text: &str) -> bool {
    text.contains('*') || EVERYBODY.contains(&text.to_ascii_lowercase().as_str())
}

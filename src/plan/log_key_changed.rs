//! A change of the log's key, which is not done by landing alone.

use crate::access::Access;
use crate::access::reading::Step;
use crate::finding::{Code, Finding, Rule, Severity};

/// Another key for the log than at the base.
pub const LOG_KEY_CHANGED: Rule = Rule {
    code: Code {
        id: "log-key-changed",
        title: "a change names another key for the log",
        why: "The landing alone doesn't change who signs the log. From then on `apply` refuses, but for ends \
              (`log-key-outdated`), until the old key has signed that the new one takes over.",
        example: "audit: { ref: refs/dualkey/audit, key: \"northwind-access+…\" }     # another key than at the base",
        instead: "Nothing, where it is meant: once the change has landed, run `dualkey audit rotate --log-key OLD \
                  --new-log-key NEW` before the next `apply`, then give runs the new key.",
    },
    severity: Severity::Warning,
    dated: false,
};

/// The finding where the log's key differs, at the new one.
pub fn find(before: &Access, after: &Access) -> Option<Finding> {
    let (before, after) = (&before.config, &after.config);
    (before.audit_key != after.audit_key).then(|| {
        Finding::new(
            &LOG_KEY_CHANGED,
            after.place(&[Step::Key("audit"), Step::Key("key")]),
            format!("once this has landed, `apply` refuses until the log goes on under `{}`", after.audit_key),
            "after it has landed and before the next `apply`, run `dualkey audit rotate --log-key OLD --new-log-key NEW` \
             with both private halves",
        )
    })
}

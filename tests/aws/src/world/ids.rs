//! Identifiers that look as AWS's do. They are made from a count, so that every run has the same ones.

use crate::signature::hash;

/// So many hexadecimal digits for a name.
pub(super) fn digits(of: &str, count: usize) -> String {
    hash(of.as_bytes())[..count].to_owned()
}

/// A UUID for a name.
pub(super) fn uuid(of: &str) -> String {
    let digits = digits(of, 32);
    format!("{}-{}-4{}-8{}-{}", &digits[..8], &digits[8..12], &digits[13..16], &digits[17..20], &digits[20..])
}

/// Counts what was made.
#[derive(Debug, Clone, Default)]
pub(super) struct Count(u64);

impl Count {
    /// A name that no other thing has.
    pub(super) fn next(&mut self, kind: &str) -> String {
        self.0 += 1;
        format!("{kind} {}", self.0)
    }
}

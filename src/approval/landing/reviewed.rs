//! What was reviewed, as an approval names it.

use crate::plan::Digest;

/// The change from where a head started to the head, as far as anybody can have been shown it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reviewed {
    /// It has no single start, or one of its ends can't be read.
    Unreadable,
    Is(Digest),
}

impl Reviewed {
    /// What a statement about it names as its digest. No digest is empty, so nothing said of what nobody can have been shown is
    /// said of anything else.
    pub fn as_signed(&self) -> &str {
        match self {
            Reviewed::Unreadable => "",
            Reviewed::Is(digest) => digest.as_str(),
        }
    }
}

//! Two places on a line of commits.

/// From one place of a line to a later one. A landing covers what lies between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::approval) struct Span {
    /// Where the landing starts from, which is no part of it.
    pub from: usize,
    /// Where it ends.
    pub to: usize,
}

impl Span {
    pub(in crate::approval) fn new(from: usize, to: usize) -> Self {
        Span { from, to }
    }
}

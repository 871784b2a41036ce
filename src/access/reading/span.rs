//! Where a value stands in a text.

/// A value's stretch of the text, with its key's. In document order; `next` skips what lies within.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    pub(super) key: (u32, u32),
    pub(super) value: (u32, u32),
    pub(super) next: u32,
}

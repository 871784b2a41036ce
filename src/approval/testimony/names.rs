//! What statements name, as types that can't be taken for one another.

/// The anchor of a log, as `DUALKEY_ANCHOR` and statements name it: the genesis, a colon, and what tells the key that the log
/// begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor<'a>(&'a str);

impl<'a> Anchor<'a> {
    pub fn new(text: &'a str) -> Self {
        Anchor(text)
    }

    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// The commit that everything is judged from.
    pub fn genesis(self) -> &'a str {
        self.0.split(':').next().unwrap_or_default()
    }
}

/// The short name of a protected branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Branch<'a>(&'a str);

impl<'a> Branch<'a> {
    pub fn new(name: &'a str) -> Self {
        Branch(name)
    }

    pub fn as_str(self) -> &'a str {
        self.0
    }
}

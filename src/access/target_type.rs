//! Types of targets, by name.

use serde::Serialize;

/// The type of a target, by its name: which system its kinds belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TargetType(&'static str);

impl TargetType {
    pub const fn new(name: &'static str) -> Self {
        TargetType(name)
    }

    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl std::fmt::Display for TargetType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

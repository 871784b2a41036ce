//! All types of targets and kinds that the program was given.

use super::kind::Kind;
use super::target_spec::TargetSpec;

/// All kinds the program was given, by the types of targets that have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(pub &'static [&'static TargetSpec]);

impl Kinds {
    pub fn get(self, name: &str) -> Option<&'static Kind> {
        self.all().find(|kind| kind.name == name)
    }

    /// Every kind, in the order of the types.
    pub fn all(self) -> impl Iterator<Item = &'static Kind> {
        self.0.iter().flat_map(|spec| spec.kinds).copied()
    }

    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.all().map(|kind| kind.name)
    }

    /// The type of target of that name.
    pub fn target_type(self, name: &str) -> Option<&'static TargetSpec> {
        self.0.iter().find(|spec| spec.name.as_str() == name).copied()
    }

    /// The types that aren't embedded.
    pub fn real(self) -> impl Iterator<Item = &'static TargetSpec> {
        self.0.iter().filter(|spec| spec.stands_for.is_none()).copied()
    }
}

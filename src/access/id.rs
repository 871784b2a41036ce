//! Names as types: one parsing constructor each, so that a value of the type is a valid id of that sort.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an id: {why}")]
pub struct InvalidId {
    pub text: String,
    pub why: &'static str,
}

/// Longest id, so that a path made of one stays a safe file name everywhere.
const MAX_ID_LENGTH: usize = 100;

/// Says why a text is no id of any sort.
pub(super) fn check(text: &str) -> Result<(), &'static str> {
    match text.bytes().next() {
        None => return Err("it is empty"),
        Some(first) if !(first.is_ascii_lowercase() || first.is_ascii_digit()) => {
            return Err("it must start with a lower-case letter or a digit");
        }
        Some(_) => {}
    }
    let mut last = 0;
    let mut two_dots = false;
    for byte in text.bytes() {
        if !(byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-')) {
            return Err("it may hold only lower-case letters, digits, `.`, `_` and `-`");
        }
        two_dots |= byte == b'.' && last == b'.';
        last = byte;
    }
    if text.len() > MAX_ID_LENGTH {
        return Err("it is longer than 100 characters");
    }
    // git refuses such names in refs, and approvals are stored in refs named after people
    if two_dots || last == b'.' || text.ends_with(".lock") {
        return Err("it must not hold `..` nor end in `.` or `.lock`");
    }
    Ok(())
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Parses `[a-z0-9][a-z0-9._-]*`, without `..`, final `.` or final `.lock`.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                match check(text) {
                    Ok(()) => Ok($name(Arc::from(text))),
                    Err(why) => Err(InvalidId { text: text.to_owned(), why }),
                }
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        #[cfg(test)]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                "Id".into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string" })
            }

            fn inline_schema() -> bool {
                true
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                $name::parse(&text).map_err(serde::de::Error::custom)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// A person: the stem of a file in `people/`.
    ///
    /// ```compile_fail
    /// // a group's id is not a person's
    /// use dualkey::access::{GroupId, PersonId};
    /// let person: PersonId = GroupId::parse("payments").unwrap();
    /// ```
    PersonId,
    VendorId,
    /// The organisation, in digests and log entries.
    OrganizationId,
    GroupId,
    DomainId,
    BridgeId,
    RoleId,
    GrantId,
    /// The name a domain gives one of its resources.
    ResourceId,
    /// The name of a target in `dualkey.yaml`.
    TargetId,
    /// A word that separation-of-duties rules speak of.
    Duty,
    /// The id of a rule written as data, in `policies/`.
    PolicyId,
}

impl TargetId {
    /// The target's part in the names of variables of the environment: `github.two` is `GITHUB_TWO`.
    pub fn variable(&self) -> String {
        let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
        self.as_str().chars().map(letter).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_file_names_and_ref_names() {
        for good in ["alice.nguyen", "0", "a-b_c.d", "a.locked"] {
            assert!(PersonId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", ".a", "-a", "Alice", "a..b", "a.", "a.lock", "a/b", "a b", "é", "а"] {
            assert!(PersonId::parse(bad).is_err(), "{bad}");
        }
        assert!(PersonId::parse(&"a".repeat(101)).is_err());
    }
}

//! The name of a git object.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The SHA-1 name of a git object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid([u8; 20]);

/// A text that is not an object id in full.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
#[error("`{0}` is not an object id")]
#[diagnostic(help("give all 40 digits in lower case, as `git rev-parse` prints them"))]
pub struct InvalidOid(pub String);

#[cfg(test)]
impl schemars::JsonSchema for Oid {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Oid".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9a-f]{40}$" })
    }

    fn inline_schema() -> bool {
        true
    }
}

impl Oid {
    /// The id made of these raw bytes.
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Oid(bytes)
    }

    /// The raw bytes, as they stand in trees.
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// The first 10 digits, for people.
    pub fn short(&self) -> String {
        let mut text = self.to_string();
        text.truncate(10);
        text
    }

    /// The id that git gives a blob with these bytes.
    pub fn of_blob(bytes: &[u8]) -> Self {
        // hashing a slice can only fail for want of memory, and the name of nothing can never stand for a real blob
        git2::Oid::hash_object(git2::ObjectType::Blob, bytes).map_or(Oid([0; 20]), Oid::of_git)
    }

    pub(super) fn of_git(oid: git2::Oid) -> Self {
        let mut bytes = [0; 20];
        bytes.iter_mut().zip(oid.as_bytes()).for_each(|(to, from)| *to = *from);
        Oid(bytes)
    }

    pub(super) fn to_git(self) -> git2::Oid {
        // INVARIANT: 20 bytes are always an id, and the id of nothing names no object
        git2::Oid::from_bytes(&self.0).unwrap_or(git2::Oid::ZERO_SHA1)
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Oid {
    type Err = InvalidOid;

    /// Takes exactly 40 lower-case hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, InvalidOid> {
        let invalid = || InvalidOid(text.to_owned());
        if text.len() != 40 || text.bytes().any(|b| !matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(invalid());
        }
        git2::Oid::from_str(text).map(Oid::of_git).map_err(|_| invalid())
    }
}

impl Serialize for Oid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Oid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_full_lower_case_id_is_one() {
        let text = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
        let oid: Oid = text.parse().unwrap();
        assert_eq!(oid.to_string(), text);
        assert_eq!(serde_json::to_string(&oid).unwrap(), format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<Oid>(&format!("\"{text}\"")).unwrap(), oid);
        assert!(serde_json::from_str::<Oid>("\"e69de29\"").is_err());
        assert_eq!(Oid::of_blob(b""), oid);
        for bad in ["", "e69de29", &text.to_uppercase(), &format!("{text}0"), &text.replace('e', "g")] {
            assert!(bad.parse::<Oid>().is_err(), "{bad}");
        }
    }
}

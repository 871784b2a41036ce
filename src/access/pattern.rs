//! Patterns over entitlements, `KIND:RESOURCE:PERMISSION` with `*` for any text, as duties rules and guards write them.

use std::fmt;

use super::kind::{Kind, Permissions};
use super::kinds::Kinds;

/// A pattern such as `repository:northwind/payments-*:admin`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntitlementPattern {
    kind: String,
    resource: String,
    permission: String,
}

impl EntitlementPattern {
    /// Splits at the first and the last colon, so that a resource may hold colons. Says what is wrong.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const SHAPE: &str = "a pattern is written KIND:RESOURCE:PERMISSION, with `*` for any text";
        let (kind, rest) = text.split_once(':').ok_or(SHAPE)?;
        let (resource, permission) = rest.rsplit_once(':').ok_or(SHAPE)?;
        if kind.is_empty() || resource.is_empty() || permission.is_empty() {
            return Err(SHAPE);
        }
        Ok(EntitlementPattern {
            kind: kind.to_owned(),
            resource: resource.to_owned(),
            permission: permission.to_owned(),
        })
    }

    /// The same in the spelling that resources of its kind have here.
    #[must_use]
    pub fn spelled(self, kinds: Kinds) -> Self {
        let resource = kinds.get(&self.kind).map(|kind| kind.spelling(&self.resource));
        EntitlementPattern { resource: resource.unwrap_or(self.resource), ..self }
    }

    /// True where all three parts match. The kind is compared as it is, unless it is `*`.
    pub fn matches(&self, kind: &str, resource: &str, permission: &str) -> bool {
        self.matches_resource(kind, resource) && wildcard(&self.permission, permission)
    }

    /// True where the permission is what the pattern speaks of, or includes it: who may administer may also push.
    pub fn covers(&self, kind: &Kind, resource: &str, permission: &str) -> bool {
        if self.matches(kind.name, resource, permission) {
            return true;
        }
        match kind.permissions {
            Permissions::Ordered(words) => {
                let mut lower = words.iter().take(kind.rank(permission));
                // whoever has all may do what an owner's own permission adds
                let adds = kind.extended && self.permission.contains('+') && words.last() == Some(&permission);
                lower.any(|word| self.matches(kind.name, resource, word))
                    || (adds && self.matches_resource(kind.name, resource))
            }
            Permissions::Open(_) => false,
        }
    }

    /// True where the pattern speaks of the resource, whatever the permission.
    pub fn matches_resource(&self, kind: &str, resource: &str) -> bool {
        (self.kind == "*" || self.kind == kind) && wildcard(&self.resource, resource)
    }

    /// The kind the pattern names, `*` for any.
    pub fn kind(&self) -> &str {
        &self.kind
    }
}

impl fmt::Display for EntitlementPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.kind, self.resource, self.permission)
    }
}

/// True where a text matches a pattern in which `*` stands for any text. In linear time a piece: the pieces between stars must
/// follow one another, first and last anchored.
pub fn wildcard(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut pieces = rest.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return text.ends_with(piece);
        }
        match text.find(piece) {
            Some(at) => text = text.get(at + piece.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_text() {
        for (pattern, text, expected) in [
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*b*c", "a-b-b-c", true),
            ("*", "", true),
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("a*bc", "abcb", false),
            ("**", "x", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(wildcard(pattern, text), expected, "{pattern} {text}");
        }
        let pattern = EntitlementPattern::parse("account:1111*:Admin*").expect("pattern");
        assert!(pattern.matches("account", "111122223333", "AdminAccess"));
        assert!(EntitlementPattern::parse("account:1").is_err());
    }
}

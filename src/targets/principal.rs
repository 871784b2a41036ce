//! Who holds something at a target.

use std::fmt;

/// Who holds something, as the target names them. The registry may not know them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Principal {
    /// The only ones that can be somebody's declared account.
    Account(String),
    /// All of its members hold it.
    Group(String),
    /// A service that the target runs for itself.
    Service(String),
    /// Whoever comes, or whoever has any account at all.
    Everyone(String),
    /// Nobody has that account any more, but what it held is still written down.
    Deleted(String),
    /// The target names it, and can't say what it is.
    Unknown(String),
}

impl Principal {
    /// The account, where it is one.
    pub fn account(&self) -> Option<&str> {
        match self {
            Principal::Account(name) => Some(name),
            Principal::Group(_)
            | Principal::Service(_)
            | Principal::Everyone(_)
            | Principal::Deleted(_)
            | Principal::Unknown(_) => None,
        }
    }

    /// The name without what it is.
    pub fn name(&self) -> &str {
        match self {
            Principal::Account(name)
            | Principal::Group(name)
            | Principal::Service(name)
            | Principal::Everyone(name)
            | Principal::Deleted(name)
            | Principal::Unknown(name) => name,
        }
    }

    /// Who it is, for places that are only compared.
    pub fn holder(&self) -> Holder<'_> {
        self.account().map_or(Holder::Other(self), Holder::Account)
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Principal::Account(name) => return f.write_str(name),
            Principal::Group(_) => "group",
            Principal::Service(_) => "service",
            Principal::Everyone(_) => "everyone",
            Principal::Deleted(_) => "deleted",
            Principal::Unknown(_) => "unknown",
        };
        write!(f, "{what}:{}", self.name())
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A principal by reference: an account, which may be a declared one, or somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder<'a> {
    Account(&'a str),
    Other(&'a Principal),
}

impl fmt::Display for Holder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Holder::Account(name) => f.write_str(name),
            Holder::Other(principal) => fmt::Display::fmt(principal, f),
        }
    }
}

#[cfg(test)]
impl From<&str> for Principal {
    /// As it is displayed: an account, or another one with what it is before its name.
    fn from(text: &str) -> Self {
        let name = |name: &str| name.to_owned();
        match text.split_once(':') {
            Some(("group", rest)) => Principal::Group(name(rest)),
            Some(("service", rest)) => Principal::Service(name(rest)),
            Some(("everyone", rest)) => Principal::Everyone(name(rest)),
            Some(("deleted", rest)) => Principal::Deleted(name(rest)),
            Some(("unknown", rest)) => Principal::Unknown(name(rest)),
            Some(_) | None => Principal::Account(name(text)),
        }
    }
}

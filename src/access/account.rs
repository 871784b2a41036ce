//! Accounts: those of a person, and how the log may name one. It is for ever, so it holds no e-mail address.

use std::collections::BTreeMap;
use std::fmt;

use sha2::{Digest, Sha256};

use super::target_type::TargetType;

/// The type of target whose accounts open, review and merge pull requests.
const FORGE: TargetType = TargetType::new("github");

/// A person's accounts, by type of target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts(BTreeMap<TargetType, Account>);

/// An account at all targets of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What identifies it at the target, in the target's own spelling.
    pub principal: String,
    /// Where a number identifies it.
    pub numbered: Option<Numbered>,
    /// True where letters of another case name the same account.
    pub caseless: bool,
}

/// An account that a number identifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// For people; it identifies nobody.
    pub login: String,
    pub id: u64,
}

impl Accounts {
    pub(super) fn insert(&mut self, target: TargetType, account: Account) {
        self.0.insert(target, account);
    }

    /// All of them, sorted by the types' names.
    pub fn iter(&self) -> impl Iterator<Item = (TargetType, &Account)> {
        self.0.iter().map(|(target, account)| (*target, account))
    }

    pub fn get(&self, target: TargetType) -> Option<&Account> {
        self.0.get(&target)
    }

    /// The name that identifies the person at targets of the type: for GitHub the account's number.
    pub fn principal(&self, target: TargetType) -> Option<&str> {
        self.get(target).map(|account| account.principal.as_str())
    }

    /// The account at the forge, by which pull requests tell who did what.
    pub fn forge(&self) -> Option<&Numbered> {
        self.get(FORGE)?.numbered.as_ref()
    }
}

impl Account {
    /// The same text for all spellings of one account.
    pub fn folded(&self) -> String {
        if self.caseless { self.principal.to_lowercase() } else { self.principal.clone() }
    }
}

/// What tells an account apart from others without saying whose it is: the principal itself or, where that is an e-mail
/// address, the first 32 digits of its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountMark(String);

impl AccountMark {
    /// The mark of an account as a target names it.
    pub fn of(principal: &str) -> Self {
        if !principal.contains('@') {
            return AccountMark(principal.to_owned());
        }
        let mut digest = crate::hex::encode(&Sha256::digest(principal));
        digest.truncate(32);
        AccountMark(format!("sha256:{digest}"))
    }

    /// A sentence with every e-mail address in it replaced by its mark.
    pub fn in_text(text: &str) -> String {
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '@' | '.' | '_' | '-' | '+' | '%');
        let mut marked = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            marked.push_str(&AccountMark::of(word).0);
            let next = after.find(is_word).unwrap_or(after.len());
            let (between, tail) = after.split_at(next);
            marked.push_str(between);
            rest = tail;
        }
        marked
    }

    /// A mark that was written down.
    pub fn written(text: &str) -> Self {
        AccountMark(text.to_owned())
    }
}

impl fmt::Display for AccountMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_marked_and_nothing_else() {
        assert_eq!(AccountMark::of("583231").to_string(), "583231");
        let mark = AccountMark::of("bob@globex.example").to_string();
        assert!(mark.starts_with("sha256:") && !mark.contains('@'), "{mark}");
        let text = "`bob@globex.example` of grant x: no, bob@globex.example!";
        assert_eq!(AccountMark::in_text(text), format!("`{mark}` of grant x: no, {mark}!"));
        assert_eq!(AccountMark::in_text("é ü"), "é ü");
    }
}

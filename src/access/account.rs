//! Accounts as the log may name them: it is for ever, so it holds no e-mail address.

use std::fmt;

use sha2::{Digest, Sha256};

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

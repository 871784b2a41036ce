//! What opens GitHub, and the keeping of it out of every word that is printed.

/// What begins a token, and how long the rest is at least.
const TOKENS: [(&str, usize); 6] =
    [("ghp_", 36), ("gho_", 36), ("ghu_", 36), ("ghs_", 36), ("ghr_", 36), ("github_pat_", 22)];

/// Stands where a token stood.
const REDACTED: &str = "[a token]";

/// A text without any token in it, whatever its kind. Those of installations are some 500 characters long, with dots.
pub(crate) fn redacted(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let token = TOKENS.iter().find_map(|(start, least)| {
            let after = rest.strip_prefix(start)?;
            let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            let length = after.find(|c| !inner(c)).unwrap_or(after.len());
            (length >= *least).then_some(start.len() + length)
        });
        match token {
            Some(length) => {
                clean.push_str(REDACTED);
                rest = rest.get(length..).unwrap_or_default();
            }
            None => {
                clean.push(first);
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
    }
    clean
}

/// How a client proves who it is.
pub(crate) enum Secret {
    /// A token that somebody made: fine-grained, classic, or an installation's.
    Token(String),
    /// A GitHub App, which has tokens of an hour made for it.
    App { id: u64, key: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_token_is_printed_whatever_stands_around_it() {
        let long = format!("ghs_900001_{}.{}.{}", "a".repeat(36), "b".repeat(300), "c".repeat(172));
        let fine = format!("github_pat_{}", "A1_".repeat(27));
        for token in [long, fine, format!("ghp_{}", "x".repeat(36))] {
            let said = redacted(&format!("é \"Bearer {token}\", {token}/x"));
            assert_eq!(said, "é \"Bearer [a token]\", [a token]/x");
        }
        let harmless = "ghp_short, github_pat_1 and the word ghs_";
        assert_eq!(redacted(harmless), harmless);
    }
}

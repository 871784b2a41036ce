//! How text and markdown write data within what they say alike.

use super::escape::{markdown_code, markdown_message, markdown_text, terminal, terminal_data};

/// How data is written within a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    Text,
    Markdown,
}

impl Voice {
    /// A name or a value.
    pub(super) fn data(self, text: &str) -> String {
        match self {
            Voice::Text => terminal_data(text),
            Voice::Markdown => markdown_code(text),
        }
    }

    /// A message with data in backticks.
    pub(super) fn message(self, text: &str) -> String {
        match self {
            Voice::Text => terminal(text),
            Voice::Markdown => markdown_message(text),
        }
    }

    /// Words with names in them, such as `owners of payments-staging`.
    pub(super) fn words(self, text: &str) -> String {
        match self {
            Voice::Text => terminal(text),
            Voice::Markdown => markdown_text(text),
        }
    }

    pub(super) fn list<'a>(self, names: impl IntoIterator<Item = &'a str>, last: &str) -> String {
        let names: Vec<&str> = names.into_iter().collect();
        let shown: Vec<String> = names.iter().take(LISTED).map(|name| self.data(name)).collect();
        match (names.len().saturating_sub(LISTED), shown.as_slice()) {
            (0, [first, second]) => format!("{first}{last}{second}"),
            (0, _) => shown.join(", "),
            (more, _) => format!("{} and {more} more", shown.join(", ")),
        }
    }
}

/// Longer lists of names are cut; the diff has them all.
pub(super) const LISTED: usize = 5;

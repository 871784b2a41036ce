//! Characters that a reviewer cannot see, and how user input is shown without them.

use std::fmt::Write as _;

use unicode_general_category::{GeneralCategory, get_general_category};

use super::flaw::{Flaws, clamp};
use crate::finding::{Code, Rule, Severity};

/// Characters that hide or reorder what a reviewer sees.
pub const HIDDEN_CHARACTER: Rule = Rule {
    code: Code {
        id: "hidden-character",
        title: "a file holds a character that cannot be seen",
        why: "Control, format and bidirectional characters, variation selectors and unassigned tags make a file look \
              different from what it says, so that a reviewer approves something else than what is applied. \
              Comments count too: they can reorder the line they stand on.",
        example: "reason: \"Build \\u202Ethe refund flow\"",
        instead: "Delete the character; the finding names its code point and column. Type plain text instead of \
                  pasting it.",
    },
    severity: Severity::Error,
    dated: false,
};

/// So many are listed one by one; a file full of them gets a count.
const LISTED: usize = 20;

/// True for what has no shape of its own, or changes the shape of its neighbours. Line feed and tab are not hidden.
pub fn is_hidden(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control() && c != '\n' && c != '\t';
    }
    // blanks and selectors whose category is a letter's, a mark's or a symbol's
    if matches!(
        c,
        '\u{34f}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{ffa0}'
            | '\u{e0000}'..='\u{e0fff}'
    ) {
        return true;
    }
    matches!(
        get_general_category(c),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::PrivateUse
    )
}

/// Longest stretch of user input in a message, in characters.
const SHOWN: usize = 80;

/// User input for a message: in backticks, cut when long, with every character that cannot be seen written as
/// `\u{202e}`.
pub fn quote(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(4 * SHOWN) + 2);
    shown.push('`');
    for (count, c) in text.chars().enumerate() {
        if count == SHOWN {
            shown.push('…');
            break;
        }
        if is_hidden(c) || c == '\n' || c == '\t' {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown.push('`');
    shown
}

/// Several names for a message.
pub(super) fn quote_all<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut list = String::new();
    for name in names {
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(&quote(name));
    }
    list
}

/// Looks through the whole file, comments included. Carriage returns are told of elsewhere.
pub(super) fn check(text: &str, flaws: &mut Flaws) {
    // a byte order mark at the start is `invalid-yaml`
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let rest = text.get(mark..).unwrap_or_default();
    if rest.is_ascii() && rest.bytes().all(|b| !b.is_ascii_control() || matches!(b, b'\n' | b'\t' | b'\r')) {
        return;
    }
    let mut found = rest.char_indices().filter(|(_, c)| is_hidden(*c) && *c != '\r');
    for (at, c) in found.by_ref().take(LISTED) {
        let at = mark + at;
        flaws.add(&HIDDEN_CHARACTER, at..at + c.len_utf8(), message(c), HELP);
    }
    if let Some((at, c)) = found.next() {
        let at = mark + at;
        let more = found.count();
        let mut text = message(c);
        if more > 0 {
            // writing to a string cannot fail
            let _ = write!(text, ", and {more} more follow");
        }
        flaws.add(&HIDDEN_CHARACTER, at..at + c.len_utf8(), text, HELP);
    }
}

/// What an escape in a quoted text hides.
pub(super) fn check_escaped(decoded: &str, start: usize, end: usize, flaws: &mut Flaws) {
    if let Some(c) = decoded.chars().find(|c| is_hidden(*c)) {
        let range = clamp(start)..clamp(end);
        flaws.add_range(
            &HIDDEN_CHARACTER,
            range,
            format!("the escape for U+{:04X} writes a character that cannot be seen", u32::from(c)),
            "write the text without it",
        );
    }
}

const HELP: &str = "delete it; text that is pasted often brings such characters along";

fn message(c: char) -> String {
    format!("U+{:04X} is a character that cannot be seen", u32::from(c))
}

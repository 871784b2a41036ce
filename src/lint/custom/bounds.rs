//! What would keep the parser of the engine busy for ever, seen before it reads a text.

use regorus::unstable::{Lexer, Source, TokenKind};

/// How often the parser may read a word again. What stands in brackets it takes for a comprehension first, and then for a
/// list, a set or an object, at every level anew. A large file, written as people write, stays below.
const READINGS: u64 = 1 << 22;

/// Digits of an exponent. The engine multiplies one step at a time, also where the number is zero.
const EXPONENT: usize = 3;

/// Characters of a line. The engine counts columns up to 65,535, and fails where it has to tell of one beyond.
const LINE: usize = 60_000;

/// What is too much, the byte at which it is seen, and what to do about it.
#[derive(Debug)]
pub(super) struct Beyond {
    pub at: usize,
    pub what: &'static str,
    pub help: &'static str,
}

pub(super) fn beyond(text: &str) -> Option<Beyond> {
    // the lexer works out numbers, so these first
    if let Some(at) = long_exponent(text) {
        let (what, help) = ("a number has too long an exponent", "write the number out");
        return Some(Beyond { at, what, help });
    }
    if let Some(at) = long_line(text) {
        let (what, help) = ("a line has more than 60,000 characters", "break the line");
        return Some(Beyond { at, what, help });
    }
    let at = too_deep(text)?;
    Some(Beyond { at, what: "brackets in brackets go too deep", help: "give the inner parts names of their own" })
}

/// Where a line goes beyond what the engine can point to.
fn long_line(text: &str) -> Option<usize> {
    let mut start = 0;
    text.split_inclusive('\n').find_map(|line| {
        let at = start;
        start += line.len();
        line.char_indices().nth(LINE).map(|(place, _)| at + place)
    })
}

fn too_deep(text: &str) -> Option<usize> {
    let source = Source::from_contents(String::new(), text.to_owned()).ok()?;
    let mut lexer = Lexer::new(&source);
    let (mut depth, mut readings) = (0_u32, 0_u64);
    // where the lexer stops, the parser does
    while let Ok(token) = lexer.next_token() {
        let (kind, span) = (token.0, token.1);
        match kind {
            TokenKind::Eof => return None,
            TokenKind::Symbol if matches!(span.text(), "[" | "{" | "(") => depth = depth.saturating_add(1),
            TokenKind::Symbol if matches!(span.text(), "]" | "}" | ")") => depth = depth.saturating_sub(1),
            TokenKind::Symbol | TokenKind::String | TokenKind::RawString | TokenKind::Number | TokenKind::Ident => {}
        }
        readings = readings.saturating_add(1_u64.checked_shl(depth).unwrap_or(u64::MAX));
        if readings > READINGS {
            return Some(span.start as usize);
        }
    }
    None
}

/// The first number outside of texts and comments whose exponent is too long.
fn long_exponent(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let run = |from: usize, of: fn(u8) -> bool| {
        bytes.get(from..).unwrap_or_default().iter().take_while(|byte| of(**byte)).count()
    };
    let digits = |from| run(from, |byte| byte.is_ascii_digit());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += match byte {
            b'#' => run(at, |byte| byte != b'\n'),
            b'`' => 2 + run(at + 1, |byte| byte != b'`'),
            b'"' => quoted(bytes.get(at + 1..).unwrap_or_default()),
            b'0'..=b'9' => {
                let start = at;
                at += digits(at);
                if bytes.get(at) == Some(&b'.') {
                    at += 1 + digits(at + 1);
                }
                if let Some(b'e' | b'E') = bytes.get(at) {
                    let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
                    let exponent = digits(at + 1 + sign);
                    at += 1 + sign + exponent;
                    if exponent > EXPONENT {
                        return Some(start);
                    }
                }
                0
            }
            byte if byte.is_ascii_alphabetic() || *byte == b'_' => {
                run(at, |byte| byte.is_ascii_alphanumeric() || byte == b'_')
            }
            _ => 1,
        };
    }
    None
}

/// The length of a text in quotes, counted from its first quote.
fn quoted(inside: &[u8]) -> usize {
    let mut escaped = false;
    let length = inside.iter().take_while(|byte| {
        let goes_on = escaped || **byte != b'"';
        escaped = !escaped && **byte == b'\\';
        goes_on
    });
    length.count() + 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_goes_beyond_what_can_be_pointed_to() {
        let long = |length: usize| format!("package a\nx := \"{}\"\n", "ü".repeat(length));
        assert!(beyond(&long(LINE - 8)).is_none());
        let found = beyond(&long(LINE)).unwrap();
        assert!(found.what.contains("60,000 characters") && long(LINE).is_char_boundary(found.at));
    }

    #[test]
    fn exponents_count_where_they_are_numbers() {
        for number in ["0e5555", "1e+0123", "1.5E-1234", "-0e9999", "[7, 0.0e00001]", "a:=0e1234", "1111+0e5555"] {
            assert_eq!(beyond(number).map(|beyond| beyond.what), Some("a number has too long an exponent"), "{number}");
        }
        for text in
            ["1e308", "12.5e-3", "\"0e5555\"", "`0e5555`", "# 0e5555\nx", "a0e5555", "\"\\\"0e5555\"", "1234567"]
        {
            assert!(beyond(text).is_none(), "{text}");
        }
        assert_eq!(beyond("\"a\\\\\" 0e5555").map(|beyond| beyond.at), Some(6));
    }
}

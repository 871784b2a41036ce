//! How often the parser of the engine reads a text: what stands in brackets it takes for a comprehension first and then
//! for a list, a set or an object, at every level anew. Some dozen brackets in a row would keep it busy for ever.

use regorus::unstable::{Lexer, Source, Span, TokenKind};

/// Readings of a word that one file may ask for. A file of the largest size, written as people write, asks for less.
const READINGS: u64 = 1 << 22;

/// The bracket at which there are too many of them.
pub(super) fn too_deep(name: String, text: &str) -> Option<Span> {
    let source = Source::from_contents(name, text.to_owned()).ok()?;
    let mut lexer = Lexer::new(&source);
    let (mut depth, mut readings) = (0_u32, 0_u64);
    // the parser stops at the same word that can't be read
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
            return Some(span);
        }
    }
    None
}

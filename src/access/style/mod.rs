//! The one way to write a file: order of keys, spaces, quotes. What a file means, and its comments, stay as they are.
//!
//! Keys stand in the order of their schema, indented by two; names that the author chose, and lists, keep the author's
//! order. A list or mapping within one line stays so as long as it fits into [`WIDTH`] columns and holds no comment. At
//! most one blank line parts two keys. A comment stays with the line it stands above or beside; one at the top that a blank
//! line follows stays at the top.

mod print;
mod scalar;
mod set;
#[cfg(test)]
mod tests;
mod tree;

use crate::access::reading::{self, FileKind};

pub use scalar::{list, scalar};
pub use set::set;

/// Columns that a list or mapping within one line may reach to.
pub const WIDTH: usize = 100;

/// Why a file can't be written in another way. Then it is left as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StyleError {
    #[error("it can't be read")]
    Unreadable,
    #[error("it would mean something else")]
    Meaning,
    #[error("a comment would be lost")]
    Comment,
    #[error("written once more it would change again")]
    Unsteady,
}

/// The same file in canonical style.
///
/// # Errors
/// `Unreadable` where the strict loader refuses the text. The others are proofs that failed: each result is read back.
pub fn format(kind: FileKind, text: &str) -> Result<String, StyleError> {
    let before = reading::value(text).ok_or(StyleError::Unreadable)?;
    let written = write(kind, text)?;
    if reading::value(&written) != Some(before) {
        return Err(StyleError::Meaning);
    }
    if tree::comments(&written) != tree::comments(text) {
        return Err(StyleError::Comment);
    }
    if write(kind, &written)? != written {
        return Err(StyleError::Unsteady);
    }
    Ok(written)
}

fn write(kind: FileKind, text: &str) -> Result<String, StyleError> {
    let document = tree::read(text).ok_or(StyleError::Unreadable)?;
    Ok(print::document(document, reading::schema(kind)))
}

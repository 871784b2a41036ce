//! Standard output and error. A reader that went away is no reason to fail.

use std::io::{IsTerminal, Write};

use crate::report::style::Style;

/// Columns where nobody says how wide the terminal is.
const WIDTH: usize = 80;

/// Prints to standard output.
pub fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    // a closed pipe (`| head`) is the reader's decision
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Prints to standard error.
pub fn error(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// True where somebody watches standard error.
pub fn error_is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// How standard output looks: colour on a terminal that wants it.
pub fn style() -> Style {
    of(std::io::stdout().is_terminal())
}

/// How standard error looks.
pub fn error_style() -> Style {
    of(error_is_terminal())
}

fn of(terminal: bool) -> Style {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    Style { colour: terminal && !plain, width: columns.unwrap_or(WIDTH) }
}

//! Standard output and error. A reader that went away is no reason to fail.

use std::io::IsTerminal;
#[cfg(not(test))]
use std::io::Write;

use crate::report::style::Style;

#[cfg(test)]
pub use kept::{error, print, printed};

/// Columns where nobody says how wide the terminal is.
const WIDTH: usize = 80;

/// Prints to standard output.
#[cfg(not(test))]
pub fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    // a closed pipe (`| head`) is the reader's decision
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Prints to standard error.
#[cfg(not(test))]
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

/// What tests print, by the thread that does.
#[cfg(test)]
mod kept {
    use std::cell::RefCell;

    thread_local! {
        static PRINTED: RefCell<String> = RefCell::default();
    }

    /// Both streams are one here.
    pub fn print(text: &str) {
        PRINTED.with_borrow_mut(|printed| printed.push_str(text));
    }

    pub fn error(text: &str) {
        print(text);
    }

    /// All that was printed since this was asked last.
    pub fn printed() -> String {
        PRINTED.take()
    }
}

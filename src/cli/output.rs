//! Standard output and error: what they look like, and what becomes of what can't be written.

#[cfg(not(test))]
use std::io::Write;
use std::io::{self, IsTerminal};
use std::sync::{Mutex, OnceLock, PoisonError};

use clap::{Args, ValueEnum};

use super::{Exit, Stop};
use crate::report::style::Style;

#[cfg(test)]
pub use kept::{error, print, printed};

/// When output is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal that wants it
    #[default]
    Auto,
    Always,
    Never,
}

/// How output looks.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct Look {
    /// When output is coloured
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value = "auto")]
    color: Colour,
    /// No warnings and no progress on standard error
    #[arg(short, long, global = true)]
    quiet: bool,
}

static LOOK: OnceLock<Look> = OnceLock::new();

/// What could not be written, and why.
static LOST: Mutex<Option<String>> = Mutex::new(None);

/// Everything that is printed from here on looks so.
pub fn look(look: Look) {
    let _ = LOOK.set(look);
}

fn current() -> Look {
    LOOK.get().copied().unwrap_or_default()
}

/// Prints to standard output.
#[cfg(not(test))]
pub fn print(text: &str) {
    let mut stdout = io::stdout().lock();
    if let Err(error) = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        lost(&error);
    }
}

/// Prints to standard error.
#[cfg(not(test))]
pub fn error(text: &str) {
    let mut stderr = io::stderr().lock();
    // where even that fails, nobody can be told
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// Prints a warning to standard error, which `--quiet` leaves out.
pub fn warn(text: &str) {
    if !current().quiet {
        error(text);
    }
}

/// A closed pipe (`| head`) is the reader's decision; everything else is an error.
#[cfg(not(test))]
fn lost(error: &io::Error) {
    if error.kind() != io::ErrorKind::BrokenPipe {
        let mut lost = LOST.lock().unwrap_or_else(PoisonError::into_inner);
        lost.get_or_insert_with(|| error.to_string());
    }
}

/// That something of standard output was lost, where something was.
pub fn missing() -> Option<Stop> {
    let lost = LOST.lock().unwrap_or_else(PoisonError::into_inner).take()?;
    let message = format!("standard output can't be written: {lost}");
    Some(Stop::new(Exit::Usage, message, "what was printed is not whole; make room, or print elsewhere"))
}

/// True where somebody watches standard error and wants to see how it goes on.
pub fn is_watched() -> bool {
    io::stderr().is_terminal() && !current().quiet
}

/// How standard output looks.
pub fn style() -> Style {
    let stdout = io::stdout();
    Style { colour: is_coloured(stdout.is_terminal()), width: width(columns(&stdout)) }
}

/// How standard error looks.
pub fn error_style() -> Style {
    let stderr = io::stderr();
    Style { colour: is_coloured(stderr.is_terminal()), width: width(columns(&stderr)) }
}

/// What was asked for, then what the environment says: `NO_COLOR`, `CLICOLOR_FORCE`, `CLICOLOR`, `TERM=dumb`.
fn is_coloured(terminal: bool) -> bool {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let is = |name, wanted: &str| variable(name).is_some_and(|value| value == wanted);
    match current().color {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto if variable("NO_COLOR").is_some() => false,
        Colour::Auto if variable("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
        Colour::Auto => terminal && !is("CLICOLOR", "0") && !is("TERM", "dumb"),
    }
}

/// `COLUMNS` counts before the terminal. What goes elsewhere is not broken into lines.
fn width(terminal: Option<usize>) -> usize {
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
    told.or(terminal).unwrap_or(usize::MAX)
}

/// Columns where nobody says how wide a terminal is.
const WIDTH: usize = 80;

#[cfg(unix)]
fn columns(stream: &(impl IsTerminal + std::os::fd::AsFd)) -> Option<usize> {
    let size = || rustix::termios::tcgetwinsize(stream.as_fd()).ok().map(|size| usize::from(size.ws_col));
    stream.is_terminal().then(|| size().filter(|columns| *columns > 0).unwrap_or(WIDTH))
}

#[cfg(not(unix))]
fn columns(stream: &impl IsTerminal) -> Option<usize> {
    stream.is_terminal().then_some(WIDTH)
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

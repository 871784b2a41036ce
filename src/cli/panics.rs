//! No panic reaches a user as one: what fails within the program, or within a library, is told in words, and the command
//! ends as one that could not judge.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::sync::Mutex;

use super::{Exit, Stop};
use crate::access::reading::quote;

/// What failed last: what failed before was looked after.
static LAST: Mutex<Option<String>> = Mutex::new(None);

/// Runs a command. Nothing is printed where something within it fails on a thread of its own that it looks after itself.
pub fn caught(run: impl FnOnce() -> Result<Exit, Stop>) -> Result<Exit, Stop> {
    set_hook(Box::new(|panic| {
        let place = panic.location().map(|at| format!(" at {}:{}", at.file(), at.line())).unwrap_or_default();
        let payload = panic.payload();
        let said =
            payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied());
        let text = format!("{}{place}", quote(said.unwrap_or("it says no more")));
        if let Ok(mut last) = LAST.lock() {
            *last = Some(text);
        }
    }));
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        let what = LAST.lock().ok().and_then(|mut last| last.take()).unwrap_or_default();
        Err(Stop::new(
            Exit::Unjudged,
            format!("this program failed within itself: {what}"),
            "look first whether the clone is whole (`git fsck`); if it is, report this line",
        ))
    })
}

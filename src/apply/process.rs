//! What a run meets in the process it runs in: a clock that only goes forward, patience, and being asked to stop.

use std::time::Duration;

use super::codes;
use crate::finding::Refusal;
use crate::targets::{Live, Reader, Scope, TargetError};

/// The process that a run is part of.
pub trait Process {
    /// The time since the run began.
    fn elapsed(&self) -> Duration;

    /// The same, with the time that the machine slept: rather too much than too little. Who relies on nobody having acted
    /// meanwhile asks this one; it never goes back.
    fn elapsed_at_most(&self) -> Duration;

    /// Waits so long; shorter once the run is asked to stop.
    fn sleep(&self, how_long: Duration);

    /// Waits a random part of `at_most`, so that those who failed together don't come back together.
    fn pause(&self, at_most: Duration);

    /// True once somebody asked for the run's end, and from then on.
    fn is_asked_to_stop(&self) -> bool;

    /// Told before each write how many of how many are behind it.
    fn progress(&self, done: usize, of: usize);

    /// Told once for each thing that is waited for.
    fn waits(&self, what: &str);
}

/// How often a call is made that fails for a reason which goes away by itself.
const TRIES: u32 = 3;

/// The longest wait after the first try; it doubles with each more.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest wait before one more try, where an error goes away by itself. `tried` counts the failed tries before
/// this one.
pub(super) fn pause_after(error: &TargetError, tried: u32) -> Option<Duration> {
    let again = error.is_transient() && tried + 1 < TRIES;
    again.then(|| FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(tried)))
}

/// Reads a target, and again where what stands in the way goes away by itself.
pub(super) fn read(process: &dyn Process, reader: &dyn Reader, scope: &Scope) -> Result<Vec<Live>, TargetError> {
    let mut tried = 0;
    loop {
        let read = reader.read(scope);
        let Some(pause) = read.as_ref().err().and_then(|error| pause_after(error, tried)) else { return read };
        if process.is_asked_to_stop() {
            return read;
        }
        process.pause(pause);
        tried += 1;
    }
}

pub fn interrupted() -> Refusal {
    let help = "run `dualkey apply` again: it reads what is live and does the rest";
    Refusal::new(&codes::RUN_INTERRUPTED, "the run was asked to stop before its end", help)
}

/// A process for tests: nobody waits, and the end is asked for when it is time.
#[cfg(test)]
#[derive(Debug, Default)]
pub(crate) struct Patient {
    /// Asked to stop when so many operations are behind.
    pub stop_at: Option<usize>,
    pub done: std::cell::Cell<usize>,
    /// The longest each wait could have been.
    pub pauses: std::cell::RefCell<Vec<Duration>>,
}

#[cfg(test)]
impl Process for Patient {
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn elapsed_at_most(&self) -> Duration {
        Duration::ZERO
    }

    fn waits(&self, _: &str) {}

    fn sleep(&self, _: Duration) {}

    fn pause(&self, at_most: Duration) {
        self.pauses.borrow_mut().push(at_most);
    }

    fn is_asked_to_stop(&self) -> bool {
        self.stop_at.is_some_and(|at| self.done.get() >= at)
    }

    fn progress(&self, done: usize, _: usize) {
        self.done.set(done);
    }
}

//! What a run meets in the process it runs in: a clock that only goes forward, patience, and being asked to stop.

use std::time::Duration;

use super::codes;
use crate::access::TargetId;
use crate::finding::Refusal;

/// The process that a run is part of.
pub trait Process {
    /// The time since the run began.
    fn elapsed(&self) -> Duration;

    /// The same, with the time that the machine slept: rather too much than too little. Who relies on nobody having acted
    /// meanwhile asks this one; it never goes back.
    fn elapsed_at_most(&self) -> Duration;

    /// Waits so long; shorter once the run is asked to stop.
    fn sleep(&self, how_long: Duration);

    /// True once somebody asked for the run's end, and from then on.
    fn is_asked_to_stop(&self) -> bool;

    /// Told of each target that is asked something when it answers, and now and then until it does.
    fn asks(&self, target: &TargetId, for_so_long: Duration, answered: bool);

    /// Told before each write how many of how many are behind it.
    fn progress(&self, done: usize, of: usize);

    /// Told once for each thing that is waited for.
    fn waits(&self, what: &str);
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

    fn asks(&self, _: &TargetId, _: Duration, _: bool) {}

    fn sleep(&self, _: Duration) {}

    fn is_asked_to_stop(&self) -> bool {
        self.stop_at.is_some_and(|at| self.done.get() >= at)
    }

    fn progress(&self, done: usize, _: usize) {
        self.done.set(done);
    }
}

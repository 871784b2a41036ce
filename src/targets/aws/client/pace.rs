//! How fast may be asked: Identity Center takes 20 requests a second over all of its APIs, from everybody together.

use std::time::{Duration, Instant};

use crate::targets::retry::Waits;

/// Requests a second that dualkey keeps to, so that others have a part of the 20.
const RATE: u32 = 15;

/// So many may follow at once on a while without any.
const BURST: u32 = 10;

/// A bucket of requests, and the time by which they are counted.
pub(super) struct Pace {
    began: Instant,
    /// What was waited for and didn't pass on the machine's own clock.
    ahead: Duration,
    /// When the bucket will be full again.
    full: Duration,
}

impl Pace {
    pub(super) fn new() -> Self {
        Pace { began: Instant::now(), ahead: Duration::ZERO, full: Duration::ZERO }
    }

    /// The time since it was made. What was waited for has passed.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed() + self.ahead
    }

    /// Waits between the two, by chance, and says what for. False where the run was asked to stop.
    pub(super) fn wait(&mut self, waits: &dyn Waits, at_least: Duration, at_most: Duration, what_for: &str) -> bool {
        let before = Instant::now();
        let goes_on = waits.wait(at_least, at_most, what_for);
        self.ahead += at_least.saturating_sub(before.elapsed());
        goes_on
    }

    /// Waits exactly so long. False where the run was asked to stop.
    pub(super) fn pause(&mut self, waits: &dyn Waits, how_long: Duration) -> bool {
        let before = Instant::now();
        let goes_on = waits.pause(how_long);
        self.ahead += how_long.saturating_sub(before.elapsed());
        goes_on
    }

    /// Waits for its turn to ask something. False where the run was asked to stop.
    pub(super) fn turn(&mut self, waits: &dyn Waits) -> bool {
        let each = Duration::from_secs(1) / RATE;
        let full = self.full.max(self.elapsed()) + each;
        let early = full.saturating_sub(self.elapsed() + each * BURST);
        self.full = full;
        early.is_zero() || self.pause(waits, early)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Waits for nothing, and notes for how much.
    #[derive(Default)]
    struct Noted(Mutex<Duration>);

    impl Waits for Noted {
        fn wait(&self, at_least: Duration, _: Duration, _: &str) -> bool {
            self.pause(at_least)
        }

        fn pause(&self, how_long: Duration) -> bool {
            *self.0.lock().unwrap() += how_long;
            true
        }
    }

    #[test]
    fn requests_beyond_the_burst_come_at_the_rate() {
        let (waits, mut pace) = (Noted::default(), Pace::new());
        for _ in 0..BURST {
            assert!(pace.turn(&waits));
        }
        assert_eq!(*waits.0.lock().unwrap(), Duration::ZERO);
        for _ in 0..10 * RATE {
            assert!(pace.turn(&waits));
        }
        let waited = *waits.0.lock().unwrap() + pace.began.elapsed();
        assert!(waited >= Duration::from_millis(9_990), "{waited:?}");
        assert!(pace.pause(&waits, Duration::from_secs(60)) && pace.elapsed() >= Duration::from_secs(69));
        let before = *waits.0.lock().unwrap();
        for _ in 0..BURST {
            assert!(pace.turn(&waits));
        }
        assert_eq!(*waits.0.lock().unwrap(), before, "the bucket is full again");
    }
}

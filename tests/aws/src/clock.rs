//! The server's clock. It stands still until a test moves it or lets it run.

use jiff::{SignedDuration, Timestamp};
use std::sync::{Arc, Mutex};
use std::time::Instant;

#[derive(Debug)]
struct State {
    at: Timestamp,
    /// Since when it runs, and how many seconds pass on it in one.
    running: Option<(Instant, i32)>,
}

/// A clock that a test holds. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Mutex<State>>);

impl Clock {
    /// A clock that stands at a time.
    pub fn at(at: Timestamp) -> Clock {
        Clock(Arc::new(Mutex::new(State { at, running: None })))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().expect("no panic while it is held")
    }

    /// What it shows.
    pub fn now(&self) -> Timestamp {
        let state = self.state();
        match state.running {
            Some((since, speed)) => {
                let passed = SignedDuration::try_from(since.elapsed()).expect("a test ends before that");
                state.at + passed * speed
            }
            None => state.at,
        }
    }

    /// Sets it.
    pub fn set(&self, at: Timestamp) {
        let mut state = self.state();
        state.at = at;
        if let Some((since, _)) = &mut state.running {
            *since = Instant::now();
        }
    }

    /// Moves it on, as a client does that waits.
    pub fn advance(&self, by: SignedDuration) {
        self.state().at += by;
    }

    /// Lets it run from where it stands, `speed` times as fast as real time.
    pub fn run(&self, speed: i32) {
        let at = self.now();
        *self.state() = State { at, running: Some((Instant::now(), speed)) };
    }
}

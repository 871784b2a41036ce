//! One rule for every client: what stands in the way and goes away by itself is waited for, a few times.

use std::sync::Arc;
use std::time::Duration;

use super::{Hello, Reader, Reading, Scope, TargetError};

/// How a client waits before it tries again.
pub trait Waits: Send + Sync {
    /// Waits a random part of `at_most`, so that those who failed together don't come back together, and says what for.
    /// False where the run was asked to stop.
    fn wait(&self, at_most: Duration, what_for: &str) -> bool;
}

/// How often a call is made that fails for a reason which goes away by itself.
const TRIES: u32 = 3;

/// The longest wait after the first try; it doubles with each more.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest wait before one more try, where an error goes away by itself. `tried` counts the failed tries before
/// this one.
pub fn pause_after(error: &TargetError, tried: u32) -> Option<Duration> {
    let again = error.is_transient() && tried + 1 < TRIES;
    again.then(|| FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(tried)))
}

/// A client that tries again.
#[expect(missing_debug_implementations, reason = "clients hold credentials, which are not printed by accident")]
pub struct Retrying<C> {
    client: C,
    waits: Arc<dyn Waits>,
}

impl<C> Retrying<C> {
    pub fn new(client: C, waits: Arc<dyn Waits>) -> Self {
        Retrying { client, waits }
    }

    fn again<T>(&mut self, attempt: impl Fn(&mut C) -> Result<T, TargetError>) -> Result<T, TargetError> {
        let mut tried = 0;
        loop {
            let error = match attempt(&mut self.client) {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            match pause_after(&error, tried) {
                Some(pause) if self.waits.wait(pause, &error.to_string()) => tried += 1,
                Some(_) | None => return Err(error),
            }
        }
    }
}

impl<R: Reader> Reader for Retrying<R> {
    fn hello(&mut self) -> Result<Hello, TargetError> {
        self.again(R::hello)
    }

    fn read(&mut self, scope: &Scope) -> Result<Reading, TargetError> {
        self.again(|reader| reader.read(scope))
    }
}

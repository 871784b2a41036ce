//! One rule for every client: what stands in the way and goes away by itself is waited for, a few times. Nobody else tries
//! again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::{Call, Depth, Done, Gate, Hello, Names, Reader, Reading, Scope, Stopped, TargetError, Writer};

/// How a client waits before it tries again.
pub trait Waits: Send + Sync {
    /// Waits `at_least` and up to `at_most`, by chance, so that those who failed together don't come back together, and
    /// says what for. False where the run was asked to stop.
    fn wait(&self, at_least: Duration, at_most: Duration, what_for: &str) -> bool;

    /// Waits exactly so long, and says nothing: between requests that a target wants apart. False where the run was asked to
    /// stop.
    fn pause(&self, how_long: Duration) -> bool;

    /// Told now and then in a long read how many of how many requests are behind it, and how long the rest takes.
    fn progress(&self, _target: &str, _done: usize, _of: usize, _left: Duration) {}
}

/// How often something is asked that fails for a reason which goes away by itself.
const TRIES: u32 = 3;

/// The longest wait after the first try; it doubles with each more.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Nothing is waited for any longer than this: a target that asks for more is one for another run.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The shortest and the longest wait before one more try, where an error goes away by itself. `tried` counts the failed
/// tries before this one.
pub fn pause_after(error: &TargetError, tried: u32) -> Option<(Duration, Duration)> {
    if !error.is_transient() || tried + 1 >= TRIES {
        return None;
    }
    let chance = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(tried));
    let at_least = if let TargetError::Throttled { after: Some(after), .. } = error { *after } else { Duration::ZERO };
    (at_least <= LONGEST_PAUSE).then(|| (at_least, (at_least + chance).min(LONGEST_PAUSE)))
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
                Some((least, most)) if self.waits.wait(least, most, &error.to_string()) => tried += 1,
                Some(_) | None => return Err(error),
            }
        }
    }
}

impl<R: Reader> Reader for Retrying<R> {
    fn hello(&mut self) -> Result<Hello, TargetError> {
        self.again(R::hello)
    }

    fn read(&mut self, scope: &Scope, depth: Depth) -> Result<Reading, TargetError> {
        self.again(|reader| reader.read(scope, depth))
    }

    fn names(&mut self, of: Names) -> Result<Option<BTreeSet<String>>, TargetError> {
        self.again(|reader| reader.names(of))
    }

    fn logins(&mut self, accounts: &BTreeSet<String>) -> Result<BTreeMap<String, String>, TargetError> {
        self.again(|reader| reader.logins(accounts))
    }
}

/// The gate of one more try: it hears of what isn't tried again.
struct Again<'g> {
    gate: &'g dyn Gate,
    /// The places of the calls among all.
    calls: &'g [usize],
    tried: u32,
}

impl Gate for Again<'_> {
    fn pass(&self) -> Result<(), Stopped> {
        self.gate.pass()
    }

    fn settled(&self, call: usize, result: &Result<Done, TargetError>) {
        let goes_on = result.as_ref().is_err_and(|error| pause_after(error, self.tried).is_some());
        if let Some(call) = self.calls.get(call).filter(|_| !goes_on) {
            self.gate.settled(*call, result);
        }
    }
}

impl<W: Writer> Writer for Retrying<W> {
    fn greet(&mut self) -> Result<Hello, TargetError> {
        self.again(W::greet)
    }

    fn ends(&self, call: &Call) -> bool {
        self.client.ends(call)
    }

    fn perform(&mut self, calls: &[Call], gate: &dyn Gate) -> Vec<Result<Done, TargetError>> {
        let mut results: Vec<Result<Done, TargetError>> = calls.iter().map(|_| Err(TargetError::Stopped)).collect();
        let mut left: Vec<usize> = (0..calls.len()).collect();
        for tried in 0.. {
            let batch: Vec<Call> = left.iter().filter_map(|call| calls.get(*call)).cloned().collect();
            let said = self.client.perform(&batch, &Again { gate, calls: &left, tried });
            let (mut again, mut pause) = (Vec::new(), None);
            for (call, result) in left.into_iter().zip(said) {
                if let Err(error) = &result
                    && let Some((least, most)) = pause_after(error, tried)
                {
                    again.push(call);
                    if pause.as_ref().is_none_or(|(longest, _, _)| *longest < most) {
                        pause = Some((most, least, error.to_string()));
                    }
                }
                // what was tried and failed has failed, though the run was stopped before one more try
                let stopped = tried > 0 && matches!(result, Err(TargetError::Stopped));
                match results.get_mut(call) {
                    Some(failed) if stopped => gate.settled(call, failed),
                    Some(slot) => *slot = result,
                    None => {}
                }
            }
            match pause {
                Some((most, least, why)) if self.waits.wait(least, most, &why) => left = again,
                Some(_) => {
                    let failed = again.iter().filter_map(|call| Some((*call, results.get(*call)?)));
                    failed.for_each(|(call, result)| gate.settled(call, result));
                    break;
                }
                None => break,
            }
        }
        results
    }
}

#[cfg(test)]
#[path = "retry_tests.rs"]
mod tests;

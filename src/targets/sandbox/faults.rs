//! An embedded target that is slow, partial or flaky as a file beside it says, for tests. A release build doesn't have it.
//!
//! `play.faults.json` beside `play.json`: `{ "slow_ms": 20, "unread": ["northwind/ledger"], "flaky": 3, "lives_minutes": 60 }`.
//! `"reader_writes": true` gives the reader a credential that can write, `"writer_reads": true` the writer one that can't.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;

use super::{Sandbox, store};
use crate::targets::credential::Right;
use crate::targets::{
    Call, Depth, Done, Gate, Hello, Names, Power, Reader, Reading, Scope, Stopped, TargetError, Verb, Writer,
};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Faults {
    /// How long each request takes.
    slow_ms: u64,
    /// Resources that can't be read.
    unread: Vec<String>,
    /// One request in so many is asked for patience.
    flaky: u32,
    /// How long sessions live after a revoke.
    lives_minutes: Option<i64>,
    /// Whether the reader was given what can write.
    reader_writes: bool,
    /// Whether the writer was given what can only read.
    writer_reads: bool,
}

/// A client of a sandbox with faults.
#[derive(Debug)]
pub struct Faulty {
    sandbox: Sandbox,
    right: Right,
    asked: AtomicU32,
}

impl Faulty {
    pub fn new(sandbox: Sandbox, right: Right) -> Self {
        Faulty { sandbox, right, asked: AtomicU32::new(0) }
    }

    fn path(&self) -> PathBuf {
        self.sandbox.path.with_extension("faults.json")
    }

    /// The faults of one request; an error where it comes to nothing.
    fn request(&self) -> Result<Faults, TargetError> {
        let Some(text) = store::read(&self.path())? else { return Ok(Faults::default()) };
        let faults: Faults = serde_json::from_slice(&text).map_err(|error| TargetError::Corrupt {
            path: self.path(),
            line: error.line(),
            column: error.column(),
            why: error.to_string(),
        })?;
        thread::sleep(Duration::from_millis(faults.slow_ms));
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        if faults.flaky > 0 && asked % faults.flaky == faults.flaky - 1 {
            return Err(TargetError::Throttled { target: self.sandbox.pinned.clone(), after: None });
        }
        Ok(faults)
    }
}

impl Reader for Faulty {
    fn hello(&mut self) -> Result<Hello, TargetError> {
        self.greets()
    }

    fn read(&mut self, scope: &Scope, depth: Depth) -> Result<Reading, TargetError> {
        let faults = self.request()?;
        let mut reading = self.sandbox.read(scope, depth)?;
        let hidden = |resource: &str| faults.unread.iter().any(|name| name == resource);
        reading.held.retain(|live| !hidden(&live.resource));
        reading.unread.extend(scope.iter().filter(|resource| hidden(&resource.name)).map(|resource| {
            let help = format!("let it read {resource}");
            (resource.clone(), TargetError::Denied { what: format!("read {resource}"), help })
        }));
        Ok(reading)
    }

    fn names(&mut self, of: Names) -> Result<Option<BTreeSet<String>>, TargetError> {
        self.request()?;
        self.sandbox.names(of)
    }
}

impl Writer for Faulty {
    fn greet(&mut self) -> Result<Hello, TargetError> {
        self.greets()
    }

    fn ends(&self, call: &Call) -> bool {
        self.sandbox.ends(call)
    }

    fn perform(&mut self, calls: &[Call], gate: &dyn Gate) -> Vec<Result<Done, TargetError>> {
        let one = |(place, call): (usize, &Call)| {
            let result = match self.request() {
                Ok(faults) => {
                    let alone = Alone(gate);
                    let said = self.sandbox.perform(std::slice::from_ref(call), &alone).pop();
                    said.unwrap_or(Err(TargetError::Stopped)).map(|done| self.left_behind(&faults, call, done))
                }
                // whoever is asked for patience was let through before
                Err(error) => gate.pass().map_err(|Stopped| TargetError::Stopped).and(Err(error)),
            };
            if !matches!(result, Err(TargetError::Stopped)) {
                gate.settled(place, &result);
            }
            result
        };
        calls.iter().enumerate().map(one).collect()
    }
}

impl Faulty {
    fn greets(&self) -> Result<Hello, TargetError> {
        let faults = self.request()?;
        let hello = self.sandbox.itself()?;
        Ok(match self.right {
            Right::Read if faults.reader_writes => {
                let (own, power) =
                    (BTreeSet::from(["robot".to_owned()]), Power::Writes { why: "is an owner".to_owned() });
                Hello { own, power, ..hello }
            }
            Right::Write if faults.writer_reads => Hello { power: Power::Reads, ..hello },
            Right::Read | Right::Write => hello,
        })
    }

    fn left_behind(&self, faults: &Faults, call: &Call, done: Done) -> Done {
        let lives = faults.lives_minutes.filter(|_| call.verb == Verb::Revoke);
        let until = |minutes| self.sandbox.now.checked_add(SignedDuration::from_mins(minutes)).ok();
        Done { lives_until: lives.and_then(until), ..done }
    }
}

/// The gate of one call, whose result is told by who adds to it.
struct Alone<'g>(&'g dyn Gate);

impl Gate for Alone<'_> {
    fn pass(&self) -> Result<(), Stopped> {
        self.0.pass()
    }

    fn settled(&self, _: usize, _: &Result<Done, TargetError>) {}
}

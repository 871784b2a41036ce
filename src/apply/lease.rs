//! The lease: one run at a time writes, wherever it was started.
//!
//! It is a ref on the remote that only changes by compare-and-swap. Nobody's clock is compared with anybody else's: a
//! lease is over when somebody has watched it unchanged for its length, or when its holder is a dead process of this
//! very machine.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use rand_core::{OsRng, RngCore};
use serde::{Deserialize, Serialize};

use super::process::{Process, interrupted};
use super::{Hold, codes};
use crate::finding::Refusal;
use crate::repository::{Failure, Oid, Repository, RepositoryError, StateRefs, SwapError};

mod holder;

pub use holder::Holder;

/// Where the lease of real targets is kept.
pub const REFERENCE: &str = "refs/dualkey/lease";

/// How long a lease must stand unchanged before somebody else may take it. Whoever can push can write a lease, so no
/// longer one is believed.
pub const LENGTH: Duration = Duration::from_mins(10);

/// How long to wait to be sure that a lease whose holder is gone is taken over.
pub const TAKEOVER: Duration = Duration::from_secs(LENGTH.as_secs() + 3 * PAUSE.as_secs());

const FILE: &str = "lease.json";

/// A thousand leases a second wouldn't come that far in a thousand years, and each number above it can still be written.
const MAX_NUMBER: u64 = 1 << 45;

/// How long to wait before looking again.
const PAUSE: Duration = Duration::from_secs(2);

/// What a lease is taken with.
#[derive(Clone, Debug)]
pub struct Terms {
    /// [`REFERENCE`], or another one for embedded targets.
    pub reference: String,
    pub holder: Holder,
    pub length: Duration,
    /// How long to wait for somebody else's; nothing: not at all.
    pub wait: Duration,
    /// For the commit that holds the lease; nothing depends on it.
    pub now: Timestamp,
}

/// Why there is no lease.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum LeaseError {
    #[error("{0}")]
    #[diagnostic(help("{}", .0.help))]
    Refused(Refusal),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Repository(#[from] RepositoryError),
}

impl LeaseError {
    /// How a command that needs the lease ends.
    pub fn failure(&self) -> Failure {
        match self {
            LeaseError::Refused(_) => Failure::Refused,
            LeaseError::Repository(error) => error.failure(),
        }
    }

    /// True where somebody else is at work, or the wait for that was ended: whoever has the lease takes what is to be taken.
    pub fn is_of_another_run(&self) -> bool {
        match self {
            LeaseError::Refused(refusal) => [&codes::LOCK_HELD, &codes::RUN_INTERRUPTED].contains(&refusal.code),
            LeaseError::Repository(_) => false,
        }
    }

    /// What to give a run that goes on without the lease.
    pub fn refusal(&self) -> Refusal {
        match self {
            LeaseError::Refused(refusal) => refusal.clone(),
            LeaseError::Repository(error) => unavailable(error),
        }
    }
}

fn unavailable(why: &impl std::fmt::Display) -> Refusal {
    let help = "allow the identity that runs this to push to that ref, and see that the remote answers";
    Refusal::new(&codes::LEASE_UNAVAILABLE, why.to_string(), help)
}

/// What stands in the ref.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    holder: Holder,
    /// Grows with each lease that is taken, so that an old holder can't be taken for the new one.
    number: u64,
    length_seconds: u64,
    released: bool,
    /// Two leases are never the same commit.
    nonce: String,
}

/// A lease that is held. Dropping it releases nothing: that takes a push, which may fail.
#[derive(Debug)]
pub struct Lease<'a, P: Process> {
    repository: &'a Repository,
    refs: &'a StateRefs<'a>,
    process: &'a P,
    terms: Terms,
    number: u64,
    /// What the ref holds, and when by our clock it was written.
    commit: Cell<Oid>,
    written: Cell<Duration>,
    /// True where nobody had it since the refs were looked at before it was taken.
    undisturbed: bool,
}

impl<'a, P: Process> Lease<'a, P> {
    /// Takes the lease, and waits for it as long as the terms allow.
    ///
    /// # Errors
    ///
    /// `lock-held` where somebody else has it; `run-interrupted` where the wait for it is; `lease-unavailable` where the push is refused; where the remote can't be
    /// reached.
    pub fn take(
        repository: &'a Repository,
        refs: &'a StateRefs<'a>,
        terms: Terms,
        process: &'a P,
    ) -> Result<Self, LeaseError> {
        let began = process.elapsed();
        let mut seen: Option<(Option<Oid>, Duration)> = None;
        let mut told: Option<Oid> = None;
        // what was seen last may still hold, which the swap finds out by itself
        let mut looked = false;
        loop {
            if looked {
                refs.refresh(&[&terms.reference])?;
            }
            let commit = refs.get(&terms.reference)?;
            let since = match seen {
                Some((same, since)) if same == commit => since,
                Some(_) | None => process.elapsed(),
            };
            seen = Some((commit, since));
            let held = commit.map(|commit| read(repository, commit));
            let watched = process.elapsed().saturating_sub(since);
            if may_take(held.as_ref(), &terms.holder, watched) {
                let number = held.and_then(Result::ok).map_or(0, |held| held.number) + 1;
                let before = process.elapsed_at_most();
                let new = write(repository, &terms, number, false)?;
                match swap(refs, &terms.reference, commit, new) {
                    Ok(()) => {
                        let (commit, written) = (Cell::new(new), Cell::new(before));
                        let undisturbed = !looked;
                        return Ok(Lease { repository, refs, process, terms, number, commit, written, undisturbed });
                    }
                    // somebody was faster: look again
                    Err(SwapError::Moved { .. }) => {
                        looked = true;
                        continue;
                    }
                    Err(SwapError::Repository(error)) => return Err(error.into()),
                    Err(SwapError::Unreachable { remote, words }) => {
                        return Err(RepositoryError::Unreachable { remote, words }.into());
                    }
                    Err(error @ (SwapError::Refused { .. } | SwapError::Blocked { .. })) => {
                        return Err(LeaseError::Refused(unavailable(&error)));
                    }
                }
            }
            if !looked {
                looked = true;
                continue;
            }
            if process.is_asked_to_stop() {
                return Err(LeaseError::Refused(interrupted()));
            }
            let waited = process.elapsed().saturating_sub(began);
            if waited >= terms.wait {
                return Err(LeaseError::Refused(held_by(held.as_ref())));
            }
            if told != commit {
                let left = believed(held.as_ref()).saturating_sub(watched);
                process.waits(&expectation(held.as_ref(), left, terms.wait.saturating_sub(waited)));
                told = commit;
            }
            process.sleep(PAUSE);
        }
    }

    /// True where nobody had the lease between the last look at the refs before it was taken and then. Whoever writes the
    /// log holds the lease, so the log is still as it was seen.
    pub fn is_undisturbed(&self) -> bool {
        self.undisturbed
    }

    /// Grows with each lease that is taken.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Gives the lease back; its number stays.
    ///
    /// # Errors
    ///
    /// `lease-lost` where it was somebody else's already. The next run then waits for its length.
    pub fn release(self) -> Result<(), Refusal> {
        self.rewrite(true)
    }

    fn rewrite(&self, released: bool) -> Result<(), Refusal> {
        let before = self.process.elapsed_at_most();
        let new = write(self.repository, &self.terms, self.number, released).map_err(|error| lost(&error))?;
        swap(self.refs, &self.terms.reference, Some(self.commit.get()), new).map_err(|error| self.taken(&error))?;
        self.commit.set(new);
        self.written.set(before);
        Ok(())
    }

    /// Who has the lease now, where anybody can tell.
    fn taken(&self, error: &SwapError) -> Refusal {
        let SwapError::Moved { .. } = error else { return lost(error) };
        if let Err(error) = self.refs.refresh(&[&self.terms.reference]) {
            return lost(&error);
        }
        let now = self.refs.get(&self.terms.reference).ok().flatten();
        match now.and_then(|now| read(self.repository, now).ok()) {
            Some(taken) => lost(&format!("lease {} was taken over by {}", self.number, taken.holder)),
            None => lost(&format!("lease {} is gone", self.number)),
        }
    }
}

impl<P: Process> Hold for Lease<'_, P> {
    /// INVARIANT: nobody takes a lease before it stood unchanged for its length, so within a part of that since it was last
    /// written there is nothing to look for. After that it is written anew, which fails where somebody took it.
    fn check(&self) -> Result<(), Refusal> {
        let age = self.process.elapsed_at_most().saturating_sub(self.written.get());
        if age <= self.terms.length / 3 { Ok(()) } else { self.rewrite(false) }
    }
}

fn lost(why: &impl std::fmt::Display) -> Refusal {
    Refusal::new(&codes::LEASE_LOST, why.to_string(), "when no other run is at work, run `dualkey apply` again")
}

fn may_take(held: Option<&Result<Written, RepositoryError>>, me: &Holder, watched: Duration) -> bool {
    let free = match held {
        None => true,
        Some(Ok(held)) => held.released || held.holder.is_dead(me),
        Some(Err(_)) => false,
    };
    free || watched >= believed(held)
}

/// How long a lease must stand unchanged: what it says, and at most [`LENGTH`].
fn believed(held: Option<&Result<Written, RepositoryError>>) -> Duration {
    match held {
        Some(Ok(held)) => Duration::from_secs(held.length_seconds).min(LENGTH),
        Some(Err(_)) | None => LENGTH,
    }
}

fn whose(held: Option<&Result<Written, RepositoryError>>) -> String {
    match held {
        Some(Ok(held)) => format!("lease {} is held by {}", held.number, held.holder),
        Some(Err(error)) => format!("the lease can't be understood: {error}"),
        None => "somebody else was faster".to_owned(),
    }
}

fn held_by(held: Option<&Result<Written, RepositoryError>>) -> Refusal {
    let help = format!(
        "wait until that run has ended; a run that may wait takes over a lease that nobody touches for {} seconds",
        believed(held).as_secs()
    );
    Refusal::new(&codes::LOCK_HELD, whose(held), help)
}

/// What somebody who waits may expect: `left` until the lease may be taken over, `patience` until the wait ends.
fn expectation(held: Option<&Result<Written, RepositoryError>>, left: Duration, patience: Duration) -> String {
    let then = if left <= patience { "taking it over" } else { "giving up" };
    let seconds = left.min(patience).as_millis().div_ceil(1_000);
    let when = if seconds < 60 { format!("{seconds} s") } else { format!("{} min", seconds.div_ceil(60)) };
    format!("{}; {then} in {when} if it stays unchanged", whose(held))
}

/// As [`StateRefs::compare_and_swap`]; a push that broke after it had its effect is one that went well.
fn swap(refs: &StateRefs<'_>, name: &str, expected: Option<Oid>, new: Oid) -> Result<(), SwapError> {
    match refs.compare_and_swap(name, expected, Some(new)) {
        Err(SwapError::Moved { actual, .. }) if actual == Some(new) => Ok(()),
        done => done,
    }
}

fn write(repository: &Repository, terms: &Terms, number: u64, released: bool) -> Result<Oid, RepositoryError> {
    let written = Written {
        holder: terms.holder.clone(),
        number,
        length_seconds: terms.length.as_secs(),
        released,
        nonce: random_id(),
    };
    // numbers and texts alone always have a canonical form
    let json = serde_json_canonicalizer::to_vec(&written).unwrap_or_default();
    let message = if released { format!("lease {number}: released") } else { format!("lease {number}") };
    repository.write_commit(&BTreeMap::from([(FILE.to_owned(), json)]), &[], &message, terms.now.as_second())
}

fn read(repository: &Repository, commit: Oid) -> Result<Written, RepositoryError> {
    let unreadable =
        |why: String| RepositoryError::Unreadable { oid: commit, reason: format!("it is not a lease: {why}") };
    let files = repository.read_small_files(commit)?;
    let json = files.get(FILE).map(Vec::as_slice).unwrap_or_default();
    let written: Written = serde_json::from_slice(json).map_err(|error| unreadable(error.to_string()))?;
    // anybody who can push can write one
    if written.number > MAX_NUMBER {
        return Err(unreadable(format!("no lease has the number {}", written.number)));
    }
    Ok(written)
}

/// Sixteen hex digits that nobody else has: for runs and leases.
pub fn random_id() -> String {
    format!("{:016x}", OsRng.next_u64())
}

#[cfg(test)]
mod tests;

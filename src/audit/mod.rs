//! The log: what dualkey judged and did, in an append-only Merkle tree that anyone can verify offline.
//!
//! A [`Log`] is a list of [`Record`]s. Each is one leaf of an RFC 6962 [`Tree`], whose root and size are signed as a
//! [`Checkpoint`]. As files it has the C2SP tlog-tiles layout: [`Log::files`] writes it, [`Log::from_files`] reads it
//! and recomputes everything, so an export is nothing but these files. An older checkpoint that somebody kept proves
//! that nothing it covers was changed since ([`Seal::verify_consistency`]).
//!
//! None of that touches files, git, the network or the clock. The [`Store`] keeps a log in a git ref, and a
//! [`RunJournal`] writes a run into it.

pub mod codes;
pub mod controls;
mod declared;
mod entry;
mod error;
mod history;
mod journal;
mod key;
mod keys;
mod log;
mod merkle;
mod note;
mod proof;
mod reach;
pub mod record;
mod recorded;
mod sealed;
mod search;
mod store;
mod tiles;

pub use declared::declared;
pub use entry::Entry;
pub use error::LogError;
pub use history::{Held, Who, access_at, spoken_of};
pub use journal::{Run, RunJournal};
pub use key::{InvalidKey, LogKey, VerifierKey};
pub use keys::{Keys, Later};
pub use log::Log;
pub use merkle::{Hash, Tree, check_inclusion};
pub use note::Checkpoint;
pub use proof::Proven;
pub use record::Record;
pub use recorded::{
    from_anchor, given, granted, is_vouched_for, last_applied, last_run, open_runs, predecessors, proven_time, recorded,
};
pub use sealed::{Seal, Sealed, beginning};
pub use search::{Fits, Found, Query};
pub use store::{Files, Store, StoreError, Stored};

#[cfg(test)]
mod tests;

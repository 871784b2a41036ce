//! The log: what dualkey judged and did, in an append-only Merkle tree that anyone can verify offline.
//!
//! A log is a list of [`Record`]s. Each is one leaf of an RFC 6962 tree, whose root and size are signed as a [`Checkpoint`].
//! As files it has the C2SP tlog-tiles layout, so an export is nothing but these files. A [`Log`] is what is known of one
//! without holding it: [`Log::read`] recomputes everything, file by file, and keeps what it comes to; a [`Reader`] reads
//! single entries again, each proven. An older checkpoint that somebody kept proves that nothing it covers was changed since
//! ([`Log::verify_consistency`]).
//!
//! None of that touches files, git, the network or the clock. The [`Store`] keeps a log in a git ref, and a
//! [`RunJournal`] writes a run into it.

pub mod codes;
pub mod controls;
mod copy;
mod declared;
mod entry;
mod error;
mod files;
mod history;
mod journal;
mod key;
mod keys;
mod log;
mod merkle;
mod note;
mod numbers;
mod open;
mod places;
mod proof;
mod reach;
mod reader;
pub mod record;
mod recorded;
mod search;
mod signed;
mod state;
mod store;
#[cfg(test)]
pub(crate) mod testing;
mod tiles;

pub use declared::{Belief, declared};
pub use entry::Entry;
pub use error::{LogError, entries};
pub use files::{Files, Update};
pub use history::{Held, Who, access_at, spoken_of};
pub use journal::{Run, RunJournal};
pub use key::{InvalidKey, LogKey, VerifierKey};
pub use keys::{Keys, Later};
pub use log::{Log, beginning};
pub use merkle::{Edge, Hash, check_inclusion};
pub use note::Checkpoint;
pub use proof::Proven;
pub use reader::Reader;
pub use record::Record;
pub use recorded::{
    from_anchor, given, given_at, granted, is_vouched_for, last_applied, last_landing, last_run, numbers, open_runs,
    predecessors, proven_time, recorded, settled,
};
pub use search::{Fits, Found, Query};
pub use store::{Store, StoreError, Stored, checkpoint_of};

#[cfg(test)]
mod tests;

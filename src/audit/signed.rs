//! Who signed a log, and what follows from the signature: it is looked at before anything that the log holds.
//!
//! Whoever may push writes any tree into the ref of a log, and a small one can unfold to more entries than anybody could
//! read. So nothing is read but what leads to a signed root, each part by the hash above it.

use std::cell::Cell;

use super::error::LogError;
use super::files::{Files, too_long};
use super::key::VerifierKey;
use super::keys;
use super::log::Log;
use super::merkle::{Edge, Hash};
use super::note::Checkpoint;
use super::tiles::{CHECKPOINT, KEYS, MAX_CHECKPOINT_BYTES, MAX_KEYS_BYTES, Part, Tile, levels};

/// The checkpoint of a log, and whether its signer is known.
pub(super) struct Signed {
    bytes: Vec<u8>,
    pub checkpoint: Checkpoint,
    /// False where only the entries can say who may have signed it.
    is_known: bool,
}

impl Signed {
    /// Opens the checkpoint of a log by a key that signed it at some time, or by one that follows from that.
    pub fn of(files: &dyn Files, key: &VerifierKey) -> Result<Self, LogError> {
        let bytes = files.read(CHECKPOINT, MAX_CHECKPOINT_BYTES)?;
        let bytes = bytes.ok_or(LogError::Incomplete { file: CHECKPOINT.to_owned(), what: "is missing" })?;
        let unknown = match Checkpoint::open(&bytes, key) {
            Err(unknown @ LogError::KeyUnknown { .. }) => unknown,
            opened => return Ok(Signed { checkpoint: opened?, bytes, is_known: true }),
        };
        if let Some(named) = files.read(KEYS, MAX_KEYS_BYTES)? {
            let what = "holds what is no row of keys of which each vouches for the next";
            let keys = keys::all_after(&named, key).ok_or(LogError::Incomplete { file: KEYS.to_owned(), what })?;
            let signer = keys.later().last().ok_or(unknown)?;
            return Ok(Signed { checkpoint: Checkpoint::open(&bytes, &signer.key)?, bytes, is_known: true });
        }
        // a log of an earlier version names its keys in its entries alone
        let checkpoint = Checkpoint::unproven(&bytes).ok_or(unknown)?;
        Ok(Signed { bytes, checkpoint, is_known: false })
    }

    /// The right edge of the tree that is signed. None where the files lead to another root, or nobody knows who signed it.
    pub fn edge(&self, files: &dyn Files) -> Result<Option<Edge>, LogError> {
        if !self.is_known {
            return Ok(None);
        }
        let size = self.checkpoint.size();
        let row = |(level, count)| match Tile::partial(Part::Hashes(level), count) {
            Some(tile) => tile.hashes(files),
            None => Ok(Vec::new()),
        };
        let rows = levels(size).map(row).collect::<Result<Vec<Vec<Hash>>, _>>()?;
        Ok(Edge::of(size, rows).filter(|edge| edge.root() == self.checkpoint.root()))
    }

    /// What is wrong where the entries are more than anybody reads who has no signed root to compare them with.
    pub fn too_large(&self, key: &VerifierKey) -> LogError {
        if self.is_known { LogError::RootMismatch } else { LogError::KeyUnknown { key: key.to_string() } }
    }

    /// INVARIANT: nothing that was read is believed before its root is the signed one, by a key that follows from the one
    /// that is trusted.
    pub fn close(self, mut log: Log, key: &VerifierKey) -> Result<Log, LogError> {
        if log.root() != self.checkpoint.root() {
            return Err(LogError::RootMismatch);
        }
        if !log.keys.has(key) {
            return Err(LogError::KeyUnknown { key: key.to_string() });
        }
        Checkpoint::open(&self.bytes, log.keys.current())?;
        log.checkpoint = self.bytes;
        Ok(log)
    }
}

/// Some of the files of a log: as much as is read of one that no signed root proves.
pub(super) struct Few<'a> {
    files: &'a dyn Files,
    bytes: Cell<usize>,
    reads: Cell<usize>,
    spent: Cell<bool>,
}

impl<'a> Few<'a> {
    /// What a log of some ten thousand entries has room in.
    const BYTES: usize = 16 << 20;
    const READS: usize = 2_000;

    pub fn of(files: &'a dyn Files) -> Self {
        Few { files, bytes: Cell::new(Few::BYTES), reads: Cell::new(Few::READS), spent: Cell::default() }
    }

    /// True where something was left out.
    pub fn are_spent(&self) -> bool {
        self.spent.get()
    }
}

impl Files for Few<'_> {
    fn read(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, LogError> {
        let Some(reads) = self.reads.get().checked_sub(1) else {
            self.spent.set(true);
            return Err(too_long(path));
        };
        self.reads.set(reads);
        let left = self.bytes.get();
        let read = self.files.read(path, limit.min(left));
        // the limit of the file itself is an error of the file
        self.spent.set(self.spent.get() || (read.is_err() && left < limit));
        let taken = read.as_ref().ok().and_then(Option::as_ref).map_or(0, Vec::len);
        self.bytes.set(left.saturating_sub(taken));
        read
    }

    fn each(&self, visit: &mut dyn FnMut(&str) -> bool) -> Result<(), LogError> {
        self.files.each(visit)
    }
}

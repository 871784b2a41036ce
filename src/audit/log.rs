//! The log in memory: entries, their tree, and the checkpoint over both.

use super::entry::{Entry, Fault};
use super::error::LogError;
use super::key::{LogKey, VerifierKey};
use super::merkle::{Hash, Tree};
use super::note::Checkpoint;
use super::record::{Genesis, Record};
use super::tiles::blob_path;

/// A log whose every part has been checked: it was built here, or read by [`Log::from_files`]. It only grows.
#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    entries: Vec<Entry>,
    tree: Tree,
    key: VerifierKey,
    checkpoint: Vec<u8>,
}

impl Log {
    /// Begins a log with its entry 0.
    ///
    /// # Errors
    ///
    /// [`LogError::KeyWrong`] where the genesis names another log key than the one given; [`LogError::Unwritable`] where
    /// it has another version than [`VERSION`](super::record::VERSION).
    pub fn new(genesis: Genesis, key: &LogKey) -> Result<Self, LogError> {
        let given = key.verifier().to_string();
        if genesis.log_key != given {
            return Err(LogError::KeyWrong { given, expected: genesis.log_key });
        }
        let mut log = Log::of(Vec::new(), Tree::default(), key.verifier().clone(), Vec::new());
        log.append(vec![Record::Genesis(genesis)], key)?;
        Ok(log)
    }

    /// Puts together what [`Log::from_files`] has checked.
    pub(super) fn of(entries: Vec<Entry>, tree: Tree, key: VerifierKey, checkpoint: Vec<u8>) -> Self {
        Log { entries, tree, key, checkpoint }
    }

    /// Appends records in their order and signs a new checkpoint. On an error the log stays as it was.
    ///
    /// # Errors
    ///
    /// [`LogError::KeyWrong`] where `key` is not the one of the log; [`LogError::Unwritable`] where a record would not
    /// read back as itself, because its evidence holds an integer beyond 2^53 or nests too deeply.
    pub fn append(&mut self, records: Vec<Record>, key: &LogKey) -> Result<(), LogError> {
        if *key.verifier() != self.key {
            return Err(LogError::KeyWrong { given: key.verifier().to_string(), expected: self.key.to_string() });
        }
        let written = (self.size()..)
            .zip(records)
            .map(|(index, record)| Entry::write(record).map_err(|why| LogError::Unwritable { index, why }));
        let added = written.collect::<Result<Vec<_>, _>>()?;
        added.iter().for_each(|entry| self.tree.push(Hash::of_leaf(entry.leaf())));
        self.entries.extend(added);
        self.checkpoint = Checkpoint::sign(self.size(), self.root(), key);
        Ok(())
    }

    /// The entries from the oldest on; their place is their index.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many entries there are; at least one.
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// The root hash over all entries.
    pub fn root(&self) -> Hash {
        self.tree.root()
    }

    /// The tree, which makes proofs.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The key that signs this log.
    pub fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// The signed checkpoint over all entries: what somebody keeps to notice later that the log was rewritten.
    pub fn checkpoint(&self) -> &[u8] {
        &self.checkpoint
    }

    /// Proves that this log continues the one that a kept checkpoint was signed for: nothing was changed or cut off.
    /// `key` is the key of the kept checkpoint.
    ///
    /// # Errors
    ///
    /// [`LogError::Rollback`] where the kept one is larger, [`LogError::Fork`] where the entries it covers were others,
    /// [`LogError::KeyUnknown`] and [`LogError::CheckpointInvalid`] as in [`Checkpoint::open`].
    pub fn verify_consistency(&self, kept: &[u8], key: &VerifierKey) -> Result<(), LogError> {
        let kept = Checkpoint::open(kept, key)?;
        match self.tree.root_at(kept.size()) {
            None => Err(LogError::Rollback { kept: kept.size(), size: self.size() }),
            Some(root) if root != kept.root() => Err(LogError::Fork { kept: kept.size() }),
            Some(_) => Ok(()),
        }
    }
}

impl Fault {
    /// What is wrong with the log where the entry at `index` has this fault.
    pub(super) fn at(self, index: u64) -> LogError {
        match self {
            Fault::Invalid(why) => LogError::EntryInvalid { index, why },
            Fault::BlobMissing(digest) => LogError::Incomplete { file: blob_path(&digest), what: "is missing" },
            Fault::BlobMismatch(digest) => LogError::LeafMismatch { index, file: blob_path(&digest) },
        }
    }
}

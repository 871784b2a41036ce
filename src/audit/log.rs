//! The log in memory: entries, their tree, and the checkpoint over both.

use super::entry::{Entry, Fault};
use super::error::LogError;
use super::key::{LogKey, VerifierKey};
use super::keys::Keys;
use super::merkle::{Hash, Tree};
use super::note::Checkpoint;
use super::record::{At, Genesis, KeyChange, Record};
use super::sealed::Seal;
use super::tiles::blob_path;

/// A log whose every part has been checked: it was built here, or read by [`Log::from_files`]. It only grows.
#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    entries: Vec<Entry>,
    seal: Seal,
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
        let keys = Keys::new(key.verifier().clone());
        let seal = Seal { genesis: genesis.clone(), keys, tree: Tree::default(), checkpoint: Vec::new() };
        let mut log = Log::of(Vec::new(), seal);
        log.add(vec![Record::Genesis(genesis)])?;
        log.sign(key);
        Ok(log)
    }

    /// Puts together what [`Sealed`](super::Sealed) has checked.
    pub(super) fn of(entries: Vec<Entry>, seal: Seal) -> Self {
        Log { entries, seal }
    }

    /// What holds the log together.
    pub fn seal(&self) -> &Seal {
        &self.seal
    }

    /// Appends records in their order and signs a new checkpoint. On an error the log stays as it was.
    ///
    /// # Errors
    ///
    /// [`LogError::KeyWrong`] where `key` is not the one that signs the log now; [`LogError::Unwritable`] where a record
    /// would not read back as itself, because its evidence holds an integer beyond 2^53 or nests too deeply, and where it
    /// is a genesis or changes the key, which [`Log::new`] and [`Log::rotate`] do.
    pub fn append(&mut self, records: Vec<Record>, key: &LogKey) -> Result<(), LogError> {
        self.ensure_signer(key)?;
        let apart = |record: &Record| matches!(record, Record::Genesis(_) | Record::KeyChange(_));
        if let Some((index, _)) = (self.size()..).zip(&records).find(|(_, record)| apart(record)) {
            return Err(LogError::Unwritable { index, why: "it is written in a way of its own".to_owned() });
        }
        self.add(records)?;
        self.sign(key);
        Ok(())
    }

    /// Lets another key sign the log from here on: appends an entry in which the old one says so, and signs the checkpoint
    /// with the new one. `commit` is the verified landing that names it. On an error the log stays as it was.
    ///
    /// # Errors
    ///
    /// [`LogError::KeyWrong`] where `old` is not the one that signs the log now; [`LogError::KeyReused`] where `new` signed it
    /// at some time.
    pub fn rotate(&mut self, commit: String, old: &LogKey, new: &LogKey, at: At) -> Result<(), LogError> {
        self.ensure_signer(old)?;
        if self.keys().has(new.verifier()) {
            return Err(LogError::KeyReused { key: new.verifier().to_string() });
        }
        let unwritable = |why| LogError::Unwritable { index: self.size(), why };
        let change = KeyChange::sign(commit, self.tree(), old, new.verifier(), at).map_err(unwritable)?;
        let keys = self.keys().clone().follow_in(self.size(), &change, self.tree())?;
        self.add(vec![Record::KeyChange(change)])?;
        self.seal.keys = keys;
        self.sign(new);
        Ok(())
    }

    fn sign(&mut self, key: &LogKey) {
        self.seal.checkpoint = Checkpoint::sign(self.size(), self.root(), key);
    }

    fn ensure_signer(&self, key: &LogKey) -> Result<(), LogError> {
        let (given, expected) = (key.verifier(), self.key());
        if given == expected {
            return Ok(());
        }
        Err(LogError::KeyWrong { given: given.to_string(), expected: expected.to_string() })
    }

    fn add(&mut self, records: Vec<Record>) -> Result<(), LogError> {
        let written = (self.size()..)
            .zip(records)
            .map(|(index, record)| Entry::write(record).map_err(|why| LogError::Unwritable { index, why }));
        let added = written.collect::<Result<Vec<_>, _>>()?;
        added.iter().for_each(|entry| self.seal.tree.push(Hash::of_leaf(entry.leaf())));
        self.entries.extend(added);
        Ok(())
    }

    /// The entries from the oldest on; their place is their index.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// As [`Seal::genesis`].
    pub fn genesis(&self) -> &Genesis {
        self.seal.genesis()
    }

    /// As [`Seal::size`].
    pub fn size(&self) -> u64 {
        self.seal.size()
    }

    /// As [`Seal::root`].
    pub fn root(&self) -> Hash {
        self.seal.root()
    }

    /// As [`Seal::tree`].
    pub fn tree(&self) -> &Tree {
        self.seal.tree()
    }

    /// As [`Seal::key`].
    pub fn key(&self) -> &VerifierKey {
        self.seal.key()
    }

    /// As [`Seal::keys`].
    pub fn keys(&self) -> &Keys {
        self.seal.keys()
    }

    /// As [`Seal::checkpoint`].
    pub fn checkpoint(&self) -> &[u8] {
        self.seal.checkpoint()
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

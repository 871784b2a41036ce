//! A whole log in memory, for tests.

use std::collections::BTreeMap;
use std::ops::Deref;

use jiff::Timestamp;

use super::merkle::{Hash, Tree};
use super::record::{At, Genesis, Record};
use super::{Entry, Held, Log, LogError, LogKey, Stored, VerifierKey, Who, access_at};
use crate::repository::Repository;
use crate::targets::KINDS;

/// A log with its files and its entries.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    log: Log,
    files: BTreeMap<String, Vec<u8>>,
    entries: Vec<Entry>,
}

impl Deref for Memory {
    type Target = Log;

    fn deref(&self) -> &Log {
        &self.log
    }
}

impl Memory {
    pub fn new(genesis: Genesis, key: &LogKey) -> Result<Self, LogError> {
        let (log, update) = Log::new(genesis, key, KINDS)?;
        let mut files = BTreeMap::new();
        update.apply(&mut files);
        Ok(Memory::of(log, files))
    }

    fn of(log: Log, files: BTreeMap<String, Vec<u8>>) -> Self {
        let mut entries = Vec::new();
        let all = log.reader(&files).each(None, |_, entry| {
            entries.push(entry.clone());
            Ok::<(), LogError>(())
        });
        all.unwrap();
        Memory { log, files, entries }
    }

    pub fn append(&mut self, records: Vec<Record>, key: &LogKey) -> Result<(), LogError> {
        let update = self.log.append(&self.files, records, key)?;
        update.apply(&mut self.files);
        *self = Memory::of(self.log.clone(), std::mem::take(&mut self.files));
        Ok(())
    }

    pub fn rotate(&mut self, commit: String, old: &LogKey, new: &LogKey, at: At) -> Result<(), LogError> {
        let update = self.log.rotate(&self.files, commit, (old, new), at)?;
        update.apply(&mut self.files);
        *self = Memory::of(self.log.clone(), std::mem::take(&mut self.files));
        Ok(())
    }

    pub fn from_files(files: &BTreeMap<String, Vec<u8>>, key: &VerifierKey) -> Result<Self, LogError> {
        Ok(Memory::of(Log::read(files, key, KINDS)?, files.clone()))
    }

    /// A log as it stands in git.
    pub fn stored(repository: &Repository, stored: &Stored, key: &VerifierKey) -> Self {
        Memory::from_files(&repository.read_files(stored.commit).unwrap(), key).unwrap()
    }

    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.entries.iter().map(Entry::record)
    }

    /// Every record with its operations in it.
    pub fn resolved(&self) -> Vec<Record> {
        let reader = self.log.reader(&self.files);
        (0..).zip(self.records()).map(|(index, record)| reader.resolved(index, record).unwrap()).collect()
    }

    pub fn access_at(&self, who: &str, at: Timestamp) -> Vec<Held> {
        access_at(&self.log.reader(&self.files), KINDS, Who::parse(who), at).unwrap()
    }

    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.files.clone()
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn tree(&self) -> Tree {
        self.entries.iter().map(|entry| Hash::of_leaf(entry.leaf())).collect()
    }

    pub fn prove(&self, index: u64) -> Option<String> {
        self.log.prove(&self.files, index).unwrap()
    }

    pub fn verify_consistency(&self, kept: &[u8]) -> Result<(), LogError> {
        self.log.verify_consistency(&self.files, kept)
    }
}

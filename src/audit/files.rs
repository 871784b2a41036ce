//! Where the files of a log are: in memory, in a folder, in git.

use std::collections::BTreeMap;

use super::error::LogError;
use super::record::Record;
use crate::repository::{Folder, RepositoryError};

/// The files of a log by their path. They are read one at a time, so that a log may be larger than memory.
pub trait Files {
    /// The bytes of a file; None where there is none.
    ///
    /// # Errors
    ///
    /// [`LogError::Unreadable`] where it can't be read, or holds more than `limit` bytes.
    fn read(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, LogError>;

    /// Shows every path to `visit`, in any order, that of a folder with a slash at its end and before it is looked into,
    /// until that says no.
    ///
    /// # Errors
    ///
    /// [`LogError::Unreadable`] where a folder can't be read.
    fn each(&self, visit: &mut dyn FnMut(&str) -> bool) -> Result<(), LogError>;
}

impl Files for BTreeMap<String, Vec<u8>> {
    fn read(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, LogError> {
        match self.get(path) {
            Some(bytes) if bytes.len() > limit => Err(too_long(path)),
            found => Ok(found.cloned()),
        }
    }

    fn each(&self, visit: &mut dyn FnMut(&str) -> bool) -> Result<(), LogError> {
        self.keys().all(|path| visit(path));
        Ok(())
    }
}

impl Files for Folder<'_> {
    fn read(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, LogError> {
        Folder::read(self, path, limit).map_err(|error| unreadable(path, &error))
    }

    fn each(&self, visit: &mut dyn FnMut(&str) -> bool) -> Result<(), LogError> {
        Folder::each(self, visit).map_err(|error| unreadable("tile", &error))
    }
}

pub(super) fn too_long(path: &str) -> LogError {
    LogError::Unreadable { file: path.to_owned(), why: "it is longer than such a file of a log can be".to_owned() }
}

pub(super) fn unreadable(path: &str, error: &RepositoryError) -> LogError {
    LogError::Unreadable { file: path.to_owned(), why: error.to_string() }
}

/// What appending changes in the files of a log: the new bytes of a file, or none where it goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Update {
    pub(super) files: BTreeMap<String, Option<Vec<u8>>>,
    pub(super) records: Vec<Record>,
}

impl Update {
    /// Every file that changes, by its path.
    pub fn changes(&self) -> impl Iterator<Item = (&str, Option<&[u8]>)> {
        self.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_deref()))
    }

    /// What was appended.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Brings files in memory up to date.
    pub fn apply(self, files: &mut BTreeMap<String, Vec<u8>>) {
        for (path, bytes) in self.files {
            match bytes {
                Some(bytes) => files.insert(path, bytes),
                None => files.remove(&path),
            };
        }
    }
}

/// Files with an update that isn't written yet.
pub(super) struct Updated<'a> {
    pub files: &'a dyn Files,
    pub update: &'a Update,
}

impl Files for Updated<'_> {
    fn read(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, LogError> {
        match self.update.files.get(path) {
            Some(changed) => Ok(changed.clone()),
            None => self.files.read(path, limit),
        }
    }

    fn each(&self, visit: &mut dyn FnMut(&str) -> bool) -> Result<(), LogError> {
        let mut more = true;
        self.files.each(&mut |path| {
            more = self.update.files.contains_key(path) || visit(path);
            more
        })?;
        if more {
            let there = self.update.files.iter().filter(|(_, bytes)| bytes.is_some());
            there.map(|(path, _)| path).all(|path| visit(path));
        }
        Ok(())
    }
}

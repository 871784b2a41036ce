//! One file of a revision, read and built.

use std::sync::Arc;

use super::kind::Kinds;
use super::model::Config;
use super::reading::{self, NamedFile, Source};
use super::resolve::{self, Declared};
use crate::finding::Finding;
use crate::repository::{File, Mode, Oid, RepoPath};

/// A managed file: what git knows of it, and what it says. Revisions share what they have in common.
#[derive(Clone, Debug)]
pub struct ManagedFile {
    pub mode: Mode,
    pub oid: Oid,
    pub(super) said: Arc<Said>,
}

/// What a file says by itself.
#[derive(Debug)]
pub(super) struct Said {
    pub source: Arc<Source>,
    /// None where it declares nothing, or where something is wrong with it.
    pub declared: Option<Declared>,
    pub findings: Vec<Finding>,
}

impl ManagedFile {
    /// Reads a file. Where the settings are unknown nothing is built: dates mean nothing then.
    pub(super) fn read(path: &RepoPath, file: &File, settings: Option<&Config>, kinds: Kinds) -> Self {
        let mut parsed = reading::read(path.shared(), Arc::clone(&file.bytes), file.size);
        let mut findings = std::mem::take(&mut parsed.findings);
        let declared = match (parsed.raw, settings, NamedFile::of_path(path.as_str())) {
            (Some(raw), Some(settings), Some(named)) => {
                resolve::declared(named.id, &parsed.source, raw, settings, kinds, &mut findings)
            }
            _ => None,
        };
        let said = Arc::new(Said { source: parsed.source, declared, findings });
        ManagedFile { mode: file.mode, oid: file.oid, said }
    }

    pub fn path(&self) -> &str {
        &self.said.source.path
    }
}

/// Two files are equal where git takes them for the same, whatever is read out of them.
impl PartialEq for ManagedFile {
    fn eq(&self, other: &Self) -> bool {
        (self.path(), self.mode, self.oid) == (other.path(), other.mode, other.oid)
    }
}

/// All managed files of a revision, sorted by path.
#[derive(Clone, Debug, Default)]
pub struct ManagedFiles(Arc<[ManagedFile]>);

impl ManagedFiles {
    pub(super) fn new(sorted: Vec<ManagedFile>) -> Self {
        ManagedFiles(sorted.into())
    }

    pub fn get(&self, path: &str) -> Option<&ManagedFile> {
        let place = self.0.binary_search_by(|file| file.path().cmp(path)).ok()?;
        self.0.get(place)
    }

    /// The lines of a file, for showing findings in place.
    pub fn source(&self, path: &str) -> Option<&Source> {
        self.get(path).map(|file| file.said.source.as_ref())
    }

    pub fn iter(&self) -> std::slice::Iter<'_, ManagedFile> {
        self.0.iter()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

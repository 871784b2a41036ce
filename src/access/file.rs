//! One file of a revision, read and built.

use std::sync::Arc;

use super::kinds::Kinds;
use super::model::Config;
use super::reading::{self, NamedFile, Source};
use super::resolve::{self, Declared};
use crate::finding::Finding;
use crate::repository::{Content, File, Mode, RepoPath};

/// A managed file: what is in it, and what that says. Revisions share what they have in common.
#[derive(Clone, Debug)]
pub struct ManagedFile {
    pub mode: Mode,
    pub content: Content,
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
        let managed = settings.map(|settings| settings.managed.clone()).unwrap_or_default();
        let mut parsed = reading::read_under(path.shared(), file.content.bytes(), file.content.size(), &managed);
        let mut findings = std::mem::take(&mut parsed.findings);
        let declared = match (parsed.raw, settings, NamedFile::of_path(path.as_str())) {
            (Some(raw), Some(settings), Some(named)) => {
                resolve::declared(named.id, &parsed.source, raw, settings, kinds, &mut findings)
            }
            _ => None,
        };
        let said = Arc::new(Said { source: parsed.source, declared, findings });
        ManagedFile { mode: file.mode, content: file.content.clone(), said }
    }

    pub fn path(&self) -> &str {
        &self.said.source.path
    }

    /// What it says as YAML, as it is written; none where it is none.
    pub fn value(&self) -> Option<serde_json::Value> {
        reading::value(self.said.source.as_str())
    }
}

/// Two files are equal where git takes them for the same.
impl PartialEq for ManagedFile {
    fn eq(&self, other: &Self) -> bool {
        self.mode == other.mode && self.path() == other.path() && self.content == other.content
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

    /// The content of a file; None where it is too large to be held.
    pub fn bytes(&self, path: &str) -> Option<Arc<[u8]>> {
        match &self.get(path)?.content {
            Content::Bytes(bytes) => Some(Arc::clone(bytes)),
            Content::TooLarge { .. } => None,
        }
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

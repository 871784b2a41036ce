//! One revision of an access repository, read and understood.

use std::sync::Arc;

use super::entitlement::Entitlements;
use super::file::{ManagedFile, ManagedFiles};
use super::kinds::Kinds;
use super::limits;
use super::model::{Access, Config};
use super::reading::{self, CONFIG_PATH, NamedFile, Source};
use super::resolve;
use crate::finding::{Finding, Severity};
use crate::parallel::each;
use crate::repository::{Content, File, RepoPath, Snapshot};

/// What was read last. The next revision takes over what it has in common with it: files, what they declare, and what
/// people hold.
#[derive(Debug, Default)]
pub struct LastRead {
    /// What a file means depends on `dualkey.yaml`: nothing is taken over where that is another.
    settings: Option<Content>,
    files: ManagedFiles,
    entitlements: Entitlements,
}

/// A revision that could be understood. It may still have findings.
#[derive(Debug)]
pub struct Revision {
    pub files: ManagedFiles,
    pub access: Access,
    pub entitlements: Entitlements,
    /// What reading and building found, sorted.
    pub reading: Vec<Finding>,
}

/// Why a revision can't be understood at all.
#[derive(Debug)]
pub enum LoadError {
    /// There is no `dualkey.yaml`.
    NoConfig,
    /// `dualkey.yaml` is of another version.
    UnknownVersion(u64),
    /// `dualkey.yaml` is wrong, or there is more than [`limits`] allow; the findings of all files say how.
    Invalid(Box<Unreadable>),
}

/// The findings of a revision that can't be understood, with the files they point into.
#[derive(Debug)]
pub struct Unreadable {
    pub findings: Vec<Finding>,
    pub files: ManagedFiles,
}

impl LastRead {
    /// The content of a file there.
    pub fn bytes(&self, path: &str) -> Option<Arc<[u8]>> {
        self.files.bytes(path)
    }

    /// Every file of a snapshot, sorted by path. What was read before under the same settings isn't read again; the rest
    /// is, on all processors.
    fn files(&self, snapshot: &Snapshot, settings: Option<(&Config, &Content)>, kinds: Kinds) -> Vec<ManagedFile> {
        let comparable = settings.is_some_and(|(_, content)| self.settings.as_ref() == Some(content));
        let mut known = self.files.iter().filter(|_| comparable).peekable();
        let mut take_over = |path: &RepoPath, file: &File| {
            while known.next_if(|known| known.path() < path.as_str()).is_some() {}
            let same =
                known.next_if(|known| known.path() == path.as_str()).filter(|known| known.content == file.content)?;
            Some(ManagedFile { mode: file.mode, ..same.clone() })
        };
        let row: Vec<Result<ManagedFile, (&RepoPath, &File)>> =
            snapshot.files().iter().map(|(path, file)| take_over(path, file).ok_or((path, file))).collect();
        let read = |(path, file)| ManagedFile::read(path, file, settings.map(|(config, _)| config), kinds);
        each(row, |file| file.unwrap_or_else(read))
    }
}

impl Revision {
    /// Reads a snapshot.
    ///
    /// # Errors
    ///
    /// Where `dualkey.yaml` is missing, of another version or wrong, and where there is too much: nothing else means
    /// anything then.
    pub fn load(snapshot: &Snapshot, kinds: Kinds, last: &mut LastRead) -> Result<Self, LoadError> {
        let mut findings: Vec<Finding> = snapshot.findings().to_vec();
        let mut settings = None;
        if let Some(file) = snapshot.file(CONFIG_PATH) {
            let parsed = reading::read(CONFIG_PATH, file.content.bytes(), file.content.size());
            if let Some(version) = parsed.version.filter(|version| *version != reading::FORMAT_VERSION) {
                return Err(LoadError::UnknownVersion(version));
            }
            let (config, found) = resolve::config(&parsed, kinds);
            findings.extend(found);
            settings = config.map(|config| (config, file.content.clone()));
        }
        let files = last.files(snapshot, settings.as_ref().map(|(config, content)| (config, content)), kinds);
        let files = ManagedFiles::new(files);
        let named: Vec<NamedFile<'_>> = files.iter().filter_map(|file| NamedFile::of_path(file.path())).collect();
        findings.extend(reading::repeated_ids(&named));
        findings.extend(files.iter().flat_map(|file| file.said.findings.iter().cloned()));
        let access = settings.and_then(|(config, content)| {
            let declared = files.iter().filter_map(|file| Some((&file.said.source, file.said.declared.as_ref()?)));
            let (access, found) = resolve::access(config, declared, &named, kinds);
            findings.extend(found);
            let exceeded = limits::exceeded(&access);
            let usable = exceeded.is_none();
            findings.extend(exceeded);
            usable.then_some((access, content))
        });
        findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        let Some((access, content)) = access else {
            // it may be there, but not as a plain file of that name
            let about = |finding: &Finding| finding.place.file.to_lowercase().starts_with("dualkey.");
            if snapshot.file(CONFIG_PATH).is_none() && !findings.iter().any(about) {
                return Err(LoadError::NoConfig);
            }
            return Err(LoadError::Invalid(Box::new(Unreadable { findings, files })));
        };
        let entitlements = Entitlements::derive(&access, &last.entitlements);
        *last = LastRead { settings: Some(content), files: files.clone(), entitlements: entitlements.clone() };
        Ok(Revision { files, access, entitlements, reading: findings })
    }

    /// The lines of a file, for showing findings in place.
    pub fn source(&self, path: &str) -> Option<&Source> {
        self.files.source(path)
    }

    /// True where something could not be read or means nothing: then no file may be judged or applied.
    pub fn is_misread(&self) -> bool {
        // what hides a change from people hides nothing from this program
        let reads = |finding: &&Finding| finding.rule.code.id != reading::REVIEW_DIFF_HIDDEN.code.id;
        self.reading.iter().filter(reads).any(|finding| finding.severity == Severity::Error)
    }
}

#[cfg(test)]
#[path = "revision_tests.rs"]
mod tests;

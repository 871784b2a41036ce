//! One revision of an access repository, read and understood.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::entitlement::Entitlements;
use super::kind::Kinds;
use super::limits;
use super::model::Access;
use super::reading::{self, Claim, Content, FileKind, Parsed, Source};
use super::resolve::{self, RawEntry};
use crate::finding::{Finding, Severity};
use crate::repository::{Mode, Oid, Snapshot};

/// Parsed contents by kind and blob, so that each distinct blob is parsed once however many revisions share it.
#[derive(Debug, Default)]
pub struct ParseCache(HashMap<(FileKind, Oid), Arc<Content>>);

/// A revision that could be understood. It may still have findings.
#[derive(Debug)]
pub struct Revision {
    /// Every managed file: mode and blob.
    pub files: BTreeMap<String, (Mode, Oid)>,
    pub access: Access,
    pub entitlements: Entitlements,
    /// What reading and building found, sorted.
    pub reading: Vec<Finding>,
    sources: BTreeMap<Arc<str>, Arc<Source>>,
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
    pub files: usize,
    sources: BTreeMap<Arc<str>, Arc<Source>>,
}

impl Unreadable {
    /// The lines of a file, for showing findings in place.
    pub fn source(&self, path: &str) -> Option<&Source> {
        self.sources.get(path).map(AsRef::as_ref)
    }
}

impl ParseCache {
    fn read(&mut self, path: &str, file: &crate::repository::File) -> Parsed {
        match FileKind::of_path(path) {
            Claim::File(kind, _) => {
                let content = self
                    .0
                    .entry((kind, file.oid))
                    .or_insert_with(|| Arc::new(reading::parse(kind, &file.bytes, file.size)));
                content.at(path)
            }
            Claim::Placeholder | Claim::NotOurs | Claim::Refused { .. } => reading::read(path, &file.bytes, file.size),
        }
    }
}

/// Every file's text by its path.
fn sources(parsed: &[(&str, Parsed)]) -> BTreeMap<Arc<str>, Arc<Source>> {
    parsed.iter().map(|(_, p)| (Arc::clone(&p.source.path), Arc::clone(&p.source))).collect()
}

impl Revision {
    /// Reads a snapshot.
    ///
    /// # Errors
    ///
    /// Where `dualkey.yaml` is missing, of another version or wrong, and where there is too much: nothing else means
    /// anything then.
    pub fn load(snapshot: &Snapshot, kinds: Kinds, cache: &mut ParseCache) -> Result<Self, LoadError> {
        let parsed: Vec<(&str, Parsed)> =
            snapshot.files().iter().map(|(path, file)| (path.as_str(), cache.read(path.as_str(), file))).collect();
        let mut findings: Vec<Finding> = snapshot.findings().to_vec();
        findings.extend(reading::repeated_ids(parsed.iter().map(|(path, _)| *path)));
        findings.extend(parsed.iter().flat_map(|(_, parsed)| parsed.findings.iter().cloned()));
        let config =
            parsed.iter().find(|(path, _)| FileKind::of_path(path) == Claim::File(FileKind::Config, "dualkey"));
        match config {
            None => {
                // it may be there, but not as a plain file of that name
                let about = |finding: &Finding| finding.place.file.to_lowercase().starts_with("dualkey.");
                if !findings.iter().any(about) {
                    return Err(LoadError::NoConfig);
                }
                findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
                return Err(LoadError::Invalid(Box::new(Unreadable {
                    findings,
                    files: parsed.len(),
                    sources: sources(&parsed),
                })));
            }
            Some((_, config)) => {
                if let Some(version) = config.version.filter(|version| *version != reading::FORMAT_VERSION) {
                    return Err(LoadError::UnknownVersion(version));
                }
            }
        }
        let entries: Vec<RawEntry<'_>> = parsed
            .iter()
            .filter_map(|(path, parsed)| match (FileKind::of_path(path), &parsed.raw) {
                (Claim::File(_, stem), Some(raw)) => Some(RawEntry { stem, source: &parsed.source, raw }),
                _ => None,
            })
            .collect();
        let present: Vec<(FileKind, &str)> = parsed
            .iter()
            .filter_map(|(path, _)| match FileKind::of_path(path) {
                Claim::File(kind, stem) => Some((kind, stem)),
                Claim::Placeholder | Claim::NotOurs | Claim::Refused { .. } => None,
            })
            .collect();
        let (access, built) = resolve::access(&entries, &present, kinds);
        findings.extend(built);
        let exceeded = access.as_ref().and_then(limits::exceeded);
        let access = access.filter(|_| exceeded.is_none());
        findings.extend(exceeded);
        findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        let sources = sources(&parsed);
        let Some(access) = access else {
            return Err(LoadError::Invalid(Box::new(Unreadable { findings, files: parsed.len(), sources })));
        };
        Ok(Revision {
            files: snapshot.files().iter().map(|(path, file)| (path.to_string(), (file.mode, file.oid))).collect(),
            entitlements: Entitlements::derive(&access),
            access,
            reading: findings,
            sources,
        })
    }

    /// The lines of a file, for showing findings in place.
    pub fn source(&self, path: &str) -> Option<&Source> {
        self.sources.get(path).map(AsRef::as_ref)
    }

    /// True where something could not be read or means nothing: then no file may be judged or applied.
    pub fn is_misread(&self) -> bool {
        // what hides a change from people hides nothing from this program
        let reads = |finding: &&Finding| finding.rule.code.id != reading::REVIEW_DIFF_HIDDEN.code.id;
        self.reading.iter().filter(reads).any(|finding| finding.severity == Severity::Error)
    }
}

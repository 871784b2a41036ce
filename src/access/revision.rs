//! One revision of an access repository, read and understood.

use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt as _};

use super::entitlement::Entitlements;
use super::kind::Kinds;
use super::limits;
use super::model::Access;
use super::parallel::in_parts;
use super::reading::{self, Claim, Content, FileKind, Parsed, Source};
use super::resolve::{self, RawEntry};
use crate::finding::{Finding, Severity};
use crate::repository::{File, Mode, Oid, Snapshot};

/// What the path of the settings says.
const CONFIG: Claim<'static> = Claim::File(FileKind::Config, "dualkey");

/// Parsed contents by kind and blob, so that each distinct blob is parsed once however many revisions share it.
#[derive(Debug, Default)]
pub struct ParseCache {
    contents: HashMap<(FileKind, Oid), Content>,
    /// True where one revision alone is read: then nothing is kept for another.
    once: bool,
}

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
    /// For one revision alone.
    pub fn once() -> Self {
        ParseCache { once: true, ..ParseCache::default() }
    }

    /// Parses what of a snapshot isn't known yet, on all processors.
    fn learn(&mut self, files: &[(&str, Claim<'_>, &File)]) {
        let mut wanted: HashMap<(FileKind, Oid), &File> = HashMap::new();
        for (_, claim, file) in files {
            if let Claim::File(kind, _) = claim
                && !self.contents.contains_key(&(*kind, file.oid))
            {
                wanted.insert((*kind, file.oid), file);
            }
        }
        let parse = |part: Vec<((FileKind, Oid), &File)>| -> Vec<_> {
            let content =
                |(kind, _): (FileKind, Oid), file: &File| reading::parse(kind, Arc::clone(&file.bytes), file.size);
            part.into_iter().map(|(key, file)| (key, content(key, file))).collect()
        };
        self.contents.extend(in_parts(wanted.into_iter().collect(), parse).into_iter().flatten());
    }

    /// What a file says, parsed now where nobody asked before.
    fn read(&mut self, path: &str, claim: &Claim<'_>, file: &File) -> Parsed {
        let Claim::File(kind, _) = claim else { return reading::read(path, Arc::clone(&file.bytes), file.size) };
        let key = (*kind, file.oid);
        if self.once
            && let Some(content) = self.contents.remove(&key)
        {
            return content.at(path);
        }
        let known = self.contents.get(&key);
        known.map_or_else(|| reading::read(path, Arc::clone(&file.bytes), file.size), |content| content.at(path))
    }
}

/// Every file's text by its path.
fn sources(parsed: &[Parsed]) -> BTreeMap<Arc<str>, Arc<Source>> {
    parsed.iter().map(|p| (Arc::clone(&p.source.path), Arc::clone(&p.source))).collect()
}

impl Revision {
    /// Reads a snapshot.
    ///
    /// # Errors
    ///
    /// Where `dualkey.yaml` is missing, of another version or wrong, and where there is too much: nothing else means
    /// anything then.
    pub fn load(snapshot: &Snapshot, kinds: Kinds, cache: &mut ParseCache) -> Result<Self, LoadError> {
        let files = snapshot.files().iter();
        let files: Vec<(&str, Claim<'_>, &File)> =
            files.map(|(path, file)| (path.as_str(), FileKind::of_path(path.as_str()), file)).collect();
        cache.learn(&files);
        let parsed: Vec<Parsed> = files.iter().map(|(path, claim, file)| cache.read(path, claim, file)).collect();
        let present: Vec<(FileKind, &str)> = (files.iter())
            .filter_map(|(_, claim, _)| match claim {
                Claim::File(kind, stem) => Some((*kind, *stem)),
                Claim::Placeholder | Claim::NotOurs | Claim::Refused { .. } => None,
            })
            .collect();
        let mut findings: Vec<Finding> = snapshot.findings().to_vec();
        findings.extend(reading::repeated_ids(files.iter().map(|(path, claim, _)| (*path, claim))));
        findings.extend(parsed.iter().flat_map(|parsed| parsed.findings.iter().cloned()));
        let config = files.iter().zip(&parsed).find(|((_, claim, _), _)| *claim == CONFIG);
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
        let (sources, count) = (sources(&parsed), parsed.len());
        let entries: Vec<RawEntry<'_>> = (files.iter().zip(parsed))
            .filter_map(|((_, claim, _), parsed)| match (claim, parsed.raw) {
                (Claim::File(_, stem), Some(raw)) => Some(RawEntry { stem, source: parsed.source, raw }),
                _ => None,
            })
            .collect();
        let (access, built) = resolve::access(entries, &present, kinds);
        findings.extend(built);
        let exceeded = access.as_ref().and_then(limits::exceeded);
        let access = access.filter(|_| exceeded.is_none());
        findings.extend(exceeded);
        findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        let Some(access) = access else {
            return Err(LoadError::Invalid(Box::new(Unreadable { findings, files: count, sources })));
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

//! The log in git: each state of it is a commit that holds its files, one ref points to the newest.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use jiff::Timestamp;

use super::files::{Update, unreadable};
use super::{Checkpoint, Log, LogError, LogKey, VerifierKey, codes, reach, record};
use crate::access::Kinds;
use crate::apply;
use crate::finding::Refusal;
use crate::repository::{Failure, Folder, Oid, Repository, RepositoryError, StateRefs, SwapError};

/// The folder in the git directory where this clone keeps the last checkpoint it saw.
const SEEN: &str = "dualkey";

/// Where a log is kept.
#[derive(Clone, Copy, Debug)]
pub struct Store<'a> {
    repository: &'a Repository,
    refs: &'a StateRefs<'a>,
    reference: &'a str,
    kinds: Kinds,
}

/// A log as it stands in its ref, checked.
#[derive(Clone, Debug)]
pub struct Stored {
    pub log: Log,
    pub commit: Oid,
}

impl Stored {
    /// The files of the log, for [`Log::reader`].
    ///
    /// # Errors
    ///
    /// Where its commit can't be read.
    pub fn files<'r>(&self, repository: &'r Repository) -> Result<Folder<'r>, StoreError> {
        folder(repository, self.commit)
    }
}

fn folder(repository: &Repository, commit: Oid) -> Result<Folder<'_>, StoreError> {
    repository.folder(commit).map_err(|error| unreadable("commit", &error).into())
}

/// Why a log was not read or not written.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum StoreError {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Log(#[from] LogError),
    #[error("{0}")]
    #[diagnostic(help("{}", .0.help))]
    Refused(Refusal),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Repository(#[from] RepositoryError),
    #[error("`{}` can't be {doing}: {source}", path.display())]
    #[diagnostic(help("see that the git directory is yours and has room"))]
    Seen { path: PathBuf, doing: &'static str, source: io::Error },
}

impl StoreError {
    /// How a command that needs the log ends.
    pub fn failure(&self) -> Failure {
        match self {
            StoreError::Log(LogError::Unreadable { .. }) | StoreError::Seen { .. } => Failure::Unjudged,
            StoreError::Log(_) | StoreError::Refused(_) => Failure::Refused,
            StoreError::Repository(error) => error.failure(),
        }
    }

    /// The error as a refusal, with the code that `dualkey explain` knows.
    pub fn refusal(&self) -> Refusal {
        match self {
            StoreError::Log(error) => error.refusal(),
            StoreError::Refused(refusal) => refusal.clone(),
            StoreError::Repository(_) | StoreError::Seen { .. } => unavailable(self),
        }
    }
}

fn unavailable(why: &impl std::fmt::Display) -> Refusal {
    let help = "see that the remote answers and lets the identity that runs this push to the ref of the log";
    Refusal::new(&codes::LOG_UNAVAILABLE, why.to_string(), help)
}

impl<'a> Store<'a> {
    /// The log in a ref, as far as `refs` was last refreshed with that ref. Of other kinds than these it tells nothing.
    pub fn new(repository: &'a Repository, refs: &'a StateRefs<'a>, reference: &'a str, kinds: Kinds) -> Self {
        Store { repository, refs, reference, kinds }
    }

    /// Whose log it is.
    pub(super) fn repository(&self) -> &'a Repository {
        self.repository
    }

    /// Reads the log and believes nothing but the key; None where there is none. What this clone saw earlier must stand
    /// in it unchanged.
    ///
    /// # Errors
    ///
    /// Where anything in it is wrong, where it is shorter than it was or another one, and where it can't be read.
    pub fn load(&self, key: &VerifierKey) -> Result<Option<Stored>, StoreError> {
        self.load_whole(key)
    }

    /// The same, read from the beginning on, whatever is known of it.
    ///
    /// # Errors
    ///
    /// As [`Store::load`].
    pub fn load_whole(&self, key: &VerifierKey) -> Result<Option<Stored>, StoreError> {
        let Some(commit) = self.commit(key)? else { return Ok(None) };
        let files = folder(self.repository, commit)?;
        let log = Log::read(&files, key, self.kinds)?;
        self.goes_on(&log, &files, key)?;
        self.remember(&log)?;
        Ok(Some(Stored { log, commit }))
    }

    /// The commit that the ref holds; None where there is nothing and nothing was seen there.
    fn commit(&self, key: &VerifierKey) -> Result<Option<Oid>, StoreError> {
        match (self.refs.get(self.reference)?, self.seen(key)?) {
            (Some(commit), _) => Ok(Some(commit)),
            (None, None) => Ok(None),
            (None, Some(seen)) => {
                let kept = Checkpoint::unproven(&seen).map_or(1, |kept| kept.size());
                Err(LogError::Rollback { kept, size: 0 }.into())
            }
        }
    }

    /// What this clone saw earlier must stand in the log unchanged.
    fn goes_on(&self, log: &Log, files: &Folder<'_>, key: &VerifierKey) -> Result<(), StoreError> {
        let Some(seen) = self.seen(key)? else { return Ok(()) };
        log.verify_consistency(files, &seen).map_err(|error| match (error, Checkpoint::unproven(&seen)) {
            // this clone saw a log of this key that went on under another one
            (LogError::KeyUnknown { .. }, Some(kept)) => LogError::Fork { kept: kept.size() },
            (error, _) => error,
        })?;
        Ok(())
    }

    /// Begins a log.
    ///
    /// # Errors
    ///
    /// `log-exists` where there is one; where the genesis names another key; where the ref can't be written.
    pub fn create(&self, genesis: record::Genesis, key: &LogKey) -> Result<Stored, StoreError> {
        if self.refs.get(self.reference)?.is_some() {
            return Err(StoreError::Refused(self.exists()));
        }
        let at = genesis.at.0;
        let (log, update) = Log::new(genesis, key, self.kinds)?;
        match self.write(log, &update, (None, None), "Begin the log", at) {
            Err(StoreError::Refused(refusal)) if refusal.code == &apply::codes::LEASE_LOST => {
                Err(StoreError::Refused(self.exists()))
            }
            done => done,
        }
    }

    /// Begins a log in the place of one that can't be gone on with, as the child of what that was.
    ///
    /// # Errors
    ///
    /// As [`Store::create`] and [`Store::append`].
    pub fn succeed(&self, old: &Stored, genesis: record::Genesis, key: &LogKey) -> Result<Stored, StoreError> {
        let at = genesis.at.0;
        let (log, update) = Log::new(genesis, key, self.kinds)?;
        self.write(log, &update, (Some(old.commit), None), "Begin the log anew", at)
    }

    /// The log as somebody wrote it, whose key nothing vouches for: only to be told of. None where there is none that holds.
    ///
    /// # Errors
    ///
    /// Where the ref can't be read.
    pub fn unproven(&self) -> Result<Option<Log>, StoreError> {
        let Some(commit) = self.refs.get(self.reference)? else { return Ok(None) };
        Ok(Log::read_unproven(&folder(self.repository, commit)?, self.kinds))
    }

    fn exists(&self) -> Refusal {
        let help = "go on with that log; where its key or its quorum is lost, begin it anew with `--continue`";
        Refusal::new(&codes::LOG_EXISTS, format!("`{}` holds a log already", self.reference), help)
    }

    /// Appends records and writes what changes by that in one step, as a child of what the log was.
    ///
    /// # Errors
    ///
    /// `lease-lost` where somebody else wrote it meanwhile; `log-unavailable` where the push is refused. The log that was
    /// given stays as it is.
    pub fn append(
        &self,
        stored: &Stored,
        records: Vec<record::Record>,
        key: &LogKey,
        message: &str,
        at: Timestamp,
    ) -> Result<Stored, StoreError> {
        let files = stored.files(self.repository)?;
        let mut log = stored.log.clone();
        let update = log.append(&files, records, key)?;
        self.write(log, &update, (Some(stored.commit), Some(&files)), message, at)
    }

    /// Lets another key sign the log from here on, and writes that in one step, as a child of what it was.
    ///
    /// # Errors
    ///
    /// As [`Store::append`] and [`Log::rotate`].
    pub fn rotate(
        &self,
        stored: &Stored,
        commit: Oid,
        (old, new): (&LogKey, &LogKey),
        at: Timestamp,
    ) -> Result<Stored, StoreError> {
        let files = stored.files(self.repository)?;
        let mut log = stored.log.clone();
        let update = log.rotate(&files, commit.to_string(), (old, new), record::At(at))?;
        self.write(log, &update, (Some(stored.commit), Some(&files)), "Change the log's key", at)
    }

    /// `before` is the commit in whose place the log comes, and the files that it goes on from. That commit is the first
    /// parent; the others are what the new records speak of.
    fn write(
        &self,
        log: Log,
        update: &Update,
        before: (Option<Oid>, Option<&Folder<'_>>),
        message: &str,
        at: Timestamp,
    ) -> Result<Stored, StoreError> {
        let (parent, files) = before;
        let mut parents: Vec<Oid> = parent.into_iter().collect();
        parents.extend(reach::parents(self.repository, update.records(), at.as_second())?);
        let tree = self.repository.write_files(files.map(Folder::tree), update.changes())?;
        let commit = self.repository.write_commit_of(tree, &parents, message, at.as_second())?;
        match self.refs.compare_and_swap(self.reference, parent, Some(commit)) {
            Ok(()) => {}
            // the push had its effect before the connection broke
            Err(SwapError::Moved { actual, .. }) if actual == Some(commit) => {}
            Err(error @ SwapError::Moved { .. }) => {
                let help = "another run wrote the log: when it has ended, run again";
                return Err(StoreError::Refused(Refusal::new(&apply::codes::LEASE_LOST, error.to_string(), help)));
            }
            Err(error @ (SwapError::Refused { .. } | SwapError::Unreachable { .. })) => {
                return Err(StoreError::Refused(unavailable(&error)));
            }
            Err(SwapError::Repository(error)) => return Err(error.into()),
        }
        self.remember(&log)?;
        Ok(Stored { log, commit })
    }

    /// One file a log, remote and key, so that a log that begins under a new key starts anew.
    fn seen_path(&self, key: &VerifierKey) -> PathBuf {
        let remote = self.refs.remote().unwrap_or_default();
        let name = Oid::of_blob(format!("{remote}\n{}\n{key}", self.reference).as_bytes());
        self.repository.git_dir().join(SEEN).join(format!("log-{name}"))
    }

    fn seen(&self, key: &VerifierKey) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.seen_path(key);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::Seen { path, doing: "read", source }),
        }
    }

    /// Keeps the checkpoint, so that the next look notices what was cut off or rewritten.
    fn remember(&self, log: &Log) -> Result<(), StoreError> {
        let folder = self.repository.git_dir().join(SEEN);
        // whichever of its keys is trusted when this is looked for
        for path in log.keys().all().map(|key| self.seen_path(key)) {
            let failed = |source| StoreError::Seen { path: path.clone(), doing: "written", source };
            fs::create_dir_all(&folder).map_err(failed)?;
            let mut file = tempfile::NamedTempFile::new_in(&folder).map_err(failed)?;
            file.write_all(log.checkpoint()).map_err(failed)?;
            file.persist(&path).map_err(|error| failed(error.error))?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;

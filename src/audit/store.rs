//! The log in git: each state of it is a commit that holds its files, one ref points to the newest.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;

use jiff::Timestamp;

use super::copy::{self, Kept, Prefix};
use super::files::{Files, Update, unreadable};
use super::{Checkpoint, Log, LogError, LogKey, VerifierKey, codes, reach, record, tiles};
use crate::access::Kinds;
use crate::apply;
use crate::finding::Refusal;
use crate::repository::{Failure, Folder, Oid, Repository, RepositoryError, StateRefs, SwapError};

/// How many files are written together where many are.
const TOGETHER: usize = 64;

/// How long a seal is.
const SEAL: usize = 64;

/// How many commits below the one in the ref of the log a log is looked for.
const BELOW: usize = 10_000;

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
    /// What was wrong with what this clone remembered, and refuses nothing.
    pub told: Vec<Refusal>,
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

/// The checkpoint of the log in a commit; None where it can't be read.
pub fn checkpoint_of(repository: &Repository, commit: Oid) -> Option<Vec<u8>> {
    folder(repository, commit).ok()?.read(tiles::CHECKPOINT, tiles::MAX_CHECKPOINT_BYTES).ok()?
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
        self.load_after(key, self.known(key))
    }

    /// The same, read from the beginning on, whatever is known of it.
    ///
    /// # Errors
    ///
    /// As [`Store::load`].
    pub fn load_whole(&self, key: &VerifierKey) -> Result<Option<Stored>, StoreError> {
        self.load_after(key, None)
    }

    fn load_after(&self, key: &VerifierKey, known: Option<Prefix>) -> Result<Option<Stored>, StoreError> {
        let (seen, damaged) = self.seen(key)?;
        let Some(commit) = self.refs.get(self.reference)? else {
            let Some(seen) = seen else { return Ok(None) };
            let kept = Checkpoint::unproven(&seen).map_or(1, |kept| kept.size());
            return Err(LogError::Rollback { kept, size: 0 }.into());
        };
        let files = folder(self.repository, commit)?;
        let before = known.as_ref().map_or(0, |known| known.log.size());
        let log = match known.and_then(|known| self.read_on(known, &files, key)) {
            Some(log) => log,
            // whatever is wrong is named by reading it from the beginning
            None => Log::read(&files, key, self.kinds)?,
        };
        if let Some(seen) = seen {
            goes_on(&log, &files, &seen)?;
        }
        self.remember(&log)?;
        if copy::is_worth_keeping(before, log.size()) {
            self.keep(&Prefix { log: log.clone(), tree: files.tree() }, key);
        }
        Ok(Some(Stored { log, commit, told: damaged.into_iter().collect() }))
    }

    /// The log, where it goes on from what this clone verified and nothing of that was touched since.
    ///
    /// INVARIANT: what is known counts only where it and the entries after it lead to the root that is signed.
    fn read_on(&self, known: Prefix, files: &Folder<'_>, key: &VerifierKey) -> Option<Log> {
        let earlier = self.repository.folder_of(known.tree);
        let partial: BTreeSet<String> = tiles::partial_paths(known.log.size()).collect();
        let (log, blobs) = known.log.read_on(files, key).ok()?;
        let paths = tiles::Paths::of(log.size(), log.names_keys(), blobs.into_iter());
        let mut touched = false;
        let differences = files.differences(&earlier, &mut |path, was, is| {
            let folder = path.ends_with('/');
            let may_differ = match (was, is) {
                (true, _) => folder || partial.contains(path),
                (false, _) => paths.has(path),
            };
            touched |= !may_differ;
            may_differ
        });
        differences.ok().filter(|()| !touched)?;
        Some(log)
    }

    /// What this clone verified of the log; None where there is nothing, or nothing that can be used.
    fn known(&self, key: &VerifierKey) -> Option<Prefix> {
        let (_, path) = self.paths(key);
        match copy::read(&path) {
            Ok(Kept::Whole(bytes)) => {
                // INVARIANT: what entries come to is believed where this user found it, whoever else writes into the clone
                let (seal, prefix) = bytes.split_at_checked(SEAL)?;
                let own = self.repository.seal(&path.file_name()?.to_string_lossy(), prefix)?;
                (own.as_bytes() == seal).then(|| Prefix::parse(prefix, self.kinds)).flatten()
            }
            Ok(Kept::Nothing | Kept::Unmarked(_) | Kept::Damaged) | Err(_) => None,
        }
    }

    /// Whoever can't keep it reads more the next time, and that is all.
    fn keep(&self, prefix: &Prefix, key: &VerifierKey) {
        let (_, path) = self.paths(key);
        let sealed = || {
            let bytes = prefix.to_bytes()?;
            let seal = self.repository.seal(&path.file_name()?.to_string_lossy(), &bytes)?;
            Some([seal.as_bytes(), &bytes].concat())
        };
        drop(sealed().map(|bytes| copy::write(&path, &bytes)));
    }

    /// The newest log that a good signature holds together, below a commit that holds none: whoever may push can put anything
    /// on top of a log. Also how many commits below. None where there is none near by, or none that goes on from what this
    /// clone saw.
    ///
    /// # Errors
    ///
    /// Where the ref can't be read.
    pub fn below(&self, key: &VerifierKey) -> Result<Option<(Stored, usize)>, StoreError> {
        let (seen, _) = self.seen(key)?;
        self.signed(key, 1, seen.as_deref())
    }

    /// The log in the ref by its key alone, or the newest below, also where this clone saw more: one that was rolled back says
    /// truly what was before. Also how many commits below.
    ///
    /// # Errors
    ///
    /// Where the ref can't be read.
    pub fn earlier(&self, key: &VerifierKey) -> Result<Option<(Stored, usize)>, StoreError> {
        self.signed(key, 0, None)
    }

    fn signed(
        &self,
        key: &VerifierKey,
        least: usize,
        seen: Option<&[u8]>,
    ) -> Result<Option<(Stored, usize)>, StoreError> {
        let mut at = self.refs.get(self.reference)?;
        for steps in 0..=BELOW {
            let Some(commit) = at else { break };
            at = self.repository.first_parent(commit)?;
            if steps < least {
                continue;
            }
            let Ok(files) = folder(self.repository, commit) else { continue };
            let Ok(log) = Log::read_signed(&files, key, self.kinds) else { continue };
            if seen.is_some_and(|seen| goes_on(&log, &files, seen).is_err()) {
                break;
            }
            return Ok(Some((Stored { log, commit, told: Vec::new() }, steps)));
        }
        Ok(None)
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

    /// Where the log begins as somebody wrote it, whose key nothing vouches for: only to be told of. None where there is none
    /// that holds.
    ///
    /// # Errors
    ///
    /// Where the ref can't be read.
    pub fn begun_unproven(&self) -> Result<Option<record::Genesis>, StoreError> {
        let Some(commit) = self.refs.get(self.reference)? else { return Ok(None) };
        Ok(Log::begun_unproven(&folder(self.repository, commit)?))
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

    /// Puts a log back from files, where the ref is gone, or holds a damaged or an earlier one. `check` is asked before anything
    /// is replaced. None where the ref holds a log that is whole and no shorter.
    ///
    /// # Errors
    ///
    /// As [`Store::load`] for the files; where they are of another log than the one in the ref, or older than what this clone
    /// saw; and as [`Store::append`].
    pub fn restore<E: From<StoreError>>(
        &self,
        key: &VerifierKey,
        files: &dyn Files,
        check: impl FnOnce(&Stored) -> Result<(), E>,
    ) -> Result<Option<Stored>, E> {
        let Some(stored) = self.prepared(key, files)? else { return Ok(None) };
        check(&stored)?;
        let held = self.refs.get(self.reference).map_err(StoreError::from)?;
        self.swap(held, stored.commit)?;
        self.remember(&stored.log)?;
        Ok(Some(stored))
    }

    /// The commit of a log that is to be put back, which no ref points to yet.
    fn prepared(&self, key: &VerifierKey, files: &dyn Files) -> Result<Option<Stored>, StoreError> {
        let log = Log::read(files, key, self.kinds)?;
        let (seen, damaged) = self.seen(key)?;
        if let Some(seen) = seen {
            goes_on(&log, files, &seen)?;
        }
        let held = self.refs.get(self.reference)?;
        let there = held.and_then(|commit| Log::read(&folder(self.repository, commit).ok()?, key, self.kinds).ok());
        if let Some(there) = there {
            if there.size() >= log.size() {
                return Ok(None);
            }
            log.verify_consistency(files, there.checkpoint())?;
        }
        let tree = self.written(files)?;
        let at = log.genesis().at.0.as_second();
        let records: Vec<record::Record> = std::iter::once(record::Record::Genesis(log.genesis().clone()))
            .chain(log.state().judged.iter().map(|(_, record)| record.clone()))
            .collect();
        let mut parents: Vec<Oid> = held.filter(|commit| self.repository.commit(*commit).is_ok()).into_iter().collect();
        parents.extend(reach::parents(self.repository, &records, at)?);
        let commit = self.repository.write_commit_of(tree, &parents, "Restore the log", at)?;
        Ok(Some(Stored { log, commit, told: damaged.into_iter().collect() }))
    }

    /// The tree of all files, written a few at a time.
    fn written(&self, files: &dyn Files) -> Result<Oid, StoreError> {
        let mut paths = Vec::new();
        files.each(&mut |path| {
            paths.extend((!path.ends_with('/')).then(|| path.to_owned()));
            true
        })?;
        let mut tree = None;
        for some in paths.chunks(TOGETHER) {
            let mut read = Vec::new();
            for path in some {
                let missing = || LogError::Incomplete { file: path.clone(), what: "is missing" };
                read.push((path.as_str(), files.read(path, usize::MAX)?.ok_or_else(missing)?));
            }
            let changes = read.iter().map(|(path, bytes)| (*path, Some(bytes.as_slice())));
            tree = Some(self.repository.write_files(tree, changes)?);
        }
        tree.ok_or_else(|| LogError::Incomplete { file: tiles::CHECKPOINT.to_owned(), what: "is missing" }.into())
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
        self.swap(parent, commit)?;
        self.remember(&log)?;
        Ok(Stored { log, commit, told: Vec::new() })
    }

    fn swap(&self, held: Option<Oid>, commit: Oid) -> Result<(), StoreError> {
        match self.refs.compare_and_swap(self.reference, held, Some(commit)) {
            Ok(()) => Ok(()),
            // the push had its effect before the connection broke
            Err(SwapError::Moved { actual, .. }) if actual == Some(commit) => Ok(()),
            Err(error @ SwapError::Moved { .. }) => {
                let help = "another run wrote the log: when it has ended, run again";
                Err(StoreError::Refused(Refusal::new(&apply::codes::LEASE_LOST, error.to_string(), help)))
            }
            Err(error @ (SwapError::Refused { .. } | SwapError::Blocked { .. } | SwapError::Unreachable { .. })) => {
                Err(StoreError::Refused(unavailable(&error)))
            }
            Err(SwapError::Repository(error)) => Err(error.into()),
        }
    }

    /// The files of this clone for a log: one a log, remote and key, so that a log that begins under a new key starts anew.
    fn paths(&self, key: &VerifierKey) -> (PathBuf, PathBuf) {
        let remote = self.refs.remote().unwrap_or_default();
        let name = Oid::of_blob(format!("{remote}\n{}\n{key}", self.reference).as_bytes());
        copy::paths(&self.repository.git_dir().join(SEEN), &name.to_string())
    }

    /// The last checkpoint that this clone saw. One that is damaged is thrown away, and told.
    fn seen(&self, key: &VerifierKey) -> Result<(Option<Vec<u8>>, Option<Refusal>), StoreError> {
        let (path, _) = self.paths(key);
        let failed = |doing| {
            let path = path.clone();
            move |source| StoreError::Seen { path, doing, source }
        };
        match copy::read(&path).map_err(failed("read"))? {
            Kept::Nothing => Ok((None, None)),
            Kept::Whole(bytes) => Ok((Some(bytes), None)),
            Kept::Unmarked(bytes) if Checkpoint::unproven(&bytes).is_some() => Ok((Some(bytes), None)),
            Kept::Unmarked(_) | Kept::Damaged => {
                fs::remove_file(&path).map_err(failed("removed"))?;
                let help = "compare the log with a checkpoint that you keep elsewhere, by `dualkey audit verify --checkpoint \
                            FILE`: this clone alone can't tell any more whether it was cut off or written anew";
                let message = format!("`{}` is damaged and was thrown away", path.display());
                Ok((None, Some(Refusal::new(&codes::LOG_COPY_DAMAGED, message, help))))
            }
        }
    }

    /// Keeps the checkpoint, so that the next look notices what was cut off or rewritten.
    fn remember(&self, log: &Log) -> Result<(), StoreError> {
        // whichever of its keys is trusted when this is looked for
        for (path, _) in log.keys().all().map(|key| self.paths(key)) {
            if copy::read(&path).ok() == Some(Kept::Whole(log.checkpoint().to_vec())) {
                continue;
            }
            copy::write(&path, log.checkpoint()).map_err(|source| StoreError::Seen {
                path: path.clone(),
                doing: "written",
                source,
            })?;
        }
        Ok(())
    }
}

/// What this clone saw earlier must stand in the log unchanged.
fn goes_on(log: &Log, files: &dyn Files, seen: &[u8]) -> Result<(), StoreError> {
    log.verify_consistency(files, seen).map_err(|error| match (error, Checkpoint::unproven(seen)) {
        // this clone saw a log of this key that went on under another one
        (LogError::KeyUnknown { .. }, Some(kept)) => LogError::Fork { kept: kept.size() },
        (error, _) => error,
    })?;
    Ok(())
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;

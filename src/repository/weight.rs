//! How much a commit changes, before anybody reads it: one that is meant to keep a run busy costs no more than its share.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::budget::Share;
use super::file::MAX_FILE_BYTES;
use super::objects::{MODE_FILE, MODE_KIND};
use super::tree::{Changes, Entries};
use super::{Entry, Oid, Repository, RepositoryError};

/// A commit that stands on one with too many entries, and changes no more paths than this, has too many as well.
const FEW: usize = 1_000;

const SHARE_WORDS: &str = "one commit's share of what is looked at";

/// Commits of one line, the oldest first, weighed one after the other.
#[derive(Debug, Default)]
pub struct Weighed {
    /// The newest commit that can be looked at.
    base: Option<Oid>,
    /// Of paths that changed since the first, how many bytes stand there.
    sizes: BTreeMap<String, u64>,
    bytes: u64,
    /// The newest commit whose tree unfolds too far.
    unfolds: Option<Oid>,
}

/// What became of one of them.
#[derive(Debug)]
pub enum Weight {
    /// What it changes against the one before it that can be looked at; none of the first.
    Light(Option<Rc<Changes>>),
    /// It is too heavy, or a part of it isn't here.
    Apart(RepositoryError),
}

impl Repository {
    /// Weighs the next commit of a line.
    ///
    /// # Errors
    /// Where all that may be looked at is spent, and where git itself fails.
    pub fn weigh(&self, line: &mut Weighed, commit: Oid) -> Result<Weight, RepositoryError> {
        let Some(base) = line.base else {
            line.base = Some(commit);
            return Ok(Weight::Light(None));
        };
        let share = self.budget().share();
        if let Some(unfolds) = line.unfolds
            && let Ok(few) = self.changes_within(unfolds, commit, share)?
            && few.len() <= FEW
        {
            line.unfolds = Some(commit);
            return Ok(Weight::Apart(too_much(commit)));
        }
        let changes = match self.changes_within(base, commit, share)? {
            Ok(changes) => changes,
            Err(error) => {
                line.unfolds = matches!(error, RepositoryError::TooMuch { .. }).then_some(commit).or(line.unfolds);
                return Ok(Weight::Apart(error));
            }
        };
        let mut bytes = line.bytes;
        let mut sizes = Vec::new();
        for (path, [_, after]) in changes.iter() {
            let size = match self.size_at(*after) {
                Ok(size) => size,
                Err(error) => return apart(error),
            };
            bytes = bytes.saturating_sub(line.sizes.get(path).copied().unwrap_or_default()).saturating_add(size);
            sizes.push((path.clone(), size));
        }
        if bytes > share.bytes {
            return Ok(Weight::Apart(too_much(commit)));
        }
        line.sizes.extend(sizes);
        (line.base, line.bytes, line.unfolds) = (Some(commit), bytes, None);
        Ok(Weight::Light(Some(changes)))
    }

    /// What a commit changes against another one; none where that is more than a commit's share, or can't be read.
    ///
    /// # Errors
    /// As [`Repository::weigh`].
    pub fn light_changes(&self, a: Oid, b: Oid) -> Result<Option<Rc<Changes>>, RepositoryError> {
        Ok(self.changes_within(a, b, self.budget().share())?.ok())
    }

    /// What a commit changes against the nearest one below it that can be compared with it, and which that is. None of a
    /// first commit.
    ///
    /// # Errors
    /// As [`Repository::weigh`], and where there is no such commit.
    pub fn changes_below(&self, commit: Oid) -> Result<Option<(Oid, Rc<Changes>)>, RepositoryError> {
        let (mut at, mut error) = (commit, None);
        while let Some(parent) = self.first_parent(at)? {
            match self.changes_within(parent, commit, self.budget().share())? {
                Ok(changes) => return Ok(Some((parent, changes))),
                Err(heavy) => (at, error) = (parent, error.or(Some(heavy))),
            }
        }
        error.map_or(Ok(None), Err)
    }

    /// The managed entries of a commit that is no heavier than a commit's share.
    ///
    /// # Errors
    /// As [`Repository::managed_entries`], and where it is.
    pub(super) fn light_entries(&self, commit: Oid) -> Result<BTreeMap<String, Entry>, RepositoryError> {
        let share = self.budget().share();
        self.entries_within(
            commit,
            &self.managed_of(commit)?,
            Entries::within(self, commit, share.entries, SHARE_WORDS),
        )
    }

    /// As [`Repository::managed_changes`], or why that is more than one commit's share.
    fn changes_within(
        &self,
        a: Oid,
        b: Oid,
        share: Share,
    ) -> Result<Result<Rc<Changes>, RepositoryError>, RepositoryError> {
        if self.unfolds.borrow().contains(&[a, b]) {
            return Ok(Err(too_much(b)));
        }
        match self.changes_of(a, b, Entries::within(self, b, share.entries, SHARE_WORDS)) {
            Ok(changes) => Ok(Ok(changes)),
            Err(error) if is_of_the_commit(&error) => {
                if matches!(error, RepositoryError::TooMuch { .. }) {
                    self.unfolds.borrow_mut().insert([a, b]);
                }
                Ok(Err(error))
            }
            Err(error) => Err(error),
        }
    }

    /// How many bytes somebody reads there.
    fn size_at(&self, entry: Option<Entry>) -> Result<u64, RepositoryError> {
        let Some(entry) = entry.filter(|entry| entry.mode & MODE_KIND == MODE_FILE) else { return Ok(0) };
        self.budget().entry()?;
        let size = u64::try_from(self.object_size(entry.oid)?).unwrap_or(u64::MAX);
        // a larger one is told, and not read
        Ok(if size > MAX_FILE_BYTES { 0 } else { size })
    }
}

fn too_much(oid: Oid) -> RepositoryError {
    RepositoryError::TooMuch { oid, limit: SHARE_WORDS }
}

fn apart(error: RepositoryError) -> Result<Weight, RepositoryError> {
    if is_of_the_commit(&error) { Ok(Weight::Apart(error)) } else { Err(error) }
}

/// True for what is wrong with a commit, and not with the machine.
fn is_of_the_commit(error: &RepositoryError) -> bool {
    matches!(error, RepositoryError::TooMuch { .. } | RepositoryError::Unreadable { .. })
}

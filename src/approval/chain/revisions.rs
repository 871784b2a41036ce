//! Revisions that verifying asks for. A tree says the same whichever commits hold it, and few are looked at together.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use super::error::VerifyError;
use crate::access::{Kinds, LastRead, LoadError, Revision};
use crate::approval::landing::Reviewed;
use crate::plan::{self, Digest};
use crate::repository::{Managed, Oid, Repository, Snapshot};

/// How many are kept: those of one landing and of the tip, and what is asked again where a later landing is tried.
const KEPT: usize = 6;

/// Reads revisions; each shares with the one before what they have in common.
#[derive(Debug)]
pub(super) struct Revisions<'a> {
    repository: &'a Repository,
    kinds: Kinds,
    last: RefCell<LastRead>,
    /// The one asked for last at the end.
    kept: RefCell<VecDeque<Kept>>,
    /// By the two trees.
    digests: RefCell<HashMap<[Oid; 2], Digest>>,
}

#[derive(Debug)]
struct Kept {
    tree: Oid,
    revision: Rc<Revision>,
}

impl<'a> Revisions<'a> {
    pub fn new(repository: &'a Repository, kinds: Kinds) -> Self {
        Revisions { repository, kinds, last: RefCell::default(), kept: RefCell::default(), digests: RefCell::default() }
    }

    pub fn of(&self, commit: Oid) -> Result<Rc<Revision>, VerifyError> {
        let tree = self.repository.tree_of(commit)?;
        let known = self.kept.borrow().iter().position(|kept| kept.tree == tree);
        if let Some(kept) = known.and_then(|place| self.kept.borrow_mut().remove(place)) {
            let revision = Rc::clone(&kept.revision);
            self.kept.borrow_mut().push_back(kept);
            return Ok(revision);
        }
        let snapshot = Snapshot::of_commit(self.repository, commit)?;
        let revision = Rc::new(self.load(&snapshot, commit)?);
        let mut kept = self.kept.borrow_mut();
        kept.push_back(Kept { tree, revision: Rc::clone(&revision) });
        if kept.len() > KEPT {
            kept.pop_front();
        }
        Ok(revision)
    }

    /// The same with the files that `also` says are managed.
    pub fn beside(&self, commit: Oid, also: &Managed) -> Result<Rc<Revision>, VerifyError> {
        let managed = self.repository.managed_of(commit)?;
        if managed.clone().and(also) == managed {
            return self.of(commit);
        }
        let snapshot = Snapshot::of_commit_near(self.repository, commit, also, |_| None)?;
        self.load(&snapshot, commit).map(Rc::new)
    }

    pub fn load(&self, snapshot: &Snapshot, commit: Oid) -> Result<Revision, VerifyError> {
        Revision::load(snapshot, self.kinds, &mut self.last.borrow_mut()).map_err(|error| {
            let what = match error {
                LoadError::NoConfig => "there is no dualkey.yaml".to_owned(),
                LoadError::UnknownVersion(version) => format!("dualkey.yaml is of version {version}"),
                LoadError::Invalid(unreadable) => {
                    unreadable.findings.first().map(|f| format!("{}: {}", f.place, f.message)).unwrap_or_default()
                }
            };
            VerifyError::Unreadable { commit, what }
        })
    }

    /// The digest of the change between two commits. Where one of them can't be read, nobody can have been shown it.
    pub fn digest(&self, before: Oid, after: Oid) -> Result<Reviewed, VerifyError> {
        let trees = self.trees([before, after])?;
        if let Some(known) = self.digests.borrow().get(&trees) {
            return Ok(Reviewed::Is(known.clone()));
        }
        let (before, after) = match (self.of(before), self.of(after)) {
            (Ok(before), Ok(after)) => (before, after),
            (Err(VerifyError::Unreadable { .. }), _) | (_, Err(VerifyError::Unreadable { .. })) => {
                return Ok(Reviewed::Unreadable);
            }
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        let digest = plan::digest(&before, &after);
        self.digests.borrow_mut().insert(trees, digest.clone());
        Ok(Reviewed::Is(digest))
    }

    /// Keeps the digest of the change between two commits, which somebody had to make already.
    pub fn learn_digest(&self, commits: [Oid; 2], digest: &Digest) -> Result<(), VerifyError> {
        self.digests.borrow_mut().insert(self.trees(commits)?, digest.clone());
        Ok(())
    }

    fn trees(&self, [before, after]: [Oid; 2]) -> Result<[Oid; 2], VerifyError> {
        Ok([self.repository.tree_of(before)?, self.repository.tree_of(after)?])
    }
}

//! What an approved landing changed stands until a change is approved whose plan shows that it goes.
//!
//! A plan shows what lies between its base and its head. Where the base is older than a landing, whatever the landing
//! changed and the head changes back is not in the plan, though the head stands on that landing: whoever approves such a
//! head has not seen that something goes.

use std::rc::Rc;

use super::error::VerifyError;
use super::ground::{Ground, STEPS_OF_MEANING};
use super::landings::Landing;
use super::meaning::{Difference, Hold, Meaning};
use super::words;
use crate::access::Revision;
use crate::approval::decision::Granted;
use crate::approval::testimony::{CountedApproval, Opinion};
use crate::finding::Refusal;
use crate::plan::facts::is_turned;
use crate::repository::{Oid, Repository, RepositoryError};

/// An approved landing, as it must be looked at where a later step doesn't start from it.
#[derive(Clone, Debug)]
pub(super) struct Commitment {
    pub commit: Oid,
    /// The head that was approved.
    pub head: Option<Oid>,
    pub approvals: Vec<CountedApproval>,
    pub meaning: Rc<Meaning>,
    /// The commits between which it changed paths.
    pub changed: [Oid; 2],
    pub kept: Kept,
    pub hold: Hold,
}

/// Where all of a landing is as it should be.
#[derive(Clone, Debug)]
pub(super) enum Kept {
    /// At the last approved landing that follows on it, or at itself: what differs there was changed by somebody's approval.
    At(Oid),
    /// At a head of which nothing was verified; in meaning, on the tree that was verified last.
    Over(Oid, Rc<Revision>),
}

/// A step that is held against landings that it doesn't start from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Later<'l> {
    pub landed: Oid,
    /// What would land, where no commit holds it yet; then `landed` is what it is told of by.
    pub tree: Option<&'l Revision>,
    /// Whose approvals count for it.
    pub approvals: &'l [Opinion],
}

impl<'l> Later<'l> {
    pub fn of(landed: Oid, granted: Option<&'l Granted>) -> Self {
        Later { landed, tree: None, approvals: granted.map_or(&[], |granted| &granted.approvals) }
    }
}

impl Commitment {
    pub fn of(landing: Landing, meaning: Rc<Meaning>) -> Self {
        let Landing { base, commit, head, approvals, .. } = landing;
        let (changed, kept) = ([base, commit], Kept::At(commit));
        Commitment { commit, head, approvals, meaning, changed, kept, hold: Hold::Whole }
    }

    /// True where it is access that nobody gave yet, and that may have been thought over on the branch that was to give it.
    pub fn was_thought_over(
        &self,
        repository: &Repository,
        granted: Option<&Granted>,
    ) -> Result<bool, RepositoryError> {
        match granted {
            Some(granted) if self.meaning.only_gives => self.may_be_draft_of(repository, granted.head),
            Some(_) | None => Ok(false),
        }
    }

    /// True where the landing can't be told from an earlier state of a head's own branch, as it stands there or was rebased.
    fn may_be_draft_of(&self, repository: &Repository, head: Oid) -> Result<bool, RepositoryError> {
        if repository.is_ancestor(self.commit, head)? {
            return Ok(true);
        }
        let Some(approved) = self.head else { return Ok(false) };
        Ok(!repository.commit(self.commit)?.parents.contains(&approved) && repository.is_ancestor(approved, head)?)
    }

    /// The refusal of a step that doesn't keep what the landing changed.
    ///
    /// INVARIANT: every step that doesn't start from an approved landing of the open history is held against it here.
    pub fn undone_by(&self, ground: &Ground<'_>, later: Later<'_>) -> Result<Option<Refusal>, VerifyError> {
        let repository = ground.repository;
        let (Kept::At(at) | Kept::Over(at, _)) = self.kept;
        let [from, to] = self.changed;
        let changed = repository.managed_changes(from, to)?;
        let since = match later.tree {
            None => Some(repository.managed_changes(at, later.landed)?),
            Some(_) => None,
        };
        let gone = changed.keys().filter(|path| since.as_ref().is_some_and(|since| since.contains_key(*path)));
        let gone: Vec<&String> = gone.filter(|_| self.hold == Hold::Whole).collect();
        let left_out = |path: &str| words::left_out(later.landed, self.commit, path, &self.approvals, at);
        // what stands in no file of a kind is where it is, and nothing else
        if let Some(path) = gone.iter().find(|path| !is_turned(path)) {
            return Ok(Some(left_out(path)));
        }
        let undone = |fact: &str| words::undone(later.landed, self.commit, fact, &self.approvals);
        let unseated = self.meaning.unseated();
        if let Some(opinion) = later.approvals.iter().find(|opinion| unseated.contains(&opinion.person)) {
            let whose = &opinion.person;
            let fact = format!("it counts the approval of `{whose}`, who could approve less from then on");
            return Ok(Some(undone(&fact)));
        }
        if since.is_some_and(|since| since.is_empty()) {
            return Ok(None);
        }
        // what can't be read is refused as such
        let fact = match (&self.kept, later.tree) {
            (Kept::At(at), None) => {
                let later = ground.difference(*at, later.landed)?;
                later.and_then(|later| self.meaning.undone_by(&later, self.hold))
            }
            (Kept::At(at), Some(later)) => {
                let kept = ground.readable(*at)?;
                kept.and_then(|kept| self.meaning.undone_by(&Difference::between(&kept, later), self.hold))
            }
            (Kept::Over(_, kept), None) => {
                repository.spend(STEPS_OF_MEANING)?;
                let later = ground.readable(later.landed)?;
                later.and_then(|later| self.meaning.undone_by(&Difference::between(kept, &later), self.hold))
            }
            (Kept::Over(_, kept), Some(later)) => self.meaning.undone_by(&Difference::between(kept, later), self.hold),
        };
        Ok(fact.map(|fact| gone.first().map_or_else(|| undone(&fact), |path| left_out(path))))
    }
}

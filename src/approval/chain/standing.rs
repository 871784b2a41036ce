//! What an approved landing changed stands until a change is approved whose plan shows that it goes.
//!
//! A plan shows what lies between its base and its head. Where the base is older than a landing, whatever the landing
//! changed and the head changes back is not in the plan, though the head stands on that landing: whoever approves such a
//! head has not seen that something goes.

use std::rc::Rc;

use super::error::VerifyError;
use super::ground::Ground;
use super::landings::Landing;
use super::meaning::Meaning;
use super::words;
use crate::approval::decision::Granted;
use crate::approval::testimony::{CountedApproval, Opinion};
use crate::finding::Refusal;
use crate::repository::{Oid, Repository, RepositoryError};

/// An approved landing, as it must be looked at where a later step doesn't start from it.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub base: Oid,
    pub commit: Oid,
    /// The head that was approved.
    pub head: Option<Oid>,
    pub approvals: Vec<CountedApproval>,
    pub meaning: Rc<Meaning>,
    /// The last approved landing that follows on this one: what differs there was changed by somebody's approval.
    pub end: Option<Oid>,
    pub hold: Hold,
}

/// How much of what a landing changed a later step must keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// All of it.
    Whole,
    /// What it took from somebody. For the rest, those who approved it have approved something else since.
    Taken,
}

/// A step that is held against landings that it doesn't start from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Later<'l> {
    pub landed: Oid,
    /// Whose approvals count for it.
    pub approvals: &'l [Opinion],
}

impl<'l> Later<'l> {
    pub fn of(landed: Oid, granted: Option<&'l Granted>) -> Self {
        Later { landed, approvals: granted.map_or(&[], |granted| &granted.approvals) }
    }
}

impl Standing {
    pub fn of(landing: Landing, meaning: Rc<Meaning>) -> Self {
        let Landing { base, commit, head, approvals, .. } = landing;
        Standing { base, commit, head, approvals, meaning, end: None, hold: Hold::Whole }
    }

    /// True where the landing can't be told from an earlier state of a head's own branch, as it stands there or was rebased.
    pub fn may_be_draft_of(&self, repository: &Repository, head: Oid) -> Result<bool, RepositoryError> {
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
        let end = self.end.unwrap_or(self.commit);
        if self.hold == Hold::Whole {
            let changed = ground.repository.managed_changes(self.base, self.commit)?;
            let since = ground.repository.managed_changes(end, later.landed)?;
            if let Some(path) = changed.keys().find(|path| since.contains_key(*path)) {
                return Ok(Some(words::left_out(later.landed, self.commit, path, &self.approvals, end)));
            }
        }
        let undone = |fact: String| Ok(Some(words::undone(later.landed, self.commit, &fact, &self.approvals)));
        let unseated = self.meaning.unseated();
        if let Some(opinion) = later.approvals.iter().find(|opinion| unseated.contains(&opinion.person)) {
            return undone(format!(
                "it counts the approval of `{}`, who could approve less from then on",
                opinion.person
            ));
        }
        // what can't be read is refused as such
        let Ok(tree) = ground.revision(later.landed) else { return Ok(None) };
        let end = match self.end {
            Some(end) => Some(ground.revision(end)?),
            None => None,
        };
        let mut fact = self.meaning.given_back(&tree, end.as_deref());
        if fact.is_none() && self.hold == Hold::Whole {
            fact = self.meaning.taken_back(&tree, end.as_deref());
        }
        fact.map_or(Ok(None), undone)
    }
}

//! Where testimony comes from.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;

use super::data::Testimony;
use super::names::{Anchor, Branch};
use super::opinion::Opinion;
use super::pull::Pull;
use super::registered::Registered;
use super::statement::Signed;
use crate::access::{Access, PersonId};
use crate::approval::landing::{Reviewed, Trees};
use crate::repository::{Oid, RepositoryError};

/// What a question about one landing is made of.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub anchor: Anchor<'a>,
    pub branch: Branch<'a>,
    /// The last verified landing.
    pub base: Oid,
    /// What the head landed on, or would. It is not the base where it is not verified.
    pub onto: Oid,
    /// None: what would land if the head was merged now; then the trees' `landed` is given.
    pub landed: Option<Oid>,
    pub head: Oid,
    /// The tip of the protected branch.
    pub tip: Oid,
    /// The change from the merge base to the head.
    pub reviewed: &'a Reviewed,
}

/// Where something has to be said.
#[derive(Clone, Copy, Debug)]
pub struct Venue<'a> {
    pub anchor: Anchor<'a>,
    pub branch: Branch<'a>,
    /// The tip of the protected branch.
    pub tip: Oid,
}

impl<'a> Venue<'a> {
    pub(super) fn of(question: &Question<'a>) -> Self {
        Venue { anchor: question.anchor, branch: question.branch, tip: question.tip }
    }
}

/// What the log keeps of the words that a landing was judged by.
#[derive(Clone, Copy, Debug)]
pub struct RecordedWords<'r> {
    /// What it landed on.
    pub base: Oid,
    pub head: Oid,
    /// What people signed that the verdict rests on.
    pub statements: &'r [Signed],
    /// What the log had seen said against heads before.
    pub said: &'r [Signed],
    /// The commit that landed, and what the forge had told of the pull request that brought it.
    pub pull: Option<(Oid, &'r Pull)>,
    /// When it was judged, as the log says.
    pub at: Timestamp,
}

/// Somewhere people say what they think of heads. It is asked by the registry of the last verified landing, which says whose
/// word is whose.
pub trait Source: fmt::Debug {
    /// Everything about one landing.
    ///
    /// # Errors
    ///
    /// Where the history can't be read.
    fn testimony(
        &self,
        registered: &Registered<'_>,
        question: &Question<'_>,
        trees: &Trees,
    ) -> Result<Testimony, RepositoryError>;

    /// The head that was merged by a commit of the protected branch, as a forge says, and where the branch stood before.
    fn brought(&self, landed: Oid) -> Option<(Oid, Option<Oid>)>;

    /// Every head of which somebody says something.
    fn heads(&self) -> Vec<Oid>;

    /// True where somebody says something of the head, readable or not.
    fn is_spoken_of(&self, head: Oid) -> bool;

    /// Where a head's approvers say that it started from. They may say anything.
    fn claimed_bases(&self, head: Oid) -> BTreeSet<Oid>;

    /// People who approved an ancestor of the head that isn't part of the base.
    ///
    /// # Errors
    ///
    /// Where the history can't be read.
    fn stale(&self, base: Oid, head: Oid) -> Result<Vec<(PersonId, Oid)>, RepositoryError>;

    /// Everything that people really said against heads for this branch, sorted: withdrawals, requests for changes, and
    /// approvals that ended the same person's of another head.
    ///
    /// # Errors
    ///
    /// Where the history can't be read.
    fn objections(
        &self,
        asked: &Venue<'_>,
        registered: &Registered<'_>,
    ) -> Result<BTreeSet<(Oid, Signed)>, RepositoryError>;

    /// True where somebody of the registry really approved the head, whatever base and digest they name.
    fn is_approved(&self, anchor: Anchor<'_>, branch: Branch<'_>, head: Oid, registry: &Access) -> bool;

    /// What a person said last of a head, whatever base and digest it names.
    ///
    /// # Errors
    ///
    /// Where the history can't be read.
    fn last_word(
        &self,
        asked: &Venue<'_>,
        head: Oid,
        person: &PersonId,
        registered: &Registered<'_>,
    ) -> Result<Option<Opinion>, RepositoryError>;

    /// Takes statements about heads from the log to those that are known, each once.
    fn hear(&mut self, statements: &[Signed]);

    /// The same kind of source as a landing was judged by that the log keeps: of its head it knows what the record holds
    /// and what the log had seen said before, of other heads what it knows itself.
    fn of_record<'s>(&'s self, record: &RecordedWords<'_>) -> Box<dyn Source + 's>;
}

//! Where testimony comes from.

use std::collections::BTreeSet;
use std::fmt;

use super::data::Testimony;
use super::opinion::Opinion;
use super::statement::Signed;
use crate::access::{Access, PersonId};
use crate::approval::landing::{Reviewed, Trees};
use crate::repository::{Oid, RepositoryError};

/// What a question about one landing is made of.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub anchor: &'a str,
    pub branch: &'a str,
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
        registry: &Access,
        question: &Question<'_>,
        trees: &Trees,
    ) -> Result<Testimony, RepositoryError>;

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

    /// Every withdrawal and request for changes that a person of the registry really said for this branch, sorted.
    fn objections(&self, anchor: &str, branch: &str, registry: &Access) -> BTreeSet<(Oid, Signed)>;

    /// True where somebody of the registry really approved the head, whatever base and digest they name.
    fn is_approved(&self, anchor: &str, branch: &str, head: Oid, registry: &Access) -> bool;

    /// What a person said last of a head, whatever base and digest it names.
    fn last_word(&self, anchor: &str, branch: &str, head: Oid, person: &PersonId, registry: &Access)
    -> Option<Opinion>;

    /// Takes statements about heads from the log to those that are known, each once.
    fn hear(&mut self, statements: &[Signed]);

    /// The same kind of source, which knows only what the log keeps of one landing. `tip` is the one that questions will name.
    fn of_record<'s>(&'s self, statements: &[Signed], said: &[Signed], tip: Oid) -> Box<dyn Source + 's>;
}

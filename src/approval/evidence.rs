//! What is known about one landing, as plain data. Where it comes from is the business of a source.

use std::collections::BTreeSet;

use super::landing::Trees;
use crate::access::PersonId;
use crate::finding::Refusal;
use crate::repository::Oid;

/// Everything that the decision looks at, beside the two revisions.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The last verified landing.
    pub base: Oid,
    /// What landed; None where the question is what would.
    pub landed: Option<Oid>,
    /// The head that was reviewed.
    pub head: Oid,
    /// All best common ancestors of base and head.
    pub merge_bases: Vec<Oid>,
    pub trees: Trees,
    /// Managed paths that first-parent commits of head..base touched.
    pub touched: BTreeSet<String>,
    /// The commits of base..head.
    pub commits: Vec<CommitEvidence>,
    /// The last opinion of each person on exactly this head, checked; sorted by person.
    pub opinions: Vec<Opinion>,
    /// People whose approval is of an ancestor of the head that has not landed.
    pub stale: Vec<(PersonId, Oid)>,
    /// Statements that failed a check, each with why.
    pub ignored: Vec<Refusal>,
}

/// Who made a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitEvidence {
    pub oid: Oid,
    pub signer: Signer,
    /// People whom its committer line names.
    pub committers: BTreeSet<PersonId>,
    /// People whom its author and co-author lines name.
    pub named: BTreeSet<PersonId>,
    /// True where such a line names an address that the registry doesn't know.
    pub names_unknown: bool,
}

/// Whose key signed a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// A registered key, and the signature holds.
    Person(PersonId),
    /// No signature, one by a key that nobody registered, or one that doesn't hold.
    Unknown,
}

/// What a person said of a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opinion {
    pub person: PersonId,
    pub says: Says,
    /// The digest of the change that the person was shown.
    pub digest: String,
    /// The instant that the statement names: shown, never trusted.
    pub at: String,
}

/// Approve, or take an approval back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Says {
    Approve,
    Withdraw,
}

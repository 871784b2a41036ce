//! What is known about one landing, as plain data. Where it comes from is the business of a source.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ssh_key::public::KeyData;

use super::landing::Trees;
use super::pull::Pull;
use super::statement::Signed;
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
    /// People whose own file lands exactly as a commit made it that they signed.
    pub made_own: BTreeSet<PersonId>,
    /// The last opinion of each person, checked; sorted by person. Approvals and withdrawals are of exactly this head, a
    /// request for changes may be of what it stands on.
    pub opinions: Vec<Opinion>,
    /// New keys that were proven: whose they are, by the statement that the key itself signed.
    pub proven_keys: BTreeMap<(PersonId, KeyData), Signed>,
    /// What people signed of the head: every opinion that was weighed.
    pub statements: Vec<Signed>,
    /// True where approvals may be too old. Of what the log records they are not: its verdict is final.
    pub ages: bool,
    /// People who approved a head on top of this one since, which has not landed: each with that head. Their approval of
    /// this one ends with it, unless it is of a removal.
    pub superseded: BTreeMap<PersonId, Oid>,
    /// People who are not active any more by the newest tree that was approved.
    pub gone: BTreeSet<PersonId>,
    /// What a forge says of the pull request that brought the landing; None where git alone is asked.
    pub pull: Option<Pull>,
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

impl CommitEvidence {
    /// Of a commit that says nothing that can be believed.
    pub(super) fn of_nobody(oid: Oid) -> Self {
        let (committers, named) = (BTreeSet::new(), BTreeSet::new());
        CommitEvidence { oid, signer: Signer::Unknown, committers, named, names_unknown: true }
    }
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
    /// The instant that the statement names: shown, and never trusted but for the order of what one person says.
    pub at: String,
}

impl Opinion {
    /// True where this is the person's word, and not another one that the same person signed about the same head: it was
    /// signed later. Where the instants don't tell, what speaks against the head is the word. So nobody ends a withdrawal, or
    /// an approval given after one, by bringing back what the person said before.
    pub(super) fn replaces(&self, other: &Opinion) -> bool {
        self.order() > other.order()
    }

    fn order(&self) -> (Timestamp, Says) {
        let unreadable = if self.says == Says::Approve { Timestamp::MIN } else { Timestamp::MAX };
        (self.at.parse().unwrap_or(unreadable), self.says)
    }
}

/// What a person says of a head. The later ones weigh more, where several are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Says {
    Approve,
    /// Takes an approval back.
    Withdraw,
    /// It shall not land as it is.
    RequestChanges,
}

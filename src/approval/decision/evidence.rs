//! Everything that the decision looks at beside the two revisions, as plain data.

use std::collections::BTreeSet;

use crate::access::PersonId;
use crate::approval::landing::Trees;
use crate::approval::testimony::Testimony;
use crate::repository::Oid;

/// What git says of a landing, what people said, and who may still speak.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The last verified landing.
    pub base: Oid,
    /// The head that was reviewed.
    pub head: Oid,
    /// All best common ancestors of base and head.
    pub merge_bases: Vec<Oid>,
    pub trees: Trees,
    /// Managed paths that first-parent commits of head..base touched.
    pub touched: BTreeSet<String>,
    /// Who answered for services in trees since the head parted.
    pub answered: BTreeSet<Answered>,
    pub testimony: Testimony,
    /// People who are not active any more by the newest tree that was approved.
    pub gone: BTreeSet<PersonId>,
    /// True where approvals may be too old. Of what the log records they are not: its verdict is final.
    pub ages: bool,
}

/// Who answered for a service in some tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Answered {
    pub service: PersonId,
    pub sponsor: PersonId,
    /// True where the service could sign.
    pub signs: bool,
}

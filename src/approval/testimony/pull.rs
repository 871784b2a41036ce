//! A pull request as a forge tells of it: plain data that is gathered before anything is judged. The log keeps it as it was
//! judged, so that the same can be decided again without asking anybody.
//!
//! Accounts are told by number. Names are for people alone; addresses, labels, comments and the times of commits are nothing
//! here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::finding::Refusal;
use crate::repository::Oid;

/// The version of this data, as the log names it.
pub const PULL_VERSION: u32 = 1;

/// The pull request that brought a landing, or that would.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pull {
    pub number: u64,
    /// Merged pull requests into the protected branch that name the landed commit as their merge.
    pub claims: BTreeSet<u64>,
    /// The repository that answered, by number.
    pub repository: u64,
    /// The one that the head comes from; none where it is gone.
    pub head_repository: Option<u64>,
    /// The head that it has, or had when it was merged.
    pub head: Oid,
    /// The branch that it goes into, by its short name.
    pub into: String,
    /// Where that branch stood before the merge; none while it is open, and where the forge doesn't tell.
    pub onto: Option<Oid>,
    /// How the landed commit came to the branch.
    pub arrival: Arrival,
    pub opened_by: Account,
    #[serde(with = "optional_instant")]
    pub merged_at: Option<Timestamp>,
    pub reviews: Vec<Review>,
    pub movements: Vec<Movement>,
    /// Whose each commit of it is, by what the forge knows of addresses. A commit that isn't here is nobody's.
    pub authors: BTreeMap<Oid, Vec<Account>>,
    /// Who committed each of them, where the forge knows an account for that address.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub committers: BTreeMap<Oid, Account>,
    /// What could not be read, each a call with its answer. Nothing of such a pull request is approved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// How a commit came to the protected branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arrival {
    /// It has not come there.
    Open,
    /// The forge merged a pull request.
    Merge,
    /// Somebody pushed it, though a pull request may show as merged by it.
    Push,
    /// The forge doesn't tell any more.
    Untold,
}

/// An account at the forge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// 0 where the account is gone.
    pub number: u64,
    /// For people; never proof.
    pub login: String,
    /// True for whatever no person is: a machine, an organisation, an imported name.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bot: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    pub by: Account,
    pub verdict: ReviewVerdict,
    /// The head it was given on; None where the forge no longer knows.
    pub of: Option<Oid>,
    #[serde(with = "instant")]
    pub at: Timestamp,
}

/// What a review says. A comment is no opinion, and none of these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewVerdict {
    Approved,
    ChangesRequested,
    DismissedApproval,
    /// A request for changes that somebody dismissed.
    DismissedRequest {
        by: Account,
    },
}

/// Something that changes what an approval given before meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Movement {
    #[serde(with = "instant")]
    pub at: Timestamp,
    pub by: Account,
    pub what: Moved,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moved {
    /// A push, a forced one, a branch that came back: the head is this now.
    Head(Oid),
    /// The branch of the head went, or came back.
    Branch,
    /// Another base branch, or a base that was pushed with force.
    Base,
}

/// Everything that a forge told of the pull requests that matter. What is not in it was not asked for.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Pull requests by the commit of the protected branch that they brought.
    pub landed: BTreeMap<Oid, Pull>,
    /// Open ones by their head.
    pub open: BTreeMap<Oid, Pull>,
    /// Landings that no pull request claims, as the forge says.
    pub unclaimed: BTreeSet<Oid>,
    /// Landings of which it couldn't be read who brought them, each with why.
    pub missing: BTreeMap<Oid, Refusal>,
    /// Why nothing of anything else is known.
    pub unread: Option<Refusal>,
    /// The verified landing on which the first of those stands that are asked about.
    pub since: Option<Oid>,
    /// Landings of which the log's word is not enough here.
    pub asked_again: BTreeSet<Oid>,
}

/// An instant as text in RFC 3339.
mod instant {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(at)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The same where there may be none.
mod optional_instant {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde asks for it")]
    pub fn serialize<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => serializer.collect_str(at),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        let text: Option<String> = Option::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
    }
}

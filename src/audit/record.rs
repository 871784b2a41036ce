//! What stands in the log: one record an entry, written as canonical JSON (RFC 8785).
//!
//! Records name people by id and hold no e-mail addresses and no secrets, for nothing can be taken out of a log again.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::access::Conditions;
use crate::approval::Signed;

mod because;
mod past;

pub use because::Because;
pub use past::{Account, Applied, Given, Numbered, Predecessor, Settled};

/// The version of the records' format that this program reads and writes.
pub const VERSION: u32 = 1;

/// An instant as the log writes it: RFC 3339 in UTC, such as `2026-11-24T09:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At(pub Timestamp);

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let at = text.parse().map_err(|_| serde::de::Error::custom(format_args!("`{text}` is not an instant")))?;
        Ok(At(at))
    }
}

/// A half-open interval of access: from, until. Nothing means that it is open on that side.
pub type Span = (Option<At>, Option<At>);

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Record {
    /// From which commit on the log speaks, and who vouches for it.
    Genesis(Genesis),
    /// A landing that was verified, with what it was verified by.
    Landing(Landing),
    /// More of what the landing before it changes.
    Changes(Changes),
    /// What a run is about to do, written before it does it.
    Intent(Intent),
    /// What became of an intent.
    Result(Outcome),
    /// A landing that was refused.
    Refusal(Refusal),
    /// What live state differed in without a landing, and what will bring it back.
    Drift(Drift),
    /// The key that signs the log from here on.
    KeyChange(KeyChange),
    /// What proves landings that were recorded without it.
    Statements(Statements),
    /// What people said against heads, as a run saw it.
    Said(Said),
}

impl Record {
    /// When it was written.
    pub fn at(&self) -> Timestamp {
        match self {
            Record::Genesis(one) => one.at.0,
            Record::Landing(one) => one.at.0,
            Record::Changes(one) => one.at.0,
            Record::Intent(one) => one.at.0,
            Record::Result(one) => one.at.0,
            Record::Refusal(one) => one.at.0,
            Record::Drift(one) => one.at.0,
            Record::KeyChange(one) => one.at.0,
            Record::Statements(one) => one.at.0,
            Record::Said(one) => one.at.0,
        }
    }
}

/// Entry 0 of every log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Genesis {
    /// The version of the records' format, [`VERSION`].
    pub version: u32,
    /// The organization the access repository belongs to.
    pub organization: String,
    /// The full id of the first trusted commit.
    pub genesis: String,
    /// The full id of its tree.
    pub tree: String,
    /// The public half of the key that signs the log from here on, until a [`KeyChange`].
    pub log_key: String,
    /// True where one person alone vouches for the genesis.
    pub single: bool,
    pub statements: Vec<Statement>,
    /// The logs that this one was begun anew after, the oldest first; empty for the first log of a repository.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub continues: Vec<Predecessor>,
    pub at: At,
}

/// A signed statement as it was given, so that anyone can check it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    pub person: String,
    /// The JSON text that was signed.
    pub statement: String,
    /// The armored SSH signature.
    pub signature: String,
}

impl From<&Signed> for Statement {
    fn from(signed: &Signed) -> Self {
        let Signed { person, statement, signature } = signed.clone();
        Statement { person: person.to_string(), statement, signature }
    }
}

/// A landing `base..commit` with its verdict, which is final from here on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Landing {
    pub base: String,
    pub commit: String,
    /// The reviewed head, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    pub verdict: Verdict,
    pub approvals: Vec<Approval>,
    /// Ids of people, or `unknown`.
    pub authors: Vec<String>,
    /// What was seen of the approval, as its source gave it. Integers in it are below 2^53.
    pub evidence: Value,
    /// The SHA-256 of the access changes in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What people signed, so that whoever believes the verdict can decide it again: approvals, what spoke against it, and
    /// proofs of keys that it brings. Empty where nobody had to sign, and in logs of versions that kept none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<Statement>,
    pub changes: Vec<Change>,
    /// The run that recorded it.
    pub run: String,
    pub at: At,
}

/// What a landing changes, as far as it didn't fit into the entry of the landing and into those since.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Changes {
    /// The full id of the landing that was recorded last before.
    pub landing: String,
    pub changes: Vec<Change>,
    pub at: At,
}

/// Why a landing is part of the verified history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Others approved it.
    Approved,
    /// It touches nothing that dualkey manages.
    Unmanaged,
    /// It brings every managed path back to where it was.
    Restored,
    /// It stands behind a refused landing, and only what it takes away was applied. It is no part of the verified history.
    Removal,
}

/// Who approved and when, as far as the source of evidence knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    pub person: String,
    pub at: At,
}

/// What a landing changes in the access of one person to one thing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub person: String,
    pub target: String,
    pub kind: String,
    pub resource: String,
    pub permission: String,
    /// The person's account at the target, as an `AccountMark`: no e-mail address.
    pub principal: String,
    /// Not written where there are none, as in all records here.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub conditions: Conditions,
    pub before: Vec<Span>,
    pub after: Vec<Span>,
    /// Ids of the grants that give it, before or after.
    pub grants: Vec<String>,
}

/// What a run is about to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    pub run: String,
    /// The verified commit whose tree the run brings about.
    pub commit: String,
    pub at: At,
    /// True where `at` was given by hand instead of read from a clock.
    pub at_given: bool,
    /// What the clocks of the targets said, where they tell the time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<Clock>,
    pub mode: Mode,
    /// The numbers of resources on which something is about to be given, where they are other ones than the log knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<Numbered>,
    pub operations: Vec<Operation>,
    /// Operations that an earlier run was about to do when it was interrupted, and that come before those here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations_of: Vec<Slice>,
}

/// What a target's clock said, and what the runner's said then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    pub target: String,
    pub theirs: At,
    pub ours: At,
}

/// Some of the operations that stand in an intent: the number of its entry, the first of them, counted from 0, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice(pub u64, pub u32, pub u32);

/// How much a run may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    Full,
    /// It may only end access.
    OnlyEnds,
}

/// One write to a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    pub target: String,
    pub verb: Verb,
    pub kind: String,
    pub resource: String,
    pub permission: String,
    /// What a change replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Previous>,
    pub principal: String,
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub conditions: Conditions,
    /// Nothing where the principal belongs to nobody in the registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<At>,
    pub because: Because,
}

/// What was held in the place of what a change gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Previous {
    pub permission: String,
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub conditions: Conditions,
}

/// What an operation does to an entitlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    Grant,
    Revoke,
    Change,
}

/// What became of a run: its operations, sorted by what happened to them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    pub run: String,
    pub commit: String,
    pub at: At,
    /// Each of the three holds what stands in no intent; what does is told by where, and comes after it.
    pub done: Vec<Operation>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done_of: Vec<Slice>,
    /// What is to be known of some that were done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Left>,
    pub failed: Vec<Failed>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_of: Vec<FailedOf>,
    pub not_started: Vec<Operation>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_started_of: Vec<Slice>,
    pub waiting: Vec<Waiting>,
    pub refusals: Vec<Reason>,
    /// What the run had to read and couldn't.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Unread>,
    /// Targets at which nothing was left to do, where the log doesn't know that yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settled: Vec<Settled>,
    /// True where the run died and a later one wrote this for it.
    pub interrupted: bool,
}

/// What an operation left behind that was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Left {
    pub operation: Operation,
    /// Until when sessions may go on that what was taken had opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lives_until: Option<At>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A target that couldn't be read, or a resource of one that could otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unread {
    pub target: String,
    /// Kind and name; nothing for the target as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<[String; 2]>,
}

/// An operation that the target did not carry out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failed {
    pub operation: Operation,
    pub message: String,
}

/// Operations of an intent that the target did not carry out, for one reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailedOf {
    pub message: String,
    pub operations_of: Vec<Slice>,
}

/// A landing that is not applied yet, with the code of what holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiting {
    pub landing: String,
    pub code: String,
}

/// Why a run did not do something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    pub code: String,
    pub message: String,
}

/// A landing that was refused, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    pub landing: String,
    pub code: String,
    pub message: String,
    pub at: At,
}

/// What differed live from the verified tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drift {
    pub at: At,
    /// What would bring live state back.
    pub operations: Vec<Operation>,
    /// The same, where it stands in the intent of the run that does it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations_of: Vec<Slice>,
}

/// Statements of landings that stand in the log without them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statements {
    /// The run that verified them again.
    pub run: String,
    pub landings: Vec<Proof>,
    pub at: At,
}

/// What proves one landing that was recorded before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    pub commit: String,
    /// The head that was approved.
    pub head: String,
    pub statements: Vec<Statement>,
}

/// Withdrawals and requests for changes. They count from here on, whatever becomes of the refs that held them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// The run that saw them.
    pub run: String,
    pub statements: Vec<Statement>,
    pub at: At,
}

/// What the key that signed the log up to here says of the one that signs it from here on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyChange {
    /// The full id of the verified landing whose tree names the new key.
    pub commit: String,
    /// The public half of the key up to here.
    pub old_key: String,
    /// The public half of the key from here on. No key comes back.
    pub new_key: String,
    /// How many entries the log had before this one.
    pub size: u64,
    /// The root hash over them, in base64.
    pub root: String,
    /// By the old key, in base64, over the canonical JSON of all other fields, with a type.
    pub signature: String,
    pub at: At,
}

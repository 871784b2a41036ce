//! Landings as plain data: what the log records of them, what was decided about each, and the chain of them.

use jiff::Timestamp;

use crate::approval::testimony::pull::Pull;
use crate::approval::testimony::{CountedApproval, Maker, Signed};
use crate::finding::Refusal;
use crate::repository::Oid;

/// What the log says of the past; its verdicts are final.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub genesis: Oid,
    /// `<genesis>:<log key id>`.
    pub anchor: String,
    /// Who vouches for the genesis; empty where only the anchor is known.
    pub vouched_by: Vec<String>,
    /// In order.
    pub landings: Vec<RecordedLanding>,
    /// Removals that were applied while they stood behind a refused landing.
    pub removals: Vec<Removal>,
    /// What people said against heads, oldest first.
    pub said: Vec<Signed>,
    /// The landings that the log's later keys come from.
    pub keys: Vec<Oid>,
}

/// A landing that was applied once.
#[derive(Clone, Debug)]
pub struct RecordedLanding {
    pub base: Oid,
    pub commit: Oid,
    /// The head that was approved, where one was.
    pub head: Option<Oid>,
    pub verdict: Verdict,
    pub approvals: Vec<CountedApproval>,
    pub authors: Vec<Maker>,
    /// What people signed that the verdict rests on.
    pub statements: Vec<Signed>,
    /// What the forge told of the pull request that brought it.
    pub pull: Option<Pull>,
    /// How much of [`Recorded::said`] the log held before it.
    pub said: usize,
    /// The index of its entry in the log.
    pub entry: u64,
    /// When it was judged.
    pub at: Timestamp,
}

/// What was decided about a landing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Approved,
    /// It touched no managed path.
    Unmanaged,
    /// It gave every managed path back what it was.
    Restored,
    Refused,
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Approved => "approved",
            Verdict::Unmanaged => "unmanaged",
            Verdict::Restored => "restored",
            Verdict::Refused => "refused",
        }
    }

    /// The same where nobody had to approve.
    pub(super) fn unless_approved(self) -> Self {
        if self == Verdict::Approved { Verdict::Restored } else { self }
    }
}

/// One landing with its verdict.
#[derive(Clone, Debug)]
pub struct Landing {
    pub base: Oid,
    pub commit: Oid,
    pub verdict: Verdict,
    /// The head that was approved.
    pub head: Option<Oid>,
    pub approvals: Vec<CountedApproval>,
    pub authors: Vec<Maker>,
    /// Of the change, where it was approved.
    pub digest: Option<String>,
    /// What people signed that the verdict rests on.
    pub statements: Vec<Signed>,
    /// The pull request that brought it, as the forge told of it.
    pub pull: Option<Pull>,
    pub refusals: Vec<Refusal>,
    /// What is worth saying though it stopped nothing.
    pub notes: Vec<Refusal>,
    /// True where the log records it, and what people signed says the same.
    pub recorded: bool,
    /// False where the log records it without what people signed, which only refs hold.
    pub kept: bool,
}

impl Landing {
    /// A landing with nothing but its verdict.
    pub(super) fn of(base: Oid, commit: Oid, verdict: Verdict) -> Self {
        Landing {
            base,
            commit,
            verdict,
            head: None,
            approvals: Vec::new(),
            authors: Vec::new(),
            digest: None,
            statements: Vec::new(),
            pull: None,
            refusals: Vec::new(),
            notes: Vec::new(),
            recorded: false,
            kept: true,
        }
    }
}

/// Every landing from the genesis to the tip.
#[derive(Clone, Debug)]
pub struct Chain {
    pub tip: Oid,
    pub landings: Vec<Landing>,
    /// The last verified landing, or the genesis.
    pub last: Oid,
    /// Approved removals behind a refused landing, and what else the log says behind the last verified one, of which only
    /// what it takes away counts.
    pub removals: Vec<Removal>,
    /// Why commits after the last verified landing could not be looked at. Nobody knows what is approved there.
    pub unjudged: Vec<Refusal>,
}

impl Chain {
    /// The same as if nothing had been pushed that is refused.
    #[must_use]
    pub fn verified(self) -> Self {
        let landings = self.landings.into_iter().filter(|landing| landing.verdict != Verdict::Refused).collect();
        Chain { tip: self.last, landings, last: self.last, removals: Vec::new(), unjudged: Vec::new() }
    }

    /// The same up to a later tip, where nobody could judge what lies between.
    #[must_use]
    pub fn short_of(mut self, tip: Oid, why: Refusal) -> Self {
        let landing = Landing::of(self.tip, tip, Verdict::Refused);
        self.landings.push(Landing { refusals: vec![why.clone()], ..landing });
        self.unjudged.push(why);
        Chain { tip, ..self }
    }

    /// True where a landing that was verified begins or ends at the commit.
    pub fn verifies(&self, commit: Oid) -> bool {
        let mut verified = self.landings.iter().filter(|landing| landing.verdict != Verdict::Refused);
        self.last == commit || verified.any(|landing| landing.base == commit || landing.commit == commit)
    }

    /// Where each landing ends that was verified, oldest first.
    pub(super) fn verified_commits(&self) -> Vec<Oid> {
        let verified = self.landings.iter().filter(|landing| landing.verdict != Verdict::Refused);
        verified.map(|landing| landing.commit).collect()
    }

    /// Landings that were refused.
    pub fn refused(&self) -> impl Iterator<Item = &Landing> {
        self.landings.iter().filter(|landing| landing.verdict == Verdict::Refused)
    }
}

/// A removal that landed behind a refused landing.
#[derive(Clone, Debug)]
pub struct Removal {
    /// The commit of the protected branch that it landed on, which is not verified.
    pub base: Oid,
    pub commit: Oid,
    /// The commits between which it changes paths, of which nothing else is looked at: of what was approved alone, where
    /// that is known.
    pub change: [Oid; 2],
    /// The head that was approved. None where the log says no more of it than that it was.
    pub head: Option<Oid>,
    pub approvals: Vec<CountedApproval>,
    pub authors: Vec<Maker>,
    /// Of what it changes in the last verified tree.
    pub digest: Option<String>,
    /// What people signed that it rests on.
    pub statements: Vec<Signed>,
    /// The pull request that brought it, as the forge told of it.
    pub pull: Option<Pull>,
    /// True where it was applied before, as the log says.
    pub recorded: bool,
    /// False where the log alone says that it was approved. Nothing of it counts but what it takes away.
    pub proven: bool,
    /// False where the log records it without what people signed, which only refs hold.
    pub kept: bool,
}

impl Removal {
    /// What a landing takes away that the log records and nobody proves.
    pub(super) fn unproven(landing: &RecordedLanding) -> Self {
        Removal {
            base: landing.base,
            commit: landing.commit,
            change: [landing.base, landing.commit],
            head: landing.head,
            approvals: Vec::new(),
            authors: Vec::new(),
            digest: None,
            statements: Vec::new(),
            pull: None,
            recorded: true,
            proven: false,
            kept: true,
        }
    }
}

/// What a recorded landing turned out to be.
#[derive(Clone, Debug)]
pub(super) enum Proof {
    /// It closes a landing by what people signed, or changes nothing that dualkey manages.
    Verified(Box<Landing>),
    Unproven(Refusal),
}

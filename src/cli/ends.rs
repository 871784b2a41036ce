//! What ends go on from where the protected branch can't be judged, or where nobody can say that it is the newest: the
//! log, or the copy of it that the runner keeps, or the genesis.

use std::collections::BTreeSet;
use std::rc::Rc;

use jiff::Timestamp;

use super::judging::{Judged, Question, Records};
use super::opening::nothing_proven;
use super::shared::Ledger;
use super::{Exit, Stop};
use crate::access::Revision;
use crate::apply::{self, codes};
use crate::approval::Verdict;
use crate::audit::{self, Belief};
use crate::finding::Refusal;
use crate::plan::ends::Declared;
use crate::repository::Oid;
use crate::targets;

/// What was declared, as far as it is proven.
#[derive(Debug)]
pub struct Proven {
    pub declared: Declared,
    /// The landing that is proven to have declared it.
    pub commit: Oid,
    /// A proven tree, which names the targets.
    pub settings: Rc<Revision>,
    /// Why there is no more, and what this is.
    pub why: Vec<Refusal>,
    /// True where something could not be judged, and false where it was refused.
    pub unjudged: bool,
    /// The last instant that the log proves.
    pub time: Option<Timestamp>,
    /// The numbers of resources on which something was given.
    pub numbers: Rc<apply::Numbers>,
}

/// Where the facts come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The log as the remote holds it.
    Log,
    /// The log as it was when the remote answered last.
    LastSeen,
    /// What lies below something that holds no log.
    Below,
    /// The copy that the runner keeps.
    Kept,
    /// Nothing but the anchor.
    Anchor,
}

impl Basis {
    fn words(self) -> &'static str {
        match self {
            Basis::Log => "the log",
            Basis::LastSeen => "the log as it was seen last",
            Basis::Below => "the log as it stands below what its ref holds",
            Basis::Kept => "the copy of the log that this clone keeps",
            Basis::Anchor => "the genesis that the anchor names",
        }
    }
}

/// The trees of what landed and the log doesn't know, oldest first: a run whose record is lost may have given what one of
/// them declares, and a later one takes away.
fn unrecorded(judged: &Judged<'_>) -> Vec<Rc<Revision>> {
    let landings = judged.chain.landings.iter();
    let landed = landings.filter(|landing| landing.verdict != Verdict::Refused && !landing.recorded);
    landed.filter_map(|landing| judged.verifier.revision(landing.commit).ok()).collect()
}

impl Proven {
    /// Gathers it. `judged` is what came of judging the branch from there.
    ///
    /// # Errors
    ///
    /// Where nothing is left that proves anything.
    pub fn gather(
        basis: Basis,
        (ledger, question): (Option<&Ledger>, Question<'_>),
        judged: Option<&Judged<'_>>,
        stops: &[&Stop],
    ) -> Result<Self, Stop> {
        let unjudged = stops.iter().any(|stop| stop.exit != Exit::Refused);
        let mut why: Vec<Refusal> = Vec::new();
        for stop in stops {
            let refusal = stop.refusal(&codes::NOT_JUDGED);
            if !why.contains(&refusal) {
                why.push(refusal);
            }
        }
        let records = match judged {
            Some(Judged { approved, .. }) => Records {
                proven: usize::MAX,
                tree: approved.revision(),
                commit: approved.commit(),
                vouched: BTreeSet::new(),
            },
            None => question.records().ok_or_else(|| nothing_proven(&why))?,
        };
        let Records { proven, tree, vouched, .. } = records;
        let belief = Belief { proven, tree: &tree.entitlements, vouched };
        // what can't be read again, though it held, leaves the newest proven tree
        let of_log = |ledger: &Ledger| {
            let files = ledger.stored.files(question.shared.repository).ok()?;
            audit::declared(&ledger.stored.log.reader(&files), targets::KINDS, &belief).ok()
        };
        let mut declared = ledger.and_then(of_log).unwrap_or_else(|| {
            let genesis = question.shared.read(question.recorded.genesis);
            let mut declared = genesis.map(|genesis| Declared::of(&genesis.entitlements)).unwrap_or_default();
            declared.now_by(&tree.entitlements);
            declared
        });
        let unrecorded = judged.map(unrecorded).unwrap_or_default();
        if !unrecorded.is_empty() {
            unrecorded.iter().chain([&tree]).for_each(|landed| declared.now_by(&landed.entitlements));
        }
        let last = belief.vouched.last().and_then(|number| question.recorded.landings.get(*number));
        let commit = last.map_or(records.commit, |landing| landing.commit);
        why.push(Refusal::new(
            &codes::ENDS_ALONE,
            format!("only ends went on, from {} by {}", commit.short(), basis.words()),
            "mend what is named beside this, then run `dualkey apply`: until then nothing is given",
        ));
        let time = ledger.and_then(|ledger| audit::proven_time(&ledger.stored.log));
        let numbers = ledger.map(|ledger| audit::numbers(&ledger.stored.log)).unwrap_or_default();
        Ok(Proven { declared, commit, settings: tree, why, unjudged, time, numbers })
    }
}

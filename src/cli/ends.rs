//! What ends go on from where the protected branch can't be judged, or where nobody can say that it is the newest: the
//! log, or the copy of it that the runner keeps, or the genesis.

use std::rc::Rc;

use jiff::Timestamp;

use super::judging::Judged;
use super::opening::nothing_proven;
use super::shared::{Ledger, Shared};
use super::{Exit, Stop};
use crate::access::Revision;
use crate::apply::codes;
use crate::approval::Recorded;
use crate::audit;
use crate::finding::Refusal;
use crate::plan::ends::Declared;
use crate::repository::Oid;
use crate::targets;

/// How many landings before the last one are asked for a tree that can be read.
const LOOK_BACK: usize = 64;

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
}

/// Where the facts come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The log as the remote holds it.
    Log,
    /// The log as it was when the remote answered last.
    LastSeen,
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
            Basis::Kept => "the copy of the log that this clone keeps",
            Basis::Anchor => "the genesis that the anchor names",
        }
    }
}

impl Proven {
    /// Gathers it. `judged` is what came of judging the branch from there.
    ///
    /// # Errors
    ///
    /// Where nothing is left that proves anything.
    pub fn gather(
        shared: &Shared<'_>,
        basis: Basis,
        (ledger, recorded): (Option<&Ledger>, &Recorded),
        judged: Option<&Judged>,
        stops: &[&Stop],
    ) -> Result<Self, Stop> {
        // what can't be read again, though it held, leaves the newest proven tree
        let of_log = |ledger: &Ledger| {
            let files = ledger.stored.files(shared.repository).ok()?;
            audit::declared(&ledger.stored.log.reader(&files), targets::KINDS).ok()
        };
        let mut declared = ledger.and_then(of_log).unwrap_or_default();
        let unjudged = stops.iter().any(|stop| stop.exit != Exit::Refused);
        let mut why: Vec<Refusal> = Vec::new();
        for stop in stops {
            let refusal = stop.refusal(&codes::NOT_JUDGED);
            if !why.contains(&refusal) {
                why.push(refusal);
            }
        }
        let (commit, settings) = match judged {
            Some(Judged { approved, .. }) => {
                declared.now_by(&approved.tree().entitlements);
                (approved.commit(), approved.revision())
            }
            None => {
                let commit = recorded.landings.last().map_or(recorded.genesis, |landing| landing.commit);
                let settings = newest_proven(shared, recorded).ok_or_else(|| nothing_proven(&why))?;
                // before its first run a log holds no landing, and what was declared is what the genesis declares
                if declared.is_empty() {
                    declared.now_by(&settings.entitlements);
                }
                (commit, settings)
            }
        };
        why.push(Refusal::new(
            &codes::ENDS_ALONE,
            format!("only ends went on, from {} by {}", commit.short(), basis.words()),
            "mend what is named beside this, then run `dualkey apply`: until then nothing is given",
        ));
        let time = ledger.and_then(|ledger| audit::proven_time(&ledger.stored.log));
        Ok(Proven { declared, commit, settings, why, unjudged, time })
    }
}

/// The newest recorded tree that can be read.
fn newest_proven(shared: &Shared<'_>, recorded: &Recorded) -> Option<Rc<Revision>> {
    let landings = recorded.landings.iter().rev().take(LOOK_BACK).map(|landing| landing.commit);
    landings.chain([recorded.genesis]).find_map(|commit| shared.read(commit).ok())
}

//! What `apply --comment` says below the pull requests of what landed.

use jiff::SignedDuration;

use super::context::Clock;
use super::forge::{Desk, Words};
use super::judging::Judged;
use super::process::Process;
use super::{Stop, output};
use crate::apply::{Extent, Outcome};
use crate::approval::{Landing, Recorded, Verdict};
use crate::plan::changes;
use crate::report;
use crate::report::comment::Landed;

/// So long a comment is looked at again after its landing was recorded: an earlier run may have failed, or may have said
/// nothing.
const LOOKED_AFTER: SignedDuration = SignedDuration::from_hours(24 * 30);

/// So many landings are looked at in one run, the newest ones.
const MOST: usize = 20;

/// Says it. Whatever goes wrong here changes nothing of what was applied, and is a warning.
pub fn comment(judged: &Judged<'_>, outcome: &Outcome, recorded: &Recorded, clock: Clock, process: &Process) {
    let landings = told(judged, outcome, recorded, clock);
    if landings.is_empty() {
        return;
    }
    let warn = |stop: &Stop| output::warn(&stop.text(output::error_style()));
    match Desk::open(&judged.approved.tree().access.config, process.patience()) {
        Ok(desk) => landings
            .into_iter()
            .filter_map(|landing| below(&desk, judged, outcome, landing, clock).err())
            .for_each(|stop| warn(&stop)),
        Err(stop) => warn(&stop),
    }
}

/// The landings of which something is to be said, or may be.
fn told<'j>(judged: &'j Judged<'_>, outcome: &Outcome, recorded: &Recorded, clock: Clock) -> Vec<&'j Landing> {
    let (was_tried, was_read) = match outcome.extent {
        Extent::Whole { .. } | Extent::Reduced { .. } => (true, true),
        Extent::Superseded => (false, true),
        Extent::Unseen => (false, false),
    };
    let is_young = |landing: &Landing| {
        let known = recorded.landings.iter().find(|known| known.commit == landing.commit);
        known.is_some_and(|known| clock.now.duration_since(known.at) <= LOOKED_AFTER)
    };
    let is_told = |landing: &&Landing| match landing.verdict {
        Verdict::Refused => true,
        Verdict::Approved if landing.recorded => was_read && is_young(landing),
        Verdict::Approved => was_tried,
        Verdict::Unmanaged | Verdict::Restored => false,
    };
    let all: Vec<&Landing> = judged.chain.landings.iter().filter(is_told).collect();
    // what this run was the first to apply is always said
    let is_new = |landing: &Landing| landing.verdict == Verdict::Approved && !landing.recorded;
    let spared = all.iter().filter(|landing| !is_new(landing)).count().saturating_sub(MOST);
    let mut seen = 0;
    let keep = |landing: &&Landing| {
        seen += usize::from(!is_new(landing));
        is_new(landing) || seen > spared
    };
    all.into_iter().filter(keep).collect()
}

fn below(desk: &Desk, judged: &Judged<'_>, outcome: &Outcome, landing: &Landing, clock: Clock) -> Result<(), Stop> {
    let pulls = match &landing.pull {
        Some(pull) => vec![pull.number],
        None => desk.that_brought(landing.commit)?,
    };
    if pulls.is_empty() {
        return Ok(());
    }
    let (marker, body) = match landing.verdict {
        Verdict::Refused => report::comment::refused(outcome, landing),
        Verdict::Approved | Verdict::Unmanaged | Verdict::Restored => {
            let [before, after] = [judged.verifier.revision(landing.base)?, judged.verifier.revision(landing.commit)?];
            let changes = changes::between(&before.entitlements, &after.entitlements);
            let landed = Landed { landing, changes: &changes };
            report::comment::applied(outcome, landed, &judged.approved.tree().access.config.zone, clock.now)
        }
    };
    let words = Words { marker: &marker, body: &body, later: landing.recorded };
    pulls.into_iter().try_for_each(|pull| desk.comment(pull, words))
}

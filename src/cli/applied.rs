//! What `apply --comment` says below the pull requests that it was the first to apply.

use super::context::Clock;
use super::forge::{Desk, Words};
use super::judging::Judged;
use super::process::Process;
use super::{Stop, output};
use crate::apply::{Extent, Outcome};
use crate::approval::{Landing, Verdict};
use crate::plan::changes;
use crate::report;
use crate::report::comment::Landed;

/// Says it. Whatever goes wrong here changes nothing of what was applied, and is a warning.
pub fn comment(judged: &Judged<'_>, outcome: &Outcome, clock: Clock, process: &Process) {
    let is_new = |landing: &&Landing| landing.verdict == Verdict::Approved && !landing.recorded;
    let landings: Vec<&Landing> = judged.chain.landings.iter().filter(is_new).collect();
    let was_tried = match outcome.extent {
        Extent::Whole { .. } | Extent::Reduced { .. } => true,
        Extent::Unseen | Extent::Superseded => false,
    };
    if !was_tried || landings.is_empty() {
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

fn below(desk: &Desk, judged: &Judged<'_>, outcome: &Outcome, landing: &Landing, clock: Clock) -> Result<(), Stop> {
    let pulls = match &landing.pull {
        Some(pull) => vec![pull.number],
        None => desk.that_brought(landing.commit)?,
    };
    if pulls.is_empty() {
        return Ok(());
    }
    let [before, after] = [judged.verifier.revision(landing.base)?, judged.verifier.revision(landing.commit)?];
    let changes = changes::between(&before.entitlements, &after.entitlements);
    let landed = Landed { landing, changes: &changes };
    let zone = &judged.approved.tree().access.config.zone;
    let (marker, body) = report::comment::applied(outcome, landed, zone, clock.now);
    pulls.into_iter().try_for_each(|pull| desk.comment(pull, Words { marker: &marker, body: &body }))
}

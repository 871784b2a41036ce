//! What a clock that is wrong, or runs that don't come, do to ends.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::codes;
use crate::access::{Revision, TargetId};
use crate::finding::Refusal;

/// How long after an end a run must have come. A daily schedule that is somewhat late is well.
const PATIENCE: SignedDuration = SignedDuration::from_hours(26);

/// How far a target's clock may be from ours.
const SKEW: SignedDuration = SignedDuration::from_mins(2);

/// `revocation-overdue` where something that the tree declares ended a day and more ago and no run has come since.
/// `last_run` is when the last run ended that the log knows; without any nothing was ever given.
pub fn overdue(tree: &Revision, last_run: Option<Timestamp>, now: Timestamp) -> Option<Refusal> {
    let last_run = last_run?;
    let ended = ends_after(tree, last_run, now).filter(|end| now.duration_since(*end) >= PATIENCE).count();
    (ended > 0).then(|| {
        let zone = &tree.access.config.zone;
        let since = last_run.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %:z").to_string();
        let what = if ended == 1 { "one entitlement has".to_owned() } else { format!("{ended} entitlements have") };
        Refusal::new(
            &codes::REVOCATION_OVERDUE,
            format!("{what} ended, and no run has taken them away: the last one was at {since}"),
            "run `dualkey apply --only-ends` now, and see why its schedule stands still",
        )
    })
}

/// Ends that came after one instant and up to another.
pub fn ends_after(tree: &Revision, after: Timestamp, now: Timestamp) -> impl Iterator<Item = Timestamp> {
    let intervals = tree.entitlements.iter().flat_map(|one| one.intervals.iter());
    intervals.map(|interval| interval.until()).filter(move |end| *end > after && *end <= now)
}

/// What the clocks of the targets make of ours.
#[derive(Debug)]
pub(super) struct Clocks {
    /// The instant by which ends are carried out.
    pub ends_by: Timestamp,
    /// Why nothing may be given.
    pub wrong: Vec<Refusal>,
}

/// Compares our clock with those of the targets that tell theirs. Where ours is ahead of all of them, ends go by the latest
/// of theirs: a clock that is wrong takes nothing away that isn't over anywhere.
pub(super) fn compare(ours: Timestamp, theirs: BTreeMap<TargetId, Timestamp>) -> Clocks {
    let wrong: Vec<Refusal> = theirs.iter().filter_map(|(target, theirs)| skewed(target, *theirs, ours)).collect();
    let latest = theirs.into_values().max().filter(|_| !wrong.is_empty());
    Clocks { ends_by: latest.map_or(ours, |latest| latest.min(ours)), wrong }
}

/// `clock-skew` where a target's clock says something else than ours.
fn skewed(target: &TargetId, theirs: Timestamp, ours: Timestamp) -> Option<Refusal> {
    let apart = ours.duration_since(theirs);
    (apart.abs() > SKEW).then(|| {
        let (seconds, side) = (apart.abs().as_secs(), if apart.is_positive() { "ahead of" } else { "behind" });
        Refusal::new(
            &codes::CLOCK_SKEW,
            format!("our clock is {seconds} seconds {side} that of `{target}`"),
            "set the clock of this machine; until then runs only take away",
        )
    })
}

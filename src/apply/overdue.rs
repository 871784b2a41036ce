//! Ends that no run carried out.

use jiff::{SignedDuration, Timestamp};

use super::codes;
use crate::access::Revision;
use crate::finding::Refusal;

/// How long after an end a run must have come. A daily schedule that is somewhat late is well.
const PATIENCE: SignedDuration = SignedDuration::from_hours(26);

/// `revocation-overdue` where something that the tree declares ended a day and more ago and no run has come since.
/// `last_run` is when the last run ended that the log knows; without any nothing was ever given.
pub fn overdue(tree: &Revision, last_run: Option<Timestamp>, now: Timestamp) -> Option<Refusal> {
    let last_run = last_run?;
    let ended = ends_after(tree, last_run, now).filter(|end| now.duration_since(*end) >= PATIENCE).count();
    (ended > 0).then(|| {
        let zone = &tree.access.config.zone;
        let since = last_run.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %:z").to_string();
        let (what, them) = match ended {
            1 => ("one entitlement has".to_owned(), "it"),
            many => (format!("{many} entitlements have"), "them"),
        };
        Refusal::new(
            &codes::REVOCATION_OVERDUE,
            format!("{what} ended, and no run has come since to take {them} away: the last run was at {since}"),
            "run `dualkey apply --only-ends` now, and see why its schedule stands still",
        )
    })
}

/// Ends that came after one instant and up to another.
pub fn ends_after(tree: &Revision, after: Timestamp, now: Timestamp) -> impl Iterator<Item = Timestamp> {
    let intervals = tree.entitlements.iter().flat_map(|one| one.intervals.iter());
    intervals.map(|interval| interval.until()).filter(move |end| *end > after && *end <= now)
}

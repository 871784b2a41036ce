//! When declared access next starts or ends by itself, for whoever schedules runs.

use jiff::Timestamp;

use crate::access::{Entitlement, Entitlements};

/// Which side of an interval an instant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edge {
    Start,
    End,
}

impl Edge {
    pub fn as_str(self) -> &'static str {
        match self {
            Edge::Start => "start",
            Edge::End => "end",
        }
    }
}

/// The next instant at which something starts or ends, with all that does.
#[derive(Clone, Debug)]
pub struct Edges<'a> {
    pub at: Timestamp,
    /// Ends before starts, then as entitlements are sorted.
    pub edges: Vec<(Edge, &'a Entitlement)>,
}

/// The first instant after `after` at which declared access starts or ends. None where nothing ever does again.
///
/// Hours are not among them: only targets that enforce these by themselves take them, so no run is needed for one.
pub fn next(entitlements: &Entitlements, after: Timestamp) -> Option<Edges<'_>> {
    let edges = || {
        entitlements.iter().flat_map(|one| {
            one.intervals
                .iter()
                .flat_map(move |interval| [(interval.from(), Edge::Start, one), (interval.until(), Edge::End, one)])
        })
    };
    let ahead = |at: &Timestamp| *at > after && *at != Timestamp::MAX;
    let at = edges().map(|(at, _, _)| at).filter(ahead).min()?;
    let mut found: Vec<(Edge, &Entitlement)> =
        edges().filter(|(when, _, _)| *when == at).map(|(_, side, one)| (side, one)).collect();
    found.sort_by(|a, b| (b.0, &a.1.key).cmp(&(a.0, &b.1.key)));
    Some(Edges { at, edges: found })
}

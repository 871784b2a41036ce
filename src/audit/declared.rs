//! What the log says was declared last, with its ends: its landings carry that as data, so no tree has to be readable.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::error::LogError;
use super::history::changes;
use super::reader::Reader;
use super::record::{Change, Record, Span, Verdict};
use crate::access::{AccountMark, Entitlements, GrantId, Interval, Intervals, Kinds, PersonId, TargetId};
use crate::plan::ends::{Declared, Place, Thing};

/// How far what the log says was declared is believed.
#[derive(Debug)]
pub struct Belief<'a> {
    /// So many of its landings, from the oldest on, are proven.
    pub proven: usize,
    /// What the newest of them declares, which stands in the place of what the log says of them.
    pub tree: &'a Entitlements,
    /// Later ones that count though they can't be proven here, by their number.
    pub vouched: BTreeSet<usize>,
}

/// Replays the landings. What this program has no kind for is left out.
///
/// INVARIANT: whoever holds the log's key can write any landing. Of those that nobody proves only what they shorten counts.
///
/// # Errors
///
/// Where the log can't be read.
pub fn declared(reader: &Reader<'_>, kinds: Kinds, belief: &Belief<'_>) -> Result<Declared, LogError> {
    let mut declared = Declared::default();
    let (mut seen, mut is_after, mut counts) = (0, false, true);
    reader.each(None, |_, entry| {
        if let Record::Landing(landing) = entry.record() {
            if seen >= belief.proven && !is_after {
                declared.now_by(belief.tree);
                is_after = true;
            }
            let on_branch = landing.base != landing.commit && landing.verdict != Verdict::Removal;
            counts = !is_after || (on_branch && belief.vouched.contains(&seen));
            seen += usize::from(on_branch);
        }
        for change in changes(entry.record()).unwrap_or_default() {
            let Some((place, thing)) = named(change, kinds) else { continue };
            let grant = change.grants.last().and_then(|grant| GrantId::parse(grant).ok());
            match counts {
                true => declared.set(place, thing, intervals(&change.after), grant),
                false => declared.shorten(&place, &thing, &intervals(&change.after)),
            }
        }
        Ok::<(), LogError>(())
    })?;
    if !is_after {
        declared.now_by(belief.tree);
    }
    Ok(declared)
}

fn named(change: &Change, kinds: Kinds) -> Option<(Place, Thing)> {
    let place = Place {
        target: TargetId::parse(&change.target).ok()?,
        kind: kinds.get(&change.kind)?,
        resource: change.resource.clone(),
        account: AccountMark::written(&change.principal),
    };
    let person = PersonId::parse(&change.person).ok()?;
    Some((place, Thing { permission: change.permission.clone(), conditions: change.conditions.clone(), person }))
}

fn intervals(spans: &[Span]) -> Intervals {
    let interval = |(from, until): &Span| {
        Interval::new(from.map_or(Timestamp::MIN, |at| at.0), until.map_or(Timestamp::MAX, |at| at.0))
    };
    spans.iter().filter_map(interval).collect()
}

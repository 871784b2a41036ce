//! What the log says was declared last, with its ends: its landings carry that as data, so no tree has to be readable.

use jiff::Timestamp;

use super::error::LogError;
use super::history::changes;
use super::reader::Reader;
use super::record::{Change, Span};
use crate::access::{AccountMark, GrantId, Interval, Intervals, Kinds, PersonId, TargetId};
use crate::plan::ends::{Declared, Place, Thing};

/// Replays the landings. What this program has no kind for is left out.
///
/// # Errors
///
/// Where the log can't be read.
pub fn declared(reader: &Reader<'_>, kinds: Kinds) -> Result<Declared, LogError> {
    let mut declared = Declared::default();
    reader.each(None, |_, entry| {
        for change in changes(entry.record()).unwrap_or_default() {
            if let Some((place, thing)) = named(change, kinds) {
                let grant = change.grants.last().and_then(|grant| GrantId::parse(grant).ok());
                declared.set(place, thing, intervals(&change.after), grant);
            }
        }
        Ok::<(), LogError>(())
    })?;
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

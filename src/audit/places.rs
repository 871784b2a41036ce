//! Where operations stand in a log, so that nothing is written twice.

use std::collections::HashMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::error::LogError;
use super::reader::Reader;
use super::record::{Operation, Slice};

/// Of how many bytes of JSON a part is, where something is too long for an entry. The rest of the entry has room beside it.
const PART_BYTES: usize = 40_000;

/// How many slices an entry has room for, beside its operations.
pub(super) const PART_SLICES: usize = 500;

/// Half the SHA-256 of an operation, as it is written.
type Key = [u8; 16];

/// The entry and the place in it.
pub(super) type Place = (u64, u32);

/// Operations by what they say, each with where it stands.
#[derive(Debug, Default)]
pub(super) struct Places(HashMap<Key, Place>);

impl Places {
    /// The operations of some slices.
    pub(super) fn of(slices: &[Slice], reader: &Reader<'_>, before: u64) -> Result<Self, LogError> {
        let mut places = Places::default();
        for slice @ Slice(entry, from, _) in slices {
            let mut at = *from;
            reader.each_operation(before, std::slice::from_ref(slice), |operation| {
                places.0.insert(key(operation), (*entry, at));
                at += 1;
            })?;
        }
        Ok(places)
    }

    /// Notes where operations were written: all those of an entry.
    pub(super) fn add(&mut self, entry: u64, operations: &[Operation]) {
        self.0.extend((0..).zip(operations).map(|(at, operation)| (key(operation), (entry, at))));
    }

    /// Takes over where others stand.
    pub(super) fn take(&mut self, slices: &[Slice], operations: &[Operation]) {
        let places = slices.iter().flat_map(|Slice(entry, from, count)| (*from..from + count).map(|at| (*entry, at)));
        self.0.extend(places.zip(operations).map(|(place, operation)| (key(operation), place)));
    }

    /// Where an operation stands.
    pub(super) fn find(&self, operation: &Operation) -> Option<Place> {
        self.0.get(&key(operation)).copied()
    }

    /// The operations that stand somewhere, by where, and those that don't; both in the order in which they were given.
    pub(super) fn split(&self, operations: Vec<Operation>) -> Split {
        let mut split = Split::default();
        for operation in operations {
            match self.find(&operation) {
                Some(place) => {
                    push(&mut split.slices, place);
                    split.known.push(operation);
                }
                None => split.new.push(operation),
            }
        }
        split
    }
}

/// Operations by whether they stand in the log.
#[derive(Debug, Default)]
pub(super) struct Split {
    pub slices: Vec<Slice>,
    /// What the slices tell.
    pub known: Vec<Operation>,
    pub new: Vec<Operation>,
}

/// Makes the last slice longer, or begins another.
pub(super) fn push(slices: &mut Vec<Slice>, (entry, at): Place) {
    match slices.last_mut() {
        Some(Slice(last, from, count)) if *last == entry && *from + *count == at => *count += 1,
        Some(_) | None => slices.push(Slice(entry, at, 1)),
    }
}

fn key(operation: &Operation) -> Key {
    let whole = Sha256::digest(serde_json::to_vec(operation).unwrap_or_default());
    std::array::from_fn(|at| whole.get(at).copied().unwrap_or_default())
}

/// Parts of a list, each of which an entry has room for, in order; at least one.
pub(super) fn parts<T: Serialize>(items: Vec<T>) -> Vec<Vec<T>> {
    let mut parts = vec![Vec::new()];
    let mut bytes = 0;
    for item in items {
        let length = serde_json::to_vec(&item).map_or(0, |json| json.len() + 1);
        match parts.last_mut() {
            Some(last) if last.is_empty() || bytes + length <= PART_BYTES => {
                last.push(item);
                bytes += length;
            }
            Some(_) | None => {
                parts.push(vec![item]);
                bytes = length;
            }
        }
    }
    parts
}

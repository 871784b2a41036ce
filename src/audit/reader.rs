//! Single entries of a log, proven by nothing but its right edge.
//!
//! Whatever is read is compared with a hash above it, and that with the one above, up to the edge. So a log is read where
//! it is asked, and never as a whole.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use super::entry::Entry;
use super::error::LogError;
use super::files::Files;
use super::merkle::{self, Edge, Hash, Nodes, ROWS, WIDTH, top};
use super::record::{Failed, Operation, Record, Slice};
use super::search::{Hint, Query};
use super::tiles::{Part, Tile, blob};

/// How many tiles, bundles and entries are kept for whoever asks for the same again.
const KEPT_TILES: usize = 64;
const KEPT: usize = 4;

/// A tile of hashes, by its level and its number.
type TileKey = (u32, u64);

/// Something by its place in the log.
pub(super) type Numbered<T> = (u64, Rc<T>);

/// What was read last.
#[derive(Debug, Default)]
pub(super) struct Kept {
    tiles: RefCell<BTreeMap<TileKey, Rc<Vec<Hash>>>>,
    bundles: RefCell<VecDeque<Numbered<Vec<Vec<u8>>>>>,
    entries: RefCell<VecDeque<Numbered<Entry>>>,
}

/// Reads entries of a log, and believes nothing but its edge.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "files may be anything")]
pub struct Reader<'a> {
    files: &'a dyn Files,
    edge: &'a Edge,
    /// How many entries the files hold, which is what the last ones are named by; the edge may cover fewer.
    held: u64,
    kept: Rc<Kept>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(files: &'a dyn Files, edge: &'a Edge) -> Self {
        Reader { files, edge, held: edge.size(), kept: Rc::default() }
    }

    /// For a log that is being read: the edge covers what was read so far.
    pub(super) fn within(files: &'a dyn Files, edge: &'a Edge, held: u64, kept: &Rc<Kept>) -> Self {
        Reader { files, edge, held, kept: Rc::clone(kept) }
    }

    /// The hashes of a tile, proven.
    pub(super) fn tile(&self, level: u32, number: u64) -> Result<Rc<Vec<Hash>>, LogError> {
        let count = self.edge.size().checked_shr(level * ROWS).unwrap_or(0);
        if number == count / WIDTH {
            return Ok(Rc::new(self.edge.row(level).to_vec()));
        }
        if let Some(known) = self.kept.tiles.borrow().get(&(level, number)) {
            return Ok(Rc::clone(known));
        }
        let tile = Tile::of(Part::Hashes(level), number, count);
        let hashes = Rc::new(tile.hashes(self.files)?);
        let above = self.tile(level + 1, number / WIDTH)?;
        if above.get((number % WIDTH) as usize) != Some(&top(&hashes)) {
            let index = tile.start().checked_shl(level * ROWS).unwrap_or(u64::MAX);
            return Err(LogError::TileMismatch { file: tile.path(), index });
        }
        let mut tiles = self.kept.tiles.borrow_mut();
        if tiles.len() >= KEPT_TILES {
            tiles.clear();
        }
        tiles.insert((level, number), Rc::clone(&hashes));
        Ok(hashes)
    }

    /// The bytes of the entries of a bundle, as far as the edge covers them.
    pub(super) fn bundle(&self, number: u64) -> Result<Rc<Vec<Vec<u8>>>, LogError> {
        if let Some((_, known)) = self.kept.bundles.borrow().iter().find(|(known, _)| *known == number) {
            return Ok(Rc::clone(known));
        }
        let hashes = self.tile(0, number)?;
        let leaves = Rc::new(Tile::of(Part::Entries, number, self.held).entries(self.files, &hashes)?);
        self.kept.keep_bundle(number, &leaves);
        Ok(leaves)
    }

    /// The entry at an index that the log has.
    ///
    /// # Errors
    ///
    /// Where it isn't the one that the edge covers, can't be read, or is no record.
    pub fn entry(&self, index: u64) -> Result<Rc<Entry>, LogError> {
        if let Some((_, known)) = self.kept.entries.borrow().iter().find(|(known, _)| *known == index) {
            return Ok(Rc::clone(known));
        }
        let bundle = self.bundle(index / WIDTH)?;
        let beyond = || LogError::EntryInvalid { index, why: "there is no such entry yet".to_owned() };
        let leaf = bundle.get((index % WIDTH) as usize).filter(|_| index < self.edge.size()).ok_or_else(beyond)?;
        let entry = Rc::new(self.read(index, leaf)?);
        let mut entries = self.kept.entries.borrow_mut();
        entries.truncate(KEPT - 1);
        entries.push_front((index, Rc::clone(&entry)));
        Ok(entry)
    }

    fn read(&self, index: u64, leaf: &[u8]) -> Result<Entry, LogError> {
        Entry::read(leaf, |digest| blob(self.files, digest)).map_err(|fault| fault.at(index))
    }

    /// Shows every entry to `visit`, from the oldest on, one at a time. Where a query is given only those that it may find
    /// something in.
    ///
    /// # Errors
    ///
    /// As [`Reader::entry`], and what `visit` says.
    pub fn each<E: From<LogError>>(
        &self,
        query: Option<&Query>,
        mut visit: impl FnMut(u64, &Entry) -> Result<(), E>,
    ) -> Result<(), E> {
        let hint = query.map(Hint::of);
        for number in 0..self.edge.size().div_ceil(WIDTH) {
            let bundle = self.bundle(number)?;
            for (index, leaf) in (number * WIDTH..).zip(bundle.iter()) {
                if hint.as_ref().is_none_or(|hint| hint.may_find(leaf)) {
                    visit(index, &self.read(index, leaf)?)?;
                }
            }
        }
        Ok(())
    }

    /// The same for records whose operations stand in them, wherever the log keeps these.
    ///
    /// # Errors
    ///
    /// As [`Reader::each`], and where operations are told by an entry that doesn't hold them.
    pub fn each_resolved<E: From<LogError>>(
        &self,
        query: Option<&Query>,
        mut visit: impl FnMut(u64, &Record) -> Result<(), E>,
    ) -> Result<(), E> {
        self.each(query, |index, entry| visit(index, &self.resolved(index, entry.record())?))
    }

    /// The record at an index with its operations in it, wherever the log keeps these.
    pub(super) fn resolved(&self, index: u64, record: &Record) -> Result<Record, LogError> {
        let mut record = record.clone();
        match &mut record {
            Record::Intent(one) => {
                let mut before = self.operations(index, &std::mem::take(&mut one.operations_of))?;
                before.append(&mut one.operations);
                one.operations = before;
            }
            Record::Drift(one) => {
                one.operations.extend(self.operations(index, &std::mem::take(&mut one.operations_of))?);
            }
            Record::Result(one) => {
                one.done.extend(self.operations(index, &std::mem::take(&mut one.done_of))?);
                one.not_started.extend(self.operations(index, &std::mem::take(&mut one.not_started_of))?);
                for failed in std::mem::take(&mut one.failed_of) {
                    let operations = self.operations(index, &failed.operations_of)?;
                    let message = || failed.message.clone();
                    let each = operations.into_iter().map(|operation| Failed { operation, message: message() });
                    one.failed.extend(each);
                }
            }
            Record::Genesis(_)
            | Record::Landing(_)
            | Record::Changes(_)
            | Record::Refusal(_)
            | Record::KeyChange(_)
            | Record::Statements(_)
            | Record::Said(_) => {}
        }
        Ok(record)
    }

    fn operations(&self, index: u64, slices: &[Slice]) -> Result<Vec<Operation>, LogError> {
        let mut all = Vec::new();
        self.each_operation(index, slices, |operation| all.push(operation.clone()))?;
        Ok(all)
    }

    /// Shows the operations that the record at `index` tells by where they stand.
    pub(super) fn each_operation(
        &self,
        index: u64,
        slices: &[Slice],
        mut visit: impl FnMut(&Operation),
    ) -> Result<(), LogError> {
        for Slice(at, from, count) in slices {
            let wrong = || LogError::EntryInvalid { index, why: format!("entry {at} holds no such operations") };
            if *at >= index {
                return Err(wrong());
            }
            let entry = self.entry(*at)?;
            let Record::Intent(intent) = entry.record() else { return Err(wrong()) };
            let end = from.checked_add(*count).ok_or_else(wrong)?;
            let operations = intent.operations.get(*from as usize..end as usize).ok_or_else(wrong)?;
            operations.iter().for_each(&mut visit);
        }
        Ok(())
    }

    /// The root that the log had when it held `size` entries; None where it never held so many.
    ///
    /// # Errors
    ///
    /// Where the files aren't those that the edge covers, or can't be read.
    pub fn root_at(&self, size: u64) -> Result<Option<Hash>, LogError> {
        if size == self.edge.size() {
            return Ok(Some(self.edge.root()));
        }
        if size > self.edge.size() { Ok(None) } else { merkle::root_at(self, size).map(Some) }
    }

    /// The way from the entry at an index to the root.
    pub(super) fn prove_inclusion(&self, index: u64) -> Result<Vec<Hash>, LogError> {
        merkle::prove_inclusion(self, index, self.edge.size())
    }
}

impl Kept {
    pub(super) fn keep_bundle(&self, number: u64, leaves: &Rc<Vec<Vec<u8>>>) {
        let mut bundles = self.bundles.borrow_mut();
        bundles.truncate(KEPT - 1);
        bundles.push_front((number, Rc::clone(leaves)));
    }
}

impl Nodes for Reader<'_> {
    type Error = LogError;

    fn node(&self, level: u32, index: u64) -> Result<Hash, LogError> {
        let (tile_level, above) = (level / ROWS, level % ROWS);
        let first = index << above;
        let tile = self.tile(tile_level, first / WIDTH)?;
        let from = (first % WIDTH) as usize;
        let hashes = tile.get(from..from + (1 << above));
        hashes.map(top).ok_or_else(|| LogError::Incomplete {
            file: Tile::of(Part::Hashes(tile_level), first / WIDTH, first + 1).path(),
            what: "has the wrong length",
        })
    }
}

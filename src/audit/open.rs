//! Reading a log from its files, from the beginning or from where it was known, with no more of it in memory than a few
//! bundles.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::entry::Entry;
use super::error::LogError;
use super::files::Files;
use super::key::VerifierKey;
use super::keys::{self, Keys};
use super::log::Log;
use super::merkle::{Edge, Full, Hash, ROWS, WIDTH};
use super::note::Checkpoint;
use super::reader::{Kept, Numbered, Reader};
use super::record::{Genesis, Record};
use super::signed::{Few, Signed};
use super::state::State;
use super::tiles::{CHECKPOINT, KEYS, MAX_CHECKPOINT_BYTES, MAX_KEYS_BYTES, Part, Paths, Tile, blob, levels};
use crate::access::Kinds;
use crate::parallel;

/// Entries are parsed together up to so many bytes of them, by as many threads as there are.
const TOGETHER: usize = 4 << 20;

impl Log {
    /// Reads a log and believes nothing but the key: looks who signed it, reads what leads to the root that is signed, follows
    /// the keys to the last, and reads every record. The key is one that signed the log at some time.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, as a [`LogError`]. Where it lies in an entry, that names the entry.
    pub fn read(files: &dyn Files, key: &VerifierKey, kinds: Kinds) -> Result<Self, LogError> {
        let signed = Signed::of(files, key)?;
        let (log, blobs) = Reading::of(State::new(kinds)).whole(files, &signed, key)?;
        if log.root() != signed.checkpoint.root() {
            return Err(LogError::RootMismatch);
        }
        Paths::of(log.size(), log.names_keys(), blobs.into_iter()).nothing_else_in(files)?;
        names_its_keys(&log, files)?;
        signed.close(log, key)
    }

    /// The same of a log that is only worth looking at where its files lead to the root that a key signed which is known before
    /// anything is read.
    ///
    /// # Errors
    ///
    /// As [`Log::read`].
    pub fn read_signed(files: &dyn Files, key: &VerifierKey, kinds: Kinds) -> Result<Self, LogError> {
        match Signed::of(files, key)?.edge(files)? {
            Some(_) => Log::read(files, key, kinds),
            None => Err(LogError::RootMismatch),
        }
    }

    /// Reads what was appended to this log since, and believes nothing but what is known of it already. Also gives the
    /// digests of the long records among that.
    ///
    /// # Errors
    ///
    /// As [`Log::read`], and where the files aren't those of a log that goes on from this one.
    pub(super) fn read_on(self, files: &dyn Files, key: &VerifierKey) -> Result<(Self, BTreeSet<String>), LogError> {
        let signed = Signed::of(files, key)?;
        let reading = Reading::from(self);
        if signed.checkpoint.size() < reading.edge.size() {
            return Err(LogError::Rollback { kept: reading.edge.size(), size: signed.checkpoint.size() });
        }
        let (log, blobs) = reading.whole(files, &signed, key)?;
        names_its_keys(&log, files)?;
        Ok((signed.close(log, key)?, blobs))
    }

    /// Reads where a log begins by the key that it names itself. Whoever wrote it chose that key, so it proves nothing: it is
    /// for telling somebody why their key doesn't fit. None where it doesn't even hold by its own key.
    pub fn begun_unproven(files: &dyn Files) -> Option<Genesis> {
        let checkpoint = Checkpoint::unproven(&files.read(CHECKPOINT, MAX_CHECKPOINT_BYTES).ok()??)?;
        let hashes = Tile::of(Part::Hashes(0), 0, checkpoint.size()).hashes(files).ok()?;
        let leaves = Tile::of(Part::Entries, 0, checkpoint.size()).entries(files, &hashes).ok()?;
        let entry = Entry::read(leaves.first()?, |digest| blob(files, digest)).ok()?;
        let Record::Genesis(genesis) = entry.record() else { return None };
        let signed = Signed::of(files, &VerifierKey::parse(&genesis.log_key).ok()?).ok()?;
        let edge = signed.edge(files).ok()??;
        let proven = Reader::within(files, &edge, edge.size(), &Rc::default()).entry(0).ok()?;
        (*proven == entry).then(|| genesis.clone())
    }
}

/// What a log says beside its entries of who signed it must be what they say.
fn names_its_keys(log: &Log, files: &dyn Files) -> Result<(), LogError> {
    let Some(named) = files.read(KEYS, MAX_KEYS_BYTES)? else { return Ok(()) };
    match keys::all_after(&named, log.keys.first()) {
        Some(keys) if keys == log.keys => Ok(()),
        Some(_) | None => {
            Err(LogError::Incomplete { file: KEYS.to_owned(), what: "names other keys than the entries do" })
        }
    }
}

/// A log as far as it was read.
struct Reading {
    beginning: Option<(Genesis, Keys)>,
    edge: Edge,
    state: State,
    /// The digests of long records that were read.
    blobs: BTreeSet<String>,
    kept: Rc<Kept>,
}

impl From<Log> for Reading {
    fn from(log: Log) -> Self {
        let Log { genesis, keys, edge, checkpoint: _, state } = log;
        Reading { beginning: Some((genesis, keys)), edge, ..Reading::of(state) }
    }
}

impl Reading {
    fn of(state: State) -> Self {
        let (edge, blobs, kept) = (Edge::default(), BTreeSet::new(), Rc::default());
        Reading { beginning: None, edge, state, blobs, kept }
    }

    fn into_log(self) -> Result<(Log, BTreeSet<String>), LogError> {
        let (genesis, keys) = self.beginning.ok_or_else(|| no_genesis(0))?;
        let log = Log { genesis, keys, edge: self.edge, checkpoint: Vec::new(), state: self.state };
        Ok((log, self.blobs))
    }

    /// Reads everything that the checkpoint covers.
    fn whole(
        mut self,
        files: &dyn Files,
        signed: &Signed,
        key: &VerifierKey,
    ) -> Result<(Log, BTreeSet<String>), LogError> {
        let size = signed.checkpoint.size();
        if let Some(edge) = signed.edge(files)? {
            self.go_on(files, size, Some(&edge))?;
            return self.into_log();
        }
        // whatever is wrong is named, where that takes no more than a log of some size does
        let few = Few::of(files);
        match self.go_on(&few, size, None) {
            Err(_) if few.are_spent() => Err(signed.too_large(key)),
            Err(error) => Err(error),
            Ok(()) => self.into_log(),
        }
    }

    /// Reads everything up to the entry before `size`, and compares every tile with it. Where the edge of the whole is proven,
    /// nothing is read that doesn't lead there.
    fn go_on(&mut self, files: &dyn Files, size: u64, proven: Option<&Edge>) -> Result<(), LogError> {
        let above = proven.map(|edge| Reader::within(files, edge, size, &Rc::default()));
        let mut number = self.edge.size() / WIDTH;
        let mut waiting: Vec<Numbered<Vec<Vec<u8>>>> = Vec::new();
        let mut bytes = 0;
        while number < size.div_ceil(WIDTH) {
            let tile = Tile::of(Part::Hashes(0), number, size);
            let entries = Tile::of(Part::Entries, number, size);
            let hashes = match above.as_ref().map(|above| above.tile(0, number)) {
                None => tile.hashes(files)?,
                Some(Ok(proven)) => proven.to_vec(),
                // the first entry that is another says more than the tile
                Some(Err(error)) => return Err(entries.entries(files, &tile.hashes(files)?).err().unwrap_or(error)),
            };
            let leaves = Rc::new(entries.entries(files, &hashes)?);
            bytes += leaves.iter().map(Vec::len).sum::<usize>();
            waiting.push((number, leaves));
            number += 1;
            if bytes >= TOGETHER || number == size.div_ceil(WIDTH) {
                self.take(files, size, &std::mem::take(&mut waiting))?;
                bytes = 0;
            }
        }
        for (level, count) in levels(size).skip(1) {
            if let Some(tile) = Tile::partial(Part::Hashes(level), count) {
                self.compare(files, level, &tile, self.edge.row(level))?;
            }
        }
        Ok(())
    }

    /// Takes in the entries of some bundles, whose hashes fit.
    fn take(&mut self, files: &dyn Files, size: u64, bundles: &[Numbered<Vec<Vec<u8>>>]) -> Result<(), LogError> {
        let all = bundles.iter().flat_map(|(number, leaves)| (number * WIDTH..).zip(leaves.iter()));
        let row: Vec<(u64, &Vec<u8>)> = all.filter(|(index, _)| *index >= self.edge.size()).collect();
        self.are_the_known(bundles)?;
        let short = |(index, leaf): (u64, &Vec<u8>)| {
            // long ones are read one at a time, when their turn comes
            (!Entry::is_large(leaf)).then(|| Entry::read(leaf, |_| Ok(None)).map_err(|fault| fault.at(index)))
        };
        let entries = parallel::each(row.clone(), short);
        for ((index, leaf), read) in row.into_iter().zip(entries) {
            let number = index / WIDTH;
            if let Some((_, leaves)) = bundles.iter().find(|(one, _)| *one == number && index == number * WIDTH) {
                self.kept.keep_bundle(number, leaves);
            }
            let entry = match read {
                Some(read) => read?,
                None => Entry::read(leaf, |digest| blob(files, digest)).map_err(|fault| fault.at(index))?,
            };
            self.blobs.extend(entry.blob().map(|blob| blob.digest.clone()));
            self.follow(index, entry.record())?;
            for Full { level, number, hashes } in self.edge.push(Hash::of_leaf(leaf)) {
                if level > 0 {
                    let tile = Tile { part: Part::Hashes(level), number, width: WIDTH };
                    self.compare(files, level, &tile, &hashes)?;
                }
            }
            let reader = Reader::within(files, &self.edge, size, &self.kept);
            self.state.add(index, entry.record(), &reader)?;
        }
        Ok(())
    }

    /// What the first bundle holds of entries that were known before must be these.
    fn are_the_known(&self, bundles: &[Numbered<Vec<Vec<u8>>>]) -> Result<(), LogError> {
        let Some((number, leaves)) = bundles.first().filter(|(number, _)| number * WIDTH < self.edge.size()) else {
            return Ok(());
        };
        let first = number * WIDTH;
        let known = self.edge.row(0).iter().zip(leaves.iter());
        match known.enumerate().find(|(_, (hash, leaf))| Hash::of_leaf(leaf) != **hash) {
            Some((at, _)) => {
                let file = Tile::of(Part::Hashes(0), *number, self.edge.size()).path();
                Err(LogError::LeafMismatch { index: first + at as u64, file })
            }
            None => Ok(()),
        }
    }

    fn compare(&self, files: &dyn Files, level: u32, tile: &Tile, expected: &[Hash]) -> Result<(), LogError> {
        match tile.hashes(files)?.iter().zip(expected).position(|(stored, hash)| stored != hash) {
            Some(offset) => {
                let index = (tile.start() + offset as u64) << (level * ROWS);
                Err(LogError::TileMismatch { file: tile.path(), index })
            }
            None => Ok(()),
        }
    }

    /// The genesis and the keys that follow from it.
    fn follow(&mut self, index: u64, record: &Record) -> Result<(), LogError> {
        let invalid = |why: &str| LogError::EntryInvalid { index, why: why.to_owned() };
        self.beginning = match (self.beginning.take(), record) {
            (None, Record::Genesis(genesis)) => {
                let first = VerifierKey::parse(&genesis.log_key).map_err(|error| invalid(&error.to_string()))?;
                Some((genesis.clone(), Keys::new(first)))
            }
            (None, _) => return Err(no_genesis(index)),
            (Some(_), Record::Genesis(_)) => return Err(invalid("a log has one genesis")),
            (Some((genesis, keys)), Record::KeyChange(change)) => {
                Some((genesis, keys.follow_in(index, change, &self.edge)?))
            }
            (begun, _) => begun,
        };
        Ok(())
    }
}

fn no_genesis(index: u64) -> LogError {
    LogError::EntryInvalid { index, why: "a log begins with its genesis".to_owned() }
}

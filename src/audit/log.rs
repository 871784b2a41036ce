//! What is known of a log without holding it: where it begins, its keys, the right edge of its tree, the checkpoint over
//! that, and what its entries come to.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::entry::{Entry, Fault};
use super::error::LogError;
use super::files::{Files, Update, Updated};
use super::key::{LogKey, VerifierKey};
use super::keys::{self, Keys};
use super::merkle::{Edge, Full, Hash, WIDTH};
use super::note::Checkpoint;
use super::reader::{Kept, Reader};
use super::record::{At, Genesis, KeyChange, Record};
use super::state::State;
use super::tiles::{CHECKPOINT, KEYS, MAX_KEYS_BYTES, Part, Tile, blob_path, bundled};
use crate::access::Kinds;

/// A log whose every part has been checked: it was built here, or read from files. It only grows. The entries themselves
/// stay where they are, and are read by a [`Reader`].
#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    pub(super) genesis: Genesis,
    pub(super) keys: Keys,
    pub(super) edge: Edge,
    pub(super) checkpoint: Vec<u8>,
    pub(super) state: State,
}

impl Log {
    /// Begins a log with its entry 0, and gives its files.
    ///
    /// # Errors
    ///
    /// [`LogError::KeyWrong`] where the genesis names another log key than the one given; [`LogError::Unwritable`] where
    /// it has another version than [`VERSION`](super::record::VERSION).
    pub fn new(genesis: Genesis, key: &LogKey, kinds: Kinds) -> Result<(Self, Update), LogError> {
        let given = key.verifier().to_string();
        if genesis.log_key != given {
            return Err(LogError::KeyWrong { given, expected: genesis.log_key });
        }
        let mut log = Log {
            genesis: genesis.clone(),
            keys: Keys::new(key.verifier().clone()),
            edge: Edge::default(),
            checkpoint: Vec::new(),
            state: State::new(kinds),
        };
        let update = log.add(&BTreeMap::new(), vec![Record::Genesis(genesis)], key, None)?;
        Ok((log, update))
    }

    /// Appends records in their order and signs a new checkpoint. `files` are those of the log as it is. What of them
    /// changes is given, and the rest isn't looked at. On an error the log stays as it was.
    ///
    /// # Errors
    ///
    /// [`LogError::KeyWrong`] where `key` is not the one that signs the log now; [`LogError::Unwritable`] where a record
    /// would not read back as itself, because its evidence holds an integer beyond 2^53 or nests too deeply, and where it
    /// is a genesis or changes the key, which [`Log::new`] and [`Log::rotate`] do; and where the newest files can't be read
    /// or aren't those of the log.
    pub fn append(&mut self, files: &dyn Files, records: Vec<Record>, key: &LogKey) -> Result<Update, LogError> {
        self.ensure_signer(key)?;
        let apart = |record: &Record| matches!(record, Record::Genesis(_) | Record::KeyChange(_));
        if let Some((index, _)) = (self.size()..).zip(&records).find(|(_, record)| apart(record)) {
            return Err(LogError::Unwritable { index, why: "it is written in a way of its own".to_owned() });
        }
        self.add(files, records, key, None)
    }

    /// Lets another key sign the log from here on: appends an entry in which the old one says so, and signs the checkpoint
    /// with the new one. `commit` is the verified landing that names it. On an error the log stays as it was.
    ///
    /// # Errors
    ///
    /// [`LogError::KeyWrong`] where `old` is not the one that signs the log now; [`LogError::KeyReused`] where `new` signed it
    /// at some time; and as [`Log::append`].
    pub fn rotate(
        &mut self,
        files: &dyn Files,
        commit: String,
        (old, new): (&LogKey, &LogKey),
        at: At,
    ) -> Result<Update, LogError> {
        self.ensure_signer(old)?;
        if self.keys.has(new.verifier()) {
            return Err(LogError::KeyReused { key: new.verifier().to_string() });
        }
        let unwritable = |why| LogError::Unwritable { index: self.size(), why };
        let change = KeyChange::sign(commit, &self.edge, old, new.verifier(), at).map_err(unwritable)?;
        let keys = self.keys.clone().follow_in(self.size(), &change, &self.edge)?;
        self.add(files, vec![Record::KeyChange(change)], new, Some(keys))
    }

    fn ensure_signer(&self, key: &LogKey) -> Result<(), LogError> {
        let (given, expected) = (key.verifier(), self.key());
        if given == expected {
            return Ok(());
        }
        Err(LogError::KeyWrong { given: given.to_string(), expected: expected.to_string() })
    }

    fn add(
        &mut self,
        files: &dyn Files,
        records: Vec<Record>,
        key: &LogKey,
        keys: Option<Keys>,
    ) -> Result<Update, LogError> {
        let size = self.size();
        let written = (size..)
            .zip(records)
            .map(|(index, record)| Entry::write(record).map_err(|why| LogError::Unwritable { index, why }));
        let added = written.collect::<Result<Vec<_>, _>>()?;
        let mut update = Update::default();
        let mut put = |tile: Tile, bytes: Vec<u8>| update.files.insert(tile.path(), Some(bytes));
        let mut bundle = match Tile::partial(Part::Entries, size) {
            Some(last) => Reader::new(files, &self.edge).bundle(last.number)?.to_vec(),
            None => Vec::new(),
        };
        let mut edge = self.edge.clone();
        for entry in &added {
            bundle.push(entry.leaf().to_vec());
            for Full { level, number, hashes } in edge.push(Hash::of_leaf(entry.leaf())) {
                let tile = |part| Tile { part, number, width: WIDTH };
                put(tile(Part::Hashes(level)), bytes_of(&hashes));
                if level == 0 {
                    put(tile(Part::Entries), bundled(&std::mem::take(&mut bundle)));
                }
            }
        }
        for (tile, level) in partials(edge.size()) {
            put(tile, level.map_or_else(|| bundled(&bundle), |level| bytes_of(edge.row(level))));
        }
        for (tile, _) in partials(size) {
            update.files.entry(tile.path()).or_insert(None);
        }
        for blob in added.iter().filter_map(Entry::blob) {
            update.files.insert(blob_path(&blob.digest), Some(blob.bytes.clone()));
        }
        if let Some(named) = self.named_keys(files, &added)? {
            update.files.insert(KEYS.to_owned(), Some(named));
        }
        let checkpoint = Checkpoint::sign(edge.size(), edge.root(), key);
        update.files.insert(CHECKPOINT.to_owned(), Some(checkpoint.clone()));
        // what the entries come to may hang on operations that stand in earlier ones, or in these
        let mut state = self.state.clone();
        let kept = std::rc::Rc::<Kept>::default();
        let updated = Updated { files, update: &update };
        for (index, entry) in (size..).zip(&added) {
            state.add(index, entry.record(), &Reader::within(&updated, &edge, edge.size(), &kept))?;
        }
        update.records = added.into_iter().map(Entry::into_record).collect();
        self.state = state;
        self.edge = edge;
        self.checkpoint = checkpoint;
        self.keys = keys.unwrap_or_else(|| self.keys.clone());
        Ok(update)
    }

    /// The keys that the log names beside its entries, where that must be written: one follows, or an earlier version didn't.
    fn named_keys(&self, files: &dyn Files, added: &[Entry]) -> Result<Option<Vec<u8>>, LogError> {
        let new = added.iter().find_map(|entry| keys::change_of(entry.record()));
        if new.is_none() && (!self.names_keys() || files.read(KEYS, MAX_KEYS_BYTES)?.is_some()) {
            return Ok(None);
        }
        let reader = self.reader(files);
        let entries = self.keys.later().map(|later| reader.entry(later.size)).collect::<Result<Vec<_>, _>>()?;
        let earlier = entries.iter().filter_map(|entry| keys::change_of(entry.record()));
        let unwritable = |why| LogError::Unwritable { index: self.size(), why };
        keys::named(&earlier.chain(new).collect::<Vec<_>>()).map(Some).map_err(unwritable)
    }

    /// Reads entries of this log from its files.
    pub fn reader<'a>(&'a self, files: &'a dyn Files) -> Reader<'a> {
        Reader::new(files, &self.edge)
    }

    /// Where the log begins.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// How many entries there are; at least one.
    pub fn size(&self) -> u64 {
        self.edge.size()
    }

    /// The root hash over all entries.
    pub fn root(&self) -> Hash {
        self.edge.root()
    }

    /// The right edge of the tree.
    pub fn edge(&self) -> &Edge {
        &self.edge
    }

    /// The key that signs this log now.
    pub fn key(&self) -> &VerifierKey {
        self.keys.current()
    }

    /// True where its key changed, so that its keys are named beside its entries.
    pub(super) fn names_keys(&self) -> bool {
        self.keys.later().next().is_some()
    }

    /// All keys that signed it, one after the other.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The signed checkpoint over all entries: what somebody keeps to notice later that the log was rewritten.
    pub fn checkpoint(&self) -> &[u8] {
        &self.checkpoint
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// Every anchor that this log fits: its beginning, and that with each key that came later, which whoever holds only an
    /// earlier one can't sign for.
    pub fn anchors(&self) -> Vec<String> {
        let first = self.anchor();
        let later = self.keys.later().map(|later| format!("{first}{ANCHOR_NEXT}{}:{}", later.commit, later.key.id()));
        std::iter::once(first.clone()).chain(later).collect()
    }

    /// The anchor that names the beginning alone.
    pub fn anchor(&self) -> String {
        format!("{}:{}", self.genesis.genesis, self.keys.first().id())
    }

    /// Proves that this log continues the one that a kept checkpoint was signed for: nothing was changed or cut off.
    /// Whichever of the log's keys signed it then may have signed the kept one.
    ///
    /// # Errors
    ///
    /// [`LogError::Rollback`] where the kept one is larger, [`LogError::Fork`] where the entries it covers were others or
    /// another key signed them, [`LogError::KeyUnknown`] and [`LogError::CheckpointInvalid`] as in [`Checkpoint::open`];
    /// where the files aren't those of the log.
    pub fn verify_consistency(&self, files: &dyn Files, kept: &[u8]) -> Result<(), LogError> {
        let (kept, key) = Checkpoint::open_by_any(kept, &self.keys)?;
        if kept.size() <= self.size() && !self.keys.may_sign(key, kept.size()) {
            return Err(LogError::Fork { kept: kept.size() });
        }
        match self.reader(files).root_at(kept.size())? {
            None => Err(LogError::Rollback { kept: kept.size(), size: self.size() }),
            Some(root) if root != kept.root() => Err(LogError::Fork { kept: kept.size() }),
            Some(_) => Ok(()),
        }
    }
}

impl Log {
    /// As [`Log::verify_consistency`], where the kept one may be of a log that this one was begun anew after. Of that only its
    /// end is known here: what it held before can't be compared any more.
    ///
    /// # Errors
    ///
    /// As [`Log::verify_consistency`]; [`LogError::Rollback`] where the earlier log went on after this one began.
    pub fn goes_on_from(&self, files: &dyn Files, kept: &[u8]) -> Result<(), LogError> {
        let unknown = match self.verify_consistency(files, kept) {
            Err(error @ LogError::KeyUnknown { .. }) => error,
            judged => return judged,
        };
        for old in &self.genesis.continues {
            let Ok(key) = VerifierKey::parse(&old.log_key) else { continue };
            let Ok(kept) = Checkpoint::open(kept, &key) else { continue };
            return match kept.size().cmp(&old.size) {
                Ordering::Greater => Err(LogError::Rollback { kept: kept.size(), size: old.size }),
                Ordering::Equal if kept.root().to_string() != old.root => Err(LogError::Fork { kept: kept.size() }),
                Ordering::Equal | Ordering::Less => Ok(()),
            };
        }
        Err(unknown)
    }
}

/// What stands in an anchor before a later key.
pub(super) const ANCHOR_NEXT: char = ',';

/// The part of an anchor that names the beginning of the log.
pub fn beginning(anchor: &str) -> &str {
    anchor.split(ANCHOR_NEXT).next().unwrap_or_default()
}

/// The partial tiles of a log of some size: that of the entries, and those of hashes with their level.
fn partials(size: u64) -> impl Iterator<Item = (Tile, Option<u32>)> {
    let entries = Tile::partial(Part::Entries, size).map(|tile| (tile, None));
    let hashes = super::tiles::levels(size)
        .filter_map(|(level, count)| Some((Tile::partial(Part::Hashes(level), count)?, Some(level))));
    entries.into_iter().chain(hashes)
}

fn bytes_of(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

impl Fault {
    /// What is wrong with the log where the entry at `index` has this fault.
    pub(super) fn at(self, index: u64) -> LogError {
        match self {
            Fault::Invalid(why) => LogError::EntryInvalid { index, why },
            Fault::BlobMissing(digest) => LogError::Incomplete { file: blob_path(&digest), what: "is missing" },
            Fault::BlobMismatch(digest) => LogError::LeafMismatch { index, file: blob_path(&digest) },
            Fault::Unread(error) => error,
        }
    }
}

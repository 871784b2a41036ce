//! A log whose hashes, keys and signature hold, before its entries are read.
//!
//! To read an entry is to parse it and to compare it with its only spelling, which takes most of the time that verifying
//! takes. Who looks for something reads the entries that may speak of it, out of bytes that are proven all the same. So
//! nothing has to be kept up to date, and nothing but the log is believed.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::entry::Entry;
use super::error::LogError;
use super::key::VerifierKey;
use super::keys::Keys;
use super::log::Log;
use super::merkle::{Hash, Tree};
use super::note::Checkpoint;
use super::record::{Genesis, Record};
use super::search::{Hint, Query};
use super::tiles::{CHECKPOINT, Files, blob_path, check_levels, read_leaves};
use crate::parallel::in_parts;

/// What holds a log together: where it begins, its keys, its tree, and the signed checkpoint over that.
#[derive(Clone, Debug, PartialEq)]
pub struct Seal {
    pub(super) genesis: Genesis,
    pub(super) keys: Keys,
    pub(super) tree: Tree,
    pub(super) checkpoint: Vec<u8>,
}

/// The proven bytes of a log's entries.
#[derive(Clone, Debug)]
pub struct Sealed<'f> {
    seal: Seal,
    leaves: Vec<&'f [u8]>,
    files: &'f BTreeMap<String, Vec<u8>>,
}

impl Seal {
    /// Where the log begins.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// How many entries there are; at least one.
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// The root hash over all entries.
    pub fn root(&self) -> Hash {
        self.tree.root()
    }

    /// The tree, which makes proofs.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The key that signs this log now.
    pub fn key(&self) -> &VerifierKey {
        self.keys.current()
    }

    /// All keys that signed it, one after the other.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The signed checkpoint over all entries: what somebody keeps to notice later that the log was rewritten.
    pub fn checkpoint(&self) -> &[u8] {
        &self.checkpoint
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
    /// another key signed them, [`LogError::KeyUnknown`] and [`LogError::CheckpointInvalid`] as in [`Checkpoint::open`].
    pub fn verify_consistency(&self, kept: &[u8]) -> Result<(), LogError> {
        let (kept, key) = Checkpoint::open_by_any(kept, &self.keys)?;
        if kept.size() <= self.size() && !self.keys.may_sign(key, kept.size()) {
            return Err(LogError::Fork { kept: kept.size() });
        }
        match self.tree.root_at(kept.size()) {
            None => Err(LogError::Rollback { kept: kept.size(), size: self.size() }),
            Some(root) if root != kept.root() => Err(LogError::Fork { kept: kept.size() }),
            Some(_) => Ok(()),
        }
    }

    /// The same where the kept one may be of a log that this one was begun anew after. Of that only its end is known here:
    /// what it held before can't be compared any more.
    ///
    /// # Errors
    ///
    /// As [`Seal::verify_consistency`]; [`LogError::Rollback`] where the earlier log went on after this one began.
    pub fn goes_on_from(&self, kept: &[u8]) -> Result<(), LogError> {
        let unknown = match self.verify_consistency(kept) {
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

impl<'f> Sealed<'f> {
    /// Believes nothing but the key, which signed the log at some time: recomputes every hash, follows the keys to the last
    /// and checks its signature.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, as a [`LogError`]. Where it lies in an entry, that names the entry.
    pub fn open(files: &'f BTreeMap<String, Vec<u8>>, key: &VerifierKey) -> Result<Self, LogError> {
        let mut parts = Files::new(files);
        let checkpoint_bytes = parts.take(CHECKPOINT.to_owned())?;
        let checkpoint = match Checkpoint::open(checkpoint_bytes, key) {
            // a later key may have signed it: the entries say which, once they are read
            Err(unknown @ LogError::KeyUnknown { .. }) => Checkpoint::unproven(checkpoint_bytes).ok_or(unknown)?,
            opened => opened?,
        };
        let (leaves, tree) = read_leaves(&mut parts, checkpoint.size())?;
        check_levels(&mut parts, &tree)?;
        if tree.root() != checkpoint.root() {
            return Err(LogError::RootMismatch);
        }
        let (genesis, keys) = what_matters(&leaves, &tree, &mut parts)?;
        parts.all_used()?;
        if !keys.has(key) {
            return Err(LogError::KeyUnknown { key: key.to_string() });
        }
        Checkpoint::open(checkpoint_bytes, keys.current())?;
        let seal = Seal { genesis, keys, tree, checkpoint: checkpoint_bytes.to_vec() };
        Ok(Sealed { seal, leaves, files })
    }

    pub fn seal(&self) -> &Seal {
        &self.seal
    }

    /// Reads every entry.
    ///
    /// # Errors
    ///
    /// [`LogError::EntryInvalid`] for the first one that is not a record.
    pub fn read(self) -> Result<Log, LogError> {
        let row: Vec<(u64, &[u8])> = (0..).zip(self.leaves.iter().copied()).collect();
        let parts = in_parts(row, |part| {
            part.into_iter().map(|(index, leaf)| self.entry(index, leaf)).collect::<Result<Vec<Entry>, LogError>>()
        });
        // the first part that holds a wrong entry names the first one
        let entries = parts.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        Ok(Log::of(entries, self.seal))
    }

    /// Every entry that the query finds, with its place, and maybe some that it doesn't find. Only these are read.
    ///
    /// # Errors
    ///
    /// [`LogError::EntryInvalid`] where one of them is not a record.
    pub fn candidates(&self, query: &Query) -> Result<Vec<(u64, Entry)>, LogError> {
        let hint = Hint::of(query);
        let may = (0..).zip(&self.leaves).filter(|(_, leaf)| hint.may_find(leaf));
        may.map(|(index, leaf)| Ok((index, self.entry(index, leaf)?))).collect()
    }

    fn entry(&self, index: u64, leaf: &[u8]) -> Result<Entry, LogError> {
        let blob = |digest: &str| self.files.get(&blob_path(digest)).map(Vec::as_slice);
        Entry::read(leaf, blob).map_err(|fault| fault.at(index))
    }
}

/// The genesis and the keys that follow from it; the blobs of long records are used. Only entries that may say any of that
/// are read.
fn what_matters(leaves: &[&[u8]], tree: &Tree, files: &mut Files<'_>) -> Result<(Genesis, Keys), LogError> {
    let invalid = |index, why: &str| LogError::EntryInvalid { index, why: why.to_owned() };
    let matters = Hint::of_types(&["genesis", "key-change", "large"]);
    let mut beginning: Option<(Genesis, Keys)> = None;
    for (index, leaf) in (0..).zip(leaves).filter(|(index, leaf)| *index == 0 || matters.may_find(leaf)) {
        let entry = Entry::read(leaf, |digest| files.get(&blob_path(digest))).map_err(|fault| fault.at(index))?;
        if let Some(blob) = entry.blob() {
            files.take(blob_path(&blob.digest))?;
        }
        beginning = match (beginning, entry.record()) {
            (None, Record::Genesis(genesis)) => {
                let first = VerifierKey::parse(&genesis.log_key).map_err(|error| invalid(0, &error.to_string()))?;
                Some((genesis.clone(), Keys::new(first)))
            }
            (None, _) => return Err(invalid(0, "a log begins with its genesis")),
            (Some(_), Record::Genesis(_)) => return Err(invalid(index, "a log has one genesis")),
            (Some((genesis, keys)), Record::KeyChange(change)) => Some((genesis, keys.follow_in(index, change, tree)?)),
            (begun, _) => begun,
        };
    }
    beginning.ok_or_else(|| invalid(0, "a log begins with its genesis"))
}

//! Proof that one entry stands in a log, which somebody can check who has neither the log nor its repository: the C2SP
//! tlog-proof format, with the entry itself as its extra data.

use base64::prelude::{BASE64_STANDARD, Engine};

use super::entry::Entry;
use super::error::LogError;
use super::key::VerifierKey;
use super::log::Log;
use super::merkle::{Hash, check_inclusion};
use super::note::Checkpoint;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// A tree of 2^64 leaves has no longer way from a leaf to its root.
const LONGEST: usize = 64;

/// An entry of a log whose checkpoint covers it. It is only made by [`Proven::open`], from a proof that holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Proven {
    /// The place of the entry in the log, counted from 0.
    pub index: u64,
    pub entry: Entry,
    /// What the log's key signed when the proof was made.
    pub checkpoint: Checkpoint,
}

impl Log {
    /// The proof that the entry at `index` stands in this log, as a text file. None where there is no such entry.
    pub fn prove(&self, index: u64) -> Option<String> {
        let entry = self.entries().get(usize::try_from(index).ok()?)?;
        let hashes = self.tree().prove_inclusion(index, self.size())?;
        let checkpoint = std::str::from_utf8(self.checkpoint()).ok()?;
        Some(text(index, entry, &hashes, checkpoint))
    }
}

impl Proven {
    /// Checks a proof and believes nothing but the key.
    ///
    /// # Errors
    ///
    /// [`LogError::ProofInvalid`] where it is damaged or doesn't lead from its entry to the root of its checkpoint;
    /// [`LogError::KeyUnknown`] and [`LogError::CheckpointInvalid`] as in [`Checkpoint::open`].
    pub fn open(bytes: &[u8], key: &VerifierKey) -> Result<Self, LogError> {
        let invalid = |why: &str| LogError::ProofInvalid { why: why.to_owned() };
        let whole = std::str::from_utf8(bytes).map_err(|_| invalid("it is not text"))?;
        let (head, note) = whole.split_once("\n\n").ok_or_else(|| invalid("it holds no checkpoint"))?;
        let checkpoint = Checkpoint::open(note.as_bytes(), key)?;
        let mut lines = head.lines();
        if lines.next() != Some(HEADER) {
            return Err(invalid(&format!("it doesn't begin with `{HEADER}`")));
        }
        let extra = lines.next().and_then(|line| BASE64_STANDARD.decode(line.strip_prefix("extra ")?).ok());
        let extra = extra.ok_or_else(|| invalid("its second line is not `extra` and the entry"))?;
        let index = lines.next().and_then(|line| line.strip_prefix("index ")?.parse().ok());
        let index = index.ok_or_else(|| invalid("its third line is not `index` and a number"))?;
        let hash = |line: &str| Some(Hash(BASE64_STANDARD.decode(line).ok()?.try_into().ok()?));
        let hashes: Option<Vec<Hash>> = lines.take(LONGEST + 1).map(hash).collect();
        let hashes = hashes.ok_or_else(|| invalid("a line of its path is not a hash"))?;
        let entry = Entry::of_json(&extra).map_err(|why| invalid(&why))?;
        // any other spelling of the same would let a byte change unnoticed
        if text(index, &entry, &hashes, note) != whole {
            return Err(invalid("it is not spelt as `dualkey audit prove` writes it"));
        }
        let leaf = Hash::of_leaf(entry.leaf());
        if !check_inclusion(leaf, index, checkpoint.size(), checkpoint.root(), &hashes) {
            return Err(invalid("its entry and its path don't lead to the root that its checkpoint signs"));
        }
        Ok(Proven { index, entry, checkpoint })
    }
}

fn text(index: u64, entry: &Entry, hashes: &[Hash], checkpoint: &str) -> String {
    let path: String = hashes.iter().map(|hash| format!("{hash}\n")).collect();
    format!("{HEADER}\nextra {}\nindex {index}\n{path}\n{checkpoint}", BASE64_STANDARD.encode(entry.json()))
}

//! Proof that one entry stands in a log, which somebody can check who has neither the log nor its repository: the C2SP
//! tlog-proof format. Its extra data are lines of canonical JSON: the entries by which the keys of the log followed each
//! other, where there are any, and the entry itself.

use base64::prelude::{BASE64_STANDARD, Engine};

use super::entry::Entry;
use super::error::LogError;
use super::files::Files;
use super::key::VerifierKey;
use super::keys::Keys;
use super::log::Log;
use super::merkle::{Hash, check_inclusion};
use super::note::Checkpoint;
use super::record::Record;

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
    ///
    /// # Errors
    ///
    /// Where the files aren't those of the log, or can't be read.
    pub fn prove(&self, files: &dyn Files, index: u64) -> Result<Option<String>, LogError> {
        if index >= self.size() {
            return Ok(None);
        }
        let reader = self.reader(files);
        // a change of the key stands where the key before it had signed that many entries
        let changes = self.keys().later().map(|later| later.size);
        let entries = changes.chain([index]).map(|index| reader.entry(index)).collect::<Result<Vec<_>, _>>()?;
        let extra: Vec<&[u8]> = entries.iter().map(|entry| entry.json()).collect();
        let hashes = reader.prove_inclusion(index)?;
        let checkpoint = String::from_utf8_lossy(self.checkpoint());
        Ok(Some(text(index, &extra.join(&b'\n'), &hashes, &checkpoint)))
    }
}

impl Proven {
    /// Checks a proof and believes nothing but the key, which signed the log at some time.
    ///
    /// # Errors
    ///
    /// [`LogError::ProofInvalid`] where it is damaged or doesn't lead from its entry to the root of its checkpoint;
    /// [`LogError::KeyUnknown`] and [`LogError::CheckpointInvalid`] as in [`Checkpoint::open`].
    pub fn open(bytes: &[u8], key: &VerifierKey) -> Result<Self, LogError> {
        let invalid = |why: &str| LogError::ProofInvalid { why: why.to_owned() };
        let whole = std::str::from_utf8(bytes).map_err(|_| invalid("it is not text"))?;
        let (head, note) = whole.split_once("\n\n").ok_or_else(|| invalid("it holds no checkpoint"))?;
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
        let read = |line: &[u8]| Entry::of_json(line).map_err(|why| invalid(&why));
        let mut entries = extra.split(|byte| *byte == b'\n').map(read).collect::<Result<Vec<_>, _>>()?;
        let entry = entries.pop().ok_or_else(|| invalid("it holds no entry"))?;
        let (signer, earlier) = signer(&entries, key)?;
        let checkpoint = Checkpoint::open(note.as_bytes(), &signer)?;
        if checkpoint.size() <= earlier {
            return Err(invalid("its checkpoint is older than the key that signed it"));
        }
        // any other spelling of the same would let a byte change unnoticed
        if text(index, &extra, &hashes, note) != whole {
            return Err(invalid("it is not spelt as `dualkey audit prove` writes it"));
        }
        let leaf = Hash::of_leaf(entry.leaf());
        if !check_inclusion(leaf, index, checkpoint.size(), checkpoint.root(), &hashes) {
            return Err(invalid("its entry and its path don't lead to the root that its checkpoint signs"));
        }
        Ok(Proven { index, entry, checkpoint })
    }
}

/// The key that signs after these changes, and how many entries the log had before it did.
fn signer(changes: &[Entry], trusted: &VerifierKey) -> Result<(VerifierKey, u64), LogError> {
    let invalid = |why: &str| LogError::ProofInvalid { why: why.to_owned() };
    let mut keys: Option<Keys> = None;
    let mut since = 0;
    for entry in changes {
        let Record::KeyChange(change) = entry.record() else {
            return Err(invalid("an entry before the last doesn't change the key"));
        };
        let first = || VerifierKey::parse(&change.old_key).map(Keys::new).map_err(|error| invalid(&error.to_string()));
        let followed = keys.take().map_or_else(first, Ok)?;
        keys = Some(followed.follow(change).map_err(|why| invalid(&why))?);
        since = change.size;
    }
    let keys = keys.unwrap_or_else(|| Keys::new(trusted.clone()));
    if !keys.has(trusted) {
        return Err(LogError::KeyUnknown { key: trusted.to_string() });
    }
    Ok((keys.current().clone(), since))
}

fn text(index: u64, extra: &[u8], hashes: &[Hash], checkpoint: &str) -> String {
    let path: String = hashes.iter().map(|hash| format!("{hash}\n")).collect();
    format!("{HEADER}\nextra {}\nindex {index}\n{path}\n{checkpoint}", BASE64_STANDARD.encode(extra))
}

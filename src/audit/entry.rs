//! How a record becomes the bytes of an entry, and how these are read back without believing them.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::LogError;
use super::record::{Record, VERSION};

/// The longest entry: what the 16-bit length before it in a bundle can say.
const MAX_BYTES: usize = 65_535;

/// The longest record that is written or read. One that grows with the access that it speaks of is written in parts.
pub(super) const MAX_RECORD_BYTES: usize = 256 << 20;

const NOT_CANONICAL: &str = "it is not canonical JSON";

/// One entry: the record, and the exact bytes that the tree and the files hold for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    record: Record,
    leaf: Vec<u8>,
    blob: Option<Blob>,
}

/// The bytes of a record that is too long for an entry, with their SHA-256 in hex.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Blob {
    pub digest: String,
    pub bytes: Vec<u8>,
}

/// What stands in the entry instead of a long record.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Large {
    r#type: LargeType,
    sha256: String,
    size: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum LargeType {
    Large,
}

/// What can be wrong with the bytes of an entry.
#[derive(Debug)]
pub(super) enum Fault {
    /// It is not a record, for this reason.
    Invalid(String),
    /// The blob with this digest is not there.
    BlobMissing(String),
    /// The blob with this digest holds something else.
    BlobMismatch(String),
    /// The blob can't be read.
    Unread(LogError),
}

impl From<String> for Fault {
    fn from(why: String) -> Self {
        Fault::Invalid(why)
    }
}

impl Entry {
    /// The record as it was read back from its bytes.
    pub fn record(&self) -> &Record {
        &self.record
    }

    pub(super) fn into_record(self) -> Record {
        self.record
    }

    /// The record as canonical JSON, also where the entry only holds its hash.
    pub fn json(&self) -> &[u8] {
        self.blob.as_ref().map_or(&self.leaf, |blob| &blob.bytes)
    }

    /// The bytes that are hashed as a leaf of the tree: the record, or what stands for a long one.
    pub fn leaf(&self) -> &[u8] {
        &self.leaf
    }

    pub(super) fn blob(&self) -> Option<&Blob> {
        self.blob.as_ref()
    }

    /// Encodes a record. What would read back as something else is not written.
    pub(super) fn write(record: Record) -> Result<Self, String> {
        let bytes = canonical(&record)?;
        // what is kept is what was read, so that a log is the same before and after it was stored
        let read = parse(&bytes)?;
        if read != record {
            return Err("it holds a number that canonical JSON does not keep as it is".to_owned());
        }
        let record = read;
        if bytes.len() <= MAX_BYTES {
            return Ok(Entry { record, leaf: bytes, blob: None });
        }
        if bytes.len() > MAX_RECORD_BYTES {
            return Err("it is longer than 256 MiB".to_owned());
        }
        let digest = hex_digest(&bytes);
        let leaf = canonical(&Large { r#type: LargeType::Large, sha256: digest.clone(), size: bytes.len() })?;
        Ok(Entry { record, leaf, blob: Some(Blob { digest, bytes }) })
    }

    /// Decodes the canonical JSON of a record, long or not.
    pub(super) fn of_json(bytes: &[u8]) -> Result<Self, String> {
        Entry::write(parse(bytes)?)
    }

    /// True where the bytes of an entry only stand for a record.
    pub(super) fn is_large(leaf: &[u8]) -> bool {
        serde_json::from_slice::<Large>(leaf).is_ok()
    }

    /// Decodes the bytes of an entry; `blob` gives those of a long record by their digest.
    pub(super) fn read(
        leaf: &[u8],
        blob: impl FnOnce(&str) -> Result<Option<Vec<u8>>, LogError>,
    ) -> Result<Self, Fault> {
        let Ok(large) = serde_json::from_slice::<Large>(leaf) else {
            return Ok(Entry { record: parse(leaf)?, leaf: leaf.to_vec(), blob: None });
        };
        if canonical(&large)? != leaf {
            return Err(Fault::Invalid(NOT_CANONICAL.to_owned()));
        }
        let bytes = blob(&large.sha256).map_err(Fault::Unread)?;
        let bytes = bytes.ok_or_else(|| Fault::BlobMissing(large.sha256.clone()))?;
        if hex_digest(&bytes) != large.sha256 || bytes.len() != large.size {
            return Err(Fault::BlobMismatch(large.sha256));
        }
        if bytes.len() <= MAX_BYTES {
            return Err(Fault::Invalid("it is short enough to stand in the log itself".to_owned()));
        }
        let record = parse(&bytes)?;
        Ok(Entry { record, leaf: leaf.to_vec(), blob: Some(Blob { digest: large.sha256, bytes }) })
    }
}

/// Reads a record, and refuses every spelling but the one that writing gives.
fn parse(bytes: &[u8]) -> Result<Record, String> {
    let record = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    if canonical(&record)? != bytes {
        return Err(NOT_CANONICAL.to_owned());
    }
    if let Record::Genesis(genesis) = &record
        && genesis.version != VERSION
    {
        return Err(format!("version `{}` of the log is not known", genesis.version));
    }
    Ok(record)
}

fn canonical(value: &impl Serialize) -> Result<Vec<u8>, String> {
    serde_json_canonicalizer::to_vec(value).map_err(|e| e.to_string())
}

fn hex_digest(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

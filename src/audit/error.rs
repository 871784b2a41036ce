//! Everything that can be wrong with a log.

use miette::Diagnostic;

use super::codes;
use crate::finding::{Code, Refusal};

/// Why a log, a checkpoint or a record is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Diagnostic)]
pub enum LogError {
    /// Somebody else signed the checkpoint.
    #[error("the checkpoint is not signed by the log key `{key}`")]
    #[diagnostic(help("compare the key with the one in your anchor; a log under another key is another log"))]
    KeyUnknown { key: String },
    /// The private key that should sign is not the one of this log.
    #[error("the log key given is `{given}`, the log is signed by `{expected}`")]
    #[diagnostic(help("give the private half of `{expected}` by `--log-key` or `DUALKEY_LOG_KEY`"))]
    KeyWrong { given: String, expected: String },
    /// A key that signed the log once is to sign it again.
    #[error("the key `{key}` signed this log before")]
    #[diagnostic(help(
        "make another one with `dualkey audit keygen`: a key that was replaced may be in anybody's hands"
    ))]
    KeyReused { key: String },
    #[error("the checkpoint is invalid: {why}")]
    #[diagnostic(help("fetch the log again, or restore it from an export or another clone, and verify that"))]
    CheckpointInvalid { why: &'static str },
    /// An entry and what the log says about it elsewhere disagree; the first such entry, counted from 0.
    #[error("entry `{index}` does not match `{file}`")]
    #[diagnostic(help(
        "restore the log from an export or another clone, and keep this one to see what was changed in the entry"
    ))]
    LeafMismatch { index: u64, file: String },
    /// A hash above the leaves is wrong, the first of which covers the entries from `index` on.
    #[error("`{file}` does not match the hashes below it, from entry `{index}` on")]
    #[diagnostic(help("restore the log from an export or another clone, and keep this one to see who changed it"))]
    TileMismatch { file: String, index: u64 },
    #[error("the entries do not lead to the root that the checkpoint signs")]
    #[diagnostic(help("restore the log from an export or another clone, and keep this one to see who changed it"))]
    RootMismatch,
    /// A file is missing, too short, too long, or does not belong to the log.
    #[error("`{file}` {what}")]
    #[diagnostic(help("fetch or export the whole log again; it consists of exactly the files its checkpoint implies"))]
    Incomplete { file: String, what: &'static str },
    /// A file of the log is there, or was, and can't be read from where it lies.
    #[error("`{file}` of the log can't be read: {why}")]
    #[diagnostic(help(
        "the repository here is damaged: fetch the log from another clone, or put it back from an export by `dualkey audit \
         restore`"
    ))]
    Unreadable { file: String, why: String },
    /// An entry is not a record, counted from 0.
    #[error("entry `{index}` is not a record of the log: {why}")]
    #[diagnostic(help("a newer dualkey may have written it: use the version that wrote the log"))]
    EntryInvalid { index: u64, why: String },
    /// A proof of inclusion does not hold.
    #[error("the proof is invalid: {why}")]
    #[diagnostic(help(
        "ask for the proof again, made by `dualkey audit prove` from a log that `dualkey audit verify` accepts"
    ))]
    ProofInvalid { why: String },
    /// A record would not read back as itself.
    #[error("the record for entry `{index}` cannot be written: {why}")]
    #[diagnostic(help("the evidence holds a number beyond 2^53 or nests too deeply; give such numbers as text"))]
    Unwritable { index: u64, why: String },
    /// The log is shorter than it once was.
    #[error("the log has {}, the checkpoint that was kept has {kept}", entries(*size))]
    #[diagnostic(help(
        "fetch the newest log; if that is it, entries were cut off: restore it from an export or another clone"
    ))]
    Rollback { kept: u64, size: u64 },
    /// The log says something else than it once did.
    #[error("the first {kept} entries of the log are not those of the checkpoint that was kept")]
    #[diagnostic(help("keep both; compare them with another clone or export to find out which one was rewritten"))]
    Fork { kept: u64 },
}

/// `1 entry`, `2 entries`.
pub fn entries(size: u64) -> String {
    if size == 1 { "1 entry".to_owned() } else { format!("{size} entries") }
}

impl LogError {
    fn explained_by(&self) -> &'static Code {
        match self {
            LogError::KeyUnknown { .. } => &codes::LOG_KEY_UNKNOWN,
            LogError::KeyWrong { .. } | LogError::KeyReused { .. } => &codes::LOG_KEY_WRONG,
            LogError::CheckpointInvalid { .. } => &codes::LOG_CHECKPOINT_INVALID,
            LogError::LeafMismatch { .. } => &codes::LOG_LEAF_MISMATCH,
            LogError::TileMismatch { .. } | LogError::RootMismatch => &codes::LOG_ROOT_MISMATCH,
            LogError::Incomplete { .. } => &codes::LOG_INCOMPLETE,
            LogError::Unreadable { .. } => &codes::LOG_UNAVAILABLE,
            LogError::EntryInvalid { .. } | LogError::Unwritable { .. } => &codes::LOG_ENTRY_INVALID,
            LogError::ProofInvalid { .. } => &codes::LOG_PROOF_INVALID,
            LogError::Rollback { .. } => &codes::LOG_ROLLBACK,
            LogError::Fork { .. } => &codes::LOG_FORK,
        }
    }

    /// The error as a refusal, with the code that `dualkey explain` knows.
    pub fn refusal(&self) -> Refusal {
        let help = self.help().map(|help| help.to_string()).unwrap_or_default();
        Refusal::new(self.explained_by(), self.to_string(), help)
    }
}

//! From git to text, and back to refs.
//!
//! libgit2 lives here and nowhere else. What is judged is read from objects by their names; the work tree is read only
//! for commands that say so, and the network is left to the `git` program.

mod blocking;
mod budget;
mod child;
mod damaged_refs;
mod durable;
mod error;
mod fetching;
mod file;
mod folder;
mod git;
mod history;
mod kept;
mod loose;
mod managed;
mod objects;
mod oid;
mod path;
mod process;
mod refetch;
mod remote;
mod secret;
mod signing;
mod snapshot;
#[cfg(test)]
pub(crate) mod testing;
mod tree;
mod weight;
mod write;

pub use budget::Allowance;
pub use durable::sync;
pub use error::{Failure, RepositoryError, SwapError};
pub use file::{Content, File, MAX_FILE_BYTES, Mode};
pub use folder::Folder;
pub use git::Repository;
pub use kept::kept_ref;
pub use managed::{Managed, PathPattern, ReadsManaged};
pub use objects::{Commit, Entry, Identity, Signature};
pub use oid::{InvalidOid, Oid};
pub use path::{InvalidPath, MANAGED_FILES, MANAGED_FOLDERS, RepoPath, is_managed};
pub use process::program;
pub use remote::{StateRefs, Swap};
pub use secret::{Secret, state_folder};
pub use signing::SigningKey;
pub use snapshot::{Snapshot, Source, UNSAFE_PATH};
pub use tree::Changes;
pub use weight::{Weighed, Weight};

use crate::finding::Rule;

/// The rules whose findings are made here.
pub const RULES: &[&Rule] = &[&UNSAFE_PATH];

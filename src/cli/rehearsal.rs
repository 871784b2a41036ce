//! What runs whose targets are all replaced keep for themselves: refs of this clone that no real run looks at.

use super::context;
use super::{Exit, Stop};
use crate::audit::{LogKey, Store, Stored};
use crate::repository::{Repository, StateRefs};
use crate::targets::KINDS;

pub const LEASE: &str = "refs/dualkey-sandbox/lease";
pub const LOG: &str = "refs/dualkey-sandbox/audit";

fn key_path(repository: &Repository) -> std::path::PathBuf {
    repository.git_dir().join("dualkey").join("sandbox.log-key")
}

/// The key of the embedded targets' log, made at first use. It proves nothing, and nobody else needs it.
pub fn key(repository: &Repository) -> Result<LogKey, Stop> {
    let path = key_path(repository);
    if !path.exists() {
        let key = LogKey::generate("sandbox", &mut rand_core::OsRng).map_err(|e| Stop::of(Exit::Usage, &e))?;
        context::make_folder_of(&path)?;
        super::audit::write_secret(&path, &key)?;
    }
    let text = std::fs::read_to_string(&path).map_err(|error| Stop::io("reading", &path, &error))?;
    LogKey::parse(text.trim()).map_err(|error| Stop::of(Exit::Usage, &error))
}

/// The log of earlier runs on embedded targets; None before the first.
pub fn log(repository: &Repository, branch: &str) -> Result<Option<Stored>, Stop> {
    if !key_path(repository).exists() {
        return Ok(None);
    }
    let refs = StateRefs::local(repository, branch);
    Ok(Store::new(repository, &refs, LOG, KINDS).load(key(repository)?.verifier())?)
}

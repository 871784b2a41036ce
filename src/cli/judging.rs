//! One judge: every command that asks what was approved, asks here.

use super::Stop;
use super::shared::Past;
use crate::approval::{Approved, Chain, Verifier};
use crate::audit::Log;
use crate::repository::Oid;

/// What stands on the protected branch, judged as a whole.
#[derive(Debug)]
pub struct Judged {
    pub chain: Chain,
    pub approved: Approved,
    /// What the log says of earlier runs.
    pub past: Past,
}

/// Judges the branch up to a commit, with everything that bringing it about needs to read.
///
/// # Errors
///
/// Where something can't be read, takes too much work, or contradicts the log. A landing that is refused is no error.
pub fn judge(verifier: &Verifier<'_>, tip: Oid, log: Option<&Log>) -> Result<Judged, Stop> {
    let chain = verifier.chain(tip)?;
    let approved = verifier.approved(&chain)?;
    let past = log.map(|log| Past::of(log, verifier, &chain)).transpose()?.unwrap_or_default();
    Ok(Judged { chain, approved, past })
}

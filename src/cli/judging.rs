//! One judge: every command that asks what was approved, asks here.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::Timestamp;

use super::Stop;
use super::shared::{Ledger, Past, Shared};
use crate::approval::{Approved, Chain, Landing, Prospect, Verifier};
use crate::audit::Log;
use crate::repository::{Allowance, Oid, Repository};

/// What stands on the protected branch, judged as a whole.
#[derive(Debug)]
pub struct Judged {
    pub chain: Chain,
    pub approved: Approved,
    /// What the log says of earlier runs.
    pub past: Past,
}

/// What judging may take.
#[cfg(not(test))]
const ALLOWED: Allowance = Allowance::JUDGING;

/// The worlds of tests are small, and so what is meant to be dear there is small, too.
#[cfg(test)]
pub const ALLOWED: Allowance = Allowance { objects: 20_000, bytes: 8 << 20, entries: 100_000, steps: 50_000 };

/// From here on a repository gives what judging may take, until [`judge`] is done with it or `stop` is set.
pub fn limit(repository: &Repository, stop: Option<&Arc<AtomicBool>>) {
    repository.allow(ALLOWED, stop);
}

/// Judges the branch up to a commit, with everything that bringing it about needs to read.
///
/// # Errors
///
/// Where something can't be read, takes too much work, or contradicts the log. A landing that is refused is no error.
pub fn judge(
    repository: &Repository,
    verifier: &Verifier<'_>,
    tip: Result<Oid, Stop>,
    log: Option<&Log>,
) -> Result<Judged, Stop> {
    let judged = tip.and_then(|tip| judged(verifier, tip, log));
    // whoever was refused something may have gone on without it
    let whole = repository.ensure_judged();
    repository.allow_all();
    whole?;
    judged
}

/// The branch as whoever approves a head looks at it. A head that stands beside what was refused is looked at without that:
/// a removal has to go through all the same.
///
/// # Errors
///
/// Where the history can't be read.
pub fn looked_at(repository: &Repository, chain: Chain, head: Oid) -> Result<Chain, Stop> {
    let bad = chain.refused().next().map(|landing| landing.commit);
    let beside = bad.map_or(Ok(false), |bad| repository.is_ancestor(bad, head).map(|on_top| !on_top))?;
    Ok(if beside { chain.verified() } else { chain })
}

/// What would happen to a head that is merged now, and what it would wait behind.
#[derive(Debug)]
pub struct Foreseen {
    pub prospect: Prospect,
    /// Landings on the protected branch that were refused, oldest first.
    pub refused: Vec<Landing>,
}

/// Judges a head that has not landed. `plan` and `verify` tell the same of it.
///
/// # Errors
///
/// Where something can't be read, or takes too much work.
pub fn foresee(shared: &Shared<'_>, ledger: &Ledger, head: Oid, now: Timestamp) -> Result<Foreseen, Stop> {
    let repository = shared.repository;
    limit(repository, None);
    let foreseen = foreseen(shared, ledger, head, now);
    let whole = repository.ensure_judged();
    repository.allow_all();
    whole?;
    foreseen
}

fn foreseen(shared: &Shared<'_>, ledger: &Ledger, head: Oid, now: Timestamp) -> Result<Foreseen, Stop> {
    let verifier = shared.verifier(&ledger.recorded, now)?;
    let chain = verifier.chain(shared.tip()?)?;
    let refused = chain.refused().cloned().collect();
    let chain = looked_at(shared.repository, chain, head)?;
    Ok(Foreseen { prospect: verifier.prospect(&chain, head)?, refused })
}

fn judged(verifier: &Verifier<'_>, tip: Oid, log: Option<&Log>) -> Result<Judged, Stop> {
    let chain = verifier.chain(tip)?;
    let approved = verifier.approved(&chain)?;
    let past = log.map(|log| Past::of(log, verifier, &chain)).transpose()?.unwrap_or_default();
    Ok(Judged { chain, approved, past })
}

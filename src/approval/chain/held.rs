//! What stood before of what a change brings: who held its resources, and by what its people proved to be who they are.

use super::error::VerifyError;
use super::ground::Ground;
use super::measure::Measure;
use crate::approval::decision::{Candidate, Proposed, Trusted};
use crate::plan::Held;
use crate::repository::Oid;

/// Asks the verified landings up to a change's base, given oldest first. What was pushed and not verified says nothing, nor
/// does what the log alone says.
pub(super) fn before(
    ground: &Ground<'_>,
    (trusted, proposed): (&Trusted, &Proposed),
    landings: impl DoubleEndedIterator<Item = Oid>,
) -> Result<Held, VerifyError> {
    let mut held = Held::wanted(&trusted.revision().access, &proposed.revision().access);
    let mut newer: Option<Oid> = None;
    for landing in std::iter::once(ground.recorded.genesis).chain(landings).rev() {
        if held.is_done() {
            break;
        }
        if let Some(newer) = newer.filter(|_| held.looks_for_leavers()) {
            let left = ground.left_between(landing, newer)?;
            if !left.is_empty() {
                held.left(&left, &ground.revision(landing)?.access.config);
            }
        }
        // few landings touch what is looked for
        let touched = match newer.replace(landing) {
            None => true,
            Some(newer) => ground.telling_paths(landing, newer)?.iter().any(|path| held.wants(path)),
        };
        if touched {
            held.look(&ground.revision(landing)?.access);
        }
    }
    Ok(held)
}

/// Who had the keys that a change brings, at the verified landings up to its base.
pub(super) fn keys(
    ground: &Ground<'_>,
    held: &mut Held,
    (trusted, proposed): (&Trusted, &Proposed),
    (landings, base): (&[Oid], Oid),
) -> Result<(), VerifyError> {
    let wanted = Held::wanted_keys(&trusted.revision().access, &proposed.revision().access);
    if !wanted.is_empty() {
        held.had_keys(ground.holders_of(&wanted, landings, base)?);
    }
    Ok(())
}

/// What stands at one commit and what another proposes, understood as far as that is safe before it is approved; of what
/// the log records, without findings.
pub(super) fn candidate<'t>(
    ground: &Ground<'_>,
    told: &Measure<'_>,
    (trusted, base): (&'t Trusted, Oid),
    (proposed, landed): (&'t Proposed, Oid),
    landings: impl DoubleEndedIterator<Item = Oid>,
) -> Result<Candidate<'t>, VerifyError> {
    let landings: Vec<Oid> = landings.collect();
    let mut held = before(ground, (trusted, proposed), landings.iter().copied())?;
    if !told.is_recorded(base, landed) {
        keys(ground, &mut held, (trusted, proposed), (&landings, base))?;
    }
    let at = told.at(ground);
    let candidate = if told.is_recorded(base, landed) {
        Candidate::unlinted(trusted, proposed, at, &held)
    } else {
        Candidate::before_approval(trusted, proposed, at, &held, &ground.halt())
    };
    ground.learn((base, landed), &candidate)?;
    Ok(candidate)
}

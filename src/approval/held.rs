//! Where resources were held that a change takes in.

use super::verify::{Verifier, VerifyError};
use super::{Proposed, Trusted};
use crate::plan::Held;
use crate::repository::Oid;

/// Asks the verified landings up to a change's base, given oldest first. What was pushed and not verified says nothing.
pub(super) fn before(
    verifier: &Verifier<'_>,
    (trusted, proposed): (&Trusted, &Proposed),
    landings: impl DoubleEndedIterator<Item = Oid>,
) -> Result<Held, VerifyError> {
    let mut held = Held::wanted(&trusted.revision().access, &proposed.revision().access);
    let mut newer: Option<Oid> = None;
    for landing in std::iter::once(verifier.recorded.genesis).chain(landings).rev() {
        if held.is_done() {
            break;
        }
        // few landings touch what resources are
        let touched = match newer.replace(landing) {
            None => true,
            Some(newer) => {
                let changed = verifier.repository.managed_changes(landing, newer)?;
                changed.keys().any(|path| path.starts_with("domains/") || path == "dualkey.yaml")
            }
        };
        if touched {
            held.look(&verifier.revision(landing)?.access);
        }
    }
    Ok(held)
}

//! What stood before of what a change brings: who held its resources, and by what its people proved to be who they are.

use std::rc::Rc;

use super::proof::Proof;
use super::verify::{RecordedLanding, Verifier, VerifyError};
use super::{Proposed, Trusted};
use crate::plan::Held;
use crate::repository::Oid;

/// Asks the verified landings up to a change's base, given oldest first. What was pushed and not verified says nothing, nor
/// does what the log alone says.
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
        // few landings touch what is looked for
        let touched = match newer.replace(landing) {
            None => true,
            Some(newer) => verifier.telling_paths(landing, newer)?.iter().any(|path| held.wants(path)),
        };
        if touched {
            held.look(&verifier.revision(landing)?.access);
        }
    }
    Ok(held)
}

impl Verifier<'_> {
    /// The landings that the log records before a commit and that somebody proves, oldest first.
    pub(super) fn proven_before(&self, commit: Oid) -> Vec<Oid> {
        let proofs = self.proofs.borrow();
        let proven = |one: &&RecordedLanding| {
            proofs.get(&(one.base, one.commit)).is_some_and(|proof| !matches!(**proof, Proof::Unproven(_)))
        };
        let before = self.recorded.landings.iter().take_while(|one| one.commit != commit);
        before.filter(proven).map(|one| one.commit).collect()
    }

    /// Of what differs between two landings, the paths that say who people are and who holds what. They are asked for again
    /// with each change that brings somebody.
    fn telling_paths(&self, older: Oid, newer: Oid) -> Result<Rc<[String]>, VerifyError> {
        if let Some(known) = self.telling.borrow().get(&[older, newer]) {
            return Ok(Rc::clone(known));
        }
        let changed = self.repository.managed_changes(older, newer)?;
        let telling =
            |path: &&String| path.starts_with("people/") || path.starts_with("domains/") || *path == "dualkey.yaml";
        let found: Rc<[String]> = changed.keys().filter(telling).cloned().collect();
        self.telling.borrow_mut().insert([older, newer], Rc::clone(&found));
        Ok(found)
    }
}

//! What is left of the last verified tree by removals that stand behind a refused landing, and by what the log alone says.
//!
//! Nothing of the refused landing comes along: the paths of the removal alone are laid over the last verified tree, and of the
//! result only what shrinks counts.

use std::rc::Rc;

use super::error::VerifyError;
use super::ground::Ground;
use super::landings::{Chain, RecordedLanding, Removal, Verdict};
use crate::access::Revision;
use crate::plan::Disputed;
use crate::repository::{Oid, Snapshot};

/// The tree after each removal, on top of the last verified one. One that means nothing together with those before it is
/// left out.
pub(super) fn trees(ground: &Ground<'_>, chain: &Chain) -> Result<Vec<(Removal, Rc<Revision>)>, VerifyError> {
    let mut limit = ground.revision(chain.last)?;
    let mut found = Vec::new();
    if chain.removals.is_empty() {
        return Ok(found);
    }
    let mut snapshot = Snapshot::of_commit(ground.repository, chain.last)?;
    for removal in &chain.removals {
        let [from, with] = removal.change;
        let changed = ground.repository.managed_changes(from, with)?.keys().cloned().collect();
        let next = snapshot.with(&Snapshot::of_commit(ground.repository, with)?, &changed);
        if !removal.proven {
            let Some(said) = taken(ground, &next, removal.commit) else { continue };
            // INVARIANT: of what nobody proves no rule, person or target comes into an approved tree
            let mut tree = ground.load(&snapshot, chain.last)?;
            tree.entitlements = limit.entitlements.within(&said.entitlements);
            limit = Rc::new(tree);
            found.push((removal.clone(), Rc::clone(&limit)));
            continue;
        }
        let Ok(mut tree) = ground.load(&next, removal.commit) else { continue };
        if tree.is_misread() {
            continue;
        }
        tree.entitlements = tree.entitlements.within(&limit.entitlements);
        limit = Rc::new(tree);
        snapshot = next;
        found.push((removal.clone(), Rc::clone(&limit)));
    }
    Ok(found)
}

/// What the log says was given and nobody proves, by the last such landing.
///
/// # Errors
///
/// Where a verified tree can't be read.
pub(super) fn disputed(ground: &Ground<'_>, chain: &Chain) -> Result<Option<Disputed>, VerifyError> {
    let unproven =
        |one: &&RecordedLanding| chain.removals.iter().any(|removal| !removal.proven && removal.commit == one.commit);
    let Some(landing) = ground.recorded.landings.iter().rfind(unproven) else { return Ok(None) };
    // what can't be read gave nothing that anybody could name
    let Ok(said) = ground.revision(landing.commit) else { return Ok(None) };
    let verified = chain.landings.iter().filter(|one| one.verdict != Verdict::Refused).map(|one| one.commit);
    let verified = std::iter::once(ground.recorded.genesis).chain(verified);
    let verified = verified.map(|commit| ground.revision(commit)).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(Disputed::of(said, ground.revision(chain.last)?, verified)))
}

/// What is left by what the log alone says: its changes on top of the verified tree or, where that means nothing, its own tree.
fn taken(ground: &Ground<'_>, laid_over: &Snapshot, commit: Oid) -> Option<Rc<Revision>> {
    let readable = |tree: &Rc<Revision>| !tree.is_misread();
    let over = ground.load(laid_over, commit).ok().map(Rc::new).filter(readable);
    over.or_else(|| ground.revision(commit).ok().filter(readable))
}

//! Approved removals that stand on a landing that was refused: what they take away goes all the same.
//!
//! Nothing of the refused landing comes along: the paths of the removal alone are laid over the last verified tree, judged
//! there, and of the result only what shrinks counts.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::decision::{Granted, decide};
use super::landing::violations;
use super::signatures::Question;
use super::statement::Signed;
use super::verify::{Chain, Given, Verifier, VerifyError};
use super::walk::Walk;
use super::{Candidate, Proposed, Trusted, codes};
use crate::access::{ChangeClass, Revision};
use crate::finding::Refusal;
use crate::plan::EntitlementChange;
use crate::repository::{Oid, Snapshot};

/// How many commits of the protected branch a removal that was rebased or fast-forwarded may span.
const LONGEST: usize = 16;

/// A removal that landed behind a refused landing.
#[derive(Clone, Debug)]
pub struct Removal {
    /// The commit of the protected branch that it landed on, which is not verified.
    pub base: Oid,
    pub commit: Oid,
    /// The head that was approved. None where the log says no more of it than that it was.
    pub head: Option<Oid>,
    pub approvals: Vec<Given>,
    pub authors: Vec<String>,
    /// Of what it changes in the last verified tree.
    pub digest: Option<String>,
    /// What people signed that it rests on.
    pub statements: Vec<Signed>,
    /// True where it was applied before, as the log says.
    pub recorded: bool,
}

/// All of them behind the end of a way, oldest first.
pub(super) fn behind(walk: &Walk<'_, '_>, from: usize) -> Result<Vec<Removal>, VerifyError> {
    let recorded = &walk.verifier.recorded.removals;
    let mut found = Vec::new();
    for to in from + 2..walk.open.len() {
        let commit = walk.commit(to)?;
        if let Some(known) = recorded.iter().find(|known| known.commit == commit) {
            found.push(known.clone());
        } else if let Some(removal) = landed(walk, from, to)? {
            found.push(removal);
        }
    }
    Ok(found)
}

/// The removal that ends at a commit, where there is one: of several starts the earliest.
fn landed(walk: &Walk<'_, '_>, from: usize, to: usize) -> Result<Option<Removal>, VerifyError> {
    let last = walk.changes(to - 1, to)?;
    if last.is_empty() {
        return Ok(None);
    }
    let source = &walk.verifier.source;
    let natural = walk.natural(to)?.into_iter().filter(|head| source.is_spoken_of(*head));
    let heads: BTreeSet<Oid> = natural.chain(walk.heads().sharing(&last)).collect();
    for head in heads {
        if walk.verifier.repository.is_ancestor(head, walk.commit(to - 1)?)? {
            continue;
        }
        let mut found = None;
        for start in (from + 1..to).rev().take(LONGEST) {
            if let Some(granted) = judged(walk, [from, start, to], head)? {
                found = Some(removal(walk, start, to, granted)?);
            }
        }
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

fn removal(walk: &Walk<'_, '_>, start: usize, to: usize, granted: Granted) -> Result<Removal, VerifyError> {
    Ok(Removal {
        base: walk.commit(start)?,
        commit: walk.commit(to)?,
        head: Some(granted.head),
        approvals: Given::all(&granted.approvals),
        authors: granted.authors,
        digest: Some(granted.digest),
        statements: granted.statements,
        recorded: false,
    })
}

/// Whether a head is a removal between `start` and `to`, judged by what it does to the tree that was verified last.
fn judged(walk: &Walk<'_, '_>, [from, start, to]: [usize; 3], head: Oid) -> Result<Option<Granted>, VerifyError> {
    let verifier = walk.verifier;
    let trees = walk.trees(start, to, head)?;
    let changed: BTreeSet<String> = walk.changes(start, to)?.keys().cloned().collect();
    if changed.is_empty() || !violations(&trees, &BTreeSet::new()).is_empty() {
        return Ok(None);
    }
    let (verified, landed) = (walk.commit(from)?, walk.commit(to)?);
    let snapshot = Snapshot::of_commit(verifier.repository, verified)?
        .with(&Snapshot::of_commit(verifier.repository, landed)?, &changed);
    let Ok(proposed) = verifier.load(&snapshot, landed) else { return Ok(None) };
    if proposed.is_misread() {
        return Ok(None);
    }
    let (trusted, proposed) = (Trusted(verifier.revision(verified)?), Proposed::new(Rc::new(proposed)));
    let candidate = Candidate::new(&trusted, &proposed, verifier.now);
    let change = candidate.plan();
    let only_takes = change.classes.all() == BTreeSet::from([ChangeClass::Removal])
        && !change.changes.is_empty()
        && !change.changes.iter().any(EntitlementChange::gains);
    if !only_takes {
        return Ok(None);
    }
    let digest = verifier.reviewed_digest(verified, head)?.unwrap_or_default();
    let gone = verifier.gone(&trusted);
    let question = verifier.question(verified, Some(landed), head, walk.tip, &digest, &gone);
    let question = Question { onto: walk.commit(start)?, ..question };
    let evidence = verifier.source.evidence(&trusted, &question, trees)?;
    // what the approvers signed is the whole of what they were shown; what is asked here is a part of it
    Ok(decide(&candidate, &change.digest, &evidence).ok())
}

/// The refusal of a step that would give back what a removal on its way took.
pub(super) fn undone(
    walk: &Walk<'_, '_>,
    from: usize,
    to: usize,
    head: Option<Oid>,
) -> Result<Option<Refusal>, VerifyError> {
    let repository = walk.verifier.repository;
    let landed = walk.commit(to)?;
    for removal in behind(walk, from)? {
        let Some(place) = walk.places.get(&removal.commit).filter(|place| **place < to) else { continue };
        let stood_on = [Some(removal.commit), removal.head].into_iter().flatten();
        let mut seen = false;
        for commit in stood_on {
            seen |= head.map_or(Ok(false), |head| repository.is_ancestor(commit, head))?;
        }
        let changed = repository.managed_changes(removal.base, removal.commit)?;
        let since = walk.changes(*place, to)?;
        if !seen && let Some(path) = changed.keys().find(|path| since.contains_key(*path)) {
            return Ok(Some(codes::left_out(landed, removal.commit, path, &removal.approvals, removal.commit)));
        }
    }
    Ok(None)
}

/// The tree after each removal, on top of the last verified one. One that means nothing together with those before it is
/// left out.
pub(super) fn trees(verifier: &Verifier<'_>, chain: &Chain) -> Result<Vec<(Removal, Rc<Revision>)>, VerifyError> {
    let mut limit = verifier.revision(chain.last)?;
    let mut found = Vec::new();
    if chain.removals.is_empty() {
        return Ok(found);
    }
    let mut snapshot = Snapshot::of_commit(verifier.repository, chain.last)?;
    for removal in &chain.removals {
        let changed = verifier.repository.managed_changes(removal.base, removal.commit)?.keys().cloned().collect();
        let next = snapshot.with(&Snapshot::of_commit(verifier.repository, removal.commit)?, &changed);
        let Ok(mut tree) = verifier.load(&next, removal.commit) else { continue };
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

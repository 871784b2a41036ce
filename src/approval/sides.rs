//! What was merged: a line of commits that may have been the protected branch once.
//!
//! Git keeps no record of where a branch was. A merge whose first parent is not the former tip makes another line the
//! first-parent chain, and what had landed becomes a thing that was merged, and whose content a merge can leave out.

use std::collections::{BTreeSet, HashSet};

use super::codes;
use super::verify::{Landing, VerifyError};
use super::walk::{Step, Walk, reached};
use crate::finding::Refusal;
use crate::repository::Oid;

/// The refusal of a step whose tree leaves out what an approved landing on a merged line had brought. Of what `head`
/// stands on nothing is left out: who approved it has seen what it changes of that.
pub(super) fn left_out(
    walk: &Walk<'_, '_>,
    from: usize,
    to: usize,
    head: Option<Oid>,
    path: &[Step],
) -> Result<Option<Refusal>, VerifyError> {
    let repository = walk.verifier.repository;
    let (base, landed) = (walk.commit(from)?, walk.commit(to)?);
    let mut merged = repository.commits_between(base, landed)?;
    let mut seen: HashSet<Oid> = match head {
        Some(head) => repository.commits_between(base, head)?.into_iter().collect(),
        None => HashSet::new(),
    };
    merged.retain(|commit| !walk.places.contains_key(commit) && !seen.contains(commit));
    for tip in merged {
        if seen.contains(&tip) {
            continue;
        }
        let Some((fork, line)) = line(walk, tip)? else { continue };
        seen.extend(&line);
        let closed =
            path.iter().map(|step| step.to).filter(|place| *place <= fork && *place <= from).max().unwrap_or(0);
        let start = walk.open.get(closed..=fork).unwrap_or_default();
        let aside = walk.aside(start.iter().chain(&line).copied().collect())?;
        let way = aside.run()?;
        let of_line: Vec<&Landing> = way
            .iter()
            .filter(|step| step.to + closed > fork && step.landing.head.is_some())
            .map(|step| &step.landing)
            .collect();
        let Some(last) = of_line.last() else { continue };
        let missing: BTreeSet<String> =
            repository.managed_changes(aside.commit(reached(&way))?, landed)?.keys().cloned().collect();
        for landing in &of_line {
            let changed = repository.managed_changes(landing.base, landing.commit)?;
            if let Some(path) = changed.keys().find(|path| missing.contains(*path)) {
                return Ok(Some(codes::left_out(landed, landing.commit, path, &landing.approvals, last.commit)));
            }
        }
    }
    Ok(None)
}

/// The first parents of a commit down to where they meet the open chain, oldest first, and the place where they do. None
/// where they don't: then the line is older than what is still open.
fn line(walk: &Walk<'_, '_>, tip: Oid) -> Result<Option<(usize, Vec<Oid>)>, VerifyError> {
    let repository = walk.verifier.repository;
    let least = repository.generation(walk.commit(0)?)?;
    let mut line = vec![tip];
    let mut at = tip;
    while let Some(parent) = repository.first_parent(at)? {
        if let Some(place) = walk.places.get(&parent) {
            line.reverse();
            return Ok(Some((*place, line)));
        }
        if repository.generation(parent)? <= least {
            return Ok(None);
        }
        line.push(parent);
        at = parent;
    }
    Ok(None)
}

//! What was merged: a line of commits that may have been the protected branch once.
//!
//! Git keeps no record of where a branch was. A merge whose first parent is not the former tip makes another line the
//! first-parent chain, and what had landed becomes a thing that was merged, and whose content a merge can leave out.

use std::cell::OnceCell;
use std::collections::HashSet;

use super::Granted;
use super::standing::{Hold, Later, Standing};
use super::verify::{Chain, Given, Verifier, VerifyError};
use super::walk::{Step, Walk, reached};
use crate::finding::Refusal;
use crate::repository::Oid;

/// The refusal of a step whose tree leaves out what an approved landing on a merged line had brought.
pub(super) fn left_out(
    walk: &Walk<'_, '_>,
    from: usize,
    to: usize,
    granted: Option<&Granted>,
    path: &[Step],
) -> Result<Option<Refusal>, VerifyError> {
    let repository = walk.verifier.repository;
    let (base, landed) = (walk.commit(from)?, walk.commit(to)?);
    let between = repository.commits_between(base, landed)?;
    let own: HashSet<Oid> = match granted {
        Some(granted) => repository.commits_between(base, granted.head)?.into_iter().collect(),
        None => HashSet::new(),
    };
    let mut looked_at: HashSet<Oid> = HashSet::new();
    for tip in between.iter().filter(|commit| !walk.places.contains_key(commit)) {
        if looked_at.contains(tip) {
            continue;
        }
        let Some((fork, mut line)) = line(walk, *tip)? else { continue };
        looked_at.extend(&line);
        if granted.is_some_and(|granted| granted.head == *tip) {
            // the head itself is what lands
            line.pop();
        }
        let closed =
            path.iter().map(|step| step.to).filter(|place| *place <= fork && *place <= from).max().unwrap_or(0);
        let start = walk.open.get(closed..=fork).unwrap_or_default();
        let aside = walk.aside(start.iter().chain(&line).copied().collect())?;
        let way = aside.run()?.steps;
        let end = aside.commit(reached(&way))?;
        for step in way.into_iter().filter(|step| step.to + closed > fork) {
            // what the base stands on was looked at when the base was
            let Some(meaning) = step.meaning.filter(|_| between.contains(&step.landing.commit)) else { continue };
            let mut standing = Standing { end: Some(end), ..Standing::of(step.landing, meaning) };
            if own.contains(&standing.commit) && thought_over(&mut standing, granted) {
                continue;
            }
            if let Some(refusal) = standing.undone_by(walk.verifier, Later::of(landed, granted))? {
                return Ok(Some(refusal));
            }
        }
    }
    Ok(None)
}

impl Verifier<'_> {
    /// The refusal of a head that would land but for what its tree leaves out of a line that the merge would bring. The merge
    /// isn't there yet: of what the head's side changed it would hold what the head holds.
    pub(super) fn foreseen(&self, chain: &Chain, granted: &Granted) -> Result<Option<Refusal>, VerifyError> {
        let repository = self.repository;
        // behind a refused landing another one is needed first, and a single commit brings no line
        if chain.last != chain.tip || repository.commits_between(chain.tip, granted.head)?.len() < 2 {
            return Ok(None);
        }
        let mut commits = repository.first_parents(chain.tip)?;
        commits.reverse();
        let start = self.logged(&commits, chain.tip)?.at;
        let mut open = commits.get(start..).unwrap_or_default().to_vec();
        let heads = OnceCell::new();
        let path = Walk::along(self, open.clone(), chain.tip, &heads)?.run()?.steps;
        let from = open.len().saturating_sub(1);
        open.push(granted.head);
        left_out(&Walk::along(self, open, chain.tip, &heads)?, from, from + 1, Some(granted), &path)
    }
}

/// True where what was approved on the head's own line needn't be kept: nobody knows whether that line ever was the
/// protected branch, and heads are approved again as they grow. Access that was to be given may be thought over. The rest
/// may be by those who approved it, but for what it took; a removal is none of theirs to take back unseen.
fn thought_over(standing: &mut Standing, granted: Option<&Granted>) -> bool {
    let again = |given: &Given| {
        granted.is_some_and(|granted| granted.approvals.iter().any(|one| one.person.as_str() == given.person))
    };
    if !standing.meaning.only_takes && standing.approvals.iter().all(again) {
        standing.hold = Hold::Taken;
    }
    standing.meaning.only_gives
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

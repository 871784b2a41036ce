//! Refs that hold nothing that the log doesn't hold: what people signed of heads that landed.

use std::collections::{BTreeMap, BTreeSet};

use super::landings::{Chain, Recorded, Verdict};
use crate::approval::testimony::statement::Found;
use crate::approval::testimony::{PREFIXES, Says, read, spoken};
use crate::repository::{Oid, Repository, RepositoryError, StateRefs, Swap};

/// How many are let go at once; a later run lets go the others.
const AT_ONCE: usize = 512;

/// The refs of statements that the log keeps with a verified landing of their head, each to be deleted if it holds what was
/// seen. `log` is the commit of the log, by which the heads stay reachable.
///
/// INVARIANT: a verifier hears what the log keeps of landings and what refs hold, each statement once. So it says the same
/// with these refs and without them. What the log doesn't keep word by word is not among them, nor what was said of a head
/// that didn't land.
///
/// # Errors
///
/// Where refs can't be listed or the history can't be read.
pub fn settled(
    repository: &Repository,
    refs: &StateRefs<'_>,
    recorded: &Recorded,
    chain: &Chain,
    log: Oid,
) -> Result<Vec<Swap>, RepositoryError> {
    let verified = chain.landings.iter().filter(|one| one.verdict == Verdict::Approved);
    let verified: BTreeSet<(Oid, Oid)> = verified.map(|one| (one.base, one.commit)).collect();
    let landings = recorded.landings.iter().filter(|one| verified.contains(&(one.base, one.commit)));
    let (mut landed, mut kept) = (BTreeSet::new(), BTreeMap::<Oid, Vec<Found>>::new());
    let mut keep = |found: Found| kept.entry(found.head).or_default().push(found);
    for landing in landings {
        landed.extend(landing.head);
        landing.statements.iter().filter_map(Found::recorded).for_each(&mut keep);
    }
    recorded.said.iter().filter_map(Found::recorded).for_each(&mut keep);
    let mut candidates: Vec<(String, Oid, Oid, Says)> = Vec::new();
    for (prefix, says) in PREFIXES {
        let of_landed = refs.list(prefix)?.into_iter().filter_map(|(name, commit)| {
            let (head, _) = spoken(&name, prefix)?;
            landed.contains(&head).then_some((name, commit, head, says))
        });
        candidates.extend(of_landed);
    }
    if candidates.is_empty() {
        return Ok(Vec::new());
    }
    // a head that only the refs themselves keep reachable would be lost with them
    let lost = repository.outside(log, candidates.iter().map(|(_, _, head, _)| *head))?;
    let mut settled = Vec::new();
    for (name, commit, head, says) in candidates.into_iter().filter(|(_, _, head, _)| !lost.contains(head)) {
        if settled.len() == AT_ONCE {
            break;
        }
        let person = spoken(&name, prefix_of(says)).map(|(_, person)| person);
        let Some(Ok((parents, signed))) = person.as_ref().map(|person| read(repository, commit, person)) else {
            continue;
        };
        let is_kept = |one: &Found| (one.says, &one.parents, &one.signed) == (says, &parents, &signed);
        if kept.get(&head).is_some_and(|kept| kept.iter().any(is_kept)) {
            settled.push(Swap { name, expected: Some(commit), new: None });
        }
    }
    Ok(settled)
}

fn prefix_of(says: Says) -> &'static str {
    PREFIXES.iter().find(|(_, one)| *one == says).map_or("", |(prefix, _)| prefix)
}

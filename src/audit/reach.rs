//! What a log commit keeps reachable: the commits that its records speak of, so that whoever has the ref of the log has all
//! that it takes to decide them again, whatever became of branches and of the refs that held approvals.

use std::collections::{BTreeMap, BTreeSet};

use super::Record;
use crate::repository::{Oid, Repository, RepositoryError};

/// How many parents a commit gets. Where more are to be kept, commits between hold them.
const PARENTS: usize = 64;

/// The commits that deciding these records again needs.
fn spoken_of(records: &[Record]) -> BTreeSet<Oid> {
    let ids = records.iter().flat_map(|record| match record {
        Record::Genesis(one) => vec![&one.genesis],
        Record::Landing(one) => [&one.base, &one.commit].into_iter().chain(&one.head).collect(),
        Record::Statements(one) => one.landings.iter().flat_map(|proof| [&proof.commit, &proof.head]).collect(),
        Record::KeyChange(one) => vec![&one.commit],
        Record::Changes(_)
        | Record::Said(_)
        | Record::Intent(_)
        | Record::Result(_)
        | Record::Refusal(_)
        | Record::Drift(_) => Vec::new(),
    });
    ids.filter_map(|id| id.parse().ok()).collect()
}

/// The parents, after the first one, of the commit that writes these records. What isn't here can't be kept.
///
/// # Errors
///
/// Where the history can't be read, or an object can't be written.
pub(super) fn parents(repository: &Repository, records: &[Record], at: i64) -> Result<Vec<Oid>, RepositoryError> {
    let newest = records.iter().rev().find_map(|record| match record {
        Record::Landing(one) => one.commit.parse::<Oid>().ok(),
        Record::Genesis(_)
        | Record::Changes(_)
        | Record::Intent(_)
        | Record::Result(_)
        | Record::Refusal(_)
        | Record::Drift(_)
        | Record::KeyChange(_)
        | Record::Statements(_)
        | Record::Said(_) => None,
    });
    let is_here = |commit: &Oid| repository.commit(*commit).is_ok();
    let known = spoken_of(records).into_iter().filter(is_here);
    let mut kept: Vec<Oid> = match newest.filter(is_here) {
        // most of them lie below the newest landing
        Some(newest) => std::iter::once(newest).chain(repository.outside(newest, known)?).collect(),
        None => known.collect(),
    };
    while kept.len() > PARENTS {
        let between = kept
            .chunks(PARENTS)
            .map(|some| repository.write_commit(&BTreeMap::new(), some, "What records of the log speak of", at));
        kept = between.collect::<Result<_, _>>()?;
    }
    Ok(kept)
}

//! Approvals that are older than a landing: what that changed isn't changed again by a head that was reviewed without it.
//!
//! The plan of such a head starts before the landing, where what the landing took was still held or not there yet. Nobody
//! who approved it has seen that it comes back; with the landing below it, the plan shows that.

use std::rc::Rc;

use super::error::VerifyError;
use super::ground::Ground;
use super::landings::{Landing, Proof, RecordedLanding, Verdict};
use super::meaning::{Hold, Meaning};
use super::words;
use crate::approval::testimony::CountedApproval;
use crate::finding::Refusal;
use crate::repository::Oid;

/// A verified landing below a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Below<'l> {
    base: Oid,
    commit: Oid,
    approvals: &'l [CountedApproval],
}

impl<'l> Below<'l> {
    /// Where it was approved. What nobody approved took nothing.
    pub fn of(landing: &'l Landing) -> Option<Self> {
        let Landing { base, commit, approvals, verdict, .. } = landing;
        (*verdict == Verdict::Approved).then_some(Below { base: *base, commit: *commit, approvals })
    }
}

/// A change that lands, or would.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change<'c> {
    pub base: Oid,
    /// The commit that it is told of by.
    pub named: Oid,
    pub meaning: &'c Meaning,
    pub head: Oid,
}

/// The recorded landings before a commit that somebody is known to have approved, oldest first.
pub(super) fn proven_before<'g>(ground: &'g Ground<'_>, commit: Oid) -> impl DoubleEndedIterator<Item = Below<'g>> {
    // INVARIANT: what the log alone says holds nothing up
    let is_proven = |landing: &&RecordedLanding| {
        let approved =
            |proof: Rc<Proof>| matches!(&*proof, Proof::Verified(landing) if landing.verdict == Verdict::Approved);
        ground.known_proof(landing).is_some_and(approved)
    };
    let landings = &ground.recorded.landings;
    let end = landings.iter().position(|one| one.commit == commit).unwrap_or(landings.len());
    let before = landings.get(..end).unwrap_or_default();
    before.iter().filter(is_proven).map(|RecordedLanding { base, commit, approvals, .. }| Below {
        base: *base,
        commit: *commit,
        approvals,
    })
}

/// The refusal of a change that undoes what a landing made which its head doesn't stand on. `below` are the landings that
/// its base stands on, oldest first.
///
/// INVARIANT: what an approved landing changed, and stands at the base of a change, is changed again only by a head on top of
/// that landing.
pub(super) fn given_back<'l>(
    ground: &Ground<'_>,
    change: Change<'_>,
    below: impl DoubleEndedIterator<Item = Below<'l>>,
) -> Result<Option<Refusal>, VerifyError> {
    // nothing holds up what only takes away
    if change.meaning.only_takes {
        return Ok(None);
    }
    let Change { base, named, meaning: later, head } = change;
    let [parted] = ground.repository.merge_bases(base, head)?[..] else { return Ok(None) };
    for landing in below.rev() {
        if ground.repository.is_ancestor(landing.commit, parted)? {
            return Ok(None);
        }
        let meaning = ground.meaning(landing.base, landing.commit)?;
        if let Some(fact) = meaning.undone_by(later.difference(), Hold::Unseen) {
            return Ok(Some(words::undone(named, landing.commit, &fact, landing.approvals)));
        }
    }
    Ok(None)
}

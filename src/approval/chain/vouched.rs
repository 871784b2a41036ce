//! Records that can't be decided again here, since the clone lacks what they speak of. A statement in one tells them from what
//! nobody did. It decides nothing.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::ground::Ground;
use super::landings::RecordedLanding;
use crate::access::{Access, Revision};
use crate::approval::testimony::Says;
use crate::approval::testimony::pull::{Pull, ReviewVerdict};
use crate::approval::testimony::statement::{self, Found};
use crate::repository::Oid;

/// Recorded landings after so many that are proven, by their number, which people who stood then are seen to have approved,
/// though the head isn't here that they approved. `lacking` asks for that: what is here is decided by what it is.
///
/// A statement is no proof of what landed. It tells a clone that lacks something from a log that says what nobody did.
pub(super) fn vouched(ground: &Ground<'_>, from: usize, proven: Rc<Revision>, lacking: bool) -> BTreeSet<usize> {
    let (mut vouched, mut trusted) = (BTreeSet::new(), proven);
    for (number, landing) in ground.recorded.landings.iter().enumerate().skip(from) {
        if is_vouched(ground, landing, &trusted.access) && (!lacking || !is_here(ground, landing)) {
            vouched.insert(number);
            trusted = ground.revision(landing.commit).unwrap_or(trusted);
        }
    }
    vouched
}

/// True where what landed and what was approved is here.
fn is_here(ground: &Ground<'_>, landing: &RecordedLanding) -> bool {
    let here = |commit: Oid| ground.repository.commit(commit).is_ok();
    here(landing.commit) && here(landing.base) && landing.head.is_none_or(here)
}

/// True where somebody really approved the head that a record names.
pub(super) fn is_vouched(ground: &Ground<'_>, landing: &RecordedLanding, registry: &Access) -> bool {
    let statements = landing.statements.iter().filter_map(Found::recorded);
    let mut approvals = statements.filter(|found| Some(found.head) == landing.head && found.says == Says::Approve);
    approvals.any(|found| statement::genuine(&found, ground.anchor(), ground.branch, registry).is_some())
        || landing.pull.as_ref().is_some_and(|pull| Some(pull.head) == landing.head && is_reviewed(pull, registry))
}

/// True where a person of the registry approved a pull request, as a record says that the forge told.
fn is_reviewed(pull: &Pull, registry: &Access) -> bool {
    let mut reviews = pull.reviews.iter().filter(|review| review.verdict == ReviewVerdict::Approved);
    let is_somebody = |number: u64| {
        registry.people.values().any(|person| person.accounts.forge().is_some_and(|account| account.id == number))
    };
    reviews.any(|review| is_somebody(review.by.number))
}

//! What the log says of the branch, as far as people signed it; and what people say that the log doesn't hold yet.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::error::VerifyError;
use super::ground::Ground;
use super::landings::{Chain, Landing, Proof, RecordedLanding, Verdict};
use super::{proof, words};
use crate::access::PersonId;
use crate::approval::codes;
use crate::approval::testimony::{Opinion, Registered, Signed, Venue};
use crate::finding::Refusal;
use crate::repository::Oid;

/// How many objections of one person a run writes into the log; later runs write the others.
const SAID_AT_ONCE: usize = 64;

/// What the log says of the branch.
pub(super) struct Logged<'r> {
    /// Those that are proven, in order.
    pub landings: Vec<Landing>,
    /// The place of the last one of them on the chain, or of the genesis.
    pub at: usize,
    /// What the log has after it, each with why it isn't believed.
    pub unproven: Vec<(&'r RecordedLanding, Refusal)>,
}

/// The landings that the log records, up to the last one that what people signed proves, and those after it.
pub(super) fn logged<'r>(ground: &Ground<'r>, commits: &[Oid], tip: Oid) -> Result<Logged<'r>, VerifyError> {
    let mut last = ground.recorded.genesis;
    let mut logged = Logged { landings: Vec::new(), at: ground.position(commits, last)?, unproven: Vec::new() };
    let (mut end, mut end_at) = (last, logged.at);
    for recorded in &ground.recorded.landings {
        let place = ground.position(commits, recorded.commit)?;
        // it goes on where the log ended, or repairs what nobody proves after the last one that is proven
        let follows = if recorded.base == last { logged.at } else { end_at };
        if (recorded.base != last && recorded.base != end) || place <= follows {
            return Err(VerifyError::Refused(discontinuous(end, recorded)));
        }
        (end, end_at) = (recorded.commit, place);
        let proof = match recorded.base == last {
            true => proof::proof(ground, recorded, tip)?,
            false => Rc::new(Proof::Unproven(words::on_unproven(recorded.commit, recorded.base))),
        };
        let landing = match &*proof {
            Proof::Unproven(why) => {
                logged.unproven.push((recorded, why.clone()));
                continue;
            }
            Proof::Verified(landing) => landing,
        };
        if landing.verdict == Verdict::Approved {
            ground.repository.refill(recorded.commit);
        }
        (last, logged.at) = (recorded.commit, place);
        logged.unproven.clear();
        logged.landings.push(Landing::clone(landing));
    }
    Ok(logged)
}

/// INVARIANT: a key of the log comes from a landing that was verified, never from one that only the log speaks of.
pub(super) fn keys_are_verified(ground: &Ground<'_>, landings: &[Landing]) -> Result<(), VerifyError> {
    let verified = |commit: &Oid| {
        *commit == ground.recorded.genesis
            || landings.iter().any(|one| one.commit == *commit && one.verdict != Verdict::Refused)
    };
    match ground.recorded.keys.iter().find(|commit| !verified(commit)) {
        Some(commit) => Err(VerifyError::Refused(words::key_unproven(*commit))),
        None => Ok(()),
    }
}

/// What the log records, and nothing of what was pushed since. No object is read for it, so nothing of it is proven but
/// that the log says it: for ends alone.
pub(super) fn recorded(ground: &Ground<'_>) -> Chain {
    let landing = |one: &RecordedLanding| Landing {
        base: one.base,
        commit: one.commit,
        verdict: one.verdict,
        head: one.head,
        approvals: one.approvals.clone(),
        authors: one.authors.clone(),
        digest: None,
        statements: one.statements.clone(),
        pull: one.pull.clone(),
        refusals: Vec::new(),
        notes: Vec::new(),
        recorded: true,
        kept: true,
    };
    let landings: Vec<Landing> = ground.recorded.landings.iter().map(landing).collect();
    let last = landings.last().map_or(ground.recorded.genesis, |landing| landing.commit);
    Chain { tip: last, landings, last, removals: ground.recorded.removals.clone(), unjudged: Vec::new() }
}

/// What people say against heads that have not landed, and that the log doesn't hold yet: really signed, by people whom
/// the last verified landing knows. Sorted.
///
/// # Errors
///
/// Where the last verified tree or the history can't be read.
pub(super) fn unrecorded_objections(ground: &Ground<'_>, chain: &Chain) -> Result<Vec<Signed>, VerifyError> {
    let trusted = ground.revision(chain.last)?;
    let landings = chain.verified_commits();
    let since = |head| ground.keys_since(&landings, chain.last, head);
    let registered = Registered { registry: &trusted.access, at: ground.now, since: &since };
    let asked = Venue { anchor: ground.anchor(), branch: ground.branch, tip: chain.tip };
    let known: BTreeSet<&Signed> = ground.recorded.said.iter().collect();
    let mut found: BTreeMap<PersonId, Vec<Signed>> = BTreeMap::new();
    for (head, signed) in ground.source.objections(&asked, &registered)? {
        // what isn't here can't land, and what has landed is decided
        if known.contains(&signed)
            || ground.repository.commit(head).is_err()
            || ground.repository.is_ancestor(head, chain.last)?
        {
            continue;
        }
        let own = found.entry(signed.person.clone()).or_default();
        if own.len() < SAID_AT_ONCE {
            own.push(signed);
        }
    }
    Ok(found.into_values().flatten().collect())
}

/// What a person said last of a head, by the keys of the last verified landing.
///
/// # Errors
///
/// Where the last verified tree can't be read.
pub(super) fn last_word(
    ground: &Ground<'_>,
    chain: &Chain,
    head: Oid,
    person: &PersonId,
) -> Result<Option<Opinion>, VerifyError> {
    let trusted = ground.revision(chain.last)?;
    let landings = chain.verified_commits();
    let since = |head| ground.keys_since(&landings, chain.last, head);
    let registered = Registered { registry: &trusted.access, at: ground.now, since: &since };
    let asked = Venue { anchor: ground.anchor(), branch: ground.branch, tip: chain.tip };
    Ok(ground.source.last_word(&asked, head, person, &registered)?)
}

fn discontinuous(last: Oid, recorded: &RecordedLanding) -> Refusal {
    let (base, commit) = (recorded.base.short(), recorded.commit.short());
    Refusal::new(
        &codes::LOG_DISCONTINUOUS,
        format!("the log has a landing from {base} to {commit} after the one that ends at {}", last.short()),
        "run `dualkey audit verify`, and compare the log with a checkpoint that you kept",
    )
}

//! Who could do what at an instant, and by which approval, from the log alone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Log;
use super::record::{Approval, At, Change, Landing, Mode, Record, Span};
use super::recorded::landings;
use crate::access::{Conditions, Kinds};

/// What is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who<'a> {
    Person(&'a str),
    /// A kind and the target's own name of the resource.
    Resource(&'a str, &'a str),
}

impl<'a> Who<'a> {
    /// `KIND:RESOURCE`, or the id of a person, which holds no colon.
    pub fn parse(text: &'a str) -> Self {
        text.split_once(':').map_or(Who::Person(text), |(kind, resource)| Who::Resource(kind, resource))
    }

    fn names(self, change: &Change) -> bool {
        match self {
            Who::Person(person) => change.person == person,
            Who::Resource(kind, resource) => change.kind == kind && change.resource == resource,
        }
    }
}

/// What somebody held at an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    pub person: String,
    pub target: String,
    pub kind: String,
    pub resource: String,
    pub permission: String,
    pub principal: String,
    pub conditions: Conditions,
    pub from: Option<Timestamp>,
    /// Exclusive, as it was declared then.
    pub until: Option<Timestamp>,
    pub grants: Vec<String>,
    /// The last landing that changed it.
    pub landing: String,
    pub approvals: Vec<Approval>,
}

/// Everybody and every `KIND:RESOURCE` that the log speaks of.
pub fn spoken_of(log: &Log) -> BTreeSet<String> {
    landings(log)
        .flat_map(|landing| &landing.changes)
        .flat_map(|change| [change.person.clone(), format!("{}:{}", change.kind, change.resource)])
        .collect()
}

/// Landings that were recorded by an instant, oldest first, each with whether its gains could have been given by then:
/// a run of ends records what landed too, and gives nothing.
fn landed(log: &Log, at: Timestamp) -> Vec<(&Landing, bool)> {
    let mut given = false;
    let mut landed = Vec::new();
    for record in log.records().rev() {
        match record {
            // it may have given everything before it died, so its intent counts
            Record::Intent(intent) => given |= intent.mode == Mode::Full && intent.at.0 <= at,
            Record::Landing(landing) if landing.at.0 <= at => landed.push((landing, given)),
            Record::Genesis(_)
            | Record::Landing(_)
            | Record::Result(_)
            | Record::Refusal(_)
            | Record::Drift(_)
            | Record::KeyChange(_)
            | Record::Statements(_)
            | Record::Said(_) => {}
        }
    }
    landed.reverse();
    landed
}

/// Replays the landings that were applied by `at`; what was declared for that instant is what could be done. Of a kind
/// that holds one value, the highest. Sorted.
pub fn access_at(log: &Log, kinds: Kinds, who: Who<'_>, at: Timestamp) -> Vec<Held> {
    type Key<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str, &'a str, &'a Conditions);
    let mut held: BTreeMap<Key<'_>, Held> = BTreeMap::new();
    for (landing, given) in landed(log, at) {
        for change in landing.changes.iter().filter(|change| who.names(change)) {
            let key: Key<'_> = (
                &change.person,
                &change.target,
                &change.kind,
                &change.resource,
                &change.permission,
                &change.principal,
                &change.conditions,
            );
            let Some((from, until)) = change.after.iter().find(|span| contains(span, at)) else {
                held.remove(&key);
                continue;
            };
            if !given && !change.before.iter().any(|span| contains(span, at)) {
                continue;
            }
            let one = Held {
                person: change.person.clone(),
                target: change.target.clone(),
                kind: change.kind.clone(),
                resource: change.resource.clone(),
                permission: change.permission.clone(),
                principal: change.principal.clone(),
                conditions: change.conditions.clone(),
                from: from.map(|at| at.0),
                until: until.map(|at| at.0),
                grants: change.grants.clone(),
                landing: landing.commit.clone(),
                approvals: landing.approvals.clone(),
            };
            held.insert(key, one);
        }
    }
    highest(held.into_values().collect(), kinds)
}

/// Leaves out what a higher value of the same thing covers. A kind that this program doesn't have holds all of them.
fn highest(held: Vec<Held>, kinds: Kinds) -> Vec<Held> {
    let thing = |one: &Held| (one.target.clone(), one.kind.clone(), one.resource.clone(), one.principal.clone());
    let rank = |one: &Held| kinds.get(&one.kind).filter(|kind| kind.holds_one()).map(|kind| kind.rank(&one.permission));
    let mut best: BTreeMap<_, usize> = BTreeMap::new();
    for one in &held {
        if let Some(rank) = rank(one) {
            let best = best.entry(thing(one)).or_default();
            *best = rank.max(*best);
        }
    }
    held.into_iter().filter(|one| rank(one).is_none_or(|rank| best.get(&thing(one)) == Some(&rank))).collect()
}

fn contains((from, until): &Span, at: Timestamp) -> bool {
    from.is_none_or(|At(from)| from <= at) && until.is_none_or(|At(until)| at < until)
}

//! Who could do what at an instant, and by which approval, from the log alone.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use jiff::Timestamp;

use super::error::LogError;
use super::reader::Reader;
use super::record::{Approval, At, Change, Landing, Mode, Record, Span};
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

    fn names(self, change: &Change, ids: &BTreeSet<String>) -> bool {
        match self {
            Who::Person(_) => ids.contains(&change.person),
            Who::Resource(kind, resource) => change.kind == kind && change.resource == resource,
        }
    }
}

/// Every id that a person had. A landing that takes an account from one id and gives the same to another renames a person: no
/// two people share an account.
///
/// # Errors
///
/// Where the log can't be read.
pub fn ids_of(reader: &Reader<'_>, person: &str) -> Result<BTreeSet<String>, LogError> {
    type Sides = [BTreeSet<String>; 2];
    fn close(accounts: &mut BTreeMap<(String, String), Sides>, pairs: &mut BTreeSet<[String; 2]>) {
        for [lost, gained] in std::mem::take(accounts).into_values() {
            let new = gained.difference(&lost).next().cloned();
            pairs.extend(lost.difference(&gained).next().cloned().zip(new).map(|(old, new)| [old, new]));
        }
    }
    let mut pairs: BTreeSet<[String; 2]> = BTreeSet::new();
    let mut accounts: BTreeMap<(String, String), Sides> = BTreeMap::new();
    reader.each(None, |_, entry| {
        if let Record::Landing(_) = entry.record() {
            close(&mut accounts, &mut pairs);
        }
        for change in changes(entry.record()).unwrap_or_default() {
            let [lost, gained] = accounts.entry((change.target.clone(), change.principal.clone())).or_default();
            if change.after.is_empty() {
                lost.insert(change.person.clone());
            }
            if change.before.is_empty() {
                gained.insert(change.person.clone());
            }
        }
        Ok::<(), LogError>(())
    })?;
    close(&mut accounts, &mut pairs);
    let mut ids = BTreeSet::from([person.to_owned()]);
    loop {
        let known = ids.len();
        for [old, new] in &pairs {
            if ids.contains(old) || ids.contains(new) {
                ids.extend([old.clone(), new.clone()]);
            }
        }
        if ids.len() == known {
            return Ok(ids);
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
///
/// # Errors
///
/// Where the log can't be read.
pub fn spoken_of(reader: &Reader<'_>) -> Result<BTreeSet<String>, LogError> {
    let mut names = BTreeSet::new();
    reader.each(None, |_, entry| {
        for change in changes(entry.record()).unwrap_or_default() {
            names.insert(change.person.clone());
            names.insert(format!("{}:{}", change.kind, change.resource));
        }
        Ok::<(), LogError>(())
    })?;
    Ok(names)
}

/// What an entry says that a landing changes; None where it is about something else.
pub(super) fn changes(record: &Record) -> Option<&[Change]> {
    match record {
        Record::Landing(landing) => Some(&landing.changes),
        Record::Changes(more) => Some(&more.changes),
        Record::Genesis(_)
        | Record::Intent(_)
        | Record::Result(_)
        | Record::Refusal(_)
        | Record::Drift(_)
        | Record::KeyChange(_)
        | Record::Statements(_)
        | Record::Said(_) => None,
    }
}

/// Who held what, as far as the log was read.
struct Replay {
    at: Timestamp,
    held: BTreeMap<Key, Held>,
    /// Changes that no run could have given yet: a run of ends records what landed too, and gives nothing.
    waiting: Vec<(Change, Rc<Landing>)>,
}

type Key = (String, String, String, String, String, String, Conditions);

impl Replay {
    fn change(&mut self, change: Change, landing: &Landing, given: bool) {
        let key = (
            change.person.clone(),
            change.target.clone(),
            change.kind.clone(),
            change.resource.clone(),
            change.permission.clone(),
            change.principal.clone(),
            change.conditions.clone(),
        );
        let at = self.at;
        let Some((from, until)) = change.after.iter().find(|span| contains(span, at)) else {
            self.held.remove(&key);
            return;
        };
        if !given && !change.before.iter().any(|span| contains(span, at)) {
            return;
        }
        let one = Held {
            from: from.map(|at| at.0),
            until: until.map(|at| at.0),
            person: change.person,
            target: change.target,
            kind: change.kind,
            resource: change.resource,
            permission: change.permission,
            principal: change.principal,
            conditions: change.conditions,
            grants: change.grants,
            landing: landing.commit.clone(),
            approvals: landing.approvals.clone(),
        };
        self.held.insert(key, one);
    }

    fn give(&mut self, given: bool) {
        for (change, landing) in std::mem::take(&mut self.waiting) {
            self.change(change, &landing, given);
        }
    }
}

/// Replays the landings that were applied by `at`; what was declared for that instant is what could be done. Of a kind
/// that holds one value, the highest. Sorted.
///
/// # Errors
///
/// Where the log can't be read.
pub fn access_at(reader: &Reader<'_>, kinds: Kinds, who: Who<'_>, at: Timestamp) -> Result<Vec<Held>, LogError> {
    let mut replay = Replay { at, held: BTreeMap::new(), waiting: Vec::new() };
    let mut landing: Option<Rc<Landing>> = None;
    let ids = match who {
        Who::Person(person) => ids_of(reader, person)?,
        Who::Resource(..) => BTreeSet::new(),
    };
    reader.each(None, |_, entry| {
        match entry.record() {
            Record::Landing(one) => landing = Some(Rc::new(Landing { changes: Vec::new(), ..one.clone() })),
            // it may have given everything before it died, so its intent counts
            Record::Intent(intent) if intent.mode == Mode::Full && intent.at.0 <= at => replay.give(true),
            Record::Intent(_)
            | Record::Changes(_)
            | Record::Genesis(_)
            | Record::Result(_)
            | Record::Refusal(_)
            | Record::Drift(_)
            | Record::KeyChange(_)
            | Record::Statements(_)
            | Record::Said(_) => {}
        }
        if let (Some(changes), Some(landing)) = (changes(entry.record()), landing.as_ref())
            && landing.at.0 <= at
        {
            let named = changes.iter().filter(|change| who.names(change, &ids));
            replay.waiting.extend(named.map(|change| (change.clone(), Rc::clone(landing))));
        }
        Ok::<(), LogError>(())
    })?;
    replay.give(false);
    Ok(highest(replay.held.into_values().collect(), kinds))
}

/// Leaves out what a higher value of the same thing covers. A kind that this program doesn't have holds all of them.
fn highest(held: Vec<Held>, kinds: Kinds) -> Vec<Held> {
    let thing = |one: &Held| (one.target.clone(), one.kind.clone(), one.resource.clone(), one.principal.clone());
    let height =
        |one: &Held| kinds.get(&one.kind).filter(|kind| kind.holds_one()).map(|kind| kind.height(&one.permission));
    let mut best: BTreeMap<_, (usize, bool)> = BTreeMap::new();
    for one in &held {
        if let Some(height) = height(one) {
            let best = best.entry(thing(one)).or_default();
            *best = height.max(*best);
        }
    }
    held.into_iter().filter(|one| height(one).is_none_or(|height| best.get(&thing(one)) == Some(&height))).collect()
}

fn contains((from, until): &Span, at: Timestamp) -> bool {
    from.is_none_or(|At(from)| from <= at) && until.is_none_or(|At(until)| at < until)
}

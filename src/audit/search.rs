//! Which entries of a log speak of a person, a resource, a grant, a landing or an operation.

use jiff::Timestamp;
use memchr::memmem::Finder;
use serde::Deserialize;

use super::record::{At, Change, Operation, Record, Verb};

/// What is looked for. An entry is found where one thing that it says fits everything asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// The id of a person: who gains or loses, who approved, who made the change, who vouched.
    pub person: Option<String>,
    /// A kind and the target's own name of the resource.
    pub resource: Option<(String, String)>,
    /// The id of a grant.
    pub grant: Option<String>,
    /// The id of a commit, or how it begins.
    pub landing: Option<String>,
    pub verb: Option<Verb>,
    /// Entries written at or after this instant.
    pub since: Option<Timestamp>,
    /// Entries written before this instant.
    pub until: Option<Timestamp>,
}

/// One thing that an entry says and that fits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fits<'a> {
    Operation(&'a Operation),
    Change(&'a Change),
}

/// What fits in an entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<'a> {
    pub record: &'a Record,
    /// Operations and changes that fit; empty where the query doesn't ask for what these say.
    pub things: Vec<Fits<'a>>,
}

impl Query {
    /// What of a record fits; None where nothing does.
    pub fn find<'a>(&self, record: &'a Record) -> Option<Found<'a>> {
        let at = record.at();
        let in_time = self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until);
        if !in_time || !self.landing.as_ref().is_none_or(|wanted| commits(record).any(|id| id.starts_with(wanted))) {
            return None;
        }
        let things: Vec<Fits<'a>> = things(record).filter(|thing| self.fits(*thing)).collect();
        let of_things = self.resource.is_some() || self.grant.is_some() || self.verb.is_some();
        let found = match &self.person {
            _ if of_things => !things.is_empty(),
            Some(person) => !things.is_empty() || people(record).any(|one| one == person),
            None => true,
        };
        let shown = if of_things || self.person.is_some() { things } else { Vec::new() };
        found.then_some(Found { record, things: shown })
    }

    fn fits(&self, thing: Fits<'_>) -> bool {
        let (person, kind, resource) = match thing {
            Fits::Operation(one) => (one.person.as_deref(), &one.kind, &one.resource),
            Fits::Change(one) => (Some(one.person.as_str()), &one.kind, &one.resource),
        };
        let granted = |grant: &String| match thing {
            Fits::Operation(one) => one.because.names(grant),
            Fits::Change(one) => one.grants.contains(grant),
        };
        let verb = |wanted: &Verb| match thing {
            Fits::Operation(one) => one.verb == *wanted,
            Fits::Change(_) => false,
        };
        self.person.as_deref().is_none_or(|wanted| person == Some(wanted))
            && self.resource.as_ref().is_none_or(|wanted| (&wanted.0, &wanted.1) == (kind, resource))
            && self.grant.as_ref().is_none_or(granted)
            && self.verb.as_ref().is_none_or(verb)
    }
}

/// The commits that an entry is about.
fn commits(record: &Record) -> impl Iterator<Item = &String> {
    let (ids, waiting): (Vec<&String>, _) = match record {
        Record::Genesis(one) => (vec![&one.genesis], None),
        Record::Landing(one) => (std::iter::once(&one.commit).chain(&one.head).collect(), None),
        Record::Changes(one) => (vec![&one.landing], None),
        Record::Intent(one) => (vec![&one.commit], None),
        Record::Result(one) => (vec![&one.commit], Some(&one.waiting)),
        Record::Refusal(one) => (vec![&one.landing], None),
        Record::KeyChange(one) => (vec![&one.commit], None),
        Record::Statements(one) => (one.landings.iter().map(|landing| &landing.commit).collect(), None),
        Record::Drift(_) | Record::Said(_) => (Vec::new(), None),
    };
    ids.into_iter().chain(waiting.into_iter().flatten().map(|one| &one.landing))
}

/// The people whom an entry names beside those who gain or lose.
fn people(record: &Record) -> impl Iterator<Item = &str> {
    let named: Vec<&str> = match record {
        Record::Genesis(one) => one.statements.iter().map(|statement| statement.person.as_str()).collect(),
        Record::Landing(one) => {
            let approved = one.approvals.iter().map(|approval| approval.person.as_str());
            approved.chain(one.authors.iter().map(String::as_str)).collect()
        }
        Record::Said(one) => one.statements.iter().map(|statement| statement.person.as_str()).collect(),
        Record::Changes(_)
        | Record::Intent(_)
        | Record::Result(_)
        | Record::Refusal(_)
        | Record::Drift(_)
        | Record::KeyChange(_)
        | Record::Statements(_) => Vec::new(),
    };
    named.into_iter()
}

fn things(record: &Record) -> impl Iterator<Item = Fits<'_>> {
    let (changes, operations): (&[Change], Vec<&Operation>) = match record {
        Record::Landing(one) => (&one.changes, Vec::new()),
        Record::Changes(one) => (&one.changes, Vec::new()),
        Record::Intent(one) => (&[], one.operations.iter().collect()),
        Record::Result(one) => {
            let failed = one.failed.iter().map(|failed| &failed.operation);
            (&[], one.done.iter().chain(failed).chain(&one.not_started).collect())
        }
        Record::Drift(one) => (&[], one.operations.iter().collect()),
        Record::Genesis(_) | Record::Refusal(_) | Record::KeyChange(_) | Record::Statements(_) | Record::Said(_) => {
            (&[], Vec::new())
        }
    };
    changes.iter().map(Fits::Change).chain(operations.into_iter().map(Fits::Operation))
}

/// What the bytes of an entry hold where a query finds something in it. It errs only by letting too much through: whatever
/// JSON says can be spelt in one way, but for the escapes that [`Hint::SPELLINGS`] are in.
#[derive(Clone, Debug)]
pub(super) struct Hint {
    all: Vec<Finder<'static>>,
    /// What lets an entry through, whatever else it holds.
    always: Vec<Finder<'static>>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

/// When an entry was written, without the rest of it.
#[derive(Deserialize)]
struct When {
    at: At,
}

impl Hint {
    /// Escapes for what could be written as itself.
    const SPELLINGS: [&str; 2] = ["\\u", "\\/"];

    /// For entries that a query finds something in.
    pub(super) fn of(query: &Query) -> Self {
        let without_end = |text: String| text.strip_suffix('"').map(str::to_owned).unwrap_or(text);
        let begins = |text: &str| without_end(quoted(text));
        let within = |text: &str| begins(text).split_off('"'.len_utf8());
        let verb = query.verb.map(|verb| match verb {
            Verb::Grant => "grant",
            Verb::Revoke => "revoke",
            Verb::Change => "change",
        });
        let (kind, resource) =
            query.resource.as_ref().map(|(kind, resource)| (kind.as_str(), resource.as_str())).unzip();
        let whole = [query.person.as_deref(), kind, resource, verb].into_iter().flatten().map(quoted);
        let all = whole.chain(query.landing.as_deref().map(begins)).chain(query.grant.as_deref().map(within));
        Hint {
            all: finders(all),
            // what stands in for a long record, or tells operations by where they are, holds nothing of it
            always: finders(
                Self::SPELLINGS.map(str::to_owned).into_iter().chain([quoted("large"), "_of\":[[".to_owned()]),
            ),
            since: query.since,
            until: query.until,
        }
    }

    pub(super) fn may_find(&self, leaf: &[u8]) -> bool {
        let holds = |finder: &Finder<'_>| finder.find(leaf).is_some();
        let says = self.all.iter().all(holds) && self.in_time(leaf);
        says || self.always.iter().any(holds)
    }

    fn in_time(&self, leaf: &[u8]) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        // what can't be read is for the one who reads it whole
        let Ok(When { at: At(at) }) = serde_json::from_slice(leaf) else { return true };
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until)
    }
}

/// A text as JSON spells it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn finders(texts: impl Iterator<Item = String>) -> Vec<Finder<'static>> {
    texts.map(|text| Finder::new(text.as_bytes()).into_owned()).collect()
}

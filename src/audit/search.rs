//! Which entries of a log speak of a person, a resource, a grant, a landing or an operation.

use jiff::Timestamp;

use super::record::{Change, Operation, Record, Verb};

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
            Fits::Operation(one) => one.because.split([' ', ',', '`']).any(|word| word == grant),
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
        Record::Intent(one) => (vec![&one.commit], None),
        Record::Result(one) => (vec![&one.commit], Some(&one.waiting)),
        Record::Refusal(one) => (vec![&one.landing], None),
        Record::KeyChange(one) => (vec![&one.commit], None),
        Record::Drift(_) => (Vec::new(), None),
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
        Record::Intent(_) | Record::Result(_) | Record::Refusal(_) | Record::Drift(_) | Record::KeyChange(_) => {
            Vec::new()
        }
    };
    named.into_iter()
}

fn things(record: &Record) -> impl Iterator<Item = Fits<'_>> {
    let (changes, operations): (&[Change], Vec<&Operation>) = match record {
        Record::Landing(one) => (&one.changes, Vec::new()),
        Record::Intent(one) => (&[], one.operations.iter().collect()),
        Record::Result(one) => {
            let failed = one.failed.iter().map(|failed| &failed.operation);
            (&[], one.done.iter().chain(failed).chain(&one.not_started).collect())
        }
        Record::Drift(one) => (&[], one.operations.iter().collect()),
        Record::Genesis(_) | Record::Refusal(_) | Record::KeyChange(_) => (&[], Vec::new()),
    };
    changes.iter().map(Fits::Change).chain(operations.into_iter().map(Fits::Operation))
}

//! What a target is asked about.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Resource;
use crate::access::Kind;

/// Whom something was given to on a resource or ever is, by account.
pub type Expected = BTreeMap<String, Expectation>;

/// What is known of somebody on a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    /// The permission that is wanted now; None where none is.
    pub wanted: Option<String>,
    /// When something was given to them last and not taken back, as the log says.
    pub given: Option<Timestamp>,
}

/// The resources of one target whose holders are to be listed.
///
/// It may say what is expected there. That changes nothing of what is told, but for what a target can't tell apart by
/// itself, and where looking costs a request a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    resources: BTreeSet<Resource>,
    /// None where nobody knows what is expected.
    expected: Option<BTreeMap<Resource, Expected>>,
    /// How people's files call their accounts, by what identifies them.
    accounts: BTreeMap<String, String>,
    /// The number that a resource is meant by, whatever its name means now.
    numbers: BTreeMap<Resource, u64>,
    /// Other numbers under which something may have been given on a resource.
    others: BTreeMap<Resource, BTreeSet<u64>>,
    /// True where it matters who signs in with a second factor.
    factors: bool,
}

impl Scope {
    pub fn insert(&mut self, kind: &'static Kind, resource: impl Into<String>) {
        self.resources.insert(Resource { kind, name: resource.into() });
    }

    pub fn contains(&self, kind: &'static Kind, resource: &str) -> bool {
        // the set is keyed by owned text; a look-up takes one copy of a short name
        self.resources.contains(&Resource { kind, name: resource.to_owned() })
    }

    /// Takes out what another scope holds.
    pub fn remove(&mut self, other: &Scope) {
        self.resources.retain(|resource| !other.resources.contains(resource));
    }

    /// Sorted by the kind's name, then by the resource's.
    pub fn iter(&self) -> impl Iterator<Item = &Resource> {
        self.resources.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    /// Says of each resource who is expected there. Of one that isn't named nobody is.
    pub fn expect(&mut self, expected: BTreeMap<Resource, Expected>, accounts: BTreeMap<String, String>) {
        self.expected = Some(expected);
        self.accounts = accounts;
    }

    /// Who is expected, by resource; None where nobody knows.
    pub fn expected(&self) -> Option<&BTreeMap<Resource, Expected>> {
        self.expected.as_ref()
    }

    /// Says by which number a resource is meant: that one is read, whatever the name means now.
    pub fn identify(&mut self, resource: Resource, number: u64) {
        self.numbers.insert(resource, number);
    }

    /// Says under which other numbers something may have been given on a resource: what is held there is told beside.
    pub fn also(&mut self, resource: Resource, numbers: BTreeSet<u64>) {
        self.others.insert(resource, numbers);
    }

    /// Other numbers under which something may have been given on a resource.
    pub fn others(&self, resource: &Resource) -> impl Iterator<Item = u64> {
        self.others.get(resource).into_iter().flatten().copied()
    }

    /// The number that a resource is meant by, where it is known.
    pub fn number(&self, resource: &Resource) -> Option<u64> {
        self.numbers.get(resource).copied()
    }

    /// Says that it matters who signs in with a second factor.
    pub fn ask_factors(&mut self) {
        self.factors = true;
    }

    /// True where it matters who signs in with a second factor.
    pub fn asks_factors(&self) -> bool {
        self.factors
    }

    /// How people's files call their accounts, by what identifies them.
    pub fn accounts(&self) -> &BTreeMap<String, String> {
        &self.accounts
    }
}

impl FromIterator<Resource> for Scope {
    fn from_iter<T: IntoIterator<Item = Resource>>(resources: T) -> Self {
        Scope { resources: resources.into_iter().collect(), ..Scope::default() }
    }
}

impl<R: Into<String>> FromIterator<(&'static Kind, R)> for Scope {
    fn from_iter<T: IntoIterator<Item = (&'static Kind, R)>>(resources: T) -> Self {
        resources.into_iter().map(|(kind, name)| Resource { kind, name: name.into() }).collect()
    }
}

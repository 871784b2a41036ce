//! Keys that go from one person to another.

use std::collections::BTreeSet;
use std::sync::Arc;

use ssh_key::public::KeyData;

use super::replaced::marks;
use crate::access::reading::Step;
use crate::access::{Access, Person};
use crate::finding::{Code, Finding, Rule, Severity};

/// A key of somebody else, of today or of any verified landing.
pub const KEY_REUSED: Rule = Rule {
    code: Code {
        id: "key-reused",
        title: "a key was another person's",
        why: "Whoever held a key may hold it still. What was signed with it would become another person's word, so that one \
              human could write a change as the one and approve it as the other.",
        example: "# people/hana.yaml gets the key that stood in people/priya.yaml until last week",
        instead: "Make a new key for the person: `ssh-keygen -t ed25519`. A key is one person's for ever.",
    },
    severity: Severity::Error,
    dated: false,
};

/// The keys that the change gives to somebody.
pub(super) fn brought(base: &Access, head: &Access) -> BTreeSet<KeyData> {
    new_keys(base, head).map(|(_, _, key)| key.clone()).collect()
}

/// A finding for each key that the head gives to somebody and that another person has at the base, or had as `earlier` says.
pub(super) fn find(base: &Access, head: &Access, earlier: &[Arc<Person>]) -> Vec<Finding> {
    let found = new_keys(base, head).filter_map(|(person, index, key)| {
        let other = |other: &&Person| has(other, key) && !is_renamed(other, person, head);
        let other = base.people.values().chain(earlier.iter().map(AsRef::as_ref)).find(other)?;
        Some(Finding::new(
            &KEY_REUSED,
            person.place(&[Step::Key("keys"), Step::Index(index)]),
            format!("`{}` gets a key that is or was `{}`'s", person.id, other.id),
            "make a new key for the person: `ssh-keygen -t ed25519`",
        ))
    });
    found.collect()
}

/// Every key that the head gives to somebody who doesn't have it at the base, with its place in the file.
fn new_keys<'a>(base: &'a Access, head: &'a Access) -> impl Iterator<Item = (&'a Person, usize, &'a KeyData)> {
    head.people.values().flat_map(move |person| {
        let held = base.people.get(&person.id).map_or(&[][..], |before| &before.keys);
        let keys = person.keys.iter().enumerate().filter_map(|(index, key)| Some((index, key.public.as_ref()?)));
        let new = keys.filter(move |(_, key)| !held.iter().any(|held| held.public.as_ref() == Some(*key)));
        new.map(move |(index, key)| (person, index, key))
    })
}

/// True where one person goes and comes back by another name: with an account or an address that no two people share.
fn is_renamed(before: &Person, after: &Person, head: &Access) -> bool {
    before.id == after.id || !head.people.contains_key(&before.id) && !marks(before).is_disjoint(&marks(after))
}

fn has(person: &Person, key: &KeyData) -> bool {
    person.keys.iter().any(|held| held.public.as_ref() == Some(key))
}

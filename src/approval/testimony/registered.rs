//! By whose keys words and commits are told apart, and when.

use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;

use jiff::Timestamp;
use ssh_key::public::KeyData;

use crate::access::{Access, PersonId};
use crate::repository::{Oid, RepositoryError};

/// Keys, each with whose it is or was.
pub type Holders = BTreeSet<(PersonId, KeyData)>;

/// Who holds which key, as the verified landings say.
///
/// INVARIANT: who says yes does it by a key of the last verified landing. A no counts as well by a key that stood at any
/// verified landing since what it speaks against was begun: it doesn't go with the key, as keys are changed. Who makes a
/// new head after that is not held up by a key that was taken out because it was stolen.
#[derive(Clone, Copy)]
pub struct Registered<'r> {
    /// The registry of the last verified landing.
    pub registry: &'r Access,
    /// The instant of judging.
    pub at: Timestamp,
    /// Everybody's keys at the verified landings since a head was begun.
    pub since: &'r dyn Fn(Oid) -> Result<Rc<Holders>, RepositoryError>,
}

impl fmt::Debug for Registered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registered").field("at", &self.at).finish_non_exhaustive()
    }
}

impl Registered<'_> {
    /// True where the key is the person's at the last verified landing.
    pub(super) fn holds(&self, person: &PersonId, key: &KeyData) -> bool {
        let person = self.registry.people.get(person);
        person.is_some_and(|person| person.keys.iter().any(|held| held.public.as_ref() == Some(key)))
    }

    /// True where it is, or was the person's since a head was begun.
    pub(super) fn held(&self, person: &PersonId, key: &KeyData, head: Oid) -> Result<bool, RepositoryError> {
        Ok(self.holds(person, key) || (self.since)(head)?.contains(&(person.clone(), key.clone())))
    }

    /// True where the person is here at the instant of judging.
    pub(super) fn is_here(&self, person: &PersonId) -> bool {
        let bounds = self.registry.people.get(person).and_then(|person| self.registry.bounds(person));
        bounds.is_some_and(|bounds| bounds.contains(self.at))
    }
}

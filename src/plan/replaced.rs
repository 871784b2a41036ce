//! People whose keys are replaced by leaving and coming back: in one landing their file or its keys go, in a later one
//! others come.

use std::collections::{BTreeMap, BTreeSet};

use ssh_key::public::KeyData;

use crate::access::{Access, EvidenceSource, PersonId};

/// By what a person proves to be the one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Proofs {
    keys: Vec<KeyData>,
    /// The number of the forge account, where a forge is asked.
    account: Option<u64>,
}

impl Proofs {
    fn of(access: &Access, person: &PersonId) -> Self {
        let Some(person) = access.people.get(person) else { return Proofs::default() };
        let forge = access.config.evidence == EvidenceSource::Github;
        Proofs {
            keys: person.keys.iter().filter_map(|key| key.public.clone()).collect(),
            account: person.accounts.github.as_ref().filter(|_| forge).map(|account| account.id),
        }
    }

    fn is_none(&self) -> bool {
        *self == Proofs::default()
    }

    /// True where something proves the person that didn't before. What is missing proves nothing.
    fn adds_to(&self, before: &Proofs) -> bool {
        self.keys.iter().any(|key| !before.keys.contains(key))
            || self.account.is_some() && self.account != before.account
    }
}

/// How people proved to be who they are in the newest tree in which they could, of whom the tree knows nothing that a
/// change starts from.
#[derive(Clone, Debug, Default)]
pub struct Returning {
    found: BTreeMap<PersonId, Proofs>,
    /// People whom no tree that was looked at knew by anything.
    open: BTreeSet<PersonId>,
}

impl Returning {
    /// Everybody whom the change gives something to prove themselves by, and who had nothing where it starts.
    pub fn wanted(base: &Access, head: &Access) -> Self {
        let none = |access: &Access, id: &PersonId| Proofs::of(access, id).is_none();
        let open = head.people.keys().filter(|id| none(base, id) && !none(head, id)).cloned();
        Returning { found: BTreeMap::new(), open: open.collect() }
    }

    pub fn is_some(&self) -> bool {
        !self.found.is_empty()
    }

    pub fn is_done(&self) -> bool {
        self.open.is_empty()
    }

    /// True where the file may be of somebody who is looked for.
    pub fn wants(&self, path: &str) -> bool {
        let stem = path.rsplit('/').next().and_then(|name| name.strip_suffix(".yaml"));
        path.starts_with("people/") && stem.is_some_and(|stem| self.open.contains(stem))
    }

    /// Looks in an older tree. The newest is asked first.
    pub fn look(&mut self, tree: &Access) {
        let known =
            self.open.iter().map(|id| (id.clone(), Proofs::of(tree, id))).filter(|(_, proofs)| !proofs.is_none());
        let known: Vec<(PersonId, Proofs)> = known.collect();
        for (id, proofs) in known {
            self.open.remove(&id);
            self.found.insert(id, proofs);
        }
    }

    /// Those of them who come back with something else than they had last. Sorted.
    pub fn replaced(&self, head: &Access) -> BTreeSet<PersonId> {
        let differs = |(id, before): &(&PersonId, &Proofs)| Proofs::of(head, id).adds_to(before);
        self.found.iter().filter(differs).map(|(id, _)| id.clone()).collect()
    }
}

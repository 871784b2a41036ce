//! People whose keys are replaced by leaving and coming back: in one landing their file or its keys go, in a later one
//! others come. They may come back by another name, and at once: then their accounts and e-mails tell who they are.

use std::collections::{BTreeMap, BTreeSet};

use ssh_key::public::KeyData;

use crate::access::{Access, Config, EvidenceSource, Person, PersonId};
use crate::finding::{Code, Finding, Rule, Severity};

/// The id of somebody who was renamed, for somebody else.
pub const ID_REUSED: Rule = Rule {
    code: Code {
        id: "id-reused",
        title: "an id was another person's, who has another one now",
        why: "The log names people by their ids for ever. Whoever asks a year later who could do what would take two people for \
              one.",
        example: "# people/mal.yaml became people/mallory.yaml last week; today people/mal.yaml is somebody else",
        instead: "Take an id that nobody had.",
    },
    severity: Severity::Error,
    dated: false,
};

/// By what a person proves to be the one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Proofs {
    keys: Vec<KeyData>,
    /// The number of the forge account, where a forge is asked.
    account: Option<u64>,
}

impl Proofs {
    fn of(access: &Access, person: &PersonId) -> Self {
        let person = access.people.get(person);
        person.map(|person| Proofs::by(person, &access.config)).unwrap_or_default()
    }

    fn by(person: &Person, settings: &Config) -> Self {
        let forge = settings.evidence == EvidenceSource::Github;
        Proofs {
            keys: person.keys.iter().filter_map(|key| key.public.clone()).collect(),
            account: person.accounts.forge().filter(|_| forge).map(|account| account.id),
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

/// Everything that tells a person from others beside the name: accounts and e-mails, as no two people share them.
pub(super) fn marks(person: &Person) -> BTreeSet<String> {
    let accounts = person.accounts.iter().map(|(target, account)| format!("{target} {}", account.folded()));
    let emails = person.emails.iter().map(|email| format!("e-mail {}", email.to_lowercase()));
    accounts.chain(emails).collect()
}

/// How people proved to be who they are in the newest tree in which they could, of whom the tree knows nothing that a
/// change starts from.
#[derive(Clone, Debug, Default)]
pub struct Returning {
    found: BTreeMap<PersonId, Proofs>,
    /// People whom no tree that was looked at knew by anything.
    open: BTreeSet<PersonId>,
    /// Accounts and e-mails that somebody takes over, each with who does; those that nobody was found to have had before.
    marks: BTreeMap<String, PersonId>,
    /// People who take over accounts or e-mails of others, with those, and what they proved themselves by.
    renamed: Vec<(PersonId, PersonId, Proofs)>,
    /// People of the tree that the change starts from.
    here: BTreeSet<PersonId>,
}

impl Returning {
    /// Everybody whom the change gives something to prove themselves by, and who had nothing where it starts; and everybody
    /// who can prove themselves and takes over what was another's.
    pub fn wanted(base: &Access, head: &Access) -> Self {
        let none = |access: &Access, id: &PersonId| Proofs::of(access, id).is_none();
        let mut returning = Returning::default();
        for (id, person) in head.people.iter().filter(|(id, _)| !none(head, id)) {
            if none(base, id) {
                returning.open.insert(id.clone());
            }
            // who had nothing to prove themselves by may be anybody
            let known = base.people.get(id).filter(|_| !none(base, id));
            if known.is_some_and(|known| known.accounts == person.accounts && known.emails == person.emails) {
                continue;
            }
            let known = known.map(marks).unwrap_or_default();
            let new = marks(person).into_iter().filter(|mark| !known.contains(mark));
            returning.marks.extend(new.map(|mark| (mark, id.clone())));
        }
        if !returning.marks.is_empty() {
            for person in base.people.values() {
                returning.recognise(person, &base.config);
            }
            returning.here = base.people.keys().cloned().collect();
        }
        returning
    }

    /// True where accounts or e-mails are taken over, and nobody was found yet who had them.
    pub(super) fn looks_for_leavers(&self) -> bool {
        !self.marks.is_empty()
    }

    /// Takes somebody who left, as a tree knew them last. The newest is asked first.
    pub(super) fn left(&mut self, person: &Person, settings: &Config) {
        if !self.here.contains(&person.id) {
            self.recognise(person, settings);
        }
    }

    fn recognise(&mut self, person: &Person, settings: &Config) {
        let proofs = Proofs::by(person, settings);
        if proofs.is_none() {
            return;
        }
        for mark in marks(person) {
            if let Some(now) = self.marks.get(&mark).filter(|now| **now != person.id) {
                self.renamed.push((now.clone(), person.id.clone(), proofs.clone()));
                self.marks.remove(&mark);
            }
        }
    }

    /// Those who take over accounts or e-mails of somebody else who had other keys: each with that one. Sorted.
    pub fn taken_over(&self, head: &Access) -> BTreeSet<(PersonId, PersonId)> {
        let differs = |(now, _, before): &&(PersonId, PersonId, Proofs)| Proofs::of(head, now).adds_to(before);
        self.renamed.iter().filter(differs).map(|(now, before, _)| (now.clone(), before.clone())).collect()
    }

    pub fn is_some(&self) -> bool {
        !self.found.is_empty() || !self.renamed.is_empty()
    }

    pub fn is_done(&self) -> bool {
        self.open.is_empty() && self.marks.is_empty()
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

    /// Names that come back for somebody else, while who had them goes by another name. Sorted.
    pub(super) fn ids_reused(&self, head: &Access) -> Vec<Finding> {
        let reused = self.found.iter().filter_map(|(id, before)| {
            let person = head.people.get(id)?;
            let has = |other: &&Person| {
                other.id != *id
                    && other.keys.iter().any(|key| key.public.as_ref().is_some_and(|key| before.keys.contains(key)))
            };
            let other = head.people.values().find(has)?;
            let message = format!("`{id}` was the name of `{}`, who goes by another one now", other.id);
            let help = "take an id that nobody had: the log tells by it who could do what";
            Some(Finding::new(&ID_REUSED, person.place(&[]), message, help))
        });
        reused.collect()
    }

    /// Those of them who come back with something else than they had last. Sorted.
    pub fn replaced(&self, head: &Access) -> BTreeSet<PersonId> {
        let differs = |(id, before): &(&PersonId, &Proofs)| Proofs::of(head, id).adds_to(before);
        self.found.iter().filter(differs).map(|(id, _)| id.clone()).collect()
    }
}

//! Testimony from git alone: signed commits, and statements under `refs/dualkey/`.

use std::collections::{BTreeMap, BTreeSet};

use ssh_key::public::KeyData;

use super::data::Testimony;
use super::hearing::Heard;
use super::makers::{self, ProvenBy, Signer, changed_since};
use super::names::{Anchor, Branch};
use super::opinion::{Opinion, Says};
use super::registered::Registered;
use super::source::{Question, RecordedWords, Source, Venue};
use super::statement::{self, Signed};
use super::statements::Signatures;
use crate::access::reading::{Claim, FileKind};
use crate::access::{Access, PersonId};
use crate::approval::landing::Trees;
use crate::repository::{Commit, Oid, RepositoryError};

impl Signatures<'_> {
    /// The keys that prove themselves, each with whose it says to be.
    fn proven_keys(&self, anchor: Anchor<'_>, asked: Oid) -> BTreeMap<(PersonId, KeyData), Signed> {
        let genesis = anchor.genesis();
        let proof =
            |signed: &Signed| Some(((signed.person.clone(), statement::proven_key(signed, genesis)?), signed.clone()));
        self.own_keys(asked).iter().filter_map(proof).collect()
    }

    /// True where a commit that a person signed is that person's word about their own file: it makes the whole of what
    /// lands of it and nothing but that, for the first time, and the person took it back on no head that holds it. Where
    /// the file stands is no matter, since anybody may move it.
    ///
    /// INVARIANT: a signature on anything else says nothing about the signer's keys. A merge is no such commit, since it
    /// brings what others wrote. Nor is one that moves the file or takes it away, since that gives nobody a key.
    fn makes_own(
        &self,
        person: &PersonId,
        commit: &Commit,
        registered: &Registered<'_>,
        question: &Question<'_>,
        trees: &Trees,
    ) -> Result<bool, RepositoryError> {
        let [parent] = commit.parents[..] else { return Ok(false) };
        let lands = [&trees.base, &trees.landed]
            .map(|tree| only(tree.iter().filter(|(path, _)| is_of(path, person)).map(|(_, entry)| *entry)));
        let [Some(before), Some(after)] = lands else { return Ok(false) };
        let Some(changes) = self.repository.light_changes(parent, commit.oid)? else { return Ok(false) };
        let made = [0, 1].map(|side| {
            let own = changes.iter().filter(|(path, _)| is_of(path, person));
            only(own.filter_map(|(_, sides)| *sides.get(side)?))
        });
        if before.oid == after.oid || made != [Some(before), Some(after)] {
            return Ok(false);
        }
        if changed_since(self.repository, commit.oid, question.onto)?.iter().any(|path| is_of(path, person)) {
            return Ok(false);
        }
        for head in self.words(question.head).keys().copied() {
            let last = self.last_said(&Venue::of(question), (question.head, head), person, registered)?;
            if last.is_some_and(|last| last.says != Says::Approve)
                && self.repository.commit(head).is_ok()
                && self.repository.is_ancestor(commit.oid, head)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Source for Signatures<'_> {
    fn testimony(
        &self,
        registered: &Registered<'_>,
        question: &Question<'_>,
        trees: &Trees,
    ) -> Result<Testimony, RepositoryError> {
        let Question { base, onto, head, .. } = *question;
        let merge_base = match self.repository.merge_bases(base, head)?.as_slice() {
            [one] => *one,
            // refused for that; the trees don't matter then
            _ => base,
        };
        let (mut commits, mut made_own) = (Vec::new(), BTreeSet::new());
        for (made, commit) in makers::of_commits(self.repository, registered, onto, head)? {
            if let (Signer::Person(person), Some(commit)) = (&made.signer, &commit)
                && self.makes_own(person, commit, registered, question, trees)?
            {
                made_own.insert(person.clone());
            }
            commits.push(made);
        }
        let made = makers::made_by(&commits, ProvenBy::Signatures);
        let Heard { opinions, statements, superseded, ignored } = self.opinions(registered, question, merge_base)?;
        Ok(Testimony {
            opinions,
            statements,
            superseded,
            ignored,
            made_own,
            proven_keys: self.proven_keys(question.anchor, head),
            stale: self.stale(base, head)?,
            ..made
        })
    }

    fn brought(&self, _: Oid) -> Option<(Oid, Option<Oid>)> {
        None
    }

    fn heads(&self) -> Vec<Oid> {
        self.found.keys().copied().collect()
    }

    fn is_spoken_of(&self, head: Oid) -> bool {
        self.words(head).contains_key(&head) || self.broken.contains_key(&head)
    }

    fn claimed_bases(&self, head: Oid) -> BTreeSet<Oid> {
        self.words(head).get(&head).into_iter().flatten().filter_map(statement::claimed_base).collect()
    }

    fn stale(&self, base: Oid, head: Oid) -> Result<Vec<(PersonId, Oid)>, RepositoryError> {
        let mut stale = Vec::new();
        for oid in self.repository.commits_between(base, head)? {
            let found = self.found.get(&oid).filter(|_| oid != head).into_iter().flatten();
            stale.extend(found.filter(|found| found.says == Says::Approve).map(|found| (found.person.clone(), oid)));
        }
        stale.sort();
        Ok(stale)
    }

    fn objections(
        &self,
        asked: &Venue<'_>,
        registered: &Registered<'_>,
    ) -> Result<BTreeSet<(Oid, Signed)>, RepositoryError> {
        let (mut objections, approvers, nothing) = (BTreeSet::new(), self.approvers(), BTreeSet::new());
        for found in self.found.values().flatten() {
            let approved = approvers.get(&found.person).unwrap_or(&nothing);
            if self.is_against(found, approved, asked, registered)? {
                objections.insert((found.head, found.signed.clone()));
            }
        }
        Ok(objections)
    }

    fn is_approved(&self, anchor: Anchor<'_>, branch: Branch<'_>, head: Oid, registry: &Access) -> bool {
        let mut approvals =
            self.words(head).get(&head).into_iter().flatten().filter(|found| found.says == Says::Approve);
        approvals.any(|found| statement::genuine(found, anchor, branch, registry).is_some())
    }

    fn last_word(
        &self,
        asked: &Venue<'_>,
        head: Oid,
        person: &PersonId,
        registered: &Registered<'_>,
    ) -> Result<Option<Opinion>, RepositoryError> {
        self.last_said(asked, (head, head), person, registered)
    }

    fn hear(&mut self, statements: &[Signed]) {
        self.take(statements);
    }

    fn of_record<'s>(&'s self, record: &RecordedWords<'_>) -> Box<dyn Source + 's> {
        Box::new(self.with_record(record))
    }
}

/// True for a file of this person, in whatever folder.
fn is_of(path: &str, person: &PersonId) -> bool {
    matches!(FileKind::of_path(path), Claim::File(FileKind::Person, id) if id == person.as_str())
}

/// The only one; none where there are more.
fn only<T>(mut of: impl Iterator<Item = T>) -> Option<T> {
    of.next().filter(|_| of.next().is_none())
}

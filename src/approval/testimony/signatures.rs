//! Testimony from git alone: signed commits, and statements under `refs/dualkey/`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

use jiff::Timestamp;
use ssh_key::public::KeyData;

use super::data::Testimony;
use super::forge;
use super::hearing::Heard;
use super::makers::{self, ProvenBy, Signer, changed_since};
use super::opinion::{Opinion, Says};
use super::registered::Registered;
use super::source::{Branch, Question, RecordedWords, Source};
use super::statement::{self, APPROVALS, Found, KEYS, REQUESTS, SIGNATURE_FILE, STATEMENT_FILE, Signed, WITHDRAWALS};
use crate::access::reading::{Claim, FileKind};
use crate::access::{Access, EvidenceSource, PersonId};
use crate::approval::codes;
use crate::approval::landing::Trees;
use crate::finding::Refusal;
use crate::repository::{Commit, Oid, Repository, RepositoryError, StateRefs};

/// Reads testimony from a repository. What it has read of a commit it keeps, since commits never change.
#[derive(Debug)]
pub struct Signatures<'a> {
    pub(super) repository: &'a Repository,
    pub(super) found: Rc<BTreeMap<Oid, Vec<Found>>>,
    /// Refs that hold no readable statement.
    pub(super) broken: Rc<BTreeMap<Oid, Vec<Refusal>>>,
    /// Proofs of keys.
    keys: Rc<Vec<Signed>>,
    known: Rc<Known>,
    /// What the log keeps of one head.
    record: Option<Record>,
}

/// What was read once, since commits never change.
#[derive(Debug, Default)]
struct Known {
    /// For a tip, the heads that have not landed there; it is asked for each landing, and doesn't change meanwhile.
    open: RefCell<Option<(Oid, Rc<BTreeSet<Oid>>)>>,
    /// By a base and a head, the commits that lead from the one to the other.
    between: RefCell<BTreeMap<[Oid; 2], Rc<HashSet<Oid>>>>,
}

/// What a landing in the log was judged by.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) head: Oid,
    found: BTreeMap<Oid, Vec<Found>>,
    keys: Vec<Signed>,
    pub(super) at: Timestamp,
}

/// Where each kind of statement about heads is kept.
pub(in crate::approval) const PREFIXES: [(&str, Says); 3] =
    [(APPROVALS, Says::Approve), (WITHDRAWALS, Says::Withdraw), (REQUESTS, Says::RequestChanges)];

/// The head that a ref's name speaks of, and by whom.
pub(in crate::approval) fn spoken(name: &str, prefix: &str) -> Option<(Oid, PersonId)> {
    let (head, person) = name.strip_prefix(prefix)?.split_once('/')?;
    Some((head.parse().ok()?, PersonId::parse(person).ok()?))
}

/// Parents, and the statement, of a commit that holds one.
pub(in crate::approval) fn read(
    repository: &Repository,
    commit: Oid,
    person: &PersonId,
) -> Result<(Vec<Oid>, Signed), String> {
    let parents = repository.commit(commit).map_err(|error| error.to_string())?.parents;
    let mut files = repository.read_small_files(commit).map_err(|error| error.to_string())?;
    let mut file = |name: &str| files.remove(name).ok_or_else(|| format!("it holds no {name}"));
    let (statement, signature) = (file(STATEMENT_FILE)?, file(SIGNATURE_FILE)?);
    let signed = Signed::new(person.clone(), statement, signature);
    Ok((parents, signed.ok_or("statement or signature is too long, or no text")?))
}

impl<'a> Signatures<'a> {
    /// Reads all statements. One that can't be read is remembered as such; it can't stop the others.
    ///
    /// # Errors
    ///
    /// Where refs can't be listed.
    pub fn open(repository: &'a Repository, refs: &StateRefs<'_>) -> Result<Self, RepositoryError> {
        let (mut told, mut unreadable) = (BTreeMap::<Oid, Vec<Found>>::new(), BTreeMap::<Oid, Vec<Refusal>>::new());
        for (prefix, says) in PREFIXES {
            for (name, commit) in refs.list(prefix)? {
                let Some((head, person)) = spoken(&name, prefix) else { continue };
                match read(repository, commit, &person) {
                    Ok((parents, signed)) => {
                        let found = Found { head, person, says, parents, signed };
                        told.entry(head).or_default().push(found);
                    }
                    Err(why) => {
                        let refusal = Refusal::new(
                            &codes::STATEMENT_INVALID,
                            format!("the statement of `{person}` on {} can't be read: {why}", head.short()),
                            "ignore it, or have that person run `dualkey approve` again",
                        );
                        unreadable.entry(head).or_default().push(refusal);
                    }
                }
            }
        }
        let mut keys = Vec::new();
        for (name, commit) in refs.list(KEYS)? {
            let person = name.strip_prefix(KEYS).and_then(|rest| rest.split_once('/')).map(|(person, _)| person);
            let Some(Ok(person)) = person.map(PersonId::parse) else { continue };
            // what can't be read proves nothing, which shows where the key is looked for
            if let Ok((_, signed)) = read(repository, commit, &person) {
                keys.push(signed);
            }
        }
        let (found, broken, keys) = (Rc::new(told), Rc::new(unreadable), Rc::new(keys));
        Ok(Signatures { repository, found, broken, keys, known: Rc::default(), record: None })
    }

    /// What is said, where a head is asked about.
    pub(super) fn words(&self, asked: Oid) -> &BTreeMap<Oid, Vec<Found>> {
        self.record_of(asked).map_or(&*self.found, |record| &record.found)
    }

    /// What the log keeps of a head. INVARIANT: what was said later of what is in the log changes no verdict on it.
    pub(super) fn record_of(&self, asked: Oid) -> Option<&Record> {
        self.record.as_ref().filter(|record| record.head == asked)
    }

    /// The keys that prove themselves, each with whose it says to be.
    fn proven_keys(&self, anchor: &str, asked: Oid) -> BTreeMap<(PersonId, KeyData), Signed> {
        let keys = self.record_of(asked).map_or(&*self.keys, |record| &record.keys);
        let genesis = anchor.split(':').next().unwrap_or_default();
        let proof =
            |signed: &Signed| Some(((signed.person.clone(), statement::proven_key(signed, genesis)?), signed.clone()));
        keys.iter().filter_map(proof).collect()
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
        let changes = self.repository.managed_changes(parent, commit.oid)?;
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
            let last = self.last_said(&Branch::of(question), (question.head, head), person, registered)?;
            if last.is_some_and(|last| last.says != Says::Approve)
                && self.repository.commit(head).is_ok()
                && self.repository.is_ancestor(commit.oid, head)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The commits that lead from a base to a head. None where one of them isn't here.
    pub(super) fn between(&self, base: Oid, head: Oid) -> Result<Rc<HashSet<Oid>>, RepositoryError> {
        if let Some(known) = self.known.between.borrow().get(&[base, head]) {
            return Ok(Rc::clone(known));
        }
        let here = self.repository.commit(base).is_ok() && self.repository.commit(head).is_ok();
        let found = if here { self.repository.commits_between(base, head)? } else { Vec::new() };
        let found: Rc<HashSet<Oid>> = Rc::new(found.into_iter().collect());
        self.known.between.borrow_mut().insert([base, head], Rc::clone(&found));
        Ok(found)
    }

    pub(super) fn open_heads(&self, tip: Oid) -> Result<Rc<BTreeSet<Oid>>, RepositoryError> {
        let mut open = self.known.open.borrow_mut();
        if let Some((_, heads)) = open.as_ref().filter(|(of, _)| *of == tip) {
            return Ok(Rc::clone(heads));
        }
        // a head that isn't in this repository stands on nothing here
        let known = self.heads().into_iter().filter(|head| self.repository.commit(*head).is_ok());
        let heads = Rc::new(self.repository.beside(tip, known)?.into_keys().collect());
        *open = Some((tip, Rc::clone(&heads)));
        Ok(heads)
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
        let asks_forge = registered.registry.config.evidence == EvidenceSource::Github;
        let refusals = asks_forge.then(|| forge::no_pull_request(question.landed, head)).into_iter();
        let Heard { opinions, statements, superseded, ignored } = self.opinions(registered, question, merge_base)?;
        Ok(Testimony {
            opinions,
            statements,
            superseded,
            ignored,
            made_own,
            proven_keys: self.proven_keys(question.anchor, head),
            stale: self.stale(base, head)?,
            refusals: refusals.chain(made.refusals).collect(),
            ..made
        })
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
        asked: &Branch<'_>,
        registered: &Registered<'_>,
    ) -> Result<BTreeSet<(Oid, Signed)>, RepositoryError> {
        let mut objections = BTreeSet::new();
        for found in self.found.values().flatten() {
            if self.is_against(found, asked, registered)? {
                objections.insert((found.head, found.signed.clone()));
            }
        }
        Ok(objections)
    }

    fn is_approved(&self, anchor: &str, branch: &str, head: Oid, registry: &Access) -> bool {
        let mut approvals =
            self.words(head).get(&head).into_iter().flatten().filter(|found| found.says == Says::Approve);
        approvals.any(|found| statement::genuine(found, anchor, branch, registry).is_some())
    }

    fn last_word(
        &self,
        asked: &Branch<'_>,
        head: Oid,
        person: &PersonId,
        registered: &Registered<'_>,
    ) -> Result<Option<Opinion>, RepositoryError> {
        self.last_said(asked, (head, head), person, registered)
    }

    fn hear(&mut self, statements: &[Signed]) {
        hear(Rc::make_mut(&mut self.found), statements);
    }

    fn of_record<'s>(&'s self, record: &RecordedWords<'_>) -> Box<dyn Source + 's> {
        let RecordedWords { head, statements, said, at } = *record;
        let mut found = BTreeMap::new();
        hear(&mut found, statements);
        hear(&mut found, said);
        Box::new(Signatures {
            repository: self.repository,
            found: Rc::clone(&self.found),
            broken: Rc::clone(&self.broken),
            keys: Rc::clone(&self.keys),
            known: Rc::clone(&self.known),
            record: Some(Record { head, found, keys: statements.to_vec(), at }),
        })
    }
}

/// Takes statements about heads to those that are known, each once.
fn hear(known: &mut BTreeMap<Oid, Vec<Found>>, statements: &[Signed]) {
    for found in statements.iter().filter_map(Found::recorded) {
        let of_head = known.entry(found.head).or_default();
        if !of_head.contains(&found) {
            of_head.push(found);
        }
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

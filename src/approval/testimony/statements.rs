//! Everything that is signed under `refs/dualkey/`, as it was found. It is asked for here, and judged elsewhere.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

use jiff::Timestamp;

use super::opinion::Says;
use super::source::RecordedWords;
use super::statement::{APPROVALS, Found, KEYS, REQUESTS, SIGNATURE_FILE, STATEMENT_FILE, Signed, WITHDRAWALS};
use crate::access::PersonId;
use crate::approval::codes;
use crate::finding::Refusal;
use crate::repository::{Oid, Repository, RepositoryError, StateRefs};

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
    /// No statement but those that records carry.
    pub fn of_records(repository: &'a Repository) -> Self {
        Signatures {
            repository,
            found: Rc::default(),
            broken: Rc::default(),
            keys: Rc::default(),
            known: Rc::default(),
            record: None,
        }
    }

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
        let known = self.found.keys().copied().filter(|head| self.repository.commit(*head).is_ok());
        let heads = Rc::new(self.repository.outside(tip, known)?);
        *open = Some((tip, Rc::clone(&heads)));
        Ok(heads)
    }

    /// The same, where a head is asked about of which the log keeps what was said.
    pub(super) fn with_record(&self, record: &RecordedWords<'_>) -> Self {
        let RecordedWords { head, statements, said, at, .. } = *record;
        let mut found = BTreeMap::new();
        hear(&mut found, statements);
        hear(&mut found, said);
        Signatures {
            repository: self.repository,
            found: Rc::clone(&self.found),
            broken: Rc::clone(&self.broken),
            keys: Rc::clone(&self.keys),
            known: Rc::clone(&self.known),
            record: Some(Record { head, found, keys: statements.to_vec(), at }),
        }
    }

    /// Takes statements to those that are known, each once.
    pub(super) fn take(&mut self, statements: &[Signed]) {
        hear(Rc::make_mut(&mut self.found), statements);
    }

    /// The keys that say of themselves whose they are, where a head is asked about.
    pub(super) fn own_keys(&self, asked: Oid) -> &[Signed] {
        self.record_of(asked).map_or(&*self.keys, |record| &record.keys)
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

//! Testimony from git alone: signed commits, and statements under `refs/dualkey/`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

use ssh_key::public::KeyData;

use super::data::Testimony;
use super::forge;
use super::makers::{self, ProvenBy, Signer, changed_since};
use super::opinion::{Opinion, Says};
use super::source::{Question, Source};
use super::statement::{
    self, APPROVALS, Expected, Found, KEYS, REQUESTS, SIGNATURE_FILE, STATEMENT_FILE, Signed, WITHDRAWALS,
};
use crate::access::reading::{Claim, FileKind};
use crate::access::{Access, EvidenceSource, PersonId};
use crate::approval::codes;
use crate::approval::landing::Trees;
use crate::finding::Refusal;
use crate::repository::{Commit, Oid, Repository, RepositoryError, StateRefs};

/// Reads testimony from a repository. What it has read of a commit it keeps, since commits never change.
#[derive(Debug)]
pub struct Signatures<'a> {
    repository: &'a Repository,
    found: BTreeMap<Oid, Vec<Found>>,
    /// Refs that hold no readable statement.
    broken: BTreeMap<Oid, Vec<Refusal>>,
    /// Proofs of keys.
    keys: Vec<Signed>,
    /// For a tip, the heads that have not landed there; it is asked for each landing, and doesn't change meanwhile.
    open: RefCell<Option<(Oid, Rc<OpenHeads>)>>,
}

/// What people say of a head.
struct Heard {
    opinions: Vec<Opinion>,
    /// Each of them as it was signed.
    statements: Vec<Signed>,
    superseded: BTreeMap<PersonId, Oid>,
    ignored: Vec<Refusal>,
}

/// Heads that have not landed, each with the commits that lead to it from what has.
type OpenHeads = BTreeMap<Oid, HashSet<Oid>>;

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
        let mut source = Signatures {
            repository,
            found: BTreeMap::new(),
            broken: BTreeMap::new(),
            keys: Vec::new(),
            open: RefCell::default(),
        };
        for (prefix, says) in PREFIXES {
            for (name, commit) in refs.list(prefix)? {
                let Some((head, person)) = spoken(&name, prefix) else { continue };
                match read(repository, commit, &person) {
                    Ok((parents, signed)) => {
                        let found = Found { head, person, says, parents, signed };
                        source.found.entry(head).or_default().push(found);
                    }
                    Err(why) => {
                        let refusal = Refusal::new(
                            &codes::STATEMENT_INVALID,
                            format!("the statement of `{person}` on {} can't be read: {why}", head.short()),
                            "ignore it, or have that person run `dualkey approve` again",
                        );
                        source.broken.entry(head).or_default().push(refusal);
                    }
                }
            }
        }
        for (name, commit) in refs.list(KEYS)? {
            let person = name.strip_prefix(KEYS).and_then(|rest| rest.split_once('/')).map(|(person, _)| person);
            let Some(Ok(person)) = person.map(PersonId::parse) else { continue };
            // what can't be read proves nothing, which shows where the key is looked for
            if let Ok((_, signed)) = read(repository, commit, &person) {
                source.keys.push(signed);
            }
        }
        Ok(source)
    }

    /// The keys that prove themselves, each with whose it says to be.
    fn proven_keys(&self, anchor: &str) -> BTreeMap<(PersonId, KeyData), Signed> {
        let genesis = anchor.split(':').next().unwrap_or_default();
        let proof =
            |signed: &Signed| Some(((signed.person.clone(), statement::proven_key(signed, genesis)?), signed.clone()));
        self.keys.iter().filter_map(proof).collect()
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
        registry: &Access,
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
        for head in self.found.keys().copied() {
            let last = self.last_word(question.anchor, question.branch, head, person, registry);
            if last.is_some_and(|last| last.says != Says::Approve)
                && self.repository.commit(head).is_ok()
                && self.repository.is_ancestor(commit.oid, head)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The last opinion of each person on the head, and what was found but doesn't count as one.
    fn opinions(&self, registry: &Access, question: &Question<'_>, base: Oid) -> Result<Heard, RepositoryError> {
        let head = question.head;
        let expected = Expected {
            anchor: question.anchor,
            branch: question.branch,
            base,
            head,
            head_tree: self.repository.tree_of(head)?,
            reviewed: question.reviewed,
        };
        let mut opinions: BTreeMap<PersonId, (Opinion, &Found)> = BTreeMap::new();
        let mut before: BTreeMap<PersonId, Opinion> = BTreeMap::new();
        let mut heard = |opinion: Opinion, found| {
            let earlier = match opinions.get(&opinion.person) {
                Some((held, _)) if !opinion.replaces(held) => Some(opinion),
                Some(_) | None => opinions.insert(opinion.person.clone(), (opinion, found)).map(|(held, _)| held),
            };
            let Some(earlier) = earlier.filter(|earlier| earlier.says != Says::Withdraw) else { return };
            if before.get(&earlier.person).is_none_or(|known| earlier.replaces(known)) {
                before.insert(earlier.person.clone(), earlier);
            }
        };
        // INVARIANT: what nobody signed who may speak here stops nothing. It is ignored, and told.
        let mut ignored = self.broken.get(&head).cloned().unwrap_or_default();
        for found in self.found.get(&head).into_iter().flatten() {
            let checked = statement::check(found, &expected, registry);
            // what a person says against a head holds whatever it is compared with
            let opinion = match found.says {
                Says::Approve => None,
                Says::Withdraw | Says::RequestChanges => {
                    statement::genuine(found, question.anchor, question.branch, registry)
                }
            };
            match (opinion, checked) {
                (Some(opinion), _) | (None, Ok(opinion)) => heard(opinion, found),
                (None, Err(refusal)) => ignored.push(refusal),
            }
        }
        let below = self.repository.commits_between(question.base, head)?;
        for (opinion, found) in self.requests_below(registry, question, &below)? {
            heard(opinion, found);
        }
        for (person, (last, _)) in opinions.iter_mut().filter(|(_, (last, _))| last.says == Says::Withdraw) {
            last.took_back = before.get(person).map(|opinion| opinion.says);
        }
        let mut superseded = BTreeMap::new();
        for (opinion, _) in opinions.values().filter(|(opinion, _)| opinion.says == Says::Approve) {
            if let Some(newer) = self.newer(&opinion.person, registry, question)? {
                superseded.insert(opinion.person.clone(), newer);
            }
        }
        let (opinions, statements) =
            opinions.into_values().map(|(opinion, found)| (opinion, found.signed.clone())).unzip();
        Ok(Heard { opinions, statements, superseded, ignored })
    }

    /// Requests for changes of commits that the head stands on: adding a commit doesn't answer them. The same person's
    /// approval of something on top does.
    fn requests_below(
        &self,
        registry: &Access,
        question: &Question<'_>,
        below: &[Oid],
    ) -> Result<Vec<(Opinion, &Found)>, RepositoryError> {
        let genuine = |of: &Oid| {
            let found = self.found.get(of).into_iter().flatten();
            found.filter_map(|found| {
                Some((statement::genuine(found, question.anchor, question.branch, registry)?, found))
            })
        };
        let mut standing = Vec::new();
        for commit in below.iter().filter(|commit| **commit != question.head) {
            for (request, found) in genuine(commit).filter(|(opinion, _)| opinion.says == Says::RequestChanges) {
                // taken back, or answered where it was made
                let mut answered = genuine(commit).any(|(later, _)| {
                    later.person == request.person && later.says != Says::RequestChanges && later.replaces(&request)
                });
                for on_top in below.iter().filter(|on_top| *on_top != commit) {
                    let mut said = genuine(on_top);
                    answered |= said.any(|(one, _)| one.says == Says::Approve && one.person == request.person)
                        && self.repository.is_ancestor(*commit, *on_top)?;
                }
                if !answered {
                    standing.push((request, found));
                }
            }
        }
        Ok(standing)
    }

    /// A descendant of the head that the same person approved and that has not landed. Only what the person signed
    /// counts: nobody else can end an approval. Who says that they started from a landing that holds the head, or from
    /// the one in question, which as a squash doesn't hold its head, has approved something on top of it, and nothing
    /// instead of it. `approve` names as start only what it has verified.
    fn newer(
        &self,
        person: &PersonId,
        registry: &Access,
        question: &Question<'_>,
    ) -> Result<Option<Oid>, RepositoryError> {
        let head = question.head;
        let open = self.open_heads(question.tip)?;
        for (other, side) in open.iter().filter(|(other, _)| **other != head) {
            let approvals = self.found.get(other).into_iter().flatten();
            let mut own = approvals.filter(|found| &found.person == person && found.says == Says::Approve).peekable();
            if own.peek().is_none() {
                continue;
            }
            // of heads apart from the tip, the way to the other tells; only a head that landed has to be looked for
            let apart = open.contains_key(&head);
            let on_top = if apart { side.contains(&head) } else { self.repository.is_ancestor(head, *other)? };
            if !on_top {
                continue;
            }
            let genuine =
                |found: &&Found| statement::genuine(found, question.anchor, question.branch, registry).is_some();
            for found in own.filter(genuine) {
                let mut after_landing = false;
                for commit in std::iter::once(head).chain(question.landed) {
                    after_landing |= self.started_from(found, commit)?;
                }
                if !after_landing {
                    return Ok(Some(*other));
                }
            }
        }
        Ok(None)
    }

    /// True where the person says that what they approved starts from this commit, or from one that holds it.
    fn started_from(&self, found: &Found, commit: Oid) -> Result<bool, RepositoryError> {
        match statement::claimed_base(found) {
            Some(base) => Ok(self.repository.commit(base).is_ok() && self.repository.is_ancestor(commit, base)?),
            None => Ok(false),
        }
    }

    fn open_heads(&self, tip: Oid) -> Result<Rc<OpenHeads>, RepositoryError> {
        let mut open = self.open.borrow_mut();
        if let Some((_, heads)) = open.as_ref().filter(|(of, _)| *of == tip) {
            return Ok(Rc::clone(heads));
        }
        // a head that isn't in this repository stands on nothing here
        let known = self.heads().into_iter().filter(|head| self.repository.commit(*head).is_ok());
        let heads = Rc::new(self.repository.beside(tip, known)?);
        *open = Some((tip, Rc::clone(&heads)));
        Ok(heads)
    }
}

impl Source for Signatures<'_> {
    fn testimony(
        &self,
        registry: &Access,
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
        for (made, commit) in makers::of_commits(self.repository, registry, onto, head)? {
            if let (Signer::Person(person), Some(commit)) = (&made.signer, &commit)
                && self.makes_own(person, commit, registry, question, trees)?
            {
                made_own.insert(person.clone());
            }
            commits.push(made);
        }
        let made = makers::made_by(&commits, ProvenBy::Signatures);
        let asks_forge = registry.config.evidence == EvidenceSource::Github;
        let refusals = asks_forge.then(|| forge::no_pull_request(question.landed, head)).into_iter();
        let Heard { opinions, statements, superseded, ignored } = self.opinions(registry, question, merge_base)?;
        Ok(Testimony {
            opinions,
            statements,
            superseded,
            ignored,
            made_own,
            proven_keys: self.proven_keys(question.anchor),
            stale: self.stale(base, head)?,
            refusals: refusals.chain(made.refusals).collect(),
            ..made
        })
    }

    fn heads(&self) -> Vec<Oid> {
        self.found.keys().copied().collect()
    }

    fn is_spoken_of(&self, head: Oid) -> bool {
        self.found.contains_key(&head) || self.broken.contains_key(&head)
    }

    fn claimed_bases(&self, head: Oid) -> BTreeSet<Oid> {
        self.found.get(&head).into_iter().flatten().filter_map(statement::claimed_base).collect()
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

    fn objections(&self, anchor: &str, branch: &str, registry: &Access) -> BTreeSet<(Oid, Signed)> {
        let against = self.found.values().flatten().filter(|found| found.says != Says::Approve);
        let genuine = against.filter(|found| statement::genuine(found, anchor, branch, registry).is_some());
        genuine.map(|found| (found.head, found.signed.clone())).collect()
    }

    fn is_approved(&self, anchor: &str, branch: &str, head: Oid, registry: &Access) -> bool {
        let mut approvals = self.found.get(&head).into_iter().flatten().filter(|found| found.says == Says::Approve);
        approvals.any(|found| statement::genuine(found, anchor, branch, registry).is_some())
    }

    fn last_word(
        &self,
        anchor: &str,
        branch: &str,
        head: Oid,
        person: &PersonId,
        registry: &Access,
    ) -> Option<Opinion> {
        let own = self.found.get(&head).into_iter().flatten().filter(|found| found.person == *person);
        let mut genuine = own.filter_map(|found| statement::genuine(found, anchor, branch, registry));
        let first = genuine.next()?;
        Some(genuine.fold(first, |last, one| if one.replaces(&last) { one } else { last }))
    }

    fn hear(&mut self, statements: &[Signed]) {
        for found in statements.iter().filter_map(Found::recorded) {
            let of_head = self.found.entry(found.head).or_default();
            if !of_head.contains(&found) {
                of_head.push(found);
            }
        }
    }

    fn of_record<'s>(&'s self, statements: &[Signed], said: &[Signed], tip: Oid) -> Box<dyn Source + 's> {
        let mut source = Signatures {
            repository: self.repository,
            found: BTreeMap::new(),
            broken: BTreeMap::new(),
            keys: statements.to_vec(),
            // whatever was approved since is no matter of a landing that is in the log
            open: RefCell::new(Some((tip, Rc::default()))),
        };
        source.hear(statements);
        source.hear(said);
        Box::new(source)
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

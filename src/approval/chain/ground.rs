//! What every part of the walk asks, and what it has read once. It decides nothing.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;
use ssh_key::public::KeyData;

use super::error::{VerifyError, rewritten};
use super::heads::{self, ChangeHash, HeadIndex};
use super::landings::{Proof, Recorded, RecordedLanding};
use super::meaning::{Difference, Meaning};
use super::revisions::Revisions;
use crate::access::raw::PersonType;
use crate::access::reading::{self, Claim, FileKind, RawFile};
use crate::access::{Kinds, Person, PersonId, Revision};
use crate::approval::decision::{Answered, Candidate, Evidence, Proposed, Trusted};
use crate::approval::landing::{Reviewed, Trees};
use crate::approval::testimony::{Anchor, Branch, Holders, Question, Registered, Source, changed_since, changes_since};
use crate::lint::Halt;
use crate::plan::Held;
use crate::repository::{Entry, Managed, Oid, Repository, RepositoryError, Snapshot};

/// People as they were before their file went from where it was.
type Leavers = Rc<[Arc<Person>]>;

/// What two trees hold otherwise; none where one of them can't be read.
type Compared = Option<Rc<Difference>>;

/// What it takes to understand a landing, in steps: of which to compare two commits is one.
pub(super) const STEPS_OF_MEANING: u64 = 100;

/// A head, and the bases that are claimed of it.
type Claimed = (Oid, BTreeSet<Oid>);

/// The repository, what people said, what the log records, and the clock. Answers about a branch depend on nothing else.
#[derive(Debug)]
pub(super) struct Ground<'a> {
    pub repository: &'a Repository,
    pub source: Box<dyn Source + 'a>,
    pub recorded: &'a Recorded,
    /// The protected branch's short name, which approvals name.
    pub branch: Branch<'a>,
    pub now: Timestamp,
    revisions: Revisions<'a>,
    /// The tree that says who is still here, once it is known.
    newest: RefCell<Option<Rc<Revision>>>,
    /// Recorded landings that were decided again, by base and commit.
    proofs: RefCell<HashMap<(Oid, Oid), Rc<Proof>>>,
    /// By two landings, the paths that differ and tell who people are or who holds what.
    telling: RefCell<HashMap<[Oid; 2], Rc<[String]>>>,
    /// By two landings, the people whose file is gone from where it was.
    left: RefCell<HashMap<[Oid; 2], Leavers>>,
    heads: OnceCell<HeadIndex>,
    /// By a head and the bases that are claimed of it.
    hashes: RefCell<HashMap<Claimed, Rc<[ChangeHash]>>>,
    /// By the first and the last of some verified landings, everybody's keys at them.
    holders: RefCell<HashMap<[Oid; 2], Rc<Holders>>>,
    /// What landings mean, by base and commit.
    meanings: RefCell<HashMap<(Oid, Oid), Rc<Meaning>>>,
    /// By two commits.
    differences: RefCell<HashMap<(Oid, Oid), Compared>>,
    /// How often the trees of a possible landing were compared.
    #[cfg(test)]
    compared: std::cell::Cell<usize>,
}

impl<'a> Ground<'a> {
    pub fn new(
        repository: &'a Repository,
        mut source: Box<dyn Source + 'a>,
        recorded: &'a Recorded,
        branch: &'a str,
        kinds: Kinds,
        now: Timestamp,
    ) -> Self {
        source.hear(&recorded.said);
        // refs of what the log keeps may be gone
        recorded.landings.iter().for_each(|landing| source.hear(&landing.statements));
        let (revisions, newest, proofs) = (Revisions::new(repository, kinds), RefCell::default(), RefCell::default());
        let (telling, left) = (RefCell::default(), RefCell::default());
        Ground {
            repository,
            source,
            recorded,
            branch: Branch::new(branch),
            now,
            revisions,
            newest,
            proofs,
            telling,
            left,
            heads: OnceCell::new(),
            hashes: RefCell::default(),
            holders: RefCell::default(),
            meanings: RefCell::default(),
            differences: RefCell::default(),
            #[cfg(test)]
            compared: std::cell::Cell::default(),
        }
    }

    /// What statements name the log by.
    pub fn anchor(&self) -> Anchor<'_> {
        Anchor::new(&self.recorded.anchor)
    }

    /// The revision at a commit.
    pub fn revision(&self, commit: Oid) -> Result<Rc<Revision>, VerifyError> {
        self.revisions.of(commit)
    }

    pub fn load(&self, snapshot: &Snapshot, commit: Oid) -> Result<Revision, VerifyError> {
        self.revisions.load(snapshot, commit)
    }

    /// Says which tree tells who is still here; none where nobody knows yet.
    pub fn learn_newest(&self, newest: Option<Rc<Revision>>) {
        self.newest.replace(newest);
    }

    /// What a recorded landing turned out to be, where it was decided again already.
    pub fn known_proof(&self, landing: &RecordedLanding) -> Option<Rc<Proof>> {
        self.proofs.borrow().get(&(landing.base, landing.commit)).cloned()
    }

    pub fn learn_proof(&self, landing: &RecordedLanding, proof: &Rc<Proof>) {
        self.proofs.borrow_mut().insert((landing.base, landing.commit), Rc::clone(proof));
    }

    /// Every head that somebody approved, by what it does. It only says where to look.
    pub fn heads(&self) -> &HeadIndex {
        let newest = self.recorded.landings.last().map_or(self.recorded.genesis, |landing| landing.commit);
        self.heads.get_or_init(|| {
            let registry = self.revision(newest).ok();
            HeadIndex::of(self.repository, &*self.source, |head| {
                registry
                    .as_ref()
                    .is_some_and(|known| self.source.is_approved(self.anchor(), self.branch, head, &known.access))
            })
        })
    }

    /// What a head that was merged does, from where its approvers say that it started.
    pub fn hashes_of(&self, source: &dyn Source, head: Oid) -> Rc<[ChangeHash]> {
        // another source may tell of other bases
        let key = (head, source.claimed_bases(head));
        if let Some(known) = self.hashes.borrow().get(&key) {
            return Rc::clone(known);
        }
        let hashes: Rc<[ChangeHash]> = heads::hashes_of(self.repository, source, head).into();
        self.hashes.borrow_mut().insert(key, Rc::clone(&hashes));
        hashes
    }

    /// What a verified landing means.
    pub fn meaning(&self, base: Oid, commit: Oid) -> Result<Rc<Meaning>, VerifyError> {
        if let Some(known) = self.meanings.borrow().get(&(base, commit)) {
            return Ok(Rc::clone(known));
        }
        self.repository.spend(STEPS_OF_MEANING)?;
        let (trusted, proposed) = (Trusted::new(self.revision(base)?), Proposed::new(self.revision(commit)?));
        let candidate = Candidate::unlinted(&trusted, &proposed, self.now, &Held::default());
        let meaning = Rc::new(Meaning::of(candidate.plan()));
        self.meanings.borrow_mut().insert((base, commit), Rc::clone(&meaning));
        Ok(meaning)
    }

    /// What two trees hold otherwise; none where one of them can't be read.
    pub fn difference(&self, from: Oid, to: Oid) -> Result<Compared, VerifyError> {
        if let Some(known) = self.differences.borrow().get(&(from, to)) {
            return Ok(known.clone());
        }
        self.repository.spend(STEPS_OF_MEANING)?;
        let both = self.readable(from)?.zip(self.readable(to)?);
        let found = both.map(|(from, to)| Rc::new(Difference::between(&from, &to)));
        self.differences.borrow_mut().insert((from, to), found.clone());
        Ok(found)
    }

    /// The revision at a commit, where there is one that means something.
    pub fn readable(&self, commit: Oid) -> Result<Option<Rc<Revision>>, VerifyError> {
        match self.revision(commit) {
            Ok(revision) => Ok(Some(revision)),
            Err(VerifyError::Unreadable { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How often the trees of a possible landing were compared.
    #[cfg(test)]
    pub fn compared(&self) -> usize {
        self.compared.get()
    }

    /// Set where somebody asks the judging to stop. INVARIANT: what comes of it then is believed by nobody, since the
    /// repository says so where it is asked whether all was judged.
    pub fn halt(&self) -> Halt {
        Halt::by(self.repository.stop())
    }

    /// What the settings of any of the commits name as managed.
    pub fn managed(&self, commits: &[Oid]) -> Result<Managed, VerifyError> {
        commits.iter().try_fold(Managed::default(), |all, commit| Ok(all.and(&self.repository.managed_of(*commit)?)))
    }

    /// The revision at a commit with the files that `also` says are managed.
    pub fn revision_beside(&self, commit: Oid, also: &Managed) -> Result<Rc<Revision>, VerifyError> {
        self.revisions.beside(commit, also)
    }

    pub fn question<'q>(
        &'q self,
        base: Oid,
        landed: Option<Oid>,
        head: Oid,
        tip: Oid,
        reviewed: &'q Reviewed,
    ) -> Question<'q> {
        Question { anchor: self.anchor(), branch: self.branch, base, onto: base, landed, head, tip, reviewed }
    }

    /// Everything that the decision looks at: what a source says, and what git and the newest tree do. `landings` are the
    /// verified ones up to the base, oldest first, and `at` is when it is judged.
    pub fn evidence(
        &self,
        source: &dyn Source,
        trusted: &Trusted,
        question: &Question<'_>,
        trees: Trees,
        at: Timestamp,
        landings: &[Oid],
    ) -> Result<Evidence, VerifyError> {
        let Question { base, onto, head, .. } = *question;
        let since = |head| self.keys_since(landings, base, head);
        let registered = Registered { registry: &trusted.revision().access, at, since: &since };
        Ok(Evidence {
            base,
            head,
            merge_bases: self.repository.merge_bases(onto, head)?,
            touched: changed_since(self.repository, head, onto)?,
            answered: self.answered(head, onto)?,
            testimony: source.testimony(&registered, question, &trees)?,
            trees,
            gone: self.gone(trusted),
            ages: true,
        })
    }

    /// Everybody's keys at the verified landings since a head was begun, up to a base. Of what can't be read there are none.
    pub fn keys_since(&self, landings: &[Oid], base: Oid, head: Oid) -> Result<Rc<Holders>, RepositoryError> {
        let verified = self.up_to(landings, base);
        // what has no single start was begun at any time
        let begun = match self.repository.commit(head).is_ok() {
            true => self.repository.merge_bases(base, head)?,
            false => Vec::new(),
        };
        let mut first = 0;
        if let [begun] = begun[..] {
            for (place, landing) in verified.iter().enumerate().rev() {
                first = place;
                if self.repository.is_ancestor(*landing, begun)? {
                    break;
                }
            }
        }
        self.keys_at(verified.get(first..).unwrap_or_default())
    }

    /// Who had one of some keys at a verified landing, as they were then.
    pub fn holders_of(
        &self,
        wanted: &BTreeSet<KeyData>,
        landings: &[Oid],
        base: Oid,
    ) -> Result<Vec<Arc<Person>>, VerifyError> {
        let mut found: Vec<Arc<Person>> = Vec::new();
        self.each_registry(&self.up_to(landings, base), |revision| {
            let has = |person: &&Arc<Person>| {
                person.keys.iter().filter_map(|key| key.public.as_ref()).any(|key| wanted.contains(key))
            };
            found.extend(revision.access.people.values_shared().filter(has).cloned());
        })?;
        Ok(found)
    }

    fn up_to(&self, landings: &[Oid], base: Oid) -> Vec<Oid> {
        let genesis = self.recorded.genesis;
        let between = landings.iter().copied().filter(|one| *one != base && *one != genesis);
        let first = (genesis != base).then_some(genesis);
        first.into_iter().chain(between).chain([base]).collect()
    }

    /// Everybody's keys at some verified landings, oldest first.
    fn keys_at(&self, verified: &[Oid]) -> Result<Rc<Holders>, RepositoryError> {
        let [Some(first), Some(last)] = [verified.first(), verified.last()] else { return Ok(Rc::default()) };
        if let Some(holders) = self.holders.borrow().get(&[*first, *last]) {
            return Ok(Rc::clone(holders));
        }
        let mut holders = Holders::new();
        self.each_registry(verified, |revision| {
            for person in revision.access.people.values() {
                let keys = person.keys.iter().filter_map(|key| key.public.clone());
                holders.extend(keys.map(|key| (person.id.clone(), key)));
            }
        })?;
        let holders = Rc::new(holders);
        self.holders.borrow_mut().insert([*first, *last], Rc::clone(&holders));
        Ok(holders)
    }

    /// Looks at some verified landings, oldest first, where people differ from the one before. What can't be read is left out.
    fn each_registry(&self, verified: &[Oid], mut look: impl FnMut(&Revision)) -> Result<(), RepositoryError> {
        let mut before = None;
        for landing in verified {
            let people = |path: &String| path.starts_with("people/");
            let touched = match before.replace(*landing) {
                None => true,
                Some(before) => self.repository.managed_changes(before, *landing)?.keys().any(people),
            };
            if !touched {
                continue;
            }
            match self.revision(*landing) {
                Ok(revision) => look(&revision),
                Err(VerifyError::Unreadable { .. } | VerifyError::Refused(_)) => {}
                Err(VerifyError::Repository(error)) => return Err(error),
            }
        }
        Ok(())
    }

    /// Who answered for services in a tree between the head and what it lands on. So nobody approves what a machine wrote
    /// while they answered for it. What can't be read names nobody.
    fn answered(&self, head: Oid, onto: Oid) -> Result<BTreeSet<Answered>, VerifyError> {
        let changes = changes_since(self.repository, head, onto)?;
        let before = changes.iter().flat_map(|changes| changes.iter());
        let answered = |(path, [file, _]): (&String, &[Option<Entry>; 2])| {
            let Claim::File(FileKind::Person, id) = FileKind::of_path(path) else { return None };
            let bytes = self.repository.small_blob((*file)?.oid)?;
            let Some(RawFile::Person(person)) = reading::read(path.as_str(), bytes, 0).raw else { return None };
            let service = PersonId::parse(id).ok().filter(|_| matches!(person.person_type, PersonType::Service))?;
            let sponsor = PersonId::parse(person.sponsor.as_deref()?).ok()?;
            Some(Answered { service, sponsor, signs: person.keys.is_some_and(|keys| !keys.is_empty()) })
        };
        Ok(before.filter_map(answered).collect())
    }

    /// People who could speak at a landing and are not active any more by the newest tree that was approved: who leaves
    /// between the merge and the first apply no longer speaks. What nobody approved silences nobody.
    fn gone(&self, trusted: &Trusted) -> BTreeSet<PersonId> {
        let newest = self.newest.borrow();
        let left = |newest: &Rc<Revision>| {
            let judged = trusted.revision().access.people.keys();
            judged.filter(|id| !self.is_here(newest, id)).cloned().collect()
        };
        newest.as_ref().map(left).unwrap_or_default()
    }

    pub fn is_here(&self, revision: &Revision, id: &PersonId) -> bool {
        let person = revision.access.people.get(id);
        person.and_then(|person| revision.access.bounds(person)).is_some_and(|bounds| bounds.contains(self.now))
    }

    /// Keeps the digest of a change that somebody had to understand already.
    pub fn learn(&self, (base, landed): (Oid, Oid), candidate: &Candidate<'_>) -> Result<(), VerifyError> {
        self.revisions.learn_digest([base, landed], &candidate.plan().digest)
    }

    /// What the head's author wrote: from the merge base to the head. Where there is no such base, or one of them can't be
    /// read, nobody can have been shown it.
    pub fn reviewed(&self, base: Oid, head: Oid) -> Result<Reviewed, VerifyError> {
        let [merge_base] = self.repository.merge_bases(base, head)?[..] else { return Ok(Reviewed::Unreadable) };
        self.revisions.digest(merge_base, head)
    }

    /// The four trees of a landing, as far as they differ. Without a single merge base they don't matter.
    pub fn trees(&self, base: Oid, landed: Oid, head: Oid) -> Result<Trees, VerifyError> {
        #[cfg(test)]
        self.compared.set(self.compared.get() + 1);
        let repository = self.repository;
        let [merge_base] = repository.merge_bases(base, head)?[..] else { return Ok(Trees::default()) };
        let changes = |from, to| repository.managed_changes(from, to);
        Ok(Trees::of(&*changes(base, landed)?, &*changes(merge_base, head)?, &*changes(merge_base, base)?))
    }

    /// The landings that the log records before a commit and that somebody proves, oldest first.
    pub fn proven_before(&self, commit: Oid) -> Vec<Oid> {
        let proofs = self.proofs.borrow();
        let proven = |one: &&RecordedLanding| {
            proofs.get(&(one.base, one.commit)).is_some_and(|proof| !matches!(**proof, Proof::Unproven(_)))
        };
        let before = self.recorded.landings.iter().take_while(|one| one.commit != commit);
        before.filter(proven).map(|one| one.commit).collect()
    }

    /// Of what differs between two landings, the paths that say who people are and who holds what. They are asked for again
    /// with each change that brings somebody.
    pub fn telling_paths(&self, older: Oid, newer: Oid) -> Result<Rc<[String]>, VerifyError> {
        if let Some(known) = self.telling.borrow().get(&[older, newer]) {
            return Ok(Rc::clone(known));
        }
        let changed = self.repository.managed_changes(older, newer)?;
        let telling =
            |path: &&String| path.starts_with("people/") || path.starts_with("domains/") || *path == "dualkey.yaml";
        let found: Rc<[String]> = changed.keys().filter(telling).cloned().collect();
        self.telling.borrow_mut().insert([older, newer], Rc::clone(&found));
        Ok(found)
    }

    /// People whose file is gone from where it was, as they were last. They too are asked for again.
    pub fn left_between(&self, older: Oid, newer: Oid) -> Result<Leavers, VerifyError> {
        if let Some(known) = self.left.borrow().get(&[older, newer]) {
            return Ok(Rc::clone(known));
        }
        let mut found = Leavers::default();
        if self.telling_paths(older, newer)?.iter().any(|path| path.starts_with("people/")) {
            let changed = self.repository.managed_changes(older, newer)?;
            let gone = |path: &str| changed.get(path).is_some_and(|[_, after]| after.is_none());
            if changed.keys().any(|path| path.starts_with("people/") && gone(path)) {
                let revision = self.revision(older)?;
                let people = revision.access.people.values_shared().filter(|person| gone(&person.source.path));
                found = people.map(Arc::clone).collect();
            }
        }
        self.left.borrow_mut().insert([older, newer], Rc::clone(&found));
        Ok(found)
    }

    pub fn position(&self, commits: &[Oid], wanted: Oid) -> Result<usize, VerifyError> {
        commits.iter().position(|commit| *commit == wanted).ok_or_else(|| {
            let tip = commits.last().copied().unwrap_or(wanted);
            VerifyError::Refused(rewritten(wanted, tip, self.branch.as_str()))
        })
    }
}

//! Walks the protected branch from the last recorded landing to its tip, and decides every landing on the way.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use jiff::Timestamp;

use super::assessment::{Assessment, assess};
use super::decision::{Granted, decide};
use super::landing::{Entries, Trees, differing, merged};
use super::logged::Logged;
use super::proof::Proof;
use super::revisions::Revisions;
use super::signatures::{Question, Source};
use super::statement::Signed;
use super::walk::{Walk, reached};
use super::{Approved, Candidate, Opinion, Proposed, Removal, Trusted, codes, held, removals};
use crate::access::{Kinds, PersonId, Revision};
use crate::finding::Refusal;
use crate::lint::Halt;
use crate::plan::Held;
use crate::repository::{Managed, Oid, Repository, RepositoryError, Snapshot};

/// What the log says of the past; its verdicts are final.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub genesis: Oid,
    /// `<genesis>:<log key id>`.
    pub anchor: String,
    /// Who vouches for the genesis; empty where only the anchor is known.
    pub vouched_by: Vec<String>,
    /// In order.
    pub landings: Vec<RecordedLanding>,
    /// Removals that were applied while they stood behind a refused landing.
    pub removals: Vec<Removal>,
    /// What people said against heads, oldest first.
    pub said: Vec<Signed>,
    /// The landings that the log's later keys come from.
    pub keys: Vec<Oid>,
}

/// A landing that was applied once.
#[derive(Clone, Debug)]
pub struct RecordedLanding {
    pub base: Oid,
    pub commit: Oid,
    /// The head that was approved, where one was.
    pub head: Option<Oid>,
    pub verdict: Verdict,
    pub approvals: Vec<Given>,
    pub authors: Vec<String>,
    /// What people signed that the verdict rests on.
    pub statements: Vec<Signed>,
    /// How much of [`Recorded::said`] the log held before it.
    pub said: usize,
    /// When it was judged.
    pub at: Timestamp,
}

/// An approval that counted.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Given {
    pub person: String,
    /// As the statement says; never trusted.
    pub at: String,
}

impl Given {
    pub(super) fn all(opinions: &[Opinion]) -> Vec<Self> {
        opinions.iter().map(|opinion| Given { person: opinion.person.to_string(), at: opinion.at.clone() }).collect()
    }
}

/// What was decided about a landing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Approved,
    /// It touched no managed path.
    Unmanaged,
    /// It gave every managed path back what it was.
    Restored,
    Refused,
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Approved => "approved",
            Verdict::Unmanaged => "unmanaged",
            Verdict::Restored => "restored",
            Verdict::Refused => "refused",
        }
    }
}

/// One landing with its verdict.
#[derive(Clone, Debug)]
pub struct Landing {
    pub base: Oid,
    pub commit: Oid,
    pub verdict: Verdict,
    /// The head that was approved.
    pub head: Option<Oid>,
    pub approvals: Vec<Given>,
    pub authors: Vec<String>,
    /// Of the change, where it was approved.
    pub digest: Option<String>,
    /// What people signed that the verdict rests on.
    pub statements: Vec<Signed>,
    pub refusals: Vec<Refusal>,
    /// What is worth saying though it stopped nothing.
    pub notes: Vec<Refusal>,
    /// True where the log records it, and what people signed says the same.
    pub recorded: bool,
    /// False where the log records it without what people signed, which only refs hold.
    pub kept: bool,
}

/// Every landing from the genesis to the tip.
#[derive(Clone, Debug)]
pub struct Chain {
    pub tip: Oid,
    pub landings: Vec<Landing>,
    /// The last verified landing, or the genesis.
    pub last: Oid,
    /// Approved removals behind a refused landing, and what else the log says behind the last verified one, of which only
    /// what it takes away counts.
    pub removals: Vec<Removal>,
}

impl Chain {
    /// The same as if nothing had been pushed that is refused.
    #[must_use]
    pub fn verified(self) -> Self {
        let landings = self.landings.into_iter().filter(|landing| landing.verdict != Verdict::Refused).collect();
        Chain { tip: self.last, landings, last: self.last, removals: Vec::new() }
    }

    /// True where a landing that was verified begins or ends at the commit.
    pub fn verifies(&self, commit: Oid) -> bool {
        let mut verified = self.landings.iter().filter(|landing| landing.verdict != Verdict::Refused);
        self.last == commit || verified.any(|landing| landing.base == commit || landing.commit == commit)
    }

    /// Landings that were refused.
    pub fn refused(&self) -> impl Iterator<Item = &Landing> {
        self.landings.iter().filter(|landing| landing.verdict == Verdict::Refused)
    }
}

/// What would happen to a head that is merged onto the tip now.
#[derive(Debug)]
pub struct Prospect {
    pub head: Oid,
    /// The last verified landing.
    pub base: Oid,
    /// The merge base of the two, which an approval names.
    pub merge_base: Option<Oid>,
    /// Of the change from the merge base to the head, which an approval names.
    pub digest: String,
    /// The change that would land, judged at the last verified landing.
    pub trusted: Trusted,
    pub proposed: Proposed,
    pub assessment: Assessment,
    pub outcome: Result<Granted, Vec<Refusal>>,
    /// What stood before of what it brings.
    pub held: Held,
    now: Timestamp,
}

impl Prospect {
    /// The change that would land.
    pub fn candidate(&self) -> Candidate<'_> {
        Candidate::new(&self.trusted, &self.proposed, self.now, &self.held, &Halt::default())
    }
}

/// Why nothing could be decided.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum VerifyError {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Repository(#[from] RepositoryError),
    #[error("{0}")]
    Refused(Refusal),
    #[error("the access repository at {commit} can't be read: {what}")]
    #[diagnostic(help("run `dualkey lint --rev {commit}`, which says what is wrong and where"))]
    Unreadable { commit: Oid, what: String },
}

/// A landing that the log names is no longer on the first-parent chain of the branch.
pub fn rewritten(landing: Oid, tip: Oid, branch: &str) -> Refusal {
    let (landing, tip) = (landing.short(), tip.short());
    Refusal::new(
        &codes::HISTORY_REWRITTEN,
        format!("landing {landing} is in the log, but not on the first-parent chain of `{branch}`"),
        format!("`git switch -c repair {landing} && git merge -s ours {tip}`, then push `repair` to `{branch}`"),
    )
}

/// Everything that verifying needs. Its answers depend on nothing else.
#[derive(Debug)]
pub struct Verifier<'a> {
    pub(super) repository: &'a Repository,
    pub(super) source: Source<'a>,
    pub(super) recorded: &'a Recorded,
    /// The protected branch's short name, which approvals name.
    pub(super) branch: &'a str,
    pub(super) now: Timestamp,
    revisions: Revisions<'a>,
    /// The tree that says who is still here, once it is known.
    newest: RefCell<Option<Rc<Revision>>>,
    /// Recorded landings that were decided again, by base and commit.
    pub(super) proofs: RefCell<HashMap<(Oid, Oid), Rc<Proof>>>,
    /// By two landings, the paths that differ and tell who people are or who holds what.
    pub(super) telling: RefCell<HashMap<[Oid; 2], Rc<[String]>>>,
    /// How often the trees of a possible landing were compared.
    #[cfg(test)]
    pub(super) compared: std::cell::Cell<usize>,
}

impl<'a> Verifier<'a> {
    pub fn new(
        repository: &'a Repository,
        mut source: Source<'a>,
        recorded: &'a Recorded,
        branch: &'a str,
        kinds: Kinds,
        now: Timestamp,
    ) -> Self {
        source.hear(&recorded.said);
        // refs of what the log keeps may be gone
        recorded.landings.iter().for_each(|landing| source.hear(&landing.statements));
        let (revisions, newest, proofs) = (Revisions::new(repository, kinds), RefCell::default(), RefCell::default());
        let telling = RefCell::default();
        Verifier {
            repository,
            source,
            recorded,
            branch,
            now,
            revisions,
            newest,
            proofs,
            telling,
            #[cfg(test)]
            compared: std::cell::Cell::default(),
        }
    }

    /// The revision at a commit.
    pub fn revision(&self, commit: Oid) -> Result<Rc<Revision>, VerifyError> {
        self.revisions.of(commit)
    }

    pub(super) fn load(&self, snapshot: &Snapshot, commit: Oid) -> Result<Revision, VerifyError> {
        self.revisions.load(snapshot, commit)
    }

    /// The tree of a verified landing, which permits everything that brings live state to it.
    ///
    /// # Errors
    ///
    /// Where it can't be read.
    pub fn approved(&self, chain: &Chain) -> Result<Approved, VerifyError> {
        let tree = self.revision(chain.last)?;
        if tree.is_misread() {
            return Err(VerifyError::Unreadable { commit: chain.last, what: "a file in it is wrong".to_owned() });
        }
        let shrunk = self.removed(chain)?;
        let tree = shrunk.last().map_or(tree, |(_, tree)| Rc::clone(tree));
        let removals = shrunk.into_iter().map(|(removal, _)| removal).collect();
        Ok(Approved { tree, commit: chain.last, removals })
    }

    /// The same up to a tip of the protected branch.
    ///
    /// # Errors
    ///
    /// As [`Verifier::chain`] and [`Verifier::approved`].
    pub fn approved_at(&self, tip: Oid) -> Result<Approved, VerifyError> {
        self.approved(&self.chain(tip)?)
    }

    /// The last verified tree as each removal behind a refused landing leaves it.
    ///
    /// # Errors
    ///
    /// Where an object can't be read.
    pub fn removed(&self, chain: &Chain) -> Result<Vec<(Removal, Rc<Revision>)>, VerifyError> {
        removals::trees(self, chain)
    }

    /// Decides every landing from the genesis to the tip of the protected branch.
    ///
    /// Who has left since speaks no more, and only what was approved says who has: so the chain is walked as if nobody
    /// had, and once more without those who have by its end.
    ///
    /// # Errors
    ///
    /// Where evidence can't be read, and where the branch no longer holds what the log records.
    pub fn chain(&self, tip: Oid) -> Result<Chain, VerifyError> {
        self.newest.replace(None);
        let chain = self.walked(tip)?;
        let newest = match self.removed(&chain)?.pop() {
            Some((_, tree)) => tree,
            None => self.revision(chain.last)?,
        };
        let start = chain.landings.iter().rfind(|landing| landing.recorded).map_or(self.recorded.genesis, |l| l.commit);
        let start = self.revision(start)?;
        let approved = chain.landings.iter().filter(|landing| !landing.recorded).flat_map(|l| &l.approvals);
        let somebody_left = start.access.people.keys().any(|id| self.is_here(&start, id) && !self.is_here(&newest, id))
            || approved
                .into_iter()
                .any(|given| PersonId::parse(&given.person).is_ok_and(|person| !self.is_here(&newest, &person)));
        self.newest.replace(Some(newest));
        if somebody_left { self.walked(tip) } else { Ok(chain) }
    }

    fn walked(&self, tip: Oid) -> Result<Chain, VerifyError> {
        self.repository.ensure_complete()?;
        let mut commits = self.repository.first_parents(tip)?;
        commits.reverse();
        let Logged { mut landings, at, unproven } = self.logged(&commits, tip)?;
        for removal in &self.recorded.removals {
            self.position(&commits, removal.commit)?;
        }
        let heads = OnceCell::new();
        let walk = Walk::along(self, commits.get(at..).unwrap_or_default().to_vec(), tip, &heads)?;
        let way = walk.run()?;
        let last = walk.commit(reached(&way.steps))?;
        landings.extend(way.steps.iter().map(|step| step.landing.clone()));
        let mut removals = Vec::new();
        if last != tip {
            landings.extend(walk.refused(&way)?);
            removals = removals::behind(&walk, reached(&way.steps))?;
        }
        for (recorded, why) in unproven {
            // what a later approved landing covers is judged with that one
            if walk.places.get(&recorded.commit).is_some_and(|place| *place <= reached(&way.steps)) {
                continue;
            }
            if let Some(landing) = landings.iter_mut().find(|landing| landing.commit == recorded.commit) {
                landing.refusals.insert(0, why);
            }
            removals.push(Removal::unproven(recorded));
        }
        self.keys_are_verified(&landings)?;
        Ok(Chain { tip, landings, last, removals })
    }

    pub(super) fn position(&self, commits: &[Oid], wanted: Oid) -> Result<usize, VerifyError> {
        commits.iter().position(|commit| *commit == wanted).ok_or_else(|| {
            let tip = commits.last().copied().unwrap_or(wanted);
            VerifyError::Refused(rewritten(wanted, tip, self.branch))
        })
    }

    /// Everything about what would land if `head` was merged onto the tip now.
    pub fn prospect(&self, chain: &Chain, head: Oid) -> Result<Prospect, VerifyError> {
        self.repository.ensure_complete()?;
        let base = chain.last;
        let bases = self.repository.merge_bases(chain.tip, head)?;
        let onto = match bases.as_slice() {
            [one] => *one,
            _ => chain.tip,
        };
        let managed = &self.managed(&[base, chain.tip, onto, head])?;
        let entries = |commit| self.repository.entries(commit, managed);
        let (tip, ours, theirs) = (entries(chain.tip)?, entries(onto)?, entries(head)?);
        let landed = merged(&tip, &theirs, &ours);
        let files = |commit| Snapshot::of_commit_near(self.repository, commit, managed, |_| None);
        let snapshot = Snapshot::merged(&files(chain.tip)?, &files(head)?, |path| ours.get(path) != theirs.get(path));
        let trusted = Trusted(self.revisions.beside(base, managed)?);
        let proposed = Proposed::new(Rc::new(self.load(&snapshot, head)?));
        let digest = self.reviewed_digest(base, head)?.unwrap_or_default();
        let gone = self.gone(&trusted);
        let question = self.question(base, None, head, chain.tip, &digest, &gone);
        let trees = self.would_be(base, head, landed, managed)?;
        let evidence = self.source.evidence(&trusted, &question, trees)?;
        let landings = chain.landings.iter().filter(|landing| landing.verdict != Verdict::Refused);
        let held = held::before(self, (&trusted, &proposed), landings.map(|landing| landing.commit))?;
        let candidate = Candidate::new(&trusted, &proposed, self.now, &held, &self.halt());
        let mut outcome = decide(&candidate, &digest, &evidence);
        let left_out = outcome.as_ref().map_or(Ok(None), |granted| self.foreseen(chain, granted))?;
        if let Some(refusal) = left_out {
            outcome = Err(vec![refusal]);
        }
        let assessment = assess(candidate.plan(), &evidence);
        let merge_base = match evidence.merge_bases.as_slice() {
            [one] => Some(*one),
            _ => None,
        };
        Ok(Prospect { head, base, merge_base, digest, trusted, proposed, assessment, outcome, held, now: self.now })
    }

    /// The four trees of a landing that is not there yet.
    fn would_be(&self, base: Oid, head: Oid, landed: Entries, managed: &Managed) -> Result<Trees, VerifyError> {
        let repository = self.repository;
        let [merge_base] = repository.merge_bases(base, head)?[..] else { return Ok(Trees::default()) };
        let landed = differing(&repository.entries(base, managed)?, &landed);
        let (reviewed, moved) =
            (repository.managed_changes(merge_base, head)?, repository.managed_changes(merge_base, base)?);
        Ok(Trees::of(&landed, &reviewed, &moved))
    }

    /// Set where somebody asks the judging to stop. INVARIANT: what comes of it then is believed by nobody, since the
    /// repository says so where it is asked whether all was judged.
    pub(super) fn halt(&self) -> Halt {
        Halt::by(self.repository.stop())
    }

    /// What the settings of any of the commits name as managed.
    pub(super) fn managed(&self, commits: &[Oid]) -> Result<Managed, VerifyError> {
        commits.iter().try_fold(Managed::default(), |all, commit| Ok(all.and(&self.repository.managed_of(*commit)?)))
    }

    /// The revision at a commit with the files that `also` says are managed.
    pub(super) fn revision_beside(&self, commit: Oid, also: &Managed) -> Result<Rc<Revision>, VerifyError> {
        self.revisions.beside(commit, also)
    }

    pub(super) fn question<'q>(
        &'q self,
        base: Oid,
        landed: Option<Oid>,
        head: Oid,
        tip: Oid,
        digest: &'q str,
        gone: &'q BTreeSet<PersonId>,
    ) -> Question<'q> {
        Question {
            anchor: &self.recorded.anchor,
            branch: self.branch,
            base,
            onto: base,
            landed,
            head,
            tip,
            reviewed_digest: digest,
            gone,
        }
    }

    /// People who could speak at a landing and are not active any more by the newest tree that was approved: who leaves
    /// between the merge and the first apply no longer speaks. What nobody approved silences nobody.
    pub(super) fn gone(&self, trusted: &Trusted) -> BTreeSet<PersonId> {
        let newest = self.newest.borrow();
        let left = |newest: &Rc<Revision>| {
            let judged = trusted.revision().access.people.keys();
            judged.filter(|id| !self.is_here(newest, id)).cloned().collect()
        };
        newest.as_ref().map(left).unwrap_or_default()
    }

    fn is_here(&self, revision: &Revision, id: &PersonId) -> bool {
        let person = revision.access.people.get(id);
        person.and_then(|person| revision.access.bounds(person)).is_some_and(|bounds| bounds.contains(self.now))
    }

    /// What stands at one commit and what another proposes, understood as far as that is safe before it is approved.
    pub(super) fn candidate<'t>(
        &self,
        (trusted, base): (&'t Trusted, Oid),
        (proposed, landed): (&'t Proposed, Oid),
        landings: impl DoubleEndedIterator<Item = Oid>,
    ) -> Result<Candidate<'t>, VerifyError> {
        let held = held::before(self, (trusted, proposed), landings)?;
        let candidate = Candidate::before_approval(trusted, proposed, self.now, &held, &self.halt());
        self.learn((base, landed), &candidate)?;
        Ok(candidate)
    }

    /// Keeps the digest of a change that somebody had to understand already.
    pub(super) fn learn(&self, (base, landed): (Oid, Oid), candidate: &Candidate<'_>) -> Result<(), VerifyError> {
        self.revisions.learn_digest([base, landed], &candidate.plan().digest)
    }

    /// The digest of what the head's author wrote: from the merge base to the head. None where there is no such base, or
    /// where one of them can't be read, which then nobody can have been shown.
    pub(super) fn reviewed_digest(&self, base: Oid, head: Oid) -> Result<Option<String>, VerifyError> {
        let [merge_base] = self.repository.merge_bases(base, head)?[..] else { return Ok(None) };
        self.revisions.digest(merge_base, head)
    }
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;

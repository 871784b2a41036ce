//! Walks the protected branch from the last recorded landing to its tip, and decides every landing on the way.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use jiff::Timestamp;

use super::assessment::{Assessment, assess};
use super::decision::{Granted, decide};
use super::landing::merged;
use super::signatures::{Question, Source};
use super::walk::Walk;
use super::{Approved, Proposed, Trusted, codes};
use crate::access::{Kinds, LoadError, ParseCache, PersonId, Revision};
use crate::finding::Refusal;
use crate::plan;
use crate::repository::{Oid, Repository, RepositoryError, Snapshot};

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
}

/// A landing that was applied once.
#[derive(Clone, Debug)]
pub struct RecordedLanding {
    pub base: Oid,
    pub commit: Oid,
    pub verdict: Verdict,
    pub approvals: Vec<Given>,
    pub authors: Vec<String>,
}

/// An approval that counted.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Given {
    pub person: String,
    /// As the statement says; never trusted.
    pub at: String,
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
    pub refusals: Vec<Refusal>,
    /// What is worth saying though it stopped nothing.
    pub notes: Vec<Refusal>,
    /// True where the verdict comes from the log.
    pub recorded: bool,
}

/// Every landing from the genesis to the tip.
#[derive(Clone, Debug)]
pub struct Chain {
    pub tip: Oid,
    pub landings: Vec<Landing>,
    /// The last verified landing, or the genesis.
    pub last: Oid,
}

impl Chain {
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

/// Everything that verifying needs. Its answers depend on nothing else.
#[derive(Debug)]
pub struct Verifier<'a> {
    pub(super) repository: &'a Repository,
    pub(super) source: Source<'a>,
    recorded: &'a Recorded,
    /// The protected branch's short name, which approvals name.
    branch: &'a str,
    kinds: Kinds,
    pub(super) now: Timestamp,
    cache: RefCell<ParseCache>,
    revisions: RefCell<BTreeMap<Oid, Rc<Revision>>>,
}

impl<'a> Verifier<'a> {
    pub fn new(
        repository: &'a Repository,
        source: Source<'a>,
        recorded: &'a Recorded,
        branch: &'a str,
        kinds: Kinds,
        now: Timestamp,
    ) -> Self {
        Verifier {
            repository,
            source,
            recorded,
            branch,
            kinds,
            now,
            cache: RefCell::default(),
            revisions: RefCell::default(),
        }
    }

    /// A revision, read once.
    pub fn revision(&self, commit: Oid) -> Result<Rc<Revision>, VerifyError> {
        if let Some(revision) = self.revisions.borrow().get(&commit) {
            return Ok(Rc::clone(revision));
        }
        let snapshot = Snapshot::of_commit(self.repository, commit)?;
        let revision = Rc::new(self.load(&snapshot, commit)?);
        self.revisions.borrow_mut().insert(commit, Rc::clone(&revision));
        Ok(revision)
    }

    fn load(&self, snapshot: &Snapshot, commit: Oid) -> Result<Revision, VerifyError> {
        Revision::load(snapshot, self.kinds, &mut self.cache.borrow_mut()).map_err(|error| {
            let what = match error {
                LoadError::NoConfig => "there is no dualkey.yaml".to_owned(),
                LoadError::UnknownVersion(version) => format!("dualkey.yaml is of version {version}"),
                LoadError::Invalid(unreadable) => {
                    unreadable.findings.first().map(|f| format!("{}: {}", f.place, f.message)).unwrap_or_default()
                }
            };
            VerifyError::Unreadable { commit, what }
        })
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
        Ok(Approved { tree, commit: chain.last })
    }

    /// Decides every landing from the genesis to the tip of the protected branch.
    ///
    /// # Errors
    ///
    /// Where evidence can't be read, and where the branch no longer holds what the log records.
    pub fn chain(&self, tip: Oid) -> Result<Chain, VerifyError> {
        self.repository.ensure_complete()?;
        let mut commits = self.repository.first_parents(tip)?;
        commits.reverse();
        let mut landings = Vec::new();
        let mut last = self.recorded.genesis;
        let mut at = self.position(&commits, last)?;
        for recorded in &self.recorded.landings {
            at = self.position(&commits, recorded.commit)?;
            last = recorded.commit;
            landings.push(Landing {
                base: recorded.base,
                commit: recorded.commit,
                verdict: recorded.verdict,
                head: None,
                approvals: recorded.approvals.clone(),
                authors: recorded.authors.clone(),
                digest: None,
                refusals: Vec::new(),
                notes: Vec::new(),
                recorded: true,
            });
        }
        let open = commits.get(at..).unwrap_or_default();
        let walk = Walk { verifier: self, open, tip };
        let (closed, reached) = walk.run()?;
        landings.extend(closed);
        if let Some(commit) = open.get(reached) {
            last = *commit;
        }
        if reached + 1 < open.len() {
            landings.extend(walk.refused(reached)?);
        }
        Ok(Chain { tip, landings, last })
    }

    fn position(&self, commits: &[Oid], wanted: Oid) -> Result<usize, VerifyError> {
        commits.iter().position(|commit| *commit == wanted).ok_or_else(|| {
            VerifyError::Refused(Refusal::new(
                &codes::HISTORY_REWRITTEN,
                format!("landing {wanted} is in the log, but not on the first-parent chain of `{}`", self.branch),
                format!(
                    "`git switch -c repair {wanted} && git merge -s ours {}`, then push that to the branch",
                    self.branch
                ),
            ))
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
        let (tip, ours, theirs) =
            (self.source.entries(chain.tip)?, self.source.entries(onto)?, self.source.entries(head)?);
        let landed = merged(&tip, &theirs, &ours);
        let snapshot = Snapshot::merged(
            &Snapshot::of_commit(self.repository, chain.tip)?,
            &Snapshot::of_commit(self.repository, head)?,
            |path| ours.get(path) != theirs.get(path),
        );
        let trusted = Trusted(self.revision(base)?);
        let proposed = Proposed::new(Rc::new(self.load(&snapshot, head)?));
        let digest = self.reviewed_digest(base, head)?.unwrap_or_default();
        let gone = self.gone(&trusted, chain.tip)?;
        let question = self.question(base, None, head, chain.tip, &digest, &gone);
        let evidence = self.source.evidence(&trusted, &question, &landed)?;
        let outcome = decide(&trusted, &proposed, &digest, &evidence, self.now);
        let plan = plan::plan(trusted.revision(), proposed.revision(), self.now);
        let assessment = assess(&trusted, &plan, &evidence, self.now);
        let merge_base = match evidence.merge_bases.as_slice() {
            [one] => Some(*one),
            _ => None,
        };
        Ok(Prospect { head, base, merge_base, digest, trusted, proposed, assessment, outcome })
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
            landed,
            head,
            tip,
            reviewed_digest: digest,
            gone,
        }
    }

    /// People who could speak at a landing and are not active any more by what stands at the tip: who leaves between the
    /// merge and the first apply no longer speaks. Where the tip can't be read, the nearest commit below it that can.
    pub(super) fn gone(&self, trusted: &Trusted, tip: Oid) -> Result<BTreeSet<PersonId>, VerifyError> {
        let judged = &trusted.revision().access.people;
        let mut newest = self.revision(tip);
        if matches!(newest, Err(VerifyError::Unreadable { .. })) {
            for below in self.repository.first_parents(tip)? {
                newest = self.revision(below);
                if !matches!(newest, Err(VerifyError::Unreadable { .. })) {
                    break;
                }
            }
        }
        let newest = newest?;
        let here = |id: &&PersonId| {
            let person = newest.access.people.get(*id);
            person.and_then(|person| newest.access.bounds(person)).is_some_and(|bounds| bounds.contains(self.now))
        };
        Ok(judged.keys().filter(|id| !here(id)).cloned().collect())
    }

    /// The digest of what the head's author wrote: from the merge base to the head. None where there is no such base, or
    /// where one of them can't be read, which then nobody can have been shown.
    pub(super) fn reviewed_digest(&self, base: Oid, head: Oid) -> Result<Option<String>, VerifyError> {
        let [merge_base] = self.repository.merge_bases(base, head)?[..] else { return Ok(None) };
        let (before, after) = match (self.revision(merge_base), self.revision(head)) {
            (Ok(before), Ok(after)) => (before, after),
            (Err(VerifyError::Unreadable { .. }), _) | (_, Err(VerifyError::Unreadable { .. })) => return Ok(None),
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        Ok(Some(plan::plan(&before, &after, self.now).digest))
    }
}

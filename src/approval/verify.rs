//! Walks the protected branch from the last recorded landing to its tip, and decides every landing on the way.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use jiff::Timestamp;

use super::decision::{Assessment, Granted, assess, decide};
use super::landing::{Entries, Trees, merged, violations};
use super::signatures::{Question, Source};
use super::{Approved, Proposed, Trusted, codes};
use crate::access::{Kinds, LoadError, ParseCache, Revision};
use crate::finding::Refusal;
use crate::plan;
use crate::repository::{Oid, Repository, RepositoryError, Snapshot};

/// What the log says of the past; its verdicts are final.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub genesis: Oid,
    /// `<genesis>:<log key id>`.
    pub anchor: String,
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
    repository: &'a Repository,
    source: Source<'a>,
    recorded: &'a Recorded,
    /// The protected branch's short name, which approvals name.
    branch: &'a str,
    kinds: Kinds,
    now: Timestamp,
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
        let question = self.question(base, None, head, chain.tip, &digest);
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

    fn question<'q>(&'q self, base: Oid, landed: Option<Oid>, head: Oid, tip: Oid, digest: &'q str) -> Question<'q> {
        Question {
            anchor: &self.recorded.anchor,
            branch: self.branch,
            base,
            landed,
            head,
            tip,
            reviewed_digest: digest,
        }
    }

    /// The digest of what the head's author wrote: from the merge base to the head. None where there is no such base, or
    /// where one of them can't be read, which then nobody can have been shown.
    fn reviewed_digest(&self, base: Oid, head: Oid) -> Result<Option<String>, VerifyError> {
        let [merge_base] = self.repository.merge_bases(base, head)?[..] else { return Ok(None) };
        let (before, after) = match (self.revision(merge_base), self.revision(head)) {
            (Ok(before), Ok(after)) => (before, after),
            (Err(VerifyError::Unreadable { .. }), _) | (_, Err(VerifyError::Unreadable { .. })) => return Ok(None),
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        Ok(Some(plan::plan(&before, &after, self.now).digest))
    }
}

/// The commits of the first-parent chain that no recorded landing covers, the last verified one first.
struct Walk<'w, 'a> {
    verifier: &'w Verifier<'a>,
    open: &'w [Oid],
    tip: Oid,
}

impl Walk<'_, '_> {
    /// Closes landings one after the other, the nearest first; where the chain can't go on, a later one is tried. Gives
    /// the landings of the longest way, and how far it leads.
    fn run(&self) -> Result<(Vec<Landing>, usize), VerifyError> {
        let end = self.open.len().saturating_sub(1);
        let mut path: Vec<(usize, usize, Landing)> = Vec::new();
        let mut best: (Vec<Landing>, usize) = (Vec::new(), 0);
        let mut dead: BTreeSet<usize> = BTreeSet::new();
        let (mut from, mut next) = (0, 1);
        while from < end {
            let mut step = None;
            for to in next..=end {
                if dead.contains(&to) {
                    continue;
                }
                if let Some(landing) = self.close(from, to)? {
                    step = Some((to, landing));
                    break;
                }
            }
            match step {
                Some((to, landing)) => {
                    path.push((from, to, landing));
                    (from, next) = (to, to + 1);
                }
                None => {
                    if from > best.1 || best.0.is_empty() {
                        best = (path.iter().map(|(_, _, landing)| landing.clone()).collect(), from);
                    }
                    dead.insert(from);
                    match path.pop() {
                        Some((back, to, _)) => (from, next) = (back, to + 1),
                        None => return Ok(best),
                    }
                }
            }
        }
        Ok((path.into_iter().map(|(_, _, landing)| landing).collect(), end))
    }

    fn commit(&self, index: usize) -> Result<Oid, VerifyError> {
        self.open.get(index).copied().ok_or_else(|| {
            let message = "the history ends before the landing that is looked at";
            VerifyError::Refused(Refusal::new(&codes::EVIDENCE_INCOMPLETE, message, "run `git fetch --unshallow`"))
        })
    }

    fn landing(&self, from: usize, to: usize, verdict: Verdict) -> Result<Landing, VerifyError> {
        Ok(Landing {
            base: self.commit(from)?,
            commit: self.commit(to)?,
            verdict,
            head: None,
            approvals: Vec::new(),
            authors: Vec::new(),
            digest: None,
            refusals: Vec::new(),
            notes: Vec::new(),
            recorded: false,
        })
    }

    /// The landing from one commit to a later one, where there is one.
    fn close(&self, from: usize, to: usize) -> Result<Option<Landing>, VerifyError> {
        let source = &self.verifier.source;
        let (base, landed) = (self.commit(from)?, self.commit(to)?);
        let (before, after) = (source.entries(base)?, source.entries(landed)?);
        if before == after {
            let verdict = if self.untouched(from, to)? { Verdict::Unmanaged } else { Verdict::Restored };
            return self.landing(from, to, verdict).map(Some);
        }
        for head in self.candidates(&before, &after, landed)? {
            if let Ok(granted) = self.decide(base, landed, head, &after)? {
                return Ok(Some(Landing {
                    head: Some(granted.head),
                    approvals: granted
                        .approvals
                        .iter()
                        .map(|opinion| Given { person: opinion.person.to_string(), at: opinion.at.clone() })
                        .collect(),
                    authors: granted.authors,
                    digest: Some(granted.digest),
                    notes: granted.notes,
                    ..self.landing(from, to, Verdict::Approved)?
                }));
            }
        }
        Ok(None)
    }

    /// True where no commit on the way touched a managed path.
    fn untouched(&self, from: usize, to: usize) -> Result<bool, VerifyError> {
        let first = self.verifier.source.entries(self.commit(from)?)?;
        for index in from..=to {
            if self.verifier.source.entries(self.commit(index)?)? != first {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Approved heads that can have brought a landing: its parents, itself, and those that hold one of its changed paths
    /// as it landed (a squash or a rebase keeps no parent).
    fn candidates(&self, before: &Entries, after: &Entries, landed: Oid) -> Result<Vec<Oid>, VerifyError> {
        let source = &self.verifier.source;
        let mut candidates: Vec<Oid> = Vec::new();
        let own = self.verifier.repository.commit(landed)?.parents.into_iter().skip(1).chain([landed]);
        candidates.extend(own.filter(|head| source.is_spoken_of(*head)));
        let changed: Vec<&String> = before
            .keys()
            .chain(after.keys())
            .filter(|path| before.get(*path) != after.get(*path))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        for head in source.heads() {
            if candidates.contains(&head) {
                continue;
            }
            // a head that isn't in this repository can't be looked at, and so can't have been approved here
            let Ok(entries) = source.entries(head) else { continue };
            if changed.iter().any(|path| entries.get(*path) == after.get(*path)) {
                candidates.push(head);
            }
        }
        Ok(candidates)
    }

    fn decide(
        &self,
        base: Oid,
        landed: Oid,
        head: Oid,
        entries: &Entries,
    ) -> Result<Result<Granted, Vec<Refusal>>, VerifyError> {
        let verifier = self.verifier;
        let trusted = Trusted(verifier.revision(base)?);
        let proposed = match verifier.revision(landed) {
            Ok(revision) => Proposed::new(revision),
            Err(VerifyError::Unreadable { what, .. }) => {
                let help = "correct what `dualkey lint` names, or restore the path";
                return Ok(Err(vec![Refusal::new(&codes::LANDED_TREE_INVALID, what, help)]));
            }
            Err(error) => return Err(error),
        };
        let digest = verifier.reviewed_digest(base, head)?.unwrap_or_default();
        let question = verifier.question(base, Some(landed), head, self.tip, &digest);
        let evidence = verifier.source.evidence(&trusted, &question, entries)?;
        Ok(decide(&trusted, &proposed, &digest, &evidence, verifier.now))
    }

    /// The landing that could not be closed, with the reasons of the head that came nearest, and what stands on top.
    fn refused(&self, from: usize) -> Result<Vec<Landing>, VerifyError> {
        let (to, refusals) = self.nearest(from)?;
        let mut landings = vec![Landing { refusals, ..self.landing(from, to, Verdict::Refused)? }];
        let bad = self.commit(to)?;
        for index in to + 1..self.open.len() {
            let refusal = Refusal::new(
                &codes::UNVERIFIED_ANCESTOR,
                format!("{} stands on {}, which was refused", self.commit(index)?.short(), bad.short()),
                format!("restore what {} touched, or have a head on top of it approved", bad.short()),
            );
            landings.push(Landing { refusals: vec![refusal], ..self.landing(index - 1, index, Verdict::Refused)? });
        }
        Ok(landings)
    }

    fn nearest(&self, from: usize) -> Result<(usize, Vec<Refusal>), VerifyError> {
        let source = &self.verifier.source;
        let base = self.commit(from)?;
        let before = source.entries(base)?;
        let mut first = from + 1;
        while first + 1 < self.open.len() && source.entries(self.commit(first)?)? == before {
            first += 1;
        }
        let landed = self.commit(first)?;
        let after = source.entries(landed)?;
        let mut nearest: Option<(usize, usize, Oid)> = None;
        for head in self.candidates(&before, &after, landed)? {
            if self.verifier.repository.is_ancestor(head, base)? && head != landed {
                continue;
            }
            for to in first..self.open.len() {
                let broken = self.broken(base, self.commit(to)?, head)?;
                if nearest.is_none_or(|(least, _, _)| broken < least) {
                    nearest = Some((broken, to, head));
                }
            }
        }
        if let Some((_, to, head)) = nearest {
            let landed = self.commit(to)?;
            if let Err(refusals) = self.decide(base, landed, head, &*source.entries(landed)?)? {
                return Ok((to, refusals));
            }
        }
        // nobody spoke of it: the reasons are those of the head that it itself is
        let parents = self.verifier.repository.commit(landed)?.parents;
        let head = parents.get(1).copied().unwrap_or(landed);
        match self.decide(base, landed, head, &after)? {
            Err(refusals) => Ok((first, refusals)),
            Ok(_) => Ok((first, Vec::new())),
        }
    }

    /// How many paths would break the landing rule.
    fn broken(&self, base: Oid, landed: Oid, head: Oid) -> Result<usize, VerifyError> {
        let source = &self.verifier.source;
        let [merge_base] = self.verifier.repository.merge_bases(base, head)?[..] else { return Ok(usize::MAX) };
        let trees = Trees {
            base: (*source.entries(base)?).clone(),
            landed: (*source.entries(landed)?).clone(),
            head: (*source.entries(head)?).clone(),
            merge_base: (*source.entries(merge_base)?).clone(),
        };
        Ok(violations(&trees, &BTreeSet::new()).len())
    }
}

//! The way from the last recorded landing to the tip: which commits close a landing, and which don't.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::commitment::{Commitment, Kept, Later};
use super::error::VerifyError;
use super::landings::{Landing, Verdict};
use super::line::Line;
use super::meaning::{Hold, Meaning};
use super::older::{Below, Change};
use super::{held, older};
use crate::approval::codes;
use crate::approval::decision::{Granted, Proposed, Trusted, decide};
use crate::approval::landing::Span;
use crate::approval::testimony::CountedApproval;
use crate::finding::Refusal;
use crate::repository::Oid;

/// What it takes to decide a landing, in steps: of which to compare two commits is one. It grows with the organisation.
const STEPS_OF_DECISION: u64 = 100;
const FILES_A_STEP: u64 = 10;

/// What may keep an approved step from closing a landing though nothing on the line itself does: what came by a merge from
/// another line.
pub(super) trait OtherLines {
    /// The refusal of a step that leaves out what was approved there. `path` are the steps that close before it.
    fn left_out(&self, span: Span, granted: Option<&Granted>, path: &[Step]) -> Result<Option<Refusal>, VerifyError>;
}

/// Looks for landings along a line.
pub(super) struct Walk<'l, 'w, 'a> {
    pub line: &'l Line<'w, 'a>,
    /// None on a line that was merged: what was merged into that one is a line of its own.
    others: Option<&'l dyn OtherLines>,
}

/// A landing between two open commits.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub span: Span,
    pub landing: Landing,
    /// None where nothing changed.
    pub meaning: Option<Rc<Meaning>>,
}

/// The steps that verify, and what kept others from it.
#[derive(Debug, Default)]
pub(super) struct Way {
    pub steps: Vec<Step>,
    /// By the place where it ends, why an approved step is none: it undoes what an approved landing changed.
    pub undoing: BTreeMap<usize, Refusal>,
}

/// What was found while looking for the way.
#[derive(Default)]
struct Search {
    path: Vec<Step>,
    /// Landings that the chain can't go on from, so that a longer step is tried over them.
    skipped: Vec<Skipped>,
    undoing: BTreeMap<usize, Refusal>,
}

/// An approved landing that a longer step leaps over.
struct Skipped {
    span: Span,
    standing: Commitment,
}

/// What was decided about a step.
struct Decided {
    outcome: Result<Granted, Vec<Refusal>>,
    meaning: Meaning,
    /// Who approved, where only newer approvals by the same people keep it from being approved.
    but_for_newer: Option<Vec<CountedApproval>>,
}

impl<'l, 'w, 'a> Walk<'l, 'w, 'a> {
    pub fn along(line: &'l Line<'w, 'a>, others: Option<&'l dyn OtherLines>) -> Self {
        Walk { line, others }
    }

    /// Closes landings one after the other, the nearest first; where the chain can't go on, a later one is tried. Gives
    /// the longest way.
    pub fn run(&self) -> Result<Way, VerifyError> {
        let end = self.line.len().saturating_sub(1);
        let mut search = Search::default();
        let mut best: Vec<Step> = Vec::new();
        let mut dead: BTreeSet<usize> = BTreeSet::new();
        let (mut from, mut next) = (0, 1);
        while from < end {
            let mut step = None;
            for to in next..=end {
                if dead.contains(&to) {
                    continue;
                }
                step = self.close(Span::new(from, to), &mut search)?;
                if step.is_some() {
                    break;
                }
            }
            match step {
                Some(step) => {
                    (from, next) = (step.span.to, step.span.to + 1);
                    search.path.push(step);
                }
                None => {
                    if from > reached(&best) {
                        best = search.path.clone();
                    }
                    dead.insert(from);
                    match search.path.pop() {
                        Some(step) => {
                            (from, next) = (step.span.from, step.span.to + 1);
                            search.skipped.extend(step.skipped());
                        }
                        None => return Ok(Way { steps: best, undoing: search.undoing }),
                    }
                }
            }
        }
        Ok(Way { steps: search.path, undoing: search.undoing })
    }

    /// The step from one commit to a later one, where there is one.
    fn close(&self, span: Span, search: &mut Search) -> Result<Option<Step>, VerifyError> {
        self.line.ground.repository.spend(1)?;
        if self.line.is_same(span)? {
            if self.undoes_skipped(span, None, search)?.is_some() || self.left_out(span, None, &search.path)?.is_some()
            {
                return Ok(None);
            }
            let verdict = if self.line.is_untouched(span)? { Verdict::Unmanaged } else { Verdict::Restored };
            let landing = self.line.landing(span, verdict)?;
            return Ok(Some(Step { span, landing, meaning: None }));
        }
        let hash = self.line.change_hash(span)?;
        let merged = self.line.merged_heads_with(hash, span.to)?;
        let step = self.close_by(span, &merged, search)?;
        if step.is_some() {
            return Ok(step);
        }
        // a squash or a rebase keeps no parent: whatever does the same is asked
        let mut others = Vec::new();
        for head in self.line.heads().with_hash(hash).filter(|head| !merged.contains(head)) {
            if self.line.may_be_approved(span.from, head)? {
                others.push(head);
            }
        }
        self.close_by(span, &others, search)
    }

    fn close_by(&self, span: Span, heads: &[Oid], search: &mut Search) -> Result<Option<Step>, VerifyError> {
        for head in heads.iter().copied() {
            let decided = self.decided(span, head, &search.path)?;
            let meaning = Rc::new(decided.meaning);
            if let Ok(granted) = decided.outcome {
                let refusal = match self.undoes_skipped(span, Some(&granted), search)? {
                    None => self.given_back(span, &granted, &meaning, &search.path)?,
                    found => found,
                };
                if let Some(refusal) = refusal {
                    search.undoing.entry(span.to).or_insert(refusal);
                } else if self.left_out(span, Some(&granted), &search.path)?.is_none() {
                    let landing = self.granted(span, granted)?;
                    return Ok(Some(Step { span, landing, meaning: Some(meaning) }));
                }
            } else if let Some(approvals) = decided.but_for_newer {
                let (base, commit) = self.line.ends(span)?;
                // what stands on the branch itself was a landing; of a merged line nobody knows whether it was one
                let hold = if self.others.is_some() { Hold::Whole } else { Hold::Taken };
                let (changed, kept) = ([base, commit], Kept::At(commit));
                let standing = Commitment { commit, head: Some(head), approvals, meaning, changed, kept, hold };
                search.skipped.push(Skipped { span, standing });
            }
        }
        Ok(None)
    }

    fn granted(&self, span: Span, granted: Granted) -> Result<Landing, VerifyError> {
        self.line.ground.repository.refill(self.line.commit(span.to)?);
        Ok(Landing {
            head: Some(granted.head),
            approvals: CountedApproval::all(&granted.approvals),
            authors: granted.authors,
            digest: Some(granted.digest.to_string()),
            statements: granted.statements,
            pull: granted.pull,
            notes: granted.notes,
            ..self.line.landing(span, Verdict::Approved)?
        })
    }

    /// The refusal of a step that undoes an approved landing which it leaps over, such as a removal that waits for its
    /// apply.
    fn undoes_skipped(
        &self,
        span: Span,
        granted: Option<&Granted>,
        search: &Search,
    ) -> Result<Option<Refusal>, VerifyError> {
        let ground = self.line.ground;
        let later = Later::of(self.line.commit(span.to)?, granted);
        for one in search.skipped.iter().filter(|one| one.span.from >= span.from && one.span.to < span.to) {
            if !one.standing.was_thought_over(ground.repository, granted)?
                && let Some(refusal) = one.standing.undone_by(ground, later)?
            {
                return Ok(Some(refusal));
            }
        }
        Ok(None)
    }

    /// The refusal of a step that undoes what a landing below it made, unseen by those who approved.
    fn given_back(
        &self,
        span: Span,
        granted: &Granted,
        meaning: &Meaning,
        path: &[Step],
    ) -> Result<Option<Refusal>, VerifyError> {
        let (base, landed) = self.line.ends(span)?;
        let ground = self.line.ground;
        let below = path.iter().filter_map(|step| Below::of(&step.landing));
        let change = Change { base, named: landed, meaning, head: granted.head };
        older::given_back(ground, change, older::proven_before(ground, landed).chain(below))
    }

    /// The refusal of a step that leaves out what was approved on a line that it merged.
    pub fn left_out(
        &self,
        span: Span,
        granted: Option<&Granted>,
        path: &[Step],
    ) -> Result<Option<Refusal>, VerifyError> {
        self.others.map_or(Ok(None), |others| others.left_out(span, granted, path))
    }

    /// Whether a step is the landing of a head that was approved.
    pub fn outcome(&self, span: Span, head: Oid, path: &[Step]) -> Result<Result<Granted, Vec<Refusal>>, VerifyError> {
        Ok(self.decided(span, head, path)?.outcome)
    }

    fn decided(&self, span: Span, head: Oid, path: &[Step]) -> Result<Decided, VerifyError> {
        let (ground, told) = (self.line.ground, self.line.told);
        let (base, landed) = self.line.ends(span)?;
        // a path that goes unmanaged with the change is still shown and judged
        let managed = ground.managed(&[base, landed])?;
        let trusted = Trusted::new(ground.revision_beside(base, &managed)?);
        let proposed = match ground.revision_beside(landed, &managed) {
            Ok(revision) => Proposed::new(revision),
            Err(VerifyError::Unreadable { what, .. }) => {
                let help = "correct what `dualkey lint` names, or restore the path";
                let outcome = Err(vec![Refusal::new(&codes::LANDED_TREE_INVALID, what, help)]);
                return Ok(Decided { outcome, meaning: Meaning::default(), but_for_newer: None });
            }
            Err(error) => return Err(error),
        };
        let files = u64::try_from(trusted.revision().files.len()).unwrap_or(u64::MAX);
        ground.repository.spend(STEPS_OF_DECISION.saturating_add(files / FILES_A_STEP))?;
        let recorded = ground.proven_before(landed);
        let landings: Vec<Oid> = recorded.into_iter().chain(path.iter().map(|step| step.landing.commit)).collect();
        let before = landings.iter().copied();
        let candidate = held::candidate(ground, &told, (&trusted, base), (&proposed, landed), before)?;
        let reviewed = ground.reviewed(base, head)?;
        let question = ground.question(base, Some(landed), head, self.line.tip, &reviewed);
        let trees = self.line.trees(span, head)?;
        let mut evidence = ground.evidence(told.source, &trusted, &question, trees, told.at(ground), &landings)?;
        evidence.ages = !told.is_recorded(base, landed);
        if !told.is_new() {
            // who was here then could speak then
            evidence.gone = BTreeSet::new();
        }
        let candidate = if told.is_recorded(base, landed) {
            candidate
        } else {
            candidate.complete(&trusted, &proposed, &ground.halt(), |known| decide(known, &reviewed, &evidence).is_ok())
        };
        let outcome = decide(&candidate, &reviewed, &evidence);
        let newer = std::mem::take(&mut evidence.testimony.superseded);
        let again =
            || decide(&candidate, &reviewed, &evidence).ok().map(|granted| CountedApproval::all(&granted.approvals));
        let but_for_newer = if outcome.is_err() && !newer.is_empty() { again() } else { None };
        Ok(Decided { outcome, meaning: Meaning::of(candidate.plan()), but_for_newer })
    }
}

impl Step {
    fn skipped(self) -> Option<Skipped> {
        let standing = Commitment::of(self.landing, self.meaning?);
        Some(Skipped { span: self.span, standing })
    }
}

/// How far a way leads.
pub(super) fn reached(path: &[Step]) -> usize {
    path.last().map_or(0, |step| step.span.to)
}

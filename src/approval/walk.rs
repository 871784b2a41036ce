//! The way from the last recorded landing to the tip: which commits close a landing, and which don't.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::decision::{Granted, decide};
use super::effects::{self, Effect, Heads};
use super::landing::{Trees, violations};
use super::removals::Taking;
use super::standing::{Hold, Later, Meaning, Standing};
use super::verify::{Given, Landing, Verdict, Verifier, VerifyError};
use super::{Proposed, Trusted, codes, removals, sides};
use crate::finding::Refusal;
use crate::repository::{Changes, Oid};

/// What it takes to decide a landing, in steps: of which to compare two commits is one. It grows with the organisation.
const STEPS_OF_DECISION: u64 = 100;
const FILES_A_STEP: u64 = 10;

/// Commits of a first-parent chain that no recorded landing covers, the last verified one first.
pub(super) struct Walk<'w, 'a> {
    pub verifier: &'w Verifier<'a>,
    pub open: Vec<Oid>,
    /// The tip of the protected branch.
    pub tip: Oid,
    /// Where each commit stands among the open ones.
    pub places: HashMap<Oid, usize>,
    /// What lies between the first open commit and each; none where settings differ on the way in what they name as
    /// managed, since then steps don't add up.
    effects: Option<Vec<Effect>>,
    heads: &'w OnceCell<Heads>,
    /// What was approved behind each verified place and takes something, once it was looked for.
    pub taking: RefCell<HashMap<usize, Rc<Vec<Taking>>>>,
    /// The only merge base of each place and head that were compared, where there is one.
    parted: RefCell<HashMap<(usize, Oid), Option<Oid>>>,
    /// What lies between a merge base and a head.
    reviewed: RefCell<HashMap<[Oid; 2], Effect>>,
    /// Whether somebody whom a place knows really approved a head.
    approved: RefCell<HashMap<(usize, Oid), bool>>,
    /// False on a line that was merged: what was merged into that one is a line of its own.
    looks_aside: bool,
}

/// A landing between two open commits.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub from: usize,
    pub to: usize,
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
    passed: Vec<Passed>,
    undoing: BTreeMap<usize, Refusal>,
}

/// An approved landing that a longer step leaps over.
struct Passed {
    from: usize,
    to: usize,
    standing: Standing,
}

/// What was decided about a step.
struct Decided {
    outcome: Result<Granted, Vec<Refusal>>,
    meaning: Meaning,
    /// Who approved, where only newer approvals by the same people keep it from being approved.
    but_for_newer: Option<Vec<Given>>,
}

impl<'w, 'a> Walk<'w, 'a> {
    pub fn along(
        verifier: &'w Verifier<'a>,
        open: Vec<Oid>,
        tip: Oid,
        heads: &'w OnceCell<Heads>,
    ) -> Result<Self, VerifyError> {
        let mut effects = vec![Effect::default()];
        let mut sum = Effect::default();
        let managed = |commit: &Oid| verifier.repository.managed_of(*commit);
        let settings = open.iter().map(managed).collect::<Result<Vec<_>, _>>()?;
        let adds_up = settings.windows(2).all(|pair| matches!(pair, [one, next] if one == next));
        for pair in open.windows(2).filter(|_| adds_up) {
            if let [before, after] = pair {
                sum = sum.then(Effect::of(&*verifier.repository.managed_changes(*before, *after)?));
                effects.push(sum);
            }
        }
        let places = open.iter().enumerate().map(|(place, commit)| (*commit, place)).collect();
        let effects = adds_up.then_some(effects);
        let (taking, parted) = (RefCell::default(), RefCell::default());
        let (reviewed, approved) = (RefCell::default(), RefCell::default());
        Ok(Walk { verifier, open, tip, places, effects, heads, taking, parted, reviewed, approved, looks_aside: true })
    }

    /// The same along a line of commits that was merged.
    pub fn aside(&self, open: Vec<Oid>) -> Result<Self, VerifyError> {
        Ok(Walk { looks_aside: false, ..Walk::along(self.verifier, open, self.tip, self.heads)? })
    }

    /// Closes landings one after the other, the nearest first; where the chain can't go on, a later one is tried. Gives
    /// the longest way.
    pub fn run(&self) -> Result<Way, VerifyError> {
        let end = self.open.len().saturating_sub(1);
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
                step = self.close(from, to, &mut search)?;
                if step.is_some() {
                    break;
                }
            }
            match step {
                Some(step) => {
                    (from, next) = (step.to, step.to + 1);
                    search.path.push(step);
                }
                None => {
                    if from > reached(&best) {
                        best = search.path.clone();
                    }
                    dead.insert(from);
                    match search.path.pop() {
                        Some(step) => {
                            (from, next) = (step.from, step.to + 1);
                            search.passed.extend(step.passed());
                        }
                        None => return Ok(Way { steps: best, undoing: search.undoing }),
                    }
                }
            }
        }
        Ok(Way { steps: search.path, undoing: search.undoing })
    }

    pub fn commit(&self, index: usize) -> Result<Oid, VerifyError> {
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
            statements: Vec::new(),
            refusals: Vec::new(),
            notes: Vec::new(),
            recorded: false,
            kept: true,
        })
    }

    pub fn changes(&self, from: usize, to: usize) -> Result<Rc<Changes>, VerifyError> {
        Ok(self.verifier.repository.managed_changes(self.commit(from)?, self.commit(to)?)?)
    }

    fn effect(&self, from: usize, to: usize) -> Result<Effect, VerifyError> {
        let Some(effects) = &self.effects else { return Ok(Effect::of(&*self.changes(from, to)?)) };
        let of = |index: usize| effects.get(index).copied().unwrap_or_default();
        Ok(Effect::between(of(from), of(to)))
    }

    /// True where a step may be what a head was reviewed for. Most heads are told apart by this number, and few are left to
    /// be compared path by path.
    pub fn may_be(&self, from: usize, to: usize, head: Oid) -> Result<bool, VerifyError> {
        let repository = self.verifier.repository;
        let known = self.parted.borrow().get(&(from, head)).copied();
        let parted = match known {
            Some(known) => known,
            None => {
                let found = match repository.merge_bases(self.commit(from)?, head)?[..] {
                    [one] => Some(one),
                    _ => None,
                };
                self.parted.borrow_mut().insert((from, head), found);
                found
            }
        };
        let Some(parted) = parted else { return Ok(false) };
        let known = self.reviewed.borrow().get(&[parted, head]).copied();
        let reviewed = match known {
            Some(known) => known,
            None => {
                let found = Effect::of(&*repository.managed_changes(parted, head)?);
                self.reviewed.borrow_mut().insert([parted, head], found);
                found
            }
        };
        Ok(reviewed == self.effect(from, to)?)
    }

    /// True where the head may have been approved, for whoever looks for one that does something. INVARIANT: of heads that
    /// nobody approved there may be as many as somebody pushes, and each is looked at once and not for each commit.
    pub fn may_be_approved(&self, from: usize, head: Oid) -> Result<bool, VerifyError> {
        if let Some(known) = self.approved.borrow().get(&(from, head)) {
            return Ok(*known);
        }
        let verifier = self.verifier;
        let registry = &verifier.revision(self.commit(from)?)?.access;
        let place = (verifier.recorded.anchor.as_str(), verifier.branch);
        let approved = verifier.source.is_approved(place, head, registry);
        self.approved.borrow_mut().insert((from, head), approved);
        Ok(approved)
    }

    pub fn heads(&self) -> &Heads {
        self.heads.get_or_init(|| Heads::of(self.verifier.repository, &self.verifier.source))
    }

    /// The step from one commit to a later one, where there is one.
    fn close(&self, from: usize, to: usize, search: &mut Search) -> Result<Option<Step>, VerifyError> {
        self.verifier.repository.spend(1)?;
        let effect = self.effect(from, to)?;
        if effect == Effect::default() && self.changes(from, to)?.is_empty() {
            if self.undone(from, to, None, search)?.is_some() || self.left_out(from, to, None, &search.path)?.is_some()
            {
                return Ok(None);
            }
            let verdict = if self.untouched(from, to)? { Verdict::Unmanaged } else { Verdict::Restored };
            let landing = self.landing(from, to, verdict)?;
            return Ok(Some(Step { from, to, landing, meaning: None }));
        }
        let natural = self.natural_doing(effect, to)?;
        let step = self.close_by(from, to, &natural, search)?;
        if step.is_some() {
            return Ok(step);
        }
        // a squash or a rebase keeps no parent: whatever does the same is asked
        let mut others = Vec::new();
        for head in self.heads().doing(effect).filter(|head| !natural.contains(head)) {
            if self.may_be_approved(from, head)? {
                others.push(head);
            }
        }
        self.close_by(from, to, &others, search)
    }

    fn close_by(
        &self,
        from: usize,
        to: usize,
        heads: &[Oid],
        search: &mut Search,
    ) -> Result<Option<Step>, VerifyError> {
        for head in heads.iter().copied() {
            let decided = self.decide(from, to, head, &search.path)?;
            let meaning = Rc::new(decided.meaning);
            if let Ok(granted) = decided.outcome {
                if let Some(refusal) = self.undone(from, to, Some(&granted), search)? {
                    search.undoing.entry(to).or_insert(refusal);
                } else if self.left_out(from, to, Some(&granted), &search.path)?.is_none() {
                    let landing = self.granted(from, to, granted)?;
                    return Ok(Some(Step { from, to, landing, meaning: Some(meaning) }));
                }
            } else if let Some(approvals) = decided.but_for_newer {
                let (base, commit) = (self.commit(from)?, self.commit(to)?);
                // what stands on the branch itself was a landing; of a merged line nobody knows whether it was one
                let hold = if self.looks_aside { Hold::Whole } else { Hold::Taken };
                let standing = Standing { base, commit, head: Some(head), approvals, meaning, end: None, hold };
                search.passed.push(Passed { from, to, standing });
            }
        }
        Ok(None)
    }

    fn granted(&self, from: usize, to: usize, granted: Granted) -> Result<Landing, VerifyError> {
        self.verifier.repository.refill(self.commit(to)?);
        Ok(Landing {
            head: Some(granted.head),
            approvals: Given::all(&granted.approvals),
            authors: granted.authors,
            digest: Some(granted.digest),
            statements: granted.statements,
            notes: granted.notes,
            ..self.landing(from, to, Verdict::Approved)?
        })
    }

    /// The refusal of a step that undoes an approved landing which it leaps over, such as a removal that waits for its
    /// apply.
    fn undone(
        &self,
        from: usize,
        to: usize,
        granted: Option<&Granted>,
        search: &Search,
    ) -> Result<Option<Refusal>, VerifyError> {
        let later = Later::of(self.commit(to)?, granted);
        for one in search.passed.iter().filter(|one| one.from >= from && one.to < to) {
            // access that nobody gave yet may have been thought over on the branch that was to give it
            let thought_over = match granted {
                Some(granted) if one.standing.meaning.only_gives => {
                    one.standing.may_be_draft_of(self.verifier.repository, granted.head)?
                }
                Some(_) | None => false,
            };
            if !thought_over && let Some(refusal) = one.standing.undone_by(self.verifier, later)? {
                return Ok(Some(refusal));
            }
        }
        Ok(None)
    }

    fn left_out(
        &self,
        from: usize,
        to: usize,
        granted: Option<&Granted>,
        path: &[Step],
    ) -> Result<Option<Refusal>, VerifyError> {
        if !self.looks_aside {
            return Ok(None);
        }
        match sides::left_out(self, from, to, granted, path)? {
            None if to > from + 2 => removals::undone(self, from, to, granted),
            found => Ok(found),
        }
    }

    /// True where no commit on the way touched a managed path.
    fn untouched(&self, from: usize, to: usize) -> Result<bool, VerifyError> {
        for index in from..to {
            if !self.changes(from, index)?.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What may have been reviewed as this landing: what was merged, or the commit itself.
    pub fn natural(&self, to: usize) -> Result<Vec<Oid>, VerifyError> {
        let landed = self.commit(to)?;
        Ok(self.verifier.repository.merged_into(landed)?.into_iter().chain([landed]).collect())
    }

    /// Those of the natural heads of which somebody says something, and that do what a step does.
    fn natural_doing(&self, effect: Effect, to: usize) -> Result<Vec<Oid>, VerifyError> {
        let (repository, source) = (self.verifier.repository, &self.verifier.source);
        let mut doing = self.natural(to)?;
        doing.retain(|head| source.is_spoken_of(*head));
        let mut found = Vec::new();
        for head in doing {
            if effects::of_head(repository, source, head).contains(&effect) {
                found.push(head);
            }
        }
        Ok(found)
    }

    fn decide(&self, from: usize, to: usize, head: Oid, path: &[Step]) -> Result<Decided, VerifyError> {
        let verifier = self.verifier;
        let (base, landed) = (self.commit(from)?, self.commit(to)?);
        // a path that goes unmanaged with the change is still shown and judged
        let managed = verifier.managed(&[base, landed])?;
        let trusted = Trusted(verifier.revision_beside(base, &managed)?);
        let proposed = match verifier.revision_beside(landed, &managed) {
            Ok(revision) => Proposed::new(revision),
            Err(VerifyError::Unreadable { what, .. }) => {
                let help = "correct what `dualkey lint` names, or restore the path";
                let outcome = Err(vec![Refusal::new(&codes::LANDED_TREE_INVALID, what, help)]);
                return Ok(Decided { outcome, meaning: Meaning::default(), but_for_newer: None });
            }
            Err(error) => return Err(error),
        };
        let files = u64::try_from(trusted.revision().files.len()).unwrap_or(u64::MAX);
        verifier.repository.spend(STEPS_OF_DECISION.saturating_add(files / FILES_A_STEP))?;
        let recorded = verifier.proven_before(landed);
        let landings = recorded.into_iter().chain(path.iter().map(|step| step.landing.commit));
        let candidate = verifier.candidate((&trusted, base), (&proposed, landed), landings)?;
        let digest = verifier.reviewed_digest(base, head)?.unwrap_or_default();
        let gone = verifier.gone(&trusted);
        let question = verifier.question(base, Some(landed), head, self.tip, &digest, &gone);
        let mut evidence = verifier.source.evidence(&trusted, &question, self.trees(from, to, head)?)?;
        let candidate = candidate
            .complete(&trusted, &proposed, &verifier.halt(), |known| decide(known, &digest, &evidence).is_ok());
        let outcome = decide(&candidate, &digest, &evidence);
        let newer = std::mem::take(&mut evidence.superseded);
        let again = || decide(&candidate, &digest, &evidence).ok().map(|granted| Given::all(&granted.approvals));
        let but_for_newer = if outcome.is_err() && !newer.is_empty() { again() } else { None };
        Ok(Decided { outcome, meaning: Meaning::of(candidate.plan()), but_for_newer })
    }

    /// The four trees of a landing, as far as they differ. Without a single merge base they don't matter.
    pub fn trees(&self, from: usize, to: usize, head: Oid) -> Result<Trees, VerifyError> {
        self.verifier.trees(self.commit(from)?, self.commit(to)?, head)
    }

    /// The landing that could not be closed, with the reasons of the head that came nearest, and what stands on top.
    pub fn refused(&self, way: &Way) -> Result<Vec<Landing>, VerifyError> {
        let from = reached(&way.steps);
        let (to, refusals) = match way.undoing.range(from + 1..).next() {
            Some((to, refusal)) => (*to, vec![refusal.clone()]),
            None => self.nearest(from, &way.steps)?,
        };
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

    fn nearest(&self, from: usize, path: &[Step]) -> Result<(usize, Vec<Refusal>), VerifyError> {
        let (repository, source) = (self.verifier.repository, &self.verifier.source);
        let base = self.commit(from)?;
        let mut first = from + 1;
        while first + 1 < self.open.len() && self.effect(from, first)? == Effect::default() {
            first += 1;
        }
        for to in from + 1..self.open.len() {
            // nothing but what it leaves out keeps a step from closing that changes nothing
            if self.effect(from, to)? == Effect::default()
                && self.changes(from, to)?.is_empty()
                && let Some(refusal) = self.left_out(from, to, None, path)?
            {
                return Ok((to, vec![refusal]));
            }
        }
        let natural = self.natural(first)?.into_iter().next().unwrap_or(base);
        let moved_on = !source.is_spoken_of(natural) && !source.stale(base, natural)?.is_empty();
        // whatever does the same as a head is that head, as far as anybody can tell
        for to in first..self.open.len() {
            let effect = self.effect(from, to)?;
            for head in self.natural_doing(effect, to)?.into_iter().chain(self.heads().doing(effect)) {
                match self.decide(from, to, head, path)?.outcome {
                    Err(refusals) => return Ok((to, refusals)),
                    Ok(granted) => {
                        if let Some(refusal) = self.left_out(from, to, Some(&granted), path)? {
                            return Ok((to, vec![refusal]));
                        }
                    }
                }
            }
        }
        let mut nearest: Option<(usize, Oid)> = None;
        let natural_heads = self.natural(first)?.into_iter().filter(|head| source.is_spoken_of(*head));
        let sharing = self.heads().sharing(&*self.changes(from, first)?);
        for head in natural_heads.chain(sharing) {
            if repository.is_ancestor(head, base)? {
                continue;
            }
            let broken = violations(&self.trees(from, first, head)?, &BTreeSet::new()).len();
            if nearest.is_none_or(|(least, _)| broken < least) {
                nearest = Some((broken, head));
            }
        }
        // a head that was approved before it moved on says more than what it still shares with what landed;
        // and where nobody spoke of it, the reasons are those of the head that it itself is
        let head = nearest.filter(|_| !moved_on).map_or(natural, |(_, head)| head);
        Ok((first, self.decide(from, first, head, path)?.outcome.err().unwrap_or_default()))
    }
}

impl Step {
    fn passed(self) -> Option<Passed> {
        let standing = Standing::of(self.landing, self.meaning?);
        Some(Passed { from: self.from, to: self.to, standing })
    }
}

/// How far a way leads.
pub(super) fn reached(path: &[Step]) -> usize {
    path.last().map_or(0, |step| step.to)
}

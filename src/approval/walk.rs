//! The way from the last recorded landing to the tip: which commits close a landing, and which don't.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::decision::{Granted, decide};
use super::effects::{self, Effect, Heads};
use super::landing::{Trees, violations};
use super::verify::{Given, Landing, Verdict, Verifier, VerifyError};
use super::{Proposed, Trusted, codes, removals, sides};
use crate::finding::Refusal;
use crate::repository::{Changes, Oid};

/// Commits of a first-parent chain that no recorded landing covers, the last verified one first.
pub(super) struct Walk<'w, 'a> {
    pub verifier: &'w Verifier<'a>,
    pub open: Vec<Oid>,
    /// The tip of the protected branch.
    pub tip: Oid,
    /// Where each commit stands among the open ones.
    pub places: HashMap<Oid, usize>,
    /// What lies between the first open commit and each.
    effects: Vec<Effect>,
    heads: &'w OnceCell<Heads>,
    /// False on a line that was merged: what was merged into that one is a line of its own.
    looks_aside: bool,
}

/// A landing between two open commits.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub from: usize,
    pub to: usize,
    pub landing: Landing,
}

/// An approved landing that the chain can't go on from, so that a longer step is tried over it.
struct Passed {
    from: usize,
    to: usize,
    head: Oid,
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
        for pair in open.windows(2) {
            if let [before, after] = pair {
                sum = sum.then(Effect::of(&*verifier.repository.managed_changes(*before, *after)?));
                effects.push(sum);
            }
        }
        let places = open.iter().enumerate().map(|(place, commit)| (*commit, place)).collect();
        Ok(Walk { verifier, open, tip, places, effects, heads, looks_aside: true })
    }

    /// The same along a line of commits that was merged.
    pub fn aside(&self, open: Vec<Oid>) -> Result<Self, VerifyError> {
        Ok(Walk { looks_aside: false, ..Walk::along(self.verifier, open, self.tip, self.heads)? })
    }

    /// Closes landings one after the other, the nearest first; where the chain can't go on, a later one is tried. Gives
    /// the longest way.
    pub fn run(&self) -> Result<Vec<Step>, VerifyError> {
        let end = self.open.len().saturating_sub(1);
        let mut path: Vec<Step> = Vec::new();
        let mut best: Vec<Step> = Vec::new();
        let mut dead: BTreeSet<usize> = BTreeSet::new();
        let mut passed: Vec<Passed> = Vec::new();
        let (mut from, mut next) = (0, 1);
        while from < end {
            let mut step = None;
            for to in next..=end {
                if dead.contains(&to) {
                    continue;
                }
                if let Some(landing) = self.close(from, to, &passed, &path)? {
                    step = Some(Step { from, to, landing });
                    break;
                }
            }
            match step {
                Some(step) => {
                    (from, next) = (step.to, step.to + 1);
                    path.push(step);
                }
                None => {
                    if from > reached(&best) {
                        best = path.clone();
                    }
                    dead.insert(from);
                    match path.pop() {
                        Some(Step { from: back, to, landing }) => {
                            passed.extend(landing.head.map(|head| Passed { from: back, to, head }));
                            (from, next) = (back, to + 1);
                        }
                        None => return Ok(best),
                    }
                }
            }
        }
        Ok(path)
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
        })
    }

    pub fn changes(&self, from: usize, to: usize) -> Result<Rc<Changes>, VerifyError> {
        Ok(self.verifier.repository.managed_changes(self.commit(from)?, self.commit(to)?)?)
    }

    fn effect(&self, from: usize, to: usize) -> Effect {
        let of = |index: usize| self.effects.get(index).copied().unwrap_or_default();
        Effect::between(of(from), of(to))
    }

    pub fn heads(&self) -> &Heads {
        self.heads.get_or_init(|| Heads::of(self.verifier.repository, &self.verifier.source))
    }

    /// The landing from one commit to a later one, where there is one.
    fn close(&self, from: usize, to: usize, passed: &[Passed], path: &[Step]) -> Result<Option<Landing>, VerifyError> {
        let effect = self.effect(from, to);
        if effect == Effect::default() && self.changes(from, to)?.is_empty() {
            for one in passed.iter().filter(|one| one.from >= from && one.to < to) {
                if !self.stands(one, to)? {
                    return Ok(None);
                }
            }
            if self.left_out(from, to, None, path)?.is_some() {
                return Ok(None);
            }
            let verdict = if self.untouched(from, to)? { Verdict::Unmanaged } else { Verdict::Restored };
            return self.landing(from, to, verdict).map(Some);
        }
        let natural = self.natural_doing(effect, to)?;
        let landing = self.close_by(from, to, &natural, passed, path)?;
        if landing.is_some() {
            return Ok(landing);
        }
        // a squash or a rebase keeps no parent: whatever does the same is asked
        let others: Vec<Oid> = self.heads().doing(effect).filter(|head| !natural.contains(head)).collect();
        self.close_by(from, to, &others, passed, path)
    }

    fn close_by(
        &self,
        from: usize,
        to: usize,
        heads: &[Oid],
        passed: &[Passed],
        path: &[Step],
    ) -> Result<Option<Landing>, VerifyError> {
        for head in heads.iter().copied() {
            let mut undone = false;
            for one in passed.iter().filter(|one| one.from >= from && one.to < to) {
                // who approved a head on top of another has seen what it changes of it
                undone |= !self.verifier.repository.is_ancestor(one.head, head)? && !self.stands(one, to)?;
            }
            if undone {
                continue;
            }
            if let Ok(granted) = self.decide(from, to, head)?
                && self.left_out(from, to, Some(head), path)?.is_none()
            {
                return self.granted(from, to, granted).map(Some);
            }
        }
        Ok(None)
    }

    fn granted(&self, from: usize, to: usize, granted: Granted) -> Result<Landing, VerifyError> {
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

    /// True where everything that an approved landing changed is still as it landed. Otherwise a longer step over it
    /// would undo in silence what was approved, such as a removal that waits for its apply.
    fn stands(&self, passed: &Passed, to: usize) -> Result<bool, VerifyError> {
        let (changed, since) = (self.changes(passed.from, passed.to)?, self.changes(passed.to, to)?);
        Ok(!changed.keys().any(|path| since.contains_key(path)))
    }

    fn left_out(
        &self,
        from: usize,
        to: usize,
        head: Option<Oid>,
        path: &[Step],
    ) -> Result<Option<Refusal>, VerifyError> {
        if !self.looks_aside {
            return Ok(None);
        }
        match sides::left_out(self, from, to, head, path)? {
            None if to > from + 2 => removals::undone(self, from, to, head),
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
        Ok(self.verifier.repository.commit(landed)?.parents.into_iter().skip(1).chain([landed]).collect())
    }

    /// Those of the natural heads of which somebody says something, and that do what a step does.
    fn natural_doing(&self, effect: Effect, to: usize) -> Result<Vec<Oid>, VerifyError> {
        let (repository, source) = (self.verifier.repository, &self.verifier.source);
        let mut doing = self.natural(to)?;
        doing.retain(|head| source.is_spoken_of(*head));
        let mut found = Vec::new();
        for head in doing {
            if effects::of_head(repository, source, head)?.contains(&effect) {
                found.push(head);
            }
        }
        Ok(found)
    }

    fn decide(&self, from: usize, to: usize, head: Oid) -> Result<Result<Granted, Vec<Refusal>>, VerifyError> {
        let verifier = self.verifier;
        let (base, landed) = (self.commit(from)?, self.commit(to)?);
        let trusted = Trusted(verifier.revision(base)?);
        let proposed = match verifier.revision(landed) {
            Ok(revision) => Proposed::new(revision),
            Err(VerifyError::Unreadable { what, .. }) => {
                let help = "correct what `dualkey lint` names, or restore the path";
                return Ok(Err(vec![Refusal::new(&codes::LANDED_TREE_INVALID, what, help)]));
            }
            Err(error) => return Err(error),
        };
        let candidate = verifier.candidate((&trusted, base), (&proposed, landed))?;
        let digest = verifier.reviewed_digest(base, head)?.unwrap_or_default();
        let gone = verifier.gone(&trusted);
        let question = verifier.question(base, Some(landed), head, self.tip, &digest, &gone);
        let evidence = verifier.source.evidence(&trusted, &question, self.trees(from, to, head)?)?;
        Ok(decide(&candidate, &digest, &evidence))
    }

    /// The four trees of a landing, as far as they differ. Without a single merge base they don't matter.
    pub fn trees(&self, from: usize, to: usize, head: Oid) -> Result<Trees, VerifyError> {
        let repository = self.verifier.repository;
        let base = self.commit(from)?;
        let [merge_base] = repository.merge_bases(base, head)?[..] else { return Ok(Trees::default()) };
        let (reviewed, moved) =
            (repository.managed_changes(merge_base, head)?, repository.managed_changes(merge_base, base)?);
        Ok(Trees::of(&*self.changes(from, to)?, &reviewed, &moved))
    }

    /// The landing that could not be closed, with the reasons of the head that came nearest, and what stands on top.
    pub fn refused(&self, path: &[Step]) -> Result<Vec<Landing>, VerifyError> {
        let from = reached(path);
        let (to, refusals) = self.nearest(from, path)?;
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
        while first + 1 < self.open.len() && self.effect(from, first) == Effect::default() {
            first += 1;
        }
        for to in from + 1..self.open.len() {
            // nothing but what it leaves out keeps a step from closing that changes nothing
            if self.effect(from, to) == Effect::default()
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
            let effect = self.effect(from, to);
            for head in self.natural_doing(effect, to)?.into_iter().chain(self.heads().doing(effect)) {
                match self.decide(from, to, head)? {
                    Err(refusals) => return Ok((to, refusals)),
                    Ok(_) => {
                        if let Some(refusal) = self.left_out(from, to, Some(head), path)? {
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
        Ok((first, self.decide(from, first, head)?.err().unwrap_or_default()))
    }
}

/// How far a way leads.
pub(super) fn reached(path: &[Step]) -> usize {
    path.last().map_or(0, |step| step.to)
}

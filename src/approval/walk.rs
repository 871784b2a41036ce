//! The way from the last recorded landing to the tip: which commits close a landing, and which don't.

use std::collections::BTreeSet;

use super::decision::{Granted, decide};
use super::landing::{Entries, Trees, violations};
use super::verify::{Given, Landing, Verdict, Verifier, VerifyError};
use super::{Proposed, Trusted, codes};
use crate::finding::Refusal;
use crate::repository::Oid;

/// The commits of the first-parent chain that no recorded landing covers, the last verified one first.
pub(super) struct Walk<'w, 'a> {
    pub verifier: &'w Verifier<'a>,
    pub open: &'w [Oid],
    pub tip: Oid,
}

/// An approved landing that the chain can't go on from, so that a longer step is tried over it.
struct Passed {
    from: usize,
    to: usize,
    head: Oid,
}

impl Walk<'_, '_> {
    /// Closes landings one after the other, the nearest first; where the chain can't go on, a later one is tried. Gives
    /// the landings of the longest way, and how far it leads.
    pub fn run(&self) -> Result<(Vec<Landing>, usize), VerifyError> {
        let end = self.open.len().saturating_sub(1);
        let mut path: Vec<(usize, usize, Landing)> = Vec::new();
        let mut best: (Vec<Landing>, usize) = (Vec::new(), 0);
        let mut dead: BTreeSet<usize> = BTreeSet::new();
        let mut passed: Vec<Passed> = Vec::new();
        let (mut from, mut next) = (0, 1);
        while from < end {
            let mut step = None;
            for to in next..=end {
                if dead.contains(&to) {
                    continue;
                }
                if let Some(landing) = self.close(from, to, &passed)? {
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
                        Some((back, to, landing)) => {
                            passed.extend(landing.head.map(|head| Passed { from: back, to, head }));
                            (from, next) = (back, to + 1);
                        }
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
    fn close(&self, from: usize, to: usize, passed: &[Passed]) -> Result<Option<Landing>, VerifyError> {
        let source = &self.verifier.source;
        let (base, landed) = (self.commit(from)?, self.commit(to)?);
        let (before, after) = (source.entries(base)?, source.entries(landed)?);
        let passed: Vec<&Passed> = passed.iter().filter(|one| one.from >= from && one.to < to).collect();
        if before == after {
            for one in &passed {
                if !self.stands(one, &after)? {
                    return Ok(None);
                }
            }
            let verdict = if self.untouched(from, to)? { Verdict::Unmanaged } else { Verdict::Restored };
            return self.landing(from, to, verdict).map(Some);
        }
        for head in self.candidates(&before, &after, landed)? {
            let mut undone = false;
            for one in &passed {
                // who approved a head on top of another has seen what it changes of it
                undone |= !self.verifier.repository.is_ancestor(one.head, head)? && !self.stands(one, &after)?;
            }
            if undone {
                continue;
            }
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

    /// True where everything that an approved landing changed is still as it landed. Otherwise a longer step over it
    /// would undo in silence what was approved, such as a removal that waits for its apply.
    fn stands(&self, passed: &Passed, entries: &Entries) -> Result<bool, VerifyError> {
        let source = &self.verifier.source;
        let (before, landed) = (source.entries(self.commit(passed.from)?)?, source.entries(self.commit(passed.to)?)?);
        let changed = before.keys().chain(landed.keys()).filter(|path| before.get(*path) != landed.get(*path));
        Ok(changed.into_iter().all(|path| entries.get(path) == landed.get(path)))
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
        let gone = verifier.gone(&trusted, self.tip)?;
        let question = verifier.question(base, Some(landed), head, self.tip, &digest, &gone);
        let evidence = verifier.source.evidence(&trusted, &question, entries)?;
        Ok(decide(&trusted, &proposed, &digest, &evidence, verifier.now))
    }

    /// The landing that could not be closed, with the reasons of the head that came nearest, and what stands on top.
    pub fn refused(&self, from: usize) -> Result<Vec<Landing>, VerifyError> {
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
        let natural = self.verifier.repository.commit(landed)?.parents.get(1).copied().unwrap_or(landed);
        let moved_on = !source.is_spoken_of(natural) && !source.stale(base, natural)?.is_empty();
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
        // a head that was approved before it moved on says more than what it still shares with what landed
        if let Some((_, to, head)) = nearest.filter(|(broken, _, _)| !moved_on || *broken == 0) {
            let landed = self.commit(to)?;
            if let Err(refusals) = self.decide(base, landed, head, &*source.entries(landed)?)? {
                return Ok((to, refusals));
            }
        }
        // nobody spoke of it: the reasons are those of the head that it itself is
        match self.decide(base, landed, natural, &after)? {
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

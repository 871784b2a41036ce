//! Approved removals that stand on a landing that was refused: what they take away goes all the same.
//!
//! Nothing of the refused landing comes along: the paths of the removal alone are laid over the last verified tree, judged
//! there, and of the result only what shrinks counts.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::decision::{Granted, decide};
use super::landing::violations;
use super::signatures::{Question, Source};
use super::standing::{Hold, Later, Meaning, Standing};
use super::statement::Signed;
use super::verify::{Chain, Given, RecordedLanding, Verdict, Verifier, VerifyError};
use super::walk::Walk;
use super::{Candidate, Proposed, Trusted};
use crate::access::Revision;
use crate::finding::Refusal;
use crate::plan::{Disputed, Held};
use crate::repository::{Oid, Snapshot};

/// How many commits of the protected branch a removal that was rebased or fast-forwarded may span.
const LONGEST: usize = 16;

/// A removal that landed behind a refused landing.
#[derive(Clone, Debug)]
pub struct Removal {
    /// The commit of the protected branch that it landed on, which is not verified.
    pub base: Oid,
    pub commit: Oid,
    /// The head that was approved. None where the log says no more of it than that it was.
    pub head: Option<Oid>,
    pub approvals: Vec<Given>,
    pub authors: Vec<String>,
    /// Of what it changes in the last verified tree.
    pub digest: Option<String>,
    /// What people signed that it rests on.
    pub statements: Vec<Signed>,
    /// True where it was applied before, as the log says.
    pub recorded: bool,
    /// False where the log alone says that it was approved. Nothing of it counts but what it takes away.
    pub proven: bool,
    /// False where the log records it without what people signed, which only refs hold.
    pub kept: bool,
}

impl Removal {
    /// What a landing takes away that the log records and nobody proves.
    pub(super) fn unproven(landing: &RecordedLanding) -> Self {
        Removal {
            base: landing.base,
            commit: landing.commit,
            head: landing.head,
            approvals: Vec::new(),
            authors: Vec::new(),
            digest: None,
            statements: Vec::new(),
            recorded: true,
            proven: false,
            kept: true,
        }
    }
}

/// All of them behind the end of a way, oldest first.
pub(super) fn behind(walk: &Walk<'_, '_>, from: usize) -> Result<Vec<Removal>, VerifyError> {
    let found = taking(walk, from)?;
    let removals = found.iter().filter(|one| one.meaning.only_takes && one.meaning.takes_access());
    Ok(removals.map(|one| one.landed.clone()).collect())
}

/// An approved change behind a refused landing that takes something from somebody. It is a removal where it does nothing
/// else.
#[derive(Debug)]
pub(super) struct Taking {
    landed: Removal,
    meaning: Rc<Meaning>,
}

/// All of them behind a verified landing, oldest first.
fn taking(walk: &Walk<'_, '_>, from: usize) -> Result<Rc<Vec<Taking>>, VerifyError> {
    if let Some(known) = walk.taking.borrow().get(&from) {
        return Ok(Rc::clone(known));
    }
    let recorded = &walk.verifier.recorded.removals;
    let mut found = Vec::new();
    for to in from + 2..walk.open.len() {
        let commit = walk.commit(to)?;
        let mut proven = false;
        for known in recorded.iter().filter(|known| known.commit == commit) {
            let taking = again(walk, [from, to], known)?;
            proven |= taking.landed.proven;
            found.push(taking);
        }
        // INVARIANT: a record that nobody proves stands in the place of nothing
        if !proven && let Some(taking) = landed(walk, from, to)? {
            found.push(taking);
        }
    }
    let found = Rc::new(found);
    walk.taking.borrow_mut().insert(from, Rc::clone(&found));
    Ok(found)
}

/// A removal that the log records, decided again from what people signed.
fn again(walk: &Walk<'_, '_>, [from, to]: [usize; 2], known: &Removal) -> Result<Taking, VerifyError> {
    let verifier = walk.verifier;
    let start = walk.places.get(&known.base).copied().filter(|start| (from..to).contains(start));
    let head = known.head.filter(|head| verifier.repository.commit(*head).is_ok());
    if let (Some(start), Some(head)) = (start, head) {
        let kept = Source::recorded(verifier.repository, &known.statements, &[], walk.tip);
        for (source, kept) in [(&kept, true), (&verifier.source, false)] {
            if let Some((granted, meaning)) = judged(walk, [from, start, to], head, source, Linted::No)? {
                let landed = Removal { recorded: true, kept, ..removal(walk, start, to, granted)? };
                return Ok(Taking { landed, meaning: Rc::new(meaning) });
            }
        }
    }
    let meaning = match start {
        Some(start) => meaning(walk, [from, start, to])?,
        None => Meaning::removal(),
    };
    let landed = Removal { approvals: Vec::new(), authors: Vec::new(), proven: false, ..known.clone() };
    Ok(Taking { landed, meaning: Rc::new(meaning) })
}

/// Whether findings count. In a verdict that the log holds they don't.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Linted {
    Yes,
    No,
}

/// What a removal that the log knows means, as far as that can still be read.
fn meaning(walk: &Walk<'_, '_>, places: [usize; 3]) -> Result<Meaning, VerifyError> {
    let trusted = Trusted(walk.verifier.revision(walk.commit(places[0])?)?);
    let Some(proposed) = laid_over(walk, places)? else { return Ok(Meaning::removal()) };
    let found = Meaning::of(Candidate::unlinted(&trusted, &proposed, walk.verifier.now, &Held::default()).plan());
    Ok(if found.only_takes { found } else { Meaning::removal() })
}

/// The change that ends at a commit, where there is one: of several starts the earliest.
fn landed(walk: &Walk<'_, '_>, from: usize, to: usize) -> Result<Option<Taking>, VerifyError> {
    let last = walk.changes(to - 1, to)?;
    if last.is_empty() {
        return Ok(None);
    }
    let source = &walk.verifier.source;
    let natural = walk.natural(to)?.into_iter().filter(|head| source.is_spoken_of(*head));
    let heads: BTreeSet<Oid> = natural.chain(walk.heads().sharing(&last)).collect();
    for head in heads {
        if !walk.may_be_approved(from, head)? || walk.verifier.repository.is_ancestor(head, walk.commit(to - 1)?)? {
            continue;
        }
        let mut found = None;
        for start in (from + 1..to).rev().take(LONGEST) {
            if walk.may_be(start, to, head)?
                && let Some((granted, meaning)) = judged(walk, [from, start, to], head, source, Linted::Yes)?
            {
                let landed = removal(walk, start, to, granted)?;
                found = Some(Taking { landed, meaning: Rc::new(meaning) });
            }
        }
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

fn removal(walk: &Walk<'_, '_>, start: usize, to: usize, granted: Granted) -> Result<Removal, VerifyError> {
    Ok(Removal {
        base: walk.commit(start)?,
        commit: walk.commit(to)?,
        head: Some(granted.head),
        approvals: Given::all(&granted.approvals),
        authors: granted.authors,
        digest: Some(granted.digest),
        statements: granted.statements,
        recorded: false,
        proven: true,
        kept: true,
    })
}

/// The tree that was verified last with the paths that changed between two later places. None where it means nothing.
fn laid_over(walk: &Walk<'_, '_>, [from, start, to]: [usize; 3]) -> Result<Option<Proposed>, VerifyError> {
    let verifier = walk.verifier;
    let changed: BTreeSet<String> = walk.changes(start, to)?.keys().cloned().collect();
    let (verified, landed) = (walk.commit(from)?, walk.commit(to)?);
    let snapshot = Snapshot::of_commit(verifier.repository, verified)?
        .with(&Snapshot::of_commit(verifier.repository, landed)?, &changed);
    let proposed = verifier.load(&snapshot, landed).ok().filter(|proposed| !proposed.is_misread());
    Ok(proposed.map(|proposed| Proposed::new(Rc::new(proposed))))
}

/// Whether a head takes something between `start` and `to`, judged by what it does to the tree that was verified last.
fn judged(
    walk: &Walk<'_, '_>,
    places: [usize; 3],
    head: Oid,
    source: &Source<'_>,
    linted: Linted,
) -> Result<Option<(Granted, Meaning)>, VerifyError> {
    let [from, start, to] = places;
    let verifier = walk.verifier;
    let trees = walk.trees(start, to, head)?;
    if walk.changes(start, to)?.is_empty() || !violations(&trees, &BTreeSet::new()).is_empty() {
        return Ok(None);
    }
    let Some(proposed) = laid_over(walk, places)? else { return Ok(None) };
    let (verified, landed) = (walk.commit(from)?, walk.commit(to)?);
    let trusted = Trusted(verifier.revision(verified)?);
    let candidate = match linted {
        // what takes in nothing takes in nothing that was held before
        Linted::Yes => {
            Candidate::before_approval(&trusted, &proposed, verifier.now, &Held::default(), &verifier.halt())
        }
        Linted::No => Candidate::unlinted(&trusted, &proposed, verifier.now, &Held::default()),
    };
    let meaning = Meaning::of(candidate.plan());
    if !meaning.takes() {
        return Ok(None);
    }
    let digest = verifier.reviewed_digest(verified, head)?.unwrap_or_default();
    let gone = verifier.gone(&trusted);
    let question = verifier.question(verified, Some(landed), head, walk.tip, &digest, &gone);
    let question = Question { onto: walk.commit(start)?, ..question };
    let evidence = source.evidence(&trusted, &question, trees)?;
    // what the approvers signed is the whole of what they were shown; what is asked here is a part of it
    let decided = |candidate: &Candidate<'_>| decide(candidate, &candidate.plan().digest, &evidence);
    let candidate = match linted {
        Linted::Yes => candidate.complete(&trusted, &proposed, &verifier.halt(), |known| decided(known).is_ok()),
        Linted::No => candidate,
    };
    let granted = decided(&candidate).ok();
    Ok(granted.map(|granted| (granted, meaning)))
}

/// The refusal of a step that would give back what an approved change on its way took.
pub(super) fn undone(
    walk: &Walk<'_, '_>,
    from: usize,
    to: usize,
    granted: Option<&Granted>,
) -> Result<Option<Refusal>, VerifyError> {
    let later = Later::of(walk.commit(to)?, granted);
    for Taking { landed, meaning } in taking(walk, from)?.iter() {
        // what the log alone says holds nothing up
        if !landed.proven || walk.places.get(&landed.commit).is_none_or(|place| *place >= to) {
            continue;
        }
        let standing = Standing {
            base: landed.base,
            commit: landed.commit,
            head: landed.head,
            approvals: landed.approvals.clone(),
            meaning: Rc::clone(meaning),
            end: None,
            hold: if meaning.only_takes { Hold::Whole } else { Hold::Taken },
        };
        if let Some(refusal) = standing.undone_by(walk.verifier, later)? {
            return Ok(Some(refusal));
        }
    }
    Ok(None)
}

/// The tree after each removal, on top of the last verified one. One that means nothing together with those before it is
/// left out.
pub(super) fn trees(verifier: &Verifier<'_>, chain: &Chain) -> Result<Vec<(Removal, Rc<Revision>)>, VerifyError> {
    let mut limit = verifier.revision(chain.last)?;
    let mut found = Vec::new();
    if chain.removals.is_empty() {
        return Ok(found);
    }
    let mut snapshot = Snapshot::of_commit(verifier.repository, chain.last)?;
    for removal in &chain.removals {
        let changed = verifier.repository.managed_changes(removal.base, removal.commit)?.keys().cloned().collect();
        let next = snapshot.with(&Snapshot::of_commit(verifier.repository, removal.commit)?, &changed);
        if !removal.proven {
            let Some(said) = taken(verifier, &next, removal.commit) else { continue };
            // INVARIANT: of what nobody proves no rule, person or target comes into an approved tree
            let mut tree = verifier.load(&snapshot, chain.last)?;
            tree.entitlements = limit.entitlements.within(&said.entitlements);
            limit = Rc::new(tree);
            found.push((removal.clone(), Rc::clone(&limit)));
            continue;
        }
        let Ok(mut tree) = verifier.load(&next, removal.commit) else { continue };
        if tree.is_misread() {
            continue;
        }
        tree.entitlements = tree.entitlements.within(&limit.entitlements);
        limit = Rc::new(tree);
        snapshot = next;
        found.push((removal.clone(), Rc::clone(&limit)));
    }
    Ok(found)
}

impl Verifier<'_> {
    /// What the log says was given and nobody proves, by the last such landing.
    ///
    /// # Errors
    ///
    /// Where a verified tree can't be read.
    pub fn disputed(&self, chain: &Chain) -> Result<Option<Disputed>, VerifyError> {
        let unproven = |one: &&RecordedLanding| {
            chain.removals.iter().any(|removal| !removal.proven && removal.commit == one.commit)
        };
        let Some(landing) = self.recorded.landings.iter().rfind(unproven) else { return Ok(None) };
        // what can't be read gave nothing that anybody could name
        let Ok(said) = self.revision(landing.commit) else { return Ok(None) };
        let verified = chain.landings.iter().filter(|one| one.verdict != Verdict::Refused).map(|one| one.commit);
        let verified = std::iter::once(self.recorded.genesis).chain(verified);
        let verified = verified.map(|commit| self.revision(commit)).collect::<Result<Vec<_>, _>>()?;
        Ok(Some(Disputed::of(said, self.revision(chain.last)?, verified)))
    }
}

/// What is left by what the log alone says: its changes on top of the verified tree or, where that means nothing, its own tree.
fn taken(verifier: &Verifier<'_>, laid_over: &Snapshot, commit: Oid) -> Option<Rc<Revision>> {
    let readable = |tree: &Rc<Revision>| !tree.is_misread();
    let over = verifier.load(laid_over, commit).ok().map(Rc::new).filter(readable);
    over.or_else(|| verifier.revision(commit).ok().filter(readable))
}

//! Approved removals that stand on a landing that was refused: what they take away goes all the same.
//!
//! Nothing of the refused landing comes along: the paths of the removal alone are laid over the last verified tree, judged
//! there, and of the result only what shrinks counts.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::error::VerifyError;
use super::ground::Ground;
use super::landings::{Chain, RecordedLanding, Removal, Verdict};
use super::line::Line;
use super::meaning::Meaning;
use super::standing::{Hold, Later, Standing};
use crate::access::Revision;
use crate::approval::decision::{Candidate, Granted, Proposed, Trusted, decide};
use crate::approval::landing::{Reviewed, Span, violations};
use crate::approval::testimony::{CountedApproval, Question, Source};
use crate::finding::Refusal;
use crate::plan::{Disputed, Held};
use crate::repository::{Oid, Snapshot};

/// How many commits of the protected branch a removal that was rebased or fast-forwarded may span.
const LONGEST: usize = 16;

/// Approved changes that stand behind a refused landing of a line and take something from somebody, as far as they were
/// looked for.
pub(super) struct Removals<'l, 'w, 'a> {
    line: &'l Line<'w, 'a>,
    /// By the verified place that they stand behind.
    known: RefCell<HashMap<usize, Rc<Vec<Taking>>>>,
}

/// An approved change behind a refused landing that takes something from somebody. It is a removal where it does nothing
/// else.
#[derive(Debug)]
struct Taking {
    landed: Removal,
    meaning: Rc<Meaning>,
}

impl<'l, 'w, 'a> Removals<'l, 'w, 'a> {
    pub fn on(line: &'l Line<'w, 'a>) -> Self {
        Removals { line, known: RefCell::default() }
    }

    /// All removals after a verified place, oldest first.
    pub fn after(&self, from: usize) -> Result<Vec<Removal>, VerifyError> {
        let found = self.taking(from)?;
        let removals = found.iter().filter(|one| one.meaning.only_takes && one.meaning.takes_access());
        Ok(removals.map(|one| one.landed.clone()).collect())
    }

    /// The refusal of a step that would give back what an approved change on its way took.
    pub fn given_back(&self, span: Span, granted: Option<&Granted>) -> Result<Option<Refusal>, VerifyError> {
        let line = self.line;
        let later = Later::of(line.commit(span.to)?, granted);
        for Taking { landed, meaning } in self.taking(span.from)?.iter() {
            // what the log alone says holds nothing up
            if !landed.proven || line.place(landed.commit).is_none_or(|place| place >= span.to) {
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
            if let Some(refusal) = standing.undone_by(line.ground, later)? {
                return Ok(Some(refusal));
            }
        }
        Ok(None)
    }

    /// Everything that takes something after a verified place, oldest first.
    fn taking(&self, from: usize) -> Result<Rc<Vec<Taking>>, VerifyError> {
        if let Some(known) = self.known.borrow().get(&from) {
            return Ok(Rc::clone(known));
        }
        let line = self.line;
        let recorded = &line.ground.recorded.removals;
        let mut found = Vec::new();
        for to in from + 2..line.len() {
            let commit = line.commit(to)?;
            let mut proven = false;
            for known in recorded.iter().filter(|known| known.commit == commit) {
                let taking = again(line, Span::new(from, to), known)?;
                proven |= taking.landed.proven;
                found.push(taking);
            }
            // INVARIANT: a record that nobody proves stands in the place of nothing
            if !proven && let Some(taking) = landed(line, Span::new(from, to))? {
                found.push(taking);
            }
        }
        let found = Rc::new(found);
        self.known.borrow_mut().insert(from, Rc::clone(&found));
        Ok(found)
    }
}

/// A removal that the log records, decided again from what people signed.
fn again(line: &Line<'_, '_>, behind: Span, known: &Removal) -> Result<Taking, VerifyError> {
    let ground = line.ground;
    let start = line.place(known.base).filter(|start| (behind.from..behind.to).contains(start));
    let head = known.head.filter(|head| ground.repository.commit(*head).is_ok());
    if let (Some(start), Some(head)) = (start, head) {
        let kept = ground.source.of_record(&known.statements, &[], line.tip);
        for (source, kept) in [(&*kept, true), (&*ground.source, false)] {
            if let Some((granted, meaning)) = judged(line, behind, start, head, source, Linted::No)? {
                let landed = Removal { recorded: true, kept, ..removal(line, Span::new(start, behind.to), granted)? };
                return Ok(Taking { landed, meaning: Rc::new(meaning) });
            }
        }
    }
    let meaning = match start {
        Some(start) => meaning(line, behind, start)?,
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
fn meaning(line: &Line<'_, '_>, behind: Span, start: usize) -> Result<Meaning, VerifyError> {
    let trusted = Trusted::new(line.ground.revision(line.commit(behind.from)?)?);
    let Some(proposed) = laid_over(line, behind, start)? else { return Ok(Meaning::removal()) };
    let found = Meaning::of(Candidate::unlinted(&trusted, &proposed, line.ground.now, &Held::default()).plan());
    Ok(if found.only_takes { found } else { Meaning::removal() })
}

/// The change that ends at a commit, where there is one: of several starts the earliest.
fn landed(line: &Line<'_, '_>, behind: Span) -> Result<Option<Taking>, VerifyError> {
    let Span { from, to } = behind;
    let last = line.changes(Span::new(to - 1, to))?;
    if last.is_empty() {
        return Ok(None);
    }
    let source = &*line.ground.source;
    let merged = line.merged_heads_spoken_of(to)?;
    let heads: BTreeSet<Oid> = merged.into_iter().chain(line.heads().with_any_entry_of(&last)).collect();
    for head in heads {
        if !line.may_be_approved(from, head)? || line.ground.repository.is_ancestor(head, line.commit(to - 1)?)? {
            continue;
        }
        let mut found = None;
        for start in (from + 1..to).rev().take(LONGEST) {
            let span = Span::new(start, to);
            if line.may_be(span, head)?
                && let Some((granted, meaning)) = judged(line, behind, start, head, source, Linted::Yes)?
            {
                found = Some(Taking { landed: removal(line, span, granted)?, meaning: Rc::new(meaning) });
            }
        }
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

fn removal(line: &Line<'_, '_>, span: Span, granted: Granted) -> Result<Removal, VerifyError> {
    let (base, commit) = line.ends(span)?;
    Ok(Removal {
        base,
        commit,
        head: Some(granted.head),
        approvals: CountedApproval::all(&granted.approvals),
        authors: granted.authors,
        digest: Some(granted.digest.to_string()),
        statements: granted.statements,
        recorded: false,
        proven: true,
        kept: true,
    })
}

/// The tree that was verified last with the paths that changed between two later places. None where it means nothing.
fn laid_over(line: &Line<'_, '_>, behind: Span, start: usize) -> Result<Option<Proposed>, VerifyError> {
    let ground = line.ground;
    let changed: BTreeSet<String> = line.changes(Span::new(start, behind.to))?.keys().cloned().collect();
    let (verified, landed) = line.ends(behind)?;
    let snapshot = Snapshot::of_commit(ground.repository, verified)?
        .with(&Snapshot::of_commit(ground.repository, landed)?, &changed);
    let proposed = ground.load(&snapshot, landed).ok().filter(|proposed| !proposed.is_misread());
    Ok(proposed.map(|proposed| Proposed::new(Rc::new(proposed))))
}

/// Whether a head takes something between `start` and `to`, judged by what it does to the tree that was verified last.
fn judged(
    line: &Line<'_, '_>,
    behind: Span,
    start: usize,
    head: Oid,
    source: &dyn Source,
    linted: Linted,
) -> Result<Option<(Granted, Meaning)>, VerifyError> {
    let ground = line.ground;
    let span = Span::new(start, behind.to);
    let trees = line.trees(span, head)?;
    if line.changes(span)?.is_empty() || !violations(&trees, &BTreeSet::new()).is_empty() {
        return Ok(None);
    }
    let Some(proposed) = laid_over(line, behind, start)? else { return Ok(None) };
    let (verified, landed) = line.ends(behind)?;
    let trusted = Trusted::new(ground.revision(verified)?);
    let candidate = match linted {
        // what takes in nothing takes in nothing that was held before
        Linted::Yes => Candidate::before_approval(&trusted, &proposed, ground.now, &Held::default(), &ground.halt()),
        Linted::No => Candidate::unlinted(&trusted, &proposed, ground.now, &Held::default()),
    };
    let meaning = Meaning::of(candidate.plan());
    if !meaning.takes() {
        return Ok(None);
    }
    let reviewed = ground.reviewed(verified, head)?;
    let question = ground.question(verified, Some(landed), head, line.tip, &reviewed);
    let question = Question { onto: line.commit(start)?, ..question };
    let evidence = ground.evidence(source, &trusted, &question, trees)?;
    // what the approvers signed is the whole of what they were shown; what is asked here is a part of it
    let decided =
        |candidate: &Candidate<'_>| decide(candidate, &Reviewed::Is(candidate.plan().digest.clone()), &evidence);
    let candidate = match linted {
        Linted::Yes => candidate.complete(&trusted, &proposed, &ground.halt(), |known| decided(known).is_ok()),
        Linted::No => candidate,
    };
    let granted = decided(&candidate).ok();
    Ok(granted.map(|granted| (granted, meaning)))
}

/// The tree after each removal, on top of the last verified one. One that means nothing together with those before it is
/// left out.
pub(super) fn trees(ground: &Ground<'_>, chain: &Chain) -> Result<Vec<(Removal, Rc<Revision>)>, VerifyError> {
    let mut limit = ground.revision(chain.last)?;
    let mut found = Vec::new();
    if chain.removals.is_empty() {
        return Ok(found);
    }
    let mut snapshot = Snapshot::of_commit(ground.repository, chain.last)?;
    for removal in &chain.removals {
        let changed = ground.repository.managed_changes(removal.base, removal.commit)?.keys().cloned().collect();
        let next = snapshot.with(&Snapshot::of_commit(ground.repository, removal.commit)?, &changed);
        if !removal.proven {
            let Some(said) = taken(ground, &next, removal.commit) else { continue };
            // INVARIANT: of what nobody proves no rule, person or target comes into an approved tree
            let mut tree = ground.load(&snapshot, chain.last)?;
            tree.entitlements = limit.entitlements.within(&said.entitlements);
            limit = Rc::new(tree);
            found.push((removal.clone(), Rc::clone(&limit)));
            continue;
        }
        let Ok(mut tree) = ground.load(&next, removal.commit) else { continue };
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

/// What the log says was given and nobody proves, by the last such landing.
///
/// # Errors
///
/// Where a verified tree can't be read.
pub(super) fn disputed(ground: &Ground<'_>, chain: &Chain) -> Result<Option<Disputed>, VerifyError> {
    let unproven =
        |one: &&RecordedLanding| chain.removals.iter().any(|removal| !removal.proven && removal.commit == one.commit);
    let Some(landing) = ground.recorded.landings.iter().rfind(unproven) else { return Ok(None) };
    // what can't be read gave nothing that anybody could name
    let Ok(said) = ground.revision(landing.commit) else { return Ok(None) };
    let verified = chain.landings.iter().filter(|one| one.verdict != Verdict::Refused).map(|one| one.commit);
    let verified = std::iter::once(ground.recorded.genesis).chain(verified);
    let verified = verified.map(|commit| ground.revision(commit)).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(Disputed::of(said, ground.revision(chain.last)?, verified)))
}

/// What is left by what the log alone says: its changes on top of the verified tree or, where that means nothing, its own tree.
fn taken(ground: &Ground<'_>, laid_over: &Snapshot, commit: Oid) -> Option<Rc<Revision>> {
    let readable = |tree: &Rc<Revision>| !tree.is_misread();
    let over = ground.load(laid_over, commit).ok().map(Rc::new).filter(readable);
    over.or_else(|| ground.revision(commit).ok().filter(readable))
}

//! Approved changes that stand behind a landing which was refused, and so wait; of removals what they take goes all the same.
//!
//! INVARIANT: what was refused takes part in nothing. Such a change is what its head says, from where the head parted, on top
//! of the tree that was verified last; and it has landed where the branch's tree means so, whatever else that tree holds.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::rc::Rc;

use super::commitment::{Commitment, Kept, Later};
use super::error::VerifyError;
use super::ground::STEPS_OF_MEANING;
use super::heads::subject;
use super::landings::Removal;
use super::line::Line;
use super::meaning::{Hold, Meaning};
use crate::access::Revision;
use crate::approval::decision::{Candidate, Granted, Proposed, Trusted, decide};
use crate::approval::landing::{Reviewed, Span, Trees, violations};
use crate::approval::testimony::{CountedApproval, Question, RecordedWords, Source};
use crate::finding::Refusal;
use crate::plan::Held;
use crate::repository::{Changes, Oid, Snapshot};

/// How many commits of the protected branch a change that was fast-forwarded may span.
const LONGEST: usize = 16;

/// Approved changes that stand behind a refused landing of a line, as far as they were looked for.
pub(super) struct Waiting<'l, 'w, 'a> {
    line: &'l Line<'w, 'a>,
    /// By the verified place that they stand behind.
    found: RefCell<HashMap<usize, Found>>,
}

/// What stands behind a place.
#[derive(Default)]
struct Found {
    /// The first place that wasn't looked at.
    next: usize,
    /// Oldest first.
    changes: Vec<Rc<Landed>>,
    /// Approved heads that were merged by then, whatever the merges made of them.
    merged: BTreeSet<Oid>,
    /// Approved heads by what they touched. INVARIANT: of heads that nobody approved there may be as many as somebody pushes.
    touching: HashMap<String, Vec<Oid>>,
    /// What heads do to the verified tree, by where they parted.
    over: HashMap<[Oid; 2], Option<Rc<Over>>>,
}

/// An approved change behind a refused landing. It is a removal where it only takes something from somebody.
struct Landed {
    is: Removal,
    meaning: Rc<Meaning>,
    /// None of what the log alone says, which holds nothing up.
    standing: Option<Commitment>,
}

/// What a head changes, from where it parted.
struct Own {
    from: Oid,
    head: Oid,
    changes: Rc<Changes>,
    /// True where it parted from a commit of the branch that isn't verified.
    unverified: bool,
}

/// A change on top of the tree that was verified last.
struct Over {
    tree: Rc<Revision>,
    meaning: Rc<Meaning>,
    trees: Trees,
}

/// Whether findings count. In a verdict that the log holds they don't.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Linted {
    Yes,
    No,
}

impl<'l, 'w, 'a> Waiting<'l, 'w, 'a> {
    pub fn on(line: &'l Line<'w, 'a>) -> Self {
        Waiting { line, found: RefCell::default() }
    }

    /// All removals after a verified place, oldest first.
    pub fn removals(&self, from: usize) -> Result<Vec<Removal>, VerifyError> {
        let found = self.found(from, self.line.len())?;
        let removals = found.iter().filter(|one| one.meaning.only_takes && one.meaning.takes_access());
        Ok(removals.map(|one| one.is.clone()).collect())
    }

    /// The refusal of a step that undoes what an approved change on its way made.
    pub fn undone_by(&self, span: Span, granted: Option<&Granted>) -> Result<Option<Refusal>, VerifyError> {
        let later = Later::of(self.line.commit(span.to)?, granted);
        self.undone(span.from, span.to, later, granted)
    }

    /// The same of a step from a verified place that isn't there yet, past all that is.
    pub fn undone_by_next(
        &self,
        from: usize,
        later: Later<'_>,
        granted: &Granted,
    ) -> Result<Option<Refusal>, VerifyError> {
        self.undone(from, self.line.len(), later, Some(granted))
    }

    fn undone(
        &self,
        from: usize,
        end: usize,
        later: Later<'_>,
        granted: Option<&Granted>,
    ) -> Result<Option<Refusal>, VerifyError> {
        let ground = self.line.ground;
        for landed in self.found(from, end)? {
            if let Some(standing) = &landed.standing
                && !standing.was_thought_over(ground.repository, granted)?
                && let Some(refusal) = standing.undone_by(ground, later)?
            {
                return Ok(Some(refusal));
            }
        }
        Ok(None)
    }

    /// Everything that landed between a verified place and a later one.
    fn found(&self, from: usize, end: usize) -> Result<Vec<Rc<Landed>>, VerifyError> {
        let mut found = self.found.borrow_mut().remove(&from).unwrap_or_default();
        for to in found.next.max(from + 1)..end {
            self.look(Span::new(from, to), &mut found)?;
            found.next = to + 1;
        }
        let (line, ends) = (self.line, |one: &&Rc<Landed>| self.line.place(one.is.commit).is_some_and(|at| at < end));
        let changes = found.changes.iter().filter(ends).cloned().collect();
        debug_assert!(end <= line.len());
        self.found.borrow_mut().insert(from, found);
        Ok(changes)
    }

    /// Looks for what landed at the end of a span.
    fn look(&self, behind: Span, found: &mut Found) -> Result<(), VerifyError> {
        let line = self.line;
        let commit = line.commit(behind.to)?;
        let recorded = line.ground.recorded.removals.iter().filter(|known| known.commit == commit);
        for known in recorded {
            found.changes.push(Rc::new(self.again(behind, known)?));
        }
        for head in line.merged_heads_spoken_of(behind.to)? {
            if line.may_be_approved(behind.from, head)? {
                found.merged.insert(head);
            }
        }
        let last = line.changes(Span::new(behind.to - 1, behind.to))?;
        if last.is_empty() {
            return Ok(());
        }
        let mut heads = found.merged.clone();
        for path in last.keys() {
            heads.extend(self.touching(behind.from, subject(path), found)?);
        }
        // INVARIANT: a record that nobody proves stands in the place of nothing
        let known = |head: &Oid| found.changes.iter().any(|one| one.is.proven && one.is.head == Some(*head));
        heads.retain(|head| !known(head));
        for head in heads {
            if let Some(landed) = self.landed(behind, head, found)? {
                found.changes.push(Rc::new(landed));
            }
        }
        Ok(())
    }

    /// The heads that somebody approved and that touched something.
    fn touching(&self, from: usize, subject: String, found: &mut Found) -> Result<Vec<Oid>, VerifyError> {
        if let Some(known) = found.touching.get(&subject) {
            return Ok(known.clone());
        }
        let mut heads = Vec::new();
        for head in self.line.heads().of_subject(&subject) {
            if self.line.may_be_approved(from, head)? {
                heads.push(head);
            }
        }
        found.touching.insert(subject, heads.clone());
        Ok(heads)
    }

    /// A head's change, where it was approved and is in the tree at the end of a span.
    fn landed(&self, behind: Span, head: Oid, found: &mut Found) -> Result<Option<Landed>, VerifyError> {
        let ground = self.line.ground;
        let (verified, commit) = self.line.ends(behind)?;
        if ground.repository.is_ancestor(head, verified)? {
            return Ok(None);
        }
        for own in self.changes_of(behind, head)? {
            let touched = ground.repository.managed_changes(own.from, commit)?;
            // where a path is as it was before the change, that isn't there yet
            if own.changes.keys().any(|path| !touched.contains_key(path)) {
                continue;
            }
            let over = match found.over.get(&[own.from, head]) {
                Some(known) => known.clone(),
                None => {
                    let over = self.over(behind, &own)?.map(Rc::new);
                    found.over.insert([own.from, head], over.clone());
                    over
                }
            };
            let Some(over) = over else { continue };
            if self.is_in_tree(commit, &own, &over)?
                && let Some(granted) = self.granted(behind, &own, &over, self.line.told.source, Linted::Yes)?
            {
                return Ok(Some(self.with(behind, &own, &over, granted)?));
            }
        }
        Ok(None)
    }

    /// A removal that the log records, decided again from what people signed.
    fn again(&self, behind: Span, known: &Removal) -> Result<Landed, VerifyError> {
        let (line, ground) = (self.line, self.line.ground);
        let start = line.place(known.base).filter(|start| (behind.from..behind.to).contains(start));
        let head = known.head.filter(|head| ground.repository.commit(*head).is_ok());
        if let Some(head) = head.filter(|_| start.is_some()) {
            let pull = known.pull.as_ref().map(|pull| (known.commit, pull));
            let (base, at) = (known.base, line.told.at(ground));
            let words = RecordedWords { base, head, statements: &known.statements, said: &[], pull, at };
            let kept = ground.source.of_record(&words);
            for own in self.changes_of(behind, head)? {
                let Some(over) = self.over(behind, &own)? else { continue };
                for (source, kept) in [(&*kept, true), (&*ground.source, false)] {
                    if let Some(granted) = self.granted(behind, &own, &over, source, Linted::No)? {
                        let landed = self.with(behind, &own, &over, granted)?;
                        let is = Removal { base: known.base, recorded: true, kept, ..landed.is };
                        return Ok(Landed { is, ..landed });
                    }
                }
            }
        }
        let meaning = match start {
            Some(_) => self.said(behind, known)?,
            None => Meaning::removal(),
        };
        let is = Removal { approvals: Vec::new(), authors: Vec::new(), proven: false, ..known.clone() };
        Ok(Landed { is, meaning: Rc::new(meaning), standing: None })
    }

    /// What a removal that the log knows means, as far as that can still be read.
    fn said(&self, behind: Span, known: &Removal) -> Result<Meaning, VerifyError> {
        let verified = self.line.commit(behind.from)?;
        let trusted = Trusted::new(self.line.ground.revision(verified)?);
        let changed = self.line.ground.repository.managed_changes(known.base, known.commit)?;
        let Some(tree) = self.laid_over(verified, known.commit, &changed)? else { return Ok(Meaning::removal()) };
        let proposed = Proposed::new(tree);
        let candidate = Candidate::unlinted(&trusted, &proposed, self.line.told.at(self.line.ground), &Held::default());
        let found = Meaning::of(candidate.plan());
        Ok(if found.only_takes { found } else { Meaning::removal() })
    }

    /// What a head may change, from where it parted from what lies before the end of a span. What was fast-forwarded may
    /// have begun at any commit below it, of which the earliest comes first.
    fn changes_of(&self, behind: Span, head: Oid) -> Result<Vec<Own>, VerifyError> {
        let line = self.line;
        let Span { from, to } = behind;
        let starts: Range<usize> = match line.place(head) {
            Some(place) if place > to => 0..0,
            Some(place) => place.saturating_sub(LONGEST).max(from + 1)..place,
            None => match self.parted(behind, head)? {
                place if place > from => place..place + 1,
                _ => 0..0,
            },
        };
        let mut found = Vec::new();
        for place in starts.clone() {
            found.push((line.commit(place)?, true));
        }
        if line.place(head).is_none()
            && starts.is_empty()
            && let [parted] = line.ground.repository.merge_bases(line.commit(from)?, head)?[..]
        {
            found.push((parted, false));
        }
        let own = |(from, unverified): (Oid, bool)| {
            let changes = line.ground.repository.managed_changes(from, head)?;
            Ok((!changes.is_empty()).then_some(Own { from, head, changes, unverified }))
        };
        found.into_iter().filter_map(|parted| own(parted).transpose()).collect()
    }

    /// The last place of a span, but for its end, that a head stands on.
    fn parted(&self, behind: Span, head: Oid) -> Result<usize, VerifyError> {
        // whoever stands on a commit stands on all before it
        let (mut on, mut off) = (behind.from, behind.to);
        while off - on > 1 {
            let middle = on + (off - on) / 2;
            match self.line.ground.repository.is_ancestor(self.line.commit(middle)?, head)? {
                true => on = middle,
                false => off = middle,
            }
        }
        Ok(on)
    }

    /// The tree at a verified commit with some paths as another commit has them. None where it means nothing.
    fn laid_over(&self, verified: Oid, with: Oid, paths: &Changes) -> Result<Option<Rc<Revision>>, VerifyError> {
        let ground = self.line.ground;
        let paths: BTreeSet<String> = paths.keys().cloned().collect();
        let snapshot = Snapshot::of_commit(ground.repository, verified)?
            .with(&Snapshot::of_commit(ground.repository, with)?, &paths);
        Ok(ground.load(&snapshot, with).ok().filter(|tree| !tree.is_misread()).map(Rc::new))
    }

    /// What a head does to the tree that was verified last. None where that is not what it was reviewed for, or means
    /// nothing.
    fn over(&self, behind: Span, own: &Own) -> Result<Option<Over>, VerifyError> {
        let ground = self.line.ground;
        let verified = self.line.commit(behind.from)?;
        let moved = match own.unverified {
            true => Rc::default(),
            false => ground.repository.managed_changes(own.from, verified)?,
        };
        let trees = Trees::of(&own.changes, &own.changes, &moved);
        if own.changes.keys().any(|path| moved.contains_key(path)) || !violations(&trees, &BTreeSet::new()).is_empty() {
            return Ok(None);
        }
        ground.repository.spend(STEPS_OF_MEANING)?;
        let Some(tree) = self.laid_over(verified, own.head, &own.changes)? else { return Ok(None) };
        let (trusted, proposed) = (Trusted::new(ground.revision(verified)?), Proposed::new(Rc::clone(&tree)));
        // what takes in nothing takes in nothing that was held before
        let candidate = Candidate::unlinted(&trusted, &proposed, self.line.told.at(ground), &Held::default());
        Ok(Some(Over { meaning: Rc::new(Meaning::of(candidate.plan())), tree, trees }))
    }

    /// Whether that is approved.
    fn granted(
        &self,
        behind: Span,
        own: &Own,
        over: &Over,
        source: &dyn Source,
        linted: Linted,
    ) -> Result<Option<Granted>, VerifyError> {
        let (line, ground) = (self.line, self.line.ground);
        let (verified, landed) = line.ends(behind)?;
        let (trusted, proposed) = (Trusted::new(ground.revision(verified)?), Proposed::new(Rc::clone(&over.tree)));
        let at = line.told.at(ground);
        let candidate = match linted {
            Linted::Yes => Candidate::before_approval(&trusted, &proposed, at, &Held::default(), &ground.halt()),
            Linted::No => Candidate::unlinted(&trusted, &proposed, at, &Held::default()),
        };
        let reviewed = ground.reviewed(verified, own.head)?;
        let question = ground.question(verified, Some(landed), own.head, line.tip, &reviewed);
        let question = Question { onto: if own.unverified { own.from } else { verified }, ..question };
        let landings = ground.proven_before(landed);
        let mut evidence = ground.evidence(source, &trusted, &question, over.trees.clone(), at, &landings)?;
        if !line.told.is_new() {
            // who was here then could speak then
            evidence.gone = BTreeSet::new();
        }
        // what the approvers signed is the whole of what they were shown; what is asked here may be a part of it
        let decided =
            |candidate: &Candidate<'_>| decide(candidate, &Reviewed::Is(candidate.plan().digest.clone()), &evidence);
        let candidate = match linted {
            Linted::Yes => candidate.complete(&trusted, &proposed, &ground.halt(), |known| decided(known).is_ok()),
            Linted::No => candidate,
        };
        Ok(decided(&candidate).ok())
    }

    /// True where the tree at a commit holds what a change makes, or of what it takes away nothing: in meaning, or path by
    /// path where the tree means nothing.
    fn is_in_tree(&self, commit: Oid, own: &Own, over: &Over) -> Result<bool, VerifyError> {
        let ground = self.line.ground;
        let differs = ground.repository.managed_changes(own.head, commit)?;
        if !own.changes.keys().any(|path| differs.contains_key(path)) {
            return Ok(true);
        }
        if ground.readable(commit)?.is_none() {
            return Ok(false);
        }
        let hold = if over.meaning.only_takes { Hold::Taken } else { Hold::Whole };
        let standing = Commitment { hold, ..standing(commit, own, over, Vec::new()) };
        Ok(standing.undone_by(ground, Later::of(commit, None))?.is_none())
    }

    fn with(&self, behind: Span, own: &Own, over: &Over, granted: Granted) -> Result<Landed, VerifyError> {
        let line = self.line;
        let commit = line.commit(behind.to)?;
        let base = if line.place(own.head).is_some() { own.from } else { line.commit(behind.to - 1)? };
        let approvals = CountedApproval::all(&granted.approvals);
        let is = Removal {
            base,
            commit,
            change: [own.from, own.head],
            head: Some(granted.head),
            approvals: approvals.clone(),
            authors: granted.authors,
            digest: Some(granted.digest.to_string()),
            statements: granted.statements,
            pull: granted.pull,
            recorded: false,
            proven: true,
            kept: true,
        };
        let standing = standing(commit, own, over, approvals);
        Ok(Landed { is, meaning: Rc::clone(&over.meaning), standing: Some(standing) })
    }
}

fn standing(commit: Oid, own: &Own, over: &Over, approvals: Vec<CountedApproval>) -> Commitment {
    Commitment {
        commit,
        head: Some(own.head),
        approvals,
        meaning: Rc::clone(&over.meaning),
        changed: [own.from, own.head],
        kept: Kept::Over(own.head, Rc::clone(&over.tree)),
        hold: Hold::Whole,
    }
}

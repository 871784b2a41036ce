//! What was merged: a line of commits that may have been the protected branch once.
//!
//! Git keeps no record of where a branch was. A merge whose first parent is not the former tip makes another line the
//! first-parent chain, and what had landed becomes a thing that was merged, and whose content a merge can leave out.

use std::collections::HashSet;

use super::commitment::{Commitment, Kept, Later};
use super::error::VerifyError;
use super::ground::Ground;
use super::landings::Chain;
use super::line::Line;
use super::meaning::Hold;
use super::measure::Measure;
use super::search::{OtherLines, Step, Walk, reached};
use super::waiting::Waiting;
use crate::access::Revision;
use crate::approval::decision::Granted;
use crate::approval::landing::Span;
use crate::approval::testimony::CountedApproval;
use crate::finding::Refusal;
use crate::repository::Oid;

/// Lines that were merged into a line.
pub(super) struct MergedLines<'l, 'w, 'a> {
    line: &'l Line<'w, 'a>,
    waiting: Waiting<'l, 'w, 'a>,
}

impl<'l, 'w, 'a> MergedLines<'l, 'w, 'a> {
    pub fn into(line: &'l Line<'w, 'a>) -> Self {
        MergedLines { line, waiting: Waiting::on(line) }
    }

    /// What is approved and stands behind a refused landing of the line that they were merged into.
    pub fn waiting(&self) -> &Waiting<'l, 'w, 'a> {
        &self.waiting
    }
}

impl OtherLines for MergedLines<'_, '_, '_> {
    fn left_out(&self, span: Span, granted: Option<&Granted>, path: &[Step]) -> Result<Option<Refusal>, VerifyError> {
        match left_out(self.line, span, granted, path)? {
            None if span.to > span.from + 1 => self.waiting.undone_by(span, granted),
            found => Ok(found),
        }
    }
}

/// The refusal of a step whose tree leaves out what an approved landing on a merged line had brought.
fn left_out(
    line: &Line<'_, '_>,
    span: Span,
    granted: Option<&Granted>,
    path: &[Step],
) -> Result<Option<Refusal>, VerifyError> {
    let repository = line.ground.repository;
    let (base, landed) = line.ends(span)?;
    let between = repository.commits_between(base, landed)?;
    let own: HashSet<Oid> = match granted {
        Some(granted) => repository.commits_between(base, granted.head)?.into_iter().collect(),
        None => HashSet::new(),
    };
    let (mut looked_at, mut older): (HashSet<Oid>, HashSet<Oid>) = Default::default();
    let apart: HashSet<Oid> = line.apart().iter().map(|one| one.commit).collect();
    for tip in between.iter().filter(|commit| line.place(**commit).is_none() && !apart.contains(*commit)) {
        if looked_at.contains(tip) {
            continue;
        }
        let Some((fork, mut merged)) = merged_line(line, *tip, &mut older)? else { continue };
        looked_at.extend(&merged);
        if granted.is_some_and(|granted| granted.head == *tip) {
            // the head itself is what lands
            merged.pop();
        }
        let ends = path.iter().map(|step| step.span.to);
        let closed = ends.filter(|place| *place <= fork && *place <= span.from).max().unwrap_or(0);
        let merged = line.beside(line.part(closed, fork).iter().chain(&merged).copied().collect())?;
        let way = Walk::along(&merged, None).run()?.steps;
        let end = merged.commit(reached(&way))?;
        for step in way.into_iter().filter(|step| step.span.to + closed > fork) {
            // what the base stands on was looked at when the base was
            let Some(meaning) = step.meaning.filter(|_| between.contains(&step.landing.commit)) else { continue };
            let mut standing = Commitment { kept: Kept::At(end), ..Commitment::of(step.landing, meaning) };
            if own.contains(&standing.commit) && thought_over(&mut standing, granted) {
                continue;
            }
            if let Some(refusal) = standing.undone_by(line.ground, Later::of(landed, granted))? {
                return Ok(Some(refusal));
            }
        }
    }
    Ok(None)
}

/// The refusal of a head that would land but for what its tree leaves out: of a line that the merge would bring, or of what
/// waits behind a refused landing. The merge isn't there yet: of what the head's side changed it would hold what the head
/// holds.
pub(super) fn foreseen(
    ground: &Ground<'_>,
    chain: &Chain,
    granted: &Granted,
    proposed: &Revision,
) -> Result<Option<Refusal>, VerifyError> {
    let repository = ground.repository;
    let mut commits = repository.first_parents(chain.tip)?;
    commits.reverse();
    let recorded = chain.landings.iter().rfind(|landing| landing.recorded);
    let start = ground.position(&commits, recorded.map_or(ground.recorded.genesis, |landing| landing.commit))?;
    let mut open = commits.get(start..).unwrap_or_default().to_vec();
    let told = Measure::today(ground);
    let line = Line::along(ground, told, open.clone(), chain.tip)?;
    if chain.last != chain.tip {
        let Some(last) = line.place(chain.last) else { return Ok(None) };
        let later = Later { tree: Some(proposed), ..Later::of(granted.head, Some(granted)) };
        return Waiting::on(&line).undone_by_next(last, later, granted);
    }
    // a single commit brings no line
    if repository.commits_between(chain.tip, granted.head)?.len() < 2 {
        return Ok(None);
    }
    let path = Walk::along(&line, Some(&MergedLines::into(&line))).run()?.steps;
    let from = line.len().saturating_sub(1);
    open.push(granted.head);
    let line = Line::along(ground, told, open, chain.tip)?;
    if let Some(head) = line.apart().iter().find(|one| one.commit == granted.head) {
        return Ok(Some(head.why.clone()));
    }
    left_out(&line, Span::new(from, from + 1), Some(granted), &path)
}

/// True where what was approved on the head's own line needn't be kept: nobody knows whether that line ever was the
/// protected branch, and heads are approved again as they grow. Access that was to be given may be thought over. The rest
/// may be by those who approved it, but for what it took; a removal is none of theirs to take back unseen.
fn thought_over(standing: &mut Commitment, granted: Option<&Granted>) -> bool {
    let again = |given: &CountedApproval| {
        granted.is_some_and(|granted| granted.approvals.iter().any(|one| one.person.as_str() == given.person))
    };
    if !standing.meaning.only_takes && standing.approvals.iter().all(again) {
        standing.hold = Hold::Taken;
    }
    standing.meaning.only_gives
}

/// The first parents of a commit down to where they meet the open chain, oldest first, and the place where they do. None
/// where they don't: then the line is older than what is still open, and so are its commits, which are kept in `older`.
///
/// INVARIANT: what leads to an older line isn't walked again. Whoever may push can merge one of thousands of commits, of
/// which each is asked about.
fn merged_line(
    line: &Line<'_, '_>,
    tip: Oid,
    older: &mut HashSet<Oid>,
) -> Result<Option<(usize, Vec<Oid>)>, VerifyError> {
    let repository = line.ground.repository;
    let least = repository.generation(line.commit(0)?)?;
    let mut merged = Vec::new();
    let mut next = Some(tip);
    while let Some(at) = next.filter(|at| !older.contains(at)) {
        repository.visit()?;
        if let Some(place) = line.place(at) {
            merged.reverse();
            return Ok(Some((place, merged)));
        }
        if at != tip && repository.generation(at)? <= least {
            break;
        }
        merged.push(at);
        next = repository.first_parent(at)?;
    }
    older.extend(merged);
    Ok(None)
}

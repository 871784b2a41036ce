//! Why the chain ends where it ends, in the words of the head that came nearest. It makes nothing pass.

use std::collections::BTreeSet;

use super::error::VerifyError;
use super::heads::ChangeHash;
use super::landings::{Landing, Verdict};
use super::search::{Step, Walk, Way, reached};
use crate::access::EvidenceSource;
use crate::access::reading::ratification_path;
use crate::approval::codes;
use crate::approval::landing::{Span, violations};
use crate::finding::Refusal;
use crate::repository::Oid;

/// The landing that could not be closed, with the reasons of the head that came nearest, and what stands on top.
pub(super) fn refused(walk: &Walk<'_, '_, '_>, way: &Way) -> Result<Vec<Landing>, VerifyError> {
    let line = walk.line;
    let from = reached(&way.steps);
    let (to, refusals) = match way.undoing.range(from + 1..).next() {
        Some((to, refusal)) => (*to, vec![refusal.clone()]),
        None => nearest(walk, from, &way.steps)?,
    };
    let mut landings = vec![Landing { refusals, ..line.landing(Span::new(from, to), Verdict::Refused)? }];
    let bad = line.commit(to)?;
    let judge = line.ground.revision(line.commit(from)?)?;
    let ratify = match judge.access.config.evidence {
        EvidenceSource::Signatures => String::new(),
        EvidenceSource::Github => format!(": by a pull request that adds `{}`", ratification_path(bad)),
    };
    for place in to + 1..line.len() {
        let refusal = Refusal::new(
            &codes::UNVERIFIED_ANCESTOR,
            format!("{} stands on {}, which was refused", line.commit(place)?.short(), bad.short()),
            format!("restore what {} touched, or have a head on top of it approved{ratify}", bad.short()),
        );
        let on_top = line.landing(Span::new(place - 1, place), Verdict::Refused)?;
        landings.push(Landing { refusals: vec![refusal], ..on_top });
    }
    Ok(landings)
}

fn stands_on_refused(refusal: &Refusal) -> bool {
    refusal.code.id == codes::UNVERIFIED_ANCESTOR.id
}

fn nearest(walk: &Walk<'_, '_, '_>, from: usize, path: &[Step]) -> Result<(usize, Vec<Refusal>), VerifyError> {
    let line = walk.line;
    let (repository, source) = (line.ground.repository, line.told.source);
    let base = line.commit(from)?;
    let mut first = from + 1;
    while first + 1 < line.len() && line.change_hash(Span::new(from, first))? == ChangeHash::default() {
        first += 1;
    }
    // commits that were rebased onto the branch came with the last of them
    let brought_first = |to: &usize| {
        let onto = line.commit(*to).ok().and_then(|commit| source.brought(commit)).and_then(|(_, onto)| onto);
        onto.and_then(|onto| line.place(onto)).is_some_and(|onto| onto < first)
    };
    first = (first..line.len()).find(brought_first).unwrap_or(first);
    for to in from + 1..line.len() {
        let span = Span::new(from, to);
        // nothing but what it leaves out keeps a step from closing that changes nothing
        if line.is_same(span)?
            && let Some(refusal) = walk.left_out(span, None, path)?
        {
            return Ok((to, vec![refusal]));
        }
    }
    let merged = line.merged_heads(first)?.into_iter().next().unwrap_or(base);
    let moved_on = !source.is_spoken_of(merged) && !source.stale(base, merged)?.is_empty();
    // whatever does the same as a head is that head, as far as anybody can tell
    for to in first..line.len() {
        let span = Span::new(from, to);
        let hash = line.change_hash(span)?;
        for head in line.merged_heads_with(hash, to)?.into_iter().chain(line.heads().with_hash(hash)) {
            match walk.outcome(span, head, path)? {
                // what it stands on was refused, and that is told by itself
                Err(refusals) if to > first && refusals.iter().any(stands_on_refused) => {}
                Err(refusals) => return Ok((to, refusals)),
                Ok(granted) => {
                    if let Some(refusal) = walk.left_out(span, Some(&granted), path)? {
                        return Ok((to, vec![refusal]));
                    }
                }
            }
        }
    }
    let span = Span::new(from, first);
    let mut nearest: Option<(usize, Oid)> = None;
    let spoken_of = line.merged_heads_spoken_of(first)?;
    let alike = line.heads().with_any_entry_of(&*line.changes(span)?);
    for head in spoken_of.into_iter().chain(alike) {
        if repository.is_ancestor(head, base)? {
            continue;
        }
        let broken = violations(&line.trees(span, head)?, &BTreeSet::new()).len();
        if nearest.is_none_or(|(least, _)| broken < least) {
            nearest = Some((broken, head));
        }
    }
    // a head that was approved before it moved on says more than what it still shares with what landed;
    // and where nobody spoke of it, the reasons are those of the head that it itself is
    let head = nearest.filter(|_| !moved_on).map_or(merged, |(_, head)| head);
    Ok((first, walk.outcome(span, head, path)?.err().unwrap_or_default()))
}

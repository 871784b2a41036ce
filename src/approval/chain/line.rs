//! A line of commits that no recorded landing covers, and what is asked of it again and again. It decides nothing.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::error::VerifyError;
use super::ground::Ground;
use super::heads::{ChangeHash, HeadIndex};
use super::landings::{Landing, Verdict};
use super::measure::Measure;
use super::words;
use crate::approval::codes;
use crate::approval::landing::{Span, Trees};
use crate::finding::Refusal;
use crate::repository::{Changes, Oid, Weighed, Weight};

/// Commits of a first-parent chain that no recorded landing covers, the last verified one first.
pub(super) struct Line<'w, 'a> {
    pub ground: &'w Ground<'a>,
    pub told: Measure<'w>,
    open: Vec<Oid>,
    /// Commits between them that can't be looked at, each with the refusal that says why.
    apart: Vec<Apart>,
    /// The tip of the protected branch.
    pub tip: Oid,
    /// Where each commit stands among the open ones.
    places: HashMap<Oid, usize>,
    /// What lies between the first open commit and each; none where settings differ on the way in what they name as
    /// managed, since then steps don't add up.
    hashes: Option<Vec<ChangeHash>>,
    /// Whether somebody whom a place knows really approved a head.
    approved: RefCell<HashMap<(usize, Oid), bool>>,
}

/// A commit that takes more than its share of what may be looked at, or whose objects aren't here.
pub(super) struct Apart {
    pub commit: Oid,
    /// The place of the next commit that can be looked at.
    pub before: usize,
    pub why: Refusal,
}

impl<'w, 'a> Line<'w, 'a> {
    /// A line along these commits, of which the first can be looked at.
    ///
    /// INVARIANT: no landing ends at a commit that can't be looked at. What it did is compared as the next one's doing; so
    /// it costs its share, and nothing that stands on it once it is undone.
    pub fn along(ground: &'w Ground<'a>, told: Measure<'w>, open: Vec<Oid>, tip: Oid) -> Result<Self, VerifyError> {
        let (mut hashes, mut sum) = (Vec::new(), ChangeHash::default());
        let (mut kept, mut apart, mut weighed) = (Vec::new(), Vec::new(), Weighed::default());
        for commit in open {
            match ground.repository.weigh(&mut weighed, commit)? {
                Weight::Light(changes) => {
                    sum = changes.map_or(sum, |changes| sum.then(ChangeHash::of(&changes)));
                    hashes.push(sum);
                    kept.push(commit);
                }
                Weight::Apart(error) => {
                    apart.push(Apart { commit, before: kept.len(), why: words::apart(commit, &error) });
                }
            }
        }
        let open = kept;
        let managed = |commit: &Oid| ground.repository.managed_of(*commit);
        let settings = open.iter().map(managed).collect::<Result<Vec<_>, _>>()?;
        let adds_up = settings.windows(2).all(|pair| matches!(pair, [one, next] if one == next));
        let places = open.iter().enumerate().map(|(place, commit)| (*commit, place)).collect();
        let hashes = adds_up.then_some(hashes);
        Ok(Line { ground, told, open, apart, tip, places, hashes, approved: RefCell::default() })
    }

    /// The same along other commits of the same history, such as a line that was merged.
    pub fn beside(&self, open: Vec<Oid>) -> Result<Self, VerifyError> {
        Line::along(self.ground, self.told, open, self.tip)
    }

    /// The commits that can't be looked at, oldest first.
    pub fn apart(&self) -> &[Apart] {
        &self.apart
    }

    /// The newest commit that can be looked at.
    pub fn end(&self) -> Result<Oid, VerifyError> {
        self.commit(self.open.len().saturating_sub(1))
    }

    /// How many commits are open.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// The open commits up to and with a place, from another one on.
    pub fn part(&self, from: usize, up_to: usize) -> &[Oid] {
        self.open.get(from..=up_to).unwrap_or_default()
    }

    pub fn commit(&self, place: usize) -> Result<Oid, VerifyError> {
        self.open.get(place).copied().ok_or_else(|| {
            let message = "the history ends before the landing that is looked at";
            VerifyError::Refused(Refusal::new(&codes::EVIDENCE_INCOMPLETE, message, "run `git fetch --unshallow`"))
        })
    }

    /// The commits that a span starts from and ends at.
    pub fn ends(&self, span: Span) -> Result<(Oid, Oid), VerifyError> {
        Ok((self.commit(span.from)?, self.commit(span.to)?))
    }

    /// Where a commit stands among the open ones.
    pub fn place(&self, commit: Oid) -> Option<usize> {
        self.places.get(&commit).copied()
    }

    pub fn changes(&self, span: Span) -> Result<Rc<Changes>, VerifyError> {
        let (base, landed) = self.ends(span)?;
        Ok(self.ground.repository.managed_changes(base, landed)?)
    }

    pub fn change_hash(&self, span: Span) -> Result<ChangeHash, VerifyError> {
        let Some(hashes) = &self.hashes else { return Ok(ChangeHash::of(&*self.changes(span)?)) };
        let of = |place: usize| hashes.get(place).copied().unwrap_or_default();
        Ok(ChangeHash::between(of(span.from), of(span.to)))
    }

    /// True where nothing managed differs between the two ends.
    pub fn is_same(&self, span: Span) -> Result<bool, VerifyError> {
        Ok(self.change_hash(span)? == ChangeHash::default() && self.changes(span)?.is_empty())
    }

    /// True where no commit on the way touched a managed path.
    pub fn is_untouched(&self, span: Span) -> Result<bool, VerifyError> {
        for place in span.from..span.to {
            if !self.changes(Span::new(span.from, place))?.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// True where the head may have been approved, for whoever looks for one that does something. INVARIANT: of heads that
    /// nobody approved there may be as many as somebody pushes, and each is looked at once and not for each commit.
    pub fn may_be_approved(&self, from: usize, head: Oid) -> Result<bool, VerifyError> {
        if let Some(known) = self.approved.borrow().get(&(from, head)) {
            return Ok(*known);
        }
        let ground = self.ground;
        let registry = &ground.revision(self.commit(from)?)?.access;
        let approved = self.told.source.is_approved(ground.anchor(), ground.branch, head, registry);
        self.approved.borrow_mut().insert((from, head), approved);
        Ok(approved)
    }

    /// Every head that somebody approved, by what it does.
    pub fn heads(&self) -> &HeadIndex {
        self.ground.heads()
    }

    /// What a commit itself says was reviewed: the commits that it merged, and the commit, which may have been
    /// fast-forwarded; and what the log and a forge say that was.
    pub fn merged_heads(&self, to: usize) -> Result<Vec<Oid>, VerifyError> {
        let landed = self.commit(to)?;
        let brought = self.told.source.brought(landed).map(|(head, _)| head);
        let recorded = self.told.recorded_head(landed).or(brought);
        let mut merged: Vec<Oid> = brought.filter(|head| Some(*head) != recorded).into_iter().collect();
        // what a commit merged that can't be looked at came with it
        for commit in self.apart.iter().filter(|one| one.before == to).map(|one| one.commit).chain([landed]) {
            merged.extend(self.ground.repository.merged_into(commit)?);
        }
        let merged = merged.into_iter().chain([landed]);
        Ok(recorded.into_iter().chain(merged.filter(|head| Some(*head) != recorded)).collect())
    }

    /// Those of them of which somebody says something.
    pub fn merged_heads_spoken_of(&self, to: usize) -> Result<Vec<Oid>, VerifyError> {
        let mut heads = self.merged_heads(to)?;
        heads.retain(|head| self.told.source.is_spoken_of(*head));
        Ok(heads)
    }

    /// Those of them that may do what a step does.
    pub fn merged_heads_with(&self, hash: ChangeHash, to: usize) -> Result<Vec<Oid>, VerifyError> {
        let mut found = Vec::new();
        for head in self.merged_heads_spoken_of(to)? {
            if self.ground.hashes_of(self.told.source, head).contains(&hash) {
                found.push(head);
            }
        }
        Ok(found)
    }

    /// The four trees of a landing, as far as they differ. Without a single merge base they don't matter.
    pub fn trees(&self, span: Span, head: Oid) -> Result<Trees, VerifyError> {
        let (base, landed) = self.ends(span)?;
        self.ground.trees(base, landed, head)
    }

    /// A landing with nothing but its verdict.
    pub fn landing(&self, span: Span, verdict: Verdict) -> Result<Landing, VerifyError> {
        let (base, commit) = self.ends(span)?;
        Ok(Landing::of(base, commit, verdict))
    }
}

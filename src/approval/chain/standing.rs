//! What an approved landing changed stands until a change is approved whose plan shows that it goes.
//!
//! A plan shows what lies between its base and its head. Where the base is older than a landing, whatever the landing
//! changed and the head changes back is not in the plan, though the head stands on that landing: whoever approves such a
//! head has not seen that something goes.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::error::VerifyError;
use super::ground::Ground;
use super::landings::Landing;
use super::words;
use crate::access::{EntitlementKey, Interval, Intervals, Kind, PersonId, Revision, TargetId};
use crate::approval::decision::Granted;
use crate::approval::testimony::{CountedApproval, Opinion};
use crate::finding::Refusal;
use crate::plan::judges::{Panel, panels};
use crate::plan::{JudgeChange, Plan, facts};
use crate::repository::{Oid, Repository, RepositoryError};

/// What a landing means: who gained and lost what, and who judges from then on.
#[derive(Clone, Debug, Default)]
pub(super) struct Meaning {
    lost: Vec<Lost>,
    gained: Vec<(EntitlementKey, Intervals)>,
    judges: Vec<JudgeChange>,
    /// What policies and bridges hold otherwise than before, wherever it stands; none where they hold it no longer.
    held: Vec<([String; 2], Option<String>)>,
    /// People who leave, or leave earlier: each with when they are here now.
    ended: Vec<(PersonId, Option<Interval>)>,
    /// True where access is given, and nothing else happens.
    pub only_gives: bool,
    /// True where access is taken, and nothing else happens.
    pub only_takes: bool,
}

/// An entitlement that a landing took.
#[derive(Clone, Debug)]
struct Lost {
    key: EntitlementKey,
    intervals: Intervals,
    /// What the landing left of it, under whatever conditions.
    left: Intervals,
}

impl Meaning {
    pub fn of(plan: &Plan<'_>) -> Self {
        let lost = plan.changes.iter().filter(|change| change.loses()).map(|change| Lost {
            key: change.key.clone(),
            intervals: change.lost.clone(),
            left: held_at_all(plan.head, &change.key),
        });
        let gained = plan.changes.iter().filter(|change| change.gains());
        let ended = plan.classes.ending_people().iter().filter_map(|person| {
            let [before, after] = [plan.base, plan.head].map(|tree| here(tree, person));
            outlasts(before, after).then(|| (person.clone(), after))
        });
        Meaning {
            lost: lost.collect(),
            gained: gained.map(|change| (change.key.clone(), change.gained.clone())).collect(),
            judges: plan.judges.clone(),
            held: held_otherwise(plan),
            ended: ended.collect(),
            only_gives: plan.only_gives(),
            only_takes: plan.only_takes(),
        }
    }

    /// Of a removal of which nothing else can be read.
    pub fn removal() -> Self {
        Meaning { only_takes: true, ..Meaning::default() }
    }

    /// True where it takes access from somebody, or the say about changes.
    pub fn takes(&self) -> bool {
        self.takes_access() || !self.unseated().is_empty()
    }

    /// True where it takes access from somebody.
    pub fn takes_access(&self) -> bool {
        !self.lost.is_empty()
    }

    /// People who can approve less after it than before, or by fewer keys.
    fn unseated(&self) -> BTreeSet<&PersonId> {
        let ended = self.ended.iter().map(|(person, _)| person);
        self.judges.iter().flat_map(JudgeChange::unseated).chain(ended).collect()
    }

    /// What it took and a later tree gives back, in words. What stands in `end` was given back by somebody's approval.
    fn given_back(&self, later: &Revision, end: Option<&Revision>) -> Option<String> {
        for Lost { key, intervals, left } in &self.lost {
            let again = |tree: &Revision| {
                held_at_all(tree, key).minus(left).union(&tree.entitlements.held(key)).intersect(intervals)
            };
            if !again(later).minus(&end.map(again).unwrap_or_default()).is_empty() {
                return Some(format!("`{}` has {} again", key.person, what(key)));
            }
        }
        for (person, then) in &self.ended {
            let again = |tree: &Revision| outlasts(here(tree, person), *then);
            if again(later) && !end.is_some_and(again) {
                return Some(format!("`{person}` is here again, or longer"));
            }
        }
        let (judging, then) = (panels(&later.access), end.map(|end| panels(&end.access)).unwrap_or_default());
        for change in &self.judges {
            for person in change.unseated() {
                let after = seat(change.after.as_ref(), person);
                let mut gone = vec![None];
                gone.extend(seat(change.before.as_ref(), person).into_iter().flatten().map(Some));
                let is_back = |panel: Option<&Panel>, proof: Option<&String>| match (proof, seat(panel, person)) {
                    // who had no key or account there is back by being there
                    (None, there) => after.is_none() && there.is_some(),
                    (Some(proof), there) => {
                        there.is_some_and(|there| there.contains(proof))
                            && !after.is_some_and(|after| after.contains(proof))
                    }
                };
                let (panel, then) = (judging.get(&change.judge), then.get(&change.judge));
                if gone.into_iter().any(|proof| is_back(panel, proof) && !is_back(then, proof)) {
                    return Some(format!("`{person}` stands in `{}` again", change.judge));
                }
            }
        }
        None
    }

    /// What it gave or made and a later tree hasn't any more, in words, unless `end` hasn't either.
    fn taken_back(&self, later: &Revision, end: Option<&Revision>) -> Option<String> {
        for (key, intervals) in &self.gained {
            let missing = |tree: &Revision| intervals.minus(&tree.entitlements.held(key));
            if !missing(later).minus(&end.map(missing).unwrap_or_default()).is_empty() {
                return Some(format!("`{}` has {} no longer, or not as long", key.person, what(key)));
            }
        }
        if !self.held.is_empty() {
            let (now, then) = (facts::held(later), end.map(facts::held));
            let other = |(what, after): &&([String; 2], Option<String>)| {
                now.get(what) != after.as_ref() && then.as_ref().is_none_or(|then| then.get(what) == after.as_ref())
            };
            if let Some(([about, _], _)) = self.held.iter().find(other) {
                return Some(format!("{about} is not what it was made"));
            }
        }
        let (judging, then) = (panels(&later.access), end.map(|end| panels(&end.access)));
        for change in &self.judges {
            let now = judging.get(&change.judge);
            let then = then.as_ref().map(|then| then.get(&change.judge));
            for (person, proofs) in change.after.iter().flat_map(|panel| &panel.people) {
                let stood = seat(change.before.as_ref(), person).unwrap_or_default();
                let missing = |panel: Option<&Panel>| match seat(panel, person) {
                    None => true,
                    Some(there) => proofs.iter().any(|proof| !stood.contains(proof) && !there.contains(proof)),
                };
                if missing(now) && !then.is_some_and(missing) {
                    return Some(format!("`{person}` stands in `{}` no longer as approved", change.judge));
                }
            }
            let asks = |panel: Option<&Panel>| panel.map(|panel| panel.asks.clone());
            let (before, after) = (asks(change.before.as_ref()), asks(change.after.as_ref()));
            if before != after && asks(now) != after && then.is_none_or(|then| asks(then) == after) {
                return Some(format!("`{}` asks for something else", change.judge));
            }
        }
        None
    }
}

/// An approved landing, as it must be looked at where a later step doesn't start from it.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub base: Oid,
    pub commit: Oid,
    /// The head that was approved.
    pub head: Option<Oid>,
    pub approvals: Vec<CountedApproval>,
    pub meaning: Rc<Meaning>,
    /// The last approved landing that follows on this one: what differs there was changed by somebody's approval.
    pub end: Option<Oid>,
    pub hold: Hold,
}

/// How much of what a landing changed a later step must keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// All of it.
    Whole,
    /// What it took from somebody. For the rest, those who approved it have approved something else since.
    Taken,
}

/// A step that is held against landings that it doesn't start from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Later<'l> {
    pub landed: Oid,
    /// Whose approvals count for it.
    pub approvals: &'l [Opinion],
}

impl<'l> Later<'l> {
    pub fn of(landed: Oid, granted: Option<&'l Granted>) -> Self {
        Later { landed, approvals: granted.map_or(&[], |granted| &granted.approvals) }
    }
}

impl Standing {
    pub fn of(landing: Landing, meaning: Rc<Meaning>) -> Self {
        let Landing { base, commit, head, approvals, .. } = landing;
        Standing { base, commit, head, approvals, meaning, end: None, hold: Hold::Whole }
    }

    /// True where the landing can't be told from an earlier state of a head's own branch, as it stands there or was rebased.
    pub fn may_be_draft_of(&self, repository: &Repository, head: Oid) -> Result<bool, RepositoryError> {
        if repository.is_ancestor(self.commit, head)? {
            return Ok(true);
        }
        let Some(approved) = self.head else { return Ok(false) };
        Ok(!repository.commit(self.commit)?.parents.contains(&approved) && repository.is_ancestor(approved, head)?)
    }

    /// The refusal of a step that doesn't keep what the landing changed.
    ///
    /// INVARIANT: every step that doesn't start from an approved landing of the open history is held against it here.
    pub fn undone_by(&self, ground: &Ground<'_>, later: Later<'_>) -> Result<Option<Refusal>, VerifyError> {
        let end = self.end.unwrap_or(self.commit);
        if self.hold == Hold::Whole {
            let changed = ground.repository.managed_changes(self.base, self.commit)?;
            let since = ground.repository.managed_changes(end, later.landed)?;
            if let Some(path) = changed.keys().find(|path| since.contains_key(*path)) {
                return Ok(Some(words::left_out(later.landed, self.commit, path, &self.approvals, end)));
            }
        }
        let undone = |fact: String| Ok(Some(words::undone(later.landed, self.commit, &fact, &self.approvals)));
        let unseated = self.meaning.unseated();
        if let Some(opinion) = later.approvals.iter().find(|opinion| unseated.contains(&opinion.person)) {
            return undone(format!(
                "it counts the approval of `{}`, who could approve less from then on",
                opinion.person
            ));
        }
        // what can't be read is refused as such
        let Ok(tree) = ground.revision(later.landed) else { return Ok(None) };
        let end = match self.end {
            Some(end) => Some(ground.revision(end)?),
            None => None,
        };
        let mut fact = self.meaning.given_back(&tree, end.as_deref());
        if fact.is_none() && self.hold == Hold::Whole {
            fact = self.meaning.taken_back(&tree, end.as_deref());
        }
        fact.map_or(Ok(None), undone)
    }
}

/// What a change of policies and bridges means, whatever files say it.
fn held_otherwise(plan: &Plan<'_>) -> Vec<([String; 2], Option<String>)> {
    let of_these = |path: &str| path.starts_with("policies/") || path.starts_with("bridges/");
    if !plan.classes.paths().any(|(path, _)| of_these(path)) {
        return Vec::new();
    }
    let [before, mut after] = [plan.base, plan.head].map(facts::held);
    let mut found = Vec::new();
    for (what, before) in before {
        let after = after.remove(&what);
        if after.as_ref() != Some(&before) {
            found.push((what, after));
        }
    }
    found.extend(after.into_iter().map(|(what, after)| (what, Some(after))));
    found
}

/// When a person is here; None where never.
fn here(tree: &Revision, person: &PersonId) -> Option<Interval> {
    tree.access.people.get(person).and_then(|person| tree.access.bounds(person))
}

fn outlasts(one: Option<Interval>, other: Option<Interval>) -> bool {
    one.is_some_and(|one| other.is_none_or(|other| one.until() > other.until()))
}

/// When a person holds a right, under whatever conditions and account.
fn held_at_all(revision: &Revision, key: &EntitlementKey) -> Intervals {
    fn right(key: &EntitlementKey) -> (&TargetId, &'static Kind, &str, &str) {
        (&key.target, key.kind, &key.resource, &key.permission)
    }
    let own = revision.entitlements.of(&key.person).iter().filter(|one| right(&one.key) == right(key));
    own.fold(Intervals::default(), |held, one| held.union(&one.intervals))
}

/// The keys and accounts by which a person speaks in a panel; None where the person isn't in it.
fn seat<'a>(panel: Option<&'a Panel>, person: &PersonId) -> Option<&'a [String]> {
    panel.and_then(|panel| panel.people.get(person)).map(Vec::as_slice)
}

fn what(key: &EntitlementKey) -> String {
    format!("{} on {} {}", key.permission, key.kind.name, key.resource)
}

//! What a landing means to people: who gained and lost what, what it made of rules, and what of that a later tree undoes.

use std::collections::BTreeSet;

use crate::access::{EntitlementKey, Interval, Intervals, Kind, PersonId, Revision, TargetId};
use crate::plan::judges::{Panel, panels};
use crate::plan::{JudgeChange, Plan, facts};

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
    pub fn unseated(&self) -> BTreeSet<&PersonId> {
        let ended = self.ended.iter().map(|(person, _)| person);
        self.judges.iter().flat_map(JudgeChange::unseated).chain(ended).collect()
    }

    /// What it took and a later tree gives back, in words. What stands in `end` was given back by somebody's approval.
    pub fn given_back(&self, later: &Revision, end: Option<&Revision>) -> Option<String> {
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
    pub fn taken_back(&self, later: &Revision, end: Option<&Revision>) -> Option<String> {
        for (key, intervals) in &self.gained {
            let missing = |tree: &Revision| intervals.minus(&tree.entitlements.held(key));
            if !missing(later).minus(&end.map(missing).unwrap_or_default()).is_empty() {
                return Some(format!("`{}` has {} no longer, or not as long", key.person, what(key)));
            }
        }
        self.ruled_back(later, end)
    }

    /// What it took, and which rules it made otherwise, as far as a later tree gives that back unlike the one before it.
    pub fn overruled(&self, later: &Revision, before: &Revision) -> Option<String> {
        self.given_back(later, Some(before)).or_else(|| self.ruled_back(later, Some(before)))
    }

    /// What it made of rules, waivers and who approves, and a later tree makes otherwise, unless `end` does too.
    fn ruled_back(&self, later: &Revision, end: Option<&Revision>) -> Option<String> {
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

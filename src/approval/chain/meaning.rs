//! What a landing means: who gained and lost what, what it turned of all that files say, and what of that a later change
//! undoes.
//!
//! INVARIANT: nothing here asks where something stands. An entitlement is one of a person or an account to a resource, a
//! fact is one of a thing by its kind, id and field.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::access::{Entitlement, EntitlementKey, Intervals, Kind, PersonId, Revision, TargetId};
use crate::plan::changes::{self, EntitlementChange};
use crate::plan::facts::{Turn, turns};
use crate::plan::judges::{self, Panel};
use crate::plan::{JudgeChange, Plan};

/// What two trees hold otherwise: access, who judges, and every fact.
#[derive(Debug, Default)]
pub(super) struct Difference {
    lost: Vec<Part>,
    given: Vec<Part>,
    changes: Vec<EntitlementChange>,
    judges: Vec<JudgeChange>,
    turns: Vec<Turn>,
}

/// What a landing means.
#[derive(Debug, Default)]
pub(super) struct Meaning {
    difference: Difference,
    /// People who leave, or leave earlier.
    ended: BTreeSet<PersonId>,
    /// True where access is given, and nothing else happens.
    pub only_gives: bool,
    /// True where access is taken, and nothing else happens.
    pub only_takes: bool,
}

/// How much of what a landing changed a later step must keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// All of it.
    Whole,
    /// All but the access that it gave, of which a plan says where it goes.
    Unseen,
    /// What it took from somebody, or tightened. For the rest, those who approved it have approved something else since.
    Taken,
}

/// How much somebody may do on a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Level {
    /// Anything at all.
    Any,
    /// Of a kind that holds one value: this permission of the kind's order, or a higher one.
    Rank(usize),
    /// Of a kind that holds many.
    Permission(Arc<str>),
}

/// A level on a resource that somebody gained or lost.
#[derive(Debug)]
struct Part {
    key: EntitlementKey,
    level: Level,
    intervals: Intervals,
}

/// Whose a part is: a person's, whichever account it is held by, or an account's, whoever's it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Holder<'a> {
    Person(&'a PersonId),
    Account(&'a str),
}

type Slot<'a> = (&'a TargetId, &'static Kind, &'a str, &'a Level, Holder<'a>);

impl Part {
    fn slots(&self) -> [Slot<'_>; 2] {
        let EntitlementKey { person, target, kind, resource, principal, .. } = &self.key;
        [Holder::Person(person), Holder::Account(principal)]
            .map(|holder| (target, *kind, &**resource, &self.level, holder))
    }
}

impl Difference {
    pub fn between(base: &Revision, head: &Revision) -> Self {
        let changes = changes::between(&base.entitlements, &head.entitlements);
        Difference::of(base, head, changes, judges::between(&base.access, &head.access))
    }

    fn of(base: &Revision, head: &Revision, changes: Vec<EntitlementChange>, judges: Vec<JudgeChange>) -> Self {
        let given = changes.iter().filter(|change| change.gains());
        Difference {
            // also what a higher permission still covers: without that it would be held again
            lost: changes.iter().flat_map(|change| parts(&change.key, &change.dropped, head)).collect(),
            given: given.flat_map(|change| parts(&change.key, &change.gained, base)).collect(),
            turns: turns(base, head),
            changes,
            judges,
        }
    }
}

impl Meaning {
    pub fn of(plan: &Plan<'_>) -> Self {
        let difference = Difference::of(plan.base, plan.head, plan.changes.clone(), plan.judges.clone());
        Meaning {
            ended: plan.classes.ending_people().iter().cloned().collect(),
            only_gives: plan.only_gives() && difference.turns.iter().all(|turn| turn.weaker || turn.told),
            only_takes: plan.only_takes(),
            difference,
        }
    }

    /// Of a removal of which nothing else can be read.
    pub fn removal() -> Self {
        Meaning { only_takes: true, ..Meaning::default() }
    }

    /// True where it takes access from somebody.
    pub fn takes_access(&self) -> bool {
        self.difference.changes.iter().any(EntitlementChange::loses)
    }

    /// What it makes otherwise.
    pub fn difference(&self) -> &Difference {
        &self.difference
    }

    /// People who can approve less after it than before, or by fewer keys.
    pub fn unseated(&self) -> BTreeSet<&PersonId> {
        self.difference.judges.iter().flat_map(JudgeChange::unseated).chain(&self.ended).collect()
    }

    /// What of it a later change undoes, in words. The change starts from where all of it still holds but what somebody
    /// approved to be otherwise.
    pub fn undone_by(&self, later: &Difference, hold: Hold) -> Option<String> {
        let own = &self.difference;
        // what somebody has again is told first, and last whose word counts, which follows from other things
        let turned = || match hold {
            Hold::Taken => own.turned_back(later, |own, later| !own.weaker && later.weaker && !own.told),
            Hold::Unseen | Hold::Whole => own.turned_back(later, |_, _| true),
        };
        let taken = || if hold == Hold::Whole { own.taken_back(later) } else { None };
        let judged = || if hold == Hold::Taken { None } else { own.judged_otherwise(later) };
        let again = own.given_back(later).or_else(taken).or_else(turned);
        again.or_else(|| own.seated_again(later)).or_else(judged)
    }
}

impl Difference {
    /// Access that it took and a later change gives.
    fn given_back(&self, later: &Difference) -> Option<String> {
        if self.lost.is_empty() || later.given.is_empty() {
            return None;
        }
        let mut given: HashMap<Slot<'_>, Vec<&Part>> = HashMap::new();
        for part in &later.given {
            part.slots().into_iter().for_each(|slot| given.entry(slot).or_default().push(part));
        }
        let pairs = self.lost.iter().flat_map(|lost| lost.slots().map(|slot| (lost, slot)));
        let mut back =
            pairs.flat_map(|(lost, slot)| given.get(&slot).into_iter().flatten().map(move |given| (lost, given)));
        let (lost, given) = back.find(|(lost, given)| !given.intervals.intersect(&lost.intervals).is_empty())?;
        let (before, now) = (&lost.key.person, &given.key.person);
        Some(match before == now {
            true => format!("`{now}` has {} again", what(&given.key)),
            false => format!("`{now}` has {} by the account that `{before}` had it by", what(&given.key)),
        })
    }

    /// Access that it gave and a later change takes.
    fn taken_back(&self, later: &Difference) -> Option<String> {
        let lost: BTreeMap<&EntitlementKey, &Intervals> =
            later.changes.iter().map(|change| (&change.key, &change.dropped)).collect();
        let mut gained = self.changes.iter().filter(|change| change.gains());
        let gone = gained
            .find(|change| lost.get(&change.key).is_some_and(|lost| !change.gained.intersect(lost).is_empty()))?;
        Some(format!("`{}` has {} no longer, or not as long", gone.key.person, what(&gone.key)))
    }

    /// A fact that it made and a later change makes otherwise, of those that count.
    fn turned_back(&self, later: &Difference, counts: impl Fn(&Turn, &Turn) -> bool) -> Option<String> {
        let turned: HashMap<[&str; 2], &Turn> = later.turns.iter().map(|turn| (name(turn), turn)).collect();
        let pairs = self.turns.iter().filter_map(|own| Some((own, *turned.get(&name(own))?)));
        let mut back = pairs.filter(|(own, later)| own.after == later.before && counts(own, later));
        back.next().map(|(own, later)| match (&own.after, &later.after) {
            (None, Some(_)) if own.field.is_empty() || !self.leaves(&own.about) => format!("{} is back", own.about),
            _ => format!("{} is not what it was made", own.about),
        })
    }

    /// True where it leaves anything of a thing.
    fn leaves(&self, about: &str) -> bool {
        self.turns.iter().any(|turn| turn.about == about && turn.after.is_some())
    }

    /// Somebody whom it took off a panel, or a key or account of theirs there, and a later change puts back.
    fn seated_again(&self, later: &Difference) -> Option<String> {
        for (own, later) in self.judged_by_both(later) {
            for person in own.unseated() {
                let [before, after, was, is] = seats(person, own, later);
                let again = match after {
                    // who had no key or account there is back by being there
                    None => was.is_none() && is.is_some(),
                    Some(_) => false,
                };
                let new = is.unwrap_or_default().iter().filter(|proof| !was.unwrap_or_default().contains(proof));
                let mut gone = new.filter(|proof| {
                    before.unwrap_or_default().contains(proof) && !after.unwrap_or_default().contains(proof)
                });
                if again || gone.next().is_some() {
                    return Some(format!("`{person}` stands in `{}` again", own.judge));
                }
            }
        }
        None
    }

    /// Somebody whom it put on a panel and a later change takes off, or what it made a panel ask for.
    fn judged_otherwise(&self, later: &Difference) -> Option<String> {
        for (own, later) in self.judged_by_both(later) {
            for person in own.after.iter().flat_map(|panel| panel.people.keys()) {
                let [before, after, was, is] = seats(person, own, later);
                let came = before.is_none() && was.is_some() && is.is_none();
                let new = after.unwrap_or_default().iter().filter(|proof| !before.unwrap_or_default().contains(proof));
                let mut gone = new
                    .filter(|proof| was.unwrap_or_default().contains(proof) && !is.unwrap_or_default().contains(proof));
                if came || gone.next().is_some() {
                    return Some(format!("`{person}` stands in `{}` no longer as approved", own.judge));
                }
            }
            let asks = |panel: &Option<Panel>| panel.as_ref().map(|panel| panel.asks.clone());
            let [before, after, was, is] = [&own.before, &own.after, &later.before, &later.after].map(asks);
            if before != after && was == after && is != after {
                return Some(format!("`{}` asks for something else", own.judge));
            }
        }
        None
    }

    /// The panels that both change.
    fn judged_by_both<'a>(&'a self, later: &'a Difference) -> impl Iterator<Item = (&'a JudgeChange, &'a JudgeChange)> {
        let changed: HashMap<&str, &JudgeChange> = later.judges.iter().map(|one| (one.judge.as_str(), one)).collect();
        self.judges.iter().filter_map(move |own| Some((own, *changed.get(own.judge.as_str())?)))
    }
}

/// What a person has of a resource by an entitlement, level by level, that they don't hold in another tree.
///
/// Of a kind that holds one value whoever has a higher one has the lower ones too, so one of them is left where the other
/// is taken. Of other kinds each permission is a thing of its own; and whoever had nothing any more, or nothing yet, has
/// something by any of them.
fn parts(key: &EntitlementKey, intervals: &Intervals, other: &Revision) -> Vec<Part> {
    let own = other.entitlements.of(&key.person).iter();
    let same: Vec<&Entitlement> = own
        .filter(|one| (&one.key.target, one.key.kind, &one.key.resource) == (&key.target, key.kind, &key.resource))
        .collect();
    let held = |enough: &dyn Fn(&str) -> bool| {
        let held = same.iter().filter(|one| enough(&one.key.permission));
        held.fold(Intervals::default(), |held, one| held.union(&one.intervals))
    };
    let part = |level: Level, intervals: Intervals| {
        (!intervals.is_empty()).then(|| Part { key: key.clone(), level, intervals })
    };
    let (kind, rank) = (key.kind, key.kind.rank(&key.permission));
    if kind.holds_one() {
        let left = |least: usize| intervals.minus(&held(&|permission| kind.rank(permission) >= least));
        // what an owner's own permission adds is a thing of its own
        let added = kind.added(&key.permission).and_then(|_| {
            let left = intervals.minus(&held(&|permission| kind.includes(permission, &key.permission)));
            part(Level::Permission(Arc::clone(&key.permission)), left)
        });
        return (1..=rank).filter_map(|least| part(Level::Rank(least), left(least))).chain(added).collect();
    }
    let any = part(Level::Any, intervals.minus(&held(&|_| true)));
    any.into_iter().chain(part(Level::Permission(Arc::clone(&key.permission)), intervals.clone())).collect()
}

fn name(turn: &Turn) -> [&str; 2] {
    [&turn.about, &turn.field]
}

/// The keys and accounts by which a person speaks in a panel before and after one change, and before and after another;
/// None where the person isn't in it.
fn seats<'a>(person: &PersonId, one: &'a JudgeChange, other: &'a JudgeChange) -> [Option<&'a [String]>; 4] {
    [&one.before, &one.after, &other.before, &other.after]
        .map(|panel| panel.as_ref().and_then(|panel| panel.people.get(person)).map(Vec::as_slice))
}

fn what(key: &EntitlementKey) -> String {
    format!("{} on {} {}", key.permission, key.kind.name, key.resource)
}

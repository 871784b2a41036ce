//! From facts to violations, for any source of facts.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashMapExt as _};
use jiff::Timestamp;

use crate::access::raw::Environment;
use crate::access::{
    DomainId, Duty, DutyRule, DutySet, EntitlementPattern, Interval, Intervals, Kind, PersonId, RoleId,
};

/// How often what people hold may belong to sets of rules.
pub const MAX_MATCHES: usize = 1_000_000;

/// How often patterns of sets may be compared with entitlements.
pub const MAX_COMPARED: usize = 20_000_000;

/// More than [`MAX_MATCHES`] or [`MAX_COMPARED`]: nothing was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMuch;

/// Something that a person holds for a while. `W` is the caller's proof of it.
#[derive(Clone, Copy, Debug)]
pub struct Fact<'a, W> {
    pub held: Held<'a>,
    pub domain: &'a DomainId,
    pub environment: Environment,
    pub interval: Interval,
    pub witness: W,
}

/// What sets of duties rules can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Held<'a> {
    Duty(&'a Duty),
    Role(&'a RoleId),
    Entitlement { kind: &'static Kind, resource: &'a str, permission: &'a str },
}

impl std::fmt::Display for Held<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Held::Duty(duty) => write!(f, "{duty}"),
            Held::Role(role) => write!(f, "{role}"),
            Held::Entitlement { kind, resource, permission } => {
                write!(f, "{}:{}:{}", kind.name, resource.escape_debug(), permission.escape_debug())
            }
        }
    }
}

/// How a rule is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breach<'a> {
    /// More of the rule's sets than it allows.
    Sets { at_most: u32 },
    /// More matches of one set than the set allows.
    Within { set: &'a str, at_most: u32 },
}

/// A fact that belongs to a set of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Half<'a, W> {
    pub set: &'a str,
    pub held: Held<'a>,
    pub interval: Interval,
    pub witness: W,
}

/// A rule that a person breaks in one way, at all instants of `intervals`.
#[derive(Clone, Debug)]
pub struct Violation<'a, W> {
    pub rule: &'a DutyRule,
    pub person: &'a PersonId,
    pub breach: Breach<'a>,
    pub intervals: Intervals,
    /// Everything that counts for this breach, also outside of `intervals`.
    pub halves: Vec<Half<'a, W>>,
}

/// What breaks a rule at one instant.
#[derive(Clone, Debug)]
pub struct Conflict<'a, W> {
    /// One for each set (or each match of the set) that is held, of the first [`SHOWN`]; those of whoever asks first.
    pub halves: Vec<Half<'a, W>>,
    /// How many sets (or matches of the set) are held.
    pub held: usize,
}

/// How many halves of a conflict are shown: of thousands each could show all others.
pub const SHOWN: usize = 16;

impl<'a, W: Copy + Ord> Violation<'a, W> {
    /// What of it holds at an instant, for each of those who ask. Of several halves that say the same it is theirs, else the
    /// first.
    pub fn at<T: Ord + Copy>(&self, asked: &[(Timestamp, T)], whose: impl Fn(&W) -> T) -> Vec<Conflict<'a, W>> {
        let half = |number: &usize| self.halves.get(*number);
        let mut own: BTreeMap<T, Vec<usize>> = BTreeMap::new();
        for (number, half) in self.halves.iter().enumerate() {
            own.entry(whose(&half.witness)).or_default().push(number);
        }
        let mut starting: Vec<usize> = (0..self.halves.len()).collect();
        let mut ending = starting.clone();
        starting.sort_by_key(|number| half(number).map(|half| half.interval.from()));
        ending.sort_by_key(|number| half(number).map(|half| half.interval.until()));
        let (mut starting, mut ending) = (starting.into_iter().peekable(), ending.into_iter().peekable());
        let mut open: BTreeMap<Key<'a>, BTreeSet<usize>> = BTreeMap::new();
        let key = |number: &usize| half(number).map(|half| Key::of(self.breach, half));
        let mut turns: Vec<usize> = (0..asked.len()).collect();
        turns.sort_by_key(|turn| asked.get(*turn).map(|(at, _)| *at));
        let mut conflicts = Vec::with_capacity(asked.len());
        for turn in turns {
            let Some((at, who)) = asked.get(turn) else { continue };
            let begun = |number: &usize| half(number).is_some_and(|half| half.interval.from() <= *at);
            while let Some(number) = starting.next_if(begun) {
                let Some(key) = key(&number) else { continue };
                open.entry(key).or_default().insert(number);
            }
            let over = |number: &usize| half(number).is_some_and(|half| half.interval.until() <= *at);
            while let Some(number) = ending.next_if(over) {
                let Some(key) = key(&number) else { continue };
                if let Some(left) = open.get_mut(&key)
                    && left.remove(&number)
                    && left.is_empty()
                {
                    open.remove(&key);
                }
            }
            let mut chosen: BTreeMap<Key<'a>, Half<'a, W>> = BTreeMap::new();
            let theirs = own.get(who).into_iter().flatten().filter_map(half);
            let theirs = theirs.filter(|half| half.interval.contains(*at)).map(|one| (Key::of(self.breach, one), one));
            let others = open.iter().filter_map(|(key, open)| Some((*key, half(open.first()?)?)));
            for (key, half) in theirs.chain(others.take(SHOWN)) {
                if chosen.len() < SHOWN {
                    chosen.entry(key).or_insert(*half);
                }
            }
            conflicts.push((turn, Conflict { halves: chosen.into_values().collect(), held: open.len() }));
        }
        conflicts.sort_unstable_by_key(|(turn, _)| *turn);
        conflicts.into_iter().map(|(_, conflict)| conflict).collect()
    }

    /// How many sets (or matches of the set) those halves alone hold at an instant of which the question is true.
    pub fn held_by(&self, at: Timestamp, whose: impl Fn(&W) -> bool) -> usize {
        let halves = self.halves.iter().filter(|half| half.interval.contains(at) && whose(&half.witness));
        halves.map(|half| Key::of(self.breach, half)).collect::<BTreeSet<_>>().len()
    }
}

/// What is counted: sets, or matches of one set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Set(&'a str),
    Match(Held<'a>),
}

impl<'a> Key<'a> {
    fn of<W>(breach: Breach<'a>, half: &Half<'a, W>) -> Self {
        match breach {
            Breach::Sets { .. } => Key::Set(half.set),
            Breach::Within { .. } => Key::Match(half.held),
        }
    }
}

/// Which sets name a duty, a role or a pattern, so that a fact is compared with few of them.
struct Index<'a> {
    /// Rule, name and content of each set.
    sets: Vec<(&'a DutyRule, &'a str, &'a DutySet)>,
    duties: HashMap<&'a Duty, Vec<usize>>,
    roles: HashMap<&'a RoleId, Vec<usize>>,
    patterns: Vec<(usize, &'a EntitlementPattern)>,
    /// The sets that name an entitlement, for those that were compared with all patterns.
    compared: HashMap<Held<'a>, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn new(rules: impl IntoIterator<Item = &'a DutyRule>) -> Self {
        let mut index = Index {
            sets: Vec::new(),
            duties: HashMap::new(),
            roles: HashMap::new(),
            patterns: Vec::new(),
            compared: HashMap::new(),
        };
        for rule in rules {
            for (name, set) in &rule.sets {
                let number = index.sets.len();
                index.sets.push((rule, name, set));
                set.duties.iter().for_each(|duty| index.duties.entry(duty).or_default().push(number));
                set.roles.iter().for_each(|role| index.roles.entry(role).or_default().push(number));
                index.patterns.extend(set.entitlements.iter().map(|pattern| (number, pattern)));
            }
        }
        index
    }

    /// Numbers of the sets that a fact belongs to; a number may come twice.
    fn sets_of<W>(&mut self, fact: &Fact<'a, W>) -> Result<Vec<usize>, TooMuch> {
        let named = match fact.held {
            Held::Duty(duty) => self.duties.get(duty),
            Held::Role(role) => self.roles.get(role),
            Held::Entitlement { kind, resource, permission } => {
                if !self.compared.contains_key(&fact.held) {
                    if self.compared.len().saturating_mul(self.patterns.len()) > MAX_COMPARED {
                        return Err(TooMuch);
                    }
                    let covering = self.patterns.iter().filter(|(_, p)| p.covers(kind, resource, permission));
                    let covering = covering.map(|(number, _)| *number).collect();
                    self.compared.insert(fact.held, covering);
                }
                self.compared.get(&fact.held)
            }
        };
        let sets = named.into_iter().flatten().copied();
        Ok(sets.filter(|number| self.sets.get(*number).is_some_and(|(_, _, set)| reaches(set, fact))).collect())
    }
}

fn reaches<W>(set: &DutySet, fact: &Fact<'_, W>) -> bool {
    (set.environments.is_empty() || set.environments.contains(&fact.environment))
        && (set.domains.is_empty() || set.domains.contains(fact.domain))
}

/// Every rule that a person breaks at some instant, sorted by rule, person and breach. Each person comes once, with
/// everything that they hold.
///
/// # Errors
///
/// [`TooMuch`], so that rules that nobody could have read can't exhaust the machine that judges by them.
pub fn violations<'a, W: Copy + Ord, F: IntoIterator<Item = Fact<'a, W>>>(
    rules: impl IntoIterator<Item = &'a DutyRule>,
    people: impl IntoIterator<Item = (&'a PersonId, F)>,
) -> Result<Vec<Violation<'a, W>>, TooMuch> {
    let mut index = Index::new(rules);
    let mut halves: Vec<(usize, Half<'a, W>)> = Vec::new();
    let mut matches = 0_usize;
    let mut found = Vec::new();
    for (person, facts) in people {
        halves.clear();
        for fact in facts {
            for number in index.sets_of(&fact)? {
                let Some((_, set, _)) = index.sets.get(number) else { continue };
                let half = Half { set, held: fact.held, interval: fact.interval, witness: fact.witness };
                halves.push((number, half));
                matches += 1;
            }
            if matches > MAX_MATCHES {
                return Err(TooMuch);
            }
        }
        // sets of one rule have neighbouring numbers, so that sorting puts together what the person has of one rule
        halves.sort();
        halves.dedup();
        let rule_of = |number: usize| index.sets.get(number).map(|(rule, _, _)| *rule);
        let same = |a: usize, b: usize| match (rule_of(a), rule_of(b)) {
            (Some(a), Some(b)) => std::ptr::eq(a, b),
            _ => false,
        };
        for chunk in halves.chunk_by(|a, b| same(a.0, b.0)) {
            let Some(rule) = chunk.first().and_then(|(number, _)| rule_of(*number)) else { continue };
            judge(rule, person, chunk.iter().map(|(_, half)| *half).collect(), &mut found);
        }
    }
    found.sort_by(|a, b| (&a.rule.id, a.person, a.breach).cmp(&(&b.rule.id, b.person, b.breach)));
    Ok(found)
}

fn judge<'a, W: Copy + Ord>(
    rule: &'a DutyRule,
    person: &'a PersonId,
    halves: Vec<Half<'a, W>>,
    found: &mut Vec<Violation<'a, W>>,
) {
    // halves of one set are neighbours
    let held = halves.chunk_by(|a, b| a.set == b.set).count();
    if held <= usize::try_from(rule.at_most).unwrap_or(usize::MAX)
        && rule.sets.values().all(|set| set.at_most.is_none())
    {
        return;
    }
    let mut check = |breach: Breach<'a>, at_most: u32, halves: Vec<Half<'a, W>>| {
        let intervals = more_than(at_most, breach, &halves);
        if !intervals.is_empty() {
            found.push(Violation { rule, person, breach, intervals, halves });
        }
    };
    for (name, set) in &rule.sets {
        let Some(at_most) = set.at_most else { continue };
        let of_set: Vec<Half<'a, W>> = halves.iter().filter(|half| half.set == name).copied().collect();
        check(Breach::Within { set: name, at_most }, at_most, of_set);
    }
    check(Breach::Sets { at_most: rule.at_most }, rule.at_most, halves);
}

/// The instants at which more than `at_most` different keys are held.
fn more_than<W>(at_most: u32, breach: Breach<'_>, halves: &[Half<'_, W>]) -> Intervals {
    let at_most = usize::try_from(at_most).unwrap_or(usize::MAX);
    let mut held: BTreeMap<Key<'_>, usize> = halves.iter().map(|half| (Key::of(breach, half), 0)).collect();
    if held.len() <= at_most {
        return Intervals::default();
    }
    let mut events: Vec<(Timestamp, bool, Key<'_>)> = Vec::with_capacity(halves.len() * 2);
    for half in halves {
        events.push((half.interval.from(), true, Key::of(breach, half)));
        events.push((half.interval.until(), false, Key::of(breach, half)));
    }
    events.sort();
    let mut different = 0_usize;
    let mut since: Option<Timestamp> = None;
    let mut broken = Vec::new();
    for instant in events.chunk_by(|a, b| a.0 == b.0) {
        for (_, starts, key) in instant {
            let Some(count) = held.get_mut(key) else { continue };
            let before = *count > 0;
            // at one instant ends come first, and each end has a start that came earlier
            *count = if *starts { *count + 1 } else { count.saturating_sub(1) };
            match (before, *count > 0) {
                (false, true) => different += 1,
                (true, false) => different -= 1,
                (true, true) | (false, false) => {}
            }
        }
        let Some((at, _, _)) = instant.first() else { continue };
        match (since, different > at_most) {
            (None, true) => since = Some(*at),
            (Some(from), false) => {
                broken.extend(Interval::new(from, *at));
                since = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }
    broken.into_iter().collect()
}

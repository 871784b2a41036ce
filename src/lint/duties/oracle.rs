//! The engine against the plainest way to say the same: look at every instant, and count.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proptest::prelude::*;

use super::engine::{Breach, Fact, Held, violations};
use crate::access::raw::Environment;
use crate::access::{DomainId, Duty, DutyRule, DutySet, Interval, PersonId, PolicyId, RoleId};
use crate::finding::{Place, Severity};

const INSTANTS: i64 = 8;
const ENVIRONMENTS: [Environment; 2] = [Environment::Production, Environment::Staging];

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("second")
}

/// A fact in numbers: person, what is held, domain, from, length.
type Plain = (usize, usize, usize, i64, i64);

/// A fact of a person.
type Of<'a> = (&'a PersonId, Fact<'a, usize>);

/// Everybody's facts together.
fn by_person<'a>(facts: &[Of<'a>]) -> BTreeMap<&'a PersonId, Vec<Fact<'a, usize>>> {
    let mut people: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (person, fact) in facts {
        people.entry(*person).or_default().push(*fact);
    }
    people
}

/// The names that numbers stand for.
struct Names {
    people: Vec<PersonId>,
    duties: Vec<Duty>,
    roles: Vec<RoleId>,
    domains: Vec<DomainId>,
}

impl Names {
    fn new() -> Self {
        Names {
            people: ["a", "b"].map(|id| PersonId::parse(id).expect("id")).into(),
            duties: ["d0", "d1", "d2"].map(|id| Duty::parse(id).expect("id")).into(),
            roles: ["r0", "r1"].map(|id| RoleId::parse(id).expect("id")).into(),
            domains: ["x", "y"].map(|id| DomainId::parse(id).expect("id")).into(),
        }
    }

    fn fact(&self, witness: usize, (person, held, domain, from, length): Plain) -> Of<'_> {
        let held = match self.duties.get(held) {
            Some(duty) => Held::Duty(duty),
            None => Held::Role(&self.roles[held - self.duties.len()]),
        };
        let fact = Fact {
            held,
            domain: &self.domains[domain],
            environment: ENVIRONMENTS[domain],
            interval: Interval::new(at(from), at(from + length)).expect("interval"),
            witness,
        };
        (&self.people[person], fact)
    }
}

fn facts() -> impl Strategy<Value = Vec<Plain>> {
    prop::collection::vec((0..2_usize, 0..5_usize, 0..2_usize, 0..INSTANTS - 1, 1..4_i64), 0..9)
}

fn set() -> impl Strategy<Value = (Vec<usize>, Vec<usize>, Option<u32>)> {
    (prop::collection::vec(0..5_usize, 1..4), prop::collection::vec(0..2_usize, 0..2), prop::option::of(1..3_u32))
}

fn rule() -> impl Strategy<Value = DutyRule> {
    (prop::collection::vec(set(), 1..4), 1..3_u32, any::<bool>()).prop_map(|(sets, at_most, by_environment)| {
        let names = Names::new();
        let sets = sets.into_iter().enumerate().map(|(number, (held, walls, at_most))| {
            let set = DutySet {
                duties: held.iter().filter_map(|n| names.duties.get(*n).cloned()).collect(),
                roles: held
                    .iter()
                    .filter_map(|n| n.checked_sub(names.duties.len()).map(|n| names.roles[n].clone()))
                    .collect(),
                entitlements: Vec::new(),
                environments: walls.iter().filter(|_| by_environment).map(|n| ENVIRONMENTS[*n]).collect(),
                domains: walls.iter().filter(|_| !by_environment).map(|n| names.domains[*n].clone()).collect(),
                at_most,
            };
            (format!("s{number}"), set)
        });
        DutyRule {
            id: PolicyId::parse("rule").expect("id"),
            title: String::new(),
            sets: sets.collect(),
            at_most,
            severity: Severity::Error,
            digest: String::new(),
            place: Place::whole_file("policies/a.yaml"),
        }
    })
}

/// Person and breach (None: of the rule, else of the set) at each instant.
fn counted<'a>(rule: &'a DutyRule, facts: &[Of<'_>]) -> BTreeSet<(String, Option<&'a str>, i64)> {
    let mut broken = BTreeSet::new();
    for instant in 0..INSTANTS + 4 {
        let mut held: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
        for (person, fact) in facts.iter().filter(|(_, fact)| fact.interval.contains(at(instant))) {
            for (name, set) in &rule.sets {
                let named = match fact.held {
                    Held::Duty(duty) => set.duties.contains(duty),
                    Held::Role(role) => set.roles.contains(role),
                    Held::Entitlement { .. } => false,
                };
                let inside = (set.environments.is_empty() || set.environments.contains(&fact.environment))
                    && (set.domains.is_empty() || set.domains.contains(fact.domain));
                if named && inside {
                    held.entry((person.as_str(), name)).or_default().insert(fact.held.to_string());
                }
            }
        }
        for person in ["a", "b"] {
            let sets = held.keys().filter(|(holder, _)| *holder == person).count();
            if sets > rule.at_most as usize {
                broken.insert((person.to_owned(), None, instant));
            }
            for (name, set) in &rule.sets {
                let matches = held.get(&(person, name.as_str())).map_or(0, BTreeSet::len);
                if set.at_most.is_some_and(|most| matches > most as usize) {
                    broken.insert((person.to_owned(), Some(name.as_str()), instant));
                }
            }
        }
    }
    broken
}

fn found<'a>(rule: &'a DutyRule, facts: &[Of<'a>]) -> BTreeSet<(String, Option<&'a str>, i64)> {
    let mut broken = BTreeSet::new();
    for violation in violations([rule], by_person(facts)).unwrap_or_default() {
        let set = match violation.breach {
            Breach::Sets { .. } => None,
            Breach::Within { set, .. } => Some(set),
        };
        for instant in (0..INSTANTS + 4).filter(|instant| violation.intervals.contains(at(*instant))) {
            broken.insert((violation.person.to_string(), set, instant));
            // what is shown as the reason is enough to break the rule
            let limit = match violation.breach {
                Breach::Sets { at_most } | Breach::Within { at_most, .. } => at_most as usize,
            };
            assert!(violation.at(&[(at(instant), ())], |_| ()).iter().all(|conflict| conflict.halves.len() > limit));
        }
    }
    broken
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn finds_what_counting_finds(rule in rule(), plain in facts()) {
        let names = Names::new();
        let facts: Vec<_> = plain.iter().enumerate().map(|(n, plain)| names.fact(n, *plain)).collect();
        prop_assert_eq!(found(&rule, &facts), counted(&rule, &facts));
    }

    #[test]
    fn a_fact_more_breaks_no_less(rule in rule(), plain in facts(), more in facts()) {
        let names = Names::new();
        let all: Vec<_> = plain.iter().chain(&more).enumerate().map(|(n, plain)| names.fact(n, *plain)).collect();
        let fewer = found(&rule, &all[..plain.len()]);
        prop_assert!(fewer.is_subset(&found(&rule, &all)));
    }

    #[test]
    fn the_order_of_facts_does_not_matter(rule in rule(), plain in facts()) {
        let names = Names::new();
        let facts: Vec<_> = plain.iter().enumerate().map(|(n, plain)| names.fact(n, *plain)).collect();
        let back: Vec<_> = facts.iter().rev().copied().collect();
        let shown = |facts: &[Of<'_>]| format!("{:?}", violations([&rule], by_person(facts)));
        prop_assert_eq!(shown(&facts), shown(&back));
    }
}

//! What the company declares, and what follows from it on a day: the test's own telling of it.

use std::collections::{BTreeMap, BTreeSet};

use super::chance::Chance;
use super::company::date;

/// Repositories, and the target that has each.
pub const RESOURCES: [(&str, &str); 4] = [("a", "code"), ("b", "code"), ("c", "more"), ("d", "more")];

/// Contractors, and the vendor and the account of each.
pub const CONTRACTORS: [(&str, usize, u64); 4] =
    [("carl", 0, 9001), ("cora", 0, 9002), ("cyd", 1, 9003), ("cleo", 1, 9004)];

pub const VENDORS: [&str; 2] = ["globex", "initech"];

/// Roles and what each gives, the lesser first.
pub const ROLES: [(&str, &str); 2] = [("reader", "pull"), ("writer", "push")];

/// Which resource, and which contractor.
pub type Place = (usize, usize);

/// How much is held at each place: 1 to read, 2 to write.
pub type Held = BTreeMap<Place, usize>;

/// One grant. Days count from the first; what ends on a day reaches through it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    person: usize,
    role: usize,
    resources: BTreeSet<usize>,
    until: i64,
}

/// What one tree declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    contracts: [i64; 2],
    engagements: [i64; 4],
    grants: BTreeMap<usize, Grant>,
}

impl Declaration {
    pub fn first() -> Self {
        let grant = |person, role, resources: &[usize], until| Grant {
            person,
            role,
            resources: resources.iter().copied().collect(),
            until,
        };
        Declaration {
            contracts: [70, 60],
            engagements: [60, 50, 55, 40],
            grants: BTreeMap::from([
                (0, grant(0, 1, &[0, 2], 25)),
                (1, grant(1, 0, &[0, 1], 35)),
                (2, grant(2, 1, &[1, 3], 20)),
                (3, grant(2, 0, &[1, 2], 45)),
                (4, grant(3, 0, &[2, 3], 30)),
            ]),
        }
    }

    /// What is held on a day, at nine in the morning.
    pub fn held(&self, day: i64) -> Held {
        let mut held = Held::new();
        for grant in self.grants.values() {
            let until =
                grant.until.min(self.engagements[grant.person]).min(self.contracts[CONTRACTORS[grant.person].1]);
            if day <= until {
                for resource in &grant.resources {
                    let here = held.entry((*resource, grant.person)).or_default();
                    *here = (*here).max(grant.role + 1);
                }
            }
        }
        held
    }

    /// Where anything is declared, whenever.
    pub fn places(&self) -> BTreeSet<Place> {
        let of = |grant: &Grant| grant.resources.iter().map(|resource| (*resource, grant.person)).collect::<Vec<_>>();
        self.grants.values().flat_map(of).collect()
    }

    /// The files that say so.
    pub fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        for (vendor, until) in VENDORS.iter().zip(self.contracts) {
            let text = format!(
                "name: {vendor}\nsponsor: ann\ncontract: {{ from: 2026-10-01, until: {} }}\ndomains: [work]\n",
                date(until)
            );
            files.insert(format!("vendors/{vendor}.yaml"), text);
        }
        for ((person, vendor, account), until) in CONTRACTORS.iter().zip(self.engagements) {
            let text = format!(
                "name: {person}\ntype: contractor\nvendor: {}\nsponsor: ann\n\
                 engagement: {{ from: 2026-10-01, until: {} }}\n\
                 accounts:\n  github: {{ login: {person}-nw, id: {account} }}\n\
                 emails: [{person}@{}.example]\n",
                VENDORS[*vendor],
                date(until),
                VENDORS[*vendor],
            );
            files.insert(format!("people/{person}.yaml"), text);
        }
        for (number, grant) in &self.grants {
            let resources: Vec<&str> = grant.resources.iter().map(|resource| RESOURCES[*resource].0).collect();
            let text = format!(
                "to: [{}]\nrole: {}\ndomain: work\nresources: [{}]\nfrom: 2026-11-01\nuntil: {}\nreason: work {number}\n",
                CONTRACTORS[grant.person].0,
                ROLES[grant.role].0,
                resources.join(", "),
                date(grant.until),
            );
            files.insert(format!("grants/g{number}.yaml"), text);
        }
        files
    }

    /// What somebody honest makes of it: a contract or an engagement that moves, or one to three grants.
    pub fn changed(&self, chance: &mut Chance) -> Self {
        let mut next = self.clone();
        match chance.below(100) {
            0..12 => {
                let vendor = chance.below(2);
                next.contracts[vendor] += day(chance) / 2;
            }
            12..30 => {
                let person = chance.below(4);
                next.engagements[person] = day(chance).min(next.contracts[CONTRACTORS[person].1]);
                let longest = next.longest(person);
                for grant in next.grants.values_mut().filter(|grant| grant.person == person) {
                    grant.until = grant.until.min(longest);
                }
            }
            _ => (0..1 + chance.below(3)).for_each(|_| next.change_grants(chance)),
        }
        next
    }

    fn longest(&self, person: usize) -> i64 {
        self.engagements[person].min(self.contracts[CONTRACTORS[person].1])
    }

    fn change_grants(&mut self, chance: &mut Chance) {
        let numbers: Vec<usize> = self.grants.keys().copied().collect();
        match chance.below(100) {
            0..40 => {
                let number = numbers.last().map_or(0, |last| last + 1);
                let resources = BTreeSet::from([chance.below(4), chance.below(4)]);
                let (person, role) = (chance.below(4), chance.below(2));
                let until = day(chance).min(self.longest(person));
                self.grants.insert(number, Grant { person, role, resources, until });
            }
            40..60 if !numbers.is_empty() => {
                self.grants.remove(&chance.of(&numbers));
            }
            _ if !numbers.is_empty() => {
                let number = chance.of(&numbers);
                let until = day(chance).min(self.longest(self.grants[&number].person));
                self.grants.entry(number).and_modify(|grant| grant.until = until);
            }
            _ => {}
        }
    }

    /// The same with everything for as long as anybody could wish.
    pub fn prolonged(&self) -> Self {
        let mut next = self.clone();
        next.contracts = [300; 2];
        next.engagements = [300; 4];
        for grant in next.grants.values_mut() {
            grant.until = 300;
        }
        next
    }
}

/// A day on which something may end.
fn day(chance: &mut Chance) -> i64 {
    10 + i64::try_from(chance.below(65)).unwrap()
}

/// What must be so after a run that may only take away.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// What was declared by any state that the run may rightly have gone on from.
    states: Vec<Declaration>,
    /// Where the least of what it may know declares anything; none where it knows all.
    known: Option<BTreeSet<Place>>,
}

impl Bounds {
    pub fn of(states: Vec<Declaration>, known: Option<BTreeSet<Place>>) -> Self {
        assert!(!states.is_empty(), "something was declared");
        Bounds { states, known }
    }

    /// The most and the least that may be left at a place.
    fn at(&self, place: Place, day: i64) -> (usize, usize) {
        let held = self.states.iter().map(|state| state.held(day).get(&place).copied().unwrap_or_default());
        held.fold((0, 2), |(most, least), one| (most.max(one), least.min(one)))
    }

    /// Where something is over by every state.
    pub fn over(&self, before: &Held, day: i64) -> Vec<Place> {
        let is_over = |(place, held): (&Place, &usize)| self.at(*place, day).0 < *held && self.knows(*place);
        before.iter().filter(|one| is_over(*one)).map(|(place, _)| *place).collect()
    }

    fn knows(&self, place: Place) -> bool {
        self.known.as_ref().is_none_or(|known| known.contains(&place))
    }

    /// What is wrong with what a run left.
    pub fn broken(&self, before: &Held, after: &Held, day: i64) -> Vec<String> {
        let mut wrong = Vec::new();
        for place in before.keys().chain(after.keys()).copied().collect::<BTreeSet<_>>() {
            let of = |held: &Held| held.get(&place).copied().unwrap_or_default();
            let ((was, is), (most, least)) = ((of(before), of(after)), self.at(place, day));
            let name = format!("{} on {}", CONTRACTORS[place.1].0, RESOURCES[place.0].0);
            if is > was {
                wrong.push(format!("{name}: something was given ({was} before, {is} after)"));
            }
            if is > most && self.knows(place) {
                wrong.push(format!("{name}: it is over and was left ({is}, at most {most} is declared)"));
            }
            if is < was.min(least) {
                wrong.push(format!("{name}: it lasts and was taken ({was} before, {is} after, {least} is declared)"));
            }
        }
        wrong
    }
}

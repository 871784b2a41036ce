//! Who judges: the people, keys and accounts behind approval rules, owners and sponsors, and what of it changes.

use std::collections::BTreeMap;
use std::fmt;

use foldhash::{HashMap, HashMapExt as _};
use serde::Serialize;

use crate::access::{Access, ApprovedBy, Approvers, DomainId, PersonId, VendorId};

/// The people behind one rule, owner list or sponsor: each with keys and forge account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Panel {
    /// What the rule asks for; empty for owners and sponsors.
    pub asks: String,
    /// Person to keys and account, sorted.
    pub people: BTreeMap<PersonId, Vec<String>>,
}

/// A panel that a change alters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JudgeChange {
    /// `rule:ID`, `owners:DOMAIN`, `sponsor:PERSON` or `sponsor:vendor:VENDOR`.
    pub judge: String,
    pub before: Option<Panel>,
    pub after: Option<Panel>,
}

impl JudgeChange {
    /// People who are on the panel no longer, or can prove themselves there by fewer keys and accounts.
    pub fn unseated(&self) -> Vec<&PersonId> {
        let before = self.before.iter().flat_map(|panel| &panel.people);
        let keeps = |person: &PersonId, proofs: &[String]| {
            let after = self.after.as_ref().and_then(|panel| panel.people.get(person));
            after.is_some_and(|after| proofs.iter().all(|proof| after.contains(proof)))
        };
        before.filter(|(person, proofs)| !keeps(person, proofs)).map(|(person, _)| person).collect()
    }
}

/// Every panel by its judge, written out.
pub fn panels(access: &Access) -> BTreeMap<String, Panel> {
    benches(access).into_iter().map(|(judge, bench)| (judge.to_string(), Panel::from(bench))).collect()
}

/// Every panel that differs, sorted.
pub fn between(base: &Access, head: &Access) -> Vec<JudgeChange> {
    let before = benches(base);
    let mut after = benches(head);
    let pairs = before.into_iter().map(|(judge, before)| (Some(before), after.remove(&judge), judge));
    let mut pairs: Vec<(Option<Bench<'_>>, Option<Bench<'_>>, Judge<'_>)> = pairs.collect();
    pairs.extend(after.into_iter().map(|(judge, after)| (None, Some(after), judge)));
    // few differ, so only those are written out
    pairs.retain(|(before, after, _)| before != after);
    let panel = |bench: Option<Bench<'_>>| bench.map(Panel::from);
    let changes = pairs.into_iter().map(|(before, after, judge)| JudgeChange {
        judge: judge.to_string(),
        before: panel(before),
        after: panel(after),
    });
    let mut changes: Vec<JudgeChange> = changes.filter(|change| change.before != change.after).collect();
    changes.sort_by(|a, b| a.judge.cmp(&b.judge));
    changes
}

/// Who is asked.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Judge<'a> {
    Rule(&'a str),
    Owners(&'a DomainId),
    Sponsor(&'a PersonId),
    VendorSponsor(&'a VendorId),
}

impl fmt::Display for Judge<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Judge::Rule(id) => write!(f, "rule:{id}"),
            Judge::Owners(domain) => write!(f, "owners:{domain}"),
            Judge::Sponsor(person) => write!(f, "sponsor:{person}"),
            Judge::VendorSponsor(vendor) => write!(f, "sponsor:vendor:{vendor}"),
        }
    }
}

/// A panel that isn't written out yet.
#[derive(PartialEq, Eq)]
struct Bench<'a> {
    asks: String,
    people: Vec<Seat<'a>>,
}

/// Somebody on it, and how they prove to be who they are.
#[derive(PartialEq, Eq)]
struct Seat<'a> {
    person: &'a PersonId,
    keys: Vec<&'a str>,
    /// The number of the forge account.
    github: Option<u64>,
}

impl From<Bench<'_>> for Panel {
    fn from(bench: Bench<'_>) -> Self {
        let written = |seat: Seat<'_>| {
            let mut proofs: Vec<String> = seat.keys.into_iter().map(str::to_owned).collect();
            proofs.extend(seat.github.map(|id| format!("github:{id}")));
            proofs.sort();
            (seat.person.clone(), proofs)
        };
        Panel { asks: bench.asks, people: bench.people.into_iter().map(written).collect() }
    }
}

impl<'a> Bench<'a> {
    fn of(access: &'a Access, asks: String, people: impl IntoIterator<Item = &'a PersonId>) -> Self {
        let mut people: Vec<&PersonId> = people.into_iter().collect();
        people.sort();
        people.dedup();
        let seat = |person: &'a PersonId| {
            let known = access.people.get(person);
            let keys = known.map(|known| known.keys.iter().map(|key| key.text.as_str()).collect());
            let github = known.and_then(|known| known.accounts.forge());
            Seat { person, keys: keys.unwrap_or_default(), github: github.map(|account| account.id) }
        };
        Bench { asks, people: people.into_iter().map(seat).collect() }
    }
}

fn benches(access: &Access) -> HashMap<Judge<'_>, Bench<'_>> {
    let reached = |members| access.reached_people(members).into_iter().map(|(person, _)| person);
    let mut benches = HashMap::new();
    for rule in &access.policy.approvals {
        let groups = rule.from.iter().filter_map(|from| match from {
            Approvers::Group(group) => access.groups.get(group),
            Approvers::DomainOwners | Approvers::Sponsors => None,
        });
        let from: Vec<String> = rule.from.iter().map(ToString::to_string).collect();
        let risk = rule.risk.map_or("any", crate::access::raw::Risk::as_str);
        let signed = if rule.by == ApprovedBy::Signature { " by signature" } else { "" };
        let from = from.join(" or ");
        let asks = format!("{} of {from}{signed} for {} at risk {risk}", rule.count, rule.change.as_str());
        let people = groups.flat_map(|group| reached(&group.members));
        benches.insert(Judge::Rule(&rule.id), Bench::of(access, asks, people));
    }
    for domain in access.domains.values() {
        benches.insert(Judge::Owners(&domain.id), Bench::of(access, String::new(), reached(&domain.owners)));
    }
    for person in access.people.values() {
        if let Some(sponsor) = &person.sponsor {
            benches.insert(Judge::Sponsor(&person.id), Bench::of(access, String::new(), [sponsor]));
        }
    }
    for vendor in access.vendors.values() {
        benches.insert(Judge::VendorSponsor(&vendor.id), Bench::of(access, String::new(), [&vendor.sponsor]));
    }
    benches
}

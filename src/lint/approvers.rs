//! Who can meet approval rules, as far as the files tell: other people than the author, with keys, still here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Survey;
use crate::access::reading::Step;
use crate::access::{
    Access, ApprovalRule, Approvers, ChangeClass, DomainId, Entitlements, Grant, GroupId, Member, Person, PersonId,
    PersonType,
};
use crate::finding::Place;

/// People out of whom approvals may come. A rule that only people who left could meet is judged more mildly.
#[derive(Clone, Debug, Default)]
pub struct Pool<'a> {
    /// Employees with a supported key who are still here.
    pub active: BTreeSet<&'a PersonId>,
    /// The same people, and those who left.
    pub ever: BTreeSet<&'a PersonId>,
}

impl<'a> Pool<'a> {
    fn extend_from(&mut self, other: Option<&Pool<'a>>) {
        if let Some(other) = other {
            self.active.extend(&other.active);
            self.ever.extend(&other.ever);
        }
    }
}

/// One list of people that a rule asks.
#[derive(Debug)]
pub struct Asked<'a> {
    pub rule: &'a ApprovalRule,
    pub pool: Pool<'a>,
    /// In words, such as "the owners of `payments`".
    pub who: String,
    /// What to do when there are too few.
    pub help: String,
    /// Where the list is written.
    pub place: Option<Place>,
    /// The domain whose owners it asks, where it does.
    pub domain: Option<&'a DomainId>,
}

/// Out of whom one list can draw approvals in the worst case, whoever writes the change.
#[derive(Debug)]
pub struct Left<'a> {
    /// Those who count for the change, its author still among them.
    pub able: BTreeSet<&'a PersonId>,
    /// The grant by whose people it is so few; None where nobody of the list gains by any.
    pub grant: Option<&'a Grant>,
    /// True where everybody in the list gains: then they count, and one more is asked for.
    pub everyone_gains: bool,
}

impl Left<'_> {
    /// How many approvals can come: no author approves, and whoever is in the list may write.
    pub fn count(&self) -> usize {
        self.able.len().saturating_sub(1 + usize::from(self.everyone_gains))
    }
}

impl<'a> Asked<'a> {
    /// Who is left of the list when the people of one of the domain's grants gain, who don't count then; by the grant that
    /// leaves fewest. Others of a vendor's are no employees, so that no list holds them.
    pub fn left(&self, access: &'a Access, domain: &DomainId) -> Left<'a> {
        let whole = Left { able: self.pool.active.clone(), grant: None, everyone_gains: false };
        let risk = |grant: &Grant| access.roles.get(&grant.role).map(|role| role.risk);
        let grants = access.grants.values().filter(|grant| &grant.domain == domain);
        let grants = grants.filter(|grant| self.rule.risk.is_none_or(|least| risk(grant) >= Some(least)));
        let without = grants.map(|grant| self.without(access, grant));
        without.fold(whole, |fewest, left| if left.count() < fewest.count() { left } else { fewest })
    }

    fn without(&self, access: &Access, grant: &'a Grant) -> Left<'a> {
        let gaining = access.expand(&grant.to);
        let (gain, others): (BTreeSet<_>, BTreeSet<_>) =
            self.pool.active.iter().copied().partition(|id| gaining.contains_key(*id));
        let everyone_gains = others.is_empty() && !gain.is_empty();
        Left { able: if everyone_gains { gain } else { others }, grant: Some(grant), everyone_gains }
    }
}

/// Every list of people that the approval rules ask, but for removals, which nothing may hold up.
#[derive(Debug)]
pub struct Lists<'a> {
    access: &'a Access,
    now: Timestamp,
    owners: BTreeMap<&'a DomainId, Pool<'a>>,
    groups: BTreeMap<&'a GroupId, Pool<'a>>,
    /// Sponsors of those who hold something in a domain, where a rule asks them beside its owners; None stands for people
    /// without a sponsor.
    sponsors: BTreeMap<&'a DomainId, BTreeSet<Option<&'a PersonId>>>,
}

fn has_key(person: &Person) -> bool {
    person.keys.iter().any(|key| key.public.is_some())
}

/// People who can be the only author of a change: not services, with a supported key, not gone.
pub fn authors<'a>(survey: &Survey<'a>) -> BTreeSet<&'a PersonId> {
    let human = |person: &&Person| match person.person_type {
        PersonType::Employee | PersonType::Contractor => true,
        PersonType::Service => false,
    };
    let here = |person: &&Person| survey.access.bounds(person).is_some_and(|bounds| bounds.until() > survey.now);
    let people = survey.access.people.values().filter(|person| has_key(person));
    people.filter(human).filter(here).map(|person| &person.id).collect()
}

impl<'a> Lists<'a> {
    pub fn new(access: &'a Access, entitlements: &'a Entitlements, now: Timestamp) -> Self {
        let mut lists =
            Lists { access, now, owners: BTreeMap::new(), groups: BTreeMap::new(), sponsors: BTreeMap::new() };
        lists.owners = access.domains.values().map(|domain| (&domain.id, lists.members(&domain.owners))).collect();
        let named = access.policy.approvals.iter().flat_map(|rule| &rule.from);
        for from in named {
            if let Approvers::Group(id) = from {
                let pool = lists.members(&[Member::Group(id.clone())]);
                lists.groups.insert(id, pool);
            }
        }
        let asks = |rule: &ApprovalRule, who| rule.change != ChangeClass::Removal && rule.from.contains(&who);
        let asks_both = |rule: &ApprovalRule| asks(rule, Approvers::DomainOwners) && asks(rule, Approvers::Sponsors);
        let wanted = access.policy.approvals.iter().any(asks_both);
        for holding in entitlements.holdings().filter(|_| wanted) {
            let sponsors = lists.sponsors.entry(&holding.grant.domain).or_default();
            sponsors.insert(holding.person.sponsor.as_ref());
        }
        lists
    }

    fn members(&self, members: &[Member]) -> Pool<'a> {
        let mut pool = Pool::default();
        for id in self.access.expand(members).into_keys() {
            self.person(&id, &mut pool);
        }
        pool
    }

    fn person(&self, id: &PersonId, pool: &mut Pool<'a>) {
        let Some(person) = self.access.people.get(id) else { return };
        if person.person_type != PersonType::Employee || !has_key(person) {
            return;
        }
        pool.ever.insert(&person.id);
        if person.ended.is_none_or(|ended| ended > self.now) {
            pool.active.insert(&person.id);
        }
    }

    /// The lists of every rule that can hold up a change.
    pub fn asked(&self) -> Vec<Asked<'a>> {
        let rules = self.access.policy.approvals.iter();
        rules.filter(|rule| rule.change != ChangeClass::Removal).flat_map(|rule| self.of_rule(rule)).collect()
    }

    fn of_rule(&self, rule: &'a ApprovalRule) -> Vec<Asked<'a>> {
        let mut groups = Pool::default();
        let mut names = Vec::new();
        for from in &rule.from {
            if let Approvers::Group(id) = from {
                names.push(format!("`group:{id}`"));
                groups.extend_from(self.groups.get(id));
            }
        }
        let with_groups = |who: String| match names.as_slice() {
            [] => who,
            names => format!("{who} or {}", names.join(" or ")),
        };
        let owners = rule.from.contains(&Approvers::DomainOwners);
        let sponsors = rule.from.contains(&Approvers::Sponsors);
        match (owners, sponsors) {
            (false, false) => {
                let place = match rule.from.as_slice() {
                    [Approvers::Group(id)] => self.access.groups.get(id).map(|g| g.place(&[Step::Key("members")])),
                    _ => None,
                };
                let help = format!("add an employee with a key to {}", names.first().cloned().unwrap_or_default());
                vec![Asked { rule, pool: groups, who: names.join(" or "), help, place, domain: None }]
            }
            (false, true) => self.by_sponsor(rule, &groups, with_groups),
            (true, _) => self.by_domain(rule, &groups, sponsors, with_groups),
        }
    }

    fn by_sponsor(
        &self,
        rule: &'a ApprovalRule,
        groups: &Pool<'a>,
        with_groups: impl Fn(String) -> String,
    ) -> Vec<Asked<'a>> {
        let contractors = self.access.people.values().filter(|p| p.person_type == PersonType::Contractor);
        let sponsors: BTreeSet<&PersonId> = contractors.filter_map(|person| person.sponsor.as_ref()).collect();
        let asked = sponsors.into_iter().map(|sponsor| {
            let mut pool = groups.clone();
            self.person(sponsor, &mut pool);
            let place = self.access.people.get(sponsor).map(|person| person.place(&[]));
            let help = format!(
                "let rule `{}` ask `domain-owners` or a group too, or name an employee with a key as sponsor",
                rule.id
            );
            Asked { rule, pool, who: with_groups(format!("the sponsor `{sponsor}`")), help, place, domain: None }
        });
        asked.collect()
    }

    /// One list a domain. Where sponsors may approve too, the one of those at work there who adds least.
    fn by_domain(
        &self,
        rule: &'a ApprovalRule,
        groups: &Pool<'a>,
        sponsors: bool,
        with_groups: impl Fn(String) -> String,
    ) -> Vec<Asked<'a>> {
        let mut asked = Vec::new();
        for domain in self.access.domains.values() {
            let mut pool = groups.clone();
            pool.extend_from(self.owners.get(&domain.id));
            let mut who = with_groups(format!("the owners of `{}`", domain.id));
            if sponsors {
                let Some(of_domain) = self.sponsors.get(&domain.id) else { continue };
                let with = |sponsor: &Option<&PersonId>| {
                    let mut pool = pool.clone();
                    sponsor.iter().for_each(|sponsor| self.person(sponsor, &mut pool));
                    pool
                };
                let least = of_domain.iter().map(|sponsor| (with(sponsor), sponsor));
                let Some((least, sponsor)) = least.min_by_key(|(pool, _)| pool.active.len()) else { continue };
                pool = least;
                if let Some(sponsor) = sponsor {
                    who = format!("{who} or the sponsor `{sponsor}`");
                }
            }
            asked.push(Asked {
                rule,
                pool,
                who,
                help: format!("add an employee with a key to the owners of `{}`", domain.id),
                place: Some(domain.place(&[Step::Key("owners")])),
                domain: Some(&domain.id),
            });
        }
        asked
    }
}

/// People who can approve anything. With one alone nothing can be approved that this one wrote.
pub fn anybody<'a>(asked: &[Asked<'a>]) -> BTreeSet<&'a PersonId> {
    asked.iter().flat_map(|asked| asked.pool.active.iter().copied()).collect()
}

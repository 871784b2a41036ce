//! Who can meet approval rules, as far as the files tell: other people than the author, with keys, still here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Survey;
use crate::access::reading::Step;
use crate::access::{
    Access, ApprovalRule, Approvers, ChangeClass, DomainId, Entitlements, Grant, Person, PersonId, PersonType, Quorum,
    Scope,
};
use crate::finding::Place;

/// People out of whom approvals may come. A rule that only people who left could meet is judged more mildly.
#[derive(Clone, Debug, Default)]
pub struct Pool<'a> {
    /// People whose word counts now or later.
    pub active: BTreeSet<&'a PersonId>,
    /// The same people, and those who left.
    pub ever: BTreeSet<&'a PersonId>,
}

impl<'a> Pool<'a> {
    fn of(access: &Access, people: impl IntoIterator<Item = &'a PersonId>, now: Timestamp) -> Self {
        let ever: BTreeSet<&PersonId> = people.into_iter().filter(|id| !access.speaks(id).is_empty()).collect();
        let active = ever.iter().copied().filter(|id| access.still_speaks(id, now)).collect();
        Pool { active, ever }
    }

    fn extend_from(&mut self, other: Pool<'a>) {
        self.active.extend(other.active);
        self.ever.extend(other.ever);
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

/// People who can be the only author of a change: not services, with a supported key, not gone.
pub fn authors<'a>(survey: &Survey<'a>) -> BTreeSet<&'a PersonId> {
    let human = |person: &&Person| match person.person_type {
        PersonType::Employee | PersonType::Contractor => true,
        PersonType::Service => false,
    };
    let people = survey.access.people.values().filter(|person| person.has_key());
    let here = people.filter(human).filter(|person| !survey.access.has_ended(person, survey.now));
    here.map(|person| &person.id).collect()
}

/// Every list of people that the approval rules ask, but for removals, which nothing may hold up.
pub fn asked<'a>(access: &'a Access, entitlements: &'a Entitlements, now: Timestamp) -> Vec<Asked<'a>> {
    let holders = Sponsors::of(access, entitlements);
    let quorums = access.quorums().into_iter().filter(|quorum| quorum.rule.change != ChangeClass::Removal);
    quorums.filter_map(|quorum| list(access, &holders, quorum, now)).collect()
}

fn list<'a>(access: &'a Access, holders: &Sponsors<'a>, quorum: Quorum<'a>, now: Timestamp) -> Option<Asked<'a>> {
    let Quorum { rule, scope, people } = quorum;
    let mut pool = Pool::of(access, people, now);
    let names = rule.from.iter().filter_map(|from| match from {
        Approvers::Group(id) => Some(format!("`group:{id}`")),
        Approvers::DomainOwners | Approvers::Sponsors => None,
    });
    let names: Vec<String> = names.collect();
    let with_groups = |who: String| match names.as_slice() {
        [] => who,
        names => format!("{who} or {}", names.join(" or ")),
    };
    let (who, help, place) = match scope {
        Scope::All => {
            let place = match rule.from.as_slice() {
                [Approvers::Group(id)] => access.groups.get(id).map(|group| group.place(&[Step::Key("members")])),
                _ => None,
            };
            let help = format!("add an employee with a key to {}", names.first().cloned().unwrap_or_default());
            (names.join(" or "), help, place)
        }
        Scope::Sponsor(sponsor) => {
            let help = format!(
                "let rule `{}` ask `domain-owners` or a group too, or name an employee with a key as sponsor",
                rule.id
            );
            let place = access.people.get(sponsor).map(|person| person.place(&[]));
            (with_groups(format!("the sponsor `{sponsor}`")), help, place)
        }
        Scope::Domain(domain) => {
            let mut who = with_groups(format!("the owners of `{}`", domain.id));
            if rule.from.contains(&Approvers::Sponsors) {
                // of the sponsors of those at work there the one who adds least
                let of_domain = holders.by_domain.get(&domain.id)?;
                let with = |sponsor: &Option<&'a PersonId>| {
                    let mut pool = pool.clone();
                    pool.extend_from(Pool::of(access, sponsor.iter().copied(), now));
                    pool
                };
                let least = of_domain.iter().map(|sponsor| (with(sponsor), sponsor));
                let (least, sponsor) = least.min_by_key(|(pool, _)| pool.active.len())?;
                pool = least;
                if let Some(sponsor) = sponsor {
                    who = format!("{who} or the sponsor `{sponsor}`");
                }
            }
            let help = format!("add an employee with a key to the owners of `{}`", domain.id);
            (who, help, Some(domain.place(&[Step::Key("owners")])))
        }
    };
    let domain = match scope {
        Scope::Domain(domain) => Some(&domain.id),
        Scope::All | Scope::Sponsor(_) => None,
    };
    Some(Asked { rule, pool, who, help, place, domain })
}

/// Sponsors of those who hold something in a domain, where a rule asks them beside its owners; None stands for people
/// without a sponsor.
#[derive(Debug, Default)]
struct Sponsors<'a> {
    by_domain: BTreeMap<&'a DomainId, BTreeSet<Option<&'a PersonId>>>,
}

impl<'a> Sponsors<'a> {
    fn of(access: &'a Access, entitlements: &'a Entitlements) -> Self {
        let mut found = Sponsors::default();
        let asks = |rule: &ApprovalRule, who| rule.change != ChangeClass::Removal && rule.from.contains(&who);
        let asks_both = |rule: &ApprovalRule| asks(rule, Approvers::DomainOwners) && asks(rule, Approvers::Sponsors);
        let wanted = access.policy.approvals.iter().any(asks_both);
        for holding in entitlements.holdings().filter(|_| wanted) {
            let sponsors = found.by_domain.entry(&holding.grant.domain).or_default();
            sponsors.insert(holding.person.sponsor.as_ref());
        }
        found
    }
}

/// People who can approve anything. With one alone nothing can be approved that this one wrote.
pub fn anybody<'a>(asked: &[Asked<'a>]) -> BTreeSet<&'a PersonId> {
    asked.iter().flat_map(|asked| asked.pool.active.iter().copied()).collect()
}

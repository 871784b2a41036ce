//! Whose word counts where an approval rule asks for it, and whom each rule asks, as far as one tree tells.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::raw::ApprovedBy;
use super::{
    Access, ApprovalRule, Approvers, Domain, DomainId, EvidenceSource, Intervals, Member, Person, PersonId, PersonType,
};

/// Why a person's word counts for nothing at an instant, whatever the change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unfit {
    /// No file in people/ is theirs.
    Unregistered,
    Contractor,
    Service,
    /// An employee with no key that can be verified and, where a forge is asked, no account there.
    NoProof,
    NotBegun,
    Ended,
}

/// What a rule is asked for: the changes of one domain, of the people of one sponsor, or all.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    All,
    Domain(&'a Domain),
    Sponsor(&'a PersonId),
}

impl Scope<'_> {
    /// The domain or the sponsor.
    pub fn id(&self) -> Option<&str> {
        match self {
            Scope::All => None,
            Scope::Domain(domain) => Some(domain.id.as_str()),
            Scope::Sponsor(sponsor) => Some(sponsor.as_str()),
        }
    }
}

/// Out of whom the approvals that a rule asks for may come. Whoever sponsors the people of a domain comes on top of its
/// owners, and not for everybody, so that such sponsors are left out.
#[derive(Clone, Debug)]
pub struct Quorum<'a> {
    pub rule: &'a ApprovalRule,
    pub scope: Scope<'a>,
    pub people: BTreeSet<&'a PersonId>,
}

impl Access {
    /// When a person's word counts where a rule asks for it: an employee who can prove to be the one, until they end.
    pub fn speaks(&self, person: &PersonId) -> Intervals {
        let registered = self.people.get(person).filter(|person| person.person_type == PersonType::Employee);
        registered.filter(|one| self.can_prove(one)).and_then(|one| self.bounds(one)).into_iter().collect()
    }

    /// True where a person's word counts now or will later.
    pub fn still_speaks(&self, person: &PersonId, now: Timestamp) -> bool {
        self.speaks(person).end().is_some_and(|end| end > now)
    }

    /// Every reason for which a person's word doesn't count at an instant; none where [`Access::speaks`] holds it.
    pub fn unfit(&self, person: &PersonId, now: Timestamp) -> Vec<Unfit> {
        let Some(registered) = self.people.get(person) else { return vec![Unfit::Unregistered] };
        let mut reasons = match registered.person_type {
            PersonType::Contractor => vec![Unfit::Contractor],
            PersonType::Service => vec![Unfit::Service],
            PersonType::Employee if self.can_prove(registered) => Vec::new(),
            PersonType::Employee => vec![Unfit::NoProof],
        };
        match self.bounds(registered) {
            Some(bounds) if bounds.contains(now) => {}
            Some(bounds) if bounds.from() > now => reasons.push(Unfit::NotBegun),
            Some(_) | None => reasons.push(Unfit::Ended),
        }
        reasons
    }

    fn can_prove(&self, person: &Person) -> bool {
        person.has_key() || self.config.evidence == EvidenceSource::Github && person.accounts.forge().is_some()
    }

    /// Whom each approval rule asks, in the order of the policy: by domain where it asks owners, else by sponsor where it
    /// asks sponsors.
    pub fn quorums(&self) -> Vec<Quorum<'_>> {
        let known = |members: &[Member]| -> BTreeSet<&PersonId> {
            self.expand(members).into_keys().filter_map(|id| Some(&self.people.get(&id)?.id)).collect()
        };
        let owners: BTreeMap<&DomainId, BTreeSet<&PersonId>> =
            self.domains.values().map(|domain| (&domain.id, known(&domain.owners))).collect();
        let of_people = self.people.values().filter_map(|person| person.sponsor.as_ref());
        let sponsors: BTreeSet<&PersonId> =
            of_people.chain(self.vendors.values().map(|vendor| &vendor.sponsor)).collect();
        let mut found = Vec::new();
        for rule in &self.policy.approvals {
            let groups = rule.from.iter().filter_map(|from| match from {
                Approvers::Group(group) => Some(Member::Group(group.clone())),
                Approvers::DomainOwners | Approvers::Sponsors => None,
            });
            // who has no key signs nothing
            let signs =
                |id: &&PersonId| rule.by == ApprovedBy::Any || self.people.get(*id).is_some_and(Person::has_key);
            let groups = known(&groups.collect::<Vec<_>>());
            let groups: BTreeSet<&PersonId> = groups.into_iter().filter(signs).collect();
            if rule.from.contains(&Approvers::DomainOwners) {
                found.extend(self.domains.values().map(|domain| {
                    let owners = owners.get(&domain.id).into_iter().flatten().copied().filter(signs);
                    let people = groups.iter().copied().chain(owners).collect();
                    Quorum { rule, scope: Scope::Domain(domain), people }
                }));
            } else if rule.from.contains(&Approvers::Sponsors) {
                found.extend(sponsors.iter().map(|sponsor| {
                    let people = groups.iter().copied().chain([*sponsor].into_iter().filter(signs)).collect();
                    Quorum { rule, scope: Scope::Sponsor(sponsor), people }
                }));
            } else {
                found.push(Quorum { rule, scope: Scope::All, people: groups });
            }
        }
        found
    }
}

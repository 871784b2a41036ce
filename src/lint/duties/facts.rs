//! Facts that the files declare.

use std::fmt;

use super::engine::{Fact, Held};
use crate::access::raw::Environment;
use crate::access::{Access, Domain, DomainId, DutyRule, Entitlements, GrantId, GroupId, PersonId};

/// How a person comes to hold something: by a grant, directly or through groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path<'a> {
    pub grant: &'a GrantId,
    pub person: &'a PersonId,
    /// From the group that the grant names down to the one that holds the person.
    pub via: &'a [GroupId],
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.person)?;
        for group in self.via.iter().rev() {
            write!(f, " → group {group}")?;
        }
        write!(f, " → grant {}", self.grant)
    }
}

/// Duties and roles of every holding, and entitlements where one of the rules speaks of any.
pub fn declared<'a>(
    rules: &[&DutyRule],
    access: &'a Access,
    entitlements: &'a Entitlements,
) -> impl Iterator<Item = Fact<'a, Path<'a>>> + use<'a> {
    let by_role = entitlements.holdings().filter_map(move |holding| {
        let role = holding.role.as_deref()?;
        let (domain, environment) = holding.domain.as_deref().map(wall)?;
        let witness = Path { grant: &holding.grant.id, person: &holding.person.id, via: &holding.via };
        let fact = move |held| Fact {
            person: &holding.person.id,
            held,
            domain,
            environment,
            interval: holding.interval,
            witness,
        };
        let duties = role.duties.iter().map(move |duty| fact(Held::Duty(duty)));
        Some(duties.chain(std::iter::once(fact(Held::Role(&role.id)))))
    });
    let wanted = rules.iter().any(|rule| rule.sets.values().any(|set| !set.entitlements.is_empty()));
    let by_entitlement = wanted.then_some(entitlements).into_iter().flat_map(Entitlements::iter);
    let by_entitlement = by_entitlement.flat_map(move |entitlement| {
        let key = &entitlement.key;
        let held = Held::Entitlement { kind: key.kind, resource: &key.resource, permission: &key.permission };
        entitlement.causes.iter().filter_map(move |cause| {
            let (domain, environment) = access.domains.get(&cause.domain).map(wall)?;
            let witness = Path { grant: &cause.grant, person: &key.person, via: &cause.via };
            Some(Fact { person: &key.person, held, domain, environment, interval: cause.interval, witness })
        })
    });
    by_role.flatten().chain(by_entitlement)
}

fn wall(domain: &Domain) -> (&DomainId, Environment) {
    (&domain.id, domain.environment)
}

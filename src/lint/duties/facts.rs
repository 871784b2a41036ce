//! Facts that the files declare.

use std::fmt;

use super::engine::{Fact, Held};
use crate::access::raw::Environment;
use crate::access::{
    Access, Domain, DomainId, DutyRule, Entitlement, Entitlements, GrantId, GroupId, Holding, PersonId,
};

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

/// For each person the duties and roles of what they hold, and the entitlements where one of the rules speaks of any.
pub fn declared<'a>(
    rules: &[&DutyRule],
    access: &'a Access,
    entitlements: &'a Entitlements,
) -> impl Iterator<Item = (&'a PersonId, impl Iterator<Item = Fact<'a, Path<'a>>>)> {
    let wanted = rules.iter().any(|rule| rule.sets.values().any(|set| !set.entitlements.is_empty()));
    entitlements.people().map(move |(person, holdings, entitlements)| {
        let by_role = holdings.iter().filter_map(by_role).flatten();
        let entitlements = if wanted { entitlements } else { &[] };
        (person, by_role.chain(entitlements.iter().flat_map(|entitlement| by_entitlement(access, entitlement))))
    })
}

fn by_role(holding: &Holding) -> Option<impl Iterator<Item = Fact<'_, Path<'_>>>> {
    let role = holding.role.as_deref()?;
    let (domain, environment) = holding.domain.as_deref().map(wall)?;
    let witness = Path { grant: &holding.grant.id, person: &holding.person.id, via: &holding.via };
    let fact = move |held| Fact { held, domain, environment, interval: holding.interval, witness };
    let duties = role.duties.iter().map(move |duty| fact(Held::Duty(duty)));
    Some(duties.chain(std::iter::once(fact(Held::Role(&role.id)))))
}

fn by_entitlement<'a>(
    access: &'a Access,
    Entitlement { key, causes, .. }: &'a Entitlement,
) -> impl Iterator<Item = Fact<'a, Path<'a>>> {
    let held = Held::Entitlement { kind: key.kind, resource: &key.resource, permission: &key.permission };
    causes.iter().filter_map(move |cause| {
        let (domain, environment) = access.domains.get(&cause.domain).map(wall)?;
        let witness = Path { grant: &cause.grant, person: &key.person, via: &cause.via };
        Some(Fact { held, domain, environment, interval: cause.interval, witness })
    })
}

fn wall(domain: &Domain) -> (&DomainId, Environment) {
    (&domain.id, domain.environment)
}

//! Duties that come together in one person by what is live beside what is declared.
//!
//! What somebody holds undeclared counts as the entitlement that it is. It also counts for the duties that it stands for:
//! those of every role by which the same or more is given there. What a role gives only so that something else of it takes
//! effect, such as a login beside a role of a database, stands for none: whoever holds that alone can do nothing with it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::live::{DUTIES_LIVE, LiveFinding, is_declared_otherwise, path};
use super::operations::{Basis, Difference, Operation, revisions};
use super::through::ByGroups;
use crate::access::{Domain, DutyRule, GrantId, Interval, Kind, PersonId, Role, RoleId, TargetId};
use crate::finding::Severity;
use crate::lint::duties::{Breach, Fact, Half, Held, Path, TooMuch, Violation, declared, violations, waivers};
use crate::targets::{Live, Principal};

/// A duties rule that a person breaks, or is about to, by what is live.
#[derive(Clone, Debug)]
pub struct LiveBreach {
    pub person: PersonId,
    /// Grants that are part of it; None where it is unknown which.
    grants: Option<BTreeSet<GrantId>>,
    /// True where it is broken by what is declared for now.
    now: bool,
    pub finding: LiveFinding,
}

impl LiveBreach {
    /// True where nobody may give what the operation gives while this lasts.
    pub fn holds_up(&self, operation: &Operation, basis: &Basis<'_>) -> bool {
        let gives = || {
            let held = basis.tree.entitlements.of(&self.person).iter();
            let same = held.filter(|one| {
                let key = (&one.key.target, one.key.kind, &*one.key.resource, &*one.key.permission);
                key == (&operation.target, operation.kind, &operation.resource, &operation.permission)
            });
            same.flat_map(|one| &one.causes)
                .any(|cause| self.grants.as_ref().is_none_or(|grants| grants.contains(&cause.grant)))
        };
        self.now
            && self.finding.severity == Severity::Error
            && operation.person.as_ref() == Some(&self.person)
            && !operation.only_takes()
            && gives()
    }
}

/// Something that a person holds and no grant gives them, and that no operation takes away.
#[derive(Clone, Copy)]
struct Extra<'a> {
    target: &'a TargetId,
    live: &'a Live,
    /// The groups by which it is held, if any.
    via: &'a [String],
}

/// Why somebody holds something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Proof<'a> {
    Declared(Path<'a>),
    /// The place among the person's extras.
    Live(usize),
}

/// Every duties rule that somebody breaks, now or later, and wouldn't without what is live and undeclared; sorted.
pub fn breaches(basis: &Basis<'_>, difference: &Difference, groups: &ByGroups) -> Vec<LiveBreach> {
    let access = &basis.tree.access;
    let rules: Vec<&DutyRule> = access.policy.duties.values().collect();
    if rules.is_empty() {
        return Vec::new();
    }
    let extras = extras(basis, difference, groups);
    if extras.is_empty() {
        return Vec::new();
    }
    let domains = Domains::of(basis);
    let mut facts: BTreeMap<&PersonId, Vec<Fact<'_, Proof<'_>>>> = BTreeMap::new();
    for (person, declared) in declared(&rules, access, &basis.tree.entitlements) {
        if extras.contains_key(person) {
            let proven = declared.map(|Fact { held, domain, environment, interval, witness }| {
                let witness = Proof::Declared(witness);
                Fact { held, domain, environment, interval, witness }
            });
            facts.insert(person, proven.collect());
        }
    }
    let meanings = Meanings::of(basis, &extras);
    for (person, extras) in &extras {
        facts.entry(person).or_default().extend(domains.facts(basis, &meanings, extras));
    }
    let people = facts.iter().map(|(person, facts)| (*person, facts.iter().copied()));
    let mut found: Vec<LiveBreach> = match violations(rules, people) {
        Ok(violations) => violations.iter().filter_map(|one| breach(basis, one, &extras)).collect(),
        Err(TooMuch) => extras.keys().map(unjudged).collect(),
    };
    found.sort_by(|a, b| a.finding.cmp(&b.finding));
    found
}

/// What people hold beside what is declared, and keep.
fn extras<'a>(
    basis: &Basis<'a>,
    difference: &'a Difference,
    groups: &'a ByGroups,
) -> BTreeMap<PersonId, Vec<Extra<'a>>> {
    let mut extras: BTreeMap<PersonId, Vec<Extra<'_>>> = BTreeMap::new();
    for found in &difference.unmanaged {
        let extra = Extra { target: &found.target, live: &found.live, via: &[] };
        match (&found.person, &found.live.principal) {
            (Some(person), _) => extras.entry(person.clone()).or_default().push(extra),
            (None, Principal::Everyone(_)) => {
                for person in working_at(basis, &found.target) {
                    extras.entry(person).or_default().push(extra);
                }
            }
            (None, _) => {}
        }
    }
    for one in groups.through.iter().filter(|one| !is_declared_otherwise(basis, one)) {
        let extra = Extra { target: &one.target, live: &one.live, via: &one.via };
        extras.entry(one.person.clone()).or_default().push(extra);
    }
    extras
}

/// Everybody who has an account at a target and hasn't ended.
fn working_at(basis: &Basis<'_>, target: &TargetId) -> Vec<PersonId> {
    let access = &basis.tree.access;
    let settings = revisions(basis).filter_map(|revision| revision.access.config.targets.get(target)).last();
    let Some(settings) = settings else { return Vec::new() };
    let here = access.people.values().filter(|person| {
        person.accounts.principal(settings.target_type).is_some() && !access.has_ended(person, basis.now)
    });
    here.map(|person| person.id.clone()).collect()
}

/// Which resource is whose. What belongs to no domain is no part of any duty.
struct Domains<'a>(BTreeMap<(&'a TargetId, &'static Kind, &'a str), &'a Domain>);

impl<'a> Domains<'a> {
    fn of(basis: &Basis<'a>) -> Self {
        let mut domains = BTreeMap::new();
        for domain in revisions(basis).flat_map(|revision| revision.access.domains.values()) {
            let resources = domain.resources.values();
            domains.extend(resources.map(|one| ((&one.target, one.kind, &*one.name), domain)));
        }
        Domains(domains)
    }

    fn get(&self, extra: &Extra<'_>) -> Option<&'a Domain> {
        self.0.get(&(extra.target, extra.live.kind, extra.live.resource.as_str())).copied()
    }

    /// What the extras of one person are to duties rules.
    fn facts(&self, basis: &Basis<'a>, meanings: &Meanings<'a>, extras: &[Extra<'a>]) -> Vec<Fact<'a, Proof<'a>>> {
        let mut facts = Vec::new();
        for (place, extra) in extras.iter().enumerate() {
            let Some(domain) = self.get(extra) else { continue };
            let Live { kind, resource, permission, .. } = extra.live;
            let own = [Held::Entitlement { kind, resource, permission }].into_iter().chain(meanings.of_extra(extra));
            facts.extend(own.filter_map(|held| fact(basis, domain, held, extra, place)));
        }
        facts
    }
}

/// What permissions stand for: the duties that every role has by which somebody may be given as much.
struct Meanings<'a> {
    /// Of every role.
    roles: Vec<Gives<'a>>,
    /// Of the grants that reach a resource.
    here: BTreeMap<Where<'a>, Vec<Gives<'a>>>,
}

type Where<'a> = (&'a TargetId, &'static Kind, &'a str);

/// A permission that a role gives on a kind.
#[derive(Clone, Copy)]
struct Gives<'a> {
    kind: &'static Kind,
    permission: &'a str,
    role: &'a Role,
}

/// Kinds of which something has to be held so that what is held of another one takes effect: that one, and this.
struct LetsIn(BTreeSet<(&'static Kind, &'static str)>);

impl LetsIn {
    fn of(basis: &Basis<'_>) -> Self {
        let domains = revisions(basis).flat_map(|revision| revision.access.domains.values());
        let required = domains
            .flat_map(|domain| domain.resources.values())
            .filter_map(|one| Some((one.kind, (one.kind.requires)(&one.name)?.kind)));
        LetsIn(required.collect())
    }

    /// True where a role gives this only for something else that it gives.
    fn is_all(&self, gives: &Gives<'_>) -> bool {
        gives.kind.rank(gives.permission) <= 1
            && gives.role.entitlements.keys().any(|other| self.0.contains(&(*other, gives.kind.name)))
    }
}

impl<'a> Meanings<'a> {
    fn of(basis: &Basis<'a>, extras: &BTreeMap<PersonId, Vec<Extra<'a>>>) -> Self {
        let all = &basis.tree.access.roles;
        let lets_in = LetsIn::of(basis);
        let lets_in = |gives: &Gives<'_>| lets_in.is_all(gives);
        let roles = all.values().flat_map(|role| {
            let entitlements = role.entitlements.iter();
            entitlements
                .flat_map(move |(kind, words)| words.iter().map(move |permission| Gives { kind, permission, role }))
        });
        let mut here: BTreeMap<Where<'_>, Vec<Gives<'_>>> = BTreeMap::new();
        for Extra { target, live, .. } in extras.values().flatten() {
            here.insert((target, live.kind, &live.resource), Vec::new());
        }
        for one in basis.tree.entitlements.iter() {
            let (kind, permission) = (one.key.kind, &*one.key.permission);
            let Some(gives) = here.get_mut(&(&one.key.target, kind, &*one.key.resource)) else { continue };
            let roles = one.causes.iter().filter_map(|cause| all.get(&cause.role));
            gives.extend(roles.map(|role| Gives { kind, permission, role }).filter(|one| !lets_in(one)));
        }
        Meanings { roles: roles.filter(|one| !lets_in(one)).collect(), here }
    }

    /// The duties that somebody has by an extra, and the role where only one gives as much. Grants that reach the resource
    /// say it; for what none of them gives, all roles do.
    fn of_extra(&self, extra: &Extra<'a>) -> BTreeSet<Held<'a>> {
        let Live { kind, resource, permission, .. } = extra.live;
        let here = self.here.get(&(extra.target, *kind, resource.as_str())).map_or(&[][..], Vec::as_slice);
        let allowed =
            self.roles.iter().filter(|gives| gives.kind == *kind && kind.includes(permission, gives.permission));
        let mut meant = BTreeSet::new();
        for part in allowed.map(|gives| gives.permission).collect::<BTreeSet<_>>() {
            let as_much = |gives: &&Gives<'a>| gives.kind == *kind && kind.includes(gives.permission, part);
            let mut roles: BTreeMap<&RoleId, &'a Role> =
                here.iter().filter(as_much).map(|gives| (&gives.role.id, gives.role)).collect();
            if roles.is_empty() {
                roles = self.roles.iter().filter(as_much).map(|gives| (&gives.role.id, gives.role)).collect();
            }
            let mut each = roles.values();
            let Some(first) = each.next() else { continue };
            let others: Vec<_> = each.collect();
            meant.extend(
                first
                    .duties
                    .iter()
                    .filter(|duty| others.iter().all(|role| role.duties.contains(*duty)))
                    .map(Held::Duty),
            );
            meant.extend(others.is_empty().then_some(Held::Role(&first.id)));
        }
        meant
    }
}

/// A fact that an extra proves, from now on.
fn fact<'a>(
    basis: &Basis<'_>,
    domain: &'a Domain,
    held: Held<'a>,
    extra: &Extra<'a>,
    place: usize,
) -> Option<Fact<'a, Proof<'a>>> {
    let until = extra.live.until.unwrap_or(Timestamp::MAX);
    let interval = Interval::new(basis.now, until)?;
    let Domain { id, environment, .. } = domain;
    Some(Fact { held, domain: id, environment: *environment, interval, witness: Proof::Live(place) })
}

/// The breach that a violation is, where it is one that no waiver accepts and that the files alone don't hold.
fn breach(
    basis: &Basis<'_>,
    violation: &Violation<'_, Proof<'_>>,
    extras: &BTreeMap<PersonId, Vec<Extra<'_>>>,
) -> Option<LiveBreach> {
    let Violation { rule, person, breach, .. } = violation;
    let accepted = waivers::intervals(waivers::accepted(&basis.tree.access, rule, person));
    let open = violation.intervals.minus(&accepted);
    let at_most = match breach {
        Breach::Sets { at_most } | Breach::Within { at_most, .. } => usize::try_from(*at_most).unwrap_or(usize::MAX),
    };
    let by_live = |at: &Timestamp| {
        let declared = |proof: &Proof<'_>| matches!(proof, Proof::Declared(_));
        open.contains(*at) && violation.held_by(*at, declared) <= at_most
    };
    let later = violation.halves.iter().map(|half| half.interval.from()).filter(|from| *from > basis.now);
    let mut instants: Vec<Timestamp> = later.chain([basis.now]).collect();
    instants.sort();
    let at = instants.into_iter().find(by_live)?;
    let halves: Vec<&Half<'_, Proof<'_>>> = violation.halves.iter().filter(|half| half.interval.contains(at)).collect();
    let grants = halves.iter().filter_map(|half| match half.witness {
        Proof::Declared(path) => Some(path.grant.clone()),
        Proof::Live(_) => None,
    });
    let own = extras.get(*person).map_or(&[][..], Vec::as_slice);
    let live: BTreeSet<usize> = halves
        .iter()
        .filter_map(|half| match half.witness {
            Proof::Live(place) => Some(place),
            Proof::Declared(_) => None,
        })
        .collect();
    let shown = live.into_iter().filter_map(|place| own.get(place)).map(described);
    let sets: BTreeSet<&str> = halves.iter().map(|half| half.set).collect();
    let what = match breach {
        Breach::Sets { .. } => names(sets),
        Breach::Within { set, at_most } => format!("more than {at_most} of `{}`", set.escape_debug()),
    };
    let message =
        format!("`{person}` holds {what} (rule `{}`) by what is live and not declared: {}", rule.id, listed(shown));
    let grants = grants.collect();
    let finding = finding(person, rule.severity, message);
    Some(LiveBreach { person: (*person).clone(), grants: Some(grants), now: at == basis.now, finding })
}

/// Where there is more than can be judged, nothing is given to those whom it is about.
fn unjudged(person: &PersonId) -> LiveBreach {
    let message = format!("what `{person}` holds live and undeclared is more than can be judged by the duties rules");
    let finding = finding(person, Severity::Error, message);
    LiveBreach { person: person.clone(), grants: None, now: true, finding }
}

fn finding(person: &PersonId, severity: Severity, message: String) -> LiveFinding {
    LiveFinding {
        rule: &DUTIES_LIVE,
        severity,
        target: None,
        resource: None,
        permission: None,
        principal: None,
        person: Some(person.clone()),
        message,
        help: format!("take away what nobody declared for `{person}`, or declare it, or have a waiver approved"),
    }
}

/// How many names a message holds before it counts the rest.
const NAMED: usize = 3;

fn listed(things: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = things.collect();
    let shown = all.get(..NAMED).unwrap_or(&all).join("; ");
    match all.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn names(sets: BTreeSet<&str>) -> String {
    let names: Vec<String> = sets.into_iter().map(|set| format!("`{}`", set.escape_debug())).collect();
    names.join(" and ")
}

fn described(extra: &Extra<'_>) -> String {
    let Live { kind, resource, permission, latent, .. } = extra.live;
    let by = if extra.via.is_empty() { String::new() } else { format!(" by the group {}", path(extra.via)) };
    let latent = latent.map(|latent| format!(" ({latent})")).unwrap_or_default();
    format!("`{permission}` on {} `{resource}` at `{}`{by}{latent}", kind.name, extra.target)
}

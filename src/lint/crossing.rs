//! Who is in more than one domain at an instant, without bridges that allow it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Survey, wording};
use crate::access::reading::Step;
use crate::access::{DomainId, Holding, Interval, PersonId, PersonType};
use crate::finding::{Finding, Rule};

/// A holding away from home, with when, and a holding of the same time elsewhere.
struct Crossing<'a> {
    intervals: Vec<Interval>,
    elsewhere: &'a Holding,
}

/// Reports each grant that lets a person of the type into a second domain.
pub fn find(survey: &Survey<'_>, rule: &'static Rule, person_type: PersonType, findings: &mut Vec<Finding>) {
    let mut by_person: BTreeMap<&PersonId, Vec<&Holding>> = BTreeMap::new();
    for holding in survey.entitlements.holdings().filter(|holding| holding.person.person_type == person_type) {
        by_person.entry(&holding.person.id).or_default().push(holding);
    }
    for (person, holdings) in by_person {
        let first = holdings.first().map(|holding| &holding.grant.domain);
        if holdings.iter().all(|holding| Some(&holding.grant.domain) == first) {
            continue;
        }
        for (number, crossing) in crossings(survey, person, &holdings) {
            let Some(holding) = holdings.get(number) else { continue };
            let grant = &holding.grant;
            let elsewhere = &crossing.elsewhere.grant;
            let when = wording::during_all(&crossing.intervals, &survey.access.config.zone);
            findings.push(
                Finding::new(
                    rule,
                    grant.place(&[Step::Key("domain")]),
                    format!("`{person}` is in `{}` and `{}` {when}", elsewhere.domain, grant.domain),
                    format!(
                        "let one grant end before the other starts, or add a bridge with `home: {}`, `into: {}` for \
                         `{person}`",
                        elsewhere.domain, grant.domain
                    ),
                )
                .related(
                    elsewhere.place(&[Step::Key("domain")]),
                    format!("grant `{}` lets them into `{}`", elsewhere.id, elsewhere.domain),
                ),
            );
        }
    }
}

fn crossings<'a>(survey: &Survey<'a>, person: &PersonId, holdings: &[&'a Holding]) -> BTreeMap<usize, Crossing<'a>> {
    let bridges: Vec<(&DomainId, &DomainId, Timestamp)> = (survey.access.bridges.values())
        .filter(|bridge| bridge.people.contains(person))
        .map(|bridge| (&bridge.home, &bridge.into, bridge.until))
        .collect();
    let mut instants: BTreeSet<Timestamp> = bridges.iter().map(|(_, _, until)| *until).collect();
    instants.extend(holdings.iter().flat_map(|holding| [holding.interval.from(), holding.interval.until()]));
    let mut found: BTreeMap<usize, Crossing<'a>> = BTreeMap::new();
    for (from, until) in instants.iter().zip(instants.iter().skip(1)) {
        let Some(segment) = Interval::new(*from, *until) else { continue };
        let active: Vec<(usize, &'a Holding)> =
            holdings.iter().copied().enumerate().filter(|(_, holding)| holding.interval.contains(*from)).collect();
        let open = |home: &DomainId, into: &DomainId| {
            home == into || bridges.iter().any(|(h, i, until)| *h == home && *i == into && *until > *from)
        };
        let domains: BTreeSet<&DomainId> = active.iter().map(|(_, holding)| &holding.grant.domain).collect();
        let Some(home) = home(survey, &domains, &active, bridges.iter().map(|(home, _, _)| *home), open) else {
            continue;
        };
        let inside = active.iter().find(|(_, holding)| open(home, &holding.grant.domain));
        let Some((_, elsewhere)) = inside else { continue };
        for (number, _) in active.iter().filter(|(_, holding)| !open(home, &holding.grant.domain)) {
            let crossing = found.entry(*number).or_insert(Crossing { intervals: Vec::new(), elsewhere });
            match crossing.intervals.last_mut() {
                Some(last) if last.until() == *from => {
                    *last = Interval::new(last.from(), *until).unwrap_or(segment);
                }
                Some(_) | None => crossing.intervals.push(segment),
            }
        }
    }
    found
}

/// The domain from which most of the others are open; of several the one where the person was before the change, then
/// the one where they were first.
fn home<'d>(
    survey: &Survey<'_>,
    domains: &BTreeSet<&'d DomainId>,
    active: &[(usize, &'d Holding)],
    bridged: impl Iterator<Item = &'d DomainId>,
    open: impl Fn(&DomainId, &DomainId) -> bool,
) -> Option<&'d DomainId> {
    if domains.len() < 2 {
        return None;
    }
    let candidates: BTreeSet<&DomainId> = domains.iter().copied().chain(bridged).collect();
    let since = |domain: &DomainId| {
        let of_domain = active.iter().filter(|(_, holding)| &holding.grant.domain == domain);
        of_domain.map(|(_, holding)| holding.interval.from()).min()
    };
    let stood = |domain: &DomainId| {
        let mut of_domain = active.iter().filter(|(_, holding)| &holding.grant.domain == domain);
        of_domain.any(|(_, holding)| survey.stood(&holding.grant))
    };
    candidates.into_iter().min_by_key(|home| {
        let away = domains.iter().filter(|domain| !open(home, domain)).count();
        (away, !domains.contains(home), !stood(home), since(home))
    })
}

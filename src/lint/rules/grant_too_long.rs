use std::collections::BTreeSet;

use crate::access::reading::Step;
use crate::access::{Access, Cause, Days, Entitlement, GrantId, Interval, Person, PersonId, PersonType, RoleId};
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::wording;
use crate::lint::{Reached, Survey};
use jiff::{SignedDuration, Timestamp};

pub const RULE: Rule = Rule {
    code: Code {
        id: "grant-too-long",
        title: "access lasts longer than the role or the policies allow",
        why: "Access that must be renewed is access that somebody looked at lately. Grants that follow one \
              another without a gap count as one, so that a limit can't be stretched by cutting. Where a limit \
              applies, a start must be written, since nothing is measured from today.",
        example: "# roles/developer.yaml\nmax_duration: 90 days\n# grants/alice-refunds.yaml\nrole: developer\n\
                  from: 2026-11-24\nuntil: 2027-06-30     # 219 days",
        instead: "Write `from:`, end the grant within the limit, and renew it when that day is near.",
    },
    severity: Severity::Error,
    dated: false,
};

/// What limits a duration.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Limit {
    Role(Days),
    Policy(Days),
}

impl Limit {
    fn days(self) -> Days {
        match self {
            Limit::Role(days) | Limit::Policy(days) => days,
        }
    }

    fn applies(self, access: &Access, cause: &Cause) -> bool {
        match self {
            // a role with a shorter limit must not lengthen one with a longer limit
            Limit::Role(days) => role_limit(access, &cause.role).is_some_and(|of_role| of_role <= days),
            Limit::Policy(_) => true,
        }
    }

    fn words(self) -> String {
        match self {
            Limit::Role(days) => format!("longer than the {days} that its role allows"),
            Limit::Policy(days) => format!("longer than the {days} that the policies allow contractors and services"),
        }
    }
}

fn role_limit(access: &Access, role: &RoleId) -> Option<Days> {
    access.roles.get(role).and_then(|role| role.max_duration)
}

fn policy_limit(access: &Access, person: &Person) -> Option<Days> {
    match person.person_type {
        PersonType::Employee => None,
        PersonType::Contractor | PersonType::Service => access.policy.contractor_max_duration,
    }
}

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    let access = survey.access;
    open_ended(survey, findings);
    let mut reported: BTreeSet<(&GrantId, &PersonId, Limit, Interval)> = BTreeSet::new();
    // other hours from day to day don't make it another access
    let entitlements: Vec<&Entitlement> = survey.entitlements.iter().collect();
    for same in entitlements.chunk_by(|a, b| a.key.same_but_conditions(&b.key)) {
        let Some(person) = same.first().and_then(|one| access.people.get(&one.key.person)) else { continue };
        let causes = || same.iter().flat_map(|entitlement| &entitlement.causes);
        let of_roles = causes().filter_map(|cause| role_limit(access, &cause.role));
        let limits: BTreeSet<Limit> =
            of_roles.map(Limit::Role).chain(policy_limit(access, person).map(Limit::Policy)).collect();
        for limit in limits {
            let causes = causes().filter(|cause| limit.applies(access, cause));
            for run in runs(causes.collect()) {
                let Some(last) = run.causes.iter().max_by_key(|cause| (cause.interval.until(), &cause.grant)) else {
                    continue;
                };
                if exceeds(access, limit.days(), &run.interval)
                    && reported.insert((&last.grant, &person.id, limit, run.interval))
                {
                    findings.extend(too_long(access, person, limit, &run, last));
                }
            }
        }
    }
}

/// Grants without a start or an end to which a limit applies.
fn open_ended(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    let access = survey.access;
    for Reached { grant, people, role, .. } in survey.reached() {
        let of_role = role.and_then(|role| role.max_duration);
        let of_policy = people.iter().find_map(|person| policy_limit(access, person));
        let Some(days) = of_role.into_iter().chain(of_policy).min() else { continue };
        let mut report = |name: &str, what: &str| {
            findings.push(Finding::new(
                &RULE,
                grant.place(&[]),
                format!("grant `{}` has no {what}, but it may last {days} at most", grant.id),
                format!("add `{name}:`, so that {days} can be counted"),
            ));
        };
        if grant.from.is_none() {
            report("from", "start");
        }
        // without an end, grants of others are `unbounded-grant`
        let employees = people.iter().all(|person| person.person_type == PersonType::Employee);
        if grant.until.is_none() && employees {
            report("until", "end");
        }
    }
}

/// Grants of one entitlement that overlap or follow one another without a gap.
struct Run<'a> {
    interval: Interval,
    causes: Vec<&'a Cause>,
}

fn runs(mut causes: Vec<&Cause>) -> Vec<Run<'_>> {
    causes.sort_by_key(|cause| cause.interval);
    let mut runs: Vec<Run<'_>> = Vec::new();
    for cause in causes {
        match runs.last_mut() {
            Some(run) if cause.interval.from() <= run.interval.until() => {
                let until = run.interval.until().max(cause.interval.until());
                run.interval = Interval::new(run.interval.from(), until).unwrap_or(run.interval);
                run.causes.push(cause);
            }
            Some(_) | None => runs.push(Run { interval: cause.interval, causes: vec![cause] }),
        }
    }
    runs
}

/// What has no start or no end is reported as that.
fn exceeds(access: &Access, days: Days, interval: &Interval) -> bool {
    if interval.from() == Timestamp::MIN || interval.until() == Timestamp::MAX {
        return false;
    }
    // a zone can skip or repeat a day; what is shorter by more than that needs no calendar
    let hours = i64::from(days.0).saturating_sub(2).saturating_mul(24);
    let surely_within = SignedDuration::from_hours(hours);
    interval.until().duration_since(interval.from()) > surely_within && days.exceeded_by(interval, &access.config.zone)
}

fn too_long(access: &Access, person: &Person, limit: Limit, run: &Run<'_>, last: &Cause) -> Option<Finding> {
    let grant = access.grants.get(&last.grant)?;
    let grants: BTreeSet<&GrantId> = run.causes.iter().map(|cause| &cause.grant).collect();
    let when = wording::during(&run.interval, &access.config.zone);
    let message = if grants.len() > 1 {
        let names = wording::some_of(grants.iter());
        format!("{names} follow one another for `{}` {when}, {}", person.id, limit.words())
    } else {
        format!("grant `{}` is held by `{}` {when}, {}", grant.id, person.id, limit.words())
    };
    let help = format!("end it within {}, and renew it when that day is near", limit.days());
    let mut finding = Finding::new(&RULE, grant.place(&[Step::Key("until")]), message, help);
    let others = grants.into_iter().filter(|id| *id != &grant.id).filter_map(|id| access.grants.get(id));
    for other in others.take(wording::NAMED) {
        finding = finding.related(other.place(&[]), format!("grant `{}`", other.id));
    }
    let role = access.roles.get(&last.role)?;
    Some(match limit {
        Limit::Role(_) => finding.related(role.place(&[Step::Key("max_duration")]), "the role's limit"),
        Limit::Policy(_) => finding,
    })
}

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::access::reading::Step;
use crate::access::{Grant, GrantId, Interval, Intervals, Waiver};
use crate::finding::{Code, Finding, Rule, Severity, State};
use crate::lint::Survey;
use crate::lint::duties::{Breach, Conflict, Path, Violation, waivers};
use crate::lint::wording;

pub const RULE: Rule = Rule {
    code: Code {
        id: "separation-of-duties",
        title: "one person holds duties that must be apart",
        why: "Whoever holds both halves can do alone what is meant to need two people: write code and put it into \
              production, create a payee and pay it. Duties count over groups, roles, domains and targets, and at \
              every instant, also in the future.",
        example: "# policies/payments.yaml\nduties:\n  \
                  - id: develop-and-deploy\n    \
                  sets: { develop: { duties: [develop] }, deploy: { duties: [deploy] } }\n\
                  # grants/tom-develop.yaml and grants/tom-deploy.yaml, at one time\nto: [tom.reed]",
        instead: "Give one of the duties to somebody else, or let one grant end before the other starts. Where that \
              is not possible yet, a waiver accepts the risk for a while.",
    },
    severity: Severity::Error,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    for violation in survey.violations() {
        let waivers: Vec<&Waiver> = waivers::accepted(survey.access, violation.rule, violation.person).collect();
        let open = violation.intervals.minus(&waivers::intervals(waivers.iter().copied()));
        let mut by_grant: BTreeMap<&GrantId, Vec<Interval>> = BTreeMap::new();
        for half in &violation.halves {
            by_grant.entry(half.witness.grant).or_default().push(half.interval);
        }
        let mut involved: Vec<(&Grant, Intervals)> = by_grant
            .into_iter()
            .filter_map(|(grant, held)| Some((survey.access.grants.get(grant)?, held.into_iter().collect())))
            .filter(|(_, held)| During::of(&violation.intervals, held).is_some())
            .collect();
        // each grant has its finding, so that one that is added to a conflict never hides behind those that stood;
        // the one that was there first needs none, since the others name it, unless it is enough by itself
        involved.sort_by_key(|(grant, _)| !survey.stood(grant));
        let spare = involved.len() > 1 && involved.first().is_some_and(|(first, held)| !alone(violation, first, held));
        if spare {
            involved.remove(0);
        }
        // what a waiver accepts is told of, too
        let told = involved.iter().filter_map(|(grant, held)| {
            let remaining = During::of(&open, held);
            let waived = remaining.is_none();
            Some((*grant, remaining.or_else(|| During::of(&violation.intervals, held))?, waived))
        });
        let told: Vec<(&Grant, During, bool)> = told.collect();
        let asked: Vec<(Timestamp, &GrantId)> =
            told.iter().map(|(grant, during, _)| (during.start, &grant.id)).collect();
        for (conflict, (grant, during, waived)) in violation.at(&asked, |path| path.grant).iter().zip(&told) {
            let mut finding = report(survey, violation, grant, during, conflict);
            if *waived {
                finding.state = State::Waived;
                if let Some(waiver) = waivers.first() {
                    finding = finding.related(waiver.place.clone(), "accepted by this waiver");
                }
            }
            findings.push(finding);
        }
    }
}

/// When a grant is part of a conflict.
struct During {
    start: Timestamp,
    /// The first few stretches of it.
    first: Vec<Interval>,
    more: usize,
    end: Timestamp,
}

impl During {
    /// What of a set lies within what a grant gives; each stretch is found, and only those that are told of are looked at.
    fn of(all: &Intervals, held: &Intervals) -> Option<Self> {
        let (mut first, mut count, mut end) = (Vec::new(), 0, None);
        for own in held.iter() {
            let met = all.meeting(own);
            count += met.len();
            first.extend(met.iter().filter_map(|one| one.intersect(own)).take(wording::NAMED - first.len()));
            end = met.last().map(|last| last.until().min(own.until())).or(end);
        }
        Some(During { start: first.first()?.from(), more: count - first.len(), end: end?, first })
    }
}

/// True where one grant breaks the rule without any other. All that it gives a person, it gives at the same time.
fn alone(violation: &Violation<'_, Path<'_>>, grant: &Grant, held: &Intervals) -> bool {
    let (Breach::Sets { at_most } | Breach::Within { at_most, .. }) = violation.breach;
    let Some(during) = During::of(&violation.intervals, held) else { return false };
    let own = violation.held_by(during.start, |path| path.grant == &grant.id);
    u32::try_from(own).is_ok_and(|own| own > at_most)
}

fn report(
    survey: &Survey<'_>,
    violation: &Violation<'_, Path<'_>>,
    grant: &Grant,
    during: &During,
    conflict: &Conflict<'_, Path<'_>>,
) -> Finding {
    let rule = violation.rule;
    let more = conflict.held - conflict.halves.len();
    let what = match violation.breach {
        Breach::Sets { .. } => {
            let names: Vec<String> =
                conflict.halves.iter().map(|half| format!("`{}`", half.set.escape_debug())).collect();
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            format!("{}{more}", names.join(" and "))
        }
        Breach::Within { set, at_most } => format!(
            "{} of `{}`, of which {at_most} may be held ({}),",
            conflict.held,
            set.escape_debug(),
            wording::some_of_many(conflict.halves.iter().map(|half| half.held), more)
        ),
    };
    let when = wording::during_many(&during.first, during.more, during.end, &survey.access.config.zone);
    let mut finding = Finding::new(
        &RULE,
        grant.place(&[Step::Key("role")]),
        format!("`{}` holds {what} {when} (rule `{}`)", violation.person, rule.id),
        format!("remove `{}` from one of the grants, or end one before the other starts", violation.person),
    );
    finding.severity = rule.severity;
    finding.about = Some(format!("{} {}", violation.person, rule.id));
    for half in &conflict.halves {
        let Some(grant) = survey.access.grants.get(half.witness.grant) else { continue };
        let shown = match violation.breach {
            Breach::Sets { .. } => format!("`{}`", half.set.escape_debug()),
            Breach::Within { .. } => format!("`{}`", half.held),
        };
        finding = finding.related(grant.place(&[Step::Key("role")]), format!("{shown}: {}", half.witness));
    }
    finding.related(rule.place.clone(), format!("the rule `{}`", rule.id))
}

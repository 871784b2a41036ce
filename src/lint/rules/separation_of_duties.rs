use std::collections::BTreeMap;

use crate::access::reading::Step;
use crate::access::{GrantId, Interval, Intervals, Waiver};
use crate::finding::{Code, Finding, Rule, Severity, State};
use crate::lint::Survey;
use crate::lint::duties::{Breach, Path, Violation, waivers};
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
        let accepted = waivers::intervals(waivers.iter().copied());
        let mut by_grant: BTreeMap<&GrantId, Vec<Interval>> = BTreeMap::new();
        for half in &violation.halves {
            by_grant.entry(half.witness.grant).or_default().push(half.interval);
        }
        let mut involved: Vec<(&GrantId, Intervals)> = by_grant
            .into_iter()
            .map(|(grant, held)| (grant, violation.intervals.intersect(&held.into_iter().collect())))
            .filter(|(_, conflict)| !conflict.is_empty())
            .collect();
        // each grant has its finding, so that one that is added to a conflict never hides behind those that stood;
        // the one that was there first needs none, since the others name it, unless it is enough by itself
        involved.sort_by_key(|(id, _)| !survey.access.grants.get(*id).is_some_and(|grant| survey.stood(grant)));
        let spare = involved.len() > 1 && involved.first().is_some_and(|(first, when)| !alone(violation, first, when));
        if spare {
            involved.remove(0);
        }
        for (grant, conflict) in involved {
            let remaining = conflict.minus(&accepted);
            findings.extend(if remaining.is_empty() {
                report(survey, violation, grant, &conflict).map(|mut finding| {
                    finding.state = State::Waived;
                    let place = waivers.first().map(|waiver| waiver.place.clone());
                    match place {
                        Some(place) => finding.related(place, "accepted by this waiver"),
                        None => finding,
                    }
                })
            } else {
                report(survey, violation, grant, &remaining)
            });
        }
    }
}

/// True where one grant breaks the rule without any other. All that it gives a person, it gives at the same time.
fn alone(violation: &Violation<'_, Path<'_>>, grant: &GrantId, conflict: &Intervals) -> bool {
    let (Breach::Sets { at_most } | Breach::Within { at_most, .. }) = violation.breach;
    let Some(start) = conflict.start() else { return false };
    let halves = violation.at(start, |path| path.grant == grant).halves;
    let own = halves.iter().filter(|half| half.witness.grant == grant).count();
    u32::try_from(own).is_ok_and(|own| own > at_most)
}

fn report(
    survey: &Survey<'_>,
    violation: &Violation<'_, Path<'_>>,
    id: &GrantId,
    intervals: &Intervals,
) -> Option<Finding> {
    let grant = survey.access.grants.get(id)?;
    let rule = violation.rule;
    let conflict = violation.at(intervals.start()?, |path| path.grant == id);
    let what = match violation.breach {
        Breach::Sets { .. } => {
            let names: Vec<String> =
                conflict.halves.iter().map(|half| format!("`{}`", half.set.escape_debug())).collect();
            names.join(" and ")
        }
        Breach::Within { set, at_most } => format!(
            "{} of `{}`, of which {at_most} may be held ({}),",
            conflict.halves.len(),
            set.escape_debug(),
            wording::some_of(conflict.halves.iter().map(|half| half.held))
        ),
    };
    let when = wording::during_all(intervals.iter(), &survey.access.config.zone);
    let mut finding = Finding::new(
        &RULE,
        grant.place(&[Step::Key("role")]),
        format!("`{}` holds {what} {when} (rule `{}`)", violation.person, rule.id),
        format!("remove `{}` from one of the grants, or end one before the other starts", violation.person),
    );
    finding.severity = rule.severity;
    for half in &conflict.halves {
        let Some(grant) = survey.access.grants.get(half.witness.grant) else { continue };
        let shown = match violation.breach {
            Breach::Sets { .. } => format!("`{}`", half.set.escape_debug()),
            Breach::Within { .. } => format!("`{}`", half.held),
        };
        finding = finding.related(grant.place(&[Step::Key("role")]), format!("{shown}: {}", half.witness));
    }
    Some(finding.related(rule.place.clone(), format!("the rule `{}`", rule.id)))
}

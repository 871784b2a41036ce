use std::collections::BTreeMap;

use crate::access::reading::Step;
use crate::access::{Grant, Person, PersonId};
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::wording;
use crate::lint::{Reached, Survey};

pub const RULE: Rule = Rule {
    code: Code {
        id: "engagement-over",
        title: "somebody whose time here is over is still named by grants",
        why: "They hold nothing any more. But the grants come back to life if the engagement is extended later, \
              and nobody would look at them again.",
        example: "# people/alice.nguyen.yaml\nended: 2026-11-20     # a day in the past\n# grants/alice-refunds.yaml\nto: [alice.nguyen]",
        instead: "Remove the person from the grants and groups, or delete the grants.",
    },
    severity: Severity::Warning,
    dated: true,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    let mut named: BTreeMap<&PersonId, (&Person, Vec<&Grant>)> = BTreeMap::new();
    // a grant that is over itself comes back by no engagement
    let lasting = survey.reached().iter().filter(|one| one.grant.until.is_none_or(|until| until > survey.now));
    for Reached { grant, people, .. } in lasting {
        for person in people {
            if survey.access.bounds(person).is_none_or(|bounds| bounds.until() <= survey.now) {
                named.entry(&person.id).or_insert((person, Vec::new())).1.push(grant);
            }
        }
    }
    for (person, grants) in named.into_values() {
        let field = if person.ended.is_some() { "ended" } else { "engagement" };
        let finding = Finding::new(
            &RULE,
            person.place(&[Step::Key(field)]),
            format!(
                "the time of `{}` here is over, but they are still named by {}",
                person.id,
                wording::some_of(grants.iter().map(|grant| &grant.id))
            ),
            "remove them from the grants and groups, or delete the grants",
        );
        let shown = grants.iter().take(3);
        findings.push(shown.fold(finding, |finding, grant| {
            finding.related(grant.place(&[Step::Key("to")]), format!("grant `{}`", grant.id))
        }));
    }
}

use std::collections::BTreeMap;

use crate::access::reading::Step;
use crate::access::{Resource, ResourceId};
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;

pub const RULE: Rule = Rule {
    code: Code {
        id: "hours-not-enforceable",
        title: "a grant has hours, but reaches what can't keep them",
        why: "Where the target itself can't say no at night, hours in a file would only look like a limit: the access \
              would be there around the clock. Giving and taking it twice a day isn't the same; on GitHub it would \
              send invitations daily and delete private forks.",
        example: "# domains/payments.yaml\nresources: { api: { repository: northwind/refunds } }\n\
                  # grants/alice-nights.yaml\ndomain: payments\nhours: { days: [mon], between: \"08:00-19:00\" }",
        instead: "Name under `resources` only what can keep hours: a project, folder, bucket or organisation of Google \
                  Cloud. Give the rest by a grant without `hours` and with an early `until`.",
    },
    severity: Severity::Error,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    let access = survey.access;
    for grant in access.grants.values().filter(|grant| !grant.conditions.is_empty()) {
        let reached = access.reach(grant).filter(|(_, resource, _)| !grant.conditions.enforceable(resource.kind));
        let resources: BTreeMap<&ResourceId, &Resource> = reached.map(|(id, resource, _)| (id, resource)).collect();
        for (id, resource) in resources {
            let kind = resource.kind.name;
            let finding = Finding::new(
                &RULE,
                grant.place(&[Step::Key("hours")]),
                format!("grant `{}` has hours, but reaches `{id}`, and a {kind} can't keep them", grant.id),
                format!(
                    "leave `{id}` out under `resources`, and give it by a grant without hours and an early `until`"
                ),
            );
            findings.push(match access.domains.get(&grant.domain) {
                Some(domain) => {
                    let place = domain.place(&[Step::Key("resources"), Step::Key(id.as_str())]);
                    finding.related(place, format!("`{id}` is a {kind}"))
                }
                None => finding,
            });
        }
    }
}

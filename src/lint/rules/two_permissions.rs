use crate::access::Entitlement;
use crate::access::reading::Step;
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;

pub const RULE: Rule = Rule {
    code: Code {
        id: "two-permissions",
        title: "somebody is given two permissions on one resource, of which neither includes the other",
        why: "A person holds one permission there at a time. Of two that are ordered the higher one is held; of a role that an \
              organisation made itself nobody knows what it adds, so one of the two grants would never take effect.",
        example: "# roles/releaser.yaml\nentitlements: { repository: push+release-manager }\n# roles/keeper.yaml\nentitlements: { \
                  repository: maintain }",
        instead: "Give one of the two, or have the organisation make a role that has both.",
    },
    severity: Severity::Error,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    let one_place = |a: &Entitlement, b: &Entitlement| {
        let (a, b) = (&a.key, &b.key);
        (&a.target, a.kind, &a.resource) == (&b.target, b.kind, &b.resource)
    };
    for place in survey.entitlements.by_person().flat_map(|own| own.chunk_by(one_place)) {
        if !place.first().is_some_and(|one| one.key.kind.extended) {
            continue;
        }
        for (at, one) in place.iter().enumerate() {
            let before = place.iter().take(at).find(|other| is_beside(one, other));
            let grant = one.causes.first().and_then(|cause| survey.access.grants.get(&cause.grant));
            let (Some(other), Some(grant)) = (before, grant) else { continue };
            let finding = Finding::new(
                &RULE,
                grant.place(&[Step::Key("role")]),
                format!(
                    "`{}` is given `{}` and `{}` on {} `{}`, and can hold one of them",
                    one.key.person, other.key.permission, one.key.permission, one.key.kind.name, one.key.resource
                ),
                "give one of the two, or let one end before the other starts",
            );
            let with = other.causes.first().and_then(|cause| survey.access.grants.get(&cause.grant));
            findings.push(match with {
                Some(with) => {
                    let words = format!("grant `{}` gives `{}`", with.id, other.key.permission);
                    finding.related(with.place(&[Step::Key("role")]), words)
                }
                None => finding,
            });
        }
    }
}

/// True where both are held at one instant, and neither includes the other.
fn is_beside(one: &Entitlement, other: &Entitlement) -> bool {
    let (kind, here, there) = (one.key.kind, &one.key.permission, &other.key.permission);
    !kind.includes(here, there) && !kind.includes(there, here) && !one.intervals.intersect(&other.intervals).is_empty()
}

use std::collections::BTreeMap;

use crate::access::reading::Step;
use crate::access::{Domain, ResourceId};
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;

pub const RULE: Rule = Rule {
    code: Code {
        id: "resource-in-two-domains",
        title: "a resource belongs to two domains",
        why: "A domain is a wall, and its owners say who comes in. What stands in two domains is reached past the \
              owners of either.",
        example: "# domains/payments.yaml\nresources: { api: { repository: northwind/api } }\n\
                  # domains/ledger.yaml\nresources: { shared-api: { repository: northwind/api } }",
        instead: "Keep it in the domain whose owners answer for it, and let others in by grants there.",
    },
    severity: Severity::Error,
    dated: false,
};

/// What tells a resource apart. Of two names that lead to one resource the number knows.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Known {
    Name(String),
    Number(u64),
}

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    let mut first: BTreeMap<(&str, &str, Known), (&Domain, &ResourceId)> = BTreeMap::new();
    for domain in survey.access.domains.values() {
        for (id, resource) in &domain.resources {
            // two targets can be one system, and systems compare names in ways of their own
            let target = survey.access.config.targets.get(&resource.target);
            let system = target.map_or(resource.target.as_str(), |target| target.pinned.as_str());
            let known = [Some(Known::Name(resource.compared_name())), resource.number.map(Known::Number)];
            let mut before = None;
            for known in known.into_iter().flatten() {
                let (other, other_id) = *first.entry((system, resource.kind.name, known)).or_insert((domain, id));
                if other.id != domain.id || other_id != id {
                    before.get_or_insert((other, other_id));
                }
            }
            let Some((other, other_id)) = before else { continue };
            let name = format!("{} `{}`", resource.kind.name, resource.name.escape_debug());
            let message = if other.id == domain.id {
                format!("`{}` holds {name} twice, as `{other_id}` and `{id}`", domain.id)
            } else {
                format!("{name} belongs to both `{}` and `{}`", other.id, domain.id)
            };
            findings.push(
                Finding::new(
                    &RULE,
                    domain.place(&[Step::Key("resources"), Step::Key(id.as_str())]),
                    message,
                    "remove it from one of them",
                )
                .related(
                    other.place(&[Step::Key("resources"), Step::Key(other_id.as_str())]),
                    format!("`{other_id}` of `{}`", other.id),
                ),
            );
        }
    }
}

use crate::access::PersonType;
use crate::access::reading::Step;
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;

pub const RULE: Rule = Rule {
    code: Code {
        id: "owner-is-contractor",
        title: "a contractor owns a domain",
        why: "Owners say who may enter a domain. Somebody from outside, paid by one of those who want to enter, \
              can't decide that, and their approval would never count.",
        example: "# domains/payments.yaml\nowners: [group:payments-owners]\n# groups/payments-owners.yaml\n\
                  members: [priya.shah, grace.lin, alice.nguyen]     # alice.nguyen is a contractor",
        instead: "Name employees only, and keep groups that own apart from groups that work.",
    },
    severity: Severity::Error,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    let access = survey.access;
    for domain in access.domains.values() {
        for (person, via) in access.expand(&domain.owners) {
            let Some(person) = access.people.get(&person) else { continue };
            if person.person_type != PersonType::Contractor {
                continue;
            }
            let (named, through) = match via.first() {
                None => (person.id.to_string(), String::new()),
                Some(group) => {
                    let path: Vec<String> = via.iter().map(|group| format!("group:{group}")).collect();
                    (format!("group:{group}"), format!(" through {}", path.join(" → ")))
                }
            };
            findings.push(
                Finding::new(
                    &RULE,
                    domain.source.item_place("owners", &named),
                    format!("the contractor `{}` owns `{}`{through}", person.id, domain.id),
                    "name employees only as owners",
                )
                .related(person.place(&[Step::Key("type")]), "a contractor"),
            );
        }
    }
}

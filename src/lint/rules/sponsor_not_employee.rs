use std::fmt::Display;

use crate::access::reading::Step;
use crate::access::{PersonId, PersonType};
use crate::finding::{Code, Finding, Place, Rule, Severity};
use crate::lint::Survey;

pub const RULE: Rule = Rule {
    code: Code {
        id: "sponsor-not-employee",
        title: "a sponsor is not an employee, or has left",
        why: "A sponsor answers for others on behalf of the organisation. A contractor, a service, or somebody \
              who left can't. A sponsor who left is a warning only, since nothing may hold up an end.",
        example: "# people/alice.nguyen.yaml\nsponsor: bob.keller     # a contractor",
        instead: "Name an employee who is here and knows what the access is for.",
    },
    severity: Severity::Error,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    let access = survey.access;
    for person in access.people.values() {
        let Some(sponsor) = &person.sponsor else { continue };
        check(survey, sponsor, &person.id, || person.place(&[Step::Key("sponsor")]), findings);
    }
    for vendor in access.vendors.values() {
        check(survey, &vendor.sponsor, &vendor.id, || vendor.place(&[Step::Key("sponsor")]), findings);
    }
}

fn check(
    survey: &Survey<'_>,
    sponsor: &PersonId,
    of: &dyn Display,
    place: impl FnOnce() -> Place,
    findings: &mut Vec<Finding>,
) {
    let Some(sponsor) = survey.access.people.get(sponsor) else { return };
    let help = "name an employee who is here as `sponsor`";
    match (sponsor.person_type, sponsor.ended) {
        (PersonType::Contractor | PersonType::Service, _) => {
            let what = sponsor.person_type.as_str();
            let message = format!("the sponsor `{}` of `{of}` is a {what}", sponsor.id);
            let finding = Finding::new(&RULE, place(), message, help);
            findings.push(finding.related(sponsor.place(&[Step::Key("type")]), format!("a {what}")));
        }
        (PersonType::Employee, Some(ended)) if ended <= survey.now => {
            let message = format!("the sponsor `{}` of `{of}` has left", sponsor.id);
            let mut finding = Finding::new(&RULE, place(), message, help);
            // an employee can leave on any day, also when many still name them
            finding.severity = Severity::Warning;
            findings.push(finding.related(sponsor.place(&[Step::Key("ended")]), "left here"));
        }
        (PersonType::Employee, _) => {}
    }
}

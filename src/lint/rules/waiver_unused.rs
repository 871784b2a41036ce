use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;
use crate::lint::duties::waivers;

pub const RULE: Rule = Rule {
    code: Code {
        id: "waiver-unused",
        title: "a waiver accepts nothing",
        why: "A waiver that is not needed now is forgotten, and accepts later what nobody has seen.",
        example: "waivers:\n  \
                  - { rule: develop-and-deploy, person: tom.reed, … }     # tom.reed holds only one of the two",
        instead: "Remove the waiver.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    let policy = &survey.access.policy;
    for waiver in &policy.waivers {
        let Some(rule) = policy.duties.get(&waiver.rule) else { continue };
        let has_another_finding = waivers::is_of_another_wording(rule, waiver)
            || waivers::is_over(waiver, survey.now)
            || !waivers::problems(survey.access, None, waiver).is_empty();
        if has_another_finding {
            continue;
        }
        let mut broken = survey.violations().iter().filter(|v| v.rule.id == rule.id && *v.person == waiver.person);
        if broken.any(|violation| violation.intervals.iter().any(|i| i.intersect(&waiver.interval).is_some())) {
            continue;
        }
        findings.push(Finding::new(
            &RULE,
            waiver.place.clone(),
            format!("`{}` doesn't break `{}` while the waiver lasts", waiver.person, rule.id),
            "remove the waiver",
        ));
    }
}

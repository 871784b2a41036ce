use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;
use crate::lint::duties::waivers;

pub const RULE: Rule = Rule {
    code: Code {
        id: "waiver-rule-changed",
        title: "a waiver was given for a rule that reads differently now",
        why: "Whoever accepted the risk accepted that of the old rule. Until somebody looks again, the waiver \
              silences nothing.",
        example: "waivers:\n  \
                  - { rule: develop-and-deploy, rule_digest: \"sha256:…\", … }     # of the rule before it changed",
        instead: "Read the rule as it is now (`dualkey explain RULE`), decide again, and write its digest into the \
              waiver, or remove the waiver.",
    },
    severity: Severity::Error,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    let policy = &survey.access.policy;
    for waiver in &policy.waivers {
        let rule = policy.duties.get(&waiver.rule);
        let Some(rule) = rule.filter(|rule| waivers::is_of_another_wording(rule, waiver)) else { continue };
        findings.push(
            Finding::new(
                &RULE,
                waiver.place.clone(),
                format!("the waiver for `{}` was given for another wording of `{}`", waiver.person, rule.id),
                format!("decide again, then write `rule_digest: \"{}\"`, or remove the waiver", rule.digest),
            )
            .related(rule.place.clone(), "the rule as it is now"),
        );
    }
}

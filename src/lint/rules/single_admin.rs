use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;
use crate::lint::approvers;

pub const RULE: Rule = Rule {
    code: Code {
        id: "single-admin",
        title: "only one person can approve anything",
        why: "Nothing that this person writes can be approved by somebody else, so there is no second key. It is \
              fine for a first day only.",
        example: "# groups/access-admins.yaml\nmembers: [priya.shah]     # and every domain is owned by priya.shah",
        instead: "Add a second employee with a key to the groups that approve and to the owners.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    let asked = survey.asked();
    let Some(first) = asked.first() else { return };
    let able = approvers::anybody(asked);
    if able.len() > 1 {
        return;
    }
    let message = match able.first() {
        Some(only) => format!("only `{only}` can approve anything"),
        None => "nobody can approve anything".to_owned(),
    };
    let help = "add a second employee with a key to the groups that approve and to the owners of domains";
    findings.push(Finding::new(&RULE, first.rule.place.clone(), message, help));
}

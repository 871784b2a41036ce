use crate::access::reading::Step;
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;

pub const RULE: Rule = Rule {
    code: Code {
        id: "mfa-unknown",
        title: "a role asks for a second factor, but nobody can tell whether its holders use one",
        why: "Some targets don't tell whether accounts sign in with a second factor, and none tells it of somebody who isn't \
              there yet. The wish stands in the file, and nothing holds anybody to it. Where a target tells, whoever has none is \
              `mfa-missing`.",
        example: "# roles/owner.yaml\nmfa: required\nentitlements: { project: roles/run.viewer }",
        instead: "Require the second factor at the target itself, in the settings of the GitHub organisation, of IAM \
                  Identity Center or of the Cloud Identity domain, and look at them when the grant is approved.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    for role in survey.access.roles.values().filter(|role| role.mfa_required) {
        let unknown = role.entitlements.keys().filter(|kind| !kind.enforces.mfa);
        let kinds: Vec<String> = unknown.map(|kind| format!("`{}`", kind.name)).collect();
        if kinds.is_empty() {
            continue;
        }
        findings.push(Finding::new(
            &RULE,
            role.place(&[Step::Key("mfa")]),
            format!("nobody can tell whether holders of `{}` use a second factor on {}", role.id, kinds.join(", ")),
            "require it in the target's own settings, and look at them when the grant is approved",
        ));
    }
}

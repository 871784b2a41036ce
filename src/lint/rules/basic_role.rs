use crate::access::reading::Step;
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;

pub const RULE: Rule = Rule {
    code: Code {
        id: "basic-role",
        title: "a role gives a permission that reaches everything and accepts no condition",
        why: "Such a permission covers every service, also those that come later, so nobody can say what was \
              approved. Since the target accepts no condition on it, it can't end there by itself either.",
        example: "# roles/developer.yaml\nentitlements:\n  project: roles/editor",
        instead: "Name the narrower permissions that the work needs, such as `roles/run.developer`.",
    },
    severity: Severity::Error,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    for role in survey.access.roles.values() {
        for (kind, permissions) in &role.entitlements {
            for permission in permissions.iter().filter(|permission| (kind.basic)(permission)) {
                findings.push(Finding::new(
                    &RULE,
                    role.place(&[Step::Key("entitlements"), Step::Key(kind.name)]),
                    format!(
                        "role `{}` gives `{}` on `{}`, which reaches everything there and accepts no end",
                        role.id,
                        permission.escape_debug(),
                        kind.name
                    ),
                    "name the narrower permissions that the work needs",
                ));
            }
        }
    }
}

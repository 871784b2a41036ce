use foldhash::HashSet;

use crate::access::RoleId;
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;

pub const RULE: Rule = Rule {
    code: Code {
        id: "unused-role",
        title: "no grant gives a role",
        why: "A role that nobody holds is still read, approved and offered, and it ages without anybody who would \
              notice.",
        example: "# roles/old-deployer.yaml     # and no grant with `role: old-deployer`",
        instead: "Delete the role.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    let used: HashSet<&RoleId> = survey.access.grants.values().map(|grant| &grant.role).collect();
    for role in survey.access.roles.values().filter(|role| !used.contains(&role.id)) {
        findings.push(Finding::new(
            &RULE,
            role.place(&[]),
            format!("no grant gives the role `{}`", role.id),
            "delete the file, or grant the role",
        ));
    }
}

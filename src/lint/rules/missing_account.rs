use crate::access::reading::Step;
use crate::access::{ResourceId, TargetType};
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::{Reached, Survey};

pub const RULE: Rule = Rule {
    code: Code {
        id: "missing-account",
        title: "a grant reaches a target at which somebody has no account",
        why: "The grant promises access that nobody can be given, and gives it silently on the day the account \
              appears in the person's file.",
        example: "# people/alice.nguyen.yaml\naccounts: { github: { login: alice-nw, id: 583231 } }\n\
                  # roles/developer.yaml\n\
                  entitlements: { repository: push, account: DeveloperAccess }    # aws too",
        instead: "Add the account to the person's file, or use a role that doesn't reach the target.",
    },
    severity: Severity::Error,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    for reached in survey.reached() {
        let Reached { grant, people, .. } = reached;
        let mut targets: Vec<(TargetType, &ResourceId)> = Vec::new();
        for (id, resource, _) in reached.entitlements() {
            if targets.iter().all(|(target, _)| *target != resource.kind.target) {
                targets.push((resource.kind.target, id));
            }
        }
        for person in people {
            for (target, resource) in &targets {
                if person.accounts.get(*target).is_some() {
                    continue;
                }
                findings.push(
                    Finding::new(
                        &RULE,
                        grant.place(&[Step::Key("to")]),
                        format!(
                            "`{}` has no {target} account, but grant `{}` reaches `{resource}` there",
                            person.id, grant.id
                        ),
                        format!("add the {target} account under `accounts` of `{}`", person.id),
                    )
                    .related(person.place(&[Step::Key("accounts")]), format!("the accounts of `{}`", person.id)),
                );
            }
        }
    }
}

use crate::access::ChangeClass;
use crate::access::raw::Risk;
use crate::access::reading::Step;
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;
use crate::lint::rules::policy_missing;

pub const RULE: Rule = Rule {
    code: Code {
        id: "no-approval-rule",
        title: "no rule says who approves a class of change",
        why: "A change of that class could never be approved, or nobody would have thought about who should.",
        example: "# policies/approvals.yaml\napprovals:\n  \
                  - { change: access, count: 1, from: domain-owners }\n  \
                  # and nothing for policy, bridge, identity and removal",
        instead: "Add a rule for each of policy, bridge, identity, access and removal. A rule with `risk: elevated` \
              or higher doesn't cover the changes below it.",
    },
    severity: Severity::Error,
    dated: false,
};

const CLASSES: [ChangeClass; 5] =
    [ChangeClass::Policy, ChangeClass::Bridge, ChangeClass::Identity, ChangeClass::Access, ChangeClass::Removal];

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    // nothing at all is told of as such
    if policy_missing::nothing(survey) {
        return;
    }
    let rules = &survey.access.policy.approvals;
    for class in CLASSES {
        let of_class = || rules.iter().filter(|rule| rule.change == class);
        if of_class().any(|rule| rule.risk.is_none_or(|risk| risk == Risk::Standard)) {
            continue;
        }
        let (place, what) = match of_class().next() {
            Some(rule) => (rule.place.clone(), "changes of standard risk of class"),
            None => (survey.access.config.place(&[Step::Key("approval")]), "changes of class"),
        };
        findings.push(Finding::new(
            &RULE,
            place,
            format!("no approval rule covers {what} `{}`", class.as_str()),
            format!(
                "add a rule to a file in policies/, such as `- {{ change: {}, count: 1, from: {} }}`",
                class.as_str(),
                match class {
                    ChangeClass::Policy | ChangeClass::Identity => "\"group:access-admins\"",
                    ChangeClass::Bridge | ChangeClass::Access => "domain-owners",
                    ChangeClass::Removal => "[domain-owners, sponsors]",
                }
            ),
        ));
    }
}

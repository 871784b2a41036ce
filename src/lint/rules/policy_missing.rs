use crate::access::reading::Step;
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;

pub const RULE: Rule = Rule {
    code: Code {
        id: "policy-missing",
        title: "there are no policies, or none about duties",
        why: "Without rules nothing would ever be wrong, and a folder that was renamed or emptied would look like a \
              clean repository. So having no rules is an error and never a pass.",
        example: "# policies/ holds no file, or none with a rule under `duties`",
        instead: "Keep the files of `policies/` where they were. `dualkey init` makes a first set of them, and one \
                  duties rule is enough to begin with.",
    },
    severity: Severity::Error,
    dated: false,
};

/// True where no rule stands at all.
pub fn nothing(survey: &Survey<'_>) -> bool {
    let policy = &survey.access.policy;
    policy.duties.is_empty() && policy.approvals.is_empty()
}

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    let policy = &survey.access.policy;
    if !policy.duties.is_empty() {
        return;
    }
    let (place, message) = match policy.approvals.first() {
        Some(rule) if !nothing(survey) => {
            (rule.place.clone(), "no policy has a rule about duties, so nobody is kept from holding both halves")
        }
        Some(_) | None => {
            let place = survey.access.config.place(&[Step::Key("approval")]);
            (place, "there is no policy: nothing says which duties are apart and who approves")
        }
    };
    findings.push(Finding::new(
        &RULE,
        place,
        message,
        "add the rules to a file in policies/, or put the folder back where it was",
    ));
}

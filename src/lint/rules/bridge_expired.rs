use crate::access::reading::Step;
use crate::access::time::format_end;
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;

pub const RULE: Rule = Rule {
    code: Code {
        id: "bridge-expired",
        title: "a bridge is over",
        why: "It lets nobody across any more; what its people held on the other side ended with it.",
        example: "# bridges/payments-to-ledger.yaml\nuntil: 2025-12-31     # a day in the past",
        instead: "Delete the bridge together with the grants on the other side; the history keeps them.",
    },
    severity: Severity::Warning,
    dated: true,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    for bridge in survey.access.bridges.values().filter(|bridge| bridge.until <= survey.now) {
        let end = format_end(bridge.until, &survey.access.config.zone);
        findings.push(Finding::new(
            &RULE,
            bridge.place(&[Step::Key("until")]),
            format!("bridge `{}` ended on {end}", bridge.id),
            format!("delete the bridge, and the grants of its people in `{}`", bridge.into),
        ));
    }
}

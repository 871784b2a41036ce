use std::collections::BTreeSet;

use crate::access::PersonId;
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::Survey;
use crate::lint::approvers::{self, Asked};
use crate::lint::wording;

pub const RULE: Rule = Rule {
    code: Code {
        id: "approver-cannot-be-met",
        title: "an approval rule can't be met when a certain person is the author",
        why: "An author never approves their own change. With too few others the change can't land at all, and \
              that shows in an emergency if not here. Removals are left out, since nothing may hold them up. Where \
              it was enough until somebody left, it is a warning only, and so it is where two people are all who can \
              approve anything: what one of them writes then never gets one approval more than the rule asks for.",
        example: "approvals:\n  - { change: access, count: 1, from: domain-owners }\n# domains/payments.yaml\n\
                  owners: [priya.shah]     # nobody can approve what priya.shah writes",
        instead: "Have at least one more employee with a key among those who approve than the rule asks for.",
    },
    severity: Severity::Error,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    let asked = survey.asked();
    // with one approver in all there is one finding about that: `single-admin`
    let anybody = approvers::anybody(asked);
    if anybody.len() < 2 {
        return;
    }
    if anybody.len() == 2
        && let Some(first) = asked.first()
    {
        findings.push(only_two(first, anybody));
    }
    let authors = approvers::authors(survey);
    for asked in asked {
        let count = usize::try_from(asked.rule.count).unwrap_or(usize::MAX);
        let able = asked.pool.active.len();
        if able > count {
            continue;
        }
        let when = if able < count {
            match able {
                0 => "none of them can give one".to_owned(),
                1 => "only 1 of them can give one".to_owned(),
                _ => format!("only {able} of them can give one"),
            }
        } else {
            let alone: Vec<_> = asked.pool.active.iter().filter(|person| authors.contains(*person)).collect();
            let one_of = if alone.len() > 1 { "one of " } else { "" };
            format!("that can't be met when the author is {one_of}{}", wording::some_of(alone))
        };
        let approvals = if count == 1 { "approval" } else { "approvals" };
        let mut finding = Finding::new(
            &RULE,
            asked.rule.place.clone(),
            format!("rule `{}` needs {count} {approvals} by {}: {when}", asked.rule.id, asked.who),
            asked.help.clone(),
        );
        if asked.pool.ever.len() > count {
            finding.severity = Severity::Warning;
        }
        findings.push(match &asked.place {
            Some(place) => finding.related(place.clone(), "who is asked"),
            None => finding,
        });
    }
}

/// What two people can't do: where one of them is the author, nobody is left to give one approval more.
fn only_two(first: &Asked<'_>, anybody: BTreeSet<&PersonId>) -> Finding {
    let message = format!(
        "only {} can approve anything, so what one of them writes can't get one approval more: with an unsigned commit, a \
         service's commit, a replaced key or a mass removal it can't land",
        wording::some_of(anybody)
    );
    let help = "sign every commit, and remove much in smaller steps or by `ended`; or add a third employee with a key";
    let mut finding = Finding::new(&RULE, first.rule.place.clone(), message, help);
    finding.severity = Severity::Warning;
    finding
}

//! Where a change stands, for programs: the same for a plan and for a head that is judged.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use crate::access::PersonId;
use crate::access::time::format_instant;
use crate::approval;
use crate::finding::Refusal;
use crate::plan::{Bar, Verdict};
use crate::report::PlanView;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct StandingRow<'a> {
    verdict: Verdict,
    approvals: Vec<Approval<'a>>,
    /// People asked for beyond those by whom the rules are met. Whoever may approve only as a sponsor is none of them.
    beside: Option<Beside<'a>>,
    /// Approvals that don't count.
    uncounted: Vec<Reason>,
    /// What holds it up beside approvals that are missing.
    held_up: Vec<Reason>,
    /// Until when approvals count, where the change is not applied before.
    counts_until: Vec<Lasting<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Approval<'a> {
    rule: &'a str,
    count: usize,
    from: &'a [String],
    /// Everybody whom the rule names.
    people: &'a BTreeSet<PersonId>,
    /// How many approvals are missing.
    missing: usize,
    given: &'a BTreeSet<PersonId>,
    /// Those of the people who may approve, or did.
    able: &'a BTreeSet<PersonId>,
    /// The others.
    barred: Vec<Barred<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Beside<'a> {
    count: usize,
    given: &'a BTreeSet<PersonId>,
    able: &'a BTreeSet<PersonId>,
    barred: Vec<Barred<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Barred<'a> {
    person: &'a PersonId,
    reasons: Vec<Reason>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Reason {
    code: &'static str,
    message: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Lasting<'a> {
    person: &'a PersonId,
    until: String,
}

impl<'a> StandingRow<'a> {
    pub(super) fn of(view: &PlanView<'a>) -> Self {
        let (standing, zone) = (view.standing, view.zone());
        let approvals = standing.with_rules(view.plan).map(|(requirement, rule)| Approval {
            rule: &requirement.rule,
            count: rule.needed,
            from: &requirement.from,
            people: &requirement.eligible,
            missing: rule.missing,
            given: &rule.given,
            able: &rule.able,
            barred: barred(&rule.barred),
        });
        let beside = standing.reserve.as_ref().map(|reserve| Beside {
            count: reserve.needed,
            given: &reserve.given,
            able: &reserve.able,
            barred: barred(&reserve.barred),
        });
        let said = &standing.said;
        let held_up = said.obstacles.iter().chain(&said.objections).chain(&said.unproven);
        let lasting =
            |(person, until): (&'a PersonId, &Timestamp)| Lasting { person, until: format_instant(*until, zone) };
        StandingRow {
            verdict: standing.verdict,
            approvals: approvals.collect(),
            beside,
            uncounted: said.uncounted.iter().map(reason).collect(),
            held_up: held_up.map(reason).collect(),
            counts_until: said.until.iter().map(lasting).collect(),
        }
    }
}

fn barred(barred: &BTreeMap<PersonId, Vec<Bar>>) -> Vec<Barred<'_>> {
    let reasons = |(person, bars): (_, &Vec<Bar>)| Barred {
        person,
        reasons: bars.iter().map(|bar| reason(&approval::reason(person, bar))).collect(),
    };
    barred.iter().map(reasons).collect()
}

fn reason(refusal: &Refusal) -> Reason {
    Reason { code: refusal.code.id, message: refusal.message.clone() }
}

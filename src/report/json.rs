//! Documents for programs. The names are fixed; what is open is null.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::PlanView;
use super::changes::FactRow;
use super::escape;
use super::findings::heaviest;
use crate::access::raw::Risk;
use crate::access::time::format_instant;
use crate::access::{Conditions, DomainId, GrantId, PersonId, RoleId, TargetId};
use crate::approval::{Landing, Prospect, Verdict};
use crate::finding::{Finding, Refusal, Related, Severity, State};
use crate::plan::{self, AccessLine, Action, Operation, Verb};
use crate::repository::Oid;
use crate::targets::Latent;

mod live;
mod standing;

#[cfg(test)]
pub(super) use live::{Apply, Drift};
pub(super) use live::{Live, LiveFindingRow, live, live_finding_row};
pub use live::{apply, drift};
use standing::StandingRow;

pub(super) const VERSION: u32 = 1;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Lint<'a> {
    version: u32,
    findings: Vec<FindingRow<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Summary {
    errors: usize,
    warnings: usize,
    files: usize,
    /// How many findings are counted here and not in the list, which has those that weigh most.
    left_out: usize,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct FindingRow<'a> {
    rule: &'a str,
    severity: Severity,
    state: State,
    message: &'a str,
    file: &'a str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    help: &'a str,
    related: Vec<RelatedRow<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RelatedRow<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    message: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Plan<'a> {
    version: u32,
    base: Option<Oid>,
    head: Option<Oid>,
    /// Where the base is the last verified landing: the first on the protected branch since that was refused.
    refused: Option<Oid>,
    digest: &'a str,
    #[serde(flatten)]
    standing: StandingRow<'a>,
    /// Who can approve something after the change and couldn't before, or the other way round.
    approvers: Vec<Approver<'a>>,
    /// Rules that the change leaves with no more people than they ask for.
    short_rules: Vec<ShortRow<'a>>,
    findings: Vec<FindingRow<'a>>,
    changes: Vec<Change<'a>>,
    /// What else is said anew: what weakens first, then what has consequences.
    facts: Vec<FactRow>,
    operations: Option<Vec<OperationRow<'a>>>,
    /// What else live state shows, where it was read.
    live: Option<Live<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Approver<'a> {
    person: &'a PersonId,
    /// Pairs of instants between which the word counts; null where there is no start or no end.
    before: Vec<[Option<String>; 2]>,
    after: Vec<[Option<String>; 2]>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ShortRow<'a> {
    rule: &'a str,
    /// How many people are left who can approve.
    able: usize,
    count: u32,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Change<'a> {
    person: &'a PersonId,
    /// The person's name, as the head knows it, or else the base.
    name: Option<&'a str>,
    action: Action,
    role: &'a RoleId,
    domain: &'a DomainId,
    risk: Risk,
    until: Option<String>,
    grant: &'a GrantId,
    /// What the grant is for, as the head says it, or else the base.
    reason: Option<&'a str>,
    ticket: Option<&'a str>,
    file: &'a str,
    line: u32,
    entitlements: Vec<EntitlementRow<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct EntitlementRow<'a> {
    target: &'a TargetId,
    kind: &'a str,
    resource: &'a str,
    permission: &'a str,
    principal: &'a str,
    conditions: &'a Conditions,
    from: Option<String>,
    until: Option<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct OperationRow<'a> {
    target: &'a TargetId,
    verb: Verb,
    kind: &'a str,
    resource: &'a str,
    permission: &'a str,
    principal: String,
    conditions: &'a Conditions,
    /// What a change replaces.
    previous: Option<PreviousRow<'a>>,
    person: Option<&'a PersonId>,
    until: Option<String>,
    /// Where what is taken or changed is held by nobody yet.
    latent: Option<Latent>,
    because: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct PreviousRow<'a> {
    permission: &'a str,
    conditions: &'a Conditions,
}

/// So many findings are in a document; all are counted.
const FINDINGS: usize = 10_000;

/// The document of `dualkey lint`.
pub fn lint(findings: &[Finding], files: usize) -> String {
    let of = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let shown = heaviest(findings, FINDINGS);
    let left_out = findings.len() - shown.len();
    let summary = Summary { errors: of(Severity::Error), warnings: of(Severity::Warning), files, left_out };
    let shown = findings.iter().enumerate().filter(|(at, _)| shown.contains(at)).map(|(_, finding)| finding);
    print(&Lint { version: VERSION, findings: rows(shown), summary })
}

/// The document of `dualkey plan`. `base` and `head` are None for the work tree.
pub fn plan(view: &PlanView<'_>, base: Option<Oid>, head: Option<Oid>) -> String {
    let (plan, zone) = (view.plan, view.zone());
    let mut lines: Vec<&AccessLine> = plan.lines.iter().collect();
    lines.sort_by_key(|line| (&line.person, &line.grant));
    print(&Plan {
        version: VERSION,
        base,
        head,
        refused: view.labels.refused,
        digest: plan.digest.as_str(),
        standing: StandingRow::of(view),
        approvers: plan.words.iter().map(approver).collect(),
        short_rules: plan
            .short
            .iter()
            .map(|short| ShortRow { rule: &short.rule, able: short.able, count: short.count })
            .collect(),
        findings: rows(&plan.findings),
        changes: lines.into_iter().map(|line| change(line, plan, zone)).collect(),
        facts: plan::facts(plan).into_iter().map(FactRow::from).collect(),
        operations: view
            .live
            .map(|live| live.difference.operations.iter().map(|operation| row(operation, zone)).collect()),
        live: view.live.map(live),
    })
}

fn approver(word: &plan::WordChange) -> Approver<'_> {
    Approver {
        person: &word.person,
        before: plan::digest::instants(&word.before),
        after: plan::digest::instants(&word.after),
    }
}

fn change<'a>(line: &'a AccessLine, plan: &'a plan::Plan<'_>, zone: &TimeZone) -> Change<'a> {
    let sides = [&plan.head.access, &plan.base.access];
    let grant = sides.iter().find_map(|side| side.grants.get(&line.grant));
    Change {
        person: &line.person,
        name: sides.iter().find_map(|side| side.people.get(&line.person)).map(|person| person.name.as_str()),
        action: line.action,
        role: &line.role,
        domain: &line.domain,
        risk: line.risk,
        until: instant(line.until, zone),
        grant: &line.grant,
        reason: grant.map(|grant| grant.reason.as_str()),
        ticket: grant.and_then(|grant| grant.ticket.as_deref()),
        file: &line.place.file,
        line: line.place.line,
        entitlements: line
            .entitlements
            .iter()
            .map(|(key, interval)| EntitlementRow {
                target: &key.target,
                kind: key.kind.name,
                resource: &key.resource,
                permission: &key.permission,
                principal: &key.principal,
                conditions: &key.conditions,
                from: instant(interval.from(), zone),
                until: instant(interval.until(), zone),
            })
            .collect(),
    }
}

fn row<'a>(operation: &'a Operation, zone: &TimeZone) -> OperationRow<'a> {
    OperationRow {
        target: &operation.target,
        verb: operation.verb,
        kind: operation.kind.name,
        resource: &operation.resource,
        permission: &operation.permission,
        principal: operation.principal.to_string(),
        conditions: &operation.conditions,
        previous: operation
            .previous
            .as_ref()
            .map(|previous| PreviousRow { permission: &previous.permission, conditions: &previous.conditions }),
        person: operation.person.as_ref(),
        until: operation.until.and_then(|until| instant(until, zone)),
        latent: operation.latent,
        because: operation.because.to_string(),
    }
}

pub(super) fn rows<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Vec<FindingRow<'f>> {
    findings
        .into_iter()
        .map(|finding| FindingRow {
            rule: finding.rule.code.id,
            severity: finding.severity,
            state: finding.state,
            message: &finding.message,
            file: &finding.place.file,
            line: finding.place.line,
            column: finding.place.column,
            end_line: finding.place.end_line,
            end_column: finding.place.end_column,
            help: &finding.help,
            related: finding.related.iter().map(related).collect(),
        })
        .collect()
}

fn related(related: &Related) -> RelatedRow<'_> {
    let Related { place, message } = related;
    RelatedRow { file: &place.file, line: place.line, column: place.column, message }
}

/// With the zone's offset; None where there is no start or no end.
fn instant(at: Timestamp, zone: &TimeZone) -> Option<String> {
    (at != Timestamp::MIN && at != Timestamp::MAX).then(|| format_instant(at, zone))
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Verify<'a> {
    version: u32,
    landings: Vec<LandingRow<'a>>,
    /// Of `--head`: where it stands.
    #[serde(flatten)]
    standing: Option<StandingRow<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct LandingRow<'a> {
    base: Oid,
    commit: Oid,
    verdict: Verdict,
    approvals: Vec<GivenRow<'a>>,
    refusals: Vec<RefusalRow<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct GivenRow<'a> {
    person: &'a str,
    at: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct RefusalRow<'a> {
    code: &'a str,
    message: &'a str,
    help: &'a str,
}

/// The document of `dualkey verify`.
pub fn verify(landings: &[&Landing]) -> String {
    let landings = landings
        .iter()
        .map(|landing| LandingRow {
            base: landing.base,
            commit: landing.commit,
            verdict: landing.verdict,
            approvals: landing
                .approvals
                .iter()
                .map(|given| GivenRow { person: &given.person, at: &given.at })
                .collect(),
            refusals: landing.refusals.iter().map(refusal).collect(),
        })
        .collect();
    print(&Verify { version: VERSION, landings, standing: None })
}

/// The same document for a head that has not landed: its one landing ends at the head.
pub fn prospect(prospect: &Prospect, view: &PlanView<'_>) -> String {
    let (verdict, approvals, refusals) = match &prospect.outcome {
        Ok(granted) => (Verdict::Approved, granted.approvals.as_slice(), [].as_slice()),
        Err(refusals) => (Verdict::Refused, [].as_slice(), refusals.as_slice()),
    };
    let landing = LandingRow {
        base: prospect.base,
        commit: prospect.head,
        verdict,
        approvals: approvals.iter().map(|given| GivenRow { person: given.person.as_str(), at: &given.at }).collect(),
        refusals: refusals.iter().map(refusal).collect(),
    };
    print(&Verify { version: VERSION, landings: vec![landing], standing: Some(StandingRow::of(view)) })
}

pub(super) fn refusal(refusal: &Refusal) -> RefusalRow<'_> {
    RefusalRow { code: refusal.code.id, message: &refusal.message, help: &refusal.help }
}

pub(super) fn print(document: &impl Serialize) -> String {
    // texts, numbers and lists always have a form in JSON
    let mut text = escape::json(&serde_json::to_string_pretty(document).unwrap_or_default());
    text.push('\n');
    text
}

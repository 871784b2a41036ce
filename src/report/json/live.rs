//! Documents of what differs live, and of what came of a run.

use jiff::tz::TimeZone;
use serde::Serialize;

use super::{OperationRow, RefusalRow, VERSION, print, refusal, row};
use crate::access::time::format_instant;
use crate::access::{Conditions, PersonId, TargetId};
use crate::apply::{self, Outcome};
use crate::finding::Severity;
use crate::plan::Operation;
use crate::plan::live::LiveFinding;
use crate::plan::operations::Found;
use crate::plan::through::Through;
use crate::repository::Oid;
use crate::targets::{Latent, Resource};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct Apply<'a> {
    version: u32,
    commit: Oid,
    superseded: bool,
    /// True where something was missing that giving needs, so that what depends on it was not given.
    reduced: bool,
    /// False where what the run did stands in no log.
    logged: bool,
    /// Targets that had to be read and couldn't.
    unread: Vec<&'a TargetId>,
    /// Resources that had to be read and couldn't though their targets answered.
    unread_resources: Vec<ResourceRow<'a>>,
    done: Vec<DoneRow<'a>>,
    failed: Vec<FailedRow<'a>>,
    not_started: Vec<OperationRow<'a>>,
    /// What was given and is held by nobody yet.
    pending: Vec<FoundRow<'a>>,
    waiting: Vec<WaitingRow<'a>>,
    refusals: Vec<RefusalRow<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ResourceRow<'a> {
    target: &'a TargetId,
    kind: &'a str,
    resource: &'a str,
}

fn resource_row((target, resource): &(TargetId, Resource)) -> ResourceRow<'_> {
    ResourceRow { target, kind: resource.kind.name, resource: &resource.name }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct DoneRow<'a> {
    #[serde(flatten)]
    operation: OperationRow<'a>,
    /// Until when sessions may go on that what was taken had opened.
    lives_until: Option<String>,
    note: Option<&'a str>,
}

fn done<'a>(operation: &'a Operation, outcome: &'a Outcome, zone: &TimeZone) -> DoneRow<'a> {
    let left = outcome.left.iter().find(|(one, _)| one == operation).map(|(_, done)| done);
    DoneRow {
        operation: row(operation, zone),
        lives_until: left.and_then(|done| done.lives_until).map(|until| format_instant(until, zone)),
        note: left.and_then(|done| done.note.as_deref()),
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct FailedRow<'a> {
    #[serde(flatten)]
    operation: OperationRow<'a>,
    message: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WaitingRow<'a> {
    landing: Oid,
    codes: &'a [&'static str],
    /// The refused landing that it stands on.
    behind: Option<Oid>,
    /// True where it is an approved removal, whose losses go through all the same.
    removed: bool,
}

/// The document of `dualkey apply`.
pub fn apply(outcome: &Outcome, zone: &TimeZone) -> String {
    print(&Apply {
        version: VERSION,
        commit: outcome.commit,
        superseded: outcome.is_superseded(),
        reduced: outcome.is_reduced(),
        logged: outcome.is_logged(),
        unread: outcome.unread().collect(),
        unread_resources: outcome.unread_resources().map(resource_row).collect(),
        done: outcome.done.iter().map(|one| done(one, outcome, zone)).collect(),
        failed: outcome.failed.iter().map(|(one, message)| FailedRow { operation: row(one, zone), message }).collect(),
        not_started: outcome.not_started.iter().map(|one| row(one, zone)).collect(),
        pending: outcome.pending.iter().map(found_row).collect(),
        waiting: outcome.waiting.iter().map(|one| waiting(one, outcome)).collect(),
        refusals: outcome.refusals.iter().map(refusal).collect(),
    })
}

fn waiting<'a>(one: &'a crate::apply::Waiting, outcome: &Outcome) -> WaitingRow<'a> {
    let removed = outcome.removals.iter().any(|removal| removal.commit == one.landing);
    WaitingRow { landing: one.landing, codes: &one.codes, behind: one.behind, removed }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct Drift<'a> {
    version: u32,
    operations: Vec<OperationRow<'a>>,
    #[serde(flatten)]
    live: Live<'a>,
}

/// What live state shows beside the operations.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct Live<'a> {
    /// What is left as it is, since nothing says that dualkey gave it.
    unmanaged: Vec<FoundRow<'a>>,
    /// What was given and is held by nobody yet.
    pending: Vec<FoundRow<'a>>,
    /// What people have by groups.
    by_groups: Vec<ThroughRow<'a>>,
    live_findings: Vec<LiveFindingRow<'a>>,
    /// Targets that couldn't be read.
    unread: Vec<&'a TargetId>,
    /// Resources that couldn't be read though their targets answered.
    unread_resources: Vec<ResourceRow<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct FoundRow<'a> {
    target: &'a TargetId,
    kind: &'a str,
    resource: &'a str,
    permission: &'a str,
    principal: String,
    conditions: &'a Conditions,
    person: Option<&'a PersonId>,
    /// Why it is held by nobody yet.
    latent: Option<Latent>,
}

fn found_row(one: &Found) -> FoundRow<'_> {
    FoundRow {
        target: &one.target,
        kind: one.live.kind.name,
        resource: &one.live.resource,
        permission: &one.live.permission,
        principal: one.live.principal.to_string(),
        conditions: &one.live.conditions,
        person: one.person.as_ref(),
        latent: one.live.latent,
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ThroughRow<'a> {
    target: &'a TargetId,
    kind: &'a str,
    resource: &'a str,
    permission: &'a str,
    person: &'a PersonId,
    /// From the group that holds it down to the one that the person is in.
    via: &'a [String],
    /// True where the groups are declared resources, and the membership is declared.
    declared: bool,
    latent: Option<Latent>,
}

fn through_row(one: &Through) -> ThroughRow<'_> {
    ThroughRow {
        target: &one.target,
        kind: one.live.kind.name,
        resource: &one.live.resource,
        permission: &one.live.permission,
        person: &one.person,
        via: &one.via,
        declared: one.declared,
        latent: one.live.latent,
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct LiveFindingRow<'a> {
    rule: &'a str,
    severity: Severity,
    message: &'a str,
    help: &'a str,
    target: Option<&'a TargetId>,
    kind: Option<&'a str>,
    resource: Option<&'a str>,
    permission: Option<&'a str>,
    principal: Option<String>,
    person: Option<&'a PersonId>,
}

pub(in crate::report) fn live_finding_row(one: &LiveFinding) -> LiveFindingRow<'_> {
    LiveFindingRow {
        rule: one.rule.code.id,
        severity: one.severity,
        message: &one.message,
        help: &one.help,
        target: one.target.as_ref(),
        kind: one.resource.as_ref().map(|resource| resource.kind.name),
        resource: one.resource.as_ref().map(|resource| resource.name.as_str()),
        permission: one.permission.as_deref(),
        principal: one.principal.as_ref().map(ToString::to_string),
        person: one.person.as_ref(),
    }
}

/// What live state shows beside the operations.
pub(in crate::report) fn live(drift: &apply::Drift) -> Live<'_> {
    Live {
        unmanaged: drift.difference.unmanaged.iter().map(found_row).collect(),
        pending: drift.difference.pending.iter().map(found_row).collect(),
        by_groups: drift.by_groups.iter().map(through_row).collect(),
        live_findings: drift.findings.iter().map(live_finding_row).collect(),
        unread: drift.unread.keys().collect(),
        unread_resources: drift.unread_resources.keys().map(resource_row).collect(),
    }
}

/// The document of `dualkey drift`.
pub fn drift(drift: &apply::Drift, zone: &TimeZone) -> String {
    print(&Drift {
        version: VERSION,
        operations: drift.difference.operations.iter().map(|one| row(one, zone)).collect(),
        live: live(drift),
    })
}

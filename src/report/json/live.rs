//! Documents of what differs live, and of what came of a run.

use jiff::tz::TimeZone;
use serde::Serialize;

use super::{OperationRow, RefusalRow, VERSION, print, refusal, row};
use crate::access::time::format_instant;
use crate::access::{Conditions, PersonId, TargetId};
use crate::apply::Outcome;
use crate::plan::Operation;
use crate::plan::operations::Difference;
use crate::repository::Oid;
use crate::targets::Resource;

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
    unmanaged: Vec<UnmanagedRow<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct UnmanagedRow<'a> {
    target: &'a TargetId,
    kind: &'a str,
    resource: &'a str,
    permission: &'a str,
    principal: String,
    conditions: &'a Conditions,
    person: Option<&'a PersonId>,
}

/// The document of `dualkey drift`.
pub fn drift(difference: &Difference, zone: &TimeZone) -> String {
    let unmanaged = difference.unmanaged.iter().map(|one| UnmanagedRow {
        target: &one.target,
        kind: one.live.kind.name,
        resource: &one.live.resource,
        permission: &one.live.permission,
        principal: one.live.principal.to_string(),
        conditions: &one.live.conditions,
        person: one.person.as_ref(),
    });
    print(&Drift {
        version: VERSION,
        operations: difference.operations.iter().map(|one| row(one, zone)).collect(),
        unmanaged: unmanaged.collect(),
    })
}

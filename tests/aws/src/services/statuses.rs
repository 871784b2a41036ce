//! How far something is that takes time.

use super::{Call, seconds, unserved};
use crate::exchange::{Outcome, Refusal};
use crate::world::work::{Kind, Status, Work};
use serde_json::{Value, json};

pub(super) fn call(call: &mut Call) -> Outcome {
    match call.operation.name.as_str() {
        "DescribeAccountAssignmentCreationStatus" => {
            describe(call, Kind::Creation, "AccountAssignmentCreationRequestId")
        }
        "DescribeAccountAssignmentDeletionStatus" => {
            describe(call, Kind::Deletion, "AccountAssignmentDeletionRequestId")
        }
        "DescribePermissionSetProvisioningStatus" => {
            describe(call, Kind::Provisioning, "ProvisionPermissionSetRequestId")
        }
        "ListAccountAssignmentCreationStatus" => list(call, Kind::Creation, "AccountAssignmentsCreationStatus"),
        "ListAccountAssignmentDeletionStatus" => list(call, Kind::Deletion, "AccountAssignmentsDeletionStatus"),
        "ListPermissionSetProvisioningStatus" => list(call, Kind::Provisioning, "PermissionSetsProvisioningStatus"),
        _ => unserved(call),
    }
}

fn wrapper(kind: Kind) -> &'static str {
    match kind {
        Kind::Creation => "AccountAssignmentCreationStatus",
        Kind::Deletion => "AccountAssignmentDeletionStatus",
        Kind::Provisioning => "PermissionSetProvisioningStatus",
    }
}

/// What lists tell: no more than that.
fn short(work: &Work) -> Value {
    json!({ "Status": work.status.word(), "RequestId": work.id, "CreatedDate": seconds(work.begun) })
}

fn whole(work: &Work) -> Value {
    let mut told = short(work);
    told["PermissionSetArn"] = json!(work.order.set);
    if let Status::Failed(reason) = &work.status {
        told["FailureReason"] = json!(reason);
    }
    match (work.order.kind, &work.order.account) {
        (Kind::Provisioning, Some(account)) => told["AccountId"] = json!(account),
        (Kind::Creation | Kind::Deletion, Some(account)) => {
            told["TargetId"] = json!(account);
            told["TargetType"] = json!("AWS_ACCOUNT");
        }
        (_, None) => {}
    }
    if let Some(principal) = &work.order.principal {
        told["PrincipalType"] = json!(principal.kind());
        told["PrincipalId"] = json!(principal.id());
    }
    told
}

/// The answer to what was just begun.
pub(super) fn begun(call: &Call, at: usize) -> Value {
    let work = &call.world.works[at];
    json!({ wrapper(work.order.kind): whole(work) })
}

fn describe(call: &mut Call, kind: Kind, name: &str) -> Outcome {
    let id = call.text(name).to_owned();
    match call.world.describe(kind, &id) {
        Some(work) => Ok(json!({ wrapper(kind): whole(work) })),
        None => Err(Refusal::new("ResourceNotFoundException", format!("The request {id} was not found."))),
    }
}

fn list(call: &mut Call, kind: Kind, name: &str) -> Outcome {
    let asked = call.input["Filter"]["Status"].as_str();
    let works = call.world.works.iter().enumerate().filter(|(_, work)| work.order.kind == kind);
    let shown = works.filter(|(_, work)| asked.is_none_or(|asked| work.status.word() == asked));
    let items = shown.map(|(at, work)| (format!("{at:08}"), short(work))).collect();
    call.page(name, items, |_, told| told)
}

//! Instances of Identity Center, and the way to everything in one.

use super::{Call, assignments, seconds, sets, statuses, unserved};
use crate::exchange::{Outcome, Refusal};
use serde_json::{Value, json};

pub(super) fn call(call: &mut Call) -> Outcome {
    if call.operation.name == "ListInstances" {
        return list(call);
    }
    call.administers()?;
    if call.text("InstanceArn") != call.world.instance() {
        return Err(Refusal::new("ResourceNotFoundException", "The specified instance was not found."));
    }
    match call.operation.name.as_str() {
        "DescribeInstance" => Ok(describe(call)),
        "CreateAccountAssignment"
        | "DeleteAccountAssignment"
        | "ListAccountAssignments"
        | "ListAccountAssignmentsForPrincipal"
        | "ListAccountsForProvisionedPermissionSet"
        | "ListPermissionSetsProvisionedToAccount" => assignments::call(call),
        "DescribeAccountAssignmentCreationStatus"
        | "DescribeAccountAssignmentDeletionStatus"
        | "DescribePermissionSetProvisioningStatus"
        | "ListAccountAssignmentCreationStatus"
        | "ListAccountAssignmentDeletionStatus"
        | "ListPermissionSetProvisioningStatus" => statuses::call(call),
        "DeleteInlinePolicyFromPermissionSet"
        | "DescribePermissionSet"
        | "GetInlinePolicyForPermissionSet"
        | "GetPermissionsBoundaryForPermissionSet"
        | "ListCustomerManagedPolicyReferencesInPermissionSet"
        | "ListManagedPoliciesInPermissionSet"
        | "ListPermissionSets"
        | "ProvisionPermissionSet"
        | "PutInlinePolicyToPermissionSet" => sets::call(call),
        _ => unserved(call),
    }
}

/// What both ways of asking tell.
fn instance(call: &Call) -> Value {
    let world = &call.world;
    let store = world.identity_store();
    json!({
        "InstanceArn": world.instance(),
        "IdentityStoreId": store,
        "IdentityStoreArn": format!("arn:aws:identitystore::{}:identitystore/{store}", world.management()),
        "OwnerAccountId": world.management(),
        "CreatedDate": seconds(world.accounts[world.management()].joined),
        "Status": "ACTIVE",
        "PrimaryRegion": world.region(),
    })
}

fn describe(call: &Call) -> Value {
    let mut told = instance(call);
    told["PermissionSetsEnabled"] = json!(true);
    told["EncryptionConfigurationDetails"] = json!({ "KeyType": "AWS_OWNED_KMS_KEY", "EncryptionStatus": "ENABLED" });
    told
}

/// The instance is visible to every account of the organisation, in its region.
fn list(call: &mut Call) -> Outcome {
    let here = call.region == call.world.region();
    let told = if here { vec![(call.world.instance(), instance(call))] } else { Vec::new() };
    call.page("Instances", told, |_, told| told)
}

//! Permission sets: what they are, what they allow, and bringing that to accounts.

use super::{Call, management, seconds, statuses, unserved};
use crate::exchange::{Outcome, Refusal};
use crate::world::Boundary;
use crate::world::work::{Kind, Order};
use serde_json::{Value, json};

pub(super) fn call(call: &mut Call) -> Outcome {
    if call.operation.name == "ListPermissionSets" {
        let sets = call.world.sets.keys().map(|arn| (arn.clone(), arn.clone())).collect();
        return call.page("PermissionSets", sets, |_, arn: String| json!(arn));
    }
    let arn = call.text("PermissionSetArn").to_owned();
    call.known_set(&arn)?;
    match call.operation.name.as_str() {
        "DescribePermissionSet" => Ok(describe(call, &arn)),
        "GetInlinePolicyForPermissionSet" => Ok(match &call.world.sets[&arn].inline {
            Some(policy) => json!({ "InlinePolicy": policy }),
            None => json!({}),
        }),
        "PutInlinePolicyToPermissionSet" => put(call, &arn),
        "DeleteInlinePolicyFromPermissionSet" => {
            may_write(call, &arn)?;
            call.world.set_inline_policy(&arn, None);
            Ok(json!({}))
        }
        "ListManagedPoliciesInPermissionSet" => managed(call, &arn),
        "ListCustomerManagedPolicyReferencesInPermissionSet" => customer(call, &arn),
        "GetPermissionsBoundaryForPermissionSet" => boundary(call, &arn),
        "ProvisionPermissionSet" => provision(call, &arn),
        _ => unserved(call),
    }
}

fn describe(call: &Call, arn: &str) -> Value {
    let set = &call.world.sets[arn];
    json!({ "PermissionSet": {
        "Name": set.name,
        "PermissionSetArn": arn,
        "CreatedDate": seconds(set.made),
        "SessionDuration": set.session,
    }})
}

fn managed(call: &mut Call, arn: &str) -> Outcome {
    let policy = |arn: &String| {
        let name = arn.rsplit('/').next().unwrap_or_default();
        (arn.clone(), json!({ "Name": name, "Arn": arn }))
    };
    let policies = call.world.sets[arn].managed.iter().map(policy).collect();
    call.page("AttachedManagedPolicies", policies, |_, told| told)
}

fn customer(call: &mut Call, arn: &str) -> Outcome {
    let reference = |(name, path): &(String, String)| (format!("{name} {path}"), json!({ "Name": name, "Path": path }));
    let references = call.world.sets[arn].customer.iter().map(reference).collect();
    call.page("CustomerManagedPolicyReferences", references, |_, told| told)
}

/// That a set without one is answered so is as AWS's own clients expect it.
fn boundary(call: &Call, arn: &str) -> Outcome {
    match &call.world.sets[arn].boundary {
        Some(Boundary::Managed(policy)) => Ok(json!({ "PermissionsBoundary": { "ManagedPolicyArn": policy } })),
        Some(Boundary::Customer(name, path)) => {
            let reference = json!({ "Name": name, "Path": path });
            Ok(json!({ "PermissionsBoundary": { "CustomerManagedPolicyReference": reference } }))
        }
        None => {
            let message = format!("Permissions boundary not found for {arn}.");
            Err(Refusal::new("ResourceNotFoundException", message))
        }
    }
}

/// What forbids to write a set.
fn may_write(call: &Call, arn: &str) -> Result<(), Refusal> {
    call.may_change(arn, None)?;
    if call.world.sets[arn].deleting {
        return Err(Refusal::new("ConflictException", format!("{arn} is being deleted.")));
    }
    Ok(())
}

fn put(call: &mut Call, arn: &str) -> Outcome {
    let policy = call.text("InlinePolicy").to_owned();
    may_write(call, arn)?;
    if policy.len() > call.limits.inline_bytes {
        let message = format!("The inline policy has more than {} bytes.", call.limits.inline_bytes);
        return Err(Refusal::invalid(message));
    }
    if policy.chars().filter(|one| !one.is_whitespace()).count() > call.limits.inline_characters {
        let message = format!("The inline policy exceeds {} characters.", call.limits.inline_characters);
        return Err(Refusal::new("ServiceQuotaExceededException", message));
    }
    if !is_policy(&policy) {
        return Err(Refusal::invalid("The inline policy is not a valid policy document."));
    }
    call.world.set_inline_policy(arn, Some(&policy));
    Ok(json!({}))
}

/// Whether a text is a policy document as far as AWS looks before it takes one.
pub(super) fn is_policy(text: &str) -> bool {
    let statement = |statement: &Value| {
        let acts = statement["Action"].is_null() != statement["NotAction"].is_null();
        acts && (statement["Effect"] == "Allow" || statement["Effect"] == "Deny")
    };
    match serde_json::from_str::<Value>(text) {
        Ok(document) => match &document["Statement"] {
            Value::Array(statements) => !statements.is_empty() && statements.iter().all(statement),
            one => statement(one),
        },
        Err(_) => false,
    }
}

fn provision(call: &mut Call, arn: &str) -> Outcome {
    let all = call.text("TargetType") == "ALL_PROVISIONED_ACCOUNTS";
    let account = call.input["TargetId"].as_str().map(str::to_owned);
    if all == account.is_some() {
        return Err(Refusal::invalid("TargetId belongs to the target type AWS_ACCOUNT, and to no other."));
    }
    if let Some(account) = &account {
        call.known_account(account)?;
    }
    call.may_change(arn, account.as_deref())?;
    may_write(call, arn)?;
    if call.world.is_busy(arn, account.as_deref()) {
        return Err(Refusal::new("ConflictException", format!("There is already a request in progress for {arn}.")));
    }
    let (kind, settle, set) = (Kind::Provisioning, call.world.settle, arn.to_owned());
    let there = call.world.provisioned.contains_key(&(set.clone(), call.world.management().to_owned()));
    let fails = management::fails(call, arn, account.as_deref().or(there.then(|| call.world.management())));
    let at = call.world.begin(Order { kind, set, account, principal: None, settle, fails });
    Ok(statuses::begun(call, at))
}

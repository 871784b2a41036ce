//! The organisation, its accounts, and its service control policies.

use super::{Call, seconds, sets, unserved};
use crate::exchange::{Outcome, Refusal};
use crate::world::World;
use serde_json::{Value, json};

pub(super) fn call(call: &mut Call) -> Outcome {
    if call.operation.name == "DescribeOrganization" {
        return Ok(organization(call.world));
    }
    let reads = call.operation.name == "ListAccounts" && call.world.is_delegate(call.account());
    if !call.is_management() && !reads {
        let message = "You don't have permissions to access this resource.";
        return Err(Refusal::new("AccessDeniedException", message));
    }
    if call.operation.name == "ListAccounts" {
        let accounts = call.world.accounts.keys().map(|number| (number.clone(), number.clone())).collect();
        return call.page("Accounts", accounts, |world, number: String| account(world, &number));
    }
    let id = call.text("PolicyId").to_owned();
    if !call.world.control_policies.contains_key(&id) {
        let message = "We can't find a policy with the PolicyId that you specified.";
        return Err(Refusal::new("PolicyNotFoundException", message));
    }
    match call.operation.name.as_str() {
        "DescribePolicy" => Ok(policy(call.world, &id)),
        "UpdatePolicy" => update(call, &id),
        "ListTargetsForPolicy" => targets(call, &id),
        _ => unserved(call),
    }
}

fn arn(world: &World, kind: &str, rest: &str) -> String {
    format!("arn:aws:organizations::{}:{kind}/{}{rest}", world.management(), world.organization())
}

fn organization(world: &World) -> Value {
    let management = world.management();
    json!({ "Organization": {
        "Id": world.organization(),
        "Arn": arn(world, "organization", ""),
        "FeatureSet": "ALL",
        "MasterAccountArn": arn(world, "account", &format!("/{management}")),
        "MasterAccountId": management,
        "MasterAccountEmail": format!("aws+{management}@example.com"),
        "AvailablePolicyTypes": [{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" }],
    }})
}

/// `Status` is retired: `State` says it.
fn account(world: &World, number: &str) -> Value {
    let account = &world.accounts[number];
    json!({
        "Id": number,
        "Arn": arn(world, "account", &format!("/{number}")),
        "Email": format!("aws+{number}@example.com"),
        "Name": account.name,
        "State": account.state.word(),
        "JoinedMethod": "CREATED",
        "JoinedTimestamp": seconds(account.joined),
    })
}

fn policy(world: &World, id: &str) -> Value {
    let policy = &world.control_policies[id];
    json!({ "Policy": {
        "PolicySummary": {
            "Id": id,
            "Arn": world.control_policy_arn(id),
            "Name": policy.name,
            "Description": policy.name,
            "Type": "SERVICE_CONTROL_POLICY",
            "AwsManaged": false,
        },
        "Content": policy.content,
    }})
}

fn update(call: &mut Call, id: &str) -> Outcome {
    if let Some(content) = call.input["Content"].as_str() {
        if content.chars().count() > call.limits.control_characters {
            let message = "You have exceeded the maximum size of a service control policy.";
            let refusal = Refusal::new("ConstraintViolationException", message);
            return Err(refusal.with("Reason", "POLICY_CONTENT_LIMIT_EXCEEDED"));
        }
        if !sets::is_policy(content) {
            let message = "The provided policy document does not meet the requirements of the specified policy type.";
            return Err(Refusal::new("MalformedPolicyDocumentException", message));
        }
        call.world.set_control_policy(id, content);
    }
    if let Some(name) = call.input["Name"].as_str()
        && let Some(policy) = call.world.control_policies.get_mut(id)
    {
        policy.name = name.to_owned();
    }
    Ok(policy(call.world, id))
}

fn targets(call: &mut Call, id: &str) -> Outcome {
    let targets = call.world.control_policies[id].targets.iter().map(|target| (target.clone(), target.clone()));
    let targets = targets.collect();
    call.page("Targets", targets, |world, target: String| {
        let (kind, place, name) = match target.split('-').next() {
            Some("r") => ("ROOT", "root", "Root".to_owned()),
            Some("ou") => ("ORGANIZATIONAL_UNIT", "ou", target.clone()),
            _ => ("ACCOUNT", "account", target.clone()),
        };
        json!({ "TargetId": target, "Arn": arn(world, place, &format!("/{target}")), "Name": name, "Type": kind })
    })
}

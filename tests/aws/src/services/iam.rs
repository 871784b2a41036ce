//! Managed policies of IAM: those of AWS, and those of the account that calls.

use super::{Call, unserved};
use crate::exchange::{Outcome, Refusal, encode};
use serde_json::json;

pub(super) fn call(call: &mut Call) -> Outcome {
    let arn = call.text("PolicyArn");
    let owner = arn.split(':').nth(4).unwrap_or_default();
    let known = call.world.managed_policies.get(arn).filter(|_| owner == "aws" || owner == call.account());
    let gone = || Refusal::new("NoSuchEntity", format!("Policy {arn} does not exist or is not attachable."));
    let policy = known.ok_or_else(gone)?;
    let version = format!("v{}", policy.version);
    let made = policy.made.to_string();
    match call.operation.name.as_str() {
        "GetPolicy" => {
            let path = arn.split_once(":policy").map_or("", |(_, path)| path);
            let (path, name) = path.rsplit_once('/').unwrap_or(("", path));
            Ok(json!({ "Policy": {
                "PolicyName": name,
                "PolicyId": policy.id,
                "Arn": arn,
                "Path": format!("{path}/"),
                "DefaultVersionId": version,
                "AttachmentCount": 0,
                "PermissionsBoundaryUsageCount": 0,
                "IsAttachable": true,
                "CreateDate": made,
                "UpdateDate": made,
            }}))
        }
        "GetPolicyVersion" if call.text("VersionId") == version => Ok(json!({ "PolicyVersion": {
            "Document": encode(&policy.document, b""),
            "VersionId": version,
            "IsDefaultVersion": true,
            "CreateDate": made,
        }})),
        "GetPolicyVersion" => Err(Refusal::new("NoSuchEntity", format!("Policy {arn} version doesn't exist."))),
        _ => unserved(call),
    }
}

//! What permission sets allow, and when it holds.

use crate::client::{Client, escape};
use crate::{BANK, MANAGEMENT, Place, SHOP};
use aws_standin::world::{Boundary, Settle};
use serde_json::json;

fn policy(filling: &str) -> String {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Deny", "Action": filling, "Resource": "*" }] })
        .to_string()
}

#[test]
fn an_inline_policy_holds_only_once_it_is_provisioned() {
    let place = Place::small();
    let (eve, set) = (place.user(), place.set.clone());
    place.server.world(|world| {
        world.settle = Settle::Polls(1);
        world.assign(&eve, &set, SHOP);
        world.assign(&eve, &set, BANK);
    });
    let of_set = json!({ "PermissionSetArn": place.set });
    assert_eq!(place.sso("GetInlinePolicyForPermissionSet", of_set.clone()), json!({}));
    place.sso(
        "PutInlinePolicyToPermissionSet",
        json!({ "PermissionSetArn": place.set, "InlinePolicy": policy("s3:*") }),
    );
    assert_eq!(place.sso("GetInlinePolicyForPermissionSet", of_set.clone())["InlinePolicy"], policy("s3:*"));
    let holds =
        |account: &str| place.server.world(|world| world.effective_inline_policy(&set, account).map(str::to_owned));
    assert_eq!(holds(SHOP), None);
    let stale = |status: &str| {
        let input = json!({ "PermissionSetArn": place.set, "ProvisioningStatus": status });
        place.sso("ListAccountsForProvisionedPermissionSet", input)["AccountIds"].as_array().unwrap().len()
    };
    assert_eq!((stale("LATEST_PERMISSION_SET_PROVISIONED"), stale("LATEST_PERMISSION_SET_NOT_PROVISIONED")), (0, 2));
    let all = json!({ "PermissionSetArn": place.set, "TargetType": "ALL_PROVISIONED_ACCOUNTS" });
    let begun = place.sso("ProvisionPermissionSet", all.clone())["PermissionSetProvisioningStatus"].clone();
    assert_eq!(place.sso_refused("ProvisionPermissionSet", all), "ConflictException");
    assert_eq!(place.sso_refused("CreateAccountAssignment", place.assignment(SHOP)), "ConflictException");
    let id = json!({ "ProvisionPermissionSetRequestId": begun["RequestId"] });
    for (status, held) in [("IN_PROGRESS", None), ("SUCCEEDED", Some(policy("s3:*")))] {
        let told = place.sso("DescribePermissionSetProvisioningStatus", id.clone());
        assert_eq!(told["PermissionSetProvisioningStatus"]["Status"], status);
        assert_eq!((holds(SHOP), holds(BANK)), (held.clone(), held));
    }
    let listed = place.sso("ListPermissionSetProvisioningStatus", json!({}));
    assert_eq!(listed["PermissionSetsProvisioningStatus"][0]["Status"], "SUCCEEDED");
    assert_eq!((stale("LATEST_PERMISSION_SET_PROVISIONED"), stale("LATEST_PERMISSION_SET_NOT_PROVISIONED")), (2, 0));
    place.sso("DeleteInlinePolicyFromPermissionSet", of_set);
    assert!(holds(SHOP).is_some());
    // the last assignment takes what was provisioned with it
    place.server.world(|world| {
        world.unassign(&eve, &set, SHOP);
        world.assign(&eve, &set, SHOP);
    });
    assert_eq!(holds(SHOP), None);
}

#[test]
fn an_inline_policy_may_be_too_large_in_two_ways_or_none_at_all() {
    let place = Place::small();
    let put = |policy: String| {
        let input = json!({ "InstanceArn": place.instance, "PermissionSetArn": place.set, "InlinePolicy": policy });
        place.client.call("sso-admin", "PutInlinePolicyToPermissionSet", input).unwrap()
    };
    let room = 10_240 - policy("").len();
    assert_eq!(put(policy(&"a".repeat(room))).status, 200);
    assert_eq!(put(policy(&"a".repeat(room + 1))).error(), "ServiceQuotaExceededException");
    // white space counts for bytes alone
    let spaces = " ".repeat(32_768 - policy("").len());
    assert_eq!(put(format!("{}{spaces}", policy(""))).status, 200);
    assert_eq!(put(format!("{}{spaces} ", policy(""))).error(), "ValidationException");
    assert_eq!(place.server.take_violations().len(), 1);
    assert_eq!(put("{}".to_owned()).error(), "ValidationException");
}

#[test]
fn facts_about_a_set_are_told() {
    let place = Place::small();
    let set = place.set.clone();
    let of_set = || json!({ "PermissionSetArn": place.set });
    let told = place.sso("DescribePermissionSet", of_set())["PermissionSet"].clone();
    assert_eq!((&told["Name"], &told["SessionDuration"]), (&json!("ReadOnly"), &json!("PT8H")));
    assert_eq!(place.sso_refused("GetPermissionsBoundaryForPermissionSet", of_set()), "ResourceNotFoundException");
    let managed = "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess";
    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:List*"],"Resource":"*"}]}"#;
    place.server.world(|world| {
        world.attach_managed_policy(&set, managed);
        world.attach_customer_policy(&set, "limits", "/ours/");
        world.set_boundary(&set, Some(Boundary::Customer("edge".to_owned(), "/".to_owned())));
        world.add_managed_policy(managed, document);
    });
    let told = place.sso("ListManagedPoliciesInPermissionSet", of_set());
    assert_eq!(told["AttachedManagedPolicies"], json!([{ "Name": "ViewOnlyAccess", "Arn": managed }]));
    let told = place.sso("ListCustomerManagedPolicyReferencesInPermissionSet", of_set());
    assert_eq!(told["CustomerManagedPolicyReferences"], json!([{ "Name": "limits", "Path": "/ours/" }]));
    let told = place.sso("GetPermissionsBoundaryForPermissionSet", of_set())["PermissionsBoundary"].clone();
    assert_eq!(told["CustomerManagedPolicyReference"]["Name"], "edge");
    let form = |action: &str, more: &str| {
        let form = format!("Action={action}&Version=2010-05-08&PolicyArn={}{more}", escape(managed));
        place.client.form("iam", &form).unwrap()
    };
    let told = form("GetPolicy", "").body;
    assert!(told.contains("<DefaultVersionId>v1</DefaultVersionId>") && told.contains("<Path>/job-function/</Path>"));
    assert!(form("GetPolicyVersion", "&VersionId=v1").body.contains(&escape(document)));
    assert_eq!(form("GetPolicyVersion", "&VersionId=v2").status, 404);
    // policies of an account are its own
    let key = place.server.world(|world| {
        world.add_managed_policy(&format!("arn:aws:iam::{MANAGEMENT}:policy/ours/limits"), document);
        world.add_key(SHOP)
    });
    let arn = escape(&format!("arn:aws:iam::{MANAGEMENT}:policy/ours/limits"));
    let form = format!("Action=GetPolicy&Version=2010-05-08&PolicyArn={arn}");
    assert_eq!(place.client.form("iam", &form).unwrap().status, 200);
    assert_eq!(Client::new(&place.server, &key).form("iam", &form).unwrap().status, 404);
}

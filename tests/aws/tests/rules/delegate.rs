//! A delegated administrator, and the management account.

use crate::client::Client;
use crate::{BANK, MANAGEMENT, Place, SHOP};
use aws_standin::world::Settle;
use serde_json::json;

fn delegated() -> (Place, Client) {
    let place = Place::small();
    let key = place.server.world(|world| {
        world.settle = Settle::Polls(0);
        world.delegated_administrator(BANK);
        world.add_key(BANK)
    });
    let client = Client::new(&place.server, &key);
    (place, client)
}

#[test]
fn it_assigns_everywhere_but_in_the_management_account() {
    let (place, client) = delegated();
    client.ok("sso-admin", "CreateAccountAssignment", place.assignment(SHOP));
    let refused = |operation, input| client.refused("sso-admin", operation, input);
    assert_eq!(refused("CreateAccountAssignment", place.assignment(MANAGEMENT)), "AccessDeniedException");
    let own = json!({ "InstanceArn": place.instance, "PrincipalId": place.eve, "PrincipalType": "USER" });
    assert_eq!(refused("ListAccountAssignmentsForPrincipal", own), "AccessDeniedException");
}

#[test]
fn it_changes_no_set_that_the_management_account_has() {
    let (place, client) = delegated();
    let (group, set) = (place.group(), place.set.clone());
    place.server.world(|world| world.assign(&group, &set, MANAGEMENT));
    let refused = |operation, input| client.refused("sso-admin", operation, input);
    assert_eq!(refused("CreateAccountAssignment", place.assignment(SHOP)), "AccessDeniedException");
    let set = json!({ "InstanceArn": place.instance, "PermissionSetArn": place.set });
    assert_eq!(refused("DeleteInlinePolicyFromPermissionSet", set), "AccessDeniedException");
}

#[test]
fn whether_it_reads_the_management_account_is_the_worlds() {
    let (place, client) = delegated();
    let input = json!({ "InstanceArn": place.instance, "AccountId": MANAGEMENT });
    let operation = "ListPermissionSetsProvisionedToAccount";
    assert_eq!(client.refused("sso-admin", operation, input.clone()), "AccessDeniedException");
    place.server.world(|world| world.delegate_reads_management = true);
    assert_eq!(client.ok("sso-admin", operation, input)["PermissionSets"], json!([]));
}

#[test]
fn another_account_administers_nothing() {
    let (place, _) = delegated();
    let key = place.server.world(|world| world.add_key(SHOP));
    let client = Client::new(&place.server, &key);
    assert_eq!(client.ok("sso-admin", "ListInstances", json!({}))["Instances"][0]["OwnerAccountId"], MANAGEMENT);
    let input = json!({ "InstanceArn": place.instance });
    assert_eq!(client.refused("sso-admin", "ListPermissionSets", input), "AccessDeniedException");
    let input = json!({ "IdentityStoreId": place.store });
    assert_eq!(client.refused("identitystore", "ListUsers", input), "AccessDeniedException");
    assert_eq!(client.refused("organizations", "ListAccounts", json!({})), "AccessDeniedException");
    client.ok("organizations", "DescribeOrganization", json!({}));
}

#[test]
fn in_the_management_account_rights_of_iam_are_needed_as_well() {
    let place = Place::small();
    place.settle(Settle::Polls(0));
    let policy = |more: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"sso:*","Resource":"*"}},
            {{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::{more}"}}]}}"#
        )
    };
    for (resource, status) in [("999999999999:role/x", "FAILED"), ("*", "SUCCEEDED")] {
        let key = place.server.world(|world| world.add_key_with_policy(MANAGEMENT, &policy(resource)));
        let client = Client::new(&place.server, &key);
        let begun = client.ok("sso-admin", "CreateAccountAssignment", place.assignment(MANAGEMENT));
        let id = &begun["AccountAssignmentCreationStatus"]["RequestId"];
        let told = place.status("Creation", id);
        assert_eq!(told["Status"], status);
        assert_eq!(told["FailureReason"].is_string(), status == "FAILED");
    }
}

//! Keys that may do what a policy allows.

use crate::client::{Client, escape};
use crate::{BANK, MANAGEMENT, Place, SHOP};
use serde_json::{Value, json};

/// A client whose key may do what one statement allows.
fn only(place: &Place, action: &[&str], resource: &[&str]) -> Client {
    let statement = json!({ "Effect": "Allow", "Action": action, "Resource": resource });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let key = place.server.world(|world| world.add_key_with_policy(MANAGEMENT, &policy));
    Client::new(&place.server, &key)
}

#[test]
fn an_assignment_needs_instance_set_and_account() {
    let place = Place::small();
    let account = format!("arn:aws:sso:::account/{SHOP}");
    let whole = [place.instance.as_str(), &place.set, &account];
    let writer = only(&place, &["sso:CreateAccountAssignment"], &whole);
    writer.ok("sso-admin", "CreateAccountAssignment", place.assignment(SHOP));
    for missing in 0..3 {
        let mut part = whole.to_vec();
        part.remove(missing);
        let writer = only(&place, &["sso:CreateAccountAssignment"], &part);
        let reply = writer.call("sso-admin", "CreateAccountAssignment", place.assignment(SHOP)).unwrap();
        assert_eq!(reply.error(), "AccessDeniedException");
        let message = reply.value()["Message"].as_str().unwrap().to_owned();
        assert!(
            message.contains("is not authorized to perform: sso:CreateAccountAssignment on resource: "),
            "{message}"
        );
        assert!(message.contains(whole[missing]), "{message}");
    }
    assert_eq!(writer.refused("sso-admin", "CreateAccountAssignment", place.assignment(BANK)), "AccessDeniedException");
    assert_eq!(writer.refused("sso-admin", "DeleteAccountAssignment", place.assignment(SHOP)), "AccessDeniedException");
}

#[test]
fn who_calls_may_always_be_asked() {
    let place = Place::small();
    let nobody = only(&place, &["s3:GetObject"], &["*"]);
    let reply = nobody.form("sts", "Action=GetCallerIdentity&Version=2011-06-15").unwrap();
    assert_eq!(reply.status, 200);
    assert!(reply.body.contains(&format!("<Account>{MANAGEMENT}</Account>")), "{}", reply.body);
    assert_eq!(nobody.refused("sso-admin", "ListInstances", json!({})), "AccessDeniedException");
}

#[test]
fn every_operation_is_denied_without_its_action_and_allowed_with_it_alone() {
    let place = Place::small();
    let (eve, staff, set) = (place.eve.clone(), place.staff.clone(), place.set.clone());
    place.server.limits(|limits| limits.per_second = None);
    let (membership, policy, request) = place.server.world(|world| {
        let content = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        let policy = world.add_control_policy("ends", content);
        let principal = aws_standin::world::Principal::user(&eve);
        let request = world.begin_assignment(&principal, &set, BANK, aws_standin::world::Settle::Polls(9));
        (world.add_member(&staff, &eve), policy, request)
    });
    let (instance, store) = (place.instance.clone(), place.store.clone());
    let of_set = json!({ "InstanceArn": instance, "PermissionSetArn": set });
    let pair = json!({ "InstanceArn": instance, "PermissionSetArn": set, "AccountId": SHOP });
    let who = json!({ "InstanceArn": instance, "PrincipalId": eve, "PrincipalType": "USER" });
    let state = json!({ "InstanceArn": instance, "AccountAssignmentCreationRequestId": request });
    let calls: [(&str, &str, &str, Value); 15] = [
        ("sso-admin", "sso", "ListPermissionSets", json!({ "InstanceArn": instance })),
        ("sso-admin", "sso", "DescribePermissionSet", of_set.clone()),
        ("sso-admin", "sso", "ListAccountAssignments", pair),
        ("sso-admin", "sso", "ListAccountAssignmentsForPrincipal", who),
        ("sso-admin", "sso", "DescribeAccountAssignmentCreationStatus", state),
        ("sso-admin", "sso", "ListManagedPoliciesInPermissionSet", of_set),
        ("identitystore", "identitystore", "ListUsers", json!({ "IdentityStoreId": store })),
        ("identitystore", "identitystore", "ListGroups", json!({ "IdentityStoreId": store })),
        (
            "identitystore",
            "identitystore",
            "ListGroupMemberships",
            json!({ "IdentityStoreId": store, "GroupId": staff }),
        ),
        ("identitystore", "identitystore", "DescribeUser", json!({ "IdentityStoreId": store, "UserId": eve })),
        ("organizations", "organizations", "DescribeOrganization", json!({})),
        ("organizations", "organizations", "ListAccounts", json!({})),
        ("organizations", "organizations", "DescribePolicy", json!({ "PolicyId": policy })),
        ("organizations", "organizations", "UpdatePolicy", json!({ "PolicyId": policy, "Name": "ends" })),
        (
            "identitystore",
            "identitystore",
            "DeleteGroupMembership",
            json!({ "IdentityStoreId": store, "MembershipId": membership }),
        ),
    ];
    for (service, prefix, operation, input) in &calls {
        let others = calls.iter().filter(|other| other.2 != *operation);
        let others: Vec<String> = others.map(|(_, prefix, operation, _)| format!("{prefix}:{operation}")).collect();
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        let without = only(&place, &others, &["*"]);
        assert_eq!(without.refused(service, operation, input.clone()), "AccessDeniedException", "{operation}");
        only(&place, &[&format!("{prefix}:{operation}")], &["*"]).ok(service, operation, input.clone());
    }
}

#[test]
fn a_membership_is_deleted_with_the_right_for_its_group_and_its_user() {
    let place = Place::small();
    let (eve, staff) = (place.eve.clone(), place.staff.clone());
    let id = place.server.world(|world| world.add_member(&staff, &eve));
    let input = json!({ "IdentityStoreId": place.store, "MembershipId": id });
    let arn = |kind: &str, id: &str| format!("arn:aws:identitystore:::{kind}/{id}");
    let whole = [
        format!("arn:aws:identitystore::{MANAGEMENT}:identitystore/{}", place.store),
        arn("group", &staff),
        arn("user", "*"),
        arn("membership", "*"),
    ];
    for missing in 0..whole.len() {
        let mut part: Vec<&str> = whole.iter().map(String::as_str).collect();
        part.remove(missing);
        let client = only(&place, &["identitystore:DeleteGroupMembership"], &part);
        assert_eq!(client.refused("identitystore", "DeleteGroupMembership", input.clone()), "AccessDeniedException");
    }
    let whole: Vec<&str> = whole.iter().map(String::as_str).collect();
    only(&place, &["identitystore:DeleteGroupMembership"], &whole).ok("identitystore", "DeleteGroupMembership", input);
}

#[test]
fn who_is_asked_for_by_name_is_the_resource() {
    let place = Place::small();
    let name = json!({ "UniqueAttribute": { "AttributePath": "userName", "AttributeValue": "eve" } });
    let input = json!({ "IdentityStoreId": place.store, "AlternateIdentifier": name });
    let store = format!("arn:aws:identitystore::{MANAGEMENT}:identitystore/{}", place.store);
    let ask = |user: &str| {
        let user = format!("arn:aws:identitystore:::user/{user}");
        let client = only(&place, &["identitystore:GetUserId"], &[&store, &user]);
        client.call("identitystore", "GetUserId", input.clone()).unwrap().status
    };
    assert_eq!((ask(&place.eve), ask("*"), ask(&place.staff)), (200, 200, 400));
}

#[test]
fn entitlements_and_managed_policies_are_judged_by_application_and_policy() {
    let place = Place::small();
    let role = format!("arn:aws:iam::{SHOP}:role/Deploy");
    let (eve, managed) = (place.user(), "arn:aws:iam::aws:policy/ReadOnlyAccess");
    let (application, id) = place.server.world(|world| {
        world.add_managed_policy(managed, r#"{"Version":"2012-10-17","Statement":[]}"#);
        (world.application(), world.entitle(&eve, &role))
    });
    let one = format!("/entitlements/{id}?applicationArn={}", escape(&application));
    let whole = format!("/applications/{}", escape(&application));
    let principal = json!({ "identityCenter": { "userId": place.eve } });
    let entitlement = json!({ "principalRole": { "principal": principal, "roleArn": role } });
    let make = json!({ "applicationArn": application, "entitlement": entitlement });
    let calls = [
        ("ListApplications", "*", "POST", "/applications-list", json!({})),
        ("GetApplication", &application, "GET", &whole, Value::Null),
        (
            "ListEntitlements",
            &application,
            "POST",
            "/entitlements-list",
            json!({ "applicationArn": application, "filter": {} }),
        ),
        ("GetEntitlement", &application, "GET", &one, Value::Null),
        ("CreateEntitlement", &application, "POST", "/entitlements", make),
        ("DeleteEntitlement", &application, "DELETE", &one, Value::Null),
    ];
    for (operation, resource, method, target, body) in calls {
        let action = format!("account-access:{operation}");
        let elsewhere =
            only(&place, &[&action], &["arn:aws:account-access:eu-central-1:999999999999:application/other"]);
        let reply = elsewhere.rest(method, target, body.clone()).unwrap();
        assert_eq!((reply.status, reply.error().as_str()), (403, "AccessDeniedException"), "{operation}");
        let reply = only(&place, &[&action], &[resource]).rest(method, target, body).unwrap();
        assert!(reply.status < 300, "{operation}: {}", reply.body);
    }
    for (operation, more) in [("GetPolicy", ""), ("GetPolicyVersion", "&VersionId=v1")] {
        let form = format!("Action={operation}&Version=2010-05-08&PolicyArn={}{more}", escape(managed));
        let action = format!("iam:{operation}");
        let refused = only(&place, &[&action], &["arn:aws:iam::aws:policy/Other"]).form("iam", &form).unwrap();
        assert_eq!(refused.status, 403);
        assert!(refused.body.contains("<Code>AccessDenied</Code>"), "{}", refused.body);
        assert_eq!(only(&place, &[&action], &[managed]).form("iam", &form).unwrap().status, 200);
    }
}

#[test]
fn to_provision_everywhere_needs_the_right_for_every_account() {
    let place = Place::small();
    let input = json!({ "InstanceArn": place.instance, "PermissionSetArn": place.set, "TargetType": "ALL_PROVISIONED_ACCOUNTS" });
    let call = |account: &str| {
        let account = format!("arn:aws:sso:::account/{account}");
        let client = only(&place, &["sso:ProvisionPermissionSet"], &[&place.instance, &place.set, &account]);
        client.call("sso-admin", "ProvisionPermissionSet", input.clone()).unwrap().status
    };
    assert_eq!((call(SHOP), call("*")), (400, 200));
}

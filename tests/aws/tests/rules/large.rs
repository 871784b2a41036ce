//! A world as large as those of large companies.

use crate::client::{Client, within};
use aws_standin::{Server, World};
use serde_json::{Value, json};

/// All items of a list.
fn all(client: &Client, service: &str, operation: &str, name: &str, mut input: Value) -> Vec<Value> {
    input["MaxResults"] = json!(if service == "organizations" { 20 } else { 100 });
    let mut found = Vec::new();
    loop {
        let mut page = client.ok(service, operation, input.clone());
        found.append(page[name].as_array_mut().unwrap());
        match page.get("NextToken") {
            Some(token) => input["NextToken"] = token.clone(),
            None => return found,
        }
    }
}

#[test]
fn it_is_read_by_account_and_by_principal_with_the_same_rows() {
    let mut world = World::large(240, 96, 8, 480, 1_500, "2026-12-01T08:00:00Z".parse().unwrap());
    world.lists_groups_of_users = false;
    let (key, instance, store) = (world.add_key("100000000000"), world.instance(), world.identity_store().to_owned());
    let server = Server::start(world);
    server.limits(|limits| limits.per_second = None);
    let client = Client::new(&server, &key);
    let accounts = all(&client, "organizations", "ListAccounts", "Accounts", json!({}));
    assert_eq!(accounts.len(), 97);
    let sso = |operation: &str, name: &str, input| all(&client, "sso-admin", operation, name, within(&instance, input));
    let mut by_account = Vec::new();
    for account in &accounts {
        let of = json!({ "AccountId": account["Id"] });
        for set in sso("ListPermissionSetsProvisionedToAccount", "PermissionSets", of) {
            let pair = json!({ "AccountId": account["Id"], "PermissionSetArn": set });
            by_account.extend(sso("ListAccountAssignments", "AccountAssignments", pair));
        }
    }
    assert_eq!(by_account.len(), 240 * 8 + 240 * 8 / 3);
    let in_store = json!({ "IdentityStoreId": store });
    let groups = all(&client, "identitystore", "ListGroups", "Groups", in_store.clone());
    let users = all(&client, "identitystore", "ListUsers", "Users", in_store);
    assert_eq!((groups.len(), users.len()), (480, 1_500));
    let mut by_principal = Vec::new();
    let who = groups.iter().map(|group| ("GROUP", &group["GroupId"]));
    for (kind, id) in who.chain(users.iter().map(|user| ("USER", &user["UserId"]))) {
        let of = json!({ "PrincipalType": kind, "PrincipalId": id });
        by_principal.extend(sso("ListAccountAssignmentsForPrincipal", "AccountAssignments", of));
    }
    let sorted = |rows: Vec<Value>| {
        let mut rows: Vec<String> = rows.iter().map(Value::to_string).collect();
        rows.sort();
        rows
    };
    assert_eq!(sorted(by_account), sorted(by_principal));
}

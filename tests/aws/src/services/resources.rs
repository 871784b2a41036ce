//! The resources that a policy must allow for an action, by AWS's Service Authorization Reference.

use super::people;
use crate::world::World;
use serde_json::Value;

/// The ARNs that an operation touches. Each of them must be allowed.
pub(crate) fn of(world: &World, service: &str, operation: &str, input: &Value) -> Vec<String> {
    let found = match service {
        "account-access" => account_access(operation, input),
        "iam" => vec![text(input, "PolicyArn")],
        "identitystore" => identitystore(world, operation, input),
        "organizations" => match input["PolicyId"].as_str() {
            Some(id) => vec![world.control_policy_arn(id)],
            None => Vec::new(),
        },
        "sso-admin" => sso(input),
        _ => Vec::new(),
    };
    if found.is_empty() { vec!["*".to_owned()] } else { found }
}

fn text(input: &Value, name: &str) -> String {
    input[name].as_str().unwrap_or_default().to_owned()
}

/// That entitlements are judged by their application is chosen.
fn account_access(operation: &str, input: &Value) -> Vec<String> {
    if operation == "ListApplications" { Vec::new() } else { vec![text(input, "applicationArn")] }
}

fn sso(input: &Value) -> Vec<String> {
    let account = input["AccountId"].as_str().or_else(|| input["TargetId"].as_str());
    let account = account.map(|account| format!("arn:aws:sso:::account/{account}"));
    // to every account that has a set, it is provisioned with the right for each
    let all = (input["TargetType"] == "ALL_PROVISIONED_ACCOUNTS").then(|| "arn:aws:sso:::account/*".to_owned());
    let named = ["InstanceArn", "PermissionSetArn"].into_iter().filter_map(|name| input[name].as_str());
    named.map(str::to_owned).chain(account).chain(all).collect()
}

fn identitystore(world: &World, operation: &str, input: &Value) -> Vec<String> {
    let arn = |kind: &str, id: &str| people::arn(kind, people::bare(id));
    let store = format!("arn:aws:identitystore::{}:identitystore/{}", world.management(), world.identity_store());
    let mut found = vec![store];
    let user = input["UserId"].as_str().or_else(|| input["MemberId"]["UserId"].as_str());
    found.extend(user.map(|id| arn("user", id)));
    found.extend(input["GroupId"].as_str().map(|id| arn("group", id)));
    for id in input["GroupIds"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        found.push(arn("group", id));
    }
    if let Some(id) = input["MembershipId"].as_str() {
        found.push(arn("membership", id));
        if let Some(membership) = world.memberships.get(people::bare(id)) {
            found.extend([arn("group", &membership.group), arn("user", &membership.user)]);
        }
    }
    // who isn't found is looked for among all
    let among = |kind: &str, id: Option<&str>| arn(kind, id.unwrap_or("*"));
    match operation {
        "ListUsers" => found.push(among("user", None)),
        "ListGroups" => found.push(among("group", None)),
        "GetUserId" => found.push(among("user", people::user_by_alternate(world, input))),
        "GetGroupId" => found.push(among("group", people::group_by_alternate(world, input))),
        "GetGroupMembershipId" => {
            let bare = |id: &Value| people::bare(id.as_str().unwrap_or_default()).to_owned();
            let (group, user) = (bare(&input["GroupId"]), bare(&input["MemberId"]["UserId"]));
            found.push(among("membership", world.membership_of(&group, &user)));
        }
        "ListGroupMemberships" | "ListGroupMembershipsForMember" | "IsMemberInGroups" => {
            found.push(among("membership", None));
        }
        _ => {}
    }
    found
}

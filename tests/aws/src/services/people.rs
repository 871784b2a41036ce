//! Users and groups of the identity store.

use super::{Call, groups, seconds, unserved};
use crate::exchange::{Outcome, Refusal};
use crate::world::{ExternalId, World};
use serde_json::{Value, json};

/// The id at the end of an ARN, or the text as it is.
pub(super) fn bare(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// The refusal for what isn't in the store. Only the ids of people, groups and memberships are told.
pub(super) fn missing(kind: &str, id: Option<&str>) -> Refusal {
    let refusal = Refusal::new("ResourceNotFoundException", format!("{kind} not found.")).with("ResourceType", kind);
    match id {
        Some(id) => refusal.with("ResourceId", id),
        None => refusal,
    }
}

pub(super) fn call(call: &mut Call) -> Outcome {
    let store = bare(call.text("IdentityStoreId"));
    if store != call.world.identity_store() {
        return Err(missing("IDENTITY_STORE", None));
    }
    match call.operation.name.as_str() {
        "ListUsers" => list_users(call),
        "ListGroups" => list_groups(call),
        "DescribeUser" => {
            let id = bare(call.text("UserId"));
            user(call.world, id).ok_or_else(|| missing("USER", Some(id)))
        }
        "DescribeGroup" => {
            let id = bare(call.text("GroupId"));
            group(call.world, id).ok_or_else(|| missing("GROUP", Some(id)))
        }
        "GetUserId" => user_id(call),
        "GetGroupId" => group_id(call),
        "CreateGroupMembership"
        | "DeleteGroupMembership"
        | "DescribeGroupMembership"
        | "GetGroupMembershipId"
        | "IsMemberInGroups"
        | "ListGroupMemberships"
        | "ListGroupMembershipsForMember" => groups::call(call),
        _ => unserved(call),
    }
}

pub(super) fn arn(kind: &str, id: &str) -> String {
    format!("arn:aws:identitystore:::{kind}/{id}")
}

fn external(told: &mut Value, id: &Option<ExternalId>) {
    if let Some(id) = id {
        told["ExternalIds"] = json!([{ "Issuer": id.issuer, "Id": id.id }]);
    }
}

fn user(world: &World, id: &str) -> Option<Value> {
    let user = world.users.get(id)?;
    let name = user.name.split('@').next().filter(|name| !name.is_empty()).unwrap_or("nobody");
    let mut told = json!({
        "IdentityStoreId": world.identity_store(),
        "UserId": id,
        "UserArn": arn("user", id),
        "Revision": user.revision.to_string(),
        "UserName": user.name,
        "Name": { "FamilyName": name, "GivenName": name },
        "DisplayName": name,
        "Emails": [{ "Value": user.email, "Type": "work", "Primary": true }],
        "UserStatus": if user.enabled { "ENABLED" } else { "DISABLED" },
        "CreatedAt": seconds(user.made),
        "UpdatedAt": seconds(user.made),
    });
    external(&mut told, &user.external);
    Some(told)
}

fn group(world: &World, id: &str) -> Option<Value> {
    let group = world.groups.get(id)?;
    let mut told = json!({
        "IdentityStoreId": world.identity_store(),
        "GroupId": id,
        "GroupArn": arn("group", id),
        "Revision": group.revision.to_string(),
        "DisplayName": group.name,
        "CreatedAt": seconds(group.made),
        "UpdatedAt": seconds(group.made),
    });
    external(&mut told, &group.external);
    Some(told)
}

/// The value that is filtered by, if there is a filter. Names of attributes are the same in any case.
fn filter(call: &Call, attribute: &str) -> Result<Option<String>, Refusal> {
    let Some(filter) = call.input["Filters"].as_array().and_then(|filters| filters.first()) else { return Ok(None) };
    if !filter["AttributePath"].as_str().unwrap_or_default().eq_ignore_ascii_case(attribute) {
        return Err(Refusal::invalid(format!("{} can't be filtered by.", filter["AttributePath"])));
    }
    Ok(filter["AttributeValue"].as_str().map(str::to_owned))
}

fn list_users(call: &mut Call) -> Outcome {
    let only = filter(call, "UserName")?;
    let users = call.world.users.iter().filter(|(_, user)| only.as_ref().is_none_or(|only| *only == user.name));
    let ids = users.map(|(id, _)| (id.clone(), id.clone())).collect();
    call.page("Users", ids, |world, id: String| user(world, &id).expect("it was listed"))
}

fn list_groups(call: &mut Call) -> Outcome {
    let only = filter(call, "DisplayName")?;
    let groups = call.world.groups.iter().filter(|(_, group)| only.as_ref().is_none_or(|only| *only == group.name));
    let ids = groups.map(|(id, _)| (id.clone(), id.clone())).collect();
    call.page("Groups", ids, |world, id: String| group(world, &id).expect("it was listed"))
}

/// Another name by which somebody is asked for: that of an identity provider, or an attribute with its value.
enum Alternate {
    External(ExternalId),
    Attribute(String, String),
}

fn alternate(input: &Value) -> Alternate {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let asked = &input["AlternateIdentifier"];
    match asked.get("ExternalId") {
        Some(id) => Alternate::External(ExternalId { issuer: text(&id["Issuer"]), id: text(&id["Id"]) }),
        None => {
            let attribute = &asked["UniqueAttribute"];
            Alternate::Attribute(text(&attribute["AttributePath"]).to_lowercase(), text(&attribute["AttributeValue"]))
        }
    }
}

/// The user that an input asks for by another name.
pub(super) fn user_by_alternate<'a>(world: &'a World, input: &Value) -> Option<&'a str> {
    let asked = alternate(input);
    let mut users = world.users.iter();
    let found = users.find(|(_, user)| match &asked {
        Alternate::External(id) => user.external.as_ref() == Some(id),
        Alternate::Attribute(path, value) if path == "emails.value" => user.email == *value,
        Alternate::Attribute(_, value) => user.name == *value,
    });
    found.map(|(id, _)| id.as_str())
}

/// The group that an input asks for by another name.
pub(super) fn group_by_alternate<'a>(world: &'a World, input: &Value) -> Option<&'a str> {
    let asked = alternate(input);
    let mut groups = world.groups.iter();
    let found = groups.find(|(_, group)| match &asked {
        Alternate::External(id) => group.external.as_ref() == Some(id),
        Alternate::Attribute(_, value) => group.name == *value,
    });
    found.map(|(id, _)| id.as_str())
}

/// Refuses attributes that aren't unique.
fn unique(call: &Call, attributes: &[&str]) -> Result<(), Refusal> {
    match alternate(call.input) {
        Alternate::Attribute(path, _) if !attributes.contains(&path.as_str()) => {
            Err(Refusal::invalid(format!("{path} is not a unique attribute.")))
        }
        Alternate::Attribute(..) | Alternate::External(_) => Ok(()),
    }
}

fn user_id(call: &Call) -> Outcome {
    unique(call, &["username", "emails.value"])?;
    let id = user_by_alternate(call.world, call.input).ok_or_else(|| missing("USER", None))?;
    let store = call.world.identity_store();
    Ok(json!({ "IdentityStoreId": store, "UserId": id, "UserArn": arn("user", id) }))
}

fn group_id(call: &Call) -> Outcome {
    unique(call, &["displayname"])?;
    let id = group_by_alternate(call.world, call.input).ok_or_else(|| missing("GROUP", None))?;
    let store = call.world.identity_store();
    Ok(json!({ "IdentityStoreId": store, "GroupId": id, "GroupArn": arn("group", id) }))
}

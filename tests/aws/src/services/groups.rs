//! Who is in which group.

use super::people::{arn, bare, missing};
use super::{Call, seconds, unserved};
use crate::exchange::{Outcome, Refusal};
use crate::world::{Synchronised, World};
use serde_json::{Value, json};

pub(super) fn call(call: &mut Call) -> Outcome {
    let group = bare(call.text("GroupId")).to_owned();
    let user = bare(call.input["MemberId"]["UserId"].as_str().unwrap_or_default()).to_owned();
    let id = bare(call.text("MembershipId")).to_owned();
    if call.input.get("GroupId").is_some() && !call.world.groups.contains_key(&group) {
        return Err(missing("GROUP", Some(&group)));
    }
    if call.input.get("MemberId").is_some() && !call.world.users.contains_key(&user) {
        return Err(missing("USER", Some(&user)));
    }
    if call.input.get("MembershipId").is_some() && !call.world.memberships.contains_key(&id) {
        return Err(missing("GROUP_MEMBERSHIP", Some(&id)));
    }
    match call.operation.name.as_str() {
        "CreateGroupMembership" => create(call, &group, &user),
        "DeleteGroupMembership" => {
            let group = call.world.memberships[&id].group.clone();
            may_write(call, &group)?;
            call.world.end_membership(&id);
            Ok(json!({}))
        }
        "DescribeGroupMembership" => {
            let membership = &call.world.memberships[&id];
            let mut told = named(call.world, &id, Some(&membership.group), Some(&membership.user));
            told["CreatedAt"] = seconds(membership.made);
            Ok(told)
        }
        "GetGroupMembershipId" => match call.world.membership_of(&group, &user) {
            Some(id) => Ok(named(call.world, id, None, None)),
            None => Err(missing("GROUP_MEMBERSHIP", None)),
        },
        "IsMemberInGroups" => is_member(call, &user),
        "ListGroupMemberships" => {
            let members = call.world.members_of(&group);
            call.page("GroupMemberships", members, |world, (id, user)| named(world, &id, Some(&group), Some(&user)))
        }
        "ListGroupMembershipsForMember" => {
            let groups = call.world.groups_of(&user);
            call.page("GroupMemberships", groups, |world, (id, group)| named(world, &id, Some(&group), Some(&user)))
        }
        _ => unserved(call),
    }
}

/// A membership by its id, and who is where as far as that is told.
fn named(world: &World, id: &str, group: Option<&str>, user: Option<&str>) -> Value {
    let mut told = json!({
        "IdentityStoreId": world.identity_store(),
        "MembershipId": id,
        "MembershipArn": arn("membership", id),
    });
    if let (Some(group), Some(user)) = (group, user) {
        told["GroupId"] = json!(group);
        told["MemberId"] = json!({ "UserId": user });
    }
    told
}

/// A group that an identity provider synchronises may be closed to others.
fn may_write(call: &Call, group: &str) -> Result<(), Refusal> {
    let synchronised = call.world.groups.get(group).is_some_and(|group| group.external.is_some());
    if synchronised && call.world.synchronised == Synchronised::Refuses {
        let message = "The group is synchronized from an external identity provider.";
        return Err(Refusal::new("AccessDeniedException", message));
    }
    Ok(())
}

fn create(call: &mut Call, group: &str, user: &str) -> Outcome {
    may_write(call, group)?;
    if call.world.membership_of(group, user).is_some() {
        let refusal = Refusal::new("ConflictException", "Member already exists in group.");
        return Err(refusal.with("Reason", "UNIQUENESS_CONSTRAINT_VIOLATION"));
    }
    let id = call.world.write_member(group, user);
    Ok(named(call.world, &id, None, None))
}

fn is_member(call: &Call, user: &str) -> Outcome {
    let mut results = Vec::new();
    for group in call.input["GroupIds"].as_array().into_iter().flatten().filter_map(Value::as_str).map(bare) {
        if !call.world.groups.contains_key(group) {
            return Err(missing("GROUP", Some(group)));
        }
        let exists = call.world.membership_of(group, user).is_some();
        results.push(json!({ "GroupId": group, "MemberId": { "UserId": user }, "MembershipExists": exists }));
    }
    Ok(json!({ "Results": results }))
}

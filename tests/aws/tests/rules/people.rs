//! Users, groups and memberships.

use crate::{Place, SHOP};
use aws_standin::world::Synchronised;
use jiff::SignedDuration;
use serde_json::{Value, json};

fn member(place: &Place) -> Value {
    json!({ "GroupId": place.staff, "MemberId": { "UserId": place.eve } })
}

#[test]
fn a_membership_is_made_once_and_found_in_both_directions() {
    let place = Place::small();
    assert_eq!(place.store_refused("GetGroupMembershipId", member(&place)), "ResourceNotFoundException");
    let made = place.store("CreateGroupMembership", member(&place));
    let reply = {
        let mut input = member(&place);
        input["IdentityStoreId"] = json!(place.store);
        place.client.call("identitystore", "CreateGroupMembership", input).unwrap()
    };
    assert_eq!(reply.error(), "ConflictException");
    assert_eq!(reply.value()["Reason"], "UNIQUENESS_CONSTRAINT_VIOLATION");
    assert_eq!(place.store("GetGroupMembershipId", member(&place))["MembershipId"], made["MembershipId"]);
    let listed = place.store("ListGroupMemberships", json!({ "GroupId": place.staff }));
    assert_eq!(listed["GroupMemberships"][0]["MemberId"]["UserId"], place.eve);
    let listed = place.store("ListGroupMembershipsForMember", json!({ "MemberId": { "UserId": place.eve } }));
    assert_eq!(listed["GroupMemberships"][0]["GroupId"], place.staff);
    let asked = json!({ "MemberId": { "UserId": place.eve }, "GroupIds": [place.staff] });
    assert_eq!(place.store("IsMemberInGroups", asked)["Results"][0]["MembershipExists"], true);
    let id = json!({ "MembershipId": made["MembershipId"] });
    assert_eq!(place.store("DescribeGroupMembership", id.clone())["GroupId"], place.staff);
    place.store("DeleteGroupMembership", id.clone());
    assert_eq!(place.store_refused("DeleteGroupMembership", id), "ResourceNotFoundException");
    assert!(place.server.world(|world| world.memberships()).is_empty());
}

#[test]
fn people_are_found_by_names_and_by_what_others_call_them() {
    let place = Place::small();
    let (eve, staff) = (place.eve.clone(), place.staff.clone());
    place.server.world(|world| {
        world.synchronise_user(&eve, "eve-in-okta");
        world.synchronise_group(&staff, "staff-in-okta");
        world.enable_user(&eve, false);
    });
    let by = |path: &str, value: &str| json!({ "AlternateIdentifier": { "UniqueAttribute": { "AttributePath": path, "AttributeValue": value } } });
    assert_eq!(place.store("GetUserId", by("userName", "eve"))["UserId"], eve);
    assert_eq!(place.store("GetUserId", by("emails.value", "eve@example.com"))["UserId"], eve);
    assert_eq!(place.store("GetGroupId", by("displayName", "staff"))["GroupId"], staff);
    assert_eq!(place.store_refused("GetUserId", by("userName", "mallory")), "ResourceNotFoundException");
    let user = place.store("DescribeUser", json!({ "UserId": eve }));
    assert_eq!((&user["UserStatus"], &user["ExternalIds"][0]["Id"]), (&json!("DISABLED"), &json!("eve-in-okta")));
    let external = json!({ "ExternalId": user["ExternalIds"][0] });
    assert_eq!(place.store("GetUserId", json!({ "AlternateIdentifier": external }))["UserId"], eve);
    assert_eq!(place.store("DescribeGroup", json!({ "GroupId": staff }))["DisplayName"], "staff");
    let filter = json!({ "Filters": [{ "AttributePath": "DisplayName", "AttributeValue": "nobody" }] });
    assert_eq!(place.store("ListGroups", filter)["Groups"], json!([]));
}

#[test]
fn a_synchronised_group_refuses_members_or_loses_them_again() {
    let place = Place::small();
    let staff = place.staff.clone();
    place.server.world(|world| world.synchronise_group(&staff, "staff-in-okta"));
    assert_eq!(place.store_refused("CreateGroupMembership", member(&place)), "AccessDeniedException");
    place.server.world(|world| world.synchronised = Synchronised::UndoesAfter(60));
    place.store("CreateGroupMembership", member(&place));
    let listed = || place.store("ListGroupMemberships", json!({ "GroupId": place.staff }))["GroupMemberships"].clone();
    assert_eq!(listed().as_array().unwrap().len(), 1);
    place.server.clock().advance(SignedDuration::from_secs(60));
    assert_eq!(listed(), json!([]));
}

#[test]
fn another_store_is_not_found() {
    let place = Place::small();
    let input = json!({ "IdentityStoreId": "d-0123456789" });
    assert_eq!(place.client.refused("identitystore", "ListUsers", input), "ResourceNotFoundException");
    let arn = format!("arn:aws:identitystore::{}:identitystore/{}", crate::MANAGEMENT, place.store);
    place.client.ok("identitystore", "ListUsers", json!({ "IdentityStoreId": arn }));
    assert_eq!(place.listed(SHOP), 0);
}

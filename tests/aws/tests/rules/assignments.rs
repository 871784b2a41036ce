//! Making and deleting assignments.

use crate::{BANK, Place, SHOP};
use aws_standin::world::{AccountState, Principal, Settle};
use jiff::SignedDuration;
use serde_json::json;

#[test]
fn an_assignment_shows_only_once_it_is_described_as_done() {
    let place = Place::small();
    place.settle(Settle::Polls(2));
    let begun = place.begin("Creation", SHOP);
    assert_eq!(begun["Status"], "IN_PROGRESS");
    for _ in 0..2 {
        assert_eq!(place.status("Creation", &begun["RequestId"])["Status"], "IN_PROGRESS");
        assert_eq!(place.listed(SHOP), 0);
        let sets = place.sso("ListPermissionSetsProvisionedToAccount", json!({ "AccountId": SHOP }));
        assert_eq!(sets["PermissionSets"], json!([]));
    }
    let done = place.status("Creation", &begun["RequestId"]);
    assert_eq!(done["Status"], "SUCCEEDED");
    assert_eq!((done["TargetId"].as_str(), done["PrincipalId"].as_str()), (Some(SHOP), Some(place.eve.as_str())));
    assert_eq!(place.listed(SHOP), 1);
    let sets = place.sso("ListPermissionSetsProvisionedToAccount", json!({ "AccountId": SHOP }));
    assert_eq!(sets["PermissionSets"], json!([place.set]));
    let accounts = place.sso("ListAccountsForProvisionedPermissionSet", json!({ "PermissionSetArn": place.set }));
    assert_eq!(accounts["AccountIds"], json!([SHOP]));

    let begun = place.begin("Deletion", SHOP);
    assert_eq!(place.listed(SHOP), 1);
    place.server.world(|world| world.settle_all());
    assert_eq!(place.status("Deletion", &begun["RequestId"])["Status"], "SUCCEEDED");
    assert_eq!(place.listed(SHOP), 0);
    let accounts = place.sso("ListAccountsForProvisionedPermissionSet", json!({ "PermissionSetArn": place.set }));
    assert_eq!(accounts["AccountIds"], json!([]));
}

#[test]
fn it_may_take_seconds_by_the_clock_instead() {
    let place = Place::small();
    place.settle(Settle::Seconds(5));
    let begun = place.begin("Creation", SHOP);
    place.server.clock().advance(SignedDuration::from_millis(4_999));
    assert_eq!(place.status("Creation", &begun["RequestId"])["Status"], "IN_PROGRESS");
    place.server.clock().advance(SignedDuration::from_millis(1));
    assert_eq!(place.listed(SHOP), 1);
    assert_eq!(place.status("Creation", &begun["RequestId"])["Status"], "SUCCEEDED");
}

#[test]
fn an_eleventh_waits_and_so_does_a_second_for_the_same_set_and_account() {
    let place = Place::small();
    let principal = place.group();
    let sets: Vec<String> = place.server.world(|world| {
        let sets: Vec<String> = (0..10).map(|n| world.add_permission_set(&format!("set-{n}"), "PT1H")).collect();
        for set in &sets[..9] {
            world.begin_assignment(&principal, set, SHOP, Settle::Seconds(60));
        }
        sets
    });
    place.begin("Creation", SHOP);
    assert_eq!(place.server.world(|world| world.in_flight()), 10);
    let mut other = place.assignment(SHOP);
    other["PermissionSetArn"] = json!(sets[9]);
    let reply = place.client.call("sso-admin", "CreateAccountAssignment", other).unwrap();
    assert_eq!((reply.status, reply.error().as_str()), (400, "ThrottlingException"));
    assert!(reply.value()["Message"].as_str().unwrap().contains("too many requests processing"));
    place.server.clock().advance(SignedDuration::from_secs(60));
    assert_eq!(place.server.world(|world| world.in_flight()), 1);
    for operation in ["CreateAccountAssignment", "DeleteAccountAssignment"] {
        assert_eq!(place.sso_refused(operation, place.assignment(SHOP)), "ConflictException");
    }
    // elsewhere nothing is under way
    place.begin("Creation", BANK);
}

#[test]
fn what_is_there_is_made_again_and_what_is_gone_is_not_found() {
    let place = Place::small();
    let (eve, set) = (place.user(), place.set.clone());
    place.server.world(|world| {
        world.settle = Settle::Polls(0);
        world.assign(&eve, &set, SHOP);
    });
    let begun = place.begin("Creation", SHOP);
    assert_eq!(place.status("Creation", &begun["RequestId"])["Status"], "SUCCEEDED");
    assert_eq!(place.listed(SHOP), 1);
    assert_eq!(place.sso_refused("DeleteAccountAssignment", place.assignment(BANK)), "ResourceNotFoundException");
}

#[test]
fn an_unknown_principal_fails_by_and_by_and_an_unknown_set_or_account_at_once() {
    let place = Place::small();
    place.settle(Settle::Polls(0));
    let mut input = place.assignment(SHOP);
    input["PrincipalId"] = json!("00000000-0000-4000-8000-000000000000");
    let begun = place.sso("CreateAccountAssignment", input)["AccountAssignmentCreationStatus"].clone();
    let failed = place.status("Creation", &begun["RequestId"]);
    assert_eq!(failed["Status"], "FAILED");
    assert!(failed["FailureReason"].as_str().unwrap().contains("does not exist"));
    assert_eq!(place.listed(SHOP), 0);
    let mut input = place.assignment(SHOP);
    input["PermissionSetArn"] = json!(place.set.replace("/ps-", "/ps-f").get(..place.set.len()).unwrap());
    assert_eq!(place.sso_refused("CreateAccountAssignment", input), "ResourceNotFoundException");
    assert_eq!(
        place.sso_refused("CreateAccountAssignment", place.assignment("000011112222")),
        "ResourceNotFoundException"
    );
}

#[test]
fn a_suspended_account_fails_and_a_set_that_is_being_deleted_conflicts() {
    let place = Place::small();
    let set = place.set.clone();
    place.server.world(|world| {
        world.settle = Settle::Polls(0);
        world.set_account_state(SHOP, AccountState::Suspended);
    });
    let begun = place.begin("Creation", SHOP);
    let failed = place.status("Creation", &begun["RequestId"]);
    assert!(failed["FailureReason"].as_str().unwrap().contains("not active"));
    place.server.world(|world| world.begin_set_deletion(&set));
    assert_eq!(place.sso_refused("CreateAccountAssignment", place.assignment(BANK)), "ConflictException");
}

#[test]
fn lists_of_states_say_little_and_descriptions_all() {
    let place = Place::small();
    let (group, set) = (place.group(), place.set.clone());
    let foreign = place.server.world(|world| world.begin_assignment(&group, &set, BANK, Settle::Polls(0)));
    let own = place.begin("Creation", SHOP);
    let running = json!({ "Filter": { "Status": "IN_PROGRESS" } });
    let listed = place.sso("ListAccountAssignmentCreationStatus", running.clone());
    let rows = listed["AccountAssignmentsCreationStatus"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].as_object().unwrap().keys().collect::<Vec<_>>(), ["Status", "RequestId", "CreatedDate"]);
    // to be listed moves nothing, to be described does
    assert_eq!(place.status("Creation", &json!(foreign))["TargetId"], BANK);
    let listed = place.sso("ListAccountAssignmentCreationStatus", running);
    let rows = listed["AccountAssignmentsCreationStatus"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["RequestId"]), (1, &own["RequestId"]));
    assert_eq!(
        place.sso("ListAccountAssignmentDeletionStatus", json!({}))["AccountAssignmentsDeletionStatus"],
        json!([])
    );
    let unknown = json!({ "AccountAssignmentDeletionRequestId": foreign });
    assert_eq!(place.sso_refused("DescribeAccountAssignmentDeletionStatus", unknown), "ResourceNotFoundException");
}

#[test]
fn what_a_user_has_by_groups_is_listed_with_it_if_the_world_has_it_so() {
    let place = Place::small();
    let (eve, staff, set) = (place.eve.clone(), place.staff.clone(), place.set.clone());
    place.server.world(|world| {
        world.add_member(&staff, &eve);
        world.assign(&Principal::group(&staff), &set, SHOP);
        world.assign(&Principal::user(&eve), &set, BANK);
    });
    let listed = |input| place.sso("ListAccountAssignmentsForPrincipal", input)["AccountAssignments"].clone();
    let user = json!({ "PrincipalId": place.eve, "PrincipalType": "USER" });
    assert_eq!(listed(user.clone()).as_array().unwrap().len(), 2);
    let mut shop = user.clone();
    shop["Filter"] = json!({ "AccountId": SHOP });
    assert_eq!(listed(shop)[0]["PrincipalType"], "GROUP");
    place.server.world(|world| world.lists_groups_of_users = false);
    assert_eq!(listed(user)[0]["AccountId"], BANK);
    assert_eq!(listed(json!({ "PrincipalId": place.staff, "PrincipalType": "GROUP" }))[0]["AccountId"], SHOP);
}

#[test]
fn assignments_outlive_those_who_had_them() {
    let place = Place::small();
    let (eve, set) = (place.user(), place.set.clone());
    place.server.world(|world| {
        world.settle = Settle::Polls(0);
        world.assign(&eve, &set, SHOP);
        world.remove_user(eve.id());
    });
    assert_eq!(place.listed(SHOP), 1);
    let begun = place.begin("Deletion", SHOP);
    assert_eq!(place.status("Deletion", &begun["RequestId"])["Status"], "SUCCEEDED");
    assert_eq!(place.listed(SHOP), 0);
}

#[test]
fn a_test_may_let_the_next_one_fail() {
    let place = Place::small();
    place.server.world(|world| {
        world.settle = Settle::Polls(0);
        world.fail_next("An unexpected internal service exception was encountered");
    });
    for status in ["FAILED", "SUCCEEDED"] {
        let begun = place.begin("Creation", SHOP);
        assert_eq!(place.status("Creation", &begun["RequestId"])["Status"], status);
    }
    let told = place.server.world(|world| world.assignments_by_name());
    assert_eq!(told.into_iter().collect::<Vec<String>>(), ["user eve has ReadOnly in shop"]);
}

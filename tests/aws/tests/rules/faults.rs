//! What goes wrong on purpose.

use crate::{Place, SHOP};
use aws_standin::world::Settle;
use aws_standin::{Fault, On};
use serde_json::json;
use std::time::Duration;

#[test]
fn a_connection_breaks_before_or_after_the_effect() {
    let place = Place::small();
    place.settle(Settle::Seconds(0));
    let create = || place.client.call("sso-admin", "CreateAccountAssignment", place.assignment(SHOP));
    for (fault, happens) in [(Fault::Drop, false), (Fault::DropAfterEffect, true), (Fault::HalfBody, true)] {
        place.server.world(|world| {
            world.assignments().into_iter().for_each(|held| {
                world.unassign(&held.principal, &held.set, &held.account);
            })
        });
        place.server.fail(On::operation("CreateAccountAssignment").times(1), fault.clone());
        assert!(create().is_none(), "{fault:?}");
        assert_eq!(place.listed(SHOP) == 1, happens, "{fault:?}");
        place.server.heal();
    }
    assert_eq!(create().unwrap().status, 200);
    let log = place.server.log();
    let first = log.of("CreateAccountAssignment").next().unwrap();
    assert_eq!((first.status, &first.fault), (None, &Some(Fault::Drop)));
    assert_eq!(log.writes().count(), 4);
    assert_eq!((log.of("CreateAccountAssignment").count(), log.repeated().len()), (4, 5));
}

#[test]
fn statuses_and_errors_come_as_aws_shapes_them() {
    let place = Place::small();
    let list =
        || place.client.call("sso-admin", "ListPermissionSets", json!({ "InstanceArn": place.instance })).unwrap();
    place.server.fail(On::operation("ListPermissionSets").nth(1), Fault::Status(500));
    place.server.fail(On::operation("ListPermissionSets").nth(2), Fault::StatusAfterEffect(503));
    let conflict = || Fault::Error("ConflictException".to_owned(), "later".to_owned());
    place.server.fail(On::service("sso-admin").nth(3), conflict());
    let reply = list();
    assert_eq!((reply.status, reply.error().as_str()), (500, "InternalServerException"));
    assert_eq!(list().status, 503);
    let reply = list();
    assert_eq!((reply.status, reply.error().as_str()), (400, "ConflictException"));
    assert_eq!(list().status, 200);
    place.server.fail(On::any().containing(&place.instance).key("another"), conflict());
    assert_eq!(list().status, 200);
}

#[test]
fn lists_lead_on_to_nothing_or_to_themselves() {
    let place = Place::small();
    place.server.world(|world| world.add_permission_set("Second", "PT1H"));
    let list = |token: &serde_json::Value| {
        let mut input = json!({ "MaxResults": 1 });
        if token.is_string() {
            input["NextToken"] = token.clone();
        }
        place.sso("ListPermissionSets", input)
    };
    place.server.fail(On::operation("ListPermissionSets").nth(1), Fault::EmptyPage);
    let empty = list(&json!(null));
    assert_eq!(empty["PermissionSets"], json!([]));
    let first = list(&empty["NextToken"]);
    let second = list(&first["NextToken"]);
    assert_ne!(first["PermissionSets"], second["PermissionSets"]);
    assert_eq!(second.get("NextToken"), None);
    place.server.fail(On::operation("ListPermissionSets"), Fault::RepeatedToken);
    let first = list(&json!(null));
    assert_eq!(list(&first["NextToken"])["NextToken"], first["NextToken"]);
}

#[test]
fn answers_lack_ids_or_come_from_elsewhere_or_are_none() {
    let place = Place::small();
    let once = |operation: &str, fault| {
        place.server.heal();
        place.server.fail(On::operation(operation), fault);
    };
    once("ListPermissionSets", Fault::EmptyMember("PermissionSets".to_owned()));
    assert_eq!(place.sso("ListPermissionSets", json!({}))["PermissionSets"], json!([""]));
    once("ListUsers", Fault::EmptyMember("UserId".to_owned()));
    assert_eq!(place.store("ListUsers", json!({}))["Users"][0]["UserId"], "");
    once("ListUsers", Fault::WithoutMember("UserId".to_owned()));
    assert_eq!(place.store("ListUsers", json!({}))["Users"][0].get("UserId"), None);
    once("DescribeOrganization", Fault::OtherOrganization);
    let told = place.client.ok("organizations", "DescribeOrganization", json!({}));
    assert_eq!(told["Organization"]["Id"], "o-0therothero");
    once("ListInstances", Fault::OtherInstance);
    let told = place.client.ok("sso-admin", "ListInstances", json!({}));
    assert_ne!(told["Instances"][0]["InstanceArn"], place.instance);
    once("ListInstances", Fault::EmptyObject);
    assert_eq!(place.client.ok("sso-admin", "ListInstances", json!({})), json!({}));
    once("ListInstances", Fault::Delay(Duration::from_millis(1)));
    assert!(place.client.ok("sso-admin", "ListInstances", json!({}))["Instances"].is_array());
    once("ListInstances", Fault::Garbage);
    assert!(place.client.call("sso-admin", "ListInstances", json!({})).unwrap().body.starts_with('<'));
}

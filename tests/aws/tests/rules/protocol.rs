//! Signatures, models, and what counts as a violation.

use crate::client::{Sending, exchange};
use crate::{MANAGEMENT, Place, SHOP};
use serde_json::json;

#[test]
fn what_the_model_does_not_allow_is_refused_and_noted() {
    let place = Place::small();
    let wrong = [
        json!({ "AccountId": SHOP }),
        json!({ "AccountId": "12", "PermissionSetArn": place.set }),
        json!({ "AccountId": SHOP, "PermissionSetArn": place.set, "Colour": "red" }),
        json!({ "AccountId": SHOP, "PermissionSetArn": place.set, "MaxResults": 101 }),
    ];
    for input in wrong {
        assert_eq!(place.sso_refused("ListAccountAssignments", input), "ValidationException");
        assert!(!place.server.take_violations().is_empty());
    }
    assert_eq!(place.sso_refused("CreatePermissionSet", json!({})), "UnknownOperationException");
    assert_eq!(place.server.take_violations(), ["/: `SWBExternalService.CreatePermissionSet` isn't served here"]);
}

#[test]
#[should_panic(expected = "the protocol was broken")]
fn violations_that_nobody_took_panic() {
    let place = Place::small();
    place.sso_refused("ListAccountAssignments", json!({}));
}

#[test]
fn a_signature_must_hold() {
    let place = Place::small();
    let refused = |client: &crate::client::Client| client.refused("sso-admin", "ListInstances", json!({}));
    let mut forged = place.client.clone();
    forged.key.secret.push('x');
    assert_eq!(refused(&forged), "InvalidSignatureException");
    let reply = forged.form("sts", "Action=GetCallerIdentity&Version=2011-06-15").unwrap();
    assert_eq!(reply.status, 403);
    assert!(reply.body.contains("<Code>SignatureDoesNotMatch</Code>"));
    assert_eq!(place.server.take_violations().len(), 2);
    let mut unknown = place.client.clone();
    unknown.key.id = "AKIA0000000000000000".to_owned();
    assert_eq!(refused(&unknown), "UnrecognizedClientException");
    let reply = unknown.form("sts", "Action=GetCallerIdentity&Version=2011-06-15").unwrap();
    assert!(reply.body.contains("<Code>InvalidClientTokenId</Code>"));
    // signed for another service
    let headers = vec![
        ("content-type", "application/x-amz-json-1.1".to_owned()),
        ("x-amz-target", "SWBExternalService.ListInstances".to_owned()),
    ];
    let sending = Sending { service: "identitystore", method: "POST", target: "/", headers, body: "{}".to_owned() };
    assert_eq!(place.client.send(sending).unwrap().error(), "InvalidSignatureException");
    let host = place.server.url().trim_start_matches("http://").to_owned();
    let head = "POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-amz-json-1.1\r\nconnection: close\r\n\
                x-amz-target: SWBExternalService.ListInstances\r\ncontent-length: 2\r\n\r\n{}";
    assert_eq!(exchange(&host, head).unwrap().error(), "MissingAuthenticationTokenException");
    assert_eq!(place.server.take_violations().len(), 2);
}

#[test]
fn sessions_need_their_token_and_keys_expire() {
    let place = Place::small();
    let key = place.server.world(|world| world.add_session_key(MANAGEMENT));
    let client = crate::client::Client::new(&place.server, &key);
    client.ok("sso-admin", "ListInstances", json!({}));
    let mut without = client.clone();
    without.key.token = None;
    assert_eq!(without.refused("sso-admin", "ListInstances", json!({})), "UnrecognizedClientException");
    place.server.world(|world| world.expire_key(&key.id));
    assert_eq!(client.refused("sso-admin", "ListInstances", json!({})), "ExpiredTokenException");
    let reply = client.form("sts", "Action=GetCallerIdentity&Version=2011-06-15").unwrap();
    assert!(reply.body.contains("<Code>ExpiredToken</Code>"));
}

#[test]
fn signatures_are_as_old_as_they_say_if_that_is_checked() {
    let place = Place::small();
    let mut old = place.client.clone();
    old.date = "20261201T074459Z".to_owned();
    old.ok("sso-admin", "ListInstances", json!({}));
    place.server.check_signature_times(true);
    assert_eq!(old.refused("sso-admin", "ListInstances", json!({})), "InvalidSignatureException");
    place.client.ok("sso-admin", "ListInstances", json!({}));
    assert_eq!(place.server.take_violations().len(), 1);
}

#[test]
fn other_regions_have_no_instance() {
    let place = Place::small();
    let mut elsewhere = place.client.clone();
    elsewhere.region = "us-east-1".to_owned();
    assert_eq!(elsewhere.ok("sso-admin", "ListInstances", json!({}))["Instances"], json!([]));
    let input = json!({ "InstanceArn": place.instance });
    assert_eq!(elsewhere.refused("sso-admin", "ListPermissionSets", input), "AccessDeniedException");
    // the organisation is everywhere
    elsewhere.ok("organizations", "ListAccounts", json!({}));
    assert_eq!(place.server.log().0[0].region.as_deref(), Some("us-east-1"));
}

#[test]
fn answers_are_dated_by_the_clock() {
    let place = Place::small();
    let reply = place.client.call("sso-admin", "ListInstances", json!({})).unwrap();
    assert!(reply.head.to_lowercase().contains("date: tue, 01 dec 2026 08:00:00 gmt"), "{}", reply.head);
}

#[test]
fn every_run_is_told_the_same() {
    let answers = || {
        let place = Place::small();
        let mut told = vec![place.begin("Creation", SHOP)];
        told.push(place.store("ListUsers", json!({})));
        told.push(place.client.ok("sso-admin", "ListInstances", json!({})));
        told.push(place.sso("ListPermissionSets", json!({})));
        told
    };
    assert_eq!(answers(), answers());
}

#[test]
fn a_test_may_put_another_organisation_and_instance_in_the_place_of_the_first() {
    let place = Place::small();
    place.server.world(|world| {
        world.replace_organization("o-zzzzzzzzzz");
        world.replace_instance();
    });
    let told = place.client.ok("organizations", "DescribeOrganization", json!({}));
    assert_eq!(told["Organization"]["Id"], "o-zzzzzzzzzz");
    let told = place.client.ok("sso-admin", "ListInstances", json!({}));
    assert_ne!(told["Instances"][0]["InstanceArn"], place.instance);
    assert_eq!(place.sso_refused("ListPermissionSets", json!({})), "ResourceNotFoundException");
}

//! Entitlements of Account access manager.

use crate::client::escape;
use crate::{BANK, Place, SHOP};
use aws_standin::world::Principal;
use serde_json::{Value, json};

fn role(account: &str) -> String {
    format!("arn:aws:iam::{account}:role/ops/Deploy")
}

#[test]
fn an_entitlement_is_made_once_listed_and_deleted() {
    let place = Place::small();
    let application = place.server.world(|world| world.application());
    let told = place.client.rest("POST", "/applications-list", json!({})).unwrap().value();
    assert_eq!(told["applications"][0]["applicationArn"], application);
    let make = |account: &str, user: &str| {
        let principal = json!({ "identityCenter": { "userId": user } });
        let entitlement = json!({ "principalRole": { "principal": principal, "roleArn": role(account) } });
        let input = json!({ "applicationArn": application, "entitlement": entitlement });
        place.client.rest("POST", "/entitlements", input).unwrap()
    };
    let made = make(SHOP, &place.eve).value()["entitlementId"].clone();
    assert_eq!(make(SHOP, &place.eve).value()["entitlementId"], made);
    assert_eq!(make(SHOP, "00000000-0000-4000-8000-000000000000").status, 404);
    assert_eq!(make("000000000000", &place.eve).error(), "ResourceNotFoundException");
    let staff = Principal::group(&place.staff);
    place.server.world(|world| world.entitle(&staff, &role(BANK)));
    let list = |filter: Value| {
        let input = json!({ "applicationArn": application, "filter": filter });
        let told = place.client.rest("POST", "/entitlements-list", input).unwrap().value();
        told["entitlements"].as_array().unwrap().clone()
    };
    assert_eq!(list(json!({})).len(), 2);
    let in_bank = list(json!({ "principalRole": { "account": BANK } }));
    assert_eq!(in_bank.len(), 1);
    let told = &in_bank[0]["entitlement"]["principalRole"];
    assert_eq!((&told["accountName"], &told["roleArn"]), (&json!("bank"), &json!(role(BANK))));
    let of_eve = json!({ "principalRole": { "principal": { "identityCenter": { "userId": place.eve } } } });
    assert_eq!(list(of_eve)[0]["entitlementId"], made);
    let target = format!("/entitlements/{}?applicationArn={}", made.as_str().unwrap(), escape(&application));
    assert_eq!(place.client.rest("GET", &target, Value::Null).unwrap().value()["entitlementId"], made);
    assert_eq!(place.client.rest("DELETE", &target, Value::Null).unwrap().status, 204);
    assert_eq!(place.client.rest("DELETE", &target, Value::Null).unwrap().status, 404);
    assert_eq!(place.server.world(|world| world.entitlements()).len(), 1);
}

#[test]
fn there_may_be_no_application() {
    let place = Place::small();
    let application = place.server.world(|world| {
        world.set_up_account_access(false);
        world.application()
    });
    let told = place.client.rest("POST", "/applications-list", json!({})).unwrap().value();
    assert_eq!(told["applications"], json!([]));
    let target = format!("/applications/{}", escape(&application));
    assert_eq!(place.client.rest("GET", &target, Value::Null).unwrap().status, 404);
    place.server.world(|world| world.set_up_account_access(true));
    assert_eq!(place.client.rest("GET", &target, Value::Null).unwrap().value()["status"], "ACTIVE");
}

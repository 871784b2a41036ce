//! The organisation, its accounts, and service control policies.

use crate::{MANAGEMENT, Place, SHOP};
use aws_standin::world::AccountState;
use serde_json::json;

#[test]
fn accounts_say_their_state() {
    let place = Place::small();
    place.server.world(|world| world.set_account_state(SHOP, AccountState::Suspended));
    let told = place.client.ok("organizations", "DescribeOrganization", json!({}));
    assert_eq!(told["Organization"]["Id"], "o-a1b2c3d4e5");
    assert_eq!(told["Organization"]["MasterAccountId"], MANAGEMENT);
    let told = place.client.ok("organizations", "ListAccounts", json!({}));
    let shop = told["Accounts"].as_array().unwrap().iter().find(|account| account["Id"] == SHOP).unwrap();
    assert_eq!((&shop["State"], shop.get("Status")), (&json!("SUSPENDED"), None));
}

#[test]
fn a_service_control_policy_is_written_if_it_is_one_and_not_too_long() {
    let place = Place::small();
    let content = |length: usize| {
        let begin = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Resource":"*","Action":""#;
        let end = r#""}]}"#;
        format!("{begin}{}{end}", "a".repeat(length - begin.len() - end.len()))
    };
    let id = place.server.world(|world| world.add_control_policy("ends", &content(200)));
    let update = |content: String| {
        place.client.call("organizations", "UpdatePolicy", json!({ "PolicyId": id, "Content": content })).unwrap()
    };
    assert_eq!(update(content(5_120)).status, 200);
    let refused = update(content(5_121));
    assert_eq!(refused.error(), "ConstraintViolationException");
    assert_eq!(refused.value()["Reason"], "POLICY_CONTENT_LIMIT_EXCEEDED");
    assert_eq!(update("{".to_owned()).error(), "MalformedPolicyDocumentException");
    let told = place.client.ok("organizations", "DescribePolicy", json!({ "PolicyId": id }));
    assert_eq!(told["Policy"]["Content"], content(5_120));
    assert_eq!(place.server.world(|world| world.control_policy(&id).map(str::to_owned)), Some(content(5_120)));
    let targets = place.client.ok("organizations", "ListTargetsForPolicy", json!({ "PolicyId": id }));
    assert_eq!(targets["Targets"][0]["Type"], "ROOT");
    let unknown = json!({ "PolicyId": "p-0123456789" });
    assert_eq!(place.client.refused("organizations", "DescribePolicy", unknown), "PolicyNotFoundException");
}

//! Pages, and the tokens that lead to the next ones.

use crate::client::Client;
use crate::{MANAGEMENT, Place, SHOP, world};
use serde_json::{Value, json};

fn many() -> Place {
    let mut world = world();
    for n in 0..60 {
        world.add_permission_set(&format!("set-{n:02}"), "PT1H");
        world.add_account(&format!("{n:012}"), &format!("account-{n}"), aws_standin::world::AccountState::Active);
    }
    Place::of(world)
}

fn sets(answer: &Value) -> usize {
    answer["PermissionSets"].as_array().unwrap().len()
}

#[test]
fn pages_are_short_where_nobody_says_how_long() {
    let place = many();
    let first = place.sso("ListPermissionSets", json!({}));
    assert_eq!(sets(&first), 50);
    let second = place.sso("ListPermissionSets", json!({ "NextToken": first["NextToken"], "MaxResults": 100 }));
    assert_eq!((sets(&second), second.get("NextToken")), (11, None));
    assert_eq!(sets(&place.sso("ListPermissionSets", json!({ "MaxResults": 100 }))), 61);
    let accounts = place.client.ok("organizations", "ListAccounts", json!({}));
    assert_eq!(accounts["Accounts"].as_array().unwrap().len(), 20);
}

#[test]
fn a_token_holds_for_its_call_alone() {
    let place = many();
    let token = place.sso("ListPermissionSets", json!({ "MaxResults": 5 }))["NextToken"].clone();
    let with = |extra: Value| {
        let mut input = extra;
        input["NextToken"] = token.clone();
        input
    };
    let refused = |operation: &str, input| place.sso_refused(operation, with(input));
    assert_eq!(refused("ListPermissionSetsProvisionedToAccount", json!({ "AccountId": SHOP })), "ValidationException");
    let elsewhere = place.client.refused("sso-admin", "ListInstances", with(json!({})));
    assert_eq!(elsewhere, "ValidationException");
    let invented = json!({ "NextToken": "abc" });
    assert_eq!(place.sso_refused("ListPermissionSets", invented), "ValidationException");
    let accounts = place.client.refused("organizations", "ListAccounts", json!({ "NextToken": token }));
    assert_eq!(accounts, "InvalidInputException");
    // nor does it hold for another key
    let key = place.server.world(|world| world.add_key(MANAGEMENT));
    let other = Client::new(&place.server, &key);
    let input = json!({ "InstanceArn": place.instance, "NextToken": token });
    assert_eq!(other.refused("sso-admin", "ListPermissionSets", input), "ValidationException");
    place.sso("ListPermissionSets", with(json!({ "MaxResults": 7 })));
}

#[test]
fn what_is_taken_away_between_two_pages_moves_nothing() {
    let place = many();
    let first = place.sso("ListPermissionSets", json!({ "MaxResults": 10 }));
    let gone = first["PermissionSets"][0].as_str().unwrap().to_owned();
    place.server.world(|world| world.remove_permission_set(&gone));
    let mut seen = sets(&first);
    let mut token = first["NextToken"].clone();
    while token.is_string() {
        let page = place.sso("ListPermissionSets", json!({ "MaxResults": 10, "NextToken": token }));
        seen += sets(&page);
        token = page["NextToken"].clone();
    }
    assert_eq!(seen, 61);
}

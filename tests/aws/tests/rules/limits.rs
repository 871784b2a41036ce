//! Twenty requests a second.

use crate::Place;
use jiff::SignedDuration;
use serde_json::json;

#[test]
fn twenty_come_at_once_and_then_one_every_fifty_milliseconds() {
    let place = Place::small();
    for _ in 0..10 {
        place.sso("ListPermissionSets", json!({}));
        place.store("ListUsers", json!({}));
    }
    assert_eq!(place.store_refused("ListUsers", json!({})), "ThrottlingException");
    assert_eq!(place.sso_refused("ListPermissionSets", json!({})), "ThrottlingException");
    // other services are not counted
    place.client.ok("organizations", "ListAccounts", json!({}));
    place.server.clock().advance(SignedDuration::from_millis(50));
    place.sso("ListPermissionSets", json!({}));
    assert_eq!(place.sso_refused("ListPermissionSets", json!({})), "ThrottlingException");
    assert_eq!(place.server.log().most_in_a_second(), 24);
    place.server.limits(|limits| limits.per_second = None);
    for _ in 0..40 {
        place.sso("ListPermissionSets", json!({}));
    }
}

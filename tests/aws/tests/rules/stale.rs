//! Lists that show what was some time ago.

use crate::{Place, SHOP};
use jiff::SignedDuration;
use serde_json::json;

#[test]
fn what_was_written_shows_only_later() {
    let place = Place::small();
    let (eve, staff, user, set) = (place.eve.clone(), place.staff.clone(), place.user(), place.set.clone());
    place.server.world(|world| {
        world.stale = SignedDuration::from_secs(10);
        world.assign(&user, &set, SHOP);
        world.add_member(&staff, &eve);
    });
    let members = || place.store("ListGroupMemberships", json!({ "GroupId": staff }))["GroupMemberships"].clone();
    for seconds in [0, 9] {
        place.server.clock().advance(SignedDuration::from_secs(seconds));
        assert_eq!((place.listed(SHOP), members()), (0, json!([])));
    }
    place.server.clock().advance(SignedDuration::from_secs(1));
    assert_eq!((place.listed(SHOP), members().as_array().unwrap().len()), (1, 1));
    place.server.world(|world| world.unassign(&user, &set, SHOP));
    assert_eq!(place.listed(SHOP), 1);
    assert!(place.server.world(|world| world.assignments()).is_empty());
    place.server.world(|world| world.stale = SignedDuration::ZERO);
    assert_eq!(place.listed(SHOP), 0);
}

#[test]
fn what_was_there_at_the_beginning_has_always_been_there() {
    let mut world = crate::world();
    let set = world.permission_set("ReadOnly").unwrap().to_owned();
    let eve = aws_standin::world::Principal::user(world.user_id("eve").unwrap());
    world.assign(&eve, &set, SHOP);
    world.stale = SignedDuration::from_secs(3_600);
    assert_eq!(Place::of(world).listed(SHOP), 1);
}

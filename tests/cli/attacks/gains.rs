//! A gain that is dressed as a loss.

use super::{branch, edit};
use crate::support::World;

fn planned(world: &World, head: &str) -> (String, serde_json::Value) {
    let text = world.timed(&["plan", "--head", head]).stdout;
    let json = world.timed(&["plan", "--head", head, "--format", "json"]).json();
    (text.split_whitespace().collect::<Vec<_>>().join(" "), json)
}

#[test]
fn a_raised_role_is_a_gain_however_much_sooner_it_ends() {
    let world = World::new();
    branch(&world, "raised", |world| {
        edit(world, "grants/platform/infrastructure-readers.yaml", "role: reader", "role: developer");
        edit(world, "grants/platform/infrastructure-readers.yaml", "reason", "until: 2036-12-01\nreason");
    });
    let (text, json) = planned(&world, "raised");
    assert!(text.contains("gains developer on infrastructure in platform (push, was pull)"), "{text}");
    assert!(!text.contains("shorter"), "{text}");
    assert_eq!(json["changes"][0]["action"], "gain", "{json:#}");
    let markdown = world.timed(&["plan", "--head", "raised", "--format", "markdown"]).stdout;
    assert!(markdown.contains("(`push`, was `pull`)"), "{markdown}");
}

#[test]
fn a_resource_more_is_a_line_of_its_own_beside_an_earlier_end() {
    let world = World::new();
    branch(&world, "more", |world| {
        let path = "grants/payments/bob-checkout.yaml";
        edit(world, path, "[payments-web", "[payments-api, payments-web");
        edit(world, path, "2027-02-26", "2027-02-25");
    });
    let (text, _) = planned(&world, "more");
    assert!(text.contains("+ bob.keller (globex) gains developer on payments-api in payments-staging"), "{text}");
    assert!(text.contains("shorter: until 2027-02-25, was 2027-02-26"), "{text}");
}

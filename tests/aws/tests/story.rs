//! boto3, AWS's own client, goes through a whole story with the stand-in and finds nothing strange.

#![recursion_limit = "256"]

#[path = "support/python.rs"]
mod python;

use aws_standin::world::{AccountState, Key};
use aws_standin::{Server, World};
use serde_json::{Value, json};

const MANAGEMENT: &str = "111122223333";

fn told(key: &Key) -> Value {
    json!({ "id": key.id, "secret": key.secret, "token": key.token })
}

#[test]
fn boto3_goes_through_a_whole_story() {
    let mut world = World::new("o-a1b2c3d4e5", "eu-central-1", MANAGEMENT, "2026-12-01T08:00:00Z".parse().unwrap());
    world.add_account("444455556666", "shop", AccountState::Active);
    world.add_account("777788889999", "bank", AccountState::Suspended);
    let set = world.add_permission_set("ReadOnly", "PT8H");
    world.add_permission_set("Admin", "PT1H");
    world.add_permission_set("Billing", "PT4H");
    let managed = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    world.attach_managed_policy(&set, managed);
    world.attach_customer_policy(&set, "limits", "/ours/");
    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}"#;
    world.add_managed_policy(managed, document);
    let policy = world.add_control_policy("ends", document);
    for name in ["ada", "eve", "zoë"] {
        world.add_user(name);
    }
    world.add_group("staff");
    let key = world.add_session_key(MANAGEMENT);
    let reader = world.add_key_with_policy(
        MANAGEMENT,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sso:List*","Resource":"*"}]}"#,
    );
    let expired = world.add_session_key(MANAGEMENT);
    world.expire_key(&expired.id);
    let server = Server::start(world);
    server.limits(|limits| limits.per_second = None);

    let place = json!({
        "url": server.url(),
        "region": "eu-central-1",
        "key": told(&key),
        "reader": told(&reader),
        "expired": told(&expired),
        "policy": policy,
    });
    let story = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/story.py");
    let printed = python::run(&python::interpreter("story"), &[story, &place.to_string()]);
    let seen: Value = serde_json::from_str(&printed).unwrap();
    let expected = json!({
        "caller": format!("arn:aws:sts::{MANAGEMENT}:assumed-role/tester/session"),
        "organization": "o-a1b2c3d4e5",
        "accounts": [
            [MANAGEMENT, "management", "ACTIVE"],
            ["444455556666", "shop", "ACTIVE"],
            ["777788889999", "bank", "SUSPENDED"],
        ],
        "region": "eu-central-1",
        "sets": [["Admin", "PT1H"], ["Billing", "PT4H"], ["ReadOnly", "PT8H"]],
        "users": ["ada", "eve", "zoë"],
        "groups": ["staff"],
        "twice": ["ConflictException", "ConflictException"],
        "members": [true],
        "same": true,
        "created": 1_796_112_000,
        "in groups": [true],
        "groups of eve": [true],
        "eve": "ENABLED",
        "staff": "staff",
        "conflict": ["ConflictException", "ConflictException"],
        "states": ["IN_PROGRESS", "IN_PROGRESS", "SUCCEEDED"],
        "assigned": ["GROUP"],
        "held": ["444455556666"],
        "provisioned": true,
        "places": ["444455556666"],
        "provisioning": "SUCCEEDED",
        "inline": true,
        "no inline": null,
        "customer": [{ "Name": "limits", "Path": "/ours/" }],
        "managed": "s3:Get*",
        "policy": ["NoSuchEntity", "NoSuchEntityException"],
        "boundary": ["ResourceNotFoundException", "ResourceNotFoundException"],
        "control": true,
        "targets": ["ROOT"],
        "full": ["ConstraintViolationException", "ConstraintViolationException"],
        "application": "ACTIVE",
        "entitled": ["arn:aws:iam::444455556666:role/Deploy"],
        "unentitled": ["ResourceNotFoundException", "ResourceNotFoundException"],
        "deleted": "SUCCEEDED",
        "gone": ["ResourceNotFoundException", "ResourceNotFoundException"],
        "works": [1, 1, 1],
        "reads": 1,
        "denied": ["AccessDeniedException", "AccessDeniedException"],
        "expired": ["ExpiredTokenException", "ClientError"],
        "who expired": ["ExpiredToken", "ClientError"],
    });
    let (seen, expected) = (seen.as_object().unwrap(), expected.as_object().unwrap());
    for (name, value) in expected {
        assert_eq!(seen.get(name), Some(value), "{name}");
    }
    assert_eq!(seen.len(), expected.len());
    assert_eq!(server.take_violations(), Vec::<String>::new());
    server.world(|world| {
        assert!(world.assignments().is_empty() && world.memberships().is_empty() && world.entitlements().is_empty());
        assert_eq!(world.inline_policy(&set), None);
        assert!(world.control_policy(&policy).is_some_and(|content| content.contains("s3:*")));
    });
    // every operation that is served was asked for
    let log = server.log();
    let served = include_str!("../data/operations.txt").lines().filter(|line| line.starts_with(char::is_uppercase));
    let unasked: Vec<&str> = served.filter(|operation| log.of(operation).next().is_none()).collect();
    assert_eq!(unasked, Vec::<&str>::new());
}

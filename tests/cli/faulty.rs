//! Targets that are slow, tell only a part, and ask for patience now and then.

use crate::support::World;

/// What the embedded target does wrong from here on; nothing where it is empty.
fn faults(world: &World, target: &str, faults: &str) {
    let path = world.repo().join(".git/dualkey").join(format!("{target}.faults.json"));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    if faults.is_empty() { std::fs::remove_file(path).unwrap() } else { std::fs::write(path, faults).unwrap() }
}

#[test]
fn a_slow_partial_and_flaky_target_comes_to_the_same_in_the_end() {
    let (world, well) = (World::new(), World::new());
    well.timed(&["apply"]).exits(0);
    faults(&world, "aws", r#"{ "slow_ms": 5, "unread": ["333344445555"] }"#);
    faults(&world, "github", r#"{ "slow_ms": 5, "flaky": 4 }"#);
    let ran = world.timed(&["apply"]).exits(4).says("not read: account 333344445555 at aws");
    let ran = ran.says("some of what is to be given waits").says("not started");
    // where all stories are so, waits are left out
    let ran = if crate::flaky::is_on() { ran } else { ran.says("asks for patience; trying again in") };
    ran.says("target-denied").says("let it read account 333344445555").says("grant  ines.costa");
    assert!(!world.live("aws").contains("333344445555"), "{}", world.live("aws"));
    let again = world.timed(&["apply", "--format", "json"]).exits(5).json();
    let hidden = serde_json::json!([{ "target": "aws", "kind": "account", "resource": "333344445555" }]);
    assert_eq!((&again["unread_resources"], &again["unread"]), (&hidden, &serde_json::json!([])));
    faults(&world, "aws", r#"{ "flaky": 5 }"#);
    world.timed(&["apply"]).exits(0);
    for target in ["github", "gcp", "aws"] {
        assert_eq!(world.live(target), well.live(target));
    }
    world.timed(&["drift"]).exits(0);
}

#[test]
fn ends_go_on_beside_what_is_not_seen_and_what_they_leave_behind_is_told() {
    let mut world = World::new();
    world.timed(&["apply"]).exits(0);
    world.now = "2027-02-01T09:00:00Z".to_owned();
    // Bob's access to the ledger and Yara's to the API have ended
    faults(&world, "github", r#"{ "unread": ["northwind/payments-api"], "lives_minutes": 60 }"#);
    let ran = world.timed(&["apply", "--only-ends"]).exits(4).says("revoke bob.keller").says("revoke yara.haddad");
    let ran = ran.says("not read: repository northwind/payments-api at github");
    ran.says("bob.keller at github northwind/ledger: sessions may go on until 2027-02-01");
    assert!(world.live("github").contains("820147"), "nobody knows what Yara holds there");
    faults(&world, "github", "");
    world.timed(&["apply", "--only-ends"]).exits(0).says("revoke yara.haddad");
    assert!(!world.live("github").contains("820147"));
}

//! What is live beside what is declared: groups, invitations, other ways in, and names that nobody knows.

use crate::partial::given_by_hand;
use crate::refusals::runs::lands;
use crate::support::World;

/// Changes the file of an embedded target.
pub fn edit(world: &World, target: &str, edit: impl FnOnce(&mut serde_json::Value)) {
    given_by_hand(world, target, &[]);
    let path = world.repo().join(".git/dualkey").join(format!("{target}.json"));
    let mut file = serde_json::from_str(&world.live(target)).unwrap();
    edit(&mut file);
    std::fs::write(path, file.to_string()).unwrap();
}

fn entitlement(resource: &str, permission: &str, principal: serde_json::Value) -> serde_json::Value {
    serde_json::json!({ "kind": "repository", "resource": resource, "permission": permission, "principal": principal })
}

#[test]
fn a_contractor_in_a_live_group_is_drift_and_says_by_which() {
    let world = World::told();
    edit(&world, "github", |file| {
        let held = file["entitlements"].as_array_mut().unwrap();
        held.push(entitlement("northwind/ledger", "push", serde_json::json!({ "group": "northwind/everybody" })));
        file["members"] = serde_json::json!({
            "northwind/everybody": [{ "group": "northwind/guests" }, "690233"],
            "northwind/guests": ["583231"]
        });
    });
    let ran = world.timed(&["drift"]).exits(1).says("live access is what was approved");
    let ran =
        ran.says("access-by-group `alice.nguyen` has `push` on repository northwind/ledger at `github` by the group");
    ran.says("`northwind/everybody`, in it `northwind/guests`").says("take `alice.nguyen` out of `northwind/guests`");
    let json = world.timed(&["drift", "--format", "json"]).exits(1).json();
    let through: Vec<&str> =
        json["by_groups"].as_array().unwrap().iter().map(|one| one["person"].as_str().unwrap()).collect();
    assert_eq!(through, ["alice.nguyen", "hana.kim"]);
    assert_eq!(json["live_findings"].as_array().unwrap().len(), 1);
    let ran = world
        .timed(&["access", "alice.nguyen", "--live"])
        .exits(0)
        .says("grant alice-refunds")
        .says("live now, beside that");
    let ran = ran.says("push, by the group `northwind/everybody`, in it `northwind/guests` (undeclared)");
    assert!(!ran.stdout.contains("hana.kim"), "{}", ran.stdout);
    let json = world.timed(&["access", "repository:northwind/ledger", "--live", "--format", "json"]).exits(0).json();
    assert_eq!(json["live"]["by_groups"].as_array().unwrap().len(), 2);
    world.timed(&["access", "bob.keller", "--live"]).exits(0).says("nothing else is live now");
    // it is nothing that a run could take away
    world.timed(&["apply"]).exits(0);
    world.timed(&["drift"]).exits(1);
}

#[test]
fn nobody_gets_the_second_half_of_a_duty_while_a_group_gives_the_first() {
    let world = World::told();
    edit(&world, "github", |file| {
        let held = file["entitlements"].as_array_mut().unwrap();
        held.push(entitlement("northwind/payments-api", "maintain", serde_json::json!({ "group": "northwind/devs" })));
        file["members"] = serde_json::json!({ "northwind/devs": ["690233"] });
    });
    lands(&world, "release", |world| {
        let grant = "to: [hana.kim]\nrole: deployer\ndomain: payments-production\nuntil: 2027-01-03\nfrom: 2026-11-23\nreason: Release\n";
        world.write("grants/payments/hana-release.yaml", grant);
    });
    let ran =
        world.timed(&["apply"]).exits(3).says("duties-live").says("`deploy` and `develop` (rule `develop-and-deploy`)");
    ran.says("`maintain` on repository `northwind/payments-api` at `github` by the group `northwind/devs`")
        .says("not started");
    let hanas = || world.live("aws").matches("hana@").count();
    assert_eq!(hanas(), 1, "she is in the group of the payee clerks");
    world.timed(&["drift"]).exits(1).says("duties-live");
    edit(&world, "github", |file| file["members"] = serde_json::json!({ "northwind/devs": [] }));
    world.timed(&["apply"]).exits(0).says("grant  hana.kim");
    assert_eq!(hanas(), 2);
}

#[test]
fn an_invitation_is_pending_until_it_is_accepted_and_ends_take_it_back() {
    let mut world = World::told();
    edit(&world, "github", |file| {
        let held = file["entitlements"].as_array_mut().unwrap();
        let alice = held.iter_mut().find(|one| one["principal"] == "583231").unwrap();
        alice["latent"] = "invited".into();
    });
    let ran = world.timed(&["drift"]).exits(0).says("pending, until who was given it accepts or takes it");
    ran.says("alice.nguyen  github  repository northwind/payments-api  push (invited)");
    world.timed(&["apply"]).exits(0).says("pending, until who was given it").says("alice.nguyen");
    assert!(world.live("github").contains("\"latent\""), "it is not given again");
    world.now = "2027-01-05T09:00:00Z".to_owned();
    world.timed(&["apply", "--only-ends"]).exits(0).says("push (invited)");
    assert!(!world.live("github").contains("583231"));
}

#[test]
fn another_way_in_is_told_by_those_who_look_closely() {
    let world = World::told();
    edit(&world, "github", |file| {
        file["ways_in"] = serde_json::json!([
            { "kind": "repository", "resource": "northwind/payments-api", "words": "deploy key 7" },
            { "kind": "repository", "resource": "northwind/of-nobody", "words": "deploy key 8" }
        ]);
    });
    let ran = world
        .timed(&["drift"])
        .exits(0)
        .says("warning other-way-in repository northwind/payments-api can be reached by");
    let ran = ran.says("`deploy key 7` at `github`");
    assert!(!ran.stdout.contains("key 8"), "{}", ran.stdout);
    world.git(&["switch", "-q", "-c", "more", "main"]);
    let file = "people/alice.nguyen.yaml";
    world.write(file, &world.read(file).replace("Alice Nguyen", "Alice T. Nguyen"));
    world.timed(&["plan", "--live"]).exits(0).says("other-way-in");
    world.dualkey(&["explain", "other-way-in"]).exits(0).says("nobody's end takes it away");
}

#[test]
fn what_could_be_read_is_shown_where_something_could_not() {
    let world = World::told();
    let ines = ("repository", "northwind/payments-web", "admin", "615920");
    given_by_hand(&world, "github", &[ines]);
    std::fs::write(world.repo().join(".git/dualkey/aws.json"), "{").unwrap();
    let ran = world.timed(&["drift"]).exits(5).says("where it could be read, 1 difference").says("ines.costa");
    ran.says("not read: aws").says("refused[target-corrupt]");
    let json = world.timed(&["drift", "--format", "json"]).exits(5).json();
    assert_eq!(json["unread"], serde_json::json!(["aws"]));
    assert_eq!(json["operations"].as_array().unwrap().len(), 1);
    world.git(&["switch", "-q", "-c", "more", "main"]);
    let file = "people/alice.nguyen.yaml";
    world.write(file, &world.read(file).replace("Alice Nguyen", "Alice T. Nguyen"));
    world.timed(&["plan", "--live"]).exits(5).says("not read: aws").says("ines.costa").says("target-corrupt");
    let markdown = world.timed(&["plan", "--live", "--format", "markdown"]).exits(5).stdout;
    assert!(markdown.contains("not read: aws") && markdown.contains("ines.costa"), "{markdown}");
}

#[test]
fn a_name_that_a_target_does_not_have_is_named_before_anything_is_written() {
    let world = World::new();
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    world.land("alice");
    edit(&world, "github", |file| {
        file["names"] = serde_json::json!({ "resources": { "repository": ["northwind/payments-apis", "northwind/payments-web", "northwind/ledger", "northwind/infrastructure"] } });
    });
    let ran = world.timed(&["drift"]).exits(1).says("target-unknown-name");
    ran.says("the target knows no repository `northwind/payments-api`; it knows `northwind/payments-apis`");
    let ran = world.timed(&["apply"]).exits(4).says("the target knows no repository `northwind/payments-api`");
    ran.says("failed");
    let github = world.live("github");
    assert!(!github.contains("583231") && github.contains("northwind/ledger"), "{github}");
    world.dualkey(&["explain", "target-unknown-name"]).exits(0).says("a slip reaches nothing");
}

//! Runs that miss something: ends go on wherever something could be read, and nothing is given.

use std::collections::BTreeSet;

use crate::attacks::applied;
use crate::bad_input::trust::lease_of_another_for;
use crate::refusals::runs::lands;
use crate::support::World;

/// What accounts hold at a target behind dualkey's back, beside what is live.
pub fn given_by_hand(world: &World, target: &str, held: &[(&str, &str, &str, &str)]) {
    let path = world.repo().join(".git/dualkey").join(format!("{target}.json"));
    let text = match world.live(target) {
        text if text.is_empty() => format!(r#"{{ "version": 1, "as": "{target}", "entitlements": [] }}"#),
        text => text,
    };
    let mut file: serde_json::Value = serde_json::from_str(&text).unwrap();
    for (kind, resource, permission, principal) in held {
        file["entitlements"].as_array_mut().unwrap().push(serde_json::json!({
            "kind": kind, "resource": resource, "permission": permission, "principal": principal
        }));
    }
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, file.to_string()).unwrap();
}

fn corrupt(world: &World, target: &str) {
    let folder = world.repo().join(".git/dualkey");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{target}.json")), "{ \"version\": 1, ").unwrap();
}

#[test]
fn a_target_that_cannot_be_read_blinds_no_other() {
    // Bob and Ines are contractors, nothing declares what they hold, and that it goes was approved
    let removed = |resource: &str, permission: &str, account: &str| {
        format!(
            "      - {{ kind: repository, resource: {resource}, permission: {permission}, account: \"{account}\" }}\n"
        )
    };
    let list = format!(
        "first_run:\n  - target: github\n    removes:\n{}{}limits:\n",
        removed("northwind/ledger", "maintain", "402668"),
        removed("northwind/payments-web", "admin", "615920")
    );
    let world = World::edited(&[("policies/limits.yaml", "limits:\n", &list)]);
    let bob = ("repository", "northwind/ledger", "maintain", "402668");
    let ines = ("repository", "northwind/payments-web", "admin", "615920");
    given_by_hand(&world, "github", &[bob, ines]);
    corrupt(&world, "aws");
    let ran = world.timed(&["apply", "--format", "json"]).exits(4).json();
    let codes = ran["refusals"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap());
    assert_eq!(codes.collect::<Vec<_>>(), ["target-corrupt"]);
    let live = world.live("github");
    assert!(
        !live.contains("\"permission\": \"admin\",\n      \"principal\": \"615920\"") && !live.contains("maintain"),
        "{live}"
    );
    // whoever has no account there waits for nothing, and everybody else does
    let people = |list: &str| -> BTreeSet<String> {
        let people = ran[list].as_array().unwrap().iter().map(|one| one["person"].as_str().unwrap().to_owned());
        people.collect()
    };
    let without = ["bob.keller", "ines.costa", "settlement-bot", "yara.haddad"].map(str::to_owned);
    assert_eq!(people("done"), without.into());
    let waiting = people("not_started");
    assert!(waiting.contains("omar.diallo") && waiting.is_disjoint(&people("done")), "{waiting:?}");
    // no run was whole yet, as the log says, too
    assert!(world.dualkey(&["audit", "log"]).exits(0).stdout.contains("1 not read"));
    let again = world.timed(&["apply", "--format", "json"]).exits(5).json();
    assert_eq!((&again["reduced"], &again["logged"]), (&true.into(), &true.into()));
    assert_eq!(again["unread"], serde_json::json!(["aws"]));
    assert_eq!(again["unread_resources"], serde_json::json!([]));
    assert_eq!(again["done"], serde_json::json!([]));
    let ran = world.timed(&["apply", "--only-ends"]).exits(5).says("nothing to take away at gcp, github");
    ran.says("not read: aws").says("this run only took away");
    std::fs::remove_file(world.repo().join(".git/dualkey/aws.json")).unwrap();
    world.timed(&["apply"]).exits(0);
    world.timed(&["drift"]).exits(0);
}

#[test]
fn where_no_target_can_be_read_nobody_says_that_nothing_differs() {
    let world = World::new();
    for target in ["github", "aws", "gcp"] {
        corrupt(&world, target);
    }
    for arguments in [&["apply"][..], &["apply", "--only-ends"]] {
        let ran = world.timed(arguments).exits(5).says("no target could be read").says("not read: aws, gcp, github");
        assert!(!ran.stdout.contains("nothing to"), "{}", ran.stdout);
    }
}

#[test]
fn no_pattern_protects_what_somebody_holds_whose_file_went() {
    let world = applied();
    assert!(world.live("github").contains("820147"));
    lands(&world, "gone", |world| {
        world.git(&["rm", "-q", "people/yara.haddad.yaml", "grants/payments/yara-security-test.yaml"]);
        let file = "policies/limits.yaml";
        let text = world.read(file);
        world.write(file, &text.replace("protected: [", "protected: [\"repository:*:*\", \"project:*:*\", "));
    });
    world.timed(&["apply"]).exits(0).says("revoke yara.haddad");
    assert!(!world.live("github").contains("820147") && !world.live("gcp").contains("yara@"));
}

#[test]
fn whoever_has_ended_keeps_nothing_that_nobody_declared() {
    let world = applied();
    let hana = ("repository", "northwind/ledger", "admin", "690233");
    given_by_hand(&world, "github", &[hana]);
    // while she works here it is hers, and told
    world.timed(&["drift"]).exits(0).says("hana.kim");
    lands(&world, "hana", |world| {
        let file = "people/hana.kim.yaml";
        world.write(file, &format!("{}ended: 2026-11-20\n", world.read(file)));
    });
    world.timed(&["apply", "--only-ends"]).says("revoke hana.kim");
    assert!(!world.live("github").contains("690233"), "{}", world.live("github"));
}

#[test]
fn a_lease_is_taken_over_without_an_option_and_no_claim_lasts_for_ever() {
    let world = applied();
    lease_of_another_for(&world, 1_000_000_000_000_000_000);
    world.timed(&["apply", "--wait", "0"]).exits(3).says("lock-held").says("for 600 seconds");
    world.timed(&["apply", "--only-ends"]).exits(4).says("lock-held");
    lease_of_another_for(&world, 1);
    world.timed(&["apply"]).exits(0).says("taking it over in 1 s if it stays unchanged");
    world.timed(&["apply", "--wait", "0"]).exits(0);
}

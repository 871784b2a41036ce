//! Nothing holds up an end: `apply --only-ends` takes away what is over whatever else is broken.

use crate::bad_input::trust::{edit_checkpoint, rewrite_log};
use crate::support::World;

/// Everything is live, and the time of Yara's grant is over.
pub fn over() -> World {
    let mut world = World::new();
    world.timed(&["apply"]).exits(0);
    assert!(world.live("github").contains("820147"));
    world.now = "2027-02-01T09:00:00Z".to_owned();
    world
}

/// The end happens although the run can't be recorded, and the run says so by its exit code.
#[track_caller]
fn ends_all_the_same(world: &World) {
    world.timed(&["apply", "--only-ends"]).exits(4).says("yara.haddad");
    assert!(!world.live("github").contains("820147"), "Yara still has access");
}

#[test]
fn when_all_is_well() {
    let world = over();
    world.timed(&["apply", "--only-ends"]).exits(0).says("yara.haddad");
    assert!(!world.live("github").contains("820147"));
}

#[test]
fn without_the_log_key() {
    let world = over();
    std::fs::remove_file(world.root.path().join("log.key")).unwrap();
    ends_all_the_same(&world);
}

#[test]
fn when_the_remote_refuses_every_push() {
    let world = over();
    world.remote_hook("pre-receive", "exit 1\n");
    ends_all_the_same(&world);
}

#[test]
fn when_the_log_was_rolled_back() {
    let world = over();
    let origin = world.root.path().join("origin.git");
    let first = world.git_in(&origin, &["rev-list", "--max-parents=0", "refs/dualkey/audit"]);
    world.git_in(&origin, &["update-ref", "refs/dualkey/audit", first.trim()]);
    ends_all_the_same(&world);
}

#[test]
fn when_the_log_is_corrupt() {
    let world = over();
    rewrite_log(&world, |log| edit_checkpoint(log, |_| "nothing\n".to_owned()));
    ends_all_the_same(&world);
}

#[test]
fn when_dualkey_yaml_is_broken_on_the_protected_branch() {
    let world = over();
    world.write("dualkey.yaml", "version: 1\nversion: 1\n");
    world.commit("Break it");
    world.git(&["push", "-q", "origin", "main"]);
    // the run is recorded; what it could not judge waits
    world.timed(&["apply", "--only-ends"]).exits(5).says("yara.haddad").says("landed-tree-invalid");
    assert!(!world.live("github").contains("820147"), "Yara still has access");
}

#[test]
fn when_a_landing_was_refused() {
    let world = over();
    world.let_alice_in("alice");
    world.git(&["push", "-q", "origin", "alice:main"]);
    world.timed(&["apply", "--only-ends"]).says("yara.haddad");
    assert!(!world.live("github").contains("820147"));
    assert!(!world.live("github").contains("583231"), "an end gave access");
}

#[test]
fn when_the_remote_is_gone() {
    let world = over();
    std::fs::rename(world.path("origin.git"), world.path("gone.git")).unwrap();
    ends_all_the_same(&world);
}

#[test]
fn ends_that_no_run_carries_out_are_reported_until_one_does() {
    let world = over();
    for command in [&["drift"][..], &["verify"], &["verify", "--format", "json"]] {
        let ran = world.timed(command).exits(1).says("revocation-overdue");
        assert!(!ran.stdout.contains("revocation-overdue"));
    }
    // whether a change would land says nothing of ends
    world.timed(&["verify", "--head", "main"]).exits(0);
    world.timed(&["apply", "--only-ends"]).exits(0);
    world.timed(&["verify"]).exits(0);
    world.timed(&["drift"]).exits(0);
}

#[test]
fn a_run_that_finds_every_end_carried_out_is_one_that_came() {
    let world = over();
    for target in ["github", "aws", "gcp"] {
        let path = world.repo().join(".git/dualkey").join(format!("{target}.json"));
        let mut file: serde_json::Value = serde_json::from_str(&world.live(target)).unwrap();
        // Yara's two and one of Bob's
        file["entitlements"].as_array_mut().unwrap().retain(|one| {
            let bob = one["principal"] == "402668" && one["resource"] == "northwind/ledger";
            !bob && one["principal"] != "820147" && one["principal"] != "yara@umbra.example"
        });
        std::fs::write(path, file.to_string()).unwrap();
    }
    world.timed(&["verify"]).exits(1).says("revocation-overdue");
    world.timed(&["apply", "--only-ends"]).exits(0);
    world.timed(&["verify"]).exits(0);
    let log = world.dualkey(&["audit", "log"]).exits(0).stdout;
    world.timed(&["apply", "--only-ends"]).exits(0);
    assert_eq!(world.dualkey(&["audit", "log"]).exits(0).stdout, log, "once is enough");
}

#[test]
fn drift_of_embedded_targets_knows_the_runs_on_them() {
    let mut world = World::new();
    world.timed(&["apply", "--sandbox"]).exits(0);
    world.timed(&["drift", "--sandbox"]).exits(0);
    world.now = "2027-02-01T09:00:00Z".to_owned();
    // the real log knows of no run at all
    world.timed(&["drift", "--sandbox"]).exits(1).says("revocation-overdue");
    world.timed(&["verify"]).exits(0);
    world.timed(&["apply", "--sandbox", "--only-ends"]).exits(0);
    world.timed(&["drift", "--sandbox"]).exits(0);
}

#[test]
fn when_the_clock_is_wrong() {
    let world = over();
    let path = world.repo().join(".git/dualkey/github.json");
    let told = world.live("github").replace("\"version\": 1,", "\"version\": 1, \"clock\": \"2027-02-01T10:00:00Z\",");
    std::fs::write(&path, told).unwrap();
    let given = world.live("github");
    // a full run ends, too, and gives nothing
    for arguments in [&["apply"][..], &["apply", "--only-ends"]] {
        std::fs::write(&path, &given).unwrap();
        let ran = world.timed(arguments).exits(4).says("clock-skew").says("seconds behind").says("yara.haddad");
        ran.says("this run only took away");
        assert!(!world.live("github").contains("820147"));
    }
}

#[test]
fn an_end_that_was_moved_at_the_target_is_brought_back() {
    let world = World::new();
    let path = world.repo().join(".git/dualkey/gcp.json");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, r#"{ "version": 1, "as": "gcp", "native_ends": true, "entitlements": [] }"#).unwrap();
    world.timed(&["apply"]).exits(0);
    world.timed(&["drift"]).exits(0);
    let given = world.live("gcp");
    // Yara's engagement ends in January; somebody prolongs at the target what she holds, somebody else cuts it short
    for moved in ["2027-06-30T00:00:00Z", "2026-12-01T00:00:00Z"] {
        let declared = "\"until\": \"2027-01-30T00:00:00Z\"";
        assert!(given.contains(declared), "{given}");
        std::fs::write(&path, given.replacen(declared, &format!("\"until\": \"{moved}\""), 1)).unwrap();
        let drifted = world.timed(&["drift"]).exits(1).says("1 difference").says("until 2027-01-29").says("drift:");
        assert!(drifted.stdout.contains("change "), "{}", drifted.stdout);
        world.timed(&["apply"]).exits(0);
        assert_eq!(world.live("gcp"), given);
        world.timed(&["drift"]).exits(0);
    }
}

//! Refs that look like statements, as many as somebody cares to push: an approved removal ends what it took all the same.

use super::bombs::git_with;
use super::odd::fresh;
use super::{origin, taken};
use crate::looks::{asked_in, count};
use crate::support::World;

/// How many refs there are in a usual run of the stories; `DUALKEY_JUNK` sets another number.
fn how_many() -> usize {
    std::env::var("DUALKEY_JUNK").ok().and_then(|text| text.parse().ok()).unwrap_or(2_000)
}

/// Puts a well-formed statement that nobody signed under each of these refs of the remote.
fn put(world: &World, names: impl Iterator<Item = (String, String)>) {
    let base = world.rev("main");
    let mut stream = String::new();
    for (number, (head, name)) in names.enumerate() {
        let statement = format!(
            "{{\"anchor\":\"x\",\"at\":\"2026-11-23T09:00:00Z\",\"base\":\"{base}\",\"branch\":\"main\",\"digest\":\"sha256:{number:064x}\",\
             \"head\":\"{head}\",\"head_tree\":\"{number:040x}\",\"person\":\"x\",\"type\":\"dualkey/approval/1\",\"verdict\":\"approve\"}}"
        );
        let signature = "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n";
        stream.push_str(&format!("commit {name}\ncommitter x <x@example.com> 1700000000 +0000\ndata 1\nx\n"));
        for (file, text) in [("statement.json", statement.as_str()), ("statement.sig", signature)] {
            stream.push_str(&format!("M 100644 inline {file}\ndata {}\n{text}\n", text.len()));
        }
    }
    git_with(world, &["fast-import", "--quiet"], stream.as_bytes());
}

fn is_gone(world: &World, clone: &std::path::Path) {
    let live = std::fs::read_to_string(clone.join(".git/dualkey/github.json")).unwrap();
    assert!(!live.contains("820147"), "Yara still has access in {}", world.root.path().display());
}

#[test]
fn thousands_of_statements_about_heads_that_nobody_knows_cost_a_run_one_fetch_more() {
    let world = taken();
    let kinds = ["approvals", "withdrawals", "requests", "keys"];
    put(
        &world,
        (0..how_many()).map(|number| {
            let (head, kind) = (format!("{:040x}", number + 1), kinds[number % kinds.len()]);
            (head.clone(), format!("refs/dualkey/{kind}/{head}/priya.shah"))
        }),
    );
    let clone = fresh(&world);
    let (ran, asked) = asked_in(&world, &clone, &["apply", "--only-ends"]);
    ran.exits(0).says("revoke yara.haddad");
    is_gone(&world, &clone);
    // branch, log and lease; what is said of the removal; everything else
    let fetches = count(&asked, &["fetch"]);
    assert!(fetches <= 4 + how_many() / 4096, "{fetches}: {asked:#?}");
    // what came once is not asked for again
    let (ran, again) = asked_in(&world, &clone, &["apply", "--only-ends"]);
    ran.exits(0);
    let more = again.len() - asked.len();
    assert!(more < 20, "{more}: {again:#?}");
}

#[test]
fn thousands_of_statements_about_the_head_that_landed_by_people_whom_nobody_knows() {
    let world = taken();
    let head = world.rev("away");
    let name = |number| format!("refs/dualkey/approvals/{head}/nobody-{number}");
    put(&world, (0..how_many() / 2).map(|number| (head.clone(), name(number))));
    let clone = fresh(&world);
    world.timed_in(&clone, &["apply", "--only-ends"]).exits(0).says("revoke yara.haddad");
    is_gone(&world, &clone);
}

#[test]
fn statements_about_the_head_that_landed_whose_objects_the_remote_lacks() {
    let world = taken();
    let head = world.rev("away");
    let folder = origin(&world).join(format!("refs/dualkey/approvals/{head}"));
    for number in 0..200 {
        std::fs::write(folder.join(format!("nobody-{number}")), format!("{:040x}\n", number + 1)).unwrap();
    }
    let clone = fresh(&world);
    world.timed_in(&clone, &["apply"]).exits(5).says("nothing was applied");
    // what the approver said came first
    let ran = world.timed_in(&clone, &["apply", "--only-ends"]).exits(4).says("revoke yara.haddad");
    ran.says("more refs under refs/dualkey/ can't be had");
    is_gone(&world, &clone);
}

#[test]
fn some_statements_whose_objects_the_remote_lacks_are_left_out() {
    let world = taken();
    let head = world.rev("away");
    let folder = origin(&world).join(format!("refs/dualkey/approvals/{head}"));
    for number in 0..20 {
        std::fs::write(folder.join(format!("nobody-{number}")), format!("{:040x}\n", number + 1)).unwrap();
    }
    let clone = fresh(&world);
    world.timed_in(&clone, &["verify"]).exits(0).says("approved by priya.shah");
    // a remote that lacks so much takes no push
    world.timed_in(&clone, &["apply", "--only-ends"]).exits(4).says("revoke yara.haddad").says("lease-unavailable");
    is_gone(&world, &clone);
}

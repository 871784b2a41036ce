//! What would not be seen: files beside the folders that are read, changes that nobody can read, rules that went.

use std::os::unix::fs::symlink;

use super::{LOOK, all_fail, approve_fails, fails};
use crate::support::{ALICE, ALICE_GRANT, World};

#[test]
fn names_that_are_nearly_right() {
    let world = World::new();
    for (path, meant) in [
        ("grant/alice.yaml", "did you mean `grants`?"),
        ("peoples/alice.yaml", "did you mean `people`?"),
        ("polices/duties.yaml", "did you mean `policies`?"),
        ("Grants/alice.yaml", "rename it to `grants`"),
        ("dualkey.yml", "did you mean `dualkey.yaml`?"),
        ("Dualkey.yaml", "rename it to `dualkey.yaml`"),
    ] {
        world.write(path, ALICE_GRANT);
        all_fail(&world, &LOOK, 1, &["error[un", path.split('/').next().unwrap(), meant]);
        world.git(&["clean", "-q", "-f", "-d"]);
    }
    // and in a commit, which nobody can bring unseen
    world.git(&["switch", "-q", "-c", "near"]);
    world.write("grant/alice.yaml", ALICE_GRANT);
    world.commit("Nearly");
    fails(&world, &["lint", "--rev", "near"], 1, &["error[unexpected-file]", "grant/alice.yaml"]);
    approve_fails(&world, "near", "priya.shah", 3, &["unexpected-file"]);
    world.git(&["switch", "-q", "main"]);
    // what is only somewhat alike is somebody else's
    for path in ["docs/grants/x.yaml", "rule/x.yaml", "scripts/people.yaml", "github/x.yaml"] {
        world.write(path, "hello: world\n");
    }
    world.timed(&["lint"]).exits(0).says("no findings");
}

#[test]
fn a_dualkey_yaml_that_is_no_file() {
    let world = World::new();
    std::fs::rename(world.repo().join("dualkey.yaml"), world.repo().join("settings.yaml")).unwrap();
    symlink("settings.yaml", world.repo().join("dualkey.yaml")).unwrap();
    all_fail(&world, &LOOK, 1, &["error[unsafe-path]", "`dualkey.yaml` is a symbolic link"]);
    world.commit("A link");
    fails(&world, &["lint", "--rev", "HEAD"], 1, &["error[unsafe-path]", "dualkey.yaml"]);
    std::fs::remove_file(world.repo().join("dualkey.yaml")).unwrap();
    std::fs::rename(world.repo().join("settings.yaml"), world.repo().join("dualkey.yml")).unwrap();
    all_fail(&world, &LOOK, 1, &["error[unexpected-file]", "did you mean `dualkey.yaml`?"]);
}

#[test]
fn attributes_that_hide_a_change() {
    let world = World::new();
    world.git(&["switch", "-q", "-c", "hidden"]);
    for line in ["grants/** -diff", "*.yaml linguist-generated=true", "[attr]quiet binary\npeople/* quiet"] {
        world.write(".gitattributes", &format!("* text=auto eol=lf\n{line}\n"));
        fails(&world, &["lint"], 1, &["error[review-diff-hidden]", "--> .gitattributes:"]);
    }
    world.write(".gitattributes", "* text=auto eol=lf\n*.png binary\ndocs/api/** linguist-generated\n");
    world.timed(&["lint"]).exits(0).says("no findings");
    world.write(".github/.gitattributes", "*.yml -diff\n");
    fails(&world, &["lint"], 1, &["error[review-diff-hidden]", ".github/.gitattributes:1"]);
    world.commit("Hide the workflows");
    approve_fails(&world, "hidden", "mei.tanaka", 3, &["review-diff-hidden"]);
}

#[test]
fn a_change_that_nobody_can_read() {
    let world = World::new();
    world.git(&["switch", "-q", "-c", "large"]);
    world.write("grants/payments/alice-refunds.yaml", &format!("{ALICE_GRANT}{}", "# a line\n".repeat(19_980)));
    world.write("people/alice.nguyen.yaml", ALICE);
    world.timed(&["plan"]).exits(0);
    world.write("people/alice.nguyen.yaml", &format!("{ALICE}{}", "# a line\n".repeat(20)));
    fails(&world, &["plan"], 1, &["error[change-too-large]", "20015 lines"]);
    // the state as it is may be as large as it likes
    world.timed(&["lint"]).exits(0);
    std::fs::remove_file(world.repo().join("grants/payments/alice-refunds.yaml")).unwrap();
    for number in 0..3_000 {
        world.write(&format!("groups/g{number}.yaml"), "members: [priya.shah]\n");
    }
    fails(&world, &["plan"], 1, &["error[change-too-large]", "3001 files"]);
    std::fs::remove_file(world.repo().join("groups/g0.yaml")).unwrap();
    world.timed(&["plan"]).exits(0);
}

#[test]
fn rules_that_went_are_no_pass() {
    let world = World::new();
    world.git(&["switch", "-q", "-c", "bare"]);
    world.git(&["mv", "policies", "rules.old"]);
    all_fail(&world, &LOOK, 1, &["error[policy-missing]", " dualkey.yaml:9:"]);
    world.git(&["reset", "-q", "--hard"]);
    world.git(&["rm", "-q", "policies/duties.yaml"]);
    all_fail(&world, &LOOK, 1, &["error[policy-missing]", " policies/approvals.yaml:3:"]);
    world.commit("No duties any more");
    approve_fails(&world, "bare", "mei.tanaka", 3, &["policy-missing"]);
    // a file that can't be read is still there: what it may hold is not told of as missing
    world.git(&["reset", "-q", "--hard", "main"]);
    world.write("policies/duties.yaml", "duties: [\n");
    let lint = fails(&world, &["lint"], 1, &["error[invalid-yaml]"]);
    assert!(!lint.stdout.contains("policy-missing"), "{}", lint.stdout);
}

#[test]
fn what_a_broken_grant_may_name_is_not_unused() {
    let world = World::new();
    world.write("roles/idle.yaml", "title: Idle\nrisk: standard\nentitlements: { repository: pull }\n");
    world.timed(&["lint"]).exits(0).says("warning[unused-role]");
    world.write("grants/payments/broken.yaml", "to: [grace.lin]\nrole: idle\n");
    let lint = fails(&world, &["lint"], 1, &["error[schema]"]);
    assert!(!lint.stdout.contains("unused-role"), "{}", lint.stdout);
}

#[test]
fn words_that_stand_for_all() {
    let world = World::new();
    let refused = |path: &str, text: &str, words: &[&str]| {
        world.write(path, text);
        let mut all = vec!["error[wildcard-permission]", path];
        all.extend(words);
        fails(&world, &["lint"], 1, &all);
        world.git(&["reset", "-q", "--hard"]);
        world.git(&["clean", "-q", "-f", "-d"]);
    };
    let with = |path: &str, from: &str, to: &str| {
        let text = world.read(path);
        assert!(text.contains(from));
        text.replace(from, to)
    };
    let role = "roles/developer.yaml";
    refused(role, &with(role, "DeveloperAccess", "\"*\""), &["`*`"]);
    refused(role, &with(role, "roles/run.viewer", "\"roles/run.*\""), &["`roles/run.*`"]);
    let domain = "domains/payments-staging.yaml";
    refused(domain, &with(domain, "northwind/payments-api", "\"northwind/*\""), &["`northwind/*`"]);
    let bob = "people/bob.keller.yaml";
    for everybody in ["allUsers", "allAuthenticatedUsers"] {
        refused(bob, &with(bob, "bob@globex.example\nemails", &format!("{everybody}\nemails")), &[everybody]);
    }
    let grant = "grants/payments/payees.yaml";
    refused(grant, &with(grant, "[hana.kim]", "[everyone]"), &["`everyone`"]);
}

#[test]
fn an_account_has_one_name() {
    let world = World::new();
    let bob = world.read("people/bob.keller.yaml");
    // a policy of Google Cloud would read each as somebody, and as another one than the account alone
    for second in
        ["user:bob@globex.example", "group:bob@globex.example", "bob@globex.example?uid=1", "bob@globex.example."]
    {
        let text = bob.replace("bob@globex.example\nemails", &format!("\"{second}\"\nemails"));
        assert_ne!(text, bob);
        world.write("people/bob.keller.yaml", &text);
        fails(&world, &["lint"], 1, &["error[schema]", second, "is no account at Google Cloud"]);
    }
}

#[test]
fn shares_are_plain_numbers() {
    let world = World::new();
    let limits = world.read("policies/limits.yaml");
    for share in ["+5%", "-5%", "101%", "5", "5.0%", "%", "0x5%"] {
        world.write("policies/limits.yaml", &limits.replace("5%", &format!("\"{share}\"")));
        fails(&world, &["lint"], 1, &["error[schema]", "policies/limits.yaml:2"]);
    }
}

//! Keys come and go. What was said against something stays said, and nobody makes or says anything by another's key.

use super::{applied, branch, edit, merge};
use crate::support::{World, key, public_key};

const MORE: (&str, &str, &str) = (
    "grants/payments/yara-security-test.yaml",
    "resources: [payments-api, ",
    "resources: [payments-web, payments-api, ",
);

/// A branch by Tom that gives Yara a resource more.
fn more(world: &World) {
    branch(world, "more", |world| edit(world, MORE.0, MORE.1, MORE.2));
}

/// Gives a person these keys and nothing else, approved by whom it takes, and landed.
fn keys_become(world: &World, name: &str, person: &str, keys: &[&str], approvers: &[&str]) {
    branch(world, name, |world| {
        let path = format!("people/{person}.yaml");
        let text = world.read(&path);
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("keys:")).collect();
        let keys: Vec<String> = keys.iter().map(|key| format!("\"{}\"", public_key(key))).collect();
        world.write(&path, &format!("{}\nkeys: [{}]\n", lines.join("\n"), keys.join(", ")));
    });
    for held in keys {
        proves(world, person, held);
    }
    for approver in approvers {
        world.approve(name, approver).exits(0);
    }
    merge(world, name);
    world.timed(&["verify"]).exits(0);
}

fn proves(world: &World, person: &str, held: &str) {
    let file = key(held).to_str().unwrap().to_owned();
    world.timed(&["approve", "--prove-key", "--as", person, "--key", &file, "--yes"]).exits(0);
}

#[test]
fn a_withdrawal_outlives_the_key_that_signed_it() {
    let mut world = applied();
    keys_become(
        &world,
        "second",
        "priya.shah",
        &["priya.shah", "priya.second"],
        &["priya.shah", "mei.tanaka", "sven.olsen"],
    );
    world.timed(&["apply"]).exits(0);
    more(&world);
    world.approve("more", "priya.shah").exits(0);
    world.now = "2026-11-23T10:00:00Z".to_owned();
    let second = key("priya.second").to_str().unwrap().to_owned();
    let withdraw = ["approve", "--yes", "--withdraw", "--as", "priya.shah", "--key", &second, "--head", "more"];
    world.timed(&withdraw).exits(0);
    world.timed(&["verify", "--head", "more"]).exits(1).says("approval-withdrawn");
    world.timed(&["apply"]).exits(0);
    world.now = "2026-11-23T11:00:00Z".to_owned();
    keys_become(&world, "first", "priya.shah", &["priya.shah"], &["priya.shah", "mei.tanaka", "sven.olsen"]);
    world.timed(&["verify", "--head", "more"]).exits(1).says("approval-withdrawn");
    // by the key that stands, what she says later counts
    world.now = "2026-11-23T12:00:00Z".to_owned();
    world.approve("more", "priya.shah").exits(0);
    world.timed(&["verify", "--head", "more"]).exits(0);
}

#[test]
fn an_objection_outlives_the_key_that_signed_it_and_is_taken_back_by_the_next() {
    let mut world = applied();
    more(&world);
    world.approve("more", "priya.shah").exits(0);
    world.approve_with(&["--head", "more", "--request-changes"], "grace.lin").exits(0);
    world.timed(&["apply"]).exits(0);
    world.now = "2026-11-23T10:00:00Z".to_owned();
    keys_become(&world, "rotated", "grace.lin", &["grace.second"], &["grace.lin", "mei.tanaka", "sven.olsen"]);
    world.timed(&["verify", "--head", "more"]).exits(1).says("changes-requested");
    // the branch being updated is no answer either
    world.git(&["switch", "-q", "more"]);
    world.git(&["merge", "-q", "--no-ff", "-m", "Update", "main"]);
    world.git(&["push", "-q", "origin", "more"]);
    world.approve("more", "priya.shah");
    world.timed(&["verify", "--head", "more"]).exits(1).says("changes-requested");
    world.now = "2026-11-23T11:00:00Z".to_owned();
    let second = key("grace.second").to_str().unwrap().to_owned();
    world.timed(&["approve", "--yes", "--as", "grace.lin", "--key", &second, "--head", "more"]).exits(0);
    world.timed(&["verify", "--head", "more"]).exits(0);
}

#[test]
fn a_key_that_went_before_a_head_was_begun_says_nothing_of_it() {
    let mut world = applied();
    keys_become(&world, "rotated", "grace.lin", &["grace.second"], &["grace.lin", "mei.tanaka", "sven.olsen"]);
    world.timed(&["apply"]).exits(0);
    world.now = "2026-11-23T10:00:00Z".to_owned();
    more(&world);
    world.approve("more", "priya.shah").exits(0);
    // who found the old key isn't heard
    let old = key("grace.lin").to_str().unwrap().to_owned();
    world
        .timed(&["approve", "--yes", "--as", "grace.lin", "--key", &old, "--head", "more", "--request-changes"])
        .exits(2);
    world.timed(&["verify", "--head", "more"]).exits(0);
}

#[test]
fn who_left_is_no_author_who_could_be_told_from_the_approver() {
    let mut world = applied();
    branch(&world, "left", |world| {
        edit(world, "people/tom.reed.yaml", "type: employee", "ended: 2026-11-23\ntype: employee")
    });
    world.approve("left", "mei.tanaka").exits(0);
    merge(&world, "left");
    world.timed(&["apply"]).exits(0);
    // a week later somebody has his laptop
    world.now = "2026-11-30T09:00:00Z".to_owned();
    branch(&world, "evil", |world| {
        edit(world, "grants/payments/payments-readers.yaml", "[hana.kim, ", "[sven.olsen, hana.kim, ");
    });
    world.approve("evil", "priya.shah").exits(0);
    let refused = world.timed(&["verify", "--head", "evil"]).exits(1);
    refused.says("refused[quorum-not-met]").says("author-unknown");
    merge(&world, "evil");
    world.timed(&["apply"]).exits(3);
    world.approve("evil", "grace.lin").exits(0);
    world.timed(&["verify"]).exits(0);
}

#[test]
fn a_key_is_one_person_s_for_ever() {
    let mut world = applied();
    // priya signs what she will approve
    world.be("priya.shah");
    branch(&world, "evil", |world| {
        edit(world, "grants/payments/payments-readers.yaml", "[hana.kim, ", "[sven.olsen, hana.kim, ");
    });
    world.be("tom.reed");
    keys_become(&world, "rotated", "priya.shah", &["priya.second"], &["priya.shah", "mei.tanaka", "sven.olsen"]);
    world.timed(&["apply"]).exits(0);
    world.now = "2026-11-23T10:00:00Z".to_owned();
    branch(&world, "reused", |world| {
        let text = world.read("people/hana.kim.yaml");
        world.write("people/hana.kim.yaml", &format!("{text}keys: [\"{}\"]\n", public_key("priya.shah")));
    });
    proves(&world, "hana.kim", "priya.shah");
    world.approve("reused", "lena.vogt").exits(3).says("key-reused").says("`priya.shah`");
    world.timed(&["verify", "--head", "reused"]).exits(1).says("refused[key-reused]");
    world.timed(&["plan", "--head", "reused"]).exits(1).says("error[key-reused]");
    // and what was signed with it is nobody else's
    let second = key("priya.second").to_str().unwrap().to_owned();
    let approve = ["approve", "--yes", "--as", "priya.shah", "--key", &second, "--head", "evil"];
    world.timed(&approve).exits(3).says("priya.shah");
}

#[test]
fn lint_tells_of_a_key_that_goes_from_one_to_another_at_once() {
    let world = World::new();
    branch(&world, "swapped", |world| {
        let text = world.read("people/hana.kim.yaml");
        world.write("people/hana.kim.yaml", &format!("{text}keys: [\"{}\"]\n", public_key("priya.shah")));
        let text = world.read("people/priya.shah.yaml");
        world.write(
            "people/priya.shah.yaml",
            &text.replace(public_key("priya.shah").as_str(), &public_key("priya.second")),
        );
    });
    world.timed(&["lint", "--base", "main"]).exits(1).says("error[key-reused]");
}

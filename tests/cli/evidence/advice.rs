//! What somebody is told to do leads on: whom to ask, how many, and what is left once it is merged.

use super::*;
use crate::support::key;

fn sign(forge: &Forge, head: &str, person: &str) -> Command {
    let key = key(person);
    forge.command(&["approve", "--head", head, "--yes", "--key", key.to_str().unwrap()])
}

#[test]
fn who_signs_a_head_with_an_open_pull_request_is_not_told_that_there_is_none() {
    let forge = Forge::open();
    forge.let_alice_in();
    // nobody could be asked, and so nobody says that none is open
    let mut offline = sign(&forge, "alice", "priya.shah");
    offline.env_remove("GITHUB_TOKEN");
    let told = finish(offline).exits(0).says("DUALKEY_FORGE_TOKEN");
    assert!(!told.stdout.contains("no pull request of"), "{}", told.stdout);
    assert!(told.stdout.contains("; and the forge has still to answer"), "{}", told.stdout);
    let told = finish(sign(&forge, "alice", "priya.shah")).exits(0);
    assert!(!told.stdout.contains("not-via-pull-request"), "{}", told.stdout);
    forge.run(&["verify", "--pull", "99"]).exits(5).says("there is no pull request 99");
    // where it is so, it is said as one says it
    forge.world.git(&["switch", "-q", "-c", "apart", "main"]);
    let bob = forge.world.read("people/bob.keller.yaml").replace("Bob Keller", "Robert Keller");
    forge.world.write("people/bob.keller.yaml", &bob);
    forge.world.commit("Another name");
    forge.pushed("apart", "tomreed");
    let told = forge.run(&["plan", "--head", "apart"]).exits(0).stdout;
    assert!(told.replace("\n  ", " ").contains(", in an open pull request"), "{told}");
}

#[test]
fn who_asks_for_two_is_told_of_two_and_why() {
    let forge = Forge::open();
    forge.world.git(&["switch", "-q", "-c", "policy", "main"]);
    let policy = forge.world.read("policies/approvals.yaml");
    forge.world.write("policies/approvals.yaml", &format!("{policy}# looked at\n"));
    forge.world.commit("A word");
    forge.pushed("policy", "tomreed");
    let number = forge.open_pull("policy", "main", "tomreed");
    let told = forge.run(&["verify", "--pull", &number.to_string()]).exits(1).stdout.replace("\n        ", " ");
    let two = format!("have #{number} approved by 2 of `");
    let both = format!("have #{number} approved by `");
    let line = told.lines().find(|line| line.contains(&both) || line.contains(&two)).unwrap();
    assert!(line.contains(" 2 of ") || line.contains(" and `"), "{line}");
    assert!(!line.contains("` or `"), "{line}");

    // an address that nobody has makes one of one two
    forge.world.git(&["config", "user.email", "somebody@else.example"]);
    let number = forge.let_alice_in();
    let told = forge.run(&["verify", "--pull", &number.to_string()]).exits(1).stdout.replace("\n  ", " ");
    assert!(told.contains("asks for 2 (1 more than the rule's 1: "), "{told}");
}

#[test]
fn what_is_merged_already_is_not_to_be_reviewed_any_more() {
    let forge = Forge::open();
    let number = forge.let_alice_in();
    let head = forge.world.rev("alice");
    forge.merge(number, "alice", Method::Merge);
    forge.approve(number, "priyashah");
    forge.run(&["apply"]).exits(3).says("approval-after-merge").says("help: `dualkey verify` says");
    let told = forge.run(&["verify"]).exits(1).stdout.replace("\n        ", " ");
    assert!(told.contains("is merged, and reviews of it come too late: revert it"), "{told}");
    assert!(told.contains("policies/ratified/ID.yaml"), "{told}");
    assert!(!told.contains("have #"), "{told}");
    // a signature is one of the ways it names
    finish(sign(&forge, &head, "priya.shah")).exits(0);
    forge.run(&["apply"]).exits(0);
    assert!(forge.has_alice());
}

#[test]
fn a_head_that_heals_is_told_apart_from_one_that_waits() {
    let forge = Forge::open();
    let number = forge.let_alice_in();
    let merged = forge.merge(number, "alice", Method::Merge);
    forge.run(&["apply"]).exits(3);
    forge.world.git(&["switch", "-q", "-c", "revert", "main"]);
    forge.world.git(&["revert", "-m", "1", "--no-edit", &merged]);
    forge.pushed("revert", "tomreed");
    forge.open_pull("revert", "main", "tomreed");
    let told = forge.run(&["verify", "--head", "revert"]).exits(0).says("would land");
    assert!(!told.stdout.contains("would wait behind"), "{}", told.stdout);
    // beside it stands what waits
    forge.world.git(&["switch", "-q", "-c", "beside", "main~1"]);
    forge.world.write("README.md", "# Beside\n");
    forge.world.commit("Beside");
    forge.pushed("beside", "tomreed");
    forge.run(&["verify", "--head", "beside"]).exits(0).says("it would wait behind");
}

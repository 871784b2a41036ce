//! What the log keeps of what a forge told, and how far it is believed.

use super::*;
use crate::support::key;

/// Applied once, with a checkpoint that is kept beside the clone.
fn with_checkpoint() -> Forge {
    let forge = Forge::open();
    forge.world.dualkey(&["audit", "export", "../export"]).exits(0);
    std::fs::copy(forge.world.path("export/checkpoint"), forge.world.path("checkpoint")).unwrap();
    forge.run(&["apply", "--checkpoint", "../checkpoint"]).exits(0);
    forge
}

/// A reviewed landing that was applied, with the checkpoint of then, and its number.
fn applied() -> (Forge, u64) {
    let forge = with_checkpoint();
    let number = forge.let_alice_in();
    forge.approve(number, "priyashah");
    forge.merge(number, "alice", Method::Merge);
    forge.run(&["apply", "--checkpoint", "../checkpoint"]).exits(0);
    assert!(forge.has_alice());
    (forge, number)
}

#[test]
fn what_people_say_later_changes_nothing_of_what_the_log_has() {
    let (forge, number) = applied();
    forge.server.world(|hub| hub.request_changes("access", number, "priyashah"));
    forge.run(&["verify"]).exits(0).says("approved by priya.shah");
    forge.run(&["apply", "--checkpoint", "../checkpoint"]).exits(0);
}

#[test]
fn the_forge_is_asked_again_about_what_was_recorded_after_the_checkpoint() {
    let (forge, _) = applied();
    // the run before kept a checkpoint that covers it
    forge.server.take_log();
    forge.run(&["apply", "--checkpoint", "../checkpoint"]).exits(0);
    assert_eq!(forge.server.take_log().count(), 0);
    // a runner that keeps none believes nothing that it didn't see
    forge.run(&["apply"]).exits(0);
    assert!(forge.server.take_log().count() > 0);
}

#[test]
fn a_record_that_only_the_key_of_the_log_signed_gives_nothing() {
    let forge = with_checkpoint();
    let number = forge.let_alice_in();
    let review = forge.server.world(|hub| hub.approve("access", number, "priyashah"));
    forge.pass(5);
    forge.merge(number, "alice", Method::Merge);
    // whoever stole the key writes that Priya reviewed it
    std::fs::copy(forge.world.path("checkpoint"), forge.world.path("stolen")).unwrap();
    forge.run(&["apply", "--checkpoint", "../stolen"]).exits(0);
    // and she never did
    forge.server.world(|hub| hub.forget_review("access", number, review));
    std::fs::remove_file(forge.world.repo().join(".git/dualkey/github.json")).unwrap();
    for _ in 0..2 {
        let ran = forge.run(&["apply", "--checkpoint", "../checkpoint"]).says("record-unproven");
        assert_ne!(ran.code, 0);
        assert!(!forge.has_alice(), "{ran:?}");
        assert!(forge.world.live("github").contains("402668"), "what is proven is given");
    }
    // who asks nobody says whose word that is
    forge.offline(&["verify"]).exits(0).says("as the forge told");
}

/// Whoever holds the log's key writes of a review that nobody gave, and a later landing takes the forge out of the settings.
#[test]
fn a_later_landing_makes_no_record_believed_that_the_forge_should_confirm() {
    let forge = with_checkpoint();
    let number = forge.let_alice_in();
    let review = forge.server.world(|hub| hub.approve("access", number, "priyashah"));
    forge.pass(5);
    forge.merge(number, "alice", Method::Merge);
    std::fs::copy(forge.world.path("checkpoint"), forge.world.path("stolen")).unwrap();
    forge.run(&["apply", "--checkpoint", "../stolen"]).exits(0);
    forge.world.git(&["switch", "-q", "-c", "signed", "main"]);
    let settings = forge.world.read("dualkey.yaml").replace("evidence: github", "evidence: signatures");
    forge.world.write("dualkey.yaml", &settings);
    forge.world.commit("Let signatures alone prove approvals");
    forge.pushed("signed", "tomreed");
    let number = {
        let signed = forge.open_pull("signed", "main", "tomreed");
        for login in ["mei-tanaka", "lvogt"] {
            forge.approve(signed, login);
        }
        forge.merge(signed, "signed", Method::Merge);
        number
    };
    forge.run(&["apply", "--checkpoint", "../stolen"]).exits(0);
    forge.run(&["verify"]).exits(0);
    // and Priya never did
    forge.server.world(|hub| hub.forget_review("access", number, review));
    std::fs::remove_file(forge.world.repo().join(".git/dualkey/github.json")).unwrap();
    let ran = forge.run(&["apply", "--checkpoint", "../checkpoint"]).says("record-unproven");
    assert_ne!(ran.code, 0);
    assert!(!forge.has_alice(), "{ran:?}");
}

#[test]
fn what_is_dismissed_or_said_after_the_merge_came_too_late() {
    let forge = Forge::open();
    let number = forge.let_alice_in();
    let review = forge.server.world(|hub| hub.approve("access", number, "priyashah"));
    forge.pass(5);
    forge.merge(number, "alice", Method::Merge);
    forge.server.world(|hub| {
        hub.dismiss_review("access", number, review, "tomreed", "late");
        hub.request_changes("access", number, "grace-lin");
    });
    forge.pass(1);
    forge.run(&["verify"]).exits(0).says("approved by priya.shah");
}

#[test]
fn a_rule_may_ask_for_a_signature() {
    let rule = (
        "policies/approvals.yaml",
        "{ change: access, count: 1, from: domain-owners }",
        "{ change: access, count: 1, from: domain-owners, by: signature }",
    );
    let forge = Forge::begun(&[rule]);
    forge.run(&["apply"]).exits(0);
    let number = forge.let_alice_in();
    forge.approve(number, "priyashah");
    let pull = number.to_string();
    forge.run(&["verify", "--pull", &pull]).exits(1).says("by signature").says("priya.shah");
    let (head, now) = (forge.world.rev("alice"), forge.server.clock().now().to_string());
    let (mine, args) = (key("grace.lin"), ["approve", "--yes", "--head", &head, "--now", &now]);
    forge.world.dualkey(&[&args[..], &["--key", mine.to_str().unwrap()]].concat()).exits(0);
    forge.run(&["verify", "--pull", &pull]).exits(0).says("would land");
    forge.merge(number, "alice", Method::Merge);
    forge.run(&["apply"]).exits(0);
    assert!(forge.has_alice());
}

//! `verify --head` says before the merge what would be refused after it, and until when approvals count.

use crate::support::World;

const BOB: &str = "grants/payments/bob-checkout.yaml";
const HANA: &str =
    "to: [hana.kim]\nrole: reader\ndomain: ledger-staging\nresources: [ledger]\nreason: Follows the refunds\n";

#[test]
fn a_head_that_undoes_what_its_own_line_was_approved_for_is_refused_before_it_lands() {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    let grant = world.read(BOB);
    world.git(&["switch", "-q", "-c", "away", "main"]);
    world.git(&["rm", "-q", BOB]);
    world.commit("Bob is done");
    world.git(&["push", "-q", "origin", "away"]);
    world.approve("away", "priya.shah").exits(0);
    world.git(&["switch", "-q", "-c", "harmless"]);
    world.write(BOB, &grant);
    world.write("grants/ledger/hana-ledger.yaml", HANA);
    world.commit("Let Hana read");
    world.git(&["push", "-q", "origin", "harmless"]);
    world.approve("harmless", "omar.diallo").exits(0);
    let foreseen = world.timed(&["verify", "--head", "harmless"]).exits(1).says("would not land");
    foreseen.says("refused[landing-left-out]").says("which priya.shah approved");
    world
        .timed(&["plan", "--head", "harmless"])
        .exits(1)
        .says("blocked by landing-left-out")
        .says("stands against it")
        .says("landing-left-out");
    // so it is: the same is said once it has landed
    world.land("harmless");
    world.timed(&["verify"]).exits(1).says("refused[landing-left-out]");
}

#[test]
fn an_approval_says_until_when_it_counts() {
    let world = World::new();
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    let says = "the approval of `priya.shah` counts until 2027-02-21T09:00:00+00:00";
    world.timed(&["verify", "--head", "alice"]).exits(0).says(says);
    world.timed(&["plan", "--head", "alice"]).exits(0).says(says);
    let markdown = world.timed(&["verify", "--head", "alice", "--format", "markdown"]).exits(0).stdout;
    assert!(markdown.contains("counts until 2027-02-21T09:00:00"), "{markdown}");
    let json = world.timed(&["verify", "--head", "alice", "--format", "json"]).exits(0).json();
    let lasting = serde_json::json!([{ "person": "priya.shah", "until": "2027-02-21T09:00:00+00:00" }]);
    assert_eq!(json["counts_until"], lasting);
    world.now_is("2027-02-21T09:00:01Z").timed(&["verify", "--head", "alice"]).exits(1).says("approval-expired");
    // what takes access away waits for nothing
    world.git(&["switch", "-q", "-c", "away", "main"]);
    world.git(&["rm", "-q", BOB]);
    world.commit("Bob is done");
    world.approve("away", "priya.shah").exits(0);
    let verified = world.timed(&["verify", "--head", "away"]).exits(0).stdout;
    assert!(!verified.contains("counts until"), "{verified}");
}

#[test]
fn what_never_was_on_the_branch_gets_no_verdict_of_the_branch() {
    let world = World::new();
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    for args in [["--rev", "alice"], ["--range", "main..alice"]] {
        let told = world.timed(&[&["verify"], &args[..]].concat()).exits(2);
        told.says("is not on `main`").says("verify --head");
    }
    world.timed(&["verify", "--rev", "main"]).exits(0);
}

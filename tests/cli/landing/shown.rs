//! Behind a refused push, `plan` shows what `approve` shows: everything since the last verified landing.

use crate::support::{ALICE, ALICE_GRANT, World};

/// Alice's grant is pushed and nobody approved it; on top of it stands `head`, which takes Bob's, and beside it `beside`.
fn refused() -> World {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    world.git(&["branch", "old"]);
    world.write("people/alice.nguyen.yaml", ALICE);
    world.write("grants/payments/alice-refunds.yaml", ALICE_GRANT);
    world.commit("Let Alice in");
    world.git(&["push", "-q", "origin", "main"]);
    for (name, from) in [("head", "main"), ("beside", "old")] {
        world.git(&["switch", "-q", "-c", name, from]);
        world.git(&["rm", "-q", "grants/payments/bob-checkout.yaml"]);
        world.commit("Bob is done");
        world.git(&["push", "-q", "origin", name]);
    }
    world
}

#[test]
fn a_plan_behind_a_refused_push_starts_where_an_approval_does() {
    let world = refused();
    let (genesis, bad) = (world.rev("old"), world.rev("main"));
    let line =
        format!("starts at the last verified landing: main has refused commits since, the first is {}", &bad[..10]);
    let flat = |text: &str| text.replace('`', "").replace("\n  ", " ").to_lowercase();
    for (head, gains) in [("head", true), ("beside", false), ("main", true)] {
        let plan = world.timed(&["plan", "--head", head]).stdout;
        assert!(flat(&plan).contains(&line), "{head}: {plan}");
        assert_eq!(plan.contains("alice.nguyen (new"), gains, "{head}: {plan}");
        let markdown = world.timed(&["plan", "--head", head, "--format", "markdown"]).stdout;
        assert!(flat(&markdown).contains(&line), "{markdown}");
        assert_eq!(markdown.contains("alice.nguyen"), gains, "{markdown}");
        assert!(flat(&world.timed(&["plan", "--head", head, "--format", "github"]).stdout).contains(&line));
        let document = world.timed(&["plan", "--head", head, "--format", "json"]).json();
        assert_eq!(
            (&document["base"], &document["refused"]),
            (&genesis.clone().into(), &bad.clone().into()),
            "{document:#}"
        );
        // what the approver is shown is the same, but for the names of the two ends
        let shown = world.approve(head, "priya.shah").exits(0).stdout;
        let plan: Vec<&str> = plan.lines().filter(|line| !line.contains(", from ")).collect();
        for line in plan.iter().take_while(|line| !line.starts_with("digest")).filter(|line| !line.contains("priya")) {
            assert!(shown.contains(*line), "{head}: {line}\nis not in\n{shown}");
        }
    }
}

#[test]
fn a_base_that_is_named_is_the_base() {
    let world = refused();
    let document = world.timed(&["plan", "--base", "main", "--head", "head", "--format", "json"]).json();
    assert_eq!((&document["base"], &document["refused"]), (&world.rev("main").into(), &serde_json::Value::Null));
    assert!(!document.to_string().contains("alice.nguyen"), "{document:#}");
}

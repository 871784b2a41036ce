//! A run that somebody ends while it judges takes away what is over all the same.

use std::fs::File;

use crate::support::World;
use crate::survival::{begin, ended, lease, signal, until};

/// Judges for longer than anybody waits, as soon as Alice is there.
const SLOW: &str = "package slow

import rego.v1

deny contains \"never\" if {
  input.people[\"alice.nguyen\"]
  some a, _ in input.people
  some b, _ in input.people
  some c, _ in input.people
  some d, _ in input.people
  some e, _ in input.people
  some f, _ in input.people
  some g, _ in input.people
  concat(\"\", [a, b, c, d, e, f, g]) == \"\"
}
";

/// Everything is live, the time of Yara's grant is over, and somebody pushed what takes long to judge.
pub fn slow() -> World {
    let world = World::unanchored();
    world.write("policies/slow.rego", SLOW);
    world.commit("A rule");
    world.git(&["push", "-q", "origin", "main"]);
    let mut world = world.begun();
    world.timed(&["apply"]).exits(0);
    world.now = "2027-02-01T09:00:00Z".to_owned();
    world.let_alice_in("alice");
    world.git(&["push", "-q", "origin", "alice:main"]);
    world
}

fn is_held(world: &World) -> bool {
    lease(world)["released"] == false
}

#[test]
fn a_signal_while_it_judges_stops_the_judging_and_no_end() {
    let world = slow();
    let github = world.live("github");
    for (name, args) in [("TERM", &["--only-ends"][..]), ("INT", &[])] {
        std::fs::write(world.repo().join(".git/dualkey/github.json"), &github).unwrap();
        let run = begin(&world, &world.repo(), args);
        until(|| is_held(&world));
        signal(&world, name, &run.id().to_string());
        ended(run).exits(4).says("yara.haddad").says("run-interrupted").says("ends-alone");
        let live = world.live("github");
        assert!(!live.contains("820147"), "Yara still has access");
        assert!(!live.contains("583231"), "an end gave access");
        assert!(!is_held(&world));
    }
    // that is in the log
    world.dualkey(&["audit", "log"]).exits(0).says("only ends");
}

#[test]
fn one_signal_more_ends_it_at_once() {
    let world = slow();
    let busy = File::create(world.repo().join(".git/dualkey/github.json.lock")).unwrap();
    busy.lock().unwrap();
    let run = begin(&world, &world.repo(), &["--only-ends"]);
    until(|| is_held(&world));
    signal(&world, "TERM", &run.id().to_string());
    // one target has done its part, and the other keeps the run waiting
    until(|| !world.live("aws").contains("yara"));
    signal(&world, "TERM", &run.id().to_string());
    assert_eq!(ended(run).code, 143);
    assert!(world.live("github").contains("820147"));
}

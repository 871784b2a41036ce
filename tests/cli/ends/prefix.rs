//! Somebody pushes what nobody can judge on top of what was approved: what stands below it counts, and it can be undone.

use dualkey::audit::Record;
use dualkey::audit::record::At;

use super::bombs::{git_with, lands, repeating, unfolding};
use super::{ends_by, origin, prolonged, taken};
use crate::attacks::log_key::{forge, landing, records};
use crate::only_ends::over;
use crate::support::World;

/// A commit on top of the branch with the tree that the branch had before.
fn undo(world: &World, before: &str) {
    let tree = format!("{before}^{{tree}}");
    let commit = git_with(world, &["commit-tree", "-p", "refs/heads/main", "-m", "Undo", &tree], b"");
    world.git_in(&origin(world), &["update-ref", "refs/heads/main", &commit]);
}

/// What was approved below it is carried out, and undoing it heals.
#[track_caller]
fn is_passed_over(bomb: fn(&World) -> String) {
    let world = taken();
    let before = world.rev("main");
    lands(&world, &bomb(&world));
    ends_by(&world, "by the log").says("judging-too-dear").says("git revert");
    // nothing is given meanwhile
    world.timed(&["apply"]).exits(5).says("judging-too-dear");
    undo(&world, &before);
    world.timed(&["apply"]).exits(0);
    // that is recorded, and judged again by whoever reads the record
    world.git(&["pull", "-q", "origin", "main"]);
    world.timed(&["verify"]).exits(0);
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    world.land("alice");
    world.timed(&["apply"]).exits(0).says("alice.nguyen");
}

#[test]
fn a_tree_that_unfolds_costs_no_more_than_its_share() {
    is_passed_over(unfolding);
}

#[test]
fn files_that_nobody_has_room_for_cost_no_more_than_their_share() {
    is_passed_over(repeating);
}

#[test]
fn what_an_approved_landing_below_it_prolonged_is_not_over() {
    let mut world = prolonged();
    lands(&world, &unfolding(&world));
    world.timed(&["apply", "--only-ends"]).exits(5).says("judging-too-dear");
    assert!(world.live("github").contains("583231"), "what was prolonged is over");
    world.now = "2027-01-21T09:00:00Z".to_owned();
    world.timed(&["apply", "--only-ends"]).exits(4).says("alice.nguyen");
    assert!(!world.live("github").contains("583231"), "Alice still has access");
}

#[test]
fn a_statement_that_nobody_signed_about_what_nobody_can_look_at_stops_nothing() {
    let world = taken();
    let before = world.rev("main");
    lands(&world, &unfolding(&world));
    let bomb = world.git_in(&origin(&world), &["rev-parse", "refs/heads/main"]).trim().to_owned();
    world.git_in(&origin(&world), &["update-ref", "refs/heads/main", &before]);
    // what Priya really said of another head, told of this one
    let approvals =
        world.git_in(&origin(&world), &["for-each-ref", "--format=%(objectname)", "refs/dualkey/approvals"]);
    let said = approvals.lines().next().unwrap();
    for name in ["statement.json", "statement.sig"] {
        assert!(!world.git_in(&origin(&world), &["show", &format!("{said}:{name}")]).is_empty());
    }
    let text = world.git_in(&origin(&world), &["show", &format!("{said}:statement.json")]);
    let head: serde_json::Value = serde_json::from_str(&text).unwrap();
    let text = text.replace(head["head"].as_str().unwrap(), &bomb);
    let json = git_with(&world, &["hash-object", "-w", "--stdin"], text.as_bytes());
    let signature = world.git_in(&origin(&world), &["rev-parse", &format!("{said}:statement.sig")]);
    let tree = format!("100644 blob {json}\tstatement.json\n100644 blob {}\tstatement.sig\n", signature.trim());
    let tree = git_with(&world, &["mktree"], tree.as_bytes());
    let commit = git_with(&world, &["commit-tree", "-p", &bomb, "-m", "x", &tree], b"");
    let name = format!("refs/dualkey/approvals/{bomb}/priya.shah");
    world.git_in(&origin(&world), &["update-ref", &name, &commit]);
    world.timed(&["apply", "--only-ends"]).exits(0).says("yara.haddad");
    assert!(!world.live("github").contains("820147"), "Yara still has access");
}

/// Whoever holds the log's key writes a landing that nobody approved, and lets the branch be one that nobody can judge.
#[test]
fn a_landing_that_the_log_alone_tells_prolongs_nothing_where_nobody_can_judge() {
    let world = over();
    let far: At = "2028-01-01T00:00:00Z".parse().map(At).unwrap();
    let told = records(&world);
    let hers = told.iter().filter_map(|record| if let Record::Landing(one) = record { Some(one) } else { None });
    let hers = hers.flat_map(|one| &one.changes).filter(|change| change.person == "yara.haddad");
    let mut changes: Vec<_> = hers.cloned().collect();
    assert!(!changes.is_empty());
    for change in &mut changes {
        change.after.iter_mut().for_each(|span| span.1 = Some(far));
    }
    world.git(&["commit", "-q", "--allow-empty", "-m", "Nothing"]);
    world.git(&["push", "-q", "origin", "main"]);
    let mut made_up = landing(&world, "main", Vec::new());
    made_up.changes = changes;
    forge(&world, vec![Record::Landing(made_up)]);
    lands(&world, &unfolding(&world));
    ends_by(&world, "by the log").says("judging-too-dear");
    // nor where there is no branch at all
    let world = over();
    world.git(&["commit", "-q", "--allow-empty", "-m", "Nothing"]);
    world.git(&["push", "-q", "origin", "main"]);
    let mut made_up = landing(&world, "main", Vec::new());
    made_up.changes = records(&world)
        .iter()
        .filter_map(|record| if let Record::Landing(one) = record { Some(one.changes.clone()) } else { None })
        .flatten()
        .map(|mut change| {
            change.after.iter_mut().for_each(|span| span.1 = Some(far));
            change
        })
        .collect();
    forge(&world, vec![Record::Landing(made_up)]);
    super::delete_refs(&world, &["refs/heads/main"]);
    ends_by(&world, "by the log");
}

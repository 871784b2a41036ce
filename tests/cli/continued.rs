//! A log that can't be gone on with is begun anew: by two people, under a new anchor, and seen for ever.

use crate::support::{Ran, World, takes_now};

/// Alice is let in and applied; then the log's private key is lost.
fn without_its_key() -> World {
    let world = World::told();
    std::fs::remove_file(world.path("log.key")).unwrap();
    world
}

/// Makes a key and pins it at the tip of the protected branch. Gives its id.
fn pin_key(world: &World, file: &str) -> String {
    let key = world.names_key(file);
    world.commit("Another log key");
    world.git(&["push", "-q", "origin", "main"]);
    key.split('+').nth(1).unwrap().to_owned()
}

fn vouch(world: &World, people: &[&str]) {
    people.iter().for_each(|person| drop(world.approve_with(&["--genesis", "main"], person).exits(0)));
}

fn go_on(world: &World, file: &str) -> Ran {
    let key = format!("../{file}");
    world.timed(&["audit", "init", "--genesis", "main", "--continue", "--yes", "--log-key", &key])
}

/// The log is begun anew, and the world keeps its new anchor and key.
pub fn renewed(world: &mut World, file: &str) {
    let id = pin_key(world, file);
    vouch(world, &["mei.tanaka", "priya.shah"]);
    let anchor = format!("{}:{id}", world.rev("main"));
    go_on(world, file).exits(0).says("the log begins anew with").says(&format!("DUALKEY_ANCHOR={anchor}"));
    std::fs::copy(world.path(file), world.path("log.key")).unwrap();
    world.anchor = Some(anchor);
}

#[test]
fn after_a_lost_key_the_log_is_begun_anew_and_says_so_for_ever() {
    let mut world = without_its_key();
    let old_root = world.dualkey(&["audit", "verify"]).exits(0).stdout;
    let old_root = old_root.split("root ").nth(1).unwrap().split(',').next().unwrap().to_owned();
    let first = world.anchor.clone().unwrap();
    renewed(&mut world, "new.key");
    // what follows is judged and applied as before
    world.timed(&["apply"]).exits(0);
    world.git(&["switch", "-q", "-c", "leaves"]);
    world.git(&["rm", "-q", "grants/payments/alice-refunds.yaml"]);
    world.commit("Alice is done");
    world.git(&["push", "-q", "origin", "leaves"]);
    world.approve("leaves", "priya.shah").exits(0);
    world.land("leaves");
    assert!(world.live("github").contains("payments-api"));
    world.timed(&["apply"]).exits(0).says("revoke alice.nguyen");
    let verified = world.dualkey(&["audit", "verify"]).exits(0);
    let said = verified.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("begun anew after a log of") && said.contains(&first), "{said}");
    assert!(said.contains(&old_root), "{old_root} is not in {said}");
    world.dualkey(&["audit", "log"]).exits(0).says("(the log begun anew)");
    // each break stays
    let second = world.anchor.clone().unwrap();
    renewed(&mut world, "newer.key");
    let verified = world.dualkey(&["audit", "verify"]).exits(0).stdout;
    let said = verified.split_whitespace().collect::<Vec<_>>().join(" ");
    let places =
        [&first, &second].map(|anchor| said.find(anchor.as_str()).unwrap_or_else(|| panic!("{anchor}: {said}")));
    assert!(places[0] < places[1], "{said}");
}

#[test]
fn whoever_keeps_the_old_anchor_is_moved_by_nobody() {
    let mut world = without_its_key();
    let old = world.anchor.clone();
    renewed(&mut world, "new.key");
    let new = std::mem::replace(&mut world.anchor, old);
    let live = world.live("github");
    for (args, code) in [(&["apply"][..], 3), (&["audit", "verify"], 1), (&["verify"], 1), (&["audit", "log"], 3)] {
        let ran = if takes_now(args) { world.timed(args) } else { world.dualkey(args) };
        let ran = ran.exits(code).says("anchor-mismatch");
        let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            said.contains("begun anew after that one") && said.contains("`mei.tanaka, priya.shah` vouched"),
            "{said}"
        );
        // the new anchor has to come from people: what stands in the repository is what an attacker can write
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains(new.as_deref().unwrap()), "{args:?}");
    }
    assert_eq!(world.live("github"), live);
    // ends need no log
    world.now_is("2027-01-05T06:00:00Z").timed(&["apply", "--only-ends"]).exits(4);
    assert!(!world.live("github").contains("alice-nw") || !world.live("github").contains("583231"));
}

#[test]
fn a_log_is_begun_anew_only_as_the_first_one_was() {
    let mut world = without_its_key();
    let head = world.rev("main");
    // the same key would let its finder write both logs
    vouch(&world, &["mei.tanaka", "priya.shah"]);
    world.dualkey(&["audit", "keygen", "--name", "northwind", "--out", "../new.key"]).exits(0);
    go_on(&world, "new.key").exits(2).says("pins a key that signed the log up to now");
    pin_key(&world, "newer.key");
    go_on(&world, "newer.key").exits(3).says("quorum-not-met");
    vouch(&world, &["mei.tanaka"]);
    go_on(&world, "newer.key").exits(3).says("1 of 2 people");
    vouch(&world, &["priya.shah"]);
    world.timed(&["audit", "init", "--genesis", "main", "--log-key", "../newer.key"]).exits(3).says("log-exists");
    go_on(&world, "new.key").exits(2).says("log-key-wrong");
    let anchor = world.anchor.take();
    go_on(&world, "newer.key").exits(2).says("DUALKEY_ANCHOR is not set");
    world.anchor = Some(format!("{}:00000000", world.rev("main~1")));
    go_on(&world, "newer.key").exits(3).says("anchor-mismatch");
    world.anchor = anchor;
    // the branch names a key, and nothing became of it
    world.dualkey(&["audit", "verify"]).exits(1).says("the log holds").says("log-key-outdated");
    // another history is no continuation
    world.git(&["switch", "-q", "--orphan", "other"]);
    world.git(&["checkout", "-q", "main", "--", "."]);
    world.commit("A history of its own");
    let key = "../newer.key";
    world
        .timed(&["audit", "init", "--genesis", "other", "--continue", "--yes", "--log-key", key])
        .exits(2)
        .says("doesn't come after the genesis");
    world.git(&["switch", "-q", "main"]);
    let config = world.read("dualkey.yaml");
    world.write("dualkey.yaml", &config.replace("refs/dualkey/audit", "refs/dualkey/other"));
    world.commit("Another ref");
    go_on(&world, "newer.key").exits(2).says("in another ref");
    assert_ne!(head, world.rev("main"));
}

#[test]
fn one_person_alone_stays_one_person_alone() {
    let mut world = without_its_key();
    pin_key(&world, "new.key");
    vouch(&world, &["mei.tanaka"]);
    let single = ["audit", "init", "--genesis", "main", "--continue", "--yes", "--single", "--log-key", "../new.key"];
    let ran = world.timed(&single).exits(0);
    world.anchor = ran.stdout.split("DUALKEY_ANCHOR=").nth(1).and_then(|rest| rest.lines().next()).map(str::to_owned);
    world.dualkey(&["audit", "log"]).exits(0).says("(one person alone) (the log begun anew)");
}

#[test]
fn what_the_old_log_gave_is_taken_away_by_the_new_one() {
    let mut world = without_its_key();
    // nobody in the tree knows her any more, when the log begins anew
    world.git(&["rm", "-q", "people/alice.nguyen.yaml", "grants/payments/alice-refunds.yaml"]);
    renewed(&mut world, "new.key");
    world.timed(&["drift"]).exits(1).says("revoke alice.nguyen");
    world.timed(&["apply"]).exits(0).says("revoke alice.nguyen");
    assert!(!world.live("github").contains("583231"), "{}", world.live("github"));
    world.timed(&["drift"]).exits(0).says("live access is what was approved");
    // what is given back by hand is hers still, also after another beginning
    let path = world.repo().join(".git/dualkey/github.json");
    renewed(&mut world, "newer.key");
    let text = world.live("github");
    let one = "{ \"kind\": \"repository\", \"resource\": \"northwind/payments-api\", \"permission\": \"push\", \"principal\": \"583231\" }";
    let given = text.replacen("\"entitlements\": [", &format!("\"entitlements\": [ {one},"), 1);
    assert_ne!(given, text);
    std::fs::write(path, given).unwrap();
    world.timed(&["apply"]).exits(0).says("revoke alice.nguyen");
}

#[test]
fn whoever_vouches_for_a_new_genesis_is_shown_what_nobody_approved() {
    let world = without_its_key();
    let text = world.read("policies/approvals.yaml");
    world.write("policies/approvals.yaml", &text.replace("{ change: policy, count: 2,", "{ change: policy, count: 1,"));
    world.git(&["add", "-A"]);
    world.git(&["-c", "commit.gpgsign=false", "commit", "-q", "-m", "typo"]);
    world.git(&["push", "-q", "origin", "main"]);
    let pushed = world.rev("main");
    pin_key(&world, "new.key");
    let shown = world.approve_with(&["--genesis", "main"], "mei.tanaka").exits(0);
    let shown = shown.says("count 2 → 1 (weaker)").says("becomes trusted by it");
    let line = shown.stdout.lines().find(|line| line.trim().starts_with(&pushed[..7])).expect("the refused commit");
    assert!(line.contains("author-unproven") || line.contains("no-approval"), "{line}");
    world.approve_with(&["--genesis", "main"], "priya.shah").exits(0).says("(weaker)");
    let begin = ["audit", "init", "--genesis", "main", "--continue", "--log-key", "../new.key"];
    world.timed(&begin).exits(2).says("(weaker)").says("nobody is there to answer").says("`--yes`");
    go_on(&world, "new.key").exits(0).says("becomes trusted by it");
}

//! What heals a branch on which something was refused: what it touched is restored, or reviewers let it stand.

use super::*;

/// Alice's access on the protected branch, pushed there by Tom. Gives the commit.
fn pushed_directly() -> (Forge, String) {
    let forge = Forge::open();
    forge.world.let_alice_in("alice");
    forge.world.git(&["switch", "-q", "main"]);
    forge.world.git(&["merge", "-q", "--squash", "alice"]);
    forge.world.commit("Let Alice in");
    forge.pushed("main", "tomreed");
    forge.is_refused("not-via-pull-request");
    let landed = forge.world.rev("main");
    (forge, landed)
}

impl Forge {
    /// Tom's pull request on top of the branch, with what a story writes.
    fn on_top(&self, branch: &str, write: impl FnOnce(&World)) -> u64 {
        self.world.git(&["switch", "-q", "-c", branch, "main"]);
        write(&self.world);
        self.world.commit("On top");
        self.pushed(branch, "tomreed");
        self.open_pull(branch, "main", "tomreed")
    }
}

fn ratify(world: &World, landed: &str) {
    let text = "reason: Alice had to start while GitHub was down\nowner: mei.tanaka\n";
    world.write(&format!("policies/ratified/{landed}.yaml"), text);
}

fn rename_bob(world: &World) {
    let bob = world.read("people/bob.keller.yaml").replace("Bob Keller", "Robert Keller");
    world.write("people/bob.keller.yaml", &bob);
}

#[test]
fn restoring_what_a_push_touched_heals() {
    let (forge, _) = pushed_directly();
    let number = forge.on_top("restore", |world| {
        world.git(&["rm", "-q", "people/alice.nguyen.yaml", "grants/payments/alice-refunds.yaml"]);
    });
    forge.approve(number, "priyashah");
    forge.run(&["verify", "--pull", &number.to_string()]).exits(0).says("would land");
    forge.merge(number, "restore", Method::Merge);
    forge.run(&["verify"]).exits(0).says("restored");
    forge.run(&["apply"]).exits(0);
    assert!(!forge.has_alice());
}

#[test]
fn a_good_pull_request_on_top_is_not_enough() {
    let (forge, landed) = pushed_directly();
    let number = forge.on_top("renamed", rename_bob);
    for login in ["priyashah", "grace-lin", "mei-tanaka", "lvogt"] {
        forge.approve(number, login);
    }
    let pull = number.to_string();
    let way = format!("policies/ratified/{landed}.yaml");
    forge.run(&["verify", "--pull", &pull]).exits(1).says("unverified-ancestor").says(&way);
    forge.merge(number, "renamed", Method::Merge);
    forge.is_refused("not-via-pull-request");
    forge.run(&["verify"]).says("refused[unverified-ancestor]").says(&way);
    assert!(!forge.has_alice());
}

#[test]
fn reviewers_let_a_refused_landing_stand() {
    for method in [Method::Merge, Method::Squash] {
        let (forge, landed) = pushed_directly();
        let number = forge.on_top("ratify", |world| ratify(world, &landed));
        let pull = number.to_string();
        let plan = forge.run(&["plan", "--head", "ratify"]).exits(0);
        plan.says("policy")
            .says(&format!("ratification `{landed}`"))
            .says("mei.tanaka")
            .says("ratifies what was refused");
        // what the rules of both classes ask for, and one more
        for login in ["mei-tanaka", "lvogt", "priyashah"] {
            forge.approve(number, login);
        }
        forge.run(&["verify", "--pull", &pull]).exits(1).says("quorum-not-met");
        forge.approve(number, "grace-lin");
        forge.run(&["verify", "--pull", &pull]).exits(0).says("would land");
        forge.merge(number, "ratify", method);
        forge.run(&["verify"]).exits(0).says("mei.tanaka").says("is ratified");
        forge.run(&["apply"]).exits(0);
        assert!(forge.has_alice());
        forge.offline(&["verify"]).exits(0).says("(in the log)").says("mei.tanaka");
        forge.run(&["apply"]).exits(0).says("applied already");
        // the next landing stands on it as on any other
        let number = forge.on_top("renamed", rename_bob);
        for login in ["priyashah", "mei-tanaka"] {
            forge.approve(number, login);
        }
        forge.merge(number, "renamed", Method::Merge);
        forge.run(&["apply"]).exits(0);
        forge.offline(&["verify"]).exits(0);
    }
}

#[test]
fn a_ratification_with_one_approval_fewer_is_none() {
    let (forge, landed) = pushed_directly();
    let number = forge.on_top("ratify", |world| ratify(world, &landed));
    for login in ["mei-tanaka", "lvogt", "priyashah"] {
        forge.approve(number, login);
    }
    forge.merge(number, "ratify", Method::Merge);
    forge.is_refused("quorum-not-met");
    forge.run(&["verify"]).says("is ratified");
    assert!(!forge.has_alice());
}

/// By these reviewers anything lands, if it may.
const ALL: [&str; 4] = ["mei-tanaka", "lvogt", "priyashah", "grace-lin"];

#[test]
fn a_ratification_of_another_commit_ratifies_nothing() {
    let (forge, _) = pushed_directly();
    let genesis = forge.world.rev("main~1");
    let number = forge.on_top("ratify", |world| ratify(world, &genesis));
    for login in ALL {
        forge.approve(number, login);
    }
    forge.run(&["verify", "--pull", &number.to_string()]).exits(1).says("unverified-ancestor");
    forge.merge(number, "ratify", Method::Merge);
    forge.is_refused("not-via-pull-request");
    forge.run(&["verify"]).says("refused[unverified-ancestor]");
}

/// Where branch and head have parted at several places, the forge shows what changed since any of them.
#[test]
fn what_two_refused_merges_brought_is_not_let_in_by_a_head_that_holds_both() {
    let forge = Forge::open();
    forge.world.let_alice_in("alice");
    forge.world.git(&["switch", "-q", "-c", "noted", "main"]);
    forge.world.write("notes.txt", "hello\n");
    forge.world.commit("A note");
    forge.world.git(&["switch", "-q", "-c", "both", "alice"]);
    forge.world.git(&["merge", "-q", "--no-ff", "-m", "Both", "noted"]);
    rename_bob(&forge.world);
    forge.world.commit("Another name");
    forge.world.git(&["switch", "-q", "main"]);
    for branch in ["alice", "noted"] {
        forge.world.git(&["merge", "-q", "--no-ff", "-m", "Merge it", branch]);
    }
    forge.pushed("main", "tomreed");
    forge.is_refused("not-via-pull-request");
    forge.pushed("both", "tomreed");
    let number = forge.open_pull("both", "main", "tomreed");
    for login in ALL {
        forge.approve(number, login);
    }
    forge.merge(number, "both", Method::Merge);
    forge.is_refused("unverified-ancestor");
    assert!(!forge.has_alice());
}

#[test]
fn what_came_after_the_ratified_landing_is_not_ratified() {
    let (forge, landed) = pushed_directly();
    forge.world.write("grants/payments/alice-refunds.yaml", &wider_grant());
    forge.world.commit("Wider");
    forge.pushed("main", "tomreed");
    let number = forge.on_top("ratify", |world| ratify(world, &landed));
    for login in ALL {
        forge.approve(number, login);
    }
    let newest = forge.world.rev("main");
    let way = format!("policies/ratified/{newest}.yaml");
    forge.run(&["verify", "--pull", &number.to_string()]).exits(1).says("unverified-ancestor").says(&way);
    forge.merge(number, "ratify", Method::Merge);
    forge.is_refused("not-via-pull-request");
    assert!(!forge.has_alice());
}

#[test]
fn a_ratification_that_was_pushed_itself_ratifies_nothing() {
    let (forge, landed) = pushed_directly();
    ratify(&forge.world, &landed);
    forge.world.commit("Ratify it myself");
    forge.pushed("main", "tomreed");
    let number = forge.on_top("renamed", rename_bob);
    for login in ALL {
        forge.approve(number, login);
    }
    forge.run(&["verify", "--pull", &number.to_string()]).exits(1).says("unverified-ancestor");
    forge.merge(number, "renamed", Method::Merge);
    forge.is_refused("not-via-pull-request");
    assert!(!forge.has_alice());
}

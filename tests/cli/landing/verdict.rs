//! `plan --head` and `verify --head` say the same of a head, from what stands where approvals live, and neither names
//! anybody as an approver who isn't one.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{ALICE_GRANT, World, be, key};

/// Another clone, of which the world's own knows nothing.
fn clone(world: &World, name: &str, options: &[&str]) -> PathBuf {
    let url = format!("file://{}", world.path("origin.git").display());
    let args = [&["clone", "-q"], options, &[url.as_str(), name]].concat();
    world.git_in(world.root.path(), &args);
    be(world, &world.path(name), "grace.lin");
    world.path(name)
}

/// A change that Grace wrote, who is one of the owners, on a branch that was pushed.
fn by_an_owner(world: &World) {
    world.be("grace.lin");
    world.let_alice_in("alice");
    world.be("tom.reed");
}

/// Whom the first rule lets approve, and whom it doesn't with the first reason of each.
fn asked(document: &Value) -> (Vec<&str>, Vec<(&str, &str)>) {
    let asked = &document["approvals"][0];
    let able = asked["able"].as_array().unwrap().iter().map(|person| person.as_str().unwrap());
    let barred = asked["barred"]
        .as_array()
        .unwrap()
        .iter()
        .map(|barred| (barred["person"].as_str().unwrap(), barred["reasons"][0]["code"].as_str().unwrap()));
    (able.collect(), barred.collect())
}

/// What both commands say of a head in a clone; they must agree.
#[track_caller]
fn verdict(world: &World, clone: &Path, head: &str) -> Value {
    let plan = world.timed_in(clone, &["plan", "--head", head, "--format", "json"]);
    let verified = world.timed_in(clone, &["verify", "--head", head, "--format", "json"]);
    let (plan, code) = (plan.json(), plan.code);
    let lands = ["ready", "nothing"].contains(&plan["verdict"].as_str().unwrap());
    assert_eq!(lands, verified.code == 0, "plan: {plan:#}\nverify: {}", verified.stdout);
    assert_eq!(code, i32::from(plan["verdict"] == "blocked"), "{plan:#}");
    let verified = verified.json();
    for part in ["verdict", "approvals", "beside", "uncounted", "held_up", "counts_until"] {
        assert_eq!(plan[part], verified[part], "{part} of {head}");
    }
    plan
}

#[test]
fn a_fresh_clone_names_no_author_and_sees_what_is_approved_and_taken_back() {
    let world = World::new();
    by_an_owner(&world);
    let fresh = clone(&world, "fresh", &[]);
    let plan = verdict(&world, &fresh, "origin/alice");
    assert_eq!(plan["verdict"], "needs-approval");
    let both = vec!["omar.diallo", "priya.shah"];
    assert_eq!(asked(&plan), (both, vec![("grace.lin", "approver-is-author")]));
    let text = world.timed_in(&fresh, &["plan", "--head", "origin/alice"]).exits(0);
    text.says("needs approval from omar.diallo or priya.shah").says("though entitled: grace.lin (wrote it)");
    world.approve("alice", "priya.shah").exits(0);
    assert_eq!(verdict(&world, &fresh, "origin/alice")["verdict"], "ready");
    // taken back elsewhere: this clone has not heard of it when it asks
    world.approve_with(&["--head", "alice", "--withdraw"], "priya.shah").exits(0);
    let plan = verdict(&world, &fresh, "origin/alice");
    assert_eq!((&plan["verdict"], &plan["approvals"][0]["given"]), (&"needs-approval".into(), &serde_json::json!([])));
    assert_eq!(plan["uncounted"][0]["code"], "approval-withdrawn", "{plan:#}");
}

#[test]
fn a_branch_that_the_protected_one_has_left_behind_is_not_ready() {
    let world = World::new();
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    let fresh = clone(&world, "fresh", &[]);
    assert_eq!(verdict(&world, &fresh, "origin/alice")["verdict"], "ready");
    world.git(&["switch", "-q", "-c", "other", "main"]);
    world.write("people/alice.nguyen.yaml", crate::support::ALICE);
    world.write("grants/payments/alice-refunds.yaml", &ALICE_GRANT.replace("payments-api", "payments-web"));
    world.commit("Let Alice in elsewhere");
    world.git(&["push", "-q", "origin", "other"]);
    world.approve("other", "priya.shah").exits(0);
    world.land("other");
    let plan = verdict(&world, &fresh, "origin/alice");
    assert_eq!(plan["verdict"], "blocked", "{plan:#}");
    assert_eq!(plan["held_up"][0]["code"], "merge-content-combined", "{plan:#}");
    world.timed_in(&fresh, &["plan", "--head", "origin/alice"]).exits(1).says("blocked by merge-content-combined");
}

#[test]
fn where_the_remote_does_not_answer_no_head_is_ready() {
    let world = World::new();
    by_an_owner(&world);
    world.approve("alice", "priya.shah").exits(0);
    assert_eq!(verdict(&world, &world.repo(), "alice")["verdict"], "ready");
    std::fs::rename(world.path("origin.git"), world.path("elsewhere.git")).unwrap();
    world.timed(&["verify", "--head", "alice"]).exits(5);
    let plan = world.timed(&["plan", "--head", "alice"]).exits(5).says("blocked by evidence-incomplete");
    plan.says("alice.nguyen (new").says("1 of omar.diallo, priya.shah").says("grace.lin (wrote it)");
    // what nobody committed has nobody's approval anyway
    world.write("grants/payments/alice-refunds.yaml", &ALICE_GRANT.replace("2027-01-03", "2026-12-20"));
    world.timed(&["plan"]).exits(0).says("needs approval from omar.diallo or priya.shah");
}

#[test]
fn the_plan_of_a_pull_request_names_no_author_or_says_what_is_missing() {
    let world = World::new();
    by_an_owner(&world);
    // what a forge checks out: its own merge of the branch
    world.git(&["switch", "-q", "--detach", "main"]);
    let forge = ["-c", "user.name=Forge", "-c", "user.email=noreply@forge.example"];
    let merge = ["merge", "-q", "--no-ff", "--no-gpg-sign", "-m", "Merge alice into main", "alice"];
    world.git(&[&forge[..], &merge[..]].concat());
    world.git(&["push", "-q", "origin", "HEAD:refs/heads/merged"]);
    let options = ["--branch", "merged"];
    let whole = clone(&world, "whole", &options);
    let plan = world.timed_in(&whole, &["plan", "--format", "json"]).exits(0).json();
    let both = vec!["omar.diallo", "priya.shah"];
    assert_eq!(asked(&plan), (both.clone(), vec![("grace.lin", "approver-is-author")]));
    assert_eq!(asked(&verdict(&world, &whole, "HEAD")).0, both);
    let shallow = clone(&world, "shallow", &["--branch", "merged", "--depth", "1", "--no-single-branch"]);
    let base = ["--base", "origin/main"];
    for args in [&["plan"][..], &["plan", base[0], base[1]], &["plan", "--head", "HEAD"], &["verify", "--head", "HEAD"]]
    {
        world.timed_in(&shallow, args).exits(5).says("the clone is shallow").says("`fetch-depth: 0`");
    }
}

#[test]
fn nobody_is_named_who_left_or_could_prove_nothing() {
    let world = World::edited(&[
        ("groups/payments-leads.yaml", "omar.diallo", "hana.kim, omar.diallo, yusuf.demir"),
        ("people/yusuf.demir.yaml", "type: employee", "ended: 2026-11-20\ntype: employee"),
    ]);
    world.let_alice_in("alice");
    let plan = verdict(&world, &world.repo(), "alice");
    let able = vec!["grace.lin", "omar.diallo", "priya.shah"];
    let barred = vec![("hana.kim", "approver-unproven"), ("yusuf.demir", "approver-no-longer-authorized")];
    assert_eq!(asked(&plan), (able, barred));
    let text =
        world.timed(&["plan", "--head", "alice"]).exits(0).says("needs approval from 1 of grace.lin, omar.diallo");
    text.says("hana.kim (no key or account to prove it by)").says("yusuf.demir (not here any more)");
    // the refusal names the same people
    let refused = world.timed(&["verify", "--head", "alice"]).exits(1);
    refused.says("as `grace.lin` or `omar.diallo` or `priya.shah`");
    // and whom the plan bars can't sign in vain
    world.approve("alice", "yusuf.demir").exits(3).says("approver-no-longer-authorized");
    let own = key("yara.haddad");
    let args = ["--head", "alice", "--as", "hana.kim", "--key", own.to_str().unwrap()];
    world.timed(&[&["approve", "--yes"], &args[..]].concat()).exits(2);
}

#[test]
fn what_changes_nothing_is_nothing_for_both() {
    let world = World::new();
    world.git(&["switch", "-q", "-c", "words"]);
    world.write("README.md", "Who gets in\n");
    world.git(&["add", "-A"]);
    world.git(&["commit", "-q", "--no-gpg-sign", "-m", "Say what this is"]);
    world.git(&["push", "-q", "origin", "words"]);
    assert_eq!(verdict(&world, &world.repo(), "words")["verdict"], "nothing");
    assert_eq!(verdict(&world, &world.repo(), "main")["verdict"], "nothing");
}

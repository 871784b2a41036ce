//! What an attacker tries, and what merely looks like an attack: told on real repositories, with the code that answers.

mod another_path;
mod blind;
mod consent;
mod ends;
mod gains;
mod keys;
mod lock_out;
pub mod log_key;
mod one_more;
mod parties;
mod pipelines;
mod records;
mod refs;
mod resources;
mod side_by_side;
mod undone;
mod waiting;
mod way_back;
mod weakening;

use crate::support::{ALICE, World, key, public_key};

/// A world in which everything declared is live.
pub fn applied() -> World {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    world
}

/// A new branch from main with one commit by Tom, pushed.
pub fn branch(world: &World, name: &str, change: impl FnOnce(&World)) {
    world.git(&["switch", "-q", "-c", name, "main"]);
    change(world);
    world.commit(name);
    world.git(&["push", "-q", "origin", name]);
}

pub fn edit(world: &World, path: &str, from: &str, to: &str) {
    let text = world.read(path);
    assert!(text.contains(from), "{from} is not in {path}");
    world.write(path, &text.replace(from, to));
}

pub fn merge(world: &World, name: &str) {
    world.git(&["switch", "-q", "main"]);
    world.git(&["merge", "-q", "--no-ff", "-m", "Merge", name]);
    world.git(&["push", "-q", "origin", "main"]);
}

pub fn direct(world: &World, message: &str) {
    world.commit(message);
    world.git(&["push", "-q", "origin", "main"]);
}

#[test]
fn a_repeated_squash_does_not_undo_a_removal_that_waits_for_its_apply() {
    let world = applied();
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    world.git(&["switch", "-q", "main"]);
    world.git(&["merge", "-q", "--squash", "alice"]);
    direct(&world, "Squash");
    branch(&world, "away", |world| {
        world.git(&["rm", "-q", "grants/payments/alice-refunds.yaml", "people/alice.nguyen.yaml"]);
    });
    world.approve("away", "priya.shah").exits(0);
    merge(&world, "away");
    world.timed(&["verify"]).exits(0);
    // before anybody applies, the old squash is repeated: skipping both landings must not make it the first one again
    world.git(&["checkout", "-q", "alice", "--", "grants/payments/alice-refunds.yaml", "people/alice.nguyen.yaml"]);
    direct(&world, "Squash");
    world.timed(&["verify"]).exits(1).says("refused[");
    world.timed(&["apply"]).exits(3);
    assert!(!world.live("github").contains("583231"));
}

#[test]
fn a_direct_push_does_not_restore_what_an_approved_landing_took() {
    let world = applied();
    let grant = world.read("grants/payments/bob-checkout.yaml");
    branch(&world, "away", |world| {
        world.git(&["rm", "-q", "grants/payments/bob-checkout.yaml"]);
    });
    world.approve("away", "priya.shah").exits(0);
    merge(&world, "away");
    world.write("grants/payments/bob-checkout.yaml", &grant);
    direct(&world, "Put it back");
    world.timed(&["verify"]).exits(1).says("refused[no-approval]");
    world.timed(&["apply"]).exits(3).says("revoke").says("waiting");
}

#[test]
fn a_direct_push_cannot_choose_another_log() {
    let world = applied();
    let other = world.dualkey(&["audit", "keygen", "--name", "northwind", "--out", "../other.key"]).exits(0).stdout;
    let config = world.read("dualkey.yaml");
    let key = config.split("key: \"").nth(1).unwrap().split('"').next().unwrap();
    world.write(
        "dualkey.yaml",
        &config
            .replace(key, other.trim())
            .replace("refs/dualkey/audit", "refs/dualkey/elsewhere")
            .replace("branch: main", "branch: other"),
    );
    direct(&world, "Another log");
    world.timed(&["verify"]).exits(1).says("refused[no-approval]");
    // what is over still ends
    world.now_is("2027-03-01T09:00:00Z").timed(&["apply", "--only-ends"]).says("revoke");
}

#[test]
fn a_forged_newer_approval_does_not_end_a_real_one() {
    let world = World::new();
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    let head = world.rev("alice");
    world.git(&["commit", "-q", "--allow-empty", "-m", "On top"]);
    let newer = world.rev("HEAD");
    let refs = world.git(&["for-each-ref", "--format=%(objectname) %(refname)", "refs/dualkey-mirror/"]);
    let statement = refs.lines().find(|line| line.contains(&head)).unwrap().split(' ').next().unwrap().to_owned();
    let forged = format!("{statement}:refs/dualkey/approvals/{newer}/priya.shah");
    world.git(&["push", "-q", "origin", &forged]);
    world.timed(&["verify", "--head", &head]).exits(0).says("would land");
    world.timed(&["verify", "--head", &newer]).exits(1);
}

#[test]
fn a_change_of_words_alone_is_no_removal_and_needs_somebody() {
    let world = World::new();
    branch(&world, "words", |world| {
        edit(world, "grants/payments/bob-checkout.yaml", "Rebuild the checkout page", "Whatever");
    });
    let plan = world.timed(&["plan", "--head", "words", "--format", "json"]).json();
    assert_ne!(plan["approvals"].as_array().unwrap().len(), 0, "{plan}");
    assert!(!plan.to_string().contains("removal-1"), "{plan}");
    world.timed(&["verify", "--head", "words"]).exits(1).says("refused[no-approval]");
    world.approve("words", "lena.vogt").exits(0);
    world.timed(&["verify", "--head", "words"]).exits(0);
}

#[test]
fn who_committed_without_a_signature_is_a_party_too() {
    let world = World::new();
    world.let_alice_in("alice");
    world.git(&[
        "-c",
        "user.email=priya@northwind.example",
        "-c",
        "user.name=Priya",
        "-c",
        "commit.gpgsign=false",
        "commit",
        "-q",
        "--allow-empty",
        "--author",
        "Tom <tom@northwind.example>",
        "-m",
        "By Priya's hand",
    ]);
    world.git(&["push", "-q", "origin", "alice"]);
    world.approve("alice", "priya.shah").exits(3).says("approver-is-committer");
}

#[test]
fn a_role_is_judged_by_the_higher_risk_of_before_and_after() {
    let world = World::edited(&[(
        "policies/approvals.yaml",
        "  - { change: removal",
        "  - { change: access, risk: elevated, count: 1, from: \"group:security\" }\n  - { change: removal",
    )]);
    branch(&world, "quieter", |world| {
        edit(world, "roles/deployer.yaml", "risk: elevated", "risk: standard");
        edit(world, "roles/deployer.yaml", "account: DeployAccess", "account: [DeployAccess, ReleaseAccess]");
    });
    let plan = world.timed(&["plan", "--head", "quieter", "--format", "json"]).json();
    assert!(plan.to_string().contains("access-elevated-1"), "{plan:#}");
}

#[test]
fn a_duties_rule_that_goes_still_judges_the_change_it_goes_with() {
    let world = World::new();
    branch(&world, "both", |world| {
        edit(
            world,
            "policies/duties.yaml",
            "      deploy: { duties: [deploy], environments: [production] }\n",
            "      deploy: { duties: [deploy], environments: [staging] }\n",
        );
        edit(world, "roles/deployer.yaml", "duties: [deploy]", "duties: [deploy, develop]");
    });
    world.timed(&["verify", "--head", "both"]).exits(1).says("refused[separation-of-duties]");
}

#[test]
fn whoever_goes_loses_what_is_live_however_it_goes() {
    for how in ["person", "account", "resource", "permission"] {
        let world = applied();
        let principal = "402668";
        assert!(world.live("github").contains(principal));
        branch(&world, how, |world| match how {
            "person" => {
                let files = [
                    "people/bob.keller",
                    "grants/payments/bob-checkout",
                    "grants/ledger/bob-refund-events",
                    "bridges/refund-events",
                ];
                files.iter().for_each(|file| drop(world.git(&["rm", "-q", &format!("{file}.yaml")])));
            }
            "account" => edit(world, "people/bob.keller.yaml", "402668", "902668"),
            "resource" => {
                edit(world, "domains/ledger-staging.yaml", "  ledger: { repository: northwind/ledger }\n", "");
                for grant in ["ledger-developers", "ines-reconciliation"] {
                    edit(world, &format!("grants/ledger/{grant}.yaml"), "ledger, ", "");
                }
                world.git(&["rm", "-q", "grants/ledger/bob-refund-events.yaml"]);
            }
            _ => {
                edit(world, "roles/developer.yaml", "repository: push", "repository: pull");
            }
        });
        for person in ["priya.shah", "lena.vogt", "mei.tanaka", "sven.olsen", "yusuf.demir", "omar.diallo"] {
            world.approve(how, person);
        }
        world.timed(&["verify", "--head", how]).exits(0);
        merge(&world, how);
        world.timed(&["apply"]).exits(0).says(if how == "permission" { "change" } else { "revoke" });
        let gone = match how {
            "resource" => "northwind/ledger\"",
            "permission" => "\"push\"",
            _ => principal,
        };
        assert!(!world.live("github").contains(gone), "{how}: {}", world.live("github"));
        world.timed(&["drift"]).exits(0);
    }
}

#[test]
fn trees_that_mean_nothing_never_land() {
    for how in ["symlink", "executable", "invalid", "attributes", "workflow", "no-config", "case"] {
        let world = applied();
        world.git(&["switch", "-q", "main"]);
        match how {
            "symlink" => {
                std::os::unix::fs::symlink("bob.keller.yaml", world.repo().join("people/carl.yaml")).unwrap();
            }
            "executable" => {
                world.git(&["update-index", "--chmod=+x", "people/bob.keller.yaml"]);
                world.git(&["checkout-index", "-f", "people/bob.keller.yaml"]);
            }
            "invalid" => world.write("people/bob.keller.yaml", "name: [\n"),
            "attributes" => world.write("grants/.gitattributes", "* -diff\n"),
            "workflow" => world.write(".github/workflows/x.yml", "on: push\n"),
            "no-config" => {
                world.git(&["rm", "-q", "dualkey.yaml"]);
            }
            _ => world.write("People/eve.yaml", ALICE),
        }
        direct(&world, how);
        let before = world.live("github");
        let ran = world.timed(&["verify"]);
        assert!([1, 2, 5].contains(&ran.code), "{how}: {}{}", ran.stdout, ran.stderr);
        let ran = world.timed(&["apply"]);
        assert!([2, 3, 5].contains(&ran.code), "{how}: {}{}", ran.stdout, ran.stderr);
        assert_eq!(world.live("github"), before, "{how}");
        // and life goes on when it is taken back
        world.git(&["revert", "--no-edit", "HEAD"]);
        world.git(&["push", "-q", "origin", "main"]);
        world.timed(&["verify"]).exits(0).says("restored");
    }
}

#[test]
fn nobody_becomes_an_approver_by_the_change_itself() {
    // Yara's sponsor would be Tom, Tom's friend is let into the admins, and Lena's key is replaced by Tom's other one
    let world = World::new();
    branch(&world, "friend", |world| {
        edit(world, "groups/access-admins.yaml", "[lena.vogt", "[yusuf.demir, lena.vogt");
    });
    // the new policy would entitle him, the old one doesn't
    world.approve("friend", "yusuf.demir").exits(0);
    world.approve("friend", "mei.tanaka").exits(0);
    world.timed(&["verify", "--head", "friend"]).exits(1).says("refused[quorum-not-met]");
    world.approve("friend", "sven.olsen").exits(0);
    world.timed(&["verify", "--head", "friend"]).exits(0);

    branch(&world, "key", |world| {
        edit(world, "people/lena.vogt.yaml", &public_key("lena.vogt"), &public_key("mallory"));
    });
    world.approve("key", "mallory").exits(2);
    for person in ["mei.tanaka", "sven.olsen"] {
        world.approve("key", person).exits(0);
    }
    let refused = || world.timed(&["verify", "--head", "key"]).exits(1).says("refused[key-unproven]");
    refused().says("refused[quorum-not-met]").says("own-keys-changed");
    // who holds the key shows it; for somebody else that proves nothing
    let new = key("mallory");
    let prove = |whose: &str| {
        world.timed(&["approve", "--prove-key", "--as", whose, "--key", new.to_str().unwrap(), "--yes"]).exits(0)
    };
    prove("tom.reed");
    refused();
    prove("lena.vogt").says("is shown to be lena.vogt's");
    // without her word, given with the key that stood before, one more is asked for
    world.timed(&["verify", "--head", "key"]).exits(1).says("refused[quorum-not-met]").says("own-keys-changed");
    world.approve("key", "lena.vogt").exits(0);
    world.timed(&["verify", "--head", "key"]).exits(0);

    branch(&world, "sponsor", |world| {
        edit(world, "people/yara.haddad.yaml", "mei.tanaka", "grace.lin");
        world.git(&["rm", "-q", "grants/payments/yara-security-test.yaml"]);
    });
    world.approve("sponsor", "grace.lin");
    world.timed(&["verify", "--head", "sponsor"]).exits(1).says("refused[quorum-not-met]");
}

#[test]
fn a_group_that_approves_through_another_is_policy() {
    let world = World::edited(&[("groups/access-admins.yaml", "[lena.vogt", "[\"group:ledger-leads\", lena.vogt")]);
    branch(&world, "nested", |world| edit(world, "groups/ledger-leads.yaml", "omar.diallo", "grace.lin, omar.diallo"));
    let plan = world.timed(&["plan", "--head", "nested", "--format", "json"]).json();
    assert!(plan.to_string().contains("policy-1"), "{plan:#}");
}

#[test]
fn authors_of_every_kind_are_parties() {
    let world = World::new();
    world.let_alice_in("alice");
    world.git(&["commit", "-q", "--allow-empty", "-m", "More\n\nCo-authored-by: P <PRIYA@northwind.example>"]);
    world.approve("alice", "priya.shah").exits(3).says("approver-is-author");
    world.git(&["commit", "-q", "--amend", "--allow-empty", "--no-gpg-sign", "-m", "More"]);
    world.approve("alice", "priya.shah").exits(0);
    world.timed(&["verify", "--head", "alice"]).exits(1).says("refused[quorum-not-met]").says("1 more");
    world.approve("alice", "grace.lin").exits(0);
    world.timed(&["verify", "--head", "alice"]).exits(0);
    world.approve_with(&["--head", "alice", "--withdraw"], "grace.lin").exits(0);
    world.timed(&["verify", "--head", "alice"]).exits(1).says("approval-withdrawn");
}

#[test]
fn nobody_takes_back_what_they_never_gave() {
    let world = World::new();
    world.let_alice_in("alice");
    let never = ["--head", "alice", "--withdraw"];
    world.approve_with(&never, "priya.shah").exits(2).says("there is no approval of");
    world.approve("alice", "priya.shah").exits(0);
    world.timed(&["verify", "--head", "alice"]).exits(0);
}

#[test]
fn a_plan_of_a_branch_does_not_name_its_author_as_an_approver() {
    let world = World::new();
    world.let_alice_in("alice");
    world.git(&["commit", "-q", "--allow-empty", "-m", "More\n\nCo-authored-by: P <priya@northwind.example>"]);
    let plan = world.timed(&["plan", "--head", "alice"]).exits(0);
    let plan = plan.says("needs approval from grace.lin or omar.diallo").says("priya.shah (wrote it)");
    plan.says("can't: tom.reed (who wrote it)");
}

#[test]
fn a_bridge_needs_owners_of_both_ends() {
    let world = World::new();
    branch(&world, "bridge", |world| {
        world.write(
            "bridges/yara.yaml",
            "home: payments-staging\ninto: ledger-staging\nfor: [yara.haddad]\nuntil: 2027-01-29\nreason: Test\n",
        );
    });
    world.approve("bridge", "grace.lin").exits(0);
    world.timed(&["verify", "--head", "bridge"]).exits(1).says("refused[quorum-not-met]").says("ledger-staging");
    world.approve("bridge", "sven.olsen").exits(0);
    world.timed(&["verify", "--head", "bridge"]).exits(0);
}

#[test]
fn an_end_is_easy() {
    let world = applied();
    branch(&world, "ended", |world| {
        let bob = world.read("people/bob.keller.yaml");
        world.write("people/bob.keller.yaml", &format!("{bob}ended: 2026-11-23\n"));
    });
    world.approve("ended", "priya.shah").exits(0);
    merge(&world, "ended");
    world.timed(&["apply"]).exits(0).says("revoke");
    assert!(!world.live("github").contains("402668"));
    // and taking the end back is not
    branch(&world, "back", |world| edit(world, "people/bob.keller.yaml", "ended: 2026-11-23\n", ""));
    world.approve("back", "priya.shah").exits(0);
    world.timed(&["verify", "--head", "back"]).exits(1).says("refused[quorum-not-met]");
}

#[test]
fn a_head_that_both_sides_changed_is_refused_also_when_both_are_approved() {
    let world = applied();
    branch(&world, "one", |world| edit(world, "grants/payments/bob-checkout.yaml", "2027-02-26", "2027-02-20"));
    branch(&world, "two", |world| edit(world, "grants/payments/bob-checkout.yaml", "PAY-1288", "PAY-1289"));
    world.approve("one", "priya.shah").exits(0);
    merge(&world, "one");
    world.approve("two", "lena.vogt");
    world.timed(&["verify", "--head", "two"]).exits(1).says("refused[merge-content-combined]");
}

#[test]
fn a_foxtrot_merge_does_not_hide_what_was_applied() {
    let world = applied();
    let base = world.rev("main");
    branch(&world, "away", |world| {
        world.git(&["rm", "-q", "grants/payments/bob-checkout.yaml"]);
    });
    world.approve("away", "priya.shah").exits(0);
    merge(&world, "away");
    world.timed(&["apply"]).exits(0);
    world.git(&["switch", "-q", "-c", "fox", &base]);
    world.git(&["commit", "-q", "--allow-empty", "-m", "Fox"]);
    world.git(&["merge", "-q", "-s", "ours", "-m", "Foxtrot", "main"]);
    world.git(&["push", "-q", "origin", "fox:main"]);
    world.timed(&["verify"]).exits(1).says("history-rewritten");
    world.timed(&["apply"]).exits(3).says("history-rewritten");
}

#[test]
fn who_is_nobody_any_more_approves_nothing() {
    let world = World::edited(&[("people/priya.shah.yaml", "type: employee ", "type: employee\nended: 2026-12-01 ")]);
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    world.timed(&["verify", "--head", "alice"]).exits(0);
    world.now_is("2026-12-02T09:00:00Z").timed(&["verify", "--head", "alice"]).exits(1).says("no-longer-authorized");
}

#[test]
fn a_sandboxed_run_leaves_the_real_log_alone() {
    let world = applied();
    let refs = || world.git(&["ls-remote", "origin"]);
    let (before, live) = (refs(), world.live("github"));
    world.timed(&["apply", "--sandbox"]).exits(0);
    world.timed(&["apply", "--sandbox"]).exits(0).says("applied already");
    assert_eq!((refs(), world.live("github")), (before, live));
    world.timed(&["apply"]).exits(0).says("applied already");
}

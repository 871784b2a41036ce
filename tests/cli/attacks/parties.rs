//! Who would be the second party if they could: friends, machines, sock puppets, whoever is favoured, whoever is left.

use super::{applied, branch, edit, merge};
use crate::support::{ALICE, ALICE_GRANT, World, key, public_key};

#[test]
fn an_author_names_no_friend_as_the_sponsor_who_approves() {
    let rule = "{ change: access, count: 1, from: domain-owners }";
    let world = World::edited(&[(
        "policies/approvals.yaml",
        rule,
        "{ change: access, count: 1, from: [sponsors, \"group:ledger-leads\"] }",
    )]);
    branch(&world, "alice", |world| {
        world.write("people/alice.nguyen.yaml", &ALICE.replace("sponsor: priya.shah", "sponsor: grace.lin"));
        world.write("grants/payments/alice-refunds.yaml", ALICE_GRANT);
    });
    // the vendor's sponsor, who stood before, is the one who answers
    world.approve("alice", "grace.lin").exits(3).says("refused[approver-out-of-scope]");
    world.approve("alice", "priya.shah").exits(0);
    world.timed(&["verify", "--head", "alice"]).exits(0);
}

#[test]
fn a_signature_that_a_machine_leaves_out_does_not_free_who_answers_for_it() {
    let robot = public_key("settlement-bot");
    let keys = format!("sponsor: omar.diallo\nkeys: [\"{robot}\"]\n");
    let world = World::edited(&[("people/settlement-bot.yaml", "sponsor: omar.diallo\n", &keys)]);
    world.let_alice_in("alice");
    world.git(&["commit", "-q", "--allow-empty", "--no-gpg-sign", "-m", "By nobody"]);
    world.approve("alice", "omar.diallo").exits(3).says("answers for `settlement-bot`");
    world.approve("alice", "priya.shah").exits(0).says("still missing: 1");
    let plan = world.timed(&["plan", "--head", "alice"]).stdout;
    assert!(plan.starts_with("needs approval from grace.lin (owners"), "{plan}");
    world.approve("alice", "grace.lin").exits(0);
    world.timed(&["verify", "--head", "alice"]).exits(0);
}

#[test]
fn who_answered_for_a_machine_does_not_approve_what_it_wrote_until_then() {
    let robot = public_key("settlement-bot");
    let keys = format!("sponsor: omar.diallo\nemails: [settlement-bot@northwind.example]\nkeys: [\"{robot}\"]\n");
    let world = World::edited(&[("people/settlement-bot.yaml", "sponsor: omar.diallo\n", &keys)]);
    world.be("settlement-bot");
    world.let_alice_in("signed");
    world.be("tom.reed");
    world.let_alice_in("unsigned");
    world.git(&["commit", "-q", "--allow-empty", "--no-gpg-sign", "-m", "By nobody"]);
    branch(&world, "handed-over", |world| edit(world, "people/settlement-bot.yaml", "omar.diallo", "sven.olsen"));
    world.approve("handed-over", "lena.vogt").exits(0);
    merge(&world, "handed-over");
    world.timed(&["verify"]).exits(0);
    world.approve("signed", "omar.diallo").exits(3).says("approver-is-author");
    world.approve("unsigned", "omar.diallo").exits(3).says("answers for `settlement-bot`");
    world.approve("signed", "priya.shah").exits(0);
}

#[test]
fn emptying_out_who_approves_is_no_removal() {
    for (path, from, to) in [
        ("groups/access-admins.yaml", "[lena.vogt, mei.tanaka, sven.olsen]", "[lena.vogt]"),
        ("groups/payments-leads.yaml", "[grace.lin, omar.diallo, priya.shah]", "[grace.lin]"),
        ("domains/platform.yaml", "[lena.vogt, mei.tanaka, sven.olsen]", "[lena.vogt]"),
    ] {
        let world = World::new();
        branch(&world, "emptied", |world| edit(world, path, from, to));
        let plan = world.timed(&["plan", "--head", "emptied", "--format", "json"]).exits(1).json();
        assert!(plan["approvals"].to_string().contains("policy-1"), "{path}: {plan:#}");
        // and who is left could approve nothing of their own
        assert!(plan["findings"].to_string().contains("approver-cannot-be-met"), "{path}: {plan:#}");
        world.approve("emptied", "lena.vogt").exits(3).says("approver-cannot-be-met");
    }
    // nor is a whole file of somebody who approves
    let world = World::new();
    branch(&world, "file", |world| {
        world.git(&["rm", "-q", "people/sven.olsen.yaml", "grants/ledger/sven-releases.yaml"]);
        edit(world, "groups/access-admins.yaml", ", sven.olsen", "");
        edit(world, "groups/ledger-leads.yaml", ", sven.olsen", "");
        edit(world, "domains/platform.yaml", ", sven.olsen", "");
        edit(world, "grants/platform/org-admins.yaml", ", sven.olsen", "");
    });
    let plan = world.timed(&["plan", "--head", "file", "--format", "json"]).json();
    assert!(plan["approvals"].to_string().contains("policy-1"), "{plan:#}");
}

#[test]
fn a_waiver_is_approved_by_neither_whom_it_favours_nor_its_owner() {
    let world = World::new();
    let told = world.dualkey(&["explain", "develop-and-deploy"]).exits(0).stdout;
    let digest = told.split("sha256:").nth(1).unwrap().get(..64).unwrap().to_owned();
    branch(&world, "waiver", |world| {
        let waiver = format!(
            "waivers:\n  - {{ rule: develop-and-deploy, rule_digest: \"sha256:{digest}\", person: sven.olsen, \
             from: 2026-11-23, until: 2026-12-15, owner: mei.tanaka, control: daily review }}\n"
        );
        world.write("policies/waivers.yaml", &waiver);
    });
    world
        .approve("waiver", "sven.olsen")
        .exits(3)
        .says("refused[approver-is-beneficiary]")
        .says("favoured by a waiver");
    world.approve("waiver", "mei.tanaka").exits(3).says("refused[approver-is-beneficiary]").says("owns a waiver");
    world.approve("waiver", "lena.vogt").exits(0);
    world.timed(&["verify", "--head", "waiver"]).exits(1).says("refused[quorum-not-met]");
}

#[test]
fn a_person_who_is_deleted_loses_what_is_live_and_the_log_says_who_it_was() {
    let world = applied();
    branch(&world, "away", |world| {
        world.git(&["rm", "-q", "people/yara.haddad.yaml", "grants/payments/yara-security-test.yaml"]);
    });
    world.approve("away", "priya.shah").exits(0);
    merge(&world, "away");
    world.timed(&["apply"]).exits(0).says("revoke yara.haddad");
    assert!(!world.live("github").contains("820147"));
    let found = world.dualkey(&["audit", "search", "--person", "yara.haddad", "--verb", "revoke"]).exits(0);
    found.says("revoke yara.haddad triage on repository northwind/payments-api");
}

#[test]
fn a_sock_puppet_with_a_key_and_no_grant_is_no_second_party() {
    let world = World::new();
    let sock = public_key("sock.puppet");
    branch(&world, "sock", |world| {
        let person = ALICE.replace("Alice Nguyen", "Sock Puppet").replace("alice-nw, id: 583231", "sock, id: 99");
        world.write("people/sock.puppet.yaml", &format!("{person}keys: [\"{sock}\"]\n"));
    });
    // who brings a key is judged as somebody who may sign, not as a name
    let plan = world.timed(&["plan", "--head", "sock", "--format", "json"]).exits(0).json();
    assert!(plan["approvals"].to_string().contains("identity-1"), "{plan:#}");
    let file = key("sock.puppet");
    let prove = ["approve", "--prove-key", "--as", "sock.puppet", "--key", file.to_str().unwrap(), "--yes"];
    world.timed(&prove).exits(0);
    world.approve("sock", "mei.tanaka").exits(0);
    merge(&world, "sock");
    world.timed(&["verify"]).exits(0);
    world.let_alice_in("alice");
    let refused = world.approve("alice", "sock.puppet").exits(3);
    refused.says("refused[approver-kind-forbidden]").says("refused[approver-same-vendor]");
}

#[test]
fn nobody_objects_to_their_own_removal() {
    let world = World::new();
    branch(&world, "away", |world| edit(world, "grants/payments/payments-production-logs.yaml", ", priya.shah", ""));
    let objects = |person: &str| world.approve_with(&["--head", "away", "--request-changes"], person).exits(2);
    objects("priya.shah").says("doesn't count here");
    // nor does anybody else hold up a removal
    objects("grace.lin").says("never on a removal");
    world.approve("away", "omar.diallo").exits(0);
    world.timed(&["verify", "--head", "away"]).exits(0);
}

#[test]
fn of_two_merges_pushed_at_once_the_one_that_nobody_approved_stays_out() {
    let world = applied();
    world.let_alice_in("alice");
    branch(&world, "wider", |world| {
        edit(world, "grants/payments/bob-checkout.yaml", "[payments-web", "[payments-api, payments-web")
    });
    world.approve("alice", "priya.shah").exits(0);
    world.git(&["switch", "-q", "main"]);
    for name in ["alice", "wider"] {
        world.git(&["merge", "-q", "--no-ff", "-m", "Queue", name]);
    }
    world.git(&["push", "-q", "origin", "main"]);
    let landings = world.timed(&["verify", "--format", "json"]).exits(1).json();
    let verdicts: Vec<&str> =
        landings["landings"].as_array().unwrap().iter().map(|landing| landing["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["approved", "refused"]);
    let before = world.live("github").matches("402668").count();
    world.timed(&["apply"]).exits(3).says("grant  alice.nguyen").says("no-approval");
    assert_eq!(world.live("github").matches("402668").count(), before, "Bob gained what nobody approved");
}

#[test]
fn the_last_but_one_approver_leaves() {
    let admins = ("groups/access-admins.yaml", "[lena.vogt, mei.tanaka, sven.olsen]", "[lena.vogt, mei.tanaka]");
    let mut world = World::edited(&[
        admins,
        ("policies/approvals.yaml", "policy, count: 2", "policy, count: 1"),
        ("people/mei.tanaka.yaml", "type: employee ", "type: employee\nended: 2026-12-01 "),
    ]);
    world.timed(&["apply"]).exits(0);
    // lint says so as soon as she has left, and blocks nothing for it
    world.now = "2026-12-02T09:00:00Z".to_owned();
    world.timed(&["lint"]).exits(0).says("warning[approver-cannot-be-met]").says("lena.vogt");
    world.be("lena.vogt");
    branch(&world, "limits", |world| edit(world, "policies/limits.yaml", "count: 10", "count: 12"));
    world.approve("limits", "mei.tanaka").exits(3).says("approver-no-longer-authorized");
    world.approve("limits", "lena.vogt").exits(3).says("approver-is-author");
    let refused = world.timed(&["verify", "--head", "limits"]).exits(1);
    refused.says("refused[no-approval]").says("nobody is left");
    // the way out: somebody else writes it, and she approves
    world.be("tom.reed");
    branch(&world, "heir", |world| {
        edit(world, "groups/access-admins.yaml", "[lena.vogt, mei.tanaka]", "[lena.vogt, mei.tanaka, sven.olsen]");
    });
    world.approve("heir", "lena.vogt").exits(0);
    world.timed(&["verify", "--head", "heir"]).exits(0);
    // and a removal of hers goes all the same
    world.be("lena.vogt");
    branch(&world, "away", |world| drop(world.git(&["rm", "-q", "grants/payments/yara-security-test.yaml"])));
    world.approve("away", "grace.lin").exits(0);
    merge(&world, "away");
    world.timed(&["apply"]).exits(0).says("revoke yara.haddad");
}

#[test]
fn a_co_author_whom_a_line_names_in_letters_that_look_alike_is_a_party() {
    for (place, key) in
        ["\u{421}\u{43e}-authored-by", "Co-auth\u{3bf}red-by", "\u{ff23}o-authored-by"].iter().enumerate()
    {
        let world = World::new();
        let name = format!("alice-{place}");
        world.let_alice_in(&name);
        let message = format!("More\n\n{key}: Priya <priya@northwind.example>");
        world.git(&["commit", "-q", "--allow-empty", "-m", &message]);
        world.git(&["push", "-q", "origin", &name]);
        world.approve(&name, "priya.shah").exits(3).says("approver-is-author");
        world.approve(&name, "grace.lin").exits(0);
        world.timed(&["verify", "--head", &name]).exits(0);
    }
}

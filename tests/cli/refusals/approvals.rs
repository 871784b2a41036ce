//! Approvals that are missing, of something else, or by somebody who doesn't count.

use super::Story;
use crate::attacks::{branch, edit, merge};
use crate::replay;
use crate::support::{World, be, key, public_key};

/// Bob also gets what everybody who owns payments gets.
const LEADS: &str = "to: [\"group:payments-leads\"]\nrole: tester\ndomain: payments-staging\nresources: [payments-api]\n\
                     from: 2026-11-23\nuntil: 2027-01-29\nreason: Try it out\n";

const ROBOT: &str = "to: [settlement-bot]\nrole: deployer\ndomain: ledger-production\nresources: [ledger-project]\n\
                     from: 2026-11-23\nuntil: 2027-01-29\nreason: Release the settlements\n";

/// The robot can sign, and its sponsor may approve payments.
fn with_a_robot() -> World {
    let robot = public_key("settlement-bot");
    World::edited(&[(
        "people/settlement-bot.yaml",
        "sponsor: omar.diallo\n",
        &format!("sponsor: omar.diallo\nkeys: [\"{robot}\"]\n"),
    )])
}

fn unsigned(world: &World, message: &str) {
    let who = ["-c", "user.email=noreply@forge.example", "-c", "user.name=Web"];
    let commit = ["commit", "-q", "--allow-empty", "--no-gpg-sign", "-m", message];
    world.git(&[&who[..], &commit].concat());
}

/// A branch with Alice's access, approved by Priya.
fn approved() -> World {
    let world = World::new();
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    world
}

pub const STORIES: &[Story] = &[
    ("nobody has approved the branch yet", &["no-approval"], |scene| {
        let world = World::new();
        world.let_alice_in("alice");
        scene.run(&world, &["verify", "--head", "alice"], 1);
    }),
    ("a commit after the approval", &["approval-stale"], |scene| {
        let world = approved();
        world.git(&["commit", "-q", "--allow-empty", "-m", "One more thing"]);
        scene.run(&world, &["verify", "--head", "alice"], 1);
    }),
    ("an approval that waited too long", &["approval-expired"], |scene| {
        let mut world = World::edited(&[("policies/limits.yaml", "limits:", "approvals_last: 14 days\nlimits:")]);
        world.let_alice_in("alice");
        world.approve("alice", "priya.shah").exits(0);
        merge(&world, "alice");
        world.timed(&["verify"]).exits(0);
        world.now = "2026-12-08T09:00:00Z".to_owned();
        scene.run(&world, &["verify"], 1);
        // the same head once more, though it has landed
        scene.approve(&world, "alice", &[], "priya.shah", 0);
        scene.run(&world, &["verify"], 0);
    }),
    ("an approval of tomorrow", &["approval-from-the-future"], |scene| {
        let mut world = World::new();
        world.let_alice_in("alice");
        world.now = "2026-11-23T09:06:00Z".to_owned();
        world.approve("alice", "priya.shah").exits(0);
        world.now = "2026-11-23T09:00:00Z".to_owned();
        scene.run(&world, &["verify", "--head", "alice"], 1);
        scene.approve(&world, "alice", &[], "priya.shah", 0);
        scene.run(&world, &["verify", "--head", "alice"], 0);
    }),
    ("an approval that was taken back", &["approval-withdrawn"], |scene| {
        let world = approved();
        scene.approve(&world, "alice", &["--withdraw"], "priya.shah", 0);
        scene.run(&world, &["verify", "--head", "alice"], 1);
    }),
    ("an objection", &["changes-requested"], |scene| {
        let world = approved();
        scene.approve(&world, "alice", &["--request-changes"], "grace.lin", 0);
        scene.run(&world, &["verify", "--head", "alice"], 1);
    }),
    ("who wrote part of it approves", &["approver-is-author"], |scene| {
        let world = World::new();
        world.let_alice_in("alice");
        world.git(&["commit", "-q", "--allow-empty", "-m", "More\n\nCo-authored-by: P <priya@northwind.example>"]);
        scene.approve(&world, "alice", &[], "priya.shah", 3);
    }),
    ("who signed the commits approves", &["approver-is-committer"], |scene| {
        let world = World::new();
        world.let_alice_in("alice");
        world.be("priya.shah");
        world.git(&["commit", "-q", "--allow-empty", "--author", "Tom <tom@northwind.example>", "-m", "More"]);
        scene.approve(&world, "alice", &[], "priya.shah", 3);
    }),
    ("who gains approves", &["approver-is-beneficiary"], |scene| {
        let world = World::new();
        branch(&world, "mine", |world| {
            world.write("grants/payments/priya-tests.yaml", &LEADS.replace("\"group:payments-leads\"", "priya.shah"));
        });
        scene.approve(&world, "mine", &[], "priya.shah", 3);
    }),
    ("a colleague of who gains approves", &["approver-kind-forbidden", "approver-same-vendor"], |scene| {
        let world = World::new();
        world.let_alice_in("alice");
        scene.approve(&world, "alice", &[], "bob.keller", 3);
    }),
    ("a service approves", &["approver-not-human"], |scene| {
        let world = with_a_robot();
        world.let_alice_in("alice");
        scene.approve(&world, "alice", &[], "settlement-bot", 3);
    }),
    ("somebody approves whom no rule asks", &["approver-out-of-scope"], |scene| {
        let world = World::new();
        world.let_alice_in("alice");
        scene.approve(&world, "alice", &[], "lena.vogt", 3);
    }),
    ("somebody approves who isn't in the registry", &["approver-not-authorized-at-merge"], |scene| {
        let world = approved();
        let head = world.rev("alice");
        let mut statement = replay::statement(&world, &head);
        statement["person"] = "carl.berg".into();
        replay::put(&world, &head, "carl.berg", &statement);
        world.approve_with(&["--head", "alice", "--withdraw"], "priya.shah").exits(0);
        scene.run(&world, &["verify", "--head", "alice"], 1);
    }),
    ("somebody approves who has left", &["approver-no-longer-authorized"], |scene| {
        let text = ("people/priya.shah.yaml", "type: employee ", "type: employee\nended: 2026-12-01 ");
        let world = World::edited(&[text]);
        world.let_alice_in("alice");
        world.approve("alice", "priya.shah").exits(0);
        scene.run_at(&world.now_is("2026-12-02T09:00:00Z"), &["verify", "--head", "alice"], 1);
    }),
    ("one approval where two are asked for", &["quorum-not-met"], |scene| {
        let world = World::new();
        branch(&world, "friend", |world| {
            edit(world, "groups/access-admins.yaml", "[lena.vogt", "[yusuf.demir, lena.vogt");
        });
        scene.approve(&world, "friend", &[], "mei.tanaka", 0);
        scene.run(&world, &["verify", "--head", "friend"], 1);
    }),
    ("a commit that nobody signed", &["author-unknown"], |scene| {
        let world = World::new();
        world.let_alice_in("alice");
        unsigned(&world, "Edit");
        scene.approve(&world, "alice", &[], "priya.shah", 0);
        scene.run(&world, &["verify", "--head", "alice"], 1);
    }),
    ("no commit that anybody signed", &["author-unproven"], |scene| {
        let world = World::new();
        world.let_alice_in("alice");
        world.git(&["commit", "-q", "--amend", "--no-edit", "--no-gpg-sign"]);
        scene.approve(&world, "alice", &[], "priya.shah", 3);
    }),
    ("a service made the change", &["quorum-bot-authored"], |scene| {
        let world = with_a_robot();
        be(&world, &world.repo(), "settlement-bot");
        world.let_alice_in("alice");
        scene.approve(&world, "alice", &[], "omar.diallo", 3);
        scene.approve(&world, "alice", &[], "priya.shah", 0);
        scene.run(&world, &["verify", "--head", "alice"], 1);
    }),
    ("much is removed at once", &["mass-removal"], |scene| {
        let world = World::new();
        branch(&world, "many", |world| drop(world.git(&["rm", "-q", "-r", "grants/payments"])));
        scene.approve(&world, "many", &[], "mei.tanaka", 0);
        scene.run(&world, &["verify", "--head", "many"], 1);
    }),
    ("who was ended by one key approves more than a way back", &["word-lingers"], |scene| {
        let world = World::new();
        branch(&world, "ends", |world| {
            for person in ["lena.vogt", "mei.tanaka"] {
                edit(world, &format!("people/{person}.yaml"), "type: employee ", "type: employee\nended: 2026-11-23 ");
            }
        });
        world.approve("ends", "sven.olsen").exits(0);
        merge(&world, "ends");
        branch(&world, "limit", |world| edit(world, "policies/limits.yaml", "count: 10", "count: 9"));
        scene.approve(&world, "limit", &[], "lena.vogt", 3);
        // and nobody else is left, which only the anchor's keeper can mend
        world.approve("limit", "sven.olsen").exits(0);
        scene.run(&world, &["verify", "--head", "limit"], 1);
    }),
    ("a service gets more by its sponsor alone", &["sponsor-alone"], |scene| {
        let world = World::new();
        branch(&world, "robot", |world| world.write("grants/ledger/robot-releases.yaml", ROBOT));
        world.approve("robot", "omar.diallo").exits(0);
        scene.run(&world, &["verify", "--head", "robot"], 1);
    }),
    ("a resource leaves a domain without owners", &["resource-ownerless"], |scene| {
        let attic = "title: Attic\nenvironment: staging\nowners: [yusuf.demir, grace.lin]\nresources:\n  \
                     attic: { repository: northwind/attic }\n";
        let world = World::unanchored();
        world.write("domains/attic.yaml", attic);
        world.commit("An attic");
        world.git(&["push", "-q", "origin", "main"]);
        let world = world.begun();
        branch(&world, "ends", |world| {
            for person in ["yusuf.demir", "grace.lin"] {
                edit(world, &format!("people/{person}.yaml"), "type: employee ", "type: employee\nended: 2026-11-23 ");
            }
        });
        world.approve("ends", "mei.tanaka").exits(0);
        merge(&world, "ends");
        branch(&world, "move", |world| {
            world.git(&["rm", "-q", "domains/attic.yaml"]);
            let ledger = "  ledger: { repository: northwind/ledger }\n";
            edit(
                world,
                "domains/ledger-staging.yaml",
                ledger,
                &format!("{ledger}  attic: {{ repository: northwind/attic }}\n"),
            );
        });
        for person in ["mei.tanaka", "sven.olsen"] {
            world.approve("move", person).exits(0);
        }
        scene.run(&world, &["verify", "--head", "move"], 1);
    }),
    ("another's key is replaced", &["key-unproven", "own-keys-changed"], |scene| {
        let world = World::new();
        branch(&world, "key", |world| {
            edit(world, "people/lena.vogt.yaml", &public_key("lena.vogt"), &public_key("mallory"));
        });
        world.approve("key", "mei.tanaka").exits(0);
        world.approve("key", "sven.olsen").exits(0);
        scene.run(&world, &["verify", "--head", "key"], 1);
        let new = key("mallory");
        let prove = ["approve", "--prove-key", "--as", "lena.vogt", "--key", new.to_str().unwrap(), "--yes"];
        world.timed(&prove).exits(0);
        scene.run(&world, &["verify", "--head", "key"], 1);
    }),
    ("everybody who may approve it gains", &["everyone-benefits"], |scene| {
        let world = World::new();
        branch(&world, "leads", |world| world.write("grants/payments/leads-test.yaml", LEADS));
        scene.approve(&world, "leads", &[], "grace.lin", 0);
        scene.run(&world, &["verify", "--head", "leads"], 1);
    }),
    ("a statement under another's name", &["statement-invalid"], |scene| {
        let world = approved();
        let head = world.rev("alice");
        let refs = world.git(&["for-each-ref", "--format=%(objectname) %(refname)", "refs/dualkey-mirror/"]);
        let statement = refs.lines().find(|line| line.contains(&head)).unwrap().split(' ').next().unwrap();
        world.git(&["push", "-q", "origin", &format!("{statement}:refs/dualkey/approvals/{head}/grace.lin")]);
        world.git(&["push", "-q", "origin", &format!(":refs/dualkey/approvals/{head}/priya.shah")]);
        scene.run(&world, &["verify", "--head", "alice"], 1);
    }),
    ("a statement for another branch", &["statement-elsewhere"], |scene| {
        let world = approved();
        let head = world.rev("alice");
        let mut statement = replay::statement(&world, &head);
        statement["branch"] = "release".into();
        replay::put(&world, &head, "priya.shah", &statement);
        scene.run(&world, &["verify", "--head", "alice"], 1);
    }),
    ("what was approved means something else by now", &["digest-mismatch"], |scene| {
        let world = World::new();
        branch(&world, "group", |world| world.write("groups/testers.yaml", "members: [tom.reed]\n"));
        world.approve("group", "lena.vogt").exits(0);
        merge(&world, "group");
        // Grace's grant names the group; while it waits, Hana comes into the group
        branch(&world, "grant", |world| {
            world.write("grants/payments/testers.yaml", &LEADS.replace("payments-leads", "testers"));
        });
        world.approve("grant", "priya.shah").exits(0);
        branch(&world, "hana", |world| edit(world, "groups/testers.yaml", "[tom.reed]", "[hana.kim, tom.reed]"));
        world.approve("hana", "lena.vogt").exits(0);
        merge(&world, "hana");
        scene.run(&world, &["verify", "--head", "grant"], 1);
    }),
];

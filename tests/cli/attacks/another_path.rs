//! What an approved landing took doesn't come back by another path, another permission or another name, unless a plan says so.

use super::{applied, branch, edit, merge};
use crate::support::{World, public_key};

const BOB: &str = "grants/payments/bob-checkout.yaml";
const ADMINS: &str = "groups/access-admins.yaml";
const GLOBEX: &str = "vendors/globex.yaml";
const SUPERUSER: &str = "title: Everything\nrisk: privileged\ncontractors: allowed\nentitlements:\n  repository: admin\n  \
                         account: AdministratorAccess\n";

/// A world that began with some files more.
fn with(files: &[(&str, &str)]) -> World {
    let world = World::unanchored();
    for (path, text) in files {
        world.write(path, text);
    }
    edit(&world, ADMINS, "sven.olsen]", "sven.olsen, yusuf.demir]");
    world.commit("More");
    world.git(&["push", "-q", "origin", "main"]);
    let world = world.begun();
    world.timed(&["apply"]).exits(0);
    world
}

/// A branch on another one, with one commit by Tom, pushed.
fn stacked(world: &World, name: &str, on: &str, change: impl FnOnce(&World)) {
    world.git(&["switch", "-q", "-c", name, on]);
    change(world);
    world.commit(name);
    world.git(&["push", "-q", "origin", name]);
}

fn approve(world: &World, head: &str, people: &[&str]) {
    for person in people {
        world.approve(head, person).exits(0);
    }
}

fn again(by: &str) -> String {
    format!(
        "to: [bob.keller]\nrole: {by}\ndomain: payments-staging\nresources: [payments-web]\nfrom: 2026-10-05\nuntil: \
         2027-02-26\nreason: Rebuild the checkout page\nticket: PAY-1288\n"
    )
}

fn carl() -> String {
    format!(
        "name: Carl Boss\ntype: contractor\nvendor: globex\nsponsor: priya.shah\nengagement: {{ from: 2026-11-23, until: \
         2027-03-01 }}\naccounts:\n  github: {{ login: carlboss, id: 999777 }}\nemails: [carl@globex.example]\nkeys: \
         [\"{}\"]\n",
        public_key("carl.boss")
    )
}

fn zoe() -> String {
    format!(
        "name: Zoe Zimmer\ntype: employee\naccounts:\n  github: {{ login: zoez, id: 999777 }}\nemails: \
         [zoe@northwind.example]\nkeys: [\"{}\"]\n",
        public_key("zoe.zimmer")
    )
}

#[test]
fn a_deleted_thing_is_not_moved_back_by_a_net_plan() {
    type Case<'a> = (&'a str, String, &'a str, &'a [&'a str], &'a [&'a str]);
    let cases: [Case<'_>; 4] = [
        (
            "roles/superuser.yaml",
            SUPERUSER.to_owned(),
            "role",
            &["mei.tanaka", "sven.olsen"],
            &["lena.vogt", "yusuf.demir"],
        ),
        ("people/carl.boss.yaml", carl(), "person", &["mei.tanaka"], &["lena.vogt", "priya.shah"]),
        ("people/zoe.zimmer.yaml", zoe(), "person", &["mei.tanaka"], &["lena.vogt", "priya.shah"]),
        (
            "vendors/hooli.yaml",
            "name: Hooli\nsponsor: mei.tanaka\ncontract: { from: 2026-11-02, until: 2027-04-30 }\n".to_owned(),
            "vendor",
            &["sven.olsen"],
            &["lena.vogt", "priya.shah"],
        ),
    ];
    for (path, text, kind, first, second) in cases {
        println!("{path}");
        let world = with(&[(path, &text)]);
        branch(&world, "away", |world| drop(world.git(&["rm", "-q", path])));
        approve(&world, "away", first);
        let moved = path.replace('/', "/x/");
        stacked(&world, "harmless", "away", |world| {
            world.write(&moved, &text);
            match kind {
                "role" => edit(world, "roles/tester.yaml", "findings and reads", "findings, reads"),
                "vendor" => edit(world, "vendors/umbra.yaml", "Umbra Testing", "Umbra Tests"),
                _ => edit(world, BOB, "PAY-1288", "PAY-1289"),
            }
        });
        for person in second {
            world.approve("harmless", person);
        }
        merge(&world, "away");
        merge(&world, "harmless");
        let refused = world.timed(&["verify"]).exits(1).says("refused[landing-left-out]");
        let id = path.split('/').nth(1).unwrap().trim_end_matches(".yaml");
        refused.says(&format!("{kind} `{id}` is back"));
    }
}

#[test]
fn a_deleted_role_does_not_come_back_by_an_older_approval() {
    let world = with(&[]);
    branch(&world, "old", |world| world.write("roles/x/superuser.yaml", SUPERUSER));
    approve(&world, "old", &["mei.tanaka", "sven.olsen"]);
    branch(&world, "add", |world| world.write("roles/superuser.yaml", SUPERUSER));
    approve(&world, "add", &["lena.vogt", "sven.olsen"]);
    merge(&world, "add");
    world.timed(&["apply"]).exits(0);
    branch(&world, "away", |world| drop(world.git(&["rm", "-q", "roles/superuser.yaml"])));
    approve(&world, "away", &["lena.vogt", "sven.olsen"]);
    merge(&world, "away");
    world.timed(&["apply"]).exits(0);
    world.timed(&["verify", "--head", "old"]).exits(1).says("landing-left-out").says("role `superuser` is back");
    merge(&world, "old");
    world.timed(&["verify"]).exits(1).says("refused[landing-left-out]");
}

#[test]
fn a_landing_that_gives_and_tightens_is_not_leapt_over() {
    for how in ["squash", "fast-forward"] {
        println!("{how}");
        let world = World::edited(&[
            (GLOBEX, "until: 2027-03-31", "until: 2027-03-10"),
            (GLOBEX, "ledger-staging]", "ledger-staging, payments-production]"),
        ]);
        branch(&world, "short", |world| edit(world, GLOBEX, "until: 2027-03-10", "until: 2027-01-15"));
        approve(&world, "short", &["mei.tanaka"]);
        merge(&world, "short");
        world.timed(&["apply"]).exits(0);
        branch(&world, "a", |world| {
            edit(world, GLOBEX, "until: 2027-01-15", "until: 2027-03-10");
            edit(world, GLOBEX, ", payments-production", "");
        });
        approve(&world, "a", &["lena.vogt", "priya.shah"]);
        stacked(&world, "h", "a", |world| {
            edit(world, GLOBEX, "ledger-staging]", "ledger-staging, payments-production]");
            edit(world, GLOBEX, "until: 2027-03-10", "until: 2027-03-11");
        });
        approve(&world, "h", &["mei.tanaka", "omar.diallo"]);
        world.git(&["switch", "-q", "main"]);
        if how == "squash" {
            world.git(&["merge", "-q", "--squash", "a"]);
            world.commit("Squash");
            world.git(&["merge", "-q", "--no-ff", "-X", "theirs", "-m", "Merge", "h"]);
        } else {
            world.git(&["merge", "-q", "--ff-only", "a"]);
            world.git(&["merge", "-q", "--no-ff", "-m", "Merge", "h"]);
        }
        world.git(&["push", "-q", "origin", "main"]);
        world.timed(&["verify"]).exits(1).says("refused[landing-left-out]").says(GLOBEX);
    }
}

#[test]
fn who_had_to_go_does_not_stay_with_less_by_a_plan_that_shows_a_reduction() {
    let world = applied();
    branch(&world, "away", |world| drop(world.git(&["rm", "-q", BOB])));
    approve(&world, "away", &["priya.shah"]);
    stacked(&world, "less", "away", |world| world.write("grants/payments/bob-reads.yaml", &again("reader")));
    world.approve("less", "grace.lin");
    merge(&world, "away");
    merge(&world, "less");
    world.timed(&["verify"]).exits(1).says("refused[landing-left-out]").says("`bob.keller` has").says("again");
    world.timed(&["apply"]).exits(3).says("revoke bob.keller");
}

#[test]
fn an_older_approval_gives_back_neither_less_nor_more_than_was_taken() {
    let lead = "title: Leads the work on a repository\nrisk: standard\ncontractors: allowed\nentitlements:\n  repository: \
                maintain\n";
    for role in ["reader", "lead"] {
        let world = with(&[("roles/lead.yaml", lead)]);
        branch(&world, "old", |world| world.write("grants/payments/bob-again.yaml", &again(role)));
        for person in ["lena.vogt", "grace.lin"] {
            world.approve("old", person);
        }
        branch(&world, "away", |world| drop(world.git(&["rm", "-q", BOB])));
        approve(&world, "away", &["priya.shah"]);
        merge(&world, "away");
        world.timed(&["apply"]).exits(0).says("revoke bob.keller");
        world.timed(&["verify", "--head", "old"]).exits(1).says("landing-left-out").says("`bob.keller` has");
        merge(&world, "old");
        world.timed(&["verify"]).exits(1).says("refused[landing-left-out]");
        let told = world.timed(&["apply"]).exits(3);
        assert!(!told.stdout.contains("grant  bob.keller"), "{}", told.stdout);
    }
}

#[test]
fn the_same_account_under_another_name_is_the_same_account() {
    let world = applied();
    let all = [BOB, "people/bob.keller.yaml", "grants/ledger/bob-refund-events.yaml", "bridges/refund-events.yaml"];
    branch(&world, "away", |world| {
        for path in all {
            world.git(&["rm", "-q", path]);
        }
    });
    approve(&world, "away", &["priya.shah", "omar.diallo", "mei.tanaka"]);
    let person = world.git(&["show", "main:people/bob.keller.yaml"]);
    let person: Vec<&str> =
        person.lines().filter(|line| !line.starts_with("emails") && !line.starts_with("keys")).collect();
    let grant = world.git(&["show", &format!("main:{BOB}")]).replace("bob.keller", "robert.keller");
    stacked(&world, "renamed", "away", |world| {
        world.write("people/robert.keller.yaml", &format!("{}\n", person.join("\n")));
        world.write("grants/payments/robert-checkout.yaml", &format!("{}\n", grant.trim_end()));
    });
    for person in ["grace.lin", "sven.olsen", "lena.vogt"] {
        world.approve("renamed", person);
    }
    merge(&world, "away");
    merge(&world, "renamed");
    let refused = world.timed(&["verify"]).exits(1).says("refused[landing-left-out]");
    refused.says("`robert.keller` has").says("by the account that `bob.keller` had it by");
    world.timed(&["apply"]).exits(3).says("revoke bob.keller");
}

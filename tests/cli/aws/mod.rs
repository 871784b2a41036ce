//! Stories at the stand-in for AWS: what is declared is what Identity Center then lets people do.

use std::process::Command;

use aws_standin::world::{AccountState, Key, Principal, Settle};
use aws_standin::{Fault, On, Server, World as Cloud};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::place::Place;
use crate::support::{NOW, Ran, World, finish, start, takes_now};

mod bad_input;
mod story;
mod survival;

/// The access repository, before keys, days and the instance are known.
const CENTER: &str = include_str!("center.txtar");

/// The organisation's own account, and those that are managed.
const OWN: &str = "111122223333";
const SHOP: &str = "444455556666";
const TILL: &str = "555566667777";

/// The policy that the page of the target has somebody make.
const ENDS: &str = include_str!("../../../src/targets/aws/ends/policy.json");

/// The access repository of an organisation with its log, and the server that it speaks of.
struct Center {
    world: World,
    server: Server,
    reads: Key,
    writes: Key,
    scp: String,
}

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn day(from_today: i64) -> Date {
    Center::day(from_today)
}

impl Place for Center {
    fn here(&self) -> &World {
        &self.world
    }

    fn here_mut(&mut self) -> &mut World {
        &mut self.world
    }

    fn today() -> Date {
        now().to_zoned(jiff::tz::TimeZone::UTC).date()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.world.command(&self.world.path("repo"));
        command.env("AWS_ENDPOINT_URL", self.server.url());
        for (right, key) in [("READER", &self.reads), ("WRITER", &self.writes)] {
            command.env(format!("DUALKEY_{right}_AWS_ACCESS_KEY_ID"), &key.id);
            command.env(format!("DUALKEY_{right}_AWS_SECRET_ACCESS_KEY"), &key.secret);
        }
        command.args(args);
        if takes_now(args) && !args.contains(&"--at") {
            command.args(["--now", &self.server.clock().now().to_string()]);
        }
        command
    }

    #[track_caller]
    fn run(&self, args: &[&str]) -> Ran {
        let ran = finish(self.command(args));
        for key in [&self.reads, &self.writes] {
            assert!(!format!("{}{}", ran.stdout, ran.stderr).contains(&key.secret), "a secret was printed");
        }
        ran
    }

    fn value(&self, what: &str, _: &str) -> Option<String> {
        self.server.world(|cloud| {
            Some(match what {
                "instance" => cloud.instance(),
                "store" => cloud.identity_store().to_owned(),
                "organization" => cloud.organization().to_owned(),
                "scp" => self.scp.clone(),
                _ => return None,
            })
        })
    }
}

impl Center {
    fn open() -> Self {
        Center::empty().begun()
    }

    /// An organisation with both credentials, and no access repository yet.
    fn empty() -> Self {
        let mut cloud = Cloud::new("o-a1b2c3d4e5", "eu-central-1", OWN, now());
        cloud.settle = Settle::Seconds(1);
        cloud.add_account(SHOP, "shop", AccountState::Active);
        cloud.add_account(TILL, "till", AccountState::Active);
        for (set, session) in [("DeveloperAccess", "PT8H"), ("AdministratorAccess", "PT1H"), ("ReadOnly", "PT1H")] {
            cloud.add_permission_set(set, session);
        }
        for user in ["priya", "Mei", "grace"] {
            cloud.add_user(&format!("{user}@northwind.example"));
        }
        cloud.add_user("alice@globex.example");
        cloud.add_group("shop-staff");
        let scp = cloud.add_control_policy("dualkey-ends", ENDS);
        let (reads, writes) = (cloud.add_key(OWN), cloud.add_key(OWN));
        let server = Server::start(cloud);
        server.clock().run(1);
        let world = World::empty();
        std::fs::write(world.path("stand-ins"), "").unwrap();
        Center { world, server, reads, writes, scp }
    }

    /// With a genesis, and applied once.
    fn begun(self) -> Self {
        let center = self.found(CENTER);
        center.run(&["apply"]).exits(0);
        center
    }

    /// Alice of Globex may build the shop for a month.
    fn let_alice_in(&self) {
        let (from, until) = (day(-1), day(30));
        self.world.write(
            "people/alice.nguyen.yaml",
            &format!(
                "name: Alice Nguyen\ntype: contractor\nvendor: globex\nsponsor: priya.shah\nengagement: {{ from: {from}, \
                 until: {until} }}\naccounts: {{ aws: alice@globex.example }}\n"
            ),
        );
        self.world.write(
            "grants/alice-builds.yaml",
            &format!(
                "to: [alice.nguyen]\nrole: developer\ndomain: shop\nresources: [shop]\nfrom: {from}\nuntil: {until}\n\
                 reason: Build the refund flow\n"
            ),
        );
    }

    /// Alice was let in, and that was applied.
    fn told() -> Self {
        let center = Center::open();
        center.let_alice_in();
        center.land("alice");
        center.run(&["apply"]).exits(0);
        center
    }

    fn user(&self, name: &str) -> Principal {
        Principal::user(&self.server.world(|cloud| cloud.user_id(name).unwrap().to_owned()))
    }

    fn set(&self, name: &str) -> String {
        self.server.world(|cloud| cloud.permission_set(name).unwrap().to_owned())
    }

    fn has(&self, user: &str, set: &str, account: &str) -> bool {
        let (user, set) = (self.user(user), self.set(set));
        self.server.world(|cloud| cloud.is_assigned(&user, &set, account))
    }
}

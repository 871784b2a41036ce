//! Stories on the stand-in for GitHub: what is declared is what it then lets people do.
//!
//! The stand-in's clock begins where all stories do, and runs: each command is told what it shows.

use std::process::Command;

use github_standin::world::Level;
use github_standin::{Server, World as Forge};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use crate::place::Place;
use crate::support::{NOW, Ran, World, finish, takes_now};

mod bad_input;
mod guards;
mod import;
mod large;
mod story;

/// The access repository, before keys, days and the server are known.
pub const HUB: &str = include_str!("hub.txtar");

const READS: &str = "members=read administration=read organization_administration=read organization_custom_roles=read \
                     organization_custom_org_roles=read";
const WRITES: &str = "members=write administration=write";

/// The access repository of an organisation with its log, and the server that it speaks of.
pub struct Hub {
    pub world: World,
    pub server: Server,
    pub reads: String,
    pub writes: String,
}

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn day(from_today: i64) -> Date {
    Hub::day(from_today)
}

impl Place for Hub {
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
        command.env("DUALKEY_READER_GITHUB_TOKEN", &self.reads).env("DUALKEY_WRITER_GITHUB_TOKEN", &self.writes);
        command.args(args);
        command
    }

    #[track_caller]
    fn run(&self, args: &[&str]) -> Ran {
        finish(self.timed(self.command(args), args))
    }

    fn value(&self, what: &str, of: &str) -> Option<String> {
        Some(match what {
            "id" => self.number(of).to_string(),
            "organization" => self.server.world(|forge| forge.organization().id).to_string(),
            "api" => self.server.url(),
            _ => return None,
        })
    }
}

impl Hub {
    fn open() -> Self {
        Hub::at(Hub::company()).begun()
    }

    /// The organisation, before anything of it is managed.
    pub fn company() -> Forge {
        let mut forge = Forge::new("northwind", now());
        forge.set_base(Level::None);
        for owner in ["priyashah", "mei-tanaka", "dualkey-writer"] {
            forge.add_owner(owner);
        }
        for login in ["grace-lin", "alice-nw", "bobkeller"] {
            forge.add_account(login);
        }
        for name in ["shop", "till", "Site"] {
            forge.add_repository(name);
        }
        forge.add_team("oncall", None);
        forge
    }

    /// An organisation with both credentials, and no access repository yet.
    pub fn at(mut forge: Forge) -> Self {
        let reads = forge.fine_grained_token("dualkey-writer", READS);
        let writes = forge.fine_grained_token("dualkey-writer", WRITES);
        let server = Server::start(forge);
        server.clock().run(1);
        let world = World::empty();
        std::fs::write(world.path("stand-ins"), "").unwrap();
        Hub { world, server, reads, writes }
    }

    /// With a genesis, and applied once.
    fn begun(self) -> Self {
        self.begun_with(HUB)
    }

    /// The same with other files.
    pub fn begun_with(self, files: &str) -> Self {
        let hub = self.found(files);
        hub.run(&["apply"]).exits(0);
        hub.server.world(|forge| forge.accept("grace-lin"));
        hub
    }

    fn number(&self, login: &str) -> u64 {
        self.server.world(|forge| forge.account(login).unwrap().id)
    }

    #[track_caller]
    fn reads_with(&self, token: &str, args: &[&str]) -> Ran {
        let mut command = self.command(args);
        command.env("DUALKEY_READER_GITHUB_TOKEN", token);
        let ran = finish(self.timed(command, args));
        assert!(token.is_empty() || !format!("{}{}", ran.stdout, ran.stderr).contains(token), "a token was printed");
        ran
    }

    /// The command by the server's clock.
    fn timed(&self, mut command: Command, args: &[&str]) -> Command {
        if takes_now(args) && !args.contains(&"--at") {
            command.args(["--now", &self.server.clock().now().to_string()]);
        }
        command
    }

    /// Somebody of Globex may build the shop for a month.
    pub fn let_in(&self, person: &str, login: &str) {
        let (from, until, id) = (day(-1), day(30), self.number(login));
        self.world.write(
            &format!("people/{person}.yaml"),
            &format!(
                "name: {person}\ntype: contractor\nvendor: globex\nsponsor: priya.shah\nengagement: {{ from: {from}, \
                 until: {until} }}\naccounts: {{ github: {{ login: {login}, id: {id} }} }}\n"
            ),
        );
        self.world.write(
            &format!("grants/{person}-builds.yaml"),
            &format!(
                "to: [{person}]\nrole: developer\ndomain: shop\nresources: [shop]\nfrom: {from}\nuntil: {until}\n\
                 reason: Build the refund flow\n"
            ),
        );
    }

    /// What somebody may do on a repository.
    pub fn may(&self, login: &str, name: &str) -> Option<String> {
        self.server.world(|forge| forge.role_of(login, name).map(|role| role.name))
    }

    /// Alice was let in, and has accepted.
    fn told() -> Self {
        let hub = Hub::open();
        hub.let_in("alice.nguyen", "alice-nw");
        hub.land("alice");
        hub.run(&["apply"]).exits(0);
        hub.server.world(|forge| forge.accept("alice-nw"));
        hub
    }
}

//! Stories on the stand-in for GitHub: what is declared is what it then lets people do.
//!
//! They play today, as nobody can tell a target what time it is; the stand-in's clock begins there and can be moved on.

use std::process::Command;

use github_standin::world::Level;
use github_standin::{Server, World as Forge};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use crate::support::{Ran, World, archive, key, public_key};

mod bad_input;
mod story;

/// The access repository, before keys, days and the server are known.
const HUB: &str = include_str!("hub.txtar");

const READS: &str = "members=read administration=read organization_administration=read organization_custom_roles=read \
                     organization_custom_org_roles=read";
const WRITES: &str = "members=write administration=write";

/// The access repository of an organisation with its log, and the server that it speaks of.
struct Hub {
    world: World,
    server: Server,
    reads: String,
    writes: String,
}

#[expect(clippy::disallowed_methods, reason = "a target has today's clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// A day that is so many from today, as files write it.
fn day(from_today: i64) -> Date {
    now().to_zoned(jiff::tz::TimeZone::UTC).date() + from_today.days()
}

/// Runs a command to its end, by today's clock.
#[track_caller]
fn finish_today(mut command: Command) -> Ran {
    let output = command.output().expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code().unwrap_or(-1), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

impl Hub {
    /// With a genesis, and applied once.
    fn open() -> Self {
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
        let reads = forge.fine_grained_token("dualkey-writer", READS);
        let writes = forge.fine_grained_token("dualkey-writer", WRITES);
        let server = Server::start(forge);
        server.clock().run(1);
        Hub { world: World::empty(), server, reads, writes }.found()
    }

    fn found(mut self) -> Self {
        let world = &self.world;
        world.git_in(world.root.path(), &["init", "-q", "--bare", "-b", "main", "origin.git"]);
        world.git_in(world.root.path(), &["init", "-q", "-b", "main", "repo"]);
        let made = self.run(&["audit", "keygen", "--name", "hub", "--out", "../log.key"]).exits(0).stdout;
        for (path, text) in archive(HUB) {
            self.world.write(&path, &self.fill(&text.replace("{{log-key}}", made.trim())));
        }
        self.world.git(&["remote", "add", "origin", "../origin.git"]);
        self.world.be("tom.reed");
        self.world.commit("Start the access repository");
        self.world.git(&["push", "-q", "-u", "origin", "main"]);
        let id = made.trim().split('+').nth(1).unwrap().to_owned();
        for person in ["mei.tanaka", "priya.shah"] {
            self.approve(&["--genesis", "main"], person).exits(0);
        }
        self.run(&["audit", "init", "--genesis", "main", "--log-key", "../log.key"]).exits(0);
        self.world.anchor = Some(format!("{}:{id}", self.world.rev("main")));
        self.run(&["apply"]).exits(0);
        self.server.world(|forge| forge.accept("grace-lin"));
        self
    }

    fn number(&self, login: &str) -> u64 {
        self.server.world(|forge| forge.account(login).unwrap().id)
    }

    /// Puts in what is known only when the story is played.
    fn fill(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        while let Some((before, rest)) = filled.split_once("{{") {
            let (what, after) = rest.split_once("}}").unwrap();
            let value = match what.split_once(':').unwrap() {
                ("day", days) => day(days.parse().unwrap()).to_string(),
                ("key", person) => public_key(person),
                ("id", login) => self.number(login).to_string(),
                ("organization", _) => self.server.world(|forge| forge.organization().id).to_string(),
                ("api", _) => self.server.url(),
                other => panic!("{other:?}"),
            };
            filled = format!("{before}{value}{after}");
        }
        filled
    }

    /// The program, with both credentials.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.world.command(&self.world.path("repo"));
        command.env("DUALKEY_READER_GITHUB_TOKEN", &self.reads).env("DUALKEY_WRITER_GITHUB_TOKEN", &self.writes);
        command.args(args);
        command
    }

    #[track_caller]
    fn run(&self, args: &[&str]) -> Ran {
        finish_today(self.command(args))
    }

    #[track_caller]
    fn reads_with(&self, token: &str, args: &[&str]) -> Ran {
        let mut command = self.command(args);
        command.env("DUALKEY_READER_GITHUB_TOKEN", token);
        let ran = finish_today(command);
        assert!(token.is_empty() || !format!("{}{}", ran.stdout, ran.stderr).contains(token), "a token was printed");
        ran
    }

    #[track_caller]
    fn approve(&self, args: &[&str], person: &str) -> Ran {
        let key = key(person);
        let mut all = vec!["approve", "--yes", "--key", key.to_str().unwrap()];
        all.extend(args);
        self.run(&all)
    }

    /// Commits what was written on a branch of that name, has it approved, and merges it.
    #[track_caller]
    fn land(&self, branch: &str) {
        self.land_by(branch, &["priya.shah"]);
    }

    /// The same with what takes two access admins.
    #[track_caller]
    fn land_policy(&self, branch: &str) {
        self.land_by(branch, &["priya.shah", "mei.tanaka"]);
    }

    #[track_caller]
    fn land_by(&self, branch: &str, approvers: &[&str]) {
        let world = &self.world;
        world.git(&["switch", "-q", "-c", branch]);
        world.commit(branch);
        world.git(&["push", "-q", "origin", branch]);
        for person in approvers {
            self.approve(&["--head", branch], person).exits(0);
        }
        world.land(branch);
    }

    /// Somebody of Globex may build the shop for a month.
    fn let_in(&self, person: &str, login: &str) {
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
    fn may(&self, login: &str, name: &str) -> Option<String> {
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

//! Companies whose target is no file: a server that answers, and that has a clock of its own.

use std::process::Command;

use jiff::civil::Date;

use crate::support::{Ran, World, archive, key, public_key};

/// A company in the access repository of a world, and the server that it speaks of.
pub trait Place: Sized {
    fn here(&self) -> &World;

    fn here_mut(&mut self) -> &mut World;

    fn anchored(mut self, anchor: String) -> Self {
        self.here_mut().anchor = Some(anchor);
        self
    }

    /// What day it is there.
    fn today() -> Date;

    /// The program, with both credentials.
    fn command(&self, args: &[&str]) -> Command;

    /// Runs the program to its end, by the time of the server.
    fn run(&self, args: &[&str]) -> Ran;

    /// What is known only when the story is played: `what` of something.
    fn value(&self, what: &str, of: &str) -> Option<String>;

    /// A day that is so many from today, as files write it.
    fn day(from_today: i64) -> Date {
        Self::today() + jiff::Span::new().days(from_today)
    }

    /// Puts in what is known only when the story is played: `{{what}}`, or `{{what:of}}`.
    fn fill(&self, text: &str, log_key: &str) -> String {
        let mut filled = text.to_owned();
        while let Some((before, rest)) = filled.split_once("{{") {
            let (name, after) = rest.split_once("}}").unwrap();
            let (what, of) = name.split_once(':').unwrap_or((name, ""));
            let value = match what {
                "log-key" => log_key.to_owned(),
                "day" => Self::day(of.parse().unwrap()).to_string(),
                "key" => public_key(of),
                _ => self.value(what, of).unwrap_or_else(|| panic!("nobody knows {name}")),
            };
            filled = format!("{before}{value}{after}");
        }
        filled
    }

    /// With the files of an archive, and a genesis.
    fn found(self, files: &str) -> Self {
        self.written(files).vouched()
    }

    /// With the files of an archive and nothing committed yet.
    fn written(self, files: &str) -> Self {
        let world = self.here();
        world.git_in(world.root.path(), &["init", "-q", "--bare", "-b", "main", "origin.git"]);
        world.git_in(world.root.path(), &["init", "-q", "-b", "main", "repo"]);
        let made = self.run(&["audit", "keygen", "--name", "company", "--out", "../log.key"]).exits(0).stdout;
        for (path, text) in archive(files) {
            self.here().write(&path, &self.fill(&text, made.trim()));
        }
        self
    }

    /// What is written becomes the genesis.
    fn vouched(self) -> Self {
        let world = self.here();
        world.git(&["remote", "add", "origin", "../origin.git"]);
        world.be("tom.reed");
        world.commit("Start the access repository");
        world.git(&["push", "-q", "-u", "origin", "main"]);
        for person in ["mei.tanaka", "priya.shah"] {
            self.approve(&["--genesis", "main"], person).exits(0);
        }
        self.run(&["audit", "init", "--genesis", "main", "--log-key", "../log.key"]).exits(0);
        let id = world.named_key().split('+').nth(1).unwrap().to_owned();
        let anchor = format!("{}:{id}", self.here().rev("main"));
        self.anchored(anchor)
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
        let world = self.here();
        world.git(&["switch", "-q", "-c", branch]);
        world.commit(branch);
        world.git(&["push", "-q", "origin", branch]);
        for person in approvers {
            self.approve(&["--head", branch], person).exits(0);
        }
        world.land(branch);
    }
}

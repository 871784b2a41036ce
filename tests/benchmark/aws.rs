//! Measures what an instance of AWS Identity Center costs to read: requests, and seconds where no more than 15 are made in one.
//!
//! ```text
//! cargo bench --no-default-features --features aws --bench aws    about five minutes
//! ```
//!
//! The instance is one of the stand-in: 240 permission sets, each in 8 of 96 accounts, with 480 groups and 1,500 users. It answers in
//! this process; each read is one of another, as a run is, which finds the server by `AWS_ENDPOINT_URL`.

#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark prints, and may fail as loudly as a test"
)]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_standin::{Server, World};
use dualkey::access::{LastRead, Revision, Target, TargetId};
use dualkey::repository::{Managed, Repository, Snapshot};
use dualkey::targets::retry::Waits;
use dualkey::targets::{self, Depth, KINDS, Names, Reader, Scope, Surroundings};

/// Tells another process of this program how many accounts it reads.
const ACCOUNTS: &str = "BENCHMARK_ACCOUNTS";

fn main() {
    let folder = std::env::var_os("BENCHMARK_FOLDER");
    if let (Some(folder), Ok(accounts)) = (folder, std::env::var(ACCOUNTS)) {
        return read(Path::new(&folder), accounts.parse().unwrap());
    }
    let mut world = World::large(240, 96, 8, 480, 1_500, "2026-11-30T08:00:00Z".parse().unwrap());
    let own = world.management().to_owned();
    let key = world.add_key(&own);
    let settings = format!(
        "region: {}, instance: \"{}\", identity_store: {}, organization: {}",
        world.region(),
        world.instance(),
        world.identity_store(),
        world.organization()
    );
    let server = Server::start(world);
    server.clock().run(1);
    let folder = tempfile::tempdir().unwrap();
    begin(folder.path(), &settings);
    println!(
        "240 sets in 8 of 96 accounts each, 480 groups, 1,500 users\n\n| Work | requests | of them for groups | wall s |\n|---|---|---|---|"
    );
    for (words, accounts) in
        [("say hello, and read who holds what in 96 accounts", 96), ("the same once more", 96), ("in five accounts", 5)]
    {
        server.take_log();
        let began = Instant::now();
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.env("AWS_ENDPOINT_URL", server.url()).env("BENCHMARK_FOLDER", folder.path());
        child.env(ACCOUNTS, accounts.to_string());
        child.env("DUALKEY_READER_AWS_ACCESS_KEY_ID", &key.id).env("DUALKEY_READER_AWS_SECRET_ACCESS_KEY", &key.secret);
        assert!(child.status().unwrap().success());
        let log = server.take_log();
        let groups = log.of("ListGroupMemberships").count();
        println!("| {words} | {} | {groups} | {:.0} |", log.count(), began.elapsed().as_secs_f64());
    }
}

/// Reads so many accounts.
fn read(folder: &Path, accounts: usize) {
    let mut reader = reader(folder, &target(folder));
    let account = KINDS.get("account").unwrap();
    let all = reader.names(Names::Resources(account)).unwrap().unwrap();
    reader.hello().unwrap();
    let scope: Scope = all.iter().take(accounts).map(|number| (account, number.as_str())).collect();
    let reading = reader.read(&scope, Depth::Holders).unwrap();
    assert!(reading.unread.is_empty() && !reading.held.is_empty());
}

/// An access repository with the target.
fn begin(folder: &Path, settings: &str) {
    let mut init = Command::new("git");
    assert!(init.args(["init", "-q"]).arg(folder).status().unwrap().success());
    let config = format!(
        "version: 1\norganization: northwind\ntimezone: Europe/London\ntargets:\n  aws: {{ {settings} }}\napproval: {{ evidence: \
         signatures, branch: main }}\naudit: {{ ref: refs/dualkey/audit, key: \
         \"northwind-access+70e2a96f+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea\" }}\n"
    );
    std::fs::write(folder.join("dualkey.yaml"), config).unwrap();
}

fn target(folder: &Path) -> Target {
    let repository = Repository::open(folder).unwrap();
    let snapshot = Snapshot::of_work_tree_with(&repository, &Managed::default()).unwrap();
    let revision = Revision::load(&snapshot, KINDS, &mut LastRead::default());
    let revision = revision.unwrap_or_else(|_| panic!("the files of the benchmark are wrong"));
    revision.access.config.targets[&TargetId::parse("aws").unwrap()].clone()
}

fn reader(folder: &Path, target: &Target) -> Box<dyn Reader> {
    let surroundings = Surroundings {
        work_dir: folder,
        own_dir: folder,
        now: "2026-11-30T08:00:00Z".parse().unwrap(),
        variables: &|name| std::env::var(name).ok(),
        waits: Arc::new(Asleep),
    };
    targets::reader(target, &surroundings).unwrap_or_else(|_| panic!("no reader"))
}

/// Waits as long as it is asked to.
struct Asleep;

impl Waits for Asleep {
    fn wait(&self, at_least: Duration, _: Duration, _: &str) -> bool {
        self.pause(at_least)
    }

    fn pause(&self, how_long: Duration) -> bool {
        std::thread::sleep(how_long);
        true
    }
}

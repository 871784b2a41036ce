//! Measures what a server of PostgreSQL costs that has many roles: to read it, and to take from a thousand of them at once.
//!
//! ```text
//! cargo bench --bench postgres                        on a server of version 18
//! DUALKEY_POSTGRES=16 cargo bench --bench postgres    on one of another
//! cargo bench --no-default-features --features postgres --bench postgres    the same, built sooner
//! ```
//!
//! The server comes from a package, as in the tests, and listens on this machine. Reader and writer have the least rights.
//! Each row is a process of its own; what it holds more than one that only says hello stands in the last column.

#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark prints, and may fail as loudly as a test"
)]

#[path = "../postgres/server.rs"]
mod server;
#[path = "../postgres/session.rs"]
mod session;

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dualkey::access::{LastRead, Revision, Target, TargetId};
use dualkey::repository::{Managed, Repository, Snapshot};
use dualkey::targets::retry::Waits;
use dualkey::targets::{
    self, Call, Depth, Done, Gate, KINDS, Live, Reader, Scope, Stopped, Surroundings, TargetError, Verb, Writer,
};
use wait4::Wait4 as _;

use server::{SUPERUSER, Server, Setup, versions};
use session::Session;

const GROUPS: usize = 200;
const LOGINS: usize = 1800;
const MEMBERSHIPS: usize = 10_000;
const REVOKES: usize = 1000;

/// How often each is measured; the cheapest counts.
const RUNS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => measure(),
        [work, folder] => {
            let took = perform(work, Path::new(folder));
            println!("{}", took.as_secs_f64());
        }
        _ => panic!("it takes no arguments"),
    }
}

fn measure() {
    let version = *versions().last().unwrap();
    let mut server = Server::with(version, &Setup::default());
    let folder = tempfile::tempdir().unwrap();
    fill(&server);
    // nothing of that is under way when the clock starts
    server.restart();
    write(folder.path(), &server);
    println!(
        "PostgreSQL {version}, {} roles, {MEMBERSHIPS} memberships\n\n| Work | wall s | CPU s | peak MiB | more than hello \
         |\n|---|---|---|---|---|",
        GROUPS + LOGINS
    );
    let hello = row("say hello", "hello", folder.path(), RUNS, None);
    row("read all of it", "read", folder.path(), RUNS, Some(hello));
    row("read all of it, with what is told beside", "facts", folder.path(), RUNS, Some(hello));
    row(&format!("{REVOKES} revokes in one phase"), "revoke", folder.path(), 1, Some(hello));
}

/// Runs a work in processes of its own, and prints the cheapest in each respect. Gives its memory.
fn row(words: &str, work: &str, folder: &Path, runs: usize, hello: Option<f64>) -> f64 {
    let [mut wall, mut cpu, mut peak] = [f64::MAX; 3];
    for _ in 0..runs {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut child = command.arg(work).arg(folder).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        let used = child.wait4().unwrap();
        assert!(used.status.success(), "{work}: {said}");
        wall = wall.min(said.trim().parse().unwrap());
        cpu = cpu.min((used.rusage.utime + used.rusage.stime).as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "a number for people")]
        let held = used.rusage.maxrss as f64 / f64::from(1 << 20);
        peak = peak.min(held);
    }
    let more = hello.map_or(String::new(), |hello| format!("{:.0}", peak - hello));
    println!("| {words} | {wall:.3} | {cpu:.3} | {peak:.0} | {more} |");
    peak
}

/// Does one work, and says how long it took without what comes before it.
fn perform(work: &str, folder: &Path) -> Duration {
    let place = Place::of(folder);
    let mut reader = place.reader();
    reader.hello().unwrap();
    let scope = scope();
    let began = Instant::now();
    let depth = match work {
        "hello" => return began.elapsed(),
        "facts" => Depth::Facts,
        _ => Depth::Holders,
    };
    let reading = reader.read(&scope, depth).unwrap();
    let took = began.elapsed();
    assert!(reading.unread.is_empty() && reading.held.len() >= MEMBERSHIPS - REVOKES, "{}", reading.held.len());
    if work != "revoke" {
        return took;
    }
    let members = reading.held.iter().filter(|live| live.permission == "member");
    let calls: Vec<Call> = members.take(REVOKES).map(revoke).collect();
    let mut writer = place.writer();
    let began = Instant::now();
    let results = writer.perform(&calls, &Open);
    let took = began.elapsed();
    assert!(results.len() == REVOKES && results.iter().all(Result::is_ok), "{results:?}");
    took
}

fn revoke(live: &Live) -> Call {
    Call {
        verb: Verb::Revoke,
        kind: live.kind,
        resource: live.resource.clone(),
        permission: live.permission.clone(),
        principal: live.principal.clone(),
        conditions: live.conditions.clone(),
        number: None,
    }
}

fn group(number: usize) -> String {
    format!("g{number}")
}

/// All groups, and who may log in.
fn scope() -> Scope {
    let kind = |name: &str| KINDS.get(name).unwrap();
    let groups = (0..GROUPS).map(|number| (kind("database-role"), group(number)));
    groups.chain([(kind("database-login"), "shop".to_owned())]).collect()
}

/// Makes roles, and memberships as the writer gives them.
fn fill(server: &Server) {
    let session = Session::open(server.socket(), server.port, SUPERUSER).unwrap();
    let (options, rights) = match server.version >= 16 {
        true => ("WITH INHERIT TRUE, SET FALSE", "WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"),
        false => ("", "WITH ADMIN OPTION"),
    };
    let each = MEMBERSHIPS / LOGINS;
    let more = MEMBERSHIPS % LOGINS;
    let make = format!(
        "CREATE ROLE dualkey LOGIN; CREATE ROLE dualkey_reader LOGIN; GRANT pg_signal_backend TO dualkey;
         DO $$ BEGIN
           FOR i IN 0..{GROUPS} - 1 LOOP
             EXECUTE format('CREATE ROLE g%s', i);
             EXECUTE format('GRANT g%s TO dualkey {rights}', i);
           END LOOP;
           FOR i IN 0..{LOGINS} - 1 LOOP EXECUTE format('CREATE ROLE u%s LOGIN', i); END LOOP;
         END $$;
         SET SESSION AUTHORIZATION dualkey;
         DO $$ BEGIN
           FOR i IN 0..{LOGINS} - 1 LOOP FOR j IN 0..{each} - (i >= {more})::int LOOP
             EXECUTE format('GRANT g%s TO u%s {options}', (i * 7 + j * 31) % {GROUPS}, i);
           END LOOP; END LOOP;
         END $$"
    );
    session.run(&make).unwrap();
}

/// Writes an access repository that names the server.
fn write(folder: &Path, server: &Server) {
    let mut init = Command::new("git");
    assert!(init.args(["init", "-q"]).arg(folder).status().unwrap().success());
    let session = Session::open(server.socket(), server.port, SUPERUSER).unwrap();
    let system = session.run("SELECT system_identifier FROM pg_control_system()").unwrap().remove(0);
    let config = format!(
        "version: 1\norganization: northwind\ntimezone: Europe/London\ntargets:\n  shop: {{ type: postgres, host: \
         \"127.0.0.1\", port: {}, system: \"{system}\" }}\napproval: {{ evidence: signatures, branch: main }}\naudit: {{ ref: \
         refs/dualkey/audit, key: \
         \"northwind-access+70e2a96f+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea\" }}\n",
        server.port
    );
    std::fs::write(folder.join("dualkey.yaml"), config).unwrap();
}

/// The server as the access repository names it.
struct Place {
    folder: std::path::PathBuf,
    target: Target,
}

impl Place {
    fn of(folder: &Path) -> Self {
        let repository = Repository::open(folder).unwrap();
        let snapshot = Snapshot::of_work_tree_with(&repository, &Managed::default()).unwrap();
        let revision = Revision::load(&snapshot, KINDS, &mut LastRead::default());
        let revision = revision.unwrap_or_else(|_| panic!("the files of the benchmark are wrong"));
        let target = revision.access.config.targets[&TargetId::parse("shop").unwrap()].clone();
        Place { folder: folder.to_owned(), target }
    }

    fn around<T>(&self, connect: impl FnOnce(&Surroundings<'_>) -> T) -> T {
        let variables = |name: &str| match name {
            "DUALKEY_READER_SHOP_USER" => Some("dualkey_reader".to_owned()),
            "DUALKEY_WRITER_SHOP_USER" => Some("dualkey".to_owned()),
            _ => None,
        };
        connect(&Surroundings {
            work_dir: &self.folder,
            own_dir: &self.folder,
            now: "2026-11-24T09:00:00Z".parse().unwrap(),
            variables: &variables,
            waits: Arc::new(Never),
        })
    }

    fn reader(&self) -> Box<dyn Reader> {
        self.around(|place| targets::reader(&self.target, place)).unwrap_or_else(|_| panic!("no reader"))
    }

    fn writer(&self) -> Box<dyn Writer> {
        self.around(|place| targets::writer(&self.target, place)).unwrap_or_else(|_| panic!("no writer"))
    }
}

/// Nothing is tried twice.
struct Never;

impl Waits for Never {
    fn wait(&self, _: Duration, _: Duration, _: &str) -> bool {
        false
    }

    fn pause(&self, _: std::time::Duration) -> bool {
        false
    }
}

struct Open;

impl Gate for Open {
    fn pass(&self) -> Result<(), Stopped> {
        Ok(())
    }

    fn settled(&self, _: usize, _: &Result<Done, TargetError>) {}
}

//! Measures what an organisation at GitHub costs to read: requests, and seconds where each of them takes a tenth of one.
//!
//! ```text
//! cargo bench --bench github
//! cargo bench --no-default-features --features github --bench github    the same, built sooner
//! ```
//!
//! The organisation is one of the stand-in: 335 repositories, 152 teams, 500 members, 1,278 memberships of teams and 60 people from
//! outside. The stand-in answers in this process, so its own work is in the seconds, and not in the requests.

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

use dualkey::access::{LastRead, Revision, Target, TargetId};
use dualkey::repository::{Managed, Repository, Snapshot};
use dualkey::targets::retry::Waits;
use dualkey::targets::{self, Depth, Expectation, KINDS, Reader, Resource, Scope, Surroundings};
use github_standin::{Server, World};

/// What each request takes.
const LATENCY: Duration = Duration::from_millis(100);

const READS: &str = "members=read administration=read organization_administration=read organization_custom_roles=read \
                     organization_custom_org_roles=read";

fn main() {
    let mut world = World::large("northwind", "2026-11-30T08:00:00Z".parse().unwrap());
    let token = world.fine_grained_token("member-000", READS);
    let id = world.organization().id;
    let newcomer = world.add_account("newcomer").to_string();
    let scope = scope(&world, &newcomer);
    let server = Server::start(world);
    let folder = tempfile::tempdir().unwrap();
    let target = target(folder.path(), &server.url(), id);
    let connect = || reader(folder.path(), &target, &token);
    println!(
        "335 repositories, 152 teams, 1,278 memberships, {} ms a request\n\n| Work | requests | at once | wall s |\n|---|---|---|---|",
        LATENCY.as_millis()
    );
    server.set_latency(LATENCY);
    let mut kept = connect();
    let row = |words: &str, work: &mut dyn FnMut()| {
        server.take_log();
        let began = Instant::now();
        work();
        let took = began.elapsed().as_secs_f64();
        println!("| {words} | {} | {} | {took:.1} |", server.take_log().count(), server.most_at_once());
    };
    row("say hello, and read who holds what", &mut || {
        kept.hello().unwrap();
        let reading = kept.read(&scope, Depth::Holders).unwrap();
        assert!(reading.unread.is_empty() && reading.held.len() > 1_278);
    });
    row("the same with all that is told beside it", &mut || {
        let mut reader = connect();
        reader.hello().unwrap();
        assert!(!reader.read(&scope, Depth::Facts).unwrap().facts.is_empty());
    });
    let kind = KINDS.get("repository").unwrap();
    let one: Scope = [(kind, "northwind/repository-007")].into_iter().collect();
    row("one repository once more", &mut || {
        kept.read(&one, Depth::Holders).unwrap();
    });
}

/// All of it, with twenty repositories where somebody is to be let in, so that invitations may be open.
fn scope(world: &World, newcomer: &str) -> Scope {
    let kind = |name: &str| KINDS.get(name).unwrap();
    let repositories = world.repositories().map(|one| (kind("repository"), format!("northwind/{}", one.name)));
    let teams = world.teams().map(|one| (kind("team"), format!("northwind/{}", one.slug)));
    let mut scope: Scope = repositories.chain(teams).chain([(kind("membership"), "northwind".to_owned())]).collect();
    let wanted = Expectation { wanted: Some("pull".to_owned()), given: None };
    let expected = (0..20).map(|number| {
        let resource = Resource { kind: kind("repository"), name: format!("northwind/repository-{number:03}") };
        (resource, [(newcomer.to_owned(), wanted.clone())].into())
    });
    let accounts = world.accounts().map(|account| (account.id.to_string(), account.login.clone()));
    scope.expect(expected.collect(), accounts.collect());
    scope
}

/// The target as an access repository names it.
fn target(folder: &Path, url: &str, id: u64) -> Target {
    let mut init = Command::new("git");
    assert!(init.args(["init", "-q"]).arg(folder).status().unwrap().success());
    let config = format!(
        "version: 1\norganization: northwind\ntimezone: Europe/London\ntargets:\n  github: {{ organization: northwind, id: {id}, \
         api: \"{url}\" }}\napproval: {{ evidence: signatures, branch: main }}\naudit: {{ ref: refs/dualkey/audit, key: \
         \"northwind-access+70e2a96f+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea\" }}\n"
    );
    std::fs::write(folder.join("dualkey.yaml"), config).unwrap();
    let repository = Repository::open(folder).unwrap();
    let snapshot = Snapshot::of_work_tree_with(&repository, &Managed::default()).unwrap();
    let revision = Revision::load(&snapshot, KINDS, &mut LastRead::default());
    let revision = revision.unwrap_or_else(|_| panic!("the files of the benchmark are wrong"));
    revision.access.config.targets[&TargetId::parse("github").unwrap()].clone()
}

fn reader(folder: &Path, target: &Target, token: &str) -> Box<dyn Reader> {
    let variables = |name: &str| (name == "DUALKEY_READER_GITHUB_TOKEN").then(|| token.to_owned());
    let surroundings = Surroundings {
        work_dir: folder,
        own_dir: folder,
        now: "2026-11-30T08:00:00Z".parse().unwrap(),
        variables: &variables,
        waits: Arc::new(Never),
    };
    targets::reader(target, &surroundings).unwrap_or_else(|_| panic!("no reader"))
}

/// Nothing is tried twice.
struct Never;

impl Waits for Never {
    fn wait(&self, _: Duration, _: Duration, _: &str) -> bool {
        false
    }

    fn pause(&self, _: Duration) -> bool {
        false
    }
}

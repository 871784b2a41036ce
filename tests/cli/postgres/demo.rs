//! The demo on real servers. Each leaves the machine, and the server, as it was.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::*;
use crate::support::{DUALKEY, scrubbed};

/// The demo, with a folder of its own for all that is temporary.
fn demo(args: &[&str]) -> (Command, tempfile::TempDir) {
    let place = tempfile::tempdir().unwrap();
    // the server may belong to somebody else
    std::fs::set_permissions(place.path(), PermissionsExt::from_mode(0o1777)).unwrap();
    let mut command = scrubbed(DUALKEY, place.path());
    command.args(["demo"]).args(args).env("TMPDIR", place.path());
    (command, place)
}

/// The path with that folder before all others.
fn with_path(command: &mut Command, folder: &Path) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = [folder.to_owned()].into_iter().chain(std::env::split_paths(&path));
    command.env("PATH", std::env::join_paths(folders).unwrap());
}

fn left_in(place: &tempfile::TempDir) -> Vec<PathBuf> {
    std::fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// Processes whose command line speaks of a folder.
fn running(place: &Path) -> usize {
    let of = |process: &Path| std::fs::read(process.join("cmdline")).unwrap_or_default();
    let needle = place.display().to_string();
    let all = std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    all.filter(|process| String::from_utf8_lossy(&of(process)).contains(&needle)).count()
}

/// A line without what differs from day to day and from run to run.
fn plain(line: &str) -> String {
    let words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != ':');
    let differs = |word: &&str| {
        let is_id = word.len() >= 10 && word.bytes().all(|b| b.is_ascii_hexdigit());
        let is_time = word.len() >= 10 && word.bytes().filter(u8::is_ascii_digit).count() >= 8 && word.contains('-');
        is_id || is_time
    };
    let differing: Vec<&str> = words.map(|word| word.trim_matches(':')).filter(differs).collect();
    differing.iter().fold(line.to_owned(), |line, word| line.replace(word, "…"))
}

#[test]
fn the_story_is_told_on_a_server_that_is_gone_afterwards() {
    for version in [15, 18] {
        let (mut command, place) = demo(&["--postgres"]);
        with_path(&mut command, &server::binaries(version).join("bin"));
        let ran = finish_today(command).exits(0).says(&format!("runs on PostgreSQL {version}, in a temporary folder"));
        assert_eq!(ran.stderr, "");
        let ran =
            ran.says("grant alice.nguyen shop database-role shop_rw member").says("INSERT INTO orders VALUES (1);");
        let ran = ran.says("revoke bob.keller shop database-login shop login").says("connection closed");
        let ran = ran.says("revoke alice.nguyen shop database-login shop login");
        let ran = ran
            .says("role \"alice_nguyen\" is not permitted to log in")
            .says("The server is stopped, and its folder is gone");
        assert_eq!((left_in(&place), running(place.path())), (Vec::new(), 0));
        if version == 18 {
            the_readme_shows(&ran.stdout);
        }
    }
}

fn the_readme_shows(stdout: &str) {
    let told: Vec<String> = stdout.lines().map(plain).collect();
    let section = include_str!("../../../README.md").split("demo --postgres\n").nth(1).expect("the README shows it");
    let block = section.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(block.lines().count() > 10);
    for line in block.lines().filter(|line| *line != "…") {
        assert!(told.contains(&plain(line)), "the README says `{line}`, and the story is:\n{}", told.join("\n"));
    }
}

/// Everything of a server that the story could have left or touched.
const STATE: &str = "SELECT 'role', rolname, rolcanlogin::text FROM pg_roles
    UNION SELECT 'member', roleid::regrole::text, member::regrole::text FROM pg_auth_members
    UNION SELECT 'database', datname, datacl::text FROM pg_database ORDER BY 1, 2, 3";

#[test]
fn the_story_is_told_on_a_server_that_is_named_and_left_as_it_was() {
    for version in [15, 16] {
        let rules = "host all postgres 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256".to_owned();
        let server = Server::with(version, &Setup { rules, ..Setup::default() });
        let session = Session::open(server.socket(), server.port, SUPERUSER).unwrap();
        session.run("ALTER ROLE postgres PASSWORD 'its own'; CREATE ROLE shop_ops; CREATE ROLE mallory LOGIN").unwrap();
        let before = session.run(STATE).unwrap();
        let url = |password: &str| format!("postgres://postgres:{password}@127.0.0.1:{}/postgres", server.port);
        let tells = |url: &str| {
            let (mut command, place) = demo(&["--postgres"]);
            let ran = finish_today({
                command.env("DATABASE_URL", url);
                command
            });
            assert_eq!(left_in(&place), Vec::<PathBuf>::new());
            assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("its own"));
            ran
        };
        let ran = tells(&url("its%20own")).exits(0).says("the one that DATABASE_URL names");
        ran.says("What the story made there is dropped.");
        assert_eq!(session.run(STATE).unwrap(), before);
        // what is somebody's is not touched
        session.run("CREATE ROLE grace_lin LOGIN").unwrap();
        session.run("CREATE DATABASE dualkey_demo").unwrap();
        let mine = session.run(STATE).unwrap();
        let ran = tells(&url("its%20own")).exits(2).says("ROLE grace_lin").says("DATABASE dualkey_demo");
        let ran = ran.says("it touches nothing of others").says("name another server");
        assert_eq!(ran.stdout, "");
        assert_eq!(session.run(STATE).unwrap(), mine);
        tells(&url("no")).exits(2).says("password authentication failed").says("check user and password");
        tells("northwind")
            .exits(2)
            .says("it is no connection string")
            .says("postgres://USER:PASSWORD@HOST:PORT/DATABASE");
        session.run("DROP DATABASE dualkey_demo").unwrap();
        session.run("DROP ROLE grace_lin; ALTER ROLE mallory PASSWORD 'm'").unwrap();
        let mallorys = format!("postgres://mallory:m@127.0.0.1:{}/postgres", server.port);
        tells(&mallorys).exits(2).says("`mallory` is no superuser").says("name a superuser");
        assert_eq!(session.run(STATE).unwrap(), before);
    }
}

#[test]
fn a_story_that_is_stopped_leaves_nothing_behind() {
    let (mut command, place) = demo(&["--postgres"]);
    with_path(&mut command, &server::binaries(16).join("bin"));
    for signal in ["-INT", "-KILL"] {
        let mut run = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut first = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(run.stdout.as_mut().unwrap()), &mut first).unwrap();
        assert!(first.contains("PostgreSQL 16") && running(place.path()) > 0, "{first}");
        assert!(Command::new("kill").arg(signal).arg(run.id().to_string()).status().unwrap().success());
        drop(run.stdout.take());
        assert_ne!(run.wait().unwrap().code(), Some(0));
        let since = std::time::Instant::now();
        let servers =
            || left_in(&place).iter().filter(|path| path.display().to_string().contains("dualkey-pg-")).count();
        while running(place.path()) + servers() > 0 {
            assert!(since.elapsed().as_secs() < 30, "{signal}: {:?}", left_in(&place));
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
}

#[test]
fn where_there_is_no_server_it_says_what_to_install() {
    let empty = tempfile::tempdir().unwrap();
    let (command, place) = demo(&[&format!("--postgres={}", empty.path().display())]);
    let ran = finish_today(command).exits(2).says("there is no PostgreSQL to start");
    let ran =
        ran.says("apt-get install postgresql").says("DATABASE_URL=postgres://SUPERUSER:PASSWORD@HOST:PORT/DATABASE");
    assert_eq!((ran.stdout.as_str(), left_in(&place)), ("", Vec::new()));
    // programs that don't work are told by what they say
    for (name, script) in [("initdb", "echo 'initdb: error: no room' >&2; exit 1"), ("postgres", "exit 1")] {
        let file = empty.path().join(name);
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
    }
    std::fs::set_permissions(empty.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let (command, place) = demo(&[&format!("--postgres={}", empty.path().display())]);
    finish_today(command).exits(2).says("doesn't start: initdb: error: no room");
    assert_eq!(left_in(&place), Vec::<PathBuf>::new());
    let (command, _place) = demo(&["--postgres", "--keep", "play"]);
    finish_today(command).exits(2).says("cannot be used with");
}

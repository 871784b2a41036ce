//! Measures what a long log costs to verify and to search.
//!
//! ```text
//! cargo bench --bench log                 100,000 entries
//! cargo bench --bench log -- 20000        as many as named
//! ```
//!
//! The log is the one of a repository that is made up; the program runs as a process of its own.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

mod process;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use dualkey::audit::record::{
    Approval, At, Because, Change, Genesis, Intent, Landing, Mode, Operation, Outcome, Verb, Verdict,
};
use dualkey::audit::{Log, LogKey, Record};
use dualkey::repository::Repository;
use dualkey::targets::KINDS;
use jiff::Timestamp;
use process::{Outcome as Ran, cost, git, row};
use rand_core::OsRng;

fn main() -> Ran {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let entries = arguments.first().map_or(Ok(100_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let repo = folder.path();
    git(repo, &["init", "-q", "-b", "main", "."])?;
    git(repo, &["config", "user.name", "Ada"])?;
    git(repo, &["config", "user.email", "ada@northwind.example"])?;
    let key = LogKey::generate("northwind", &mut OsRng).map_err(|_| "a key")?;
    std::fs::write(repo.join("dualkey.yaml"), config(&key))?;
    git(repo, &["add", "-A"])?;
    git(repo, &["commit", "-q", "-m", "Start"])?;
    let genesis = write(repo, &key, entries)?;
    git(repo, &["repack", "-q", "-a", "-d"])?;
    let anchor = format!("{genesis}:{}", key.verifier().id());
    let dualkey = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dualkey"));
        command.current_dir(repo).env("DUALKEY_ANCHOR", &anchor).args(arguments);
        command
    };
    println!("| Work | CPU s | wall s | peak MiB | CPU ÷ bare read |\n|---|---|---|---|---|");
    let mut all = Command::new("git");
    all.current_dir(repo).args(["archive", "--format=tar", "refs/dualkey/audit"]);
    let bare = cost(all)?;
    row(&format!("{entries} entries: git archive of the log"), bare, bare);
    row(&format!("{entries} entries: audit verify"), cost(dualkey(&["audit", "verify"]))?, bare);
    let search = ["audit", "search", "--person", "person-77", "--verb", "revoke"];
    row(&format!("{entries} entries: audit search"), cost(dualkey(&search))?, bare);
    Ok(())
}

fn config(key: &LogKey) -> String {
    format!(
        "version: 1\norganization: northwind\ntimezone: Europe/London\ntargets:\n  github: {{ type: sandbox, as: github }}\n\
         approval: {{ evidence: signatures, branch: main }}\naudit: {{ ref: refs/dualkey/audit, key: \"{}\" }}\n",
        key.verifier()
    )
}

/// A log that begins with HEAD and holds landings, intents and results in turn.
fn write(repo: &Path, key: &LogKey, entries: usize) -> Ran<String> {
    let repository = Repository::open(repo)?;
    let head = repository.head()?;
    let at = |number: usize| At(Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(number as i64));
    let genesis = Genesis {
        version: dualkey::audit::record::VERSION,
        organization: "northwind".to_owned(),
        genesis: head.to_string(),
        tree: repository.commit(head)?.tree.to_string(),
        log_key: key.verifier().to_string(),
        single: true,
        continues: Vec::new(),
        statements: Vec::new(),
        at: at(0),
    };
    let (mut log, begun) = Log::new(genesis, key, KINDS)?;
    let mut files = BTreeMap::new();
    begun.apply(&mut files);
    let records = (1..entries).map(|number| record(number, at(number)));
    log.append(&files, records.collect(), key)?.apply(&mut files);
    let commit = repository.write_commit(&files, &[], "a long log", 0)?;
    git(repo, &["update-ref", "refs/dualkey/audit", &commit.to_string()])?;
    Ok(head.to_string())
}

fn record(number: usize, at: At) -> Record {
    let (person, resource) =
        (format!("person-{}", number / 3 % 5000), format!("northwind/repository-{}", number / 3 % 900));
    let commit = format!("{:040x}", number / 3);
    let operation = || Operation {
        target: "github".to_owned(),
        verb: if number.is_multiple_of(2) { Verb::Grant } else { Verb::Revoke },
        kind: "repository".to_owned(),
        resource: resource.clone(),
        permission: "push".to_owned(),
        conditions: Default::default(),
        previous: None,
        principal: format!("{}", 100_000 + number / 3 % 5000),
        person: Some(person.clone()),
        until: Some(at),
        because: Because::Sentence(format!("landing: grant grant-{}", number / 3)),
    };
    let run = format!("{:016x}", number / 3);
    match number % 3 {
        1 => Record::Landing(Landing {
            base: format!("{:040x}", number / 3 - 1 + usize::from(number < 3)),
            commit,
            head: Some(format!("{:040x}", number)),
            verdict: Verdict::Approved,
            approvals: vec![Approval { person: format!("person-{}", number / 3 % 40), at }],
            authors: vec![format!("person-{}", number / 3 % 60)],
            evidence: serde_json::json!({ "source": "signatures", "notes": [] }),
            digest: Some(format!("sha256:{:064x}", number)),
            statements: Vec::new(),
            changes: vec![Change {
                person: person.clone(),
                target: "github".to_owned(),
                kind: "repository".to_owned(),
                resource: resource.clone(),
                permission: "push".to_owned(),
                conditions: Default::default(),
                principal: format!("{}", 100_000 + number / 3 % 5000),
                before: Vec::new(),
                after: vec![(Some(at), None)],
                grants: vec![format!("grant-{}", number / 3)],
            }],
            run,
            at,
        }),
        2 => Record::Intent(Intent {
            run,
            commit,
            at,
            at_given: false,
            clocks: Vec::new(),
            mode: Mode::Full,
            numbers: Vec::new(),
            operations: vec![operation()],
            operations_of: Vec::new(),
        }),
        _ => Record::Result(Outcome {
            run,
            commit,
            at,
            done: vec![operation()],
            done_of: Vec::new(),
            failed: Vec::new(),
            failed_of: Vec::new(),
            not_started: Vec::new(),
            not_started_of: Vec::new(),
            waiting: Vec::new(),
            refusals: Vec::new(),
            left: Vec::new(),
            unread: Vec::new(),
            settled: Vec::new(),
            interrupted: false,
        }),
    }
}

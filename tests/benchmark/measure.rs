//! Measures what the program costs on an organisation of any size.
//!
//! ```text
//! cargo bench --bench organisation                    10,000 grants
//! cargo bench --bench organisation -- 100000          as many as named
//! cargo bench --bench organisation -- 100 --write DIR only writes the files
//! ```
//!
//! The program runs as a process of its own, each time from nothing; of several runs the cheapest counts. A bare read of
//! the same files stands beside it, so that numbers of two machines can be compared by their ratio.

#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark prints, and may fail as loudly as a test"
)]

mod organisation;
mod process;

use std::path::Path;
use std::process::Command;

use process::{Outcome, cost, git, row};

fn main() -> Outcome {
    let mut arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let text = |at: usize| arguments.get(at).map(String::as_str);
    match (text(0), text(1), text(2)) {
        (Some("read-files"), Some(dir), _) => return read_files(Path::new(dir)),
        (Some("read-objects"), Some(dir), _) => return read_objects(Path::new(dir)),
        (Some("write-live"), Some(dir), Some(live)) => return write_live(Path::new(dir), Path::new(live)),
        (Some(grants), Some("--write"), Some(dir)) => {
            organisation::write(Path::new(dir), grants.parse()?)?;
            return Ok(());
        }
        _ => {}
    }
    let grants = arguments.pop().map_or(Ok(10_000), |text| text.parse())?;
    println!("| Work | CPU s | wall s | peak MiB | CPU ÷ bare read |\n|---|---|---|---|---|");
    // what doubles with the files doubles in cost
    for grants in [100, grants / 2, grants] {
        measure(grants)?;
    }
    Ok(())
}

fn measure(grants: usize) -> Outcome {
    let folder = tempfile::tempdir()?;
    let repo = folder.path().join("repo");
    let count = organisation::write(&repo, grants)?;
    commit(&repo, grants)?;
    let of = format!("{grants} grants in {count} files");
    let files = cost(again("read-files", &repo)?)?;
    row(&format!("{of}: bare read of the work tree"), files, files);
    row(&format!("{of}: lint of the work tree"), cost(dualkey(&repo, &["lint"]))?, files);
    let objects = cost(again("read-objects", &repo)?)?;
    row(&format!("{of}: bare read of packed objects"), objects, objects);
    let lint = cost(dualkey(&repo, &["lint", "--rev", "main"]))?;
    row(&format!("{of}: lint of packed objects"), lint, objects);
    let plan = cost(dualkey(&repo, &["plan", "--base", "main", "--head", "change"]))?;
    row(&format!("{of}: plan of one changed file, both sides packed"), plan, objects);
    let plan = cost(dualkey(&repo, &["plan", "--base", "main"]))?;
    row(&format!("{of}: plan of one changed file in the work tree"), plan, files);
    // a process that is started counts what the one that starts it holds, so this one holds little
    let live = folder.path().join("live");
    std::fs::create_dir(&live)?;
    if !again("write-live", &repo)?.arg(&live).status()?.success() {
        return Err("what is live could not be written".into());
    }
    let mut command = dualkey(&repo, &["plan", "--base", "main", "--head", "change"]);
    command.arg(format!("--sandbox={}", live.display()));
    row(
        &format!("{of}: plan of both sides packed against what is live, {} calls", grants / 100),
        cost(command)?,
        objects,
    );
    Ok(())
}

/// Writes sandboxes that hold what is wanted, but for one in a hundred.
fn write_live(repo: &Path, live: &Path) -> Outcome {
    let mut command = dualkey(repo, &["plan", "--base", "main", "--head", "change", "--format", "json"]);
    let output = command.arg(format!("--sandbox={}", live.display())).output()?;
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let operations = plan["operations"].as_array().ok_or("a plan with operations")?;
    for target in ["github", "aws", "gcp"] {
        let of_target = operations.iter().filter(|operation| operation["target"] == target).enumerate();
        let entitlements: Vec<serde_json::Value> = of_target
            .filter(|(number, _)| number % 100 != 0)
            .map(|(_, operation)| {
                serde_json::json!({ "kind": operation["kind"], "resource": operation["resource"],
                    "permission": operation["permission"], "principal": operation["principal"] })
            })
            .collect();
        let content = serde_json::json!({ "version": 1, "as": target, "entitlements": entitlements });
        std::fs::write(live.join(format!("{target}.json")), content.to_string())?;
    }
    Ok(())
}

/// Commits the files to `main` and one changed file to `change`, all packed.
fn commit(repo: &Path, grants: usize) -> Outcome {
    git(repo, &["init", "-q", "-b", "main", "."])?;
    git(repo, &["config", "user.name", "Ada"])?;
    git(repo, &["config", "user.email", "ada@northwind.example"])?;
    git(repo, &["config", "gc.auto", "0"])?;
    git(repo, &["add", "-A"])?;
    git(repo, &["commit", "-q", "-m", "Start"])?;
    git(repo, &["switch", "-q", "-c", "change"])?;
    let (path, text) = organisation::changed(grants);
    std::fs::write(repo.join(path), text)?;
    git(repo, &["commit", "-q", "-a", "-m", "Let one grant end later"])?;
    git(repo, &["repack", "-q", "-a", "-d"])?;
    Ok(())
}

fn dualkey(repo: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dualkey"));
    command.args(arguments).args(["--now", organisation::NOW, "--repo"]).arg(repo);
    command
}

/// This program as a process of its own, so that a bare read is measured in the same way.
fn again(what: &str, repo: &Path) -> Outcome<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(what).arg(repo);
    Ok(command)
}

fn read_files(dir: &Path) -> Outcome {
    let mut open = vec![dir.to_owned()];
    let mut bytes = 0;
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir)? {
            let entry = entry?;
            if entry.file_name() == ".git" {
                continue;
            }
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
            } else {
                bytes += std::fs::read(entry.path())?.len();
            }
        }
    }
    println!("{bytes}");
    Ok(())
}

fn read_objects(dir: &Path) -> Outcome {
    let repository = git2::Repository::open(dir)?;
    let odb = repository.odb()?;
    let tree = repository.revparse_single("main^{tree}")?.into_tree().map_err(|_| "not a tree")?;
    let mut bytes = 0;
    tree.walk(git2::TreeWalkMode::PreOrder, |_, entry| {
        if entry.kind() == Some(git2::ObjectType::Blob) {
            bytes += odb.read(entry.id()).map_or(0, |object| object.len());
        }
        git2::TreeWalkResult::Ok
    })?;
    println!("{bytes}");
    Ok(())
}

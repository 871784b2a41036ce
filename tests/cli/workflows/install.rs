//! The action that installs the pinned program: only what has the checksum, or the name, that is written down.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::folder;
use super::runner::{Job, Runner};
use crate::support::{finish, scrubbed};

/// A place with releases and sources, and a copy of the action.
struct Place {
    root: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Place { root: tempfile::tempdir().unwrap() };
        let action = place.root.path().join("action");
        std::fs::create_dir(&action).unwrap();
        for file in ["action.yml", "with-credentials"] {
            std::fs::copy(folder().join("actions/dualkey").join(file), action.join(file)).unwrap();
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn run(&self, program: &str, within: &Path, arguments: &[&str]) -> String {
        let mut command = scrubbed(program, self.root.path());
        command.current_dir(within).args(arguments);
        finish(command).exits(0).stdout
    }

    /// Runs the action by a pin, whose `SOURCE` is this place.
    fn install(&self, pin: &str) -> (Job, PathBuf, tempfile::TempDir) {
        let source = format!("file://{}", self.path("source").display());
        std::fs::write(self.path("action/pin"), pin.replace("SOURCE", &source)).unwrap();
        let mut runner = Runner::new(String::new(), ("northwind/access", 1), |_| String::new());
        // a toolchain that builds what the source says
        let cargo = "#!/bin/sh\nmkdir -p target/release\ncp program target/release/dualkey\n";
        runner.programs.insert("cargo".to_owned(), cargo.to_owned());
        runner.programs.insert("rustup".to_owned(), "#!/bin/sh\necho \"$*\" >&2\n".to_owned());
        let (job, programs) = runner.action(&self.path("action"));
        let kept = tempfile::tempdir().unwrap();
        let copied = kept.path().join("bin");
        if programs.exists() {
            self.run("cp", self.root.path(), &["-r", programs.to_str().unwrap(), copied.to_str().unwrap()]);
        }
        (job, copied, kept)
    }
}

const PROGRAM: &str = "#!/bin/sh\necho dualkey 1.2.3\n";

/// The file that is pinned here as it is in this repository pins nothing, and so installs nothing.
#[test]
fn a_pin_that_is_not_written_whole_installs_nothing() {
    let place = Place::new();
    let own = std::fs::read_to_string(folder().join("actions/dualkey/pin")).unwrap();
    let sum = "0".repeat(64);
    for pin in [
        own.as_str(),
        "source=SOURCE\n",
        "source=SOURCE\ncommit=main\n",
        "source=SOURCE\ncommit=0123456\n",
        &format!("source=SOURCE\nsha256={sum}\nversion=latest\n"),
        &format!("source=--upload-pack=x\ncommit={}\n", "0".repeat(40)),
        &format!("source=SOURCE\nsha256={sum}\nversion=1.2.3\nmore=x\n"),
    ] {
        let (job, _, _kept) = place.install(pin);
        assert_eq!(job.step("Read which one").outcome, "failure", "{pin}");
        assert!(!job.succeeded() && job.step("Run it once").outcome == "skipped", "{pin}");
    }
}

#[test]
fn a_release_is_installed_where_it_has_the_checksum() {
    let place = Place::new();
    let name = "dualkey-1.2.3-x86_64-unknown-linux-musl";
    let release = place.path("source/releases/download/v1.2.3");
    std::fs::create_dir_all(release.join(name)).unwrap();
    std::fs::write(release.join(name).join("dualkey"), PROGRAM).unwrap();
    place.run("chmod", &release, &["+x", &format!("{name}/dualkey")]);
    place.run("tar", &release, &["czf", &format!("{name}.tar.gz"), name]);
    let sum = Sha256::digest(std::fs::read(release.join(format!("{name}.tar.gz"))).unwrap());
    let sum: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    let pin = |sum: &str| format!("source=SOURCE\nversion=1.2.3\nsha256={sum}\n");
    let (job, programs, _kept) = place.install(&pin(&sum));
    assert!(job.succeeds().step("Run it once").said.contains("dualkey 1.2.3"));
    assert_eq!(std::fs::read_to_string(programs.join("dualkey")).unwrap(), PROGRAM);
    assert!(programs.join("with-credentials").exists());
    let other = sum.replacen(&sum[..1], if sum.starts_with('0') { "1" } else { "0" }, 1);
    let (job, programs, _kept) = place.install(&pin(&other));
    assert_eq!(job.step("Take the release").outcome, "failure", "{job:#?}");
    assert!(!programs.join("dualkey").exists());
}

#[test]
fn a_commit_is_built_where_the_source_has_it() {
    let place = Place::new();
    let source = place.path("source");
    std::fs::create_dir(&source).unwrap();
    let git = |arguments: &[&str]| {
        let by = ["-c", "user.name=a", "-c", "user.email=a@a.example"];
        place.run("git", &source, &[&by[..], arguments].concat())
    };
    git(&["init", "-q"]);
    std::fs::write(source.join("Cargo.toml"), "rust-version = \"1.95\"\n").unwrap();
    std::fs::write(source.join("program"), PROGRAM).unwrap();
    place.run("chmod", &source, &["+x", "program"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "pinned"]);
    let commit = git(&["rev-parse", "HEAD"]);
    // what comes later isn't built
    std::fs::write(source.join("program"), "#!/bin/sh\nexit 9\n").unwrap();
    git(&["commit", "-q", "-a", "-m", "later"]);
    let (job, programs, _kept) = place.install(&format!("source=SOURCE\ncommit={commit}\n"));
    assert!(job.succeeds().step("Build it from source").said.contains("toolchain install --profile minimal 1.95"));
    assert_eq!(std::fs::read_to_string(programs.join("dualkey")).unwrap(), PROGRAM);
    let (job, _, _kept) = place.install(&format!("source=SOURCE\ncommit={}\n", "0".repeat(40)));
    assert_eq!(job.step("Build it from source").outcome, "failure");
}

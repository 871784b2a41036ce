//! A folder with an access repository, its remote and its people's keys, apart from whoever runs the tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use dualkey::audit::LogKey;

/// The company of the demo.
pub const NORTHWIND: &str = include_str!("../../src/cli/demo/northwind.txtar");

/// The morning on which its repository is as written.
pub const NOW: &str = "2026-11-23T09:00:00Z";

/// What a command did.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// The command itself, if it ended so.
    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\n{}\n{}", self.stdout, self.stderr);
        self
    }
}

/// A folder for one story: `access` is the repository, `keys` the people's keys, `log-key` the log's private half,
/// `remote.git` what is pushed to where there is a remote.
pub struct World {
    folder: tempfile::TempDir,
    variables: BTreeMap<String, String>,
}

impl World {
    /// An empty folder.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("keys")).unwrap();
        World { folder, variables: BTreeMap::new() }
    }

    /// A repository with one commit on `main`, signed by `author`. In the archive a line `-- PATH --` starts a file;
    /// `{{key:PERSON}}` becomes the person's public key, and `{{log-key}}` the log's verifier key.
    pub fn of(archive: &str, author: &str) -> Self {
        let mut world = World::empty();
        let log_key = LogKey::generate("test", &mut rand_core::OsRng).unwrap();
        std::fs::write(world.path("log-key"), log_key.to_private_text()).unwrap();
        world.set("DUALKEY_LOG_KEY", &log_key.to_private_text());
        std::fs::create_dir(world.path("access")).unwrap();
        for file in archive.split("\n-- ").skip(1) {
            let (path, text) = file.split_once(" --\n").unwrap();
            let mut text = format!("{}\n", text.trim_end().replace("{{log-key}}", &log_key.verifier().to_string()));
            while let Some((before, rest)) = text.split_once("{{key:") {
                let (person, after) = rest.split_once("}}").unwrap();
                text = format!("{before}{}{after}", world.public_key(person));
            }
            world.write(path, &text);
        }
        world.git(&["init", "--quiet", "--initial-branch=main"]);
        for (key, value) in [("gpg.format", "ssh"), ("commit.gpgsign", "true")] {
            world.git(&["config", key, value]);
        }
        world.commit(author, "start");
        world
    }

    /// Northwind, as in the demo.
    pub fn northwind() -> Self {
        World::of(NORTHWIND, "grace.lin")
    }

    /// The same with a bare repository as `origin`, to which `main` was pushed.
    pub fn with_remote(self) -> Self {
        self.git(&["init", "--quiet", "--bare", "--initial-branch=main", "../remote.git"]);
        self.git(&["remote", "add", "origin", "../remote.git"]);
        self.git(&["push", "--quiet", "--set-upstream", "origin", "main"]);
        self
    }

    /// A path beside the repository.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Sets a variable for all commands that follow.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// The public key of a person, made when it is first asked for.
    pub fn public_key(&self, person: &str) -> String {
        let file = self.path("keys").join(person);
        if !file.exists() {
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", person, "-f"]).arg(&file);
            assert!(keygen.status().unwrap().success(), "ssh-keygen");
        }
        std::fs::read_to_string(self.path("keys").join(format!("{person}.pub"))).unwrap().trim().to_owned()
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path("access").join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Writes a file of the repository.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path("access").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Commits everything, written and signed by a person. Gives the commit's id.
    pub fn commit(&self, person: &str, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git_as(person, &["commit", "--quiet", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs git and gives what it printed; it must succeed.
    pub fn git(&self, arguments: &[&str]) -> String {
        let ran = self.run("git", "access", arguments, &[]).ends(0);
        ran.stdout.trim_end().to_owned()
    }

    /// Runs git with a person's name, address (as in their file, if any) and key.
    pub fn git_as(&self, person: &str, arguments: &[&str]) -> String {
        self.public_key(person);
        let file = self.path("access").join(format!("people/{person}.yaml"));
        let file = std::fs::read_to_string(file).unwrap_or_default();
        let emails = file.lines().find_map(|line| line.strip_prefix("emails: ["));
        let email = emails.map_or("nobody@elsewhere.example", |list| list.trim_end_matches(']'));
        let key = self.path("keys").join(person).display().to_string();
        let variables = [
            ("GIT_AUTHOR_NAME", person),
            ("GIT_COMMITTER_NAME", person),
            ("GIT_AUTHOR_EMAIL", email),
            ("GIT_COMMITTER_EMAIL", email),
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "user.signingkey"),
            ("GIT_CONFIG_VALUE_0", &key),
        ];
        self.run("git", "access", arguments, &variables).ends(0).stdout.trim_end().to_owned()
    }

    /// Runs dualkey in the repository.
    pub fn dualkey(&self, arguments: &[&str]) -> Ran {
        self.dualkey_in("access", arguments)
    }

    /// Runs dualkey in a folder of the story.
    pub fn dualkey_in(&self, folder: &str, arguments: &[&str]) -> Ran {
        self.run(env!("CARGO_BIN_EXE_dualkey"), folder, arguments, &[])
    }

    /// What git says has changed since the last commit, a line a file.
    pub fn changed(&self) -> String {
        self.git(&["status", "--porcelain", "--untracked-files=all"])
    }

    fn run(&self, program: &str, folder: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        let kept = ["PATH", "TMPDIR"].into_iter().filter_map(|name| std::env::var_os(name).map(|value| (name, value)));
        let output = Command::new(program)
            .args(arguments)
            .current_dir(self.path(folder))
            .env_clear()
            .envs(kept)
            .env("HOME", self.folder.path())
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_GLOBAL", self.path("gitconfig"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(&self.variables)
            .envs(variables.iter().copied())
            .output()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran {
            code: output.status.code().unwrap_or_else(|| panic!("{program} {arguments:?} was stopped")),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}

/// Makes a transcript the same in every run: ids of commits, digests and keys depend on keys that are made each time.
pub fn stable<T>(check: impl FnOnce() -> T) -> T {
    let filters = [
        (r"sha256:[0-9a-f]{64}", "sha256:[digest]"),
        (r"\b[0-9a-f]{40}\b", "[commit]"),
        (r"root [A-Za-z0-9+/]{43}=", "root [root]"),
        (r"\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}", "+[key]"),
        (r"\b[0-9a-f]{10}\b", "[commit]"),
    ];
    let mut settings = insta::Settings::clone_current();
    for (pattern, instead) in filters {
        settings.add_filter(pattern, instead);
    }
    settings.bind(check)
}

/// All files below a folder, with their bytes: to see that nothing was written.
pub fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.clone(), std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

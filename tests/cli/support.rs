//! A company to tell stories in: a bare remote, a clone of it, keys for everybody, and the program.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use tempfile::TempDir;

/// When the story starts.
pub const NOW: &str = "2026-11-23T09:00:00Z";

/// The demo's company, before its keys are made.
const NORTHWIND: &str = include_str!("../../src/cli/demo/northwind.txtar");

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// Fails the test unless the command ended so.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }

    /// Fails the test unless the text stands somewhere in the output, wherever its lines break.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        let all = format!("{}{}", self.stdout, self.stderr);
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(all.contains(text) || one_line(&all).contains(&one_line(text)), "`{text}` is not in:\n{all}");
        self
    }

    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in:\n{}", self.stdout))
    }
}

/// A command whose environment holds nothing of the machine's.
pub fn scrubbed(program: impl AsRef<std::ffi::OsStr>, home: &Path) -> Command {
    let mut command = Command::new(program);
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).env("HOME", home).env("LC_ALL", "C").env("TZ", "UTC").env("COLUMNS", "80");
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    // whoever runs the stories under another clock runs the program under it, too
    for clock in ["LD_PRELOAD", "FAKETIME", "FAKETIME_DONT_FAKE_MONOTONIC"] {
        command.envs(std::env::var_os(clock).map(|value| (clock, value)));
    }
    // what is thrown away at the end needs neither sample hooks nor to survive a power cut
    command.env("GIT_TEMPLATE_DIR", "").env("GIT_TEST_FSYNC", "0");
    command.stdin(Stdio::null());
    command
}

/// The program.
pub const DUALKEY: &str = env!("CARGO_BIN_EXE_dualkey");

/// Fails the test where the program would look at today's clock: a command that takes `--now` needs it, or `--at`. The
/// program may be run by another one.
#[track_caller]
fn knows_the_time(command: &Command) {
    let words: Vec<&str> =
        [command.get_program()].into_iter().chain(command.get_args()).filter_map(|word| word.to_str()).collect();
    let Some(at) = words.iter().position(|word| *word == DUALKEY) else { return };
    let told = words.iter().any(|word| ["--now", "--at", "--help"].iter().any(|option| word.contains(option)));
    let args = &words[at + 1..];
    assert!(told || !takes_now(args), "`dualkey {}` would read today's clock: give it --now", args.join(" "));
}

/// Whether the command has an option `--now`, as its own help says. Each is asked once.
pub fn takes_now(args: &[&str]) -> bool {
    static KNOWN: Mutex<BTreeMap<Vec<String>, bool>> = Mutex::new(BTreeMap::new());
    // two commands have commands of their own
    let words = if matches!(args.first(), Some(&("audit" | "report"))) { 2 } else { 1 };
    let path: Vec<String> =
        args.iter().take(words).take_while(|arg| !arg.starts_with('-')).map(ToString::to_string).collect();
    let mut known = KNOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    *known.entry(path.clone()).or_insert_with(|| {
        let help = Command::new(DUALKEY).args(&path).arg("--help").output().expect("the program starts");
        String::from_utf8_lossy(&help.stdout).contains("--now")
    })
}

/// Starts a command that goes on beside the test.
#[track_caller]
pub fn start(mut command: Command) -> Child {
    knows_the_time(&command);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

/// Runs a command to its end.
#[track_caller]
pub fn finish(mut command: Command) -> Ran {
    knows_the_time(&command);
    let output = command.output().expect("the program starts");
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: crate::flaky::without_waits(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// The files of a text archive: `-- PATH --` starts each.
pub fn archive(text: &str) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut current: Option<String> = None;
    for line in text.split_inclusive('\n') {
        match line.trim_end().strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --")) {
            Some(path) => {
                current = Some(path.to_owned());
                files.entry(path.to_owned()).or_default();
            }
            None => {
                if let Some(path) = &current {
                    files.get_mut(path).unwrap().push_str(line);
                }
            }
        }
    }
    files
}

/// One folder of keys for all tests: making them takes longer than using them.
fn keys() -> &'static Path {
    static KEYS: OnceLock<TempDir> = OnceLock::new();
    KEYS.get_or_init(|| tempfile::tempdir().unwrap()).path()
}

/// The private key file of a person, made at first use.
pub fn key(person: &str) -> PathBuf {
    static MAKING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = MAKING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let path = keys().join(person);
    if !path.exists() {
        let mut command = scrubbed("ssh-keygen", keys());
        command.args(["-q", "-t", "ed25519", "-N", "", "-C", person, "-f"]).arg(&path);
        finish(command).exits(0);
    }
    path
}

/// The public half as a line of text.
pub fn public_key(person: &str) -> String {
    let path = key(person).with_file_name(format!("{person}.pub"));
    std::fs::read_to_string(path).unwrap().trim().to_owned()
}

/// A folder with a bare remote `origin.git`, a clone `repo` of it, and the log's key.
pub struct World {
    pub root: TempDir,
    /// `<genesis>:<log key id>`, once there is a log.
    pub anchor: Option<String>,
    /// What `--now` says.
    pub now: String,
}

impl World {
    /// An empty folder.
    pub fn empty() -> Self {
        World { root: tempfile::tempdir().unwrap(), anchor: None, now: NOW.to_owned() }
    }

    /// A path beside the clone.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Northwind's access repository, pushed, without a log.
    pub fn unanchored() -> Self {
        let root = tempfile::tempdir().unwrap();
        let world = World { root, anchor: None, now: NOW.to_owned() };
        world.git_in(world.root.path(), &["init", "-q", "--bare", "-b", "main", "origin.git"]);
        world.git_in(world.root.path(), &["init", "-q", "-b", "main", "repo"]);
        let log_key = world.dualkey(&["audit", "keygen", "--name", "northwind", "--out", "../log.key"]).exits(0).stdout;
        for (path, text) in archive(NORTHWIND) {
            world.write(&path, &fill(&text, log_key.trim()));
        }
        world.git(&["remote", "add", "origin", "../origin.git"]);
        world.be("tom.reed");
        world.commit("Start the access repository");
        world.git(&["push", "-q", "-u", "origin", "main"]);
        world
    }

    /// The same with genesis and log, and nothing applied yet.
    pub fn anchored() -> Self {
        World::unanchored().begun()
    }

    /// Northwind with some texts replaced before its genesis: path, what stands there, what shall.
    pub fn edited(edits: &[(&str, &str, &str)]) -> Self {
        World::unanchored().begun_with(edits)
    }

    fn begun_with(self, edits: &[(&str, &str, &str)]) -> Self {
        for (path, from, to) in edits {
            let text = self.read(path);
            assert!(text.contains(from), "{from} is not in {path}");
            self.write(path, &text.replace(from, to));
        }
        self.commit("Other than usual");
        self.git(&["push", "-q", "origin", "main"]);
        self.begun()
    }

    /// The same where what is real is played by stand-ins, which may be told what time it is.
    pub fn with_stand_ins(edits: &[(&str, &str, &str)]) -> Self {
        let world = World::unanchored();
        std::fs::write(world.path("stand-ins"), "").unwrap();
        world.begun_with(edits)
    }

    /// The same world at another time.
    pub fn now_is(&self, now: &str) -> At<'_> {
        At { world: self, now: now.to_owned() }
    }

    pub fn begun(mut self) -> Self {
        let world = &mut self;
        let id = world.read("dualkey.yaml").split('+').nth(1).unwrap().to_owned();
        for person in ["mei.tanaka", "priya.shah"] {
            world.approve_with(&["--genesis", "main"], person).exits(0);
        }
        world.timed(&["audit", "init", "--genesis", "main", "--log-key", "../log.key"]).exits(0);
        world.anchor = Some(format!("{}:{id}", world.rev("main")));
        self
    }

    /// A copy of an anchored world; making one from nothing takes seconds, and copying it doesn't.
    pub fn new() -> Self {
        static TEMPLATE: OnceLock<World> = OnceLock::new();
        let template = TEMPLATE.get_or_init(World::anchored);
        let root = tempfile::tempdir().unwrap();
        let mut copy = scrubbed("cp", root.path());
        copy.arg("-a").arg(format!("{}/.", template.root.path().display())).arg(root.path());
        finish(copy).exits(0);
        World { root, anchor: template.anchor.clone(), now: template.now.clone() }
    }

    pub fn repo(&self) -> PathBuf {
        self.root.path().join("repo")
    }

    pub fn write(&self, path: &str, text: &str) {
        write(&self.repo(), path, text);
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.repo().join(path)).unwrap()
    }

    /// Commits from here on are this person's.
    pub fn be(&self, person: &str) {
        be(self, &self.repo(), person);
    }

    /// Runs git in the clone; it must succeed.
    #[track_caller]
    pub fn git(&self, args: &[&str]) -> String {
        self.git_in(&self.repo(), args)
    }

    #[track_caller]
    pub fn git_in(&self, dir: &Path, args: &[&str]) -> String {
        let mut command = scrubbed("git", self.root.path());
        command.current_dir(dir).args(args);
        command.env("GIT_AUTHOR_DATE", "2026-11-23T09:00:00Z").env("GIT_COMMITTER_DATE", "2026-11-23T09:00:00Z");
        finish(command).exits(0).stdout
    }

    pub fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
    }

    pub fn rev(&self, rev: &str) -> String {
        self.git(&["rev-parse", rev]).trim().to_owned()
    }

    /// Runs the program in the clone, with the anchor and the log's key in the environment.
    #[track_caller]
    pub fn dualkey(&self, args: &[&str]) -> Ran {
        self.dualkey_in(&self.repo(), args)
    }

    #[track_caller]
    pub fn dualkey_in(&self, dir: &Path, args: &[&str]) -> Ran {
        let mut command = self.command(dir);
        command.args(args);
        finish(command)
    }

    /// The program, to be given arguments and environment.
    pub fn command(&self, dir: &Path) -> Command {
        crate::flaky::plant(dir);
        let mut command = scrubbed(DUALKEY, self.root.path());
        command.current_dir(dir);
        if let Some(anchor) = &self.anchor {
            command.env("DUALKEY_ANCHOR", anchor);
        }
        if self.path("stand-ins").exists() {
            command.env("DUALKEY_STAND_INS", "1");
        }
        if let Ok(key) = std::fs::read_to_string(self.root.path().join("log.key")) {
            command.env("DUALKEY_LOG_KEY", key.trim());
        }
        command
    }

    /// The same at the world's time.
    #[track_caller]
    pub fn timed(&self, args: &[&str]) -> Ran {
        self.timed_in(&self.repo(), args)
    }

    #[track_caller]
    pub fn timed_in(&self, dir: &Path, args: &[&str]) -> Ran {
        let mut all = args.to_vec();
        all.extend(["--now", self.now.as_str()]);
        self.dualkey_in(dir, &all)
    }

    /// Approves (or withdraws) as a person, without being asked.
    #[track_caller]
    pub fn approve_with(&self, args: &[&str], person: &str) -> Ran {
        let key = key(person);
        let mut all = vec!["approve", "--yes", "--key", key.to_str().unwrap()];
        all.extend(args);
        self.timed(&all)
    }

    #[track_caller]
    pub fn approve(&self, head: &str, person: &str) -> Ran {
        self.approve_with(&["--head", head], person)
    }

    /// A branch from main on which Alice gets into payments-api; committed by Tom and pushed.
    pub fn let_alice_in(&self, branch: &str) {
        self.git(&["switch", "-q", "-c", branch, "main"]);
        self.write("people/alice.nguyen.yaml", ALICE);
        self.write("grants/payments/alice-refunds.yaml", ALICE_GRANT);
        self.commit("Let Alice build the refund flow");
        self.git(&["push", "-q", "origin", branch]);
    }

    /// Merges a branch into main and pushes that.
    pub fn land(&self, branch: &str) {
        self.git(&["switch", "-q", "main"]);
        self.git(&["merge", "-q", "--no-ff", "-m", &format!("Land {branch}"), branch]);
        self.git(&["push", "-q", "origin", "main"]);
    }

    /// Northwind, where Alice was let in and that was applied.
    pub fn told() -> Self {
        let world = World::new();
        world.let_alice_in("alice");
        world.approve("alice", "priya.shah").exits(0);
        world.land("alice");
        world.timed(&["apply"]).exits(0);
        world
    }

    /// What the remote does with a push from here on, as a script of the shell.
    pub fn remote_hook(&self, name: &str, script: &str) {
        let path = self.path("origin.git/hooks").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("#!/bin/sh\n{script}")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The log's verifier key, as dualkey.yaml names it.
    pub fn named_key(&self) -> String {
        self.read("dualkey.yaml").split("key: \"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    }

    /// Makes another log key beside the clone and names it in dualkey.yaml. Gives its public half.
    pub fn names_key(&self, file: &str) -> String {
        let out = format!("../{file}");
        let made = self.dualkey(&["audit", "keygen", "--name", "northwind", "--out", &out]).exits(0).stdout;
        let config = self.read("dualkey.yaml").replace(&self.named_key(), made.trim());
        self.write("dualkey.yaml", &config);
        made.trim().to_owned()
    }

    /// The sandbox's entitlements of a target, as its file has them.
    pub fn live(&self, target: &str) -> String {
        let path = self.repo().join(".git/dualkey").join(format!("{target}.json"));
        std::fs::read_to_string(path).unwrap_or_default()
    }
}

/// A world at another time than its own.
pub struct At<'a> {
    world: &'a World,
    now: String,
}

impl At<'_> {
    #[track_caller]
    pub fn timed(&self, args: &[&str]) -> Ran {
        let mut all = args.to_vec();
        all.extend(["--now", self.now.as_str()]);
        self.world.dualkey(&all)
    }
}

pub const ALICE: &str = "name: Alice Nguyen
type: contractor
vendor: globex
sponsor: priya.shah
engagement: { from: 2026-11-23, until: 2027-01-03 }
accounts:
  github: { login: alice-nw, id: 583231 }
";

pub const ALICE_GRANT: &str = "to: [alice.nguyen]
role: developer
domain: payments-staging
resources: [payments-api]
from: 2026-11-23
until: 2027-01-03
reason: Build the refund flow
ticket: PAY-1423
";

pub fn write(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Makes a clone commit and sign as a person of Northwind.
pub fn be(world: &World, dir: &Path, person: &str) {
    let email = format!("{}@northwind.example", person.split('.').next().unwrap());
    let key = key(person);
    for (name, value) in [
        ("user.name", person),
        ("user.email", &email),
        ("gpg.format", "ssh"),
        ("user.signingkey", key.to_str().unwrap()),
        ("commit.gpgsign", "true"),
    ] {
        world.git_in(dir, &["config", name, value]);
    }
}

/// Puts the keys of people and log where the archive has a place for them.
fn fill(text: &str, log_key: &str) -> String {
    let mut filled = text.replace("{{log-key}}", log_key);
    while let Some(start) = filled.find("{{key:") {
        let end = start + filled[start..].find("}}").unwrap();
        let person = filled[start + "{{key:".len()..end].to_owned();
        filled.replace_range(start..end + 2, &public_key(&person));
    }
    filled
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

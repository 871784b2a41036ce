//! A real repository on disk, whose commits and branches the world is told of.

use super::{Commit, CommitSignature, Id, Oid, Person, Refusal, World};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

/// What `git log` prints of a commit. Fields are parted by the unit separator, commits by the record separator.
const FORMAT: &str = "%H%x1f%P%x1f%an%x1f%ae%x1f%at%x1f%cn%x1f%ce%x1f%ct%x1f%G?%x1f%GK%x1f%GS%x1f%GF%x1f%B%x1e";

/// The mode of a plain file, and that of a repository within another.
const PLAIN: &str = "100644";
const SUBMODULE: &str = "160000";

/// Runs git in a repository; returns what it prints.
fn git(at: &Path, arguments: &[&str], input: &str) -> Vec<u8> {
    let mut command = Command::new("git");
    // GitHub knows nothing of objects that a clone puts in place of others
    command.arg("--no-replace-objects").arg("--git-dir").arg(at).args(arguments);
    // what somebody set for their own work must not matter
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("git is needed to read a repository");
    let mut stdin = child.stdin.take().expect("it is piped");
    let text = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().expect("git ends");
    let _ = writer.join();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The folder in which git keeps a repository, whether or not it has a work tree.
fn git_dir(at: &Path) -> PathBuf {
    if at.join(".git").exists() { at.join(".git") } else { at.to_owned() }
}

/// Branches of a repository, and where they are.
fn branches(at: &Path) -> BTreeMap<String, Oid> {
    let listed = text(git(at, &["for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads"], ""));
    let pairs = listed.lines().filter_map(|line| line.rsplit_once(' '));
    pairs.map(|(name, oid)| (name.to_owned(), oid.to_owned())).collect()
}

/// Texts of objects by number.
fn blobs(at: &Path, wanted: &BTreeSet<String>) -> BTreeMap<String, String> {
    let asked: String = wanted.iter().map(|oid| format!("{oid}\n")).collect();
    let answer = git(at, &["cat-file", "--batch"], &asked);
    let mut rest = &answer[..];
    let mut found = BTreeMap::new();
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let head = String::from_utf8_lossy(&rest[..end]).into_owned();
        let mut words = head.split(' ');
        let (oid, size) = (words.next().unwrap_or_default(), words.nth(1).and_then(|size| size.parse::<usize>().ok()));
        let size = size.unwrap_or_else(|| panic!("git says `{head}` of an object"));
        let body = &rest[end + 1..][..size];
        // what isn't text is known by its number
        let body = std::str::from_utf8(body).map_or_else(|_| oid.to_owned(), str::to_owned);
        found.insert(oid.to_owned(), body);
        rest = &rest[end + 1 + size + 1..];
    }
    found
}

/// Files of a commit: the number of each by its path. What isn't a plain file is told apart by its mode.
fn tree(at: &Path, oid: &str) -> Vec<(String, String, String)> {
    let listed = text(git(at, &["ls-tree", "-r", "-z", oid], ""));
    let lines = listed.split('\0').filter_map(|line| line.split_once('\t'));
    lines
        .filter_map(|(about, path)| {
            let mut words = about.split(' ');
            let (mode, _, oid) = (words.next()?, words.next()?, words.next()?);
            Some((path.to_owned(), mode.to_owned(), oid.to_owned()))
        })
        .collect()
}

impl World {
    /// Tells the world of all commits of a repository on disk. No branch moves.
    pub fn fetch(&mut self, repository: &str, from: &Path) {
        let from = git_dir(from);
        let listed = text(git(&from, &["rev-list", "--all", "--topo-order", "--reverse"], ""));
        let new: String =
            listed.lines().filter(|oid| self.commit(repository, oid).is_none()).map(|oid| format!("{oid}\n")).collect();
        if new.is_empty() {
            return;
        }
        let signers = self.write_signers();
        let allowed = format!("gpg.ssh.allowedSignersFile={}", signers.display());
        let format = format!("--format={FORMAT}");
        let told = text(git(&from, &["-c", &allowed, "log", "--no-walk=unsorted", "--stdin", &format], &new));
        std::fs::remove_file(&signers).expect("it was just written");
        let mut commits = Vec::new();
        let mut wanted = BTreeSet::new();
        for record in told.split('\u{1e}').map(|record| record.trim_start_matches('\n')).filter(|it| !it.is_empty()) {
            let fields: Vec<&str> = record.splitn(13, '\u{1f}').collect();
            let files = tree(&from, fields[0]);
            wanted.extend(files.iter().filter(|(_, mode, _)| mode != SUBMODULE).map(|(_, _, blob)| blob.clone()));
            commits.push((self.commit_of(&fields), files));
        }
        let texts = if wanted.is_empty() { BTreeMap::new() } else { blobs(&from, &wanted) };
        for (mut commit, files) in commits {
            for (path, mode, blob) in files {
                let text = texts.get(&blob).cloned().unwrap_or_else(|| blob.clone());
                commit.files.insert(path, if mode == PLAIN { text } else { format!("{mode}\n{text}") });
            }
            self.add_commit(repository, commit);
        }
    }

    /// Writes whose keys may sign commits to a file of its own, as git wants it.
    fn write_signers(&self) -> PathBuf {
        static WRITTEN: AtomicU64 = AtomicU64::new(0);
        let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let name = format!("github-standin-signers-{}-{number}", std::process::id());
        let lines = self.accounts.values().flat_map(|account| {
            account.signing_keys.iter().map(|key| format!("{} namespaces=\"git\" {key}\n", account.login))
        });
        let at = std::env::temp_dir().join(name);
        std::fs::write(&at, lines.collect::<String>()).expect("temporary files can be written");
        at
    }

    /// Tells the world of all commits, and lets somebody push every branch to where it is on disk.
    ///
    /// A branch that isn't there is deleted. So what was merged in the world must be there first: see `merge_pull_as`.
    pub fn sync(&mut self, repository: &str, from: &Path, by: &str) {
        let synced = self.try_sync(repository, from, by);
        synced.unwrap_or_else(|why| panic!("`{by}` can't push to `{repository}`: {}", why.message));
    }

    /// The same, where the repository may refuse a push. Branches before it in their order have moved then.
    pub fn try_sync(&mut self, repository: &str, from: &Path, by: &str) -> Result<(), Refusal> {
        self.fetch(repository, from);
        let there = branches(&git_dir(from));
        for (branch, oid) in &there {
            self.try_push(repository, branch, oid, by)?;
        }
        let known: Vec<String> = self.named(repository).code.branches.keys().cloned().collect();
        for gone in known.iter().filter(|branch| !there.contains_key(*branch)) {
            self.try_delete_branch(repository, gone, by)?;
        }
        Ok(())
    }

    /// Tells the world of all commits, and lets somebody push one branch to where it is on disk.
    pub fn sync_branch(&mut self, repository: &str, from: &Path, branch: &str, by: &str) {
        self.fetch(repository, from);
        let there = branches(&git_dir(from));
        let oid = there.get(branch).unwrap_or_else(|| panic!("the clone has no branch `{branch}`"));
        self.push(repository, branch, oid, by);
    }

    /// Says that a commit was made on the web: GitHub made and signed it, whatever a clone holds.
    pub fn mark_as_made_on_the_web(&mut self, repository: &str, oid: &str) {
        let mut commit = self.commit(repository, oid).expect("a commit that is known").clone();
        let (github, signature) = self.web_flow();
        let at = commit.committer.at;
        (commit.committer, commit.signature, commit.via_web) = (Person { at, ..github }, Some(signature), true);
        self.add_commit(repository, commit);
    }

    /// A commit as git printed it, without its files.
    fn commit_of(&self, fields: &[&str]) -> Commit {
        let [
            oid,
            parents,
            author,
            author_email,
            written,
            maker,
            maker_email,
            made,
            verdict,
            key,
            signer,
            print,
            message,
        ] = fields[..]
        else {
            panic!("git prints a commit in {} fields", fields.len())
        };
        let person = |name: &str, email: &str, at: &str| {
            let at = at.parse().ok().and_then(|second| jiff::Timestamp::from_second(second).ok());
            Person { name: name.to_owned(), email: email.to_owned(), at: at.expect("git prints times in seconds") }
        };
        Commit {
            oid: oid.to_owned(),
            parents: parents.split_whitespace().map(str::to_owned).collect(),
            author: person(author, author_email, written),
            committer: person(maker, maker_email, made),
            message: message.to_owned(),
            files: BTreeMap::new(),
            signature: self.signature_of(verdict, key, signer, print, maker_email),
            via_web: false,
        }
    }

    /// What GitHub says of a signature that git has checked: the key must be somebody's whose address the committer has.
    fn signature_of(
        &self,
        verdict: &str,
        key: &str,
        signer: &str,
        print: &str,
        email: &str,
    ) -> Option<CommitSignature> {
        let signer: Option<Id> = self.account(signer).map(|account| account.id);
        let state = match (verdict, signer) {
            ("N", _) => return None,
            ("G", Some(signer)) if self.account_of_email(email) == Some(signer) => "VALID",
            ("G", Some(_)) => "BAD_EMAIL",
            ("B", _) => "INVALID",
            _ => "UNKNOWN_KEY",
        };
        let ssh = print.starts_with("SHA256:") || key.starts_with("SHA256:");
        let fingerprint = Some(if print.is_empty() { key } else { print }).filter(|it| ssh && !it.is_empty());
        let (state, fingerprint) = (state.to_owned(), fingerprint.map(str::to_owned));
        Some(CommitSignature { ssh, state, signer, by_github: false, fingerprint })
    }
}

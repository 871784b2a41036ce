//! Real repositories made by the `git` program, for tests.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Oid, Repository};

/// A repository in a temporary folder, apart from the configuration of whoever runs the tests.
pub(crate) struct Sandbox {
    folder: tempfile::TempDir,
    dir: PathBuf,
}

impl Sandbox {
    /// An empty repository with the branch `main`.
    pub(crate) fn new() -> Self {
        let sandbox = Self::empty_folder();
        std::fs::create_dir(&sandbox.dir).unwrap();
        sandbox.git(&["init", "--quiet", "--initial-branch=main"]);
        sandbox
    }

    /// A folder that holds no repository yet.
    pub(crate) fn empty_folder() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().canonicalize().unwrap().join("work");
        Sandbox { folder, dir }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// A path beside the repository.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    pub(crate) fn open(&self) -> Repository {
        Repository::open(&self.dir).unwrap()
    }

    /// Runs `git` and returns what it printed; a failure fails the test.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.dir, arguments, b"")
    }

    pub(crate) fn git_in(&self, dir: &Path, arguments: &[&str], input: &[u8]) -> String {
        let mut command = Command::new("git");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GIT_") {
                command.env_remove(name);
            }
        }
        let mut child = command
            .env("HOME", self.folder.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .args(["-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "protocol.file.allow=always"])
            .args(arguments)
            .current_dir(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Writes files into the work tree and commits them.
    pub(crate) fn commit(&self, files: &[(&str, &str)]) -> Oid {
        for (path, text) in files {
            let path = self.dir.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "change"]);
        self.oid("HEAD")
    }

    pub(crate) fn oid(&self, rev: &str) -> Oid {
        self.git(&["rev-parse", "--verify", rev]).parse().unwrap()
    }

    pub(crate) fn blob(&self, bytes: &[u8]) -> Oid {
        self.git_in(&self.dir, &["hash-object", "-w", "--stdin"], bytes).parse().unwrap()
    }

    /// Writes an object byte for byte, also one that git would not make.
    pub(crate) fn raw_object(&self, kind: &str, bytes: &[u8]) -> Oid {
        self.git_in(&self.dir, &["hash-object", "-w", "--literally", "-t", kind, "--stdin"], bytes).parse().unwrap()
    }

    /// A tree with these entries in this order, whatever they are.
    pub(crate) fn raw_tree(&self, entries: &[(&str, &[u8], Oid)]) -> Oid {
        let mut bytes = Vec::new();
        for (mode, name, oid) in entries {
            bytes.extend_from_slice(mode.as_bytes());
            bytes.push(b' ');
            bytes.extend_from_slice(name);
            bytes.push(0);
            bytes.extend_from_slice(oid.as_bytes());
        }
        self.raw_object("tree", &bytes)
    }

    /// A commit of a tree with these parents.
    pub(crate) fn commit_tree(&self, tree: Oid, parents: &[Oid], message: &str) -> Oid {
        let tree = tree.to_string();
        let parents: Vec<String> = parents.iter().map(|parent| format!("-p{parent}")).collect();
        let mut arguments = vec!["commit-tree", &tree, "-m", message];
        arguments.extend(parents.iter().map(String::as_str));
        self.git(&arguments).parse().unwrap()
    }
}

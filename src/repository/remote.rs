//! The refs that several runs on several machines share: lease, log, approvals and the protected branch.
//!
//! They live on the remote where there is one. What was last seen of it is kept under `refs/dualkey-mirror/`, apart
//! from the remote-tracking refs, which other fetches move and prune.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use super::blocking;
use super::error::SwapError;
use super::process::{self, Answer, without_password};
use super::{Oid, Repository, RepositoryError};

/// Where dualkey keeps its refs.
pub(super) const STATE: &str = "refs/dualkey/";
pub(super) const LEASE: &str = "refs/dualkey/lease";
const MIRROR: &str = "refs/dualkey-mirror/";

/// One ref to change: from what it must hold (None: it must not exist) to what it shall hold (None: it is deleted).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swap {
    /// The full name.
    pub name: String,
    pub expected: Option<Oid>,
    pub new: Option<Oid>,
}

/// The shared refs of a repository, on its remote or, without one, in itself.
#[derive(Debug)]
pub struct StateRefs<'a> {
    pub(super) repository: &'a Repository,
    branch: String,
    pub(super) remote: Option<Remote>,
    /// What the refs held before the last refresh.
    pub(super) previous: RefCell<BTreeMap<String, Oid>>,
}

#[derive(Debug)]
pub(super) struct Remote {
    /// A configured name, a URL or an absolute folder, as the `git` program takes it.
    pub(super) address: String,
    /// The folder of refs that mirrors it.
    mirror: String,
    /// True where the clone holds a part of history and what is mirrored came whole all the same.
    pub(super) is_whole: bool,
}

impl<'a> StateRefs<'a> {
    /// Finds where the shared refs live, without any network: the `remote` that is named (a configured one, a URL or a
    /// folder), else the upstream remote of the protected `branch`, else `origin`, else the repository itself.
    ///
    /// # Errors
    /// `UnknownRemote` where the name fits nothing; `InvalidRefName` where `branch` can't be a branch.
    pub fn open(repository: &'a Repository, remote: Option<&str>, branch: &str) -> Result<Self, RepositoryError> {
        checked(&format!("refs/heads/{branch}"))?;
        let upstream = repository.config(&format!("branch.{branch}.remote"))?;
        let remote = match (remote, upstream.as_deref()) {
            (Some(named), _) => Some(named),
            (None, Some(".")) => None,
            (None, Some(upstream)) => Some(upstream),
            (None, None) => repository.git.find_remote("origin").is_ok().then_some("origin"),
        };
        Ok(StateRefs {
            repository,
            branch: branch.to_owned(),
            remote: remote.map(|named| Remote::find(repository, named)).transpose()?,
            previous: RefCell::default(),
        })
    }

    /// The refs of the repository itself, whatever remote it has.
    pub fn local(repository: &'a Repository, branch: &str) -> Self {
        StateRefs { repository, branch: branch.to_owned(), remote: None, previous: RefCell::default() }
    }

    /// The remote as it may be shown, without a password. None where the repository itself holds the refs.
    pub fn remote(&self) -> Option<String> {
        self.remote.as_ref().map(Remote::shown)
    }

    /// What a ref held at the last refresh, or since the last swap by this repository. None where it does not exist.
    pub fn get(&self, name: &str) -> Result<Option<Oid>, RepositoryError> {
        checked(name)?;
        match &self.remote {
            Some(remote) => self.repository.reference(&remote.mirrored(name)),
            None => self.repository.reference(name),
        }
    }

    /// All refs whose full name starts with `prefix`, sorted by name, as of the last refresh.
    pub fn list(&self, prefix: &str) -> Result<Vec<(String, Oid)>, RepositoryError> {
        match &self.remote {
            Some(remote) => {
                let found = self.repository.references(&remote.mirrored(prefix))?;
                Ok(found.into_iter().filter_map(|(name, oid)| Some((remote.original(&name)?, oid))).collect())
            }
            None => self.repository.references(prefix),
        }
    }

    /// The tip of the protected branch, where the shared refs live. None where there is no such branch.
    pub fn branch_tip(&self) -> Result<Option<Oid>, RepositoryError> {
        self.get(&self.branch_ref())
    }

    /// What a ref held before the last refresh, so that a ref that moved backwards is seen.
    pub fn previous(&self, name: &str) -> Option<Oid> {
        self.previous.borrow().get(name).copied()
    }

    /// Changes one ref if it holds what is expected, as one step that no other run can come between.
    pub fn compare_and_swap(&self, name: &str, expected: Option<Oid>, new: Option<Oid>) -> Result<(), SwapError> {
        self.swap_all(&[Swap { name: name.to_owned(), expected, new }])
    }

    /// Changes all of the refs or none.
    ///
    /// # Errors
    /// `Moved` where one of them does not hold what is expected; `Refused` where who holds the refs says no.
    pub fn swap_all(&self, swaps: &[Swap]) -> Result<(), SwapError> {
        for swap in swaps {
            checked(&swap.name)?;
        }
        let swap = |swaps: &[Swap]| match &self.remote {
            Some(remote) => self.push(remote, swaps),
            None => self.update(swaps),
        };
        let refused = match swap(swaps) {
            Err(refused @ SwapError::Refused { .. }) => refused,
            done => return done,
        };
        let written: Vec<&Swap> = swaps.iter().collect();
        let blocking = blocking::in_the_way(&written, &self.suspects(&blocking::suspects(&written))?, STATE);
        if blocking.is_empty() {
            return Err(refused);
        }
        let place = self.remote().unwrap_or_else(|| ".".to_owned());
        blocking::cleared(&place, &blocking, |one| swap(std::slice::from_ref(one)), || swap(swaps))
    }

    fn suspects(&self, names: &[String]) -> Result<BTreeMap<String, Oid>, SwapError> {
        let Some(remote) = &self.remote else { return Ok(self.repository.references("refs/")?.into_iter().collect()) };
        Ok(self.on_remote(remote, &names.iter().map(String::as_str).collect::<Vec<_>>())?)
    }

    fn push(&self, remote: &Remote, swaps: &[Swap]) -> Result<(), SwapError> {
        // what shall not exist and does not cannot be pushed, but it can be looked at
        let (absent, swaps): (Vec<&Swap>, Vec<&Swap>) =
            swaps.iter().partition(|swap| swap.expected.is_none() && swap.new.is_none());
        if !absent.is_empty() {
            self.refuse_moved(&self.values(remote, &absent)?, &absent)?;
        }
        let Some(first) = swaps.first() else { return Ok(()) };
        let mut arguments = words(&[
            "push",
            "--porcelain",
            "--atomic",
            "--no-verify",
            "--no-signed",
            "--no-follow-tags",
            "--recurse-submodules=no",
            "--progress",
        ]);
        arguments.extend(swaps.iter().map(|swap| format!("--force-with-lease={}:{}", swap.name, hex(swap.expected))));
        arguments.push(remote.address.clone());
        arguments.extend(swaps.iter().map(|swap| format!("{}:{}", hex(swap.new), swap.name)));
        let answer = process::git(self.repository, &arguments, "")?;
        if !answer.success {
            // the words differ between servers and versions, so what the refs hold now decides what happened
            let now = self.values(remote, &swaps)?;
            self.refuse_moved(&now, &swaps)?;
            return Err(SwapError::Refused { place: remote.shown(), name: first.name.clone(), words: told(&answer) });
        }
        // git calls a ref that holds the new value already up to date, whatever was expected of it
        let unchanged = |swap: &&&Swap| {
            swap.expected != swap.new && answer.stdout.lines().any(|line| is_up_to_date(line, &swap.name))
        };
        if let Some(swap) = swaps.iter().find(unchanged) {
            return Err(SwapError::Moved { name: swap.name.clone(), actual: swap.new });
        }
        let mirrored = swaps.iter().map(|swap| update_line(&remote.mirrored(&swap.name), swap.new, None));
        // the push is done; a mirror that another run holds locked is set right by the next refresh
        process::git(self.repository, &words(&["update-ref", "--no-deref", "--stdin"]), &mirrored.collect::<String>())?;
        Ok(())
    }

    fn values(&self, remote: &Remote, swaps: &[&Swap]) -> Result<BTreeMap<String, Oid>, SwapError> {
        let names: Vec<&str> = swaps.iter().map(|swap| swap.name.as_str()).collect();
        Ok(self.on_remote(remote, &names)?)
    }

    /// INVARIANT: what a ref points to is on the disk before the ref, and the ref before this returns. Who relies on either
    /// writes to a target next.
    fn update(&self, swaps: &[Swap]) -> Result<(), SwapError> {
        self.repository.sync_written()?;
        let zero = "0".repeat(40);
        let lines = swaps.iter().map(|swap| {
            update_line(&swap.name, swap.new, Some(swap.expected.map_or(zero.clone(), |oid| oid.to_string())))
        });
        let lines: String = lines.collect();
        let answer = process::git(
            self.repository,
            &words(&["-c", "core.fsync=all", "update-ref", "--no-deref", "--stdin"]),
            &lines,
        )?;
        if answer.success {
            swaps.iter().try_for_each(|swap| self.repository.sync_reference(&swap.name))?;
            return Ok(());
        }
        let swaps: Vec<&Swap> = swaps.iter().collect();
        let mut now = BTreeMap::new();
        for swap in &swaps {
            if let Some(oid) = self.repository.reference(&swap.name)? {
                now.insert(swap.name.clone(), oid);
            }
        }
        self.refuse_moved(&now, &swaps)?;
        let name = swaps.first().map(|swap| swap.name.clone()).unwrap_or_default();
        Err(SwapError::Refused { place: "this repository".to_owned(), name, words: answer.words })
    }

    fn refuse_moved(&self, now: &BTreeMap<String, Oid>, swaps: &[&Swap]) -> Result<(), SwapError> {
        for swap in swaps {
            let actual = now.get(&swap.name).copied();
            if actual != swap.expected {
                return Err(SwapError::Moved { name: swap.name.clone(), actual });
            }
        }
        Ok(())
    }

    pub(super) fn known(&self) -> Result<BTreeMap<String, Oid>, RepositoryError> {
        let mut known: BTreeMap<String, Oid> = self.list("refs/")?.into_iter().collect();
        // the mirrors of other remotes are not among what is shared
        known.retain(|name, _| !name.starts_with(MIRROR));
        Ok(known)
    }

    pub(super) fn branch_ref(&self) -> String {
        format!("refs/heads/{}", self.branch)
    }
}

impl Remote {
    fn find(repository: &Repository, named: &str) -> Result<Self, RepositoryError> {
        let unknown = || RepositoryError::UnknownRemote { remote: without_password(named) };
        if named.is_empty() || named.starts_with('-') {
            return Err(unknown());
        }
        let configured = repository.config(&format!("remote.{named}.url"))?;
        let (address, url) = match configured {
            Some(url) => (named.to_owned(), url),
            None if is_url(named) => (named.to_owned(), named.to_owned()),
            None => {
                let folder = Path::new(named).canonicalize().map_err(|_| unknown())?;
                let folder = folder.to_str().ok_or_else(unknown)?.to_owned();
                (folder.clone(), folder)
            }
        };
        // by its URL, so that a name that is given to another repository doesn't inherit what the first one held; and apart
        // from what came before with parts left out
        let is_whole = repository.is_partial();
        let whole = if is_whole { ".whole" } else { "" };
        Ok(Remote { address, mirror: format!("{MIRROR}{}{whole}/", Oid::of_blob(url.as_bytes())), is_whole })
    }

    pub(super) fn mirrored(&self, name: &str) -> String {
        format!("{}{}", self.mirror, name.strip_prefix("refs/").unwrap_or(name))
    }

    fn original(&self, mirrored: &str) -> Option<String> {
        mirrored.strip_prefix(&self.mirror).map(|rest| format!("refs/{rest}"))
    }

    fn shown(&self) -> String {
        without_password(&self.address)
    }

    pub(super) fn unreachable(&self, words: String) -> RepositoryError {
        RepositoryError::Unreachable { remote: self.shown(), words }
    }
}

/// `scheme://…` or `host:path`, as git tells them from folders.
fn is_url(text: &str) -> bool {
    text.contains("://") || text.split('/').next().is_some_and(|first| first.len() > 2 && first.contains(':'))
}

pub(super) fn checked(name: &str) -> Result<(), RepositoryError> {
    if name.starts_with("refs/") && !name.starts_with(MIRROR) && git2::Reference::is_valid_name(name) {
        return Ok(());
    }
    Err(RepositoryError::InvalidRefName { name: name.to_owned() })
}

pub(super) fn words(arguments: &[&str]) -> Vec<String> {
    arguments.iter().map(|argument| (*argument).to_owned()).collect()
}

fn hex(oid: Option<Oid>) -> String {
    oid.map(|oid| oid.to_string()).unwrap_or_default()
}

/// A command for `git update-ref --stdin`; `old` is checked where it is given.
fn update_line(name: &str, new: Option<Oid>, old: Option<String>) -> String {
    let old = old.map(|old| format!(" {old}")).unwrap_or_default();
    match new {
        Some(new) => format!("update {name} {new}{old}\n"),
        // deleting what does not exist is an error to git, checking that it does not is none
        None if old.bytes().all(|b| matches!(b, b' ' | b'0')) && !old.is_empty() => format!("verify {name}{old}\n"),
        None => format!("delete {name}{old}\n"),
    }
}

/// True for the line of `git push --porcelain` that says that nothing had to be done for a ref.
fn is_up_to_date(line: &str, name: &str) -> bool {
    let target =
        line.strip_prefix("=\t").and_then(|rest| rest.split('\t').next()).and_then(|pair| pair.split_once(':'));
    target.is_some_and(|(_, to)| to == name)
}

/// Why a push failed: the words of the remote, and the reasons in the table of refs.
fn told<'a>(answer: &'a Answer) -> String {
    // a line is `!`, the refs, and a summary with the reason
    let reason = |line: &'a str| line.strip_prefix("!\t").map(|row| row.split_once('\t').map_or(row, |(_, why)| why));
    let reasons: Vec<&str> = answer.stdout.lines().filter_map(reason).collect();
    process::presentable([reasons.join("\n"), answer.words.clone()].join("\n").as_bytes())
}

#[cfg(test)]
#[path = "remote_tests.rs"]
mod tests;

//! What most commands start from: the repository, the clock, a revision, the shared refs, the log.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{Exit, NowOption, RepoOption, Stop, output};
use crate::access::{self, Access, LastRead, LoadError, Moment, Revision};
use crate::finding::Finding;
use crate::report;
use crate::repository::{Managed, Oid, Repository, RepositoryError, Secret, Snapshot, state_folder};
use crate::targets;

/// The name under which findings and plans speak of the work tree.
pub const WORK_TREE: &str = "work tree";

/// Opens the access repository.
pub fn open(option: &RepoOption) -> Result<Repository, Stop> {
    let here = PathBuf::from(".");
    let state = |name| std::env::var_os(name).map(PathBuf::from);
    let secret = state_folder(state("XDG_STATE_HOME"), state("HOME")).and_then(|folder| Secret::kept_in(&folder));
    let repository = Repository::open(option.repo.as_deref().unwrap_or(&here))?;
    Ok(repository.reading_settings(access::managed_by).sealing(secret))
}

/// The instant that counts as now.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    pub now: Timestamp,
    /// True where the user named it.
    pub given: bool,
}

/// Reads the clock. Commands ask [`NowOption::clock`], so that each of them can be told what time it is.
#[expect(clippy::disallowed_methods, reason = "the only place that reads the clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

impl NowOption {
    /// The clock, or what the user says instead.
    pub fn clock(&self) -> Result<Clock, Stop> {
        let Some(text) = &self.now else { return Ok(Clock { now: now(), given: false }) };
        match Moment::parse(text) {
            Ok(Moment::Instant(now)) => Ok(Clock { now, given: true }),
            Ok(Moment::Day(_)) | Err(_) => Err(Stop::usage(
                format!("`{}` is not an instant", text.escape_debug()),
                "write it with its offset, such as 2026-11-24T09:00:00Z",
            )),
        }
    }
}

impl Clock {
    /// A given clock could end or start real access: only sandboxes may be told what time it is.
    pub fn for_targets(self, access: &Access) -> Result<Self, Stop> {
        match access.config.targets.values().find(|target| !target.is_embedded()) {
            Some(real) if self.given && !is_played() => Err(Stop::usage(
                format!("`--now` is refused, since target `{}` is real", real.id),
                "leave `--now` out; it is for sandboxes",
            )),
            Some(_) | None => Ok(self),
        }
    }
}

/// Tests play real targets by stand-ins, which may be told what time it is. A release build doesn't hear of that.
fn is_played() -> bool {
    cfg!(debug_assertions) && std::env::var_os("DUALKEY_STAND_INS").is_some()
}

/// Which revision a command looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    WorkTree,
    Commit(Oid),
}

impl Look {
    pub fn commit(self) -> Option<Oid> {
        match self {
            Look::WorkTree => None,
            Look::Commit(oid) => Some(oid),
        }
    }

    /// For a sentence: `the work tree`, `commit 744ebdcc0a`.
    fn words(self) -> String {
        match self {
            Look::WorkTree => format!("the {WORK_TREE}"),
            Look::Commit(oid) => format!("commit {}", oid.short()),
        }
    }

    pub fn label(self) -> String {
        match self {
            Look::WorkTree => WORK_TREE.to_owned(),
            Look::Commit(oid) => oid.short(),
        }
    }
}

/// Why a revision isn't there.
#[derive(Debug)]
pub enum Unread {
    Stop(Stop),
    /// Files are wrong: the findings, and the files they point into.
    Findings(Box<crate::access::Unreadable>),
}

impl From<Stop> for Unread {
    fn from(stop: Stop) -> Self {
        Unread::Stop(stop)
    }
}

/// Reads a revision, or says why not.
pub fn load(repository: &Repository, look: Look, last: &mut LastRead) -> Result<Revision, Unread> {
    load_beside(repository, look, &Managed::default(), last)
}

/// Reads a revision together with what the settings of another name as managed.
fn load_beside(repository: &Repository, look: Look, also: &Managed, last: &mut LastRead) -> Result<Revision, Unread> {
    let snapshot = match look {
        Look::WorkTree => Snapshot::of_work_tree_with(repository, also),
        Look::Commit(oid) => Snapshot::of_commit_near(repository, oid, also, |path| last.bytes(path)),
    };
    let snapshot = snapshot.map_err(|error| {
        // a file of one's own that can't be read is as wrong as one that means nothing
        let unreadable = matches!(error, RepositoryError::File { .. });
        if unreadable { Stop::of(Exit::Findings, &error) } else { Stop::from(error) }
    })?;
    Revision::load(&snapshot, targets::KINDS, last).map_err(|error| match error {
        LoadError::NoConfig => Unread::Stop(Stop::usage(
            format!("there is no dualkey.yaml in {}", look.words()),
            "run it in an access repository, or make one with `dualkey init DIR`",
        )),
        LoadError::UnknownVersion(version) => Unread::Stop(Stop::usage(
            format!("dualkey.yaml is of version {version}, and this program reads version 1"),
            "use a newer dualkey, or write `version: 1`",
        )),
        LoadError::Invalid(unreadable) => Unread::Findings(unreadable),
    })
}

/// Reads a revision for a command that shows findings: prints them and stops where the files are too wrong to go on.
pub fn load_or_show(repository: &Repository, look: Look, last: &mut LastRead) -> Result<Revision, Stop> {
    load_beside_or_show(repository, look, &Managed::default(), last)
}

/// The same together with what the settings of another revision name as managed.
pub fn load_beside_or_show(
    repository: &Repository,
    look: Look,
    also: &Managed,
    last: &mut LastRead,
) -> Result<Revision, Stop> {
    load_beside(repository, look, also, last).map_err(|unread| match unread {
        Unread::Stop(stop) => stop,
        Unread::Findings(unreadable) => {
            let lines = |path: &str, line| unreadable.files.source(path).map(|source| source.line_text(line));
            output::print(&report::findings::lint(
                &unreadable.findings,
                unreadable.files.len(),
                &lines,
                output::style(),
            ));
            Stop::new(
                Exit::Findings,
                format!("what is wrong in {} keeps it from being judged", look.words()),
                "correct what is named above; nothing else means anything before that",
            )
        }
    })
}

/// Findings of one revision as text, with its lines.
pub fn show_findings(findings: &[Finding], revision: &Revision) {
    let lines = |path: &str, line| revision.source(path).map(|source| source.line_text(line));
    output::print(&report::findings::lint(findings, revision.files.len(), &lines, output::style()));
}

/// The head of a change, as whoever looks at it names it. A branch that was only fetched may be called by its name, and that is
/// told.
pub fn head(repository: &Repository, rev: &str) -> Result<Oid, Stop> {
    match repository.resolve(rev) {
        Err(error @ RepositoryError::UnknownRevision { .. }) => {
            let found = repository.fetched_branch(rev).ok_or(error)?;
            output::warn(&format!("`{rev}` is taken from origin/{rev}, {}\n", found.short()));
            Ok(found)
        }
        resolved => Ok(resolved?),
    }
}

/// Where the change to a head started: its merge base with the protected branch, as far as this clone knows that.
pub fn default_base(repository: &Repository, branch: &str, head: Oid) -> Result<Oid, Stop> {
    let tip = match repository.remote_branch_tip("origin", branch)? {
        Some(tip) => tip,
        None => repository.branch_tip(branch)?.ok_or_else(|| {
            Stop::usage(format!("there is no branch `{branch}` to compare with"), "name the base with `--base REV`")
        })?,
    };
    match repository.merge_bases(tip, head)?.as_slice() {
        [one] => Ok(*one),
        many => Err(Stop::usage(
            format!("`{branch}` and the head have {} merge bases", many.len()),
            "name the base with `--base REV`",
        )),
    }
}

/// Makes the folder that a file is to lie in.
pub fn make_folder_of(path: &Path) -> Result<(), Stop> {
    let Some(folder) = path.parent() else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|error| Stop::io("making", folder, &error))
}

/// Writes a file, making the folders above it.
pub fn write_file(path: &Path, text: &[u8]) -> Result<(), Stop> {
    make_folder_of(path)?;
    std::fs::write(path, text).map_err(|error| Stop::io("writing", path, &error))
}

//! Files of the work tree that a command writes: all of them or none, and never half of one.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::context::{self, Clock, Look};
use super::{Exit, NowOption, RepoOption, Stop, output, plan};
use crate::access::{EvidenceSource, LastRead, LoadError, Revision};
use crate::finding::Finding;
use crate::lint::{self, Halt};
use crate::report::escape::terminal;
use crate::repository::{Managed, Repository, Snapshot};
use crate::targets::KINDS;

/// What becomes of files, by their paths in the repository: a text, or nothing where a file goes.
pub type Files = BTreeMap<String, Option<String>>;

/// What findings do to files that a command is about to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errors {
    /// New ones keep the files from being written.
    Stop,
    /// They are told. What only takes away is never held up.
    Tell,
}

/// A work tree that a command changes.
pub struct WorkTree {
    repository: Repository,
    pub revision: Revision,
    pub clock: Clock,
}

impl WorkTree {
    /// # Errors
    ///
    /// Where it can't be read, or nothing is committed yet: the plan of what is written compares with a commit.
    pub fn open(repo: &RepoOption, now: &NowOption) -> Result<Self, Stop> {
        let repository = context::open(repo)?;
        repository.head()?;
        let revision = context::load_or_show(&repository, Look::WorkTree, &mut LastRead::default())?;
        let clock = now.clock()?.for_targets(&revision.access)?;
        Ok(WorkTree { repository, revision, clock })
    }

    /// # Errors
    ///
    /// Where one of the files is there already.
    pub fn refuse_to_replace(&self, files: &Files) -> Result<(), Stop> {
        refuse_to_replace(&self.repository, files)
    }

    /// Looks at the files as they would be, writes them, says so and why they say what they do, and shows the plan.
    ///
    /// # Errors
    ///
    /// Where they can't be read back, or written.
    pub fn write_and_plan(&self, files: &Files, errors: Errors, why: &[String]) -> Result<Exit, Stop> {
        let after = foreseen(&self.repository, &self.revision, files)?;
        let mut findings = crate::plan::findings_since(&self.revision, &after, self.clock.now, &Halt::default());
        findings.retain(Finding::blocks);
        if lint::blocked(&findings) {
            context::show_findings(&findings, &after);
            if errors == Errors::Stop {
                output::print("\nnothing was written\n");
                return Ok(Exit::Findings);
            }
            output::print("\n");
        }
        write(&self.repository, files)?;
        output::print(&said(files, why));
        let ended = plan::show_work_tree(&self.repository, self.clock)?;
        if ended == Exit::Done {
            output::print(&next(self.revision.access.config.evidence));
        }
        Ok(ended)
    }
}

/// What became of files, and why.
fn said(files: &Files, why: &[String]) -> String {
    let style = output::style();
    let mut text = String::new();
    for (path, now) in files {
        let word = if now.is_some() { "wrote" } else { "removed" };
        text.push_str(&format!("{word} {}\n", terminal(path)));
    }
    for why in why {
        text.push_str(&format!("  {}\n", style.wrap(&terminal(why), 2, "    ")));
    }
    text.push('\n');
    text
}

/// What comes next.
fn next(evidence: EvidenceSource) -> String {
    let style = output::style();
    let text = match evidence {
        EvidenceSource::Signatures => {
            "commit it on a branch, push that, and have it approved: `dualkey approve --head BRANCH`"
        }
        EvidenceSource::Github => {
            "commit it on a branch, push that, open a pull request, and have that approved: by a review, or by `dualkey \
             approve --head BRANCH`"
        }
    };
    format!("\n{}\n  {}\n", style.bold("next"), style.wrap(text, 2, "  "))
}

/// The work tree as it would be.
pub fn foreseen(repository: &Repository, before: &Revision, files: &Files) -> Result<Revision, Stop> {
    foreseen_with(repository, &before.access.config.managed, files)
}

/// The same where there are no settings yet.
pub fn foreseen_anew(repository: &Repository, files: &Files) -> Result<Revision, Stop> {
    foreseen_with(repository, &Managed::default(), files)
}

fn foreseen_with(repository: &Repository, managed: &Managed, files: &Files) -> Result<Revision, Stop> {
    let texts = files.iter().filter_map(|(path, text)| Some((path.clone(), text.clone()?))).collect();
    let gone: Vec<String> = files.iter().filter(|(_, text)| text.is_none()).map(|(path, _)| path.clone()).collect();
    let snapshot = Snapshot::of_work_tree_with(repository, managed)?;
    let snapshot =
        snapshot.rewritten(&texts, &gone).map_err(|error| Stop::usage(error.to_string(), "take another name"))?;
    Revision::load(&snapshot, KINDS, &mut LastRead::default()).map_err(|error| {
        if let LoadError::Invalid(unreadable) = &error {
            let lines = |path: &str, line| unreadable.files.source(path).map(|source| source.line_text(line));
            let text =
                crate::report::findings::lint(&unreadable.findings, unreadable.files.len(), &lines, output::style());
            output::print(&text);
        }
        Stop::new(Exit::Findings, "what would be written can't be read", "correct what is named above")
    })
}

/// # Errors
///
/// Where one of the files is there already.
pub fn refuse_to_replace(repository: &Repository, files: &Files) -> Result<(), Stop> {
    let is_there = |path: &&String| repository.work_dir().join(path).symlink_metadata().is_ok();
    match files.keys().find(is_there) {
        None => Ok(()),
        Some(path) => Err(Stop::usage(
            format!("{path} is there already, so nothing was written"),
            "see what it says; move it away or change it by hand",
        )),
    }
}

/// Writes files, all of them or none: whole ones are put in their places when all are written. A file that is replaced keeps its
/// mode.
///
/// # Errors
///
/// Where the disk refuses; then everything is as it was.
pub fn write(repository: &Repository, files: &Files) -> Result<(), Stop> {
    let own = repository.git_dir().join("dualkey");
    fs::create_dir_all(&own).map_err(|error| Stop::io("making", &own, &error))?;
    let fails = |path: &Path| {
        let path = path.to_owned();
        move |error: io::Error| Stop::io("writing", &path, &error)
    };
    let beside = tempfile::Builder::new().prefix("writing-").tempdir_in(&own).map_err(fails(&own))?;
    let mut ready: Vec<(PathBuf, Option<PathBuf>, Option<Vec<u8>>)> = Vec::new();
    for (number, (path, text)) in files.iter().enumerate() {
        let place = repository.work_dir().join(path);
        let above = place.ancestors().skip(1).take_while(|folder| *folder != repository.work_dir());
        let is_link = |folder: &&Path| fs::symlink_metadata(folder).is_ok_and(|found| found.is_symlink());
        if let Some(link) = above.into_iter().find(is_link) {
            return Err(Stop::usage(format!("`{}` is a link", link.display()), "put the folder itself there"));
        }
        let found = fs::symlink_metadata(&place).ok();
        if found.as_ref().is_some_and(|found| !found.is_file()) {
            return Err(Stop::usage(format!("`{}` is no regular file", place.display()), "put the file itself there"));
        }
        let before = match found {
            Some(_) => Some(fs::read(&place).map_err(fails(&place))?),
            None => None,
        };
        let Some(text) = text else {
            ready.push((place, None, before));
            continue;
        };
        let whole = beside.path().join(number.to_string());
        fs::write(&whole, text).map_err(fails(&place))?;
        if let Some(found) = found {
            fs::set_permissions(&whole, found.permissions()).map_err(fails(&place))?;
        }
        ready.push((place, Some(whole), before));
    }
    let mut done: Vec<(PathBuf, Option<Vec<u8>>)> = Vec::new();
    for (place, whole, before) in ready {
        let put = match &whole {
            Some(whole) => context::make_folder_of(&place).and_then(|()| put(whole, &place).map_err(fails(&place))),
            None => fs::remove_file(&place).map_err(fails(&place)),
        };
        if let Err(stop) = put {
            // one that was being put in place may be there in part
            for (place, before) in done.into_iter().chain([(place, before)]).rev() {
                // what can't be put back either is named by the error of its folder
                let _ = match before {
                    Some(bytes) => fs::write(&place, bytes),
                    None => fs::remove_file(&place),
                };
            }
            return Err(stop);
        }
        done.push((place, before));
    }
    Ok(())
}

/// Puts a whole file in its place. On another disk than the repository's own folder it is copied.
fn put(whole: &Path, place: &Path) -> io::Result<()> {
    match fs::rename(whole, place) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => fs::copy(whole, place).map(drop),
        renamed => renamed,
    }
}

//! The managed files of one commit, or of the work tree, as bytes.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt as _, HashSet, HashSetExt as _};

use super::file::{Content, File, Listed, Mode, read};
use super::managed::{Level, Managed};
use super::objects::{MODE_FILE, MODE_KIND, MODE_LINK, MODE_SUBMODULE, Named};
use super::path::{CONFIG, check_component, escape, fold_case, join, misspelled_root};
use super::tree::Entries;
use super::{Entry, InvalidPath, Oid, RepoPath, Repository, RepositoryError};
use crate::finding::{Code, Finding, Place, Rule, Severity};

/// A path that is not the same plain file for everybody.
pub const UNSAFE_PATH: Rule = Rule {
    code: Code {
        id: "unsafe-path",
        title: "A managed path is not a plain file with a name that every system reads alike.",
        why: "What is reviewed must be what is read. A symbolic link or a submodule takes its content from somewhere \
              else, and two names that differ only in case are one file on some systems and two on others, so that \
              reviewer and program could look at different files.",
        example: "people/alice.yaml -> ../../elsewhere.yaml\npeople/Bob.yaml\npeople/bob.yaml",
        instead: "Put the content itself into a regular file, and give it a plain lower-case name that no other file \
                  in the folder shares.",
    },
    severity: Severity::Error,
    dated: false,
};

/// Where the files of a snapshot come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Commit(Oid),
    /// The files as they lie in the work tree, committed or not.
    WorkTree,
}

/// The managed files of one commit or of the work tree. What has no safe path is left out and has a finding instead.
#[derive(Clone, Debug)]
pub struct Snapshot {
    source: Source,
    files: BTreeMap<RepoPath, File>,
    findings: Vec<Finding>,
}

impl Snapshot {
    /// Reads a commit's files from the object database; the work tree plays no part.
    ///
    /// # Errors
    /// `Unreadable` where an object is missing or broken; `TooMuch` above a million entries.
    pub fn of_commit(repository: &Repository, commit: Oid) -> Result<Self, RepositoryError> {
        Self::of_commit_near(repository, commit, &Managed::default(), |_| None)
    }

    /// The same with what another tree's settings name as managed, where somebody holds files that are likely to be in the
    /// commit, by their paths. What git names alike isn't read once more.
    ///
    /// # Errors
    /// As [`Snapshot::of_commit`]; a content that is near by isn't missed.
    pub fn of_commit_near(
        repository: &Repository,
        commit: Oid,
        also: &Managed,
        near: impl Fn(&str) -> Option<Arc<[u8]>>,
    ) -> Result<Self, RepositoryError> {
        let managed = &repository.managed_of(commit)?.and(also);
        let mut walk: Walk<Listed> = Walk::new();
        let mut budget = Entries::of(repository, commit);
        let mut open = vec![(String::new(), Level::Root, repository.root(commit)?.oid)];
        while let Some((folder, level, tree)) = open.pop() {
            let mut listing = Vec::new();
            for Named { name, entry } in repository.tree(tree)? {
                // other spellings of a managed name are not managed, but have to be seen
                if level.enter(managed, &folder, &name).is_some() || level == Level::Root {
                    budget.spend()?;
                    listing.push((name, entry));
                }
            }
            for (name, entry) in walk.safe_names((managed, &folder, level), listing) {
                let Some(inner) = level.enter(managed, &folder, name.as_bytes()) else { continue };
                let path = join(&folder, &name);
                if entry.is_tree() {
                    open.push((path, inner, entry.oid));
                } else if inner == Level::Managed
                    && let Some((path, mode)) = walk.regular(path, entry)
                {
                    walk.found.push(Listed { path, mode, oid: entry.oid });
                }
            }
        }
        let findings = walk.sorted_findings();
        let files = repository.load(commit, walk.found, near)?.into_iter().collect();
        Ok(Snapshot { source: Source::Commit(commit), findings, files })
    }

    /// Reads the files in the work tree, also those that git ignores or does not know yet. Symbolic links are not
    /// followed.
    ///
    /// # Errors
    /// `File` where something cannot be read.
    pub fn of_work_tree(repository: &Repository) -> Result<Self, RepositoryError> {
        Self::of_work_tree_with(repository, &Managed::default())
    }

    /// The same with what another tree's settings name as managed.
    ///
    /// # Errors
    /// As [`Snapshot::of_work_tree`].
    pub fn of_work_tree_with(repository: &Repository, also: &Managed) -> Result<Self, RepositoryError> {
        let root = repository.work_dir();
        let settings = root.join(CONFIG);
        let settings = fs::symlink_metadata(&settings).is_ok_and(|metadata| metadata.is_file());
        let settings = settings.then(|| RepoPath::parse(CONFIG).ok()).flatten().into_iter().collect();
        let managed = read(root, settings)?.first().map(|(_, file)| repository.managed_by(&file.content.bytes()));
        let managed = &managed.unwrap_or_default().and(also);
        let mut walk: Walk<RepoPath> = Walk::new();
        let mut open = vec![(String::new(), Level::Root)];
        let leftovers = Leftovers { repository, index: OnceCell::new() };
        while let Some((folder, level)) = open.pop() {
            let dir = root.join(&folder);
            let mut listing =
                list(&dir, (managed, &folder, level)).map_err(|source| RepositoryError::File { path: dir, source })?;
            listing
                .retain(|(name, kind)| !matches!(kind, OnDisk::File | OnDisk::Link) || !leftovers.are(&folder, name));
            for (name, kind) in walk.safe_names((managed, &folder, level), listing) {
                let Some(inner) = level.enter(managed, &folder, name.as_bytes()) else { continue };
                let path = join(&folder, &name);
                match kind {
                    OnDisk::Folder => open.push((path, inner)),
                    OnDisk::File if inner == Level::Managed => {
                        if let Some(path) = walk.path(path) {
                            walk.found.push(path);
                        }
                    }
                    OnDisk::Link if inner == Level::Managed => walk.refuse(&path, LINK.0, LINK.1),
                    OnDisk::Other if inner == Level::Managed => walk.refuse(&path, OTHER.0, OTHER.1),
                    OnDisk::File | OnDisk::Link | OnDisk::Other => {}
                }
            }
        }
        let findings = walk.sorted_findings();
        walk.found.sort_unstable();
        let files = read(root, walk.found)?.into_iter().collect();
        Ok(Snapshot { source: Source::WorkTree, findings, files })
    }

    /// The files that merging `head` onto `base` gives where each path is taken from one side as a whole.
    #[must_use]
    pub fn merged(base: &Snapshot, head: &Snapshot, takes_head: impl Fn(&str) -> bool) -> Self {
        let of = |side: &Snapshot, wanted: bool| {
            let files = side.files.iter().filter(|(path, _)| takes_head(path.as_str()) == wanted);
            files.map(|(path, file)| (path.clone(), file.clone())).collect::<Vec<_>>()
        };
        let files = of(base, false).into_iter().chain(of(head, true)).collect();
        let findings = base.findings.iter().chain(&head.findings).cloned().collect();
        Snapshot { source: head.source, files, findings }
    }

    /// Files that stand nowhere.
    #[cfg(test)]
    pub(crate) fn of_texts(files: &BTreeMap<String, String>) -> Result<Self, InvalidPath> {
        Snapshot { source: Source::WorkTree, files: BTreeMap::new(), findings: Vec::new() }.rewritten(files, &[])
    }

    /// The same with some files written and others left out, in memory alone.
    ///
    /// # Errors
    /// The first path that is no safe path of a repository.
    pub fn rewritten(&self, written: &BTreeMap<String, String>, without: &[String]) -> Result<Self, InvalidPath> {
        let mut files = self.files.clone();
        files.retain(|path, _| !without.iter().any(|gone| gone == path.as_str()));
        for (path, text) in written {
            let content = Content::Bytes(Arc::from(text.as_bytes()));
            files.insert(RepoPath::parse(path)?, File { mode: Mode::Regular, content });
        }
        Ok(Snapshot { source: self.source, files, findings: self.findings.clone() })
    }

    /// These files with some paths as another snapshot has them, and what is wrong with those there.
    #[must_use]
    pub fn with(&self, other: &Snapshot, paths: &BTreeSet<String>) -> Self {
        let of = |side: &Snapshot, wanted: bool| {
            let files = side.files.iter().filter(|(path, _)| paths.contains(path.as_str()) == wanted);
            files.map(|(path, file)| (path.clone(), file.clone())).collect::<Vec<_>>()
        };
        let files = of(self, false).into_iter().chain(of(other, true)).collect();
        let there = other.findings.iter().filter(|finding| paths.contains(&finding.place.file));
        Snapshot { source: other.source, files, findings: self.findings.iter().chain(there).cloned().collect() }
    }

    pub fn source(&self) -> Source {
        self.source
    }

    /// All files, sorted by path.
    pub fn files(&self) -> &BTreeMap<RepoPath, File> {
        &self.files
    }

    /// The file at a path, if there is one that could be read safely.
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.get(path)
    }

    /// What is wrong with paths, sorted.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

const LINK: (&str, &str) = ("is a symbolic link", "put the content itself into a regular file");
const SUBMODULE: (&str, &str) = ("is a submodule", "put the files themselves into the folder");
const OTHER: (&str, &str) = ("is not a regular file", "replace it by a regular file");

/// What is gathered on the way through the folders.
struct Walk<F> {
    /// Files, in the order they are come across; to sort them once is cheaper than to keep them sorted.
    found: Vec<F>,
    findings: Vec<Finding>,
}

impl<F> Walk<F> {
    fn new() -> Self {
        Walk { found: Vec::new(), findings: Vec::new() }
    }

    fn refuse(&mut self, path: &str, what: &str, help: &str) {
        let message = format!("`{path}` {what}");
        self.findings.push(Finding::new(&UNSAFE_PATH, Place::whole_file(path), message, help));
    }

    /// The entries of one folder whose names are safe and not shared on a file system that ignores case.
    fn safe_names<T>(
        &mut self,
        (managed, folder, level): (&Managed, &str, Level),
        listing: Vec<(Vec<u8>, T)>,
    ) -> Vec<(String, T)> {
        let mut safe = Vec::with_capacity(listing.len());
        for (name, entry) in listing {
            let name = match String::from_utf8(name) {
                Ok(name) => name,
                Err(error) => {
                    let path = join(folder, &escape(error.as_bytes()));
                    self.refuse(&path, "has a name that is not UTF-8", "rename it");
                    continue;
                }
            };
            if level == Level::Root {
                if let Some(meant) = misspelled_root(&name) {
                    let what = format!("is `{meant}` on systems that ignore case, but not here");
                    self.refuse(
                        &escape(name.as_bytes()),
                        &what,
                        &format!("rename it to `{meant}`, or to something else"),
                    );
                    continue;
                }
                if level.enter(managed, folder, name.as_bytes()).is_none() {
                    continue;
                }
            }
            match check_component(&name) {
                Ok(()) => safe.push((name, entry)),
                Err(why) => {
                    let path = join(folder, &escape(name.as_bytes()));
                    self.refuse(&path, &format!("is not a safe path: {why}"), "rename it");
                }
            }
        }
        self.without_twins(folder, safe)
    }

    /// Leaves out all entries that share a name but for case, since none of them is certain to be the one that is read.
    fn without_twins<T>(&mut self, folder: &str, listing: Vec<(String, T)>) -> Vec<(String, T)> {
        let mut seen = HashSet::with_capacity(listing.len());
        if listing.iter().all(|(name, _)| seen.insert(fold_case(name))) {
            return listing;
        }
        let mut spellings: HashMap<Cow<'_, str>, Vec<&str>> = HashMap::with_capacity(listing.len());
        for (name, _) in &listing {
            spellings.entry(fold_case(name)).or_default().push(name);
        }
        let mut twins: Vec<Vec<String>> = spellings
            .into_values()
            .filter(|names| names.len() > 1)
            .map(|names| names.into_iter().map(|name| join(folder, name)).collect())
            .collect();
        for paths in &mut twins {
            paths.sort();
            let mut places = paths.iter().map(|path| (path, Place::whole_file(path)));
            let Some((first, place)) = places.next() else { continue };
            let message = format!("`{first}` is the same path as another on systems that ignore case");
            let finding = Finding::new(&UNSAFE_PATH, place, message, "rename or remove all but one of them");
            self.findings
                .push(places.fold(finding, |finding, (path, place)| finding.related(place, format!("`{path}`"))));
        }
        let left_out: BTreeSet<String> = twins.into_iter().flatten().collect();
        listing.into_iter().filter(|(name, _)| !left_out.contains(&join(folder, name))).collect()
    }

    /// The path as a value, or a finding where the whole of it is too long.
    fn path(&mut self, path: String) -> Option<RepoPath> {
        match RepoPath::parse(&path) {
            Ok(path) => Some(path),
            Err(error) => {
                self.refuse(&path, &format!("is not a safe path: {}", error.why), "rename it");
                None
            }
        }
    }

    /// The path and mode of a tree's entry that is a regular file.
    fn regular(&mut self, path: String, entry: Entry) -> Option<(RepoPath, Mode)> {
        let (what, help) = match entry.mode & MODE_KIND {
            MODE_FILE => {
                let mode = if entry.mode & 0o100 == 0 { Mode::Regular } else { Mode::Executable };
                return self.path(path).map(|path| (path, mode));
            }
            MODE_LINK => LINK,
            MODE_SUBMODULE => SUBMODULE,
            _ => OTHER,
        };
        self.refuse(&path, what, help);
        None
    }

    fn sorted_findings(&mut self) -> Vec<Finding> {
        let mut findings = std::mem::take(&mut self.findings);
        findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        findings
    }
}

/// Files that nobody means to commit: those that git ignores, and what editors and systems leave behind. Whatever git has in its
/// index is none.
struct Leftovers<'r> {
    repository: &'r Repository,
    index: OnceCell<Option<git2::Index>>,
}

impl Leftovers<'_> {
    fn are(&self, folder: &str, name: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(name) else { return false };
        // most files are meant, and to ask git takes longer than to read them
        if [".yaml", ".rego"].iter().any(|ending| text.ends_with(ending)) && !text.starts_with('.') {
            return false;
        }
        let path = join(folder, text);
        let git = &self.repository.git;
        // nothing steers a pipeline unseen
        let left = !folder.starts_with('.') && is_left_behind(text) || git.is_path_ignored(&path).unwrap_or(false);
        let index = || self.index.get_or_init(|| git.index().ok());
        left && index().as_ref().is_some_and(|index| index.get_path(Path::new(&path), 0).is_none())
    }
}

/// Names that editors, file managers and office programs give to files of their own.
fn is_left_behind(name: &str) -> bool {
    let swap = || {
        name.rsplit_once(".sw").is_some_and(|(_, last)| last.len() == 1 && last.bytes().all(|b| b.is_ascii_lowercase()))
    };
    matches!(name, ".DS_Store" | "Thumbs.db" | "desktop.ini")
        || name.ends_with('~')
        || name.starts_with(".#")
        || name.starts_with(".~lock.")
        || name.starts_with('#') && name.ends_with('#')
        || name.starts_with('.') && swap()
}

#[derive(Clone, Copy)]
enum OnDisk {
    Folder,
    File,
    Link,
    Other,
}

/// Lists a folder of the work tree without following links.
fn list(dir: &Path, (managed, folder, level): (&Managed, &str, Level)) -> std::io::Result<Vec<(Vec<u8>, OnDisk)>> {
    let mut listing = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().into_encoded_bytes();
        if level != Level::Root && level.enter(managed, folder, &name).is_none() {
            continue;
        }
        let kind = match entry.file_type()? {
            kind if kind.is_symlink() => OnDisk::Link,
            kind if kind.is_dir() => OnDisk::Folder,
            kind if kind.is_file() => OnDisk::File,
            _ => OnDisk::Other,
        };
        listing.push((name, kind));
    }
    Ok(listing)
}

#[cfg(test)]
#[path = "snapshot_tests.rs"]
mod tests;

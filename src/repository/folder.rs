//! The files of one commit that dualkey wrote itself, read one at a time.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use git2::ObjectType;

use super::git::read_object;
use super::objects::{MODE_FILE, MODE_KIND, MODE_TREE, Named, parse_tree};
use super::path::join;
use super::{Entry, Oid, RepoPath, Repository, RepositoryError};

/// The tree of a commit, whose files are read by their path.
#[derive(Debug)]
pub struct Folder<'r> {
    repository: &'r Repository,
    root: Oid,
    /// Folders that were looked into.
    read: RefCell<HashMap<Oid, Rc<BTreeMap<String, Entry>>>>,
    /// How many bytes of trees they were read from.
    held: Cell<usize>,
}

/// What all folders of a log of hundreds of millions of entries have room in.
const MAX_HELD: usize = 64 << 20;
const MAX_HELD_WORDS: &str = "64 MiB of folders";

impl Repository {
    /// The files of a commit.
    ///
    /// # Errors
    /// `Unreadable` where there is no such commit.
    pub fn folder(&self, commit: Oid) -> Result<Folder<'_>, RepositoryError> {
        Ok(self.folder_of(self.root(commit)?.oid))
    }

    /// The files of a tree.
    pub fn folder_of(&self, tree: Oid) -> Folder<'_> {
        Folder { repository: self, root: tree, read: RefCell::default(), held: Cell::default() }
    }
}

impl Folder<'_> {
    /// The tree that it is.
    pub fn tree(&self) -> Oid {
        self.root
    }

    /// The bytes of a file; None where there is none. One that is longer than `limit` is not read.
    ///
    /// # Errors
    /// `Unreadable` where a part of the way is missing, damaged, or not one that dualkey wrote; `TooMuch` above the limit.
    pub fn read(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, RepositoryError> {
        let mut at = self.root;
        let mut rest = path;
        while let Some((name, further)) = rest.split_once('/') {
            match self.entries(at)?.get(name) {
                Some(entry) if entry.mode & MODE_KIND == MODE_TREE => at = entry.oid,
                Some(_) | None => return Ok(None),
            }
            rest = further;
        }
        match self.entries(at)?.get(rest) {
            Some(entry) if entry.mode & MODE_KIND == MODE_FILE => self.blob(entry.oid, limit).map(Some),
            Some(_) | None => Ok(None),
        }
    }

    fn blob(&self, oid: Oid, limit: usize) -> Result<Vec<u8>, RepositoryError> {
        if self.repository.object_size(oid)? > limit {
            return Err(RepositoryError::TooMuch { oid, limit: "what such a file may hold" });
        }
        self.object(oid, ObjectType::Blob, |bytes| Ok(bytes.to_vec()))
    }

    pub(super) fn listing(&self, tree: Oid) -> Result<Vec<Named>, RepositoryError> {
        let held = self.held.get().saturating_add(self.repository.object_size(tree)?);
        if held > MAX_HELD {
            return Err(RepositoryError::TooMuch { oid: tree, limit: MAX_HELD_WORDS });
        }
        self.held.set(held);
        self.object(tree, ObjectType::Tree, parse_tree)
    }

    /// What judging may cost is no limit to what dualkey wrote itself.
    fn object<T>(
        &self,
        oid: Oid,
        kind: ObjectType,
        read: impl FnOnce(&[u8]) -> Result<T, &'static str>,
    ) -> Result<T, RepositoryError> {
        self.repository.ensure_whole(oid)?;
        let odb = self.repository.git.odb().map_err(RepositoryError::git("open its objects"))?;
        read_object(&odb, &self.repository.logs(), oid, kind, read)
    }

    /// Shows every path to `visit`, that of a folder with a slash at its end, until that says no. A folder is shown before
    /// it is looked into. Paths come in no order that matters.
    ///
    /// # Errors
    /// `Unreadable` where a folder can't be read or holds anything but regular files with safe names.
    pub fn each(&self, visit: &mut dyn FnMut(&str) -> bool) -> Result<(), RepositoryError> {
        let mut open = vec![(String::new(), self.root)];
        while let Some((folder, tree)) = open.pop() {
            for (name, entry) in self.entries(tree)?.iter() {
                let path = join(&folder, name);
                let shown = if entry.is_tree() { format!("{path}/") } else { path.clone() };
                if !visit(&shown) {
                    return Ok(());
                }
                if entry.is_tree() {
                    open.push((path, entry.oid));
                }
            }
        }
        Ok(())
    }

    /// Shows every path that isn't the same in both to `visit`, as [`Folder::each`] does, with whether it is there in
    /// `earlier` and here, until that says no. What both hold in one object is not looked into.
    ///
    /// # Errors
    /// As [`Folder::each`].
    pub fn differences(
        &self,
        earlier: &Folder<'_>,
        visit: &mut dyn FnMut(&str, bool, bool) -> bool,
    ) -> Result<(), RepositoryError> {
        let mut open = vec![(String::new(), Some(earlier.root), Some(self.root))];
        while let Some((folder, was, is)) = open.pop() {
            let nothing = || Ok(Rc::default());
            let was = was.map_or_else(nothing, |tree| earlier.entries(tree))?;
            let is = is.map_or_else(nothing, |tree| self.entries(tree))?;
            let names = was.keys().chain(is.keys().filter(|name| !was.contains_key(*name)));
            for name in names {
                let (before, after) = (was.get(name), is.get(name));
                if before == after {
                    continue;
                }
                let path = join(&folder, name);
                let tree = |entry: Option<&Entry>| entry.filter(|entry| entry.is_tree()).map(|entry| entry.oid);
                let file = |entry: Option<&Entry>| entry.is_some_and(|entry| !entry.is_tree());
                if (file(before) || file(after)) && !visit(&path, file(before), file(after)) {
                    return Ok(());
                }
                let (before, after) = (tree(before), tree(after));
                if before.is_some() || after.is_some() {
                    if !visit(&format!("{path}/"), before.is_some(), after.is_some()) {
                        return Ok(());
                    }
                    open.push((path, before, after));
                }
            }
        }
        Ok(())
    }

    fn entries(&self, tree: Oid) -> Result<Rc<BTreeMap<String, Entry>>, RepositoryError> {
        if let Some(known) = self.read.borrow().get(&tree) {
            return Ok(Rc::clone(known));
        }
        let strange =
            || RepositoryError::Unreadable { oid: tree, reason: "it is not one that dualkey wrote".to_owned() };
        let mut entries = BTreeMap::new();
        for Named { name, entry } in self.listing(tree)? {
            let name = String::from_utf8(name).map_err(|_| strange())?;
            RepoPath::parse(&name)?;
            let known = matches!(entry.mode & MODE_KIND, MODE_TREE | MODE_FILE);
            if !known || name.contains('/') || entries.insert(name, entry).is_some() {
                return Err(strange());
            }
        }
        let entries = Rc::new(entries);
        self.read.borrow_mut().insert(tree, Rc::clone(&entries));
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Sandbox;

    #[test]
    fn what_changes_is_written_and_everything_else_is_the_same_object() {
        let sandbox = Sandbox::new();
        let repository = sandbox.open();
        let files = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
        };
        let first = repository.write_commit(&files(&[("a", "1"), ("b/c", "2"), ("b/d/e", "3")]), &[], "x", 0).unwrap();
        let folder = repository.folder(first).unwrap();
        let tree = repository
            .write_files(Some(folder.tree()), [("b/d/e", None), ("b/f", Some(&b"4"[..])), ("a", Some(&b"5"[..]))])
            .unwrap();
        let whole = repository.write_commit(&files(&[("a", "5"), ("b/c", "2"), ("b/f", "4")]), &[], "x", 0).unwrap();
        let second = repository.folder(whole).unwrap();
        assert_eq!(tree, second.tree(), "a folder that is empty goes");
        let mut differ = Vec::new();
        let mut visit = |path: &str, was: bool, is: bool| {
            differ.push((path.to_owned(), was, is));
            true
        };
        second.differences(&folder, &mut visit).unwrap();
        differ.sort();
        let expected = [
            ("a", true, true),
            ("b/", true, true),
            ("b/d/", true, false),
            ("b/d/e", true, false),
            ("b/f", false, true),
        ];
        assert_eq!(differ, expected.map(|(path, was, is)| (path.to_owned(), was, is)));
        assert_eq!(second.read("b/f", 10).unwrap().as_deref(), Some(&b"4"[..]));
        for absent in ["b", "b/f/g", "x", "b/x", ""] {
            assert_eq!(second.read(absent, 10).unwrap(), None, "{absent}");
        }
        assert!(second.read("b/f", 0).is_err());
        let mut paths = Vec::new();
        let mut visit = |path: &str| {
            paths.push(path.to_owned());
            true
        };
        second.each(&mut visit).unwrap();
        paths.sort();
        assert_eq!(paths, ["a", "b/", "b/c", "b/f"]);
    }

    #[test]
    fn what_others_wrote_under_our_names_is_not_read() {
        let sandbox = Sandbox::new();
        let blob = sandbox.blob(b"x");
        for entries in [
            &[("120000", &b"a"[..], blob)][..],
            &[("100644", b"\xff", blob)],
            &[("100644", b"a", blob), ("100644", b"a", blob)],
            &[("100644", b"..", blob)],
        ] {
            let commit = sandbox.commit_tree(sandbox.raw_tree(entries), &[], "odd");
            let repository = sandbox.open();
            let folder = repository.folder(commit).unwrap();
            assert!(folder.read("a", 10).is_err() && folder.each(&mut |_| true).is_err());
        }
    }
}

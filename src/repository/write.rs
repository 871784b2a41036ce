//! Commits that hold dualkey's own records, made without touching the work tree or any ref.

use std::collections::BTreeMap;

use git2::ObjectType;

use super::objects::{MODE_FILE, MODE_KIND, MODE_TREE, Named};
use super::path::join;
use super::tree::Entries;
use super::{InvalidPath, Oid, RepoPath, Repository, RepositoryError};

const AUTHOR: &str = "dualkey <dualkey@localhost>";
/// Records are small; whoever can push could store something else under their name.
const MAX_RECORD_BYTES: usize = 256 << 20;
const MAX_RECORD_WORDS: &str = "256 MiB of records";

/// A folder of two names, and a statement or its signature, each with room to spare.
const MAX_STATEMENT_TREE: usize = 512;
const MAX_STATEMENT: usize = 64 << 10;

/// A file to write, or none where one is to go.
type Change<'a> = Option<&'a [u8]>;

enum Node<'a> {
    File(Change<'a>),
    Folder(BTreeMap<&'a str, Node<'a>>),
}

impl Repository {
    /// Writes a commit whose tree holds exactly these files, and returns its id. The same arguments give the same id.
    /// No ref points to it yet. `at` is in seconds since 1970; author and committer are dualkey itself.
    ///
    /// # Errors
    /// `InvalidPath` where a path is unsafe or is both a file and a folder; `Git` where objects cannot be written.
    pub fn write_commit(
        &self,
        files: &BTreeMap<String, Vec<u8>>,
        parents: &[Oid],
        message: &str,
        at: i64,
    ) -> Result<Oid, RepositoryError> {
        let tree = self.write_files(None, files.iter().map(|(path, bytes)| (path.as_str(), Some(bytes.as_slice()))))?;
        self.write_commit_of(tree, parents, message, at)
    }

    /// Writes a tree that holds what `base` holds and these changes: a file's new bytes, or none where it goes. What doesn't
    /// change is neither read nor written. A folder that nothing is left in goes, too.
    ///
    /// # Errors
    /// As [`Repository::write_commit`]; `Unreadable` where a folder that changes can't be read.
    pub fn write_files<'f>(
        &self,
        base: Option<Oid>,
        changes: impl IntoIterator<Item = (&'f str, Option<&'f [u8]>)>,
    ) -> Result<Oid, RepositoryError> {
        let mut root = BTreeMap::new();
        for (path, change) in changes {
            RepoPath::parse(path)?;
            let clash = || InvalidPath { path: path.to_owned(), why: "it is a file and a folder at once" };
            insert(&mut root, path, change).ok_or_else(clash)?;
        }
        match self.write_tree(base, &root)? {
            Some(tree) => Ok(tree),
            None => self.write_object(ObjectType::Tree, &[]),
        }
    }

    /// The same for a commit of a tree that is there already.
    ///
    /// # Errors
    /// `Git` where it cannot be written.
    pub fn write_commit_of(&self, tree: Oid, parents: &[Oid], message: &str, at: i64) -> Result<Oid, RepositoryError> {
        let mut text = format!("tree {tree}\n");
        for parent in parents {
            text.push_str(&format!("parent {parent}\n"));
        }
        text.push_str(&format!(
            "author {AUTHOR} {at} +0000\ncommitter {AUTHOR} {at} +0000\n\n{}\n",
            message.trim_end()
        ));
        self.write_object(ObjectType::Commit, text.as_bytes())
    }

    /// None where nothing is left.
    fn write_tree(&self, base: Option<Oid>, folder: &BTreeMap<&str, Node<'_>>) -> Result<Option<Oid>, RepositoryError> {
        let mut entries: BTreeMap<Vec<u8>, (u32, Oid)> = BTreeMap::new();
        for Named { name, entry } in base.map_or_else(|| Ok(Vec::new()), |base| self.folder_of(base).listing(base))? {
            entries.insert(name, (entry.mode, entry.oid));
        }
        for (name, node) in folder {
            let name = name.as_bytes().to_vec();
            let written = match node {
                Node::File(None) => None,
                Node::File(Some(bytes)) => Some((0o100_644, self.write_object(ObjectType::Blob, bytes)?)),
                Node::Folder(inner) => {
                    let was = entries.get(&name).filter(|(mode, _)| mode & MODE_KIND == MODE_TREE).map(|(_, oid)| *oid);
                    self.write_tree(was, inner)?.map(|oid| (MODE_TREE, oid))
                }
            };
            match written {
                Some(entry) => entries.insert(name, entry),
                None => entries.remove(&name),
            };
        }
        // git sorts a folder as if its name ended in a slash
        let key = |name: &[u8], mode: u32| [name, if mode & MODE_KIND == MODE_TREE { b"/" } else { b"" }].concat();
        let mut sorted: Vec<_> =
            entries.iter().map(|(name, (mode, oid))| (key(name, *mode), mode, name, oid)).collect();
        sorted.sort();
        let mut bytes = Vec::new();
        for (_, mode, name, oid) in sorted {
            bytes.extend_from_slice(format!("{mode:o} ").as_bytes());
            bytes.extend_from_slice(name);
            bytes.push(0);
            bytes.extend_from_slice(oid.as_bytes());
        }
        if bytes.is_empty() { Ok(None) } else { self.write_object(ObjectType::Tree, &bytes).map(Some) }
    }

    fn write_object(&self, kind: ObjectType, bytes: &[u8]) -> Result<Oid, RepositoryError> {
        let failed = || RepositoryError::git("write an object");
        let odb = self.git.odb().map_err(failed())?;
        let oid = odb.write(kind, bytes).map(Oid::of_git).map_err(failed())?;
        self.written.borrow_mut().insert(oid);
        Ok(oid)
    }

    /// The files of a commit that holds a statement: two small ones, in the root folder. What anybody may push there is not
    /// read beyond that.
    ///
    /// # Errors
    /// `Unreadable` where it holds anything else; `TooMuch` where a file is larger than a statement ever is.
    pub fn read_small_files(&self, commit: Oid) -> Result<BTreeMap<String, Vec<u8>>, RepositoryError> {
        let tree = self.root(commit)?.oid;
        let odb = self.git.odb().map_err(RepositoryError::git("open its objects"))?;
        let size = |oid: Oid| odb.read_header(oid.to_git()).map_or(usize::MAX, |(size, _)| size);
        if size(tree) > MAX_STATEMENT_TREE {
            return Err(RepositoryError::TooMuch { oid: tree, limit: "the two files of a statement" });
        }
        for Named { entry, .. } in self.tree(tree)? {
            if entry.is_tree() {
                return Err(RepositoryError::TooMuch { oid: entry.oid, limit: "files without folders" });
            }
            if size(entry.oid) > MAX_STATEMENT {
                return Err(RepositoryError::TooMuch { oid: entry.oid, limit: "64 KiB, as no statement does" });
            }
        }
        self.read_files(commit)
    }

    /// Every file of a commit written by [`Repository::write_commit`].
    ///
    /// # Errors
    /// `Unreadable` where the tree holds anything but regular files with safe names; `TooMuch` above 256 MiB.
    pub fn read_files(&self, commit: Oid) -> Result<BTreeMap<String, Vec<u8>>, RepositoryError> {
        let mut files = BTreeMap::new();
        let mut budget = Entries::of(self, commit);
        let mut bytes_left = MAX_RECORD_BYTES;
        let mut open = vec![(String::new(), self.root(commit)?.oid)];
        while let Some((folder, tree)) = open.pop() {
            for Named { name, entry } in self.tree(tree)? {
                budget.spend()?;
                let strange =
                    || RepositoryError::Unreadable { oid: tree, reason: "it is not one that dualkey wrote".to_owned() };
                let path = join(&folder, std::str::from_utf8(&name).map_err(|_| strange())?);
                RepoPath::parse(&path)?;
                match entry.mode & MODE_KIND {
                    MODE_TREE => open.push((path, entry.oid)),
                    MODE_FILE => {
                        let bytes = self.record(entry.oid, &mut bytes_left)?;
                        if files.insert(path, bytes).is_some() {
                            return Err(strange());
                        }
                    }
                    _ => return Err(strange()),
                }
            }
        }
        Ok(files)
    }

    fn record(&self, oid: Oid, bytes_left: &mut usize) -> Result<Vec<u8>, RepositoryError> {
        let size = self.object_size(oid)?;
        *bytes_left = bytes_left.checked_sub(size).ok_or(RepositoryError::TooMuch { oid, limit: MAX_RECORD_WORDS })?;
        self.object(oid, ObjectType::Blob, |bytes| Ok(bytes.to_vec()))
    }
}

/// Puts a file into the folders its path names; None where one of them is a file already, or the file a folder.
fn insert<'a>(folder: &mut BTreeMap<&'a str, Node<'a>>, path: &'a str, change: Change<'a>) -> Option<()> {
    match path.split_once('/') {
        None => match folder.insert(path, Node::File(change)) {
            None => Some(()),
            Some(_) => None,
        },
        Some((name, rest)) => match folder.entry(name).or_insert_with(|| Node::Folder(BTreeMap::new())) {
            Node::Folder(inner) => insert(inner, rest, change),
            Node::File(_) => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::Allowance;
    use super::super::testing::Sandbox;
    use super::*;

    #[test]
    fn what_is_written_is_sound_and_read_back() {
        let sandbox = Sandbox::new();
        let parent = sandbox.commit(&[("a", "a")]);
        let repository = sandbox.open();
        let names = ["a", "a.b", "a0", "tile/0/x001/000", "tile/0.p", "tile-1"];
        let files: BTreeMap<String, Vec<u8>> =
            names.iter().map(|name| ((*name).to_owned(), name.as_bytes().to_vec())).collect();
        let commit = repository.write_commit(&files, &[parent], "hello", 1_700_000_000).unwrap();
        assert_eq!(repository.write_commit(&files, &[parent], "hello\n", 1_700_000_000).unwrap(), commit);
        assert_eq!(repository.read_files(commit).unwrap(), files);
        let read = repository.commit(commit).unwrap();
        assert_eq!((read.parents.as_slice(), read.message.as_str()), (&[parent][..], "hello\n"));
        assert_eq!(read.author.email, "dualkey@localhost");
        sandbox.git(&["update-ref", "refs/heads/written", &commit.to_string()]);
        sandbox.git(&["fsck", "--strict", "--no-dangling"]);
    }

    #[test]
    fn what_is_no_statement_is_not_unpacked() {
        let sandbox = Sandbox::new();
        let (small, large) = (sandbox.blob(b"x"), sandbox.blob(&vec![b'x'; MAX_STATEMENT + 1]));
        let read = |entries: &[(&str, &[u8], Oid)]| {
            let commit = sandbox.commit_tree(sandbox.raw_tree(entries), &[], "statement");
            let repository = sandbox.open();
            repository.allow(Allowance { objects: 6, bytes: 4096, entries: 2, steps: 0, commits: 0 }, None);
            repository.read_small_files(commit)
        };
        let good = read(&[("100644", b"a", small), ("100644", b"b", small)]).unwrap();
        assert_eq!(good.len(), 2);
        let error = read(&[("100644", b"a", small), ("100644", b"b", large)]).unwrap_err();
        assert!(matches!(error, RepositoryError::TooMuch { oid, .. } if oid == large), "{error}");
        let names: Vec<[u8; 1]> = (b'a'..=b'z').map(|name| [name]).collect();
        let many: Vec<(&str, &[u8], Oid)> = names.iter().map(|name| ("100644", &name[..], small)).collect();
        assert!(matches!(read(&many).unwrap_err(), RepositoryError::TooMuch { .. }));
        // a folder in it may hold anything
        let folder = sandbox.raw_tree(&many);
        assert!(read(&[("40000", b"a", folder)]).is_err());
    }

    #[test]
    fn a_path_is_a_file_or_a_folder_and_safe() {
        let sandbox = Sandbox::new();
        let repository = sandbox.open();
        for names in [&["a", "a/b"][..], &["../a"], &[""], &[".git/config"]] {
            let files = names.iter().map(|name| ((*name).to_owned(), Vec::new())).collect();
            let error = repository.write_commit(&files, &[], "x", 0).unwrap_err();
            assert!(matches!(error, RepositoryError::InvalidPath(_)), "{error}");
        }
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
            assert!(sandbox.open().read_files(commit).is_err());
        }
    }
}

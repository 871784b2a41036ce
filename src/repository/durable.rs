//! What has to be on the disk before anything else happens: a power cut takes with it what only the system's memory holds.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::Path;
#[cfg(test)]
use std::path::PathBuf;

use super::{Repository, RepositoryError};

/// Waits until a file or a folder is on the disk as it is. A folder is what holds the names of its files; only Unix opens one.
///
/// # Errors
/// Where it can't be opened, or the disk refuses.
pub fn sync(path: &Path) -> io::Result<()> {
    #[cfg(test)]
    SYNCED.with_borrow_mut(|synced| synced.push(path.to_owned()));
    if cfg!(unix) || path.is_file() { File::open(path)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
thread_local! {
    /// What this thread waited for, in order.
    pub static SYNCED: std::cell::RefCell<Vec<PathBuf>> = const { std::cell::RefCell::new(Vec::new()) };
}

impl Repository {
    /// Waits until the objects that were written here are on the disk. What git holds in a pack is there already.
    ///
    /// # Errors
    /// `NotDurable`.
    pub(super) fn sync_written(&self) -> Result<(), RepositoryError> {
        let objects = self.git.commondir().join("objects");
        let mut folders = BTreeSet::new();
        for oid in self.written.take() {
            let digits = oid.to_string();
            let (folder, name) = digits.split_at(2);
            let folder = objects.join(folder);
            if sync_found(&folder.join(name))? {
                folders.insert(folder);
            }
        }
        if folders.is_empty() {
            return Ok(());
        }
        for folder in folders.iter().chain([&objects]) {
            sync_found(folder)?;
        }
        Ok(())
    }

    /// Waits until a ref is on the disk, with the folders that lead to it.
    ///
    /// # Errors
    /// `NotDurable`.
    pub(super) fn sync_reference(&self, name: &str) -> Result<(), RepositoryError> {
        let root = self.git.commondir();
        let path = root.join(name);
        sync_found(&path)?;
        for folder in path.ancestors().skip(1).take_while(|folder| folder.starts_with(root) && *folder != root) {
            sync_found(folder)?;
        }
        Ok(())
    }
}

/// False where nothing is there.
fn sync_found(path: &Path) -> Result<bool, RepositoryError> {
    match sync(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(RepositoryError::NotDurable { path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::StateRefs;
    use super::super::testing::Sandbox;
    use super::*;

    #[test]
    fn without_a_remote_objects_are_on_the_disk_before_the_ref_and_the_ref_before_anything_else() {
        let sandbox = Sandbox::new();
        sandbox.commit(&[("a", "1")]);
        let repository = sandbox.open();
        let refs = StateRefs::local(&repository, "main");
        let files = [("tile/0/000", "x"), ("checkpoint", "y")].map(|(path, text)| (path.to_owned(), text.into()));
        let commit = repository.write_commit(&files.into(), &[], "Run 1", 0).unwrap();
        SYNCED.take();
        refs.compare_and_swap("refs/dualkey/audit", None, Some(commit)).unwrap();
        let synced = SYNCED.take();
        let at = |path: PathBuf| synced.iter().position(|one| *one == path).unwrap_or_else(|| panic!("{path:?}"));
        let git = repository.git_dir();
        let listed = sandbox.git(&["rev-list", "--objects", "--no-object-names", "refs/dualkey/audit"]);
        let reference = at(git.join("refs/dualkey/audit"));
        assert_eq!(listed.lines().count(), 6, "a commit, three trees, two files");
        for object in listed.lines() {
            let folder = git.join("objects").join(&object[..2]);
            assert!(at(folder.join(&object[2..])) < at(folder.clone()) && at(folder) < reference, "{object}");
        }
        assert!(at(git.join("objects")) < reference && reference < at(git.join("refs/dualkey")));
        // what was waited for once is not waited for again
        refs.compare_and_swap("refs/dualkey/audit", Some(commit), None).unwrap();
        assert!(!SYNCED.take().iter().any(|one| one.starts_with(git.join("objects"))));
    }
}

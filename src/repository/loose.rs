//! Whether loose objects are whole. A power cut can leave one cut short, in which libgit2 reads on for ever.

use std::cell::RefCell;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use foldhash::{HashSet, HashSetExt as _};
use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_zlib_with_limit};

use super::{Oid, RepositoryError};

/// Bytes of a file that are looked at; what is larger is no object that is read here.
const LARGEST: u64 = 64 << 20;

/// Bytes that an object may unfold to before it is left to other limits.
const UNFOLDED: usize = 64 << 20;

/// What is known of loose objects.
#[derive(Clone, Debug)]
pub(super) struct Loose {
    /// The folders that are there, by the first byte of the names in them. After `git gc` there are none, and no object has to
    /// be looked for twice.
    folders: [bool; 256],
    /// Objects that unfolded once: a tree may name one of them under thousands of names.
    whole: RefCell<HashSet<Oid>>,
}

impl Loose {
    pub(super) fn of(git: &git2::Repository) -> Self {
        let mut there = [false; 256];
        for entry in std::fs::read_dir(git.commondir().join("objects")).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let byte = name.to_str().filter(|name| name.len() == 2).and_then(|name| u8::from_str_radix(name, 16).ok());
            byte.and_then(|byte| there.get_mut(usize::from(byte))).into_iter().for_each(|slot| *slot = true);
        }
        Loose { folders: there, whole: RefCell::new(HashSet::new()) }
    }

    /// True where the object isn't loose, or its file unfolds to its end.
    ///
    /// # Errors
    /// `Unreadable` where the file is cut short, or doesn't unfold.
    pub(super) fn ensure_whole(&self, git: &git2::Repository, oid: Oid) -> Result<(), RepositoryError> {
        let name = oid.to_string();
        let (folder, file) = name.split_at_checked(2).unwrap_or_default();
        let is_there = u8::from_str_radix(folder, 16).ok().and_then(|byte| self.folders.get(usize::from(byte)));
        if is_there != Some(&true) || self.whole.borrow().contains(&oid) {
            return Ok(());
        }
        if unfolds(&git.commondir().join("objects").join(folder).join(file)) {
            self.whole.borrow_mut().insert(oid);
            return Ok(());
        }
        let reason = "its file is cut short or damaged, as after a power cut".to_owned();
        Err(RepositoryError::Unreadable { oid, reason })
    }
}

/// Renames the loose objects that don't unfold to what git takes for leavings, and clears away in time.
pub(super) fn set_aside_damaged(objects: &Path) {
    let is_hex = |name: &str, length: usize| name.len() == length && name.bytes().all(|b| b.is_ascii_hexdigit());
    for folder in std::fs::read_dir(objects).into_iter().flatten().flatten() {
        if !folder.file_name().to_str().is_some_and(|name| is_hex(name, 2)) {
            continue;
        }
        for file in std::fs::read_dir(folder.path()).into_iter().flatten().flatten() {
            let (name, path) = (file.file_name(), file.path());
            let Some(name) = name.to_str().filter(|name| is_hex(name, 38)) else { continue };
            if file.metadata().is_ok_and(|of| of.len() < LARGEST) && !unfolds(&path) {
                // one that stays where it is stays damaged, and is told as that
                let _ = std::fs::rename(&path, folder.path().join(format!("tmp_obj_{name}")));
            }
        }
    }
}

fn unfolds(path: &Path) -> bool {
    // one that isn't there is packed, or missing, which is told elsewhere
    let Ok(file) = File::open(path) else { return true };
    let mut bytes = Vec::new();
    if file.take(LARGEST).read_to_end(&mut bytes).is_err() {
        return false;
    }
    match decompress_to_vec_zlib_with_limit(&bytes, UNFOLDED) {
        Ok(_) => true,
        Err(error) => error.status == TINFLStatus::HasMoreOutput,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Sandbox;
    use super::*;

    #[test]
    fn an_object_that_is_cut_short_is_told_and_not_read_for_ever() {
        let sandbox = Sandbox::new();
        let commit = sandbox.commit(&[("dualkey.yaml", &"version: 1\n".repeat(500))]);
        let name = sandbox.git(&["rev-parse", "HEAD:dualkey.yaml"]).trim().to_owned();
        let oid: Oid = name.parse().unwrap();
        let path = sandbox.dir().join(".git/objects").join(&name[..2]).join(&name[2..]);
        let whole = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        for length in [0, 1, 2, 10, whole.len() / 2, whole.len() - 5, whole.len() - 1] {
            std::fs::write(&path, &whole[..length]).unwrap();
            let error = crate::repository::Snapshot::of_commit(&sandbox.open(), commit).unwrap_err();
            assert!(matches!(&error, RepositoryError::Unreadable { oid: of, .. } if *of == oid), "{length}: {error}");
            std::fs::remove_file(&path).unwrap();
        }
        std::fs::write(&path, &whole).unwrap();
        assert!(crate::repository::Snapshot::of_commit(&sandbox.open(), commit).is_ok());
        let commit = commit.to_string();
        let path = sandbox.dir().join(".git/objects").join(&commit[..2]).join(&commit[2..]);
        let whole = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        for rev in ["HEAD", "main", "refs/heads/main", &commit] {
            let error = sandbox.open().resolve(rev).unwrap_err();
            assert!(matches!(error, RepositoryError::Unreadable { .. }), "{rev}: {error}");
        }
        assert!(sandbox.open().head().is_err());
    }
}

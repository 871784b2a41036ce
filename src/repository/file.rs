//! Files and their contents, read from the object database or from the disk.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use foldhash::{HashMap, HashMapExt as _, HashSet, HashSetExt as _};
use git2::{ObjectType, Odb};

use super::budget::Budget;
use super::git::{read_object, size_of};
use super::loose::Loose;
use super::{Oid, RepoPath, Repository, RepositoryError};
use crate::parallel::in_parts;

/// Files above this size in bytes are not loaded.
pub const MAX_FILE_BYTES: u64 = 1 << 20;

/// Files of the disk above this size in bytes are not named as git names them, for which they are read to the end.
const MAX_NAMED_BYTES: u64 = 64 << 20;

/// Whether git marks a file as executable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Regular,
    Executable,
}

/// One regular file.
#[derive(Clone, Debug)]
pub struct File {
    pub mode: Mode,
    pub content: Content,
}

/// What is in a file.
#[derive(Clone, Debug)]
pub enum Content {
    Bytes(Arc<[u8]>),
    /// More than [`MAX_FILE_BYTES`], which nobody reads.
    TooLarge {
        size: u64,
        /// What git names it; of a file of the disk that is far too large, a name that no commit has for it.
        oid: Oid,
    },
}

impl Content {
    /// The bytes; none of what is too large.
    pub fn bytes(&self) -> Arc<[u8]> {
        match self {
            Content::Bytes(bytes) => Arc::clone(bytes),
            Content::TooLarge { .. } => Arc::default(),
        }
    }

    /// In bytes.
    pub fn size(&self) -> u64 {
        match self {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::TooLarge { size, .. } => *size,
        }
    }
}

impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Content::Bytes(a), Content::Bytes(b)) => Arc::ptr_eq(a, b) || a == b,
            (Content::TooLarge { oid: a, .. }, Content::TooLarge { oid: b, .. }) => a == b,
            (Content::Bytes(_), Content::TooLarge { .. }) | (Content::TooLarge { .. }, Content::Bytes(_)) => false,
        }
    }
}

/// A file of a tree, before its content is read.
pub(super) struct Listed {
    pub path: RepoPath,
    pub mode: Mode,
    pub oid: Oid,
}

/// So many contents are read sooner by one thread than by several, each of which opens the repository once more.
const FEW: usize = 2_000;

/// What the files of one commit have room in. An organisation of 100,000 grants needs a quarter of it.
const MAX_HELD: u64 = 128 << 20;
const MAX_HELD_WORDS: &str = "128 MiB in files that are managed";

/// How much of that is left.
struct Room {
    commit: Oid,
    left: AtomicU64,
}

impl Room {
    fn take(&self, bytes: usize) -> Result<(), RepositoryError> {
        let less = |left: u64| left.checked_sub(u64::try_from(bytes).ok()?);
        match self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less) {
            Ok(_) => Ok(()),
            Err(_) => Err(RepositoryError::TooMuch { oid: self.commit, limit: MAX_HELD_WORDS }),
        }
    }
}

type Loaded = Result<(Oid, RepoPath, File), RepositoryError>;

impl Repository {
    /// Loads the contents of files, sharing bytes with every snapshot that holds them already, and those near by where
    /// they are the same.
    pub(super) fn load(
        &self,
        commit: Oid,
        listed: Vec<Listed>,
        near: impl Fn(&str) -> Option<Arc<[u8]>>,
    ) -> Result<Vec<(RepoPath, File)>, RepositoryError> {
        let mut files = Vec::with_capacity(listed.len());
        let mut unknown = Vec::new();
        for Listed { path, mode, oid } in listed {
            match self.blobs.borrow().get(&oid).and_then(Weak::upgrade) {
                Some(bytes) => files.push((path, File { mode, content: Content::Bytes(bytes) })),
                None => unknown.push((near(path.as_str()), Listed { path, mode, oid })),
            }
        }
        // one content under many names is unpacked once
        let mut first: HashSet<Oid> = HashSet::new();
        let (unknown, copies): (Vec<_>, Vec<_>) = unknown.into_iter().partition(|(_, one)| first.insert(one.oid));
        let budget = self.budget();
        let room = &Room { commit, left: AtomicU64::new(MAX_HELD) };
        files.iter().try_for_each(|(_, file)| room.take(file.content.bytes().len()))?;
        let loaded = if unknown.len() < FEW {
            vec![load(&self.git, (&budget, room), unknown)]
        } else {
            // a handle serves one thread at a time
            let own = self.own_git_dir();
            in_parts(unknown, |part| match git2::Repository::open(own) {
                Ok(git) => load(&git, (&budget, room), part),
                Err(error) => vec![Err(RepositoryError::git("open its objects")(error))],
            })
        };
        let mut contents: HashMap<Oid, Content> = HashMap::new();
        let shared: HashSet<Oid> = copies.iter().map(|(_, copy)| copy.oid).collect();
        for loaded in loaded.into_iter().flatten() {
            let (oid, path, file) = loaded?;
            if let Content::Bytes(bytes) = &file.content {
                self.blobs.borrow_mut().insert(oid, Arc::downgrade(bytes));
            }
            if shared.contains(&oid) {
                contents.insert(oid, file.content.clone());
            }
            files.push((path, file));
        }
        for (_, Listed { path, mode, oid }) in copies {
            let Some(content) = contents.get(&oid) else { continue };
            // whoever reads the files reads it once for each name
            budget.bytes(content.bytes().len())?;
            room.take(content.bytes().len())?;
            files.push((path, File { mode, content: content.clone() }));
        }
        Ok(files)
    }
}

impl Repository {
    /// The bytes of a blob; None where it can't be read, is none, or is larger than any file that is read.
    pub fn small_blob(&self, oid: Oid) -> Option<Arc<[u8]>> {
        let small = self.object_size(oid).ok()? as u64 <= MAX_FILE_BYTES;
        let odb = self.git.odb().ok()?;
        small
            .then(|| read_object(&odb, &self.budget(), oid, ObjectType::Blob, |bytes| Ok(Arc::from(bytes))).ok())
            .flatten()
    }
}

fn load(git: &git2::Repository, within: (&Budget, &Room), listed: Vec<(Option<Arc<[u8]>>, Listed)>) -> Vec<Loaded> {
    let loose = Loose::of(git);
    match git.odb() {
        Ok(odb) => {
            listed.into_iter().map(|(near, listed)| load_one((git, &odb, &loose), within, near, listed)).collect()
        }
        Err(error) => vec![Err(RepositoryError::git("open its objects")(error))],
    }
}

fn load_one(
    (git, odb, loose): (&git2::Repository, &Odb<'_>, &Loose),
    (budget, room): (&Budget, &Room),
    near: Option<Arc<[u8]>>,
    Listed { path, mode, oid }: Listed,
) -> Loaded {
    // to name bytes is cheaper than to unpack them
    if let Some(bytes) = near.filter(|bytes| Oid::of_blob(bytes) == oid) {
        room.take(bytes.len())?;
        return Ok((oid, path, File { mode, content: Content::Bytes(bytes) }));
    }
    loose.ensure_whole(git, oid)?;
    let size = size_of(odb, oid)? as u64;
    if size > MAX_FILE_BYTES {
        return Ok((oid, path, File { mode, content: Content::TooLarge { size, oid } }));
    }
    room.take(usize::try_from(size).unwrap_or(usize::MAX))?;
    let bytes = read_object(odb, budget, oid, ObjectType::Blob, |bytes| Ok(Arc::from(bytes)))?;
    Ok((oid, path, File { mode, content: Content::Bytes(bytes) }))
}

#[cfg(unix)]
fn mode_of(metadata: &fs::Metadata) -> Mode {
    use std::os::unix::fs::PermissionsExt;
    if metadata.permissions().mode() & 0o100 == 0 { Mode::Regular } else { Mode::Executable }
}

#[cfg(not(unix))]
fn mode_of(_: &fs::Metadata) -> Mode {
    Mode::Regular
}

/// Reads files below a folder of the disk, on all processors.
///
/// # Errors
/// `File` for the first that can't be read.
pub(super) fn read(root: &Path, paths: Vec<RepoPath>) -> Result<Vec<(RepoPath, File)>, RepositoryError> {
    let parts = in_parts(paths, |part| {
        let mut room = Vec::new();
        let read = |path: RepoPath| {
            let at = root.join(path.as_str());
            let file = read_one(&at, &mut room).map_err(|source| RepositoryError::File { path: at, source })?;
            Ok((path, file))
        };
        part.into_iter().map(read).collect::<Vec<_>>()
    });
    parts.into_iter().flatten().collect()
}

fn read_one(at: &Path, room: &mut Vec<u8>) -> std::io::Result<File> {
    let file = fs::File::open(at)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("it is no regular file any longer"));
    }
    let mode = mode_of(&metadata);
    room.clear();
    // the size that is told says little: a file may grow meanwhile, and some file systems tell none
    file.take(MAX_FILE_BYTES + 1).read_to_end(room)?;
    if room.len() as u64 > MAX_FILE_BYTES {
        let size = metadata.len().max(room.len() as u64);
        if size > MAX_NAMED_BYTES {
            room.extend(size.to_le_bytes());
            return Ok(File { mode, content: Content::TooLarge { size, oid: Oid::of_blob(room) } });
        }
        let oid = git2::Oid::hash_file(ObjectType::Blob, at).map_err(|error| std::io::Error::other(error.message()))?;
        return Ok(File { mode, content: Content::TooLarge { size, oid: Oid::of_git(oid) } });
    }
    Ok(File { mode, content: Content::Bytes(Arc::from(room.as_slice())) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_disk_without_end_is_not_read_to_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let of_size = |name: &str, size: u64| {
            fs::File::create(folder.path().join(name)).unwrap().set_len(size).unwrap();
            let (_, file) = read(folder.path(), vec![RepoPath::parse(name).unwrap()]).unwrap().remove(0);
            file.content
        };
        let large = of_size("large", MAX_FILE_BYTES + 1);
        assert_eq!(large, Content::TooLarge { size: MAX_FILE_BYTES + 1, oid: Oid::of_blob(&large_bytes()) });
        // there is nothing in it, so it takes no room on the disk
        assert_eq!(of_size("endless", 1 << 40).size(), 1 << 40);
    }

    fn large_bytes() -> Vec<u8> {
        vec![0; (MAX_FILE_BYTES + 1) as usize]
    }
}

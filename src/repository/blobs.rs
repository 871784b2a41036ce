//! Contents of files, read from the object database.

use std::sync::{Arc, Weak};

use git2::{ObjectType, Odb};

use super::git::read_object;
use super::snapshot::{Content, File, MAX_FILE_BYTES, Mode};
use super::{Oid, RepoPath, Repository, RepositoryError};
use crate::parallel::in_parts;

/// A file of a tree, before its content is read.
pub(super) struct Listed {
    pub path: RepoPath,
    pub mode: Mode,
    pub oid: Oid,
}

/// So many contents are read sooner by one thread than by several, each of which opens the repository once more.
const FEW: usize = 2_000;

type Loaded = Result<(Oid, RepoPath, File), RepositoryError>;

impl Repository {
    /// Loads the contents of files, sharing bytes with every snapshot that holds them already, and those near by where
    /// they are the same.
    pub(super) fn load(
        &self,
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
        let loaded = if unknown.len() < FEW {
            vec![load(&self.git, unknown)]
        } else {
            // a handle serves one thread at a time
            let own = self.own_git_dir();
            in_parts(unknown, |part| match git2::Repository::open(own) {
                Ok(git) => load(&git, part),
                Err(error) => vec![Err(RepositoryError::git("open its objects")(error))],
            })
        };
        let mut blobs = self.blobs.borrow_mut();
        for loaded in loaded.into_iter().flatten() {
            let (oid, path, file) = loaded?;
            if let Content::Bytes(bytes) = &file.content {
                blobs.insert(oid, Arc::downgrade(bytes));
            }
            files.push((path, file));
        }
        Ok(files)
    }
}

fn load(git: &git2::Repository, listed: Vec<(Option<Arc<[u8]>>, Listed)>) -> Vec<Loaded> {
    match git.odb() {
        Ok(odb) => listed.into_iter().map(|(near, listed)| load_one(&odb, near, listed)).collect(),
        Err(error) => vec![Err(RepositoryError::git("open its objects")(error))],
    }
}

fn load_one(odb: &Odb<'_>, near: Option<Arc<[u8]>>, Listed { path, mode, oid }: Listed) -> Loaded {
    // to name bytes is cheaper than to unpack them
    if let Some(bytes) = near.filter(|bytes| Oid::of_blob(bytes) == oid) {
        return Ok((oid, path, File { mode, content: Content::Bytes(bytes) }));
    }
    let header = odb.read_header(oid.to_git());
    let (size, _) = header.map_err(|error| RepositoryError::Unreadable { oid, reason: error.message().to_owned() })?;
    let size = size as u64;
    if size > MAX_FILE_BYTES {
        return Ok((oid, path, File { mode, content: Content::TooLarge { size, oid } }));
    }
    let bytes = read_object(odb, oid, ObjectType::Blob, |bytes| Ok(Arc::from(bytes)))?;
    Ok((oid, path, File { mode, content: Content::Bytes(bytes) }))
}

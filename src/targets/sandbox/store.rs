//! A file that is read whole, replaced whole, and written by one process at a time.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::targets::TargetError;

/// How often and how long apart a lock is tried: ten seconds in all. A write takes milliseconds.
const TRIES: u32 = 500;
const PAUSE: Duration = Duration::from_millis(20);

/// The file's bytes, None where there is no file. A reader needs no lock: a write replaces the file in one step.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, TargetError> {
    if !is_plain_file(path)? {
        return Ok(None);
    }
    match fs::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failed(path, "read", source)),
    }
}

/// Waits until no other process writes. The lock lasts as long as the value; its file stays, because removing it
/// would let a waiting process hold a lock that the next one doesn't see.
///
/// # Errors
///
/// `Locked` after ten seconds.
pub fn lock(path: &Path) -> Result<File, TargetError> {
    lock_within(path, TRIES)
}

/// As [`lock`], with a number of tries, each 20 milliseconds after the one before.
pub fn lock_within(path: &Path, tries: u32) -> Result<File, TargetError> {
    let beside = sibling(path, "", ".lock");
    for file in [path, &beside] {
        is_plain_file(file)?;
    }
    fs::create_dir_all(folder(path)).map_err(|source| failed(folder(path), "created", source))?;
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&beside)
        .map_err(|source| failed(&beside, "opened", source))?;
    for _ in 0..tries {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            Err(TryLockError::Error(source)) => return Err(failed(&beside, "locked", source)),
        }
    }
    Err(TargetError::Locked { path: path.to_owned() })
}

/// Replaces the file by the text in one step that survives a crash: either the old or the new file is there, whole.
/// The caller holds the lock; so what lies under the temporary name is left from a crash.
pub fn write(path: &Path, text: &str) -> Result<(), TargetError> {
    let permissions = fs::metadata(path).ok().map(|old| old.permissions());
    let temporary = sibling(path, ".", ".tmp");
    let attempt = || -> io::Result<()> {
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).open(&temporary)?;
        file.write_all(text.as_bytes())?;
        if let Some(permissions) = permissions {
            file.set_permissions(permissions)?;
        }
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        // the new name is on the disk only when the folder is; only Unix opens folders
        if cfg!(unix) { File::open(folder(path))?.sync_all() } else { Ok(()) }
    };
    attempt().map_err(|source| failed(path, "written", source))
}

/// False where nothing is there. A link is refused: the replacement would cut it from what it points to.
fn is_plain_file(path: &Path) -> Result<bool, TargetError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => Ok(true),
        Ok(_) => Err(TargetError::Refused {
            why: format!("`{}` is a link, a folder or a device", path.display()),
            help: "name a plain file".to_owned(),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(failed(path, "read", source)),
    }
}

/// An error of the operating system, with what was tried.
pub fn failed(path: &Path, doing: &'static str, source: io::Error) -> TargetError {
    TargetError::Io { path: path.to_owned(), doing, source: source.into() }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn sibling(path: &Path, before: &str, after: &str) -> PathBuf {
    let mut name = OsString::from(before);
    name.push(path.file_name().unwrap_or_default());
    name.push(after);
    path.with_file_name(name)
}

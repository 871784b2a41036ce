//! A secret of the user who runs dualkey here, kept outside of every repository: by it a file in a clone is known to be one that
//! dualkey wrote itself.

use std::fmt;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use hmac::{Hmac, Mac};
use rand_core::{OsRng, RngCore};
use sha2::{Digest, Sha256};

use super::Repository;

/// A secret that nobody reads who can only write into a clone.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// That of the user whose folder for state this is, made where there is none. None where it can't be kept, or where it may be
    /// somebody else's.
    pub fn kept_in(folder: &Path) -> Option<Self> {
        let folder = folder.join("dualkey");
        let path = folder.join("secret");
        if let Some(secret) = read(&path) {
            return Some(secret);
        }
        fs::create_dir_all(&folder).ok()?;
        let mut bytes = [0; 32];
        OsRng.try_fill_bytes(&mut bytes).ok()?;
        // readable by the user alone; of two who make one at the same time, one wins
        let mut file = tempfile::NamedTempFile::new_in(&folder).ok()?;
        file.write_all(&bytes).ok()?;
        let made = file.persist_noclobber(&path).is_ok();
        if made { Some(Secret(bytes)) } else { read(&path) }
    }

    #[cfg(test)]
    pub fn for_test() -> Self {
        Secret([7; 32])
    }

    /// What only who has the secret makes of some bytes (HMAC with SHA-256), in hex. None where it can't be made.
    pub fn seal(&self, of: &str, bytes: &[u8]) -> Option<String> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        let mac = mac.chain_update(Sha256::digest(of)).chain_update(bytes).finalize();
        Some(format!("{:x}", mac.into_bytes()))
    }
}

impl Repository {
    /// From here on what dualkey notes in this clone for itself is sealed. Without a secret nothing is noted that would have to be.
    #[must_use]
    pub fn sealing(mut self, secret: Option<Secret>) -> Self {
        self.secret = secret;
        self
    }

    /// The seal of some bytes; None where there is no secret.
    pub fn seal(&self, of: &str, bytes: &[u8]) -> Option<String> {
        self.secret.as_ref()?.seal(of, bytes)
    }
}

fn read(path: &Path) -> Option<Secret> {
    let metadata = fs::symlink_metadata(path).ok()?;
    if !metadata.is_file() || !is_private(&metadata) {
        return None;
    }
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(33).read_to_end(&mut bytes).ok()?;
    Some(Secret(bytes.try_into().ok()?))
}

#[cfg(unix)]
fn is_private(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o077 == 0
}

#[cfg(not(unix))]
fn is_private(_: &fs::Metadata) -> bool {
    true
}

/// The folder where programs of this user keep what they note, as the environment says.
pub fn state_folder(state_home: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    let stated = state_home.filter(|path| path.is_absolute());
    stated.or_else(|| home.filter(|path| path.is_absolute()).map(|home| home.join(".local/state")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_is_the_hmac_of_the_bytes_and_another_secret_makes_another() {
        let folder = tempfile::tempdir().unwrap();
        let one = Secret::kept_in(folder.path()).unwrap();
        let again = Secret::kept_in(folder.path()).unwrap();
        assert_eq!(one.seal("log", b"x"), again.seal("log", b"x"));
        assert_ne!(one.seal("log", b"x"), Secret::for_test().seal("log", b"x"));
        assert_ne!(one.seal("log", b"x"), one.seal("other", b"x"));
        assert_ne!(one.seal("log", b"x"), one.seal("log", b"y"));
        assert_eq!(format!("{one:?}"), "Secret");
    }

    #[cfg(unix)]
    #[test]
    fn what_others_may_read_is_no_secret() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        Secret::kept_in(folder.path()).unwrap();
        let path = folder.path().join("dualkey/secret");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Secret::kept_in(folder.path()).is_none());
        assert!(Secret::kept_in(&folder.path().join("dualkey/secret")).is_none());
        assert_eq!(state_folder(None, Some("/home/x".into())), Some("/home/x/.local/state".into()));
        assert_eq!(state_folder(Some("state".into()), None), None);
    }
}

//! Signing with SSH keys, by the program that knows agents and security keys.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::RepositoryError;
use super::process::{presentable, run};

/// The key that signs, as git's `user.signingkey` names it.
#[derive(Clone, PartialEq, Eq)]
pub enum SigningKey {
    /// A private key, or a public key whose private half the agent holds or lies beside it.
    File(PathBuf),
    /// A public key in full whose private half the agent holds.
    Agent(String),
}

impl std::fmt::Display for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SigningKey::File(path) => write!(f, "{}", path.display()),
            SigningKey::Agent(key) => f.write_str(key),
        }
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl SigningKey {
    /// Reads git's spelling: a path (`~/` is the home folder), `key::` and a public key, or a public key alone.
    pub fn parse(text: &str) -> Self {
        let literal = text.strip_prefix("key::");
        if let Some(key) = literal.or_else(|| text.starts_with("ssh-").then_some(text)) {
            return SigningKey::Agent(key.trim().to_owned());
        }
        match (text.strip_prefix("~/"), std::env::home_dir()) {
            (Some(rest), Some(home)) => SigningKey::File(home.join(rest)),
            (Some(_) | None, _) => SigningKey::File(PathBuf::from(text)),
        }
    }
}

/// Signs `payload` by `ssh-keygen -Y sign` and returns the armored signature.
///
/// # Errors
/// `Signing` with the words of the program; `ProgramMissing` where there is none.
pub fn ssh_sign(key: &SigningKey, namespace: &str, payload: &[u8]) -> Result<String, RepositoryError> {
    let failed = |words: String| RepositoryError::Signing { key: key.to_string(), words };
    match key {
        SigningKey::File(path) => sign(path, &[], namespace, payload, failed),
        SigningKey::Agent(public) => {
            let mut file = tempfile::NamedTempFile::new().map_err(|error| failed(error.to_string()))?;
            writeln!(file, "{public}").and_then(|()| file.flush()).map_err(|error| failed(error.to_string()))?;
            sign(file.path(), &["-U"], namespace, payload, failed)
        }
    }
}

fn sign(
    key: &Path,
    options: &[&str],
    namespace: &str,
    payload: &[u8],
    failed: impl Fn(String) -> RepositoryError,
) -> Result<String, RepositoryError> {
    let mut command = Command::new("ssh-keygen");
    command.env("LC_ALL", "C").args(["-Y", "sign", "-n", namespace]).args(options).arg("-f").arg(key);
    let output = run(command, "ssh-keygen", payload)?;
    if !output.status.success() {
        return Err(failed(presentable(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|_| failed("it did not print a signature".to_owned()))
}

//! Signing with SSH keys, by the program that knows agents and security keys.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::process::{presentable, program, run};
use super::{Repository, RepositoryError};

/// The program that signs, where git's `gpg.ssh.program` names no other.
const SSH_KEYGEN: &str = "ssh-keygen";

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
    /// What git's `user.signingkey` names, where `gpg.format` is this.
    ///
    /// # Errors
    /// `NoSshKey` where that is a key of another format: git's own is OpenPGP.
    pub fn named(text: &str, format: Option<&str>) -> Result<Self, RepositoryError> {
        let format = format.unwrap_or("openpgp");
        match SigningKey::parse(text) {
            SigningKey::File(path) if format != "ssh" && !path.exists() => {
                Err(RepositoryError::NoSshKey { named: text.escape_debug().to_string(), format: format.to_owned() })
            }
            key @ (SigningKey::File(_) | SigningKey::Agent(_)) => Ok(key),
        }
    }

    /// Reads git's spelling: a path (`~/` is the home folder), `key::` and a public key, or a public key alone.
    pub fn parse(text: &str) -> Self {
        let literal = text.strip_prefix("key::");
        if let Some(key) = literal.or_else(|| text.starts_with("ssh-").then_some(text)) {
            return SigningKey::Agent(key.trim().to_owned());
        }
        SigningKey::File(home_of(text))
    }
}

impl Repository {
    /// What git's settings say that whoever works here signs with; None where they name no SSH key.
    ///
    /// git signs by SSH with `user.signingkey`, or with the key that `gpg.ssh.defaultKeyCommand` prints.
    ///
    /// # Errors
    /// `NoSshKey` where the setting names a key of another format; `GitFailed` where the command fails or prints no key.
    pub fn signing_key(&self) -> Result<Option<SigningKey>, RepositoryError> {
        if let Some(named) = self.setting("user.signingkey")? {
            return SigningKey::named(&named, self.setting("gpg.format")?.as_deref()).map(Some);
        }
        let Some(line) = self.setting("gpg.ssh.defaultKeyCommand")? else { return Ok(None) };
        let failed = |words: String| RepositoryError::GitFailed { what: "git's gpg.ssh.defaultKeyCommand", words };
        let words = shell_words::split(&line).map_err(|error| failed(error.to_string()))?;
        let (name, arguments) = words.split_first().ok_or_else(|| failed("it names no program".to_owned()))?;
        let mut command = program(name);
        command.args(arguments).current_dir(self.work_dir());
        let output = run(command, &[])?;
        if !output.status.success() {
            return Err(failed(presentable(&output.stderr)));
        }
        let said = String::from_utf8_lossy(&output.stdout);
        match SigningKey::parse(said.lines().next().unwrap_or_default()) {
            key @ SigningKey::Agent(_) => Ok(Some(key)),
            SigningKey::File(_) => Err(failed("its first line is no public SSH key after `key::`".to_owned())),
        }
    }

    /// Signs `payload` by the program that git signs with, called as `ssh-keygen -Y sign`, and returns the armored signature.
    ///
    /// # Errors
    /// `Signing` with the words of the program; `ProgramMissing` where there is none.
    pub fn ssh_sign(&self, key: &SigningKey, namespace: &str, payload: &[u8]) -> Result<String, RepositoryError> {
        let signer = self.setting("gpg.ssh.program")?.unwrap_or_else(|| SSH_KEYGEN.to_owned());
        let failed = |words: String| RepositoryError::Signing { key: key.to_string(), words };
        let sign = |file: &Path, options: &[&str]| {
            let mut command = program(&home_of(&signer).to_string_lossy());
            command.env("LC_ALL", "C").args(["-Y", "sign", "-n", namespace]).args(options).arg("-f").arg(file);
            let output = run(command, payload)?;
            if !output.status.success() {
                return Err(failed(presentable(&output.stderr)));
            }
            String::from_utf8(output.stdout).map_err(|_| failed("it did not print a signature".to_owned()))
        };
        match key {
            SigningKey::File(path) => sign(path, &[]),
            SigningKey::Agent(public) => {
                let mut file = tempfile::NamedTempFile::new().map_err(|error| failed(error.to_string()))?;
                writeln!(file, "{public}").and_then(|()| file.flush()).map_err(|error| failed(error.to_string()))?;
                sign(file.path(), &["-U"])
            }
        }
    }
}

/// A path as git writes it: `~/` is the home folder.
fn home_of(text: &str) -> PathBuf {
    match (text.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        (Some(_) | None, _) => PathBuf::from(text),
    }
}

#[cfg(test)]
mod tests {
    use ssh_key::{LineEnding, PrivateKey, PublicKey, SshSig};

    use super::super::testing::Sandbox;
    use super::*;

    /// A key pair on disk, made from fixed bytes.
    fn key_file(sandbox: &Sandbox) -> (PathBuf, PublicKey) {
        let pair = ssh_key::private::Ed25519Keypair::from_seed(&[7; 32]);
        let key = PrivateKey::from(pair);
        let path = sandbox.beside("id");
        key.write_openssh_file(&path, LineEnding::LF).unwrap();
        key.public_key().write_openssh_file(&sandbox.beside("id.pub")).unwrap();
        (path, key.public_key().clone())
    }

    #[test]
    fn a_signature_verifies_and_binds_namespace_and_payload() {
        let sandbox = Sandbox::new();
        let (path, public) = key_file(&sandbox);
        let armored = sandbox.open().ssh_sign(&SigningKey::File(path), "dualkey-approval", b"payload").unwrap();
        let signature = SshSig::from_pem(&armored).unwrap();
        assert!(public.verify("dualkey-approval", b"payload", &signature).is_ok());
        assert!(public.verify("git", b"payload", &signature).is_err());
        assert!(public.verify("dualkey-approval", b"other", &signature).is_err());
    }

    #[test]
    fn a_key_that_cannot_sign_says_why() {
        let sandbox = Sandbox::new();
        let missing = SigningKey::File(sandbox.beside("missing"));
        let error = sandbox.open().ssh_sign(&missing, "dualkey-approval", b"x").unwrap_err();
        assert!(error.to_string().contains("No such file"), "{error}");
    }

    #[test]
    fn the_signature_of_a_commit_is_over_its_payload() {
        let sandbox = Sandbox::new();
        let (path, public) = key_file(&sandbox);
        let key = format!("user.signingkey={}", path.display());
        let commit = ["commit", "--quiet", "--allow-empty", "--message", "signed\n\n second paragraph", "-S"];
        sandbox.git(&[&["-c", "gpg.format=ssh", "-c", &key][..], &commit].concat());
        let read = sandbox.open().commit(sandbox.oid("HEAD")).unwrap();
        let signature = read.signature.unwrap();
        let armored = SshSig::from_pem(&signature.armored).unwrap();
        assert!(public.verify("git", &signature.payload, &armored).is_ok());
        sandbox.commit(&[]);
        assert!(sandbox.open().commit(sandbox.oid("HEAD")).unwrap().signature.is_none());
    }

    #[test]
    fn keys_are_named_as_git_names_them() {
        let agent = SigningKey::Agent("ssh-ed25519 AAAA ann".to_owned());
        assert_eq!(SigningKey::parse("ssh-ed25519 AAAA ann"), agent);
        assert_eq!(SigningKey::parse("key::ssh-ed25519 AAAA ann"), agent);
        assert_eq!(SigningKey::parse("keys/id"), SigningKey::File(PathBuf::from("keys/id")));
    }
}

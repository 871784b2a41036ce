//! The two halves of the key that signs the log, in the text forms of C2SP signed notes.

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use rand_core::CryptoRngCore;

/// The only algorithm of signed notes that a log key may have.
const ED25519: u8 = 1;

/// Why a text is not a key of a log. It never repeats a private key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
pub enum InvalidKey {
    #[error("`{name}` cannot name a log key")]
    #[diagnostic(help("a name has no spaces, `+` or control characters, for example `example.com/access-log`"))]
    Name { name: String },
    #[error("`{text}` is not the public half of a log key")]
    #[diagnostic(help("copy the line that `dualkey audit keygen` prints: <name>+<8 hex digits>+<base64>"))]
    Verifier { text: String },
    #[error("this is not the private half of a log key")]
    #[diagnostic(help("give the file that `dualkey audit keygen --out FILE` wrote; it starts with `PRIVATE+KEY+`"))]
    Private,
}

/// The public half: who has it can check the log, and knows by its name which log it belongs to.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    public: VerifyingKey,
}

impl VerifierKey {
    /// Parses `<name>+<id>+<base64>`, in exactly the spelling that `Display` writes.
    ///
    /// # Errors
    ///
    /// [`InvalidKey::Verifier`] where the text is anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        let parsed = || {
            let mut parts = text.splitn(3, '+');
            let (name, _id, key) = (parts.next()?, parts.next()?, parts.next()?);
            let bytes: [u8; 32] = key_bytes(key)?.try_into().ok()?;
            let key = VerifierKey::new(name, VerifyingKey::from_bytes(&bytes).ok()?).ok()?;
            // the comparison checks the id, too
            (key.to_string() == text).then_some(key)
        };
        parsed().ok_or_else(|| InvalidKey::Verifier { text: text.to_owned() })
    }

    fn new(name: &str, public: VerifyingKey) -> Result<Self, InvalidKey> {
        if !signed_note::is_key_name_valid(name) || name.chars().any(char::is_control) {
            return Err(InvalidKey::Name { name: name.to_owned() });
        }
        Ok(VerifierKey { name: name.to_owned(), public })
    }

    /// The name of the key, which is also the origin of the log's checkpoints.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the key: eight hex digits that depend on its name and its public half.
    pub fn id(&self) -> String {
        format!("{:08x}", self.number())
    }

    pub(super) fn number(&self) -> u32 {
        let typed: Vec<u8> = [&[ED25519], self.public.as_bytes().as_slice()].concat();
        signed_note::key_id(&self.name, &typed)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&signed_note::new_ed25519_verifier_key(&self.name, &self.public))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl signed_note::Verifier for VerifierKey {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        self.number()
    }

    fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.public.verify_strict(text, &signature).is_ok())
    }
}

/// The private half, which signs checkpoints. It has no `Debug`: a secret is not printed by accident.
#[expect(missing_debug_implementations, reason = "a secret is not printed by accident")]
pub struct LogKey {
    private: SigningKey,
    verifier: VerifierKey,
}

impl LogKey {
    /// Makes a new key with the given name.
    ///
    /// # Errors
    ///
    /// [`InvalidKey::Name`] where the name is empty or holds white space, `+` or control characters.
    pub fn generate(name: &str, rng: &mut impl CryptoRngCore) -> Result<Self, InvalidKey> {
        LogKey::new(name, SigningKey::generate(rng))
    }

    /// Parses `PRIVATE+KEY+<name>+<id>+<base64>`; white space around it is ignored.
    ///
    /// # Errors
    ///
    /// [`InvalidKey::Private`] where the text is anything else; the error doesn't repeat it.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        let text = text.trim();
        let parsed = || {
            let mut parts = text.splitn(5, '+').skip(2);
            let (name, _id, key) = (parts.next()?, parts.next()?, parts.next()?);
            let key = LogKey::new(name, SigningKey::try_from(key_bytes(key)?.as_slice()).ok()?).ok()?;
            (key.to_private_text() == text).then_some(key)
        };
        parsed().ok_or(InvalidKey::Private)
    }

    fn new(name: &str, private: SigningKey) -> Result<Self, InvalidKey> {
        let verifier = VerifierKey::new(name, private.verifying_key())?;
        Ok(LogKey { private, verifier })
    }

    /// The text to keep in a file that only the applier can read.
    pub fn to_private_text(&self) -> String {
        let typed: Vec<u8> = [&[ED25519], self.private.as_bytes().as_slice()].concat();
        let VerifierKey { name, .. } = &self.verifier;
        format!("PRIVATE+KEY+{name}+{}+{}", self.verifier.id(), BASE64_STANDARD.encode(typed))
    }

    /// The public half. Compare it with the configured one to see whether this key belongs to the log.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    pub(super) fn sign(&self, text: &[u8]) -> Vec<u8> {
        self.private.sign(text).to_vec()
    }
}

/// What follows the algorithm in the base64 part of either half.
fn key_bytes(base64: &str) -> Option<Vec<u8>> {
    let mut bytes = BASE64_STANDARD.decode(base64).ok()?;
    if bytes.first() != Some(&ED25519) {
        return None;
    }
    Some(bytes.split_off(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::OsRng;

    /// From the documentation of Go's package `note`.
    const PRIVATE: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    #[test]
    fn both_halves_of_a_known_key_are_read_and_written() {
        let key = LogKey::parse(&format!("{PRIVATE}\n")).ok().unwrap();
        assert_eq!(key.to_private_text(), PRIVATE);
        assert_eq!(key.verifier().to_string(), PUBLIC);
        assert_eq!(key.verifier(), &VerifierKey::parse(PUBLIC).unwrap());
        assert_eq!((key.verifier().name(), key.verifier().id().as_str()), ("PeterNeumann", "c74f20a3"));
    }

    #[test]
    fn a_new_key_is_one_that_the_reference_reads() {
        let key = LogKey::generate("example.com/log", &mut OsRng).ok().unwrap();
        assert!(signed_note::StandardSigner::new(&key.to_private_text()).is_ok());
        assert!(signed_note::StandardVerifier::new(&key.verifier().to_string()).is_ok());
        assert!(LogKey::parse(&key.to_private_text()).is_ok_and(|read| read.verifier() == key.verifier()));
        let other = LogKey::generate("example.com/log", &mut OsRng).ok().unwrap();
        assert_ne!(other.verifier(), key.verifier());
    }

    #[test]
    fn names_that_would_break_a_note_are_refused() {
        for name in ["", "a b", "a+b", "a\nb", "a\u{7}b", "a\u{a0}b"] {
            let error = LogKey::generate(name, &mut OsRng).err();
            assert_eq!(error, Some(InvalidKey::Name { name: name.to_owned() }), "{name:?}");
        }
    }

    #[test]
    fn every_changed_character_of_a_key_is_noticed() {
        for at in 0..PUBLIC.len() {
            let mut text = PUBLIC.as_bytes().to_vec();
            text[at] ^= 1;
            assert!(VerifierKey::parse(&String::from_utf8(text).unwrap()).is_err(), "{at}");
        }
        for at in 0..PRIVATE.len() {
            let mut text = PRIVATE.as_bytes().to_vec();
            text[at] ^= 1;
            assert_eq!(LogKey::parse(&String::from_utf8(text).unwrap()).err(), Some(InvalidKey::Private), "{at}");
        }
        for text in ["", "+", "++", "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", PRIVATE] {
            assert!(VerifierKey::parse(text).is_err(), "{text}");
        }
        for text in ["", "PRIVATE+KEY", "PRIVATE+KEY+++", PUBLIC] {
            assert!(LogKey::parse(text).is_err(), "{text}");
        }
    }
}

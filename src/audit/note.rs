//! Checkpoints: the size and the root of a log, signed. C2SP tlog-checkpoint as a signed note with one signature.

use base64::prelude::{BASE64_STANDARD, Engine};
use signed_note::{Note, NoteError, VerifierList};

use super::error::LogError;
use super::key::{LogKey, VerifierKey};
use super::keys::Keys;
use super::merkle::Hash;

/// What a checkpoint says about a log. It is only made by signing, or by opening one whose signature is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    size: u64,
    root: Hash,
}

impl Checkpoint {
    /// How many entries the log had.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root hash of its tree.
    pub fn root(&self) -> Hash {
        self.root
    }

    /// Opens a checkpoint that somebody kept or that stands in a log.
    ///
    /// # Errors
    ///
    /// [`LogError::KeyUnknown`] where it is signed, but not by `key`; [`LogError::CheckpointInvalid`] where the signature
    /// is wrong, the origin is not the name of the key, or the bytes are not exactly those that signing writes.
    pub fn open(bytes: &[u8], key: &VerifierKey) -> Result<Self, LogError> {
        let invalid = |why| LogError::CheckpointInvalid { why };
        let note = Note::from_bytes(bytes).map_err(|_| invalid("it is not a signed note"))?;
        let (signatures, _) = note.verify(&VerifierList::new(vec![Box::new(key.clone())])).map_err(|e| match e {
            NoteError::UnverifiedNote => LogError::KeyUnknown { key: key.to_string() },
            NoteError::InvalidSignature { .. } => invalid("its signature does not belong to its text"),
            NoteError::MalformedNote
            | NoteError::InvalidSigner
            | NoteError::MismatchedVerifier
            | NoteError::VerificationError(_)
            | NoteError::SignatureError(_) => invalid("its signature cannot be checked"),
        })?;
        let checkpoint = std::str::from_utf8(note.text()).ok().and_then(|text| Self::parse(text, key.name()));
        let checkpoint = checkpoint.ok_or(invalid("its text is not the log's name, a size and a root"))?;
        // any other spelling of the same would let a byte change unnoticed
        let again =
            signatures.first().map(|signature| encode(&checkpoint.text(key.name()), key, signature.signature()));
        if again.as_deref() != Some(bytes) {
            return Err(invalid("it holds more than the text and the signature of the log"));
        }
        Ok(checkpoint)
    }

    /// The same where any key of a log may have signed it, with the one that did.
    ///
    /// # Errors
    ///
    /// As [`Checkpoint::open`]; [`LogError::KeyUnknown`] names the key that signs the log now.
    pub(super) fn open_by_any<'k>(bytes: &[u8], keys: &'k Keys) -> Result<(Self, &'k VerifierKey), LogError> {
        for key in keys.all() {
            match Checkpoint::open(bytes, key) {
                Ok(checkpoint) => return Ok((checkpoint, key)),
                Err(LogError::KeyUnknown { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(LogError::KeyUnknown { key: keys.current().to_string() })
    }

    /// What a checkpoint says, whoever signed it: for reading what must then prove which key may have. None where it is no
    /// checkpoint.
    pub(super) fn unproven(bytes: &[u8]) -> Option<Self> {
        let note = Note::from_bytes(bytes).ok()?;
        let text = std::str::from_utf8(note.text()).ok()?;
        Checkpoint::parse(text, text.lines().next()?)
    }

    /// A signed checkpoint; the same size, root and key always give the same bytes.
    pub(super) fn sign(size: u64, root: Hash, key: &LogKey) -> Vec<u8> {
        let text = Checkpoint { size, root }.text(key.verifier().name());
        encode(&text, key.verifier(), &key.sign(text.as_bytes()))
    }

    fn text(&self, origin: &str) -> String {
        format!("{origin}\n{}\n{}\n", self.size, self.root)
    }

    fn parse(text: &str, origin: &str) -> Option<Self> {
        let mut lines = text.strip_prefix(origin)?.strip_prefix('\n')?.lines();
        let size = lines.next()?.parse().ok()?;
        let root = BASE64_STANDARD.decode(lines.next()?).ok()?.try_into().ok()?;
        Some(Checkpoint { size, root: Hash(root) })
    }
}

fn encode(text: &str, key: &VerifierKey, signature: &[u8]) -> Vec<u8> {
    let signature = BASE64_STANDARD.encode([&key.number().to_be_bytes(), signature].concat());
    format!("{text}\n\u{2014} {} {signature}\n", key.name()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::OsRng;

    fn key(name: &str) -> LogKey {
        LogKey::generate(name, &mut OsRng).ok().unwrap()
    }

    fn reason(result: Result<Checkpoint, LogError>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn a_checkpoint_opens_with_its_key_only() {
        let (ours, other) = (key("example.com/log"), key("example.com/log"));
        let root = Hash::of_leaf(b"x");
        let bytes = Checkpoint::sign(3, root, &ours);
        assert_eq!(bytes, Checkpoint::sign(3, root, &ours));
        let opened = Checkpoint::open(&bytes, ours.verifier()).unwrap();
        assert_eq!((opened.size(), opened.root()), (3, root));
        let refused = Checkpoint::open(&bytes, other.verifier()).unwrap_err();
        assert_eq!(refused, LogError::KeyUnknown { key: other.verifier().to_string() });
    }

    #[test]
    fn the_reference_reads_our_checkpoints() {
        let ours = key("example.com/log");
        let bytes = Checkpoint::sign(300, Hash::of_leaf(b"x"), &ours);
        let note = Note::from_bytes(&bytes).unwrap();
        let verifier = signed_note::StandardVerifier::new(&ours.verifier().to_string()).unwrap();
        assert!(note.verify(&VerifierList::new(vec![Box::new(verifier)])).is_ok());
        let read = tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap();
        assert_eq!((read.origin(), read.size(), read.extension()), ("example.com/log", 300, ""));
        assert_eq!(read.hash().0, Hash::of_leaf(b"x").0);
    }

    #[test]
    fn a_well_signed_text_that_is_no_checkpoint_of_this_log_is_refused() {
        let ours = key("example.com/log");
        let root = Hash::of_leaf(b"x");
        for text in [
            format!("example.com/other\n3\n{root}\n"),
            format!("example.com/log\n03\n{root}\n"),
            format!("example.com/log\n+3\n{root}\n"),
            format!("example.com/log\n3\n{root}\nextension\n"),
            "example.com/log\n3\nAAAA\n".to_owned(),
            "example.com/log\n3\n".to_owned(),
            "example.com/log\n".to_owned(),
        ] {
            let bytes = encode(&text, ours.verifier(), &ours.sign(text.as_bytes()));
            let error = Checkpoint::open(&bytes, ours.verifier()).unwrap_err();
            assert!(matches!(error, LogError::CheckpointInvalid { .. }), "{text}");
        }
    }

    #[test]
    fn further_signatures_do_not_ride_along() {
        let (ours, other) = (key("example.com/log"), key("example.com/witness"));
        let bytes = Checkpoint::sign(3, Hash::of_leaf(b"x"), &ours);
        let line_of = |note: &[u8]| String::from_utf8(note.to_vec()).unwrap().lines().last().unwrap().to_owned();
        let witness = line_of(&Checkpoint::sign(3, Hash::of_leaf(b"x"), &other));
        for line in [witness, line_of(&bytes)] {
            let more = [bytes.as_slice(), line.as_bytes(), b"\n"].concat();
            assert!(reason(Checkpoint::open(&more, ours.verifier())).contains("more than"));
        }
        assert!(reason(Checkpoint::open(b"", ours.verifier())).contains("not a signed note"));
    }
}

//! The keys that sign a log, one after the other. Each names the next in an entry that it signs, so that who trusts one of
//! them can follow to the last.

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::Serialize;
use signed_note::Verifier;

use super::error::LogError;
use super::key::{LogKey, VerifierKey};
use super::merkle::Edge;
use super::record::{At, KeyChange, Record};
use crate::repository::Oid;

/// The keys of a log from the first on, each of which the one before it vouches for.
#[derive(Clone, Debug, PartialEq)]
pub struct Keys {
    first: VerifierKey,
    later: Vec<Later>,
}

/// A key that took over from another one.
#[derive(Clone, Debug, PartialEq)]
pub struct Later {
    pub key: VerifierKey,
    /// The verified landing whose tree names it.
    pub commit: Oid,
    /// How many entries the log had when it took over.
    pub size: u64,
}

/// What the old key signs. No checkpoint looks like it: that begins with a line of its own.
#[derive(Serialize)]
struct KeyStatement<'a> {
    r#type: &'static str,
    commit: &'a str,
    old_key: &'a str,
    new_key: &'a str,
    size: u64,
    root: &'a str,
    at: At,
}

impl KeyChange {
    /// The change of a log with this tree to another key, signed by the one it has.
    pub(super) fn sign(commit: String, tree: &Edge, old: &LogKey, new: &VerifierKey, at: At) -> Result<Self, String> {
        let mut change = KeyChange {
            commit,
            old_key: old.verifier().to_string(),
            new_key: new.to_string(),
            size: tree.size(),
            root: tree.root().to_string(),
            signature: String::new(),
            at,
        };
        change.signature = BASE64_STANDARD.encode(old.sign(&change.statement()?));
        Ok(change)
    }

    /// Canonical JSON of `{type: "dualkey/log-key/1", commit, old_key, new_key, size, root, at}`.
    fn statement(&self) -> Result<Vec<u8>, String> {
        let statement = KeyStatement {
            r#type: "dualkey/log-key/1",
            commit: &self.commit,
            old_key: &self.old_key,
            new_key: &self.new_key,
            size: self.size,
            root: &self.root,
            at: self.at,
        };
        serde_json_canonicalizer::to_vec(&statement).map_err(|error| error.to_string())
    }
}

/// What a record says of a key that follows.
pub(super) fn change_of(record: &Record) -> Option<&KeyChange> {
    if let Record::KeyChange(change) = record { Some(change) } else { None }
}

/// The bytes of the file in which a log names its keys beside its entries, so that whoever reads it knows who may have signed
/// it before anything else is read.
pub(super) fn named(changes: &[&KeyChange]) -> Result<Vec<u8>, String> {
    serde_json_canonicalizer::to_vec(&changes).map_err(|error| error.to_string())
}

/// What such a file says of those who trust a key of the log: the keys from that one on. None where it isn't written as
/// [`named`] writes it, or the one key doesn't vouch for the next.
pub(super) fn all_after(bytes: &[u8], trusted: &VerifierKey) -> Option<Keys> {
    let changes: Vec<KeyChange> = serde_json::from_slice(bytes).ok()?;
    (named(&changes.iter().collect::<Vec<_>>()).ok()? == bytes).then_some(())?;
    let trusted_name = trusted.to_string();
    let after = changes.iter().skip_while(|change| change.old_key != trusted_name);
    after.into_iter().try_fold(Keys::new(trusted.clone()), |keys, change| keys.follow(change).ok())
}

impl Keys {
    /// The keys of a log that begins with this one.
    pub(super) fn new(first: VerifierKey) -> Self {
        Keys { first, later: Vec::new() }
    }

    /// Adds a key that followed, as it was found before.
    pub(super) fn push(&mut self, later: Later) {
        self.later.push(later);
    }

    /// The key that the log began with.
    pub fn first(&self) -> &VerifierKey {
        &self.first
    }

    /// The key that signs now.
    pub fn current(&self) -> &VerifierKey {
        self.later.last().map_or(&self.first, |later| &later.key)
    }

    /// The keys after the first, from the oldest on.
    pub fn later(&self) -> impl Iterator<Item = &Later> {
        self.later.iter()
    }

    /// All of them, from the first on.
    pub fn all(&self) -> impl Iterator<Item = &VerifierKey> {
        std::iter::once(&self.first).chain(self.later().map(|later| &later.key))
    }

    /// True where the log was signed by this key at some time.
    pub fn has(&self, key: &VerifierKey) -> bool {
        self.all().any(|one| one == key)
    }

    /// Lets the next key take over, where the one before it says so.
    ///
    /// # Errors
    ///
    /// Why the change doesn't hold, in words.
    pub(super) fn follow(mut self, change: &KeyChange) -> Result<Self, String> {
        let current = self.current();
        if change.old_key != current.to_string() {
            return Err(format!("it changes the key `{}`, and the log is signed by `{current}`", change.old_key));
        }
        let signature = BASE64_STANDARD.decode(&change.signature).map_err(|_| "its signature is not base64")?;
        if !current.verify(&change.statement()?, &signature) {
            return Err(format!("the key `{current}` didn't sign it"));
        }
        let commit = change.commit.parse::<Oid>().map_err(|error| error.to_string())?;
        let key = VerifierKey::parse(&change.new_key).map_err(|error| error.to_string())?;
        if self.has(&key) {
            return Err(format!("the key `{key}` signed this log before"));
        }
        self.later.push(Later { key, commit, size: change.size });
        Ok(self)
    }

    /// The same for the entry at `index` of a log, which must say what that log was before it.
    pub(super) fn follow_in(self, index: u64, change: &KeyChange, before: &Edge) -> Result<Self, LogError> {
        let stood = change.size == index && before.size() == index && before.root().to_string() == change.root;
        let followed = match stood {
            true => self.follow(change),
            false => Err("it speaks of another log than the one before it".to_owned()),
        };
        followed.map_err(|why| LogError::EntryInvalid { index, why })
    }

    /// Whether a checkpoint of this size may be signed by this key: each signs from where it took over to where the next
    /// one does.
    pub(super) fn may_sign(&self, key: &VerifierKey, size: u64) -> bool {
        let after = self.later.iter().filter(|later| later.size < size).count();
        self.all().nth(after) == Some(key)
    }
}

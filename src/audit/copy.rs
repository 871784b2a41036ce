//! What a clone keeps of a log beside it: the last checkpoint that it saw, and what the entries up to some place come to.
//!
//! The first is believed against the log: a log that doesn't go on from it is refused. The second is believed only where the
//! log leads to the same hashes and this user sealed it, and saves reading again what was read. Each stands in a file with its own SHA-256 in front, so that one that
//! was damaged is known from one that says something else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::key::VerifierKey;
use super::keys::{Keys, Later};
use super::log::Log;
use super::merkle::{Edge, Hash};
use super::numbers::{numbered, settled};
use super::record::{At, Genesis, Intent, Numbered, Record, Settled, Slice};
use super::state::State;
use crate::access::{AccountMark, Conditions, Kinds, PersonId, TargetId};
use crate::apply;
use crate::repository::{Oid, sync};

/// What a file of this kind begins with, before the SHA-256 of the rest in hex and the end of the line.
const MARK: &str = "dualkey sha256 ";

/// The bytes that a file of a clone holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    Nothing,
    /// As they were written.
    Whole(Vec<u8>),
    /// Of a version that wrote no hash, so that nobody can tell.
    Unmarked(Vec<u8>),
    Damaged,
}

/// Reads a file that [`write`] wrote.
pub(super) fn read(path: &Path) -> io::Result<Kept> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Kept::Nothing),
        Err(error) => return Err(error),
    };
    let Some(marked) = bytes.strip_prefix(MARK.as_bytes()) else { return Ok(Kept::Unmarked(bytes)) };
    let end = marked.iter().position(|byte| *byte == b'\n').unwrap_or(marked.len());
    let (digest, rest) = marked.split_at_checked(end).unwrap_or_default();
    let rest = rest.get(1..).unwrap_or_default();
    if digest == format!("{:x}", Sha256::digest(rest)).as_bytes() {
        Ok(Kept::Whole(rest.to_vec()))
    } else {
        Ok(Kept::Damaged)
    }
}

/// Replaces a file in one step. After it returns, a power cut takes nothing away.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(file, "{MARK}{:x}", Sha256::digest(bytes))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync(folder)
}

/// What a clone keeps of entries that it verified, so that nobody reads them again.
#[derive(Clone, Debug)]
pub(super) struct Prefix {
    pub log: Log,
    /// The tree whose files were read.
    pub tree: Oid,
}

/// A [`Prefix`] as it is written. Names are written once, and told by their number.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    /// Another version may find something else in the same entries.
    version: String,
    kinds: Vec<String>,
    tree: String,
    checkpoint: String,
    genesis: Genesis,
    first_key: String,
    later_keys: Vec<(String, String, u64)>,
    size: u64,
    /// The hashes of each row, one after the other, in base64.
    rows: Vec<String>,
    judged: Vec<(u64, Record)>,
    refusals: BTreeSet<(String, String)>,
    open: Vec<Intent>,
    unfinished: Vec<Slice>,
    applied: Vec<(String, At)>,
    runs: Vec<At>,
    proven: Option<At>,
    names: Vec<String>,
    conditions: Vec<Conditions>,
    /// Target, principal, person.
    accounts: Vec<(usize, usize, usize)>,
    /// Target, kind, resource, permission, principal, conditions.
    given: Vec<(usize, usize, usize, usize, usize, usize)>,
    /// When it was given, by its place.
    given_at: Vec<(usize, At)>,
    numbers: Vec<Numbered>,
    settled: Vec<Settled>,
}

fn version() -> String {
    format!("4 {}", env!("CARGO_PKG_VERSION"))
}

/// Numbers for what is written often.
#[derive(Default)]
struct Names {
    numbers: BTreeMap<String, usize>,
    names: Vec<String>,
}

impl Names {
    fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len();
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }
}

impl Prefix {
    /// As bytes, which [`Prefix::parse`] reads.
    pub(super) fn to_bytes(&self) -> Option<Vec<u8>> {
        let Log { genesis, keys, edge, checkpoint, state } = &self.log;
        let (mut names, mut conditions) = (Names::default(), Vec::<Conditions>::new());
        let mut accounts = Vec::new();
        for ((target, account), people) in state.accounts.iter() {
            for person in people {
                accounts.push((
                    names.number(&target.to_string()),
                    names.number(&account.to_string()),
                    names.number(person.as_str()),
                ));
            }
        }
        let (mut given, mut given_at) = (Vec::new(), Vec::new());
        for (place, one) in state.given.iter().enumerate() {
            given_at.extend(state.given_at.get(one).map(|at| (place, *at)));
            let known = conditions.iter().position(|known| *known == one.conditions);
            given.push((
                names.number(&one.target.to_string()),
                names.number(one.kind.name),
                names.number(&one.resource),
                names.number(&one.permission),
                names.number(&one.account.to_string()),
                known.unwrap_or(conditions.len()),
            ));
            if known.is_none() {
                conditions.push(one.conditions.clone());
            }
        }
        let row = |row: &Vec<Hash>| BASE64_STANDARD.encode(row.iter().flat_map(|hash| hash.0).collect::<Vec<u8>>());
        let saved = Saved {
            version: version(),
            kinds: state.kinds.names().map(str::to_owned).collect(),
            tree: self.tree.to_string(),
            checkpoint: String::from_utf8(checkpoint.clone()).ok()?,
            genesis: genesis.clone(),
            first_key: keys.first().to_string(),
            later_keys: keys.later().map(|one| (one.key.to_string(), one.commit.to_string(), one.size)).collect(),
            size: edge.size(),
            rows: edge.rows().iter().map(row).collect(),
            judged: state.judged.clone(),
            refusals: state.refusals.clone(),
            open: state.open.clone(),
            unfinished: state.unfinished.clone(),
            applied: state.applied.clone(),
            runs: state.runs.clone(),
            proven: state.proven,
            names: names.names,
            conditions,
            accounts,
            given,
            given_at,
            numbers: state.numbers.iter().map(|(name, number)| numbered(name, *number)).collect(),
            settled: state.settled.iter().map(settled).collect(),
        };
        serde_json::to_vec(&saved).ok()
    }

    /// None where it is of another version, or makes no sense.
    pub(super) fn parse(bytes: &[u8], kinds: Kinds) -> Option<Self> {
        let saved: Saved = serde_json::from_slice(bytes).ok()?;
        if saved.version != version() || !saved.kinds.iter().map(String::as_str).eq(kinds.names()) {
            return None;
        }
        let mut keys = Keys::new(VerifierKey::parse(&saved.first_key).ok()?);
        for (key, commit, size) in &saved.later_keys {
            keys.push(Later { key: VerifierKey::parse(key).ok()?, commit: commit.parse().ok()?, size: *size });
        }
        let row = |row: &String| {
            let bytes = BASE64_STANDARD.decode(row).ok()?;
            let (hashes, rest) = bytes.as_chunks::<32>();
            rest.is_empty().then(|| hashes.iter().map(|hash| Hash(*hash)).collect::<Vec<Hash>>())
        };
        let rows = saved.rows.iter().map(row).collect::<Option<Vec<_>>>()?;
        let name = |number: usize| saved.names.get(number).map(String::as_str);
        let mut accounts: BTreeMap<(TargetId, AccountMark), BTreeSet<PersonId>> = BTreeMap::new();
        for (target, account, person) in saved.accounts {
            let account = (TargetId::parse(name(target)?).ok()?, AccountMark::written(name(account)?));
            accounts.entry(account).or_default().insert(PersonId::parse(name(person)?).ok()?);
        }
        let one =
            |(target, kind, resource, permission, account, conditions): (usize, usize, usize, usize, usize, usize)| {
                Some(apply::Given {
                    target: TargetId::parse(name(target)?).ok()?,
                    kind: kinds.get(name(kind)?)?,
                    resource: name(resource)?.to_owned(),
                    account: AccountMark::written(name(account)?),
                    permission: name(permission)?.to_owned(),
                    conditions: saved.conditions.get(conditions)?.clone(),
                })
            };
        let given = saved.given.into_iter().map(one).collect::<Option<Vec<_>>>()?;
        let given_at = saved.given_at.iter().map(|(place, at)| Some((given.get(*place)?.clone(), *at)));
        let given_at = given_at.collect::<Option<_>>()?;
        let mut state = State {
            kinds,
            judged: saved.judged,
            refusals: saved.refusals,
            open: saved.open,
            unfinished: saved.unfinished,
            applied: saved.applied,
            runs: saved.runs,
            proven: saved.proven,
            accounts: Rc::new(accounts),
            given: Rc::new(given.into_iter().collect()),
            given_at: Rc::new(given_at),
            numbers: Rc::default(),
            settled: BTreeMap::new(),
        };
        state.number(&saved.numbers);
        state.settle(&saved.settled);
        let edge = Edge::of(saved.size, rows)?;
        let log = Log { genesis: saved.genesis, keys, edge, checkpoint: saved.checkpoint.into_bytes(), state };
        Some(Prefix { log, tree: saved.tree.parse().ok()? })
    }
}

/// Whether so much came since that the next look should not read it again.
pub(super) fn is_worth_keeping(known: u64, size: u64) -> bool {
    (size - known.min(size)).saturating_mul(16) >= size
}

/// The files of a clone for a log, by the name that tells it from others.
pub(super) fn paths(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    (folder.join(format!("log-{name}")), folder.join(format!("verified-{name}")))
}

//! Where a run takes place: at the targets that are declared, or at embedded ones that replace them all.

use std::path::PathBuf;

use jiff::Timestamp;

use super::context::Clock;
use super::past::Past;
use super::shared::{self, Ledger, LogKeyOption, Shared};
use super::targets::SandboxOption;
use super::{Exit, Stop, context, kept};
use crate::access::Access;
use crate::apply::lease::REFERENCE;
use crate::approval::{self, Chain, Verifier};
use crate::audit::record::{At, Genesis};
use crate::audit::{self, LogKey, Store, Stored};
use crate::repository::{Oid, Repository, StateRefs, Swap};
use crate::targets::KINDS;

/// The lease and the log of rehearsals: refs of this clone that no real run looks at.
const LEASE: &str = "refs/dualkey-sandbox/lease";
const LOG: &str = "refs/dualkey-sandbox/audit";

/// The lease, the log with its key and the past that a run has, so that a rehearsal touches nothing of a real run.
#[derive(Debug)]
pub enum Stage<'s> {
    /// What all clones share.
    Real(&'s Shared<'s>),
    /// What this clone has for itself.
    Rehearsal { shared: &'s Shared<'s>, refs: StateRefs<'s> },
}

/// The log that a run writes to, and the key it writes with.
pub struct Books<'a> {
    pub store: Store<'a>,
    pub stored: Stored,
    pub key: LogKey,
}

impl<'s> Stage<'s> {
    pub fn of(shared: &'s Shared<'s>, option: &SandboxOption) -> Self {
        match option.is_set() {
            true => Stage::Rehearsal { shared, refs: StateRefs::local(shared.repository, &shared.branch) },
            false => Stage::Real(shared),
        }
    }

    fn shared(&self) -> &'s Shared<'s> {
        match self {
            Stage::Real(shared) | Stage::Rehearsal { shared, .. } => shared,
        }
    }

    /// Where lease and log live.
    pub fn refs(&self) -> &StateRefs<'s> {
        match self {
            Stage::Real(shared) => &shared.refs,
            Stage::Rehearsal { refs, .. } => refs,
        }
    }

    pub fn lease(&self) -> &'static str {
        match self {
            Stage::Real(_) => REFERENCE,
            Stage::Rehearsal { .. } => LEASE,
        }
    }

    /// Refuses a clock that the user named where something real could start or end by it.
    pub fn allows(&self, clock: Clock, access: &Access) -> Result<(), Stop> {
        match self {
            Stage::Real(_) => clock.for_targets(access).map(|_| ()),
            Stage::Rehearsal { .. } => Ok(()),
        }
    }

    /// What would stop a full run is better found before the lease is taken.
    pub fn prepare(&self, clock: Clock, key: &LogKeyOption, ledger: &Ledger) -> Result<(), Stop> {
        self.allows(clock, self.shared().access())?;
        match self {
            Stage::Real(shared) => shared.log_key(key, &ledger.stored.log).map(|_| ()),
            Stage::Rehearsal { .. } => Ok(()),
        }
    }

    /// The log that a run for a landing writes to.
    pub fn books(
        &self,
        (key, now): (&LogKeyOption, Timestamp),
        real: &Stored,
        (commit, tree): (Oid, &Access),
    ) -> Result<Books<'_>, Stop> {
        match self {
            Stage::Real(shared) => {
                let key = shared.log_key(key, &real.log)?;
                match shared::outdated(&real.log, commit, tree) {
                    Some(refusal) => Err(Stop::refused(Exit::Refused, vec![refusal])),
                    None => Ok(Books { store: shared.store(), stored: real.clone(), key }),
                }
            }
            Stage::Rehearsal { shared, refs } => {
                let key = rehearsed_key(shared.repository)?;
                let store = Store::new(shared.repository, refs, LOG, KINDS);
                let stored = match store.load(key.verifier())? {
                    Some(stored) => stored,
                    None => {
                        let genesis = real.log.genesis().clone();
                        let log_key = key.verifier().to_string();
                        let at = At(now);
                        store.create(Genesis { log_key, continues: Vec::new(), at, ..genesis }, &key)?
                    }
                };
                Ok(Books { store, stored, key })
            }
        }
    }

    /// The log of earlier runs here; None before the first.
    pub fn log(&self, ledger: &Ledger) -> Result<Option<Stored>, Stop> {
        match self {
            Stage::Real(_) => Ok(Some(ledger.stored.clone())),
            Stage::Rehearsal { shared, refs } => {
                if !key_path(shared.repository).exists() {
                    return Ok(None);
                }
                let key = rehearsed_key(shared.repository)?;
                Ok(Store::new(shared.repository, refs, LOG, KINDS).load(key.verifier())?)
            }
        }
    }

    /// What earlier runs here gave, as a log says that can be written; None where the shared log says it.
    pub fn past(
        &self,
        books: Option<&Books<'_>>,
        verifier: &Verifier<'_>,
        chain: &Chain,
    ) -> Result<Option<Past>, Stop> {
        match (self, books) {
            // a log that can't be written still says what was given
            (Stage::Real(_), _) => Ok(None),
            (Stage::Rehearsal { .. }, Some(books)) => Past::of(&books.stored.log, verifier, chain).map(Some),
            (Stage::Rehearsal { .. }, None) => Ok(Some(Past::default())),
        }
    }

    /// Keeps a copy of what a run wrote. Gives its checkpoint where that is one of the shared log.
    pub fn keep(&self, stored: &Stored) -> Option<Vec<u8>> {
        match self {
            Stage::Real(shared) => {
                kept::keep(shared, stored);
                Some(stored.log.checkpoint().to_vec())
            }
            Stage::Rehearsal { .. } => None,
        }
    }

    /// The refs that the log stands for from now on. A run that wrote nothing finds nothing new.
    pub fn settled(&self, before: &Ledger, after: &Stored, chain: &Chain) -> Vec<Swap> {
        match self {
            Stage::Real(Shared { repository, refs, .. }) if after.commit != before.stored.commit => {
                let recorded = audit::recorded(&after.log);
                // what can't be read is left for another run
                let settled = recorded
                    .and_then(|recorded| approval::settled(repository, refs, &recorded, chain, after.commit).ok());
                settled.unwrap_or_default()
            }
            Stage::Real(_) | Stage::Rehearsal { .. } => Vec::new(),
        }
    }
}

fn key_path(repository: &Repository) -> PathBuf {
    repository.git_dir().join("dualkey").join("sandbox.log-key")
}

/// The key of the log of rehearsals, made at first use. It proves nothing, and nobody else needs it.
fn rehearsed_key(repository: &Repository) -> Result<LogKey, Stop> {
    let path = key_path(repository);
    if !path.exists() {
        let key = LogKey::generate("sandbox", &mut rand_core::OsRng).map_err(|e| Stop::of(Exit::Usage, &e))?;
        context::make_folder_of(&path)?;
        super::audit::write_secret(&path, &key)?;
    }
    let text = std::fs::read_to_string(&path).map_err(|error| Stop::io("reading", &path, &error))?;
    LogKey::parse(text.trim()).map_err(|error| Stop::of(Exit::Usage, &error))
}

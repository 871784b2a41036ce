//! What several machines share: the protected branch, approvals and the log, read from where they live.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use clap::Args;

use super::asked::AskedCell;
use super::checkpoint::Expected;
use super::revisions::{Reads, newest_readable, no_branch, read};
use super::{Exit, Stop, output};
use crate::access::{self, Access, Config, LastRead, Revision, Target};
use crate::approval::{self, Recorded, Signatures, Sources, Verifier, check_anchor, codes};
use crate::audit::{self, Later, Log, LogError, LogKey, Store, StoreError, Stored, VerifierKey};
use crate::finding::Refusal;
use crate::repository::{InvalidOid, Oid, Repository, StateRefs, kept_ref};
use crate::{report, targets};

/// The variable that holds the anchor.
pub(super) const ANCHOR: &str = "DUALKEY_ANCHOR";

/// The variable that holds the private half of the log's key.
const LOG_KEY: &str = "DUALKEY_LOG_KEY";

/// Where the log's private key comes from.
#[derive(Debug, Args)]
pub struct LogKeyOption {
    /// The private half of the log's key [default: the text in DUALKEY_LOG_KEY]
    #[arg(long, value_name = "FILE")]
    log_key: Option<PathBuf>,
}

impl LogKeyOption {
    pub fn read(&self) -> Result<LogKey, Stop> {
        if let Some(path) = &self.log_key {
            return LogKeyOption::of_file(path);
        }
        let text = std::env::var(LOG_KEY).map_err(|_| {
            Stop::usage("the log's private key is not here", "name its file with --log-key, or set DUALKEY_LOG_KEY")
        })?;
        LogKey::parse(text.trim()).map_err(|error| Stop::of(Exit::Usage, &error))
    }

    pub fn of_file(path: &Path) -> Result<LogKey, Stop> {
        let text = std::fs::read_to_string(path).map_err(|error| Stop::io("reading", path, &error))?;
        LogKey::parse(text.trim()).map_err(|error| Stop::of(Exit::Usage, &error))
    }
}

/// The shared state of an access repository.
#[derive(Debug)]
pub struct Shared<'a> {
    pub repository: &'a Repository,
    pub refs: StateRefs<'a>,
    /// The protected branch, which approvals name.
    pub branch: String,
    /// Its tip. None where there is no such branch any more.
    pub(super) tip: Option<Oid>,
    /// The newest readable revision of the branch, once it was asked for. Nothing is judged by it.
    pub(super) at_tip: OnceCell<Rc<Revision>>,
    /// The revision that says where the log is and whose key signs it: the genesis that the anchor names, since what
    /// came after it may be anybody's; the tip's where there is no anchor.
    pub(super) pinned: Rc<Revision>,
    /// The anchor that the user keeps.
    pub(super) anchor: Option<String>,
    /// What was read to find all that.
    pub(super) revisions: RefCell<HashMap<Oid, Rc<Revision>>>,
    /// True where the remote answered when it was asked last.
    pub(super) fresh: Cell<bool>,
    /// Whether the user was told that no anchor is kept: once is enough.
    pub(super) warned: Cell<bool>,
    /// What the log must go on from.
    pub(super) expected: Expected,
    /// Whether the user was told that no checkpoint is kept.
    pub(super) told_of_checkpoint: Cell<bool>,
    /// What the forge is asked, and what it told.
    pub(super) asked: AskedCell,
}

/// Whether the remote is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    Yes,
    /// Where it doesn't answer, what this clone knows already has to do: for ends, which nothing may hold up.
    IfItAnswers,
    /// What this clone knows already.
    No,
}

impl Refresh {
    /// True where what is known is what the remote holds.
    pub(super) fn of(self, refs: &StateRefs<'_>, audit_ref: &str) -> Result<bool, Stop> {
        match self {
            Refresh::Yes => refs.refresh(&[audit_ref])?,
            Refresh::IfItAnswers => {
                if let Err(error) = refs.refresh(&[audit_ref]) {
                    output::error(&Stop::from(error).text(output::error_style()));
                    return Ok(false);
                }
            }
            Refresh::No => return Ok(false),
        }
        Ok(true)
    }
}

/// The log and what it says of landings.
#[derive(Debug)]
pub struct Ledger {
    pub stored: Stored,
    pub recorded: Recorded,
}

impl<'a> Shared<'a> {
    /// The tip of the protected branch.
    ///
    /// # Errors
    ///
    /// Where there is no such branch.
    pub fn tip(&self) -> Result<Oid, Stop> {
        self.tip.ok_or_else(|| no_branch(&self.branch))
    }

    /// The same for a run that gives, by the checkpoint that it keeps. Where it keeps none it says so.
    #[must_use]
    pub fn expecting(self, expected: Expected) -> Self {
        Shared { expected, told_of_checkpoint: Cell::new(false), ..self }
    }

    /// True where the remote answered when it was asked last, or where there is none.
    pub fn is_fresh(&self) -> bool {
        self.fresh.get()
    }

    /// The anchor that the user keeps.
    pub fn anchor(&self) -> Option<&str> {
        self.anchor.as_deref()
    }

    /// The newest readable revision of the branch or, where there is none, the one that is pinned: to find words and
    /// names. Nothing is judged by it.
    pub fn access(&self) -> &Access {
        let newest = self.at_tip.get_or_init(|| {
            let mut reads = Reads { last: LastRead::default(), revisions: self.revisions.borrow().clone() };
            let newest = self.tip.and_then(|tip| newest_readable(self.repository, tip, &mut reads).ok());
            newest.unwrap_or_else(|| Rc::clone(&self.pinned))
        });
        &newest.access
    }

    /// A revision of the repository, whoever wrote it.
    pub fn read(&self, commit: Oid) -> Result<Rc<Revision>, Stop> {
        let mut reads = Reads { last: LastRead::default(), revisions: self.revisions.borrow().clone() };
        read(self.repository, commit, &mut reads)
    }

    /// Where the log is, and the key that it begins with.
    pub fn pinned(&self) -> &Config {
        &self.pinned.access.config
    }

    /// The tree that pins them.
    pub fn pinned_revision(&self) -> &Revision {
        &self.pinned
    }

    /// The key that the log begins with, as the genesis pins it. Later ones follow from it.
    pub fn key(&self) -> Result<VerifierKey, Stop> {
        VerifierKey::parse(&self.pinned().audit_key).map_err(|error| Stop::of(Exit::Usage, &error))
    }

    /// Where the log is kept.
    pub fn store(&self) -> Store<'_> {
        Store::new(self.repository, &self.refs, &self.pinned().audit_ref, targets::KINDS)
    }

    /// Where this clone keeps its copy of the log: by remote, ref and anchor, so that no other log takes its place.
    pub fn kept_folder(&self) -> String {
        let remote = self.refs.remote().unwrap_or_default();
        // where no anchor is kept, a log begins anew with a key of its own
        let which = self.anchor().unwrap_or(&self.pinned().audit_key);
        let what = format!("{remote}\n{}\n{which}", self.pinned().audit_ref);
        Oid::of_blob(what.as_bytes()).to_string()
    }

    /// The full name of a ref of this clone that stands beside that copy.
    pub fn kept_name(&self, of: &str) -> String {
        kept_ref(&format!("{}/{of}", self.kept_folder()))
    }

    /// The checkpoint of the copy. INVARIANT: a log that doesn't go on from it went back, whatever else this clone forgot.
    fn kept_checkpoint(&self) -> Option<Vec<u8>> {
        let refs = StateRefs::local(self.repository, &self.branch);
        let commit = refs.get(&self.kept_name("log")).ok()??;
        audit::checkpoint_of(self.repository, commit)
    }

    /// The log, verified. None where there is none yet.
    pub fn ledger(&self) -> Result<Option<Ledger>, Stop> {
        self.read_log(|store, key| store.load(key))
    }

    fn read_log(
        &self,
        load: impl FnOnce(&Store<'_>, &VerifierKey) -> Result<Option<Stored>, StoreError>,
    ) -> Result<Option<Ledger>, Stop> {
        let stored = load(&self.store(), &self.key()?).map_err(|error| self.unread(error))?;
        let Some(stored) = stored else { return Ok(None) };
        for refusal in &stored.told {
            output::warn(&report::errors::warning(refusal, output::error_style()));
        }
        let Some(recorded) = audit::recorded(&stored.log) else { return Ok(None) };
        Ok(Some(Ledger { stored, recorded }))
    }

    /// Why the log can't be read, with what is known of a log under another key.
    fn unread(&self, error: StoreError) -> Stop {
        if !matches!(error, StoreError::Log(LogError::KeyUnknown { .. })) {
            return error.into();
        }
        match self.begun_anew() {
            Ok(Some(refusal)) => Stop::refused(Exit::Refused, vec![refusal]),
            Ok(None) => error.into(),
            Err(stop) => stop,
        }
    }

    /// What to tell somebody whose anchor is of a log in whose place another stands that says it came after it. Whoever can
    /// push can write that, so it moves nobody.
    fn begun_anew(&self) -> Result<Option<Refusal>, Stop> {
        let (Some(kept), Some(genesis)) = (self.anchor(), self.store().begun_unproven()?) else { return Ok(None) };
        if !genesis.continues.iter().any(|old| old.anchor == audit::beginning(kept)) {
            return Ok(None);
        }
        let people: Vec<&str> = genesis.statements.iter().map(|statement| statement.person.as_str()).collect();
        let commit = genesis.genesis.get(..10).unwrap_or(&genesis.genesis);
        Ok(Some(Refusal::new(
            &codes::ANCHOR_MISMATCH,
            format!(
                "the anchor kept outside is `{}`, and the log says that it was begun anew after that one, from `{}` on, as \
                 `{}` vouched",
                kept.escape_debug(),
                commit.escape_debug(),
                people.join(", ").escape_debug()
            ),
            "ask them: if they did that, set DUALKEY_ANCHOR to the new anchor as they tell it, never as the repository \
             does; if not, restore the old log from an export or another clone",
        )))
    }

    /// The private half of the key that signs the log now.
    pub fn log_key(&self, option: &LogKeyOption, log: &Log) -> Result<LogKey, Stop> {
        let key = option.read()?;
        if key.verifier() == log.key() {
            return Ok(key);
        }
        let (given, expected) = (key.verifier().to_string(), log.key().to_string());
        let outdated = self.tip.and_then(|tip| outdated(log, tip, self.access()));
        Err(match outdated.filter(|_| given == self.access().config.audit_key) {
            Some(refusal) => Stop::refused(Exit::Refused, vec![refusal]),
            None => Stop::from(&LogError::KeyWrong { given, expected }),
        })
    }

    /// Asks the remote again, for what another run may have written since.
    pub fn refresh(&self, refresh: Refresh) -> Result<(), Stop> {
        if refresh != Refresh::No {
            self.fresh.set(refresh.of(&self.refs, &self.pinned().audit_ref)?);
        }
        Ok(())
    }

    /// What the anchor alone says, for a run that must go on without the log.
    pub fn anchor_alone(&self) -> Option<Recorded> {
        audit::from_anchor(self.anchor()?)
    }

    /// The log, or the refusal that there is none or that it is not the one that the anchor names. Where no anchor is kept
    /// and nothing real is at stake, standard error says so.
    pub fn anchored(&self) -> Result<Ledger, Stop> {
        self.of_the_anchor(self.ledger()?)
    }

    /// The same, recomputed from the first entry on, whatever this clone knows of it.
    pub fn recomputed(&self) -> Result<Ledger, Stop> {
        self.of_the_anchor(self.read_log(|store, key| store.load_whole(key))?)
    }

    fn of_the_anchor(&self, ledger: Option<Ledger>) -> Result<Ledger, Stop> {
        let ledger = ledger.ok_or_else(|| self.no_log())?;
        self.anchors(&ledger.stored)?;
        Ok(ledger)
    }

    /// A log that fits the anchor, whatever became of the branch since.
    pub fn fitting(&self, stored: Stored) -> Result<Ledger, Stop> {
        let refused = |refusal| Stop::refused(Exit::Refused, vec![refusal]);
        check_anchor(self.anchor(), &stored.log.anchors(), true).map_err(refused)?;
        let recorded = audit::recorded(&stored.log).ok_or_else(|| self.no_log())?;
        Ok(Ledger { stored, recorded })
    }

    fn no_log(&self) -> Stop {
        let refusal = Refusal::new(
            &codes::GENESIS_MISSING,
            format!("there is no log in {}", self.pinned().audit_ref),
            "run `dualkey approve --genesis REV` as two people, then `dualkey audit init --genesis REV`",
        );
        Stop::refused(Exit::Refused, vec![refusal])
    }

    /// Compares a log with the anchor that is kept and with the trees that pin its keys.
    pub fn anchors(&self, stored: &Stored) -> Result<(), Stop> {
        let (log, kept) = (&stored.log, self.anchor());
        // what is at stake decides; where an anchor is kept, nothing that was pushed has to be read for it
        let config = if kept.is_some() { self.pinned() } else { &self.access().config };
        let only_sandboxes = config.targets.values().all(Target::is_embedded);
        let warning = check_anchor(kept, &log.anchors(), only_sandboxes)
            .map_err(|refusal| Stop::refused(Exit::Refused, vec![refusal]))?;
        self.keys_in_their_trees(log)?;
        self.goes_on(stored)?;
        if let Some(warning) = warning
            && !self.warned.replace(true)
        {
            output::warn(&report::errors::warning(&warning, output::error_style()));
        }
        Ok(())
    }

    /// # Errors
    ///
    /// Where it doesn't, or nobody can tell.
    ///
    /// INVARIANT: a log that doesn't go on from the checkpoints that are kept is not believed, so nothing is given by it.
    pub fn goes_on(&self, stored: &Stored) -> Result<(), Stop> {
        if let Some(kept) = self.kept_checkpoint() {
            stored.log.goes_on_from(&stored.files(self.repository)?, &kept)?;
        }
        match &self.expected {
            Expected::Checkpoint(kept) => Ok(stored.log.goes_on_from(&stored.files(self.repository)?, kept)?),
            Expected::Gone(refusal) => Err(Stop::refused(Exit::Refused, vec![refusal.clone()])),
            Expected::Nothing => {
                if !self.stakes_nothing(&stored.log) && !self.told_of_checkpoint.replace(true) {
                    let warning = Refusal::new(
                        &audit::codes::CHECKPOINT_MISSING,
                        "no checkpoint of the log is kept: on a machine that has seen nothing before, a remote that was \
                         rolled back as a whole would not be noticed",
                        "keep one where push rights don't reach, by `apply --checkpoint FILE` or DUALKEY_CHECKPOINT",
                    );
                    output::warn(&report::errors::warning(&warning, output::error_style()));
                }
                Ok(())
            }
        }
    }

    /// True where what landed last declares nothing but sandboxes. What was pushed since isn't judged yet.
    fn stakes_nothing(&self, log: &Log) -> bool {
        let declared = audit::last_landing(log).and_then(|commit| self.repository.settings(commit));
        let only_sandboxes = declared.and_then(|settings| access::only_embedded(&settings, targets::KINDS));
        only_sandboxes.unwrap_or_else(|| self.pinned().targets.values().all(Target::is_embedded))
    }

    /// The anchor names only eight digits of a key, so that another key could be made to fit; the tree that pins it names
    /// it whole. What changed the key is on the branch, too.
    fn keys_in_their_trees(&self, log: &Log) -> Result<(), Stop> {
        let refused = |refusal| Stop::refused(Exit::Refused, vec![refusal]);
        let mut reads = Reads { last: LastRead::default(), revisions: self.revisions.borrow().clone() };
        let genesis = log.genesis().genesis.parse().map_err(|error: InvalidOid| Stop::of(Exit::Refused, &error))?;
        let first = read(self.repository, genesis, &mut reads)?;
        let (key, named) = (log.keys().first().to_string(), first.access.config.audit_key.clone());
        if named != key {
            return Err(refused(Refusal::new(
                &codes::ANCHOR_MISMATCH,
                format!("the log begins with the key `{key}`, and its genesis pins `{named}`"),
                "see that this is the right repository and remote; if the log was replaced, restore the old one",
            )));
        }
        let tree = self.repository.commit(genesis)?.tree;
        if !audit::is_vouched_for(log.genesis(), genesis, tree, &first.access) {
            return Err(refused(Refusal::new(
                &codes::RECORD_UNPROVEN,
                format!(
                    "the log begins with {}, and what it holds of those who vouch for that isn't theirs",
                    genesis.short()
                ),
                "see that this is the right repository and remote; if the log was replaced, restore the old one",
            )));
        }
        let mut pinned =
            |commit| Ok::<_, Stop>(read(self.repository, commit, &mut reads)?.access.config.audit_key.clone());
        let on_branch = match log.keys().later().next() {
            None => Vec::new(),
            Some(_) => self.repository.first_parents(self.tip()?)?,
        };
        for Later { commit, key, .. } in log.keys().later() {
            let (commit, key) = (*commit, key.to_string());
            if !on_branch.contains(&commit) {
                return Err(refused(approval::rewritten(commit, self.tip()?, &self.branch)));
            }
            let named = pinned(commit)?;
            if named != key {
                return Err(refused(Refusal::new(
                    &audit::codes::LOG_KEY_UNKNOWN,
                    format!("the log goes on under `{key}` because of {}, which names `{named}`", commit.short()),
                    "whoever had the log's key then wrote that: restore the log from an export or another clone",
                )));
            }
        }
        self.revisions.replace(reads.revisions);
        Ok(())
    }

    /// What decides about recorded landings by what their records carry. What else is said in refs, by whomever and of whatever,
    /// has no say in that, and can't keep anybody from it.
    pub fn verifier_of_records<'v>(&'v self, recorded: &'v Recorded, now: jiff::Timestamp) -> Verifier<'v> {
        let source = Sources::new(self.repository, Signatures::of_records(self.repository), Rc::default());
        approval::Verifier::new(self.repository, source, recorded, &self.branch, targets::KINDS, now)
    }

    /// Everything that decides about landings.
    pub fn verifier<'v>(&'v self, recorded: &'v Recorded, now: jiff::Timestamp) -> Result<Verifier<'v>, Stop> {
        let signatures = Signatures::open(self.repository, &self.refs)?;
        let source = Sources::new(self.repository, signatures, self.told());
        Ok(approval::Verifier::new(self.repository, source, recorded, &self.branch, targets::KINDS, now))
    }
}

/// The refusal where a tree names another log key than the one that signs the log.
pub fn outdated(log: &Log, commit: Oid, tree: &Access) -> Option<Refusal> {
    let (named, key) = (&tree.config.audit_key, log.key().to_string());
    (*named != key).then(|| {
        Refusal::new(
            &audit::codes::LOG_KEY_OUTDATED,
            format!("{} names the log key `{named}`, and the log is signed by `{key}`", commit.short()),
            "run `dualkey audit rotate --log-key OLD --new-log-key NEW` once, with both private halves",
        )
    })
}

/// The anchor that the user keeps.
pub fn kept_anchor() -> Option<String> {
    std::env::var(ANCHOR).ok().filter(|kept| !kept.is_empty())
}

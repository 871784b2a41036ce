//! `dualkey audit rotate`

use clap::Args;
use std::path::PathBuf;

use crate::access::Access;
use crate::apply::lease::{Holder, LENGTH, Lease, REFERENCE, TAKEOVER, Terms, random_id};
use crate::audit::{Log, LogError, LogKey, Run, RunJournal};
use crate::cli::context::{self, Clock};
use crate::cli::judging::{Judged, Question};
use crate::cli::process::Process;
use crate::cli::shared::{self, LogKeyOption, Refresh, Shared, kept_anchor};
use crate::cli::{Common, Exit, Stop, output};
use crate::report;
use crate::repository::Oid;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  dualkey audit keygen --name access --out ../new.log-key\n  \
                        dualkey audit rotate --log-key ../access.log-key --new-log-key ../new.log-key\n\
                        In between, the new key's public half lands as `audit.key` in dualkey.yaml, approved as any change of policy. \
                        From then on `apply` refuses, but for ends, until the key is changed. Then give runs the new key, and \
                        destroy the old one.")]
pub struct Options {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    key: LogKeyOption,
    /// The private half of the key that signs the log from here on
    #[arg(long, value_name = "FILE")]
    new_log_key: PathBuf,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    attempt(options).map_err(|stop| stop.leaving("the log's key was not changed"))
}

fn attempt(options: &Options) -> Result<Exit, Stop> {
    let (old, new) = (options.key.read()?, LogKeyOption::of_file(&options.new_log_key)?);
    if old.verifier() == new.verifier() {
        return Err(Stop::usage("both keys are the same", "make another one with `dualkey audit keygen`"));
    }
    if kept_anchor().is_none() {
        return Err(Stop::usage(
            "DUALKEY_ANCHOR is not set, so nothing says which log is to go on under another key",
            "set it to the anchor of that log",
        ));
    }
    let repository = context::open(&options.common.repo)?;
    // a signal comes too late or too early: the one write is done whole, or not at all
    repository.shield_programs();
    let shared = Shared::open(&repository, &options.common.remote, Refresh::Yes)?;
    let clock = options.common.now.clock()?.for_targets(shared.access())?;
    let process = Process::watched();
    let terms = Terms {
        reference: REFERENCE.to_owned(),
        holder: Holder::this_process(random_id()),
        length: LENGTH,
        wait: TAKEOVER,
        now: clock.now,
    };
    // a run that is under way would lose the log that it writes
    let lease = Lease::take(&repository, &shared.refs, terms, &process)?;
    let rotated = rotated(&shared, clock, &old, &new);
    if let Err(refusal) = lease.release() {
        output::warn(&report::errors::warning(&refusal, output::error_style()));
    }
    output::print(&rotated?);
    Ok(Exit::Done)
}

fn rotated(shared: &Shared<'_>, clock: Clock, old: &LogKey, new: &LogKey) -> Result<String, Stop> {
    shared.refresh(Refresh::Yes)?;
    let ledger = shared.anchored()?;
    let log = &ledger.stored.log;
    let judged = Question::of(shared, &ledger, clock.now).judge()?;
    if let Some(stop) = judged.short() {
        return Err(stop);
    }
    let Judged { chain, approved, verifier, .. } = judged;
    let tree = &approved.tree().access;
    if log.key() == new.verifier() && log.keys().has(old.verifier()) {
        return Ok(format!("the log goes on under {} already\n{}", log.key(), anchor(log)));
    }
    named_by_the_tree(log, approved.commit(), tree, new)?;
    if log.key() != old.verifier() {
        let (given, expected) = (old.verifier().to_string(), log.key().to_string());
        return Err(Stop::from(&LogError::KeyWrong { given, expected }));
    }
    // what the key comes from is proven in the log before it
    let run = Run { id: random_id(), commit: approved.commit(), at: clock.now, at_given: clock.given };
    let journal = RunJournal::open(shared.store(), ledger.stored.clone(), old, &verifier, &chain, run)?;
    let landed = journal.record().map_err(|refusal| Stop::refused(Exit::Refused, vec![refusal]))?;
    let stored = shared.store().rotate(&landed, approved.commit(), (old, new), clock.now)?;
    let log = &stored.log;
    Ok(format!(
        "the log goes on under {} from entry {} on\ngive its private half to every run, and destroy the old one\n{}",
        log.key(),
        log.size().saturating_sub(1),
        anchor(log)
    ))
}

/// Only a key that others approved may sign the log.
fn named_by_the_tree(log: &Log, commit: Oid, tree: &Access, new: &LogKey) -> Result<(), Stop> {
    let (named, given) = (&tree.config.audit_key, new.verifier().to_string());
    if shared::outdated(log, commit, tree).is_none() {
        return Err(Stop::usage(
            format!("there is nothing to change: {} names the key that signs the log", commit.short()),
            "let the new key's public half land first, as `audit.key` in dualkey.yaml; `dualkey verify` shows what landed",
        ));
    }
    if *named != given {
        return Err(Stop::usage(
            format!("the new key is `{given}`, and {} names `{named}`", commit.short()),
            "give the private half of the key that landed as `audit.key` in dualkey.yaml",
        ));
    }
    Ok(())
}

/// What anchors mean from here on.
fn anchor(log: &Log) -> String {
    let newest = log.anchors().pop().unwrap_or_default();
    format!(
        "the anchor stays good. To believe nothing that somebody signs with the old key from now on, set the longer one,\n\
         outside of the repository:\n  DUALKEY_ANCHOR={newest}\n"
    )
}

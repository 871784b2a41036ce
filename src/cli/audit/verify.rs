//! `dualkey audit verify`

use std::path::{Path, PathBuf};

use clap::Args;

use super::folder::Export;
use crate::audit::{Files, Log, LogError, Proven, VerifierKey};
use crate::cli::context;
use crate::cli::shared::{self, Refresh, Shared};
use crate::cli::{Exit, RemoteOption, RepoOption, Stop, output};
use crate::finding::Refusal;
use crate::report;
use crate::targets::KINDS;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey audit verify                         the log of this repository\n  \
                        dualkey audit verify --checkpoint kept.txt   it goes on from one you kept\n  \
                        dualkey audit verify --export DIR --key KEY  exported files, nothing else\n  \
                        dualkey audit verify --proof FILE --key KEY  one entry, by its proof")]
pub struct Options {
    #[command(flatten)]
    repo: RepoOption,
    #[command(flatten)]
    remote: RemoteOption,
    /// A checkpoint kept from before: the log must go on from it
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Verify the files that `audit export` wrote
    #[arg(long, value_name = "DIR", conflicts_with = "proof")]
    export: Option<PathBuf>,
    /// Verify a proof that `audit prove` wrote, and print its entry
    #[arg(long, value_name = "FILE", conflicts_with = "checkpoint")]
    proof: Option<PathBuf>,
    /// The log's verifier key, or one that it was signed by before [default: the one that the repository here pins]
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    if options.key.is_some() && options.export.is_none() && options.proof.is_none() {
        return Err(Stop::usage(
            "`--key` is for exported files and proofs",
            "leave it out: the repository pins the key of its own log",
        ));
    }
    if let Some(path) = &options.proof {
        return proof(path, &key(options)?);
    }
    if let Some(dir) = &options.export {
        let files = Export(dir.clone());
        let log = Log::read(&files, &key(options)?, KINDS).map_err(|error| wrong(&error))?;
        return told(options, &log, &files, None);
    }
    let repository = context::open(&options.repo)?;
    let shared = Shared::open(&repository, &options.remote, Refresh::Yes)?;
    let ledger = shared.recomputed().map_err(finding)?;
    // whoever holds a key that was replaced can show a log that looks good, except for this
    let outdated = shared::outdated(&ledger.stored.log, shared.tip()?, shared.access());
    told(options, &ledger.stored.log, &ledger.stored.files(&repository)?, outdated)
}

/// Compares a log that holds with what was kept of it, and says so.
fn told(options: &Options, log: &Log, files: &dyn Files, outdated: Option<Refusal>) -> Result<Exit, Stop> {
    if let Some(path) = &options.checkpoint {
        let kept = std::fs::read(path).map_err(|error| Stop::io("reading", path, &error))?;
        log.verify_consistency(files, &kept).map_err(|error| wrong(&error))?;
    }
    output::print(&report::audit::verified(log, options.checkpoint.is_some(), output::style()));
    let Some(outdated) = outdated else { return Ok(Exit::Done) };
    output::error(&report::errors::refusals(&[outdated], output::error_style()));
    Ok(Exit::Findings)
}

fn wrong(error: &LogError) -> Stop {
    Stop::from(error).with(Exit::Findings)
}

fn proof(path: &Path, key: &VerifierKey) -> Result<Exit, Stop> {
    let bytes = std::fs::read(path).map_err(|error| Stop::io("reading", path, &error))?;
    let proven = Proven::open(&bytes, key).map_err(|error| Stop::from(&error).with(Exit::Findings))?;
    output::print(&report::audit::proven(&proven, key));
    Ok(Exit::Done)
}

/// The key that was given, or the one that the repository here pins.
fn key(options: &Options) -> Result<VerifierKey, Stop> {
    if let Some(text) = &options.key {
        return VerifierKey::parse(text).map_err(|error| Stop::of(Exit::Usage, &error));
    }
    let repository = context::open(&options.repo).map_err(|stop| match stop.exit {
        Exit::Usage => Stop::usage(
            "nothing says which key the log is signed with",
            "give the log's verifier key with --key, or run this in the access repository",
        ),
        Exit::Done | Exit::Findings | Exit::Refused | Exit::Partial | Exit::Unjudged => stop,
    })?;
    Shared::open(&repository, &options.remote, Refresh::No)?.key()
}

/// What apply refuses is for `audit verify` something that is wrong.
fn finding(stop: Stop) -> Stop {
    if stop.exit == Exit::Refused { stop.with(Exit::Findings) } else { stop }
}

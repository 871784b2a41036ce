//! `dualkey audit verify`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::audit::{Log, Proven, VerifierKey};
use crate::cli::context;
use crate::cli::shared::{self, Refresh, Shared};
use crate::cli::{Exit, RemoteOption, RepoOption, Stop, output};
use crate::report;

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
    let (log, outdated) = match &options.export {
        Some(dir) => {
            let log = Log::from_files(&read_folder(dir)?, &key(options)?);
            (log.map_err(|error| Stop::from(&error).with(Exit::Findings))?, None)
        }
        None => {
            let repository = context::open(&options.repo)?;
            let shared = Shared::open(&repository, &options.remote, Refresh::Yes)?;
            let log = shared.anchored().map_err(finding)?.stored.log;
            // whoever holds a key that was replaced can show a log that looks good, except for this
            let outdated = shared::outdated(&log, shared.tip()?, shared.access());
            (log, outdated)
        }
    };
    if let Some(path) = &options.checkpoint {
        let kept = std::fs::read(path).map_err(|error| Stop::io("reading", path, &error))?;
        log.seal().verify_consistency(&kept).map_err(|error| Stop::from(&error).with(Exit::Findings))?;
    }
    output::print(&report::audit::verified(&log, options.checkpoint.is_some(), output::style()));
    let Some(outdated) = outdated else { return Ok(Exit::Done) };
    output::error(&report::errors::refusals(&[outdated], output::error_style()));
    Ok(Exit::Findings)
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

/// Every file below a folder, by its path with `/`.
fn read_folder(root: &Path) -> Result<BTreeMap<String, Vec<u8>>, Stop> {
    let mut files = BTreeMap::new();
    let mut open = vec![(String::new(), root.to_path_buf())];
    while let Some((prefix, folder)) = open.pop() {
        let listing = std::fs::read_dir(&folder).map_err(|error| Stop::io("reading", &folder, &error))?;
        for entry in listing {
            let entry = entry.map_err(|error| Stop::io("reading", &folder, &error))?;
            let path = entry.path();
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type().map_err(|error| Stop::io("reading", &path, &error))?;
            if kind.is_dir() {
                open.push((format!("{name}/"), path));
            } else {
                let bytes = std::fs::read(&path).map_err(|error| Stop::io("reading", &path, &error))?;
                files.insert(name, bytes);
            }
        }
    }
    Ok(files)
}

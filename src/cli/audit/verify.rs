//! `dualkey audit verify`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::audit::{Log, VerifierKey};
use crate::cli::context;
use crate::cli::shared::{Refresh, Shared};
use crate::cli::{Exit, RemoteOption, RepoOption, Stop, output};
use crate::report;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey audit verify                         the log of this repository\n  \
                        dualkey audit verify --checkpoint kept.txt   it goes on from one you kept\n  \
                        dualkey audit verify --export DIR --key KEY  exported files, nothing else")]
pub struct Options {
    #[command(flatten)]
    repo: RepoOption,
    #[command(flatten)]
    remote: RemoteOption,
    /// A checkpoint kept from before: the log must go on from it
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Verify the files that `audit export` wrote
    #[arg(long, value_name = "DIR")]
    export: Option<PathBuf>,
    /// The log's verifier key [default: the one in dualkey.yaml]
    #[arg(long, value_name = "KEY", requires = "export")]
    key: Option<String>,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let log = match &options.export {
        Some(dir) => {
            let key = match &options.key {
                Some(text) => VerifierKey::parse(text).map_err(|error| Stop::of(Exit::Usage, &error))?,
                None => pinned(options)?,
            };
            Log::from_files(&read_folder(dir)?, &key).map_err(|error| Stop::from(&error).with(Exit::Findings))?
        }
        None => {
            let repository = context::open(&options.repo)?;
            let shared = Shared::open(&repository, &options.remote, Refresh::Yes)?;
            let (ledger, warning) = shared.anchored().map_err(finding)?;
            if let Some(warning) = warning {
                output::error(&report::errors::warning(&warning, output::error_style()));
            }
            ledger.stored.log
        }
    };
    if let Some(path) = &options.checkpoint {
        let kept = std::fs::read(path).map_err(|error| Stop::io("reading", path, &error))?;
        log.verify_consistency(&kept, log.key()).map_err(|error| Stop::from(&error).with(Exit::Findings))?;
    }
    output::print(&report::audit::verified(&log, options.checkpoint.is_some(), output::style()));
    Ok(Exit::Done)
}

/// What apply refuses is for `audit verify` something that is wrong.
fn finding(stop: Stop) -> Stop {
    if stop.exit == Exit::Refused { stop.with(Exit::Findings) } else { stop }
}

/// The key that the repository here pins.
fn pinned(options: &Options) -> Result<VerifierKey, Stop> {
    let repository = context::open(&options.repo)?;
    Shared::open(&repository, &options.remote, Refresh::No)?.key()
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

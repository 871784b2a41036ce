//! `dualkey audit prove`

use std::path::PathBuf;

use clap::Args;

use crate::audit::entries;
use crate::cli::shared::{Refresh, Shared};
use crate::cli::{Exit, RemoteOption, RepoOption, Stop, context, output};
use crate::report;

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  dualkey audit prove 12 --out landing.tlog-proof    for an auditor, who checks it with\n  \
                        dualkey audit verify --proof landing.tlog-proof --key KEY"
)]
pub struct Options {
    #[command(flatten)]
    repo: RepoOption,
    #[command(flatten)]
    remote: RemoteOption,
    /// The number of the entry, as `audit log` and `audit search` print it
    #[arg(value_name = "ENTRY")]
    entry: u64,
    /// The file to write; it must not exist yet [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let repository = context::open(&options.repo)?;
    let shared = Shared::open(&repository, &options.remote, Refresh::Yes)?;
    let ledger = shared.anchored()?;
    let log = &ledger.stored.log;
    let Some(proof) = log.prove(&ledger.stored.files(&repository)?, options.entry)? else {
        return Err(Stop::usage(
            format!("there is no entry `{}`: the log has {}, counted from 0", options.entry, entries(log.size())),
            "`dualkey audit log` prints them with their numbers",
        ));
    };
    let Some(path) = &options.out else {
        output::print(&proof);
        return Ok(Exit::Done);
    };
    if path.exists() {
        let message = format!("`{}` exists already", path.display());
        return Err(Stop::usage(message, "name a file that doesn't exist yet"));
    }
    context::write_file(path, proof.as_bytes())?;
    let path = report::escape::terminal(&path.display().to_string());
    output::print(&format!(
        "{path} proves entry {}\nanybody can check it: dualkey audit verify --proof {path} --key '{}'\n",
        options.entry,
        log.key()
    ));
    Ok(Exit::Done)
}

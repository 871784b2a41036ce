//! `dualkey audit export`

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::audit::Log;
use crate::cli::context;
use crate::cli::shared::{Refresh, Shared};
use crate::cli::{Exit, RemoteOption, RepoOption, Stop, output};
use crate::report;

/// As what the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum As {
    /// Files that anybody can verify, into a folder
    Files,
    /// Events of the Open Cybersecurity Schema Framework 1.8, a line of JSON each, to standard output
    Ocsf,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey audit export ~/northwind-access-log    for an auditor\n  \
                        dualkey audit export --format ocsf             for whatever gathers events")]
pub struct Options {
    #[command(flatten)]
    repo: RepoOption,
    #[command(flatten)]
    remote: RemoteOption,
    /// The folder to write; it must not exist yet
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
    #[arg(long, value_enum, default_value = "files")]
    format: As,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let repository = context::open(&options.repo)?;
    let shared = Shared::open(&repository, &options.remote, Refresh::Yes)?;
    let ledger = shared.anchored()?;
    let log = &ledger.stored.log;
    match (options.format, &options.dir) {
        (As::Files, Some(dir)) => files(log, dir),
        (As::Ocsf, None) => {
            output::print(&report::ocsf::lines(log));
            Ok(Exit::Done)
        }
        (As::Files, None) => Err(Stop::usage("there is no folder to write to", "name one that doesn't exist yet")),
        (As::Ocsf, Some(_)) => Err(Stop::usage("events go to standard output", "leave the folder out")),
    }
}

fn files(log: &Log, dir: &Path) -> Result<Exit, Stop> {
    if dir.exists() {
        let message = format!("`{}` exists already", dir.display());
        return Err(Stop::usage(message, "name a folder that doesn't exist yet"));
    }
    let files = log.files();
    for (name, bytes) in &files {
        context::write_file(&dir.join(name), bytes)?;
    }
    let dir = report::escape::terminal(&dir.display().to_string());
    output::print(&format!(
        "{} entries in {} files under {dir}\nanybody can check them: dualkey audit verify --export {dir} \\\n  --key '{}'\n",
        log.size(),
        files.len(),
        log.key()
    ));
    Ok(Exit::Done)
}

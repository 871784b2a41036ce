//! `dualkey audit export`

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::audit::{Files, Log, entries};
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
    let (log, files) = (&ledger.stored.log, ledger.stored.files(&repository)?);
    match (options.format, &options.dir) {
        (As::Files, Some(dir)) => write(log, &files, dir),
        (As::Ocsf, None) => {
            log.reader(&files).each_resolved(None, |index, record| {
                output::print(&report::ocsf::lines(index, record, log.key().name()));
                Ok::<(), Stop>(())
            })?;
            Ok(Exit::Done)
        }
        (As::Files, None) => Err(Stop::usage("there is no folder to write to", "name one that doesn't exist yet")),
        (As::Ocsf, Some(_)) => Err(Stop::usage("events go to standard output", "leave the folder out")),
    }
}

fn write(log: &Log, files: &dyn Files, dir: &Path) -> Result<Exit, Stop> {
    if dir.exists() {
        let message = format!("`{}` exists already", dir.display());
        return Err(Stop::usage(message, "name a folder that doesn't exist yet"));
    }
    let mut paths = Vec::new();
    files.each(&mut |path| {
        paths.extend((!path.ends_with('/')).then(|| path.to_owned()));
        true
    })?;
    for path in &paths {
        let bytes = files.read(path, usize::MAX)?;
        context::write_file(&dir.join(path), &bytes.unwrap_or_default())?;
    }
    let dir = report::escape::terminal(&dir.display().to_string());
    output::print(&format!(
        "{} in {} files under {dir}\nanybody can check them: dualkey audit verify --export {dir} \\\n  --key '{}'\n",
        entries(log.size()),
        paths.len(),
        log.key()
    ));
    Ok(Exit::Done)
}

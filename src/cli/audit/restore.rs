//! `dualkey audit restore`

use std::path::PathBuf;

use clap::Args;

use super::folder::Export;
use crate::audit::entries;
use crate::cli::shared::{Refresh, Shared};
use crate::cli::{Exit, RemoteOption, RepoOption, Stop, context, output};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  dualkey audit restore ~/northwind-access-log    what `audit export` wrote there\n\
                        The export must be of this log, whole, and as new as anything that this clone saw. The ref of the log \
                        must be gone,\ndamaged, or brought back to an earlier state: a log that holds is never replaced.")]
pub struct Options {
    #[command(flatten)]
    repo: RepoOption,
    #[command(flatten)]
    remote: RemoteOption,
    /// The folder that `audit export` wrote
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    if !options.dir.is_dir() {
        let message = format!("`{}` is not a folder", options.dir.display());
        return Err(Stop::usage(message, "name the folder that `dualkey audit export` wrote"));
    }
    let repository = context::open(&options.repo)?;
    let shared = Shared::open(&repository, &options.remote, Refresh::Yes)?;
    let files = Export(options.dir.clone());
    let stored = shared.store().restore(&shared.key()?, &files, |stored| shared.anchors(stored))?;
    let Some(stored) = stored else {
        return Err(Stop::usage(
            "there is nothing to restore: the log is there, whole, and no shorter than the export",
            "see it with `dualkey audit verify`",
        ));
    };
    output::print(&format!(
        "the log stands in {} again: {}, root {}\n",
        shared.pinned().audit_ref,
        entries(stored.log.size()),
        stored.log.root()
    ));
    Ok(Exit::Done)
}

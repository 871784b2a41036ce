//! `dualkey audit export`

use std::path::PathBuf;

use clap::Args;

use crate::cli::context;
use crate::cli::shared::{Refresh, Shared};
use crate::cli::{Exit, RemoteOption, RepoOption, Stop, output};
use crate::report;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  dualkey audit export ~/northwind-access-log    for an auditor")]
pub struct Options {
    #[command(flatten)]
    repo: RepoOption,
    #[command(flatten)]
    remote: RemoteOption,
    /// The folder to write; it must not exist yet
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let repository = context::open(&options.repo)?;
    let shared = Shared::open(&repository, &options.remote, Refresh::Yes)?;
    let (ledger, _) = shared.anchored()?;
    if options.dir.exists() {
        let message = format!("`{}` exists already", options.dir.display());
        return Err(Stop::usage(message, "name a folder that doesn't exist yet"));
    }
    let files = ledger.stored.log.files();
    for (name, bytes) in &files {
        context::write_file(&options.dir.join(name), bytes)?;
    }
    let dir = report::escape::terminal(&options.dir.display().to_string());
    output::print(&format!(
        "{} entries in {} files under {dir}\nanybody can check them:\n  dualkey audit verify --export {dir} \\\n    --key '{}'\n",
        ledger.stored.log.size(),
        files.len(),
        ledger.stored.log.key()
    ));
    Ok(Exit::Done)
}

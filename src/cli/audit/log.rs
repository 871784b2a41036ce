//! `dualkey audit log`

use clap::Args;

use crate::cli::context;
use crate::cli::shared::{Refresh, Shared};
use crate::cli::{Exit, Format, RemoteOption, RepoOption, Stop, output};
use crate::report;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  dualkey audit log\n  dualkey audit log --format json    all that every entry says"
)]
pub struct Options {
    #[command(flatten)]
    repo: RepoOption,
    #[command(flatten)]
    remote: RemoteOption,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let repository = context::open(&options.repo)?;
    let shared = Shared::open(&repository, &options.remote, Refresh::Yes)?;
    let ledger = shared.anchored()?;
    output::print(&match options.format {
        Format::Text => report::audit::text(&ledger.stored.log),
        Format::Json => report::audit::json(&ledger.stored.log),
    });
    Ok(Exit::Done)
}

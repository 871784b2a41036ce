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
    let (log, files) = (&ledger.stored.log, ledger.stored.files(&repository)?);
    let reader = log.reader(&files);
    match options.format {
        Format::Text => reader.each(None, |index, entry| {
            output::print(&report::audit::text(index, entry.record(), output::style()));
            Ok::<(), Stop>(())
        })?,
        Format::Json => {
            let mut entries = report::audit::Entries::all(log);
            reader.each_resolved(None, |_, record| {
                output::print(&entries.next(record));
                Ok::<(), Stop>(())
            })?;
            output::print(&entries.end());
        }
    }
    Ok(Exit::Done)
}

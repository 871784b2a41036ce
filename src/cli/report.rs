//! `dualkey report`

use clap::{Args, Subcommand, ValueEnum};

use super::shared::{Refresh, Shared};
use super::{Exit, RemoteOption, RepoOption, Stop, context, output};
use crate::access::Moment;
use crate::audit::controls::Controls;
use crate::report;
use crate::report::controls::Period;

#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What the log says of a period, control by control
    Controls(OfPeriod),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Markdown,
    Json,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  dualkey report controls --from 2026-10-01 --to 2026-12-31 > controls.md")]
struct OfPeriod {
    #[command(flatten)]
    repo: RepoOption,
    #[command(flatten)]
    remote: RemoteOption,
    /// The first day, or an instant
    #[arg(long, value_name = "WHEN")]
    from: String,
    /// The last day, or the instant before which the period ends
    #[arg(long, value_name = "WHEN")]
    to: String,
    #[arg(long, value_enum, default_value = "markdown")]
    format: Format,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    match &options.command {
        Command::Controls(options) => controls(options),
    }
}

fn controls(options: &OfPeriod) -> Result<Exit, Stop> {
    let repository = context::open(&options.repo)?;
    let shared = Shared::open(&repository, &options.remote, Refresh::Yes)?;
    let config = &shared.access().config;
    let moment = |text: &str| {
        Moment::parse(text).map_err(|error| {
            Stop::usage(error.to_string(), "write a day like 2026-12-01, or an instant like 2026-12-01T12:00:00Z")
        })
    };
    let (from, until) = (moment(&options.from)?.start(&config.zone), moment(&options.to)?.end(&config.zone));
    if from >= until {
        return Err(Stop::usage(
            "the period ends before it starts",
            "give the first day with --from, the last with --to",
        ));
    }
    let ledger = shared.anchored()?;
    let log = &ledger.stored.log;
    let controls = Controls::of(&log.reader(&ledger.stored.files(&repository)?), from, until)?;
    // it only reads a tree: nothing is judged, whatever the instant
    let verifier = shared.verifier(&ledger.recorded, until)?;
    // the waivers are those of the last tree that somebody verified, whatever stands on the branch since
    let last = ledger.recorded.landings.last().map_or(ledger.recorded.genesis, |landing| landing.commit);
    let tree = verifier.revision(last)?;
    let period = Period {
        organization: config.organization.as_str(),
        from,
        until,
        size: log.size(),
        root: log.root().to_string(),
        zone: &config.zone,
        controls: &controls,
        waivers: Period::waivers(&tree.access, from, until),
    };
    output::print(&match options.format {
        Format::Markdown => report::controls::markdown(&period),
        Format::Json => report::controls::json(&period),
    });
    Ok(Exit::Done)
}

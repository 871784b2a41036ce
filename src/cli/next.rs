//! `dualkey next`

use clap::Args;

use super::judging::Question;
use super::shared::{Refresh, Shared};
use super::{Common, Exit, Format, Stop, context, output};
use crate::{plan, report};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey next                    when the next run is due\n  \
                        dualkey next --format json      for a scheduler: `at`, or null where nothing is ahead")]
pub struct Options {
    #[command(flatten)]
    common: Common,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let repository = context::open(&options.common.repo)?;
    let shared = Shared::open(&repository, &options.common.remote, Refresh::Yes)?;
    let clock = options.common.now.clock()?;
    let ledger = shared.anchored()?;
    let judged = Question::of(&shared, &ledger, clock.now).judge()?;
    let (ended, approved) = (judged.tell(), judged.approved);
    let next = plan::edges::next(&approved.tree().entitlements, clock.now);
    let zone = &approved.tree().access.config.zone;
    output::print(&match options.format {
        Format::Text => report::next::text(next.as_ref(), clock.now, zone),
        Format::Json => report::next::json(next.as_ref(), zone),
    });
    Ok(ended)
}

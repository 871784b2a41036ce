//! `dualkey targets`

use clap::Args;

use super::context::{self, Clock, Look};
use super::process::Process;
use super::shared::{Refresh, Shared, kept_anchor};
use super::targets::{Proof, SandboxOption, Targets};
use super::{Common, Exit, Format, Stop, output};
use crate::access::LastRead;
use crate::approval::Approved;
use crate::repository::Repository;
use crate::{apply, report};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey targets                  what is declared and approved\n  \
                        dualkey targets --unapproved     settings that you wrote yourself, before anybody approved \
                        them\n  \
                        dualkey targets --sandbox        embedded ones in place of all of them\n\
                        Exit code 5 where a target doesn't answer, is another one, or can't be read whole.")]
pub struct Options {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    sandbox: SandboxOption,
    /// Send credentials also where nobody approved yet that they are sent; for settings that you wrote yourself
    #[arg(long)]
    unapproved: bool,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let repository = context::open(&options.common.repo)?;
    let clock = options.common.now.clock()?;
    // how long all of it takes is counted from here on
    let process = Process::unwatched();
    let tree = context::load_or_show(&repository, Look::WorkTree, &mut LastRead::default())?;
    let real = tree.access.config.targets.values().any(|target| !target.is_embedded());
    let mut ended = Exit::Done;
    let approved = match real && !options.sandbox.is_set() && !options.unapproved {
        true => approved(&options.common, &repository, clock).unwrap_or_else(|stop| {
            // then nothing is sent anywhere, and what needs no credential is looked at all the same
            output::error(&stop.text(output::error_style()));
            ended = stop.exit;
            None
        }),
        false => None,
    };
    let proof = match &approved {
        _ if options.unapproved => Proof::Trees,
        Some(approved) => Proof::Declared(&approved.tree().access),
        None => Proof::None,
    };
    let targets = Targets::of(&repository, [&tree], proof, &options.sandbox, clock);
    let surveys = apply::survey(&tree, &mut targets.clients(&process), clock.now, clock.given, &process);
    output::print(&match options.format {
        Format::Text => report::targets::text(&surveys, output::style()),
        Format::Json => report::targets::json(&surveys),
    });
    let mut told = Vec::new();
    for survey in &surveys {
        for warning in &survey.warnings {
            output::warn(&report::errors::warning(warning, output::error_style()));
        }
        told.extend(survey.refusals().into_iter().cloned());
    }
    told.dedup();
    output::error(&report::errors::refusals(&told, output::error_style()));
    let well = surveys.iter().all(apply::Survey::is_well);
    Ok(if well { ended } else { ended.worst(Exit::Unjudged) })
}

/// What was approved, where the anchor is kept by which the log proves it.
pub(super) fn approved(common: &Common, repository: &Repository, clock: Clock) -> Result<Option<Approved>, Stop> {
    if kept_anchor().is_none() {
        return Ok(None);
    }
    let shared = Shared::open(repository, &common.remote, Refresh::Yes)?;
    let ledger = shared.anchored()?;
    let verifier = shared.verifier(&ledger.recorded, clock.now)?;
    let chain = verifier.chain(shared.tip()?)?;
    Ok(Some(verifier.approved(&chain)?))
}

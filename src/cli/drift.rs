//! `dualkey drift`

use clap::Args;

use super::context::Clock;
use super::forge::{self, Desk};
use super::judging::{Judged, Question};
use super::past::Past;
use super::process::Process;
use super::shared::{Ledger, Refresh, Shared};
use super::stage::Stage;
use super::targets::{Proof, SandboxOption, Targets};
use super::{Common, Exit, Format, Stop, context, output};
use crate::access::Config;
use crate::approval::{Approved, Chain};
use crate::audit::Stored;
use crate::report::issue::Situation;
use crate::{apply, audit, report};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  dualkey drift            exit code 1 where live access isn't what was approved\n  \
                        dualkey drift --issue    and keep an issue open as long as anything is to be done"
)]
pub struct Options {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    sandbox: SandboxOption,
    /// Keep one issue open at the forge as long as something differs, is overdue, waits behind a refusal or ends within 14 days
    #[arg(long, conflicts_with = "sandbox")]
    issue: bool,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// What live state shows beside what was approved.
pub struct Looked {
    pub drift: apply::Drift,
    pub approved: Approved,
    /// The landings on the branch, and why it could not be judged whole where it couldn't.
    pub chain: Chain,
    /// The log of earlier runs there.
    pub stored: Option<Stored>,
    /// How it ends at best.
    pub ended: Exit,
}

/// Compares the targets with what was approved.
pub fn look(shared: &Shared<'_>, ledger: &Ledger, sandbox: &SandboxOption, clock: Clock) -> Result<Looked, Stop> {
    let judged = Question::of(shared, ledger, clock.now).judge()?;
    let ended = judged.tell();
    let Judged { chain, approved, verifier, .. } = judged;
    // embedded targets hold what was given in their own runs, of which the real log knows nothing
    let stored = Stage::of(shared, sandbox).log(ledger)?;
    let log = stored.as_ref().map(|stored| &stored.log);
    let past = log.map_or_else(|| Ok(Past::default()), |log| Past::of(log, &verifier, &chain))?;
    let process = Process::unwatched();
    let targets = Targets::of(shared.repository, past.trees(approved.tree()), Proof::Trees, sandbox, clock);
    let facts = past.facts();
    let drift = apply::drift(approved.tree(), &facts, &mut targets.readers(&process), clock.now, &process);
    Ok(Looked { drift, approved, chain, stored, ended })
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let repository = context::open(&options.common.repo)?;
    let shared = Shared::open(&repository, &options.common.remote, Refresh::Yes)?;
    let clock = options.common.now.clock()?;
    let Looked { drift, approved, chain, stored, ended } = look(&shared, &shared.anchored()?, &options.sandbox, clock)?;
    let zone = &approved.tree().access.config.zone;
    output::print(&match options.format {
        Format::Text => report::drift::text(&drift, zone, output::style()),
        Format::Json => report::json::drift(&drift, zone),
    });
    let ends = drift.difference.operations.iter().any(|operation| operation.only_takes());
    let log = stored.as_ref().map(|stored| &stored.log);
    let overdue = apply::overdue(approved.tree(), log.and_then(|log| audit::last_run(log, clock.now)), clock.now)
        .filter(|_| ends);
    if let Some(overdue) = &overdue {
        output::error(&report::errors::refusals(std::slice::from_ref(overdue), output::error_style()));
    }
    output::error(&report::errors::refusals(&drift.refusals(), output::error_style()));
    let ended = match options.issue {
        true => {
            let situation = Situation {
                drift: &drift,
                refused: chain.refused().collect(),
                overdue: overdue.as_ref(),
                entitlements: &approved.tree().entitlements,
                unjudged: &chain.unjudged,
                zone,
                now: clock.now,
            };
            ended.worst(forge::told(keep_issue(&situation, &approved.tree().access.config)))
        }
        false => ended,
    };
    let ended = if drift.is_found() { ended.worst(Exit::Findings) } else { ended };
    Ok(if drift.is_whole() { ended } else { ended.worst(Exit::Unjudged) })
}

fn keep_issue(situation: &Situation<'_>, config: &Config) -> Result<(), Stop> {
    let (text, is_left) = situation.told();
    Desk::open(config, Process::unwatched().patience())?.issue(&text, is_left)
}

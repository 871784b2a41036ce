//! `dualkey apply`

use std::time::Duration;

use clap::Args;

use super::shared::{Ledger, LogKeyOption, Past, Refresh, Shared};
use super::targets::{SandboxOption, Targets};
use super::{Exit, Format, NowOption, RemoteOption, RepoOption, Stop, context, output};
use crate::apply::lease::{Holder, LENGTH, Lease, Monotonic, REFERENCE, Terms, random_id};
use crate::apply::{self, Journal, Mode, Outcome, Request};
use crate::audit::{Run, RunJournal};
use crate::finding::Refusal;
use crate::{audit, report};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey apply --log-key ~/northwind-access.log-key\n  \
                        dualkey apply --only-ends      often, by a schedule: it can only take away\n  \
                        dualkey apply --sandbox        try it: every target is replaced by an embedded one")]
pub struct Options {
    #[command(flatten)]
    repo: RepoOption,
    #[command(flatten)]
    now: NowOption,
    #[command(flatten)]
    remote: RemoteOption,
    #[command(flatten)]
    key: LogKeyOption,
    #[command(flatten)]
    sandbox: SandboxOption,
    /// Only take away what is over; nothing stops it
    #[arg(long)]
    only_ends: bool,
    /// Wait this many seconds for a lease that somebody else holds
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    wait: u64,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let repository = context::open(&options.repo)?;
    let shared = Shared::open(&repository, &options.remote, Refresh::Yes)?;
    let clock = options.now.clock()?;
    let clock = if options.sandbox.is_set() { clock } else { clock.for_targets(shared.access())? };
    let (ledger, warning) = shared.anchored()?;
    if let Some(warning) = &warning {
        output::error(&report::errors::warning(warning, output::error_style()));
    }
    let verifier = shared.verifier(&ledger.recorded, clock.now)?;
    let chain = verifier.chain(shared.tip)?;
    let approved = verifier.approved(&chain)?;
    let past = Past::of(&ledger, &verifier)?;
    let targets = Targets::open(&repository, past.trees(approved.tree()), &options.sandbox, clock)?;
    let mode = if options.only_ends { Mode::OnlyEnds } else { Mode::Full };
    let facts = past.facts();
    let request = Request { approved: &approved, chain: &chain, past: &facts, now: clock.now, mode };

    let key = shared.log_key(&options.key);
    if let (Mode::Full, Err(stop)) = (mode, &key) {
        return Err(stop.clone());
    }

    let run = Run { id: random_id(), commit: approved.commit(), at: clock.now, at_given: clock.given, mode };
    let monotonic = Monotonic::default();
    let terms = Terms {
        reference: REFERENCE.to_owned(),
        holder: Holder::this_process(&run.id),
        length: LENGTH,
        wait: Duration::from_secs(options.wait),
        now: clock.now,
    };
    let lease = Lease::take(&repository, &shared.refs, terms, &monotonic);
    let held = lease.as_ref().map_err(apply::LeaseError::refusal).map(|lease| lease as &dyn apply::Hold);
    let Ledger { stored, .. } = ledger;
    let mut journal = match &key {
        Ok(key) => RunJournal::open(shared.store(), stored, key, &verifier, &chain, run).map_err(Stop::from),
        Err(stop) => Err(stop.clone()),
    };
    let outcome = {
        let journal = match &mut journal {
            Ok(journal) => Ok(journal as &mut dyn Journal),
            // ends go on without the log; anything else needs it
            Err(stop) if mode == Mode::OnlyEnds => Err(unlogged(stop)),
            Err(stop) => {
                if let Ok(lease) = lease {
                    release(lease);
                }
                return Err(stop.clone());
            }
        };
        apply::run(&request, &mut targets.into_clients(), journal, held)
    };
    if let Ok(lease) = lease {
        release(lease);
    }
    let zone = &approved.tree().access.config.zone;
    output::print(&match options.format {
        Format::Text => report::apply::text(&outcome, zone, output::style()),
        Format::Json => report::json::apply(&outcome, zone),
    });
    Ok(exit(&outcome))
}

fn release<C: apply::lease::Clock>(lease: Lease<'_, C>) {
    if let Err(refusal) = lease.release() {
        output::error(&report::errors::warning(&refusal, output::error_style()));
    }
}

fn unlogged(stop: &Stop) -> Refusal {
    let text = stop.text(report::Style::PLAIN);
    Refusal::new(&audit::codes::LOG_UNAVAILABLE, text.trim().to_owned(), "give the log's key, then run a full apply")
}

fn exit(outcome: &Outcome) -> Exit {
    let exit = match outcome.exit() {
        apply::Exit::Done => Exit::Done,
        apply::Exit::Refused => Exit::Refused,
        apply::Exit::Partial => Exit::Partial,
        apply::Exit::Unjudged => Exit::Unjudged,
    };
    // what waits may wait because it could not be judged
    let mut waiting = outcome.waiting.iter().flat_map(|one| &one.codes);
    if waiting.any(|code| report::verify::is_unjudged_code(code)) { exit.worst(Exit::Unjudged) } else { exit }
}

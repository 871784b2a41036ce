//! `dualkey apply`

use std::time::Duration;

use clap::Args;

use super::checkpoint::CheckpointOption;
use super::context::Clock;
use super::process::Process;
use super::shared::{self, Ledger, LogKeyOption, Past, Refresh, Shared};
use super::targets::{SandboxOption, Targets};
use super::{Common, Exit, Format, Stop, context, output, rehearsal};
use crate::apply::lease::{Holder, LENGTH, Lease, REFERENCE, TAKEOVER, Terms, random_id};
use crate::apply::{self, Footing, Mode, Outcome, Request};
use crate::approval::{Approved, Chain};
use crate::audit::record::{At, Genesis};
use crate::audit::{LogKey, Record, Run, RunJournal, Store, Stored};
use crate::finding::Refusal;
use crate::repository::StateRefs;
use crate::{audit, report};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey apply --log-key ~/northwind-access.log-key\n  \
                        dualkey apply --only-ends    often, by a schedule: it can only take away\n  \
                        dualkey apply --sandbox      try it, every target played by an embedded one\n\
                        Ctrl-C or SIGTERM: the operation under way is finished and what was done is logged; twice: at once. \
                        git and ssh\nask nothing on the terminal: have keys in an agent.")]
pub struct Options {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    key: LogKeyOption,
    #[command(flatten)]
    checkpoint: CheckpointOption,
    #[command(flatten)]
    sandbox: SandboxOption,
    /// Only take away what is over; nothing stops it
    #[arg(long)]
    only_ends: bool,
    /// Wait this many seconds for a lease that somebody else holds [default: until one that nobody touches is taken over;
    /// with --only-ends not at all, since it goes on without]
    #[arg(long, value_name = "SECONDS")]
    wait: Option<u64>,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    attempt(options).map_err(|stop| stop.leaving("nothing was applied"))
}

fn attempt(options: &Options) -> Result<Exit, Stop> {
    let repository = context::open(&options.common.repo)?;
    repository.shield_programs();
    let refresh = if options.only_ends { Refresh::IfItAnswers } else { Refresh::Yes };
    let expected = options.checkpoint.read();
    let open = || Shared::open(&repository, &options.common.remote, refresh);
    let mut shared = open()?.expecting(expected.clone());
    // a mirror may lag behind what the last run wrote: it is asked once more before that is told
    if shared.anchored().is_err_and(|stop| stop.is(&audit::codes::LOG_ROLLBACK)) {
        shared = open()?.expecting(expected);
    }
    let clock = options.common.now.clock()?;
    let clock = if options.sandbox.is_set() { clock } else { clock.for_targets(shared.access())? };
    let mode = if options.only_ends { Mode::OnlyEnds } else { Mode::Full };
    if mode == Mode::Full {
        // what would stop the run is better found before the lease is taken
        let ledger = shared.anchored()?;
        if !options.sandbox.is_set() {
            shared.log_key(&options.key, &ledger.stored.log)?;
        }
    }
    let process = Process::watched();
    let run = Attempt { options, shared: &shared, clock, mode, id: random_id(), process: &process };
    let local = StateRefs::local(&repository, &shared.branch);
    let (refs, reference) =
        if options.sandbox.is_set() { (&local, rehearsal::LEASE) } else { (&shared.refs, REFERENCE) };
    let terms = Terms {
        reference: reference.to_owned(),
        holder: Holder::this_process(&run.id),
        length: LENGTH,
        wait: match (options.wait, mode) {
            (Some(seconds), _) => Duration::from_secs(seconds),
            (None, Mode::Full) => TAKEOVER,
            (None, Mode::OnlyEnds) => Duration::ZERO,
        },
        now: clock.now,
    };
    let lease = match Lease::take(&repository, refs, terms, &process) {
        Err(error) if mode == Mode::Full && error.is_of_another_run() => return Err(error.into()),
        lease => lease,
    };
    let held = lease.as_ref().map_err(apply::LeaseError::refusal).map(|lease| lease as &dyn apply::Hold);
    let result = run.under(held, refs);
    if let Ok(lease) = lease
        && let Err(refusal) = lease.release()
    {
        output::error(&report::errors::warning(&refusal, output::error_style()));
    }
    result
}

/// One run, from reading the log to writing it.
struct Attempt<'a> {
    options: &'a Options,
    shared: &'a Shared<'a>,
    clock: Clock,
    mode: Mode,
    id: String,
    process: &'a Process,
}

/// The log that a run writes to, and the key it writes with.
struct Books<'a> {
    store: Store<'a>,
    stored: Stored,
    key: LogKey,
}

impl Attempt<'_> {
    fn under(&self, lease: Result<&dyn apply::Hold, Refusal>, refs: &StateRefs<'_>) -> Result<Exit, Stop> {
        // whoever held the lease before may have written the log since it was read
        self.shared.refresh(match (self.mode, &lease) {
            (Mode::Full, _) => Refresh::Yes,
            (Mode::OnlyEnds, Ok(_)) => Refresh::IfItAnswers,
            (Mode::OnlyEnds, Err(_)) => Refresh::No,
        })?;
        let (recorded, logged) = match self.shared.anchored() {
            Ok(Ledger { stored, recorded }) => (recorded, Ok(stored)),
            Err(stop) => match self.shared.anchor_alone().filter(|_| self.mode == Mode::OnlyEnds) {
                Some(recorded) => (recorded, Err(stop)),
                None => return Err(stop),
            },
        };
        let verifier = self.shared.verifier(&recorded, self.clock.now)?;
        let chain = verifier.chain(self.shared.tip)?;
        let approved = verifier.approved(&chain)?;
        let books = match &logged {
            Ok(stored) => self.books(stored, refs, &approved),
            Err(stop) => Err(stop.clone()),
        };
        let past = match (&books, &logged) {
            (Ok(books), _) => Past::of(&books.stored.log, &verifier, &chain)?,
            (Err(stop), _) if self.mode == Mode::Full => return Err(stop.clone()),
            // a log that can't be written still says what was given
            (Err(_), Ok(stored)) if !self.options.sandbox.is_set() => Past::of(&stored.log, &verifier, &chain)?,
            (Err(_), _) => Past::default(),
        };
        let targets =
            Targets::open(self.shared.repository, past.trees(approved.tree()), &self.options.sandbox, self.clock)?;
        let facts = past.facts();
        let request = Request {
            approved: &approved,
            chain: &chain,
            past: &facts,
            now: self.clock.now,
            given: self.clock.given,
            mode: self.mode,
        };
        let why = [lease.as_ref().err().cloned(), books.as_ref().err().map(Self::no_log)];
        let why = why.into_iter().flatten().collect();
        let mut newest = logged.as_ref().ok().map(|stored| stored.log.checkpoint().to_vec());
        let clients = &mut targets.into_clients();
        let outcome = match (lease, books) {
            (Ok(lease), Ok(Books { store, stored, key })) => {
                let run = Run {
                    id: self.id.clone(),
                    commit: approved.commit(),
                    at: self.clock.now,
                    at_given: self.clock.given,
                };
                let journal = &mut RunJournal::open(store, stored, &key, &verifier, &chain, run)?;
                let outcome = apply::run(&request, clients, Footing::Whole { lease, journal }, self.process);
                if !self.options.sandbox.is_set() {
                    newest = Some(journal.stored().log.checkpoint().to_vec());
                }
                outcome
            }
            (lease, _) => apply::run(&request, clients, Footing::EndsOnly { lease: lease.ok(), why }, self.process),
        };
        self.process.end_progress();
        let zone = &approved.tree().access.config.zone;
        self.options.checkpoint.tell(&match self.options.format {
            Format::Text => report::apply::text(&outcome, zone, output::style()),
            Format::Json => report::json::apply(&outcome, zone),
        });
        let ended = exit(&outcome, &chain);
        let kept = newest.map_or(Ok(()), |newest| self.options.checkpoint.renew(&newest));
        Ok(kept.map_or_else(
            |stop| {
                output::error(&stop.text(output::error_style()));
                ended.worst(stop.exit)
            },
            |()| ended,
        ))
    }

    fn no_log(stop: &Stop) -> Refusal {
        stop.refusal(&audit::codes::LOG_UNAVAILABLE)
    }

    /// The log of the real targets, or the one that runs on embedded targets have for themselves.
    fn books<'b>(&'b self, real: &Stored, refs: &'b StateRefs<'_>, approved: &Approved) -> Result<Books<'b>, Stop> {
        if !self.options.sandbox.is_set() {
            let key = self.shared.log_key(&self.options.key, &real.log)?;
            return match shared::outdated(&real.log, approved.commit(), &approved.tree().access) {
                Some(refusal) => Err(Stop::refused(Exit::Refused, vec![refusal])),
                None => Ok(Books { store: self.shared.store(), stored: real.clone(), key }),
            };
        }
        let key = rehearsal::key(self.shared.repository)?;
        let store = Store::new(self.shared.repository, refs, rehearsal::LOG);
        let stored = match store.load(key.verifier())? {
            Some(stored) => stored,
            None => {
                let Some(Record::Genesis(genesis)) = real.log.entries().first().map(audit::Entry::record) else {
                    return Err(Stop::usage("the log has no genesis", "begin it with `dualkey audit init`"));
                };
                let log_key = key.verifier().to_string();
                store.create(
                    Genesis { log_key, continues: Vec::new(), at: At(self.clock.now), ..genesis.clone() },
                    &key,
                )?
            }
        };
        Ok(Books { store, stored, key })
    }
}

fn exit(outcome: &Outcome, chain: &Chain) -> Exit {
    let applied = match outcome.exit() {
        apply::Exit::Done => Exit::Done,
        apply::Exit::Refused => Exit::Refused,
        apply::Exit::Partial => Exit::Partial,
        apply::Exit::Unjudged => Exit::Unjudged,
    };
    // what waits may wait because it could not be judged
    let unjudged = chain.refused().flat_map(|landing| &landing.refusals).any(report::verify::is_unjudged);
    if unjudged { applied.worst(Exit::Unjudged) } else { applied }
}

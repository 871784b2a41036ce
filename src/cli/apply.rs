//! `dualkey apply`

use std::cell::{OnceCell, RefCell};
use std::time::Duration;

use clap::Args;
use jiff::tz::TimeZone;

use super::checkpoint::CheckpointOption;
use super::context::Clock;
use super::ends::{Basis, Proven};
use super::judging::{Judged, Question, asked_to_stop};
use super::opening::nothing_proven;
use super::process::{Process, outlive_limits};
use super::revisions::Reads;
use super::shared::{Ledger, LogKeyOption, Refresh, Shared, kept_anchor};
use super::stage::{Books, Stage};
use super::targets::{Proof, SandboxOption, Targets};
use super::{Common, Exit, Format, Stop, applied, context, healing, kept, output, prune};
use crate::access::{Access, Revision};
use crate::apply::lease::{Holder, LENGTH, Lease, TAKEOVER, Terms, random_id};
use crate::apply::{self, Ending, Footing, Mode, Outcome, Request};
use crate::approval::{Chain, Recorded, Verifier};
use crate::audit::{Run, RunJournal, Stored, entries};
use crate::finding::Refusal;
use crate::repository::{Oid, Repository, Swap};
use crate::{audit, report};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey apply --log-key ~/northwind-access.log-key\n  \
                        dualkey apply --only-ends    often, by a schedule: it can only take away\n  \
                        dualkey apply --sandbox      try it, every target played by an embedded one\n  \
                        dualkey apply --comment      and say below each pull request what came of it\n\
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
    /// Say below each pull request what came of it: done, failed, refused; also where an earlier run said nothing
    #[arg(long, conflicts_with_all = ["only_ends", "sandbox"])]
    comment: bool,
    /// Wait this many seconds for a lease that somebody else holds [default: until one that nobody touches is taken over;
    /// with --only-ends not at all, since it goes on without]
    #[arg(long, value_name = "SECONDS")]
    wait: Option<u64>,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    outlive_limits();
    opened(options)
        .and_then(|repository| attempt(options, &repository, kept_anchor()))
        .map_err(|stop| stop.leaving("nothing was applied"))
}

fn attempt(options: &Options, repository: &Repository, anchor: Option<String>) -> Result<Exit, Stop> {
    let mode = if options.only_ends { Mode::OnlyEnds } else { Mode::Full };
    let refresh = if options.only_ends { Refresh::IfItAnswers } else { Refresh::Yes };
    let expected = options.checkpoint.read();
    let process = Process::watched();
    repository.allow_logs(Some(process.stop()));
    let open = |repository| {
        let remote = &options.common.remote;
        let shared = Shared::of_anchor(repository, remote, refresh, anchor.clone(), &mut Reads::default())?;
        Ok::<_, Stop>(shared.expecting(expected.clone()))
    };
    let (first, healed) = (open(repository), OnceCell::new());
    let looked = first.as_ref().map(Shared::anchored);
    let is_unread = !matches!(looked, Ok(Ok(_)));
    let is_behind = matches!(&looked, Ok(Err(stop)) if stop.is(&audit::codes::LOG_ROLLBACK));
    let (repository, shared) = match mode {
        Mode::OnlyEnds if is_unread && healing::heal(repository, &options.common.remote) => {
            let anew = opened(options)?;
            anew.allow_logs(Some(process.stop()));
            let repository = healed.get_or_init(|| anew);
            (repository, open(repository)?)
        }
        Mode::OnlyEnds | Mode::Full => (repository, first?),
    };
    // a mirror may lag behind what the last run wrote: it is asked once more before that is told
    let shared = if is_behind { open(repository)? } else { shared };
    let clock = options.common.now.clock()?;
    let stage = Stage::of(&shared, &options.sandbox);
    if mode == Mode::Full {
        // nobody signs what a forge tells: what was recorded since a checkpoint was kept outside is asked again
        shared.ask_again_after(expected.size());
        // what would stop the run is better found before the lease is taken
        let ledger = shared.anchored()?;
        stage.prepare(clock, &options.key, &ledger)?;
    }
    if mode == Mode::Full && process.hear() {
        return Err(asked_to_stop());
    }
    let run = Attempt {
        options,
        shared: &shared,
        stage: &stage,
        clock,
        mode,
        id: random_id(),
        process: &process,
        settled: RefCell::default(),
    };
    let terms = Terms {
        reference: stage.lease().to_owned(),
        holder: Holder::this_process(&run.id),
        length: LENGTH,
        wait: match (options.wait, mode) {
            (Some(seconds), _) => Duration::from_secs(seconds),
            (None, Mode::Full) => TAKEOVER,
            (None, Mode::OnlyEnds) => Duration::ZERO,
        },
        now: clock.now,
    };
    let lease = match Lease::take(repository, stage.refs(), terms, &process) {
        Err(error) if mode == Mode::Full && error.is_of_another_run() => return Err(error.into()),
        lease => lease,
    };
    // whoever held the lease before may have written the log since it was read
    let is_newest = lease.as_ref().is_ok_and(Lease::is_undisturbed) && shared.is_fresh();
    if !is_newest {
        shared.refresh(match (mode, &lease) {
            (Mode::Full, _) => Refresh::Yes,
            (Mode::OnlyEnds, Ok(_)) => Refresh::IfItAnswers,
            (Mode::OnlyEnds, Err(_)) => Refresh::No,
        })?;
    }
    let held = lease.as_ref().map_err(apply::LeaseError::refusal).map(|lease| lease as &dyn apply::Hold);
    let result = run.under(held);
    if let Ok(lease) = lease
        && let Err(refusal) = lease.release()
    {
        output::warn(&report::errors::warning(&refusal, output::error_style()));
    }
    if !process.hear() {
        prune::prune(&shared, &run.settled.take());
    }
    result
}

fn opened(options: &Options) -> Result<Repository, Stop> {
    let repository = context::open(&options.common.repo)?;
    repository.shield_programs();
    healing::drop_unreadable_refs(&repository);
    Ok(repository)
}

/// One run, from reading the log to writing it.
struct Attempt<'a> {
    options: &'a Options,
    shared: &'a Shared<'a>,
    stage: &'a Stage<'a>,
    clock: Clock,
    mode: Mode,
    id: String,
    process: &'a Process,
    /// Refs that nobody needs any more once the run has ended.
    settled: RefCell<Vec<Swap>>,
}

impl Attempt<'_> {
    fn under(&self, lease: Result<&dyn apply::Hold, Refusal>) -> Result<Exit, Stop> {
        let logged = self.shared.anchored();
        let logged = if logged.is_err() && self.hears() { Err(asked_to_stop()) } else { logged };
        let ledger = match &logged {
            Ok(ledger) if self.shared.is_fresh() => ledger,
            Ok(ledger) => return self.apart(Basis::LastSeen, Some(ledger), &[&not_fresh()], lease),
            Err(stop) if self.mode == Mode::Full => return Err(stop.clone()),
            Err(stop) => {
                // a log that nobody could ask for is not one that was cut off
                let unanswered = not_fresh();
                let is_unseen = !self.shared.is_fresh() && matches!(self.shared.ledger(), Ok(None));
                let stop = if is_unseen { &unanswered } else { stop };
                let copy = kept::copy(self.shared);
                // whoever can push can put anything on top of the log, which takes nothing away from it
                let below = kept::below(self.shared).filter(|(below, _)| self.is_newer(below, copy.as_ref()));
                if let Some((below, steps)) = below {
                    let beyond = self.shared.goes_on(&below.stored).err();
                    let told = below_the_ref(&below, steps);
                    let stops: Vec<&Stop> = [stop, &told].into_iter().chain(&beyond).collect();
                    return self.apart(Basis::Below, Some(&below), &stops, lease);
                }
                if let Some(copy) = copy {
                    return self.apart(Basis::Kept, Some(&copy), &[stop], lease);
                }
                // a log may fit the anchor though it was rolled back, or the branch no longer holds what changed its key
                return match kept::earlier(self.shared) {
                    Some((log, 0)) => self.apart(Basis::Log, Some(&log), &[stop], lease),
                    Some((log, _)) => self.apart(Basis::Below, Some(&log), &[stop], lease),
                    None => self.apart(Basis::Anchor, None, &[stop], lease),
                };
            }
        };
        kept::keep(self.shared, &ledger.stored);
        let question = self.question(&ledger.recorded, Some(ledger));
        let judged = question.judge();
        // who can't wait for that has the ends of what was judged before
        let judged = if self.hears() { Err(asked_to_stop()) } else { judged };
        let short = match &judged {
            Ok(judged) => judged.short(),
            Err(stop) => Some(stop.clone()),
        };
        match (judged, short) {
            (Ok(judged), None) => self.whole(ledger, &judged, lease),
            (judged, short) => {
                let of = (Some(ledger), question);
                let stops: Vec<&Stop> = short.iter().collect();
                let proven = Proven::gather(Basis::Log, of, judged.as_ref().ok(), &stops)?;
                let books = self.books(&ledger.stored, proven.commit, &proven.settings.access);
                let newest = ledger.stored.log.checkpoint().to_vec();
                let verifier = self.shared.verifier(&ledger.recorded, self.clock.now)?;
                self.ends(&proven, Some((books, &verifier, newest)), lease)
            }
        }
    }

    fn question<'q>(&'q self, recorded: &'q Recorded, ledger: Option<&'q Ledger>) -> Question<'q> {
        let log = ledger.map(|ledger| &ledger.stored.log);
        Question { shared: self.shared, recorded, log, now: self.clock.now, stop: Some(self.process.stop()) }
    }

    /// True of a log that goes on from the copy that this clone keeps, and holds more.
    fn is_newer(&self, below: &Ledger, copy: Option<&Ledger>) -> bool {
        let Some(copy) = copy else { return true };
        let goes_on = || {
            let files = below.stored.files(self.shared.repository).ok()?;
            below.stored.log.verify_consistency(&files, copy.stored.log.checkpoint()).ok()
        };
        below.stored.log.size() > copy.stored.log.size() && goes_on().is_some()
    }

    /// True where a signal asked to stop. What ends go on from is read all the same.
    fn hears(&self) -> bool {
        let heard = self.process.hear();
        if heard {
            self.shared.repository.allow_logs(None);
        }
        heard
    }

    /// Brings live state to what was approved.
    fn whole(
        &self,
        ledger: &Ledger,
        judged: &Judged<'_>,
        lease: Result<&dyn apply::Hold, Refusal>,
    ) -> Result<Exit, Stop> {
        let Judged { chain, approved, past, verifier } = judged;
        let tree = &approved.tree().access;
        let books = self.books(&ledger.stored, approved.commit(), tree);
        if let Err(stop) = &books
            && self.mode == Mode::Full
        {
            return Err(stop.clone());
        }
        let own = self.stage.past(books.as_ref().ok(), verifier, chain)?;
        let past = own.as_ref().unwrap_or(past);
        let targets = self.targets(past.trees(approved.tree()), Proof::Trees)?;
        let facts = past.facts();
        let (now, given) = (self.clock.now, self.clock.given);
        let request = Request { approved, chain, past: &facts, now, given, mode: self.mode };
        let clients = &mut targets.clients(self.process);
        let mut newest = ledger.stored.log.checkpoint().to_vec();
        let outcome = match (lease, books) {
            (Ok(lease), Ok(Books { store, stored, key })) => {
                match RunJournal::open(store, stored, &key, verifier, chain, self.named(chain)) {
                    Ok(mut journal) => {
                        let footing = Footing::Whole { lease, journal: &mut journal };
                        let outcome = apply::run(&request, clients, footing, self.process);
                        self.keep(&journal, &mut newest);
                        self.settle(ledger, &journal, chain);
                        outcome
                    }
                    // what can't be written down gives nothing, and holds up no end
                    Err(error) => {
                        let footing = without_log(Ok(lease), Some(Self::no_log(&error.into())));
                        apply::run(&request, clients, footing, self.process)
                    }
                }
            }
            (lease, books) => {
                let footing = without_log(lease, books.err().as_ref().map(Self::no_log));
                apply::run(&request, clients, footing, self.process)
            }
        };
        self.print(&outcome, &approved.tree().access.config.zone);
        if self.options.comment {
            applied::comment(judged, &outcome, &ledger.recorded, self.clock, self.process);
        }
        // INVARIANT: a checkpoint covers no record that the forge doesn't confirm, since it is never asked about that again
        let newest = Some(&newest[..]).filter(|_| !self.shared.doubts(chain));
        Ok(self.renew(newest, exit(&outcome, chain)))
    }

    /// Takes away what is over by what is proven without the newest log, which then can't be written.
    fn apart(
        &self,
        basis: Basis,
        ledger: Option<&Ledger>,
        stops: &[&Stop],
        lease: Result<&dyn apply::Hold, Refusal>,
    ) -> Result<Exit, Stop> {
        let anchor = self.shared.anchor_alone();
        let Some(recorded) = ledger.map(|ledger| &ledger.recorded).or(anchor.as_ref()) else {
            return Err(stops.first().map_or_else(|| nothing_proven(&[]), |stop| (*stop).clone()));
        };
        let question = self.question(recorded, ledger);
        let judged = question.judge();
        let judged = if self.hears() { Err(asked_to_stop()) } else { judged };
        let short = judged.as_ref().ok().and_then(Judged::short);
        let mut stops = stops.to_vec();
        // of a branch that was never seen nothing is said where the remote is what is missing
        stops.extend(judged.as_ref().err().filter(|_| self.shared.is_fresh() || self.shared.tip().is_ok()));
        stops.extend(short.as_ref());
        let proven = Proven::gather(basis, (ledger, question), judged.as_ref().ok(), &stops)?;
        self.ends(&proven, None, lease)
    }

    /// Takes away what is over, and gives nothing.
    fn ends(
        &self,
        proven: &Proven,
        books: Option<(Result<Books<'_>, Stop>, &Verifier<'_>, Vec<u8>)>,
        lease: Result<&dyn apply::Hold, Refusal>,
    ) -> Result<Exit, Stop> {
        let Proven { declared, commit, settings, why, unjudged, time, numbers } = proven;
        // without an anchor whoever can push says what was approved
        let proof = if self.shared.anchor().is_some() { Proof::Trees } else { Proof::None };
        let targets = self.targets([self.shared.pinned_revision(), settings].into_iter(), proof)?;
        let (now, given) = (self.clock.now, self.clock.given);
        let ending = Ending { declared, commit: *commit, settings, why, now, given, proven: *time, numbers };
        let clients = &mut targets.clients(self.process);
        let mut newest = None;
        let outcome = match (lease, books) {
            (Ok(lease), Some((Ok(Books { store, stored, key }), verifier, mut checkpoint))) => {
                let chain = verifier.recorded();
                match RunJournal::open(store, stored, &key, verifier, &chain, self.named(&chain)) {
                    Ok(mut journal) => {
                        let footing = Footing::Whole { lease, journal: &mut journal };
                        let outcome = apply::end(&ending, clients, footing, self.process);
                        self.keep(&journal, &mut checkpoint);
                        newest = Some(checkpoint);
                        outcome
                    }
                    Err(error) => {
                        let footing = without_log(Ok(lease), Some(Self::no_log(&error.into())));
                        apply::end(&ending, clients, footing, self.process)
                    }
                }
            }
            (lease, Some((Err(stop), _, _))) => {
                apply::end(&ending, clients, without_log(lease, Some(Self::no_log(&stop))), self.process)
            }
            // why the log can't be written is said already
            (lease, _) => apply::end(&ending, clients, without_log(lease, None), self.process),
        };
        self.print(&outcome, &settings.access.config.zone);
        let idle = outcome.done.is_empty() && outcome.failed.is_empty();
        let ended = match (idle, unjudged) {
            (true, true) => Exit::Unjudged,
            // what was refused, and nothing was changed
            (true, false) if outcome.is_logged() => Exit::Refused,
            _ => of(&outcome),
        };
        Ok(self.renew(newest.as_deref(), ended))
    }

    fn targets<'r, 'p>(
        &self,
        trees: impl Iterator<Item = &'r Revision> + Clone,
        proof: Proof<'p>,
    ) -> Result<Targets<'p>, Stop> {
        for tree in trees.clone() {
            self.stage.allows(self.clock, &tree.access)?;
        }
        Ok(Targets::of(self.shared.repository, trees, proof, &self.options.sandbox, self.clock))
    }

    /// This run, as the log names it.
    fn named(&self, chain: &Chain) -> Run {
        Run { id: self.id.clone(), commit: chain.last, at: self.clock.now, at_given: self.clock.given }
    }

    /// What a run wrote is the newest copy of the log.
    fn keep(&self, journal: &RunJournal<'_>, newest: &mut Vec<u8>) {
        if let Some(checkpoint) = self.stage.keep(journal.stored()) {
            *newest = checkpoint;
        }
    }

    /// Looks which refs the log stands for from now on. A run that may only take away looks at none.
    fn settle(&self, before: &Ledger, journal: &RunJournal<'_>, chain: &Chain) {
        if self.mode == Mode::Full {
            self.settled.replace(self.stage.settled(before, journal.stored(), chain));
        }
    }

    /// Says so where nothing is to be done since what was merged here isn't pushed.
    fn unpushed(&self) {
        let (branch, remote) = (&self.shared.branch, self.shared.refs.remote());
        let ahead = self.shared.tip.and_then(|tip| self.shared.repository.ahead_of(branch, tip)).unwrap_or_default();
        let Some(remote) = remote.filter(|_| ahead > 0) else { return };
        let commits = if ahead == 1 { "1 commit".to_owned() } else { format!("{ahead} commits") };
        let message = format!("`{branch}` here is {commits} ahead of {remote}: what isn't pushed isn't applied");
        let help = format!("`git push {remote} {branch}`, then apply again");
        output::warn(&report::errors::error(&message, Some(&help), output::error_style()));
    }

    fn print(&self, outcome: &Outcome, zone: &TimeZone) {
        if outcome.is_superseded() {
            self.unpushed();
        }
        self.process.end_progress();
        self.options.checkpoint.tell(&match self.options.format {
            Format::Text => report::apply::text(outcome, zone, output::style()),
            Format::Json => report::json::apply(outcome, zone),
        });
    }

    /// Keeps the newest checkpoint that is proven, last of all.
    fn renew(&self, newest: Option<&[u8]>, ended: Exit) -> Exit {
        let Some(newest) = newest.or_else(|| self.shared.expected.text()) else { return ended };
        match self.options.checkpoint.renew(newest) {
            Ok(()) => ended,
            Err(stop) => {
                output::error(&stop.text(output::error_style()));
                ended.worst(stop.exit)
            }
        }
    }

    fn no_log(stop: &Stop) -> Refusal {
        stop.refusal(&audit::codes::LOG_UNAVAILABLE)
    }

    fn books(&self, real: &Stored, commit: Oid, tree: &Access) -> Result<Books<'_>, Stop> {
        self.stage.books((&self.options.key, self.clock.now), real, (commit, tree))
    }
}

/// What is told where the ref of the log holds something else on top of it.
fn below_the_ref(below: &Ledger, steps: usize) -> Stop {
    let commits = if steps == 1 { "one commit".to_owned() } else { format!("{steps} commits") };
    let refusal = Refusal::new(
        &audit::codes::LOG_COVERED,
        format!(
            "the newest log that holds together, of {}, lies {commits} below its ref",
            entries(below.stored.log.size())
        ),
        format!("see who pushed on top of it, and set the ref back to {}", below.stored.commit),
    );
    Stop::refused(Exit::Refused, vec![refusal])
}

/// What a run stands on that writes no log.
fn without_log(lease: Result<&dyn apply::Hold, Refusal>, why: Option<Refusal>) -> Footing<'_> {
    let why = lease.as_ref().err().cloned().into_iter().chain(why).collect();
    Footing::EndsOnly { lease: lease.ok(), why }
}

/// Why nobody knows whether the log is the newest.
fn not_fresh() -> Stop {
    let refusal = Refusal::new(
        &audit::codes::LOG_UNAVAILABLE,
        "the remote didn't answer, so nobody knows what was approved or recorded since it was seen last",
        "see that the remote answers, then run again",
    );
    Stop::refused(Exit::Unjudged, vec![refusal])
}

fn of(outcome: &Outcome) -> Exit {
    match outcome.exit() {
        apply::Exit::Done => Exit::Done,
        apply::Exit::Refused => Exit::Refused,
        apply::Exit::Partial => Exit::Partial,
        apply::Exit::Unjudged => Exit::Unjudged,
    }
}

fn exit(outcome: &Outcome, chain: &Chain) -> Exit {
    // what waits may wait because it could not be judged
    let unjudged = chain.refused().flat_map(|landing| &landing.refusals).any(report::verify::is_unjudged);
    if unjudged { of(outcome).worst(Exit::Unjudged) } else { of(outcome) }
}

#[cfg(test)]
#[path = "apply_tests.rs"]
mod tests;

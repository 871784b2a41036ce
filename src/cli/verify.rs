//! `dualkey verify`

use clap::Args;

use super::context::Clock;
use super::evidence::PullState;
use super::forge::{self, Desk};
use super::judging::{Foreseen, Judged, Question, foresee};
use super::process::Process;
use super::shared::{self, Refresh, Shared};
use super::{Common, Exit, ReviewFormat, Stop, context, output};
use crate::approval::{Landing, Verdict};
use crate::finding::Refusal;
use crate::forge::texts::Check;
use crate::report::{Labels, PlanView, Style};
use crate::repository::{Oid, Repository};
use crate::{apply, audit, report};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey verify                    every landing on the protected branch\n  \
                        dualkey verify --head feature     would this land if it was merged now?\n  \
                        dualkey verify --pull 7           the same of a pull request, or what came of it\n  \
                        dualkey verify --pull 7 --check   and say so on its head at the forge\n  \
                        dualkey verify --range A..B       the landings after A up to B")]
pub struct Options {
    #[command(flatten)]
    common: Common,
    /// Verify up to this commit of the protected branch [default: its tip]
    #[arg(long, value_name = "REV", conflicts_with_all = ["range", "head"])]
    rev: Option<String>,
    /// Print only the landings after A up to B
    #[arg(long, value_name = "A..B", conflicts_with = "head")]
    range: Option<String>,
    /// Say whether this would land if it was merged onto the tip now
    #[arg(long, value_name = "REV")]
    head: Option<String>,
    /// Say whether this pull request would land if it was merged now or, where it was merged, whether it did
    #[arg(long, value_name = "N", conflicts_with_all = ["rev", "range", "head"])]
    pull: Option<u64>,
    /// Put the answer on the head at the forge as the check `dualkey verify`, for a rule of the branch to ask for
    #[arg(long, conflicts_with_all = ["rev", "range"])]
    check: bool,
    #[arg(long, value_enum, default_value = "text")]
    format: ReviewFormat,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let repository = context::open(&options.common.repo)?;
    match decide(options, &repository) {
        // verify reports; what apply would refuse is a finding here
        Err(stop) if stop.exit == Exit::Refused => Err(stop.with(Exit::Findings)),
        result => result,
    }
}

fn decide(options: &Options, repository: &Repository) -> Result<Exit, Stop> {
    let shared = Shared::open(repository, &options.common.remote, Refresh::Yes)?;
    let clock = options.common.now.clock()?;
    if let Some(head) = &options.head {
        return of_head(options, &shared, context::head(repository, head)?, clock);
    }
    if options.check && options.pull.is_none() {
        return Err(Stop::usage("a check stands on a head", "name it with --head REV or --pull N"));
    }
    let ledger = shared.anchored()?;
    let pull = options.pull.map(|number| shared.pull(&ledger.recorded, number)).transpose()?;
    if let Some(PullState::Open(head)) = pull {
        return of_head(options, &shared, head, clock);
    }
    let (after, tip) = match &options.range {
        Some(range) => {
            let (from, to) = range
                .split_once("..")
                .ok_or_else(|| Stop::usage(format!("`{}` is not a range", range.escape_debug()), "write it as A..B"))?;
            (Some(repository.resolve(from)?), repository.resolve(to)?)
        }
        None => (
            None,
            match &options.rev {
                Some(rev) => repository.resolve(rev)?,
                None => shared.tip()?,
            },
        ),
    };
    if options.rev.is_some() || after.is_some() {
        on_branch(repository, &shared, tip)?;
    }
    let Judged { chain, verifier, .. } = Question::of(&shared, &ledger, clock.now).judge_to(tip)?;
    // what is wrong beside the landings
    let beside: Vec<Refusal> = match after.is_none() && options.rev.is_none() && pull.is_none() {
        true => {
            let (tree, log) = (verifier.revision(chain.last)?, &ledger.stored.log);
            let overdue = apply::overdue(&tree, audit::last_run(log, clock.now), clock.now);
            overdue.into_iter().chain(shared::outdated(log, chain.last, &tree.access)).collect()
        }
        false => Vec::new(),
    };
    let mut landings: Vec<&Landing> = chain.landings.iter().collect();
    if let Some(after) = after {
        let start = landings.iter().position(|landing| landing.base == after || landing.commit == after);
        landings = match start {
            Some(at) if landings.get(at).is_some_and(|landing| landing.commit == after) => landings.split_off(at + 1),
            Some(at) => landings.split_off(at),
            None => {
                let message = format!("no landing starts or ends at {}", after.short());
                return Err(Stop::usage(message, "name a commit of the protected branch's first-parent chain"));
            }
        };
    }
    if let Some(PullState::Merged(commit)) = pull {
        landings.retain(|landing| landing.commit == commit);
        if landings.is_empty() {
            return Err(Stop::usage(
                format!("no landing ends at {}, by which it was merged", commit.short()),
                "`dualkey verify` tells of all landings; a commit inside of one is judged with it",
            ));
        }
    }
    output::print(&match options.format {
        ReviewFormat::Text => report::verify::text(&ledger.recorded, &landings, output::style()),
        ReviewFormat::Json => report::json::verify(&landings),
        ReviewFormat::Markdown => report::markdown::verify(&landings),
        ReviewFormat::Github => report::github::verify(&landings),
    });
    if beside.is_empty() {
        return Ok(exit(&landings));
    }
    output::error(&report::errors::refusals(&beside, output::error_style()));
    Ok(exit(&landings).worst(Exit::Findings))
}

/// A verdict on what never was on the branch would be taken for one on the branch.
fn on_branch(repository: &Repository, shared: &Shared<'_>, commit: Oid) -> Result<(), Stop> {
    if repository.first_parents(shared.tip()?)?.contains(&commit) {
        return Ok(());
    }
    Err(Stop::usage(
        format!("{} is not on `{}`", commit.short(), shared.branch),
        "`dualkey verify --head REV` says whether it would land there",
    ))
}

fn exit(landings: &[&Landing]) -> Exit {
    let refused = landings.iter().filter(|landing| landing.verdict == Verdict::Refused);
    refused
        .flat_map(|landing| &landing.refusals)
        .map(|refusal| if report::verify::is_unjudged(refusal) { Exit::Unjudged } else { Exit::Findings })
        .fold(Exit::Done, Exit::worst)
}

/// Whether a head would land. INVARIANT: a head of which that isn't known any more keeps no check that says so.
fn of_head(options: &Options, shared: &Shared<'_>, head: Oid, clock: Clock) -> Result<Exit, Stop> {
    let foreseen = shared.anchored().and_then(|ledger| foresee(shared, &ledger, head, clock.now));
    let (check, config, ended) = match &foreseen {
        Ok(foreseen) => {
            let (ended, check) = prospect(options, foreseen);
            (check, &foreseen.prospect.trusted.revision().access.config, Ok(ended))
        }
        Err(stop) => (report::checks::unjudged(head, &stop.text(Style::PLAIN)), shared.pinned(), Err(stop.clone())),
    };
    if !options.check {
        return ended;
    }
    let waits = Process::unwatched().patience();
    let posted = forge::told(Desk::open(config, waits).and_then(|desk| desk.check(&check, false)));
    match ended {
        Ok(ended) => Ok(ended.worst(if posted == Exit::Done { Exit::Done } else { Exit::Unjudged })),
        Err(stop) => Err(stop),
    }
}

/// Prints what would become of a head, and gives the check that says so.
fn prospect(options: &Options, foreseen: &Foreseen) -> (Exit, Check) {
    let Foreseen { prospect, refused, behind } = foreseen;
    let candidate = prospect.candidate();
    let standing = prospect.standing(candidate.plan());
    let (base, head) = (prospect.base.short(), prospect.head.short());
    let labels = Labels { base: &base, head: &head, refused: refused.first().map(|landing| landing.commit) };
    let view = PlanView { plan: candidate.plan(), standing: &standing, live: None, labels };
    output::print(&match options.format {
        ReviewFormat::Text => report::verify::prospect(prospect, &view, *behind, output::style()),
        ReviewFormat::Json => report::json::prospect(prospect, &view),
        ReviewFormat::Markdown => report::markdown::prospect(prospect, &view),
        ReviewFormat::Github => report::github::prospect(prospect),
    });
    let ended = match &prospect.outcome {
        Ok(_) => Exit::Done,
        Err(refusals) => refusals
            .iter()
            .map(|refusal| if report::verify::is_unjudged(refusal) { Exit::Unjudged } else { Exit::Findings })
            .fold(Exit::Findings, Exit::worst),
    };
    (ended, report::checks::verify(prospect, &view))
}

//! `dualkey plan`

use std::mem::ManuallyDrop;
use std::rc::Rc;

use clap::Args;

use super::context::{self, Clock, Look};
use super::forge::{self, Desk, Words};
use super::judging::{Foreseen, Judged, Question, foresee};
use super::past::Past;
use super::process::Process;
use super::revisions::Reads;
use super::shared::{Ledger, Refresh, Shared};
use super::stage::Stage;
use super::targets::{Proof, SandboxOption, Targets};
use super::{Exit, NowOption, RemoteOption, RepoOption, ReviewFormat, Stop, output};
use crate::access::{Config, LastRead, Revision};
use crate::approval::{Landing, codes};
use crate::finding::Refusal;
use crate::plan::{self, Circumstances, Plan, Said, Standing, Verdict};
use crate::report::{self, Labels, PlanView};
use crate::repository::{Oid, Repository};
use crate::{apply, approval};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey plan                      what the work tree would change\n  \
                        dualkey plan --head feature       what a branch would change, who approved it\n  \
                        dualkey plan --format markdown    for the summary of a job\n  \
                        dualkey plan --head HEAD --comment    below its pull request, and as a check of it\n  \
                        dualkey plan --live               with the calls that apply would make")]
pub struct Options {
    #[command(flatten)]
    repo: RepoOption,
    #[command(flatten)]
    now: NowOption,
    /// What the change starts from [default: the merge base with the protected branch; for `--head` behind what was refused
    /// there the last verified landing, as `approve` does]
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// What the change leads to [default: the work tree]
    #[arg(long, value_name = "REV")]
    head: Option<String>,
    /// Read the targets and show the calls that apply would make
    #[arg(long)]
    live: bool,
    #[command(flatten)]
    sandbox: SandboxOption,
    /// Keep the plan in one comment below the pull request whose head this is, and put it on the head as the check
    /// `dualkey plan`
    #[arg(long, requires = "head", conflicts_with = "sandbox")]
    comment: bool,
    /// The pull request, where several have this head
    #[arg(long, value_name = "N", requires = "comment")]
    pull: Option<u64>,
    #[arg(long, value_enum, default_value = "text")]
    format: ReviewFormat,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let repository = context::open(&options.repo)?;
    let clock = options.now.clock()?;
    show(options, &repository, clock).map_err(|stop| stop.in_clone(&repository))
}

fn show(options: &Options, repository: &Repository, clock: Clock) -> Result<Exit, Stop> {
    // the process ends with this: to give so much memory back piece by piece would only take its time
    let mut reads = ManuallyDrop::new(Reads::default());
    let (head, commit) = match &options.head {
        Some(rev) => {
            let oid = context::head(repository, rev)?;
            (Look::Commit(oid), oid)
        }
        None => (Look::WorkTree, repository.head()?),
    };
    let mut after = ManuallyDrop::new(Rc::new(context::load_or_show(repository, head, &mut reads.last)?));
    let branch = after.access.config.branch.clone();
    let heard = match head {
        Look::Commit(head) => Heard::of(repository, head, clock, &mut reads)?,
        Look::WorkTree => Heard::default(),
    };
    // a head is shown as whoever approves it is shown it, unless another base is named
    let shown = heard.foreseen.as_ref().filter(|_| options.base.is_none());
    let candidate = ManuallyDrop::new(shown.map(|foreseen| foreseen.prospect.candidate()));
    let (before, compared);
    let (plan, base) = match (&*candidate, shown) {
        (Some(candidate), Some(shown)) => (candidate.plan(), shown.prospect.base),
        (None, _) | (_, None) => {
            let base = match &options.base {
                Some(rev) => repository.resolve(rev)?,
                None => context::default_base(repository, &branch, commit)?,
            };
            // what one side manages is shown of both
            let [of_base, of_head] = [repository.managed_of(base)?, after.access.config.managed.clone()];
            if of_head.clone().and(&of_base) != of_head {
                let beside = context::load_beside_or_show(repository, head, &of_base, &mut reads.last)?;
                after = ManuallyDrop::new(Rc::new(beside));
            }
            let loaded = context::load_beside_or_show(repository, Look::Commit(base), &of_head, &mut reads.last)?;
            before = ManuallyDrop::new(Rc::new(loaded));
            if of_base == of_head {
                reads.revisions.insert(base, Rc::clone(&before));
            }
            let held = heard.foreseen.as_ref().map(|foreseen| foreseen.prospect.held.clone()).unwrap_or_default();
            compared = ManuallyDrop::new(plan::plan_after(&before, &after, clock.now, &held));
            (&*compared, base)
        }
    };
    let standing = heard.standing(repository, plan, (base, commit))?;
    let is_live = options.live || options.sandbox.is_set();
    // who still writes hears later of what stands on the branch
    let known = match head {
        Look::WorkTree if is_live || plan.is_nothing() => Known::of(repository, &mut reads)?,
        Look::WorkTree | Look::Commit(_) => heard.known,
    };
    let refused = match (&heard.foreseen, head) {
        (Some(foreseen), _) => foreseen.refused.first().cloned(),
        (None, Look::WorkTree) if plan.is_nothing() => known.refused(clock)?,
        (None, _) => None,
    };
    let (drift, looked) = match is_live {
        true => {
            live(repository, &known, plan.head, clock, &options.sandbox).map(|(drift, ended)| (Some(drift), ended))?
        }
        false => (None, Exit::Done),
    };
    let labels = Labels {
        base: &label(&branch, base),
        head: &head.label(),
        refused: refused.as_ref().filter(|_| shown.is_some()).map(|landing| landing.commit),
    };
    let view = PlanView { plan, standing: &standing, live: drift.as_ref(), labels };
    if let Some(told) = refused.as_ref().and_then(|landing| waiting(&branch, landing)) {
        output::warn(&report::errors::warning(&told, output::error_style()));
    }
    output::print(&match options.format {
        ReviewFormat::Text => report::plan::text(&view, output::style()),
        ReviewFormat::Markdown => report::markdown::plan(&view),
        ReviewFormat::Github => report::github::plan(&view),
        ReviewFormat::Json => report::json::plan(&view, Some(base), head.commit()),
    });
    let unread = drift.as_ref().map(apply::Drift::refusals).unwrap_or_default();
    output::error(&report::errors::refusals(&unread, output::error_style()));
    let mut ended = exit(&standing).worst(looked);
    if let (true, Look::Commit(head)) = (options.comment, head) {
        // the token goes where these settings say, so nothing that the head proposes is among them
        let settings = match (&heard.foreseen, &known.0, &heard.unheard) {
            (Some(foreseen), _, _) => Ok(&foreseen.prospect.trusted.revision().access.config),
            (None, Some((shared, _)), _) => Ok(shared.pinned()),
            (None, None, None) => Ok(&plan.base.access.config),
            (None, None, Some(unheard)) => Err(Stop::refused(Exit::Unjudged, vec![unheard.clone()])),
        };
        ended = ended.worst(forge::told(settings.and_then(|settings| comment(settings, head, options.pull, &view))));
    }
    Ok(if unread.is_empty() { ended } else { ended.worst(Exit::Unjudged) })
}

/// Puts the plan below its pull request and on its head.
fn comment(settings: &Config, head: Oid, pull: Option<u64>, view: &PlanView<'_>) -> Result<(), Stop> {
    let desk = Desk::open(settings, Process::unwatched().patience())?;
    let pull = desk.pull_of(head, pull)?;
    let (marker, body) = report::comment::plan(view);
    desk.comment(pull, Words { marker: &marker, body: &body, later: false })?;
    desk.check(&report::checks::plan(view, head), true)
}

fn exit(standing: &Standing) -> Exit {
    match standing.verdict {
        // a file of the change that can't be read is the author's to mend, as in lint
        Verdict::Blocked if standing.said.obstacles.iter().any(is_unheard) => Exit::Unjudged,
        Verdict::Blocked => Exit::Findings,
        Verdict::NeedsApproval | Verdict::Ready | Verdict::Nothing => Exit::Done,
    }
}

/// True of what keeps anybody from judging, whatever the change holds.
fn is_unheard(obstacle: &Refusal) -> bool {
    obstacle.code.id == codes::EVIDENCE_INCOMPLETE.id
}

fn label(branch: &str, base: Oid) -> String {
    format!("{branch} ({})", base.short())
}

/// Shows what a work tree would change. Used by commands that have just written files.
pub fn show_work_tree(repository: &Repository, clock: Clock) -> Result<Exit, Stop> {
    let mut last = LastRead::default();
    let after = context::load_or_show(repository, Look::WorkTree, &mut last)?;
    let commit = repository.head()?;
    let base = context::default_base(repository, &after.access.config.branch, commit)?;
    let managed = &after.access.config.managed;
    let before = context::load_beside_or_show(repository, Look::Commit(base), managed, &mut last)?;
    let plan = plan::plan(&before, &after, clock.now);
    let standing = Heard::default().standing(repository, &plan, (base, commit))?;
    let labels = Labels { base: &label(&after.access.config.branch, base), head: context::WORK_TREE, refused: None };
    let view = PlanView { plan: &plan, standing: &standing, live: None, labels };
    output::print(&report::plan::text(&view, output::style()));
    Ok(exit(&standing))
}

/// The shared state and the log, where they are known.
#[derive(Debug, Default)]
struct Known<'a>(Option<(Shared<'a>, Ledger)>);

impl<'a> Known<'a> {
    /// As far as this clone knows them. It asks nobody.
    fn of(repository: &'a Repository, reads: &mut Reads) -> Result<Self, Stop> {
        // a repository whose protected branch isn't there yet has no log either
        let Ok(shared) = Shared::open_after(repository, &RemoteOption { remote: None }, Refresh::No, reads) else {
            return Ok(Known(None));
        };
        Known::with_log(shared)
    }

    /// As they are where they live.
    fn fresh(repository: &'a Repository, reads: &mut Reads) -> Result<Self, Stop> {
        Known::with_log(Shared::open_after(repository, &RemoteOption { remote: None }, Refresh::Yes, reads)?)
    }

    fn with_log(shared: Shared<'a>) -> Result<Self, Stop> {
        let ledger = match shared.anchor() {
            Some(_) => shared.ledger()?.map(|_| shared.anchored()).transpose()?,
            None => shared.ledger()?,
        };
        Ok(Known(ledger.map(|ledger| (shared, ledger))))
    }

    /// The first landing on the protected branch that was refused.
    fn refused(&self, clock: Clock) -> Result<Option<Landing>, Stop> {
        let Some((shared, ledger)) = &self.0 else { return Ok(None) };
        let mut tip = shared.tip()?;
        // git may have fetched or pushed more since dualkey asked last
        if let Some(newer) = shared.repository.remote_branch_tip("origin", &shared.branch)?
            && shared.repository.is_ancestor(tip, newer)?
        {
            tip = newer;
        }
        let chain = Question::of(shared, ledger, clock.now).judge_to(tip)?.chain;
        Ok(chain.refused().next().cloned())
    }
}

/// What people said of a head, and why nobody knows all of it.
#[derive(Debug, Default)]
struct Heard<'a> {
    known: Known<'a>,
    foreseen: Option<Foreseen>,
    /// Why approvals may have been given or taken back of which nothing is known here.
    unheard: Option<Refusal>,
}

impl<'a> Heard<'a> {
    /// Asks where approvals and the log live, as `verify` does. INVARIANT: where they can't be had, no head is ready.
    fn of(repository: &'a Repository, head: Oid, clock: Clock, reads: &mut Reads) -> Result<Self, Stop> {
        let (known, mut unheard) = match Known::fresh(repository, reads) {
            Ok(known) => (known, None),
            Err(stop) => match stop.exit {
                Exit::Unjudged | Exit::Refused => {
                    let why = stop.refusal(&codes::EVIDENCE_INCOMPLETE);
                    (Known::of(repository, reads).unwrap_or_default(), Some(why))
                }
                // there is nothing yet where approvals would live
                Exit::Done | Exit::Findings | Exit::Usage | Exit::Partial => {
                    output::error(&stop.text(output::error_style()));
                    (Known::default(), None)
                }
            },
        };
        let foreseen = match &known.0 {
            Some((shared, ledger)) => match foresee(shared, ledger, head, clock.now) {
                Ok(foreseen) => Some(foreseen),
                Err(stop) if unheard.is_some() || stop.exit != Exit::Usage => {
                    unheard = unheard.or_else(|| Some(stop.refusal(&codes::EVIDENCE_INCOMPLETE)));
                    None
                }
                Err(stop) => return Err(stop),
            },
            None => None,
        };
        Ok(Heard { known, foreseen, unheard })
    }

    /// Where a change stands. Of what has no log yet, and of a work tree, no more is known than who made its commits.
    fn standing(&self, repository: &Repository, plan: &Plan<'_>, (base, head): (Oid, Oid)) -> Result<Standing, Stop> {
        let (circumstances, mut said) = match &self.foreseen {
            Some(Foreseen { prospect, .. }) => (prospect.assessment.circumstances.clone(), prospect.said.clone()),
            None => {
                if base != head {
                    // whoever made a commit that is missing would be named as an approver
                    repository.ensure_history()?;
                }
                let makers = approval::makers(repository, &plan.base.access, base, head)?;
                (Circumstances { makers, surplus: plan.surplus(), ..Circumstances::default() }, Said::default())
            }
        };
        said.obstacles.splice(0..0, self.unheard.clone());
        Ok(Standing::of(plan, circumstances, said))
    }
}

/// What who looks for a plan has to know of a landing that was refused: comparing files doesn't show it.
fn waiting(branch: &str, landing: &Landing) -> Option<Refusal> {
    let first = landing.refusals.first()?;
    let fact = format!(
        "what landed on `{}` as {} was refused, so nothing of it is applied: {}",
        branch.escape_debug(),
        landing.commit.short(),
        first.message
    );
    Some(Refusal::new(first.code, fact, "run `dualkey verify`, which says of each landing what it needs"))
}

/// Compares a revision with what is live, and with what the log says of earlier runs where there is one. Gives how that ends
/// at best.
fn live(
    repository: &Repository,
    known: &Known<'_>,
    tree: &Revision,
    clock: Clock,
    sandbox: &SandboxOption,
) -> Result<(apply::Drift, Exit), Stop> {
    let (mut past, mut approved, mut ended) = (Past::default(), None, Exit::Done);
    if let Some((shared, ledger)) = &known.0 {
        let judged = Question::of(shared, ledger, clock.now).judge()?;
        ended = judged.tell();
        let Judged { chain, verifier, .. } = judged;
        if let Some(stored) = Stage::of(shared, sandbox).log(ledger)? {
            past = Past::of(&stored.log, &verifier, &chain)?;
        }
        approved = Some(verifier.revision(chain.last)?).filter(|_| shared.anchor().is_some());
    }
    let process = Process::unwatched();
    let proof = approved.as_ref().map_or(Proof::None, |tree| Proof::Declared(&tree.access));
    let targets = Targets::of(repository, past.trees(tree), proof, sandbox, clock);
    Ok((apply::drift(tree, &past.facts(), &mut targets.readers(&process), clock.now, &process), ended))
}

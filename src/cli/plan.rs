//! `dualkey plan`

use std::collections::BTreeSet;
use std::mem::ManuallyDrop;
use std::rc::Rc;

use clap::Args;

use super::context::{self, Clock, Look};
use super::judging::looked_at;
use super::process::Process;
use super::shared::{Ledger, Past, Reads, Refresh, Shared};
use super::targets::{SandboxOption, Targets};
use super::{Exit, NowOption, RemoteOption, RepoOption, ReviewFormat, Stop, output};
use crate::access::{LastRead, PersonId, Revision};
use crate::apply;
use crate::approval::{Landing, Prospect, codes};
use crate::finding::Refusal;
use crate::plan::{self, More, Verdict};
use crate::report::{self, PlanView};
use crate::repository::{Oid, Repository};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey plan                      what the work tree would change\n  \
                        dualkey plan --head feature       what a branch would change, who approved it\n  \
                        dualkey plan --format markdown    for a pull request's comment\n  \
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
    #[arg(long, value_enum, default_value = "text")]
    format: ReviewFormat,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let repository = context::open(&options.repo)?;
    let clock = options.now.clock()?;
    // the process ends with this: to give so much memory back piece by piece would only take its time
    let mut reads = ManuallyDrop::new(Reads::default());
    let (head, commit) = match &options.head {
        Some(rev) => {
            let oid = repository.resolve(rev)?;
            (Look::Commit(oid), oid)
        }
        None => (Look::WorkTree, repository.head()?),
    };
    let mut after = ManuallyDrop::new(Rc::new(context::load_or_show(&repository, head, &mut reads.last)?));
    let base = match &options.base {
        Some(rev) => repository.resolve(rev)?,
        None => context::default_base(&repository, &after.access.config.branch, commit)?,
    };
    // what one side manages is shown of both
    let [of_base, of_head] = [repository.managed_of(base)?, after.access.config.managed.clone()];
    if of_head.clone().and(&of_base) != of_head {
        after = ManuallyDrop::new(Rc::new(context::load_beside_or_show(&repository, head, &of_base, &mut reads.last)?));
    }
    let before = context::load_beside_or_show(&repository, Look::Commit(base), &of_head, &mut reads.last)?;
    let before = ManuallyDrop::new(Rc::new(before));
    if of_base == of_head {
        reads.revisions.insert(base, Rc::clone(&before));
        reads.revisions.extend(head.commit().map(|commit| (commit, Rc::clone(&after))));
    }
    let mut plan = ManuallyDrop::new(plan::plan(&before, &after, clock.now));
    let is_live = options.live || options.sandbox.is_set();
    // who still writes hears of approvals later
    let writes = head == Look::WorkTree && !plan.is_nothing();
    let known = if writes && !is_live { Known::default() } else { Known::of(&repository, &mut reads)? };
    let seen = match writes {
        true => Seen::default(),
        false => Seen::of(&known, &repository, head, &plan, clock)?,
    };
    let given =
        seen.prospect.as_ref().map_or_else(|| Given { more: plan.more(), ..Given::default() }, Given::of_prospect);
    // behind what was refused the change is the one that whoever approves it is shown
    let shown = seen.prospect.as_ref().filter(|_| seen.refused.is_some() && options.base.is_none());
    let candidate = ManuallyDrop::new(shown.map(Prospect::candidate));
    let (plan, base) = match (&*candidate, shown) {
        (Some(candidate), Some(shown)) => (candidate.plan(), shown.base),
        // where the log knows what stood before of what it brings, more people may be asked
        _ if given.held.is_some() => {
            plan = ManuallyDrop::new(plan::plan_after(&before, &after, clock.now, &given.held));
            (&*plan, base)
        }
        _ => (&*plan, base),
    };
    let drift = if is_live { Some(live(&repository, &known, plan.head, clock, &options.sandbox)?) } else { None };
    let view = PlanView {
        plan,
        given: &given.people,
        authors: &given.authors,
        more: given.more,
        ignored: &given.ignored,
        live: drift.as_ref(),
        refused: shown.and(seen.refused.as_ref()).map(|(landing, _)| *landing),
        base: &label(&after.access.config.branch, base),
        head: &head.label(),
    };
    if let Some((_, refused)) = &seen.refused {
        output::error(&report::errors::warning(refused, output::error_style()));
    }
    output::print(&match options.format {
        ReviewFormat::Text => report::plan::text(&view, output::style()),
        ReviewFormat::Markdown => report::markdown::plan(&view),
        ReviewFormat::Github => report::github::plan(&view),
        ReviewFormat::Json => report::json::plan(&view, Some(base), head.commit()),
    });
    let unread = drift.as_ref().map(apply::Drift::refusals).unwrap_or_default();
    output::error(&report::errors::refusals(&unread, output::error_style()));
    let ended = match plan.verdict(&given.people, given.more) {
        Verdict::Blocked => Exit::Findings,
        Verdict::NeedsApproval | Verdict::Ready | Verdict::Nothing => Exit::Done,
    };
    Ok(if unread.is_empty() { ended } else { ended.worst(Exit::Unjudged) })
}

fn label(branch: &str, base: Oid) -> String {
    format!("{branch} ({})", base.short())
}

/// Shows what a work tree would change. Used by commands that have just written files.
pub fn show_work_tree(repository: &Repository, clock: Clock) -> Result<Exit, Stop> {
    let mut last = LastRead::default();
    let after = context::load_or_show(repository, Look::WorkTree, &mut last)?;
    let base = context::default_base(repository, &after.access.config.branch, repository.head()?)?;
    let managed = &after.access.config.managed;
    let before = context::load_beside_or_show(repository, Look::Commit(base), managed, &mut last)?;
    let plan = plan::plan(&before, &after, clock.now);
    let view = PlanView {
        plan: &plan,
        given: &BTreeSet::new(),
        authors: &BTreeSet::new(),
        more: plan.more(),
        ignored: &[],
        live: None,
        refused: None,
        base: &label(&after.access.config.branch, base),
        head: context::WORK_TREE,
    };
    output::print(&report::plan::text(&view, output::style()));
    Ok(if plan.verdict(&BTreeSet::new(), plan.more()) == Verdict::Blocked { Exit::Findings } else { Exit::Done })
}

/// The shared state and the log, as far as this clone knows them. It asks nobody.
#[derive(Debug, Default)]
struct Known<'a>(Option<(Shared<'a>, Ledger)>);

impl<'a> Known<'a> {
    fn of(repository: &'a Repository, reads: &mut Reads) -> Result<Self, Stop> {
        // a repository whose protected branch isn't there yet has no log either
        let Ok(shared) = Shared::open_after(repository, &RemoteOption { remote: None }, Refresh::No, reads) else {
            return Ok(Known(None));
        };
        let ledger = shared.ledger()?;
        Ok(Known(ledger.map(|ledger| (shared, ledger))))
    }
}

/// What this clone knows of the branch and of a head.
#[derive(Debug, Default)]
struct Seen {
    /// The first landing on the protected branch that was refused, and what follows from that.
    refused: Option<(Oid, Refusal)>,
    prospect: Option<Prospect>,
}

impl Seen {
    fn of(
        known: &Known<'_>,
        repository: &Repository,
        head: Look,
        plan: &plan::Plan<'_>,
        clock: Clock,
    ) -> Result<Self, Stop> {
        let Some((shared, ledger)) = &known.0 else { return Ok(Seen::default()) };
        let verifier = shared.verifier(&ledger.recorded, clock.now)?;
        let mut tip = shared.tip()?;
        // git may have fetched or pushed more since dualkey asked last
        if let Some(newer) = repository.remote_branch_tip("origin", &shared.branch)?
            && repository.is_ancestor(tip, newer)?
        {
            tip = newer;
        }
        let chain = verifier.chain(tip)?;
        let refused = chain.refused().next();
        let refused = refused.and_then(|landing| Some((landing.commit, waiting(&shared.branch, landing)?)));
        let prospect = match head.commit().filter(|_| refused.is_some() || !plan.is_nothing()) {
            Some(head) => Some(verifier.prospect(&looked_at(repository, chain, head)?, head)?),
            None => None,
        };
        Ok(Seen { refused, prospect })
    }
}

/// What is known of approvals of a head.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub people: BTreeSet<PersonId>,
    pub authors: BTreeSet<PersonId>,
    pub more: More,
    /// Which approvals don't count, what stands against the head, and until when the other approvals count.
    pub ignored: Vec<String>,
    /// What stood before of what the head brings.
    held: plan::Held,
}

impl Given {
    pub fn of_prospect(prospect: &Prospect) -> Self {
        let reasons = match &prospect.outcome {
            Ok(granted) => &granted.notes,
            Err(_) => &prospect.assessment.against,
        };
        let said = |what: &str, reason: &Refusal| format!("{what}: {} ({})", reason.message, reason.code.id);
        let refusals = prospect.outcome.as_ref().err().into_iter().flatten();
        let against = [codes::CHANGES_REQUESTED.id, codes::LANDING_LEFT_OUT.id];
        let against = refusals.filter(|refusal| against.contains(&refusal.code.id));
        let lasting = prospect.assessment.lasting(&prospect.proposed.revision().access.config.zone);
        Given {
            people: prospect.assessment.valid.keys().cloned().collect(),
            authors: prospect.assessment.makers(),
            more: prospect.assessment.more(),
            ignored: (reasons.iter().map(|reason| said("doesn't count", reason)))
                .chain(against.map(|refusal| said("stands against it", refusal)))
                .chain(lasting)
                .collect(),
            held: prospect.held.clone(),
        }
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

/// Compares a revision with what is live, and with what the log says of earlier runs where there is one.
fn live(
    repository: &Repository,
    known: &Known<'_>,
    tree: &Revision,
    clock: Clock,
    sandbox: &SandboxOption,
) -> Result<apply::Drift, Stop> {
    let past = match &known.0 {
        Some((shared, ledger)) => {
            let verifier = shared.verifier(&ledger.recorded, clock.now)?;
            Past::of(&ledger.stored.log, &verifier, &verifier.chain(shared.tip()?)?)?
        }
        None => Past::default(),
    };
    let process = Process::unwatched();
    let targets = Targets::open(repository, past.trees(tree), sandbox, clock)?;
    Ok(apply::drift(tree, &past.facts(), &mut targets.into_clients(&process), clock.now, &process))
}

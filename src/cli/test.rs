//! `dualkey test`

use clap::Args;

use super::context::{self, Look};
use super::{Exit, Format, NowOption, RepoOption, Stop, output};
use crate::access::LastRead;
use crate::lint::custom;
use crate::plan::cases::{self, Outcome};
use crate::report;
use crate::repository::Snapshot;
use crate::targets;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey test                  all cases and tests\n  \
                        dualkey test --format json    for a pipeline\n\nRuns what lies beside the policies: policies/**/*.cases.yaml (cases and access tests) and\n\
                        policies/**/*_test.rego. Everything is tried on the work tree's files, in memory alone.")]
pub struct Options {
    #[command(flatten)]
    repo: RepoOption,
    #[command(flatten)]
    now: NowOption,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let repository = context::open(&options.repo)?;
    let clock = options.now.clock()?;
    let mut last = LastRead::default();
    let revision = context::load_or_show(&repository, Look::WorkTree, &mut last)?;
    if revision.is_misread() {
        context::show_findings(&revision.reading, &revision);
        return Ok(Exit::Findings);
    }
    let snapshot = Snapshot::of_work_tree(&repository)?;
    let (mut outcomes, coverage) = cases::run(&snapshot, &revision, targets::KINDS, clock.now, &mut last);
    let tested = match custom::tested(&revision.access) {
        Ok(tested) => tested,
        Err(findings) => {
            context::show_findings(&findings, &revision);
            return Ok(Exit::Findings);
        }
    };
    outcomes.extend(tested.tests.into_iter().map(|(name, place, why)| Outcome {
        name,
        place,
        failures: why.into_iter().collect(),
    }));
    outcomes.sort_by(|a, b| (&a.place, &a.name).cmp(&(&b.place, &b.name)));
    let view = report::trial::TrialView { outcomes: &outcomes, coverage: &coverage, lines: &tested.coverage };
    output::print(&match options.format {
        Format::Text => report::trial::text(&view, output::style()),
        Format::Json => report::trial::json(&view),
    });
    if outcomes.is_empty() {
        return Err(Stop::usage("there is nothing to test", "write cases into `policies/NAME.cases.yaml`"));
    }
    let fails = outcomes.iter().any(|outcome| !outcome.failures.is_empty());
    Ok(if fails { Exit::Findings } else { Exit::Done })
}

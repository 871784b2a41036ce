//! `dualkey lint`

use std::mem::ManuallyDrop;

use clap::Args;

use super::context::{self, Clock, Look, Unread};
use super::{Exit, NowOption, RepoOption, Stop, output};
use crate::access::LastRead;
use crate::finding::{Finding, Severity};
use crate::lint::{self, Halt};
use crate::repository::Repository;
use crate::{plan, report};

/// `--fail-on`
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum FailOn {
    Error,
    Warning,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum LintFormat {
    Text,
    Json,
    /// For the summary of a job
    Markdown,
    /// For code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey lint                       the work tree\n  \
                        dualkey lint --rev main            a revision\n  \
                        dualkey lint --base origin/main    what is new since then, what stood already\n  \
                        dualkey lint --format github       annotations in a pull request\n  \
                        dualkey lint --format sarif        for code scanning")]
pub struct Options {
    #[command(flatten)]
    repo: RepoOption,
    #[command(flatten)]
    now: NowOption,
    /// The revision to look at [default: the work tree]
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
    /// Findings that stood at this revision don't fail
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Only these rules
    #[arg(long, value_name = "RULE,…", value_delimiter = ',', conflicts_with = "ignore")]
    select: Vec<String>,
    /// All but these rules
    #[arg(long, value_name = "RULE,…", value_delimiter = ',')]
    ignore: Vec<String>,
    /// The least severity that makes exit code 1
    #[arg(long, value_enum, default_value = "error")]
    fail_on: FailOn,
    #[arg(long, value_enum, default_value = "text")]
    format: LintFormat,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    for rule in options.select.iter().chain(&options.ignore) {
        super::explain::known_rule(rule)?;
    }
    let repository = context::open(&options.repo)?;
    let clock = options.now.clock()?;
    judge(options, &repository, clock).map_err(|stop| stop.in_clone(&repository))
}

fn judge(options: &Options, repository: &Repository, clock: Clock) -> Result<Exit, Stop> {
    // the process ends with this: to give so much memory back piece by piece would only take its time
    let mut last = ManuallyDrop::new(LastRead::default());
    let look = match &options.rev {
        Some(rev) => Look::Commit(repository.resolve(rev)?),
        None => Look::WorkTree,
    };
    let revision = match context::load(repository, look, &mut last) {
        Ok(revision) => ManuallyDrop::new(revision),
        Err(Unread::Stop(stop)) => return Err(stop),
        Err(Unread::Findings(unreadable)) => {
            // nothing else could be judged, so no choice of rules hides it
            let lines = |path: &str, line| unreadable.files.source(path).map(|source| source.line_text(line));
            print(&unreadable.findings, unreadable.files.len(), &lines, options);
            return Ok(Exit::Findings);
        }
    };
    let findings = match &options.base {
        None => plan::findings_of(&revision, clock.now),
        Some(base) => {
            let base = Look::Commit(repository.resolve(base)?);
            match context::load(repository, base, &mut last) {
                Ok(base) => plan::findings_since(&ManuallyDrop::new(base), &revision, clock.now, &Halt::default()),
                Err(Unread::Stop(stop)) => return Err(stop),
                Err(Unread::Findings(unreadable)) => {
                    let mut findings = plan::findings_of(&revision, clock.now);
                    lint::compare(&unreadable.findings, &mut findings, |_| false);
                    findings
                }
            }
        }
    };
    let findings = select(findings, options);
    let lines = |path: &str, line| revision.source(path).map(|source| source.line_text(line));
    print(&findings, revision.files.len(), &lines, options);
    let least = match options.fail_on {
        FailOn::Error => Severity::Error,
        FailOn::Warning => Severity::Warning,
    };
    let fails = findings.iter().any(|f| f.severity >= least && f.state == crate::finding::State::New);
    Ok(if fails { Exit::Findings } else { Exit::Done })
}

fn select(findings: Vec<Finding>, options: &Options) -> Vec<Finding> {
    findings
        .into_iter()
        .filter(|finding| {
            let id = finding.rule.code.id;
            (options.select.is_empty() || options.select.iter().any(|rule| rule == id))
                && !options.ignore.iter().any(|rule| rule == id)
        })
        .collect()
}

fn print(findings: &[Finding], files: usize, lines: report::findings::Lines<'_>, options: &Options) {
    output::print(&match options.format {
        LintFormat::Text => report::findings::lint(findings, files, lines, output::style()),
        LintFormat::Json => report::json::lint(findings, files),
        LintFormat::Markdown => report::markdown::lint(findings, files),
        LintFormat::Sarif => report::sarif::lint(findings, &plan::rules::all()),
        LintFormat::Github => report::github::lint(findings, files),
    });
}

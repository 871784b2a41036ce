//! The command line: one file a command. Flags are parsed here, their meaning is built where the command runs.

mod access;
mod applied;
mod apply;
mod approve;
mod asked;
mod audit;
mod checkpoint;
mod completions;
mod context;
mod demo;
mod doctor;
mod drift;
mod end;
mod ends;
mod evidence;
mod exit;
mod explain;
mod extend;
mod fmt;
mod forge;
mod healing;
mod import;
mod init;
mod judging;
mod kept;
mod lint;
mod man;
mod named;
mod new;
mod new_genesis;
mod next;
#[cfg(feature = "github")]
mod notify;
mod opening;
mod output;
mod panics;
mod past;
mod plan;
mod process;
mod prune;
mod report;
mod revisions;
mod schema;
mod shared;
mod stage;
mod survey;
mod targets;
mod test;
mod verify;
mod written;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use exit::{Exit, Stop};

/// Contractor access as code, turned by two keys.
#[derive(Debug, Parser)]
#[command(name = "dualkey", version, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 done, 1 findings or drift, 2 wrong usage or configuration, 3 refused, \
                        4 partly applied, 5 could not judge.\nStart with `dualkey demo`.")]
pub struct Cli {
    #[command(flatten)]
    look: output::Look,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a small access repository that lints clean
    Init(init::Options),
    /// Let a person in: write the files, lint them, show the plan
    New(new::Options),
    /// Let access last longer: grant and engagement together
    Extend(extend::Options),
    /// End what a person, a vendor or a grant gives
    End(end::Options),
    /// Show the whole story on an embedded sandbox
    Demo(demo::Options),
    /// Say what is wrong with the access repository, and where
    Lint(lint::Options),
    /// Run the cases and tests that lie beside the policies
    Test(test::Options),
    /// Write the files in the one style, and prove that they mean the same
    Fmt(fmt::Options),
    /// Show who gains and loses what, and who must approve it
    Plan(plan::Options),
    /// Look at a change and sign an approval of it
    Approve(approve::Options),
    /// Prove that what landed was approved by a second party
    Verify(verify::Options),
    /// Declare what is held at a target now, so that nothing changes when that is applied
    Import(import::Options),
    /// Say what each target is and tells, and what the credentials for it can do
    Targets(survey::Options),
    /// Bring the targets to what was approved
    Apply(apply::Options),
    /// Say what is wrong with the access repository's own settings and workflows
    Doctor(doctor::Options),
    /// Compare the targets with what was approved
    Drift(drift::Options),
    /// Say when access next starts or ends by itself
    Next(next::Options),
    /// Say who could do what, when, and by whose approval
    Access(access::Options),
    /// The tamper-evident log
    Audit(audit::Options),
    /// Reports from the log, for auditors
    Report(report::Options),
    /// Explain a rule or a refusal
    Explain(explain::Options),
    /// Print the JSON Schemas of the files
    Schema(schema::Options),
    /// Print completions for a shell
    Completions(completions::Options),
    /// Print manual pages
    Man(man::Options),
}

/// Where the access repository is.
#[derive(Debug, Args)]
pub struct RepoOption {
    /// The access repository [default: here]
    #[arg(long, value_name = "DIR")]
    repo: Option<PathBuf>,
}

/// What "now" means.
#[derive(Debug, Args)]
pub struct NowOption {
    /// The instant that counts as now, such as 2026-11-24T09:00:00Z; only where nothing real can be changed
    #[arg(long, value_name = "INSTANT")]
    now: Option<String>,
}

/// Where the protected branch, the approvals, the lease and the log live.
#[derive(Debug, Args)]
pub struct RemoteOption {
    /// The remote that holds branch, approvals and log [default: the protected branch's upstream, else this repository]
    #[arg(long, value_name = "REMOTE")]
    remote: Option<String>,
}

/// What every command takes that judges or changes what is shared.
#[derive(Debug, Args)]
pub struct Common {
    #[command(flatten)]
    repo: RepoOption,
    #[command(flatten)]
    now: NowOption,
    #[command(flatten)]
    remote: RemoteOption,
}

/// Output for people or for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
}

/// Output of commands that judge a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReviewFormat {
    Text,
    Json,
    /// For a comment or the summary of a job
    Markdown,
    /// Annotations of GitHub Actions
    Github,
}

/// Runs the command line and gives the exit code of the process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // help and version come as errors that aren't
            let code = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            let _ = error.print();
            return code.into();
        }
    };
    output::look(cli.look);
    let result = panics::caught(|| match cli.command {
        Command::Init(options) => init::run(&options),
        Command::New(options) => new::run(&options),
        Command::Extend(options) => extend::run(&options),
        Command::End(options) => end::run(&options),
        Command::Demo(options) => demo::run(&options),
        Command::Lint(options) => lint::run(&options),
        Command::Test(options) => test::run(&options),
        Command::Fmt(options) => fmt::run(&options),
        Command::Plan(options) => plan::run(&options),
        Command::Approve(options) => approve::run(&options),
        Command::Verify(options) => verify::run(&options),
        Command::Import(options) => import::run(&options),
        Command::Targets(options) => survey::run(&options),
        Command::Apply(options) => apply::run(&options),
        Command::Doctor(options) => doctor::run(&options),
        Command::Drift(options) => drift::run(&options),
        Command::Next(options) => next::run(&options),
        Command::Access(options) => access::run(&options),
        Command::Audit(options) => audit::run(&options),
        Command::Report(options) => report::run(&options),
        Command::Explain(options) => explain::run(&options),
        Command::Schema(options) => schema::run(&options),
        Command::Completions(options) => completions::run(&options),
        Command::Man(options) => man::run(&options),
    });
    let told = |stop: Stop| {
        output::error(&stop.text(output::error_style()));
        stop.exit
    };
    let exit = result.unwrap_or_else(told);
    output::missing().map_or(exit, |stop| exit.worst(told(stop))).into()
}

//! `dualkey doctor`

use clap::Args;

use super::context::{self, Look};
#[cfg(feature = "github")]
use super::process::Process;
use super::written::{self, Files};
use super::{Exit, NowOption, RepoOption, Stop, output};
use crate::access::{ForgeRepository, LastRead, Revision};
use crate::doctor::codeowners;
use crate::doctor::facts::{Read, Settings, Unread};
use crate::doctor::{self, Looks};
#[cfg(feature = "github")]
use crate::forge::FORGE_TOKEN_MISSING;
use crate::report;
use crate::repository::Repository;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum DoctorFormat {
    Text,
    Json,
    /// For the summary of a job
    Markdown,
    /// Annotations of GitHub Actions
    Github,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  dualkey doctor                       by the token in DUALKEY_FORGE_TOKEN, which should only read\n  \
                        dualkey doctor --as-administrator    by your own token: it sees who may bypass rules\n  \
                        dualkey doctor --fix                 write .github/CODEOWNERS\n\
                        Exit code 1 where something is wrong, 5 where GitHub didn't tell all that was asked."
)]
pub struct Options {
    #[command(flatten)]
    repo: RepoOption,
    #[command(flatten)]
    now: NowOption,
    /// The revision whose workflows are looked at [default: the work tree]
    #[arg(long, value_name = "REV", conflicts_with = "fix")]
    rev: Option<String>,
    /// Write .github/CODEOWNERS, and nothing else
    #[arg(long)]
    fix: bool,
    /// The token is an administrator's own, for this look alone: that it can change things is no finding
    #[arg(long)]
    as_administrator: bool,
    #[arg(long, value_enum, default_value = "text")]
    format: DoctorFormat,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let repository = context::open(&options.repo)?;
    let clock = options.now.clock()?;
    let look = match &options.rev {
        Some(rev) => Look::Commit(repository.resolve(rev)?),
        None => Look::WorkTree,
    };
    let mut revision = context::load_or_show(&repository, look, &mut LastRead::default())?;
    let Some(pinned) = revision.access.config.repository.clone() else {
        return Err(Stop::usage(
            "dualkey.yaml doesn't say which repository this is on its forge",
            "add `repository: { name: OWNER/NAME, id: NUMBER }` to `approval`; `gh api repos/OWNER/NAME --jq .id` prints \
             the number",
        ));
    };
    if options.fix {
        fix(&repository, &revision, clock.now)?;
        revision = context::load_or_show(&repository, look, &mut LastRead::default())?;
    }
    let settings = ask(&revision, &pinned)?;
    let looks = if options.as_administrator { Looks::Administrator } else { Looks::Verifier };
    let findings = doctor::findings(&revision, settings.as_ref().map_err(Clone::clone), looks, clock.now);
    let lines = |path: &str, line| revision.source(path).map(|source| source.line_text(line));
    let files = revision.files.len();
    output::print(&match options.format {
        DoctorFormat::Text => report::findings::lint(&findings, files, &lines, output::style()),
        DoctorFormat::Json => report::doctor::json(&pinned, &findings),
        DoctorFormat::Markdown => report::markdown::lint(&findings, files),
        DoctorFormat::Github => report::github::lint(&findings, files),
    });
    let wrong = findings.iter().any(|one| one.blocks() && one.rule != &doctor::SETTINGS_NOT_READ);
    let judged = if doctor::is_incomplete(&findings) { Exit::Unjudged } else { Exit::Done };
    Ok(if wrong { judged.worst(Exit::Findings) } else { judged })
}

/// Writes whom GitHub asks about which files, where that is another text.
fn fix(repository: &Repository, revision: &Revision, now: jiff::Timestamp) -> Result<(), Stop> {
    let text = codeowners::text(&revision.access, now);
    let stands = std::fs::read_to_string(repository.work_dir().join(codeowners::PATH)).ok();
    if stands.is_some_and(|stands| stands == text) {
        return Ok(());
    }
    written::write(repository, &Files::from([(codeowners::PATH.to_owned(), Some(text))]))?;
    output::warn(&format!("wrote {}\n", codeowners::PATH));
    Ok(())
}

/// What the forge tells, or why it wasn't asked.
#[cfg(feature = "github")]
fn ask(revision: &Revision, pinned: &ForgeRepository) -> Result<Read<Settings>, Stop> {
    use crate::forge::connection::Connection;
    use crate::forge::settings;

    let variables = |name: &str| std::env::var(name).ok();
    let unread = |why: String| Unread { what: "look at the repository on GitHub".to_owned(), why, needs: None };
    let connection = match Connection::open(pinned, Process::unwatched().patience(), &variables) {
        Ok(connection) => connection,
        Err(refusal) if refusal.code == &FORGE_TOKEN_MISSING => return Ok(Err(unread(refusal.message))),
        Err(refusal) => return Err(Stop::refused(Exit::Usage, vec![refusal])),
    };
    let home = match connection.home() {
        Ok(Ok(home)) => home,
        Ok(Err(refusal)) => return Err(Stop::refused(Exit::Unjudged, vec![refusal])),
        Err(error) => return Ok(Err(unread(error.to_string()))),
    };
    let config = &revision.access.config;
    let log = config.audit_ref.strip_prefix("refs/heads/");
    Ok(Ok(settings::gather(&connection, &home, &config.branch, log)))
}

/// What the forge tells, or why it wasn't asked.
#[cfg(not(feature = "github"))]
fn ask(_: &Revision, _: &ForgeRepository) -> Result<Read<Settings>, Stop> {
    let why = "this program was built without the client of GitHub".to_owned();
    Ok(Err(Unread { what: "look at the repository on GitHub".to_owned(), why, needs: None }))
}

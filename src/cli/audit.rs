//! `dualkey audit`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::context::{self, Look};
use super::shared::{LogKeyOption, Refresh, Shared};
use super::{Common, Exit, Format, RemoteOption, RepoOption, Stop, output};
use crate::access::{ParseCache, PersonId, Revision};
use crate::approval::codes;
use crate::approval::statement::{self, GENESIS, GenesisStatement, SIGNATURE_FILE, STATEMENT_FILE};
use crate::audit::Store;
use crate::audit::record::{At, Genesis, Statement, VERSION};
use crate::audit::{Log, LogKey, VerifierKey};
use crate::finding::Refusal;
use crate::report;
use crate::repository::{Oid, Repository, StateRefs};
use crate::{lint, plan};

#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the log's key: the private half into a file, the public half for dualkey.yaml
    Keygen(Keygen),
    /// Begin the log with the first trusted commit
    Init(Init),
    /// Print the log, an entry a line
    Log(Print),
    /// Recompute the whole log and name the first entry that is wrong
    Verify(Verify),
    /// Write the log as files that anybody can verify
    Export(Export),
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  dualkey audit keygen --name northwind-access --out ~/northwind-access.log-key")]
struct Keygen {
    /// The log's name, which every checkpoint carries
    #[arg(long)]
    name: String,
    /// Where the private half goes; keep it out of the repository
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  dualkey approve --genesis main     (two people)\n  \
                        dualkey audit init --genesis main --log-key ~/northwind-access.log-key")]
struct Init {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    key: LogKeyOption,
    /// The first trusted commit
    #[arg(long, value_name = "REV")]
    genesis: String,
    /// One person alone vouches for it; the log says so for ever
    #[arg(long)]
    single: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  dualkey audit log\n  dualkey audit log --format json    all that every entry says"
)]
struct Print {
    #[command(flatten)]
    repo: RepoOption,
    #[command(flatten)]
    remote: RemoteOption,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey audit verify                         the log of this repository\n  \
                        dualkey audit verify --checkpoint kept.txt   it goes on from one you kept\n  \
                        dualkey audit verify --export DIR --key KEY  exported files, nothing else")]
struct Verify {
    #[command(flatten)]
    repo: RepoOption,
    #[command(flatten)]
    remote: RemoteOption,
    /// A checkpoint kept from before: the log must go on from it
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Verify the files that `audit export` wrote
    #[arg(long, value_name = "DIR")]
    export: Option<PathBuf>,
    /// The log's verifier key [default: the one in dualkey.yaml]
    #[arg(long, value_name = "KEY", requires = "export")]
    key: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  dualkey audit export ~/northwind-access-log    for an auditor")]
struct Export {
    #[command(flatten)]
    repo: RepoOption,
    #[command(flatten)]
    remote: RemoteOption,
    /// The folder to write; it must not exist yet
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    match &options.command {
        Command::Keygen(options) => keygen(options),
        Command::Init(options) => init(options),
        Command::Log(options) => log(options),
        Command::Verify(options) => verify(options),
        Command::Export(options) => export(options),
    }
}

fn keygen(options: &Keygen) -> Result<Exit, Stop> {
    let key = LogKey::generate(&options.name, &mut rand_core::OsRng).map_err(|error| Stop::of(Exit::Usage, &error))?;
    write_secret(&options.out, &key)?;
    output::print(&format!("{}\n", key.verifier()));
    output::error(&format!(
        "the private half is in {}: keep it out of the repository\nput the line above into dualkey.yaml: audit.key\n",
        report::escape::terminal(&options.out.display().to_string())
    ));
    Ok(Exit::Done)
}

/// Writes the private half for its owner alone. An existing file is never replaced: it may be the only copy of a key.
pub fn write_secret(path: &Path, key: &LogKey) -> Result<(), Stop> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| Stop::io("making", path, &error))?;
    writeln!(file, "{}", key.to_private_text()).map_err(|error| Stop::io("writing", path, &error))
}

fn init(options: &Init) -> Result<Exit, Stop> {
    let repository = context::open(&options.common.repo)?;
    repository.ensure_complete()?;
    let commit = repository.resolve(&options.genesis)?;
    let revision = context::load_or_show(&repository, Look::Commit(commit), &mut ParseCache::default())?;
    let access = &revision.access;
    let clock = options.common.now.clock()?.for_targets(access)?;
    let findings = plan::findings_of(&revision, clock.now);
    if lint::blocked(&findings) {
        context::show_findings(&findings, &revision);
        return Err(Stop::new(Exit::Refused, "a genesis must lint clean", "correct what is named above, and commit"));
    }
    let key = options.key.read()?;
    let refs = StateRefs::open(&repository, options.common.remote.remote.as_deref(), &access.config.branch)?;
    refs.refresh(&[&access.config.audit_ref])?;
    let statements = statements(&repository, &refs, commit, &revision)?;
    let needed = if options.single { 1 } else { 2 };
    if statements.len() < needed {
        return Err(Stop::refused(
            Exit::Refused,
            vec![Refusal::new(
                &codes::QUORUM_NOT_MET,
                format!("{} of {needed} people vouch for {} as the genesis", statements.len(), commit.short()),
                format!(
                    "run `dualkey approve --genesis {}` as another person of people/ who has a key",
                    commit.short()
                ),
            )],
        ));
    }
    let genesis = Genesis {
        version: VERSION,
        organization: access.config.organization.to_string(),
        genesis: commit.to_string(),
        tree: repository.commit(commit)?.tree.to_string(),
        log_key: access.config.audit_key.clone(),
        single: statements.len() == 1,
        statements: statements.into_values().collect(),
        at: At(clock.now),
    };
    Store::new(&repository, &refs, &access.config.audit_ref).create(genesis, &key)?;
    let anchor = format!("{commit}:{}", key.verifier().id());
    output::print(&format!(
        "the log begins with {} in {}\nkeep the anchor outside of the repository, and give it to every run:\n  DUALKEY_ANCHOR={anchor}\n",
        commit.short(),
        access.config.audit_ref
    ));
    Ok(Exit::Done)
}

/// The valid statements about a genesis, a person each.
fn statements(
    repository: &Repository,
    refs: &StateRefs<'_>,
    commit: Oid,
    revision: &Revision,
) -> Result<BTreeMap<PersonId, Statement>, Stop> {
    let access = &revision.access;
    let tree = repository.commit(commit)?.tree.to_string();
    let prefix = format!("{GENESIS}{commit}/");
    let mut found = BTreeMap::new();
    for (name, holder) in refs.list(&prefix)? {
        let Some(person) = name.strip_prefix(&prefix).and_then(|id| access.people.get(id)) else { continue };
        let files = repository.read_files(holder)?;
        let (Some(text), Some(signature)) = (files.get(STATEMENT_FILE), files.get(SIGNATURE_FILE)) else { continue };
        let (Ok(text), Ok(signature)) = (std::str::from_utf8(text), std::str::from_utf8(signature)) else { continue };
        let Ok(says) = serde_json::from_str::<GenesisStatement>(text) else { continue };
        let keys = person.keys.iter().filter_map(|key| key.public.as_ref());
        let holds = says.genesis == commit.to_string()
            && says.tree == tree
            && says.log_key == access.config.audit_key
            && says.person == person.id.as_str()
            && statement::canonical(&says) == text.as_bytes()
            && person.person_type == crate::access::PersonType::Employee
            && statement::verify(keys, statement::NAMESPACE, text.as_bytes(), signature);
        if holds {
            let statement = Statement {
                person: person.id.to_string(),
                statement: text.to_owned(),
                signature: signature.to_owned(),
            };
            found.insert(person.id.clone(), statement);
        }
    }
    Ok(found)
}

fn log(options: &Print) -> Result<Exit, Stop> {
    let repository = context::open(&options.repo)?;
    let shared = Shared::open(&repository, &options.remote, Refresh::Yes)?;
    let (ledger, _) = shared.anchored()?;
    output::print(&match options.format {
        Format::Text => report::audit::text(&ledger.stored.log),
        Format::Json => report::audit::json(&ledger.stored.log),
    });
    Ok(Exit::Done)
}

fn verify(options: &Verify) -> Result<Exit, Stop> {
    let log = match &options.export {
        Some(dir) => {
            let key = match &options.key {
                Some(text) => VerifierKey::parse(text).map_err(|error| Stop::of(Exit::Usage, &error))?,
                None => pinned(options)?,
            };
            Log::from_files(&read_folder(dir)?, &key).map_err(|error| Stop::from(&error).with(Exit::Findings))?
        }
        None => {
            let repository = context::open(&options.repo)?;
            let shared = Shared::open(&repository, &options.remote, Refresh::Yes)?;
            let (ledger, warning) = shared.anchored().map_err(finding)?;
            if let Some(warning) = warning {
                output::error(&report::errors::warning(&warning, output::error_style()));
            }
            ledger.stored.log
        }
    };
    if let Some(path) = &options.checkpoint {
        let kept = std::fs::read(path).map_err(|error| Stop::io("reading", path, &error))?;
        log.verify_consistency(&kept, log.key()).map_err(|error| Stop::from(&error).with(Exit::Findings))?;
    }
    output::print(&report::audit::verified(&log, options.checkpoint.is_some()));
    Ok(Exit::Done)
}

/// What apply refuses is for `audit verify` something that is wrong.
fn finding(stop: Stop) -> Stop {
    if stop.exit == Exit::Refused { stop.with(Exit::Findings) } else { stop }
}

/// The key that the repository here pins.
fn pinned(options: &Verify) -> Result<VerifierKey, Stop> {
    let repository = context::open(&options.repo)?;
    Shared::open(&repository, &options.remote, Refresh::No)?.key()
}

fn export(options: &Export) -> Result<Exit, Stop> {
    let repository = context::open(&options.repo)?;
    let shared = Shared::open(&repository, &options.remote, Refresh::Yes)?;
    let (ledger, _) = shared.anchored()?;
    if options.dir.exists() {
        let message = format!("`{}` exists already", options.dir.display());
        return Err(Stop::usage(message, "name a folder that doesn't exist yet"));
    }
    let files = ledger.stored.log.files();
    for (name, bytes) in &files {
        context::write_file(&options.dir.join(name), bytes)?;
    }
    let dir = report::escape::terminal(&options.dir.display().to_string());
    output::print(&format!(
        "{} entries in {} files under {dir}\nanybody can check them: dualkey audit verify --export {dir} --key '{}'\n",
        ledger.stored.log.size(),
        files.len(),
        ledger.stored.log.key()
    ));
    Ok(Exit::Done)
}

/// Every file below a folder, by its path with `/`.
fn read_folder(root: &Path) -> Result<BTreeMap<String, Vec<u8>>, Stop> {
    let mut files = BTreeMap::new();
    let mut open = vec![(String::new(), root.to_path_buf())];
    while let Some((prefix, folder)) = open.pop() {
        let listing = std::fs::read_dir(&folder).map_err(|error| Stop::io("reading", &folder, &error))?;
        for entry in listing {
            let entry = entry.map_err(|error| Stop::io("reading", &folder, &error))?;
            let path = entry.path();
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type().map_err(|error| Stop::io("reading", &path, &error))?;
            if kind.is_dir() {
                open.push((format!("{name}/"), path));
            } else {
                let bytes = std::fs::read(&path).map_err(|error| Stop::io("reading", &path, &error))?;
                files.insert(name, bytes);
            }
        }
    }
    Ok(files)
}

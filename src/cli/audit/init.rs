//! `dualkey audit init`

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use crate::access::{Access, LastRead, PersonId, Revision};
use crate::approval::codes;
use crate::approval::statement::{self, GENESIS, SIGNATURE_FILE, STATEMENT_FILE, Signed};
use crate::audit::record::{At, Genesis, Predecessor, Statement, VERSION};
use crate::audit::{self, Log, Store};
use crate::cli::context::{self, Look};
use crate::cli::new_genesis;
use crate::cli::shared::{Ledger, LogKeyOption, Refresh, Shared, kept_anchor};
use crate::cli::{Common, Exit, RemoteOption, Stop, output};
use crate::finding::Refusal;
use crate::repository::{Oid, Repository, StateRefs};
use crate::targets::KINDS;
use crate::{lint, plan, report};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  dualkey approve --genesis main     (two people)\n  \
                        dualkey audit init --genesis main --log-key ~/northwind-access.log-key\n  \
                        dualkey audit init --genesis main --continue --log-key ~/new.log-key")]
pub struct Options {
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
    /// Begin anew under another key after the log that DUALKEY_ANCHOR names, whose key or quorum is lost; the log says
    /// so for ever
    #[arg(long = "continue")]
    continues: bool,
    /// Don't ask
    #[arg(long, requires = "continues")]
    yes: bool,
    /// Write the log's first checkpoint into this file, for `apply --checkpoint`
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let repository = context::open(&options.common.repo)?;
    repository.ensure_complete()?;
    let commit = repository.resolve(&options.genesis)?;
    let revision = context::load_or_show(&repository, Look::Commit(commit), &mut LastRead::default())?;
    let access = &revision.access;
    let clock = options.common.now.clock()?.for_targets(access)?;
    let findings = plan::findings_of(&revision, clock.now);
    if lint::blocked(&findings) {
        context::show_findings(&findings, &revision);
        return Err(Stop::new(Exit::Refused, "a genesis must lint clean", "correct what is named above, and commit"));
    }
    let key = options.key.read()?;
    let shared = match options.continues {
        true => Some(continued(&repository, &options.common.remote, commit, access)?),
        false => None,
    };
    let old = match &shared {
        Some(shared) => Some(shared.anchored()?),
        None => None,
    };
    let signed = |old: &&Ledger| old.stored.log.keys().all().any(|key| key.to_string() == access.config.audit_key);
    if old.as_ref().is_some_and(|old| signed(&old)) {
        return Err(Stop::usage(
            format!("{} pins a key that signed the log up to now", commit.short()),
            "make a key with `dualkey audit keygen`, name it in dualkey.yaml as `audit.key`, and commit",
        ));
    }
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
    if let (Some(shared), Some(old)) = (&shared, &old) {
        new_genesis::show_since(shared, old, (commit, &revision), clock.now)?;
        let help = "look at what is shown above, then run it again with `--yes`";
        new_genesis::confirm(options.yes, &format!("Begin the log anew with {}?", commit.short()), help)?;
    }
    let genesis = Genesis {
        version: VERSION,
        organization: access.config.organization.to_string(),
        genesis: commit.to_string(),
        tree: repository.commit(commit)?.tree.to_string(),
        log_key: access.config.audit_key.clone(),
        single: statements.len() == 1,
        statements: statements.into_values().collect(),
        continues: old.as_ref().map(|old| predecessors(&repository, commit, &old.stored.log)).unwrap_or_default(),
        at: At(clock.now),
    };
    let store = Store::new(&repository, &refs, &access.config.audit_ref, KINDS);
    let begun = match &old {
        Some(old) => store.succeed(&old.stored, genesis, &key)?,
        None => store.create(genesis, &key)?,
    };
    if let Some(path) = &options.checkpoint {
        context::write_file(path, begun.log.checkpoint())?;
    }
    let anchor = format!("{commit}:{}", key.verifier().id());
    let style = output::style();
    let anew = if old.is_some() { "anew " } else { "" };
    let begun = format!("the log begins {anew}with {} in {}", commit.short(), access.config.audit_ref);
    let anchor_text = "keep the anchor outside of the repository, and give it to every run:";
    let checkpoint = match &options.checkpoint {
        Some(path) => format!(
            "wrote the log's first checkpoint into {}: keep it where push rights don't reach, and give it to every `apply` \
             (`--checkpoint FILE`, or DUALKEY_CHECKPOINT)",
            report::escape::terminal(&path.display().to_string())
        ),
        None => {
            "where push rights don't reach, keep the log's checkpoint from run to run (`apply --checkpoint FILE`): \
                 without one, a machine that has seen nothing before doesn't notice a remote that was rolled back as a \
                 whole"
                .to_owned()
        }
    };
    output::print(&format!(
        "{}\n{anchor_text}\n  DUALKEY_ANCHOR={anchor}\n{}\n",
        style.wrap(&begun, 0, "  "),
        style.wrap(&checkpoint, 0, "  ")
    ));
    Ok(Exit::Done)
}

/// The shared state that the kept anchor pins, where it is fit to be gone on from: what is replaced is proven to be the log
/// of this repository, and its key can sign nothing that anybody believes afterwards.
fn continued<'a>(
    repository: &'a Repository,
    remote: &RemoteOption,
    commit: Oid,
    access: &Access,
) -> Result<Shared<'a>, Stop> {
    let Some(anchor) = kept_anchor() else {
        return Err(Stop::usage(
            "DUALKEY_ANCHOR is not set, so nothing says which log is to be continued",
            "set it to the anchor of that log",
        ));
    };
    let shared = Shared::open(repository, remote, Refresh::Yes)?;
    let old = shared.pinned();
    if old.audit_ref != access.config.audit_ref {
        return Err(Stop::usage(
            format!("{} keeps the log in another ref than `{}`", commit.short(), old.audit_ref),
            format!("leave `audit.ref` in dualkey.yaml at `{}`, and commit", old.audit_ref),
        ));
    }
    let genesis = audit::from_anchor(&anchor).map(|kept| kept.genesis);
    if !genesis.is_some_and(|genesis| repository.is_ancestor(genesis, commit).unwrap_or(false)) {
        return Err(Stop::usage(
            format!("{} doesn't come after the genesis that DUALKEY_ANCHOR names", commit.short()),
            "name a commit of the same history",
        ));
    }
    Ok(shared)
}

/// What the new log says of the old one. A tree that is no part of the history that goes on can't be read for ever, so it is
/// left out: what was given says what is to be taken away.
fn predecessors(repository: &Repository, commit: Oid, log: &Log) -> Vec<Predecessor> {
    let mut predecessors = audit::predecessors(log);
    let on_the_way = |id: &str| id.parse().is_ok_and(|id| repository.is_ancestor(id, commit).unwrap_or(false));
    for old in &mut predecessors {
        old.applied = old.applied.take().filter(|applied| on_the_way(&applied.commit));
    }
    predecessors
}

/// The valid statements about a genesis, a person each.
fn statements(
    repository: &Repository,
    refs: &StateRefs<'_>,
    commit: Oid,
    revision: &Revision,
) -> Result<BTreeMap<PersonId, Statement>, Stop> {
    let access = &revision.access;
    let tree = repository.commit(commit)?.tree;
    let prefix = format!("{GENESIS}{commit}/");
    let mut found = BTreeMap::new();
    for (name, holder) in refs.list(&prefix)? {
        let Some(person) = name.strip_prefix(&prefix).and_then(|id| access.people.get(id)) else { continue };
        // what can't be read vouches for nothing, and stops nobody
        let Ok(mut files) = repository.read_small_files(holder) else { continue };
        let (Some(text), Some(signature)) = (files.remove(STATEMENT_FILE), files.remove(SIGNATURE_FILE)) else {
            continue;
        };
        let Some(signed) = Signed::new(person.id.clone(), text, signature) else { continue };
        if statement::vouches(&signed, commit, tree, access) {
            found.insert(person.id.clone(), Statement::from(&signed));
        }
    }
    Ok(found)
}

//! `dualkey import`

mod adopt;
mod draft;
mod names;
mod wishes;

use std::path::PathBuf;

use clap::Args;

use super::context::{self, Look};
use super::new::{self, Asked, Length, Limits};
use super::process::Process;
use super::survey;
use super::targets::{Proof, SandboxOption, Targets};
use super::written;
use super::{Common, Exit, Stop, output};
use crate::access::{LastRead, Moment, Revision, TargetId};
use crate::apply;
use crate::approval::Approved;
use crate::finding::{Finding, Refusal};
use crate::lint::Halt;
use crate::report::escape::terminal;
use crate::report::style::count;
use crate::repository::Repository;
use draft::Draft;
use wishes::{DomainRule, Wishes};

/// How long people from outside keep what they hold where nobody says.
const DAYS: i64 = 90;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey import github --sponsor priya.shah --unapproved\n  \
                        dualkey import github --sponsor priya.shah --domain 'northwind/payments-*=payments' \\\n      \
                        --vendors vendors.csv --until 2027-03-31\n\n\
                        Writes people, vendors, domains, roles and grants for what is held at the target now, so that \
                        nothing\nchanges when it is applied. It is for the first commit of an access repository, which two people \
                        vouch for.\nWith --adopt it writes a list of what nothing declares there, which the target's first run then takes.")]
pub struct Options {
    #[command(flatten)]
    common: Common,
    /// The target, as dualkey.yaml names it
    target: String,
    /// Write the list of what nothing declares there: once it is approved, the target's first run takes that away
    #[arg(long, conflicts_with_all = ["sponsor", "until", "domain", "vendors"])]
    adopt: bool,
    /// The employee who answers for those from outside
    #[arg(long, value_name = "PERSON", required_unless_present = "adopt")]
    sponsor: Option<String>,
    /// The last day of those from outside [default: 90 days]
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// Resources whose names match, with `*` for any text, go to this domain; once for each rule, the first counts
    #[arg(long, value_name = "PATTERN=DOMAIN", value_parser = DomainRule::parse)]
    domain: Vec<DomainRule>,
    /// A CSV file with the columns `account` and `vendor`, for those from outside
    #[arg(long, value_name = "FILE")]
    vendors: Option<PathBuf>,
    /// Send the credential also where nobody approved yet that it is sent; for settings that you wrote yourself
    #[arg(long)]
    unapproved: bool,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let repository = context::open(&options.common.repo)?;
    let tree = context::load_or_show(&repository, Look::WorkTree, &mut LastRead::default())?;
    let clock = options.common.now.clock()?.for_targets(&tree.access)?;
    if options.adopt {
        return adopt::run(options, &repository, &tree, clock);
    }
    let wishes = wishes(options, &tree, clock)?;
    let inventory = inventory(options, &repository, &tree, clock)?;
    let mut draft = Draft::of(&tree, wishes);
    draft.take(&inventory);
    let (files, decisions) = draft.finish()?;
    if files.is_empty() {
        output::print("everything that is held there is declared already\n");
        return Ok(Exit::Done);
    }
    written::refuse_to_replace(&repository, &files)?;
    let after = written::foreseen(&repository, &tree, &files)?;
    let mut findings = crate::plan::findings_since(&tree, &after, clock.now, &Halt::default());
    findings.retain(Finding::blocks);
    written::write(&repository, &files)?;
    output::print(&said(files.len(), &inventory, &decisions));
    if crate::lint::blocked(&findings) {
        output::print("\n");
        context::show_findings(&findings, &after);
        return Ok(Exit::Findings);
    }
    Ok(Exit::Done)
}

fn inventory(
    options: &Options,
    repository: &Repository,
    tree: &Revision,
    clock: context::Clock,
) -> Result<apply::Inventory, Stop> {
    let id = target(options, tree)?;
    let approved = approved(options, repository, clock)?;
    let process = Process::unwatched();
    let refused = |refusal: Refusal| Stop::refused(Exit::Unjudged, vec![refusal]);
    let proof = proof(options, approved.as_ref());
    let targets = Targets::of(repository, [tree], proof, &SandboxOption::default(), clock);
    let mut clients = targets.clients(&process);
    let Some(connected) = clients.readers.remove(&id) else {
        return Err(Stop::usage(format!("`{id}` is not connected"), "see `dualkey targets`"));
    };
    let mut connected = connected.map_err(refused)?;
    let target = tree.access.config.targets.get(&id).map(|target| target.target_type);
    let kinds: Vec<_> = crate::targets::KINDS.all().filter(|kind| Some(kind.target) == target).collect();
    let found = apply::inventory(&mut connected, &id, &kinds);
    let mut found = found.map_err(|error| refused(error.refusal()))?;
    // who writes is nobody of the registry either
    let writer = clients.writers.remove(&id).and_then(Result::ok).map(|mut writer| writer.greet());
    match writer {
        Some(Ok(hello)) => found.own.extend(hello.own),
        Some(Err(_)) | None => found.writer_unknown = true,
    }
    Ok(found)
}

/// The target that is named.
fn target(options: &Options, tree: &Revision) -> Result<TargetId, Stop> {
    let targets = &tree.access.config.targets;
    let id = TargetId::parse(&options.target).ok().filter(|id| targets.contains_key(id));
    id.ok_or_else(|| {
        let known = targets.keys().map(|id| id.as_str());
        new::unknown("target", &options.target, known, "name it in dualkey.yaml first")
    })
}

/// What was approved, where that decides to whom a credential is sent.
fn approved(options: &Options, repository: &Repository, clock: context::Clock) -> Result<Option<Approved>, Stop> {
    if options.unapproved { Ok(None) } else { survey::approved(&options.common, repository, clock) }
}

fn proof<'a>(options: &Options, approved: Option<&'a Approved>) -> Proof<'a> {
    match approved {
        _ if options.unapproved => Proof::Trees,
        Some(approved) => Proof::Declared(&approved.tree().access),
        None => Proof::None,
    }
}

fn wishes(options: &Options, tree: &Revision, clock: context::Clock) -> Result<Wishes, Stop> {
    let access = &tree.access;
    let sponsor = options.sponsor.as_deref().unwrap_or_default();
    let sponsor = access.people.get(sponsor).ok_or_else(|| {
        let known = access.people.keys().map(|id| id.as_str());
        new::unknown("person", sponsor, known, "write the sponsor's file first, in people/")
    })?;
    let zone = &access.config.zone;
    let today = clock.now.to_zoned(zone.clone()).date();
    let asked = match &options.until {
        Some(text) => Asked::Until(Moment::Day(new::day(text)?)),
        None => Asked::For(Length::Days(DAYS)),
    };
    let limits = Limits { zone, today, bounds: Vec::new(), longest: Vec::new() };
    let term = limits.term(None, &asked)?;
    let target = TargetId::parse(&options.target).map_err(|error| Stop::usage(error.to_string(), "name a target"))?;
    Ok(Wishes {
        target,
        sponsor: sponsor.id.clone(),
        from: term.from,
        until: term.until,
        rules: options.domain.clone(),
        vendors: match &options.vendors {
            Some(path) => wishes::vendors(path)?,
            None => std::collections::BTreeMap::new(),
        },
    })
}

/// What was written, what a human has to decide, and what comes next.
fn said(files: usize, inventory: &apply::Inventory, decisions: &[String]) -> String {
    let style = output::style();
    let held = count(inventory.held.len(), "entitlement");
    let mut text = format!("wrote {} for {held} held there\n", count(files, "file"));
    let unread = inventory.unread.iter().map(|(resource, why)| format!("{resource} couldn't be read: {}", why.message));
    let unlisted = inventory.unlisted.iter().map(|kind| format!("of kind `{}` nothing can be listed there", kind.name));
    let writer = "the account that writes couldn't be asked who it is: take it out of the files if it stands there";
    let writer = inventory.writer_unknown.then(|| writer.to_owned());
    let all: Vec<String> = decisions.iter().cloned().chain(unread).chain(unlisted).chain(writer).collect();
    if !all.is_empty() {
        text.push_str(&format!("\n{}\n", style.bold("to be decided by you")));
        for one in &all {
            text.push_str(&format!("  {}\n", style.wrap(&terminal(one), 2, "    ")));
        }
    }
    text.push_str(&format!(
        "\n{}\n  {}\n",
        style.bold("next"),
        style.wrap(
            "look through the files, commit them with the first commit, and have two people vouch for it: `dualkey approve \
             --genesis HEAD`. `dualkey plan --live` then has nothing to do",
            2,
            "  "
        )
    ));
    text
}

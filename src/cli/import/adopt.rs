//! The list of what nothing declares at a target, which its first run takes once it is approved.

use std::collections::{BTreeMap, BTreeSet};

use super::Options;
use super::names::free;
use crate::access::style::scalar;
use crate::access::{Revision, TargetId};
use crate::apply;
use crate::cli::context::Clock;
use crate::cli::judging::Question;
use crate::cli::new::finished;
use crate::cli::past::Past;
use crate::cli::process::Process;
use crate::cli::shared::{Refresh, Shared};
use crate::cli::targets::{SandboxOption, Targets};
use crate::cli::written::{self, Files};
use crate::cli::{Exit, Stop, output};
use crate::finding::Refusal;
use crate::plan::operations::Operation;
use crate::report::escape::terminal;
use crate::report::style::count;
use crate::repository::Repository;

/// Looks at the target, and writes the list.
pub fn run(options: &Options, repository: &Repository, tree: &Revision, clock: Clock) -> Result<Exit, Stop> {
    let id = super::target(options, tree)?;
    let approved = super::approved(options, repository, clock)?;
    let past = past(options, repository, clock)?;
    let process = Process::unwatched();
    let proof = super::proof(options, approved.as_ref());
    let targets = Targets::of(repository, [tree], proof, &SandboxOption::default(), clock);
    let mut readers = targets.readers(&process);
    readers.retain(|target, _| *target == id);
    let facts = past.facts();
    let drift = apply::drift(tree, &facts, &mut readers, clock.now, &process);
    // of a list that isn't whole nobody would know what is missing
    let here = |target: &TargetId| *target == id;
    let unread = drift.unread_resources.iter().filter(|((target, _), _)| here(target)).map(|(_, refusal)| refusal);
    let unread: Vec<Refusal> = drift
        .unread
        .iter()
        .filter(|(target, _)| here(target))
        .map(|(_, refusal)| refusal)
        .chain(unread)
        .cloned()
        .collect();
    if !unread.is_empty() {
        return Err(Stop::refused(Exit::Unjudged, unread));
    }
    let removed: Vec<&Operation> = drift.held_back.iter().filter(|one| here(&one.target)).collect();
    if removed.is_empty() {
        output::print("nothing is held there that a first run would have to leave\n");
        return Ok(Exit::Done);
    }
    let accounts: BTreeSet<String> =
        removed.iter().filter_map(|one| one.principal.account()).map(str::to_owned).collect();
    let logins = match readers.get_mut(&id) {
        Some(Ok(connected)) => {
            connected.reader.logins(&accounts).map_err(|error| Stop::refused(Exit::Unjudged, vec![error.refusal()]))?
        }
        Some(Err(_)) | None => BTreeMap::new(),
    };
    // a list that was written before stays: several add up
    let taken = |stem: &str| repository.work_dir().join(format!("policies/{stem}.yaml")).symlink_metadata().is_ok();
    let path = format!("policies/{}.yaml", free(&format!("first-run-{id}"), taken));
    let text = finished(&path, &list(&id, &removed, &logins))?;
    let files = Files::from([(path.clone(), Some(text))]);
    written::foreseen(repository, tree, &files)?;
    written::write(repository, &files)?;
    output::print(&said(&path, removed.len()));
    Ok(Exit::Done)
}

/// What earlier runs did; nothing where there is no log yet.
fn past(options: &Options, repository: &Repository, clock: Clock) -> Result<Past, Stop> {
    let shared = match Shared::open(repository, &options.common.remote, Refresh::Yes) {
        Ok(shared) => shared,
        // there is no branch yet, and so no log
        Err(stop) if stop.exit == Exit::Usage => return Ok(Past::default()),
        Err(stop) => return Err(stop),
    };
    if shared.ledger()?.is_none() {
        return Ok(Past::default());
    }
    let ledger = shared.anchored()?;
    let judged = Question::of(&shared, &ledger, clock.now).judge()?;
    Ok(judged.past)
}

/// The policy, with each account's owner or login beside its line.
fn list(target: &TargetId, removed: &[&Operation], logins: &BTreeMap<String, String>) -> String {
    let mut text = format!(
        "# what nothing declares at {target}: `dualkey apply` takes it away once this has landed. What is to stay, declare\n\
         first_run:
  - target: {}\n    removes:\n",
        scalar(target.as_str())
    );
    for one in removed {
        let account = one.principal.to_string();
        let whose = one.person.as_ref().map(ToString::to_string).or_else(|| logins.get(&account).cloned());
        let whose = whose.filter(|whose| *whose != account).map(|whose| format!(" # {}", terminal(&whose)));
        text.push_str(&format!(
            "      - {{ kind: {}, resource: {}, permission: {}, account: {} }}{}\n",
            one.kind.name,
            scalar(&one.resource),
            scalar(&one.permission),
            scalar(&account),
            whose.unwrap_or_default()
        ));
    }
    text
}

fn said(path: &str, removed: usize) -> String {
    let style = output::style();
    let next = "take out of the list what is to stay, and declare that; then commit it and land it as the change of policy \
                that it is. The next `dualkey apply` takes what is on it";
    format!(
        "wrote {}: {} that nothing declares\n\n{}\n  {}\n",
        terminal(path),
        count(removed, "entitlement"),
        style.bold("next"),
        style.wrap(next, 2, "  ")
    )
}

//! The targets of a tree, opened.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::Stop;
use super::context::Clock;
use super::process::Process;
use crate::access::{Revision, Target, TargetId};
use crate::apply;
use crate::repository::Repository;
use crate::targets::Sandbox;
use crate::targets::retry::Retrying;

/// `--sandbox`
#[derive(Debug, Args)]
pub struct SandboxOption {
    /// Replace every target by an embedded one, kept in this folder [default: in the git directory]
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true)]
    sandbox: Option<Option<PathBuf>>,
}

impl SandboxOption {
    pub fn is_set(&self) -> bool {
        self.sandbox.is_some()
    }
}

/// Every target of one or two trees.
#[derive(Debug)]
pub struct Targets(BTreeMap<TargetId, (Sandbox, String)>);

impl Targets {
    /// Opens the targets that the trees name. A target that this version has no client for is refused before anything
    /// is read.
    pub fn open<'r>(
        repository: &Repository,
        trees: impl IntoIterator<Item = &'r Revision>,
        option: &SandboxOption,
        clock: Clock,
    ) -> Result<Self, Stop> {
        let mut opened = BTreeMap::new();
        for target in trees.into_iter().flat_map(|tree| tree.access.config.targets.values()) {
            let Some(path) = file(repository, option, target) else {
                return Err(Stop::usage(
                    format!(
                        "target `{}` is of type {}, for which this version has no client",
                        target.id, target.target_type
                    ),
                    "try it on embedded targets: add `--sandbox`",
                ));
            };
            opened.insert(target.id.clone(), embedded(path, target, clock));
        }
        Ok(Targets(opened))
    }

    /// Opens those that it has a client for: an end at one target doesn't wait for another.
    pub fn connectable<'r>(
        repository: &Repository,
        trees: impl IntoIterator<Item = &'r Revision>,
        option: &SandboxOption,
        clock: Clock,
    ) -> Self {
        let targets = trees.into_iter().flat_map(|tree| tree.access.config.targets.values());
        let open = |target: &Target| {
            let path = file(repository, option, target)?;
            Some((target.id.clone(), embedded(path, target, clock)))
        };
        Targets(targets.filter_map(open).collect())
    }

    /// As the run wants them: what reads apart from what writes.
    pub fn into_clients(self, process: &Process) -> apply::Targets {
        let mut clients = apply::Targets::default();
        for (id, (sandbox, pinned)) in self.0 {
            clients.readers.insert(id.clone(), Box::new(Retrying::new(client(sandbox.clone()), process.patience())));
            clients.writers.insert(id.clone(), Box::new(Retrying::new(client(sandbox), process.patience())));
            clients.pinned.insert(id, pinned);
        }
        clients
    }
}

/// Tests can tell it to be slow, partial and flaky.
#[cfg(debug_assertions)]
fn client(sandbox: Sandbox) -> crate::targets::sandbox::faults::Faulty {
    crate::targets::sandbox::faults::Faulty::new(sandbox)
}

#[cfg(not(debug_assertions))]
fn client(sandbox: Sandbox) -> Sandbox {
    sandbox
}

/// A client of an embedded target, and what pins it.
fn embedded(path: PathBuf, target: &Target, clock: Clock) -> (Sandbox, String) {
    (Sandbox::open(path, &target.pinned, target.target_type, clock.now), target.pinned.clone())
}

/// Where an embedded target is kept. None for one that is real.
fn file(repository: &Repository, option: &SandboxOption, target: &Target) -> Option<PathBuf> {
    let own = repository.git_dir().join("dualkey");
    let name = format!("{}.json", target.id);
    match (&option.sandbox, &target.sandbox) {
        (Some(Some(folder)), _) => Some(folder.join(name)),
        (Some(None), _) => Some(own.join("sandboxes").join(name)),
        (None, Some(settings)) => {
            Some(settings.file.as_ref().map_or_else(|| own.join(name), |file| repository.work_dir().join(file)))
        }
        (None, None) => None,
    }
}

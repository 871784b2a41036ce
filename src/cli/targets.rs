//! The targets of a tree, opened.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::context::Clock;
use super::{Exit, Stop};
use crate::access::{Revision, TargetId};
use crate::repository::Repository;
use crate::targets::{Live, Reader, Sandbox, Scope, TargetError};

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
pub struct Targets(BTreeMap<TargetId, Sandbox>);

impl Targets {
    /// Opens the targets that the trees name. A target that this version has no client for is refused before anything
    /// is read.
    pub fn open<'r>(
        repository: &Repository,
        trees: impl IntoIterator<Item = &'r Revision>,
        option: &SandboxOption,
        clock: Clock,
    ) -> Result<Self, Stop> {
        let replaced = option.sandbox.as_ref().map(|folder| match folder {
            Some(folder) => folder.clone(),
            None => repository.git_dir().join("dualkey").join("sandboxes"),
        });
        let mut opened = BTreeMap::new();
        for target in trees.into_iter().flat_map(|tree| tree.access.config.targets.values()) {
            let path = match (&replaced, &target.sandbox) {
                (Some(folder), _) => folder.join(format!("{}.json", target.id)),
                (None, Some(settings)) => match &settings.file {
                    Some(file) => repository.work_dir().join(file),
                    None => repository.git_dir().join("dualkey").join(format!("{}.json", target.id)),
                },
                (None, None) => {
                    return Err(Stop::usage(
                        format!(
                            "target `{}` is of type {}, for which this version has no client",
                            target.id, target.target_type
                        ),
                        "try it on embedded targets: add `--sandbox`",
                    ));
                }
            };
            opened.insert(target.id.clone(), Sandbox::open(path, target.target_type, clock.now));
        }
        Ok(Targets(opened))
    }

    /// Reads the scopes, all of them or nothing.
    pub fn read(&self, scopes: &BTreeMap<TargetId, Scope>) -> Result<BTreeMap<TargetId, Vec<Live>>, Stop> {
        let mut live = BTreeMap::new();
        for (id, scope) in scopes {
            let Some(target) = self.0.get(id) else {
                let message = format!("target `{id}` is named by a resource and by no configuration");
                return Err(Stop::new(Exit::Unjudged, message, "add it to `targets` in dualkey.yaml"));
            };
            live.insert(id.clone(), target.read(scope).map_err(unread)?);
        }
        Ok(live)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&TargetId, &Sandbox)> {
        self.0.iter()
    }
}

/// A read that failed leaves the live state unknown.
fn unread(error: TargetError) -> Stop {
    Stop::refused(Exit::Unjudged, vec![error.refusal()])
}

//! The targets of a tree, connected.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::context::Clock;
use super::process::Process;
use crate::access::{Access, Revision, Target, TargetId};
use crate::apply::{self, Connected};
use crate::finding::Refusal;
use crate::repository::Repository;
use crate::targets::credential::Right;
use crate::targets::{self, Greeted, Reader, Surroundings, Writer, sandbox};

/// `--sandbox`
#[derive(Debug, Default, Args)]
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

/// What proves that a target is where the organisation wants its credentials sent. An embedded target gets none.
#[derive(Clone, Copy, Debug)]
pub enum Proof<'a> {
    /// The trees themselves are proven.
    Trees,
    /// Only what this proven tree declares in the same way.
    Declared(&'a Access),
    /// Nothing.
    None,
}

/// Every target of one or two trees.
#[derive(Debug)]
pub struct Targets<'a> {
    declared: BTreeMap<TargetId, Target>,
    proof: Proof<'a>,
    work_dir: PathBuf,
    own_dir: PathBuf,
    /// Where all targets are replaced.
    sandboxes: Option<PathBuf>,
    clock: Clock,
}

impl<'a> Targets<'a> {
    /// The targets that the trees name; of two that have one name, the later tree's.
    pub fn of<'r>(
        repository: &Repository,
        trees: impl IntoIterator<Item = &'r Revision>,
        proof: Proof<'a>,
        option: &SandboxOption,
        clock: Clock,
    ) -> Self {
        let own_dir = repository.git_dir().join("dualkey");
        let targets = trees.into_iter().flat_map(|tree| tree.access.config.targets.values());
        Targets {
            declared: targets.map(|target| (target.id.clone(), target.clone())).collect(),
            proof,
            work_dir: repository.work_dir().to_owned(),
            sandboxes: option.sandbox.as_ref().map(|dir| dir.clone().unwrap_or_else(|| own_dir.join("sandboxes"))),
            own_dir,
            clock,
        }
    }

    /// What looks at them.
    pub fn readers(&self, process: &Process) -> apply::Readers {
        let reader = |target: &Target, place: &Surroundings<'_>| {
            let reader: Box<dyn Reader> = match &self.sandboxes {
                Some(folder) => Box::new(place.retrying(sandbox::in_folder(folder, target, place, Right::Read))),
                None => targets::reader(target, place)?,
            };
            Ok(Connected { reader, pinned: target.pinned.clone() })
        };
        self.each(process, reader)
    }

    /// What looks at them and what changes them, as a run wants them.
    pub fn clients(&self, process: &Process) -> apply::Targets {
        let writer = |target: &Target, place: &Surroundings<'_>| {
            let writer: Box<dyn Writer> = match &self.sandboxes {
                Some(folder) => Box::new(place.retrying(sandbox::in_folder(folder, target, place, Right::Write))),
                None => targets::writer(target, place)?,
            };
            let writer: Box<dyn Writer> = Box::new(Greeted::new(writer, target));
            Ok(writer)
        };
        apply::Targets { readers: self.readers(process), writers: self.each(process, writer) }
    }

    fn each<C>(
        &self,
        process: &Process,
        connect: impl Fn(&Target, &Surroundings<'_>) -> Result<C, Refusal>,
    ) -> BTreeMap<TargetId, Result<C, Refusal>> {
        let place = Surroundings {
            work_dir: &self.work_dir,
            own_dir: &self.own_dir,
            now: self.clock.now,
            variables: &|name| std::env::var(name).ok(),
            waits: process.patience(),
        };
        let connect = |target: &Target| self.proven(target).and_then(|()| connect(target, &place));
        self.declared.iter().map(|(id, target)| (id.clone(), connect(target))).collect()
    }

    /// INVARIANT: no credential is sent where nobody approved that it is sent. Whoever proposes a change could name a server of
    /// their own, and every look at the proposal would hand it what reads.
    fn proven(&self, target: &Target) -> Result<(), Refusal> {
        let is_proven = match self.proof {
            _ if self.sandboxes.is_some() || target.is_embedded() => true,
            Proof::Trees => true,
            Proof::Declared(access) => access.config.targets.get(&target.id) == Some(target),
            Proof::None => false,
        };
        if is_proven { Ok(()) } else { Err(targets::connect::unproven(&target.id)) }
    }
}

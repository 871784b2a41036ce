//! Whether targets have what operations name. It is asked before anything is written, and never of what only takes.

use std::collections::{BTreeMap, BTreeSet};

use super::look;
use super::{Process, Readers};
use crate::access::TargetId;
use crate::finding::Refusal;
use crate::plan::operations::Operation;
use crate::targets::{Names, TargetError};

/// The names that targets have, as far as they were asked.
#[derive(Debug, Default)]
pub(super) struct Naming(BTreeMap<TargetId, BTreeMap<Names, Option<BTreeSet<String>>>>);

impl Naming {
    /// Asks for what the operations name and wasn't asked for yet. Gives the targets that couldn't tell it, and why.
    pub(super) fn ask(
        &mut self,
        operations: &[Operation],
        readers: &mut Readers,
        process: &dyn Process,
    ) -> BTreeMap<TargetId, Refusal> {
        let mut wanted: BTreeMap<TargetId, BTreeSet<Names>> = BTreeMap::new();
        for operation in operations.iter().filter(|operation| !operation.only_takes()) {
            let known = self.0.get(&operation.target);
            for (names, _) in Names::of(&operation.call()) {
                if known.is_none_or(|known| !known.contains_key(&names)) {
                    wanted.entry(operation.target.clone()).or_default().insert(names);
                }
            }
        }
        let mut untold = BTreeMap::new();
        for (target, said) in look::names(readers, &wanted, process) {
            match said {
                Ok(listed) => self.0.entry(target).or_default().extend(listed),
                Err(refusal) => drop(untold.insert(target, refusal)),
            }
        }
        untold
    }

    /// The error where an operation that gives names something that its target doesn't have.
    pub(super) fn check(&self, operation: &Operation) -> Result<(), TargetError> {
        let Some(listed) = self.0.get(&operation.target).filter(|_| !operation.only_takes()) else { return Ok(()) };
        for (names, name) in Names::of(&operation.call()) {
            if let Some(Some(known)) = listed.get(&names) {
                names.check(name, known)?;
            }
        }
        Ok(())
    }
}

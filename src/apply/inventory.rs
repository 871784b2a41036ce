//! Everything that is held at a target, whatever is declared.

use std::collections::{BTreeMap, BTreeSet};

use super::Connected;
use crate::access::{Kind, TargetId};
use crate::finding::Refusal;
use crate::targets::{Depth, Live, Names, Resource, Scope, TargetError};

/// What is held at a target.
#[derive(Debug, Default)]
pub struct Inventory {
    pub held: Vec<Live>,
    /// How accounts are called for people, by what identifies them.
    pub logins: BTreeMap<String, String>,
    /// The accounts that dualkey itself runs as there.
    pub own: BTreeSet<String>,
    /// True where nobody could be asked which account writes there.
    pub writer_unknown: bool,
    /// The target's numbers of resources, where it has them.
    pub numbers: BTreeMap<Resource, u64>,
    /// Resources that couldn't be read, and why.
    pub unread: Vec<(Resource, Refusal)>,
    /// Kinds whose resources the target can't list.
    pub unlisted: Vec<&'static Kind>,
}

impl Inventory {
    /// How an account is called for people.
    pub fn login<'a>(&'a self, account: &'a str) -> &'a str {
        self.logins.get(account).map_or(account, String::as_str)
    }
}

/// Lists all resources of these kinds, and reads who holds what on them.
///
/// # Errors
///
/// The target doesn't answer, is another one than the pinned one, or can't be read as a whole.
pub fn inventory(
    connected: &mut Connected,
    target: &TargetId,
    kinds: &[&'static Kind],
) -> Result<Inventory, TargetError> {
    let reader = &mut connected.reader;
    let hello = reader.hello()?;
    hello.check(target, &connected.pinned)?;
    let mut found = Inventory { own: hello.own, ..Inventory::default() };
    let mut scope: Vec<(&'static Kind, String)> = Vec::new();
    for kind in kinds {
        match reader.names(Names::Resources(kind))? {
            Some(names) => scope.extend(names.into_iter().map(|name| (*kind, name))),
            None => found.unlisted.push(kind),
        }
    }
    let scope: Scope = scope.iter().map(|(kind, name)| (*kind, name.as_str())).collect();
    let reading = reader.read(&scope, Depth::Holders)?;
    let accounts = reading.held.iter().filter_map(|live| live.principal.account()).map(str::to_owned).collect();
    found.logins = reader.logins(&accounts)?;
    found.unread = reading.unread.into_iter().map(|(resource, error)| (resource, error.refusal())).collect();
    found.numbers = reading.numbers.into_iter().map(|(resource, one)| (resource, one.number)).collect();
    found.held = reading.held;
    Ok(found)
}

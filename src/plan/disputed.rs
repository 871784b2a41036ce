//! What only a landing gave that the log records and nobody proves: it is given to nobody anew, and left to whom it was
//! given until it is over.

use std::rc::Rc;
use std::sync::Arc;

use foldhash::{HashSet, HashSetExt as _};
use jiff::Timestamp;

use super::operations::Operation;
use crate::access::{EntitlementKey, Entitlements, Kind, Revision, TargetId};

/// Where something is held, by which account, under whatever conditions.
type Place = (TargetId, &'static Kind, Arc<str>, Arc<str>, Arc<str>);

fn place(key: &EntitlementKey) -> Place {
    let EntitlementKey { target, kind, resource, principal, permission, .. } = key;
    (target.clone(), kind, Arc::clone(resource), Arc::clone(principal), Arc::clone(permission))
}

/// The tree of such a landing, beside all that is proven.
#[derive(Debug)]
pub struct Disputed {
    said: Rc<Revision>,
    /// The last verified tree.
    last: Rc<Revision>,
    /// What a verified landing ever declared: that one gave it, or another took it.
    declared: HashSet<Place>,
}

impl Disputed {
    /// `verified` are the trees of all verified landings, oldest first, the genesis among them.
    pub fn of(said: Rc<Revision>, last: Rc<Revision>, verified: impl IntoIterator<Item = Rc<Revision>>) -> Self {
        let mut declared = HashSet::new();
        let mut before = Entitlements::default();
        for tree in verified {
            for [_, after] in before.differing(&tree.entitlements) {
                declared.extend(after.iter().map(|one| place(&one.key)));
            }
            before = tree.entitlements.clone();
        }
        Disputed { said, last, declared }
    }

    /// True where an operation would take what nothing but the landing gave and what isn't over.
    ///
    /// INVARIANT: an end that either tree declares is none of it, nor is what a verified landing took.
    pub fn keeps(&self, operation: &Operation, now: Timestamp) -> bool {
        let taken = operation.previous.as_ref().map_or(&operation.permission, |previous| &previous.permission);
        if !operation.only_takes() {
            return false;
        }
        let same = |key: &EntitlementKey| {
            key.target == operation.target
                && key.kind == operation.kind
                && *key.resource == *operation.resource
                && Some(&*key.principal) == operation.principal.account()
                && *key.permission == **taken
        };
        let given = self.said.entitlements.iter().find(|one| same(&one.key) && one.intervals.contains(now));
        given.is_some_and(|one| {
            let has_ended = |tree: &Rc<Revision>| {
                tree.access.people.get(&one.key.person).is_some_and(|person| tree.access.has_ended(person, now))
            };
            !has_ended(&self.said) && !has_ended(&self.last) && !self.declared.contains(&place(&one.key))
        })
    }
}

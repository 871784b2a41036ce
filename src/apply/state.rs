//! What is live against what should be, with what the log says dualkey gave.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Given, Past, Readers, codes};
use crate::access::{AccountMark, Conditions, Manage, PersonId, PersonType, Revision, TargetId};
use crate::finding::Refusal;
use crate::plan::operations::{self, Basis, Because, Difference, Operation, Unmanaged, Verb};
use crate::targets::{Live, Reader, Scope, TargetError};

pub(super) type LiveState = BTreeMap<TargetId, Vec<Live>>;

/// A tree at an instant, and the past that decides what may be taken away.
pub(super) struct View<'a> {
    pub tree: &'a Revision,
    pub past: &'a Past<'a>,
    pub now: Timestamp,
    /// Accounts of which everything undeclared may go.
    accounts: BTreeMap<(TargetId, AccountMark), PersonId>,
    /// What is declared and over. Made when first asked, since mostly an operation says itself that it is an end.
    over: OnceCell<BTreeSet<Place<'a>>>,
}

/// Target, kind, resource, account, and the permission; none where it is all that is held there.
type Place<'a> = (&'a TargetId, &'static str, &'a str, &'a str, Option<&'a str>);

impl<'a> View<'a> {
    pub(super) fn new(tree: &'a Revision, past: &'a Past<'a>, now: Timestamp) -> Self {
        View { tree, past, now, accounts: accounts(tree, past, now), over: OnceCell::new() }
    }

    /// The same at another instant.
    pub(super) fn move_to(&mut self, now: Timestamp) {
        self.now = now;
        self.accounts = accounts(self.tree, self.past, now);
        self.over = OnceCell::new();
    }

    fn basis(&self) -> Basis<'_> {
        Basis { tree: self.tree, applied: self.past.applied, granted: &self.accounts, now: self.now }
    }

    /// Everything that must be read, by target.
    fn scopes(&self) -> BTreeMap<TargetId, Scope> {
        let mut scopes = operations::scopes(&self.basis());
        for given in &self.past.given {
            scopes.entry(given.target.clone()).or_default().insert(given.kind, given.resource.clone());
        }
        scopes
    }

    /// True where everything that must be read was.
    pub(super) fn is_whole(&self, live: &LiveState) -> bool {
        self.scopes().keys().all(|target| live.contains_key(target))
    }

    /// What the targets that answered hold, and why the others did not.
    pub(super) fn read(
        &self,
        readers: &Readers,
        read: impl Fn(&dyn Reader, &Scope) -> Result<Vec<Live>, TargetError>,
    ) -> (LiveState, BTreeMap<TargetId, Refusal>) {
        let mut live = LiveState::new();
        let mut unread = BTreeMap::new();
        for (target, scope) in self.scopes() {
            let held = match readers.get(&target) {
                None => Err(Refusal::new(
                    &codes::TARGET_NOT_CONNECTED,
                    format!("`{target}` has to be read, but isn't connected"),
                    "give its credentials; a target that was dropped is read until nothing is held there",
                )),
                Some(reader) => read(reader.as_ref(), &scope).map_err(|error| error.refusal()),
            };
            match held {
                Ok(held) => drop(live.insert(target, held)),
                Err(refusal) => drop(unread.insert(target, refusal)),
            }
        }
        (live, unread)
    }

    pub(super) fn difference(&self, live: &LiveState) -> Difference {
        let mut difference = operations::difference(&self.basis(), live);
        // a target that wasn't read tells nothing, so nothing is done there
        difference.operations.retain(|operation| live.contains_key(&operation.target));
        let (given, unmanaged) = difference.unmanaged.into_iter().partition(|held| self.was_given(held));
        difference.unmanaged = unmanaged;
        let given: Vec<Unmanaged> = given;
        difference.operations.extend(given.into_iter().map(|held| self.revoke(held)));
        difference.operations.sort();
        difference
    }

    fn was_given(&self, held: &Unmanaged) -> bool {
        let live = &held.live;
        let any_permission = live.kind.holds_one();
        let wanted = Given {
            target: held.target.clone(),
            kind: live.kind,
            resource: live.resource.clone(),
            account: AccountMark::of(&live.principal),
            permission: if any_permission { String::new() } else { live.permission.clone() },
            // what was given under some conditions and is held under others is dualkey's too
            conditions: Conditions::NONE,
        };
        // the order puts all permissions of one place behind the empty one, and all conditions behind none
        let found = self.past.given.range(&wanted..).next();
        found.is_some_and(|found| match any_permission {
            true => {
                (&found.target, found.kind, &found.resource, &found.account)
                    == (&wanted.target, wanted.kind, &wanted.resource, &wanted.account)
            }
            false => Given { conditions: Conditions::NONE, ..found.clone() } == wanted,
        })
    }

    fn revoke(&self, held: Unmanaged) -> Operation {
        let account = (held.target.clone(), AccountMark::of(&held.live.principal));
        let person = held.person.or_else(|| self.past.accounts.get(&account).cloned());
        let gone = person.as_ref().is_some_and(|person| self.has_ended(person).unwrap_or(true));
        Operation {
            target: held.target,
            verb: Verb::Revoke,
            kind: held.live.kind,
            resource: held.live.resource,
            permission: held.live.permission,
            previous: None,
            principal: held.live.principal,
            conditions: held.live.conditions,
            person,
            until: None,
            because: Because::Undeclared,
            urgent: gone,
        }
    }

    /// None where the tree doesn't know the person.
    fn has_ended(&self, person: &PersonId) -> Option<bool> {
        self.tree.access.people.get(person).map(|person| self.tree.access.has_ended(person, self.now))
    }

    /// True where the operation only carries out an end that the tree declares. Nothing may block such a one.
    pub(super) fn is_end(&self, operation: &Operation) -> bool {
        let ended = || operation.person.as_ref().and_then(|person| self.has_ended(person)) == Some(true);
        operation.only_takes()
            && (matches!(operation.because, Because::End { .. }) || ended() || self.is_over(operation))
    }

    /// True where what is taken was declared and is over: somebody who gives it back by hand must not keep it by that.
    fn is_over(&self, operation: &Operation) -> bool {
        let over: &BTreeSet<Place<'_>> = self.over.get_or_init(|| self.places_over());
        let permission = operation.previous.as_ref().map_or(&operation.permission, |previous| &previous.permission);
        let place = |permission| {
            (&operation.target, operation.kind.name, &*operation.resource, &*operation.principal, permission)
        };
        over.contains(&place(Some(permission.as_str()))) || (operation.kind.holds_one() && over.contains(&place(None)))
    }

    fn places_over(&self) -> BTreeSet<Place<'a>> {
        let (mut over, mut lasting) = (BTreeSet::new(), BTreeSet::new());
        let applied = self.past.applied.map(|(revision, _)| revision);
        for revision in applied.into_iter().chain([self.tree]) {
            for one in revision.entitlements.iter() {
                let key = &one.key;
                let place = |permission| (&key.target, key.kind.name, &*key.resource, &*key.principal, permission);
                let both = [place(Some(&*key.permission)), place(None)];
                if one.intervals.contains(self.now) {
                    lasting.extend(both);
                } else if one.intervals.iter().any(|interval| interval.until() <= self.now) {
                    over.extend(both);
                }
            }
        }
        over.retain(|place| !lasting.contains(place));
        over
    }
}

/// Accounts that access was given to, where everything undeclared that they hold may go.
fn accounts(tree: &Revision, past: &Past<'_>, now: Timestamp) -> BTreeMap<(TargetId, AccountMark), PersonId> {
    let everyone = tree.access.config.manage == Manage::Everyone;
    // one grant doesn't hand over all that an employee holds; what was given is told apart by `Past::given`
    let ours =
        |person: &PersonId| {
            everyone
                || tree.access.people.get(person).is_none_or(|person| {
                    person.person_type != PersonType::Employee || tree.access.has_ended(person, now)
                })
        };
    let accounts = past.accounts.iter().filter(|(_, person)| ours(person));
    accounts.map(|(account, person)| (account.clone(), person.clone())).collect()
}

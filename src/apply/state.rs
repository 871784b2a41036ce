//! What is live against what should be, with what the log says dualkey gave.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Given, Past, Readers, codes};
use crate::access::{AccountMark, Conditions, EntitlementKey, Kind, Manage, PersonId, PersonType, Revision, TargetId};
use crate::finding::Refusal;
use crate::plan::ends::Declared;
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
    /// What the tree applied last declared at any time.
    applied: OnceCell<BTreeSet<Place<'a>>>,
    /// What was declared, where that is all that is proven: then nothing counts but its ends.
    declared: Option<&'a Declared>,
}

/// Target, kind, resource, account, and the permission; none where it is all that is held there.
type Place<'a> = (&'a TargetId, &'static Kind, &'a str, &'a str, Option<&'a str>);

impl<'a> View<'a> {
    pub(super) fn new(tree: &'a Revision, past: &'a Past<'a>, now: Timestamp) -> Self {
        let accounts = accounts(tree, past, now);
        View { tree, past, now, accounts, over: OnceCell::new(), applied: OnceCell::new(), declared: None }
    }

    /// A view of the ends of what was declared. The tree only names targets.
    pub(super) fn of_ends(declared: &'a Declared, settings: &'a Revision, past: &'a Past<'a>, now: Timestamp) -> Self {
        View { declared: Some(declared), ..View::new(settings, past, now) }
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
        if let Some(declared) = self.declared {
            return declared.scopes();
        }
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
        if let Some(declared) = self.declared {
            let operations = declared.ends(live, self.now, &self.tree.access.config.zone);
            return Difference { operations, unmanaged: Vec::new() };
        }
        let mut difference = operations::difference(&self.basis(), live);
        // a target that wasn't read tells nothing, so nothing is done there
        difference.operations.retain(|operation| live.contains_key(&operation.target));
        let (given, unmanaged) = difference.unmanaged.into_iter().partition(|held: &Unmanaged| {
            let live = &held.live;
            self.was_given((&held.target, live.kind, &live.resource, &live.principal, Some(&live.permission)))
        });
        difference.unmanaged = unmanaged;
        let given: Vec<Unmanaged> = given;
        difference.operations.extend(given.into_iter().map(|held| self.revoke(held)));
        difference.operations.sort();
        difference
    }

    /// True where dualkey gave what is held at a place, as the log says.
    fn was_given(&self, (target, kind, resource, principal, permission): Place<'_>) -> bool {
        let any_permission = kind.holds_one();
        let wanted = Given {
            target: target.clone(),
            kind,
            resource: resource.to_owned(),
            account: AccountMark::of(principal),
            permission: permission.filter(|_| !any_permission).unwrap_or_default().to_owned(),
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

    /// True where the operation only carries out an end. Nothing may block such a one.
    pub(super) fn is_end(&self, operation: &Operation) -> bool {
        if self.declared.is_some() {
            return operation.only_takes();
        }
        let ended = || operation.person.as_ref().and_then(|person| self.has_ended(person)) == Some(true);
        operation.only_takes()
            && (matches!(operation.because, Because::End { .. })
                || ended()
                || self.is_over(operation)
                || self.is_of_somebody_gone(operation))
    }

    /// True where what is taken was declared and is over: somebody who gives it back by hand must not keep it by that.
    fn is_over(&self, operation: &Operation) -> bool {
        any_of(self.over.get_or_init(|| self.places_over()), operation)
    }

    /// True where somebody's file went: that ends what dualkey gave them and what was declared for them. In a tree that
    /// declares nothing at all the file may have been moved with everything else, which says nothing.
    fn is_of_somebody_gone(&self, operation: &Operation) -> bool {
        let gone = operation.person.as_ref().is_some_and(|person| self.has_ended(person).is_none());
        gone && !self.tree.entitlements.is_empty()
            && (self.was_given(place_of(operation))
                || any_of(self.applied.get_or_init(|| self.places_applied()), operation))
    }

    fn places_applied(&self) -> BTreeSet<Place<'a>> {
        let applied = self.past.applied.map(|(revision, _)| revision);
        let entitlements = applied.into_iter().flat_map(|revision| revision.entitlements.iter());
        entitlements.flat_map(|one| places(&one.key)).collect()
    }

    fn places_over(&self) -> BTreeSet<Place<'a>> {
        let (mut over, mut lasting) = (BTreeSet::new(), BTreeSet::new());
        let applied = self.past.applied.map(|(revision, _)| revision);
        for revision in applied.into_iter().chain([self.tree]) {
            for one in revision.entitlements.iter() {
                let both = places(&one.key);
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

/// Where an entitlement is held: by its permission, and whatever the permission is.
fn places(key: &EntitlementKey) -> [Place<'_>; 2] {
    let place = |permission| (&key.target, key.kind, &*key.resource, &*key.principal, permission);
    [place(Some(&*key.permission)), place(None)]
}

/// Where an operation takes something away.
fn place_of(operation: &Operation) -> Place<'_> {
    let permission = operation.previous.as_ref().map_or(&operation.permission, |previous| &previous.permission);
    (&operation.target, operation.kind, &operation.resource, &operation.principal, Some(permission))
}

/// True where what an operation takes is one of the places, under any permission where the kind holds one.
fn any_of(places: &BTreeSet<Place<'_>>, operation: &Operation) -> bool {
    let (target, kind, resource, principal, permission) = place_of(operation);
    places.contains(&(target, kind, resource, principal, permission))
        || (kind.holds_one() && places.contains(&(target, kind, resource, principal, None)))
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

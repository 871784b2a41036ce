//! The calls that bring live state to what is declared, each with its reason.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use foldhash::{HashMap, HashSet, HashSetExt as _};
use jiff::Timestamp;

use super::lowering::lowers;
pub use super::reasons::Because;
use super::reasons::Reasons;
use crate::access::{
    Access, AccountMark, Conditions, Desired, EntitlementKey, Kind, Manage, PersonId, PersonType, Revision, TargetId,
};
use crate::targets::{self, Call, Latent, Live, Place, Previous, Principal, Scope};

/// What an operation does to a person's access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    Revoke,
    Change,
    Grant,
}

impl Verb {
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Revoke => "revoke",
            Verb::Change => "change",
            Verb::Grant => "grant",
        }
    }
}

/// One call that apply would make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    pub target: TargetId,
    pub verb: Verb,
    pub kind: &'static Kind,
    pub resource: String,
    pub permission: String,
    /// What is held before a change.
    pub previous: Option<Previous>,
    /// Where what is taken or changed is held by nobody yet.
    pub latent: Option<Latent>,
    pub principal: Principal,
    pub conditions: Conditions,
    /// The person the principal belongs to, where anybody knows.
    pub person: Option<PersonId>,
    /// When the access ends, as things are declared now.
    pub until: Option<Timestamp>,
    pub because: Because,
    /// The number of what is changed, where that isn't what the resource's name means now. Such an operation only takes.
    pub number: Option<u64>,
    /// True where the person ended: such a revoke goes first.
    pub urgent: bool,
}

impl Operation {
    /// True where nobody holds anything more after it than before.
    pub fn only_takes(&self) -> bool {
        match self.verb {
            Verb::Revoke => true,
            Verb::Grant => false,
            Verb::Change => self.previous.as_ref().is_some_and(|previous| {
                lowers(self.kind, (&previous.permission, &previous.conditions), (&self.permission, &self.conditions))
            }),
        }
    }

    /// True where it touches a permission that administers the target.
    pub fn touches_admin(&self) -> bool {
        (self.kind.administers)(&self.resource, &self.permission)
            || self
                .previous
                .as_ref()
                .is_some_and(|previous| (self.kind.administers)(&self.resource, &previous.permission))
    }

    /// The call for the target, with the end that it may enforce.
    pub fn call(&self) -> Call {
        let until = self.until;
        let verb = match (self.verb, &self.previous) {
            (Verb::Revoke, _) => targets::Verb::Revoke,
            (Verb::Change, Some(previous)) => targets::Verb::Change { previous: previous.clone(), until },
            (Verb::Grant, _) | (Verb::Change, None) => targets::Verb::Grant { until },
        };
        Call {
            verb,
            kind: self.kind,
            resource: self.resource.clone(),
            permission: self.permission.clone(),
            principal: self.principal.clone(),
            conditions: self.conditions.clone(),
            number: self.number,
        }
    }

    /// Where it changes something.
    pub fn place(&self) -> Place<'_> {
        Place { target: &self.target, kind: self.kind, resource: &self.resource, holder: self.principal.holder() }
    }

    fn sort_key(&self) -> (Place<'_>, Verb, &str, &Conditions, Option<u64>) {
        (self.place(), self.verb, &self.permission, &self.conditions, self.number)
    }
}

impl PartialOrd for Operation {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Operation {
    fn cmp(&self, other: &Self) -> Ordering {
        self.sort_key().cmp(&other.sort_key())
    }
}

/// A live entitlement, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    pub target: TargetId,
    pub live: Live,
    /// Whose it is, where anybody knows.
    pub person: Option<PersonId>,
}

/// What operations are computed from.
#[derive(Debug)]
pub struct Basis<'a> {
    /// What should be: the verified tree.
    pub tree: &'a Revision,
    /// What was applied last, and when: it may be taken away too.
    pub applied: Option<(&'a Revision, Timestamp)>,
    /// Accounts that the log says access was granted to, and the person then.
    pub granted: &'a BTreeMap<(TargetId, AccountMark), PersonId>,
    pub now: Timestamp,
}

/// Operations to make and entitlements that stay, each sorted.
#[derive(Clone, Debug, Default)]
pub struct Difference {
    pub operations: Vec<Operation>,
    /// What is left as it is, since nothing says that dualkey may remove it.
    pub unmanaged: Vec<Found>,
    /// What is declared and was given, and is held once its principal does what only they can do.
    pub pending: Vec<Found>,
}

/// What must be read: every resource of the tree and of the tree applied last, by target.
pub fn scopes(basis: &Basis<'_>) -> BTreeMap<TargetId, Scope> {
    let mut scopes: BTreeMap<TargetId, Scope> = BTreeMap::new();
    for revision in std::iter::once(basis.tree).chain(basis.applied.map(|(revision, _)| revision)) {
        for resource in revision.access.domains.values().flat_map(|domain| domain.resources.values()) {
            scopes.entry(resource.target.clone()).or_default().insert(resource.kind, resource.name.as_ref());
        }
    }
    scopes
}

/// Compares what should be live with what is.
///
/// What a target holds in the place of something else is changed in one call where one of the two is within the other:
/// nothing is lost or given on the way; so is an end that the target enforces and that is another one than declared. Where
/// neither is, such as between mornings and evenings or between two roles of an owner's own, the one is taken first
/// and the other given then, so that an end can always be carried out by itself.
///
/// What is latent and declared is not given again. Beside what is held, it is nothing of its own.
pub fn difference(basis: &Basis<'_>, live: &BTreeMap<TargetId, Vec<Live>>) -> Difference {
    let people = Accounts::of(basis);
    let wanted = basis.tree.entitlements.desired_at(basis.now);
    let mut desired: HashMap<Thing<'_>, &Desired<'_>> =
        wanted.iter().map(|one| (Thing::of_key(one.key), one)).collect();
    let all = || live.iter().flat_map(|(target, live)| live.iter().map(move |live| (target, live)));
    let same = |live: &Live, one: &Desired<'_>| *one.key.permission == *live.permission && !ends_otherwise(live, one);
    let mut difference = Difference::default();
    let mut others: Vec<(&TargetId, &Live)> = Vec::new();
    // of what is latent too, what is held says what there is to do
    let mut held: HashMap<Thing<'_>, &Desired<'_>> = HashMap::default();
    let any_latent = all().any(|(_, live)| live.latent.is_some());
    for (target, live) in all().filter(|(_, live)| live.latent.is_none()) {
        let thing = Thing::of_live(target, live);
        match desired.get(&thing).copied().filter(|one| same(live, one)) {
            Some(one) => {
                desired.remove(&thing);
                if any_latent {
                    held.insert(thing, one);
                }
            }
            None => others.push((target, live)),
        }
    }
    for (target, live) in all().filter(|(_, live)| live.latent.is_some()) {
        let thing = Thing::of_live(target, live);
        match (held.get(&thing).copied(), desired.get(&thing).copied()) {
            (Some(one), _) if same(live, one) => {}
            // a revoke would take both
            (Some(one), _) => difference.operations.push(change(&people.reasons, target, live, one)),
            (None, Some(one)) if same(live, one) => {
                desired.remove(&thing);
                let person = Some(one.key.person.clone());
                difference.pending.push(Found { target: target.clone(), live: live.clone(), person });
            }
            (None, _) => others.push((target, live)),
        }
    }
    // little is left where little differs
    let mut desired: BTreeMap<Thing<'_>, &Desired<'_>> = desired.into_iter().collect();
    for (target, live) in others {
        let slot = Slot::of_live(target, live);
        let comparable = |key: &EntitlementKey| match live.kind.holds_one() {
            true => [(&*key.permission, &*live.permission), (&*live.permission, &*key.permission)]
                .into_iter()
                .any(|(one, other)| live.kind.includes(one, other)),
            false => key.conditions.within(&live.conditions) || live.conditions.within(&key.conditions),
        };
        let first = Thing { slot: slot.clone(), conditions: &Conditions::NONE };
        let here = desired.range(first..).take_while(|(thing, _)| thing.slot == slot);
        let instead = here.filter(|(_, one)| comparable(one.key)).map(|(thing, one)| (thing.clone(), *one)).next();
        match instead {
            Some((thing, one)) => {
                desired.remove(&thing);
                difference.operations.push(change(&people.reasons, target, live, one));
            }
            None => people.undeclared(target, live, &mut difference),
        }
    }
    for one in desired.into_values() {
        difference.operations.push(grant(&people.reasons, one));
    }
    difference.operations.sort();
    difference.unmanaged.sort();
    difference.pending.sort();
    difference
}

/// What a target holds at a place under some conditions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Thing<'a> {
    slot: Slot<'a>,
    conditions: &'a Conditions,
}

impl<'a> Thing<'a> {
    fn of_key(key: &'a EntitlementKey) -> Self {
        Thing { slot: Slot::of_key(key), conditions: &key.conditions }
    }

    fn of_live(target: &'a TargetId, live: &'a Live) -> Self {
        Thing { slot: Slot::of_live(target, live), conditions: &live.conditions }
    }
}

/// A place where a target holds things: where a kind holds one value, the permission is not part of it. Conditions never
/// are, so that what is declared under some is dualkey's to take away under others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Slot<'a> {
    place: Place<'a>,
    permission: Option<&'a str>,
}

impl<'a> Slot<'a> {
    fn of_key(key: &'a EntitlementKey) -> Self {
        Slot { place: Place::of_key(key), permission: (!key.kind.holds_one()).then_some(&*key.permission) }
    }

    fn of_live(target: &'a TargetId, live: &'a Live) -> Self {
        Slot {
            place: Place::of_live(target, live),
            permission: (!live.kind.holds_one()).then_some(live.permission.as_str()),
        }
    }
}

/// True where the target would end access at another instant than the one declared. An end that a target doesn't know is
/// carried out by a run.
fn ends_otherwise(live: &Live, desired: &Desired<'_>) -> bool {
    live.kind.enforces.ends && live.until.is_some() && live.until != until(desired)
}

fn until(desired: &Desired<'_>) -> Option<Timestamp> {
    (desired.until != Timestamp::MAX).then_some(desired.until)
}

fn grant(reasons: &Reasons<'_>, desired: &Desired<'_>) -> Operation {
    Operation {
        target: desired.key.target.clone(),
        verb: Verb::Grant,
        kind: desired.key.kind,
        resource: desired.key.resource.to_string(),
        permission: desired.key.permission.to_string(),
        previous: None,
        latent: None,
        principal: Principal::Account(desired.key.principal.to_string()),
        conditions: desired.key.conditions.clone(),
        person: Some(desired.key.person.clone()),
        until: until(desired),
        because: reasons.granted(desired),
        number: None,
        urgent: false,
    }
}

fn change(reasons: &Reasons<'_>, target: &TargetId, live: &Live, desired: &Desired<'_>) -> Operation {
    let because = reasons.changed(target, live, desired);
    let previous = Previous { permission: live.permission.clone(), conditions: live.conditions.clone() };
    Operation { verb: Verb::Change, previous: Some(previous), latent: live.latent, because, ..grant(reasons, desired) }
}

/// Whose accounts are whose, and which live access dualkey may take away.
struct Accounts<'a> {
    basis: &'a Basis<'a>,
    reasons: Reasons<'a>,
    people: BTreeMap<(TargetId, String), PersonId>,
    /// Entitlements that were declared at any time, now or when last applied.
    declared: HashSet<Slot<'a>>,
}

impl<'a> Accounts<'a> {
    fn of(basis: &'a Basis<'a>) -> Self {
        let mut declared = HashSet::new();
        for revision in revisions(basis) {
            declared.extend(revision.entitlements.iter().map(|entitlement| Slot::of_key(&entitlement.key)));
        }
        let reasons = Reasons::of(basis.tree, basis.applied, basis.now);
        Accounts { basis, reasons, people: owners(basis), declared }
    }

    /// What to do with something live that should not be there now.
    fn undeclared(&self, target: &TargetId, live: &Live, difference: &mut Difference) {
        let account = live.principal.account().map(|account| (target.clone(), account.to_owned()));
        let logged = self.basis.granted.get(&(target.clone(), AccountMark::of(&live.principal.to_string())));
        let person = account.and_then(|account| self.people.get(&account)).or(logged).cloned();
        let known = person.as_ref().and_then(|person| {
            let applied = self.basis.applied.and_then(|(revision, _)| revision.access.people.get(person));
            self.basis.tree.access.people.get(person).or(applied)
        });
        let contractor = known.is_some_and(|person| person.person_type != PersonType::Employee);
        let tree = &self.basis.tree.access;
        let declared = person.as_ref().map(|id| tree.people.get(id));
        let gone = declared.is_some_and(|person| person.is_none_or(|person| tree.has_ended(person, self.basis.now)));
        // whoever has ended works here no more, and is managed as a contractor is
        let ended = gone && declared.flatten().is_some();
        let ours = self.declared.contains(&Slot::of_live(target, live)) || logged.is_some();
        // nothing can declare what a group holds, so taking it away would take it from everybody in it for ever
        let is_group = matches!(live.principal, Principal::Group(_));
        let everyone = self.basis.tree.access.config.manage == Manage::Everyone && !is_group;
        // what employees hold beside their grants is theirs, unless dualkey gave it
        if !(everyone || contractor || ended || ours) {
            difference.unmanaged.push(Found { target: target.clone(), live: live.clone(), person });
            return;
        }
        difference.operations.push(Operation {
            target: target.clone(),
            verb: Verb::Revoke,
            kind: live.kind,
            resource: live.resource.clone(),
            permission: live.permission.clone(),
            previous: None,
            latent: live.latent,
            principal: live.principal.clone(),
            conditions: live.conditions.clone(),
            because: self.reasons.revoked(target, live).of_ended(person.as_ref().filter(|_| ended)),
            person,
            until: None,
            number: None,
            urgent: gone,
        });
    }
}

/// The tree comes last, so that it has the last word on whose an account is.
pub(super) fn revisions<'a>(basis: &Basis<'a>) -> impl Iterator<Item = &'a Revision> + use<'a> {
    basis.applied.map(|(revision, _)| revision).into_iter().chain([basis.tree])
}

/// Whose accounts are whose.
pub fn owners(basis: &Basis<'_>) -> BTreeMap<(TargetId, String), PersonId> {
    let mut people = BTreeMap::new();
    for revision in revisions(basis) {
        add_accounts(&revision.access, &mut people);
    }
    people
}

fn add_accounts(access: &Access, people: &mut BTreeMap<(TargetId, String), PersonId>) {
    for person in access.people.values() {
        for target in access.config.targets.values() {
            if let Some(principal) = person.accounts.principal(target.target_type) {
                people.insert((target.id.clone(), principal.to_owned()), person.id.clone());
            }
        }
    }
}

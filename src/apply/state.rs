//! What is live against what should be, with what the log says dualkey gave.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::look::Seen;
use super::numbers::{Meant, Name, name, name_of};
use super::{Given, Past};
use crate::access::{
    AccountForm, AccountMark, Conditions, EntitlementKey, Manage, PersonId, PersonType, Revision, TargetId,
};
use crate::plan::ends::Declared;
use crate::plan::live::{self, LiveFinding};
use crate::plan::live_duties::{self, LiveBreach};
use crate::plan::operations::{self, Basis, Because, Difference, Found, Operation, Verb};
use crate::plan::through::{self, ByGroups};
use crate::targets::{Expected, Live, Place, Resource, Scope};

/// The instant by which things end, by target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    pub now: Timestamp,
    /// Targets where it is another one.
    pub others: BTreeMap<TargetId, Timestamp>,
}

impl Clock {
    /// One that all targets have.
    pub(super) fn of(now: Timestamp) -> Self {
        Clock { now, others: BTreeMap::new() }
    }

    pub(super) fn at(&self, target: &TargetId) -> Timestamp {
        self.others.get(target).copied().unwrap_or(self.now)
    }
}

/// A tree at an instant, and the past that decides what may be taken away.
pub(super) struct View<'a> {
    pub tree: &'a Revision,
    pub past: &'a Past<'a>,
    clock: Clock,
    /// Accounts of which everything undeclared may go.
    accounts: BTreeMap<(TargetId, AccountMark), PersonId>,
    /// What is declared and over. Made when first asked, since mostly an operation says itself that it is an end.
    over: OnceCell<BTreeSet<Thing<'a>>>,
    /// What the tree applied last declared at any time.
    applied: OnceCell<BTreeSet<Thing<'a>>>,
    /// What was declared, where that is all that is proven: then nothing counts but its ends.
    declared: Option<&'a Declared>,
    /// By which numbers names are meant.
    pub(super) numbers: Meant,
}

/// Something that is held at a place: the permission, none where it is all that is held there.
pub(super) type Thing<'a> = (Place<'a>, Option<&'a str>);

impl<'a> View<'a> {
    pub(super) fn new(tree: &'a Revision, past: &'a Past<'a>, now: Timestamp) -> Self {
        let clock = Clock::of(now);
        let accounts = accounts(tree, past, &clock);
        let numbers = Meant::of(tree, past, None);
        View { tree, past, clock, accounts, over: OnceCell::new(), applied: OnceCell::new(), declared: None, numbers }
    }

    /// A view of the ends of what was declared. The tree only names targets.
    pub(super) fn of_ends(declared: &'a Declared, settings: &'a Revision, past: &'a Past<'a>, now: Timestamp) -> Self {
        let wanted = declared.lasting(now).map(|place| name(&place.target, place.kind, &place.resource));
        let numbers = Meant::of(settings, past, Some(wanted.collect()));
        View { declared: Some(declared), numbers, ..View::new(settings, past, now) }
    }

    /// The same at other instants.
    pub(super) fn move_to(&mut self, clock: Clock) {
        self.accounts = accounts(self.tree, self.past, &clock);
        self.clock = clock;
        self.over = OnceCell::new();
    }

    /// By our own clock, where no target says anything else.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now
    }

    /// What has ended by then is over at a target.
    pub(super) fn at(&self, target: &TargetId) -> Timestamp {
        self.clock.at(target)
    }

    fn basis(&self, now: Timestamp) -> Basis<'_> {
        Basis { tree: self.tree, applied: self.past.applied, granted: &self.accounts, now }
    }

    /// Everything that must be read, by target.
    pub(super) fn scopes(&self) -> BTreeMap<TargetId, Scope> {
        if let Some(declared) = self.declared {
            return self.identified(&declared.scopes());
        }
        let mut scopes = operations::scopes(&self.basis(self.clock.now));
        for given in &self.past.given {
            scopes.entry(given.target.clone()).or_default().insert(given.kind, given.resource.clone());
        }
        for (target, scope) in &mut scopes {
            if let Some((expected, accounts)) = self.expected(target) {
                scope.expect(expected, accounts);
            }
        }
        self.identified(&scopes)
    }

    /// The same scopes with what tells a target which of two things of one name is meant, and whether it matters who signs in
    /// with a second factor.
    pub(super) fn identified(&self, scopes: &BTreeMap<TargetId, Scope>) -> BTreeMap<TargetId, Scope> {
        let mut scopes = scopes.clone();
        for (target, scope) in &mut scopes {
            self.numbers.identify(target, scope);
            if self.asks_factors(target) {
                scope.ask_factors();
            }
        }
        scopes
    }

    /// Who is expected on each resource of a target that numbers its accounts, and how files call the accounts.
    fn expected(&self, target: &TargetId) -> Option<(BTreeMap<Resource, Expected>, BTreeMap<String, String>)> {
        let applied = self.past.applied.map(|(revision, _)| revision);
        let revisions = || applied.into_iter().chain([self.tree]);
        let settings = revisions().filter_map(|revision| revision.access.config.targets.get(target)).next_back()?;
        // elsewhere nobody is invited, and what is held tells itself
        let form = settings.spec.account.as_ref().map(|account| &account.form);
        if !matches!(form, Some(AccountForm::Numbered { .. })) {
            return None;
        }
        let mut accounts = BTreeMap::new();
        for person in revisions().flat_map(|revision| revision.access.people.values()) {
            let numbered = person.accounts.get(settings.target_type).and_then(|account| account.numbered.as_ref());
            accounts.extend(numbered.map(|account| (account.id.to_string(), account.login.clone())));
        }
        let now = self.at(target);
        let mut expected: BTreeMap<Resource, Expected> = BTreeMap::new();
        for one in revisions().flat_map(|revision| revision.entitlements.iter()) {
            let key = &one.key;
            if key.target == *target {
                let resource = Resource { kind: key.kind, name: key.resource.to_string() };
                expected.entry(resource).or_default().entry(key.principal.to_string()).or_default();
            }
        }
        for given in self.past.given.iter().filter(|given| given.target == *target) {
            let resource = Resource { kind: given.kind, name: given.resource.clone() };
            let known = expected.entry(resource).or_default().entry(given.account.to_string()).or_default();
            known.given = known.given.max(self.past.given_at.get(given).copied());
        }
        for one in self.tree.entitlements.desired_at(now).iter().filter(|one| one.key.target == *target) {
            let resource = Resource { kind: one.key.kind, name: one.key.resource.to_string() };
            let known = expected.entry(resource).or_default().entry(one.key.principal.to_string()).or_default();
            known.wanted = Some(one.key.permission.to_string());
        }
        Some((expected, accounts))
    }

    /// People who may hold something at one of the targets, whatever was seen there.
    pub(super) fn people_at(&self, targets: &BTreeSet<TargetId>) -> BTreeSet<PersonId> {
        let mut people = BTreeSet::new();
        let applied = self.past.applied.map(|(revision, _)| revision);
        for access in applied.into_iter().chain([self.tree]).map(|revision| &revision.access) {
            for settings in targets.iter().filter_map(|target| access.config.targets.get(target)) {
                let here = access.people.values().filter(|one| one.accounts.principal(settings.target_type).is_some());
                people.extend(here.map(|person| person.id.clone()));
            }
        }
        let logged = self.past.accounts.iter().filter(|((target, _), _)| targets.contains(target));
        people.extend(logged.map(|(_, person)| person.clone()));
        people
    }

    /// What differs where everything is known; nothing is done anywhere else.
    pub(super) fn difference(&self, seen: &Seen) -> Difference {
        let mut difference = Difference::default();
        let instants: BTreeSet<Timestamp> = seen.held.keys().map(|target| self.at(target)).collect();
        for now in &instants {
            let others = seen.held.keys().filter(|target| self.at(target) != *now);
            let part = match others.count() {
                0 => self.differs(&seen.held, *now),
                _ => {
                    let same = seen.held.iter().filter(|(target, _)| self.at(target) == *now);
                    self.differs(&same.map(|(target, live)| (target.clone(), live.clone())).collect(), *now)
                }
            };
            difference.operations.extend(part.operations);
            difference.unmanaged.extend(part.unmanaged);
            difference.pending.extend(part.pending);
        }
        self.look_elsewhere(seen, &mut difference);
        difference.operations.retain(|one| seen.shows(&one.target, one.kind, &one.resource));
        difference.operations.sort();
        difference.unmanaged.sort();
        difference.pending.sort();
        difference
    }

    /// What people have by groups, where everything is known.
    pub(super) fn by_groups(&self, seen: &Seen) -> ByGroups {
        through::by_groups(&self.basis(self.clock.now), &seen.held, &seen.members)
    }

    /// Duties that come together by what is live.
    pub(super) fn breaches(&self, difference: &Difference, groups: &ByGroups) -> Vec<LiveBreach> {
        live_duties::breaches(&self.basis(self.clock.now), difference, groups)
    }

    /// True where the breach keeps an operation from being made.
    pub(super) fn is_held_up(&self, breach: &LiveBreach, operation: &Operation) -> bool {
        breach.holds_up(operation, &self.basis(self.clock.now))
    }

    /// What else is wrong with what is live, sorted.
    pub(super) fn findings(&self, seen: &Seen, difference: &Difference, groups: &ByGroups) -> Vec<LiveFinding> {
        let basis = self.basis(self.clock.now);
        let owners = operations::owners(&basis);
        let mut findings = live::of_groups(&basis, groups);
        for (target, fact) in seen.facts.iter().flat_map(|(target, facts)| facts.iter().map(move |fact| (target, fact)))
        {
            let account = fact.principal.as_ref().and_then(|principal| principal.account());
            let person = account.and_then(|account| owners.get(&(target.clone(), account.to_owned())));
            findings.push(live::of_fact(target, fact, person.cloned()));
        }
        findings.extend(self.breaches(difference, groups).into_iter().map(|breach| breach.finding));
        findings.sort();
        findings.dedup();
        findings
    }

    /// True where something that is declared at a target asks for a second factor.
    fn asks_factors(&self, target: &TargetId) -> bool {
        let access = &self.tree.access;
        let Some(settings) = access.config.targets.get(target) else { return false };
        let asking = access.roles.values().filter(|role| role.mfa_required);
        let mut kinds = asking.flat_map(|role| role.entitlements.keys());
        kinds.any(|kind| kind.enforces.mfa && kind.target == settings.target_type)
    }

    /// Notes by which other names the past knows what was seen.
    pub(super) fn recognise(&mut self, seen: &Seen) {
        self.numbers.recognise(seen);
    }

    /// Leaves what is wanted under another name to that one, and takes what is over, or was given, under other numbers than a
    /// name means now.
    fn look_elsewhere(&self, seen: &Seen, difference: &mut Difference) {
        let is_former = |name: &Name| self.numbers.is_former(name);
        if !self.numbers.former.is_empty() {
            difference.operations.retain(|one| !is_former(&name_of(one)));
            for list in [&mut difference.unmanaged, &mut difference.pending] {
                list.retain(|one| !is_former(&name(&one.target, one.live.kind, &one.live.resource)));
            }
        }
        for (name, held) in seen.elsewhere.iter().filter(|(name, _)| !is_former(name)) {
            for (number, held) in held.iter().filter(|(number, _)| !self.numbers.is_wanted(name, **number, seen)) {
                let taken = self.taken_elsewhere(name, held);
                difference.operations.extend(taken.into_iter().map(|one| Operation { number: Some(*number), ..one }));
            }
        }
    }

    /// What is taken where a resource was known by another number.
    fn taken_elsewhere(&self, name: &Name, held: &[Live]) -> Vec<Operation> {
        let (target, resource) = name;
        let is_ours = |live: &&Live| {
            let place = Place::of_live(target, live);
            self.was_given((place, Some(&live.permission))) || self.is_declared_at(place)
        };
        let held: Vec<Live> = held.iter().filter(is_ours).cloned().collect();
        // where files say which one is meant from now on, nothing stays on another
        if self.declared.is_none() && self.numbers.is_declared(name) {
            let found = held.into_iter().map(|live| Found { target: target.clone(), live, person: None });
            return found.map(|found| self.revoke(found)).collect();
        }
        let differs = self.differs(&BTreeMap::from([(target.clone(), held)]), self.at(target));
        let here = differs.operations.into_iter().filter(|one| name_of(one).1 == *resource);
        here.filter(Operation::only_takes).collect()
    }

    /// True where something is or was declared at a place, at any time.
    fn is_declared_at(&self, place: Place<'_>) -> bool {
        let applied = self.past.applied.map(|(revision, _)| revision);
        let declared = applied.into_iter().chain([self.tree]).flat_map(|revision| revision.entitlements.iter());
        self.declared.is_some() || declared.map(|one| Place::of_key(&one.key)).any(|one| one == place)
    }

    /// The difference of targets that have the same time.
    fn differs(&self, held: &BTreeMap<TargetId, Vec<Live>>, now: Timestamp) -> Difference {
        if let Some(declared) = self.declared {
            let operations = declared.ends(held, now, &self.tree.access.config.zone);
            return Difference { operations, ..Difference::default() };
        }
        let mut difference = operations::difference(&self.basis(now), held);
        // a target that wasn't read tells nothing, so nothing is done there
        difference.operations.retain(|operation| held.contains_key(&operation.target));
        let (given, unmanaged) = difference.unmanaged.into_iter().partition(|held: &Found| {
            let live = &held.live;
            self.was_given((Place::of_live(&held.target, live), Some(&live.permission)))
        });
        difference.unmanaged = unmanaged;
        let given: Vec<Found> = given;
        difference.operations.extend(given.into_iter().map(|held| self.revoke(held)));
        if let Some(disputed) = self.past.disputed {
            difference.operations.retain(|operation| !disputed.keeps(operation, now));
        }
        difference
    }

    /// True where dualkey gave what is held at a place, as the log says, by whatever name it had then.
    pub(super) fn was_given(&self, (place, permission): Thing<'_>) -> bool {
        let names = self.numbers.former.get(&name(place.target, place.kind, place.resource));
        let mut former = names.into_iter().flatten().map(|(_, one)| Place { resource: &one.name, ..place });
        self.was_given_at((place, permission)) || former.any(|place| self.was_given_at((place, permission)))
    }

    fn was_given_at(&self, (place, permission): Thing<'_>) -> bool {
        let Place { target, kind, resource, holder } = place;
        let any_permission = kind.holds_one();
        let wanted = Given {
            target: target.clone(),
            kind,
            resource: resource.to_owned(),
            account: AccountMark::of(&holder.to_string()),
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

    fn revoke(&self, held: Found) -> Operation {
        let account = (held.target.clone(), AccountMark::of(&held.live.principal.to_string()));
        let person = held.person.or_else(|| self.past.accounts.get(&account).cloned());
        let ended = person.as_ref().and_then(|person| self.has_ended(person, &held.target));
        let gone = person.is_some() && ended.unwrap_or(true);
        let because = Because::Undeclared {}.of_ended(person.as_ref().filter(|_| ended == Some(true)));
        Operation {
            target: held.target,
            verb: Verb::Revoke,
            kind: held.live.kind,
            resource: held.live.resource,
            permission: held.live.permission,
            previous: None,
            latent: held.live.latent,
            principal: held.live.principal,
            conditions: held.live.conditions,
            person,
            until: None,
            because,
            number: None,
            urgent: gone,
        }
    }

    /// None where the tree doesn't know the person.
    fn has_ended(&self, person: &PersonId, target: &TargetId) -> Option<bool> {
        self.tree.access.people.get(person).map(|person| self.tree.access.has_ended(person, self.at(target)))
    }

    /// True where the operation only carries out an end. Nothing may block such a one.
    pub(super) fn is_end(&self, operation: &Operation) -> bool {
        if self.declared.is_some() {
            return operation.only_takes();
        }
        let ended =
            || operation.person.as_ref().and_then(|person| self.has_ended(person, &operation.target)) == Some(true);
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
        let gone = operation.person.as_ref().is_some_and(|person| self.has_ended(person, &operation.target).is_none());
        gone && !self.tree.entitlements.is_empty()
            && (self.was_given(place_of(operation))
                || any_of(self.applied.get_or_init(|| self.places_applied()), operation))
    }

    fn places_applied(&self) -> BTreeSet<Thing<'a>> {
        let applied = self.past.applied.map(|(revision, _)| revision);
        let entitlements = applied.into_iter().flat_map(|revision| revision.entitlements.iter());
        entitlements.flat_map(|one| places(&one.key)).collect()
    }

    fn places_over(&self) -> BTreeSet<Thing<'a>> {
        let (mut over, mut lasting) = (BTreeSet::new(), BTreeSet::new());
        let applied = self.past.applied.map(|(revision, _)| revision);
        for revision in applied.into_iter().chain([self.tree]) {
            for one in revision.entitlements.iter() {
                let (both, now) = (places(&one.key), self.at(&one.key.target));
                if one.intervals.contains(now) {
                    lasting.extend(both);
                } else if one.intervals.iter().any(|interval| interval.until() <= now) {
                    over.extend(both);
                }
            }
        }
        over.retain(|place| !lasting.contains(place));
        over
    }
}

/// Where an entitlement is held: by its permission, and whatever the permission is.
fn places(key: &EntitlementKey) -> [Thing<'_>; 2] {
    [(Place::of_key(key), Some(&*key.permission)), (Place::of_key(key), None)]
}

/// Where an operation takes something away.
pub(super) fn place_of(operation: &Operation) -> Thing<'_> {
    let permission = operation.previous.as_ref().map_or(&operation.permission, |previous| &previous.permission);
    (operation.place(), Some(permission))
}

/// True where what an operation takes is one of the places, under any permission where the kind holds one.
fn any_of(places: &BTreeSet<Thing<'_>>, operation: &Operation) -> bool {
    let (place, permission) = place_of(operation);
    places.contains(&(place, permission)) || (place.kind.holds_one() && places.contains(&(place, None)))
}

/// Accounts that access was given to, where everything undeclared that they hold may go.
fn accounts(tree: &Revision, past: &Past<'_>, clock: &Clock) -> BTreeMap<(TargetId, AccountMark), PersonId> {
    let everyone = tree.access.config.manage == Manage::Everyone;
    // one grant doesn't hand over all that an employee holds; what was given is told apart by `Past::given`
    let ours = |target: &TargetId, person: &PersonId| {
        everyone
            || tree.access.people.get(person).is_none_or(|person| {
                person.person_type != PersonType::Employee || tree.access.has_ended(person, clock.at(target))
            })
    };
    let accounts = past.accounts.iter().filter(|((target, _), person)| ours(target, person));
    accounts.map(|(account, person)| (account.clone(), person.clone())).collect()
}

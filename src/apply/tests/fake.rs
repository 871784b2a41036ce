//! Targets in memory that fail when they are told to.

use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use super::super::*;
use super::world::one;
use crate::targets::retry::Waits;
use crate::targets::sandbox;
use crate::targets::{
    self, Call, Depth, Done, Gate, Hello, Latent, Live, Members, Names, Numbered, Power, Reading, Resource, Scope,
    TargetError, members_of,
};

/// What goes wrong with the k-th call to a target, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
    None,
    FailBefore(&'static str, usize),
    FailAfter(&'static str, usize),
    CrashBefore(&'static str, usize),
    CrashAfter(&'static str, usize),
    /// From this call on the target answers no call.
    Vanishes(&'static str, usize),
    /// The credential may change nothing at this target.
    Denied(&'static str),
    /// This many reads answer what was live one call before.
    Stale(usize),
    /// The call says that it went well.
    Ignored(&'static str, usize),
    /// Every call about this account fails.
    Account(&'static str),
    /// This target can't be read, or "everything".
    Unreadable(&'static str),
    /// This target doesn't say which it is, or "everything".
    Mute(&'static str),
    /// This target is another one than is pinned.
    Another(&'static str),
    /// This resource can't be read at this target.
    Hidden(&'static str, &'static str),
    /// A page of this read of this target, counted from 0, doesn't arrive.
    LostPage(&'static str, usize),
    /// Before this read of this target somebody else changes what is held; odd: takes, even: gives.
    Meddled(&'static str, usize, usize),
    /// Of the calls to each target the first so many find it locked.
    Busy(usize),
    /// Or are asked for patience.
    Throttled(usize),
    /// Of the reads of each target, too.
    BusyReads(usize),
    /// This target can't list the names that exist, though it tells that there are some.
    Nameless(&'static str),
    /// In the end the target tells nothing of its calls.
    Forgetful,
    /// No call has an effect, and all say that they went well.
    Deaf,
}

pub(super) type Held = BTreeSet<(TargetId, Live)>;

#[derive(Debug)]
pub(super) struct World {
    pub held: Held,
    pub before_last: Held,
    pub calls: Vec<(TargetId, Call)>,
    pub visited: Vec<Held>,
    pub fault: Fault,
    pub stale: usize,
    pub count: usize,
    /// How often each target was called.
    pub tries: BTreeMap<String, usize>,
    /// How often each resource was read.
    pub looks: BTreeMap<Resource, usize>,
    /// Until when sessions live after a revoke.
    pub lives_until: Option<Timestamp>,
    /// How often each target was read.
    pub reads: BTreeMap<String, usize>,
    /// How many calls had been made when a read failed.
    pub lost_at: Option<usize>,
    /// The time at every target that isn't named below, where it tells.
    pub clock: Option<Timestamp>,
    pub clocks: BTreeMap<&'static str, Timestamp>,
    /// The account that dualkey runs as at a target.
    pub own: Option<(&'static str, &'static str)>,
    /// Who is in the groups of each target.
    pub members: BTreeMap<&'static str, Members>,
    /// Which names exist at each target, where it can list them.
    pub names: BTreeMap<(&'static str, Names), BTreeSet<String>>,
    /// By the names of resources: the number of what is held under it, and of another that has the name by now.
    pub numbers: BTreeMap<&'static str, (u64, Option<u64>)>,
    /// Who signs in with a second factor, where that is told.
    pub factors: BTreeMap<&'static str, bool>,
    /// True where a grant to who holds nothing on the resource yet is an invitation.
    pub invites: bool,
    /// Asked at each call whether it may be made.
    pub allowed: bool,
}

#[derive(Clone)]
pub(super) struct Shared {
    pub world: Arc<RwLock<World>>,
    /// The longest that each wait of a client could have been.
    pub pauses: Arc<Mutex<Vec<Duration>>>,
}

impl Shared {
    pub(super) fn borrow(&self) -> RwLockReadGuard<'_, World> {
        self.world.read().unwrap()
    }

    pub(super) fn borrow_mut(&self) -> RwLockWriteGuard<'_, World> {
        self.world.write().unwrap()
    }
}

impl Waits for Shared {
    fn wait(&self, _: Duration, at_most: Duration, _: &str) -> bool {
        self.pauses.lock().unwrap().push(at_most);
        true
    }

    fn pause(&self, _: Duration) -> bool {
        true
    }
}

pub(super) struct Fake(pub TargetId, pub Shared);

pub(super) struct Crash;

impl Fake {
    fn broke(&self, why: &str) -> TargetError {
        TargetError::LiveReadIncomplete { target: self.0.to_string(), why: why.to_owned() }
    }

    fn is(&self, name: &str) -> bool {
        name == "everything" || name == self.0.as_str()
    }
}

impl Reader for Fake {
    fn hello(&mut self) -> Result<Hello, TargetError> {
        let mut world = self.1.borrow_mut();
        if matches!(world.fault, Fault::Mute(name) if self.is(name)) {
            world.lost_at.get_or_insert(0);
            return Err(self.broke("it is mute"));
        }
        let another = matches!(world.fault, Fault::Another(name) if self.is(name));
        if another {
            world.lost_at.get_or_insert(0);
        }
        let identity = if another { "sandbox:another".to_owned() } else { format!("sandbox:{}", self.0) };
        let clock = world.clocks.get(self.0.as_str()).copied().or(world.clock);
        let own = world.own.iter().filter(|(name, _)| self.is(name)).map(|(_, account)| (*account).to_owned());
        Ok(Hello { identity, clock, own: own.collect(), power: Power::Unknown })
    }

    fn read(&mut self, scope: &Scope, _: Depth) -> Result<Reading, TargetError> {
        let mut world = self.1.borrow_mut();
        if matches!(world.fault, Fault::Unreadable(name) if self.is(name)) {
            world.lost_at.get_or_insert(0);
            return Err(self.broke("page 2 did not arrive"));
        }
        let count = world.reads.entry(self.0.to_string()).or_default();
        let k = *count;
        *count += 1;
        if matches!(world.fault, Fault::BusyReads(n) if k < n) {
            return Err(locked());
        }
        if matches!(world.fault, Fault::LostPage(name, n) if self.is(name) && n == k) {
            world.lost_at = Some(world.calls.len());
            return Err(self.broke("page 2 did not arrive"));
        }
        if let Fault::Meddled(name, n, which) = world.fault
            && self.is(name)
            && n == k
        {
            meddle(&mut world.held, which);
        }
        for resource in scope.iter() {
            *world.looks.entry(resource.clone()).or_default() += 1;
        }
        let hides = |one: &&Resource| matches!(world.fault, Fault::Hidden(at, name) if self.is(at) && one.name == name);
        let malformed = |one: &&Resource| (one.kind.check_resource)(&one.name).is_err();
        let hidden: Vec<Resource> = scope.iter().filter(|one| hides(one) || malformed(one)).cloned().collect();
        if scope.iter().any(|one| hides(&one)) {
            world.lost_at.get_or_insert(0);
        }
        let stale = !world.calls.is_empty() && world.stale > 0;
        world.stale = world.stale.saturating_sub(usize::from(stale));
        let held = if stale { &world.before_last } else { &world.held };
        let shown = |live: &Live| {
            let resource = Resource { kind: live.kind, name: live.resource.clone() };
            scope.contains(live.kind, &live.resource) && !hidden.contains(&resource)
        };
        let here = held.iter().filter(|(target, live)| *target == self.0 && shown(live));
        let mut held: Vec<Live> = here.map(|(_, live)| live.clone()).collect();
        let (mut numbers, mut elsewhere) = (BTreeMap::new(), BTreeMap::new());
        for resource in scope.iter() {
            let Some((old, now)) = world.numbers.get(resource.name.as_str()).copied() else { continue };
            let number = scope.number(resource).unwrap_or(now.unwrap_or(old));
            numbers.insert(resource.clone(), Numbered { number, now: now.filter(|now| *now != number) });
            // nobody is in the new one yet
            let (there, rest): (Vec<Live>, Vec<Live>) =
                held.into_iter().partition(|live| live.resource == resource.name && number != old);
            held = rest;
            if number != old && scope.others(resource).any(|other| other == old) {
                elsewhere.insert(resource.clone(), BTreeMap::from([(old, there)]));
            }
        }
        let factors = world.factors.iter().map(|(account, has)| ((*account).to_owned(), *has)).collect();
        let unread = hidden.into_iter().map(|one| (one, self.broke("it may not be seen"))).collect();
        let mut all = world.members.get(self.0.as_str()).cloned().unwrap_or_default();
        let members = members_of(&held, |name| all.remove(name));
        Ok(Reading { held, members, unread, numbers, elsewhere, factors, ..Reading::default() })
    }

    fn names(&mut self, of: Names) -> Result<Option<BTreeSet<String>>, TargetError> {
        let world = self.1.borrow();
        if matches!(world.fault, Fault::Nameless(name) if self.is(name)) {
            return Err(self.broke("page 2 of the names did not arrive"));
        }
        let listed = world.names.iter().find(|((target, names), _)| self.is(target) && *names == of);
        Ok(listed.map(|(_, names)| names.clone()))
    }
}

fn locked() -> TargetError {
    TargetError::Locked { path: "play.json".into() }
}

/// What somebody may do behind a run's back.
pub(super) const MEDDLED: [&str; 2] =
    ["github repository northwind/api maintain 11", "aws account 111122223333 PowerUser bob@globex.example"];

fn meddle(held: &mut Held, which: usize) {
    let (target, given) = one(MEDDLED[which / 2 % MEDDLED.len()]);
    held.retain(|(at, live)| *at != target || (live.resource != given.resource || live.principal != given.principal));
    if which.is_multiple_of(2) {
        held.insert((target, given));
    }
}

impl Writer for Fake {
    fn greet(&mut self) -> Result<Hello, TargetError> {
        self.hello()
    }

    fn ends(&self, _: &Call) -> bool {
        false
    }

    fn perform(&mut self, calls: &[Call], gate: &dyn Gate) -> Vec<Result<Done, TargetError>> {
        let one = |(place, call)| {
            gate.pass().map_err(|_| TargetError::Stopped)?;
            let result = self.carry_out(call);
            gate.settled(place, &result);
            result
        };
        let said = calls.iter().enumerate().map(one).collect();
        // one that forgets what it said is believed what it told meanwhile
        if self.1.borrow().fault == Fault::Forgetful { Vec::new() } else { said }
    }
}

impl Fake {
    fn carry_out(&self, call: &Call) -> Result<Done, TargetError> {
        let mut world = self.1.borrow_mut();
        assert!(world.allowed, "a write without lease or intent: {call:?}");
        let count = world.tries.entry(self.0.to_string()).or_default();
        let k = *count;
        *count += 1;
        world.count += 1;
        let fault = world.fault;
        let at = |name: &str, n: usize| self.is(name) && n == k;
        if matches!(fault, Fault::CrashBefore(name, n) if at(name, n)) {
            drop(world);
            resume_unwind(Box::new(Crash));
        }
        if matches!(fault, Fault::Busy(n) if k < n) {
            return Err(locked());
        }
        if matches!(fault, Fault::Throttled(n) if k < n) {
            return Err(TargetError::Throttled { target: self.0.to_string(), after: Some(Duration::from_secs(3)) });
        }
        if matches!(fault, Fault::Denied(name) if self.is(name)) {
            return Err(TargetError::Denied { what: "write".to_owned(), help: "give it more".to_owned() });
        }
        if matches!(fault, Fault::Vanishes(name, n) if self.is(name) && k >= n) {
            return Err(self.broke("nobody answers"));
        }
        if matches!(fault, Fault::FailBefore(name, n) if at(name, n))
            || matches!(fault, Fault::Account(account) if account == call.principal.name())
        {
            return Err(self.broke("the line broke"));
        }
        if call.principal.name().is_empty() || !call.conditions.enforceable(call.kind) {
            return Err(TargetError::Refused { why: "it is malformed".to_owned(), help: "correct it".to_owned() });
        }
        world.calls.push((self.0.clone(), call.clone()));
        if matches!(fault, Fault::Ignored(name, n) if at(name, n)) || fault == Fault::Deaf {
            return Ok(Done::default());
        }
        world.before_last = world.held.clone();
        let target = self.0.clone();
        let numbered = world.numbers.get(call.resource.as_str()).copied();
        if let (Some((_, Some(now))), Some(number)) = (numbered, call.number)
            && now == number
        {
            // from now on what is held under the name is held on the new one
            world.held.retain(|(_, live)| live.resource != call.resource);
            let known = world.numbers.iter_mut().find(|(name, _)| **name == call.resource);
            if let Some((_, numbers)) = known {
                *numbers = (number, None);
            }
        }
        let same =
            |live: &Live| live.kind == call.kind && live.resource == call.resource && live.principal == call.principal;
        let known = world.held.iter().any(|(at, live)| *at == target && same(live) && live.latent.is_none());
        let here = world.held.iter().filter(|(at, _)| *at == target);
        let mut held: Vec<Live> = here.map(|(_, live)| live.clone()).collect();
        sandbox::carry_out(&[call], false, &mut held);
        if world.invites && !known {
            held.iter_mut().filter(|live| same(live)).for_each(|live| live.latent = Some(Latent::Invited));
        }
        world.held.retain(|(at, _)| *at != target);
        world.held.extend(held.into_iter().map(|live| (target.clone(), live)));
        let now = world.held.clone();
        world.visited.push(now);
        let lives_until = world.lives_until.filter(|_| call.verb == targets::Verb::Revoke);
        drop(world);
        if matches!(fault, Fault::CrashAfter(name, n) if at(name, n)) {
            resume_unwind(Box::new(Crash));
        }
        if matches!(fault, Fault::FailAfter(name, n) if at(name, n)) {
            return Err(TargetError::Unsettled { what: "request 7 is still in progress".to_owned() });
        }
        Ok(Done { lives_until, note: None })
    }
}

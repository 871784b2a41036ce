//! What every target promises, as tests that each target runs against itself.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use jiff::Timestamp;

use super::error::Remedy;
use super::*;
use crate::access::Hours;
use crate::access::raw::Weekday;

mod broken;

pub(crate) use broken::*;

/// One kind to try a target with: two resources that exist, and two permissions, the lesser first.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    pub kind: &'static Kind,
    pub resources: [&'static str; 2],
    pub permissions: [&'static str; 2],
    /// Two accounts that exist.
    pub principals: [&'static str; 2],
}

/// A target in its first state: nobody holds anything on the samples' resources.
pub(crate) trait World {
    fn samples(&self) -> Vec<Sample>;
    fn reader(&self) -> Box<dyn Reader>;
    fn writer(&self) -> Box<dyn Writer>;
    /// True where the target keeps an `until`.
    fn keeps_ends(&self) -> bool;
    /// Lets something go wrong from here on; nothing where it is none. False where this world can't break so.
    fn breaks(&self, fault: Option<Break>) -> bool;
    /// Makes this what is live beside what else is, with these groups. False where only the target itself can do that.
    fn plant(&self, held: &[Live], members: &Members) -> bool;
}

/// What goes wrong at a target.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Break {
    /// The reading credential may not see this resource.
    Denied(&'static str),
    /// A page of a read doesn't arrive, or its token is one that came before.
    LostPage,
    /// Of the requests each second one is asked for patience.
    Busy,
    /// The next call has its effect, and the answer to it is lost.
    LostAnswer,
    /// The process dies right before the next call, or right after it.
    Crash { after: bool },
}

/// Makes a module of tests, one a promise, each with a world of its own; or with several worlds, one after the other.
macro_rules! contract {
    ($name:ident, each $worlds:expr) => {
        mod $name {
            use super::*;
            $crate::targets::contract::contract!(@ $worlds, [
                both_credentials_lead_to_one_target, read_after_grant, grant_is_idempotent, revoke_is_idempotent, a_change_replaces,
                one_value_or_many, only_the_scope, sorted, ends_are_kept_or_dropped, conditions_are_kept_or_refused,
                writers_lose_nothing, a_batch_has_one_result_a_call, a_gate_that_closes_stops_a_batch,
                what_is_foreign_stays, what_is_not_known_is_unread_or_empty, each_call_that_was_tried_is_settled_once,
                a_rerun_after_a_stop_does_the_rest, names_are_listed_or_nobody_knows, what_is_denied_blinds_nothing_else,
                a_lost_page_is_no_short_list, a_busy_target_is_waited_for, a_lost_answer_is_cleared_up_by_a_rerun,
                a_crash_is_cleared_up_by_a_rerun, members_of_groups_are_told, what_is_latent_is_told_and_withdrawn
            ]);
        }
    };
    ($name:ident, $world:expr) => {
        $crate::targets::contract::contract!($name, each [$world]);
    };
    (@ $worlds:expr, [$($promise:ident),*]) => {
        $(#[test]
        fn $promise() {
            for world in $worlds {
                $crate::targets::contract::$promise(&world);
            }
        })*
    };
}
pub(crate) use contract;

impl Sample {
    fn call(&self, verb: Verb, resource: usize, permission: usize, principal: usize) -> Call {
        Call {
            verb,
            kind: self.kind,
            resource: self.resources[resource].to_owned(),
            permission: self.permissions[permission].to_owned(),
            principal: self.principals[principal].into(),
            conditions: Conditions::NONE,
            number: None,
        }
    }

    fn live(&self, resource: usize, permission: usize, principal: usize) -> Live {
        Live {
            kind: self.kind,
            resource: self.resources[resource].to_owned(),
            permission: self.permissions[permission].to_owned(),
            principal: self.principals[principal].into(),
            conditions: Conditions::NONE,
            until: None,
            latent: None,
        }
    }

    fn change(&self, from: usize, to: usize) -> Call {
        let previous = Previous { permission: self.permissions[from].to_owned(), conditions: Conditions::NONE };
        self.call(Verb::Change { previous, until: None }, 0, to, 0)
    }

    fn scope(&self) -> Scope {
        self.resources.into_iter().map(|resource| (self.kind, resource)).collect()
    }
}

const GRANT: Verb = Verb::Grant { until: None };

/// Counts how often it is passed, and closes when it was passed so often. Notes what is settled.
pub(crate) struct Turnstile {
    passed: AtomicUsize,
    closes: usize,
    settled: Mutex<Vec<(usize, bool)>>,
}

impl Turnstile {
    pub(crate) fn of(closes: usize) -> Self {
        Turnstile { passed: AtomicUsize::new(0), closes, settled: Mutex::default() }
    }
}

impl Gate for Turnstile {
    fn pass(&self) -> Result<(), Stopped> {
        if self.passed.fetch_add(1, Ordering::Relaxed) < self.closes { Ok(()) } else { Err(Stopped) }
    }

    fn settled(&self, call: usize, result: &Result<Done, TargetError>) {
        self.settled.lock().unwrap().push((call, result.is_ok()));
    }
}

/// What came of a call alone.
pub(crate) fn one(writer: &mut dyn Writer, call: &Call) -> Result<Done, TargetError> {
    let mut results = writer.perform(std::slice::from_ref(call), &Turnstile::of(usize::MAX));
    assert_eq!(results.len(), 1);
    results.remove(0)
}

fn perform(world: &dyn World, calls: &[Call]) {
    let mut writer = world.writer();
    for call in calls {
        one(&mut *writer, call).unwrap_or_else(|error| panic!("{call:?}: {error}"));
    }
}

fn read(world: &dyn World, sample: &Sample) -> Vec<Live> {
    read_of(world, &sample.scope())
}

fn read_of(world: &dyn World, scope: &Scope) -> Vec<Live> {
    let reading = world.reader().read(scope, Depth::Holders).unwrap();
    assert!(reading.unread.is_empty(), "{reading:?}");
    reading.held
}

pub(crate) fn both_credentials_lead_to_one_target(world: &dyn World) {
    let (reader, writer) = (world.reader().hello().unwrap(), world.writer().greet().unwrap());
    assert_eq!(reader.identity, writer.identity);
    assert_ne!(writer.power, Power::Reads, "it is about to write");
}

pub(crate) fn read_after_grant(world: &dyn World) {
    for sample in world.samples() {
        assert_eq!(read(world, &sample), []);
        perform(world, &[sample.call(GRANT, 0, 0, 0)]);
        assert_eq!(read(world, &sample), [sample.live(0, 0, 0)]);
        perform(world, &[sample.call(Verb::Revoke, 0, 0, 0)]);
        assert_eq!(read(world, &sample), []);
    }
}

pub(crate) fn grant_is_idempotent(world: &dyn World) {
    for sample in world.samples() {
        perform(world, &[sample.call(GRANT, 0, 1, 0), sample.call(GRANT, 0, 1, 0)]);
        assert_eq!(read(world, &sample), [sample.live(0, 1, 0)]);
    }
}

pub(crate) fn revoke_is_idempotent(world: &dyn World) {
    for sample in world.samples() {
        let revoke = sample.call(Verb::Revoke, 0, 0, 0);
        perform(world, &[revoke.clone(), sample.call(GRANT, 0, 0, 0), sample.call(GRANT, 0, 0, 1)]);
        perform(world, &[revoke.clone(), revoke]);
        assert_eq!(read(world, &sample), [sample.live(0, 0, 1)]);
    }
}

pub(crate) fn a_change_replaces(world: &dyn World) {
    for sample in world.samples() {
        perform(world, &[sample.call(GRANT, 0, 0, 0), sample.change(0, 1)]);
        assert_eq!(read(world, &sample), [sample.live(0, 1, 0)]);
        perform(world, &[sample.change(0, 1)]);
        assert_eq!(read(world, &sample), [sample.live(0, 1, 0)], "again");
        perform(world, &[sample.change(1, 0)]);
        assert_eq!(read(world, &sample), [sample.live(0, 0, 0)], "down");
    }
}

pub(crate) fn one_value_or_many(world: &dyn World) {
    for sample in world.samples() {
        let [low, high] = [sample.call(GRANT, 0, 0, 0), sample.call(GRANT, 0, 1, 0)];
        perform(world, &[low, high]);
        let mut both = vec![sample.live(0, 0, 0), sample.live(0, 1, 0)];
        both.sort();
        let held = read(world, &sample);
        if sample.kind.holds_one() {
            assert_eq!(held, [sample.live(0, 1, 0)], "a grant replaces");
            perform(world, &[sample.call(Verb::Revoke, 0, 0, 0)]);
            assert_eq!(read(world, &sample), [], "a revoke leaves nothing, whatever was held");
        } else {
            assert_eq!(held, both);
            perform(world, &[sample.call(Verb::Revoke, 0, 0, 0)]);
            assert_eq!(read(world, &sample), [sample.live(0, 1, 0)]);
        }
    }
}

pub(crate) fn only_the_scope(world: &dyn World) {
    for sample in world.samples() {
        perform(world, &[sample.call(GRANT, 0, 0, 0), sample.call(GRANT, 1, 0, 0)]);
        let one: Scope = [(sample.kind, sample.resources[1])].into_iter().collect();
        assert_eq!(read_of(world, &one), [sample.live(1, 0, 0)]);
        assert_eq!(read_of(world, &Scope::default()), []);
    }
}

pub(crate) fn sorted(world: &dyn World) {
    for sample in world.samples() {
        let mut expected = Vec::new();
        for (resource, permission, principal) in [(1, 1, 1), (0, 1, 0), (1, 0, 0), (0, 0, 1)] {
            perform(world, &[sample.call(GRANT, resource, permission, principal)]);
            expected.push(sample.live(resource, permission, principal));
        }
        expected.sort();
        assert_eq!(read(world, &sample), expected);
    }
}

pub(crate) fn ends_are_kept_or_dropped(world: &dyn World) {
    let [early, late]: [Timestamp; 2] = ["2150-01-01T00:00:00Z", "2160-01-01T00:00:00Z"].map(|t| t.parse().unwrap());
    let held_until = |until| if world.keeps_ends() { until } else { None };
    for sample in world.samples() {
        let ends = world.writer().ends(&sample.call(Verb::Grant { until: Some(early) }, 0, 0, 0));
        assert_eq!(ends, world.keeps_ends());
        for until in [Some(early), Some(late), None] {
            perform(world, &[sample.call(Verb::Grant { until }, 0, 0, 0)]);
            assert_eq!(read(world, &sample), [Live { until: held_until(until), ..sample.live(0, 0, 0) }]);
        }
    }
}

pub(crate) fn conditions_are_kept_or_refused(world: &dyn World) {
    let hours = |between| Conditions::of_hours(Hours::new(&[Weekday::Mon], between, "Europe/London").unwrap());
    let (short, long) = (hours("09:00-10:00"), hours("08:00-19:00"));
    for sample in world.samples() {
        let call =
            |verb: Verb, conditions: &Conditions| Call { conditions: conditions.clone(), ..sample.call(verb, 0, 0, 0) };
        let held = |all: &[&Conditions]| -> Vec<Live> {
            all.iter().map(|one| Live { conditions: (*one).clone(), ..sample.live(0, 0, 0) }).collect()
        };
        if !sample.kind.enforces.hours {
            perform(world, &[call(GRANT, &Conditions::NONE)]);
            let previous = Previous { permission: sample.permissions[0].to_owned(), conditions: Conditions::NONE };
            for verb in [GRANT, Verb::Change { previous, until: None }] {
                let refused = one(&mut *world.writer(), &call(verb, &short));
                assert!(matches!(refused, Err(TargetError::Refused { .. })), "{refused:?}");
                assert_eq!(read(world, &sample), held(&[&Conditions::NONE]), "nothing was changed");
            }
            continue;
        }
        perform(world, &[call(GRANT, &long), call(GRANT, &Conditions::NONE), call(GRANT, &long)]);
        assert_eq!(read(world, &sample), held(&[&Conditions::NONE, &long]), "each is a thing of its own");
        let previous = Previous { permission: sample.permissions[0].to_owned(), conditions: Conditions::NONE };
        let narrow = call(Verb::Change { previous, until: None }, &short);
        for _ in 0..2 {
            perform(world, std::slice::from_ref(&narrow));
            let mut both = held(&[&short, &long]);
            both.sort();
            assert_eq!(read(world, &sample), both, "what was wider is gone, what stood beside it stays");
        }
        perform(world, &[call(Verb::Revoke, &Conditions::NONE), call(Verb::Revoke, &long)]);
        assert_eq!(read(world, &sample), held(&[&short]), "a revoke takes what it names");
        perform(world, &[call(Verb::Revoke, &short)]);
        assert_eq!(read(world, &sample), []);
    }
}

pub(crate) fn writers_lose_nothing(world: &dyn World) {
    for sample in world.samples() {
        thread::scope(|threads| {
            for principal in 0..2 {
                let mut writer = world.writer();
                threads.spawn(move || {
                    for verb in [GRANT, Verb::Revoke, GRANT] {
                        for resource in 0..2 {
                            one(&mut *writer, &sample.call(verb.clone(), resource, 1, principal)).unwrap();
                        }
                    }
                });
            }
        });
        let mut expected: Vec<Live> = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(r, p)| sample.live(r, 1, p)).to_vec();
        expected.sort();
        assert_eq!(read(world, &sample), expected);
    }
}

pub(crate) fn a_batch_has_one_result_a_call(world: &dyn World) {
    for sample in world.samples() {
        // the one in the middle names nobody
        let nobody = Call { principal: "".into(), ..sample.call(GRANT, 0, 0, 0) };
        let calls = [sample.call(GRANT, 1, 0, 0), nobody, sample.call(GRANT, 0, 1, 1), sample.call(GRANT, 1, 0, 0)];
        let gate = Turnstile::of(usize::MAX);
        let results = world.writer().perform(&calls, &gate);
        assert_eq!(results.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true, true]);
        assert_eq!(results[1].as_ref().unwrap_err().remedy(), Remedy::Mend, "nothing was changed");
        let mut expected = [sample.live(1, 0, 0), sample.live(0, 1, 1)];
        expected.sort();
        assert_eq!(read(world, &sample), expected, "a duplicate grant is one");
        assert!(world.writer().perform(&[], &gate).is_empty());
    }
}

pub(crate) fn a_gate_that_closes_stops_a_batch(world: &dyn World) {
    for sample in world.samples() {
        let calls = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(resource, who)| sample.call(GRANT, resource, 1, who));
        for closes in 0..=calls.len() {
            let results = world.writer().perform(&calls, &Turnstile::of(closes));
            let done: Vec<&Call> =
                calls.iter().zip(&results).filter(|(_, one)| one.is_ok()).map(|(call, _)| call).collect();
            let stopped = results.iter().filter(|one| matches!(one, Err(TargetError::Stopped))).count();
            assert_eq!((done.len(), stopped), (closes, calls.len() - closes));
            let held = read(world, &sample);
            assert_eq!(held.len(), closes);
            let is_held = |call: &&Call| {
                held.iter().any(|live| (&live.resource, &live.principal) == (&call.resource, &call.principal))
            };
            assert!(done.iter().all(is_held), "what is stopped is not done");
            perform(world, &calls.clone().map(|call| Call { verb: Verb::Revoke, ..call }));
        }
    }
}

pub(crate) fn what_is_foreign_stays(world: &dyn World) {
    for sample in world.samples() {
        let foreign = [sample.call(GRANT, 0, 1, 1), sample.call(GRANT, 1, 0, 1)];
        perform(world, &foreign);
        perform(world, &[sample.call(GRANT, 0, 0, 0), sample.change(0, 1), sample.call(Verb::Revoke, 0, 1, 0)]);
        let mut expected = [sample.live(0, 1, 1), sample.live(1, 0, 1)];
        expected.sort();
        assert_eq!(read(world, &sample), expected);
    }
}

/// A resource that the target can't have is told, and blinds no other.
pub(crate) fn what_is_not_known_is_unread_or_empty(world: &dyn World) {
    for sample in world.samples() {
        perform(world, &[sample.call(GRANT, 0, 0, 0)]);
        let odd = Resource { kind: sample.kind, name: "\u{1}".to_owned() };
        let scope: Scope = sample.scope().iter().cloned().chain([odd.clone()]).collect();
        let reading = world.reader().read(&scope, Depth::Holders).unwrap();
        assert_eq!(reading.held, [sample.live(0, 0, 0)]);
        assert_eq!(reading.unread.iter().map(|(resource, _)| resource).collect::<Vec<_>>(), [&odd]);
    }
}

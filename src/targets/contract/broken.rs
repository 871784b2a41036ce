//! What every target promises when something goes wrong, and of what others did there.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::targets::retry::{Retrying, Waits};

/// Waits for nothing.
struct AtOnce;

impl Waits for AtOnce {
    fn wait(&self, _: Duration, _: Duration, _: &str) -> bool {
        true
    }

    fn pause(&self, _: Duration) -> bool {
        true
    }
}

/// A client that a patient one can hold.
struct Held<C>(C);

impl Reader for Held<Box<dyn Reader>> {
    fn hello(&mut self) -> Result<Hello, TargetError> {
        self.0.hello()
    }

    fn read(&mut self, scope: &Scope, depth: Depth) -> Result<Reading, TargetError> {
        self.0.read(scope, depth)
    }

    fn names(&mut self, of: Names) -> Result<Option<BTreeSet<String>>, TargetError> {
        self.0.names(of)
    }
}

impl Writer for Held<Box<dyn Writer>> {
    fn greet(&mut self) -> Result<Hello, TargetError> {
        self.0.greet()
    }

    fn ends(&self, call: &Call) -> bool {
        self.0.ends(call)
    }

    fn perform(&mut self, calls: &[Call], gate: &dyn Gate) -> Vec<Result<Done, TargetError>> {
        self.0.perform(calls, gate)
    }
}

impl Sample {
    /// Both accounts on both resources.
    fn batch(&self) -> [Call; 4] {
        [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(resource, who)| self.call(GRANT, resource, 1, who))
    }

    fn whole(&self) -> Vec<Live> {
        let mut whole = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(resource, who)| self.live(resource, 1, who)).to_vec();
        whole.sort();
        whole
    }
}

pub(crate) fn each_call_that_was_tried_is_settled_once(world: &dyn World) {
    for sample in world.samples() {
        let nobody = Call { principal: "".into(), ..sample.call(GRANT, 0, 0, 0) };
        let calls: Vec<Call> = [nobody].into_iter().chain(sample.batch()).collect();
        for closes in 0..=calls.len() {
            let gate = Turnstile::of(closes);
            let results = world.writer().perform(&calls, &gate);
            let tried = results.iter().enumerate().filter(|(_, one)| !matches!(one, Err(TargetError::Stopped)));
            let expected: Vec<(usize, bool)> = tried.map(|(place, one)| (place, one.is_ok())).collect();
            let mut settled = gate.settled.into_inner().unwrap();
            settled.sort_unstable();
            assert_eq!(settled, expected, "{closes}");
        }
    }
}

pub(crate) fn a_rerun_after_a_stop_does_the_rest(world: &dyn World) {
    for sample in world.samples() {
        for closes in 0..4 {
            world.writer().perform(&sample.batch(), &Turnstile::of(closes));
            assert_eq!(read(world, &sample).len(), closes);
            perform(world, &sample.batch());
            assert_eq!(read(world, &sample), sample.whole(), "{closes}");
            perform(world, &sample.batch().map(|call| Call { verb: Verb::Revoke, ..call }));
        }
    }
}

pub(crate) fn names_are_listed_or_nobody_knows(world: &dyn World) {
    for sample in world.samples() {
        let mut reader = world.reader();
        let sorts = [
            (
                Names::Resources(sample.kind),
                &sample.resources,
                Call { resource: "nosuch".into(), ..sample.call(GRANT, 0, 0, 0) },
            ),
            (
                Names::Permissions(sample.kind),
                &sample.permissions,
                Call { permission: "nosuch".into(), ..sample.call(GRANT, 0, 0, 0) },
            ),
            (Names::Accounts, &sample.principals, Call { principal: "nosuch".into(), ..sample.call(GRANT, 0, 0, 0) }),
        ];
        for (of, known, misspelt) in sorts {
            let Some(listed) = reader.names(of).unwrap() else { continue };
            assert!(
                known.iter().all(|name| listed.contains(*name)) && !listed.contains("nosuch"),
                "{of:?}: {listed:?}"
            );
            let error = one(&mut *world.writer(), &misspelt).unwrap_err();
            assert_eq!(error.remedy(), Remedy::Mend, "{error}");
            assert_eq!(read(world, &sample), [], "nothing was changed");
            // whom the target knows no more can still be taken from
            one(&mut *world.writer(), &Call { verb: Verb::Revoke, ..misspelt })
                .unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

pub(crate) fn what_is_denied_blinds_nothing_else(world: &dyn World) {
    for sample in world.samples() {
        perform(world, &sample.batch());
        if !world.breaks(Some(Break::Denied(sample.resources[0]))) {
            return;
        }
        let reading = world.reader().read(&sample.scope(), Depth::Facts).unwrap();
        let denied = Resource { kind: sample.kind, name: sample.resources[0].to_owned() };
        assert_eq!(reading.unread.iter().map(|(resource, _)| resource).collect::<Vec<_>>(), [&denied]);
        let rest: Vec<Live> = sample.whole().into_iter().filter(|live| live.resource != denied.name).collect();
        assert_eq!(reading.held, rest, "never a part of what is unread");
        world.breaks(None);
        assert_eq!(read(world, &sample), sample.whole());
    }
}

pub(crate) fn a_lost_page_is_no_short_list(world: &dyn World) {
    for sample in world.samples() {
        perform(world, &sample.batch());
        if !world.breaks(Some(Break::LostPage)) {
            return;
        }
        if let Ok(reading) = world.reader().read(&sample.scope(), Depth::Holders) {
            assert_eq!(reading.unread.len(), 2, "{reading:?}");
            assert_eq!(reading.held, []);
        }
        world.breaks(None);
        assert_eq!(read(world, &sample), sample.whole());
    }
}

pub(crate) fn a_busy_target_is_waited_for(world: &dyn World) {
    for sample in world.samples() {
        if !world.breaks(Some(Break::Busy)) {
            return;
        }
        let results =
            Retrying::new(Held(world.writer()), Arc::new(AtOnce)).perform(&sample.batch(), &Turnstile::of(usize::MAX));
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        let reading =
            Retrying::new(Held(world.reader()), Arc::new(AtOnce)).read(&sample.scope(), Depth::Holders).unwrap();
        assert_eq!(reading.held, sample.whole());
        world.breaks(None);
    }
}

pub(crate) fn a_lost_answer_is_cleared_up_by_a_rerun(world: &dyn World) {
    for sample in world.samples() {
        if !world.breaks(Some(Break::LostAnswer)) {
            return;
        }
        let results = world.writer().perform(&sample.batch(), &Turnstile::of(usize::MAX));
        let lost: Vec<&TargetError> = results.iter().filter_map(|one| one.as_ref().err()).collect();
        assert_eq!(lost.iter().map(|error| error.remedy()).collect::<Vec<_>>(), [Remedy::Read], "{results:?}");
        world.breaks(None);
        assert_eq!(read(world, &sample), sample.whole(), "it had its effect");
        perform(world, &sample.batch());
        assert_eq!(read(world, &sample), sample.whole(), "a duplicate is one");
    }
}

pub(crate) fn a_crash_is_cleared_up_by_a_rerun(world: &dyn World) {
    for sample in world.samples() {
        for after in [false, true] {
            if !world.breaks(Some(Break::Crash { after })) {
                return;
            }
            let died =
                catch_unwind(AssertUnwindSafe(|| world.writer().perform(&sample.batch(), &Turnstile::of(usize::MAX))));
            assert!(died.is_err());
            world.breaks(None);
            assert_eq!(read(world, &sample).len(), usize::from(after));
            perform(world, &sample.batch());
            assert_eq!(read(world, &sample), sample.whole());
            perform(world, &sample.batch().map(|call| Call { verb: Verb::Revoke, ..call }));
        }
    }
}

pub(crate) fn members_of_groups_are_told(world: &dyn World) {
    for sample in world.samples() {
        let [group, within, other] = ["outer", "inner", "of-nobody"].map(str::to_owned);
        let planted = Live { principal: Principal::Group(group.clone()), ..sample.live(0, 0, 0) };
        let in_it = |name: &str| Principal::from(name);
        let members = Members::from([
            (group.clone(), [in_it("group:inner"), in_it(sample.principals[1])].into()),
            (within.clone(), [in_it(sample.principals[0]), in_it("group:outer")].into()),
            (other, [in_it(sample.principals[0])].into()),
        ]);
        if !world.plant(std::slice::from_ref(&planted), &members) {
            return;
        }
        let reading = world.reader().read(&sample.scope(), Depth::Holders).unwrap();
        assert_eq!(reading.held, [planted]);
        let told: Vec<&String> = reading.members.keys().collect();
        assert_eq!(told, [&within, &group], "what holds nothing is not asked");
        assert!(told.iter().all(|name| reading.members[*name] == members[*name]), "{reading:?}");
        // a call about an account leaves the group alone
        perform(world, &[sample.call(GRANT, 0, 1, 0), sample.call(Verb::Revoke, 0, 1, 0)]);
        assert_eq!(read(world, &sample).len(), 1);
        world.plant(&[], &Members::new());
    }
}

pub(crate) fn what_is_latent_is_told_and_withdrawn(world: &dyn World) {
    for sample in world.samples() {
        for latent in [Latent::Invited, Latent::Eligible] {
            let planted = Live { latent: Some(latent), ..sample.live(0, 0, 0) };
            if !world.plant(std::slice::from_ref(&planted), &Members::new()) {
                return;
            }
            assert_eq!(read(world, &sample), [planted]);
            perform(world, &[sample.call(Verb::Revoke, 0, 0, 0)]);
            assert_eq!(read(world, &sample), [], "{latent}");
        }
    }
}

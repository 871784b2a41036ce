//! What GitHub does when it has enough, breaks down or loses an answer.

use super::*;

/// Notes how long was waited.
struct Patient {
    clock: Clock,
    waited: std::sync::Mutex<Vec<u64>>,
}

impl Waits for Patient {
    fn wait(&self, at_least: Duration, _: Duration, _: &str) -> bool {
        self.waited.lock().unwrap().push(at_least.as_secs());
        self.pause(at_least)
    }

    fn pause(&self, how_long: Duration) -> bool {
        self.clock.advance(SignedDuration::try_from(how_long).unwrap());
        true
    }
}

fn patient(hub: &Hub) -> Arc<Patient> {
    Arc::new(Patient { clock: hub.server.clock(), waited: Default::default() })
}

#[test]
fn limits_are_waited_for_as_long_as_they_say() {
    let hub = Hub::new();
    let waits = patient(&hub);
    hub.server.fail(On::method("PUT").times(1), Fault::SecondaryLimit(403, Some(7)));
    hub.server.fail(On::method("PUT").skip(1).times(1), Fault::SecondaryLimit(429, None));
    let calls = [hub.give("northwind/shop", "pull", "bo"), hub.give("northwind/shop", "pull", "cleo")];
    let client = OrganizationWriter::new(hub.line(Secret::Token(hub.writes.clone()), Purpose::Write), waits.clone());
    let results = Retrying::new(client, waits.clone()).perform(&calls, &Turnstile::of(usize::MAX));
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(*waits.waited.lock().unwrap(), [7, 60]);
    let reads = On::query("Repositories").times(1);
    hub.server.fail(reads, Fault::GraphqlLimit("RATE_LIMITED"));
    let mut reader = Retrying::new(hub.look(), waits.clone());
    let scope: Scope = [(&REPOSITORY, "northwind/shop")].into_iter().collect();
    assert_eq!(reader.read(&scope, Depth::Holders).unwrap().held.len(), 2);
    assert_eq!(*waits.waited.lock().unwrap(), [7, 60, 60]);
}

#[test]
fn what_would_take_an_hour_is_left_to_another_run_and_nobody_is_asked_in_vain() {
    let hub = Hub::new();
    hub.server.fail(On::method("PUT").times(1), Fault::PrimaryLimit);
    let calls = [hub.give("northwind/shop", "pull", "bo"), hub.give("northwind/till", "pull", "bo")];
    let waits = patient(&hub);
    let client = OrganizationWriter::new(hub.line(Secret::Token(hub.writes.clone()), Purpose::Write), waits.clone());
    let gate = Turnstile::of(usize::MAX);
    let results = Retrying::new(client, waits.clone()).perform(&calls, &gate);
    for result in &results {
        assert!(
            matches!(result, Err(TargetError::Throttled { after: Some(after), .. }) if after.as_secs() > 3000),
            "{result:?}"
        );
    }
    assert_eq!(hub.server.log().writes().count(), 1);
    assert_eq!(*waits.waited.lock().unwrap(), Vec::<u64>::new());
    hub.server.clock().advance(SignedDuration::from_hours(1));
    assert!(hub.hand().perform(&calls, &gate).iter().all(Result::is_ok));
}

#[test]
fn pages_become_smaller_where_github_gives_up_on_them_and_no_part_is_the_whole() {
    let with_many = || {
        Hub::with(|world| {
            for number in 0..30 {
                world.add_repository(&format!("many-{number:02}"));
                world.grant("eve", &format!("many-{number:02}"), "read");
            }
        })
    };
    for fault in [Fault::ResourceLimits, Fault::Status(502), Fault::Page(504)] {
        let hub = with_many();
        hub.server.fail(On::query("Repositories").times(2), fault.clone());
        assert_eq!(hub.held(&REPOSITORY, "northwind/many-29"), [format!("pull {}", hub.number("eve"))], "{fault:?}");
        let sizes: Vec<u64> = hub
            .server
            .log()
            .0
            .iter()
            .filter(|one| one.operation.as_deref() == Some("Repositories"))
            .map(|one| one.body.as_ref().unwrap()["variables"]["first"].as_u64().unwrap())
            .collect();
        assert_eq!(sizes, [25, 12, 6, 6, 6, 6, 6, 6], "{fault:?}");
    }
    let scope: Scope = [(&REPOSITORY, "northwind/many-29")].into_iter().collect();
    for (list, fault) in [
        ("Repositories", Fault::ResourceLimits),
        ("Repositories", Fault::HalfPage),
        ("Members", Fault::HalfPage),
        ("Teams", Fault::HalfPage),
        ("Teams", Fault::HalfBody),
        ("Members", Fault::PartialResults),
        ("Members", Fault::Drop),
        ("Members", Fault::Hang),
    ] {
        let hub = with_many();
        hub.server.world(|world| world.join_team("bo", "oncall", false));
        hub.server.fail(On::query(list), fault.clone());
        let error = hub.look().read(&scope, Depth::Holders).unwrap_err();
        let code = error.refusal().code.id;
        assert!(["live-read-incomplete", "target-unreachable"].contains(&code), "{list} {fault:?}: {error}");
    }
}

#[test]
fn an_answer_that_was_lost_leaves_nobody_sure_and_a_rerun_settles_it() {
    for fault in [Fault::DropAfterEffect, Fault::StatusAfterEffect(502), Fault::HangAfterEffect, Fault::HalfBody] {
        let hub = Hub::new();
        hub.server.fail(On::method("PUT").times(1), fault.clone());
        let calls = [hub.give("northwind/shop", "push", "eve"), hub.give("northwind/shop", "push", "bo")];
        let results = hub.hand().perform(&calls, &Turnstile::of(usize::MAX));
        assert!(matches!(results[0], Err(TargetError::Unsettled { .. })), "{fault:?}: {results:?}");
        assert!(results[1].is_ok(), "one failure stops nobody else: {results:?}");
        hub.must(&calls[0]);
        assert_eq!(hub.server.world(|world| world.mails().len()), 1, "{fault:?}");
    }
}

#[test]
fn one_persons_refusal_stops_nobody_else() {
    let hub = Hub::new();
    for (status, code) in [(403, "target-denied"), (404, "target-unknown-name"), (422, "target-refused")] {
        hub.server.fail(On::method("PUT").path("/collaborators/eve").times(1), Fault::Status(status));
        let calls = [hub.give("northwind/shop", "push", "eve"), hub.give("northwind/shop", "pull", "bo")];
        let results = hub.hand().perform(&calls, &Turnstile::of(usize::MAX));
        assert_eq!(results[0].as_ref().unwrap_err().refusal().code.id, code);
        assert!(results[1].is_ok());
        hub.must(&hub.take("northwind/shop", "pull", "bo"));
    }
}

#[test]
fn a_removal_that_shows_late_is_waited_for() {
    let hub = Hub::with(|world| {
        world.grant("eve", "shop", "write");
        world.removal_delay = 2;
    });
    hub.must(&hub.take("northwind/shop", "push", "eve"));
    assert_eq!(hub.held(&REPOSITORY, "northwind/shop"), Vec::<String>::new());
}

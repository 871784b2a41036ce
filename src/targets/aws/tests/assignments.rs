//! Assignments, which take their time.

use super::*;

/// Many accounts, which ten at a time can be written to.
fn accounts(number: usize) -> Vec<String> {
    (0..number).map(|one| format!("2{one:011}")).collect()
}

fn many(number: usize) -> (Center, Vec<String>) {
    let accounts = accounts(number);
    let center = Center::with(|cloud| {
        for account in &accounts {
            cloud.add_account(account, &format!("account-{account}"), AccountState::Active);
        }
        cloud.settle = Settle::Seconds(20);
    });
    (center, accounts)
}

#[test]
fn forty_accounts_are_written_ten_at_a_time_and_none_fails() {
    let (center, accounts) = many(40);
    let calls: Vec<Call> = accounts.iter().map(|account| give(account, "ReadOnly", "alice")).collect();
    let results = center.hand().perform(&calls, &Turnstile::of(usize::MAX));
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(center.cloud(|cloud| cloud.assignments().len()), 40);
    let log = center.server.take_log();
    assert_eq!(log.of("CreateAccountAssignment").count(), 40, "none was asked for in vain");
    assert!(log.most_in_a_second() <= 30);
}

/// Others hold all ten places at first, and each of their own for a while.
#[test]
fn who_finds_no_room_waits_and_does_not_fail() {
    let (center, accounts) = many(16);
    let (bob, set) = (center.user("bob"), center.set("ReadOnly"));
    center.cloud(|cloud| {
        for account in accounts.iter().take(10) {
            cloud.begin_assignment(&bob, &set, account, Settle::Seconds(90));
        }
    });
    let calls: Vec<Call> = accounts.iter().map(|account| give(account, "ReadOnly", "alice")).collect();
    let results = center.hand().perform(&calls, &Turnstile::of(usize::MAX));
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(center.cloud(|cloud| cloud.assignments().len()), 26);
}

/// A second write on the same set and account is refused while one runs: it waits, whoever began that one.
#[test]
fn a_grant_that_meets_a_revoke_waits_for_it() {
    let center = Center::with(|cloud| cloud.settle = Settle::Seconds(20));
    let (bob, set) = (center.user("bob"), center.set("ReadOnly"));
    center.assign(&bob, "ReadOnly", SHOP);
    center.cloud(|cloud| cloud.begin_deletion(&bob, &set, SHOP, Settle::Seconds(60)));
    let calls = [give(SHOP, "ReadOnly", "alice"), give(SHOP, "ReadOnly", "carol"), take(SHOP, "ReadOnly", "bob")];
    let results = center.hand().perform(&calls, &Turnstile::of(usize::MAX));
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(center.held(&ACCOUNT, SHOP), ["ReadOnly alice", "ReadOnly carol"]);
}

#[test]
fn what_is_taken_says_until_when_sessions_may_go_on() {
    let center = Center::new();
    for (set, hours) in [("DeveloperAccess", 8), ("ReadOnly", 1)] {
        center.must(&give(SHOP, set, "alice"));
        let done = center.must(&take(SHOP, set, "alice"));
        center.lives_for(&done, hours);
        assert_eq!(center.must(&take(SHOP, set, "alice")), Done::default(), "there was nothing");
    }
    center.must(&give(SHOP, "DeveloperAccess", "alice"));
    let previous = Previous { permission: "DeveloperAccess".to_owned(), conditions: Conditions::NONE };
    let done = center.must(&call(Verb::Change { previous, until: None }, &ACCOUNT, SHOP, "ReadOnly", "alice"));
    assert!(done.lives_until.is_some());
    assert_eq!(center.held(&ACCOUNT, SHOP), ["ReadOnly alice"]);
}

/// A change gives before it takes, so that at no time nothing is held.
#[test]
fn a_change_gives_before_it_takes() {
    let center = Center::new();
    center.must(&give(SHOP, "DeveloperAccess", "alice"));
    center.server.take_log();
    let previous = Previous { permission: "DeveloperAccess".to_owned(), conditions: Conditions::NONE };
    center.must(&call(Verb::Change { previous, until: None }, &ACCOUNT, SHOP, "ReadOnly", "alice"));
    let log = center.server.take_log();
    let writes: Vec<&str> = log.writes().map(|record| record.operation.as_str()).collect();
    assert_eq!(writes, ["CreateAccountAssignment", "DeleteAccountAssignment"]);
}

/// A call of which one half is done is not one that nobody tried.
#[test]
fn a_change_that_was_stopped_half_way_is_to_be_read() {
    let center = Center::new();
    center.must(&give(SHOP, "DeveloperAccess", "alice"));
    let previous = Previous { permission: "DeveloperAccess".to_owned(), conditions: Conditions::NONE };
    let change = call(Verb::Change { previous, until: None }, &ACCOUNT, SHOP, "ReadOnly", "alice");
    let results = center.hand().perform(std::slice::from_ref(&change), &Turnstile::of(1));
    assert!(matches!(results[..], [Err(TargetError::Unsettled { .. })]), "{results:?}");
    assert_eq!(center.held(&ACCOUNT, SHOP), ["DeveloperAccess alice", "ReadOnly alice"]);
    center.must(&change);
    assert_eq!(center.held(&ACCOUNT, SHOP), ["ReadOnly alice"]);
}

#[test]
fn a_run_that_was_stopped_leaves_what_is_under_way_to_the_next() {
    let (center, accounts) = many(14);
    let calls: Vec<Call> = accounts.iter().map(|account| give(account, "ReadOnly", "alice")).collect();
    let results = center.hand().perform(&calls, &Turnstile::of(5));
    assert_eq!(results.iter().filter(|one| one.is_ok()).count(), 5, "what was accepted is waited for");
    assert_eq!(results.iter().filter(|one| matches!(one, Err(TargetError::Stopped))).count(), 9);

    // the process dies while ten are under way
    struct Impatient(Clock, std::sync::atomic::AtomicUsize);
    impl Waits for Impatient {
        fn wait(&self, at_least: Duration, _: Duration, _: &str) -> bool {
            self.pause(at_least)
        }

        fn pause(&self, how_long: Duration) -> bool {
            self.0.advance(SignedDuration::try_from(how_long).unwrap());
            self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 3
        }
    }
    let credential =
        Credential::Key { id: center.writes.id.clone(), secret: center.writes.secret.clone(), session: None };
    let waits = Arc::new(Impatient(center.server.clock(), Default::default()));
    let line = Line::new(center.settings.clone(), credential, waits, Some(&center.server.url())).unwrap();
    let results = InstanceWriter::new(line, Cache::default()).perform(&calls[5..], &Turnstile::of(usize::MAX));
    assert!(
        results.iter().all(|one| matches!(one, Err(TargetError::Unsettled { .. } | TargetError::Stopped))),
        "{results:?}"
    );
    assert!(center.cloud(|cloud| cloud.in_flight()) > 0);

    // the next reads what came of it, and does the rest
    let scope: Scope = accounts.iter().map(|account| (&ACCOUNT, account.as_str())).collect();
    let held = center.look().read(&scope, Depth::Holders).unwrap().held;
    let open: Vec<Call> =
        calls.iter().filter(|call| held.iter().all(|live| live.resource != call.resource)).cloned().collect();
    assert_eq!(held.len() + open.len(), 14);
    assert!(held.len() > 5 && center.cloud(|cloud| cloud.in_flight()) == 0);
    center.hand().perform(&open, &Turnstile::of(usize::MAX)).into_iter().for_each(|one| drop(one.unwrap()));
    assert_eq!(center.cloud(|cloud| cloud.assignments().len()), 14);
}

/// Two windows of one person on the same access: the end of one takes what is its own.
#[test]
fn the_end_of_one_set_leaves_the_other() {
    let center = Center::new();
    center.must(&give(SHOP, "DeveloperAccess", "alice"));
    center.must(&give(SHOP, "ReadOnly", "alice"));
    center.must(&give(TILL, "ReadOnly", "alice"));
    center.must(&take(SHOP, "ReadOnly", "alice"));
    assert_eq!(center.held(&ACCOUNT, SHOP), ["DeveloperAccess alice"]);
    assert_eq!(center.held(&ACCOUNT, TILL), ["ReadOnly alice"]);
}

//! Ends that AWS enforces by a policy of dualkey's own.

use super::*;

const END: &str = "2027-02-01T00:00:00Z";

fn policy(center: &Center) -> serde_json::Value {
    let id = center.settings.scp.clone().unwrap();
    serde_json::from_str(&center.cloud(|cloud| cloud.control_policy(&id).unwrap().to_owned())).unwrap()
}

fn statements(center: &Center) -> usize {
    let nobody: serde_json::Value = serde_json::from_str(EMPTY).unwrap();
    let all = policy(center)["Statement"].as_array().unwrap().clone();
    all.iter().filter(|one| **one != nobody["Statement"][0]).count()
}

#[test]
fn an_end_stands_in_the_policy_before_the_access_is_there() {
    let center = Center::with_ends();
    center.server.take_log();
    center.must(&give_until(SHOP, "ReadOnly", "alice", END));
    let log = center.server.take_log();
    let writes: Vec<&str> = log.writes().map(|record| record.operation.as_str()).collect();
    assert_eq!(writes, ["UpdatePolicy", "CreateAccountAssignment"]);
    assert_eq!(center.held(&ACCOUNT, SHOP), ["ReadOnly alice until 2027-02-01T00:00:00Z"]);
    // the same again writes no policy
    center.server.take_log();
    center.must(&give_until(SHOP, "ReadOnly", "alice", END));
    assert_eq!(center.server.take_log().of("UpdatePolicy").count(), 0);
    // an end that moves is one statement
    center.must(&give_until(SHOP, "ReadOnly", "alice", "2027-03-01T00:00:00Z"));
    assert_eq!(statements(&center), 1);
    assert_eq!(center.held(&ACCOUNT, SHOP), ["ReadOnly alice until 2027-03-01T00:00:00Z"]);
    // other sets, accounts and people have ends of their own
    center.must(&give_until(TILL, "ReadOnly", "alice", END));
    center.must(&give(SHOP, "DeveloperAccess", "alice"));
    assert_eq!(center.held(&ACCOUNT, SHOP), ["DeveloperAccess alice", "ReadOnly alice until 2027-03-01T00:00:00Z"]);
}

#[test]
fn a_revoke_ends_sessions_and_their_statement_goes_when_none_can_be_left() {
    let center = Center::with_ends();
    center.must(&give_until(SHOP, "ReadOnly", "alice", END));
    let done = center.must(&take(SHOP, "ReadOnly", "alice"));
    assert_eq!(done.lives_until, None);
    assert!(done.note.unwrap().contains("denies what sessions still open would do"));
    assert_eq!(statements(&center), 1);
    let until = policy(&center)["Statement"][0]["Condition"]["DateGreaterThanEquals"]["aws:CurrentTime"].clone();
    assert!(at(until.as_str().unwrap()) <= center.server.clock().now());
    // given anew, nothing denies it
    center.must(&give(SHOP, "ReadOnly", "alice"));
    assert_eq!(statements(&center), 0);
    center.must(&take(SHOP, "ReadOnly", "alice"));
    center.server.clock().advance(SignedDuration::from_hours(11));
    center.must(&give(TILL, "ReadOnly", "bob"));
    assert_eq!(statements(&center), 1, "a session may be left");
    center.server.clock().advance(SignedDuration::from_hours(2));
    center.must(&give(TILL, "ReadOnly", "carol"));
    assert_eq!(statements(&center), 0);
}

/// What is over by its end and still assigned stays denied: no run took it yet.
#[test]
fn an_end_stays_as_long_as_what_it_ends() {
    let center = Center::with_ends();
    center.must(&give_until(SHOP, "ReadOnly", "alice", "2026-12-01T00:00:00Z"));
    center.server.clock().advance(SignedDuration::from_hours(24 * 30));
    assert_eq!(center.held(&ACCOUNT, SHOP), ["ReadOnly alice"], "it is there, and nothing ends it any more");
    center.must(&give(TILL, "ReadOnly", "bob"));
    assert_eq!(statements(&center), 1);
    center.must(&take(SHOP, "ReadOnly", "alice"));
    center.must(&give(TILL, "ReadOnly", "carol"));
    assert_eq!(statements(&center), 0);
}

/// Whoever keeps by a group what was taken of their own isn't denied it.
#[test]
fn who_keeps_it_by_a_group_is_not_denied() {
    let center = Center::with_ends();
    let (staff, alice) = (center.group("staff"), center.user("alice"));
    center.cloud(|cloud| cloud.add_member(staff.id(), alice.id()));
    center.assign(&staff, "ReadOnly", SHOP);
    center.must(&give_until(SHOP, "ReadOnly", "alice", END));
    let done = center.must(&take(SHOP, "ReadOnly", "alice"));
    assert!(done.lives_until.is_some() && done.note.is_none(), "{done:?}");
    assert_eq!(statements(&center), 0);
    // and who isn't in it is
    center.must(&give(SHOP, "ReadOnly", "bob"));
    assert!(center.must(&take(SHOP, "ReadOnly", "bob")).note.is_some());
    assert_eq!(statements(&center), 1);
}

#[test]
fn what_others_wrote_into_the_policy_stays() {
    let center = Center::with_ends();
    let id = center.settings.scp.clone().unwrap();
    let foreign = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Stay","Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"}]}"#;
    center.cloud(|cloud| cloud.set_control_policy(&id, foreign));
    center.must(&give_until(SHOP, "ReadOnly", "alice", END));
    assert_eq!(policy(&center)["Statement"][0]["Sid"], "Stay");
    center.must(&give(SHOP, "ReadOnly", "alice"));
    let bare: serde_json::Value = serde_json::from_str(foreign).unwrap();
    assert_eq!(policy(&center), bare);
}

#[test]
fn a_full_policy_refuses_what_it_can_not_end_and_lets_everything_else_go_on() {
    let center = Center::with_ends();
    let until = |day: usize| format!("2027-03-{day:02}T00:00:00Z");
    let calls: Vec<Call> =
        (1..=18).map(|day| give_until(SHOP, "ReadOnly", ["alice", "bob", "carol"][day % 3], &until(day))).collect();
    // each gets a set of their own, so that each end is a statement
    center.cloud(|cloud| {
        for set in 1..=18 {
            cloud.add_permission_set(&format!("Set{set:02}"), "PT1H");
        }
    });
    let calls: Vec<Call> = calls
        .into_iter()
        .enumerate()
        .map(|(one, call)| Call { permission: format!("Set{:02}", one + 1), ..call })
        .collect();
    let undated = give(TILL, "ReadOnly", "bob");
    let all: Vec<Call> = calls.iter().cloned().chain([undated]).collect();
    let results = center.hand().perform(&all, &Turnstile::of(usize::MAX));
    let refused: Vec<&TargetError> = results.iter().filter_map(|one| one.as_ref().err()).collect();
    assert!((1..=6).contains(&refused.len()), "{results:?}");
    let said = words(refused[0]);
    assert!(said.contains("has no room for another end") && said.contains("AWS takes 5120"), "{said}");
    assert!(results.last().unwrap().is_ok());
    assert_eq!(center.cloud(|cloud| cloud.assignments().len()), 19 - refused.len(), "nobody holds what wasn't dated");
    // what is full keeps nothing from ending
    let revokes: Vec<Call> = all.iter().map(|call| Call { verb: Verb::Revoke, ..call.clone() }).collect();
    let results = center.hand().perform(&revokes, &Turnstile::of(usize::MAX));
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(center.cloud(|cloud| cloud.assignments().len()), 0);
}

#[test]
fn a_policy_that_can_not_be_written_gives_nothing_dated_and_holds_up_no_end() {
    let center = Center::with_ends();
    center.must(&give_until(SHOP, "ReadOnly", "alice", END));
    let denied = Fault::Error("AccessDeniedException".to_owned(), "not you".to_owned());
    center.server.fail(On::operation("UpdatePolicy"), denied);
    let error = center.does(&give_until(SHOP, "ReadOnly", "bob", END)).unwrap_err();
    assert!(words(&error).contains("write ends into the policy"), "{}", words(&error));
    assert_eq!(center.held(&ACCOUNT, SHOP), ["ReadOnly alice until 2027-02-01T00:00:00Z"]);
    let done = center.must(&take(SHOP, "ReadOnly", "alice"));
    assert!(done.lives_until.is_some() && done.note.is_none(), "nothing ends the session: {done:?}");
    assert_eq!(center.held(&ACCOUNT, SHOP), [""; 0]);
}

#[test]
fn where_the_policy_does_not_hold_no_end_is_promised() {
    let center = Center::with_ends();
    let dated = |account: &str| give_until(account, "ReadOnly", "alice", END);
    assert!(center.hand().ends(&dated(SHOP)));
    assert!(!center.hand().ends(&dated(OWN)), "no such policy holds in the organisation's own account");
    assert!(!center.hand().ends(&call(GRANT, &IDENTITY_GROUP, "staff", "member", "alice")));
    center.must(&dated(OWN));
    assert_eq!(center.held(&ACCOUNT, OWN), ["ReadOnly alice"]);
    let id = center.settings.scp.clone().unwrap();
    assert_eq!(
        center.facts(&[(&ACCOUNT, SHOP), (&ACCOUNT, OWN)]),
        [format!("ends-not-enforced: the policy `{id}` doesn't hold in account `{OWN}`")]
    );
    center.cloud(|cloud| cloud.remove_control_policy(&id));
    assert!(!center.hand().ends(&dated(SHOP)));
    assert_eq!(
        center.facts(&[(&ACCOUNT, SHOP)]),
        [format!("ends-not-enforced: the policy `{id}` enforces no ends, as far as anybody knows: there is none")]
    );
    // and nothing is held up
    center.must(&take(OWN, "ReadOnly", "alice"));
    assert_eq!(center.held(&ACCOUNT, OWN), [""; 0]);
}

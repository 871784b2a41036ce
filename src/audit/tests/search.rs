//! What a search finds: what one thing in an entry says, not what several say together.

use super::*;

fn found(log: &Log, query: &Query) -> Vec<(usize, usize)> {
    let entries = log.entries().iter().enumerate();
    entries.filter_map(|(index, entry)| Some((index, query.find(entry.record())?.things.len()))).collect()
}

fn asked(ask: impl FnOnce(&mut Query)) -> Vec<(usize, usize)> {
    let key = key();
    let mut query = Query::default();
    ask(&mut query);
    found(&log_with(each_kind(), &key), &query)
}

#[test]
fn each_question_finds_the_entries_that_speak_of_it() {
    // entries: genesis, landing, intent, result, refusal, drift
    let all: Vec<usize> = asked(|_| {}).into_iter().map(|(index, _)| index).collect();
    let key = key();
    assert_eq!(all.len() as u64, log_with(each_kind(), &key).size());
    assert_eq!(asked(|query| query.person = Some("nobody".into())), []);
    assert_eq!(asked(|query| query.grant = Some("payments/alice".into())), []);
    assert_eq!(asked(|query| query.landing = Some("dddd".into())), []);
    // who vouched, and who approved
    assert!(asked(|query| query.person = Some("ada".into())).contains(&(0, 0)));
    assert_eq!(asked(|query| query.person = Some("bo".into())), [(1, 0)]);
    // who gains stands in the change and in the operations
    let alice = asked(|query| query.person = Some("alice.nguyen".into()));
    assert!(alice.len() >= 3 && alice.iter().all(|(_, things)| *things > 0), "{alice:?}");
    let resource = Some(("github/repository".to_owned(), "example/payments".to_owned()));
    assert_eq!(asked(|query| query.resource = resource.clone()), alice);
    assert_eq!(asked(|query| query.grant = Some("payments/alice-refunds".into())), alice);
    assert!(asked(|query| query.landing = Some("c1c1c1".into())).contains(&(1, 0)));
}

#[test]
fn everything_asked_must_fit_one_thing() {
    let alice = |query: &mut Query| query.person = Some("alice.nguyen".into());
    let revoked = asked(|query| {
        alice(query);
        query.verb = Some(Verb::Revoke);
    });
    assert!(!revoked.is_empty() && revoked.iter().all(|(index, _)| *index > 1), "{revoked:?}");
    // she gained and somebody approved, but nothing was granted to who approved
    assert_eq!(
        asked(|query| {
            query.person = Some("bo".into());
            query.resource = Some(("github/repository".into(), "example/payments".into()));
        }),
        []
    );
    let granted = asked(|query| {
        alice(query);
        query.verb = Some(Verb::Grant);
    });
    assert!(granted.iter().all(|one| !revoked.contains(one)), "{granted:?} {revoked:?}");
}

#[test]
fn time_is_half_open() {
    let noon: jiff::Timestamp = NOON.parse().unwrap();
    let second = jiff::SignedDuration::from_secs(1);
    assert!(asked(|query| query.since = Some(noon)).contains(&(0, 0)));
    assert!(!asked(|query| query.since = Some(noon + second)).contains(&(0, 0)));
    assert!(!asked(|query| query.until = Some(noon)).contains(&(0, 0)));
    assert!(asked(|query| query.until = Some(noon + second)).contains(&(0, 0)));
}

#[test]
fn of_a_kind_with_one_value_only_the_highest_was_held() {
    let key = key();
    let Record::Landing(landing) = landing(json!({})) else { panic!("a landing") };
    let change = |permission: &str| Change {
        kind: "repository".into(),
        permission: permission.into(),
        before: Vec::new(),
        after: vec![(None, None)],
        ..landing.changes[0].clone()
    };
    let both = Landing { at: at(NOON), changes: vec![change("pull"), change("push")], ..landing.clone() };
    let full = Intent {
        run: "run-2".into(),
        commit: both.commit.clone(),
        at: at(NOON),
        at_given: true,
        mode: Mode::Full,
        operations: Vec::new(),
    };
    let log = log_with(vec![Record::Landing(both), Record::Intent(full)], &key);
    let held = access_at(&log, crate::targets::KINDS, Who::parse("alice.nguyen"), at(NOON).0);
    assert_eq!(held.iter().map(|one| one.permission.as_str()).collect::<Vec<_>>(), ["push"]);
}

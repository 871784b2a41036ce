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
        clocks: Vec::new(),
        mode: Mode::Full,
        numbers: Vec::new(),
        operations: Vec::new(),
        operations_of: Vec::new(),
    };
    let log = log_with(vec![Record::Landing(both), Record::Intent(full)], &key);
    let files = log.files();
    let held = access_at(&log.reader(&files), crate::targets::KINDS, Who::parse("alice.nguyen"), at(NOON).0).unwrap();
    assert_eq!(held.iter().map(|one| one.permission.as_str()).collect::<Vec<_>>(), ["push"]);
}

/// Words that a log may hold, with everything that JSON spells in a way of its own.
const WORDS: [&str; 12] = [
    "ada",
    "ada.lovelace",
    "payments/alice",
    "large",
    "grant",
    "quo\"te",
    "back\\slash",
    "back\\u0061",
    "\u{7}bell\ttab\u{1f}",
    "ünïcode \u{1f511}",
    "",
    "`because`, ada",
];

mod oracle {
    use proptest::prelude::*;

    use super::*;

    fn word() -> impl Strategy<Value = String> {
        prop::sample::select(&WORDS[..]).prop_map(str::to_owned)
    }

    fn instant() -> impl Strategy<Value = At> {
        (0..6_i64).prop_map(|hour| At(jiff::Timestamp::from_second(1_795_000_000 + hour * 3600).unwrap()))
    }

    fn verb() -> impl Strategy<Value = Verb> {
        prop::sample::select(vec![Verb::Grant, Verb::Revoke, Verb::Change])
    }

    fn commit() -> impl Strategy<Value = String> {
        prop::sample::select(vec!["ab12", "ab13", "c0ffee"]).prop_map(|digits| format!("{digits:0<40}"))
    }

    fn record() -> impl Strategy<Value = Record> {
        let words = (word(), word(), word(), word(), prop::option::of(word()));
        (0..6, words, verb(), commit(), instant(), prop::bool::weighted(0.1)).prop_map(
            |(kind, (person, resource_kind, resource, grant, by), verb, commit, at, long)| {
                let operation = Operation {
                    verb,
                    kind: resource_kind.clone(),
                    resource: resource.clone(),
                    person: by.clone(),
                    because: record::Because::Sentence(format!("landing: grant {grant}")),
                    ..operation("push")
                };
                let Record::Landing(landing) = landing(json!({ "text": "x".repeat(if long { 70_000 } else { 1 }) }))
                else {
                    panic!("a landing")
                };
                let change = Change {
                    person: person.clone(),
                    kind: resource_kind,
                    resource,
                    grants: vec![grant],
                    ..landing.changes[0].clone()
                };
                let run = "run-1".to_owned();
                match kind {
                    0 | 1 => {
                        Record::Landing(Landing { commit, at, changes: vec![change], authors: vec![person], ..landing })
                    }
                    2 => {
                        let operations = vec![operation];
                        let operations_of = Vec::new();
                        Record::Intent(Intent {
                            run,
                            commit,
                            at,
                            at_given: false,
                            clocks: Vec::new(),
                            mode: Mode::Full,
                            numbers: Vec::new(),
                            operations,
                            operations_of,
                        })
                    }
                    3 => Record::Result(Outcome {
                        run,
                        commit: "d0".repeat(20),
                        at,
                        done: vec![operation],
                        done_of: Vec::new(),
                        failed: Vec::new(),
                        failed_of: Vec::new(),
                        not_started: Vec::new(),
                        not_started_of: Vec::new(),
                        waiting: vec![Waiting { landing: commit, code: person }],
                        refusals: Vec::new(),
                        left: Vec::new(),
                        unread: Vec::new(),
                        settled: Vec::new(),
                        interrupted: false,
                    }),
                    4 => Record::Refusal(Refusal { landing: commit, code: person, message: "why".into(), at }),
                    _ => Record::Drift(Drift { at, operations: vec![operation], operations_of: Vec::new() }),
                }
            },
        )
    }

    fn query() -> impl Strategy<Value = Query> {
        let maybe = || prop::option::weighted(0.3, word());
        let landing = prop::option::weighted(0.2, prop::sample::select(vec!["ab1", "ab12", "c0ffee", "dddd"]));
        let time = || prop::option::weighted(0.2, instant());
        (maybe(), maybe(), word(), maybe(), landing, prop::option::weighted(0.3, verb()), time(), time()).prop_map(
            |(person, kind, resource, grant, landing, verb, since, until)| Query {
                person,
                resource: kind.map(|kind| (kind, resource)),
                grant,
                landing: landing.map(str::to_owned),
                verb,
                since: since.map(|at| at.0),
                until: until.map(|at| at.0),
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_read_for_a_query_is_all_that_it_finds(
            records in prop::collection::vec(record(), 0..24),
            query in query(),
        ) {
            let key = key();
            let log = log_with(records, &key);
            let candidates = candidates(&log, &query);
            let quick: Vec<(u64, Found<'_>)> =
                candidates.iter().filter_map(|(index, entry)| Some((*index, query.find(entry.record())?))).collect();
            let slow: Vec<(u64, Found<'_>)> =
                (0..).zip(log.entries()).filter_map(|(index, entry)| Some((index, query.find(entry.record())?))).collect();
            prop_assert_eq!(quick, slow);
        }
    }
}

/// The entries that are read for a query.
fn candidates(log: &Log, query: &Query) -> Vec<(u64, Entry)> {
    let (files, mut found) = (log.files(), Vec::new());
    let read = log.reader(&files).each(Some(query), |index, entry| {
        assert_eq!(entry, &log.entries()[index as usize]);
        found.push((index, entry.clone()));
        Ok::<(), LogError>(())
    });
    read.unwrap();
    found
}

#[test]
fn few_entries_are_read_where_few_are_meant() {
    let key = key();
    let log = log_with((0..50).map(|number| drift(&format!("permission-{number}"))).chain(each_kind()).collect(), &key);
    let read = |query: Query| candidates(&log, &query).len();
    assert_eq!(read(Query { person: Some("bo".into()), ..Query::default() }), 1);
    assert_eq!(read(Query { grant: Some("payments/bob".into()), ..Query::default() }), 0);
    assert_eq!(read(Query { since: Some("2030-01-01T00:00:00Z".parse().unwrap()), ..Query::default() }), 0);
    assert_eq!(read(Query { verb: Some(Verb::Grant), ..Query::default() }), 0);
    assert_eq!(read(Query { verb: Some(Verb::Revoke), ..Query::default() }), 53);
}

#[test]
fn a_name_that_is_spelt_in_another_way_is_no_place_to_hide() {
    let key = key();
    let Record::Intent(intent) = each_kind().remove(1) else { panic!("an intent") };
    let written = Entry::write(Record::Intent(intent)).unwrap();
    let leaf = String::from_utf8(written.leaf().to_vec()).unwrap();
    for (from, to) in [
        ("alice", "\\u0061lice"),
        ("\"person\":\"", "\"person\" : \""),
        ("alice.nguyen\"", "alice.nguyen\",\"a\":\"\\/\""),
    ] {
        let hidden = leaf.replace(from, to);
        assert_ne!(hidden, leaf);
        let files = signed_with(hidden.as_bytes(), &key);
        let refused = Log::from_files(&files, key.verifier());
        assert!(matches!(refused, Err(LogError::EntryInvalid { index: 1, .. })), "{hidden}: {refused:?}");
    }
}

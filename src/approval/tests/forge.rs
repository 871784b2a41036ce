//! What only a forge can tell. Each row is refused with its code; how the user reads it stands in `tests/refusals.txt`.

use super::*;
use crate::report::errors;
use crate::report::style::Style;

const TRANSCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/refusals.txt");
const FROM: &str = "#### What a forge would say\n";

pub(super) fn at(minute: u8) -> Timestamp {
    format!("2026-11-24T07:{minute:02}:00Z").parse().unwrap()
}

pub(super) fn account(id: &str) -> Account {
    let number = PEOPLE.iter().find(|(name, ..)| *name == id).map_or(999, |(_, number, _)| *number);
    Account { number, login: format!("{id}-nw"), bot: false }
}

pub(super) fn bot() -> Account {
    Account { number: 41_898_282, login: "actions[bot]".to_owned(), bot: true }
}

fn review(id: &str, verdict: ReviewVerdict, minute: u8) -> Review {
    Review { by: account(id), verdict, of: Some(oid(3)), at: at(minute) }
}

pub(super) fn moved(id: &str, what: Moved, minute: u8) -> Movement {
    Movement { at: at(minute), by: account(id), what }
}

/// A pull request by Tom that Ann approved ten minutes after the last push, merged ten minutes later.
pub(super) fn reviewed() -> Told {
    let mut evidence = signed(&[]);
    evidence.pull = Some(Pull {
        number: 7,
        claims: BTreeSet::from([7]),
        repository: 700,
        head_repository: Some(700),
        head: oid(3),
        into: "main".to_owned(),
        onto: Some(oid(1)),
        arrival: Arrival::Merge,
        opened_by: account("tom"),
        merged_at: Some(at(30)),
        reviews: vec![review("ann", ReviewVerdict::Approved, 20)],
        movements: vec![moved("tom", Moved::Head(oid(3)), 10)],
        authors: BTreeMap::new(),
        committers: BTreeMap::new(),
        missing: Vec::new(),
    });
    evidence
}

fn pull(evidence: &mut Told) -> &mut Pull {
    evidence.pull.as_mut().unwrap()
}

fn reviews(evidence: &mut Told, reviews: Vec<Review>) {
    pull(evidence).reviews = reviews;
}

type Row = (&'static str, &'static str, fn(&mut Told));

/// What happened, the code that answers, and what the forge says of it.
const ROWS: &[Row] = &[
    ("no review", "no-approval", |e| reviews(e, vec![])),
    ("a push after the approval", "approval-stale", |e| {
        let mut old = review("ann", ReviewVerdict::Approved, 20);
        old.of = Some(oid(4));
        reviews(e, vec![old]);
    }),
    ("an approval that the forge shows at a newer commit", "approval-predates-head", |e| {
        pull(e).movements.push(moved("tom", Moved::Head(oid(3)), 25));
    }),
    ("a dismissed approval", "approval-dismissed", |e| {
        reviews(e, vec![review("ann", ReviewVerdict::DismissedApproval, 20)]);
    }),
    ("approved, then asked for changes", "approval-withdrawn", |e| {
        let (first, last) = (ReviewVerdict::Approved, ReviewVerdict::ChangesRequested);
        reviews(e, vec![review("ann", first, 20), review("ann", last, 21)]);
    }),
    ("an objection that the author dismissed", "block-dismissed-by-party", |e| {
        let dismissed = ReviewVerdict::DismissedRequest { by: account("tom") };
        reviews(e, vec![review("ben", dismissed, 15), review("ann", ReviewVerdict::Approved, 20)]);
    }),
    ("an objection that stands", "changes-requested", |e| {
        let objects = ReviewVerdict::ChangesRequested;
        reviews(e, vec![review("ben", objects, 15), review("ann", ReviewVerdict::Approved, 20)]);
    }),
    ("reviews on a page that did not arrive", "evidence-incomplete", |e| {
        pull(e).missing.push("100 of 130 reviews of #7 were read".to_owned());
    }),
    ("a branch that went and came back after the approval", "approval-predates-head", |e| {
        pull(e).movements.push(moved("tom", Moved::Branch, 25));
    }),
    ("another base after the approval", "approval-context-changed", |e| {
        pull(e).movements.push(moved("tom", Moved::Base, 25));
    }),
    ("an approval after the merge", "approval-after-merge", |e| {
        reviews(e, vec![review("ann", ReviewVerdict::Approved, 31)]);
    }),
    ("who opened it approves", "approver-is-author", |e| pull(e).opened_by = account("ann")),
    ("who pushed to it approves", "approver-is-pusher", |e| {
        pull(e).movements.push(moved("ann", Moved::Head(oid(3)), 12));
    }),
    ("a machine opened it", "quorum-not-met", |e| pull(e).opened_by = bot()),
    ("a machine approves", "approver-not-human", |e| pull(e).reviews[0].by = bot()),
    ("an account of nobody approves", "approver-unknown", |e| pull(e).reviews[0].by = account("mallory")),
    ("a known name with another number approves", "login-id-mismatch", |e| pull(e).reviews[0].by.number = 998),
    ("an account of nobody opened it", "quorum-not-met", |e| pull(e).opened_by = account("mallory")),
    ("a landing that somebody pushed though a pull request shows it", "not-via-pull-request", |e| {
        pull(e).arrival = Arrival::Push;
    }),
    ("a forge that forgot how it came", "evidence-incomplete", |e| pull(e).arrival = Arrival::Untold),
    ("a pull request onto another branch", "not-via-pull-request", |e| pull(e).into = "layer-1".to_owned()),
    ("a pull request of another head", "not-via-pull-request", |e| pull(e).head = oid(4)),
    ("a pull request that only looks merged", "not-via-pull-request", |e| pull(e).claims = BTreeSet::from([9])),
    ("one that the forge doesn't call merged", "not-via-pull-request", |e| pull(e).merged_at = None),
    ("two that claim the landing", "pr-ambiguous", |e| pull(e).claims = BTreeSet::from([7, 9])),
    ("another repository answers", "repo-mismatch", |e| pull(e).repository = 701),
    ("the head comes from a fork", "fork-pr-forbidden", |e| pull(e).head_repository = Some(702)),
    ("a call fails", "evidence-incomplete", |e| {
        pull(e).missing.push("GET /repos/northwind/access/pulls/7/reviews answered 502".to_owned());
    }),
    ("nobody knows who pushed", "evidence-incomplete", |e| {
        pull(e).movements.clear();
        e.commits = vec![commit(None)];
    }),
];

#[test]
fn what_is_kept_of_a_pull_request_reads_back_as_itself() {
    let mut told = reviewed().pull.unwrap();
    told.reviews.push(review("ben", ReviewVerdict::DismissedRequest { by: account("tom") }, 15));
    told.movements.push(moved("tom", Moved::Branch, 31));
    told.authors = BTreeMap::from([(oid(3), vec![account("tom"), bot()])]);
    let text = serde_json::to_string(&told).unwrap();
    assert_eq!(serde_json::from_str::<Pull>(&text).unwrap(), told);
    assert!(!text.contains('@') && !text.contains("missing"), "{text}");
    assert!(serde_json::from_str::<Pull>(&text.replace("\"number\":7", "\"number\":7,\"more\":1")).is_err());
}

#[test]
fn accounts_that_the_forge_knows_stand_for_addresses() {
    let case = Case::of(GITHUB, &[], &[ZOE]);
    let mut told = reviewed();
    told.commits = vec![CommitMakers { names_unknown: true, addresses: 2, ..commit(None) }];
    assert!(case.codes(&told).contains(&"quorum-not-met"), "an address that nobody knows asks for one more");
    let mut authors = |accounts: Vec<Account>| pull(&mut told).authors = BTreeMap::from([(oid(3), accounts)]);
    authors(vec![account("tom"), account("dee")]);
    case.decide(&told).unwrap();
    // who is named is a party
    let mut authors = |accounts: Vec<Account>| pull(&mut told).authors = BTreeMap::from([(oid(3), accounts)]);
    authors(vec![account("tom"), account("ann")]);
    assert!(case.codes(&told).contains(&"approver-is-author"));
    // one fewer than the commit names, and one whom the registry doesn't know
    for accounts in [vec![account("tom")], vec![account("tom"), account("mallory")]] {
        pull(&mut told).authors = BTreeMap::from([(oid(3), accounts)]);
        assert!(case.codes(&told).contains(&"quorum-not-met"));
    }
}

#[test]
fn who_gains_by_a_change_lifts_no_objection_against_it() {
    let case = Case::of(GITHUB, &[], &[ZOE]);
    let dismissed_by = |id: &str| {
        let mut told = reviewed();
        let dismissed = ReviewVerdict::DismissedRequest { by: account(id) };
        reviews(&mut told, vec![review("ben", dismissed, 15), review("ann", ReviewVerdict::Approved, 20)]);
        told
    };
    case.decide(&dismissed_by("cas")).unwrap();
    // herself, somebody of her vendor, and somebody whom nobody knows
    for id in ["zoe", "yan", "mallory"] {
        assert!(case.codes(&dismissed_by(id)).contains(&"block-dismissed-by-party"), "{id}");
    }
}

#[test]
fn a_reviewed_pull_request_lands() {
    let case = Case::of(GITHUB, &[], &[ZOE]);
    let granted = case.decide(&reviewed()).unwrap();
    assert_eq!(granted.authors, [Maker::Person(person("tom"))]);
    // after the merge the branch may move and go, and people may say what they like
    let mut later = reviewed();
    pull(&mut later).movements.push(moved("ann", Moved::Head(oid(9)), 40));
    case.decide(&later).unwrap();
    // the branch may go in the second of the merge
    let mut gone = reviewed();
    pull(&mut gone).movements.push(moved("tom", Moved::Branch, 30));
    case.decide(&gone).unwrap();
    // with every commit signed it needs no list of pushes
    let mut forgotten = reviewed();
    pull(&mut forgotten).movements.clear();
    case.decide(&forgotten).unwrap();
}

#[test]
fn each_story_of_a_forge_is_refused_with_its_code() {
    let case = Case::of(GITHUB, &[], &[ZOE]);
    let mut told = String::new();
    for (story, code, change) in ROWS {
        let mut evidence = reviewed();
        change(&mut evidence);
        let refusals = case.decide(&evidence).expect_err(story);
        assert!(refusals.iter().any(|refusal| refusal.code.id == *code), "{story}: {refusals:#?}");
        told.push_str(&format!("\n## {story}\n{}", errors::refusals(&refusals, Style::PLAIN)));
    }
    let file = std::fs::read_to_string(TRANSCRIPT).unwrap();
    let (others, committed) = file.split_once(FROM).unwrap();
    if std::env::var_os("DUALKEY_BLESS").is_some() {
        std::fs::write(TRANSCRIPT, format!("{others}{FROM}{told}")).unwrap();
    } else {
        assert_eq!(told, committed, "the texts changed: read them, then DUALKEY_BLESS=1 cargo test --lib forge");
    }
}

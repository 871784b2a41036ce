//! What holds whatever the evidence is.

use super::*;

const EVERYBODY: [&str; 10] = ["ann", "ben", "cas", "dee", "eve", "tom", "zoe", "yan", "robot", "mallory"];

fn anybody() -> impl Strategy<Value = &'static str> {
    prop::sample::select(EVERYBODY.to_vec())
}

fn opinion() -> impl Strategy<Value = Opinion> {
    let said = prop_oneof![6 => Just(Says::Approve), 1 => Just(Says::Withdraw), 1 => Just(Says::RequestChanges)];
    (anybody(), said).prop_map(|(id, said)| says(id, said))
}

fn any_commit() -> impl Strategy<Value = CommitMakers> {
    let signer = prop_oneof![6 => Just(Some("tom")), 1 => anybody().prop_map(Some), 1 => Just(None)];
    let few = || prop::collection::btree_set(anybody().prop_map(person), 0..2);
    (signer, few(), few(), prop::bool::weighted(0.1)).prop_map(|(signer, committers, named, names_unknown)| {
        CommitMakers { committers, named, names_unknown, ..commit(signer) }
    })
}

fn evidence() -> impl Strategy<Value = Told> {
    let people = |most: usize| prop::collection::btree_set(anybody().prop_map(person), 0..most);
    (
        prop::collection::vec(opinion(), 0..6),
        prop::collection::vec(any_commit(), 0..3),
        people(2),
        prop_oneof![9 => Just(1_usize), 1 => 0..3_usize],
    )
        .prop_map(|(opinions, commits, gone, merge_bases)| Told {
            opinions,
            commits,
            gone,
            merge_bases: vec![oid(1); merge_bases],
            ..signed(&[])
        })
}

thread_local! {
    static CASE: Case = let_zoe_in();
    static PULLED: Case = Case::of(GITHUB, &[], &[ZOE]);
    static RENAMED: Case = renamed();
}

fn anyone() -> impl Strategy<Value = Account> {
    prop_oneof![9 => anybody().prop_map(forge::account), 1 => Just(forge::bot())]
}

fn review() -> impl Strategy<Value = Review> {
    let verdict = prop_oneof![
        6 => Just(ReviewVerdict::Approved),
        1 => Just(ReviewVerdict::ChangesRequested),
        1 => Just(ReviewVerdict::DismissedApproval),
        1 => anyone().prop_map(|by| ReviewVerdict::DismissedRequest { by }),
    ];
    let head = prop_oneof![6 => Just(Some(oid(3))), 1 => Just(Some(oid(4))), 1 => Just(None)];
    (anyone(), verdict, head, 11..35_u8).prop_map(|(by, verdict, of, minute)| Review {
        by,
        verdict,
        of,
        at: forge::at(minute),
    })
}

/// A pull request that anybody opened, pushed to and spoke of.
fn pulled() -> impl Strategy<Value = Told> {
    let push = (anyone(), 1..35_u8);
    (
        prop_oneof![6 => Just(forge::account("tom")), 1 => anyone()],
        prop::collection::vec(review(), 0..5),
        prop::collection::vec(push, 0..2),
        prop::collection::vec(any_commit(), 1..3),
    )
        .prop_map(|(opened_by, reviews, pushes, commits)| {
            let mut evidence = forge::reviewed();
            let pull = evidence.pull.as_mut().unwrap();
            pull.opened_by = opened_by;
            pull.reviews = reviews;
            for (by, minute) in pushes {
                pull.movements.push(Movement { at: forge::at(minute), by, what: Moved::Head(oid(3)) });
            }
            Told { commits, ..evidence }
        })
}

/// Owners whose last review is an approval of this head before the merge, and who had no hand in it.
fn independent_reviewers(evidence: &Told) -> usize {
    let pull = evidence.pull.as_ref().unwrap();
    let merged = pull.merged_at.unwrap();
    let counts = |id: &&&str| {
        let (who, number) = (person(id), forge::account(id).number);
        let own = pull.reviews.iter().filter(|review| review.by.number == number && review.at <= merged);
        let last = own.max_by_key(|review| review.at);
        let pushed = pull.movements.iter().any(|moved| moved.by.number == number && moved.at <= merged);
        let party = evidence.commits.iter().any(|commit| {
            commit.signer == Signer::Person(who.clone())
                || commit.committers.contains(&who)
                || commit.named.contains(&who)
        });
        last.is_some_and(|review| review.of == Some(oid(3)) && review.at <= merged)
            && pull.reviews.iter().any(|r| r.by.number == number && matches!(r.verdict, ReviewVerdict::Approved))
            && pull.opened_by.number != number
            && !pushed
            && !party
    };
    ["ann", "ben"].iter().filter(counts).count()
}

fn passes(evidence: &Told) -> bool {
    CASE.with(|case| case.decide(evidence).is_ok())
}

/// Owners who may count: only approved, are here, and had no hand in it.
fn independent(evidence: &Told) -> usize {
    let counts = |id: &&&str| {
        let who = person(id);
        let mut own = evidence.opinions.iter().filter(|opinion| opinion.person == who).peekable();
        own.peek().is_some()
            && own.all(|opinion| opinion.says == Says::Approve)
            && !evidence.gone.contains(&who)
            && !evidence.commits.iter().any(|commit| {
                commit.signer == Signer::Person(who.clone())
                    || commit.committers.contains(&who)
                    || commit.named.contains(&who)
            })
    };
    ["ann", "ben"].iter().filter(counts).count()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_pull_request_passes_without_an_independent_owner(evidence in pulled()) {
        if PULLED.with(|case| case.decide(&evidence).is_ok()) {
            prop_assert!(independent_reviewers(&evidence) > 0);
        }
    }

    #[test]
    fn logins_are_display(evidence in pulled()) {
        let mut other = evidence.clone();
        let pull = other.pull.as_mut().unwrap();
        let accounts = pull.reviews.iter_mut().map(|review| &mut review.by).chain([&mut pull.opened_by]);
        for account in accounts.chain(pull.movements.iter_mut().map(|moved| &mut moved.by)) {
            account.login.insert_str(0, "not-");
        }
        let (plain, renamed) = PULLED.with(|case| (case.decide(&evidence).is_ok(), case.decide(&other).is_ok()));
        prop_assert_eq!(plain, renamed);
    }

    #[test]
    fn other_names_of_accounts_and_files_decide_the_same(evidence in evidence()) {
        let plain = CASE.with(|case| case.codes(&evidence));
        let renamed = RENAMED.with(|case| case.codes(&evidence));
        prop_assert_eq!(plain, renamed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn nothing_passes_without_an_independent_owner(evidence in evidence()) {
        let unknown = evidence.commits.iter().any(|commit| commit.signer == Signer::Unknown || commit.names_unknown);
        if passes(&evidence) {
            prop_assert!(independent(&evidence) > usize::from(unknown));
            prop_assert_eq!(evidence.merge_bases.len(), 1);
        }
    }

    #[test]
    fn order_and_repetition_make_no_difference(evidence in evidence(), turn in 0..6_usize, again in 0..6_usize) {
        let mut other = evidence.clone();
        if !other.opinions.is_empty() {
            let (turn, again) = (turn % other.opinions.len(), again % other.opinions.len());
            let repeated = other.opinions[again].clone();
            other.opinions.rotate_left(turn);
            other.opinions.push(repeated);
        }
        other.commits.reverse();
        prop_assert_eq!(passes(&evidence), passes(&other));
    }

    #[test]
    fn one_approval_more_never_refuses_and_one_less_never_passes(evidence in evidence(), who in anybody()) {
        let silent = !evidence.opinions.iter().any(|opinion| opinion.person == person(who));
        if silent && passes(&evidence) {
            let mut more = evidence.clone();
            more.opinions.push(says(who, Says::Approve));
            prop_assert!(passes(&more));
        }
        let mut less = evidence.clone();
        less.opinions.retain(|opinion| opinion.person != person(who) || opinion.says != Says::Approve);
        prop_assert!(passes(&evidence) || !passes(&less));
    }

    #[test]
    fn lines_of_commits_and_missing_signatures_never_help(evidence in evidence(), which in 0..3_usize, who in anybody()) {
        let before = passes(&evidence);
        if which < evidence.commits.len() {
            let mut named = evidence.clone();
            named.commits[which].named.insert(person(who));
            prop_assert!(before || !passes(&named));
            let mut unsigned = evidence.clone();
            unsigned.commits[which].signer = Signer::Unknown;
            prop_assert!(before || !passes(&unsigned));
        }
    }
}

/// Zoe is let in by files of other names, and her account is called otherwise.
fn renamed() -> Case {
    let text = |login: &str| {
        format!(
            "name: zoe\ntype: contractor\nvendor: globex\nsponsor: ann\n\
            engagement: {{ from: 2026-11-01, until: 2027-01-31 }}\naccounts:\n  github: {{ login: {login}, id: 7 }}\n"
        )
    };
    let moved = [("grants/zoe.yaml", ""), ("grants/deeper/zoe.yaml", ZOE.1)];
    let renamed = text("somebody-else");
    Case::of(SIGNATURES, &[("people/zoe.yaml", renamed.as_str())], &moved)
}

#[test]
fn other_names_of_accounts_and_files_change_nothing() {
    let (zoe, other) = (revision(SIGNATURES, &[ZOE]), renamed());
    let (plain, base) = (let_zoe_in(), revision(SIGNATURES, &[]));
    assert_eq!(plain.digest, plan::plan(&base, &zoe, now()).digest);
    assert_eq!(plain.digest, other.digest, "approvals bind what it means, not how it is called");
}

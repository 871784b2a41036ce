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

fn any_commit() -> impl Strategy<Value = CommitEvidence> {
    let signer = prop_oneof![6 => Just(Some("tom")), 1 => anybody().prop_map(Some), 1 => Just(None)];
    let few = || prop::collection::btree_set(anybody().prop_map(person), 0..2);
    (signer, few(), few(), prop::bool::weighted(0.1)).prop_map(|(signer, committers, named, names_unknown)| {
        CommitEvidence { committers, named, names_unknown, ..commit(signer) }
    })
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let people = |most: usize| prop::collection::btree_set(anybody().prop_map(person), 0..most);
    (
        prop::collection::vec(opinion(), 0..6),
        prop::collection::vec(any_commit(), 0..3),
        people(2),
        people(2),
        prop_oneof![9 => Just(1_usize), 1 => 0..3_usize],
    )
        .prop_map(|(opinions, commits, gone, doubtful, merge_bases)| Evidence {
            opinions,
            commits,
            gone,
            doubtful: doubtful.into_iter().map(|person| (person, String::new())).collect(),
            merge_bases: vec![oid(1); merge_bases],
            ..signed(&[])
        })
}

thread_local! {
    static CASE: Case = let_zoe_in();
}

fn passes(evidence: &Evidence) -> bool {
    CASE.with(|case| case.decide(evidence).is_ok())
}

/// Owners who may count: only approved, are here, and had no hand in it.
fn independent(evidence: &Evidence) -> usize {
    let counts = |id: &&&str| {
        let who = person(id);
        let mut own = evidence.opinions.iter().filter(|opinion| opinion.person == who).peekable();
        own.peek().is_some()
            && own.all(|opinion| opinion.says == Says::Approve)
            && !evidence.gone.contains(&who)
            && !evidence.doubtful.contains_key(&who)
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

#[test]
fn other_names_of_accounts_and_files_change_nothing() {
    let zoe = revision(SIGNATURES, &[ZOE]);
    let text = |login: &str| {
        format!(
            "name: zoe\ntype: contractor\nvendor: globex\nsponsor: ann\n\
            engagement: {{ from: 2026-11-01, until: 2027-01-31 }}\naccounts:\n  github: {{ login: {login}, id: 7 }}\n"
        )
    };
    let renamed = text("somebody-else");
    let moved = [("grants/zoe.yaml", ""), ("grants/deeper/zoe.yaml", ZOE.1), ("people/zoe.yaml", renamed.as_str())];
    let other = Case::of(SIGNATURES, &[], &moved);
    let (plain, base) = (let_zoe_in(), revision(SIGNATURES, &[]));
    assert_eq!(plain.digest, plan::plan(&base, &zoe, now()).digest);
    assert_eq!(plain.digest, other.digest, "approvals bind what it means, not how it is called");
}

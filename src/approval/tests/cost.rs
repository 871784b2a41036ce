//! How often the trees of a possible landing are compared: what decides how long an open history takes.

use super::*;
use crate::approval::statement::{ApprovalStatement, ApprovalType, Signed, canonical};
use crate::approval::{Recorded, Signatures, Verifier};
use crate::repository::StateRefs;

/// An approval by Ann that she didn't sign.
fn unsigned(base: Oid, head: Oid) -> Signed {
    let statement = ApprovalStatement {
        statement_type: ApprovalType::V1,
        anchor: String::new(),
        branch: "main".to_owned(),
        base: base.to_string(),
        head: head.to_string(),
        head_tree: String::new(),
        digest: String::new(),
        person: "ann".to_owned(),
        verdict: Says::Approve,
        at: String::new(),
    };
    Signed::new(person("ann"), canonical(&statement), Vec::new()).unwrap()
}

/// A log of a genesis, and of what was said.
fn unrecorded(genesis: Oid, said: Vec<Signed>) -> Recorded {
    Recorded {
        genesis,
        anchor: String::new(),
        vouched_by: Vec::new(),
        landings: Vec::new(),
        removals: Vec::new(),
        said,
        keys: Vec::new(),
    }
}

/// Compares for an open history of so many groups: two commits of which nobody says anything, and one that somebody says
/// to have approved. Half of the latter bring the same content.
fn compared(groups: usize) -> usize {
    let folder = Folder::new();
    let config = CONFIG.replace("EVIDENCE", SIGNATURES);
    let genesis = folder.commit(&[("dualkey.yaml", &config)]);
    let mut said = Vec::new();
    for group in 0..groups {
        folder.commit(&[(".github/a", &group.to_string())]);
        let base = folder.commit(&[(".github/b", &group.to_string())]);
        let head = folder.commit(&[(".github/c", ["even", "odd"][group % 2])]);
        said.push(unsigned(base, head));
    }
    let tip = folder.oid("HEAD");
    let repository = folder.open();
    let recorded = unrecorded(genesis, said);
    let source = Signatures::open(&repository, &StateRefs::local(&repository, "main")).unwrap();
    let verifier = Verifier::new(&repository, source, &recorded, "main", KINDS, now());
    let chain = verifier.chain(tip).unwrap();
    assert!(chain.last == genesis && chain.refused().next().is_some());
    verifier.compared()
}

#[test]
fn every_further_group_of_an_open_history_costs_the_same() {
    // a head that landed as it is may start at each of the last 16 commits before it
    const A_GROUP: usize = 16;
    let (short, long) = (compared(7), compared(14));
    assert!(short > 0 && long <= short + 7 * A_GROUP, "{short} comparisons for 7 groups, {long} for 14");
}

/// Comparisons and steps for so many commits that change one file to and fro, each with an approval that nobody signed and
/// that names the genesis, or the commit before, as its start.
fn junk(commits: usize, of_genesis: bool) -> [u64; 2] {
    let folder = Folder::new();
    let genesis = folder.commit(&[("dualkey.yaml", &CONFIG.replace("EVIDENCE", SIGNATURES))]);
    let (mut said, mut before) = (Vec::new(), genesis);
    for number in 0..commits {
        let head = folder.commit(&[(".github/a", ["x", "y"][number % 2])]);
        said.push(unsigned(if of_genesis { genesis } else { before }, head));
        before = head;
    }
    let repository = folder.open();
    let recorded = unrecorded(genesis, said);
    repository.allow(crate::repository::Allowance::JUDGING, None);
    let source = Signatures::open(&repository, &StateRefs::local(&repository, "main")).unwrap();
    let verifier = Verifier::new(&repository, source, &recorded, "main", KINDS, now());
    let chain = verifier.chain(before).unwrap();
    repository.ensure_judged().unwrap();
    repository.allow_reading();
    assert_eq!(chain.refused().count(), commits);
    [verifier.compared() as u64, repository.taken()[3]]
}

/// Commits that walks come to for a merge that changes nothing and brings so many commits which no landing stands on.
fn merged_junk(commits: usize) -> u64 {
    let folder = Folder::new();
    let genesis = folder.commit(&[("dualkey.yaml", &CONFIG.replace("EVIDENCE", SIGNATURES))]);
    let (tree, nothing) = (folder.open().tree_of(genesis).unwrap(), folder.raw_tree(&[]));
    let mut junk = Vec::new();
    for number in 0..commits {
        let before: Vec<Oid> = junk.last().copied().into_iter().collect();
        junk.push(folder.commit_tree(nothing, &before, &number.to_string()));
    }
    let merge = folder.commit_tree(tree, &[genesis, *junk.last().unwrap()], "merge");
    let repository = folder.open();
    let recorded = unrecorded(genesis, Vec::new());
    repository.allow(crate::repository::Allowance::JUDGING, None);
    let source = Signatures::open(&repository, &StateRefs::local(&repository, "main")).unwrap();
    let chain = Verifier::new(&repository, source, &recorded, "main", KINDS, now()).chain(merge).unwrap();
    repository.ensure_judged().unwrap();
    repository.allow_reading();
    assert_eq!(chain.last, merge);
    repository.taken()[4]
}

#[test]
fn a_line_that_a_merge_brings_is_walked_once() {
    let (short, long) = (merged_junk(50), merged_junk(100));
    assert!(short > 50 && long <= 2 * short, "{short} for 50 commits, {long} for 100");
}

#[test]
fn twice_as_many_commits_with_junk_for_approvals_cost_twice_as_much() {
    for of_genesis in [false, true] {
        let (short, long) = (junk(100, of_genesis), junk(200, of_genesis));
        for (short, long) in short.into_iter().zip(long) {
            assert!(long <= 2 * short + 16, "{short} for 100 commits, {long} for 200");
        }
    }
}

/// Commits that walks come to, to see what is said against so many heads on top of each other, which nobody signed.
fn asked_of_junk(heads: usize) -> u64 {
    let folder = Folder::new();
    let genesis = folder.commit(&[("dualkey.yaml", &CONFIG.replace("EVIDENCE", SIGNATURES))]);
    let (nothing, mut head, mut said) = (folder.raw_tree(&[]), genesis, Vec::new());
    for number in 0..heads {
        head = folder.commit_tree(nothing, &[head], &number.to_string());
        said.push(unsigned(genesis, head));
    }
    let repository = folder.open();
    let recorded = unrecorded(genesis, said);
    let source = Signatures::open(&repository, &StateRefs::local(&repository, "main")).unwrap();
    let verifier = Verifier::new(&repository, source, &recorded, "main", KINDS, now());
    let chain = verifier.chain(genesis).unwrap();
    repository.allow(crate::repository::Allowance::JUDGING, None);
    assert!(verifier.unrecorded_objections(&chain).unwrap().is_empty());
    repository.allow_reading();
    repository.taken()[4]
}

#[test]
fn nobody_walks_a_head_for_a_statement_that_nobody_signed() {
    assert_eq!((asked_of_junk(20), asked_of_junk(40)), (1, 1));
}

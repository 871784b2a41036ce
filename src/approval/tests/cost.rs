//! How often the trees of a possible landing are compared: what decides how long an open history takes.

use super::*;
use crate::approval::statement::{ApprovalStatement, ApprovalType, Signed, canonical};
use crate::approval::{Recorded, Source, Verifier};
use crate::repository::StateRefs;

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
        said.push(Signed::new(person("ann"), canonical(&statement), Vec::new()).unwrap());
    }
    let tip = folder.oid("HEAD");
    let repository = folder.open();
    let recorded = Recorded {
        genesis,
        anchor: String::new(),
        vouched_by: Vec::new(),
        landings: Vec::new(),
        removals: Vec::new(),
        said,
        keys: Vec::new(),
    };
    let source = Source::open(&repository, &StateRefs::local(&repository, "main")).unwrap();
    let verifier = Verifier::new(&repository, source, &recorded, "main", KINDS, now());
    let chain = verifier.chain(tip).unwrap();
    assert!(chain.last == genesis && chain.refused().next().is_some());
    verifier.compared.get()
}

#[test]
fn every_further_group_of_an_open_history_costs_the_same() {
    // a head that landed as it is may start at each of the last 16 commits before it
    const A_GROUP: usize = 16;
    let (short, long) = (compared(7), compared(14));
    assert!(short > 0 && long <= short + 7 * A_GROUP, "{short} comparisons for 7 groups, {long} for 14");
}

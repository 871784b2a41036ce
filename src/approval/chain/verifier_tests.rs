use super::*;
use crate::approval::tests::{CONFIG, SIGNATURES};
use crate::approval::{RecordedLanding, Signatures, Verdict};
use crate::repository::StateRefs;
use crate::repository::testing::Sandbox;

/// What a chain of commits gives where the log has these landings, each from one to another.
fn chain(landings: &[(usize, usize)]) -> Result<Chain, String> {
    let sandbox = Sandbox::new();
    let config = CONFIG.replace("EVIDENCE", SIGNATURES);
    let first = sandbox.commit(&[("dualkey.yaml", &config)]);
    let commits: Vec<Oid> = std::iter::once(first).chain((1..5).map(|_| sandbox.commit(&[]))).collect();
    let repository = sandbox.open();
    let landing = |(base, commit): &(usize, usize)| RecordedLanding {
        base: commits[*base],
        commit: commits[*commit],
        head: None,
        verdict: Verdict::Unmanaged,
        approvals: Vec::new(),
        authors: Vec::new(),
        statements: Vec::new(),
        pull: None,
        entry: 0,
        said: 0,
        at: Timestamp::UNIX_EPOCH,
    };
    let recorded = Recorded {
        genesis: commits[0],
        anchor: String::new(),
        vouched_by: Vec::new(),
        landings: landings.iter().map(landing).collect(),
        removals: Vec::new(),
        said: Vec::new(),
        keys: Vec::new(),
    };
    let source = Signatures::open(&repository, &StateRefs::local(&repository, "main")).unwrap();
    let verifier = Verifier::new(&repository, source, &recorded, "main", crate::targets::KINDS, Timestamp::UNIX_EPOCH);
    verifier.chain(commits[4]).map_err(|error| match &error {
        VerifyError::Refused(refusal) => refusal.code.id.to_owned(),
        VerifyError::Repository(_) | VerifyError::Unreadable { .. } => error.to_string(),
    })
}

#[test]
fn what_is_recorded_follows_one_another() {
    let whole = chain(&[(0, 1), (1, 3)]).unwrap();
    assert!(whole.landings.iter().take(2).all(|landing| landing.recorded) && whole.last == whole.tip);
    // one is missing, one is twice, one goes back, one starts elsewhere, one stands on itself
    for wrong in [vec![(0, 1), (2, 3)], vec![(0, 1), (0, 1)], vec![(0, 2), (2, 1)], vec![(1, 2)], vec![(0, 1), (1, 1)]]
    {
        assert_eq!(chain(&wrong).unwrap_err(), "log-discontinuous", "{wrong:?}");
    }
}

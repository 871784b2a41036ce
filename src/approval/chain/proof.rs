//! Landings that the log records, decided again from what people signed.
//!
//! Whoever holds the log's key can write into the log whatever he likes, but not what others sign. So of a record nothing is
//! believed that its statements don't say by the keys that stood at its base. What may change with the program's version or
//! with time is not judged again: findings, who is still here, how old an approval is. In that a recorded verdict is final.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::error::VerifyError;
use super::ground::Ground;
use super::held;
use super::landings::{Proof, RecordedLanding, Verdict};
use crate::approval::codes;
use crate::approval::decision::{Candidate, Granted, Proposed, Trusted, decide};
use crate::approval::testimony::{CountedApproval, Source};
use crate::finding::Refusal;
use crate::repository::Oid;

/// Decides a recorded landing again.
///
/// INVARIANT: the verdict of a record is never believed. Where somebody had to approve, signed statements of the exact
/// head must meet the rules of the tree at its base; where nobody had to, nothing managed may differ.
pub(super) fn proof(ground: &Ground<'_>, landing: &RecordedLanding, tip: Oid) -> Result<Rc<Proof>, VerifyError> {
    if let Some(known) = ground.known_proof(landing) {
        return Ok(known);
    }
    let proof = Rc::new(prove(ground, landing, tip)?);
    ground.learn_proof(landing, &proof);
    Ok(proof)
}

/// Why each recorded landing isn't believed that nobody proves. Where the branch is now doesn't matter.
///
/// # Errors
///
/// Where the history can't be read.
pub(super) fn all_unproven(ground: &Ground<'_>, tip: Oid) -> Result<Vec<Refusal>, VerifyError> {
    let mut found = Vec::new();
    for landing in &ground.recorded.landings {
        if let Proof::Unproven(why) = &*proof(ground, landing, tip)? {
            found.push(why.clone());
        }
    }
    Ok(found)
}

fn prove(ground: &Ground<'_>, landing: &RecordedLanding, tip: Oid) -> Result<Proof, VerifyError> {
    match landing.verdict {
        Verdict::Approved => {}
        Verdict::Unmanaged | Verdict::Restored => {
            let same = ground.repository.recorded_changes(landing.base, landing.commit)?.is_empty();
            return Ok(if same { Proof::Nothing } else { Proof::Unproven(unproven(landing, &[])) });
        }
        Verdict::Refused => return Ok(Proof::Unproven(unproven(landing, &[]))),
    }
    // a head that isn't here can't be compared with what landed
    let Some(head) = landing.head.filter(|head| ground.repository.commit(*head).is_ok()) else {
        return Ok(Proof::Unproven(unproven(landing, &[])));
    };
    let mut reasons = Vec::new();
    if !landing.statements.is_empty() {
        let said = ground.recorded.said.get(..landing.said).unwrap_or_default();
        let source = ground.source.of_record(&landing.statements, said, tip);
        match decide_again(ground, landing, head, tip, &*source)? {
            Ok(granted) => return Ok(Proof::Granted { granted, kept: true }),
            Err(refusals) => reasons = refusals,
        }
    }
    Ok(match decide_again(ground, landing, head, tip, &*ground.source)? {
        Ok(granted) => Proof::Granted { granted, kept: false },
        Err(refusals) => {
            let reasons = if reasons.is_empty() { refusals } else { reasons };
            Proof::Unproven(unproven(landing, &reasons))
        }
    })
}

fn decide_again(
    ground: &Ground<'_>,
    landing: &RecordedLanding,
    head: Oid,
    tip: Oid,
    source: &dyn Source,
) -> Result<Result<Granted, Vec<Refusal>>, VerifyError> {
    let (base, commit) = (landing.base, landing.commit);
    let unreadable = |error| match error {
        VerifyError::Unreadable { what, .. } => {
            let help = "restore what `dualkey lint --rev` names there";
            Ok(Err(vec![Refusal::new(&codes::LANDED_TREE_INVALID, what, help)]))
        }
        error @ (VerifyError::Repository(_) | VerifyError::Refused(_)) => Err(error),
    };
    let mut managed = ground.managed(&[base, commit])?;
    let trees = ground.trees(base, commit, head)?;
    let recorded = ground.recorded_trees(base, commit, head)?;
    if trees != recorded {
        // a version that managed less may have recorded it: what it did not look at was nobody's to approve
        managed = managed.since_ever();
    }
    let beside = |commit| ground.revision_beside(commit, &managed);
    let (trusted, proposed) = match (beside(base), beside(commit)) {
        (Ok(trusted), Ok(proposed)) => (Trusted::new(trusted), Proposed::new(proposed)),
        (Err(error), _) | (_, Err(error)) => return unreadable(error),
    };
    // who was here then could speak then
    let held = held::before(ground, (&trusted, &proposed), ground.proven_before(commit).into_iter())?;
    let candidate = Candidate::unlinted(&trusted, &proposed, landing.at, &held);
    ground.learn((base, commit), &candidate)?;
    let reviewed = ground.reviewed(base, head)?;
    let question = ground.question(base, Some(commit), head, tip, &reviewed);
    let mut evidence = ground.evidence(source, &trusted, &question, recorded)?;
    (evidence.ages, evidence.gone) = (false, BTreeSet::new());
    Ok(decide(&candidate, &reviewed, &evidence))
}

fn unproven(landing: &RecordedLanding, reasons: &[Refusal]) -> Refusal {
    let says = match landing.verdict {
        Verdict::Approved => {
            let people: Vec<&str> =
                landing.approvals.iter().map(|CountedApproval { person, .. }| person.as_str()).collect();
            let by = if people.is_empty() { "nobody".to_owned() } else { people.join(" and ") };
            format!("was approved by {by}, and no signed statement in it or in the refs says so")
        }
        Verdict::Unmanaged | Verdict::Restored | Verdict::Refused => {
            format!("is {}, and it changes what dualkey manages", landing.verdict.as_str())
        }
    };
    let why = reasons.first().map(|one| format!(" ({}: {})", one.code.id, one.message)).unwrap_or_default();
    Refusal::new(
        &codes::RECORD_UNPROVEN,
        format!("the log says that {} {says}{why}", landing.commit.short()),
        format!(
            "restore the refs that hold its approvals, or have a head on top of {} approved; where neither can be, begin the \
             log anew with `dualkey audit init --genesis REV --continue`",
            landing.commit.short()
        ),
    )
}

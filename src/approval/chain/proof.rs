//! Landings that the log records, decided again from what people signed.
//!
//! Whoever holds the log's key can write into the log whatever he likes, but not what others sign. So of a record nothing is
//! believed that its statements don't say by the keys that stood at its base. What may change with the program's version or
//! with time is not judged again: findings, who is still here, how old an approval is. In that a recorded verdict is final.

use std::rc::Rc;

use super::error::VerifyError;
use super::explain;
use super::ground::Ground;
use super::landings::{Landing, Proof, RecordedLanding, Verdict};
use super::left_out::MergedLines;
use super::line::Line;
use super::measure::Measure;
use super::search::{Step, Walk, reached};
use super::vouched;
use crate::approval::codes;
use crate::approval::testimony::{CountedApproval, RecordedWords};
use crate::finding::Refusal;
use crate::repository::{Oid, RepositoryError};

/// Decides a recorded landing again.
///
/// INVARIANT: the verdict of a record is never believed. What it covers is walked as the branch is: it counts where a
/// landing closes there, by the same rules and checks.
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
    let commits = match covered(ground, landing)? {
        Some(commits) if landing.verdict != Verdict::Refused => commits,
        Some(_) | None => return Ok(Proof::Unproven(unproven(landing, &[]))),
    };
    // a head that isn't here can't be compared with what landed
    let head = landing.head.filter(|head| ground.repository.commit(*head).is_ok());
    if let (None, Some(lacking)) = (head, landing.head)
        && vouched::is_vouched(ground, landing, &ground.revision(landing.base)?.access)
    {
        // INVARIANT: a clone that lacks what people approved has no say in whether they did
        let reason = "it is what people approved, and it isn't here".to_owned();
        return Err(VerifyError::Repository(RepositoryError::Unreadable { oid: lacking, reason }));
    }
    if head.is_none() && landing.verdict == Verdict::Approved {
        return Ok(Proof::Unproven(unproven(landing, &[])));
    }
    let mut reasons = Vec::new();
    if let Some(head) = head.filter(|_| !landing.statements.is_empty() || landing.pull.is_some()) {
        let said = ground.recorded.said.get(..landing.said).unwrap_or_default();
        let pull = landing.pull.as_ref().map(|pull| (landing.commit, pull));
        let base = landing.base;
        let words = RecordedWords { base, head, statements: &landing.statements, said, pull, at: landing.at };
        let source = ground.source.of_record(&words);
        match closed(ground, Measure::of_record(&*source, landing), &commits, tip)? {
            Ok(steps) => return Ok(Proof::Verified(Box::new(verified(landing, steps, true)))),
            Err(refusals) => reasons = refusals,
        }
    }
    Ok(match closed(ground, Measure::of_record(&*ground.source, landing), &commits, tip)? {
        Ok(steps) => Proof::Verified(Box::new(verified(landing, steps, false))),
        Err(refusals) => {
            let reasons = if reasons.is_empty() { refusals } else { reasons };
            Proof::Unproven(unproven(landing, &reasons))
        }
    })
}

/// The commits from a landing's base to its end. None where the one isn't on the first-parent chain of the other.
fn covered(ground: &Ground<'_>, landing: &RecordedLanding) -> Result<Option<Vec<Oid>>, VerifyError> {
    let least = ground.repository.generation(landing.base)?;
    let mut commits = vec![landing.commit];
    let mut at = landing.commit;
    while at != landing.base {
        match ground.repository.first_parent(at)? {
            Some(parent) if ground.repository.generation(parent)? >= least => at = parent,
            Some(_) | None => return Ok(None),
        }
        commits.push(at);
    }
    commits.reverse();
    Ok(Some(commits))
}

/// The way to the end of a recorded landing, or why there is none. It is looked for as on the branch itself.
fn closed(
    ground: &Ground<'_>,
    told: Measure<'_>,
    commits: &[Oid],
    tip: Oid,
) -> Result<Result<Vec<Step>, Vec<Refusal>>, VerifyError> {
    let looked_for = || {
        let line = Line::along(ground, told, commits.to_vec(), tip)?;
        if commits.last().copied() != Some(line.end()?) {
            // what it ends at can't be looked at
            return Ok(Err(line.apart().iter().map(|one| one.why.clone()).collect()));
        }
        let merged = MergedLines::into(&line);
        let walk = Walk::along(&line, Some(&merged));
        let way = walk.run()?;
        if reached(&way.steps) + 1 == line.len() {
            return Ok(Ok(way.steps));
        }
        let refused = explain::refused(&walk, &way)?;
        Ok(Err(refused.into_iter().flat_map(|landing| landing.refusals).collect()))
    };
    match looked_for() {
        Err(VerifyError::Unreadable { what, .. }) => {
            let help = "restore what `dualkey lint --rev` names there";
            Ok(Err(vec![Refusal::new(&codes::LANDED_TREE_INVALID, what, help)]))
        }
        other => other,
    }
}

/// A recorded landing as its steps prove it.
fn verified(recorded: &RecordedLanding, steps: Vec<Step>, from_record: bool) -> Landing {
    let nothing = Landing::of(recorded.base, recorded.commit, recorded.verdict.unless_approved());
    let mut landing = Landing { recorded: true, ..nothing };
    for step in steps.into_iter().map(|step| step.landing).filter(|step| step.verdict == Verdict::Approved) {
        landing.verdict = Verdict::Approved;
        landing.kept = from_record;
        (landing.head, landing.digest) = (step.head, step.digest);
        landing.approvals.extend(step.approvals);
        landing.authors.extend(step.authors);
        landing.statements.extend(step.statements);
        landing.pull = step.pull.or(landing.pull);
    }
    landing
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

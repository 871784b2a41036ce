//! Landings that the log records, decided again from what people signed.
//!
//! Whoever holds the log's key can write into the log whatever he likes, but not what others sign. So of a record nothing is
//! believed that its statements don't say by the keys that stood at its base. What may change with the program's version or
//! with time is not judged again: findings, who is still here, how old an approval is. In that a recorded verdict is final.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::decision::{Granted, decide};
use super::landing::Trees;
use super::signatures::Source;
use super::verify::{RecordedLanding, Verdict, Verifier, VerifyError};
use super::{Candidate, Given, Proposed, Trusted, codes, held};
use crate::finding::Refusal;
use crate::repository::Oid;

/// What a recorded landing turned out to be.
#[derive(Clone, Debug)]
pub(super) enum Proof {
    /// It changes nothing that dualkey manages, whatever its record says.
    Nothing,
    /// What people signed gives it.
    Granted {
        granted: Granted,
        /// False where only refs hold what they signed, as in logs of versions that kept no statements.
        kept: bool,
    },
    Unproven(Refusal),
}

impl Verifier<'_> {
    /// Decides a recorded landing again.
    ///
    /// INVARIANT: the verdict of a record is never believed. Where somebody had to approve, signed statements of the exact
    /// head must meet the rules of the tree at its base; where nobody had to, nothing managed may differ.
    pub(super) fn proof(&self, landing: &RecordedLanding, tip: Oid) -> Result<Rc<Proof>, VerifyError> {
        let name = (landing.base, landing.commit);
        if let Some(known) = self.proofs.borrow().get(&name) {
            return Ok(Rc::clone(known));
        }
        let proof = Rc::new(self.prove(landing, tip)?);
        self.proofs.borrow_mut().insert(name, Rc::clone(&proof));
        Ok(proof)
    }

    /// Why each recorded landing isn't believed that nobody proves. Where the branch is now doesn't matter.
    ///
    /// # Errors
    ///
    /// Where the history can't be read.
    pub fn unproven(&self, tip: Oid) -> Result<Vec<Refusal>, VerifyError> {
        let mut found = Vec::new();
        for landing in &self.recorded.landings {
            if let Proof::Unproven(why) = &*self.proof(landing, tip)? {
                found.push(why.clone());
            }
        }
        Ok(found)
    }

    fn prove(&self, landing: &RecordedLanding, tip: Oid) -> Result<Proof, VerifyError> {
        match landing.verdict {
            Verdict::Approved => {}
            Verdict::Unmanaged | Verdict::Restored => {
                let same = self.repository.recorded_changes(landing.base, landing.commit)?.is_empty();
                return Ok(if same { Proof::Nothing } else { Proof::Unproven(unproven(landing, &[])) });
            }
            Verdict::Refused => return Ok(Proof::Unproven(unproven(landing, &[]))),
        }
        // a head that isn't here can't be compared with what landed
        let Some(head) = landing.head.filter(|head| self.repository.commit(*head).is_ok()) else {
            return Ok(Proof::Unproven(unproven(landing, &[])));
        };
        let mut reasons = Vec::new();
        if !landing.statements.is_empty() {
            let said = self.recorded.said.get(..landing.said).unwrap_or_default();
            let source = Source::recorded(self.repository, &landing.statements, said, tip);
            match self.decide_again(landing, head, tip, &source)? {
                Ok(granted) => return Ok(Proof::Granted { granted, kept: true }),
                Err(refusals) => reasons = refusals,
            }
        }
        Ok(match self.decide_again(landing, head, tip, &self.source)? {
            Ok(granted) => Proof::Granted { granted, kept: false },
            Err(refusals) => {
                let reasons = if reasons.is_empty() { refusals } else { reasons };
                Proof::Unproven(unproven(landing, &reasons))
            }
        })
    }

    fn decide_again(
        &self,
        landing: &RecordedLanding,
        head: Oid,
        tip: Oid,
        source: &Source<'_>,
    ) -> Result<Result<Granted, Vec<Refusal>>, VerifyError> {
        let (base, commit) = (landing.base, landing.commit);
        let unreadable = |error| match error {
            VerifyError::Unreadable { what, .. } => {
                let help = "restore what `dualkey lint --rev` names there";
                Ok(Err(vec![Refusal::new(&codes::LANDED_TREE_INVALID, what, help)]))
            }
            error @ (VerifyError::Repository(_) | VerifyError::Refused(_)) => Err(error),
        };
        let mut managed = self.managed(&[base, commit])?;
        let trees = self.trees(base, commit, head)?;
        let recorded = self.recorded_trees(base, commit, head)?;
        if trees != recorded {
            // a version that managed less may have recorded it: what it did not look at was nobody's to approve
            managed = managed.since_ever();
        }
        let beside = |commit| self.revision_beside(commit, &managed);
        let (trusted, proposed) = match (beside(base), beside(commit)) {
            (Ok(trusted), Ok(proposed)) => (Trusted(trusted), Proposed::new(proposed)),
            (Err(error), _) | (_, Err(error)) => return unreadable(error),
        };
        // who was here then could speak then
        let held = held::before(self, (&trusted, &proposed), self.proven_before(commit).into_iter())?;
        let candidate = Candidate::unlinted(&trusted, &proposed, landing.at, &held);
        self.learn((base, commit), &candidate)?;
        let digest = self.reviewed_digest(base, head)?.unwrap_or_default();
        let gone = BTreeSet::new();
        let question = self.question(base, Some(commit), head, tip, &digest, &gone);
        let mut evidence = source.evidence(&trusted, &question, recorded)?;
        evidence.ages = false;
        Ok(decide(&candidate, &digest, &evidence))
    }

    /// The four trees of a landing, as far as they differ. Without a single merge base they don't matter.
    pub(super) fn trees(&self, base: Oid, landed: Oid, head: Oid) -> Result<Trees, VerifyError> {
        #[cfg(test)]
        self.compared.set(self.compared.get() + 1);
        let repository = self.repository;
        let [merge_base] = repository.merge_bases(base, head)?[..] else { return Ok(Trees::default()) };
        let changes = |from, to| repository.managed_changes(from, to);
        Ok(Trees::of(&*changes(base, landed)?, &*changes(merge_base, head)?, &*changes(merge_base, base)?))
    }
}

impl Verifier<'_> {
    /// The same of what every version has managed.
    fn recorded_trees(&self, base: Oid, landed: Oid, head: Oid) -> Result<Trees, VerifyError> {
        let repository = self.repository;
        let [merge_base] = repository.merge_bases(base, head)?[..] else { return Ok(Trees::default()) };
        let changes = |from, to| repository.recorded_changes(from, to);
        Ok(Trees::of(&changes(base, landed)?, &changes(merge_base, head)?, &changes(merge_base, base)?))
    }
}

fn unproven(landing: &RecordedLanding, reasons: &[Refusal]) -> Refusal {
    let says = match landing.verdict {
        Verdict::Approved => {
            let people: Vec<&str> = landing.approvals.iter().map(|Given { person, .. }| person.as_str()).collect();
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

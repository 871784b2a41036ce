//! What would happen to a head that is merged now.

use std::rc::Rc;

use jiff::Timestamp;

use super::error::VerifyError;
use super::ground::Ground;
use super::landings::Chain;
use super::meaning::Meaning;
use super::older::{Below, Change};
use super::{held, left_out, older};
use crate::approval::decision::{Assessment, Candidate, Granted, Proposed, Trusted, assess, decide, obstacles, said};
use crate::approval::landing::{Entries, Reviewed, Trees, differing, merged};
use crate::finding::Refusal;
use crate::lint::Halt;
use crate::plan::{Held, Plan, Said, Standing};
use crate::repository::{Managed, Oid, Snapshot};

/// What would happen to a head that is merged onto the tip now.
#[derive(Debug)]
pub struct Prospect {
    pub head: Oid,
    /// The last verified landing.
    pub base: Oid,
    /// The merge base of the two, which an approval names.
    pub merge_base: Option<Oid>,
    /// The change from the merge base to the head, which an approval names.
    pub reviewed: Reviewed,
    /// The change that would land, judged at the last verified landing.
    pub trusted: Trusted,
    pub proposed: Proposed,
    pub assessment: Assessment,
    pub outcome: Result<Granted, Vec<Refusal>>,
    /// What people said of it, and what keeps it from landing whoever approves it.
    pub said: Said,
    /// What stood before of what it brings.
    pub held: Held,
    now: Timestamp,
}

impl Prospect {
    /// The change that would land.
    pub fn candidate(&self) -> Candidate<'_> {
        Candidate::new(&self.trusted, &self.proposed, self.now, &self.held, &Halt::default())
    }

    /// Where the head stands with a plan of it: the candidate's or, where somebody compares it with another base, that one.
    pub fn standing(&self, plan: &Plan<'_>) -> Standing {
        Standing::of(plan, self.assessment.circumstances.clone(), self.said.clone())
    }
}

/// Everything about what would land if `head` was merged onto the tip now.
pub(super) fn prospect(ground: &Ground<'_>, chain: &Chain, head: Oid) -> Result<Prospect, VerifyError> {
    ground.repository.ensure_complete()?;
    let base = chain.last;
    let bases = ground.repository.merge_bases(chain.tip, head)?;
    let onto = match bases.as_slice() {
        [one] => *one,
        _ => chain.tip,
    };
    let managed = &ground.managed(&[base, chain.tip, onto, head])?;
    let entries = |commit| ground.repository.entries(commit, managed);
    let (tip, ours, theirs) = (entries(chain.tip)?, entries(onto)?, entries(head)?);
    let landed = merged(&tip, &theirs, &ours);
    let files = |commit| Snapshot::of_commit_near(ground.repository, commit, managed, |_| None);
    let snapshot = Snapshot::merged(&files(chain.tip)?, &files(head)?, |path| ours.get(path) != theirs.get(path));
    let trusted = Trusted::new(ground.revision_beside(base, managed)?);
    let proposed = Proposed::new(Rc::new(ground.load(&snapshot, head)?));
    let reviewed = ground.reviewed(base, head)?;
    let question = ground.question(base, None, head, chain.tip, &reviewed);
    let trees = would_be(ground, base, head, landed, managed)?;
    let landings = chain.verified_commits();
    let evidence = ground.evidence(&*ground.source, &trusted, &question, trees, ground.now, &landings)?;
    let mut held = held::before(ground, (&trusted, &proposed), landings.iter().copied())?;
    held::keys(ground, &mut held, (&trusted, &proposed), (&landings, base))?;
    let candidate = Candidate::new(&trusted, &proposed, ground.now, &held, &ground.halt());
    let mut outcome = decide(&candidate, &reviewed, &evidence);
    let mut obstacles = obstacles(candidate.plan(), &reviewed, &evidence);
    if candidate.plan().is_nothing() {
        // what changes nothing needs nobody, whoever made it
        obstacles.clear();
        outcome = Ok(Granted::nothing(head, candidate.plan()));
    }
    if let Ok(granted) = &outcome {
        let change = Change { base, named: head, meaning: &Meaning::of(candidate.plan()), head: granted.head };
        let given_back = older::given_back(ground, change, chain.landings.iter().filter_map(Below::of))?;
        let refusal = given_back
            .map_or_else(|| left_out::foreseen(ground, chain, granted, proposed.revision()), |one| Ok(Some(one)))?;
        if let Some(refusal) = refusal {
            obstacles.push(refusal.clone());
            outcome = Err(vec![refusal]);
        }
    }
    let assessment = assess(candidate.plan(), &evidence);
    let said = said(candidate.plan(), &assessment, &evidence, obstacles);
    let merge_base = match evidence.merge_bases.as_slice() {
        [one] => Some(*one),
        _ => None,
    };
    Ok(Prospect {
        head,
        base,
        merge_base,
        reviewed,
        trusted,
        proposed,
        assessment,
        outcome,
        said,
        held,
        now: ground.now,
    })
}

/// The four trees of a landing that is not there yet.
fn would_be(
    ground: &Ground<'_>,
    base: Oid,
    head: Oid,
    landed: Entries,
    managed: &Managed,
) -> Result<Trees, VerifyError> {
    let repository = ground.repository;
    let [merge_base] = repository.merge_bases(base, head)?[..] else { return Ok(Trees::default()) };
    let landed = differing(&repository.entries(base, managed)?, &landed);
    let (reviewed, moved) =
        (repository.managed_changes(merge_base, head)?, repository.managed_changes(merge_base, base)?);
    Ok(Trees::of(&landed, &reviewed, &moved))
}

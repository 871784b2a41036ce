//! Walks the protected branch from the last recorded landing to its tip, and decides every landing on the way.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use jiff::Timestamp;

use super::error::VerifyError;
use super::ground::Ground;
use super::landings::{Chain, Landing, Recorded, Removal, Verdict};
use super::left_out::MergedLines;
use super::line::{Apart, Line};
use super::logged::Logged;
use super::measure::Measure;
use super::prospect::Prospect;
use super::search::{Walk, reached};
use super::{explain, logged, proof, prospect, removals, vouched};
use crate::access::{Kinds, PersonId, Revision};
use crate::approval::testimony::{Opinion, Signed, Source};
use crate::finding::Refusal;
use crate::plan::Disputed;
use crate::repository::{Oid, Repository};

/// A verified tree: it permits to bring live state to that tree at any later instant. What approved removals took that
/// stand behind a refused landing is not in it any more, and nothing of that landing is.
///
/// ```compile_fail
/// // nobody else can make one
/// fn approve(revision: std::rc::Rc<dualkey::access::Revision>) -> dualkey::approval::Approved {
///     dualkey::approval::Approved { tree: revision, commit: todo!(), removals: Vec::new() }
/// }
/// ```
#[derive(Debug)]
pub struct Approved {
    tree: Rc<Revision>,
    commit: Oid,
    removals: Vec<Removal>,
}

impl Approved {
    pub fn tree(&self) -> &Revision {
        &self.tree
    }

    /// The tree alone, which permits nothing.
    pub fn revision(&self) -> Rc<Revision> {
        Rc::clone(&self.tree)
    }

    /// The landing, or the genesis.
    pub fn commit(&self) -> Oid {
        self.commit
    }

    /// The removals that shrank the tree, oldest first.
    pub fn removals(&self) -> &[Removal] {
        &self.removals
    }

    /// A tree that tests of other rooms call approved.
    #[cfg(test)]
    pub(crate) fn for_test(tree: Revision, commit: Oid) -> Self {
        Approved { tree: Rc::new(tree), commit, removals: Vec::new() }
    }
}

/// Everything that verifying needs. Its answers depend on nothing else.
#[derive(Debug)]
pub struct Verifier<'a> {
    ground: Ground<'a>,
}

impl<'a> Verifier<'a> {
    pub fn new(
        repository: &'a Repository,
        source: impl Source + 'a,
        recorded: &'a Recorded,
        branch: &'a str,
        kinds: Kinds,
        now: Timestamp,
    ) -> Self {
        Verifier { ground: Ground::new(repository, Box::new(source), recorded, branch, kinds, now) }
    }

    /// The revision at a commit.
    ///
    /// # Errors
    ///
    /// Where it can't be read.
    pub fn revision(&self, commit: Oid) -> Result<Rc<Revision>, VerifyError> {
        self.ground.revision(commit)
    }

    /// The tree of a verified landing, which permits everything that brings live state to it.
    ///
    /// # Errors
    ///
    /// Where it can't be read.
    pub fn approved(&self, chain: &Chain) -> Result<Approved, VerifyError> {
        let tree = self.ground.revision(chain.last)?;
        if tree.is_misread() {
            return Err(VerifyError::Unreadable { commit: chain.last, what: "a file in it is wrong".to_owned() });
        }
        let shrunk = self.removed(chain)?;
        let tree = shrunk.last().map_or(tree, |(_, tree)| Rc::clone(tree));
        let removals = shrunk.into_iter().map(|(removal, _)| removal).collect();
        Ok(Approved { tree, commit: chain.last, removals })
    }

    /// The last verified tree as each removal behind a refused landing leaves it.
    ///
    /// # Errors
    ///
    /// Where an object can't be read.
    pub fn removed(&self, chain: &Chain) -> Result<Vec<(Removal, Rc<Revision>)>, VerifyError> {
        removals::trees(&self.ground, chain)
    }

    /// Decides every landing from the genesis to the tip of the protected branch.
    ///
    /// Who has left since speaks no more, and only what was approved says who has: so the chain is walked as if nobody
    /// had, and once more without those who have by its end.
    ///
    /// # Errors
    ///
    /// Where evidence can't be read, and where the branch no longer holds what the log records.
    pub fn chain(&self, tip: Oid) -> Result<Chain, VerifyError> {
        self.ground.learn_newest(None);
        let chain = self.walked(tip)?;
        let newest = match self.removed(&chain)?.pop() {
            Some((_, tree)) => tree,
            None => self.ground.revision(chain.last)?,
        };
        let start =
            chain.landings.iter().rfind(|landing| landing.recorded).map_or(self.ground.recorded.genesis, |l| l.commit);
        let start = self.ground.revision(start)?;
        let approved = chain.landings.iter().filter(|landing| !landing.recorded).flat_map(|l| &l.approvals);
        let somebody_left =
            start.access.people.keys().any(|id| self.ground.is_here(&start, id) && !self.ground.is_here(&newest, id))
                || approved.into_iter().any(|given| {
                    PersonId::parse(&given.person).is_ok_and(|person| !self.ground.is_here(&newest, &person))
                });
        self.ground.learn_newest(Some(newest));
        if somebody_left { self.walked(tip) } else { Ok(chain) }
    }

    fn walked(&self, tip: Oid) -> Result<Chain, VerifyError> {
        self.ground.repository.ensure_complete()?;
        let mut commits = self.ground.repository.first_parents(tip)?;
        commits.reverse();
        let Logged { mut landings, at, unproven } = logged::logged(&self.ground, &commits, tip)?;
        for removal in &self.ground.recorded.removals {
            self.ground.position(&commits, removal.commit)?;
        }
        let open = commits.get(at..).unwrap_or_default().to_vec();
        let line = Line::along(&self.ground, Measure::today(&self.ground), open, tip)?;
        let merged = MergedLines::into(&line);
        let way = Walk::along(&line, Some(&merged)).run()?;
        let last = line.commit(reached(&way.steps))?;
        landings.extend(way.steps.iter().map(|step| step.landing.clone()));
        let mut removals = Vec::new();
        if last != line.end()? {
            landings.extend(explain::refused(&Walk::along(&line, Some(&merged)), &way)?);
            removals = merged.waiting().removals(reached(&way.steps))?;
        }
        for (recorded, why) in unproven {
            // what a later approved landing covers is judged with that one
            if line.place(recorded.commit).is_some_and(|place| place <= reached(&way.steps)) {
                continue;
            }
            if let Some(landing) = landings.iter_mut().find(|landing| landing.commit == recorded.commit) {
                landing.refusals.insert(0, why);
            }
            removals.push(Removal::unproven(recorded));
        }
        logged::keys_are_verified(&self.ground, &landings)?;
        let unjudged = apart(&line, reached(&way.steps), &commits, &mut landings);
        Ok(Chain { tip, landings, last, removals, unjudged })
    }

    /// Everything about what would land if `head` was merged onto the tip now.
    ///
    /// # Errors
    ///
    /// Where evidence can't be read.
    pub fn prospect(&self, chain: &Chain, head: Oid) -> Result<Prospect, VerifyError> {
        prospect::prospect(&self.ground, chain, head)
    }

    /// Why each recorded landing isn't believed that nobody proves. Where the branch is now doesn't matter.
    ///
    /// # Errors
    ///
    /// Where the history can't be read.
    pub fn unproven(&self, tip: Oid) -> Result<Vec<Refusal>, VerifyError> {
        proof::all_unproven(&self.ground, tip)
    }

    /// What the log records, and nothing of what was pushed since. No object is read for it, so nothing of it is proven but
    /// that the log says it: for ends alone.
    pub fn recorded(&self) -> Chain {
        logged::recorded(&self.ground)
    }

    /// Recorded landings after so many that are proven, by their number, which people who stood then are seen to have
    /// approved though they can't be judged here; with `lacking` only where that is because something isn't here.
    pub fn vouched(&self, from: usize, proven: Rc<Revision>, lacking: bool) -> BTreeSet<usize> {
        vouched::vouched(&self.ground, from, proven, lacking)
    }

    /// What people say against heads that have not landed, and that the log doesn't hold yet: really signed, by people whom
    /// the last verified landing knows. Sorted.
    ///
    /// # Errors
    ///
    /// Where the last verified tree or the history can't be read.
    pub fn unrecorded_objections(&self, chain: &Chain) -> Result<Vec<Signed>, VerifyError> {
        logged::unrecorded_objections(&self.ground, chain)
    }

    /// What a person said last of a head, by the keys of the last verified landing.
    ///
    /// # Errors
    ///
    /// Where the last verified tree can't be read.
    pub fn last_word(&self, chain: &Chain, head: Oid, person: &PersonId) -> Result<Option<Opinion>, VerifyError> {
        logged::last_word(&self.ground, chain, head, person)
    }

    /// What the log says was given and nobody proves, by the last such landing.
    ///
    /// # Errors
    ///
    /// Where a verified tree can't be read.
    pub fn disputed(&self, chain: &Chain) -> Result<Option<Disputed>, VerifyError> {
        removals::disputed(&self.ground, chain)
    }

    /// How often the trees of a possible landing were compared.
    #[cfg(test)]
    pub(in crate::approval) fn compared(&self) -> usize {
        self.ground.compared()
    }
}

/// Tells of the commits after a verified place that can't be looked at, each in its place among the landings. Those before
/// it are undone. Gives why.
fn apart(line: &Line<'_, '_>, verified: usize, commits: &[Oid], landings: &mut Vec<Landing>) -> Vec<Refusal> {
    let after: Vec<&Apart> = line.apart().iter().filter(|one| one.before > verified).collect();
    if after.is_empty() {
        return Vec::new();
    }
    let places: HashMap<Oid, usize> = commits.iter().enumerate().map(|(place, commit)| (*commit, place)).collect();
    let place = |commit: &Oid| places.get(commit).copied().unwrap_or_default();
    for Apart { commit, why, .. } in &after {
        let base = place(commit).checked_sub(1).and_then(|below| commits.get(below)).copied().unwrap_or(*commit);
        let refused = Landing::of(base, *commit, Verdict::Refused);
        landings.push(Landing { refusals: vec![why.clone()], ..refused });
    }
    landings.sort_by_key(|landing| place(&landing.commit));
    after.iter().map(|one| one.why.clone()).collect()
}

#[cfg(test)]
#[path = "verifier_tests.rs"]
mod tests;

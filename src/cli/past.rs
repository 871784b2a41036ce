//! What earlier runs did, for those that come after.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use jiff::Timestamp;

use super::Stop;
use crate::access::{AccountMark, PersonId, PersonType, Revision, Target, TargetId};
use crate::apply;
use crate::approval::{Chain, Verifier};
use crate::audit::{self, Log};
use crate::plan::Disputed;

/// What the log says of earlier runs, with the tree that was applied last.
#[derive(Debug, Default)]
pub struct Past {
    applied: Option<(Rc<Revision>, Timestamp)>,
    accounts: BTreeMap<(TargetId, AccountMark), PersonId>,
    given: Rc<BTreeSet<apply::Given>>,
    given_at: BTreeMap<apply::Given, Timestamp>,
    numbers: Rc<apply::Numbers>,
    settled: BTreeMap<TargetId, String>,
    proven: Option<Timestamp>,
    disputed: Option<Disputed>,
}

impl Past {
    /// INVARIANT: nothing that the log says of runs gives access or keeps an end away: a tree that nobody approved was never
    /// applied, and an account stays somebody's who may be ended, whoever else it is said to be of later.
    pub fn of(log: &Log, verifier: &Verifier<'_>, chain: &Chain) -> Result<Self, Stop> {
        let applied = match audit::last_applied(log, |commit| chain.verifies(commit)) {
            Some((commit, at)) => Some((verifier.revision(commit)?, at)),
            None => None,
        };
        let tree = verifier.revision(chain.last)?;
        let is_employee = |person: &&PersonId| {
            tree.access.people.get(*person).is_some_and(|person| person.person_type == PersonType::Employee)
        };
        let granted = audit::granted(log);
        let whose = |people: &BTreeSet<PersonId>| people.iter().min_by_key(&is_employee).cloned();
        let accounts = granted.iter().filter_map(|(account, people)| Some((account.clone(), whose(people)?)));
        let (accounts, given) = (accounts.collect(), audit::given(log));
        let disputed = verifier.disputed(chain)?;
        let (given_at, numbers, proven) = (audit::given_at(log), audit::numbers(log), audit::proven_time(log));
        // a log of a version that didn't say so says what was applied as a whole
        let mut settled: BTreeMap<TargetId, String> =
            applied.iter().flat_map(|(revision, _): &(Rc<Revision>, Timestamp)| of_tree(revision)).collect();
        settled.extend(audit::settled(log));
        Ok(Past { applied, accounts, given, given_at, numbers, settled, proven, disputed })
    }

    /// A tree together with the one applied last: what may have to be read.
    pub fn trees<'r>(&'r self, tree: &'r Revision) -> impl Iterator<Item = &'r Revision> + Clone {
        self.applied.iter().map(|(revision, _)| revision.as_ref()).chain([tree])
    }

    pub fn facts(&self) -> apply::Past<'_> {
        apply::Past {
            applied: self.applied.as_ref().map(|(revision, at)| (revision.as_ref(), *at)),
            accounts: self.accounts.clone(),
            given: self.given.as_ref().clone(),
            given_at: self.given_at.clone(),
            numbers: self.numbers.as_ref().clone(),
            settled: self.settled.clone(),
            proven: self.proven,
            disputed: self.disputed.as_ref(),
        }
    }
}

/// The targets at which a tree declares something, each with what pins it.
fn of_tree(revision: &Revision) -> impl Iterator<Item = (TargetId, String)> {
    let access = &revision.access;
    let reached = |target: &&Target| {
        let mut resources = access.domains.values().flat_map(|domain| domain.resources.values());
        resources.any(|resource| resource.target == target.id)
    };
    access.config.targets.values().filter(reached).map(|target| (target.id.clone(), target.pinned.clone()))
}

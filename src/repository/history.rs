//! Walking the commits: what comes before what.
//!
//! Dates are claims of whoever made the commit, so no walk is cut short by them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use git2::ObjectType;

use super::{Oid, Repository, RepositoryError, objects};

impl Repository {
    pub(super) fn parents(&self, commit: Oid) -> Result<Arc<[Oid]>, RepositoryError> {
        if let Some(known) = self.parents.borrow().get(&commit) {
            return Ok(Arc::clone(known));
        }
        let links = self.object(commit, ObjectType::Commit, objects::parse_links)?;
        let parents: Arc<[Oid]> = Arc::from(links.parents);
        self.parents.borrow_mut().insert(commit, Arc::clone(&parents));
        Ok(parents)
    }

    /// Every commit reachable from `tip`, with `tip`, without going into what `stop` holds.
    fn reachable(&self, tip: Oid, stop: &HashSet<Oid>) -> Result<HashSet<Oid>, RepositoryError> {
        let mut seen = HashSet::new();
        let mut open = vec![tip];
        while let Some(commit) = open.pop() {
            if !stop.contains(&commit) && seen.insert(commit) {
                open.extend(self.parents(commit)?.iter());
            }
        }
        Ok(seen)
    }

    /// The chain of first parents from `tip` down to the first commit, newest first.
    pub fn first_parents(&self, tip: Oid) -> Result<Vec<Oid>, RepositoryError> {
        let mut chain = vec![tip];
        let mut at = tip;
        while let Some(parent) = self.parents(at)?.first() {
            at = *parent;
            chain.push(at);
        }
        Ok(chain)
    }

    /// What `git log exclude..head` lists: children before their parents, ties by id.
    pub fn commits_between(&self, exclude: Oid, head: Oid) -> Result<Vec<Oid>, RepositoryError> {
        let excluded = self.reachable(exclude, &HashSet::new())?;
        let included = self.reachable(head, &excluded)?;
        let mut children: BTreeMap<Oid, usize> = included.iter().map(|commit| (*commit, 0)).collect();
        for commit in &included {
            for parent in self.parents(*commit)?.iter() {
                if let Some(count) = children.get_mut(parent) {
                    *count += 1;
                }
            }
        }
        let mut ready: BTreeSet<Oid> =
            children.iter().filter(|(_, count)| **count == 0).map(|(commit, _)| *commit).collect();
        let mut ordered = Vec::with_capacity(included.len());
        while let Some(commit) = ready.pop_first() {
            ordered.push(commit);
            for parent in self.parents(commit)?.iter() {
                if let Some(count) = children.get_mut(parent) {
                    *count -= 1;
                    if *count == 0 {
                        ready.insert(*parent);
                    }
                }
            }
        }
        Ok(ordered)
    }

    /// Those of `heads` that are not part of `tip`, each with the commits that lead to it from there.
    pub fn beside(
        &self,
        tip: Oid,
        heads: impl IntoIterator<Item = Oid>,
    ) -> Result<BTreeMap<Oid, HashSet<Oid>>, RepositoryError> {
        let known = self.reachable(tip, &HashSet::new())?;
        let apart = heads.into_iter().filter(|head| !known.contains(head));
        apart.map(|head| Ok((head, self.reachable(head, &known)?))).collect()
    }

    /// All best common ancestors, sorted. Empty where the two histories have nothing in common.
    pub fn merge_bases(&self, a: Oid, b: Oid) -> Result<Vec<Oid>, RepositoryError> {
        let of_a = self.reachable(a, &HashSet::new())?;
        if of_a.contains(&b) {
            return Ok(vec![b]);
        }
        let of_b = self.reachable(b, &HashSet::new())?;
        // whatever lies below a common ancestor is the parent of a common ancestor, so the parents are all that falls out
        let mut best: BTreeSet<Oid> = of_a.intersection(&of_b).copied().collect();
        for commit in of_a.intersection(&of_b) {
            for parent in self.parents(*commit)?.iter() {
                best.remove(parent);
            }
        }
        Ok(best.into_iter().collect())
    }

    /// True where `ancestor` is `of` or can be reached from it.
    pub fn is_ancestor(&self, ancestor: Oid, of: Oid) -> Result<bool, RepositoryError> {
        let mut seen = HashSet::new();
        let mut open = vec![of];
        while let Some(commit) = open.pop() {
            if commit == ancestor {
                return Ok(true);
            }
            if seen.insert(commit) {
                open.extend(self.parents(commit)?.iter());
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Sandbox;
    use super::*;

    /// Commits on the empty tree, each with a message of its own so that none are the same.
    fn commit(sandbox: &Sandbox, parents: &[Oid], message: &str) -> Oid {
        sandbox.commit_tree(sandbox.raw_tree(&[]), parents, message)
    }

    #[test]
    fn a_criss_cross_has_two_bases() {
        let sandbox = Sandbox::new();
        let root = commit(&sandbox, &[], "root");
        let (a, b) = (commit(&sandbox, &[root], "a"), commit(&sandbox, &[root], "b"));
        let (left, right) = (commit(&sandbox, &[a, b], "left"), commit(&sandbox, &[b, a], "right"));
        let apart = commit(&sandbox, &[], "apart");
        let repository = sandbox.open();
        let mut both = vec![a, b];
        both.sort();
        assert_eq!(repository.merge_bases(left, right).unwrap(), both);
        assert_eq!(repository.merge_bases(a, b).unwrap(), [root]);
        assert_eq!(repository.merge_bases(left, a).unwrap(), [a]);
        assert_eq!(repository.merge_bases(a, left).unwrap(), [a]);
        assert_eq!(repository.merge_bases(a, a).unwrap(), [a]);
        assert!(repository.merge_bases(a, apart).unwrap().is_empty());
        assert!(repository.is_ancestor(root, left).unwrap() && repository.is_ancestor(left, left).unwrap());
        assert!(!repository.is_ancestor(left, a).unwrap() && !repository.is_ancestor(apart, left).unwrap());
    }

    #[test]
    fn chains_and_ranges_follow_the_parents() {
        let sandbox = Sandbox::new();
        let root = commit(&sandbox, &[], "root");
        let main = commit(&sandbox, &[root], "main");
        let side = commit(&sandbox, &[root], "side");
        let side_two = commit(&sandbox, &[side], "side two");
        let merge = commit(&sandbox, &[main, side_two], "merge");
        let repository = sandbox.open();
        assert_eq!(repository.first_parents(merge).unwrap(), [merge, main, root]);
        assert_eq!(repository.commits_between(main, merge).unwrap(), [merge, side_two, side]);
        assert!(repository.commits_between(merge, side).unwrap().is_empty());
        let all = repository.commits_between(commit(&sandbox, &[], "apart"), merge).unwrap();
        let at = |oid| all.iter().position(|commit| *commit == oid).unwrap();
        assert_eq!((all.len(), at(merge), at(root)), (5, 0, 4));
        assert!(at(side_two) < at(side));
    }
}

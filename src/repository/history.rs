//! Walking the commits: what comes before what.
//!
//! Dates are claims of whoever made the commit, so no walk is cut short by them. Whoever may push can make commits by the
//! thousand, so the commits that walks come to are counted.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use git2::ObjectType;

use super::{Oid, Repository, RepositoryError, objects};

impl Repository {
    /// Makes sure that no commit is missing, whatever else may be.
    ///
    /// # Errors
    /// `Shallow`.
    pub fn ensure_history(&self) -> Result<(), RepositoryError> {
        match self.ensure_complete() {
            Err(error @ RepositoryError::Shallow) => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

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
    pub(super) fn reachable(&self, tip: Oid, stop: &HashSet<Oid>) -> Result<HashSet<Oid>, RepositoryError> {
        let mut seen = HashSet::new();
        let mut open = vec![tip];
        while let Some(commit) = open.pop() {
            self.visit()?;
            if !stop.contains(&commit) && seen.insert(commit) {
                open.extend(self.parents(commit)?.iter());
            }
        }
        Ok(seen)
    }

    /// The tree of a commit, whatever its other headers say.
    pub fn tree_of(&self, commit: Oid) -> Result<Oid, RepositoryError> {
        Ok(self.root(commit)?.oid)
    }

    /// What was merged into a commit: its parents but for the first.
    pub fn merged_into(&self, commit: Oid) -> Result<Vec<Oid>, RepositoryError> {
        Ok(self.parents(commit)?.iter().skip(1).copied().collect())
    }

    /// The first parent; None of a first commit.
    pub fn first_parent(&self, commit: Oid) -> Result<Option<Oid>, RepositoryError> {
        Ok(self.parents(commit)?.first().copied())
    }

    /// The chain of first parents from `tip` down to the first commit, newest first.
    pub fn first_parents(&self, tip: Oid) -> Result<Vec<Oid>, RepositoryError> {
        let mut chain = vec![tip];
        let mut at = tip;
        while let Some(parent) = self.parents(at)?.first() {
            self.visit()?;
            at = *parent;
            chain.push(at);
        }
        Ok(chain)
    }

    /// What `git log exclude..head` lists: children before their parents, ties by id.
    pub fn commits_between(&self, exclude: Oid, head: Oid) -> Result<Vec<Oid>, RepositoryError> {
        let mut walk = Painted::from(self, [(exclude, LEFT), (head, RIGHT)])?;
        let mut found = Vec::new();
        while walk.is_open(|sides| sides == RIGHT) {
            if let Some((commit, sides)) = walk.next()?
                && sides == RIGHT
            {
                found.push(commit);
            }
        }
        Ok(found)
    }

    /// Those of `heads` that are not part of `tip`. However many heads there are, and whatever they stand on, only what
    /// `tip` stands on is walked.
    pub fn outside(&self, tip: Oid, heads: impl IntoIterator<Item = Oid>) -> Result<BTreeSet<Oid>, RepositoryError> {
        let known = self.reachable(tip, &HashSet::new())?;
        Ok(heads.into_iter().filter(|head| !known.contains(head)).collect())
    }

    /// All best common ancestors, sorted. Empty where the two histories have nothing in common.
    pub fn merge_bases(&self, a: Oid, b: Oid) -> Result<Vec<Oid>, RepositoryError> {
        let mut walk = Painted::from(self, [(a, LEFT), (b, RIGHT)])?;
        let mut best = Vec::new();
        while walk.is_open(|sides| sides & BELOW == 0) {
            if let Some((commit, sides)) = walk.next()?
                && sides == LEFT | RIGHT
            {
                best.push(commit);
            }
        }
        best.sort();
        Ok(best)
    }

    /// True where `ancestor` is `of` or can be reached from it.
    pub fn is_ancestor(&self, ancestor: Oid, of: Oid) -> Result<bool, RepositoryError> {
        let least = self.generation(ancestor)?;
        let mut seen = HashSet::new();
        let mut open = vec![of];
        while let Some(commit) = open.pop() {
            self.visit()?;
            if commit == ancestor {
                return Ok(true);
            }
            if self.generation(commit)? > least && seen.insert(commit) {
                open.extend(self.parents(commit)?.iter());
            }
        }
        Ok(false)
    }

    /// One more than the highest of the parents, so that a commit always has a higher one than all that it stands on.
    pub fn generation(&self, commit: Oid) -> Result<u32, RepositoryError> {
        let known = |commit: &Oid| self.generations.borrow().get(commit).copied();
        if let Some(generation) = known(&commit) {
            return Ok(generation);
        }
        let mut open = vec![commit];
        while let Some(next) = open.last().copied() {
            self.visit()?;
            if known(&next).is_some() {
                // it is the parent of several
                open.pop();
                continue;
            }
            let parents = self.parents(next)?;
            let missing = open.len();
            open.extend(parents.iter().filter(|parent| known(parent).is_none()));
            if open.len() == missing {
                let generation = parents.iter().filter_map(known).max().map_or(0, |highest| highest.saturating_add(1));
                self.generations.borrow_mut().insert(next, generation);
                open.pop();
            }
        }
        Ok(known(&commit).unwrap_or_default())
    }
}

/// From which start a commit can be reached.
const LEFT: u8 = 1;
const RIGHT: u8 = 2;
/// It lies below a commit that both starts reach.
const BELOW: u8 = 4;
/// How many sorts of commits these tell apart.
const ALL_SIDES: usize = 8;

/// Commits from two starts down, each after everything that stands on it, so that what is known of it then is final.
struct Painted<'r> {
    repository: &'r Repository,
    open: BTreeMap<(u32, Reverse<Oid>), u8>,
    /// How many of the open ones have which sides.
    counts: [usize; ALL_SIDES],
}

impl<'r> Painted<'r> {
    fn from(repository: &'r Repository, starts: [(Oid, u8); 2]) -> Result<Self, RepositoryError> {
        let mut walk = Painted { repository, open: BTreeMap::new(), counts: [0; ALL_SIDES] };
        for (start, side) in starts {
            walk.paint(start, side)?;
        }
        Ok(walk)
    }

    fn paint(&mut self, commit: Oid, sides: u8) -> Result<(), RepositoryError> {
        self.repository.visit()?;
        let generation = self.repository.generation(commit)?;
        let painted = self.open.entry((generation, Reverse(commit))).or_default();
        let before = std::mem::replace(painted, *painted | sides);
        let now = *painted;
        // a commit that was not open has no sides
        if before != 0 {
            self.count(before, usize::saturating_sub);
        }
        self.count(now, usize::saturating_add);
        Ok(())
    }

    fn count(&mut self, sides: u8, by_one: impl Fn(usize, usize) -> usize) {
        if let Some(count) = self.counts.get_mut(usize::from(sides)) {
            *count = by_one(*count, 1);
        }
    }

    /// True where a commit is open whose sides are wanted.
    fn is_open(&self, wanted: impl Fn(u8) -> bool) -> bool {
        (0..).zip(self.counts).any(|(sides, count)| count > 0 && wanted(sides))
    }

    fn next(&mut self) -> Result<Option<(Oid, u8)>, RepositoryError> {
        let Some(((_, Reverse(commit)), sides)) = self.open.pop_last() else { return Ok(None) };
        self.count(sides, usize::saturating_sub);
        let inherited = if sides & (LEFT | RIGHT) == LEFT | RIGHT { sides | BELOW } else { sides };
        for parent in self.repository.parents(commit)?.iter() {
            self.paint(*parent, inherited)?;
        }
        Ok(Some((commit, sides)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::super::Allowance;
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

    /// How many commits a walk comes to.
    fn visits(sandbox: &Sandbox, walk: impl FnOnce(&Repository)) -> u64 {
        let repository = sandbox.open();
        repository.allow(Allowance::JUDGING, None);
        walk(&repository);
        repository.allow_reading();
        repository.taken()[4]
    }

    #[test]
    fn each_commit_that_a_walk_comes_to_is_counted() {
        let sandbox = Sandbox::new();
        let root = commit(&sandbox, &[], "root");
        let mut tip = root;
        for number in 0..9 {
            tip = commit(&sandbox, &[tip], &number.to_string());
        }
        let apart = commit(&sandbox, &[], "apart");
        let each: [&dyn Fn(&Repository) -> bool; 6] = [
            &|repository| repository.reachable(tip, &HashSet::new()).unwrap().len() == 10,
            &|repository| repository.first_parents(tip).unwrap().len() == 10,
            &|repository| repository.commits_between(apart, tip).unwrap().len() == 10,
            &|repository| repository.merge_bases(root, tip).unwrap() == [root],
            &|repository| repository.is_ancestor(root, tip).unwrap(),
            &|repository| repository.generation(tip).unwrap() == 9,
        ];
        for (number, walk) in each.into_iter().enumerate() {
            let taken = visits(&sandbox, |repository| assert!(walk(repository), "walk {number}"));
            assert!((9..100).contains(&taken), "walk {number} came to {taken}");
        }
        // who asks to stop is heard in the midst of a walk, though no object is read any more
        let repository = sandbox.open();
        let stop = Arc::new(AtomicBool::new(false));
        repository.allow(Allowance::JUDGING, Some(&stop));
        repository.first_parents(tip).unwrap();
        stop.store(true, Ordering::Relaxed);
        assert!(matches!(repository.first_parents(tip), Err(RepositoryError::Interrupted)));
    }

    #[test]
    fn a_generation_costs_what_there_are_parents() {
        let sandbox = Sandbox::new();
        let roots: Vec<Oid> = (0..20).map(|number| commit(&sandbox, &[], &number.to_string())).collect();
        let middle: Vec<Oid> = (0..20).map(|number| commit(&sandbox, &roots, &format!("middle {number}"))).collect();
        let tip = commit(&sandbox, &middle, "tip");
        let taken = visits(&sandbox, |repository| assert_eq!(repository.generation(tip).unwrap(), 2));
        assert!(taken < 2 * (20 * 20 + 20 + 1), "{taken} for 420 parents");
    }

    #[test]
    fn heads_are_told_from_what_a_tip_stands_on_without_walking_them() {
        let sandbox = Sandbox::new();
        let root = commit(&sandbox, &[], "root");
        let tip = commit(&sandbox, &[root], "tip");
        let mut heads = vec![root, tip];
        let mut head = root;
        for number in 0..9 {
            head = commit(&sandbox, &[head], &number.to_string());
            heads.push(head);
        }
        let taken = visits(&sandbox, |repository| {
            let outside = repository.outside(tip, heads.iter().copied()).unwrap();
            assert_eq!(outside, heads[2..].iter().copied().collect());
        });
        assert_eq!(taken, 2);
    }
}

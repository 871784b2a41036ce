//! Commits as plain data: what they hold, and what lies between two of them.

use super::{Id, Repository, World};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The number of a commit: 40 hexadecimal digits.
pub type Oid = String;

/// What stands for no commit where one is expected.
pub const NO_COMMIT: &str = "0000000000000000000000000000000000000000";

/// Somebody as a commit names them, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// A name, which anybody can write.
    pub name: String,
    /// An address, which anybody can write.
    pub email: String,
    /// A time, which anybody can write.
    pub at: Timestamp,
}

/// How a commit is signed, as GitHub judged it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitSignature {
    /// By an SSH key, and not by one of OpenPGP.
    pub ssh: bool,
    /// A word of GitHub's: `VALID`, `UNKNOWN_KEY`, `INVALID`, `BAD_EMAIL`.
    pub state: String,
    /// Whose key it is.
    pub signer: Option<Id>,
    /// GitHub signed by itself.
    pub by_github: bool,
    /// The fingerprint of an SSH key.
    pub fingerprint: Option<String>,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its number.
    pub oid: Oid,
    /// What it stands on.
    pub parents: Vec<Oid>,
    /// Who wrote it.
    pub author: Person,
    /// Who made it.
    pub committer: Person,
    /// All that its maker says, with trailers.
    pub message: String,
    /// Texts by path, as they are after it.
    pub files: BTreeMap<String, String>,
    /// How it is signed.
    pub signature: Option<CommitSignature>,
    /// It was made on the web.
    pub via_web: bool,
}

impl Commit {
    /// Who wrote it, and whom its message calls authors as well.
    pub fn authors(&self) -> Vec<Person> {
        let mut authors = vec![self.author.clone()];
        for line in self.message.lines() {
            let Some((key, who)) = line.split_once(": ") else { continue };
            let Some((name, email)) = who.trim().strip_suffix('>').and_then(|who| who.split_once(" <")) else {
                continue;
            };
            let known = authors.iter().any(|author| author.email == email);
            if key.eq_ignore_ascii_case("co-authored-by") && !known {
                authors.push(Person { name: name.to_owned(), email: email.to_owned(), at: self.author.at });
            }
        }
        authors
    }
}

/// Lines that go, and lines that come in their place.
type Hunk = (Vec<String>, Vec<String>);

/// What a change does to each file, wherever in the file that is.
pub(crate) type Difference = BTreeMap<String, Vec<Hunk>>;

/// Lines that two texts share, as their places in both, in order.
fn shared_lines(old: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
    let mut lengths = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    for at in (0..old.len()).rev() {
        for to in (0..new.len()).rev() {
            lengths[at][to] = if old[at] == new[to] {
                lengths[at + 1][to + 1] + 1
            } else {
                lengths[at + 1][to].max(lengths[at][to + 1])
            };
        }
    }
    let (mut at, mut to, mut shared) = (0, 0, Vec::new());
    while at < old.len() && to < new.len() {
        if old[at] == new[to] {
            shared.push((at, to));
            (at, to) = (at + 1, to + 1);
        } else if lengths[at + 1][to] >= lengths[at][to + 1] {
            at += 1;
        } else {
            to += 1;
        }
    }
    shared
}

/// What has to be done to one text to have the other. Lines that both begin or end with are left out first.
fn hunks(old: &str, new: &str) -> Vec<Hunk> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    let start = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let most = old.len().min(new.len()) - start;
    let end = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[start..old.len() - end], &new[start..new.len() - end]);
    let mut found = Vec::new();
    let (mut at, mut to) = (0, 0);
    let owned = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect::<Vec<String>>();
    for (next_at, next_to) in shared_lines(old, new).into_iter().chain([(old.len(), new.len())]) {
        if at < next_at || to < next_to {
            found.push((owned(&old[at..next_at]), owned(&new[to..next_to])));
        }
        (at, to) = (next_at + 1, next_to + 1);
    }
    found
}

/// A commit, and how many stand below it in a row at most.
#[derive(Debug, Clone)]
struct Known {
    commit: Commit,
    generation: u64,
}

/// From which of two commits another is reached, and whether it is below one that both reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Reach {
    one: bool,
    other: bool,
    below: bool,
}

/// Commits that repositories share which were forked from one another.
#[derive(Debug, Clone, Default)]
pub(crate) struct Objects(BTreeMap<Oid, Known>);

impl Objects {
    /// A commit by its number.
    pub(crate) fn get(&self, oid: &str) -> Option<&Commit> {
        self.0.get(oid).map(|known| &known.commit)
    }

    pub(crate) fn add(&mut self, commit: Commit) {
        let parent =
            |oid: &Oid| self.0.get(oid).unwrap_or_else(|| panic!("nobody told of the parent {oid}")).generation;
        let generation = 1 + commit.parents.iter().map(parent).max().unwrap_or(0);
        self.0.insert(commit.oid.clone(), Known { commit, generation });
    }

    pub(crate) fn retain(&mut self, kept: &BTreeSet<Oid>) {
        self.0.retain(|oid, _| kept.contains(oid));
    }

    /// A commit and everything that it stands on.
    pub(crate) fn line<'a>(&'a self, from: &str) -> HashSet<&'a str> {
        let mut found = HashSet::new();
        let mut open: Vec<&Commit> = self.get(from).into_iter().collect();
        while let Some(commit) = open.pop() {
            if found.insert(commit.oid.as_str()) {
                open.extend(commit.parents.iter().filter_map(|parent| self.get(parent)));
            }
        }
        found
    }

    /// Goes down from two commits as long as that can tell something new of what both reach.
    fn reach<'a>(&'a self, one: &str, other: &str) -> HashMap<&'a str, Reach> {
        let mut found: HashMap<&str, Reach> = HashMap::new();
        // what has most below it comes first, so that nothing is learnt of a commit once its turn is over
        let mut open = BTreeSet::new();
        for (oid, is_one) in [(one, true), (other, false)] {
            if let Some(known) = self.0.get(oid) {
                let reach = found.entry(&known.commit.oid).or_default();
                *reach = Reach { one: reach.one || is_one, other: reach.other || !is_one, below: false };
                open.insert((known.generation, known.commit.oid.as_str()));
            }
        }
        while open.iter().any(|(_, oid)| !found[oid].below) {
            let Some((_, oid)) = open.pop_last() else { break };
            let at = found[oid];
            for parent in self.0[oid].commit.parents.iter().filter_map(|parent| self.0.get(parent)) {
                let reach = found.entry(&parent.commit.oid).or_default();
                reach.one |= at.one;
                reach.other |= at.other;
                reach.below |= at.below || at.one && at.other;
                open.insert((parent.generation, parent.commit.oid.as_str()));
            }
        }
        found
    }

    /// Whether a commit stands on another, or is it.
    pub(crate) fn stands_on(&self, commit: &str, below: &str) -> bool {
        self.reach(commit, below).get(below).is_some_and(|reach| reach.one)
    }

    /// The best commit that both stand on.
    pub(crate) fn merge_base(&self, one: &str, other: &str) -> Option<Oid> {
        let found = self.reach(one, other);
        let best = found.iter().filter(|(_, reach)| reach.one && reach.other && !reach.below);
        best.map(|(oid, _)| &self.0[*oid].commit).max_by_key(|it| (it.committer.at, &it.oid)).map(|it| it.oid.clone())
    }

    /// Commits of one line that the other lacks, what is below first.
    pub(crate) fn between(&self, base: &str, head: &str) -> Vec<Oid> {
        let found = self.reach(base, head);
        let mut order: Vec<Oid> = Vec::new();
        let mut open: Vec<(&str, bool)> = vec![(head, false)];
        let mut seen = HashSet::new();
        while let Some((oid, parents_done)) = open.pop() {
            if parents_done {
                order.push(oid.to_owned());
                continue;
            }
            let lacked = found.get(oid).is_some_and(|reach| reach.other && !reach.one);
            let Some(commit) = self.get(oid).filter(|_| lacked) else { continue };
            if seen.insert(oid) {
                open.push((oid, true));
                open.extend(commit.parents.iter().rev().map(|parent| (parent.as_str(), false)));
            }
        }
        order
    }

    /// What a head changes against the best commit that it shares with a base.
    pub(crate) fn difference(&self, base: &str, head: &str) -> Difference {
        let none = BTreeMap::new();
        let old = self.merge_base(base, head).map_or(&none, |oid| &self.0[&oid].commit.files);
        let new = self.get(head).map_or(&none, |commit| &commit.files);
        let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let differs = paths.into_iter().filter(|path| old.get(*path) != new.get(*path));
        let text = |files: &BTreeMap<String, String>, path: &String| files.get(path).cloned().unwrap_or_default();
        differs.map(|path| (path.clone(), hunks(&text(old, path), &text(new, path)))).collect()
    }

    /// The files of both sides together. A file that both changed in different ways is in conflict, and nothing comes back.
    pub(crate) fn merged(&self, ours: &str, theirs: &str) -> Option<BTreeMap<String, String>> {
        let none = BTreeMap::new();
        let files = |oid: &str| self.get(oid).map_or(&none, |commit| &commit.files);
        let base = self.merge_base(ours, theirs).map_or(&none, |oid| &self.0[&oid].commit.files);
        let (ours, theirs) = (files(ours), files(theirs));
        let paths: BTreeSet<&String> = base.keys().chain(ours.keys()).chain(theirs.keys()).collect();
        let mut merged = BTreeMap::new();
        for path in paths {
            let (was, our, their) = (base.get(path), ours.get(path), theirs.get(path));
            let kept = match (our == was, their == was) {
                (true, _) => their,
                (_, true) => our,
                _ if our == their => our,
                _ => return None,
            };
            merged.extend(kept.map(|text| (path.clone(), text.clone())));
        }
        Some(merged)
    }
}

impl World {
    /// The repository that a fork comes from in the end: all of them share their commits.
    pub(crate) fn network(&self, repository: &Repository) -> Id {
        let mut at = repository;
        while let Some(of) = at.fork_of {
            match self.repositories.get(&of) {
                Some(original) => at = original,
                None => return of,
            }
        }
        at.id
    }

    /// Commits that a repository knows.
    pub(crate) fn objects_of(&self, repository: &Repository) -> &Objects {
        static NONE: Objects = Objects(BTreeMap::new());
        self.objects.get(&self.network(repository)).unwrap_or(&NONE)
    }

    /// Tells a repository of a commit, after those that it stands on. Nothing leads to it yet.
    pub fn add_commit(&mut self, repository: &str, commit: Commit) -> Oid {
        let network = self.network(self.named(repository));
        let oid = commit.oid.clone();
        assert!(oid.len() == 40 && oid.bytes().all(|byte| byte.is_ascii_hexdigit()), "`{oid}` isn't a commit's number");
        self.objects.entry(network).or_default().add(commit);
        oid
    }

    /// A commit that a repository knows, whether or not a branch leads to it.
    pub fn commit(&self, repository: &str, oid: &str) -> Option<&Commit> {
        self.objects_of(self.named(repository)).get(oid)
    }

    /// Forgets commits that neither a branch nor a pull request leads to.
    pub fn collect_garbage(&mut self, repository: &str) {
        let network = self.network(self.named(repository));
        let mut kept = BTreeSet::new();
        if let Some(objects) = self.objects.get(&network) {
            for repository in self.repositories.values().filter(|it| self.network(it) == network) {
                let code = &repository.code;
                let merged = code.pulls.values().filter_map(|pull| pull.merged.as_ref().map(|merged| &merged.commit));
                let heads = code.pulls.values().map(|pull| &pull.head_oid);
                for tip in code.branches.values().chain(heads).chain(merged) {
                    kept.extend(objects.line(tip).into_iter().map(str::to_owned));
                }
            }
        }
        self.objects.entry(network).or_default().retain(&kept);
    }

    /// The account that has an address, which a commit may name.
    pub(crate) fn account_of_email(&self, email: &str) -> Option<Id> {
        let fits = |known: &String| known.eq_ignore_ascii_case(email);
        self.accounts.values().find(|account| account.emails.iter().any(fits)).map(|account| account.id)
    }
}

#[cfg(test)]
mod tests {
    use super::{Commit, Objects, Person};
    use std::collections::{BTreeMap, BTreeSet};

    /// Random histories, in which every commit stands on up to two before it.
    fn history(mut seed: u64, commits: usize) -> (Objects, Vec<String>) {
        let mut dice = move |end: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(seed >> 33).unwrap() % end
        };
        let (mut objects, mut oids) = (Objects::default(), Vec::<String>::new());
        for number in 0..commits {
            let parents = (0..dice(3).min(number)).map(|_| oids[number - 1 - dice(number.min(4))].clone());
            let parents: BTreeSet<String> = parents.collect();
            let at = "2026-09-01T08:00:00Z".parse().unwrap();
            let person = Person { name: String::new(), email: String::new(), at };
            let oid = format!("{number:040}");
            objects.add(Commit {
                oid: oid.clone(),
                parents: parents.into_iter().collect(),
                author: person.clone(),
                committer: person,
                message: String::new(),
                files: BTreeMap::new(),
                signature: None,
                via_web: false,
            });
            oids.push(oid);
        }
        (objects, oids)
    }

    #[test]
    fn what_is_told_by_going_a_little_way_is_what_whole_lines_tell() {
        for seed in 0..40 {
            let (objects, oids) = history(seed, 14);
            for (one, other) in oids.iter().flat_map(|one| oids.iter().map(move |other| (one, other))) {
                let (ones, others) = (objects.line(one), objects.line(other));
                assert_eq!(objects.stands_on(one, other), ones.contains(other.as_str()), "{seed}: {one} {other}");
                let lacked: BTreeSet<&str> = others.difference(&ones).copied().collect();
                let between = objects.between(one, other);
                assert_eq!(between.iter().map(String::as_str).collect::<BTreeSet<&str>>(), lacked);
                for (at, oid) in between.iter().enumerate() {
                    let parents = &objects.get(oid).unwrap().parents;
                    assert!(between[at..].iter().all(|later| !parents.contains(later)), "{seed}: {between:?}");
                }
                let shared: Vec<&str> = ones.intersection(&others).copied().collect();
                let covered = |oid: &&str| shared.iter().any(|it| it != oid && objects.line(it).contains(oid));
                let best = shared.iter().copied().filter(|oid| !covered(oid)).max();
                assert_eq!(objects.merge_base(one, other).as_deref(), best, "{seed}: {one} {other}");
            }
        }
    }
}

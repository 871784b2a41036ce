//! Managed paths as trees hold them, before any judgement: what the landing rule compares.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use git2::ObjectType;

use super::budget::Budget;
use super::managed::{Level, Managed, ReadsManaged};
use super::objects::{self, MODE_FILE, MODE_KIND, Named};
use super::path::{CONFIG, escape, join};
use super::{Entry, Oid, Repository, RepositoryError};

/// More entries than any organisation has; a small tree can unfold to billions.
const MAX_ENTRIES: usize = 1_000_000;
const MAX_ENTRIES_WORDS: &str = "1,000,000 managed entries";

/// How many comparisons are kept: one landing is asked for the same few again and again.
const CHANGES_KEPT: usize = 8;

/// For how many trees it is kept what their settings name.
const MANAGED_KEPT: usize = 1_000;

/// Paths that differ between two trees, each with its entry in the one and in the other.
pub type Changes = BTreeMap<String, [Option<Entry>; 2]>;

impl Repository {
    /// Every managed entry of a commit's tree: files of all modes, symbolic links, submodules, and folders only where
    /// they are empty.
    ///
    /// The keys are paths, and no two entries share one. Bytes that are not UTF-8, control characters, backslashes and
    /// slashes inside a name are written `\xHH`; the second entry of one name in one folder ends in `\2`, and so on.
    ///
    /// # Errors
    /// `Unreadable`; `TooMuch` where the tree unfolds to more than a million entries.
    pub fn managed_entries(&self, commit: Oid) -> Result<BTreeMap<String, Entry>, RepositoryError> {
        self.entries(commit, &self.managed_of(commit)?)
    }

    /// The entries of a commit's tree that are managed as somebody says, who knows other trees too.
    ///
    /// # Errors
    /// As [`Repository::managed_entries`].
    pub fn entries(&self, commit: Oid, managed: &Managed) -> Result<BTreeMap<String, Entry>, RepositoryError> {
        self.entries_within(commit, managed, Entries::of(self, commit))
    }

    pub(super) fn entries_within(
        &self,
        commit: Oid,
        managed: &Managed,
        mut budget: Entries,
    ) -> Result<BTreeMap<String, Entry>, RepositoryError> {
        let mut found = BTreeMap::new();
        let mut open = vec![(String::new(), Level::Root, self.root(commit)?)];
        while let Some((path, level, tree)) = open.pop() {
            for (name, (level, entry)) in children((managed, &path, level), self.tree(tree.oid)?, &mut budget)? {
                let path = join(&path, &name);
                if !entry.is_tree() || (level == Level::Managed && self.tree(entry.oid)?.is_empty()) {
                    if level == Level::Managed {
                        found.insert(path, entry);
                    }
                } else {
                    open.push((path, level, entry));
                }
            }
        }
        Ok(found)
    }

    /// The managed paths whose entry differs between two commits, spelled as in [`Repository::managed_entries`], each
    /// with its entry in `a` and in `b`. Folders that are the same in both are not looked into.
    ///
    /// INVARIANT: a path is managed where the settings of either tree name it, so that no change can free itself by the
    /// settings that it brings. What settings that can't be read would name is not known; the other tree's still hold.
    pub fn managed_changes(&self, a: Oid, b: Oid) -> Result<Rc<Changes>, RepositoryError> {
        self.changes_of(a, b, Entries::of(self, b))
    }

    pub(super) fn changes_of(&self, a: Oid, b: Oid, limit: Entries) -> Result<Rc<Changes>, RepositoryError> {
        let roots = [self.root(a)?, self.root(b)?];
        let known = self.changes.borrow().iter().find(|(of, _)| *of == roots).map(|(_, changes)| Rc::clone(changes));
        if let Some(known) = known {
            return Ok(known);
        }
        let managed = self.managed_in(roots[0])?.and(&self.managed_in(roots[1])?);
        let changes = Rc::new(self.compare(roots, &managed, limit)?);
        let mut kept = self.changes.borrow_mut();
        kept.push_front((roots, Rc::clone(&changes)));
        kept.truncate(CHANGES_KEPT);
        Ok(changes)
    }

    /// From here on the settings of each tree are asked which further paths are managed.
    #[must_use]
    pub fn reading_settings(mut self, reads: ReadsManaged) -> Self {
        self.reads_managed = Some(reads);
        self
    }

    /// What is managed in a commit's tree, by its own settings.
    pub fn managed_of(&self, commit: Oid) -> Result<Managed, RepositoryError> {
        self.managed_in(self.root(commit)?)
    }

    /// What is managed by the bytes of settings.
    pub(super) fn managed_by(&self, settings: &[u8]) -> Managed {
        self.reads_managed.map(|reads| reads(settings)).unwrap_or_default()
    }

    /// The bytes of a commit's `dualkey.yaml`, without anything else of it. None where there is none that can be read.
    pub fn settings(&self, commit: Oid) -> Option<Arc<[u8]>> {
        self.settings_in(self.root(commit).ok()?).ok()?
    }

    fn settings_in(&self, root: Entry) -> Result<Option<Arc<[u8]>>, RepositoryError> {
        let settings = self.tree(root.oid)?.into_iter().find(|named| named.name == CONFIG.as_bytes());
        let settings = settings.filter(|named| named.entry.mode & MODE_KIND == MODE_FILE);
        Ok(settings.and_then(|named| self.small_blob(named.entry.oid)))
    }

    fn managed_in(&self, root: Entry) -> Result<Managed, RepositoryError> {
        if let Some(known) = self.managed.borrow().get(&root.oid) {
            return Ok(known.clone());
        }
        let managed = self.settings_in(root)?.map(|bytes| self.managed_by(&bytes)).unwrap_or_default();
        // INVARIANT: settings that nobody might read any more are not kept as settings that name nothing
        self.budget().check()?;
        let mut known = self.managed.borrow_mut();
        if known.len() >= MANAGED_KEPT {
            known.clear();
        }
        known.insert(root.oid, managed.clone());
        Ok(managed)
    }

    fn compare(&self, roots: [Entry; 2], managed: &Managed, mut budget: Entries) -> Result<Changes, RepositoryError> {
        let mut changes = Changes::new();
        let mut open = vec![(String::new(), Level::Root, roots.map(Some))];
        while let Some((path, level, sides)) = open.pop() {
            if matches!(sides, [a, b] if a == b) {
                continue;
            }
            let listing = |entry: Option<Entry>| match entry {
                Some(entry) if entry.is_tree() => self.tree(entry.oid),
                Some(_) | None => Ok(Vec::new()),
            };
            let [mut a, mut b] = [listing(sides[0])?, listing(sides[1])?];
            let mut pairs: BTreeMap<String, (Level, [Option<Entry>; 2])> = BTreeMap::new();
            let mut own = [None; 2];
            for ((entry, listing), own) in sides.into_iter().zip([&a, &b]).zip(&mut own) {
                // a folder shows where nothing is in it
                *own = entry.filter(|_| listing.is_empty() && level == Level::Managed);
            }
            without_equals(&mut a, &mut b);
            for (side, listing) in [a, b].into_iter().enumerate() {
                for (name, (level, entry)) in children((managed, &path, level), listing, &mut budget)? {
                    let pair = pairs.entry(name).or_insert((level, [None, None]));
                    pair.1.iter_mut().skip(side).take(1).for_each(|place| *place = Some(entry));
                }
            }
            if own != [None; 2] {
                changes.insert(path.clone(), own);
            }
            open.extend(pairs.into_iter().map(|(name, (level, sides))| (join(&path, &name), level, sides)));
        }
        Ok(changes)
    }

    /// The root tree of a commit as an entry.
    pub(super) fn root(&self, commit: Oid) -> Result<Entry, RepositoryError> {
        let links = self.object(commit, ObjectType::Commit, objects::parse_links)?;
        Ok(Entry { mode: objects::MODE_TREE, oid: links.tree })
    }

    pub(super) fn tree(&self, oid: Oid) -> Result<Vec<Named>, RepositoryError> {
        self.object(oid, ObjectType::Tree, objects::parse_tree)
    }
}

/// What of a folder is managed or leads to it, each under a key of its own.
fn children(
    (managed, folder, level): (&Managed, &str, Level),
    listing: Vec<Named>,
    budget: &mut Entries,
) -> Result<BTreeMap<String, (Level, Entry)>, RepositoryError> {
    let mut found = BTreeMap::new();
    let mut copies = BTreeMap::new();
    for Named { name, entry } in listing {
        let Some(level) = level.enter(managed, folder, &name) else { continue };
        budget.spend()?;
        let key = escape(&name);
        if found.contains_key(&key) {
            let copy = copies.entry(key.clone()).and_modify(|copy| *copy += 1).or_insert(2_usize);
            found.insert(format!("{key}\\{copy}"), (level, entry));
        } else {
            found.insert(key, (level, entry));
        }
    }
    Ok(found)
}

/// Leaves out what is the same in both folders. Where a folder is out of order, names may stand in it twice, so that
/// which is which depends on all of them: then nothing is left out.
fn without_equals(a: &mut Vec<Named>, b: &mut Vec<Named>) {
    let in_order = |listing: &[Named]| listing.is_sorted_by(|one, next| one.name < next.name);
    if !in_order(a) || !in_order(b) {
        return;
    }
    let mut others = std::mem::take(b).into_iter().peekable();
    a.retain(|one| {
        b.extend(std::iter::from_fn(|| others.next_if(|other| other.name < one.name)));
        others.next_if_eq(one).is_none()
    });
    b.extend(others);
}

/// Counts entries down, so that no tree keeps the program busy for ever, and all trees together don't.
pub(super) struct Entries {
    of: Oid,
    left: usize,
    words: &'static str,
    whole: Arc<Budget>,
}

impl Entries {
    pub(super) fn of(repository: &Repository, of: Oid) -> Self {
        Entries::within(repository, of, MAX_ENTRIES, MAX_ENTRIES_WORDS)
    }

    pub(super) fn within(repository: &Repository, of: Oid, left: usize, words: &'static str) -> Self {
        Entries { of, left, words, whole: repository.budget() }
    }

    pub(super) fn spend(&mut self) -> Result<(), RepositoryError> {
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => return Err(RepositoryError::TooMuch { oid: self.of, limit: self.words }),
        }
        self.whole.entry()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::testing::Sandbox;
    use super::*;

    #[test]
    fn every_entry_counts_whatever_its_mode_and_name() {
        let sandbox = Sandbox::new();
        let blob = sandbox.blob(b"x");
        let link = sandbox.commit(&[]);
        let empty = sandbox.raw_tree(&[]);
        let people = sandbox.raw_tree(&[
            ("100664", b"a\\x.yaml", blob),
            ("100755", b"caf\xe9", blob),
            ("40000", b"empty", empty),
            ("120000", b"link", blob),
            ("160000", b"sub", link),
            ("100644", b"twice", blob),
            ("120000", b"twice", blob),
            ("100755", b"twice", blob),
        ]);
        let root =
            sandbox.raw_tree(&[("100644", b"README", blob), ("40000", b"docs", people), ("40000", b"people", people)]);
        let commit = sandbox.commit_tree(root, &[], "odd");
        let entries = sandbox.open().managed_entries(commit).unwrap();
        let shown: Vec<(String, String)> =
            entries.into_iter().map(|(path, entry)| (path, format!("{:o}", entry.mode))).collect();
        let expected = [
            ("people/a\\x5cx.yaml", "100664"),
            ("people/caf\\xe9", "100755"),
            ("people/empty", "40000"),
            ("people/link", "120000"),
            ("people/sub", "160000"),
            ("people/twice", "100644"),
            ("people/twice\\2", "120000"),
            ("people/twice\\3", "100755"),
        ];
        assert_eq!(shown, expected.map(|(path, mode)| (path.to_owned(), mode.to_owned())));
    }

    #[test]
    fn what_changed_is_what_the_entries_say() {
        let sandbox = Sandbox::new();
        let a = sandbox.commit(&[
            ("dualkey.yaml", "1"),
            ("people/a/x.yaml", "x"),
            ("people/b.yaml", "b"),
            ("grants/g", "g"),
            ("README", "1"),
            ("docs/CODEOWNERS", "1"),
            ("docs/other", "1"),
        ]);
        std::fs::remove_file(sandbox.dir().join("grants/g")).unwrap();
        sandbox.git(&["config", "core.fileMode", "false"]);
        sandbox.git(&["update-index", "--chmod=+x", "people/b.yaml"]);
        std::fs::remove_dir_all(sandbox.dir().join("people/a")).unwrap();
        let files = [
            ("people/a", "now a file"),
            ("grants/g/deep/h", "g"),
            ("README", "2"),
            ("docs/CODEOWNERS", "2"),
            ("docs/other", "2"),
        ];
        let b = sandbox.commit(&files);
        let repository = sandbox.open();
        let changes = repository.managed_changes(a, b).unwrap();
        let changed: BTreeSet<String> = changes.keys().cloned().collect();
        let expected =
            ["docs/CODEOWNERS", "grants/g", "grants/g/deep/h", "people/a", "people/a/x.yaml", "people/b.yaml"];
        let expected: BTreeSet<String> = expected.map(str::to_owned).into();
        let (of_a, of_b) = (repository.managed_entries(a).unwrap(), repository.managed_entries(b).unwrap());
        let keys: BTreeSet<&String> = of_a.keys().chain(of_b.keys()).collect();
        let differing: BTreeSet<String> =
            keys.into_iter().filter(|key| of_a.get(*key) != of_b.get(*key)).cloned().collect();
        assert_eq!(changed, differing);
        assert_eq!(changed, expected);
        for (path, [before, after]) in changes.iter() {
            assert_eq!((*before, *after), (of_a.get(path).copied(), of_b.get(path).copied()), "{path}");
        }
        let back = repository.managed_changes(b, a).unwrap();
        assert!(
            back.iter()
                .map(|(path, [after, before])| (path, [before, after]))
                .eq(changes.iter().map(|(path, [before, after])| (path, [before, after])))
        );
        assert!(repository.managed_changes(a, a).unwrap().is_empty());
    }

    #[test]
    fn a_tree_that_unfolds_without_end_is_refused() {
        let sandbox = Sandbox::new();
        let mut tree = sandbox.raw_tree(&[("100644", b"x", sandbox.blob(b"x"))]);
        for _ in 0..8 {
            let names: Vec<[u8; 1]> = (b'a'..=b'j').map(|b| [b]).collect();
            let entries: Vec<(&str, &[u8], Oid)> = names.iter().map(|name| ("40000", &name[..], tree)).collect();
            tree = sandbox.raw_tree(&entries);
        }
        let commit = sandbox.commit_tree(sandbox.raw_tree(&[("40000", b"people", tree)]), &[], "bomb");
        let error = sandbox.open().managed_entries(commit).unwrap_err();
        assert!(matches!(error, RepositoryError::TooMuch { .. }), "{error}");
    }
}

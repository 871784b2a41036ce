//! Where to look for landings: what each head does to managed paths, as numbers that can be looked up.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::access::reading::{Claim, FileKind};
use crate::approval::testimony::Source;
use crate::repository::{Changes, Entry, Oid, Repository};

/// What a change does to managed paths, as a number. Steps that follow one another add up, and equal changes have equal
/// numbers; so may others, by chance or made so, which is why a number only says where to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct ChangeHash(u64);

impl ChangeHash {
    pub(super) fn of(changes: &Changes) -> Self {
        changes.iter().fold(ChangeHash::default(), |sum, (path, [before, after])| {
            let of = |entry: &Option<Entry>| {
                let mut hasher = DefaultHasher::new();
                entry.map(|entry| (path, entry)).hash(&mut hasher);
                hasher.finish()
            };
            sum.then(ChangeHash(of(after).wrapping_sub(of(before))))
        })
    }

    /// Of one change after the other.
    pub(super) fn then(self, next: ChangeHash) -> Self {
        ChangeHash(self.0.wrapping_add(next.0))
    }

    /// Of what lies between two points whose hashes are counted from a common one.
    pub(super) fn between(from: ChangeHash, to: ChangeHash) -> Self {
        ChangeHash(to.0.wrapping_sub(from.0))
    }
}

/// Which part of all that may be looked at goes to heads that nobody is known to have approved, and to one head that was merged.
const PART: u64 = 8;
const PART_OF_ONE: u64 = 40;

/// What the heads do that somebody approved, each from where its approvers say that it started.
#[derive(Debug, Default)]
pub(super) struct HeadIndex {
    by_hash: HashMap<ChangeHash, BTreeSet<Oid>>,
    by_entry: HashMap<(String, Option<Entry>), BTreeSet<Oid>>,
    by_subject: HashMap<String, BTreeSet<Oid>>,
}

impl HeadIndex {
    /// Every head that is here. One that isn't can't be looked at, and so can't have been approved here.
    ///
    /// INVARIANT: anybody who can push can say that a head was approved, and a head may be anything. Those that really were
    /// are looked at first, and all others within a part of what may be looked at.
    pub(super) fn of(repository: &Repository, source: &dyn Source, is_approved: impl Fn(Oid) -> bool) -> Self {
        let mut heads = HeadIndex::default();
        let (approved, others): (Vec<_>, Vec<_>) = claims(source).partition(|(head, _)| is_approved(*head));
        let mut look = |(head, base): (Oid, Oid)| {
            if let Ok(changes) = repository.managed_changes(base, head) {
                heads.take(head, &changes);
            }
        };
        approved.into_iter().for_each(&mut look);
        repository.apart(PART, || others.into_iter().for_each(look));
        heads
    }

    fn take(&mut self, head: Oid, changes: &Changes) {
        self.by_hash.entry(ChangeHash::of(changes)).or_default().insert(head);
        for (path, [_, after]) in changes {
            self.by_entry.entry((path.clone(), *after)).or_default().insert(head);
            self.by_subject.entry(subject(path)).or_default().insert(head);
        }
    }

    /// Heads that may do exactly this.
    pub(super) fn with_hash(&self, hash: ChangeHash) -> impl Iterator<Item = Oid> {
        self.by_hash.get(&hash).into_iter().flatten().copied()
    }

    /// Heads that brought at least one of the paths to what it became.
    pub(super) fn with_any_entry_of(&self, changes: &Changes) -> BTreeSet<Oid> {
        let entries = changes.iter().filter_map(|(path, [_, after])| self.by_entry.get(&(path.clone(), *after)));
        entries.flatten().copied().collect()
    }

    /// Heads that touched what a path speaks of, wherever that stands.
    pub(super) fn of_subject(&self, subject: &str) -> impl Iterator<Item = Oid> {
        self.by_subject.get(subject).into_iter().flatten().copied()
    }
}

/// What a path speaks of, wherever that stands: a thing by its kind and id, or else the path.
pub(super) fn subject(path: &str) -> String {
    match FileKind::of_path(path) {
        Claim::File(kind, id) => format!("{} `{id}`", kind.name()),
        Claim::Placeholder | Claim::NotOurs | Claim::Refused { .. } => path.to_owned(),
    }
}

/// Every head with each commit that its approvers say it started from. They may say anything.
fn claims(source: &dyn Source) -> impl Iterator<Item = (Oid, Oid)> {
    source.heads().into_iter().flat_map(|head| source.claimed_bases(head).into_iter().map(move |base| (head, base)))
}

/// The same of one head, without looking at any other.
pub(super) fn hashes_of(repository: &Repository, source: &dyn Source, head: Oid) -> Vec<ChangeHash> {
    // whoever approves can name a base that isn't here, or can't be looked at; it is never the one that counts
    let hash = |base| repository.managed_changes(base, head).ok().map(|changes| ChangeHash::of(&changes));
    repository.apart(PART_OF_ONE, || source.claimed_bases(head).into_iter().filter_map(hash).collect())
}

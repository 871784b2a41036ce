//! The landing rule: the landed tree is the reviewed tree, decided per managed path without merging anything.

mod reviewed;
mod span;

use std::collections::{BTreeMap, BTreeSet};

use crate::repository::{Changes, Entry};

pub use reviewed::Reviewed;
pub(in crate::approval) use span::Span;

/// Managed paths of a tree: mode and blob.
pub type Entries = BTreeMap<String, Entry>;

/// The four trees of a landing. Paths that are the same in all of them may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trees {
    /// The last verified landing.
    pub base: Entries,
    /// What landed.
    pub landed: Entries,
    /// What was reviewed.
    pub head: Entries,
    /// The merge base of `base` and `head`.
    pub merge_base: Entries,
}

impl Trees {
    /// From what differs between base and landed, merge base and head, merge base and base.
    pub fn of(landed: &Changes, reviewed: &Changes, moved: &Changes) -> Self {
        let mut trees = Trees::default();
        for path in landed.keys().chain(reviewed.keys()) {
            let [before, after] = reviewed.get(path).copied().map_or([None; 2], |pair| pair);
            let (merge_base, base) = match (moved.get(path), landed.get(path)) {
                (Some([merge_base, base]), _) => (*merge_base, *base),
                (None, Some([base, _])) => (*base, *base),
                (None, None) => (before, before),
            };
            let head = if reviewed.contains_key(path) { after } else { merge_base };
            let landed = landed.get(path).map_or(base, |[_, landed]| *landed);
            let sides = [
                (&mut trees.base, base),
                (&mut trees.landed, landed),
                (&mut trees.head, head),
                (&mut trees.merge_base, merge_base),
            ];
            for (tree, entry) in sides {
                if let Some(entry) = entry {
                    tree.insert(path.clone(), entry);
                }
            }
        }
        trees
    }
}

/// Why the landed tree is not the reviewed one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Violation {
    /// It landed so, and no reviewed head held it.
    Unreviewed { path: String },
    /// It was reviewed, and did not land so.
    Dropped { path: String },
    /// Both sides changed it since they parted, also when they changed it equally.
    Combined { path: String },
    /// It was reviewed, and a landing after the reviewed head touched it: a head lands once.
    Used { path: String },
}

/// Every violation, sorted. `touched` are the paths that first-parent commits of head..base touched, even if changed back.
pub fn violations(trees: &Trees, touched: &BTreeSet<String>) -> Vec<Violation> {
    let paths: BTreeSet<&String> =
        [&trees.base, &trees.landed, &trees.head, &trees.merge_base].into_iter().flat_map(BTreeMap::keys).collect();
    let mut found = Vec::new();
    for path in paths {
        let base = trees.base.get(path);
        let landed = trees.landed.get(path);
        let head = trees.head.get(path);
        let merge_base = trees.merge_base.get(path);
        let reviewed = merge_base != head;
        let path = path.clone();
        if !reviewed {
            if landed != base {
                found.push(Violation::Unreviewed { path });
            }
            continue;
        }
        if base != merge_base {
            found.push(Violation::Combined { path });
        } else if landed != head {
            found.push(if landed == base { Violation::Dropped { path } } else { Violation::Unreviewed { path } });
        } else if touched.contains(&path) {
            found.push(Violation::Used { path });
        }
    }
    found.sort();
    found
}

/// The tree that merging `head` onto `base` gives by the rule: the head's where it changed something, else the base's.
pub fn merged(base: &Entries, head: &Entries, merge_base: &Entries) -> Entries {
    let paths: BTreeSet<&String> = base.keys().chain(head.keys()).chain(merge_base.keys()).collect();
    paths
        .into_iter()
        .filter_map(|path| {
            let side = if merge_base.get(path) == head.get(path) { base } else { head };
            side.get(path).map(|entry| (path.clone(), *entry))
        })
        .collect()
}

/// The paths at which two trees differ.
pub fn differing(a: &Entries, b: &Entries) -> Changes {
    let paths: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let pairs = paths.into_iter().map(|path| (path.clone(), [a.get(path).copied(), b.get(path).copied()]));
    pairs.filter(|(_, [a, b])| a != b).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::Oid;
    use proptest::prelude::*;

    fn entry() -> impl Strategy<Value = Option<Entry>> {
        (0..4u8, prop_oneof![Just(0o100_644_u32), Just(0o100_755), Just(0o120_000), Just(0o160_000)])
            .prop_map(|(blob, mode)| (blob > 0).then(|| Entry { mode, oid: Oid::of_blob(&[blob]) }))
    }

    /// Paths that may also be a file in one tree and a folder in another.
    fn entries() -> impl Strategy<Value = Entries> {
        proptest::collection::vec(entry(), 4).prop_map(|values| {
            ["grants/a", "grants/a/b.yaml", "grants/c.yaml", "people/d.yaml"]
                .into_iter()
                .zip(values)
                .filter_map(|(path, entry)| Some((path.to_owned(), entry?)))
                .collect()
        })
    }

    /// A tree near another: most random quadruples violate everything, so sides start from a common one.
    fn near(from: Entries) -> impl Strategy<Value = Entries> {
        (entries(), proptest::collection::vec(any::<bool>(), 4)).prop_map(move |(other, take)| {
            let mut result = from.clone();
            for (path, take) in ["grants/a", "grants/a/b.yaml", "grants/c.yaml", "people/d.yaml"].iter().zip(take) {
                if take {
                    match other.get(*path) {
                        Some(entry) => result.insert((*path).to_owned(), *entry),
                        None => result.remove(*path),
                    };
                }
            }
            result
        })
    }

    fn quadruple() -> impl Strategy<Value = Trees> {
        entries()
            .prop_flat_map(|mb| (Just(mb.clone()), near(mb.clone()), near(mb)))
            .prop_flat_map(|(mb, base, head)| {
                let good = merged(&base, &head, &mb);
                (Just(mb), Just(base), Just(head), prop_oneof![Just(good.clone()), near(good)])
            })
            .prop_map(|(merge_base, base, head, landed)| Trees { base, landed, head, merge_base })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]
        #[test]
        fn accepted_exactly_when_the_landed_tree_is_the_reviewed_one(trees in quadruple()) {
            let paths: BTreeSet<&String> = trees.base.keys().chain(trees.landed.keys()).chain(trees.head.keys())
                .chain(trees.merge_base.keys()).collect();
            let accepted = paths.iter().all(|path| {
                let (base, landed) = (trees.base.get(*path), trees.landed.get(*path));
                let (head, merge_base) = (trees.head.get(*path), trees.merge_base.get(*path));
                let both = merge_base != head && merge_base != base;
                let wanted = if merge_base == head { base } else { head };
                !both && landed == wanted
            });
            prop_assert_eq!(violations(&trees, &BTreeSet::new()).is_empty(), accepted);
        }

        #[test]
        fn what_differs_is_all_that_counts(trees in quadruple()) {
            let some = Trees::of(
                &differing(&trees.base, &trees.landed),
                &differing(&trees.merge_base, &trees.head),
                &differing(&trees.merge_base, &trees.base),
            );
            prop_assert_eq!(violations(&trees, &BTreeSet::new()), violations(&some, &BTreeSet::new()));
        }

        #[test]
        fn what_was_touched_since_lands_once(trees in quadruple()) {
            let touched: BTreeSet<String> = trees.head.keys().chain(trees.merge_base.keys())
                .filter(|path| trees.head.get(*path) != trees.merge_base.get(*path)).cloned().collect();
            prop_assert!(touched.is_empty() || !violations(&trees, &touched).is_empty());
        }
    }
}

//! The Merkle tree of RFC 6962: its root, now and at every size it had, and proofs that a leaf is part of it.

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine};
use sha2::{Digest, Sha256};

/// A SHA-256 hash: of a leaf, a node or a whole tree. It is printed in base64, as in a checkpoint.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The hash of an entry as a leaf of the tree.
    pub fn of_leaf(entry: &[u8]) -> Self {
        Hash(Sha256::new_with_prefix([0x00]).chain_update(entry).finalize().into())
    }

    fn of_node(left: Hash, right: Hash) -> Self {
        Hash(Sha256::new_with_prefix([0x01]).chain_update(left.0).chain_update(right.0).finalize().into())
    }

    fn of_nothing() -> Self {
        Hash(Sha256::digest([]).into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A tree that keeps every complete node, so that appending is cheap and every earlier root stays known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// Row 0 holds the leaves, row n + 1 the nodes over each complete pair of row n.
    rows: Vec<Vec<Hash>>,
}

impl Tree {
    /// Appends a leaf. Amortized, this costs one node hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for row in &mut self.rows {
            row.push(hash);
            let [.., left, right] = row.as_slice() else { return };
            if row.len() % 2 == 1 {
                return;
            }
            hash = Hash::of_node(*left, *right);
        }
        self.rows.push(vec![hash]);
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.row(0).len() as u64
    }

    /// The hash of the leaf at an index that counts from 0.
    pub fn leaf(&self, index: u64) -> Option<Hash> {
        self.node(0, index)
    }

    /// The hash of the whole tree. An empty tree has the hash of the empty string.
    pub fn root(&self) -> Hash {
        // a row of odd length ends in the top of a complete subtree; together these make up the tree
        let tops = self.rows.iter().filter(|row| row.len() % 2 == 1).filter_map(|row| row.last());
        tops.copied().reduce(|right, left| Hash::of_node(left, right)).unwrap_or_else(Hash::of_nothing)
    }

    /// The root the tree had when it held `size` leaves; none where it was never so large.
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        if size == 0 { Some(Hash::of_nothing()) } else { self.subtree(0, size) }
    }

    /// Proves that the leaf at `index` is part of the tree of `size` leaves; see [`check_inclusion`].
    /// None where there is no such leaf or the tree was never so large.
    pub fn prove_inclusion(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        if index >= size || size > self.size() {
            return None;
        }
        let (mut start, mut end, mut proof) = (0, size, Vec::new());
        while end - start > 1 {
            let middle = start + left_part(end - start);
            if index < middle {
                proof.push(self.subtree(middle, end)?);
                end = middle;
            } else {
                proof.push(self.subtree(start, middle)?);
                start = middle;
            }
        }
        proof.reverse();
        Some(proof)
    }

    /// The complete nodes that are `level` above the leaves, from the left.
    pub(super) fn row(&self, level: usize) -> &[Hash] {
        self.rows.get(level).map_or(&[], Vec::as_slice)
    }

    fn node(&self, level: usize, index: u64) -> Option<Hash> {
        self.row(level).get(usize::try_from(index).ok()?).copied()
    }

    /// The hash over the leaves `start..end`, where `start` is a multiple of the power of two that covers the range.
    fn subtree(&self, start: u64, end: u64) -> Option<Hash> {
        let size = end - start;
        if size.is_power_of_two() {
            return self.node(size.ilog2() as usize, start >> size.ilog2());
        }
        let middle = start + left_part(size);
        Some(Hash::of_node(self.subtree(start, middle)?, self.subtree(middle, end)?))
    }
}

impl FromIterator<Hash> for Tree {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaves: I) -> Self {
        let mut tree = Tree::default();
        leaves.into_iter().for_each(|leaf| tree.push(leaf));
        tree
    }
}

/// Of a tree with `size` leaves, at least two, how many are in its left subtree: the largest power of two below `size`.
fn left_part(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// True where `proof` shows that `leaf` is the one at `index` in the tree of `size` leaves with this root.
pub fn check_inclusion(leaf: Hash, index: u64, size: u64, root: Hash, proof: &[Hash]) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if node % 2 == 1 || node == last {
            hash = Hash::of_node(*sibling, hash);
            climb_to_right_child(&mut node, &mut last);
        } else {
            hash = Hash::of_node(hash, *sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == root
}

/// Skips the levels on which a node at the right edge has no sibling.
fn climb_to_right_child(node: &mut u64, last: &mut u64) {
    while node.is_multiple_of(2) && *node != 0 {
        *node >>= 1;
        *last >>= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tlog_tiles::tlog;

    /// What the reference implementation stores for a log.
    #[derive(Default)]
    struct Stored(Vec<tlog::Hash>);

    impl tlog::HashReader for Stored {
        fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog::Error> {
            Ok(indexes.iter().map(|i| self.0[usize::try_from(*i).unwrap()]).collect())
        }
    }

    fn both(size: u64) -> (Tree, Stored) {
        let (mut tree, mut stored) = (Tree::default(), Stored::default());
        for i in 0..size {
            let entry = format!("entry {i}");
            tree.push(Hash::of_leaf(entry.as_bytes()));
            let added = tlog::stored_hashes(i, entry.as_bytes(), &stored).unwrap();
            stored.0.extend(added);
        }
        (tree, stored)
    }

    fn theirs(hashes: &[Hash]) -> Vec<tlog::Hash> {
        hashes.iter().map(|h| tlog::Hash(h.0)).collect()
    }

    #[test]
    fn the_empty_tree_and_the_first_roots_are_those_of_the_rfc() {
        let mut tree = Tree::default();
        assert_eq!(tree.root().0, tlog::EMPTY_HASH.0);
        assert_eq!(tree.root_at(0), Some(tree.root()));
        assert_eq!(tree.root_at(1), None);
        tree.push(Hash::of_leaf(b""));
        assert_eq!(tree.root().to_string(), "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=");
    }

    #[test]
    fn roots_agree_with_the_reference_at_every_size() {
        let (tree, stored) = both(70);
        let mut growing = Tree::default();
        for size in 0..=70 {
            let expected = tlog::tree_hash(size, &stored).unwrap().0;
            assert_eq!(tree.root_at(size).unwrap().0, expected, "{size}");
            assert_eq!(growing.root().0, expected, "{size}");
            tree.leaf(size).into_iter().for_each(|leaf| growing.push(leaf));
        }
        assert_eq!(tree.root_at(71), None);
    }

    #[test]
    fn proofs_agree_with_the_reference_for_every_pair_of_sizes() {
        let (tree, stored) = both(40);
        for size in 1..=40 {
            let root = tree.root_at(size).unwrap();
            for index in 0..size {
                let proof = tree.prove_inclusion(index, size).unwrap();
                assert_eq!(theirs(&proof), tlog::prove_record(size, index, &stored).unwrap());
                assert!(check_inclusion(tree.leaf(index).unwrap(), index, size, root, &proof));
            }
        }
    }

    #[test]
    fn there_is_no_proof_of_what_is_not_there() {
        let (tree, _) = both(5);
        assert_eq!(tree.prove_inclusion(5, 5), None);
        assert_eq!(tree.prove_inclusion(0, 6), None);
        let root = tree.root();
        assert!(!check_inclusion(root, 1, 1, root, &[]));
    }

    proptest! {
        /// On any proof, also a broken one, our checks and those of the reference say the same.
        #[test]
        fn checks_agree_with_the_reference(
            size in 1_u64..300,
            position in any::<prop::sample::Index>(),
            other_size in 0_u64..300,
            broken in prop::option::of(any::<prop::sample::Index>()),
            cut in any::<bool>(),
            longer in any::<bool>(),
        ) {
            let (tree, _) = both(size);
            let index = position.index(usize::try_from(size).unwrap()) as u64;
            let spoil = |mut proof: Vec<Hash>| {
                if let Some(at) = broken.filter(|_| !proof.is_empty()) {
                    let at = at.index(proof.len());
                    proof[at].0[7] ^= 4;
                }
                if cut { proof.pop(); }
                if longer { proof.push(Hash::of_leaf(b"")); }
                proof
            };
            let (root, leaf) = (tree.root(), tree.leaf(index).unwrap());
            let hash = |h: Hash| tlog::Hash(h.0);

            let proof = spoil(tree.prove_inclusion(index, size).unwrap());
            for size in [size, other_size].into_iter().filter(|s| *s > index) {
                let expected = tlog::check_record(&theirs(&proof), size, hash(root), index, hash(leaf)).is_ok();
                prop_assert_eq!(check_inclusion(leaf, index, size, root, &proof), expected);
            }
        }
    }
}

//! The Merkle tree of RFC 6962: its root, now and at every size it had.

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

#[cfg(test)]
mod tests {
    use super::*;
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
}

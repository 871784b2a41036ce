//! What the files of one kind declare.

use std::hash::Hash;
use std::ops::Deref;

use foldhash::fast::RandomState;
use indexmap::IndexMap;

/// Things by their ids: found by hash, since every reference looks one up, and gone through in the order of the ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ById<K: Hash + Eq, V>(IndexMap<K, V, RandomState>);

impl<K: Hash + Eq, V> ById<K, V> {
    /// Puts other things in the place of those with their ids.
    pub fn replace(&mut self, others: impl IntoIterator<Item = (K, V)>) {
        for (id, other) in others {
            if let Some(thing) = self.0.get_mut(&id) {
                *thing = other;
            }
        }
    }
}

/// The order can't be disturbed from outside.
impl<K: Hash + Eq, V> Deref for ById<K, V> {
    type Target = IndexMap<K, V, RandomState>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<K: Hash + Ord, V> FromIterator<(K, V)> for ById<K, V> {
    /// Of two things with one id the later one stays.
    fn from_iter<T: IntoIterator<Item = (K, V)>>(things: T) -> Self {
        let mut map: IndexMap<K, V, RandomState> = things.into_iter().collect();
        map.sort_unstable_keys();
        ById(map)
    }
}

impl<'a, K: Hash + Eq, V> IntoIterator for &'a ById<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = indexmap::map::Iter<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_found_and_stand_in_order() {
        let map: ById<&str, u8> = [("b", 1), ("c", 2), ("a", 3), ("b", 4)].into_iter().collect();
        assert_eq!(map.iter().map(|(id, thing)| (*id, *thing)).collect::<Vec<_>>(), [("a", 3), ("b", 4), ("c", 2)]);
        assert_eq!((map.get("b"), map.get("d")), (Some(&4), None));
    }
}

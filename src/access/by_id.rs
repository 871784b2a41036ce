//! What the files of one kind declare.

use std::hash::Hash;
use std::sync::Arc;

use foldhash::fast::RandomState;
use indexmap::{Equivalent, IndexMap};

/// Things by their ids: found by hash, since every reference looks one up, and gone through in the order of the ids.
/// Revisions share what they have in common.
#[derive(Clone, Debug)]
pub struct ById<K: Hash + Eq, V>(IndexMap<K, Arc<V>, RandomState>);

impl<K: Hash + Eq, V> ById<K, V> {
    pub fn get<Q: Hash + Equivalent<K> + ?Sized>(&self, id: &Q) -> Option<&V> {
        self.0.get(id).map(AsRef::as_ref)
    }

    /// The thing as it can be kept.
    pub fn shared<Q: Hash + Equivalent<K> + ?Sized>(&self, id: &Q) -> Option<&Arc<V>> {
        self.0.get(id)
    }

    /// The place of a thing in the order of the ids, and the thing as it can be kept.
    pub fn place<Q: Hash + Equivalent<K> + ?Sized>(&self, id: &Q) -> Option<(usize, &Arc<V>)> {
        self.0.get_full(id).map(|(place, _, thing)| (place, thing))
    }

    pub fn contains_key<Q: Hash + Equivalent<K> + ?Sized>(&self, id: &Q) -> bool {
        self.0.contains_key(id)
    }

    pub fn keys(&self) -> impl ExactSizeIterator<Item = &K> {
        self.0.keys()
    }

    pub fn values(&self) -> impl ExactSizeIterator<Item = &V> {
        self.0.values().map(AsRef::as_ref)
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&K, &V)> {
        self.0.iter().map(|(id, thing)| (id, thing.as_ref()))
    }

    /// Every thing as it can be kept.
    pub fn values_shared(&self) -> impl ExactSizeIterator<Item = &Arc<V>> {
        self.0.values()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts other things in the place of those with their ids.
    pub fn replace(&mut self, others: impl IntoIterator<Item = (K, V)>) {
        for (id, other) in others {
            if let Some(thing) = self.0.get_mut(&id) {
                *thing = Arc::new(other);
            }
        }
    }
}

impl<K: Hash + Ord, V> FromIterator<(K, Arc<V>)> for ById<K, V> {
    /// Of two things with one id the later one stays.
    fn from_iter<T: IntoIterator<Item = (K, Arc<V>)>>(things: T) -> Self {
        let mut map: IndexMap<K, Arc<V>, RandomState> = things.into_iter().collect();
        map.sort_unstable_keys();
        ById(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_found_and_stand_in_order() {
        let things = [("b", 1), ("c", 2), ("a", 3), ("b", 4)].map(|(id, thing)| (id, Arc::new(thing)));
        let map: ById<&str, u8> = things.into_iter().collect();
        assert_eq!(map.iter().map(|(id, thing)| (*id, *thing)).collect::<Vec<_>>(), [("a", 3), ("b", 4), ("c", 2)]);
        assert_eq!((map.get("b"), map.get("d")), (Some(&4), None));
    }
}

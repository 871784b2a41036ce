//! Two sorted rows side by side.

use std::cmp::Ordering;

/// Every key of two rows, with what each row has of it. Both are sorted by key and have each key once.
pub(crate) fn merge<K: Ord, V>(
    left: impl Iterator<Item = (K, V)>,
    right: impl Iterator<Item = (K, V)>,
) -> impl Iterator<Item = (K, Option<V>, Option<V>)> {
    let (mut left, mut right) = (left.peekable(), right.peekable());
    std::iter::from_fn(move || {
        let order = match (left.peek(), right.peek()) {
            (Some((a, _)), Some((b, _))) => a.cmp(b),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        match order {
            Ordering::Less => left.next().map(|(key, value)| (key, Some(value), None)),
            Ordering::Greater => right.next().map(|(key, value)| (key, None, Some(value))),
            Ordering::Equal => {
                let (other, (key, value)) = (left.next()?.1, right.next()?);
                Some((key, Some(other), Some(value)))
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_comes_once_and_in_order() {
        let row = |keys: &'static [(u8, char)]| keys.iter().copied();
        let both: Vec<_> = merge(row(&[(1, 'a'), (2, 'b'), (5, 'c')]), row(&[(2, 'd'), (3, 'e')])).collect();
        let expected = [(1, Some('a'), None), (2, Some('b'), Some('d')), (3, None, Some('e')), (5, Some('c'), None)];
        assert_eq!(both, expected);
    }
}

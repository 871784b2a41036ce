//! Which of two permissions is the lower.

use crate::access::{Conditions, Kind};

/// True where a permission under its conditions holds nowhere and never where another doesn't, and is not the same.
pub(super) fn lowers(kind: &Kind, from: (&str, &Conditions), to: (&str, &Conditions)) -> bool {
    let lower = kind.rank(from.0) > kind.rank(to.0);
    (lower || from.0 == to.0) && to.1.within(from.1) && from != to
}

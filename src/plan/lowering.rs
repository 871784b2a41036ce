//! Which of two permissions is the lower.

use crate::access::{Conditions, Kind};

/// True where a permission under its conditions holds nowhere and never where another doesn't, and is not the same.
pub(super) fn lowers(kind: &Kind, from: (&str, &Conditions), to: (&str, &Conditions)) -> bool {
    let lower = from.0 == to.0 || (kind.holds_one() && kind.includes(from.0, to.0));
    lower && to.1.within(from.1) && from != to
}

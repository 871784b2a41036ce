//! Refs that stand in the way of others: to git a ref is a file, and no file has a folder's name.
//!
//! Whoever may push can make a ref of the name of a folder that dualkey keeps refs in, or put one below the name of a ref. To
//! dualkey such a ref means nothing, so whoever needs the place deletes it, as it was seen and nothing else.

use std::collections::BTreeMap;

use super::error::SwapError;
use super::{Oid, Swap};

/// What to ask for, so that [`in_the_way`] can tell.
pub(super) fn suspects(swaps: &[&Swap]) -> Vec<String> {
    let names = || swaps.iter().filter(|swap| swap.new.is_some()).map(|swap| swap.name.as_str());
    names().flat_map(folders).map(str::to_owned).chain(names().map(|name| format!("{name}/*"))).collect()
}

/// The refs that keep others from being written, each to be deleted as it is.
///
/// INVARIANT: only what stands in `state`, where dualkey keeps its refs, and is none that dualkey writes.
pub(super) fn in_the_way(swaps: &[&Swap], there: &BTreeMap<String, Oid>, state: &str) -> Vec<Swap> {
    let written =
        |name: &str| swaps.iter().filter(|swap| swap.new.is_some()).any(|swap| is_in_the_way(name, &swap.name));
    let ours = |name: &str| name == state.trim_end_matches('/') || name.starts_with(state);
    let found = there.iter().filter(|(name, _)| ours(name) && written(name));
    found.map(|(name, oid)| Swap { name: name.clone(), expected: Some(*oid), new: None }).collect()
}

fn is_in_the_way(name: &str, of: &str) -> bool {
    let below = |name: &str, folder: &str| name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    below(of, name) || below(name, of)
}

/// Every folder that a ref lies in, below `refs/`.
fn folders(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('/').skip(1).filter_map(|(at, _)| name.get(..at))
}

/// What to say where one of them can't be deleted.
pub(super) fn told(place: &str, blocking: &[Swap], words: &str) -> SwapError {
    let names: Vec<&str> = blocking.iter().map(|swap| swap.name.as_str()).collect();
    let name = names.join(" ");
    SwapError::Blocked { place: place.to_owned(), name, words: words.to_owned() }
}

/// Deletes what stands in the way and tries once more. `delete` and `again` are how.
pub(super) fn cleared(
    place: &str,
    blocking: &[Swap],
    delete: impl Fn(&Swap) -> Result<(), SwapError>,
    again: impl FnOnce() -> Result<(), SwapError>,
) -> Result<(), SwapError> {
    for swap in blocking {
        match delete(swap) {
            // somebody else deleted it meanwhile
            Ok(()) | Err(SwapError::Moved { actual: None, .. }) => {}
            Err(SwapError::Refused { words, .. }) => return Err(told(place, blocking, &words)),
            Err(error) => return Err(error),
        }
    }
    again()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn swap(name: &str) -> Swap {
        Swap { name: name.to_owned(), expected: None, new: Some(Oid::of_blob(b"x")) }
    }

    #[test]
    fn what_has_the_name_of_a_folder_or_lies_below_a_ref_is_in_the_way() {
        let there = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), Oid::of_blob(b"y"))).collect();
        let found = |swaps: &[Swap], names: &[&str]| {
            let swaps: Vec<&Swap> = swaps.iter().collect();
            in_the_way(&swaps, &there(names), "refs/dualkey/").into_iter().map(|swap| swap.name).collect::<Vec<_>>()
        };
        let statement = [swap("refs/dualkey/approvals/1/ann")];
        let all =
            ["refs/dualkey", "refs/dualkey/approvals", "refs/dualkey/approvals/1", "refs/dualkey/approvals/1/ann/x"];
        assert_eq!(found(&statement, &all), all);
        let beside = [
            "refs",
            "refs/dualkey/approvals/1/ann",
            "refs/dualkey/approvals/1/anna",
            "refs/dualkey/audit",
            "refs/heads",
        ];
        assert_eq!(found(&statement, &beside), [""; 0]);
        // of what isn't dualkey's nothing is deleted
        assert_eq!(found(&[swap("refs/heads/log")], &["refs/heads/log/mine", "refs/heads"]), [""; 0]);
        let deletes = [Swap { new: None, ..swap("refs/dualkey/lease") }];
        assert_eq!(found(&deletes, &["refs/dualkey/lease/x"]), [""; 0]);
        assert_eq!(suspects(&[&swap("refs/dualkey/lease")]), ["refs/dualkey", "refs/dualkey/lease/*"]);
    }
}

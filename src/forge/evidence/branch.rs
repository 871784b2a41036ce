//! How the protected branch moved, as the forge noted it.

use std::collections::{BTreeMap, HashMap};

use super::answers::{Activity, Instant};
use super::{Came, Wanted};
use crate::approval::pull::Arrival;
use crate::forge::connection::{Connection, Home};
use crate::repository::Oid;
use crate::targets::TargetError;

/// For each commit that landed, how it came there.
pub(super) struct Moves(BTreeMap<Oid, Came>);

impl Moves {
    pub(super) fn to(&self, landed: Oid) -> Came {
        self.0.get(&landed).copied().unwrap_or(Came { arrival: Arrival::Untold, onto: None })
    }
}

/// Reads the movements of the branch back to the first commit of the chain.
pub(super) fn moves(connection: &Connection, home: &Home, wanted: &Wanted<'_>) -> Result<Moves, TargetError> {
    let places: HashMap<Oid, usize> = wanted.chain.iter().enumerate().map(|(place, commit)| (*commit, place)).collect();
    let first = wanted.chain.first().map(ToString::to_string).unwrap_or_default();
    let path = activity_of(&home.full_name, wanted.branch);
    let doing = format!("list the movements of `{}`", wanted.branch);
    let moves: Vec<Activity> = connection
        .see(&doing, async |api| {
            // what came before the first commit of the chain says nothing of what came after it
            api.pages_until(&path, |page: &Vec<Activity>| {
                page.iter().any(|one| one.after == first || one.before == first)
            })
            .await
        })?
        .into_iter()
        .flatten()
        .collect();
    let name = format!("refs/heads/{}", wanted.branch);
    let moves: Vec<&Activity> = moves.iter().filter(|one| one.name == name).collect();
    Ok(Moves(wanted.landed.iter().map(|landed| (*landed, came(*landed, &moves, &places, wanted.chain))).collect()))
}

/// The first movement that brought a commit to the branch says how it came there.
///
/// INVARIANT: a commit that somebody pushed is never taken for one that the forge merged, whatever a pull request shows.
fn came(landed: Oid, moves: &[&Activity], places: &HashMap<Oid, usize>, chain: &[Oid]) -> Came {
    let Some(place) = places.get(&landed).copied() else { return Came { arrival: Arrival::Untold, onto: None } };
    let brought = moves.iter().filter_map(|one| {
        let end = places.get(&one.after.parse::<Oid>().ok()?).copied().filter(|end| *end >= place)?;
        // a movement that starts at the commit or after it did not bring it
        let start = one.before.parse::<Oid>().ok().and_then(|before| places.get(&before).copied());
        start.is_none_or(|start| start < place).then_some((end, one.timestamp, *one))
    });
    let first: Option<(usize, Instant, &Activity)> = brought.min_by_key(|(end, at, _)| (*end, *at));
    let parent = place.checked_sub(1).and_then(|below| chain.get(below)).copied();
    match first {
        Some((end, _, one)) => match one.activity_type.as_str() {
            // what the commits below it are is told by where the branch stood
            "pr_merge" if end == place => Came { arrival: Arrival::Merge, onto: one.before.parse().ok() },
            // a group of the queue is one movement, and each pull request in it one commit
            "merge_queue_merge" => Came { arrival: Arrival::Merge, onto: parent },
            _ => Came { arrival: Arrival::Push, onto: parent },
        },
        None => Came { arrival: Arrival::Untold, onto: parent },
    }
}

/// The path of the movements of a branch.
pub(super) fn activity_of(repository: &str, branch: &str) -> String {
    format!("/repos/{repository}/activity?ref=refs/heads/{}", escaped(branch))
}

/// A text as it may stand in the query of an address.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                escaped.push(char::from(byte))
            }
            other => escaped.push_str(&format!("%{other:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oid(number: u8) -> Oid {
        format!("{number:040x}").parse().unwrap()
    }

    fn moved(kind: &str, before: u8, after: u8, minute: u8) -> Activity {
        Activity {
            before: oid(before).to_string(),
            after: oid(after).to_string(),
            name: "refs/heads/main".to_owned(),
            timestamp: Instant(format!("2026-11-24T08:{minute:02}:00Z").parse().unwrap()),
            activity_type: kind.to_owned(),
            actor: None,
        }
    }

    fn of(landed: u8, moves: &[Activity]) -> Came {
        let chain: Vec<Oid> = (1..=5).map(oid).collect();
        let places = chain.iter().enumerate().map(|(place, commit)| (*commit, place)).collect();
        came(oid(landed), &moves.iter().collect::<Vec<_>>(), &places, &chain)
    }

    #[test]
    fn a_merge_is_one_whose_movement_ends_at_the_commit() {
        let merge = |onto: u8| Came { arrival: Arrival::Merge, onto: Some(oid(onto)) };
        let push = |onto: u8| Came { arrival: Arrival::Push, onto: Some(oid(onto)) };
        assert_eq!(of(2, &[moved("pr_merge", 1, 2, 5)]), merge(1));
        // a rebase brings several commits at once
        assert_eq!(of(4, &[moved("pr_merge", 1, 4, 5)]), merge(1));
        assert_eq!(of(3, &[moved("pr_merge", 1, 4, 5)]), push(2), "nobody merged what lies inside");
        // a queue brings several pull requests at once
        assert_eq!(of(3, &[moved("merge_queue_merge", 1, 4, 5)]), merge(2));
        assert_eq!(of(2, &[moved("push", 1, 2, 5)]), push(1));
        assert_eq!(of(2, &[moved("push", 1, 5, 5)]), push(1));
        assert_eq!(of(2, &[moved("force_push", 9, 2, 5)]), push(1));
        // whoever pushed it first brought it, whatever came later
        assert_eq!(of(2, &[moved("push", 1, 2, 3), moved("force_push", 2, 1, 4), moved("pr_merge", 1, 2, 5)]), push(1));
        assert_eq!(
            of(2, &[moved("pr_merge", 1, 2, 3), moved("force_push", 2, 1, 4), moved("push", 1, 2, 5)]),
            merge(1)
        );
        assert_eq!(of(4, &[moved("pr_merge", 1, 2, 3)]), Came { arrival: Arrival::Untold, onto: Some(oid(3)) });
        assert_eq!(of(9, &[moved("pr_merge", 1, 9, 3)]), Came { arrival: Arrival::Untold, onto: None });
    }

    #[test]
    fn names_of_branches_stay_one_part_of_the_query() {
        assert_eq!(escaped("a/b-1.x_~"), "a/b-1.x_~");
        assert_eq!(escaped("a&ref=b#c d+é%"), "a%26ref%3Db%23c%20d%2B%C3%A9%25");
    }
}

//! Effective access before and after as a unified diff, an entitlement a line; and how long lists are cut.

use std::collections::{BTreeMap, BTreeSet};

use similar::{Algorithm, ChangeTag, DiffOp, capture_diff_slices, group_diff_ops};

use super::PlanView;
use super::escape::terminal;
use crate::access::time::{format_end, format_start};
use crate::access::{Entitlement, PersonId, Revision, TargetId};
use crate::plan::EntitlementChange;

/// Unchanged lines around a change, so that a gain is seen beside what the person holds already.
const CONTEXT: usize = 2;

/// Wider columns are not padded: one long name would push all others off the screen.
const WIDEST: usize = 48;

/// A line of a list that may be too long to be shown whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) text: String,
    /// Goes last when something has to go: a loss, or what administers.
    pub(super) keep: bool,
}

type Cells = [String; 6];

/// The diff, sorted by person. Each person is compared alone, which keeps the work linear in the number of people.
pub(super) fn unified(view: &PlanView<'_>) -> Vec<Row> {
    let people: BTreeSet<&PersonId> = view.plan.changes.iter().map(|change| &change.key.person).collect();
    let (before, after) = (held(view, view.plan.base, &people), held(view, view.plan.head, &people));
    let none = Vec::new();
    let mut picked: Vec<(ChangeTag, &Cells, bool)> = Vec::new();
    for person in &people {
        let (old, new) = (before.get(person).unwrap_or(&none), after.get(person).unwrap_or(&none));
        let text = |rows: &'_ [(Cells, bool)]| rows.iter().map(|(cells, _)| cells.clone()).collect::<Vec<_>>();
        let ops = capture_diff_slices(Algorithm::Myers, &text(old), &text(new));
        for op in group_diff_ops(ops, CONTEXT).into_iter().flatten() {
            pick(op, old, new, &mut picked);
        }
    }
    let widths = widths(picked.iter().map(|(_, cells, _)| *cells));
    picked
        .into_iter()
        .map(|(tag, cells, dangerous)| {
            let sign = match tag {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            Row { text: format!("{sign} {}", aligned(cells, &widths)), keep: tag == ChangeTag::Delete || dangerous }
        })
        .collect()
}

fn pick<'r>(
    op: DiffOp,
    old: &'r [(Cells, bool)],
    new: &'r [(Cells, bool)],
    picked: &mut Vec<(ChangeTag, &'r Cells, bool)>,
) {
    let mut add = |tag, rows: &'r [(Cells, bool)], range: std::ops::Range<usize>| {
        let rows = rows.get(range).unwrap_or_default();
        picked.extend(rows.iter().map(|(cells, dangerous)| (tag, cells, *dangerous && tag != ChangeTag::Equal)));
    };
    match op {
        DiffOp::Equal { old_index, len, .. } => add(ChangeTag::Equal, old, old_index..old_index + len),
        DiffOp::Delete { .. } | DiffOp::Insert { .. } | DiffOp::Replace { .. } => {
            add(ChangeTag::Delete, old, op.old_range());
            add(ChangeTag::Insert, new, op.new_range());
        }
    }
}

/// What people hold, each interval a row.
fn held<'a>(
    view: &PlanView<'_>,
    revision: &'a Revision,
    people: &BTreeSet<&PersonId>,
) -> BTreeMap<&'a PersonId, Vec<(Cells, bool)>> {
    let zone = view.zone();
    let moved = moved(view);
    let mut held: BTreeMap<&PersonId, Vec<(Cells, bool)>> = BTreeMap::new();
    let of_people = people.iter().flat_map(|person| revision.entitlements.of(person));
    for Entitlement { key, intervals, .. } in of_people {
        let hours = if key.conditions.is_empty() { String::new() } else { key.conditions.words(zone) };
        let rows = held.entry(&key.person).or_default();
        for interval in intervals.iter() {
            let time = format!("{} … {}", format_start(interval.from(), zone), format_end(interval.until(), zone));
            let cells = [
                terminal(key.person.as_str()),
                if moved.contains(&(&key.person, &key.target)) {
                    terminal(&format!("{} {}", key.target, key.principal))
                } else {
                    terminal(key.target.as_str())
                },
                terminal(&format!("{} {}", key.kind.name, key.resource)),
                terminal(&key.permission),
                time,
                hours.clone(),
            ];
            rows.push((cells, (key.kind.dangerous)(&key.resource, &key.permission)));
        }
    }
    held
}

/// Whose account at a target changes: without the account the lines before and after would read alike.
fn moved<'a>(view: &PlanView<'a>) -> BTreeSet<(&'a PersonId, &'a TargetId)> {
    let mut principals: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for EntitlementChange { key, .. } in &view.plan.changes {
        principals.entry((&key.person, &key.target)).or_default().insert(&key.principal);
    }
    principals.into_iter().filter(|(_, names)| names.len() > 1).map(|(key, _)| key).collect()
}

fn widths<'a>(rows: impl Iterator<Item = &'a Cells>) -> [usize; 6] {
    let mut widths = [0; 6];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count().min(WIDEST));
        }
    }
    widths
}

fn aligned(cells: &Cells, widths: &[usize; 6]) -> String {
    let padded: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
    padded.join("  ").trim_end().to_owned()
}

/// Cuts a list in the middle to so many characters, and says by how much. Rows that are to be kept go last.
pub(super) fn cut(rows: Vec<Row>, room: usize) -> Vec<String> {
    let size = |row: &Row| row.text.chars().count() + 1;
    let total = rows.len();
    if rows.iter().map(size).sum::<usize>() <= room {
        return rows.into_iter().map(|row| row.text).collect();
    }
    // from both ends inwards, what is to be kept before the rest
    let mut inwards: Vec<usize> = (0..total.div_ceil(2)).flat_map(|at| [at, total - 1 - at]).collect();
    inwards.sort_by_key(|at| rows.get(*at).is_some_and(|row| !row.keep));
    let mut left = room.saturating_sub(NOTE);
    let mut shown: BTreeSet<usize> = BTreeSet::new();
    for at in inwards {
        let Some(row) = rows.get(at).filter(|_| !shown.contains(&at)) else { continue };
        match left.checked_sub(size(row) + GAP) {
            Some(rest) => left = rest,
            // one huge row must not hide all others
            None if size(row) > room / 4 => continue,
            None => break,
        }
        shown.insert(at);
    }
    let mut lines = Vec::new();
    let (mut told, mut within) = (false, false);
    for (at, row) in rows.iter().enumerate() {
        let is_shown = shown.contains(&at);
        if is_shown {
            lines.push(row.text.clone());
        } else if !within {
            lines.push(if told { "…".to_owned() } else { format!("… {} of {total} shown", shown.len()) });
            told = true;
        }
        within = !is_shown;
    }
    lines
}

/// Room for the line that says what was cut, and for the mark of one more gap beside each row.
const NOTE: usize = 40;
const GAP: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_cut_in_the_middle_and_losses_stay() {
        let rows: Vec<Row> = (0..100)
            .map(|at| {
                if at == 50 {
                    Row { text: "- 50".to_owned(), keep: true }
                } else {
                    Row { text: format!("+ {at:02}"), keep: false }
                }
            })
            .collect();
        let lines = cut(rows.clone(), 75);
        assert_eq!(lines, ["+ 00", "+ 01", "… 5 of 100 shown", "- 50", "…", "+ 98", "+ 99"]);
        assert!(lines.iter().map(|line| line.chars().count() + 1).sum::<usize>() <= 75);
        assert_eq!(cut(rows, 500).len(), 100);
        assert_eq!(cut(Vec::new(), 0), Vec::<String>::new());
    }
}
